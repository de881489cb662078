#include "calls/evaluated.hpp"

#include <fmt/format.h>

#include <map>

#include "calls/form_shelf.hpp"
#include "calls/impl/store.hpp"

namespace fabrica::calls {
namespace {

struct Row {
  PublicId proposal;
  PublicId project;
  PublicId call;
  PublicId round;
  std::int64_t call_version = 0;
  ProposalState state{};
  std::optional<Time> submitted_us;
  std::string answers;
  std::optional<std::string> form_answers;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (proposal, project, call, round, call_version, state, submitted_us, answers, form_answers))

struct StepLine {
  PublicId proposal;
  std::int64_t position = 0;
  StepKind kind{};
  StepState state{};
  std::optional<Time> due_us;
  std::string reason;
  std::optional<Time> decided_us;
};
BOOST_DESCRIBE_STRUCT(StepLine, (), (proposal, position, kind, state, due_us, reason, decided_us))

#define FABRICA_EVALUATED_COLUMNS                                                                             \
  "SELECT p.public_id AS proposal, p.project AS project, c.public_id AS call, r.public_id AS round, "         \
  "p.call_version AS call_version, p.state AS state, p.submitted_us AS submitted_us, p.answers AS answers, "  \
  "p.form_answers AS form_answers FROM proposals p JOIN calls c ON c.id = p.call_id JOIN rounds r ON r.id = " \
  "p.round_id "
#define FABRICA_STEP_LINE_COLUMNS                                                              \
  "SELECT p.public_id AS proposal, s.position AS position, s.kind AS kind, s.state AS state, " \
  "s.due_us AS due_us, s.reason AS reason, s.decided_us AS decided_us FROM proposal_steps s "  \
  "JOIN proposals p ON p.id = s.proposal_id "
constexpr db::Query kEvaluatedOne{"evaluated_one", FABRICA_EVALUATED_COLUMNS "WHERE p.public_id = $1"};
constexpr db::Query kEvaluatedIn{"evaluated_in", FABRICA_EVALUATED_COLUMNS
                                 "WHERE r.public_id = $1 AND p.state NOT IN ('draft', 'incomplete', 'waiting', "
                                 "'submitted', 'withdrawn') ORDER BY p.id"};
constexpr db::Query kStepsOfOne{"evaluated_steps_one",
                                FABRICA_STEP_LINE_COLUMNS "WHERE p.public_id = $1 ORDER BY s.position"};
constexpr db::Query kStepsIn{"evaluated_steps_in", FABRICA_STEP_LINE_COLUMNS
                             "JOIN rounds r ON r.id = p.round_id WHERE r.public_id = $1 ORDER BY p.id, s.position"};
constexpr db::Query kRoundsToCome{"evaluated_rounds_to_come", R"sql(
  SELECT r.public_id FROM rounds r JOIN calls c ON c.id = r.call_id
   WHERE c.public_id = $1 AND c.state = 'published' AND r.state = 'intake' ORDER BY r.number)sql"};
#undef FABRICA_EVALUATED_COLUMNS
#undef FABRICA_STEP_LINE_COLUMNS

Step step_of(StepLine const& line) {
  return {line.proposal, line.position, line.kind, line.state, line.due_us, false, line.reason, line.decided_us};
}

Result<Evaluated> evaluated_of(Row const& row) {
  FABRICA_TRY(auto const answers, json::read<store::Answers>(row.answers));
  return Evaluated{row.proposal,
                   row.project,
                   row.call,
                   row.round,
                   row.call_version,
                   row.state,
                   row.submitted_us,
                   answers.purpose,
                   row.form_answers.value_or("{}"),
                   {}};
}

std::unexpected<Error> no_such(std::string_view noun, PublicId const& id) {
  return fail(Errc::not_found, noun, fmt::format("There is no {} {}.", noun, id.text()));
}

}  // namespace

Result<Evaluated> evaluated(db::Tx& tx, PublicId const& proposal) {
  FABRICA_TRY(auto const row, tx.maybe<Row>(kEvaluatedOne, proposal));
  if (!row) return no_such("proposal", proposal);
  FABRICA_TRY(auto out, evaluated_of(*row));
  FABRICA_TRY(auto const steps, tx.all<StepLine>(kStepsOfOne, proposal));
  for (auto const& one : steps) out.steps.push_back(step_of(one));
  return out;
}

Result<std::vector<Evaluated>> evaluated_in(db::Tx& tx, PublicId const& round) {
  FABRICA_TRY(auto const rows, tx.all<Row>(kEvaluatedIn, round));
  FABRICA_TRY(auto const steps, tx.all<StepLine>(kStepsIn, round));
  std::vector<Evaluated> out;
  std::map<PublicId, std::size_t> place;
  for (auto const& row : rows) {
    place[row.proposal] = out.size();
    FABRICA_TRY(auto one, evaluated_of(row));
    out.push_back(std::move(one));
  }
  for (auto const& line : steps)
    if (auto const found = place.find(line.proposal); found != place.end())
      out[found->second].steps.push_back(step_of(line));
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
