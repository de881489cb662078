#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.hpp"

namespace fabrica::runtime {

// A named background thread that does one piece of work again and again: after every period, and at once after wake().
// The work logs its own refusals and returns; an exception out of it ends the process (a server whose loop has died
// looks healthy and does nothing). Works until stop() or the destructor, which wait for the piece under way.
class Loop {
 public:
  Loop(std::string name, Micros period_us, std::function<void()> work);
  ~Loop();
  Loop(Loop const&) = delete;
  Loop& operator=(Loop const&) = delete;

  void wake();  // from any thread; several wakes before the next round make one round
  void stop();

 private:
  void run();

  std::string name_;
  Micros period_us_;
  std::function<void()> work_;
  std::mutex guards_flags_;
  std::condition_variable changed_;
  bool woken_ = true;  // the first round starts at once
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fabrica::runtime
