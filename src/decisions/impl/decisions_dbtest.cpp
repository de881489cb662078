// Ranking, awarding, changes, what-if, publishing.
#include <thread>

#include "crypto/sha256.hpp"
#include "decisions/rules.hpp"
#include "decisions/testing/world.hpp"

namespace fabrica::decisions {
namespace {

using namespace testing;

class DecisionsDb : public testing::WorldDb {};
FABRICA_ON_BOTH(DecisionsDb);

ProposalDecision of(RoundDecision const& decision, PublicId const& proposal) {
  auto const found = std::ranges::find(decision.proposals, proposal, &ProposalDecision::proposal);
  EXPECT_NE(found, decision.proposals.end());
  return found == decision.proposals.end() ? ProposalDecision{} : *found;
}

TEST_P(DecisionsDb, TheLotteryIsCommittedToBeforeTheCutOffAndItsSeedStaysSecretUntilPublication) {
  auto& w = make();
  auto const before = w.database.read([&](db::Tx& tx) { return w.decisions.lottery(tx, {}, w.round); });
  ASSERT_TRUE(before) << db::why(before);
  EXPECT_FALSE(before->after_cut_off);
  EXPECT_FALSE(before->seed);
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "lottery.committed"), 2) << "one a round to come";
  auto const again = w.write([&](db::Tx& tx) { return w.decisions.commit_lottery(tx, w.officer, w.round); });
  EXPECT_EQ(again->commitment, before->commitment);
  auto const a = w.sent(4000);
  w.published({a});
  auto const after = w.database.read([&](db::Tx& tx) { return w.decisions.lottery(tx, {}, w.round); });
  ASSERT_TRUE(after && after->seed);
  EXPECT_EQ(crypto::sha256(crypto::Digest::from_hex(*after->seed)->view()).hex(), before->commitment);
}

TEST_P(DecisionsDb, ARoundIsAwardedByRankAgainstWhatIsReallyLeft) {
  auto& w = make();
  auto const low = w.sent(3500);
  auto const best = w.sent(5000);
  auto const bar = w.sent(2500);
  auto const second = w.sent(4000, true);
  auto const decision = w.decided({low, best, bar, second});
  EXPECT_EQ(of(decision, best).outcome, OutcomeKind::awarded);
  EXPECT_EQ(of(decision, best).amount_units, 20);
  EXPECT_EQ(of(decision, best).rank, 1);
  EXPECT_EQ(of(decision, second).outcome, OutcomeKind::awarded);
  EXPECT_EQ(of(decision, low).outcome, OutcomeKind::reserve) << "10 of 50 are left, 20 are wanted";
  EXPECT_NE(of(decision, low).reason.find("10 node-hours were left"), std::string::npos) << of(decision, low).reason;
  EXPECT_EQ(of(decision, bar).outcome, OutcomeKind::rejected);
  EXPECT_NE(of(decision, bar).reason.find("threshold of excellence"), std::string::npos) << of(decision, bar).reason;
  EXPECT_EQ(decision.outcome_sha256.size(), 64u);
  EXPECT_EQ(w.state(best), ProposalState::evaluating) << "held until it is published";
  EXPECT_EQ(w.rounds_of_call().front().state, calls::RoundState::decided);
  EXPECT_EQ(w.left(kPartition), 50);
}

TEST_P(DecisionsDb, AMinimumUsefulAmountAndAFallBackAreUsed) {
  auto& w = make();
  auto const first = w.sent(5000);
  auto const second = w.sent(4500);
  auto draft = w.proposal_draft();
  draft.minimum_units = 10;
  auto const partial = w.sent(4000, draft);
  draft = w.proposal_draft();
  draft.fall_backs = {{kOther, 20, 15}};
  auto const elsewhere = w.sent(3500, draft);
  auto const decision = w.decided({first, second, partial, elsewhere});
  EXPECT_EQ(of(decision, partial).outcome, OutcomeKind::awarded);
  EXPECT_EQ(of(decision, partial).amount_units, 10);
  EXPECT_EQ(of(decision, elsewhere).partition, kOther);
  EXPECT_EQ(of(decision, elsewhere).amount_units, 20);
}

