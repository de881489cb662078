#include "notices/routes.hpp"

#include <fmt/format.h>

#include "http/problem.hpp"
#include "notices/impl/telling.hpp"

namespace fabrica::notices {
namespace {

using api::Call;
using api::Nothing;
using api::Page;
using api::PageOf;

void add_inbox(api::Api& api, Notices& notices) {
  api.list<Notice>("/notices",
                   {.id = "notices",
                    .summary = "What you were told, newest first",
                    .tag = "notices",
                    .query = {{"unread", "true: what you have not read"}}},
                   [&](Call& call, db::Tx& tx, Page const& page) -> Result<PageOf<Notice>> {
                     FABRICA_TRY(auto const unread, call.query_flag("unread"));
                     FABRICA_TRY(auto const after, page.after());
                     FABRICA_TRY(auto items,
                                 notices.list(tx, call.actor(), unread.value_or(false), after, page.limit + 1));
                     return api::page_of(std::move(items), page, [](Notice const& one) { return one.id.text(); });
                   });
  api.get<Unread>("/notices/unread",
                  {.id = "notices_unread", .summary = "How many you have not read", .tag = "notices"},
                  [&](Call& call, db::Tx& tx) { return notices.unread(tx, call.actor()); });
  api.post<Nothing, Unread>("/notices/read-all",
                            {.id = "notices_read_all", .summary = "You have read them all", .tag = "notices"},
                            [&](Call& call, db::Tx& tx, Nothing const&) { return notices.read_all(tx, call.actor()); });
  api.post<Nothing, Notice>("/notices/{notice}/read",
                            {.id = "notice_read", .summary = "You have read this one", .tag = "notices"},
                            [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Notice> {
                              FABRICA_TRY(auto const id, call.id("notice"));
                              return notices.read(tx, call.actor(), id);
                            });
  api.get<PreferencesShown>(
      "/notices/preferences",
      {.id = "notice_preferences", .summary = "What you hear and how, with every kind there is", .tag = "notices"},
      [&](Call& call, db::Tx& tx) { return notices.preferences(tx, call.actor()); });
  api.put<Preferences, PreferencesShown>(
      "/notices/preferences",
      {.id = "notice_preferences_save", .summary = "Say what you want to hear and how", .tag = "notices"},
      [&](Call& call, db::Tx& tx, Preferences const& body) {
        return notices.save_preferences(tx, call.actor(), body);
      });
}

Result<std::optional<DeliveryState>> state_asked(Call const& call) {
  auto const text = call.query("state");
  if (!text) return std::optional<DeliveryState>{};
  auto const state = db::enum_from_name<DeliveryState>(*text);
  if (!state)
    return fail(Errc::invalid, "query", "state is one of pending, sending, ending, sent, failed, given_up, uncertain.");
  return state;
}

void add_deliveries(api::Api& api, Notices& notices) {
  api.list<Delivery>("/notices/deliveries",
                     {.id = "notice_deliveries",
                      .summary = "Mails and web hook messages and what became of them, newest first",
                      .tag = "notices",
                      .query = {{"state", "only those in this state"}}},
                     [&](Call& call, db::Tx& tx, Page const& page) -> Result<PageOf<Delivery>> {
                       FABRICA_TRY(auto const state, state_asked(call));
                       FABRICA_TRY(auto const after, page.after());
                       FABRICA_TRY(auto items, notices.deliveries(tx, call.actor(), state, after, page.limit + 1));
                       return api::page_of(std::move(items), page, [](Delivery const& one) { return one.id.text(); });
                     });
  api.post<Nothing, Delivery>(
      "/notices/deliveries/{delivery}/retry",
      {.id = "notice_delivery_retry", .summary = "Send again what failed or is uncertain", .tag = "notices"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Delivery> {
        FABRICA_TRY(auto const id, call.id("delivery"));
        return notices.retry(tx, call.actor(), id);
      });
  api.post<Nothing, Delivery>(
      "/notices/deliveries/{delivery}/give-up",
      {.id = "notice_delivery_give_up", .summary = "End one that failed or is uncertain", .tag = "notices"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Delivery> {
        FABRICA_TRY(auto const id, call.id("delivery"));
        return notices.give_up(tx, call.actor(), id);
      });
  api.post<Nothing, Delivery>(
      "/notices/test-mail", {.id = "notice_test_mail", .summary = "A mail to your own address", .tag = "notices"},
      [&](Call& call, db::Tx& tx, Nothing const&) { return notices.test_mail(tx, call.actor()); });
}

void add_hooks(api::Api& api, Notices& notices) {
  api.post<HookDraft, Hook>(
      "/hooks",
      {.id = "hook_add", .summary = "Add a web hook; its secret is shown once", .tag = "notices", .secret = true},
      [&](Call& call, db::Tx& tx, HookDraft const& draft) -> Result<Hook> {
        FABRICA_TRY(auto made, notices.add_hook(tx, call.actor(), draft));
        call.created("/hooks/" + made.id.text());
        return made;
      });
  api.get<std::vector<Hook>>("/hooks",
                             {.id = "hooks",
                              .summary = "Web hooks of an organisation, or of the factory",
                              .tag = "notices",
                              .query = {{"organisation", "its id; without: the factory's own"}}},
                             [&](Call& call, db::Tx& tx) -> Result<std::vector<Hook>> {
                               FABRICA_TRY(auto const organisation, call.query_id("organisation"));
                               return notices.hooks(tx, call.actor(), organisation);
                             });
  api.get<Hook>("/hooks/{hook}", {.id = "hook", .summary = "A web hook and how it fares", .tag = "notices"},
                [&](Call& call, db::Tx& tx) -> Result<Hook> {
                  FABRICA_TRY(auto const id, call.id("hook"));
                  return notices.hook(tx, call.actor(), id);
                });
  api.del<Nothing, Nothing>("/hooks/{hook}", {.id = "hook_remove", .summary = "Remove a web hook", .tag = "notices"},
                            [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Nothing> {
                              FABRICA_TRY(auto const id, call.id("hook"));
                              FABRICA_DO(notices.remove_hook(tx, call.actor(), id));
                              return Nothing{};
                            });
  api.post<Nothing, Hook>("/hooks/{hook}/enable",
                          {.id = "hook_enable", .summary = "Switch it on again", .tag = "notices"},
                          [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Hook> {
                            FABRICA_TRY(auto const id, call.id("hook"));
                            return notices.enable_hook(tx, call.actor(), id);
                          });
  api.post<Nothing, Hook>("/hooks/{hook}/secret",
                          {.id = "hook_secret",
                           .summary = "A new secret, shown once; for a day both are used",
                           .tag = "notices",
                           .secret = true},
                          [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Hook> {
                            FABRICA_TRY(auto const id, call.id("hook"));
                            return notices.change_secret(tx, call.actor(), id);
                          });
  api.post<Nothing, Delivery>("/hooks/{hook}/test",
                              {.id = "hook_test", .summary = "Send a message of type test", .tag = "notices"},
                              [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Delivery> {
                                FABRICA_TRY(auto const id, call.id("hook"));
                                return notices.test_hook(tx, call.actor(), id);
                              });
}

http::Response page(int status, std::string_view title, std::string_view body) {
  auto out = http::text_response(status, "text/html; charset=utf-8",
                                 fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
                                             "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                                             "<title>{0}</title></head>\n<body><h1>{0}</h1>\n{1}</body></html>\n",
                                             title, body));
  out.headers.set("Cache-Control", "no-store");
  out.headers.set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'");
  return out;
}

http::Response answer_page(Result<Notices::Unsubscribed> const& of, bool done) {
  if (!of) {
    bool const wrong = of.error().code == Errc::not_found;
    return page(
        http_status(of.error().code), wrong ? "This link does not work" : "Please try again",
        fmt::format("<p>{}</p>\n",
                    wrong ? of.error().what : std::string{"It could not be done just now. Use the link again later."}));
  }
  if (of->decision)
    return page(200, "Decisions are always sent",
                "<p>Mail about a decision on a proposal cannot be switched off.</p>\n");
  if (done)
    return page(200, "Done",
                fmt::format("<p>You get no more mail of this kind: <strong>{}</strong>. It stays in your list of "
                            "notices, and there you can switch the mail on again.</p>\n",
                            of->about));
  return page(200, "No more mail of this kind?",
              fmt::format("<p><strong>{}</strong></p>\n<form method=\"post\"><button>No more mail of this "
                          "kind</button></form>\n",
                          of->about));
}

}  // namespace

void add_routes(api::Api& api, Notices& notices) {
  add_inbox(api, notices);
  add_deliveries(api, notices);
  add_hooks(api, notices);
}

// A GET changes nothing: programs that look at mail follow its links.
void add_unsubscribe_routes(http::Router& router, db::Database& database, Notices& notices) {
  router.add("GET", "/unsubscribe/{token}", [&](http::Request& request) {
    return answer_page(notices.show_unsubscribe(request.parameter("token")), false);
  });
  router.add("POST", "/unsubscribe/{token}", [&](http::Request& request) {
    std::string const token{request.parameter("token")};
    return answer_page(database.write([&](db::Tx& tx) { return notices.unsubscribe(tx, token); }), true);
  });
}

}  // namespace fabrica::notices
