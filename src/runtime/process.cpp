#include "runtime/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>

#include "base/check.hpp"
#include "runtime/files.hpp"

namespace fabrica::runtime {
namespace {

// The step of a start that failed, told by the child through a pipe.
enum class Step : std::int32_t { none, fork, session, group, cpus, limits, user, folder, streams, exec };

struct Report {
  Step step = Step::none;
  std::int32_t number = 0;
  pid_t pid = 0;  // of a detached grandchild
};

std::string_view text_of(Step step) {
  switch (step) {
    case Step::none: return "start";
    case Step::fork: return "fork";
    case Step::session: return "open a session";
    case Step::group: return "enter the control group";
    case Step::cpus: return "choose processors";
    case Step::limits: return "set limits";
    case Step::user: return "change the user";
    case Step::folder: return "enter the folder";
    case Step::streams: return "connect the streams";
    case Step::exec: return "execute";
  }
  std::unreachable();
}

// A server started with a closed stdin would get its next file as descriptor 0, which the child's streams then overwrite.
Fd above_streams(int fd) {
  Fd given{fd};
  if (!given.open() || fd > 2) return given;
  return Fd{::fcntl(fd, F_DUPFD_CLOEXEC, 3)};
}

// Everything the child needs, laid out before the fork: between fork and exec of a program with threads only
// async-signal-safe calls are allowed, so nothing there may allocate.
struct Prepared {
  Program const& program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::array<int, 3> streams{};
  Fd null;
  cpu_set_t cpus{};

  explicit Prepared(Program const& p) : program{p} {
    for (auto const& word : p.argv) argv.push_back(const_cast<char*>(word.c_str()));
    for (auto const& entry : p.environment) environment.push_back(const_cast<char*>(entry.c_str()));
    argv.push_back(nullptr);
    environment.push_back(nullptr);
    null = above_streams(::open("/dev/null", O_RDWR | O_CLOEXEC));
    streams = {p.in, p.out, p.err};
    for (auto& stream : streams)
      if (stream < 0) stream = null.get();
    CPU_ZERO(&cpus);
    for (int const cpu : p.cpus) CPU_SET(cpu, &cpus);
  }
};

[[noreturn]] void give_up(int report_fd, Step step) {
  Report const report{step, errno, 0};
  [[maybe_unused]] auto const written = ::write(report_fd, &report, sizeof report);
  ::_exit(127);
}

void reset_signals() {
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &usual, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void drop_rights(Program const& program, int report_fd) {
  if (program.user) {
    auto const [uid, gid] = *program.user;
    if (::setgroups(0, nullptr) != 0 || ::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0)
      give_up(report_fd, Step::user);
  }
  if (program.gains_no_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up(report_fd, Step::user);
}

void connect_streams(Prepared const& prepared, int report_fd) {
  // The originals lie above 2, so that no dup2 overwrites one that is still needed.
  for (int target = 0; target < 3; ++target)
    if (::dup2(prepared.streams[static_cast<std::size_t>(target)], target) < 0) give_up(report_fd, Step::streams);
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) give_up(report_fd, Step::streams);
  for (int const fd : prepared.program.kept_fds)
    if (::fcntl(fd, F_SETFD, 0) != 0) give_up(report_fd, Step::streams);
}

// `parent` is 0 for a detached process: it dies with nobody, and its session was opened by the process between.
[[noreturn]] void become(Prepared const& prepared, int report_fd, pid_t parent) {
  Program const& program = prepared.program;
  reset_signals();
  if (program.own_session && parent != 0 && ::setsid() < 0) give_up(report_fd, Step::session);
  for (int const group : program.joins)
    if (::write(group, "0", 1) != 1) give_up(report_fd, Step::group);
  if (!program.cpus.empty() && ::sched_setaffinity(0, sizeof prepared.cpus, &prepared.cpus) != 0)
    give_up(report_fd, Step::cpus);
  for (auto const& limit : program.limits) {
    rlimit const both{limit.value, limit.value};
    if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &both) != 0) give_up(report_fd, Step::limits);
  }
  ::umask(program.umask);
  drop_rights(program, report_fd);
  // After the change of user, which clears it; a parent that died meanwhile will never be seen.
  if (program.dies_with_parent && parent != 0 && (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent)) ::_exit(127);
  if (::chdir(program.folder.c_str()) != 0) give_up(report_fd, Step::folder);
  connect_streams(prepared, report_fd);
  ::execve(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
  give_up(report_fd, Step::exec);
}

std::unexpected<Error> refused(Program const& program, Report const& report) {
  auto const said = std::generic_category().message(report.number);
  auto what = fmt::format("Could not start {}: {}: {}.", program.argv[0], text_of(report.step), said);
  if (report.step == Step::exec && report.number == ENOENT) return fail(Errc::not_found, "program", std::move(what));
  if (report.number == EAGAIN || report.number == ENOMEM) return fail(Errc::unavailable, "process", std::move(what));
  return fail(Errc::invalid, "program", std::move(what));
}

std::unexpected<Error> unavailable(std::string_view act) {
  return fail(Errc::unavailable, "process", fmt::format("Could not {}: {}.", act, std::generic_category().message(errno)));
}

Result<> check(Program const& program) {
  FABRICA_CHECK(!program.argv.empty());
  if (!program.argv[0].starts_with('/'))
    return fail(Errc::invalid, "program", fmt::format("\"{}\" is not an absolute path.", program.argv[0]));
  for (int const fd : {program.in, program.out, program.err}) FABRICA_CHECK(fd < 0 || fd > 2);
  for (int const fd : program.kept_fds) FABRICA_CHECK(fd > 2);
  return {};
}

// Reads what the starting child tells: nothing at all means that exec closed the pipe, which is success.
Report hear(int fd) {
  Report report;
  for (;;) {
    auto const n = ::read(fd, &report, sizeof report);
    if (n < 0 && errno == EINTR) continue;
    return n == static_cast<ssize_t>(sizeof report) ? report : Report{};
  }
}

pid_t reap(pid_t pid, int* status, rusage* usage) {
  for (;;) {
    auto const got = ::wait4(pid, status, 0, usage);
    if (got >= 0 || errno != EINTR) return got;
  }
}

std::int64_t micros(timeval const& time) { return time.tv_sec * kSecond + time.tv_usec; }

Ended ended_from(int status, rusage const& usage) {
  return {.signalled = WIFSIGNALED(status),
          .code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
          .user_us = micros(usage.ru_utime),
          .system_us = micros(usage.ru_stime),
          .rss_peak_bytes = usage.ru_maxrss * 1024};
}

}  // namespace

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return unavailable("open a pipe");
  return Pipe{above_streams(ends[0]), above_streams(ends[1])};
}

