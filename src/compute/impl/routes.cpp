#include "compute/routes.hpp"

#include <fmt/format.h>

#include <charconv>

#include "compute/impl/load.hpp"
#include "compute/rules.hpp"
#include "json/json.hpp"

namespace fabrica::compute {
namespace {

using api::Call;

constexpr std::size_t kLogPiece_bytes = 1U << 20U;
constexpr std::size_t kEventPiece_bytes = 32U << 10U;

// A piece of a log as an event tells it; its id is where the next one begins.
struct LogEvent {
  std::uint64_t offset = 0;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(LogEvent, (), (offset, text))

Result<LogStream> stream_of(Call const& call) {
  auto const name = call.query("stream").value_or("out");
  if (name == "out") return LogStream::out;
  if (name == "err") return LogStream::err;
  return fail(Errc::invalid, "query", "stream is \"out\" or \"err\".", {{"/stream", "It is \"out\" or \"err\"."}});
}

Result<Job> job_of(api::Api& api, Compute& compute, Call const& call) {
  FABRICA_TRY(auto const id, call.id("job"));
  return api.database().read([&](db::Tx& tx) { return compute.get(tx, call.actor(), id); });
}

// "bytes=N-" or "bytes=N-M": the only ranges that make sense for a log. Others are ignored, as RFC 9110 14.2 allows.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
std::optional<Range> range_of(std::string_view header) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  auto const dash = header.find('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  Range range{.first = 0, .last = std::numeric_limits<std::uint64_t>::max()};
  auto const number = [](std::string_view text, std::uint64_t& out) {
    auto const read = std::from_chars(text.data(), text.data() + text.size(), out);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size();
  };
  if (!number(header.substr(0, dash), range.first)) return std::nullopt;
  auto const last = header.substr(dash + 1);
  if (!last.empty() && (!number(last, range.last) || range.last < range.first)) return std::nullopt;
  return range;
}

Result<http::Response> log_piece(api::Api& api, Compute& compute, Call& call, http::Request const& request) {
  FABRICA_TRY(auto const job, job_of(api, compute, call));
  FABRICA_TRY(auto const stream, stream_of(call));
  FABRICA_TRY(auto const asked, call.query_integer("offset", 0, std::numeric_limits<std::int64_t>::max()));
  auto const range = range_of(request.header("Range"));
  auto const offset = range ? range->first : static_cast<std::uint64_t>(asked.value_or(0));
  std::size_t most = kLogPiece_bytes;
  if (range && range->last - range->first < most) most = static_cast<std::size_t>(range->last - range->first + 1);
  auto piece = compute.log(job, stream, offset, most);
  if (!piece && piece.error().code == Errc::not_found) piece = runtime::Piece{.bytes = {}, .offset = offset, .file_bytes = 0};
  if (!piece) return std::unexpected(piece.error());
  auto response = http::text_response(200, "text/plain; charset=utf-8", std::move(piece->bytes));
  response.headers.set("X-Log-Bytes", std::to_string(piece->file_bytes));
  response.headers.set("X-Log-Next", std::to_string(offset + response.body.size()));
  response.headers.set("Accept-Ranges", "bytes");
  if (!range) return response;
  if (response.body.empty()) {
    response.status = 416;
    response.headers.set("Content-Range", fmt::format("bytes */{}", piece->file_bytes));
    return response;
  }
  response.status = 206;
  response.headers.set("Content-Range",
                       fmt::format("bytes {}-{}/{}", offset, offset + response.body.size() - 1, piece->file_bytes));
  return response;
}

Result<http::EventPump::Batch> pull_log(api::Api& api, Compute& compute, PublicId const& id, LogStream stream, std::string const& after) {
  // Looked up before the log is read: what a job printed before it ended is there when it is seen to have ended.
  FABRICA_TRY(auto const job, api.database().read([&](db::Tx& tx) { return compute.find(tx, id); }));
  http::EventPump::Batch batch;
  std::uint64_t offset = 0;
  std::from_chars(after.data(), after.data() + after.size(), offset);
  for (int pieces = 0; pieces < 7; ++pieces) {
    auto piece = compute.log(job, stream, offset, kEventPiece_bytes);
    if (!piece && piece.error().code != Errc::not_found) return std::unexpected(piece.error());
    if (!piece || piece->bytes.empty()) {
      batch.last = is_final(job.state);
      return batch;
    }
    auto const text = std::string_view{piece->bytes};
    // Not in the middle of a character, unless nothing more comes.
    std::size_t whole = whole_characters(text);
    if (is_final(job.state)) whole = text.size();
    if (whole == 0) return batch;
    LogEvent const event{.offset = offset, .text = readable_text(text.substr(0, whole))};
    offset += whole;
    batch.events.push_back({.id = std::to_string(offset), .type = "log", .data = json::write(event)});
  }
  return batch;
}

void add_system_routes(api::Api& api, Compute& compute) {
  api.post<SystemDraft, System>(
      "/systems", {.id = "system_create", .summary = "Register a system of this factory", .tag = "systems"},
      [&](Call& call, db::Tx& tx, SystemDraft const& draft) -> Result<System> {
        FABRICA_TRY(auto made, compute.register_system(tx, call.actor(), draft));
        call.created("/systems/" + made.id.text());
        return made;
      });
  api.get<std::vector<System>>(
      "/systems", {.id = "system_list", .summary = "The factory's systems", .tag = "systems", .open = true},
      [&](Call&, db::Tx& tx) { return compute.systems(tx); });
  api.post<PartitionDraft, Partition>(
      "/systems/{system}/partitions", {.id = "partition_create", .summary = "Register a partition of a system", .tag = "systems"},
      [&](Call& call, db::Tx& tx, PartitionDraft const& draft) -> Result<Partition> {
        FABRICA_TRY(auto const system, call.id("system"));
        FABRICA_TRY(auto made, compute.register_partition(tx, call.actor(), system, draft));
        call.created("/partitions/" + made.id.text());
        return made;
      });
  api.get<std::vector<Partition>>(
      "/partitions", {.id = "partition_list", .summary = "The partitions jobs can ask for", .tag = "systems", .open = true},
      [&](Call&, db::Tx& tx) { return compute.partitions(tx); });
  api.patch<PartitionChange, Partition>(
      "/partitions/{partition}", {.id = "partition_change", .summary = "Open or close a partition", .tag = "systems"},
      [&](Call& call, db::Tx& tx, PartitionChange const& change) -> Result<Partition> {
        FABRICA_TRY(auto const id, call.id("partition"));
        return compute.change_partition(tx, call.actor(), id, change);
      });
}

void add_job_routes(api::Api& api, Compute& compute) {
  api.post<JobDraft, Job>("/projects/{project}/jobs",
                          {.id = "job_submit", .summary = "Submit a job; its budget is held at once", .tag = "jobs"},
                          [&](Call& call, db::Tx& tx, JobDraft const& draft) -> Result<Job> {
                            FABRICA_TRY(auto const project, call.id("project"));
                            FABRICA_TRY(auto made, compute.submit(tx, call.actor(), project, draft));
                            call.created("/jobs/" + made.id.text());
                            return made;
                          });
  api.list<JobSummary>("/projects/{project}/jobs", {.id = "job_list", .summary = "A project's jobs, newest first", .tag = "jobs"},
                       [&](Call& call, db::Tx& tx, api::Page const& page) -> Result<api::PageOf<JobSummary>> {
                         FABRICA_TRY(auto const project, call.id("project"));
                         FABRICA_TRY(auto const after, page.after());
                         FABRICA_TRY(auto jobs, compute.list(tx, call.actor(), project, after, page.limit + 1));
                         return api::page_of(std::move(jobs), page, [](JobSummary const& job) { return job.id.text(); });
                       });
  api.get<Job>("/jobs/{job}", {.id = "job_get", .summary = "One job with all that is known of it", .tag = "jobs"},
               [&](Call& call, db::Tx& tx) -> Result<Job> {
                 FABRICA_TRY(auto const id, call.id("job"));
                 return compute.get(tx, call.actor(), id);
               });
  api.post<api::Nothing, Job>("/jobs/{job}/cancel", {.id = "job_cancel", .summary = "End a job", .tag = "jobs"},
                              [&](Call& call, db::Tx& tx, api::Nothing const&) -> Result<Job> {
                                FABRICA_TRY(auto const id, call.id("job"));
                                return compute.cancel(tx, call.actor(), id);
                              });
}

}  // namespace

std::string log_topic(PublicId const& job) { return "log/" + job.text(); }

void add_routes(api::Api& api, Compute& compute, http::EventPump& events) {
  add_system_routes(api, compute);
  add_job_routes(api, compute);
  api.raw("GET", "/jobs/{job}/log",
          {.id = "job_log", .summary = "What a job printed, from an offset or by Range, at most 1 MiB a time", .tag = "jobs",
           .query = {{"stream", "\"out\" (the default) or \"err\""}, {"offset", "The first byte wanted"}}},
          [&](Call& call, http::Request& request) { return log_piece(api, compute, call, request); });
  api.raw("GET", "/jobs/{job}/log/stream",
          {.id = "job_log_stream", .summary = "What a job prints, as it prints it (server-sent events)", .tag = "jobs",
           .query = {{"stream", "\"out\" (the default) or \"err\""}}},
          [&](Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const job, job_of(api, compute, call));
            FABRICA_TRY(auto const stream, stream_of(call));
            return events.open(request, log_topic(job.id), [&api, &compute, id = job.id, stream](std::string const& after) {
              return pull_log(api, compute, id, stream, after);
            });
          });
}

}  // namespace fabrica::compute
