#include "db/testing/dbtest.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

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

// A database of PostgreSQL costs a copy of some hundred files, so those that tests leave are put back in order and
// given out again. What that order is lies in a schema of its own in each: the tables, their rows, and a sum over all
// columns, constraints and indexes.
constexpr char kSchemaSum[] = R"sql(
  SELECT COALESCE(md5(string_agg(line, ',' ORDER BY line)), '') FROM (
    SELECT c.relname || a.attname || a.atttypid || a.attnotnull AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = CAST('public' AS regnamespace) AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = CAST('public' AS regnamespace)
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public') AS lines)sql";

constexpr char kRemember[] = R"sql(
  CREATE SCHEMA pattern;
  CREATE TABLE pattern.sum (value TEXT);
  DO $do$ DECLARE one record; BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('CREATE TABLE pattern.%I AS SELECT * FROM public.%I', 'rows_' || one.tablename, one.tablename);
    END LOOP;
  END $do$;)sql";

constexpr char kPutInOrder[] = R"sql(
  DO $do$ DECLARE one record; filled boolean; counter text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      IF to_regclass(format('pattern.%I', 'rows_' || one.tablename)) IS NULL THEN
        EXECUTE format('DROP TABLE public.%I CASCADE', one.tablename);
        CONTINUE;
      END IF;
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', one.tablename) INTO filled;
      IF filled THEN EXECUTE format('DELETE FROM public.%I', one.tablename); END IF;
      EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM pattern.%I',
                     one.tablename, 'rows_' || one.tablename);
      FOR counter IN SELECT pg_get_serial_sequence(format('public.%I', one.tablename), attname) FROM pg_attribute
                      WHERE attrelid = CAST(format('public.%I', one.tablename) AS regclass) AND attidentity <> '' LOOP
        EXECUTE format('SELECT setval(%L, COALESCE((SELECT max(id) FROM public.%I), 0) + 1, false)', counter, one.tablename);
      END LOOP;
    END LOOP;
    IF (SELECT value FROM pattern.sum) <> ({0}) THEN RAISE EXCEPTION 'the test changed the schema'; END IF;
  END $do$;)sql";

// Everything that lasts as long as the process: where the SQLite files lie, how many databases were given out, and the
// names of those of PostgreSQL that are in order: without any table, and with all of them.
struct Shared {
  TestFolder folder;
  int given = 0;
  bool sqlite_ready = false;
  bool postgres_ready[2]{};
  std::vector<std::string> in_order[2];
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

void make_pattern(PostgresServer& server, bool migrated) {
  std::string const name = migrated ? "pattern" : "blank";
  server.execute(fmt::format("CREATE DATABASE {} TEMPLATE template0", name));
  if (migrated) migrate_or_throw(server.url(name));
  server.execute(kRemember, name);
  server.execute(fmt::format("INSERT INTO pattern.sum {}", kSchemaSum), name);
}

std::string postgres_url(bool migrated) {
  auto& all = shared();
  auto& server = PostgresServer::of_this_process();
  if (!std::exchange(all.postgres_ready[migrated], true)) make_pattern(server, migrated);
  auto& in_order = all.in_order[migrated];
  if (!in_order.empty()) {
    auto const name = in_order.back();
    in_order.pop_back();
    return server.url(name);
  }
  auto const name = fmt::format("{}_{}", migrated ? "pattern" : "blank", ++all.given);
  server.execute(fmt::format("CREATE DATABASE {} TEMPLATE {}", name, migrated ? "pattern" : "blank"));
  return server.url(name);
}

std::string new_url(Dialect dialect, bool migrated) {
  return dialect == Dialect::sqlite ? sqlite_url(migrated) : postgres_url(migrated);
}

void take_back(std::string const& url) {
  if (url.starts_with("sqlite:")) {
    fs::remove_all(fs::path{url.substr(7)}.parent_path());
    return;
  }
  auto& server = PostgresServer::of_this_process();
  auto const name = url.substr(url.rfind('/') + 1);
  std::string order = kPutInOrder;
  order.replace(order.find("{0}"), 3, kSchemaSum);
  try {
    server.execute(order, name);
    shared().in_order[name.starts_with("pattern") ? 1 : 0].push_back(name);
  } catch (std::runtime_error const&) {
    server.execute(fmt::format("DROP DATABASE {} WITH (FORCE)", name));
  }
}

// Gives the database back when it is closed: the worlds of a fault loop are many.
class LentDatabase final : public Database {
 public:
  explicit LentDatabase(std::string url) : url_{std::move(url)}, inner_{open_or_throw(url_)} {}
  ~LentDatabase() override {
    inner_.reset();
    take_back(url_);
  }
  Dialect dialect() const override { return inner_->dialect(); }

 protected:
  Result<> run_read(Closure const& closure) override {
    return inner_->read([&](Tx& tx) { return closure(tx); });
  }
  Result<> run_write(Closure const& closure) override {
    return inner_->write([&](Tx& tx) { return closure(tx); });
  }

 private:
  std::string url_;
  std::unique_ptr<Database> inner_;
};

}  // namespace

TestFolder::TestFolder() {
  path_ = (fs::temp_directory_path() / "fabrica-test-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
}
TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string DbTest::fresh_url(bool migrated) { return urls_.emplace_back(new_url(GetParam(), migrated)); }

std::unique_ptr<Database> DbTest::fresh() { return std::make_unique<LentDatabase>(new_url(GetParam(), true)); }

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
  for (auto const& url : urls_) take_back(url);
  urls_.clear();
}

}  // namespace fabrica::db
