#include "app/impl/routes.hpp"
#include "planner/plan.hpp"

namespace fabrica::app {
namespace {

using api::Call;

struct FactBody {
  std::string kind;
  std::string key;
  std::string digest;
};
BOOST_DESCRIBE_STRUCT(FactBody, (), (kind, key, digest))

}  // namespace

void add_plan_routes(api::Api& api, facts::Store& facts, journal::Journal& journal) {
  api.ask<planner::PlanRequest, planner::Plan>(
      "/plan",
      {.id = "plan",
       .summary = "What a model takes on each partition, and which access modes fit; no account needed",
       .tag = "plan",
       .open = true},
      [&](Call& call, db::Tx& tx, planner::PlanRequest const& request) -> Result<planner::Plan> {
        FABRICA_TRY(auto const view, facts.view(tx, format_date(call.now())));
        return planner::plan(request, view, call.now());
      });
  api.get<std::vector<facts::Row>>("/facts/{kind}",
                                   {.id = "facts_list",
                                    .summary = "The rows of one kind that hold on a day, own rows before shipped ones",
                                    .tag = "facts",
                                    .query = {{"date", "YYYY-MM-DD; today when absent"}},
                                    .open = true},
                                   [&](Call& call, db::Tx& tx) {
                                     auto const date = call.query("date");
                                     return facts.rows(tx, call.path("kind"),
                                                       date ? std::string{*date} : format_date(call.now()));
                                   });
  api.post<facts::OwnRowDraft, facts::Row>(
      "/facts",
      {.id = "fact_add",
       .summary = "Record a fact of one's own; it beats the shipped row on the days it holds",
       .tag = "facts"},
      [&](Call& call, db::Tx& tx, facts::OwnRowDraft const& draft) -> Result<facts::Row> {
        FABRICA_DO(identity::authorise(call.actor(), identity::Permission::manage_facts));
        FABRICA_TRY(auto row, facts.add(tx, draft, call.actor().person.text()));
        FABRICA_DO(journal.append(tx, {std::string{journal::kFactoryChain},
                                       "fact.recorded",
                                       call.actor().person.text(),
                                       {},
                                       json::write(FactBody{row.kind, row.key, row.digest})}));
        return row;
      });
}

}  // namespace fabrica::app
