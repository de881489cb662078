#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "db/impl/drivers.hpp"
#include "db/impl/sqlite_connection.hpp"

namespace fabrica::db {
namespace {

using Notifications = std::vector<std::function<void()>>;
using Closure = std::function<Result<>(Tx&)>;
using SteadyClock = std::chrono::steady_clock;

constexpr Query kBeginWrite{"begin", "BEGIN IMMEDIATE"};
constexpr Query kBeginRead{"begin", "BEGIN"};
constexpr Query kEndRead{"end", "COMMIT"};
constexpr Query kSavepoint{"savepoint", "SAVEPOINT job"};
constexpr Query kRelease{"release", "RELEASE job"};
constexpr Query kUndo{"undo", "ROLLBACK TO job"};

// Shared by the caller, who waits on `done`, and the writer, who still touches it while it wakes the caller; whoever is
// later lets go last.
struct Job {
  explicit Job(Closure const& work) : closure{work} {}
  Closure const& closure;
  Result<> result{};
  std::exception_ptr thrown;
  Notifications notify;
  std::atomic<int> done = 0;  // an int waits on its own futex, a bool would share one
};
using JobPtr = std::shared_ptr<Job>;

// The one thread that writes. Jobs that wait are run together, each under its own savepoint, and one durable commit
// answers them all: an fsync costs as much for one as for hundreds.
class Writer {
 public:
  explicit Writer(std::unique_ptr<SqliteConnection> connection)
      : connection_{std::move(connection)}, thread_{[this] { loop(); }} {}
  ~Writer() {
    {
      std::lock_guard const lock{queue_guard_};
      stopping_ = true;
    }
    queue_changed_.notify_one();
    thread_.join();
  }
  Writer(Writer const&) = delete;
  Writer& operator=(Writer const&) = delete;

  Result<> run(Closure const& closure) {
    auto const job = std::make_shared<Job>(closure);
    {
      std::lock_guard const lock{queue_guard_};
      queue_.push_back(job);
    }
    queue_changed_.notify_one();
    job->done.wait(0);
    if (job->thrown) std::rethrow_exception(job->thrown);
    return std::move(job->result);
  }

 private:
  // Bounds of a group: how many wait for one commit, and how long the first waits for the last.
  static constexpr std::size_t kGroupJobsMax = 512;
  static constexpr std::chrono::milliseconds kGroupTimeMax{10};

  void loop() {
    InsideClosure const inside{this};
    std::vector<JobPtr> group;
    while (wait_for_jobs()) {
      run_group(group);
      group.clear();
      connection_->trim();
    }
  }

  bool wait_for_jobs() {
    std::unique_lock lock{queue_guard_};
    queue_changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    return !queue_.empty();
  }

  void take_jobs(std::vector<JobPtr>& group) {
    std::lock_guard const lock{queue_guard_};
    while (!queue_.empty() && group.size() < kGroupJobsMax) {
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }

  void run_group(std::vector<JobPtr>& group) {
    take_jobs(group);
    if (auto begun = connection_->command(kBeginWrite); !begun) return refuse(group, begun.error());
    auto const until = SteadyClock::now() + kGroupTimeMax;
    for (std::size_t at = 0; at < group.size(); ++at) {
      if (auto done = run_job(*group[at]); !done) {
        connection_->rollback();
        return refuse(group, done.error());
      }
      if (at + 1 == group.size() && SteadyClock::now() < until) take_jobs(group);
    }
    finish(group);
  }

  void finish(std::vector<JobPtr>& group) {
    if (connection_->moved()) {
      connection_->rollback();
      return refuse(group,
                    {Errc::unavailable, "database",
                     "The database file was removed or replaced while the server ran: stop the server, put the file "
                     "back, start it again."});
    }
    auto const commit = connection_->commit();
    switch (commit.outcome) {
      case SqliteConnection::Commit::Outcome::kept: break;
      case SqliteConnection::Commit::Outcome::refused: return refuse(group, commit.error);
      case SqliteConnection::Commit::Outcome::unknown:
        die("whether a commit was kept is not known: " + commit.error.what);
    }
    for (auto const& job : group) {
      for (auto const& notify : job->notify) notify();
      answer(*job);
    }
  }

  // An error means that the whole group is lost; the job's own refusal is in job.result.
  Result<> run_job(Job& job) {
    FABRICA_DO(connection_->command(kSavepoint));
    SqliteTx tx{*connection_, false};
    try {
      job.result = job.closure(tx);
    } catch (...) {
      job.thrown = std::current_exception();
    }
    if (tx.failure() && job.result) job.result = std::unexpected(*tx.failure());
    if (!connection_->in_transaction())
      return std::unexpected(
          tx.failure().value_or(Error{Errc::internal, "query", "A statement ended the transaction."}));
    if (job.result && !job.thrown) {
      job.notify = tx.take_notifications();
    } else {
      FABRICA_DO(connection_->command(kUndo));
    }
    return connection_->command(kRelease);
  }

  // Nothing of the group was kept. A job that had refused by itself keeps its own answer.
  void refuse(std::vector<JobPtr> const& group, Error const& why) {
    for (auto const& job : group) {
      if (job->result) job->result = std::unexpected(why);
      answer(*job);
    }
  }

  static void answer(Job& job) {
    job.done = 1;
    job.done.notify_one();
  }

  std::unique_ptr<SqliteConnection> connection_;  // the writer thread's alone
  std::mutex queue_guard_;                        // guards the next two
  std::deque<JobPtr> queue_;
  bool stopping_ = false;
  std::condition_variable queue_changed_;
  std::thread thread_;
};

// Connections that read, opened when they are first needed; the one used last is given out first.
class Readers {
 public:
  Readers(std::string path, int connections_max) : path_{std::move(path)}, connections_max_{connections_max} {}

