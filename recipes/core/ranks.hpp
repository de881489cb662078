#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fabrica::recipe {

// A fixed number of threads that work at the same time; rank 0 is the calling thread. A machine shared with others
// loses no more than its share: nobody spins, and nobody waits for another inside a piece of work.
class Ranks {
 public:
  explicit Ranks(int count);
  ~Ranks();
  Ranks(Ranks const&) = delete;
  Ranks& operator=(Ranks const&) = delete;

  int count() const { return static_cast<int>(threads_.size()) + 1; }

  // work(rank) on every rank; returns when all are done. `work` must not throw.
  void run(std::function<void(int)> const& work);

 private:
  void serve(int rank);

  std::mutex mutex_;  // guards everything below
  std::condition_variable wake_;
  std::condition_variable done_;
  std::function<void(int)> const* work_ = nullptr;
  unsigned long round_ = 0;
  int running_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fabrica::recipe