TEST_P(DecisionsDb, ChoicesMustFitTheCallsOffers) {
  auto& w = make();
  auto draft = w.proposal_draft();
  draft.minimum_units = 21;
  draft.fall_backs = {{"nowhere", 20, {}}, {kPartition, 20, {}}, {kOther, 5, {}}};
  auto const refused = w.draft(draft);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "choices");
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/minimum_units", "/fall_backs/0/partition", "/fall_backs/1/partition",
                                          "/fall_backs/2/amount_units"}));
}

TEST_P(DecisionsDb, WithoutReviewsThePublishedTieBreakDecides) {
  auto& w = make({.expert = false, .response = false});
  auto const first = w.sent(0);
  auto const second = w.sent(0);
  auto const third = w.sent(0);
  auto const decision = w.decided({first, second, third});
  EXPECT_EQ(of(decision, first).rank, 1) << "the earlier submission";
  EXPECT_EQ(of(decision, third).rank, 3);
  EXPECT_EQ(of(decision, third).outcome, OutcomeKind::reserve);
}

TEST_P(DecisionsDb, AFailedStepIsRejectedAndAnOpenOneIsUndecided) {
  auto& w = make();
  auto const good = w.sent(4000);
  auto const failed = w.sent(4000);
  auto const open = w.sent(4000);
  w.pass_cut_off();
  w.evaluate(good);
  w.decide(failed, StepKind::administrative, false);
  ASSERT_TRUE(w.rank());
  auto const decision = w.award();
  ASSERT_TRUE(decision) << db::why(decision);
  EXPECT_EQ(of(*decision, failed).outcome, OutcomeKind::rejected);
  EXPECT_NE(of(*decision, failed).reason.find("No CV."), std::string::npos);
  EXPECT_EQ(of(*decision, open).outcome, OutcomeKind::undecided);
  EXPECT_EQ(w.rounds_of_call().front().state, calls::RoundState::evaluating);
  auto const refused = w.publish(decision->version);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "undecided");
  auto const forced = w.publish(decision->version, "The reviewer of the third fell ill.");
  ASSERT_TRUE(forced) << db::why(forced);
  w.turn();
  EXPECT_EQ(w.state(good), ProposalState::offered);
  EXPECT_EQ(w.state(failed), ProposalState::rejected);
  EXPECT_EQ(w.state(open), ProposalState::evaluating) << "decided later";
}

TEST_P(DecisionsDb, ADecisionThatTheRoundHasOvertakenIsNotPublished) {
  auto& w = make();
  auto const a = w.sent(4000);
  auto const b = w.sent(3500);
  w.pass_cut_off();
  w.evaluate(a);
  ASSERT_TRUE(w.rank());
  auto const first = w.award();
  ASSERT_TRUE(first);
  w.evaluate(b);
  EXPECT_EQ(w.award().error().reason, "ranking_stale");
  EXPECT_EQ(w.publish(first->version, "Now.").error().reason, "decision_stale");
  ASSERT_TRUE(w.rank());
  EXPECT_EQ(w.publish(first->version, "Now.").error().reason, "decision_stale") << "ranked again since";
  auto const second = w.award();
  ASSERT_TRUE(second);
  EXPECT_EQ(w.publish(first->version).error().reason, "decision_changed") << "that version was replaced";
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.calls.withdraw(tx, w.member, b); }));
  EXPECT_EQ(w.publish(second->version).error().reason, "decision_stale");
  auto const third = w.award();
  ASSERT_TRUE(third) << db::why(third);
  EXPECT_TRUE(w.publish(third->version));
  EXPECT_EQ(w.award().error().reason, "round_state");
  EXPECT_EQ(w.rank().error().reason, "round_state");
}

