#include "evaluation/routes.hpp"

namespace fabrica::evaluation {

void add_routes(api::Api& api, Evaluations& evaluations) {
  using api::Call;

  api.post<EvaluationDraft, Evaluation>(
      "/projects/{project}/evaluations",
      {.id = "evaluation_preregister", .summary = "Say what a model must show, before it is registered", .tag = "evaluations"},
      [&evaluations](Call& call, db::Tx& tx, EvaluationDraft const& draft) -> Result<Evaluation> {
        FABRICA_TRY(auto const project, call.id("project"));
        FABRICA_TRY(auto made, evaluations.preregister(tx, call.actor(), project, draft));
        call.created("/evaluations/" + made.id.text());
        return made;
      });
  api.list<Evaluation>("/projects/{project}/evaluations",
                       {.id = "evaluations", .summary = "A project's evaluations, oldest first", .tag = "evaluations"},
                       [&evaluations](Call& call, db::Tx& tx, api::Page const& page) -> Result<api::PageOf<Evaluation>> {
                         FABRICA_TRY(auto const project, call.id("project"));
                         FABRICA_TRY(auto const after, page.after());
                         FABRICA_TRY(auto found, evaluations.evaluations(tx, call.actor(), project, after, page.limit + 1));
                         return api::page_of(std::move(found), page, [](Evaluation const& one) { return one.id.text(); });
                       });
  api.get<Evaluation>("/evaluations/{evaluation}",
                      {.id = "evaluation", .summary = "An evaluation with its results", .tag = "evaluations"},
                      [&evaluations](Call& call, db::Tx& tx) -> Result<Evaluation> {
                        FABRICA_TRY(auto const id, call.id("evaluation"));
                        return evaluations.evaluation(tx, call.actor(), id);
                      });
  api.post<ResultsDraft, Results>(
      "/evaluations/{evaluation}/results",
      {.id = "evaluation_record", .summary = "Judge and record what an evaluation job found of a model", .tag = "evaluations"},
      [&evaluations](Call& call, db::Tx& tx, ResultsDraft const& draft) -> Result<Results> {
        FABRICA_TRY(auto const id, call.id("evaluation"));
        FABRICA_TRY(auto made, evaluations.record(tx, call.actor(), id, draft));
        call.created("/evaluations/" + id.text());
        return made;
      });
}

}  // namespace fabrica::evaluation
