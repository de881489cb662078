// What the access office does with reviews, and the applicant's answer to them.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "crypto/sha256.hpp"
#include "reviews/impl/board.hpp"
#include "reviews/impl/guard.hpp"
#include "reviews/impl/reading.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {
namespace {

using identity::Actor;
using identity::Permission;

struct CountingBody {
  PublicId review;
  PublicId proposal;
  bool counts = false;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(CountingBody, (), (review, proposal, counts, reason))

struct ClosedBody {
  PublicId round;
  std::vector<PublicId> passed;
  std::vector<PublicId> open;
};
BOOST_DESCRIBE_STRUCT(ClosedBody, (), (round, passed, open))

struct ProposalBody {
  PublicId proposal;
};
BOOST_DESCRIBE_STRUCT(ProposalBody, (), (proposal))

struct OpenedBody {
  PublicId proposal;
  Time due;
};
BOOST_DESCRIBE_STRUCT(OpenedBody, (), (proposal, due))

// The lottery decides nothing here: who is in front of whom shows only in the published ranking.
constexpr std::string_view kNoSeed = "0000000000000000000000000000000000000000000000000000000000000000";

// Through the expert step and not failed anywhere, while nothing is decided yet.
bool awaits_panel(calls::Evaluated const& one) {
  auto const* step = expert_step(one);
  bool const failed =
      std::ranges::any_of(one.steps, [](calls::Step const& each) { return each.state == calls::StepState::failed; });
  auto const panel = std::ranges::find(one.steps, calls::StepKind::panel, &calls::Step::step);
  bool const panel_over = panel != one.steps.end() && panel->state == calls::StepState::passed;
  return one.state == calls::ProposalState::evaluating && step && step->state == calls::StepState::passed && !failed &&
         !panel_over;
}

}  // namespace

std::int64_t complete_ones(std::vector<matching::ScoredReview> const& reviews, matching::RankingRules const& rules) {
  return std::ranges::count_if(reviews, [&](matching::ScoredReview const& one) {
    return std::ranges::all_of(rules.criteria, [&](auto const& of) { return one.scores_milli.contains(of.id); });
  });
}

Result<std::vector<Review>> Reviews::reviews_of(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(readers(tx, actor, proposal));
  FABRICA_TRY(auto const rows, tx.all<store::ReviewRow>(store::kReviewsSent, proposal));
  std::vector<Review> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto one, review_of(row));
    out.push_back(std::move(one));
  }
  return out;
}

Result<Review> Reviews::count(db::Tx& tx, Actor const& actor, PublicId const& id, Counting const& counting) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto row, tx.maybe<store::ReviewRow>(store::kReviewById, id));
  if (!row || !row->submitted_us)
    return fail(Errc::not_found, "review", fmt::format("There is no review {}.", id.text()));
  FABRICA_TRY(auto const proposal, officers(tx, actor, row->proposal));
  if (row->reviewer == actor.person)
    return fail(Errc::forbidden, "own_review", "Somebody else decides whether your review counts.");
  if (row->marked.empty())
    return fail(Errc::conflict, "review_not_marked", "Nothing is wrong with this review: it counts.");
  if (!in_review(proposal)) return fail(Errc::conflict, "review_closed", "The expert step of this proposal is over.");
  FABRICA_DO(tx.run(store::kReviewCount, row->id, counting.counts, counting.reason));
  FABRICA_DO(say(tx, "review.counting_decided", actor.person.text(),
                 json::write(CountingBody{id, row->proposal, counting.counts, counting.reason})));
  // One that counts no more leaves a place free.
  if (row->counts != counting.counts) FABRICA_DO(settle(tx, proposal.round, actor.person.text(), "counting decided"));
  row->counts = counting.counts;
  row->counts_reason = counting.reason;
  return review_of(*row);
}

