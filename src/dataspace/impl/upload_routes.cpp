#include "dataspace/routes.hpp"

#include <tuple>

#include "http/problem.hpp"

namespace fabrica::dataspace {
namespace {

using api::Call;

constexpr std::size_t kPieceBytes = 4u << 20;  // gathered before they are synced and their offset is stored

struct FinishDraft {
  std::optional<std::string> sha256 = {};
  static constexpr auto limits() { return std::tuple{json::length(&FinishDraft::sha256, 64, 64)}; }
};
BOOST_DESCRIBE_STRUCT(FinishDraft, (), (sha256))

// Takes the body of one PATCH. What was stored before the client went away stays: he asks where the upload stands.
class AppendSink final : public http::BodySink {
 public:
  AppendSink(Uploads& uploads, UploadState state, std::int64_t offset, std::string request_id)
      : uploads_{uploads}, state_{std::move(state)}, offset_{offset}, request_id_{std::move(request_id)} {}

  Result<> write(std::string_view piece) override {
    waiting_ += piece;
    return waiting_.size() < kPieceBytes ? Result<>{} : flush();
  }

  http::Response finish() override {
    if (auto const done = flush(); !done) return http::problem(done.error(), request_id_);
    return http::json_response(200, json::write(state_));
  }

 private:
  Result<> flush() {
    FABRICA_TRY(state_, uploads_.append(state_.id, offset_, waiting_));
    offset_ = state_.received_bytes;
    waiting_.clear();
    return {};
  }

  Uploads& uploads_;
  UploadState state_;
  std::int64_t offset_;
  std::string request_id_;
  std::string waiting_;
};

}  // namespace

void add_upload_routes(api::Api& api, Uploads& uploads, blobs::Store const& store) {
  api.raw("POST", "/projects/{project}/uploads",
          {.id = "upload_start", .summary = "Start an upload: {\"size_bytes\", \"sha256\"}, both optional", .tag = "uploads"},
          [&uploads](Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const project, call.id("project"));
            FABRICA_TRY(auto const draft, json::read<UploadDraft>(request.body.empty() ? "{}" : request.body));
            FABRICA_TRY(auto const made, uploads.start(call.actor(), project, draft));
            auto response = http::json_response(201, json::write(made));
            response.headers.set("Location", "/uploads/" + made.id.text());
            return response;
          });
  api.raw("GET", "/uploads/{upload}",
          {.id = "upload", .summary = "Where an upload stands", .tag = "uploads"},
          [&uploads](Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("upload"));
            FABRICA_TRY(auto const state, uploads.state(call.actor(), id));
            return http::json_response(200, json::write(state));
          });
  for (std::string const method : {"PUT", "PATCH"})
    api.upload(method, "/uploads/{upload}",
               {.id = method == "PUT" ? "upload_put" : "upload_append",
                .summary = "Send the bytes from ?offset= on (0 by default)", .tag = "uploads",
                .query = {{"offset", "what has been received before: the first byte's place"}},
                .body_bytes_max = std::uint64_t{1} << 40},
               [&uploads](Call& call) -> Result<std::unique_ptr<http::BodySink>> {
                 FABRICA_TRY(auto const id, call.id("upload"));
                 FABRICA_TRY(auto const offset, call.query_integer("offset", 0, std::int64_t{1} << 50));
                 FABRICA_TRY(auto state, uploads.state(call.actor(), id));
                 if (offset.value_or(0) != state.received_bytes)
                   return fail(Errc::conflict, "upload_offset",
                               "The upload stands at " + std::to_string(state.received_bytes) + " bytes: go on from there.");
                 return std::make_unique<AppendSink>(uploads, std::move(state), offset.value_or(0), call.request_id());
               });
  api.raw("POST", "/uploads/{upload}/finish",
          {.id = "upload_finish", .summary = "All is there: check it, {\"sha256\"} optional", .tag = "uploads"},
          [&uploads](Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("upload"));
            FABRICA_TRY(auto const draft, json::read<FinishDraft>(request.body.empty() ? "{}" : request.body));
            FABRICA_TRY(auto const made, uploads.finish(call.actor(), id, draft.sha256));
            return http::json_response(200, json::write(made));
          });
  api.raw("GET", "/projects/{project}/blobs/{sha256}",
          {.id = "project_blob", .summary = "Bytes a project uploaded; one byte range may be asked for", .tag = "uploads"},
          [&uploads, &store](Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const project, call.id("project"));
            FABRICA_TRY(auto const found, uploads.has(call.actor(), project, call.path("sha256")));
            FABRICA_TRY(auto const digest, crypto::Digest::from_hex(found.sha256));
            return http::file_response(request, store.path_of(digest).string(), "application/octet-stream",
                                       '"' + found.sha256 + '"');
          });
}

}  // namespace fabrica::dataspace