TEST_P(DecisionsDb, AChangeHasAReasonAndTheRuleDecidesAgain) {
  auto& w = make();
  auto const a = w.sent(5000);
  auto const b = w.sent(4500);
  auto const c = w.sent(4000);
  auto const first = w.decided({a, b, c});
  EXPECT_EQ(of(first, c).outcome, OutcomeKind::reserve);
  auto const change = [&](Actor const& who, ChangeDraft const& draft) {
    return w.write([&](db::Tx& tx) { return w.decisions.change(tx, who, a, draft); });
  };
  EXPECT_EQ(change(w.officer, {ChangeKind::exclude, "", {}, {}}).error().reason, "reason");
  EXPECT_EQ(change(w.officer, {ChangeKind::limit, "Enough.", {}, {}}).error().reason, "change");
  EXPECT_EQ(change(w.officer, {ChangeKind::limit, "Enough.", kOther, 10}).error().reason, "partition");
  auto part = w.officer;
  part.grants.push_back({identity::Role::project_member, w.project.text()});
  EXPECT_EQ(change(part, {ChangeKind::exclude, "Funded elsewhere.", {}, {}}).error().reason, "own_project");
  auto const second = change(w.officer, {ChangeKind::exclude, "Funded elsewhere.", {}, {}});
  ASSERT_TRUE(second) << db::why(second);
  EXPECT_EQ(second->version, first.version + 1);
  EXPECT_EQ(of(*second, a).outcome, OutcomeKind::rejected);
  EXPECT_NE(of(*second, a).reason.find("Funded elsewhere."), std::string::npos);
  EXPECT_EQ(of(*second, c).outcome, OutcomeKind::awarded) << "the next by rank, and nobody else";
  EXPECT_EQ(change(w.officer, {ChangeKind::exclude, "Again.", {}, {}}).error().reason, "change_exists");
  auto const undone = w.write(
      [&](db::Tx& tx) { return w.decisions.undo_change(tx, w.officer, second->changes[0].id, {"A mistake."}); });
  ASSERT_TRUE(undone) << db::why(undone);
  EXPECT_EQ(undone->outcome_sha256, first.outcome_sha256);
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "decision.changed"), 2);
}

TEST_P(DecisionsDb, WhatIfSaysWhoMovesAndTouchesNothing) {
  auto& w = make();
  auto const a = w.sent(5000);
  auto const b = w.sent(4500);
  auto const c = w.sent(4000);
  auto const decision = w.decided({a, b, c});
  auto const statements = w.kinds(std::string{journal::kFactoryChain}).size();
  auto const ask = [&](WhatIf const& change) {
    return w.database.read([&](db::Tx& tx) { return w.decisions.what_if(tx, w.auditor, w.round, change); });
  };
  auto const more = ask({.capacity = std::vector<PartitionUnits>{{kPartition, 60}}});
  ASSERT_TRUE(more) << db::why(more);
  EXPECT_EQ(more->funded_before, 2);
  EXPECT_EQ(more->funded_after, 3);
  ASSERT_EQ(more->comparison.changes.size(), 1u);
  EXPECT_EQ(more->comparison.changes[0].proposal, c.text());
  auto const line = ask({.line_rank = 1});
  ASSERT_TRUE(line) << db::why(line);
  EXPECT_EQ(line->comparison.loses, 1);
  EXPECT_EQ(ask({.capacity = std::vector<PartitionUnits>{{"nowhere", 1}}}).error().reason, "partition");
  EXPECT_EQ(ask({.weights = std::vector<CriterionWeight>{{"charm", 2}}}).error().reason, "criterion");
  EXPECT_EQ(w.kinds(std::string{journal::kFactoryChain}).size(), statements);
  auto const still = w.database.read([&](db::Tx& tx) { return w.decisions.decision(tx, w.officer, w.round); });
  EXPECT_EQ(still->outcome_sha256, decision.outcome_sha256);
}

