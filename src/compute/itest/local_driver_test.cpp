// Runs real jobs through the local driver; this program is also their supervisor, as `fabrica` is in earnest.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/check.hpp"
#include "compute/local.hpp"
#include "runtime/process.hpp"

namespace fabrica::compute {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

// A data folder with a key, a database and another project's file, closed to everybody else.
class World {
 public:
  explicit World(LocalSettings settings = {}) {
    std::string name = (std::filesystem::temp_directory_path() / "fabrica.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    for (auto const* secret : {"signing.key", "fabrica.db", "other/data"})
      if (!runtime::make_folder(path_ + "/other") || !runtime::write_file(path_ + "/" + secret, "secret"))
        die("the test cannot be set up");
    settings.folder = path_ + "/jobs";
    settings_ = settings;
  }
  ~World() { std::filesystem::remove_all(path_); }

  std::string const& path() const { return path_; }
  LocalDriver driver() const {
    auto driver = LocalDriver::open(settings_);
    if (!driver) die("the test cannot be set up");
    return *std::move(driver);
  }

 private:
  std::string path_;
  LocalSettings settings_;
};

JobOrder order(std::string const& script, std::string const& job = "0190a000-0000-7000-8000-000000000001") {
  JobOrder order;
  order.job = job;
  order.project = "0190a000-0000-7000-8000-0000000000aa";
  order.project_number = 3;
  order.argv = {"sh", "-c", script};
  order.limits = {.cpus = 1, .memory_bytes = 256 * kMiB, .wall_s = 60, .disk_bytes = 64 * kMiB, .log_bytes = 64 * 1024,
                  .processes = 64, .grace_s = 5};
  return order;
}

std::string text(Observation const& seen) {
  return fmt::format("{} exit {} signal {} by {} in {}: {}",
                     seen.reason ? boost::describe::enum_to_string(*seen.reason, "?") : "none", seen.exit_status, seen.signal,
                     seen.limited_by, seen.sandbox, seen.detail);
}

// Asks until the answer fits. Nothing depends on how long that takes: the test runner's own limit ends a hang.
Observation wait_until(Driver& driver, std::string const& job, std::function<bool(Observation const&)> const& fits) {
  for (;;) {
    auto const seen = driver.observe(job);
    if (!seen) {
      ADD_FAILURE() << seen.error().what;
      return {};
    }
    if (fits(*seen)) return *seen;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

Observation wait_end(Driver& driver, std::string const& job) {
  return wait_until(driver, job, [](auto const& seen) { return seen.phase == Phase::ended; });
}

Observation run(Driver& driver, JobOrder const& job) {
  auto const prepared = driver.prepare(job);
  EXPECT_TRUE(prepared) << prepared.error().what;
  auto const started = driver.start(job);
  EXPECT_TRUE(started) << started.error().what;
  return wait_end(driver, job.job);
}

std::string log(Driver& driver, JobOrder const& job, LogStream stream = LogStream::out) {
  auto const piece = driver.log(job.job, stream, 0, 1 << 20);
  return piece ? piece->bytes : "no log";
}

std::string wait_for_log(Driver& driver, JobOrder const& job, std::string_view word) {
  for (;;) {
    auto text = log(driver, job);
    auto const seen = driver.observe(job.job);
    if (text.find(word) != std::string::npos || !seen) return text;
    if (seen->phase == Phase::ended) {
      ADD_FAILURE() << "ended before it said " << word << ": " << compute::text(*seen) << log(driver, job, LogStream::err);
      return text;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

// The process on this machine whose command line holds the word; 0 when there is none.
pid_t find_process(std::string const& word) {
  for (auto const& entry : std::filesystem::directory_iterator{"/proc"}) {
    auto const line = runtime::read_file(entry.path().string() + "/cmdline", 65'536);
    if (line && line->find(word) != std::string::npos && entry.path().filename() != std::to_string(::getpid()))
      return std::atoi(entry.path().filename().c_str());
  }
  return 0;
}

pid_t supervisor_of(JobOrder const& job) {
  for (auto const& entry : std::filesystem::directory_iterator{"/proc"}) {
    auto const line = runtime::read_file(entry.path().string() + "/cmdline", 65'536);
    std::string const end = "/" + job.job + std::string(1, '\0');
    if (line && line->find("job-supervisor") != std::string::npos && line->ends_with(end))
      return std::atoi(entry.path().filename().c_str());
  }
  return 0;
}

// Everything that must hold however limits are enforced: with control groups where they can be written, and without.
class Limits : public testing::TestWithParam<bool> {
 protected:
  Limits() : world_{LocalSettings{.without_control_groups = GetParam()}}, driver_{world_.driver()} {}
  World world_;
  LocalDriver driver_;
};
INSTANTIATE_TEST_SUITE_P(Ways, Limits, testing::Bool(),
                         [](auto const& way) { return way.param ? "ByPolling" : "ByControlGroups"; });

TEST_P(Limits, ASuccessfulJobLeavesItsOutputsLogAndMetrics) {
  auto job = order(
      "cat $FABRICA_INPUTS/set/data.txt $FABRICA_PARAMETERS $FABRICA_PROGRAM/train.sh; echo warn >&2;"
      "echo '{\"step\":1,\"loss\":2.5}' >> $FABRICA_METRICS; mkdir $FABRICA_OUTPUTS/m; echo weights > $FABRICA_OUTPUTS/m/model;"
      "echo $FABRICA_CPUS $OMP_NUM_THREADS $OPENBLAS_NUM_THREADS $OMP_WAIT_POLICY $HOME $LANG $MINE; pwd");
  job.inputs = {{.name = "set/data.txt", .source = world_.path() + "/other/data"}};
  job.files = {{.name = "train.sh", .source = world_.path() + "/fabrica.db"}};
  job.parameters = R"({"steps":10})";
  job.environment = {{"MINE", "yes"}, {"FABRICA_CPUS", "99"}};
  auto const seen = run(driver_, job);
  ASSERT_EQ(seen.reason, EndReason::completed) << text(seen);
  EXPECT_EQ(log(driver_, job), "secret{\"steps\":10}secret1 1 1 passive /job/work C.UTF-8 yes\n/job/work\n");
  EXPECT_EQ(log(driver_, job, LogStream::err), "warn\n");
  EXPECT_EQ(driver_.metrics(job.job, 0, 100)->bytes, "{\"step\":1,\"loss\":2.5}\n");
  auto const outputs = driver_.outputs(job.job);
  ASSERT_TRUE(outputs && outputs->size() == 1);
  EXPECT_EQ((*outputs)[0].path, "m/model");
  auto const file = driver_.open_output(job.job, "m/model");
  ASSERT_TRUE(file);
  EXPECT_EQ(runtime::read_piece(file->get(), 0, 100)->bytes, "weights\n");
  EXPECT_GT(seen.usage.wall_us, 0);
  EXPECT_GT(seen.usage.memory_peak_bytes, 0);
  EXPECT_GE(seen.ended.us, seen.started.us);
  EXPECT_NE(seen.sandbox.find("bubblewrap"), std::string::npos);
}

TEST_P(Limits, ABusyJobIsChargedItsProcessorTime) {
  auto const seen = run(driver_, order("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"));
  ASSERT_EQ(seen.reason, EndReason::completed) << text(seen);
  EXPECT_GT(seen.usage.cpu_user_us, 10'000);
}

TEST_P(Limits, AnotherExitStatusIsAFailure) {
  auto const seen = run(driver_, order("exit 7"));
  EXPECT_EQ(seen.reason, EndReason::failed) << text(seen);
  EXPECT_EQ(seen.exit_status, 7);
}

TEST_P(Limits, ACrashNamesItsSignal) {
  auto const seen = run(driver_, order("kill -SEGV $$"));
  EXPECT_EQ(seen.reason, EndReason::signalled) << text(seen);
  EXPECT_EQ(seen.signal, SIGSEGV);
}

TEST_P(Limits, ACommandThatIsNotThereIsRefusedByName) {
  auto job = order("");
  job.argv = {"no-such-program"};
  auto const seen = run(driver_, job);
  EXPECT_EQ(seen.reason, EndReason::refused) << text(seen);
  EXPECT_NE(seen.detail.find("no-such-program: No such file"), std::string::npos) << seen.detail;
}

TEST_P(Limits, TheWallTimeEndsAJobThatMaySaveItself) {
  auto job = order("trap 'echo saved > $FABRICA_CHECKPOINTS/c; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
  job.limits.wall_s = 1;
  auto const seen = run(driver_, job);
  EXPECT_EQ(seen.reason, EndReason::time_limit) << text(seen);
  EXPECT_TRUE(runtime::exists(world_.path() + "/jobs/" + job.job + "/checkpoints/c"));
}

TEST_P(Limits, AJobDeafToBeingToldIsKilled) {
  auto job = order("trap '' TERM; while :; do sleep 0.05; done");
  job.limits.wall_s = 1;
  job.limits.grace_s = 1;
  auto const seen = run(driver_, job);
  EXPECT_EQ(seen.reason, EndReason::time_limit) << text(seen);
}

TEST_P(Limits, AMemoryHogIsEnded) {
  auto job = order("");
  job.argv = {"python3", "-c", "import time\nx=[]\nwhile True:\n x.append(bytearray(4<<20)); time.sleep(0.002)"};
  job.limits.memory_bytes = 128 * kMiB;
  auto const seen = run(driver_, job);
  EXPECT_EQ(seen.reason, EndReason::memory_limit) << text(seen) << log(driver_, job, LogStream::err);
}

TEST_P(Limits, AForkBombStaysSmallAndDiesWithTheJob) {
  auto job = order("");
  job.argv = {"python3", "-c",
              "import os,time\nn=0\nfor i in range(400):\n try:\n  if os.fork()==0: time.sleep(1000)\n  n+=1\n"
              " except OSError: break\nprint('made',n,flush=True)"};
  auto const seen = run(driver_, job);
  auto const said = log(driver_, job);
  ASSERT_TRUE(said.starts_with("made ")) << said << text(seen);
  EXPECT_LE(std::atoi(said.c_str() + 5), 64);
  EXPECT_GT(std::atoi(said.c_str() + 5), 16);
  EXPECT_EQ(seen.reason, EndReason::completed) << text(seen);
  EXPECT_EQ(find_process("import os,time\nn=0"), 0) << "no child is left";
}

TEST_P(Limits, AFloodOfOutputIsCutAndSaysSo) {
  auto job = order("yes | head -c 50000000; echo end >&2");
  auto const seen = run(driver_, job);
  EXPECT_EQ(seen.reason, EndReason::completed) << text(seen);
  auto const said = log(driver_, job);
  EXPECT_LT(said.size(), 65'536U + 200);
  EXPECT_NE(said.find("the log is full"), std::string::npos);
  EXPECT_EQ(log(driver_, job, LogStream::err), "end\n");
}

TEST_P(Limits, TooMuchOnDiskEndsTheJob) {
  auto big = order("exec head -c 100000000 /dev/zero > $FABRICA_OUTPUTS/big");
  EXPECT_EQ(run(driver_, big).reason, EndReason::output_limit);
  auto many = order(
      "i=0; while [ $i -lt 20 ]; do head -c 5000000 /dev/zero > $FABRICA_CHECKPOINTS/$i; i=$((i+1)); done; exec sleep "
      "30",
      "0190a000-0000-7000-8000-000000000002");
  auto const seen = run(driver_, many);
  EXPECT_EQ(seen.reason, EndReason::output_limit) << text(seen);
}

TEST_P(Limits, ADaemonisedChildDiesWithTheJob) {
  auto job = order("setsid sh -c 'exec sleep 731.99' & setsid setsid sleep 731.98 & echo started; sleep 0.2");
  auto const seen = run(driver_, job);
  EXPECT_EQ(seen.reason, EndReason::completed) << text(seen);
  EXPECT_EQ(find_process("731.9"), 0);
}

TEST_P(Limits, ACancelledJobEndsAndKeepsWhatItWrote) {
  auto job = order("echo ready; echo x > $FABRICA_OUTPUTS/x; sleep 1000");
  ASSERT_TRUE(driver_.prepare(job) && driver_.start(job));
  wait_for_log(driver_, job, "ready");
  ASSERT_TRUE(driver_.cancel(job.job));
  ASSERT_TRUE(driver_.cancel(job.job));
  auto const seen = wait_end(driver_, job.job);
  EXPECT_EQ(seen.reason, EndReason::cancelled) << text(seen);
  EXPECT_EQ(seen.signal, SIGTERM);
  EXPECT_EQ(driver_.outputs(job.job)->size(), 1U);
}

TEST(LocalDriver, AJobCancelledBeforeItsStartNeverRuns) {
  World const world;
  auto driver = world.driver();
  auto const job = order("echo ran");
  ASSERT_TRUE(driver.prepare(job) && driver.cancel(job.job));
  ASSERT_TRUE(driver.start(job));
  EXPECT_EQ(wait_end(driver, job.job).reason, EndReason::cancelled);
  EXPECT_EQ(log(driver, job), "no log");
}

TEST(LocalDriver, StartingTwiceRunsOnce) {
  World const world;
  auto driver = world.driver();
  auto const job = order("echo run; until [ -e $FABRICA_CHECKPOINTS/go ]; do sleep 0.02; done");
  ASSERT_TRUE(driver.prepare(job) && driver.start(job));
  wait_for_log(driver, job, "run");
  ASSERT_TRUE(driver.start(job)) << "while it runs";
  ASSERT_TRUE(driver.prepare(job));
  ASSERT_TRUE(runtime::write_file(world.path() + "/jobs/" + job.job + "/checkpoints/go", "", 0644));
  EXPECT_EQ(wait_end(driver, job.job).reason, EndReason::completed);
  ASSERT_TRUE(driver.start(job)) << "after its end";
  EXPECT_EQ(wait_end(driver, job.job).reason, EndReason::completed);
  EXPECT_EQ(log(driver, job), "run\n");
}

TEST(LocalDriver, ManyStartsAtOnceRunOnce) {
  World const world;
  auto const job = order("echo run");
  auto first = world.driver();
  ASSERT_TRUE(first.prepare(job));
  std::vector<std::thread> threads;
  for (int at = 0; at < 8; ++at)
    threads.emplace_back([&] {
      auto driver = world.driver();
      auto const started = driver.start(job);
      EXPECT_TRUE(started || started.error().reason == "attempt_running") << started.error().what;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wait_end(first, job.job).reason, EndReason::completed);
  EXPECT_EQ(log(first, job), "run\n");
}

TEST(LocalDriver, AJobOutlivesTheServerThatStartedIt) {
  World const world;
  auto const job = order("echo ready; until [ -e $FABRICA_CHECKPOINTS/go ]; do sleep 0.02; done; echo done");
  // A "server" that is killed the hard way right after the start.
  pid_t const server = ::fork();
  if (server == 0) {
    auto driver = world.driver();
    if (!driver.prepare(job) || !driver.start(job)) ::_exit(1);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(server, &status, 0), server);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto driver = world.driver();
  wait_for_log(driver, job, "ready");
  EXPECT_EQ(wait_until(driver, job.job, [](auto const& seen) { return seen.phase == Phase::running; }).attempt, 1);
  ASSERT_TRUE(driver.start(job)) << "the new server cannot know whether the old one came so far";
  ASSERT_TRUE(runtime::write_file(world.path() + "/jobs/" + job.job + "/checkpoints/go", "", 0644));
  EXPECT_EQ(wait_end(driver, job.job).reason, EndReason::completed);
  EXPECT_EQ(log(driver, job), "ready\ndone\n");
}

TEST(LocalDriver, ALostAttemptIsToldAndTheNextOneFindsItsCheckpoints) {
  World const world;
  auto driver = world.driver();
  auto job = order(
      "if [ -e $FABRICA_CHECKPOINTS/c ]; then cat $FABRICA_CHECKPOINTS/c; ls $FABRICA_OUTPUTS; exit 0; fi;"
      "echo step > $FABRICA_CHECKPOINTS/c; echo half > $FABRICA_OUTPUTS/half; echo ready; sleep 654.321");
  ASSERT_TRUE(driver.prepare(job) && driver.start(job));
  wait_for_log(driver, job, "ready");
  pid_t const supervisor = supervisor_of(job);
  ASSERT_NE(supervisor, 0);
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  auto const seen = wait_end(driver, job.job);
  EXPECT_EQ(seen.reason, EndReason::lost) << text(seen);
  EXPECT_EQ(driver.observe(job.job)->reason, EndReason::lost) << "and it stays so";
  ASSERT_TRUE(driver.start(job)) << "the same attempt is not begun again";
  EXPECT_EQ(driver.observe(job.job)->reason, EndReason::lost);
  while (find_process("654.321") != 0) std::this_thread::yield();

  job.attempt = 2;
  ASSERT_TRUE(driver.start(job));
  auto const second = wait_end(driver, job.job);
  EXPECT_EQ(second.reason, EndReason::completed) << text(second);
  EXPECT_EQ(second.attempt, 2);
  EXPECT_EQ(log(driver, job), "ready\nstep\n");
}

TEST(LocalDriver, AForgottenJobIsGoneButNeverARunningOne) {
  World const world;
  auto driver = world.driver();
  auto const job = order("echo ready; sleep 1000");
  ASSERT_TRUE(driver.prepare(job) && driver.start(job));
  EXPECT_EQ(driver.forget(job.job).error().reason, "attempt_running");
  ASSERT_TRUE(driver.cancel(job.job));
  wait_end(driver, job.job);
  ASSERT_TRUE(driver.forget(job.job));
  EXPECT_EQ(driver.observe(job.job)->phase, Phase::absent);
  EXPECT_EQ(driver.cancel(job.job).error().code, Errc::not_found);
  ASSERT_TRUE(driver.forget(job.job));
}

TEST(LocalDriver, FilesThatLeaveTheirFolderAreRefused) {
  World const world;
  auto driver = world.driver();
  for (auto const* name : {"../x", "/etc/x", "a//b", "a/../b", "", "."}) {
    auto job = order("true");
    job.inputs = {{.name = name, .source = world.path() + "/other/data"}};
    EXPECT_EQ(driver.prepare(job).error().reason, "job_file") << name;
  }
  auto job = order("true");
  job.inputs = {{.name = "a", .source = world.path() + "/gone"}};
  EXPECT_EQ(driver.prepare(job).error().code, Errc::not_found);
  EXPECT_EQ(driver.start(job).error().reason, "not_prepared");
}

TEST(LocalDriver, WhatItCannotRunEndsRefusedWithTheRemedy) {
  World const world{LocalSettings{.bubblewrap = ""}};
  auto driver = world.driver();
  auto seen = run(driver, order("true"));
  EXPECT_EQ(seen.reason, EndReason::refused);
  EXPECT_NE(seen.detail.find("jobs.allow_unsandboxed"), std::string::npos) << seen.detail;
  World const other;
  auto with_sandbox = other.driver();
  auto job = order("true");
  job.limits.gpus = 1;
  EXPECT_EQ(run(with_sandbox, job).reason, EndReason::refused);
  job = order("true", "0190a000-0000-7000-8000-000000000002");
  job.recipe = "../../bin/sh";
  seen = run(with_sandbox, job);
  EXPECT_EQ(seen.reason, EndReason::refused);
  EXPECT_NE(seen.detail.find("no recipe"), std::string::npos) << seen.detail;
}

TEST(LocalDriver, WithoutASandboxTheJobStillEndsWithAllItStarted) {
  World const world{LocalSettings{.bubblewrap = "", .allow_unsandboxed_jobs = true}};
  auto driver = world.driver();
  auto const job = order("setsid setsid sleep 731.97 & echo $FABRICA_OUTPUTS; echo x > $FABRICA_OUTPUTS/x; exit 3");
  auto const seen = run(driver, job);
  EXPECT_EQ(seen.reason, EndReason::failed) << text(seen) << log(driver, job, LogStream::err);
  EXPECT_EQ(seen.exit_status, 3);
  EXPECT_NE(seen.sandbox.find("allowed by the operator"), std::string::npos);
  EXPECT_EQ(driver.outputs(job.job)->size(), 1U);
  EXPECT_EQ(find_process("731.97"), 0);
}

TEST(LocalDriver, ARecipeRunsFromItsReadOnlyFolder) {
  std::string name = (std::filesystem::temp_directory_path() / "fabrica.XXXXXX").string();
  std::string const recipes = ::mkdtemp(name.data());
  std::filesystem::permissions(recipes, std::filesystem::perms{0755});
  ASSERT_TRUE(runtime::write_file(recipes + "/echo-it", "#!/bin/sh\necho \"$0 $1\"; touch $0\n", 0755));
  World const world{LocalSettings{.recipes_folder = recipes}};
  auto driver = world.driver();
  auto job = order("");
  job.recipe = "echo-it";
  job.argv = {"x y"};
  auto const seen = run(driver, job);
  EXPECT_EQ(log(driver, job), "/opt/fabrica/recipes/echo-it x y\n") << text(seen);
  EXPECT_EQ(seen.reason, EndReason::failed) << "touch cannot change a read-only file";
  std::filesystem::remove_all(recipes);
}

TEST(LocalDriver, LinksAJobLeavesBehindLeadNowhere) {
  World const world;
  auto driver = world.driver();
  auto const job = order(fmt::format("ln -s {0}/signing.key $FABRICA_METRICS; ln -s {0}/signing.key $FABRICA_OUTPUTS/k; "
                                     "ln -s {0} $FABRICA_OUTPUTS/d; mkfifo $FABRICA_OUTPUTS/f", world.path()));
  ASSERT_EQ(run(driver, job).reason, EndReason::completed);
  EXPECT_EQ(driver.metrics(job.job, 0, 100).error().code, Errc::forbidden);
  EXPECT_EQ(driver.outputs(job.job)->size(), 0U);
  EXPECT_EQ(driver.open_output(job.job, "k").error().code, Errc::forbidden);
  EXPECT_EQ(driver.open_output(job.job, "d/signing.key").error().code, Errc::forbidden);
  EXPECT_EQ(driver.open_output(job.job, "f").error().code, Errc::forbidden);
}

// A listening socket on this machine, as the server has one.
class Listener {
 public:
  Listener() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_.get(), 1) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      die("the test cannot be set up");
    port_ = ntohs(address.sin_port);
  }
  int port() const { return port_; }

 private:
  runtime::Fd socket_;
  int port_ = 0;
};

// What a hostile program would try. Each line prints "open: what" when it succeeds.
std::string const kBurglar = R"py(
import os, socket, sys, signal, ctypes
data, port, server = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def attempt(what, act):
    try:
        act()
        print('open:', what, flush=True)
    except Exception as error:
        print('shut:', what, type(error).__name__, flush=True)
def read(path): return lambda: open(path, 'rb').read(1)
for name in ('signing.key', 'fabrica.db', 'other/data'): attempt('read ' + name, read(data + '/' + name))
attempt('list data folder', lambda: os.listdir(data))
attempt('data folder through a root', lambda: os.listdir('/proc/%d/root%s' % (server, data)))
for pid in [p for p in os.listdir('/proc') if p.isdigit()]:
    if os.path.exists('/proc/%s/root%s/signing.key' % (pid, data)): print('open: key through process', pid)
for fd in os.listdir('/proc/self/fd'):
    try: target = os.readlink('/proc/self/fd/' + fd)
    except OSError: continue
    if not (target.startswith('pipe:') or target == '/dev/null' or target.startswith('/proc/')): print('open: descriptor', target)
    for up in ('..', '../..', '../../../..'):
        try:
            if 'signing.key' in os.listdir('/proc/self/fd/%s/%s' % (fd, up)): print('open: data through descriptor', fd)
        except OSError: pass
for path in ('/etc/shadow', '/etc/passwd', '/root', '/home', '/var', '/mnt', '/run', '/sys'):
    attempt('see ' + path, lambda: os.stat(path))
attempt('connect to the server', lambda: socket.create_connection(('127.0.0.1', port), 2))
attempt('connect out', lambda: socket.create_connection(('192.0.2.1', 80), 2))
attempt('signal the server', lambda: os.kill(server, 0))
attempt('write /usr', lambda: open('/usr/x', 'w'))
attempt('write /', lambda: open('/x', 'w'))
attempt('write /opt', lambda: open('/opt/x', 'w'))
attempt('write inputs', lambda: open(os.environ['FABRICA_INPUTS'] + '/set/data.txt', 'a'))
attempt('write program', lambda: open(os.environ['FABRICA_PROGRAM'] + '/x', 'a'))
attempt('write parameters', lambda: open(os.environ['FABRICA_PARAMETERS'], 'a'))
libc = ctypes.CDLL(None, use_errno=True)
def call(number):
    if number != 0: raise OSError(ctypes.get_errno())
attempt('become root', lambda: os.setuid(0))
attempt('new user namespace', lambda: call(libc.unshare(0x10000000)))
attempt('mount', lambda: call(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)))
attempt('unmount', lambda: call(libc.umount2(b'/job/inputs', 2)))
attempt('chroot', lambda: os.chroot('/tmp'))
attempt('trace the server', lambda: call(libc.ptrace(16, server, None, None)))
attempt('control the terminal', lambda: open('/dev/tty', 'w'))
attempt('raw memory', read('/dev/mem'))
attempt('raw disk', lambda: os.mknod('/tmp/disk', 0o60600, os.makedev(254, 0)))
print('uid', os.getuid(), 'alive', flush=True)
)py";

// Whom a job must be kept apart from, and as whom the factory runs.
class Burglary : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Factory, Burglary, testing::Bool(),
                         [](auto const& way) { return way.param ? "AsAnOrdinaryUser" : "AsItself"; });

TEST_P(Burglary, EveryDoorIsShut) {
  bool const as_user = GetParam();
  if (as_user && ::geteuid() != 0) GTEST_SKIP() << "only root can change the user; the other case covers this one";
  World const world;
  Listener const listener;
  auto job = order("");
  job.argv = {"python3", "-c", kBurglar, world.path(), std::to_string(listener.port()), std::to_string(::getpid())};
  job.inputs = {{.name = "set/data.txt", .source = world.path() + "/other/data"}};
  if (as_user) {
    ASSERT_EQ(::system(fmt::format("chown -R 54321:54321 {}", world.path()).c_str()), 0);
    pid_t const factory = ::fork();
    if (factory == 0) {
      if (::setgid(54'321) != 0 || ::setuid(54'321) != 0) ::_exit(1);
      auto driver = world.driver();
      ::_exit(driver.prepare(job) && driver.start(job) ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(factory, &status, 0), factory);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  auto driver = world.driver();
  auto const seen = as_user ? wait_end(driver, job.job) : run(driver, job);
  ASSERT_EQ(seen.reason, EndReason::completed) << text(seen) << log(driver, job, LogStream::err);
  auto const said = log(driver, job);
  EXPECT_EQ(said.find("open:"), std::string::npos) << said;
  EXPECT_NE(said.find("alive"), std::string::npos) << said;
  EXPECT_GE(std::count(said.begin(), said.end(), '\n'), 32) << "the burglar tried all: " << said;
  if (!as_user && ::geteuid() == 0) {
    EXPECT_NE(said.find("uid 200003"), std::string::npos) << said;
  }
}

TEST(LocalDriver, TwoProjectsRunAsTwoUsers) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a project a user of its own";
  World const world;
  auto driver = world.driver();
  auto one = order("id -u");
  auto two = order("id -u", "0190a000-0000-7000-8000-000000000002");
  two.project_number = 4;
  run(driver, one);
  run(driver, two);
  EXPECT_EQ(log(driver, one), "200003\n");
  EXPECT_EQ(log(driver, two), "200004\n");
}

TEST(Supervisor, StartedByAnybodyElseDoesNothing) {
  World const world;
  auto driver = world.driver();
  auto const job = order("echo ran");
  ASSERT_TRUE(driver.prepare(job));
  runtime::Program program;
  program.argv = {"/proc/self/exe", "job-supervisor", world.path() + "/jobs/" + job.job};
  auto const finished = runtime::run_to_end(program, 10 * kSecond, 1000);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->ended.code, 2);
  EXPECT_EQ(driver.observe(job.job)->phase, Phase::absent);
}

}  // namespace
}  // namespace fabrica::compute

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view{argv[1]} == "job-supervisor") return fabrica::compute::run_supervisor(argv[2]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
