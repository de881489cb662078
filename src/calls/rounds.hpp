#pragma once

#include "calls/service.hpp"
#include "calls/step_guard.hpp"

namespace fabrica::calls {

// A proposal as the access office's list of a round shows it.
struct ProposalLine {
  PublicId id;
  PublicId project;
  std::string title;  // of the project
  PublicId organisation;
  std::string organisation_name;
  identity::OrganisationKind organisation_kind{};
  std::string country;
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  ProposalState state{};
  std::optional<Time> submitted;
  std::optional<StepKind> step;  // that is being done
  std::optional<Time> step_due;
  bool overdue = false;
};
BOOST_DESCRIBE_STRUCT(ProposalLine, (),
                      (id, project, title, organisation, organisation_name, organisation_kind, country, partition, unit,
                       amount_units, state, submitted, step, step_due, overdue))

// Rounds of reviewed calls: what a cut-off does, and the steps that follow it. A round takes proposals in [opens,
// closes); at the cut-off those sent enter the evaluation, drafts move on to the next round.
class Rounds {
 public:
  Rounds(Clock const& clock, Random& random, journal::Journal& journal, budget::Budget& budget, Calls& calls)
      : clock_{clock}, random_{random}, journal_{journal}, budget_{budget}, calls_{calls} {}

  // Of a published call public, with how much was sent; of a draft for who manages calls.
  Result<std::vector<Round>> list(db::Tx& tx, identity::Actor const& actor, PublicId const& call);

  // What was sent in a round (of any kind of call), in the order it was made: at most `limit` behind `after` (empty:
  // from the beginning), of one state or of all. Drafts are their writers' own. Needs view_factory. Errors: not_found
  // "round", invalid "state" for a draft's, invalid "cursor".
  Result<std::vector<ProposalLine>> proposals(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                                              std::optional<ProposalState> state, PublicId const& after,
                                              std::int64_t limit);

  // Who else has a word in the steps; set once, before any is decided. It outlives this.
  void guard_steps(StepGuard& guard) { guard_ = &guard; }

  // One thing time has brought: a round past its cut-off, a call short of rounds to come, a step whose time is over.
  // Returns whether there was one; called again until there is none. Statements: round.cut_off (factory),
  // proposal.evaluation_begun (project), step.overdue (factory).
  Result<bool> turn(db::Tx& tx);

  // Officers and auditors see everything; applicants see that a step is being done until the round is published.
  Result<std::vector<Step>> steps(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // Steps whose time is over, the longest first. Needs view_factory.
  Result<std::vector<Step>> overdue(db::Tx& tx, identity::Actor const& actor);
  // A person's outcome of the active step. A failed step ends the evaluation; the applicant hears of it when the round
  // is published. Statement: proposal.step_decided (factory chain: a project's members read theirs).
  // Errors: conflict "step_state", invalid "checklist" with what is not confirmed, conflict "step_of_round" (the steps
  // decision and response are decided for the whole round), forbidden "own_project"; those of the StepGuard.
  // Administrative and expert steps are the access office's, technical ones the operators' too, a panel's its chair's
  // where the round has one.
  Result<std::vector<Step>> decide(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal, StepKind step,
                                   StepOutcome const& outcome);

 private:
  Result<> cut_off(db::Tx& tx, PublicId const& round);
  Result<bool> raise_alarms(db::Tx& tx);
  Result<> check_guard(db::Tx& tx, identity::Actor const& actor, store::ProposalRow const& proposal, StepKind step,
                       bool pass);

  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  budget::Budget& budget_;
  Calls& calls_;
  StepGuard* guard_ = nullptr;
};

}  // namespace fabrica::calls