TEST_P(DecisionsDb, PublishingTellsEachProposalOnceInATransactionOfItsOwn) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const b = w.sent(4500, true);
  auto const c = w.sent(4000);
  auto const decision = w.decided({a, b, c});
  auto const begun = w.publish(decision.version);
  ASSERT_TRUE(begun) << db::why(begun);
  EXPECT_EQ(begun->held, 3);
  EXPECT_EQ(w.state(a), ProposalState::evaluating) << "the intent alone tells nobody";
  EXPECT_TRUE(*w.write([&](db::Tx& tx) { return w.decisions.turn(tx); }));
  EXPECT_EQ(w.state(a), ProposalState::awarded);
  EXPECT_EQ(w.state(b), ProposalState::evaluating);
  auto const again = w.publish(decision.version);  // as after a crash in the middle
  ASSERT_TRUE(again);
  EXPECT_EQ(again->released, 1);
  EXPECT_EQ(again->held, 2);
  w.turn();
  EXPECT_EQ(w.state(b), ProposalState::awarded);
  EXPECT_EQ(w.state(c), ProposalState::reserve);
  EXPECT_EQ(w.rounds_of_call().front().state, calls::RoundState::published);
  auto const over = w.publish(decision.version);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->state, DecisionState::published);
  EXPECT_EQ(w.turn(), 0);
  EXPECT_EQ(w.count(w.project.text(), "proposal.decided"), 2);
  EXPECT_EQ(w.count(w.other_project.text(), "proposal.decided"), 1);
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "round.published"), 1);
  EXPECT_EQ(w.left(kPartition), 10);
  auto const letters = w.database.read([&](db::Tx& tx) { return w.decisions.letters(tx, w.member, a); });
  ASSERT_TRUE(letters) << db::why(letters);
  ASSERT_EQ(letters->size(), 1u);
  EXPECT_NE(letters->at(0).text.find("awarded 20 node-hours on meluxina/gpu"), std::string::npos)
      << letters->at(0).text;
  EXPECT_NE(letters->at(0).html.find("&lt;One&gt;"), std::string::npos) << "titles are text";
  EXPECT_EQ(letters->at(0).sha256, crypto::sha256(letters->at(0).text).hex());
  auto const minutes = w.database.read([&](db::Tx& tx) { return w.decisions.minutes(tx, w.auditor, w.round); });
  ASSERT_TRUE(minutes) << db::why(minutes);
  EXPECT_EQ(minutes->html_sha256, crypto::sha256(minutes->html).hex());
  EXPECT_EQ(minutes->json_sha256, crypto::sha256(minutes->json.text).hex());
  EXPECT_NE(minutes->html.find("The verifier found 0 faults."), std::string::npos);
  w.expect_balanced();
}

TEST_P(DecisionsDb, TheSeedOfTheReviewersDrawIsToldWithTheRoundAndNotBefore) {
  auto& w = make({.response = false});
  std::string const seed(64, 'a');
  w.scores.seed = seed;
  auto const decision = w.decided({w.sent(5000)});
  ASSERT_TRUE(w.publish(decision.version));
  auto const told = [&] {
    auto const all =
        w.database.read([&](db::Tx& tx) { return w.journal.chain(tx, std::string{journal::kFactoryChain}, 1, 1000); });
    return std::ranges::any_of(*all, [&](journal::Kept const& one) {
      return one.body.value_or("").find(seed) != std::string::npos && one.kind == "round.published";
    });
  };
  EXPECT_FALSE(told());
  w.turn();
  EXPECT_TRUE(told());
  auto const minutes = w.database.read([&](db::Tx& tx) { return w.decisions.minutes(tx, w.auditor, w.round); });
  ASSERT_TRUE(minutes) << db::why(minutes);
  EXPECT_NE(minutes->html.find(seed), std::string::npos);
}

