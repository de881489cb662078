// Durable INSERTs a second on this disk: bench_insert FOLDER [seconds] prints JSON.
// Three ways in one run: SQLite alone with a commit each, SQLite alone with a commit for 64, and 64 threads that each
// wait for their own write through db/. All with a write-ahead log and synchronous = FULL.
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/check.hpp"
#include "db/db.hpp"

namespace {

using namespace fabrica;
using SteadyClock = std::chrono::steady_clock;

constexpr char kTable[] =
    "CREATE TABLE row (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL, made_us BIGINT NOT NULL)";
constexpr char kInsert[] = "INSERT INTO row (name, body, made_us) VALUES ($1, $2, $3)";
constexpr int kClients = 64;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

void must(int code, int wanted, char const* what) {
  if (code == wanted) return;
  die(fmt::format("{} failed: {}", what, sqlite3_errstr(code)));
}

double bare(std::string const& path, int rows_a_commit, double seconds) {
  sqlite3* handle = nullptr;
  must(sqlite3_open(path.c_str(), &handle), SQLITE_OK, "open");
  auto const run = [&](char const* sql) { must(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK, sql); };
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  run(kTable);
  sqlite3_stmt* insert = nullptr;
  must(sqlite3_prepare_v2(handle, kInsert, -1, &insert, nullptr), SQLITE_OK, "prepare");
  std::int64_t rows = 0;
  auto const start = SteadyClock::now();
  while (seconds_since(start) < seconds) {
    run("BEGIN IMMEDIATE");
    for (int at = 0; at < rows_a_commit; ++at, ++rows) {
      auto const name = std::to_string(rows);
      sqlite3_bind_text(insert, 1, name.c_str(), -1, SQLITE_STATIC);
      sqlite3_bind_text(insert, 2, "a body of some forty characters, as here", -1, SQLITE_STATIC);
      sqlite3_bind_int64(insert, 3, rows);
      must(sqlite3_step(insert), SQLITE_DONE, "insert");
      sqlite3_reset(insert);
    }
    run("COMMIT");
  }
  auto const rate = static_cast<double>(rows) / seconds_since(start);
  sqlite3_finalize(insert);
  sqlite3_close(handle);
  return rate;
}

struct Layer {
  double rate = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

Layer layer(std::string const& path, double seconds) {
  auto opened = db::open({.url = "sqlite:" + path});
  if (!opened || !(*opened)->write([](db::Tx& tx) { return tx.run({"make", kTable}); })) die("cannot use " + path);
  auto& database = **opened;
  constexpr db::Query kPut{"put", kInsert};
  std::vector<std::vector<double>> waits(kClients);
  auto const start = SteadyClock::now();
  {
    std::vector<std::jthread> threads;
    for (auto& mine : waits)
      threads.emplace_back([&] {
        while (seconds_since(start) < seconds) {
          auto const asked = SteadyClock::now();
          auto const name = std::to_string(mine.size());
          auto const done = database.write(
              [&](db::Tx& tx) { return tx.insert(kPut, name, "a body of some forty characters, as here", 1); });
          if (!done) die(done.error().what);
          mine.push_back(seconds_since(asked) * 1000);
        }
      });
  }
  auto const took = seconds_since(start);
  std::vector<double> all;
  for (auto const& some : waits) all.insert(all.end(), some.begin(), some.end());
  std::ranges::sort(all);
  auto const at = [&](double share) {
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  return {static_cast<double>(all.size()) / took, at(0.5), at(0.99)};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: bench_insert FOLDER [seconds]\n");
    return 2;
  }
  std::filesystem::path const folder{argv[1]};
  double const seconds = argc > 2 ? std::atof(argv[2]) : 3;
  for (char const* name : {"each.db", "grouped.db", "layer.db"})
    for (char const* tail : {"", "-wal", "-shm"}) std::filesystem::remove(folder / (std::string{name} + tail));
  auto const each = bare((folder / "each.db").string(), 1, seconds);
  auto const grouped = bare((folder / "grouped.db").string(), kClients, seconds);
  auto const through = layer((folder / "layer.db").string(), seconds);
  fmt::print(
      "{{\"clients\": {}, \"bare_each_per_s\": {:.0f}, \"bare_grouped_per_s\": {:.0f}, \"layer_per_s\": {:.0f}, "
      "\"layer_p50_ms\": {:.2f}, \"layer_p99_ms\": {:.2f}}}\n",
      kClients, each, grouped, through.rate, through.p50_ms, through.p99_ms);
  return 0;
}
