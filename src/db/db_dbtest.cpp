#include <array>
#include <atomic>
#include <latch>
#include <limits>
#include <thread>

#include "db/testing/dbtest.hpp"

namespace fabrica::db {
namespace {

enum class Kind : std::uint8_t { plain, operator_ };
BOOST_DESCRIBE_ENUM(Kind, plain, operator_)

struct Sample {
  Id<struct SampleTag> id{};
  PublicId public_id;
  std::string name;
  std::optional<std::string> note;
  Bytes raw;
  std::array<std::uint8_t, 4> four{};
  Time made{};
  bool active = false;
  Kind kind{};
  std::optional<Kind> other;
  double ratio = 0;
  std::int64_t big = 0;
  std::optional<std::int64_t> none;
};
BOOST_DESCRIBE_STRUCT(Sample, (), (id, public_id, name, note, raw, four, made, active, kind, other, ratio, big, none))

constexpr Query kInsert{"sample_insert", R"sql(
  INSERT INTO sample (public_id, name, note, raw, four, made, active, kind, other, ratio, big, none)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))sql"};
constexpr Query kByName{"sample_by_name", "SELECT * FROM sample WHERE name = $1"};
constexpr Query kPut{"item_put", "INSERT INTO item (name, amount) VALUES ($1, $2)"};
constexpr Query kAdd{"item_add", "UPDATE item SET amount = amount + $2 WHERE name = $1"};
constexpr Query kAmount{"item_amount", "SELECT amount FROM item WHERE name = $1"};
constexpr Query kNames{"item_names", "SELECT name FROM item ORDER BY name"};
constexpr Query kCount{"item_count", "SELECT count(*) FROM item"};

class Db : public DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    bool const sqlite = GetParam() == Dialect::sqlite;
    std::string const identity = sqlite ? "INTEGER PRIMARY KEY" : "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
    std::string const bytes = sqlite ? "BLOB" : "BYTEA";
    sample_ = "CREATE TABLE sample (id " + identity +
              ", public_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, note TEXT, raw " + bytes + " NOT NULL, four " +
              bytes + " NOT NULL, made BIGINT NOT NULL, active SMALLINT NOT NULL, kind TEXT NOT NULL, other TEXT, " +
              "ratio DOUBLE PRECISION NOT NULL, big BIGINT NOT NULL, none BIGINT)";
    item_ = "CREATE TABLE item (id " + identity +
            ", name TEXT NOT NULL UNIQUE, amount BIGINT NOT NULL CHECK (amount >= 0), " +
            "parent BIGINT REFERENCES item (id))";
    auto const made = db().write([&](Tx& tx) -> Result<> {
      FABRICA_DO(tx.run({"make_sample", sample_}));
      FABRICA_DO(tx.run({"make_item", item_}));
      return {};
    });
    ASSERT_TRUE(made) << why(made);
  }

  Result<std::int64_t> put(std::string_view name, std::int64_t amount) {
    return db().write([&](Tx& tx) { return tx.insert(kPut, name, amount); });
  }
  std::int64_t count() {
    return *db().read([](Tx& tx) { return tx.one<std::int64_t>(kCount); });
  }
  std::int64_t amount(std::string_view name) {
    return *db().read([&](Tx& tx) { return tx.one<std::int64_t>(kAmount, name); });
  }

 private:
  std::string sample_;
  std::string item_;
};
FABRICA_ON_BOTH(Db);

TEST_P(Db, GivesBackEveryTypeAsItWasWritten) {
  SeededRandom random{1};
  Sample wanted{.id = {},
                .public_id = PublicId::make(1, random),
                .name = "Ž\"'$1;--",
                .note = "",
                .raw = {0, 255, 92, 120, 48},
                .four = {1, 0, 2, 255},
                .made = {-5},
                .active = true,
                .kind = Kind::operator_,
                .other = Kind::plain,
                .ratio = 0.1 + 0.2,
                .big = std::numeric_limits<std::int64_t>::min(),
                .none = std::nullopt};
  auto const id = db().write([&](Tx& tx) {
    return tx.insert(kInsert, wanted.public_id, wanted.name, wanted.note, wanted.raw, wanted.four, wanted.made,
                     wanted.active, wanted.kind, wanted.other, wanted.ratio, wanted.big, wanted.none);
  });
  ASSERT_TRUE(id) << why(id);
  auto const got = db().read([&](Tx& tx) { return tx.one<Sample>(kByName, wanted.name); });
  ASSERT_TRUE(got) << why(got);
  EXPECT_EQ(got->id.value, *id);
  EXPECT_EQ(got->public_id, wanted.public_id);
  EXPECT_EQ(got->note, "");
  EXPECT_EQ(got->raw, wanted.raw);
  EXPECT_EQ(got->four, wanted.four);
  EXPECT_EQ(got->made, wanted.made);
  EXPECT_TRUE(got->active);
  EXPECT_EQ(got->kind, Kind::operator_);
  EXPECT_EQ(got->other, Kind::plain);
  EXPECT_EQ(got->ratio, wanted.ratio);
  EXPECT_EQ(got->big, wanted.big);
  EXPECT_EQ(got->none, std::nullopt);
}

