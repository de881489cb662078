// After the letters: answers, the reserve, reopening, appeals, the register and its figures.
#include "decisions/rules.hpp"
#include "decisions/testing/world.hpp"

namespace fabrica::decisions {
namespace {

using namespace testing;

class AnswersDb : public testing::WorldDb {};
FABRICA_ON_BOTH(AnswersDb);

Result<> respond(World& w, PublicId const& proposal, Reply reply, std::string reason = "") {
  return w.write([&](db::Tx& tx) { return w.decisions.respond(tx, w.member, proposal, {reply, reason}); });
}

TEST_P(AnswersDb, AnOfferHoldsItsHoursUntilTheApplicantAccepts) {
  auto& w = make();
  auto const a = w.sent(5000);
  w.published({a});
  EXPECT_EQ(w.state(a), ProposalState::offered);
  EXPECT_EQ(w.left(kPartition), 30);
  EXPECT_FALSE(w.look(a).award);
  ASSERT_TRUE(respond(w, a, Reply::accept));
  EXPECT_EQ(w.state(a), ProposalState::awarded);
  EXPECT_EQ(w.left(kPartition), 30) << "held before, awarded now";
  ASSERT_TRUE(w.look(a).award);
  auto const awards = w.database.read([&](db::Tx& tx) { return w.calls.awards(tx, w.member, w.project); });
  EXPECT_EQ(awards->at(0).balance_micro, 20 * budget::kMicroUnits);
  EXPECT_EQ(respond(w, a, Reply::accept).error().reason, "proposal_state");
  EXPECT_EQ(w.count(w.project.text(), "proposal.answered"), 1);
  w.expect_balanced();
}

TEST_P(AnswersDb, ADeclineGivesTheHoursToTheReserveByTheSameRule) {
  auto& w = make();
  auto const a = w.sent(5000);
  auto const b = w.sent(4500);
  auto const c = w.sent(4000, true);
  auto const d = w.sent(3500, true);
  w.published({a, b, c, d});
  EXPECT_EQ(w.state(c), ProposalState::reserve);
  EXPECT_EQ(respond(w, a, Reply::decline).error().reason, "reason");
  ASSERT_TRUE(respond(w, a, Reply::decline, "We found another machine."));
  EXPECT_EQ(w.state(a), ProposalState::declined);
  EXPECT_EQ(w.state(c), ProposalState::offered);
  EXPECT_EQ(w.state(d), ProposalState::reserve) << "the better rank first";
  EXPECT_EQ(w.left(kPartition), 10);
  auto const letters = w.database.read([&](db::Tx& tx) { return w.decisions.letters(tx, w.other_member, c); });
  ASSERT_EQ(letters->size(), 2u);
  EXPECT_EQ(letters->at(1).outcome, OutcomeKind::awarded);
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "round.reserve_served"), 1);
  auto const closed = w.write([&](db::Tx& tx) { return w.decisions.close_reserve(tx, w.officer, w.round, {"Full."}); });
  ASSERT_TRUE(closed) << db::why(closed);
  EXPECT_EQ(w.state(d), ProposalState::rejected);
  w.expect_balanced();
}

TEST_P(AnswersDb, MoreCapacityServesTheReserve) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const b = w.sent(4500);
  auto const c = w.sent(4000);
  w.published({a, b, c});
  auto const serve = [&] {
    return w.write([&](db::Tx& tx) { return w.decisions.serve_reserve(tx, w.officer, w.round); });
  };
  ASSERT_TRUE(serve());
  EXPECT_EQ(w.state(c), ProposalState::reserve) << "nothing came free";
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.calls.set_capacity(tx, w.officer, w.call.offers[0].id, 60); }));
  auto const served = serve();
  ASSERT_TRUE(served) << db::why(served);
  ASSERT_EQ(served->size(), 1u);
  EXPECT_EQ(w.state(c), ProposalState::awarded);
}

TEST_P(AnswersDb, TimeEndsNoOfferButAnOfficerMayOnceItIsOver) {
  auto& w = make();
  auto const a = w.sent(5000);
  w.published({a});
  auto const end = [&] {
    return w.write(
        [&](db::Tx& tx) { return w.decisions.end_offer(tx, w.officer, a, {"No answer to two reminders."}); });
  };
  EXPECT_EQ(end().error().reason, "not_overdue");
  w.clock.advance(400 * kDay);
  w.turn_rounds();
  w.turn();
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.budget.expire_holds(tx); }));
  EXPECT_EQ(w.state(a), ProposalState::offered);
  EXPECT_EQ(w.left(kPartition), 30) << "still held";
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "step.overdue"), 1) << "it alarms";
  auto const ended = end();
  ASSERT_TRUE(ended) << db::why(ended);
  EXPECT_EQ(w.state(a), ProposalState::declined);
  EXPECT_EQ(w.left(kPartition), 50);
  w.expect_balanced();
}

