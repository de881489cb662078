#pragma once

#include <atomic>
#include <utility>

#include "base/check.hpp"
#include "db/db.hpp"

namespace fabrica::db {

// A database that fails one step and works again. Steps are counted from 0 over all transactions: each statement (it
// fails before it runs), and at the end of each write two more (the commit fails and nothing was kept; the commit fails
// although everything was kept). A failed step answers unavailable "database", as a server that went away does.
class FaultyDatabase final : public Database {
 public:
  explicit FaultyDatabase(Database& inner) : inner_{inner} {}
  Dialect dialect() const override { return inner_.dialect(); }
  void fail_at(int step) {
    step_ = 0;
    fail_at_ = step;
    fired_ = false;
  }
  void heal() { fail_at(-1); }
  bool fired() const { return fired_; }

 protected:
  Result<> run_read(Closure const& closure) override;
  Result<> run_write(Closure const& closure) override;

 private:
  friend class FaultyTx;
  Result<> step();

  Database& inner_;
  std::atomic<int> step_ = 0;
  std::atomic<int> fail_at_ = -1;
  std::atomic<bool> fired_ = false;
};

// Runs a use case with its first step failing, then its second, and so on until it gets through without a fault. Each
// time on a new database: `make_world()` gives a std::unique_ptr<Database> with what the case needs. `run(Database&)`
// is the use case and returns a Result; `invariants(Database&, bool succeeded)` looks at what is there afterwards.
// Returns how many faults there were.
template <class MakeWorld, class Run, class Invariants>
int for_each_fault(MakeWorld&& make_world, Run&& run, Invariants&& invariants) {
  constexpr int kStepsMax = 10'000;
  for (int step = 0; step < kStepsMax; ++step) {
    auto world = make_world();
    FaultyDatabase faulty{*world};
    faulty.fail_at(step);
    auto const result = run(static_cast<Database&>(faulty));
    invariants(*world, result.has_value());
    if (!faulty.fired()) {
      FABRICA_CHECK(result.has_value());  // the case fails by itself: nothing was tested
      return step;
    }
  }
  die("a use case takes more than 10,000 steps");
}

}  // namespace fabrica::db