TEST_P(Db, TellsEmptyFromNull) {
  auto const done = db().write([&](Tx& tx) {
    return tx.run(kInsert, PublicId{}, "", nullptr, Bytes{}, std::array<std::uint8_t, 4>{}, Time{}, false, Kind::plain,
                  nullptr, 0.0, 0, std::optional<std::int64_t>{7});
  });
  ASSERT_TRUE(done) << why(done);
  EXPECT_EQ(*done, 1);
  auto const got = db().read([&](Tx& tx) { return tx.one<Sample>(kByName, std::string{}); });
  ASSERT_TRUE(got) << why(got);
  EXPECT_TRUE(got->public_id.empty());
  EXPECT_TRUE(got->raw.empty());
  EXPECT_EQ(got->note, std::nullopt);
  EXPECT_EQ(got->other, std::nullopt);
  EXPECT_EQ(got->none, 7);
}

TEST_P(Db, ReadsNumbersPairsAndSums) {
  ASSERT_TRUE(put("a", 3));
  ASSERT_TRUE(put("b", 4));
  Query const sum{"sum", "SELECT sum(amount), count(*) FROM item WHERE amount > CAST($1 AS BIGINT)"};
  auto const got = db().read([&](Tx& tx) { return tx.one<std::pair<std::int64_t, int>>(sum, 0); });
  ASSERT_TRUE(got) << why(got);
  EXPECT_EQ(*got, (std::pair<std::int64_t, int>{7, 2}));
  Query const exists{"exists", "SELECT EXISTS (SELECT 1 FROM item WHERE name = $2 AND amount = $1)"};
  EXPECT_TRUE(*db().read([&](Tx& tx) { return tx.one<bool>(exists, 4, "b"); }));
  EXPECT_FALSE(*db().read([&](Tx& tx) { return tx.one<bool>(exists, 3, "b"); }));
  EXPECT_EQ(db().read([&](Tx& tx) { return tx.one<std::int64_t>(kAmount, "c"); }).error().reason, "row");
}

TEST_P(Db, SortsTextsByTheirBytesAndMindsCaseInLike) {
  for (char const* name : {"b", "a", "B", "é", "ab"}) ASSERT_TRUE(put(name, 1));
  auto const names = db().read([](Tx& tx) { return tx.all<std::string>(kNames); });
  EXPECT_EQ(*names, (std::vector<std::string>{"B", "a", "ab", "b", "é"}));
  Query const like{"like", "SELECT count(*) FROM item WHERE name LIKE $1"};
  EXPECT_EQ(*db().read([&](Tx& tx) { return tx.one<int>(like, "A%"); }), 0);
  EXPECT_EQ(*db().read([&](Tx& tx) { return tx.one<int>(like, "a%"); }), 2);
  Query const most{"most", "SELECT greatest(CAST($1 AS BIGINT), 5), least(CAST($1 AS BIGINT), 5)"};
  EXPECT_EQ((*db().read([&](Tx& tx) { return tx.one<std::pair<int, int>>(most, 9); })), (std::pair<int, int>{9, 5}));
}

TEST_P(Db, RunsTheSameQueryInsideItself) {
  ASSERT_TRUE(put("a", 1));
  ASSERT_TRUE(put("b", 1));
  std::string seen;
  auto const done = db().read([&](Tx& tx) -> Result<> {
    return tx.each(kNames, [&](Row const& outer) {
      seen += outer.text(0);
      (void)tx.each(kNames, [&](Row const& inner) { seen += inner.text(0); });
    });
  });
  ASSERT_TRUE(done) << why(done);
  EXPECT_EQ(seen, "aabbab");
}

