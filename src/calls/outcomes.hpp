#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "calls/record.hpp"
#include "calls/service.hpp"

namespace fabrica::calls {

// One partition a proposal would take, in whole units of its offer.
struct Choice {
  std::string partition;
  std::int64_t amount_units = 0;
  std::int64_t minimum_units = 0;
};

// A proposal that entered the evaluation, as a decision needs it.
struct Contender {
  PublicId id;
  PublicId project;
  std::int64_t call_version = 1;
  ProposalState state{};
  Time submitted;
  std::int64_t duration_days = 0;
  std::vector<Choice> choices;  // most wanted first; only what the round offers
  bool confidential = false;
  std::vector<Step> steps;

  // Every step before `decision` is passed and nothing is decided yet.
  bool ready() const;
  // The step that was failed, or nullptr.
  Step const* failed() const;
};

// A round with the capacity that is really left in its accounts: what is not awarded and not held.
struct RoundOffer {
  PublicId id;
  std::string partition;
  budget::Unit unit{};
  std::int64_t left_units = 0;
  std::int64_t capacity_units = 0;
};
struct RoundFacts {
  PublicId id;
  PublicId call;
  std::string call_title;
  std::int64_t answer_working_days = 0;
  std::int64_t number = 0;
  std::string name;
  RoundState state{};
  std::optional<Time> closes;
  std::optional<Time> answer_due;
  std::vector<RoundOffer> offers;
};

// An award with where its hours come from.
struct Holding {
  PublicId id;
  PublicId project;
  PublicId proposal;
  PublicId call;
  std::string call_title;
  std::optional<std::string> access_mode;
  std::optional<PublicId> round;  // of a reviewed call
  PublicId offer;
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;  // as decided
  budget::AccountId account{};    // jobs are charged to it
  Time starts;
  Time ends;
};

// What a proposal gets.
struct Given {
  std::string partition;
  std::int64_t amount_units = 0;
  std::string reason;
  std::string actor;  // in the statement
};

// What decisions (the module above) do to proposals and rounds. Each function is one step of the state table with its
// budget transfers, inside the caller's transaction; nobody is authorised here. A state that does not allow the step is
// conflict "proposal_state".
class Outcomes {
 public:
  Outcomes(Clock const& clock, budget::Budget& budget, Calls& calls) : clock_{clock}, budget_{budget}, calls_{calls} {}

  // Errors: not_found "round".
  Result<RoundFacts> round(db::Tx& tx, PublicId const& round);
  // By the order of entry, without those withdrawn.
  Result<std::vector<Contender>> contenders(db::Tx& tx, PublicId const& round);
  // Errors: not_found "proposal".
  Result<Contender> contender(db::Tx& tx, PublicId const& proposal);
  Result<PublicId> round_of(db::Tx& tx, PublicId const& proposal);
  Result<ReviewedRules> rules(db::Tx& tx, PublicId const& call, std::int64_t version);
  Result<std::vector<PublicId>> reviewed_calls(db::Tx& tx);
  Result<std::vector<PublicId>> rounds_of(db::Tx& tx, PublicId const& call);
  // Rounds that take proposals now or later, of published reviewed calls.
  Result<std::vector<PublicId>> rounds_in_intake(db::Tx& tx);
  Result<std::vector<Award>> awards(db::Tx& tx, PublicId const& round);

