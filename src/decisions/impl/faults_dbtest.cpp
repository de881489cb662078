// Every step of a use case fails once; afterwards it is wholly done or not at all, and trying again completes it.
#include "decisions/testing/world.hpp"

namespace fabrica::decisions {
namespace {

using calls::ProposalState;
using testing::kPartition;
using testing::Options;
using testing::World;

class DecisionFaults : public db::DbTest {
 protected:
  std::unique_ptr<World> at;
  PublicId a;
};
FABRICA_ON_BOTH(DecisionFaults);

TEST_P(DecisionFaults, ARankingIsMadeWhollyOrNotAtAll) {
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    a = at->sent(5000);
    auto const b = at->sent(4500, true);
    at->pass_cut_off();
    for (auto const& one : {a, b}) at->evaluate(one);
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) { return at->decisions.rank(tx, at->officer, at->round, {}); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    auto const made = at->database.read([&](db::Tx& tx) { return at->decisions.ranking(tx, at->officer, at->round); });
    EXPECT_TRUE(made || !succeeded);
    EXPECT_EQ(at->count(std::string{journal::kFactoryChain}, "ranking.made"), made ? 1 : 0);
    auto const again = run(at->database);
    ASSERT_TRUE(again) << db::why(again);
    EXPECT_EQ(again->version, made ? 2 : 1);
    EXPECT_EQ(again->lines.size(), 2u);
    at->expect_balanced();
  });
  EXPECT_GT(faults, 15);
}

TEST_P(DecisionFaults, AnAppealUpheldReopensItsProposalWhollyOrNotAtAll) {
  PublicId appeal;
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database, Options{.response = false});
    a = at->sent(1000);
    at->published({a});
    auto const filed = at->write(
        [&](db::Tx& tx) { return at->decisions.appeal(tx, at->member, a, {"The score is a typing error."}); });
    EXPECT_TRUE(filed) << db::why(filed);
    appeal = filed->id;
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) {
      return at->decisions.rule_on(tx, at->officer, appeal, {true, "It is.", calls::StepKind::expert});
    });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    bool const open = at->state(a) == ProposalState::evaluating;
    EXPECT_TRUE(open || !succeeded);
    EXPECT_EQ(at->count(at->project.text(), "appeal.ruled"), open ? 1 : 0);
    EXPECT_EQ(at->count(at->project.text(), "proposal.reopened"), open ? 1 : 0);
    auto const again = run(at->database);
    if (open) EXPECT_EQ(again.error().reason, "appeal_state");
    else EXPECT_TRUE(again) << db::why(again);
    EXPECT_EQ(at->state(a), ProposalState::evaluating);
    at->expect_balanced();
  });
  EXPECT_GT(faults, 10);
}

TEST_P(DecisionFaults, AnOverdueAnswerIsSaidOnceWhicheverStepFails) {
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    at->sent(5000);
    at->sent(4000, true);
    at->pass_cut_off();
    at->clock.set(at->rounds_of_call().front().answer_due->us);
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) { return at->record.raise_alarms(tx); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool) {
    auto const said = at->count(std::string{journal::kFactoryChain}, "answer.overdue");
    EXPECT_TRUE(said == 0 || said == 2) << said;
    ASSERT_TRUE(run(at->database));
    EXPECT_EQ(at->count(std::string{journal::kFactoryChain}, "answer.overdue"), 2);
  });
  EXPECT_GT(faults, 5);
}

}  // namespace
}  // namespace fabrica::decisions
