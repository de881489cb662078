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

// A handler reaches no object: the one thread that waits, set before the handler is.
pthread_t waiting_thread;

}  // namespace

StopSignal::StopSignal() {
  auto const set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A library may have started threads before main() (OpenBLAS does): they do not block the signals, and one that is sent
  // before wait() would end the process in them. They hand it on.
  waiting_thread = pthread_self();
  struct sigaction action {};
  action.sa_handler = [](int number) { pthread_kill(waiting_thread, number); };
  action.sa_mask = set;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int StopSignal::wait() {
  auto const set = stop_signals();
  int number = 0;
  sigwait(&set, &number);
  return number;
}

}  // namespace fabrica::runtime
