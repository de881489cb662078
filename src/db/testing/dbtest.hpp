#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "db/db.hpp"
#include "db/testing/faults.hpp"

namespace fabrica::db {

// A test on a database of its own with the whole schema:
//
//   class CallsDb : public db::DbTest {};
//   FABRICA_ON_BOTH(CallsDb);
//   TEST_P(CallsDb, KeepsWhatWasWritten) { auto done = db().write(...); }
//
// PostgreSQL is a private server that this process starts; where the program is missing the tests fail.
class DbTest : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Database& db() { return *database_; }
  std::string const& url() const { return url_; }
  // The same database, closed and opened again.
  Database& reopen();
  // Another database with the schema; it goes when it is closed, and that must be before the test ends.
  std::unique_ptr<Database> fresh();
  // The URL of another database, with the schema or without any table.
  std::string fresh_url(bool migrated = true);

 private:
  std::string url_;
  std::vector<std::string> urls_;
  std::unique_ptr<Database> database_;
};

// A folder of its own under the system's temporary folder, removed with everything in it.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(TestFolder const&) = delete;
  TestFolder& operator=(TestFolder const&) = delete;
  std::string const& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string dialect_name(::testing::TestParamInfo<Dialect> const& info) {
  return info.param == Dialect::sqlite ? "sqlite" : "postgres";
}

// What an assertion prints for a Result that should have been good.
template <class T>
std::string why(Result<T> const& result) {
  return result ? "ok"
                : std::string{name_of(result.error().code)} + " " + result.error().reason + ": " + result.error().what;
}

}  // namespace fabrica::db

#define FABRICA_ON_BOTH(suite)                                                                                  \
  INSTANTIATE_TEST_SUITE_P(, suite,                                                                             \
                           ::testing::Values(::fabrica::db::Dialect::sqlite, ::fabrica::db::Dialect::postgres), \
                           ::fabrica::db::dialect_name)
