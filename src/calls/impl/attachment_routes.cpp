#include <fmt/format.h>

#include "calls/attachments.hpp"
#include "calls/routes.hpp"

namespace fabrica::calls {
namespace {

std::string_view ending(std::string_view media_type) {
  if (media_type == "application/pdf") return "pdf";
  return media_type.substr(media_type.find('/') + 1);
}

// RFC 6266: a plain name for everybody, and the real one percent-encoded.
std::string disposition(Attachments::Download const& found) {
  auto const& file = found.attachment;
  auto const plain = fmt::format("{}.{}", file.field, ending(file.media_type));
  if (found.blind) return fmt::format("attachment; filename=\"{}\"", plain);
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", plain, http::percent_encode(file.name));
}

}  // namespace

void add_attachment_routes(api::Api& api, Attachments& attachments, blobs::Store const& store) {
  for (std::string const method : {"PUT", "POST"})
    api.upload(method, "/proposals/{proposal}/attachments/{field}",
               {.id = method == "PUT" ? "attachment_put" : "attachment_post",
                .summary = "Attach a file: the body is its bytes, ?name= its name; checked by what it is",
                .tag = "proposals",
                .query = {{"name", "the file's name, such as cv.pdf"}},
                .body_bytes_max = kAttachmentBytesMax + 1},
               [&](api::Call& call) -> Result<std::unique_ptr<http::BodySink>> {
                 FABRICA_TRY(auto const id, call.id("proposal"));
                 return attachments.receive(call.actor(), id, call.path("field"), call.query("name").value_or(""),
                                            call.request_id());
               });
  api.post<AttachmentFrom, Attachment>(
      "/proposals/{proposal}/attachments/{field}/again",
      {.id = "attachment_again", .summary = "Attach a file another proposal of yours has", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx, AttachmentFrom const& body) -> Result<Attachment> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return attachments.attach_again(tx, call.actor(), id, call.path("field"), body.from);
      });
  api.get<std::vector<Attachment>>(
      "/proposals/{proposal}/attachments",
      {.id = "attachment_list", .summary = "The files of a proposal that you may read", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx) -> Result<std::vector<Attachment>> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return attachments.list(tx, call.actor(), id);
      });
  api.del<api::Nothing, api::Nothing>(
      "/proposals/{proposal}/attachments/{field}",
      {.id = "attachment_remove", .summary = "Remove a file from a draft", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx, api::Nothing const&) -> Result<api::Nothing> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        FABRICA_DO(attachments.remove(tx, call.actor(), id, call.path("field")));
        return api::Nothing{};
      });
  api.raw("GET", "/proposals/{proposal}/attachments/{field}",
          {.id = "attachment", .summary = "A file of a proposal, to be saved and not shown", .tag = "proposals"},
          [&](api::Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("proposal"));
            FABRICA_TRY(auto const found, api.database().read([&](db::Tx& tx) {
              return attachments.find(tx, call.actor(), id, call.path("field"));
            }));
            FABRICA_TRY(auto const digest, crypto::Digest::from_hex(found.attachment.digest));
            FABRICA_TRY(auto response,
                        http::file_response(request, store.path_of(digest).string(), found.attachment.media_type,
                                            '"' + found.attachment.digest + '"'));
            response.headers.set("Content-Disposition", disposition(found));
            response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
            return response;
          });
}

}  // namespace fabrica::calls