Result<Child> start(Program const& program) {
  FABRICA_DO(check(program));
  FABRICA_TRY(Pipe report, make_pipe());
  Prepared const prepared{program};
  pid_t const parent = ::getpid();
  pid_t const pid = ::fork();
  if (pid < 0) return unavailable("start a process");
  if (pid == 0) become(prepared, report.out.get(), parent);
  report.out.reset();
  Report const heard = hear(report.in.get());
  Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (heard.step != Step::none || !pidfd.open()) {
    auto error = heard.step != Step::none ? refused(program, heard) : unavailable("watch a process");
    ::kill(pid, SIGKILL);
    int status = 0;
    rusage usage{};
    reap(pid, &status, &usage);
    return error;
  }
  return Child{pid, std::move(pidfd)};
}

Result<pid_t> start_detached(Program const& program) {
  FABRICA_DO(check(program));
  FABRICA_TRY(Pipe report, make_pipe());
  FABRICA_TRY(Pipe number, make_pipe());
  Prepared const prepared{program};
  pid_t const middle = ::fork();
  if (middle < 0) return unavailable("start a process");
  if (middle == 0) {
    // The session is opened here, so that the grandchild leads none and can never get a terminal.
    if (::setsid() < 0) give_up(report.out.get(), Step::session);
    pid_t const pid = ::fork();
    if (pid < 0) give_up(report.out.get(), Step::fork);
    if (pid == 0) become(prepared, report.out.get(), 0);
    [[maybe_unused]] auto const written = ::write(number.out.get(), &pid, sizeof pid);
    ::_exit(0);
  }
  report.out.reset();
  number.out.reset();
  Report const heard = hear(report.in.get());
  int status = 0;
  rusage usage{};
  reap(middle, &status, &usage);
  if (heard.step != Step::none) return refused(program, heard);
  pid_t pid = 0;
  if (::read(number.in.get(), &pid, sizeof pid) != static_cast<ssize_t>(sizeof pid)) return unavailable("start a process");
  return pid;
}

Child::~Child() {
  if (!pidfd_.open() || result_) return;
  signal(SIGKILL);
  wait();
}

void Child::signal(int number) const { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0); }

std::optional<Ended> Child::ended() {
  if (result_) return result_;
  int status = 0;
  rusage usage{};
  if (::wait4(pid_, &status, WNOHANG, &usage) == pid_) result_ = ended_from(status, usage);
  return result_;
}

Ended Child::wait() {
  if (result_) return *result_;
  int status = 0;
  rusage usage{};
  FABRICA_CHECK(reap(pid_, &status, &usage) == pid_);
  result_ = ended_from(status, usage);
  return *result_;
}

Result<Finished> run_to_end(Program program, Micros timeout_us, std::size_t out_bytes_max) {
  FABRICA_TRY(Pipe pipe, make_pipe());
  program.out = program.err = pipe.out.get();
  FABRICA_TRY(auto child, start(program));
  pipe.out.reset();
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::microseconds{timeout_us};
  Finished finished;
  for (bool reading = true; reading;) {
    auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{pipe.in.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count()) + 1) == 0)
      return fail(Errc::unavailable, "process_timeout", fmt::format("{} did not end in time.", program.argv[0]));
    std::array<char, 4096> buffer;
    auto const n = ::read(pipe.in.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    reading = n > 0;
    if (reading) finished.out.append(buffer.data(), std::min(static_cast<std::size_t>(n), out_bytes_max - finished.out.size()));
  }
  finished.ended = child.wait();
  return finished;
}

Result<> enter_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return std::unexpected(file_error("make a private view of", "/", errno));
  return {};
}

Result<> cover(std::string const& at) {
  if (::mount("tmpfs", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m") != 0)
    return std::unexpected(file_error("make a private folder at", at, errno));
  return {};
}

Result<> show_at(int fd, std::string const& at, bool folder) {
  if (folder) FABRICA_DO(make_folder(at, 0755));
  else FABRICA_DO(write_file(at, "", 0644));
  auto const source = fmt::format("/proc/self/fd/{}", fd);
  if (::mount(source.c_str(), at.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return std::unexpected(file_error("show a folder at", at, errno));
  return {};
}

}  // namespace fabrica::runtime
