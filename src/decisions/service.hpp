#pragma once

#include <memory>
#include <string>
#include <vector>

#include "calls/outcomes.hpp"
#include "decisions/ports.hpp"
#include "decisions/types.hpp"

namespace fabrica::decisions {

class SolvedAwards;
namespace store {
struct DecisionRow;
struct ItemRow;
struct RankingRow;
}  // namespace store

// From reviewed proposals to awards. README.md has the states. Officers need manage_calls; who has a part in a project
// does not change its outcome (forbidden "own_project"). Everything is one transaction a call; publishing is an intent
// that turn() carries out, one proposal a transaction.
class Decisions {
 public:
  struct Settings {
    std::int64_t appeal_days = 30;  // from the letter
    double band_seconds = 2;        // of the rule `band`, solved before the transaction
    // What is solved inside one (a reserve served, an officer's change) while others wait to write.
    double band_seconds_inside = 0.2;
  };

  Decisions(Clock const& clock, Random& random, journal::Journal& journal, identity::Identity& identity,
            projects::Projects& projects, calls::Outcomes& outcomes, ScoreSource& scores, Settings settings);
  ~Decisions();

  // One thing to do without a person: a commitment for a round that has none, the next letter of a round that is being
  // published, the end of a publication. Returns whether there was one.
  Result<bool> turn(db::Tx& tx);