Result<std::vector<matching::RankLine>> Reviews::figures(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_DO(calls::round_of_id(tx, round));
  FABRICA_TRY(auto const proposals, calls::evaluated_in(tx, round));
  std::map<std::int64_t, matching::RankingInput> by_version;
  for (auto const& one : proposals) {
    if (!expert_step(one) || has_part(actor, one.project)) continue;
    FABRICA_TRY(auto reviews, scored(tx, one.proposal));
    auto& input = by_version[one.call_version];
    if (input.candidates.empty()) {
      FABRICA_TRY(auto const rules, calls::reviewed_rules(tx, one.call, one.call_version));
      input.rules = rules.ranking;
      auto& ties = input.rules.tie_breaks;
      std::erase_if(ties, [](matching::TieBreak const& tie) { return tie.kind == matching::TieKind::lottery; });
      ties.push_back({matching::TieKind::lottery, ""});
      input.lottery_seed = kNoSeed;
      FABRICA_TRY(input.rules.lottery_commitment, matching::lottery_commitment(input.lottery_seed));
    }
    input.candidates.push_back({one.proposal.text(), "", one.submitted.value_or(Time{}), {}, std::move(reviews)});
  }
  std::vector<matching::RankLine> out;
  for (auto const& [version, input] : by_version) {
    FABRICA_TRY(auto ranking, matching::rank(input));
    for (auto& track : ranking.tracks) {
      std::ranges::move(track.lines, std::back_inserter(out));
      std::ranges::move(track.unranked, std::back_inserter(out));
    }
  }
  return out;
}

Result<ExpertClosed> Reviews::close_expert(db::Tx& tx, Actor const& actor, PublicId const& round,
                                           CloseExpert const& body) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_DO(calls::round_of_id(tx, round));
  FABRICA_TRY(auto const proposals, calls::evaluated_in(tx, round));
  std::map<std::int64_t, calls::ReviewedRules> rules;
  ExpertClosed out;
  ClosedBody said{round, {}, {}};
  for (auto const& one : proposals) {
    auto const* step = expert_step(one);
    if (!in_review(one) || step->state != calls::StepState::active) continue;
    if (!rules.contains(one.call_version)) {
      FABRICA_TRY(auto of, calls::reviewed_rules(tx, one.call, one.call_version));
      rules.emplace(one.call_version, std::move(of));
    }
    auto const& ranking = rules.at(one.call_version).ranking;
    FABRICA_TRY(auto const reviews, scored(tx, one.proposal));
    auto const count = complete_ones(reviews, ranking);
    if (count < ranking.quorum) {
      out.open.push_back({one.proposal, count, ranking.quorum, "The quorum is not reached."});
      said.open.push_back(one.proposal);
      continue;
    }
    // A refusal here has changed nothing yet: somebody else passes that one.
    if (has_part(actor, one.project)) {
      out.open.push_back({one.proposal, count, ranking.quorum, "You have a part in this project."});
      said.open.push_back(one.proposal);
      continue;
    }
    FABRICA_DO(rounds_.decide(tx, actor, one.proposal, calls::StepKind::expert, {true, body.reason, body.confirmed}));
    out.passed.push_back(one.proposal);
    said.passed.push_back(one.proposal);
  }
  if (out.passed.empty() && out.open.empty())
    return fail(Errc::conflict, "nothing_to_close", "No proposal of this round is in its expert step.");
  FABRICA_DO(say(tx, "expert.closed", actor.person.text(), json::write(said)));
  return out;
}

Result<Consensus> Reviews::save_consensus(db::Tx& tx, Actor const& actor, PublicId const& proposal,
                                          std::string const& note) {
  FABRICA_TRY(auto const of, officers(tx, actor, proposal));
  if (of.state != calls::ProposalState::evaluating)
    return fail(Errc::conflict, "proposal_state", "This proposal has been decided.");
  Time const now{clock_.now()};
  FABRICA_DO(tx.run(store::kConsensusSave, proposal, note, actor.person, now));
  FABRICA_DO(say(tx, "review.consensus", actor.person.text(), json::write(ProposalBody{proposal}),
                 {{"note", crypto::sha256(note).hex()}}));
  return Consensus{proposal, note, now};
}