  Result<> run(Closure const& closure) {
    FABRICA_TRY(Lease lease, borrow());
    FABRICA_DO(lease->command(kBeginRead));
    SqliteTx tx{*lease, true};
    auto result = closure(tx);
    if (tx.failure() && result) result = std::unexpected(*tx.failure());
    if (!lease->command(kEndRead)) lease->rollback();
    return result;
  }

 private:
  // Gives the connection back, out of its transaction, however the closure is left.
  class Lease {
   public:
    Lease(Readers& readers, std::unique_ptr<SqliteConnection> connection)
        : readers_{&readers}, connection_{std::move(connection)} {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (!connection_) return;
      connection_->rollback();
      connection_->trim();
      readers_->give_back(std::move(connection_));
    }
    SqliteConnection* operator->() { return connection_.get(); }
    SqliteConnection& operator*() { return *connection_; }

   private:
    Readers* readers_;
    std::unique_ptr<SqliteConnection> connection_;
  };

  Result<Lease> borrow() {
    std::unique_lock lock{guard_};
    auto const free = [&] { return !idle_.empty() || open_ < connections_max_; };
    if (!one_came_back_.wait_for(lock, std::chrono::seconds{30}, free))
      return fail(Errc::unavailable, "database", "All database connections are busy: try again later.");
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return Lease{*this, std::move(connection)};
    }
    ++open_;
    lock.unlock();
    auto opened = SqliteConnection::open(path_, SqliteConnection::Use::read);
    if (opened) return Lease{*this, *std::move(opened)};
    lock.lock();
    --open_;
    one_came_back_.notify_one();
    return std::unexpected(std::move(opened).error());
  }

  void give_back(std::unique_ptr<SqliteConnection> connection) {
    {
      std::lock_guard const lock{guard_};
      idle_.push_back(std::move(connection));
    }
    one_came_back_.notify_one();
  }

  std::string const path_;
  int const connections_max_;
  std::mutex guard_;  // guards the next two
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  int open_ = 0;
  std::condition_variable one_came_back_;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::unique_ptr<SqliteConnection> writer, std::string path, int connections_max)
      : writer_{std::move(writer)}, readers_{std::move(path), connections_max} {}
  Dialect dialect() const override { return Dialect::sqlite; }

 protected:
  Result<> run_read(Closure const& closure) override {
    check_not_inside();
    InsideClosure const inside{this};
    return readers_.run(closure);
  }
  Result<> run_write(Closure const& closure) override {
    check_not_inside();
    return writer_.run(closure);
  }

 private:
  void check_not_inside() const { FABRICA_CHECK(!InsideClosure::of(this) && !InsideClosure::of(&writer_)); }

  Writer writer_;
  Readers readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(std::string path, int connections_max) {
  FABRICA_TRY(auto writer, SqliteConnection::open(path, SqliteConnection::Use::write));
  return std::make_unique<SqliteDatabase>(std::move(writer), std::move(path), connections_max);
}

}  // namespace fabrica::db