TEST_P(AnswersDb, ALateAnswerStillCountsWhileTheOfferStands) {
  auto& w = make();
  auto const a = w.sent(5000);
  w.published({a});
  w.clock.advance(30 * kDay);
  ASSERT_TRUE(respond(w, a, Reply::accept));
  EXPECT_EQ(w.state(a), ProposalState::awarded);
}

TEST_P(AnswersDb, WhatWasLeftOutIsDecidedLateAndRankedAmongTheOthers) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const b = w.sent(4000);
  auto const late = w.sent(4500, true);
  w.pass_cut_off();
  w.evaluate(a);
  w.evaluate(b);
  ASSERT_TRUE(w.rank());
  auto const decision = w.award();
  ASSERT_TRUE(w.publish(decision->version, "The third is with a reviewer who fell ill."));
  w.turn();
  auto const decide = [&] { return w.write([&](db::Tx& tx) { return w.decisions.decide_late(tx, w.officer, late); }); };
  EXPECT_EQ(decide().error().reason, "undecided");
  w.evaluate(late);
  auto const told = decide();
  ASSERT_TRUE(told) << db::why(told);
  EXPECT_EQ(told->rank, 2);
  EXPECT_EQ(told->outcome, OutcomeKind::reserve) << "10 hours are left";
  EXPECT_EQ(w.state(late), ProposalState::reserve);
  EXPECT_EQ(w.state(b), ProposalState::awarded) << "nobody loses what was awarded";
  EXPECT_EQ(decide().error().reason, "proposal_state");
  EXPECT_EQ(w.count(w.other_project.text(), "proposal.decided"), 1);
}

TEST_P(AnswersDb, AnUpheldAppealReopensAndADismissedOneDoesNot) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const b = w.sent(4000);
  w.pass_cut_off();
  w.evaluate(a);
  w.decide(b, StepKind::administrative, false);
  ASSERT_TRUE(w.rank());
  auto const decision = w.award();
  ASSERT_TRUE(w.publish(decision->version));
  w.turn();
  auto const appeal = [&](PublicId const& of) {
    return w.write([&](db::Tx& tx) { return w.decisions.appeal(tx, w.member, of, {"The CV was on page 3."}); });
  };
  auto const rule = [&](PublicId const& id, bool uphold) {
    return w.write(
        [&](db::Tx& tx) { return w.decisions.rule_on(tx, w.officer, id, {uphold, "It is on page 3.", {}}); });
  };
  EXPECT_EQ(appeal(a).error().reason, "proposal_state") << "not rejected";
  auto const filed = appeal(b);
  ASSERT_TRUE(filed) << db::why(filed);
  EXPECT_EQ(appeal(b).error().reason, "appeal_exists");
  auto const ruled = rule(filed->id, true);
  ASSERT_TRUE(ruled) << db::why(ruled);
  EXPECT_EQ(ruled->state, AppealState::upheld);
  EXPECT_EQ(rule(filed->id, false).error().reason, "appeal_state");
  EXPECT_EQ(w.state(b), ProposalState::evaluating);
  w.evaluate(b);
  auto const told = w.write([&](db::Tx& tx) { return w.decisions.decide_late(tx, w.officer, b); });
  ASSERT_TRUE(told) << db::why(told);
  EXPECT_EQ(told->outcome, OutcomeKind::awarded);
  EXPECT_EQ(w.state(b), ProposalState::awarded);
  EXPECT_EQ(w.count(w.project.text(), "proposal.reopened"), 1);
  w.expect_balanced();
}

TEST_P(AnswersDb, AnAppealHasItsDaysAndADismissalLeavesTheRejection) {
  auto& w = make({.response = false});
  auto const low = w.sent(2500);
  auto const low_too = w.sent(2500);
  w.published({low, low_too});
  auto const appeal = [&](PublicId const& of) {
    return w.write([&](db::Tx& tx) { return w.decisions.appeal(tx, w.member, of, {"We disagree."}); });
  };
  w.clock.advance(30 * kDay - 1);
  auto const filed = appeal(low);
  ASSERT_TRUE(filed) << db::why(filed);
  w.clock.advance(1);
  EXPECT_EQ(appeal(low_too).error().reason, "appeal_late");
  ASSERT_TRUE(w.write(
      [&](db::Tx& tx) { return w.decisions.rule_on(tx, w.officer, filed->id, {false, "The score stands.", {}}); }));
  EXPECT_EQ(w.state(low), ProposalState::rejected);
  auto const reopen = [&](ReopenRequest const& request) {
    return w.write([&](db::Tx& tx) { return w.decisions.reopen(tx, w.officer, low, request); });
  };
  EXPECT_EQ(reopen({"A new review.", StepKind::panel}).error().reason, "step");
  ASSERT_TRUE(reopen({"A new review.", StepKind::expert}));
  EXPECT_EQ(w.state(low), ProposalState::evaluating);
  w.scores.milli[low.text()] = 4000;
  w.decide(low, StepKind::expert);
  auto const told = w.write([&](db::Tx& tx) { return w.decisions.decide_late(tx, w.officer, low); });
  ASSERT_TRUE(told) << db::why(told);
  EXPECT_EQ(told->outcome, OutcomeKind::awarded);
}

