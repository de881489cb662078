#include "calls/evaluated.hpp"

#include <fmt/format.h>

#include "calls/form_shelf.hpp"
#include "calls/impl/store.hpp"

namespace fabrica::calls {
namespace {

constexpr db::Query kRoundsToCome{"evaluated_rounds_to_come", R"sql(
  SELECT r.public_id FROM rounds r JOIN calls c ON c.id = r.call_id
   WHERE c.public_id = $1 AND c.state = 'published' AND r.state = 'intake' ORDER BY r.number)sql"};

// Nobody behind calls/ asks whether a step is overdue: no time is taken.
Result<Evaluated> evaluated_of(store::ProposalRow const& row, std::vector<store::StepRow> const& steps) {
  FABRICA_TRY(auto const answers, json::read<store::Answers>(row.answers));
  Evaluated out{row.public_id,
                row.project,
                row.call_public_id,
                *row.round_public_id,
                row.call_version,
                row.state,
                row.submitted_us,
                answers.purpose,
                row.form_answers.value_or("{}"),
                {}};
  for (auto const& one : steps) out.steps.push_back(store::step_of(one, Micros{}));
  return out;
}

std::unexpected<Error> no_such(std::string_view noun, PublicId const& id) {
  return fail(Errc::not_found, noun, fmt::format("There is no {} {}.", noun, id.text()));
}

}  // namespace

Result<Evaluated> evaluated(db::Tx& tx, PublicId const& proposal) {
  FABRICA_TRY(auto const row, tx.maybe<store::ProposalRow>(store::kProposalById, proposal));
  if (!row || !row->round_id) return no_such("proposal", proposal);
  FABRICA_TRY(auto const steps, tx.all<store::StepRow>(store::kStepsOf, row->id));
  return evaluated_of(*row, steps);
}

Result<std::vector<Evaluated>> evaluated_in(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const round, tx.maybe<store::RoundRow>(store::kRoundById, id));
  if (!round) return no_such("round", id);
  FABRICA_TRY(auto const rows, tx.all<store::ProposalRow>(store::kProposalsOfRound, round->id));
  FABRICA_TRY(auto const steps, tx.all<store::StepRow>(store::kStepsOfRound, round->id));
  auto const of = store::by_proposal(steps);
  std::vector<Evaluated> out;
  for (auto const& row : rows) {
    auto const found = of.find(row.id);
    FABRICA_TRY(auto one, evaluated_of(row, found == of.end() ? std::vector<store::StepRow>{} : found->second));
    out.push_back(std::move(one));
  }
  return out;
}

Result<Round> round_of_id(db::Tx& tx, PublicId const& round) {
  FABRICA_TRY(auto const row, tx.maybe<store::RoundRow>(store::kRoundById, round));
  if (!row) return no_such("round", round);
  return Round{row->public_id, row->call_public_id, row->number,        row->name,   row->state,
               row->opens_us,  row->closes_us,      row->answer_due_us, row->drafts, row->proposals};
}

Result<std::vector<PublicId>> rounds_to_come(db::Tx& tx, PublicId const& call) {
  return tx.all<PublicId>(kRoundsToCome, call);
}

Result<ReviewedRules> reviewed_rules(db::Tx& tx, PublicId const& call, std::int64_t version) {
  FABRICA_TRY(auto const row, tx.maybe<store::CallRow>(store::kCallById, call));
  if (!row) return no_such("call", call);
  FABRICA_TRY(auto const text, tx.one<std::string>(store::kVersionRules, row->id, version));
  FABRICA_TRY(auto rules, json::read<store::Rules>(text));
  if (!rules.reviewed)
    return fail(Errc::conflict, "call_kind", "This call decides in order of arrival: nobody reviews.");
  return *std::move(rules.reviewed);
}

Result<std::shared_ptr<forms::Form const>> form_of(db::Tx& tx, ReviewedRules const& rules) {
  FABRICA_TRY(auto bound, FormShelf{}.of(tx, rules.form, rules.form_digest));
  return std::move(bound.form);
}

Result<CallText> call_text(db::Tx& tx, PublicId const& call) {
  FABRICA_TRY(auto const row, tx.maybe<store::CallRow>(store::kCallById, call));
  if (!row) return no_such("call", call);
  FABRICA_TRY(auto const rules, json::read<store::Rules>(row->rules));
  return CallText{row->public_id, row->title, rules.summary, row->kind, row->state, row->version};
}

}  // namespace fabrica::calls
