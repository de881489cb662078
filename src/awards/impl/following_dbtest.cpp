#include "awards/testing/world.hpp"
#include "identity/membership.hpp"

namespace fabrica::awards {
namespace {

using testing::kPartition;
using testing::kStart;
using testing::kUnit;
using testing::World;

class FollowingDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  std::unique_ptr<World> world;
};
FABRICA_ON_BOTH(FollowingDb);

TEST_P(FollowingDb, AnAwardWaitsForAccessAndIsTakenUpOnce) {
  auto& w = *world;
  auto const award = w.award(20);
  EXPECT_EQ(w.look(award).clock, ClockState::waiting) << "also before anybody took it up";
  EXPECT_GT(w.turn(), 0);
  auto const life = w.look(award);
  EXPECT_EQ(life.clock, ClockState::waiting);
  EXPECT_EQ(life.clock_due.us, kStart + 30 * kDay);
  ASSERT_EQ(life.periods.size(), 1u);
  EXPECT_EQ(life.periods[0].balance_micro, 20 * kUnit);
  EXPECT_EQ(life.standing.level, Level::none);
  EXPECT_EQ(w.turn(), 0);
  EXPECT_EQ(w.count("award.opened"), 1);
  w.expect_sound({award});
}

TEST_P(FollowingDb, TheTimeBeginsWhenAMemberSaysThatAccessWorks) {
  auto& w = *world;
  auto const award = w.award(20);
  w.pass(10 * kDay);
  EXPECT_EQ(w.look(award).clock, ClockState::waiting);
  auto const by_stranger = w.write([&](db::Tx& tx) { return w.awards.confirm_access(tx, w.stranger, award); });
  ASSERT_FALSE(by_stranger);
  EXPECT_EQ(by_stranger.error().code, Errc::forbidden);
  auto const begun = w.write([&](db::Tx& tx) { return w.awards.confirm_access(tx, w.member, award); });
  ASSERT_TRUE(begun) << db::why(begun);
  EXPECT_EQ(begun->clock, ClockState::running);
  EXPECT_EQ(begun->clock_cause, "member");
  EXPECT_EQ(begun->starts.us, kStart + 10 * kDay);
  EXPECT_EQ(begun->ends.us, kStart + 100 * kDay) << "the end moves with it";
  EXPECT_EQ(format_date(begun->ends.us), "2027-02-03");
  EXPECT_EQ(format_date(begun->report_due->us), "2027-05-03") << "three months of the calendar";
  auto const again = w.write([&](db::Tx& tx) { return w.awards.confirm_access(tx, w.operator_, award); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, "clock_running");
  EXPECT_EQ(w.count("award.clock_started"), 1);
  w.expect_sound({award});
}

TEST_P(FollowingDb, TheOperatorMayConfirmToo) {
  auto& w = *world;
  auto const award = w.award(20);
  auto const begun = w.write([&](db::Tx& tx) { return w.awards.confirm_access(tx, w.operator_, award); });
  ASSERT_TRUE(begun) << db::why(begun);
  EXPECT_EQ(begun->clock_cause, "operator");
}

TEST_P(FollowingDb, AJobThatRanShowsThatAccessWorks) {
  auto& w = *world;
  auto const award = w.award(20);
  w.pass(3 * kDay);
  w.use(kUnit);
  w.pass(kHour);
  auto const life = w.look(award);
  EXPECT_EQ(life.clock_cause, "job");
  EXPECT_EQ(life.starts.us, kStart + 3 * kDay) << "when the job began, not when it was seen";
  EXPECT_EQ(life.ends.us, kStart + 93 * kDay);
  w.expect_sound({award});
}

TEST_P(FollowingDb, WhoNeverConfirmsBeginsOnTheLastDay) {
  auto& w = *world;
  auto const award = w.award(20);
  w.pass(30 * kDay - 1);
  EXPECT_EQ(w.look(award).clock, ClockState::waiting);
  w.pass(1);
  auto const life = w.look(award);
  EXPECT_EQ(life.clock_cause, "time");
  EXPECT_EQ(life.starts.us, kStart + 30 * kDay);
  EXPECT_EQ(life.ends.us, kStart + 120 * kDay);
  EXPECT_EQ(w.count("award.warned"), 0) << "nothing is idle before it began";
}

// A server that was away finds the last day long past: the time began then, not when it came back.
TEST_P(FollowingDb, TheLastDayCountsAlsoForAServerThatWasAway) {
  auto& w = *world;
  auto const award = w.award(20);
  w.turn();
  w.pass(50 * kDay);
  EXPECT_EQ(w.look(award).starts.us, kStart + 30 * kDay);
}

TEST_P(FollowingDb, AShortAwardWaitsHalfItsTimeAtMost) {
  auto& w = *world;
  auto const award = w.award(20, 10);
  w.turn();
  EXPECT_EQ(w.look(award).clock_due.us, kStart + 5 * kDay);
}

TEST_P(FollowingDb, AnUnusedAwardIsWarnedOnceALevelAndClearedWhenItIsUsed) {
  auto& w = *world;
  auto const award = w.running(20);
  w.pass(22 * kDay);
  EXPECT_EQ(w.look(award).standing.level, Level::none) << "nobody is behind in the first quarter";
  w.pass(2 * kDay);
  EXPECT_EQ(w.look(award).standing.level, Level::behind);
  EXPECT_EQ(w.count("award.warned"), 1);
  w.pass(10 * kDay);
  EXPECT_EQ(w.look(award).standing.level, Level::idle);
  EXPECT_EQ(w.count("award.warned"), 2) << "one a level";
  auto const seen = w.read([&](db::Tx& tx) { return w.awards.watched(tx, w.officer, {}, 50); });
  ASSERT_TRUE(seen) << db::why(seen);
  ASSERT_EQ(seen->size(), 1u);
  EXPECT_EQ((*seen)[0].standing.level, Level::idle);
  EXPECT_NE((*seen)[0].standing.forecast.find("20 node-hours would be left"), std::string::npos)
      << (*seen)[0].standing.forecast;
  w.use(10 * kUnit);
  w.pass(kHour);
  EXPECT_EQ(w.look(award).standing.level, Level::none);
  EXPECT_EQ(w.count("award.warning_cleared"), 2);
  EXPECT_TRUE(w.read([&](db::Tx& tx) { return w.awards.watched(tx, w.officer, {}, 50); })->empty());
  w.pass(40 * kDay);
  EXPECT_EQ(w.count("award.warned"), 2) << "and never again";
}

TEST_P(FollowingDb, WhoHasNoPartInAProjectSeesNoneOfItsWarnings) {
  auto& w = *world;
  auto const award = w.running(20);
  w.pass(60 * kDay);
  auto const list = [&](identity::Actor const& who) {
    auto const found = w.read([&](db::Tx& tx) { return w.awards.watched(tx, who, {}, 50); });
    EXPECT_TRUE(found) << db::why(found);
    return found->size();
  };
  EXPECT_EQ(list(w.officer), 1u);
  EXPECT_EQ(list(w.auditor), 1u);
  EXPECT_EQ(list(w.member), 1u);
  EXPECT_EQ(list(w.stranger), 0u);
  auto const next = w.read([&](db::Tx& tx) { return w.awards.watched(tx, w.officer, award, 50); });
  EXPECT_TRUE(next && next->empty()) << "the page behind the last";
  auto const look = w.read([&](db::Tx& tx) { return w.awards.award(tx, w.stranger, award); });
  ASSERT_FALSE(look);
  EXPECT_EQ(look.error().code, Errc::forbidden);
}

TEST_P(FollowingDb, TheForecastFollowsTheLastWeeks) {
  auto& w = *world;
  auto const award = w.running(100);
  w.pass(10 * kDay);
  w.use(50 * kUnit);
  auto const life = w.look(award);
  EXPECT_EQ(life.standing.rate_micro_per_day, 5 * kUnit);
  ASSERT_TRUE(life.standing.exhausted);
  EXPECT_EQ(life.standing.exhausted->us, w.clock.now() + 10 * kDay);
}

TEST_P(FollowingDb, PeriodsTurnOnceAndCarryWhatWasNotUsed) {
  auto& w = *world;
  AwardRules rules;
  rules.period_days = 30;
  w.rules(rules);
  auto const award = w.running(20);
  auto life = w.look(award);
  ASSERT_EQ(life.periods.size(), 3u);
  EXPECT_EQ(life.periods[0].amount_micro, 7 * kUnit);
  EXPECT_EQ(life.periods[2].amount_micro, 6 * kUnit);
  EXPECT_EQ(life.periods[1].state, PeriodState::coming);
  auto const too_much = w.hold(8 * kUnit);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().reason, "balance") << "the next period's hours are not usable yet";
  w.use(5 * kUnit);
  w.pass(30 * kDay - 1);
  EXPECT_EQ(w.count("award.period_turned"), 0);
  w.pass(1);
  life = w.look(award);
  EXPECT_EQ(w.count("award.period_turned"), 1);
  EXPECT_EQ(life.periods[0].state, PeriodState::closed);
  EXPECT_EQ(life.periods[1].state, PeriodState::current);
  EXPECT_EQ(life.periods[1].balance_micro, 9 * kUnit);
  EXPECT_EQ(life.ledger.used_micro, 5 * kUnit);
  w.use(9 * kUnit);
  auto const told = w.read([&](db::Tx& tx) { return w.calls.awards(tx, w.member, w.project); });
  ASSERT_TRUE(told) << db::why(told);
  EXPECT_EQ(told->front().used_micro, 14 * kUnit) << "of all periods";
  w.expect_sound({award});
  w.pass(30 * kDay);
  w.use(4 * kUnit);
  w.pass(30 * kDay);
  auto const ends = w.look(award).ends;
  auto const use = w.read([&](db::Tx& tx) { return w.outcomes.use_of(tx, award, ends); });
  ASSERT_TRUE(use) << db::why(use);
  EXPECT_EQ(use->granted_units, 20);
  EXPECT_EQ(use->used_units, 18) << "the public figure too";
  EXPECT_EQ(use->expired_units, 2);
}

TEST_P(FollowingDb, APeriodThatReturnsItsHoursGivesThemToWhoWaits) {
  auto& w = *world;
  AwardRules rules;
  rules.period_days = 45;
  rules.period_unused = Unused::return_;
  w.rules(rules);
  auto const award = w.running(90);
  auto const name = w.hold(5 * kUnit);
  ASSERT_TRUE(name) << db::why(name);
  w.pass(45 * kDay);
  auto life = w.look(award);
  EXPECT_EQ(life.periods[0].state, PeriodState::closing) << "a job runs on";
  EXPECT_EQ(life.ledger.returned_micro, 40 * kUnit);
  EXPECT_EQ(w.left(kPartition), 50 * kUnit);
  w.settle(*name, 2 * kUnit);
  w.pass(kHour);
  life = w.look(award);
  EXPECT_EQ(life.periods[0].state, PeriodState::closed);
  EXPECT_EQ(life.ledger.returned_micro, 43 * kUnit) << "what the job gave back too";
  EXPECT_EQ(life.periods[0].used_micro, 2 * kUnit);
  w.expect_sound({award});
}

TEST_P(FollowingDb, ServerAwayOverTwoPeriodsTurnsBoth) {
  auto& w = *world;
  AwardRules rules;
  rules.period_days = 30;
  w.rules(rules);
  auto const award = w.running(30);
  w.pass(70 * kDay);
  auto const life = w.look(award);
  EXPECT_EQ(life.periods[2].state, PeriodState::current);
  EXPECT_EQ(life.periods[2].balance_micro, 30 * kUnit);
  EXPECT_EQ(w.count("award.period_turned"), 2);
  w.expect_sound({award});
}

TEST_P(FollowingDb, TheEndEndsItRemindsAndLetsTheRestExpire) {
  auto& w = *world;
  auto const award = w.running(20);
  w.use(5 * kUnit);
  auto const name = w.hold(3 * kUnit);
  ASSERT_TRUE(name) << db::why(name);
  w.pass(90 * kDay);
  auto life = w.look(award);
  EXPECT_EQ(life.clock, ClockState::ended);
  EXPECT_EQ(life.ledger.expired_micro, 12 * kUnit);
  EXPECT_EQ(w.count("award.ended"), 1);
  EXPECT_EQ(w.count("acknowledgement.reminded"), 1);
  EXPECT_NE(w.body("acknowledgement.reminded").find(award.text()), std::string::npos);
  auto const late = w.hold(kUnit);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "no_award");
  w.settle(*name, 4 * kUnit);
  w.pass(kHour);
  life = w.look(award);
  EXPECT_EQ(life.ledger.used_micro, 9 * kUnit);
  EXPECT_EQ(life.ledger.overrun_micro, kUnit) << "truth is never refused";
  EXPECT_EQ(life.periods[0].state, PeriodState::closed);
  w.expect_sound({award});
}

