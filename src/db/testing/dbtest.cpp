#include "db/testing/dbtest.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>

#include "db/migrate.hpp"
#include "db/testing/server.hpp"
#include "embedded/migrations.hpp"

namespace fabrica::db {
namespace {

namespace fs = std::filesystem;

constexpr Micros kTestTime = 1'790'000'000 * kSecond;

std::unique_ptr<Database> open_or_throw(std::string const& url) {
  auto opened = open({.url = url, .connections_max = 8, .reconnect_ms_max = 15'000});
  if (!opened) throw std::runtime_error{fmt::format("{}: {}", url, opened.error().what)};
  return *std::move(opened);
}

void migrate_or_throw(std::string const& url) {
  ManualClock const clock{kTestTime};
  auto database = open_or_throw(url);
  auto const report = migrate(*database, embedded::migrations(), clock);
  if (!report) throw std::runtime_error{fmt::format("the migrations in sql/ fail: {}", report.error().what)};
}

// Everything that lasts as long as the process: where the SQLite files lie, and how many databases were given out.
struct Shared {
  TestFolder folder;
  int given = 0;
  bool sqlite_ready = false;
  bool postgres_ready = false;
};
Shared& shared() {
  static Shared shared;
  return shared;
}

std::string sqlite_url(bool migrated) {
  auto& all = shared();
  auto const folder = fs::path{all.folder.path()};
  auto const pattern = folder / "template.db";
  if (migrated && !all.sqlite_ready) {
    migrate_or_throw("sqlite:" + pattern.string());
    all.sqlite_ready = true;
  }
  auto const own = folder / std::to_string(++all.given);
  fs::create_directory(own);
  if (migrated) fs::copy_file(pattern, own / "fabrica.db");
  return "sqlite:" + (own / "fabrica.db").string();
}

std::string postgres_url(bool migrated) {
  auto& all = shared();
  auto& server = PostgresServer::of_this_process();
  if (migrated && !all.postgres_ready) {
    server.execute("CREATE DATABASE pattern TEMPLATE template0");
    migrate_or_throw(server.url("pattern"));
    all.postgres_ready = true;
  }
  auto const name = fmt::format("test_{}", ++all.given);
  server.execute(fmt::format("CREATE DATABASE {} TEMPLATE {}", name, migrated ? "pattern" : "template0"));
  return server.url(name);
}

}  // namespace

TestFolder::TestFolder() {
  path_ = (fs::temp_directory_path() / "fabrica-test-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
}
TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string DbTest::fresh_url(bool migrated) {
  return urls_.emplace_back(GetParam() == Dialect::sqlite ? sqlite_url(migrated) : postgres_url(migrated));
}

std::unique_ptr<Database> DbTest::fresh() { return open_or_throw(fresh_url()); }

void DbTest::SetUp() {
  url_ = fresh_url();
  database_ = open_or_throw(url_);
}

Database& DbTest::reopen() {
  database_.reset();
  database_ = open_or_throw(url_);
  return *database_;
}

void DbTest::TearDown() {
  database_.reset();
  for (auto const& url : urls_) {
    if (GetParam() == Dialect::sqlite) {
      fs::remove_all(fs::path{url.substr(7)}.parent_path());
    } else {
      PostgresServer::of_this_process().execute(fmt::format("DROP DATABASE {} WITH (FORCE)", url.substr(url.rfind('/') + 1)));
    }
  }
}

}  // namespace fabrica::db
