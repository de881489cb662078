#include "runtime/pool.hpp"

#include <pthread.h>

#include <exception>

#include "base/check.hpp"

namespace fabrica::runtime {

Pool::Pool(Settings settings) : settings_{std::move(settings)} {
  FABRICA_CHECK(settings_.threads > 0);
  threads_.reserve(static_cast<std::size_t>(settings_.threads));
  for (int number = 0; number < settings_.threads; ++number) {
    threads_.emplace_back([this] { work(); });
    ::pthread_setname_np(threads_.back().native_handle(), settings_.name.substr(0, 15).c_str());
  }
}

Pool::~Pool() { stop(); }

bool Pool::submit(std::function<void()> task) { return enqueue(std::move(task), settings_.queue_max); }

bool Pool::submit_next(std::function<void()> task) { return enqueue(std::move(task), std::size_t(-1)); }

bool Pool::enqueue(std::function<void()> task, std::size_t queue_max) {
  bool wake = false;
  {
    std::lock_guard const lock{guards_queue_};
    if (stopping_ || queue_.size() >= queue_max) return false;
    queue_.push_back(std::move(task));
    wake = wants_waking();
  }
  if (wake) changed_.notify_one();
  return true;
}

// One thread is woken at a time, and wakes the next if there is still work when it runs: a burst of short tasks is then
// done by the few threads that are awake, while tasks that wait for the database still bring in as many as there are.
bool Pool::wants_waking() {
  if (queue_.empty() || idle_ == 0 || waking_) return false;
  return waking_ = true;
}

void Pool::stop() {
  {
    std::lock_guard const lock{guards_queue_};
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

std::size_t Pool::queued() const {
  std::lock_guard const lock{guards_queue_};
  return queue_.size();
}

void Pool::work() {
  std::unique_lock lock{guards_queue_};
  while (true) {
    while (queue_.empty() && !stopping_) {
      ++idle_;
      changed_.wait(lock);
      --idle_;
      waking_ = false;
    }
    if (queue_.empty()) return;
    {
      auto const task = std::move(queue_.front());
      queue_.pop_front();
      bool const wake = wants_waking();
      lock.unlock();
      if (wake) changed_.notify_one();
      try {
        task();
      } catch (std::exception const& error) {
        die(error.what());
      } catch (...) {
        die("a task threw something that is not an exception");
      }
    }  // what the task holds is let go outside the lock
    lock.lock();
  }
}

}  // namespace fabrica::runtime