  // Whether a proposal may get this today: its checks again, by the facts of the day. Errors: conflict "eligibility"
  // with the rule and what to change.
  Result<> eligible(db::Tx& tx, PublicId const& proposal, std::string_view partition, std::int64_t amount_units);
  // From evaluating, reserve or offered (whose hold ends in the same transaction). Statement: award.decided.
  // Errors: those of eligible().
  Result<PublicId> award(db::Tx& tx, PublicId const& proposal, Given const& given);
  // Holds the hours for the applicant and begins the step `response`; says until when an answer is wanted. The hold
  // has no end: an answer that is late alarms (step.overdue), nothing lapses by itself. Errors: those of eligible().
  Result<std::optional<Time>> offer(db::Tx& tx, PublicId const& proposal, Given const& given);
  Result<> hold_in_reserve(db::Tx& tx, PublicId const& proposal, std::string_view reason);
  Result<> reject(db::Tx& tx, PublicId const& proposal, std::string_view reason, std::string_view by);
  // From offered: the hours are free again.
  Result<> decline(db::Tx& tx, PublicId const& proposal, std::string_view reason, std::string_view by);
  // From rejected back into the evaluation, at `step` (absent: at the step that failed, else at the decision). What
  // was found in that step and later ones is forgotten here; the journal keeps it.
  Result<StepKind> reopen(db::Tx& tx, PublicId const& proposal, std::optional<StepKind> step);
  Result<> move_round(db::Tx& tx, PublicId const& round, RoundState from, RoundState to);

  // After the award (the module awards/). Errors: not_found "award".
  Result<Holding> holding(db::Tx& tx, PublicId const& award);
  Result<std::vector<PublicId>> awards_of_project(db::Tx& tx, PublicId const& project);
  // The oldest award that nobody follows yet; none: all are followed. follow() marks one, once: false if it was
  // already.
  Result<std::optional<PublicId>> unfollowed(db::Tx& tx);
  Result<bool> follow(db::Tx& tx, PublicId const& award);
  Result<> set_award_time(db::Tx& tx, PublicId const& award, Time starts, Time ends);
  Result<> set_award_account(db::Tx& tx, PublicId const& award, budget::AccountId account);
  Result<budget::Account> capacity_of(db::Tx& tx, PublicId const& offer);
  // Hours came back to the capacity of an offer: who waits in the line of a first-come call is served.
  Result<> serve_offer(db::Tx& tx, PublicId const& offer);
  // Sent and not decided, or offered and not answered.
  Result<std::vector<PublicId>> open_proposals(db::Tx& tx, PublicId const& project);
  // Public figures over all calls (record.hpp). Calls that were published, the oldest first. Errors: not_found "call".
  Result<std::vector<CallOnRecord>> calls_on_record(db::Tx& tx);
  Result<CallOnRecord> call_on_record(db::Tx& tx, PublicId const& call);
  // The newest first, those before the id `after` (empty: from the beginning).
  Result<std::vector<AwardOnRecord>> awards_on_record(db::Tx& tx, std::string_view after, std::int64_t limit);
  Result<std::vector<AwardOnRecord>> awards_on_record(db::Tx& tx, PublicId const& call);
  Result<std::int64_t> count_awards_on_record(db::Tx& tx);
  Result<AwardUse> use_of(db::Tx& tx, PublicId const& award, Time ends);
  // Where the ledger does not add up.
  Result<std::vector<budget::Difference>> ledger_differences(db::Tx& tx) { return budget_.recompute(tx); }
  // In the order they were decided.
  Result<std::vector<DecisionOnRecord>> first_come_decisions(db::Tx& tx, PublicId const& call);
  // What another system had decided in a round that was imported as published.
  Result<std::vector<DecisionOnRecord>> decided_elsewhere(db::Tx& tx, PublicId const& round);
  Result<std::vector<OfferedHours>> offered(db::Tx& tx, PublicId const& call);
  // In line for capacity, or in an evaluation. What was promised counts in working days: of the round's schedule, else
  // of the call's promise; a first-come call has the days of the EuroHPC JU's seat, in Brussels time.
  Result<std::vector<Awaiting>> awaiting(db::Tx& tx);

 private:
  struct Loaded;
  Result<Loaded> load(db::Tx& tx, PublicId const& proposal);
  Result<> end_step(db::Tx& tx, Loaded const& loaded, StepKind kind, bool passed, std::string_view reason,
                    std::string_view by);
  Result<> move(db::Tx& tx, Loaded const& loaded, ProposalEvent on, std::string_view reason);
  Result<> release_hold(db::Tx& tx, Loaded const& loaded);

  Clock const& clock_;
  budget::Budget& budget_;
  Calls& calls_;
};

}  // namespace fabrica::calls