TEST_P(AnswersDb, TheRegisterAndIndicatorsAreCountedFromRecordsAndEqualTheJournal) {
  auto& w = make({.response = false});
  auto confidential = w.proposal_draft();
  confidential.confidential = true;
  auto const a = w.sent(5000);
  auto const b = w.sent(4500, confidential, true);
  auto const c = w.sent(4000);
  auto const read = [&] { return w.database.read([&](db::Tx& tx) { return w.record.register_of(tx, w.call.id); }); };
  auto const decision = w.decided({a, b, c});
  EXPECT_TRUE(read()->empty()) << "nothing before the round is published";
  w.clock.advance(3 * kDay);
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  auto const entries = read();
  ASSERT_TRUE(entries) << db::why(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->at(0).organisation, "=Firm");
  EXPECT_EQ(entries->at(0).country, "LV");
  EXPECT_FALSE(entries->at(1).organisation) << "confidential";
  EXPECT_NE(csv(*entries).find("\"'=Firm\""), std::string::npos) << csv(*entries);

  auto const figures = w.database.read([&](db::Tx& tx) { return w.record.indicators(tx, w.call.id); });
  ASSERT_TRUE(figures) << db::why(figures);
  EXPECT_EQ(figures->applications, 3);
  EXPECT_EQ(figures->awards, 2);
  EXPECT_EQ(figures->success_millionths, 666'666);
  ASSERT_EQ(figures->hours.size(), 2u);
  EXPECT_EQ(figures->hours[0].offered_units, 50);
  EXPECT_EQ(figures->hours[0].awarded_units, 40);
  ASSERT_EQ(figures->by_country.size(), 2u);
  EXPECT_EQ(figures->by_country[0].name, "LV");
  EXPECT_EQ(figures->by_country[0].applications, 2);
  ASSERT_EQ(figures->rounds.size(), 1u);
  EXPECT_EQ(figures->rounds[0].median_millidays, 3000);
  EXPECT_EQ(figures->rounds[0].late, 0);
  auto const recount = [&] {
    return w.database.read([&](db::Tx& tx) { return w.record.recount(tx, w.auditor, w.call.id); });
  };
  auto const agreed = recount();
  ASSERT_TRUE(agreed) << db::why(agreed);
  EXPECT_TRUE(agreed->differences.empty()) << agreed->differences.front();
  EXPECT_EQ(agreed->applications, 3);
  EXPECT_EQ(agreed->awards, 2);

  ASSERT_TRUE(w.write([&](db::Tx& tx) {
    return tx.run(db::Query{"test_tamper", "UPDATE proposal_decisions SET state = 'skipped' WHERE proposal = $1"}, c);
  }));
  auto const tampered = recount();
  ASSERT_TRUE(tampered);
  ASSERT_EQ(tampered->differences.size(), 1u);
  EXPECT_NE(tampered->differences[0].find("applications: 2 by the records, 3 by the statements"), std::string::npos)
      << tampered->differences[0];
}

// Every step of a decline with its consequences fails once.
TEST_P(AnswersDb, ADeclineHappensWhollyOrNotAtAllWhicheverStepFails) {
  std::unique_ptr<World> at;
  PublicId a, b;
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database, Options{.capacity_units = 30});
    a = at->sent(5000);
    b = at->sent(4000, true);
    at->published({a, b});
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write(
        [&](db::Tx& tx) { return at->decisions.respond(tx, at->member, a, {Reply::decline, "Not needed."}); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    bool const declined = at->state(a) == ProposalState::declined;
    EXPECT_TRUE(declined || !succeeded);
    EXPECT_EQ(at->state(b), declined ? ProposalState::offered : ProposalState::reserve);
    EXPECT_EQ(at->left(kPartition), 10);
    EXPECT_EQ(at->count(at->project.text(), "proposal.answered"), declined ? 1 : 0);
    at->expect_balanced();
  });
  EXPECT_GT(faults, 30);
}

}  // namespace
}  // namespace fabrica::decisions