TEST_P(DecisionsDb, WhoseHoursAreGoneIsStuckAndTriedAgain) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const b = w.sent(4500);
  auto const decision = w.decided({a, b});
  ASSERT_TRUE(w.publish(decision.version));
  auto const offer = w.call.offers[0].id;
  auto const capacity = [&](std::int64_t units) {
    return w.write([&](db::Tx& tx) { return w.calls.set_capacity(tx, w.officer, offer, units); });
  };
  // The offers of the first round are those of the call as it was published.
  ASSERT_TRUE(capacity(30));
  w.turn();
  EXPECT_EQ(w.state(a), ProposalState::awarded);
  EXPECT_EQ(w.state(b), ProposalState::evaluating);
  EXPECT_EQ(w.publish(decision.version)->stuck, 0) << "tried again";
  w.turn();
  auto const stuck = w.database.read([&](db::Tx& tx) { return w.decisions.publication(tx, w.officer, w.round); });
  EXPECT_EQ(stuck->stuck, 1);
  EXPECT_EQ(stuck->state, DecisionState::publishing);
  ASSERT_TRUE(capacity(40));
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  EXPECT_EQ(w.state(b), ProposalState::awarded);
  EXPECT_EQ(w.rounds_of_call().front().state, calls::RoundState::published);
  w.expect_balanced();
}

TEST_P(DecisionsDb, WhoWithdrawsWhileTheLettersGoOutIsSkippedAndTheReserveGainsTheHours) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const b = w.sent(4500);
  auto const c = w.sent(4000);
  auto const decision = w.decided({a, b, c});
  ASSERT_TRUE(w.publish(decision.version));
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.calls.withdraw(tx, w.member, b); }));
  w.turn();
  EXPECT_EQ(w.state(b), ProposalState::withdrawn);
  EXPECT_EQ(w.state(c), ProposalState::awarded);
  auto const told = w.database.read([&](db::Tx& tx) { return w.decisions.publication(tx, w.officer, w.round); });
  EXPECT_EQ(told->skipped, 1);
  w.expect_balanced();
}

