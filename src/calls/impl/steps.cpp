// The steps of a proposal's evaluation.
#include <fmt/format.h>

#include <algorithm>

#include "calls/impl/step_due.hpp"
#include "calls/impl/store.hpp"
#include "calls/rounds.hpp"
#include "schedule/schedule.hpp"

namespace fabrica::calls {

Step store::step_of(StepRow const& row, Micros now) {
  bool const overdue = row.state == StepState::active && row.due_us && row.due_us->us <= now;
  return {row.proposal, row.position, row.kind, row.state, row.due_us, overdue, row.reason, row.decided_us};
}

std::map<std::int64_t, std::vector<store::StepRow>> store::by_proposal(std::vector<StepRow> const& rows) {
  std::map<std::int64_t, std::vector<StepRow>> out;
  for (auto const& one : rows) out[one.proposal_id].push_back(one);
  return out;
}

namespace {

using identity::Actor;
using identity::Permission;

struct DecidedBody {
  PublicId proposal;
  StepKind step{};
  StepState state{};
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(DecidedBody, (), (proposal, step, state, reason))

struct OverdueBody {
  PublicId proposal;
  StepKind step{};
  Time due;
};
BOOST_DESCRIBE_STRUCT(OverdueBody, (), (proposal, step, due))

journal::Statement at_factory(std::string_view kind, std::string_view actor, std::string body) {
  return {std::string{journal::kFactoryChain}, std::string{kind}, std::string{actor}, {}, std::move(body)};
}

// What an applicant sees before the round is published: where it stands, never how it goes.
Step held_back(Step step) {
  if (step.state == StepState::failed) step.state = StepState::active;
  step.reason.clear();
  step.overdue = false;
  return step;
}

Result<std::vector<Step>> steps_of(db::Tx& tx, std::int64_t proposal, Micros now) {
  FABRICA_TRY(auto const rows, tx.all<store::StepRow>(store::kStepsOf, proposal));
  std::vector<Step> out;
  for (auto const& one : rows) out.push_back(store::step_of(one, now));
  return out;
}

std::vector<Fault> unconfirmed(StepRule const& rule, StepOutcome const& outcome) {
  std::vector<Fault> faults;
  for (auto const& line : rule.checklist)
    if (std::ranges::find(outcome.confirmed, line) == outcome.confirmed.end())
      faults.push_back({"/confirmed", fmt::format("Not confirmed: {}", line)});
  return faults;
}

}  // namespace

std::optional<Time> due_of(ReviewedRules const& rules, StepRule const& step, Micros now) {
  if (!step.within) return std::nullopt;
  auto rule = rules.schedule;
  rule.answer = step.within;
  auto const due = schedule::answer_due(rule, now);
  return due && *due ? std::optional{(*due)->before} : std::nullopt;
}

Result<> Calls::open_steps(db::Tx& tx, store::ProposalRow const& proposal) {
  FABRICA_TRY(auto const rules, rules_of(tx, proposal.call_id, proposal.call_version));
  std::int64_t position = 0;
  for (auto const& step : rules.reviewed->steps) {
    auto const due = position == 0 ? due_of(*rules.reviewed, step, clock_.now()) : std::nullopt;
    FABRICA_DO(tx.run(store::kStepInsert, proposal.id, position, step.step,
                      position == 0 ? StepState::active : StepState::pending, due));
    ++position;
  }
  return {};
}

Result<std::vector<Step>> Rounds::steps(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  bool const all = identity::authorise(actor, Permission::view_factory).has_value();
  if (!all) FABRICA_DO(calls_.proposal(tx, actor, id));  // the applicants' own check
  FABRICA_TRY(auto const row, tx.maybe<store::ProposalRow>(store::kProposalById, id));
  if (!row) return fail(Errc::not_found, "proposal", fmt::format("There is no proposal {}.", id.text()));
  FABRICA_TRY(auto out, steps_of(tx, row->id, clock_.now()));
  bool const published = row->state != ProposalState::evaluating;
  if (!all && !published) std::ranges::transform(out, out.begin(), held_back);
  return out;
}

Result<std::vector<Step>> Rounds::overdue(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_TRY(auto const rows, tx.all<store::StepRow>(store::kStepsOverdue, Time{clock_.now()}));
  std::vector<Step> out;
  for (auto const& one : rows) out.push_back(store::step_of(one, clock_.now()));
  return out;
}

Result<bool> Rounds::raise_alarms(db::Tx& tx) {
  FABRICA_TRY(auto const late, tx.all<store::StepRow>(store::kStepsNewlyOverdue, Time{clock_.now()}));
  for (auto const& one : late) {
    FABRICA_DO(tx.run(store::kStepAlarmed, one.proposal_id, one.position, Time{clock_.now()}));
    OverdueBody const body{one.proposal, one.kind, *one.due_us};
    FABRICA_DO(journal_.append(tx, at_factory("step.overdue", journal::kProgram, json::write(body))));
  }
  return !late.empty();
}

namespace {

// Technical feasibility is the operators' to judge too, everything else the access office's.
Result<> of_the_office(Actor const& actor, StepKind step) {
  if (step == StepKind::technical && identity::authorise(actor, Permission::manage_systems)) return {};
  return identity::authorise(actor, Permission::manage_calls);
}

}  // namespace

// A panel's chair may be of no office: only the guard knows.
Result<> Rounds::check_guard(db::Tx& tx, Actor const& actor, store::ProposalRow const& row, StepKind kind, bool pass) {
  if (guard_ && row.round_public_id) {
    FABRICA_TRY(bool const entitled, guard_->entitled(tx, actor,
                                                      {row.public_id, row.project, row.call_public_id,
                                                       *row.round_public_id, row.call_version, kind, pass}));
    if (entitled) return {};
  }
  return of_the_office(actor, kind);
}

Result<std::vector<Step>> Rounds::decide(db::Tx& tx, Actor const& actor, PublicId const& id, StepKind kind,
                                         StepOutcome const& outcome) {
  FABRICA_DO(identity::logged_in(actor));
  if (kind != StepKind::panel) FABRICA_DO(of_the_office(actor, kind));
  if (kind == StepKind::decision || kind == StepKind::response)
    return fail(Errc::conflict, "step_of_round",
                "This step is decided with its whole round: rank and award the round.");
  FABRICA_TRY(auto const row, tx.maybe<store::ProposalRow>(store::kProposalById, id));
  if (!row) return fail(Errc::not_found, "proposal", fmt::format("There is no proposal {}.", id.text()));
  bool const own = std::ranges::find(actor.grants, row->project.text(), &identity::Grant::scope) != actor.grants.end();
  if (own)
    return fail(Errc::forbidden, "own_project", "You have a part in this project: somebody else decides this step.");
  // Who is of no office learns nothing of the steps before the guard knows them.
  if (kind == StepKind::panel) FABRICA_DO(check_guard(tx, actor, *row, kind, outcome.pass));
  FABRICA_TRY(auto const steps, tx.all<store::StepRow>(store::kStepsOf, row->id));
  auto const active = std::ranges::find(steps, StepState::active, &store::StepRow::state);
  if (row->state != ProposalState::evaluating || active == steps.end() || active->kind != kind)
    return fail(Errc::conflict, "step_state",
                active == steps.end() ? std::string{"No step of this proposal is being done."}
                                      : fmt::format("The step that is being done is {}.", db::enum_name(active->kind)));
  if (kind != StepKind::panel) FABRICA_DO(check_guard(tx, actor, *row, kind, outcome.pass));
  FABRICA_TRY(auto const rules, calls_.rules_of(tx, row->call_id, row->call_version));
  auto const& list = rules.reviewed->steps;
  auto const place = static_cast<std::size_t>(active->position);
  if (auto faults = unconfirmed(list.at(place), outcome); outcome.pass && !faults.empty())
    return fail(Errc::invalid, "checklist", "Confirm every line of the checklist, or let the step fail.",
                std::move(faults));

  auto const to = outcome.pass ? StepState::passed : StepState::failed;
  FABRICA_TRY(auto const decided, tx.run(store::kStepDecide, row->id, active->position, to, outcome.reason,
                                         actor.person.text(), Time{clock_.now()}));
  if (decided != 1) return fail(Errc::conflict, "step_state", "Somebody decided this step meanwhile: read it again.");
  if (outcome.pass && place + 1 < list.size())
    FABRICA_DO(tx.run(store::kStepActivate, row->id, active->position + 1,
                      due_of(*rules.reviewed, list[place + 1], clock_.now())));
  DecidedBody const body{id, kind, to, outcome.reason};
  FABRICA_DO(journal_.append(tx, at_factory("proposal.step_decided", actor.person.text(), json::write(body))));
  return steps_of(tx, row->id, clock_.now());
}

}  // namespace fabrica::calls
