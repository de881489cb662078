#include "calls/import.hpp"
#include "calls/routes.hpp"

namespace fabrica::calls {
namespace {

constexpr std::size_t kBodyBytesMax = std::size_t{72} << 20;

// {"document": {...}, "proposals_csv": "..."}, or the document alone.
Result<ImportFile> file_of(std::string_view body) {
  FABRICA_TRY(auto const document, json::Document::parse(body, {.bytes = kBodyBytesMax, .values = 3'500'000}));
  auto const root = document.root();
  auto const inner = root.find("document");
  if (!inner) return read_import(root.write(), "");
  return read_import(inner.write(), root.find("proposals_csv").text().value_or(""));
}

}  // namespace

void add_import_routes(api::Api& api, Importer& importer) {
  api.raw("POST", "/calls/import",
          {.id = "call_import",
           .summary = "Take over a running call of another system: all of it or nothing, twice is once",
           .tag = "calls",
           .query = {{"dry_run", "true: say what it would do, and keep nothing"}},
           .body_bytes_max = kBodyBytesMax},
          [&](api::Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_DO(identity::authorise(call.actor(), identity::Permission::manage_calls));
            FABRICA_TRY(auto const dry_run, call.query_flag("dry_run"));
            FABRICA_TRY(auto const file, file_of(request.body));
            ImportReport report;
            // A dry run does everything and then lets go of it.
            constexpr std::string_view kDryRun = "dry_run";
            auto const done = api.database().write([&](db::Tx& tx) -> Result<> {
              FABRICA_TRY(report, importer.import(tx, call.actor(), file));
              if (dry_run.value_or(false)) return fail(Errc::conflict, kDryRun, "Nothing is kept.");
              return {};
            });
            report.dry_run = !done && done.error().reason == kDryRun;
            if (!done && !report.dry_run) return std::unexpected(done.error());
            return http::json_response(200, json::write(report));
          });
}

}  // namespace fabrica::calls