TEST_P(DecisionsDb, EachUseCaseIsForWhoseItIs) {
  auto& w = make();
  auto const a = w.sent(5000);
  auto const decision = w.decided({a});
  using F = std::function<Result<>(db::Tx&, Actor const&)>;
  auto const drop = [](auto&& result) -> Result<> {
    if (!result) return std::unexpected(result.error());
    return {};
  };
  struct Case {
    char const* name;
    F act;
    bool readers;  // the auditor and the operators too
  };
  auto& d = w.decisions;
  std::vector<Case> const cases{
      {"commit", [&](db::Tx& tx, Actor const& who) { return drop(d.commit_lottery(tx, who, w.round)); }, false},
      {"rank", [&](db::Tx& tx, Actor const& who) { return drop(d.rank(tx, who, w.round, {})); }, false},
      {"award", [&](db::Tx& tx, Actor const& who) { return drop(d.award(tx, who, w.round, {})); }, false},
      {"change",
       [&](db::Tx& tx, Actor const& who) { return drop(d.change(tx, who, a, {ChangeKind::exclude, "x", {}, {}})); },
       false},
      {"publish",
       [&](db::Tx& tx, Actor const& who) { return drop(d.publish(tx, who, w.round, {decision.version, {}})); }, false},
      {"serve", [&](db::Tx& tx, Actor const& who) { return drop(d.serve_reserve(tx, who, w.round)); }, false},
      {"close", [&](db::Tx& tx, Actor const& who) { return drop(d.close_reserve(tx, who, w.round, {"x"})); }, false},
      {"end", [&](db::Tx& tx, Actor const& who) { return drop(d.end_offer(tx, who, a, {"x"})); }, false},
      {"reopen", [&](db::Tx& tx, Actor const& who) { return d.reopen(tx, who, a, {"x", {}}); }, false},
      {"decide", [&](db::Tx& tx, Actor const& who) { return drop(d.decide_late(tx, who, a)); }, false},
      {"ranking", [&](db::Tx& tx, Actor const& who) { return drop(d.ranking(tx, who, w.round)); }, true},
      {"decision", [&](db::Tx& tx, Actor const& who) { return drop(d.decision(tx, who, w.round)); }, true},
      {"what-if", [&](db::Tx& tx, Actor const& who) { return drop(d.what_if(tx, who, w.round, {})); }, true},
      {"publication", [&](db::Tx& tx, Actor const& who) { return drop(d.publication(tx, who, w.round)); }, true},
      {"recount", [&](db::Tx& tx, Actor const& who) { return drop(w.record.recount(tx, who, w.call.id)); }, true},
      {"recount of all", [&](db::Tx& tx, Actor const& who) { return drop(w.record.recount(tx, who)); }, true},
      {"overdue", [&](db::Tx& tx, Actor const& who) { return drop(w.record.overdue(tx, who)); }, true},
  };
  auto const refused = [&](F const& act, Actor const& who) {
    auto const done = w.database.read([&](db::Tx& tx) { return act(tx, who); });
    return !done && (done.error().code == Errc::forbidden || done.error().code == Errc::unauthenticated);
  };
  for (auto const& one : cases) {
    EXPECT_TRUE(refused(one.act, {})) << one.name;
    EXPECT_TRUE(refused(one.act, w.member)) << one.name;
    EXPECT_TRUE(refused(one.act, w.other_member)) << one.name;
    EXPECT_EQ(refused(one.act, w.auditor), !one.readers) << one.name;
    EXPECT_EQ(refused(one.act, w.operator_), !one.readers) << one.name;
  }
  F const respond = [&](db::Tx& tx, Actor const& who) { return d.respond(tx, who, a, {Reply::accept, ""}); };
  F const appeal = [&](db::Tx& tx, Actor const& who) { return drop(d.appeal(tx, who, a, {"x"})); };
  F const letters = [&](db::Tx& tx, Actor const& who) { return drop(d.letters(tx, who, a)); };
  for (auto const& act : {respond, appeal, letters}) {
    EXPECT_TRUE(refused(act, {}));
    EXPECT_TRUE(refused(act, w.other_member)) << "another project's";
    EXPECT_FALSE(refused(act, w.member));
  }
  EXPECT_TRUE(refused(respond, w.officer)) << "the applicant answers, nobody for him";
}

TEST_P(DecisionsDb, TwoOfficersAtOncePublishOneDecision) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const first = w.decided({a});
  auto const second = w.award();  // another officer made another version meanwhile
  ASSERT_TRUE(second) << db::why(second);
  auto const by = [&](Actor const& who, std::int64_t version) {
    return w.write([&](db::Tx& tx) { return w.decisions.publish(tx, who, w.round, {version, {}}); });
  };
  EXPECT_EQ(by(w.officer, first.version).error().reason, "decision_changed");
  ASSERT_TRUE(by(w.second_officer, second->version));
  auto const joined = by(w.officer, second->version);
  ASSERT_TRUE(joined) << db::why(joined);
  w.turn();
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "round.publishing"), 1);
  EXPECT_EQ(w.count(w.project.text(), "proposal.decided"), 1);
}

