#include "decisions/routes.hpp"
#include "decisions/rules.hpp"

namespace fabrica::decisions {
namespace {

using api::Call;
using api::Page;

http::Response csv_response(std::string body, std::string_view name) {
  auto out = http::text_response(200, "text/csv; charset=utf-8", std::move(body));
  out.headers.set("Content-Disposition", "attachment; filename=\"" + std::string{name} + "\"");
  out.headers.set("X-Content-Type-Options", "nosniff");
  return out;
}

// F: (db::Tx&) -> Result<T>, T with a csv(). What it gives as a file.
template <class F>
Result<http::Response> as_csv(api::Api& api, std::string_view name, F&& f) {
  FABRICA_TRY(auto const found, api.database().read(std::forward<F>(f)));
  return csv_response(csv(found), name);
}

// The whole register, a page a transaction: nobody waits for the reader of a long file.
Result<http::Response> register_csv(api::Api& api, PublicRecord& record) {
  constexpr std::int64_t kPage = 1000;
  auto out = register_head();
  std::string after;
  while (true) {
    FABRICA_TRY(auto const page,
                api.database().read([&](db::Tx& tx) { return record.register_page(tx, after, kPage); }));
    out += csv_lines(page);
    if (static_cast<std::int64_t>(page.size()) < kPage) return csv_response(std::move(out), "awards.csv");
    after = page.back().award.text();
  }
}

void add_register(api::Api& api, PublicRecord& record) {
  api.list<RegisterEntry>(
      "/register",
      {.id = "register", .summary = "The public register of awards, newest first", .tag = "register", .open = true},
      [&](Call&, db::Tx& tx, Page const& page) -> Result<api::PageOf<RegisterEntry>> {
        FABRICA_TRY(auto const after, page.after());
        FABRICA_TRY(auto all, record.register_page(tx, after.text(), page.limit + 1));
        auto out = api::page_of(std::move(all), page, [](RegisterEntry const& one) { return one.award.text(); });
        FABRICA_TRY(out.total, record.register_size(tx));
        return out;
      });
  api.raw("GET", "/register.csv",
          {.id = "register_csv", .summary = "The whole register as CSV", .tag = "register", .open = true},
          [&](Call&, http::Request&) -> Result<http::Response> { return register_csv(api, record); });
  api.get<std::vector<RegisterEntry>>(
      "/calls/{call}/register", {.id = "award_register", .summary = "A call's awards", .tag = "register", .open = true},
      [&](Call& call, db::Tx& tx) -> Result<std::vector<RegisterEntry>> {
        FABRICA_TRY(auto const id, call.id("call"));
        return record.register_of(tx, id);
      });
  api.raw("GET", "/calls/{call}/register.csv",
          {.id = "award_register_csv", .summary = "The same as CSV", .tag = "register", .open = true},
          [&](Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("call"));
            return as_csv(api, "awards.csv", [&](db::Tx& tx) { return record.register_of(tx, id); });
          });
}

void add_figures(api::Api& api, PublicRecord& record) {
  api.get<Indicators>("/indicators",
                      {.id = "indicators", .summary = "Figures of all calls", .tag = "register", .open = true},
                      [&](Call&, db::Tx& tx) { return record.indicators(tx); });
  api.raw("GET", "/indicators.csv",
          {.id = "indicators_csv", .summary = "The same as CSV", .tag = "register", .open = true},
          [&](Call&, http::Request&) -> Result<http::Response> {
            return as_csv(api, "indicators.csv", [&](db::Tx& tx) { return record.indicators(tx); });
          });
  api.get<Indicators>("/calls/{call}/indicators",
                      {.id = "call_indicators",
                       .summary = "Applications, awards, hours and days to decision",
                       .tag = "register",
                       .open = true},
                      [&](Call& call, db::Tx& tx) -> Result<Indicators> {
                        FABRICA_TRY(auto const id, call.id("call"));
                        return record.indicators(tx, id);
                      });
  api.raw("GET", "/calls/{call}/indicators.csv",
          {.id = "call_indicators_csv", .summary = "The same as CSV", .tag = "register", .open = true},
          [&](Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("call"));
            return as_csv(api, "indicators.csv", [&](db::Tx& tx) { return record.indicators(tx, id); });
          });
  api.get<CallPace>("/calls/{call}/pace",
                    {.id = "call_pace",
                     .summary = "Time to decision: promised, kept, and how many wait too long now",
                     .tag = "register",
                     .open = true},
                    [&](Call& call, db::Tx& tx) -> Result<CallPace> {
                      FABRICA_TRY(auto const id, call.id("call"));
                      return record.pace(tx, id);
                    });
  api.raw("GET", "/calls/{call}/pace.csv",
          {.id = "call_pace_csv", .summary = "The same as CSV", .tag = "register", .open = true},
          [&](Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("call"));
            return as_csv(api, "pace.csv", [&](db::Tx& tx) { return record.pace(tx, id); });
          });
}

void add_checks(api::Api& api, PublicRecord& record) {
  api.get<std::vector<OverdueAnswer>>(
      "/overdue-answers", {.id = "overdue_answers", .summary = "Who waits past the time promised", .tag = "register"},
      [&](Call& call, db::Tx& tx) { return record.overdue(tx, call.actor()); });
  api.get<Recount>(
      "/recount",
      {.id = "recount", .summary = "Register and figures counted again from statements and ledger", .tag = "register"},
      [&](Call& call, db::Tx& tx) { return record.recount(tx, call.actor()); });
  api.get<Recount>("/calls/{call}/recount",
                   {.id = "call_recount", .summary = "The same of one call", .tag = "register"},
                   [&](Call& call, db::Tx& tx) -> Result<Recount> {
                     FABRICA_TRY(auto const id, call.id("call"));
                     return record.recount(tx, call.actor(), id);
                   });
}

}  // namespace

void add_record_routes(api::Api& api, PublicRecord& record) {
  add_register(api, record);
  add_figures(api, record);
  add_checks(api, record);
}

}  // namespace fabrica::decisions
