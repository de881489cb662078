#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fabrica::runtime {

// A fixed number of named threads that run tasks in the order they came. The queue is bounded: what does not fit is
// refused, so that an overload shows at once instead of as ever longer waits. A task that throws ends the process.
class Pool {
 public:
  struct Settings {
    std::string name = "worker";  // at most 15 characters: the kernel's limit for a thread's name
    int threads = 4;
    std::size_t queue_max = 1024;
  };

  explicit Pool(Settings settings);
  // Runs what is queued, then ends.
  ~Pool();
  Pool(Pool const&) = delete;
  Pool& operator=(Pool const&) = delete;

  // From any thread, tasks included. False when the queue is full or the pool is stopping: the task will not run.
  [[nodiscard]] bool submit(std::function<void()> task);
  // For what must not be lost once begun (the next piece of an upload): the queue's bound does not apply.
  [[nodiscard]] bool submit_next(std::function<void()> task);
  // Takes nothing new, runs what is queued, waits for it. Not from a task.
  void stop();

  std::size_t queued() const;
  int threads() const { return settings_.threads; }

 private:
  bool enqueue(std::function<void()> task, std::size_t queue_max);
  void work();
  bool wants_waking();  // under guards_queue_; the caller then notifies

  Settings settings_;
  mutable std::mutex guards_queue_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  int idle_ = 0;
  bool waking_ = false;  // a notified thread has not run yet
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fabrica::runtime
