#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "db/impl/drivers.hpp"
#include "db/impl/postgres_connection.hpp"

namespace fabrica::db {
namespace {

using Closure = std::function<Result<>(Tx&)>;
using SteadyClock = std::chrono::steady_clock;

// The driver's own table. Each write leaves a mark of its own in it, in its transaction, so that after a COMMIT whose
// answer was lost the next connection can learn, and settle for ever, whether it was kept. (A transaction's own number
// would not do: one that never reached the disk is given out again after a crash.)
constexpr char kMakeMarks[] =
    "BEGIN; SELECT pg_advisory_xact_lock(7227003101); "
    "CREATE TABLE IF NOT EXISTS fabrica_commit_marks (mark TEXT PRIMARY KEY, made_us BIGINT NOT NULL "
    "DEFAULT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)); COMMIT";
constexpr char kForgetMarks[] =
    "DELETE FROM fabrica_commit_marks "
    "WHERE made_us < CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) - 3600000000";
constexpr std::uint64_t kForgetEvery = 4096;

// Random waits that grow: 1 to 2 ms, 2 to 4 ms and so on up to the ceiling.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds ceiling) : ceiling_{ceiling} {}
  void wait() {
    std::uniform_int_distribution<std::int64_t> micros{ceiling_now_.count() / 2, ceiling_now_.count()};
    // Bounded, and nothing in this process could end it earlier: the other side is a server.
    std::this_thread::sleep_for(std::chrono::microseconds{micros(random_)});  // tidy: sleep see above
    ceiling_now_ = std::min(2 * ceiling_now_, ceiling_);
  }

 private:
  std::chrono::microseconds ceiling_;
  std::chrono::microseconds ceiling_now_{2000};
  std::minstd_rand random_{std::random_device{}()};  // tidy: random spreads retries, decides nothing
};

class PostgresDatabase final : public Database {
 public:
  explicit PostgresDatabase(Settings const& settings) : settings_{settings} {
    std::random_device random;  // tidy: random only tells this process's marks from others'
    for (int at = 0; at < 4; ++at) process_mark_ += fmt::format("{:08x}", random());
  }

  Result<> start() {
    FABRICA_TRY(auto connection, PgConnection::open(settings_.url));
    bool made = false;
    FABRICA_DO(connection->query({"marks", "SELECT to_regclass('fabrica_commit_marks')"}, nullptr, 0,
                                 [&](Row const& row) { made = !row.null(0); }));
    if (!made) FABRICA_DO(connection->script("marks", kMakeMarks));
    std::lock_guard const lock{guard_};
    idle_.push_back(std::move(connection));
    ++open_;
    return {};
  }

  Dialect dialect() const override { return Dialect::postgres; }

