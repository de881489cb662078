#include <thread>

#include "db/migrate.hpp"
#include "db/testing/dbtest.hpp"
#include "embedded/migrations.hpp"

namespace fabrica::db {
namespace {

class Migrations : public DbTest {
 protected:
  std::unique_ptr<Database> empty() {
    auto opened = open({.url = fresh_url(false)});
    EXPECT_TRUE(opened) << why(opened);
    return *std::move(opened);
  }
  ManualClock clock{1'000'000};
};
FABRICA_ON_BOTH(Migrations);

EmbeddedFile const kOne{"0001_one.sql",
                        "CREATE TABLE one (id {identity}, raw {bytes}); CREATE INDEX one_raw ON one (raw);"};
EmbeddedFile const kTwoSqlite{"0002_two.sqlite.sql", "CREATE TABLE two (a TEXT);"};
EmbeddedFile const kTwoPostgres{"0002_two.postgres.sql", "CREATE TABLE two (a TEXT);"};
EmbeddedFile const kThree{"0003_three.sql", "CREATE TABLE three (a TEXT); INSERT INTO three (a) VALUES ('x');"};

TEST_P(Migrations, AreAppliedOnceInOrder) {
  auto const database = empty();
  EmbeddedFile const files[]{kThree, kTwoSqlite, kTwoPostgres, kOne};
  EXPECT_EQ(*pending_migrations(*database, files), (std::vector<std::string>{"0001_one", "0002_two", "0003_three"}));
  auto const report = migrate(*database, files, clock);
  ASSERT_TRUE(report) << why(report);
  EXPECT_EQ(report->applied, (std::vector<std::string>{"0001_one", "0002_two", "0003_three"}));
  EXPECT_EQ(report->version, 3);
  EXPECT_TRUE(migrate(*database, files, clock)->applied.empty());
  EXPECT_TRUE(pending_migrations(*database, files)->empty());
  auto const id = database->write([](Tx& tx) {
    return tx.insert({"one_put", "INSERT INTO one (raw) VALUES ($1)"}, Bytes{1});
  });
  EXPECT_EQ(*id, 1);
}

TEST_P(Migrations, RefuseAFileThatChangedAfterItWasApplied) {
  auto const database = empty();
  ASSERT_TRUE(migrate(*database, std::span{&kOne, 1}, clock));
  EmbeddedFile const changed{"0001_one.sql", "CREATE TABLE one (id {identity});"};
  EXPECT_EQ(migrate(*database, std::span{&changed, 1}, clock).error().reason, "schema_changed");
  EXPECT_EQ(pending_migrations(*database, std::span{&changed, 1}).error().reason, "schema_changed");
}

TEST_P(Migrations, RefuseADatabaseOfANewerProgram) {
  auto const database = empty();
  EmbeddedFile const newer[]{kOne, kThree};
  ASSERT_TRUE(migrate(*database, newer, clock));
  auto const refused = migrate(*database, std::span{&kOne, 1}, clock);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "schema_newer");
  EXPECT_NE(refused.error().what.find("0003_three"), std::string::npos);
}

TEST_P(Migrations, RefuseANewFileBeforeOneThatWasApplied) {
  auto const database = empty();
  EmbeddedFile const first[]{kOne, kThree};
  ASSERT_TRUE(migrate(*database, first, clock));
  EmbeddedFile const second[]{kOne, kTwoSqlite, kTwoPostgres, kThree};
  EXPECT_EQ(migrate(*database, second, clock).error().reason, "schema_changed");
}

TEST_P(Migrations, KeepNothingOfAFileThatFailsHalfWay) {
  auto const database = empty();
  EmbeddedFile const files[]{kOne, {"0002_bad.sql", "CREATE TABLE half (a TEXT); INSERT INTO nowhere (a) VALUES (1);"}};
  ASSERT_FALSE(migrate(*database, files, clock));
  EXPECT_EQ(schema_dump(*database)->find("half"), std::string::npos);
  EXPECT_EQ(*pending_migrations(*database, files), std::vector<std::string>{"0002_bad"});
}

TEST_P(Migrations, RefuseNamesOutsideTheLine) {
  auto const database = empty();
  for (std::vector<EmbeddedFile> const& files : {std::vector<EmbeddedFile>{{"one.sql", ""}},
                                                 {{"0000_one.sql", ""}},
                                                 {{"0001_one.mysql.sql", ""}},
                                                 {{"0001_one.sqlite.sql", ""}},
                                                 {kOne, {"0001_other.sql", ""}},
                                                 {kOne, {"0001_one.sqlite.sql", ""}}}) {
    auto const refused = migrate(*database, files, clock);
    ASSERT_FALSE(refused) << files.back().path;
    EXPECT_EQ(refused.error().reason, "migrations");
  }
}

TEST_P(Migrations, OfTwoProcessesAtOnceAreAppliedOnce) {
  auto const at = fresh_url(false);
  EmbeddedFile const files[]{kOne, kTwoSqlite, kTwoPostgres, kThree};
  std::size_t applied[2]{};
  {
    std::vector<std::jthread> threads;
    for (auto& mine : applied)
      threads.emplace_back([&] {
        auto const database = open({.url = at});
        ASSERT_TRUE(database) << why(database);
        auto const report = migrate(**database, files, clock);
        ASSERT_TRUE(report) << why(report);
        mine = report->applied.size();
      });
  }
  EXPECT_EQ(applied[0] + applied[1], 3u);
}

TEST_P(Migrations, OfTheProgramMakeTheSameTablesOnBothDatabases) {
  auto const dump = schema_dump(db());
  ASSERT_TRUE(dump) << why(dump);
  EXPECT_NE(dump->find("blob_uploads"), std::string::npos);
  EXPECT_EQ(dump->find("fabrica_commit_marks"), std::string::npos);
  EXPECT_EQ(*dump, *schema_dump(*fresh()));
}

}  // namespace
}  // namespace fabrica::db