Result<Consensus> Reviews::consensus(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(readers(tx, actor, proposal));
  FABRICA_TRY(auto const row, tx.maybe<store::ConsensusRow>(store::kConsensus, proposal));
  if (!row) return fail(Errc::not_found, "consensus", "There is no consensus note of this proposal yet.");
  return Consensus{row->proposal, row->note, row->saved_us};
}

static Result<Rebuttal> rebuttal_of(db::Tx& tx, PublicId const& proposal) {
  FABRICA_TRY(auto const row, tx.maybe<store::RebuttalRow>(store::kRebuttal, proposal));
  if (!row) return fail(Errc::not_found, "rebuttal", "The reviewers' comments are not open to be answered.");
  Rebuttal out{proposal, row->opened_us, row->due_us, {}, row->answer, row->answered_us};
  FABRICA_TRY(auto const sent, tx.all<store::ReviewRow>(store::kReviewsSent, proposal));
  FABRICA_TRY(auto const all, shuffled(sent));
  for (auto const& one : all)
    if (one.counts) out.comments.push_back(one.content.texts);
  return out;
}

Result<std::vector<Rebuttal>> Reviews::open_rebuttals(db::Tx& tx, Actor const& actor, PublicId const& round) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const stored, tx.maybe<store::RoundRow>(store::kRound, round));
  if (!stored) return fail(Errc::not_found, "assignment", "Nobody has been assigned in this round yet.");
  FABRICA_TRY(auto const settings, json::read<Settings>(stored->settings));
  FABRICA_TRY(auto const proposals, calls::evaluated_in(tx, round));
  Time const now{clock_.now()};
  Time const due{now.us + settings.rebuttal_days * kDay};
  std::vector<Rebuttal> out;
  for (auto const& one : proposals) {
    if (!awaits_panel(one) || has_part(actor, one.project)) continue;
    FABRICA_TRY(auto const opened, tx.run(store::kRebuttalOpen, one.proposal, now, due));
    if (opened == 0) continue;  // open or answered already: once is once
    FABRICA_DO(journal_.append(tx, {one.project.text(),
                                    "proposal.rebuttal_opened",
                                    actor.person.text(),
                                    {},
                                    json::write(OpenedBody{one.proposal, due})}));
    FABRICA_TRY(auto shown, rebuttal_of(tx, one.proposal));
    out.push_back(std::move(shown));
  }
  return out;
}

Result<Rebuttal> Reviews::rebuttal(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const of, calls::evaluated(tx, proposal));
  FABRICA_DO(projects_.require(tx, actor, of.project, Permission::view_project));
  return rebuttal_of(tx, proposal);
}

Result<Rebuttal> Reviews::rebut(db::Tx& tx, Actor const& actor, PublicId const& proposal, std::string const& answer) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const of, calls::evaluated(tx, proposal));
  FABRICA_DO(projects_.require(tx, actor, of.project, Permission::work_in_project));
  FABRICA_TRY(auto open, rebuttal_of(tx, proposal));
  Time const now{clock_.now()};
  if (open.answered) return fail(Errc::conflict, "rebuttal_answered", "The comments were answered: once is all.");
  if (now >= open.due || !awaits_panel(of))
    return fail(Errc::conflict, "rebuttal_over",
                fmt::format("Answers were taken until {}.", format_time(std::min(open.due, now).us)));
  FABRICA_TRY(auto const kept, tx.run(store::kRebuttalAnswer, proposal, answer, now));
  if (kept != 1) return fail(Errc::conflict, "rebuttal_answered", "The comments were answered: once is all.");
  FABRICA_DO(journal_.append(tx, {of.project.text(),
                                  "proposal.rebutted",
                                  actor.person.text(),
                                  {{"answer", crypto::sha256(answer).hex()}},
                                  json::write(ProposalBody{proposal})}));
  open.answer = answer;
  open.answered = now;
  return open;
}

}  // namespace fabrica::reviews