// Two processes on one database: each with services and chance of its own.
TEST_P(DecisionsDb, TwoOfficersInTheSameMomentTellEverybodyOnce) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const b = w.sent(4500, true);
  auto const version = w.decided({a, b}).version;
  SeededRandom random{99};
  journal::Journal journal{w.clock, random};
  identity::Identity identity{w.clock, random, journal};
  projects::Projects projects{w.clock, random, journal, identity};
  budget::Budget budget{w.clock, random};
  calls::Calls calls{w.clock, random, journal, identity, projects, budget, w.facts};
  calls::Outcomes outcomes{w.clock, budget, calls};
  Decisions other{w.clock, random, journal, identity, projects, outcomes, w.scores, {}};
  auto const publish = [&](Decisions& decisions, Actor const& officer) {
    (void)w.database.write([&](db::Tx& tx) { return decisions.publish(tx, officer, w.round, {version, {}}); });
    for (bool more = true; more;) {
      auto const turned = w.database.write([&](db::Tx& tx) { return decisions.turn(tx); });
      more = turned && *turned;
    }
  };
  std::thread second{[&] { publish(other, w.second_officer); }};
  publish(w.decisions, w.officer);
  second.join();
  w.turn();  // what a refused transaction of the two left to do
  EXPECT_EQ(w.rounds_of_call().front().state, calls::RoundState::published);
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "round.publishing"), 1);
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "round.published"), 1);
  EXPECT_EQ(w.count(w.project.text(), "award.decided"), 1);
  EXPECT_EQ(w.count(w.other_project.text(), "award.decided"), 1);
  EXPECT_EQ(w.left(kPartition), 10);
  w.expect_balanced();
}

// Every step of an award fails once; afterwards there is a decision with its statement, or neither.
TEST_P(DecisionsDb, IsAwardedWhollyOrNotAtAllWhicheverStepFails) {
  std::unique_ptr<World> at;
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    auto const a = at->sent(5000);
    at->pass_cut_off();
    at->evaluate(a);
    EXPECT_TRUE(at->rank());
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) { return at->decisions.award(tx, at->officer, at->round, {}); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    auto const made = at->database.read([&](db::Tx& tx) { return at->decisions.decision(tx, at->officer, at->round); });
    EXPECT_TRUE(made || !succeeded);
    EXPECT_EQ(at->count(std::string{journal::kFactoryChain}, "decision.drafted"), made ? 1 : 0);
    EXPECT_EQ(at->rounds_of_call().front().state, made ? calls::RoundState::decided : calls::RoundState::evaluating);
    at->expect_balanced();
  });
  EXPECT_GT(faults, 10);
}

// Every step of a whole publication fails once. Whatever happened, going on tells each proposal exactly once.
TEST_P(DecisionsDb, IsPublishedExactlyOnceWhicheverStepFails) {
  std::unique_ptr<World> at;
  PublicId a;
  std::int64_t version = 0;
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database, Options{.response = false, .capacity_units = 30});
    a = at->sent(5000);
    version = at->decided({a}).version;
    return database;
  };
  auto const run = [&](db::Database& database) -> Result<> {
    FABRICA_DO(
        database.write([&](db::Tx& tx) { return at->decisions.publish(tx, at->officer, at->round, {version, {}}); }));
    for (bool more = true; more;) {
      FABRICA_TRY(more, database.write([&](db::Tx& tx) { return at->decisions.turn(tx); }));
    }
    return {};
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool) {
    at->expect_balanced();
    bool const awarded = at->state(a) == ProposalState::awarded;
    EXPECT_EQ(at->left(kPartition), awarded ? 10 : 30);
    EXPECT_EQ(at->count(at->project.text(), "award.decided"), awarded ? 1 : 0);
    EXPECT_EQ(at->count(at->project.text(), "proposal.decided"), awarded ? 1 : 0);
    ASSERT_TRUE(run(at->database));
    EXPECT_EQ(at->state(a), ProposalState::awarded);
    EXPECT_EQ(at->count(at->project.text(), "proposal.decided"), 1);
    EXPECT_EQ(at->count(std::string{journal::kFactoryChain}, "round.published"), 1);
    EXPECT_EQ(at->left(kPartition), 10);
    at->expect_balanced();
  });
  EXPECT_GT(faults, 60);
}

}  // namespace
}  // namespace fabrica::decisions
