#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "calls/evaluated.hpp"
#include "calls/rounds.hpp"
#include "calls/step_guard.hpp"
#include "journal/journal.hpp"
#include "matching/assignment.hpp"
#include "projects/service.hpp"
#include "reviews/panel.hpp"
#include "reviews/types.hpp"

namespace fabrica::reviews {

struct Board;
struct BoardProposal;
class AffinityCache;
struct KnownAffinity;
namespace store {
struct AssignmentRow;
struct ReviewRow;
}  // namespace store

// Who reviews the proposals of a reviewed call, and what they say. Who holds manage_calls ("the officer") runs it; a
// reviewer is anybody in a call's pool and sees their own work alone; a panel's chair decides the step `panel` of its
// round. Who holds view_factory (the auditor) reads what officers read, and never what was not sent. An officer with a
// part in a project neither sees nor decides anything of its reviews: forbidden "own_project".
class Reviews final : public calls::StepGuard {
 public:
  Reviews(Clock const& clock, Random& random, journal::Journal& journal, identity::Identity& identity,
          projects::Projects& projects, calls::Rounds& rounds);
  ~Reviews() override;

  // Called in the transaction that makes an invitation, which holds its token: how the person hears of it. Set once.
  void on_invited(std::function<Result<>(db::Tx&, Invitation const&)> tell) { tell_invited_ = std::move(tell); }

  // By the person or an officer. Looks for conflicts again in rounds that are being reviewed. Statement:
  // reviewer.profile_saved, with the digest alone. Errors: invalid "profile", forbidden as authorise() says.
  Result<Profile> save_profile(db::Tx& tx, identity::Actor const& actor, PublicId const& person,
                               ProfileDraft const& draft);
  // The person's own, or any for an officer. Errors: not_found "profile".
  Result<Profile> profile(db::Tx& tx, identity::Actor const& actor, PublicId const& person);

  // Of a call; rounds that have begun keep theirs. Statement: review.settings_saved.
  Result<Settings> save_settings(db::Tx& tx, identity::Actor const& actor, PublicId const& call,
                                 Settings const& settings);
  Result<Settings> settings(db::Tx& tx, identity::Actor const& actor, PublicId const& call);

  // The answer holds the token, once. Statement: reviewer.invited. Errors: conflict "call_kind", "call_state",
  // "in_pool", "invitation_open".
  Result<Invitation> invite(db::Tx& tx, identity::Actor const& actor, PublicId const& call,
                            InvitationDraft const& draft);
  Result<std::vector<Invitation>> invitations(db::Tx& tx, identity::Actor const& actor, PublicId const& call);
  // Statement: reviewer.invitation_withdrawn. Errors: conflict "invitation_state".
  Result<Invitation> withdraw_invitation(db::Tx& tx, identity::Actor const& actor, PublicId const& invitation);
  // What the token's holder may know, logged in or not. Errors: not_found "invitation".
  Result<InvitationShown> show_invitation(db::Tx& tx, std::string_view token);
  // By who is logged in and holds the token; an invitation to a person is answered by that person. Statement:
  // reviewer.invitation_answered. Errors: not_found "invitation", conflict "invitation_state" once answered or expired,
  // forbidden "invitation_person", invalid "reason" (a refusal says why).
  Result<InvitationShown> answer_invitation(db::Tx& tx, identity::Actor const& actor, InvitationAnswer const& answer);
  Result<std::vector<PoolMember>> pool(db::Tx& tx, identity::Actor const& actor, PublicId const& call);
  // Their open work in the call's rounds goes to others. Statement: reviewer.left. By an officer or the person.
  Result<> leave_pool(db::Tx& tx, identity::Actor const& actor, PublicId const& call, PublicId const& person,
                      std::string const& reason);
  // One thing time has brought: an invitation that expired, a round in intake whose draw has no seed yet. Returns
  // whether there was one.
  Result<bool> turn(db::Tx& tx);

