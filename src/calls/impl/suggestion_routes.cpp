#include "calls/routes.hpp"
#include "calls/suggestions.hpp"

namespace fabrica::calls {

void add_suggestion_routes(api::Api& api, Suggester& suggester) {
  api.get<SuggestedAnswers>("/projects/{project}/answers",
                            {.id = "answers_earlier",
                             .summary = "Earlier answers a call's form may take over, with where they come from",
                             .tag = "proposals",
                             .query = {{"call", "the call whose form is to be filled"}}},
                            [&](api::Call& call, db::Tx& tx) -> Result<SuggestedAnswers> {
                              FABRICA_TRY(auto const project, call.id("project"));
                              FABRICA_TRY(auto const of, call.query_id("call"));
                              if (!of) return fail(Errc::invalid, "query", "Say which call: ?call=.");
                              return suggester.of_project(tx, call.actor(), project, {*of, {}, {}});
                            });
  api.ask<SuggestionRequest, SuggestedAnswers>(
      "/projects/{project}/suggestions",
      {.id = "answers_suggest", .summary = "The same, with the numbers of a plan", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx, SuggestionRequest const& request) -> Result<SuggestedAnswers> {
        FABRICA_TRY(auto const project, call.id("project"));
        return suggester.of_project(tx, call.actor(), project, request);
      });
  api.get<SuggestedAnswers>(
      "/proposals/{proposal}/suggestions",
      {.id = "proposal_suggestions",
       .summary = "What a draft's form may take over: earlier answers, and its own plan's numbers",
       .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx) -> Result<SuggestedAnswers> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return suggester.of_proposal(tx, call.actor(), id);
      });
}

}  // namespace fabrica::calls
