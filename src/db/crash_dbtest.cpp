#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "db/lock.hpp"
#include "db/testing/dbtest.hpp"
#include "db/testing/proxy.hpp"
#include "db/testing/server.hpp"

namespace fabrica::db {
namespace {

namespace fs = std::filesystem;

constexpr Query kMake{"kept_make", "CREATE TABLE kept (number BIGINT NOT NULL, run BIGINT NOT NULL)"};
constexpr Query kPut{"kept_put", "INSERT INTO kept (number, run) VALUES ($1, $2)"};
constexpr Query kAll{"kept_all", "SELECT number FROM kept ORDER BY number"};

Result<std::int64_t> make_table(Database& database) {
  return database.write([](Tx& tx) { return tx.run(kMake); });
}

class Sqlite : public DbTest {
 protected:
  std::string path() const { return url().substr(7); }
};
INSTANTIATE_TEST_SUITE_P(, Sqlite, ::testing::Values(Dialect::sqlite), dialect_name);

// Writes from many threads and tells each acknowledged number through the pipe, until it is killed.
[[noreturn]] void write_until_killed(std::string const& url, int acknowledge, std::int64_t first) {
  auto database = open({.url = url});
  if (!database) ::_exit(2);
  std::atomic<std::int64_t> next = first;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&] {
      for (;;) {
        std::int64_t const number = next++;
        if (!(*database)->write([&](Tx& tx) { return tx.run(kPut, number, 0); })) ::_exit(3);
        if (::write(acknowledge, &number, sizeof number) != sizeof number) ::_exit(4);
      }
    });
  threads.clear();
  ::_exit(5);
}

