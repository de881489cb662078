#include "awards/routes.hpp"

namespace fabrica::awards {
namespace {

using api::Call;
using api::Nothing;
using api::Page;

void add_life(api::Api& api, Awards& awards) {
  api.put<AwardRules, AwardRules>(
      "/calls/{call}/award-rules",
      {.id = "award_rules_set", .summary = "What holds for awards of this call from now on", .tag = "awards"},
      [&](Call& call, db::Tx& tx, AwardRules const& rules) -> Result<AwardRules> {
        FABRICA_TRY(auto const id, call.id("call"));
        return awards.set_rules(tx, call.actor(), id, rules);
      });
  api.get<AwardRules>("/calls/{call}/award-rules",
                      {.id = "award_rules",
                       .summary = "Periods, extensions, warnings and reports of this call's awards",
                       .tag = "awards",
                       .open = true},
                      [&](Call& call, db::Tx& tx) -> Result<AwardRules> {
                        FABRICA_TRY(auto const id, call.id("call"));
                        return awards.rules(tx, call.actor(), id);
                      });
  api.list<Watched>("/awards/watched",
                    {.id = "award_watched", .summary = "Awards that are not used as they should be", .tag = "awards"},
                    [&](Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<Watched>> {
                      FABRICA_TRY(auto const after, page.after());
                      FABRICA_TRY(auto all, awards.watched(tx, call.actor(), after, page.limit + 1));
                      return api::page_of(std::move(all), page, [](Watched const& one) { return one.award.text(); });
                    });
  api.get<AwardLife>("/awards/{award}",
                     {.id = "award_get",
                      .summary = "An award: its time, periods, use, forecast and what is owed for it",
                      .tag = "awards"},
                     [&](Call& call, db::Tx& tx) -> Result<AwardLife> {
                       FABRICA_TRY(auto const id, call.id("award"));
                       return awards.award(tx, call.actor(), id);
                     });
  api.post<Nothing, AwardLife>(
      "/awards/{award}/access-works",
      {.id = "award_access_works", .summary = "Access works: the award's time begins now", .tag = "awards"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<AwardLife> {
        FABRICA_TRY(auto const id, call.id("award"));
        return awards.confirm_access(tx, call.actor(), id);
      });
  api.put<SplitDraft, AwardLife>("/awards/{award}/periods",
                                 {.id = "award_split", .summary = "Split an award into periods", .tag = "awards"},
                                 [&](Call& call, db::Tx& tx, SplitDraft const& draft) -> Result<AwardLife> {
                                   FABRICA_TRY(auto const id, call.id("award"));
                                   return awards.split(tx, call.actor(), id, draft);
                                 });
}

void add_asking(api::Api& api, Awards& awards) {
  api.post<RequestDraft, Request>(
      "/awards/{award}/requests",
      {.id = "award_ask", .summary = "Ask for more time, more hours, a transfer, or give hours back", .tag = "awards"},
      [&](Call& call, db::Tx& tx, RequestDraft const& draft) -> Result<Request> {
        FABRICA_TRY(auto const id, call.id("award"));
        FABRICA_TRY(auto made, awards.ask(tx, call.actor(), id, draft));
        call.created("/award-requests/" + made.id.text());
        return made;
      });
  api.get<std::vector<Request>>("/awards/{award}/requests",
                                {.id = "award_requests", .summary = "What was asked for this award", .tag = "awards"},
                                [&](Call& call, db::Tx& tx) -> Result<std::vector<Request>> {
                                  FABRICA_TRY(auto const id, call.id("award"));
                                  return awards.requests(tx, call.actor(), id);
                                });
  api.get<Request>("/award-requests/{request}", {.id = "award_request", .summary = "One request", .tag = "awards"},
                   [&](Call& call, db::Tx& tx) -> Result<Request> {
                     FABRICA_TRY(auto const id, call.id("request"));
                     return awards.request(tx, call.actor(), id);
                   });
  api.post<Nothing, Request>("/award-requests/{request}/withdraw",
                             {.id = "award_request_withdraw", .summary = "Take a request back", .tag = "awards"},
                             [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Request> {
                               FABRICA_TRY(auto const id, call.id("request"));
                               return awards.withdraw(tx, call.actor(), id);
                             });
}

http::Response page(std::string type, std::string body) {
  auto out = http::text_response(200, std::move(type), std::move(body));
  out.headers.set("X-Content-Type-Options", "nosniff");
  out.headers.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  return out;
}

void add_deciding(api::Api& api, Awards& awards) {
  api.list<Request>("/award-requests",
                    {.id = "award_requests_open", .summary = "Requests that wait for a decision", .tag = "awards"},
                    [&](Call& call, db::Tx& tx, Page const& at) -> Result<api::PageOf<Request>> {
                      FABRICA_TRY(auto const after, at.after());
                      FABRICA_TRY(auto all, awards.open_requests(tx, call.actor(), after, at.limit + 1));
                      return api::page_of(std::move(all), at, [](Request const& one) { return one.id.text(); });
                    });
  api.post<GrantDraft, Request>(
      "/award-requests/{request}/grant",
      {.id = "award_request_grant", .summary = "Grant a request, whole or in part, with its effects", .tag = "awards"},
      [&](Call& call, db::Tx& tx, GrantDraft const& draft) -> Result<Request> {
        FABRICA_TRY(auto const id, call.id("request"));
        return awards.grant(tx, call.actor(), id, draft);
      });
  api.post<Reason, Request>(
      "/award-requests/{request}/refuse",
      {.id = "award_request_refuse", .summary = "Refuse a request with a reason", .tag = "awards"},
      [&](Call& call, db::Tx& tx, Reason const& reason) -> Result<Request> {
        FABRICA_TRY(auto const id, call.id("request"));
        return awards.refuse(tx, call.actor(), id, reason);
      });
  api.raw("GET", "/award-requests/{request}/letter",
          {.id = "award_request_letter", .summary = "The letter on a request, to print", .tag = "awards"},
          [&](Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("request"));
            FABRICA_TRY(auto html,
                        api.database().read([&](db::Tx& tx) { return awards.letter_html(tx, call.actor(), id); }));
            return page("text/html; charset=utf-8", std::move(html));
          });
}

void add_reporting(api::Api& api, Awards& awards) {
  api.get<Report>("/awards/{award}/report",
                  {.id = "award_report", .summary = "The final report, drafted from the ledger", .tag = "awards"},
                  [&](Call& call, db::Tx& tx) -> Result<Report> {
                    FABRICA_TRY(auto const id, call.id("award"));
                    return awards.report(tx, call.actor(), id);
                  });
  api.put<Narrative, Report>("/awards/{award}/report",
                             {.id = "award_report_write", .summary = "What only the lead can say", .tag = "awards"},
                             [&](Call& call, db::Tx& tx, Narrative const& narrative) -> Result<Report> {
                               FABRICA_TRY(auto const id, call.id("award"));
                               return awards.write_report(tx, call.actor(), id, narrative);
                             });
  api.post<Nothing, Report>("/awards/{award}/report/submit",
                            {.id = "award_report_submit", .summary = "Send the report", .tag = "awards"},
                            [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Report> {
                              FABRICA_TRY(auto const id, call.id("award"));
                              return awards.submit_report(tx, call.actor(), id);
                            });
  api.post<Nothing, Report>("/awards/{award}/report/accept",
                            {.id = "award_report_accept", .summary = "Accept the report", .tag = "awards"},
                            [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Report> {
                              FABRICA_TRY(auto const id, call.id("award"));
                              return awards.accept_report(tx, call.actor(), id);
                            });
  api.post<Reason, Report>(
      "/awards/{award}/report/return",
      {.id = "award_report_return", .summary = "Send the report back with a note", .tag = "awards"},
      [&](Call& call, db::Tx& tx, Reason const& reason) -> Result<Report> {
        FABRICA_TRY(auto const id, call.id("award"));
        return awards.return_report(tx, call.actor(), id, reason);
      });
  api.raw("GET", "/awards/{award}/report.html",
          {.id = "award_report_html", .summary = "The report to print; as sent, byte by byte", .tag = "awards"},
          [&](Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("award"));
            FABRICA_TRY(auto html,
                        api.database().read([&](db::Tx& tx) { return awards.report_html(tx, call.actor(), id); }));
            return page("text/html; charset=utf-8", std::move(html));
          });
  api.raw("GET", "/awards/{award}/report.json",
          {.id = "award_report_json", .summary = "The report as data; as sent, byte by byte", .tag = "awards"},
          [&](Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("award"));
            FABRICA_TRY(auto text,
                        api.database().read([&](db::Tx& tx) { return awards.report_json(tx, call.actor(), id); }));
            return page("application/json", std::move(text));
          });
}

}  // namespace

void add_routes(api::Api& api, Awards& awards) {
  add_life(api, awards);
  add_asking(api, awards);
  add_deciding(api, awards);
  add_reporting(api, awards);
}

}  // namespace fabrica::awards