 protected:
  Result<> run_read(Closure const& closure) override {
    return persistently([&](PgConnection& connection) -> Outcome {
      PgTx tx{connection, true};
      auto result = run_closure(connection, tx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", closure);
      if (result && !connection.script("end", "COMMIT"))
        return {std::unexpected(connection.failure()->error), retry_of(connection)};
      return {std::move(result), retry_of(connection)};
    });
  }

  Result<> run_write(Closure const& closure) override {
    return persistently([&](PgConnection& connection) { return write_once(connection, closure); });
  }

 private:
  enum class Retry : std::uint8_t { no, conflict, connection };
  struct Outcome {
    Result<> result{};
    Retry retry = Retry::no;
  };
  static constexpr int kConflictsMax = 40;

  static Retry retry_of(PgConnection const& connection) {
    if (!connection.failure()) return Retry::no;
    switch (connection.failure()->fate) {
      case PgFate::refused: return Retry::no;
      case PgFate::again: return Retry::conflict;
      case PgFate::lost: return Retry::connection;
    }
    std::unreachable();
  }

  Result<> run_closure(PgConnection& connection, PgTx& tx, char const* begin, Closure const& closure) {
    FABRICA_DO(connection.script("begin", begin));
    InsideClosure const inside{this};
    auto result = closure(tx);
    if (result && connection.failure()) return std::unexpected(connection.failure()->error);
    return result;
  }

  Outcome write_once(PgConnection& connection, Closure const& closure) {
    PgTx tx{connection, false};
    auto result = run_closure(connection, tx, "BEGIN ISOLATION LEVEL SERIALIZABLE", closure);
    if (!result) return {std::move(result), retry_of(connection)};
    auto const number = ++writes_;
    auto const mark = fmt::format("{}-{}", process_mark_, number);
    auto const committed =
        connection.script("commit", fmt::format("INSERT INTO fabrica_commit_marks (mark) VALUES ('{}'); COMMIT", mark));
    if (!committed) {
      auto const retry = retry_of(connection);
      if (retry != Retry::connection) return {std::unexpected(committed.error()), retry};
      if (!was_kept(mark)) return {std::unexpected(committed.error()), retry};
    }
    for (auto const& notify : tx.take_notifications()) notify();
    // Housekeeping of the driver's own; whether it succeeds now or the next time is all the same.
    if (number % kForgetEvery == 0 && connection.alive()) (void)connection.script("forget", kForgetMarks);
    return {};
  }

  // After a COMMIT without an answer: whoever puts the mark there first has won. Our INSERT waits for the lost
  // transaction if the server still works on it; once it has succeeded, that one can never be kept any more.
  bool was_kept(std::string const& mark) {
    auto const until = SteadyClock::now() + 2 * std::chrono::milliseconds{settings_.reconnect_ms_max};
    Backoff backoff{std::chrono::milliseconds{500}};
    for (;;) {
      if (auto connection = PgConnection::open(settings_.url)) {
        auto const claimed =
            (*connection)
                ->script(
                    "claim",
                    fmt::format("SET statement_timeout = 30000; INSERT INTO fabrica_commit_marks (mark) VALUES ('{}') "
                                "ON CONFLICT DO NOTHING",
                                mark));
        if (claimed) return *claimed == 0;
      }
      if (SteadyClock::now() > until)
        die("whether a commit was kept is not known: PostgreSQL went away and stays away");
      backoff.wait();
    }
  }

  // Runs `once` on a connection until it needs no retry, within the bounds.
  template <class F>
  Result<> persistently(F&& once) {
    FABRICA_CHECK(!InsideClosure::of(this));
    auto const until = SteadyClock::now() + std::chrono::milliseconds{settings_.reconnect_ms_max};
    Backoff backoff{std::chrono::milliseconds{200}};
    std::unique_lock turn{turnstile_, std::defer_lock};
    for (int conflicts = 0;;) {
      if (conflicts > 0 && !turn.owns_lock()) turn.lock();
      FABRICA_TRY(auto lease, borrow(until));
      Outcome outcome = once(*lease);
      lease.finish();
      if (outcome.retry == Retry::no) return std::move(outcome.result);
      bool const enough = outcome.retry == Retry::conflict ? ++conflicts >= kConflictsMax : SteadyClock::now() > until;
      if (enough) return std::move(outcome.result);
      backoff.wait();
    }
  }

  // Gives the connection back outside of any transaction, or drops it.
  class Lease {
   public:
    Lease(PostgresDatabase& database, std::unique_ptr<PgConnection> connection)
        : database_{&database}, connection_{std::move(connection)} {}
    Lease(Lease&&) = default;
    ~Lease() { finish(); }
    PgConnection& operator*() { return *connection_; }

    void finish() {
      if (!connection_) return;
      bool const lost = retry_of(*connection_) == Retry::connection;
      connection_->forget_failure();
      bool const usable = !lost && connection_->leave_transaction();
      database_->give_back(std::move(connection_), usable);
    }

   private:
    PostgresDatabase* database_;
    std::unique_ptr<PgConnection> connection_;
  };

  Result<Lease> borrow(SteadyClock::time_point until) {
    std::unique_lock lock{guard_};
    auto const free = [&] { return !idle_.empty() || open_ < settings_.connections_max; };
    if (!one_came_back_.wait_for(lock, std::chrono::seconds{30}, free))
      return fail(Errc::unavailable, "database", "All database connections are busy: try again later.");
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease{*this, std::move(connection)};
    }
    ++open_;
    lock.unlock();
    Backoff backoff{std::chrono::milliseconds{500}};
    for (;;) {
      auto opened = PgConnection::open(settings_.url);
      if (opened) return Lease{*this, *std::move(opened)};
      if (SteadyClock::now() > until) {
        give_back(nullptr, false);
        return std::unexpected(std::move(opened).error());
      }
      backoff.wait();
    }
  }

  // One connection lost means a server lost: the idle ones are dropped with it.
  void give_back(std::unique_ptr<PgConnection> connection, bool usable) {
    std::vector<std::unique_ptr<PgConnection>> dropped;
    {
      std::lock_guard const lock{guard_};
      if (usable) {
        idle_.push_back(std::move(connection));
      } else {
        dropped.swap(idle_);
        open_ -= 1 + static_cast<int>(dropped.size());
      }
    }
    one_came_back_.notify_all();
  }

  Settings const settings_;
  std::string process_mark_;
  std::atomic<std::uint64_t> writes_ = 0;
  std::mutex guard_;  // guards the next two
  std::vector<std::unique_ptr<PgConnection>> idle_;
  int open_ = 0;
  std::condition_variable one_came_back_;
  std::mutex turnstile_;  // those who lost against another transaction go one at a time: else they go on losing
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(Settings const& settings) {
  auto database = std::make_unique<PostgresDatabase>(settings);
  FABRICA_DO(database->start());
  return database;
}

}  // namespace fabrica::db