TEST_P(Db, SaysUniqueForASecondOfTheSame) {
  ASSERT_TRUE(put("a", 1));
  auto const again = put("a", 2);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::conflict);
  EXPECT_EQ(again.error().reason, "unique");
  EXPECT_EQ(count(), 1);
}

TEST_P(Db, SaysConstraintForACheckAForeignKeyAndANull) {
  EXPECT_EQ(put("a", -1).error().reason, "constraint");
  Query const orphan{"orphan", "INSERT INTO item (name, amount, parent) VALUES ($1, 1, 999)"};
  EXPECT_EQ(db().write([&](Tx& tx) { return tx.run(orphan, "x"); }).error().reason, "constraint");
  EXPECT_EQ(db().write([&](Tx& tx) { return tx.run(kPut, nullptr, 1); }).error().reason, "constraint");
  EXPECT_EQ(count(), 0);
}

TEST_P(Db, SaysQueryForAStatementThatIsWrong) {
  Query const wrong{"wrong", "SELECT nothing FROM nowhere"};
  auto const got = db().read([&](Tx& tx) { return tx.all<int>(wrong); });
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::internal);
  EXPECT_NE(got.error().what.find("wrong"), std::string::npos);
  EXPECT_EQ(db().read([&](Tx& tx) { return tx.all<std::string>(kNames, 5); }).error().reason, "query");
}

TEST_P(Db, RefusesTextThatIsNotUtf8OrHoldsANul) {
  EXPECT_EQ(put(std::string_view{"a\0b", 3}, 1).error().reason, "text");
  EXPECT_EQ(put("\xFF", 1).error().reason, "text");
  EXPECT_EQ(count(), 0);
}

TEST_P(Db, KeepsNothingOfAClosureThatReturnsAnError) {
  auto const done = db().write([&](Tx& tx) -> Result<int> {
    FABRICA_DO(tx.run(kPut, "a", 1));
    return fail(Errc::forbidden, "no", "No.");
  });
  EXPECT_EQ(done.error().reason, "no");
  EXPECT_EQ(count(), 0);
}

TEST_P(Db, KeepsNothingOfAClosureThatHidesAFailedStatement) {
  ASSERT_TRUE(put("a", 1));
  auto const done = db().write([&](Tx& tx) -> Result<> {
    FABRICA_DO(tx.run(kPut, "b", 1));
    (void)tx.run(kPut, "a", 2);
    EXPECT_FALSE(tx.run(kPut, "c", 3));
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "unique");
  EXPECT_EQ(count(), 1);
}

TEST_P(Db, LetsAnExceptionOutAndGoesOn) {
  auto const thrower = [&](Tx& tx) -> Result<> {
    FABRICA_DO(tx.run(kPut, "a", 1));
    throw std::runtime_error{"out"};
  };
  EXPECT_THROW((void)db().write(thrower), std::runtime_error);
  auto const reader = [](Tx&) -> Result<> { throw std::runtime_error{"out"}; };
  for (int at = 0; at < 20; ++at) EXPECT_THROW((void)db().read(reader), std::runtime_error);
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(put("b", 1));
}

TEST_P(Db, ShowsAReaderOneSnapshot) {
  ASSERT_TRUE(put("a", 1));
  std::latch first_read{1};
  std::latch written{1};
  std::jthread const writer{[&] {
    first_read.wait();
    EXPECT_TRUE(db().write([](Tx& tx) { return tx.run(kAdd, "a", 10); }));
    written.count_down();
  }};
  auto const seen = db().read([&](Tx& tx) -> Result<std::pair<std::int64_t, std::int64_t>> {
    FABRICA_TRY(auto const before, tx.one<std::int64_t>(kAmount, "a"));
    first_read.count_down();
    written.wait();
    FABRICA_TRY(auto const after, tx.one<std::int64_t>(kAmount, "a"));
    return std::pair{before, after};
  });
  EXPECT_EQ(*seen, (std::pair<std::int64_t, std::int64_t>{1, 1}));
  EXPECT_EQ(amount("a"), 11);
}

TEST_P(Db, RunsAfterCommitOnceInOrderAndOnlyWhenKept) {
  std::vector<int> order;
  ASSERT_TRUE(db().write([&](Tx& tx) -> Result<> {
    tx.after_commit([&] { order.push_back(1); });
    FABRICA_DO(tx.run(kPut, "a", 1));
    tx.after_commit([&] { order.push_back(2); });
    return {};
  }));
  ASSERT_FALSE(db().write([&](Tx& tx) -> Result<> {
    tx.after_commit([&] { order.push_back(3); });
    return fail(Errc::conflict, "no", "No.");
  }));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_P(Db, KeepsEveryWriteOfManyThreadsDurably) {
  constexpr int kThreads = 64;
  constexpr int kEach = 10;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&, thread] {
        for (int at = 0; at < kEach; ++at) {
          // Each third breaks a rule and must not take its neighbours in the same commit with it.
          bool const bad = at % 3 == 2;
          auto const done = put(std::to_string(thread) + "/" + std::to_string(at), bad ? -1 : 1);
          EXPECT_EQ(done.has_value(), !bad) << why(done);
          if (!done) ++refused;
        }
      });
  }
  reopen();
  EXPECT_EQ(count() + refused, kThreads * kEach);
  EXPECT_EQ(refused, kThreads * 3);
}

