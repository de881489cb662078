#include "calls/routes.hpp"

namespace fabrica::calls {
namespace {

struct CapacityChange {
  std::int64_t capacity_units = 0;
};
BOOST_DESCRIBE_STRUCT(CapacityChange, (), (capacity_units))

struct OpenChange {
  std::string reason;

  static constexpr auto limits() { return std::tuple{json::length(&OpenChange::reason, 1, 1000)}; }
};
BOOST_DESCRIBE_STRUCT(OpenChange, (), (reason))

using Page = api::Page;

// A list that is read whole and cut to a page.
template <class T>
Result<api::PageOf<T>> cut(std::vector<T> all, Page const& page) {
  FABRICA_TRY(auto const after, page.after());
  auto const total = static_cast<std::int64_t>(all.size());
  if (!after.empty()) {
    auto const seen = std::ranges::find(all, after, &T::id);
    all.erase(all.begin(), seen == all.end() ? seen : seen + 1);
  }
  auto out = api::page_of(std::move(all), page, [](T const& one) { return one.id.text(); });
  out.total = total;
  return out;
}

void add_call_routes(api::Api& api, Calls& calls) {
  api.post<CallDraft, Call>("/calls", {.id = "call_create", .summary = "Draft a call with its offers", .tag = "calls"},
                            [&](api::Call& call, db::Tx& tx, CallDraft const& draft) -> Result<Call> {
                              FABRICA_TRY(auto made, calls.create(tx, call.actor(), draft));
                              call.created("/calls/" + made.id.text());
                              return made;
                            });
  api.list<Call>("/calls",
                 {.id = "call_list", .summary = "Published calls, newest first", .tag = "calls", .open = true},
                 [&](api::Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<Call>> {
                   FABRICA_TRY(auto all, calls.list(tx, call.actor()));
                   return cut(std::move(all), page);
                 });
  api.get<Call>("/calls/{call}", {.id = "call_get", .summary = "One call", .tag = "calls", .open = true},
                [&](api::Call& call, db::Tx& tx) -> Result<Call> {
                  FABRICA_TRY(auto const id, call.id("call"));
                  return calls.get(tx, call.actor(), id);
                });
  api.post<api::Nothing, Call>(
      "/calls/{call}/publish",
      {.id = "call_publish", .summary = "Publish a draft and open its capacity", .tag = "calls"},
      [&](api::Call& call, db::Tx& tx, api::Nothing const&) -> Result<Call> {
        FABRICA_TRY(auto const id, call.id("call"));
        return calls.publish(tx, call.actor(), id);
      });
  api.post<api::Nothing, Call>("/calls/{call}/close",
                               {.id = "call_close", .summary = "Close a published call", .tag = "calls"},
                               [&](api::Call& call, db::Tx& tx, api::Nothing const&) -> Result<Call> {
                                 FABRICA_TRY(auto const id, call.id("call"));
                                 return calls.close(tx, call.actor(), id);
                               });
  api.post<CapacityChange, Call>("/offers/{offer}/capacity",
                                 {.id = "offer_capacity",
                                  .summary = "Change an offer's capacity; proposals in line are decided at once",
                                  .tag = "calls"},
                                 [&](api::Call& call, db::Tx& tx, CapacityChange const& change) -> Result<Call> {
                                   FABRICA_TRY(auto const id, call.id("offer"));
                                   return calls.set_capacity(tx, call.actor(), id, change.capacity_units);
                                 });
}

void add_offer_routes(api::Api& api, Calls& calls) {
  for (bool const open : {true, false})
    api.post<OpenChange, Call>(
        open ? "/offers/{offer}/open" : "/offers/{offer}/close",
        {.id = open ? "offer_open" : "offer_close",
         .summary = open ? "Take proposals on this partition again" : "Take no proposals on this partition for now",
         .tag = "calls"},
        [&calls, open](api::Call& call, db::Tx& tx, OpenChange const& change) -> Result<Call> {
          FABRICA_TRY(auto const id, call.id("offer"));
          return calls.set_open(tx, call.actor(), id, open, change.reason);
        });
}

void add_proposal_routes(api::Api& api, Calls& calls) {
  api.post<ProposalDraft, Proposal>(
      "/projects/{project}/proposals",
      {.id = "proposal_create", .summary = "Draft a proposal from a plan", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx, ProposalDraft const& draft) -> Result<Proposal> {
        FABRICA_TRY(auto const id, call.id("project"));
        FABRICA_TRY(auto made, calls.draft(tx, call.actor(), id, draft));
        call.created("/proposals/" + made.id.text());
        return made;
      });
  api.list<Proposal>("/projects/{project}/proposals",
                     {.id = "proposal_list", .summary = "A project's proposals", .tag = "proposals"},
                     [&](api::Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<Proposal>> {
                       FABRICA_TRY(auto const id, call.id("project"));
                       FABRICA_TRY(auto all, calls.proposals(tx, call.actor(), id));
                       return cut(std::move(all), page);
                     });
  api.get<Proposal>("/proposals/{proposal}",
                    {.id = "proposal_get", .summary = "One proposal with its checks", .tag = "proposals"},
                    [&](api::Call& call, db::Tx& tx) -> Result<Proposal> {
                      FABRICA_TRY(auto const id, call.id("proposal"));
                      return calls.proposal(tx, call.actor(), id);
                    });
  api.put<ProposalDraft, Proposal>(
      "/proposals/{proposal}",
      {.id = "proposal_change", .summary = "Change a draft or answer what was asked", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx, ProposalDraft const& draft) -> Result<Proposal> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return calls.change(tx, call.actor(), id, draft);
      });
  api.post<api::Nothing, Proposal>(
      "/proposals/{proposal}/submit",
      {.id = "proposal_submit", .summary = "Send it: checks, then the decision", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx, api::Nothing const&) -> Result<Proposal> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return calls.submit(tx, call.actor(), id);
      });
  api.post<api::Nothing, Proposal>("/proposals/{proposal}/withdraw",
                                   {.id = "proposal_withdraw", .summary = "Take it back", .tag = "proposals"},
                                   [&](api::Call& call, db::Tx& tx, api::Nothing const&) -> Result<Proposal> {
                                     FABRICA_TRY(auto const id, call.id("proposal"));
                                     return calls.withdraw(tx, call.actor(), id);
                                   });
}

}  // namespace

void add_routes(api::Api& api, Calls& calls) {
  add_call_routes(api, calls);
  add_offer_routes(api, calls);
  add_proposal_routes(api, calls);
  api.list<Award>("/projects/{project}/awards",
                  {.id = "award_list", .summary = "A project's awards with balance, held and used", .tag = "awards"},
                  [&](api::Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<Award>> {
                    FABRICA_TRY(auto const id, call.id("project"));
                    FABRICA_TRY(auto all, calls.awards(tx, call.actor(), id));
                    return cut(std::move(all), page);
                  });
  api.get<std::vector<budget::Entry>>(
      "/awards/{award}/statement",
      {.id = "award_statement", .summary = "An award's account, newest entry first", .tag = "awards"},
      [&](api::Call& call, db::Tx& tx) -> Result<std::vector<budget::Entry>> {
        FABRICA_TRY(auto const id, call.id("award"));
        return calls.award_statement(tx, call.actor(), id);
      });
}

}  // namespace fabrica::calls
