#include "decisions/testing/world.hpp"

namespace fabrica::decisions {
namespace {

using calls::ProposalState;
using testing::Options;
using testing::World;

// What was true at the submission need not be true when a decision is told.
class EligibilityDecisionsDb : public db::DbTest {
 protected:
  World& make(Options const& with) {
    world_ = std::make_unique<World>(db(), with);
    return *world_;
  }
  void TearDown() override {
    world_->expect_balanced();
    world_.reset();
    DbTest::TearDown();
  }
  PublicId forget_country(std::string key) {
    facts::OwnRowDraft draft{"countries", std::move(key), {}, {}, {}, "the test", facts::Confidence::official, true};
    auto const row = world_->write([&](db::Tx& tx) { return world_->facts.add(tx, draft, "somebody"); });
    EXPECT_TRUE(row) << db::why(row);
    return *row->public_id;
  }
  void remember(PublicId const& row) {
    ASSERT_TRUE(world_->write([&](db::Tx& tx) { return world_->facts.retract(tx, row, "somebody"); }));
  }
  Publication publication() {
    auto& w = *world_;
    return *db().read([&](db::Tx& tx) { return w.decisions.publication(tx, w.officer, w.round); });
  }
  std::unique_ptr<World> world_;
};
FABRICA_ON_BOTH(EligibilityDecisionsDb);

TEST_P(EligibilityDecisionsDb, AnAwardToWhoIsNotEligibleAnyMoreIsStuckWithTheRuleUntilAnOfficerLetsItPass) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000, true);
  auto const b = w.sent(4500);
  auto const decision = w.decided({a, b});
  forget_country("LV");
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  EXPECT_EQ(w.state(a), ProposalState::awarded);
  EXPECT_EQ(w.state(b), ProposalState::evaluating);
  EXPECT_EQ(publication().stuck, 1);
  auto const told = db().read([&](db::Tx& tx) { return w.decisions.decision(tx, w.officer, w.round); });
  ASSERT_TRUE(told) << db::why(told);
  auto const item = std::ranges::find(told->proposals, b, &ProposalDecision::proposal);
  EXPECT_NE(item->note.find("country"), std::string::npos) << item->note;
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  EXPECT_EQ(publication().stuck, 1) << "trying again changes nothing";
  ASSERT_TRUE(w.write([&](db::Tx& tx) {
    return w.calls.override_check(tx, w.officer, b, {"country", "Latvia is a member; the row is being mended."});
  }));
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  EXPECT_EQ(w.state(b), ProposalState::awarded);
  EXPECT_EQ(publication().stuck, 0);
  EXPECT_EQ(w.rounds_of_call().front().state, calls::RoundState::published);
}

TEST_P(EligibilityDecisionsDb, WhoStaysIneligibleIsRejectedByAnOfficersReasonAndTheRoundGoesOn) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000, true);
  auto const b = w.sent(4500);
  auto const decision = w.decided({a, b});
  forget_country("LV");
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  ASSERT_EQ(publication().stuck, 1);
  ASSERT_TRUE(w.publish(decision.version, "The firm has moved away."));
  w.turn();
  EXPECT_EQ(w.state(b), ProposalState::rejected);
  EXPECT_NE(w.look(b).decision_reason.find("The firm has moved away."), std::string::npos);
  EXPECT_EQ(w.rounds_of_call().front().state, calls::RoundState::published);
  EXPECT_EQ(w.count("factory", "decision.ineligible"), 1);
}

TEST_P(EligibilityDecisionsDb, AnOfferIsNotAcceptedByWhoMayNotHaveTheHoursAndNothingIsLost) {
  auto& w = make({});
  auto const a = w.sent(5000);
  w.published({a});
  ASSERT_EQ(w.state(a), ProposalState::offered);
  auto const row = forget_country("LV");
  auto const accept = [&] {
    return w.write([&](db::Tx& tx) { return w.decisions.respond(tx, w.member, a, {Reply::accept, ""}); });
  };
  auto const refused = accept();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "eligibility");
  EXPECT_NE(refused.error().what.find("country"), std::string::npos);
  EXPECT_EQ(w.state(a), ProposalState::offered);
  remember(row);
  ASSERT_TRUE(accept());
  EXPECT_EQ(w.state(a), ProposalState::awarded);
}

TEST_P(EligibilityDecisionsDb, TheReserveGoesOnToTheNextWhoMayHaveTheHours) {
  auto& w = make({.capacity_units = 20});
  auto const a = w.sent(5000, true);
  auto const b = w.sent(4500);
  auto const c = w.sent(4000, true);
  w.published({a, b, c});
  ASSERT_EQ(w.state(a), ProposalState::offered);
  ASSERT_EQ(w.state(b), ProposalState::reserve);
  ASSERT_EQ(w.state(c), ProposalState::reserve);
  forget_country("LV");
  auto const declined = w.write(
      [&](db::Tx& tx) { return w.decisions.respond(tx, w.other_member, a, {Reply::decline, "We have other hours."}); });
  ASSERT_TRUE(declined) << db::why(declined);
  EXPECT_EQ(w.state(b), ProposalState::reserve);
  EXPECT_EQ(w.state(c), ProposalState::offered);
}

}  // namespace
}  // namespace fabrica::decisions