TEST_P(Db, RunsAClosureAgainThatLostAgainstAnother) {
  ASSERT_TRUE(put("a", 50));
  ASSERT_TRUE(put("b", 50));
  // Write skew: each takes from its own row while the sum allows it. In any serial order only one succeeds.
  Query const sum{"sum", "SELECT sum(amount) FROM item"};
  std::atomic<int> runs = 0;
  std::atomic<int> taken = 0;
  std::latch both{2};
  auto const take = [&](std::string_view name) {
    bool first = true;
    auto const done = db().write([&](Tx& tx) -> Result<> {
      ++runs;
      FABRICA_TRY(auto const total, tx.one<std::int64_t>(sum));
      if (db().dialect() == Dialect::postgres && std::exchange(first, false)) both.arrive_and_wait();
      if (total < 100) return fail(Errc::conflict, "too_little", "No.");
      FABRICA_DO(tx.run(kAdd, name, -50));
      return {};
    });
    taken += done ? 1 : 0;
    EXPECT_TRUE(done || done.error().reason == "too_little") << why(done);
  };
  {
    std::jthread const one{[&] { take("a"); }};
    std::jthread const two{[&] { take("b"); }};
  }
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(amount("a") + amount("b"), 50);
  EXPECT_EQ(runs, GetParam() == Dialect::postgres ? 3 : 2);
}

TEST_P(Db, CountsRightWhenManyAddToOneRow) {
  ASSERT_TRUE(put("a", 0));
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 6; ++thread)
      threads.emplace_back([&] {
        for (int at = 0; at < 20; ++at) {
          auto const done = db().write([](Tx& tx) { return tx.run(kAdd, "a", 1); });
          EXPECT_TRUE(done) << why(done);
        }
      });
  }
  EXPECT_EQ(amount("a"), 120);
}

TEST_P(Db, SurvivesEveryFaultWithAllOrNothing) {
  auto const make_world = [&] {
    auto world = fresh();
    auto const made = world->write([](Tx& tx) {
      return tx.run({"make", "CREATE TABLE pair (name TEXT PRIMARY KEY)"});
    });
    EXPECT_TRUE(made) << why(made);
    return world;
  };
  Query const insert{"pair_put", "INSERT INTO pair (name) VALUES ($1)"};
  auto const run = [&](Database& database) {
    return database.write([&](Tx& tx) -> Result<> {
      FABRICA_DO(tx.run(insert, "left"));
      FABRICA_DO(tx.run(insert, "right"));
      return {};
    });
  };
  std::vector<std::int64_t> left_behind;
  auto const faults = for_each_fault(make_world, run, [&](Database& database, bool succeeded) {
    auto const rows = *database.read([](Tx& tx) {
      return tx.one<std::int64_t>({"pair_count", "SELECT count(*) FROM pair"});
    });
    EXPECT_TRUE(rows == 0 || rows == 2);
    EXPECT_TRUE(!succeeded || rows == 2);
    left_behind.push_back(rows);
  });
  EXPECT_EQ(faults, 4);
  EXPECT_EQ(left_behind, (std::vector<std::int64_t>{0, 0, 0, 2, 2}));
}

}  // namespace
}  // namespace fabrica::db
