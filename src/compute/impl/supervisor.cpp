#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <functional>

#include "compute/impl/job_folder.hpp"
#include "compute/impl/log_pump.hpp"
#include "compute/impl/sandbox.hpp"
#include "compute/local.hpp"
#include "runtime/cgroup.hpp"
#include "runtime/files.hpp"
#include "runtime/process.hpp"

namespace fabrica::compute {
namespace {

using runtime::Child;
using runtime::ControlGroup;
using runtime::Fd;

constexpr int kTick_ms = 100;
constexpr Micros kDiskLook_us = kSecond;
// bubblewrap itself and the first process of its namespace count in the group as well.
constexpr std::int32_t kOwnProcesses = 3;

Micros monotonic_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A record shown to people: what a job may have smuggled into a message becomes plain text.
std::string plain(std::string_view text) {
  std::string out;
  for (char const c : text.substr(0, 2000)) out += c >= ' ' && c <= '~' ? c : ' ';
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

class Supervisor {
 public:
  Supervisor(JobFolder folder, OrderFile file) : folder_{std::move(folder)}, file_{std::move(file)} {
    status_.attempt = file_.order.attempt;
  }

  // Runs the attempt and leaves its end in status.json.
  Result<> run() {
    status_.started.us = clock_.now();
    auto const ran = runtime::exists(folder_.cancel()) ? cancelled_early() : attempt();
    if (!ran) {
      status_.reason = EndReason::refused;
      status_.detail = plain(ran.error().what);
    }
    status_.phase = Phase::ended;
    status_.ended.us = clock_.now();
    return write_status(folder_, status_);
  }

 private:
  JobLimits const& limits() const { return file_.order.limits; }

  Result<> cancelled_early() {
    status_.reason = EndReason::cancelled;
    return {};
  }

  Result<> attempt();
  Result<std::array<Fd, 2>> open_streams(runtime::Program& program);
  void set_limits(runtime::Program& program);
  void limit_without_group(runtime::Program& program);
  void watch(Child& child);
  void wait_for_news(Child const& child, int timeout_ms);
  void look(Child& child);
  void end_gently(Child& child, EndReason reason, std::string_view detail);
  void end_now(Child& child, EndReason reason, std::string_view detail);
  void kill_all(Child& child);
  void look_at_memory(Child& child);
  void look_at_disk(Child& child);
  void reap_rest();
  void settle(runtime::Ended const& ended);
  void measure();

  SystemClock clock_;
  JobFolder folder_;
  OrderFile file_;
  Observation status_;
  std::optional<ControlGroup> group_;
  std::optional<LogPump> out_;
  std::optional<LogPump> err_;
  runtime::Pipe status_pipe_;
  Fd signals_;
  bool contained_ = true;
  Micros began_us_ = 0;
  Micros kill_at_us_ = 0;        // 0 until the job was told to end
  Micros next_disk_look_us_ = 0;
  std::int64_t polled_cpu_us_ = 0;
  std::int64_t polled_memory_bytes_ = 0;
};

Result<std::array<Fd, 2>> Supervisor::open_streams(runtime::Program& program) {
  FABRICA_TRY(auto out, runtime::make_pipe());
  FABRICA_TRY(auto err, runtime::make_pipe());
  FABRICA_TRY(out_, LogPump::open(std::move(out.in), folder_.log(LogStream::out), limits().log_bytes));
  FABRICA_TRY(err_, LogPump::open(std::move(err.in), folder_.log(LogStream::err), limits().log_bytes));
  program.out = out.out.get();
  program.err = err.out.get();
  return std::array{std::move(out.out), std::move(err.out)};
}

// The control group where one can be had, else per-process limits and a look at every tick.
void Supervisor::set_limits(runtime::Program& program) {
  program.limits.push_back({RLIMIT_CORE, 0});
  program.limits.push_back({RLIMIT_FSIZE, static_cast<std::uint64_t>(limits().disk_bytes)});
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  program.limits.push_back({RLIMIT_NOFILE, std::min<std::uint64_t>(files.rlim_max, 4096)});
  if (!file_.settings.without_control_groups) {
    auto group = ControlGroup::make(fmt::format("fabrica-{}-{}", file_.order.job, file_.order.attempt),
                                    {limits().memory_bytes, limits().cpus, limits().processes + kOwnProcesses});
    if (group) {
      group_.emplace(*std::move(group));
      program.joins = group_->joins();
      status_.limited_by = std::string{group_->version()};
      return;
    }
  }
  limit_without_group(program);
}

void Supervisor::limit_without_group(runtime::Program& program) {
  status_.limited_by = "rlimits and polling";
  // Above what polling allows, so that a sudden hog meets a wall and everything slower is ended with the right reason.
  program.limits.push_back(
      {RLIMIT_DATA, static_cast<std::uint64_t>(limits().memory_bytes + limits().memory_bytes / 4 + (256 << 20))});
  uid_t const uid = program.user ? program.user->uid : ::getuid();
  auto const tasks = runtime::tasks_of_user(uid) + limits().processes + kOwnProcesses;
  program.limits.push_back({RLIMIT_NPROC, static_cast<std::uint64_t>(tasks)});
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  // Different jobs begin at different processors, so that two small ones seldom share one.
  std::ranges::rotate(cpus, cpus.begin() + static_cast<std::ptrdiff_t>(std::hash<std::string>{}(file_.order.job) % cpus.size()));
  if (static_cast<std::size_t>(limits().cpus) < cpus.size()) cpus.resize(static_cast<std::size_t>(limits().cpus));
  program.cpus = cpus;
}

Result<> Supervisor::attempt() {
  // What the job leaves behind becomes our child and is found, also when its own parents are gone.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sigset_t told;
  ::sigemptyset(&told);
  for (int const number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&told, number);
  ::sigprocmask(SIG_BLOCK, &told, nullptr);
  signals_ = Fd{::signalfd(-1, &told, SFD_CLOEXEC | SFD_NONBLOCK)};

  FABRICA_TRY(status_pipe_, runtime::make_pipe());
  FABRICA_TRY(auto sandbox, build_sandbox(folder_, file_, status_pipe_.out.get()));
  contained_ = sandbox.contained;
  status_.sandbox = sandbox.says;
  FABRICA_TRY(auto ends, open_streams(sandbox.program));
  set_limits(sandbox.program);
  // With a set-uid bubblewrap the privileges are bubblewrap's to give up, which it does.
  sandbox.program.gains_no_privileges = !contained_ || ::geteuid() == 0;
  sandbox.program.dies_with_parent = true;
  FABRICA_TRY(auto child, runtime::start(sandbox.program));
  began_us_ = monotonic_us();
  status_.phase = Phase::running;
  FABRICA_DO(write_status(folder_, status_));
  // The job alone holds the other ends now: when it is gone, the pipes end.
  ends = {};
  status_pipe_.out.reset();
  watch(child);
  return {};
}

void Supervisor::watch(Child& child) {
  while (!child.ended()) {
    wait_for_news(child, kTick_ms);
    out_->pump();
    err_->pump();
    look(child);
  }
  reap_rest();
  look_at_disk(child);  // what it wrote since the last look
  // Everybody who could write is gone, so the pipes end.
  while (!out_->done()) out_->pump();
  while (!err_->done()) err_->pump();
  settle(child.wait());
  measure();
}

void Supervisor::wait_for_news(Child const& child, int timeout_ms) {
  std::array<pollfd, 4> waiting{pollfd{child.pidfd(), POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0},
                                pollfd{out_->done() ? -1 : out_->fd(), POLLIN, 0},
                                pollfd{err_->done() ? -1 : err_->fd(), POLLIN, 0}};
  ::poll(waiting.data(), waiting.size(), timeout_ms);
}

void Supervisor::look(Child& child) {
  signalfd_siginfo told{};
  bool const leave = ::read(signals_.get(), &told, sizeof told) == static_cast<ssize_t>(sizeof told);
  Micros const now = monotonic_us();
  if (kill_at_us_ != 0) {
    if (now >= kill_at_us_) kill_all(child);
    return;
  }
  if (leave) return end_gently(child, EndReason::lost, "The machine told the job's supervisor to stop.");
  if (runtime::exists(folder_.cancel())) return end_gently(child, EndReason::cancelled, "");
  if (now - began_us_ >= limits().wall_s * kSecond)
    return end_gently(child, EndReason::time_limit, fmt::format("It ran longer than {} s.", limits().wall_s));
  look_at_memory(child);
  if (now < next_disk_look_us_) return;
  look_at_disk(child);
  // A large tree must not cost more than a tenth of a processor.
  Micros const after = monotonic_us();
  next_disk_look_us_ = after + std::max(kDiskLook_us, 10 * (after - now));
}

void Supervisor::look_at_memory(Child& child) {
  auto const too_much = fmt::format("It needed more than {} bytes of memory.", limits().memory_bytes);
  if (group_) {
    if (group_->memory_kills() > 0) end_now(child, EndReason::memory_limit, too_much);
    return;
  }
  std::int64_t rss_bytes = 0;
  std::int64_t cpu_us = 0;
  for (auto const& process : runtime::processes_below(::getpid())) {
    rss_bytes += process.rss_bytes;
    cpu_us += process.cpu_us;
  }
  polled_cpu_us_ = std::max(polled_cpu_us_, cpu_us);
  polled_memory_bytes_ = std::max(polled_memory_bytes_, rss_bytes);
  if (rss_bytes <= limits().memory_bytes) return;
  // Pages that several processes share were counted for each: look closer before ending anything.
  std::int64_t bytes = 0;
  for (auto const& process : runtime::processes_below(::getpid()))
    bytes += runtime::proportional_bytes(process.pid).value_or(process.rss_bytes);
  if (bytes > limits().memory_bytes) end_now(child, EndReason::memory_limit, too_much);
}

void Supervisor::look_at_disk(Child& child) {
  std::uint64_t bytes = 0;
  for (auto const name : kWritable) {
    auto const files = runtime::list_tree(folder_.part(name));
    if (!files && files.error().code == Errc::too_large) return end_now(child, EndReason::output_limit, files.error().what);
    if (!files) continue;
    for (auto const& file : *files) bytes += std::max(file.bytes, file.allocated_bytes);
  }
  if (bytes > static_cast<std::uint64_t>(limits().disk_bytes))
    end_now(child, EndReason::output_limit, fmt::format("It wrote more than {} bytes.", limits().disk_bytes));
}

void Supervisor::end_gently(Child& child, EndReason reason, std::string_view detail) {
  status_.reason = reason;
  status_.detail = detail;
  kill_at_us_ = monotonic_us() + limits().grace_s * kSecond;
  // Not to bubblewrap (1) nor to the first process of its namespace (2): those would take the job along at once.
  int const least = contained_ ? 3 : 1;
  for (auto const& process : runtime::processes_below(::getpid()))
    if (process.depth >= least) ::kill(process.pid, SIGTERM);
  if (limits().grace_s == 0) kill_all(child);
}

void Supervisor::end_now(Child& child, EndReason reason, std::string_view detail) {
  if (status_.reason) return;
  status_.reason = reason;
  status_.detail = detail;
  kill_at_us_ = monotonic_us();
  kill_all(child);
}

void Supervisor::kill_all(Child& child) {
  child.signal(SIGKILL);
  if (contained_) return;  // the rest of its namespace follows bubblewrap
  for (auto const& process : runtime::processes_below(::getpid())) ::kill(process.pid, SIGKILL);
}

void Supervisor::reap_rest() {
  for (;;) {
    auto const rest = runtime::processes_below(::getpid());
    for (auto const& process : rest) ::kill(process.pid, SIGKILL);
    if (::waitpid(-1, nullptr, rest.empty() ? WNOHANG : 0) <= 0 && rest.empty()) return;
  }
}

// Why the attempt ended, when nobody here ended it.
void Supervisor::settle(runtime::Ended const& ended) {
  // bubblewrap says how the program ended only if it came to start it.
  std::array<char, 4096> said{};
  auto const n = contained_ ? ::read(status_pipe_.in.get(), said.data(), said.size()) : 0;
  bool const began =
      !contained_ || std::string_view{said.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))}.find(
                         "\"exit-code\"") != std::string_view::npos;
  status_.signal = ended.signalled ? ended.code : 0;
  status_.exit_status = ended.signalled ? 0 : ended.code;
  // A shell's convention, which bubblewrap follows: 128 + n stands for signal n.
  if (contained_ && began && !ended.signalled && ended.code > 128 && ended.code <= 128 + 64) {
    status_.signal = ended.code - 128;
    status_.exit_status = 0;
  }
  if (status_.reason) return;
  if (group_ && group_->memory_kills() > 0 && (ended.signalled || ended.code != 0)) {
    status_.reason = EndReason::memory_limit;
    status_.detail = fmt::format("It needed more than {} bytes of memory.", limits().memory_bytes);
  } else if (status_.signal == SIGXFSZ) {
    status_.reason = EndReason::output_limit;
    status_.detail = fmt::format("It wrote a file of more than {} bytes.", limits().disk_bytes);
  } else if (!began) {
    auto const text = runtime::read_file(folder_.log(LogStream::err), 1U << 20U).value_or("");
    status_.reason = EndReason::refused;
    status_.detail = plain("It could not be started: " + text.substr(text.size() - std::min<std::size_t>(text.size(), 500)));
  } else {
    status_.reason = status_.signal != 0 ? EndReason::signalled : ended.code == 0 ? EndReason::completed : EndReason::failed;
  }
}

void Supervisor::measure() {
  rusage total{};
  ::getrusage(RUSAGE_CHILDREN, &total);
  auto& usage = status_.usage;
  usage.wall_us = monotonic_us() - began_us_;
  usage.cpu_user_us = total.ru_utime.tv_sec * kSecond + total.ru_utime.tv_usec;
  usage.cpu_system_us = total.ru_stime.tv_sec * kSecond + total.ru_stime.tv_usec;
  // Processes that end with their namespace are not waited for, so their time is missing above; the group knows it.
  auto const known = std::max(polled_cpu_us_, group_ ? group_->cpu_us() : 0);
  usage.cpu_user_us += std::max<std::int64_t>(known - usage.cpu_user_us - usage.cpu_system_us, 0);
  usage.memory_peak_bytes =
      std::max(polled_memory_bytes_, group_ ? group_->memory_peak_bytes() : static_cast<std::int64_t>(total.ru_maxrss) * 1024);
}

bool holds_lock(JobFolder const& folder) {
  struct stat given {};
  struct stat named {};
  return ::fstat(STDIN_FILENO, &given) == 0 && ::stat(folder.lock().c_str(), &named) == 0 && given.st_dev == named.st_dev &&
         given.st_ino == named.st_ino && is_locked(folder);
}

}  // namespace

int run_supervisor(std::string const& path) {
  JobFolder const folder{path};
  if (!holds_lock(folder)) {
    fmt::print(stderr, "A job's supervisor is started by the factory only.\n");
    return 2;
  }
  auto file = read_order(folder);
  if (!file) {
    fmt::print(stderr, "{}\n", file.error().what);
    return 1;
  }
  // Away from every folder that somebody may want to unmount or remove.
  if (::chdir("/") != 0) return 1;
  auto const ended = Supervisor{folder, *std::move(file)}.run();
  if (ended) return 0;
  fmt::print(stderr, "{}\n", ended.error().what);
  return 1;
}

}  // namespace fabrica::compute
