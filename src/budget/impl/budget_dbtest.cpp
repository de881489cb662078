#include <gtest/gtest.h>

#include <map>

#include "budget/service.hpp"
#include "db/testing/dbtest.hpp"

namespace fabrica::budget {
namespace {

struct World {
  ManualClock clock{1'700'000'000 * kSecond};
  SeededRandom random{1};
  Budget budget{clock, random};
};

class BudgetLedger : public db::DbTest {
 protected:
  World world;

  template <class F>
  auto write(F&& use_case) {
    return db().write([&](db::Tx& tx) { return use_case(tx, world.budget); });
  }

  // An award account holding `units` whole units.
  Account award(std::string const& owner, std::int64_t units) {
    auto made = write([&](db::Tx& tx, Budget& budget) -> Result<Account> {
      FABRICA_TRY(auto const source, budget.open_account(tx, "factory", AccountKind::source, Unit::gpu_hour));
      FABRICA_TRY(auto const account, budget.open_account(tx, owner, AccountKind::award, Unit::gpu_hour));
      FABRICA_DO(budget.transfer(tx, {"fund/" + owner, source.id, account.id, units * kMicroUnits, "awarded", owner}));
      return budget.account(tx, account.id);
    });
    EXPECT_TRUE(made) << made.error().what;
    return *made;
  }

  Account read(std::string const& owner, AccountKind kind) {
    auto found = db().read([&](db::Tx& tx) { return world.budget.find_account(tx, owner, kind); });
    EXPECT_TRUE(found) << found.error().what;
    return *found;
  }