  // Draws the seed of a round's assignments and publishes its commitment; turn() does it for rounds in intake of calls
  // that randomise. By hand after a cut-off where that was missed: the statement says so. The same answer when there is
  // one already: a round keeps the rule that was committed to. Statement: assignment.seed_committed. Errors: conflict
  // "not_randomised".
  Result<AssignmentSeed> commit_seed(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // Public; the seed once the round is published. Errors: not_found "assignment_seed".
  Result<AssignmentSeed> seed(db::Tx& tx, PublicId const& round);
  // For the round's publication: the seed, where there is one. No authorisation: its use case has asked.
  Result<std::optional<std::string>> reveal_seed(db::Tx& tx, PublicId const& round);

  // What the pool may bid for in a round: proposals in which the reviewer has no conflict. Errors: forbidden
  // "not_in_pool", conflict "no_bids", "round_state", "bidding_over" (the reviewers were asked).
  Result<std::vector<BidLine>> bids(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // All of a reviewer's bids at once. Statement: reviewer.bids_saved with their digest. Errors: also invalid "bids".
  Result<std::vector<BidLine>> save_bids(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                                         Bids const& bids);

  // Finds conflicts, builds the instance and solves it; what was sent before stays. Nobody is asked yet. Statements:
  // conflict.found, assignment.solved with the certificate's digest. Errors: conflict "round_state",
  // "nothing_to_review", "no_reviewers", "seed_uncommitted".
  Result<Assignment> propose(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // Asks the reviewers. Statement: assignment.sent. Errors: conflict "not_proposed", invalid "due".
  Result<Assignment> send(db::Tx& tx, identity::Actor const& actor, PublicId const& round, Time due);
  // Statement: review.due_moved.
  Result<Assignment> extend(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                            Extension const& extension);
  Result<Assignment> assignment(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // The solver's input, pairs and prices as JSON: what `matching verify` checks. Errors: not_found "assignment".
  Result<std::string> certificate(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // Every reviewer of the pool for a proposal, the best first. Affinities are those of the last propose() while no
  // profile and no bid has changed since.
  Result<std::vector<MatrixLine>> matrix(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);

  Result<std::vector<Conflict>> conflicts(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // Fills a place that is free because of it. Statement: conflict.waived with the reason. Errors: not_found "conflict",
  // conflict "conflict_state", "declared_conflict" (the reviewer's own word stands).
  Result<Conflict> waive(db::Tx& tx, identity::Actor const& actor, PublicId const& conflict, std::string const& reason);

  // A reviewer's own work, newest first.
  Result<std::vector<TaskLine>> tasks(db::Tx& tx, identity::Actor const& actor);
  Result<Task> task(db::Tx& tx, identity::Actor const& actor, PublicId const& assignment);
  // A decline or a conflict is filled by somebody else at once. Statements: assignment.answered, conflict.declared,
  // assignment.solved. Errors: not_found "assignment" (also another's), conflict "assignment_state", invalid "reason".
  Result<TaskLine> answer(db::Tx& tx, identity::Actor const& actor, PublicId const& assignment,
                          AssignmentAnswer const& answer);
  // After accepting. A review that was sent stands, marked. Statement: assignment.withdrawn.
  Result<TaskLine> withdraw(db::Tx& tx, identity::Actor const& actor, PublicId const& assignment,
                            std::string const& reason);
  // A conflict noticed late. Takes the reviewer off. Statement: conflict.declared.
  Result<TaskLine> declare(db::Tx& tx, identity::Actor const& actor, PublicId const& assignment,
                           std::string const& evidence);
  // Keeps a draft. Errors: invalid "review", conflict "assignment_state", "review_sent", "review_closed".
  Result<Review> save_review(db::Tx& tx, identity::Actor const& actor, PublicId const& assignment,
                             ReviewDraft const& draft);
  // Sends what is kept. Statement: review.submitted with its digest. Errors: those of save_review, conflict
  // "review_late", "no_review".
  Result<Review> submit_review(db::Tx& tx, identity::Actor const& actor, PublicId const& assignment);

  // For officers: sent reviews, with who wrote them.
  Result<std::vector<Review>> reviews_of(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // Whether a marked review counts. One that nothing is wrong with always does. Statement: review.counting_decided.
  // Errors: conflict "review_not_marked".
  Result<Review> count(db::Tx& tx, identity::Actor const& actor, PublicId const& review, Counting const& counting);
  // Scores, spread and outliers as the ranking will see them; ranks are those of now and of each set of rules.
  Result<std::vector<matching::RankLine>> figures(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // Passes the expert step of every proposal with its quorum, and says which are short. Statements:
  // proposal.step_decided for each, expert.closed.
  Result<ExpertClosed> close_expert(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                                    CloseExpert const& body);
  // What the reviewers agreed on, for the panel. Statement: review.consensus with its digest.
  Result<Consensus> save_consensus(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal,
                                   std::string const& note);
  Result<Consensus> consensus(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);

  // Lets the applicants of proposals that passed the expert step answer the comments. Returns how many were opened.
  // Statement: proposal.rebuttal_opened (project chain).
  Result<std::vector<Rebuttal>> open_rebuttals(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // Errors: not_found "rebuttal".
  Result<Rebuttal> rebuttal(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // Once, by who works in the project. Statement: proposal.rebutted (project chain). Errors: conflict "rebuttal_over",
  // "rebuttal_answered".
  Result<Rebuttal> rebut(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal, std::string const& answer);

  // Who decides the step `panel` of a round's proposals, all of it at once. Statement: panel.set. Errors: invalid
  // "panel", conflict "round_state".
  Result<Panel> set_panel(db::Tx& tx, identity::Actor const& actor, PublicId const& round, PanelDraft const& draft);
  Result<Panel> panel(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  // Rounds whose panel the actor is in, with what waits there.
  Result<std::vector<PanelDesk>> panels(db::Tx& tx, identity::Actor const& actor);
  // Errors: forbidden "own_project", "panel_conflict", conflict "panel_not_yet", "no_panel".
  Result<PanelPapers> papers(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // Of the steps `panel` (chair, or a deputy where the chair has a conflict; not while a rebuttal is open) and `expert`
  // (passed with its quorum alone). Errors: forbidden "panel_chair", "panel_conflict", conflict "rebuttal_open",
  // "rebuttal_missing", "quorum".
  Result<bool> entitled(db::Tx& tx, identity::Actor const& actor, calls::StepQuestion const& question) override;

  // For the ranking: reviews that were sent and count. No authorisation: its use case has asked.
  Result<std::vector<matching::ScoredReview>> scored(db::Tx& tx, PublicId const& proposal);

 private:
  Result<Board> board(db::Tx& tx, PublicId const& round);
  Result<> load_parties(db::Tx& tx, Board& board, std::optional<PublicId> const& only = {});
  Result<bool> detect(db::Tx& tx, Board& board, std::string_view actor, std::optional<PublicId> const& only);
  Result<bool> take_off(db::Tx& tx, Board& board);
  Result<> settle(db::Tx& tx, PublicId const& round, std::string_view actor, std::string_view because);
  Result<AssignmentSeed> draw_seed(db::Tx& tx, calls::Round const& round, Randomise const& rule, std::string_view by);
  Result<bool> draw_missing_seed(db::Tx& tx);
  Result<std::shared_ptr<KnownAffinity const>> known_affinity(db::Tx& tx, PublicId const& round,
                                                              PublicId const& proposal);
  Result<std::shared_ptr<KnownAffinity const>> build_affinity(db::Tx& tx, Board const& board);
  Result<std::string> affinity_stamp(db::Tx& tx, calls::Round const& round);
  Result<std::vector<BidLine>> biddable(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  Result<> keep_solution(db::Tx& tx, Board const& board, matching::MatchInstance const& instance,
                         matching::MatchSolution const& solution, std::string_view actor, std::string_view because,
                         bool ask_at_once);
  Result<Assignment> shown(db::Tx& tx, identity::Actor const& actor, PublicId const& round);
  Result<store::AssignmentRow> own(db::Tx& tx, identity::Actor const& actor, PublicId const& assignment);
  Result<> move(db::Tx& tx, store::AssignmentRow& row, AssignmentEvent on, std::string const& reason);
  Result<> mark_review(db::Tx& tx, store::AssignmentRow const& row, std::string const& why, bool counts);
  Result<> keep_declared(db::Tx& tx, store::AssignmentRow const& row, std::string const& evidence);
  Result<TaskLine> line_of(db::Tx& tx, store::AssignmentRow const& row);
  Result<> say(db::Tx& tx, std::string_view kind, std::string_view actor, std::string body,
               std::vector<journal::Subject> subjects = {});
  Result<Panel> panel_of(db::Tx& tx, calls::Round const& round);
  Result<bool> in_conflict_with(db::Tx& tx, PublicId const& person, calls::Evaluated const& proposal);
  Result<Settings> settings_in(db::Tx& tx, calls::Evaluated const& proposal);
  Result<> rebuttal_closed(db::Tx& tx, calls::Evaluated const& proposal);
  Result<bool> chairs(db::Tx& tx, identity::Actor const& actor, calls::Evaluated const& proposal);
  Result<> load_party(db::Tx& tx, forms::Form const& form, BoardProposal& proposal);
  // Who may read what officers read of a proposal.
  Result<calls::Evaluated> readers(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  Result<calls::Evaluated> officers(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  Result<Settings> settings_of(db::Tx& tx, PublicId const& call);

  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  identity::Identity& identity_;
  projects::Projects& projects_;
  calls::Rounds& rounds_;
  std::unique_ptr<AffinityCache> affinities_;
  std::function<Result<>(db::Tx&, Invitation const&)> tell_invited_;
};

}  // namespace fabrica::reviews
