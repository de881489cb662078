#include "runtime/loop.hpp"

#include <pthread.h>

#include <chrono>
#include <exception>

#include "base/check.hpp"

namespace fabrica::runtime {

Loop::Loop(std::string name, Micros period_us, std::function<void()> work)
    : name_{std::move(name)}, period_us_{period_us}, work_{std::move(work)}, thread_{[this] { run(); }} {}

Loop::~Loop() { stop(); }

void Loop::wake() {
  {
    std::lock_guard const lock{guards_flags_};
    woken_ = true;
  }
  changed_.notify_one();
}

void Loop::stop() {
  {
    std::lock_guard const lock{guards_flags_};
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Loop::run() {
  ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
  for (;;) {
    {
      std::unique_lock lock{guards_flags_};
      changed_.wait_for(lock, std::chrono::microseconds{period_us_}, [&] { return woken_ || stopping_; });
      if (stopping_) return;
      woken_ = false;
    }
    try {
      work_();
    } catch (std::exception const& error) {
      die("loop " + name_ + " ended: " + error.what());
    } catch (...) {
      die("loop " + name_ + " ended by an unknown exception");
    }
  }
}

}  // namespace fabrica::runtime