  void expect_balanced() {
    auto const differences = db().read([&](db::Tx& tx) { return world.budget.recompute(tx); });
    ASSERT_TRUE(differences) << differences.error().what;
    for (auto const& difference : *differences) ADD_FAILURE() << difference.account.text() << ": " << difference.what;
  }
};

TEST_P(BudgetLedger, HoldsPostsAndReleasesTheRest) {
  auto const account = award("project", 10);
  auto const hold = write([&](db::Tx& tx, Budget& budget) {
    return budget.hold(tx, {"job", account.id, 4 * kMicroUnits, world.clock.now() + kHour, "job"});
  });
  ASSERT_TRUE(hold) << hold.error().what;
  EXPECT_EQ(read("project", AccountKind::award).available_micro(), 6 * kMicroUnits);

  auto const settled = write([&](db::Tx& tx, Budget& budget) { return budget.settle(tx, "job", 1'500'000, "used"); });
  ASSERT_TRUE(settled) << settled.error().what;
  EXPECT_EQ(settled->posted_micro, 1'500'000);
  EXPECT_EQ(settled->released_micro, 2'500'000);
  EXPECT_EQ(read("project", AccountKind::award).available_micro(), 8'500'000);
  EXPECT_EQ(read("project", AccountKind::consumed).balance_micro, 1'500'000);
  expect_balanced();
}

TEST_P(BudgetLedger, RefusesAHoldAboveWhatIsAvailableAndSaysHowMuchThereIs) {
  auto const account = award("project", 1);
  auto const hold = write([&](db::Tx& tx, Budget& budget) {
    return budget.hold(tx, {"job", account.id, kMicroUnits + 1, world.clock.now() + kHour, "job"});
  });
  ASSERT_FALSE(hold);
  EXPECT_EQ(hold.error().code, Errc::over_budget);
  EXPECT_NE(hold.error().what.find("1.000000 are available"), std::string::npos) << hold.error().what;
  expect_balanced();
}

TEST_P(BudgetLedger, RecordsUsageBeyondTheHoldAsOverrun) {
  auto const account = award("project", 2);
  ASSERT_TRUE(write([&](db::Tx& tx, Budget& budget) {
    return budget.hold(tx, {"job", account.id, 2 * kMicroUnits, world.clock.now() + kHour, "job"});
  }));
  auto const settled =
      write([&](db::Tx& tx, Budget& budget) { return budget.settle(tx, "job", 3 * kMicroUnits, "used"); });
  ASSERT_TRUE(settled) << settled.error().what;
  EXPECT_EQ(settled->overrun_micro, kMicroUnits);
  EXPECT_EQ(read("project", AccountKind::consumed).balance_micro, 3 * kMicroUnits);
  EXPECT_EQ(read("project", AccountKind::overrun).balance_micro, -kMicroUnits);
  expect_balanced();
}

TEST_P(BudgetLedger, SettlesAnExpiredHoldInFullAsOverrun) {
  auto const account = award("project", 2);
  ASSERT_TRUE(write([&](db::Tx& tx, Budget& budget) {
    return budget.hold(tx, {"job", account.id, kMicroUnits, world.clock.now() + kHour, "job"});
  }));
  world.clock.advance(2 * kHour);
  EXPECT_EQ(*write([&](db::Tx& tx, Budget& budget) { return budget.expire_holds(tx); }), 1);
  EXPECT_EQ(read("project", AccountKind::award).held_micro, 0);
  auto const settled = write([&](db::Tx& tx, Budget& budget) { return budget.settle(tx, "job", kMicroUnits, "used"); });
  ASSERT_TRUE(settled) << settled.error().what;
  EXPECT_EQ(settled->overrun_micro, kMicroUnits);
  expect_balanced();
}

TEST_P(BudgetLedger, DoesEverythingOnceForOneClientId) {
  auto const account = award("project", 2);
  award("project", 2);
  EXPECT_EQ(read("project", AccountKind::award).balance_micro, 2 * kMicroUnits);
  auto const hold_once = [&](std::int64_t amount) {
    return write([&](db::Tx& tx, Budget& budget) {
      return budget.hold(tx, {"job", account.id, amount, world.clock.now() + kHour, "job"});
    });
  };
  auto const first = hold_once(kMicroUnits);
  auto const second = hold_once(kMicroUnits);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->public_id, second->public_id);
  EXPECT_EQ(hold_once(kMicroUnits / 2).error().reason, "client_id_reused");
  ASSERT_TRUE(write([&](db::Tx& tx, Budget& budget) { return budget.settle(tx, "job", 7, "used"); }));
  ASSERT_TRUE(write([&](db::Tx& tx, Budget& budget) { return budget.settle(tx, "job", 7, "used"); }));
  EXPECT_EQ(write([&](db::Tx& tx, Budget& budget) { return budget.settle(tx, "job", 8, "used"); }).error().reason,
            "already_settled");
  expect_balanced();
}

TEST_P(BudgetLedger, JoinsNoTwoUnits) {
  auto const gpu = award("project", 1);
  auto const moved = write([&](db::Tx& tx, Budget& budget) -> Result<> {
    FABRICA_TRY(auto const node, budget.open_account(tx, "other", AccountKind::award, Unit::node_hour));
    return budget.transfer(tx, {"t", gpu.id, node.id, 1, "mixed up", "x"});
  });
  EXPECT_EQ(moved.error().reason, "unit");
}

// One random operation; its refusals are part of the game, every other error is a failure.
void random_step(World& world, db::Database& database, std::vector<Account> const& accounts, SeededRandom& dice) {
  auto const pick = [&] { return accounts[dice.below(accounts.size())]; };
  auto const name = "op" + std::to_string(dice.below(60));
  auto const amount = static_cast<std::int64_t>(dice.below(3 * kMicroUnits));
  auto const kind = dice.below(6);
  if (kind == 5) world.clock.advance(static_cast<Micros>(dice.below(kHour)));
  auto const done = database.write([&](db::Tx& tx) -> Result<> {
    switch (kind) {
      case 0: return world.budget.transfer(tx, {name, pick().id, pick().id, amount, "moved", "x"});
      case 1: FABRICA_DO(world.budget.hold(tx, {name, pick().id, amount, world.clock.now() + kHour, "x"})); return {};
      case 2: FABRICA_DO(world.budget.settle(tx, name, amount, "used")); return {};
      case 3: return world.budget.void_hold(tx, name);
      default: FABRICA_DO(world.budget.expire_holds(tx)); return {};
    }
  });
  if (!done) {
    EXPECT_NE(done.error().code, Errc::unavailable) << done.error().what;
  }
}

TEST_P(BudgetLedger, NoSequenceOfOperationsMakesOrLosesAUnitOrOverholds) {
  std::uint64_t const seed = ::testing::UnitTest::GetInstance()->random_seed() + 1;
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom dice{seed};
  std::vector<Account> accounts;
  for (auto const* owner : {"a", "b", "c"}) accounts.push_back(award(owner, 5));
  for (int step = 0; step < 400; ++step) random_step(world, db(), accounts, dice);
  expect_balanced();
  for (auto const* owner : {"a", "b", "c"}) {
    auto const account = read(owner, AccountKind::award);
    EXPECT_GE(account.held_micro, 0);
    EXPECT_LE(account.held_micro, account.balance_micro);
  }
}

// Every statement of the life of a hold fails once, before it ran and at the commit; the ledger stays whole each time.
TEST_P(BudgetLedger, StaysBalancedWhicheverStepFails) {
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) -> Result<Settlement> {
      FABRICA_TRY(auto const source, world.budget.open_account(tx, "factory", AccountKind::source, Unit::gpu_hour));
      FABRICA_TRY(auto const account, world.budget.open_account(tx, "p", AccountKind::award, Unit::gpu_hour));
      FABRICA_DO(world.budget.transfer(tx, {"fund", source.id, account.id, 2 * kMicroUnits, "awarded", "p"}));
      FABRICA_DO(world.budget.hold(tx, {"job", account.id, kMicroUnits, world.clock.now() + kHour, "job"}));
      return world.budget.settle(tx, "job", 2 * kMicroUnits, "used");
    });
  };
  auto const faults = db::for_each_fault([&] { return fresh(); }, run,
                                         [&](db::Database& database, bool) {
                                           auto const differences =
                                               database.read([&](db::Tx& tx) { return world.budget.recompute(tx); });
                                           ASSERT_TRUE(differences) << differences.error().what;
                                           EXPECT_TRUE(differences->empty()) << differences->front().what;
                                         });
  EXPECT_GT(faults, 15);
}

FABRICA_ON_BOTH(BudgetLedger);

}  // namespace
}  // namespace fabrica::budget
