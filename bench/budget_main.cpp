// Durable moves of the budget ledger on this disk: budget_bench FOLDER [seconds] prints JSON.
// Transfers between accounts of their own by 16 clients, then holds of 16 clients on one account (each placed and
// settled).
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "budget/service.hpp"
#include "crypto/random.hpp"
#include "db/migrate.hpp"
#include "embedded/migrations.hpp"

namespace {

using namespace fabrica;
using budget::AccountKind;
using budget::Budget;
using budget::Unit;
using SteadyClock = std::chrono::steady_clock;

constexpr int kClients = 16;
constexpr std::int64_t kPlenty = std::int64_t{1} << 50;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}: {}\n", result.error().reason, result.error().what);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Measured {
  double rate = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

// `act(client, turn)` by 16 threads, each waiting for its own.
Measured measure(double seconds, std::function<void(int, int)> const& act) {
  std::vector<std::vector<double>> waits(kClients);
  auto const start = SteadyClock::now();
  {
    std::vector<std::jthread> threads;
    for (int client = 0; client < kClients; ++client)
      threads.emplace_back([&, client] {
        auto& mine = waits[static_cast<std::size_t>(client)];
        while (seconds_since(start) < seconds) {
          auto const asked = SteadyClock::now();
          act(client, static_cast<int>(mine.size()));
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

budget::Account filled(Budget& budget, db::Database& database, std::string const& owner) {
  return must(database.write([&](db::Tx& tx) -> Result<budget::Account> {
    FABRICA_TRY(auto const source, budget.open_account(tx, "factory", AccountKind::source, Unit::gpu_hour));
    FABRICA_TRY(auto const account, budget.open_account(tx, owner, AccountKind::award, Unit::gpu_hour));
    FABRICA_DO(budget.transfer(tx, {"fill/" + owner, source.id, account.id, kPlenty / 64, "fill", owner}));
    return budget.account(tx, account.id);
  }));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: budget_bench FOLDER [seconds]\n");
    return 2;
  }
  std::filesystem::path const folder{argv[1]};
  double const seconds = argc > 2 ? std::atof(argv[2]) : 5;
  SystemClock clock;
  crypto::SystemRandom random;
  auto database = must(db::open({.url = "sqlite:" + (folder / "budget.db").string()}));
  must(db::migrate(*database, embedded::migrations(), clock));
  Budget budget{clock, random};

  std::vector<budget::Account> own;
  for (int client = 0; client < kClients; ++client)
    own.push_back(filled(budget, *database, fmt::format("client-{}", client)));
  auto const sink = filled(budget, *database, "sink");
  auto const shared = filled(budget, *database, "shared");

  auto const transfers = measure(seconds, [&](int client, int turn) {
    must(database->write([&](db::Tx& tx) {
      return budget.transfer(tx, {fmt::format("t/{}/{}", client, turn), own[static_cast<std::size_t>(client)].id,
                                  sink.id, 1000, "bench", "bench"});
    }));
  });
  auto const holds = measure(seconds, [&](int client, int turn) {
    auto const id = fmt::format("h/{}/{}", client, turn);
    must(database->write(
        [&](db::Tx& tx) { return budget.hold(tx, {id, shared.id, 2000, clock.now() + kHour, "bench"}); }));
    must(database->write([&](db::Tx& tx) { return budget.settle(tx, id, 1500, "bench"); }));
  });
  auto const differences = must(database->read([&](db::Tx& tx) { return budget.recompute(tx); }));
  fmt::print(
      "{{\"bench\": \"budget\", \"clients\": {}, \"transfers_per_s\": {:.0f}, \"transfer_p50_ms\": {:.2f}, "
      "\"transfer_p99_ms\": {:.2f}, "
      "\"holds_settled_per_s\": {:.0f}, \"hold_p50_ms\": {:.2f}, \"hold_p99_ms\": {:.2f}, \"differences\": {}}}\n",
      kClients, transfers.rate, transfers.p50_ms, transfers.p99_ms, holds.rate, holds.p50_ms, holds.p99_ms,
      differences.size());
  return differences.empty() ? 0 : 1;
}
