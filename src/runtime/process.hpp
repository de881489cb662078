#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "runtime/fd.hpp"

namespace fabrica::runtime {

// Whom a process runs as. Supplementary groups are dropped.
struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

struct ResourceLimit {
  int resource = 0;  // RLIMIT_...
  std::uint64_t value = 0;
};

// A program to start. It is never handed to a shell, and nothing of ours is inherited that is not named here: no
// environment, no descriptor, no signal disposition.
struct Program {
  std::vector<std::string> argv{};         // argv[0] is an absolute path
  std::vector<std::string> environment{};  // "NAME=value"
  std::string folder = "/";
  int in = -1;   // becomes 0, 1, 2; -1 is /dev/null
  int out = -1;
  int err = -1;
  std::vector<int> kept_fds{};  // stay open under their numbers (above 2)
  std::vector<int> joins{};     // open cgroup.procs files the process enters before it gives up any right
  std::vector<int> cpus{};      // may run on these only; empty is all
  std::vector<ResourceLimit> limits{};
  std::optional<User> user{};   // needs root
  mode_t umask = 077;
  bool own_session = true;        // and process group; else it shares ours
  bool dies_with_parent = false;  // SIGKILL when the thread that started it ends
  bool gains_no_privileges = true;
};

struct Ended {
  bool signalled = false;
  int code = 0;  // exit status, or the signal's number
  std::int64_t user_us = 0;
  std::int64_t system_us = 0;
  std::int64_t rss_peak_bytes = 0;  // of the largest single process among it and its waited-for children
};

// A started process. Its destructor kills and reaps one that still runs: whatever is started has an owner. A process
// that must outlive us is started with start_detached().
class Child {
 public:
  Child(Child&&) noexcept = default;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }  // readable once it has ended
  // Sends to the process, never to a later one with the same number.
  void signal(int number) const;
  // Empty while it runs.
  std::optional<Ended> ended();
  Ended wait();

 private:
  friend Result<Child> start(Program const& program);
  Child(pid_t pid, Fd pidfd) : pid_{pid}, pidfd_{std::move(pidfd)} {}

  pid_t pid_;
  Fd pidfd_;
  std::optional<Ended> result_;
};

// Errors: not_found "program" (no such file), invalid "program" (cannot be executed, or the step that failed before),
// unavailable "process" (no more processes or memory).
Result<Child> start(Program const& program);

// Starts a process that survives us and is nobody's child here. Answers once it runs the program. Errors as start().
Result<pid_t> start_detached(Program const& program);

// Runs a short helper to its end. Errors: those of start(); unavailable "process_timeout".
struct Finished {
  Ended ended{};
  std::string out{};  // at most the first out_bytes_max bytes of stdout and stderr together
};
Result<Finished> run_to_end(Program program, Micros timeout_us, std::size_t out_bytes_max);

// Two connected descriptors, closed on exec. Errors: unavailable "process".
struct Pipe {
  Fd in{};  // read end
  Fd out{};
};
Result<Pipe> make_pipe();

// One process below another.
struct ProcessInfo {
  pid_t pid = 0;
  int depth = 0;  // 1 is a child
  std::int64_t rss_bytes = 0;
  std::int64_t cpu_us = 0;
};
// All living processes below `root`, as /proc shows them at this moment.
std::vector<ProcessInfo> processes_below(pid_t root);
// A process's memory, shared pages divided by who shares them; dear for a large one. 0: it ended. Empty: it cannot be told.
std::optional<std::int64_t> proportional_bytes(pid_t pid);
// How many processes and threads this user runs.
std::int64_t tasks_of_user(uid_t uid);
// When the process was started, in the kernel's clock ticks since boot; 0 when there is none. With the pid it names a process.
std::uint64_t start_ticks(pid_t pid);

// From now on what this process mounts is seen by itself and its children alone. Needs root.
Result<> enter_private_mounts();
// An empty folder over `at`, for show_at().
Result<> cover(std::string const& at);
// Makes a folder or file that was opened after enter_private_mounts() visible at `at`, where those who may not walk through
// its parents can reach it.
Result<> show_at(int fd, std::string const& at, bool folder);

}  // namespace fabrica::runtime