TEST_P(Sqlite, LosesNoAcknowledgedWriteWhenItIsKilled) {
  ASSERT_TRUE(make_table(db()));
  reopen();
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    auto const child = ::fork();
    if (child == 0) write_until_killed(url(), ends[1], round * 1'000'000);
    ::close(ends[1]);
    std::int64_t number = 0;
    for (int at = 0; at < 200 + 37 * round; ++at) {
      ASSERT_EQ(::read(ends[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
      acknowledged.insert(number);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(ends[0], &number, sizeof number) == sizeof number) acknowledged.insert(number);
    ::close(ends[0]);
    auto const found = reopen().read([](Tx& tx) { return tx.all<std::int64_t>(kAll); });
    ASSERT_TRUE(found) << why(found);
    std::set<std::int64_t> const kept{found->begin(), found->end()};
    EXPECT_EQ(kept.size(), found->size()) << "a write was doubled";
    EXPECT_TRUE(std::ranges::includes(kept, acknowledged));
  }
}

TEST_P(Sqlite, SaysThatTheFileWasRemovedInsteadOfWritingIntoNothing) {
  ASSERT_TRUE(make_table(db()));
  fs::remove(path());
  auto const lost = db().write([](Tx& tx) { return tx.run(kPut, 1, 0); });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().reason, "database");
  EXPECT_NE(lost.error().what.find("removed"), std::string::npos);
}

TEST_P(Sqlite, SaysWhatIsWrongWithTheFile) {
  TestFolder folder;
  auto const told = [&](std::string const& file) {
    auto const opened = open({.url = "sqlite:" + file});
    return opened ? "opened" : opened.error().reason + ": " + opened.error().what;
  };
  EXPECT_NE(told(folder.path() + "/no/such/f.db").find("database: "), std::string::npos);
  EXPECT_NE(told(folder.path()).find("cannot be opened"), std::string::npos);
  std::ofstream{folder.path() + "/text.db"} << std::string(5000, 'x');
  EXPECT_NE(told(folder.path() + "/text.db").find("is not an SQLite database"), std::string::npos);
  EXPECT_EQ(told(folder.path() + "/new.db"), "opened");
  EXPECT_EQ(fs::status(folder.path() + "/new.db").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_P(Sqlite, SaysThatTheDiskIsFullAndGoesOnOnceThereIsSpace) {
  ASSERT_TRUE(make_table(db()));
  ASSERT_TRUE(db().write([](Tx& tx) { return tx.run({"make_big", "CREATE TABLE big (raw BLOB NOT NULL)"}); }));
  ASSERT_TRUE(db().write([](Tx& tx) -> Result<> {
    return tx.each({"limit", "PRAGMA max_page_count = 400"}, [](Row const&) {});
  }));
  Bytes const large(4'000'000, 7);
  auto const full = db().write([&](Tx& tx) { return tx.run({"big_put", "INSERT INTO big (raw) VALUES ($1)"}, large); });
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::unavailable);
  EXPECT_NE(full.error().what.find("full"), std::string::npos);
  EXPECT_TRUE(db().write([](Tx& tx) { return tx.run(kPut, 1, 0); }));
  EXPECT_EQ(reopen().read([](Tx& tx) { return tx.all<std::int64_t>(kAll); })->size(), 1u);
}

TEST(FolderLock, KeepsASecondServerOut) {
  TestFolder folder;
  {
    auto const first = FolderLock::take(folder.path());
    ASSERT_TRUE(first) << why(first);
    auto const second = FolderLock::take(folder.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, "folder_locked");
    EXPECT_NE(second.error().what.find(std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_TRUE(FolderLock::take(folder.path()));
  EXPECT_EQ(FolderLock::take(folder.path() + "/none").error().reason, "folder");
}

TEST(Postgres, LosesAndDoublesNoAcknowledgedWriteWhenTheServerIsKilledUnderLoad) {
  PostgresServer server;
  auto database = open({.url = server.url("postgres"), .connections_max = 8, .reconnect_ms_max = 60'000});
  ASSERT_TRUE(database) << why(database);
  ASSERT_TRUE(make_table(**database));
  constexpr int kThreads = 8;
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> acknowledged = 0;
  std::vector<std::set<std::int64_t>> kept(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&, thread] {
        for (std::int64_t at = 0; !stop; ++at) {
          auto const number = thread * 1'000'000 + at;
          auto const done = (*database)->write([&](Tx& tx) { return tx.run(kPut, number, 0); });
          EXPECT_TRUE(done) << why(done);  // within the bound every write gets through
          if (done) kept[static_cast<std::size_t>(thread)].insert(number);
          ++acknowledged;
        }
      });
    for (int round = 0; round < 3; ++round) {
      auto const seen = acknowledged.load();
      while (acknowledged < seen + 300) std::this_thread::yield();
      server.kill();
      server.start();
    }
    auto const seen = acknowledged.load();
    while (acknowledged < seen + 100) std::this_thread::yield();
    stop = true;
  }
  auto const found = (*database)->read([](Tx& tx) { return tx.all<std::int64_t>(kAll); });
  ASSERT_TRUE(found) << why(found);
  std::set<std::int64_t> wanted;
  for (auto const& some : kept) wanted.insert(some.begin(), some.end());
  std::set<std::int64_t> const there{found->begin(), found->end()};
  EXPECT_EQ(there.size(), found->size()) << "a write was doubled";
  EXPECT_EQ(there, wanted);
}

TEST(Postgres, WritesOnceWhereverTheConnectionIsCut) {
  auto& server = PostgresServer::of_this_process();
  TestFolder folder;
  CuttingProxy proxy{server, folder.path()};
  server.execute("CREATE DATABASE cut TEMPLATE template0");
  auto database = open({.url = proxy.url("cut")});
  ASSERT_TRUE(database) << why(database);
  ASSERT_TRUE(make_table(**database));
  using Cut = CuttingProxy::Cut;
  struct Case {
    char const* what;
    Cut when;
    char const* message;
    int runs;  // of the closure
  };
  Case const cases[]{{"before BEGIN", Cut::before, "BEGIN", 1},
                     {"after BEGIN", Cut::after, "BEGIN", 1},
                     {"before a statement", Cut::before, "INSERT INTO kept", 2},
                     {"after a statement", Cut::after, "INSERT INTO kept", 2},
                     {"before COMMIT", Cut::before, "; COMMIT", 2},
                     {"after COMMIT", Cut::after, "; COMMIT", 1}};
  std::int64_t number = 0;
  for (auto const& one : cases) {
    // A connection that has prepared nothing yet sends the statement's text, where the cut can find it.
    database = open({.url = proxy.url("cut")});
    ASSERT_TRUE(database) << why(database);
    proxy.cut_next(one.when, one.message);
    int runs = 0;
    int notified = 0;
    auto const done = (*database)->write([&](Tx& tx) {
      ++runs;
      tx.after_commit([&] { ++notified; });
      return tx.run(kPut, ++number, 0);
    });
    EXPECT_TRUE(done) << one.what << ": " << why(done);
    EXPECT_TRUE(proxy.has_cut()) << one.what;
    EXPECT_EQ(runs, one.runs) << one.what;
    EXPECT_EQ(notified, 1) << one.what;
    auto const found = (*database)->read([](Tx& tx) { return tx.all<std::int64_t>(kAll); });
    ASSERT_TRUE(found) << why(found);
    EXPECT_EQ(std::ranges::count(*found, number), 1) << one.what;
  }
  EXPECT_EQ((*database)->read([](Tx& tx) { return tx.all<std::int64_t>(kAll); })->size(), std::size(cases));
}

TEST(Postgres, SaysThatNobodyAnswers) {
  auto const opened = open({.url = "postgresql://nobody@%2Fnonexistent/none"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
  EXPECT_EQ(opened.error().reason, "database");
}

}  // namespace
}  // namespace fabrica::db