  // Draws the seed of the round's lottery and publishes its commitment; turn() does it for every round of a published
  // call while it takes proposals. By hand after a cut-off, where that was missed: the statement says so. The same
  // answer when there is one already. Statement: lottery.committed.
  Result<Lottery> commit_lottery(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  Result<Lottery> lottery(db::Tx& tx, identity::Actor const& actor, PublicId const& round);

  // Ranks who has passed every step before `decision`. Statement: ranking.made. Errors: conflict "round_state",
  // "lottery_uncommitted", "nothing_to_rank", "rules_differ"; those of matching::rank.
  Result<RoundRanking> rank(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                            RankRequest const& request);
  Result<RoundRanking> ranking(db::Tx& tx, identity::Actor const& actor, PublicId const& round);

  // Decides by the call's rule from the ranking and what is really left, verifies, and keeps it as the next draft
  // version. Statement: decision.drafted. Errors: conflict "ranking_missing", "ranking_stale", "round_state",
  // "award_faults" (the verifier's).
  Result<RoundDecision> award(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                              AwardRequest const& request);
  // Solves the rule `band` on what is there now, outside any transaction; award() uses it if nothing has changed since.
  // Any other rule: nothing to do.
  Result<> prepare_award(db::Database& database, identity::Actor const& actor, PublicId const& round,
                         AwardRequest const& request);
  Result<RoundDecision> decision(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // Changes nothing.
  Result<WhatIfAnswer> what_if(db::Tx& tx, identity::Actor const& actor, PublicId const& round, WhatIf const& change);
  // Excludes or limits a proposal and decides again. Statements: decision.changed, decision.drafted.
  Result<RoundDecision> change(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal,
                               ChangeDraft const& draft);
  // Takes a change back and decides again.
  Result<RoundDecision> undo_change(db::Tx& tx, identity::Actor const& actor, PublicId const& change,
                                    Reason const& reason);

  // Freezes a decision and begins to tell it. Said again while it goes on, it tries what got stuck again, and with a
  // forced_reason rejects who is stuck for not being eligible any more (statement: decision.ineligible); said again
  // afterwards it only answers. Statement: round.publishing; at the end round.published. Errors: conflict
  // "decision_changed" (another version is current), "decision_stale", "undecided".
  Result<Publication> publish(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                              PublishRequest const& request);
  Result<Publication> publication(db::Tx& tx, identity::Actor const& actor, PublicId const& round);

  // The applicant's answer to an offer, late or not. A decline frees the hours for the reserve at once. Statement:
  // proposal.answered. Errors: conflict "proposal_state", invalid "reason" (a decline says why).
  Result<> respond(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal, Response const& response);
  // An officer ends an offer that nobody answered, once its time is over. Errors: conflict "not_overdue".
  Result<std::vector<ProposalDecision>> end_offer(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal,
                                                  Reason const& reason);
  // Gives hours that came free to the reserve, by the same rule. Says who got something. Statement:
  // round.reserve_served.
  Result<std::vector<ProposalDecision>> serve_reserve(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // Nothing comes free any more: who still waits is rejected, with the reason.
  Result<std::vector<ProposalDecision>> close_reserve(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                                                      Reason const& reason);

  // For the module above, which has authorised whoever acted: hours of a published round came free after its awards.
  Result<> hours_freed(db::Tx& tx, PublicId const& round, std::string_view cause);

  // A rejected proposal goes back into the evaluation. Statement: proposal.reopened.
  Result<> reopen(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal, ReopenRequest const& request);
  // Decides one proposal of a published round that was reopened or undecided: ranked among the others, then by what is
  // free. Errors: conflict "round_state", "undecided".
  Result<ProposalDecision> decide_late(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);

  // Within the days of the letter, against a rejection, once a letter. Statement: appeal.filed.
  Result<Appeal> appeal(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal, AppealDraft const& draft);
  // Upheld: the proposal is reopened. Statement: appeal.ruled.
  Result<Appeal> rule_on(db::Tx& tx, identity::Actor const& actor, PublicId const& appeal, AppealRuling const& ruling);
  Result<std::vector<Appeal>> appeals(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);

  // The applicants' and the office's.
  Result<std::vector<Letter>> letters(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  Result<Minutes> minutes(db::Tx& tx, identity::Actor const& actor, PublicId const& round);

 private:
  struct Case;
  Result<> officer(identity::Actor const& actor) const;
  Result<> not_own(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  Result<Lottery> draw(db::Tx& tx, PublicId const& round, std::string_view by);
  Result<std::vector<matching::RankCandidate>> candidates(db::Tx& tx, std::vector<calls::Contender> const& ready,
                                                          calls::ReviewedRules const& rules);
  Result<> remember(db::Tx& tx, identity::Actor const& actor, PublicId const& round, calls::Contender const& one);
  Result<std::int64_t> version_to_rank_by(db::Tx& tx, PublicId const& call, std::vector<calls::Contender> const& ready,
                                          RankRequest const& request);
  Result<RoundRanking> rank_now(db::Tx& tx, std::string_view by, calls::RoundFacts const& facts,
                                std::int64_t rules_version, std::vector<matching::RankCandidate> all,
                                std::optional<std::string> const& reason);
  Result<Case> load_case(db::Tx& tx, PublicId const& round);
  Result<matching::AwardInput> award_input(db::Tx& tx, Case const& at, AwardRequest const& request);
  Result<RoundDecision> award_now(db::Tx& tx, std::string_view by, PublicId const& round, AwardRequest const& request);
  Result<RoundDecision> view(db::Tx& tx, Case const& at, store::DecisionRow const& row);
  Result<matching::AwardOutcome> solve(matching::AwardInput const& input, std::string const& input_sha256);
  Result<std::vector<ProposalDecision>> outcomes_of(db::Tx& tx, Case const& at, store::DecisionRow const& row);
  Result<> begin(db::Tx& tx, identity::Actor const& actor, Case const& at, store::DecisionRow const& row,
                 PublishRequest const& request);
  Result<Publication> publication_of(db::Tx& tx, store::DecisionRow const& row);
  Result<> tell(db::Tx& tx, store::ItemRow const& item);
  Result<> reject_ineligible(db::Tx& tx, identity::Actor const& actor, store::DecisionRow const& row,
                             std::string const& reason);
  Result<> tell_decided(db::Tx& tx, store::ItemRow const& item, calls::Contender const& before,
                        std::optional<Time> answer_by, calls::RoundFacts const& facts);
  Result<> finish(db::Tx& tx, store::DecisionRow const& row);
  Result<std::vector<ProposalDecision>> refill(db::Tx& tx, PublicId const& round, std::string_view by,
                                               std::string_view cause, std::optional<PublicId> const& late);
  Result<> tell_now(db::Tx& tx, PublicId const& round, std::string_view cause, ProposalDecision const& decision,
                    matching::RankLine const* line);
  Result<> reopen_now(db::Tx& tx, std::string_view by, PublicId const& proposal, ReopenRequest const& request);

  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  identity::Identity& identity_;
  projects::Projects& projects_;
  calls::Outcomes& outcomes_;
  ScoreSource& scores_;
  Settings settings_;
  std::unique_ptr<SolvedAwards> solved_;
};

}  // namespace fabrica::decisions
