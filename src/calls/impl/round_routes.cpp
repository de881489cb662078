#include "calls/rounds.hpp"
#include "calls/routes.hpp"
#include "forms/render.hpp"

namespace fabrica::calls {
namespace {

void add_form_routes(api::Api& api, Calls& calls) {
  api.raw("GET", "/proposals/{proposal}/form.html",
          {.id = "proposal_form", .summary = "The proposal's form with its answers, for print", .tag = "proposals"},
          [&](api::Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("proposal"));
            FABRICA_TRY(auto const page,
                        api.database().read([&](db::Tx& tx) { return calls.form_page(tx, call.actor(), id); }));
            return http::text_response(200, "text/html; charset=utf-8",
                                       forms::html(page.sheet, {page.subject, id.text(), page.draft}));
          });
}

}  // namespace

void add_round_routes(api::Api& api, Calls& calls, Rounds& rounds) {
  api.put<CallDraft, Call>(
      "/calls/{call}",
      {.id = "call_amend", .summary = "Other rules from now on; proposals that were sent keep theirs", .tag = "calls"},
      [&](api::Call& call, db::Tx& tx, CallDraft const& draft) -> Result<Call> {
        FABRICA_TRY(auto const id, call.id("call"));
        return calls.amend(tx, call.actor(), id, draft);
      });
  api.get<std::vector<Round>>(
      "/calls/{call}/rounds",
      {.id = "round_list", .summary = "A call's rounds with their cut-offs", .tag = "calls", .open = true},
      [&](api::Call& call, db::Tx& tx) -> Result<std::vector<Round>> {
        FABRICA_TRY(auto const id, call.id("call"));
        return rounds.list(tx, call.actor(), id);
      });
  api.list<ProposalLine>(
      "/rounds/{round}/proposals",
      {.id = "round_proposals",
       .summary = "What was sent in a round, in the order it was made",
       .tag = "proposals",
       .query = {{"state", "of this state alone: submitted, evaluating, offered, ..."}}},
      [&](api::Call& call, db::Tx& tx, api::Page const& page) -> Result<api::PageOf<ProposalLine>> {
        FABRICA_TRY(auto const id, call.id("round"));
        FABRICA_TRY(auto const after, page.after());
        std::optional<ProposalState> state;
        if (auto const name = call.query("state")) {
          state = json::enum_value<ProposalState>(*name);
          if (!state)
            return fail(Errc::invalid, "state", "A proposal has no such state: see the list in the API's description.");
        }
        FABRICA_TRY(auto lines, rounds.proposals(tx, call.actor(), id, state, after, page.limit + 1));
        return api::page_of(std::move(lines), page, [](ProposalLine const& one) { return one.id.text(); });
      });
  api.post<api::Nothing, Proposal>(
      "/proposals/{proposal}/recall",
      {.id = "proposal_recall", .summary = "Before the cut-off: make it a draft again", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx, api::Nothing const&) -> Result<Proposal> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return calls.recall(tx, call.actor(), id);
      });
  api.get<std::vector<Step>>("/proposals/{proposal}/steps",
                             {.id = "step_list", .summary = "Where the evaluation stands", .tag = "proposals"},
                             [&](api::Call& call, db::Tx& tx) -> Result<std::vector<Step>> {
                               FABRICA_TRY(auto const id, call.id("proposal"));
                               return rounds.steps(tx, call.actor(), id);
                             });
  api.post<StepOutcome, std::vector<Step>>(
      "/proposals/{proposal}/steps/{step}",
      {.id = "step_decide", .summary = "Decide the step that is being done", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx, StepOutcome const& outcome) -> Result<std::vector<Step>> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        auto const step = json::enum_value<StepKind>(call.path("step"));
        if (!step) return fail(Errc::not_found, "step", "The steps are administrative, technical, expert and panel.");
        return rounds.decide(tx, call.actor(), id, *step, outcome);
      });
  api.get<std::vector<Step>>(
      "/steps/overdue", {.id = "step_overdue", .summary = "Steps whose time is over", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx) -> Result<std::vector<Step>> { return rounds.overdue(tx, call.actor()); });
  add_form_routes(api, calls);
}

}  // namespace fabrica::calls
