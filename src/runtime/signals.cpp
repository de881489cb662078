#include "runtime/signals.hpp"

#include <pthread.h>

#include <csignal>

namespace fabrica::runtime {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignal::StopSignal() {
  auto const set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int StopSignal::wait() {
  auto const set = stop_signals();
  int number = 0;
  sigwait(&set, &number);
  return number;
}

}  // namespace fabrica::runtime