TEST_P(FollowingDb, TheRulesOfACallHoldForAwardsOpenedAfterwards) {
  auto& w = *world;
  auto const before = w.award(10);
  w.turn();
  AwardRules rules;
  rules.access_days_max = 5;
  rules.period_days = 30;
  w.rules(rules);
  auto const after = w.award(10);
  w.turn();
  EXPECT_EQ(w.look(before).clock_due.us, kStart + 30 * kDay);
  EXPECT_EQ(w.look(after).clock_due.us, kStart + 5 * kDay);
  EXPECT_EQ(w.look(after).periods.size(), 3u);
  rules.end_unused = Unused::carry;
  auto const wrong = w.write([&](db::Tx& tx) { return w.awards.set_rules(tx, w.officer, w.call.id, rules); });
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().reason, "award_rules");
  auto const by_member = w.write([&](db::Tx& tx) { return w.awards.set_rules(tx, w.member, w.call.id, rules); });
  ASSERT_FALSE(by_member);
  EXPECT_EQ(by_member.error().code, Errc::forbidden);
}

TEST_P(FollowingDb, AnOfficerSplitsAnAwardWhileItIsWhole) {
  auto& w = *world;
  auto const award = w.running(20);
  w.use(4 * kUnit);
  auto const split = [&](std::vector<PeriodDraft> periods) {
    return w.write(
        [&](db::Tx& tx) { return w.awards.split(tx, w.officer, award, {std::move(periods), "By quarter."}); });
  };
  auto const wrong = split({{30, 10}, {30, 10}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().reason, "periods") << "thirty days are missing";
  auto const too_late = split({{30, 3}, {60, 17}});
  ASSERT_FALSE(too_late);
  EXPECT_EQ(too_late.error().reason, "balance") << "four are used already";
  auto const done = split({{30, 6}, {60, 14}});
  ASSERT_TRUE(done) << db::why(done);
  EXPECT_EQ(done->periods[0].balance_micro, 2 * kUnit);
  EXPECT_EQ(done->periods[1].balance_micro, 14 * kUnit);
  auto const again = split({{30, 6}, {60, 14}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, "periods_set");
  w.pass(30 * kDay);
  EXPECT_EQ(w.look(award).periods[1].balance_micro, 16 * kUnit);
  w.expect_sound({award});
}

// Whoever leaves an award or a proposal without anybody to answer for it is told what to do first.
TEST_P(FollowingDb, TheOnlyLeadOfARunningAwardIsHeldBack) {
  auto& w = *world;
  auto const people = w.write([&](db::Tx& tx) -> Result<std::vector<PublicId>> {
    std::vector<PublicId> out;
    for (auto const* name : {"first", "second"}) {
      FABRICA_TRY(
          auto const made,
          w.identity.create_person(
              tx, w.admin,
              {name, fmt::format("{}@example.org", name), {}, {}, {{identity::Role::project_lead, w.project.text()}}},
              std::nullopt));
      out.push_back(made.id);
    }
    return out;
  });
  ASSERT_TRUE(people) << db::why(people);
  auto const held_back = [&] {
    auto const found = w.read([&](db::Tx& tx) { return w.awards.obligations(tx, people->front()); });
    EXPECT_TRUE(found) << db::why(found);
    return found.value_or(std::vector<std::string>{});
  };
  auto const award = w.running(20);
  EXPECT_TRUE(held_back().empty()) << "there is another lead";
  identity::Grant const lead{identity::Role::project_lead, w.project.text(), {}};
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return identity::take_role(tx, people->back(), lead, w.clock.now()); }));
  ASSERT_EQ(held_back().size(), 1u);
  EXPECT_NE(held_back()[0].find("/members"), std::string::npos);
  w.pass(90 * kDay);
  EXPECT_EQ(w.look(award).clock, ClockState::ended);
  EXPECT_TRUE(held_back().empty()) << "what is over holds nobody";
}

// Each step of a turn fails once; going on turns the period exactly once.
TEST_P(FollowingDb, APeriodTurnsExactlyOnceWhicheverStepFails) {
  std::unique_ptr<World> at;
  PublicId award;
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    AwardRules rules;
    rules.period_days = 45;
    rules.period_unused = Unused::return_;
    at->rules(rules);
    award = at->running(20);
    at->turn();
    at->clock.advance(45 * kDay);
    return database;
  };
  auto const run = [&](db::Database& database) -> Result<> {
    for (bool more = true; more;) {
      FABRICA_TRY(more, database.write([&](db::Tx& tx) { return at->awards.turn(tx); }));
    }
    return {};
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool) {
    at->expect_sound({award});
    ASSERT_TRUE(run(at->database));
    EXPECT_EQ(at->count("award.period_turned"), 1);
    EXPECT_EQ(at->look(award).ledger.returned_micro, 10 * kUnit);
    EXPECT_EQ(at->left(kPartition), 90 * kUnit);
    at->expect_sound({award});
  });
  EXPECT_GT(faults, 30);
}

}  // namespace
}  // namespace fabrica::awards
