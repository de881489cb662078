#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>

#include "runtime/files.hpp"
#include "runtime/loop.hpp"
#include "runtime/process.hpp"

namespace fabrica::runtime {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "fabrica.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string{name}; }
  std::string const& path() const { return path_; }

 private:
  std::string path_;
};

Program shell(std::string const& script) {
  Program program;
  program.argv = {"/bin/sh", "-c", script};
  return program;
}

std::string said_by(Program program) {
  auto const finished = run_to_end(std::move(program), 10 * kSecond, 4096);
  return finished ? finished->out : "error: " + finished.error().what;
}

TEST(Files, AWrittenFileHoldsTheNewContentAndItsMode) {
  Folder const folder;
  ASSERT_TRUE(write_file(folder / "a", "one", 0640));
  ASSERT_TRUE(write_file(folder / "a", "two", 0640));
  EXPECT_EQ(read_file(folder / "a", 3).value_or("?"), "two");
  struct stat info {};
  ASSERT_EQ(::stat((folder / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0640U);
  EXPECT_EQ(list_tree(folder.path())->size(), 1U) << "nothing is left beside it";
}

TEST(Files, AFileLargerThanAllowedIsRefused) {
  Folder const folder;
  ASSERT_TRUE(write_file(folder / "a", "four"));
  EXPECT_EQ(read_file(folder / "a", 3).error().code, Errc::too_large);
  EXPECT_EQ(read_file(folder / "b", 3).error().code, Errc::not_found);
}

TEST(Files, AGrowingFileIsReadFromWhereOneStopped) {
  Folder const folder;
  std::ofstream out{folder / "log"};
  out << "first" << std::flush;
  Fd const file{::open((folder / "log").c_str(), O_RDONLY)};
  EXPECT_EQ(read_piece(file.get(), 0, 100)->bytes, "first");
  EXPECT_EQ(read_piece(file.get(), 5, 100)->bytes, "");
  out << "second" << std::flush;
  auto const piece = read_piece(file.get(), 5, 3);
  EXPECT_EQ(piece->bytes, "sec");
  EXPECT_EQ(piece->file_bytes, 11U);
}

TEST(OpenBeneath, RefusesLinksPipesAndPathsThatLeaveTheFolder) {
  Folder const folder;
  ASSERT_TRUE(make_folder(folder / "in/deep"));
  ASSERT_TRUE(write_file(folder / "secret", "key"));
  ASSERT_TRUE(write_file(folder / "in/deep/fine", "data"));
  ASSERT_EQ(::symlink("../secret", (folder / "in/link").c_str()), 0);
  ASSERT_EQ(::symlink("..", (folder / "in/up").c_str()), 0);
  ASSERT_EQ(::mkfifo((folder / "in/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(open_beneath(folder / "in", "deep/fine"));
  for (auto const* path : {"../secret", "link", "up/secret", "/etc/passwd", "pipe", "deep"})
    EXPECT_EQ(open_beneath(folder / "in", path).error().code, Errc::forbidden) << path;
  EXPECT_EQ(open_beneath(folder / "in", "none").error().code, Errc::not_found);
}

TEST(ListTree, ShowsPlainFilesOnlyAndFollowsNoLink) {
  Folder const folder;
  ASSERT_TRUE(make_folder(folder / "in/b"));
  ASSERT_TRUE(write_file(folder / "in/b/2", "22"));
  ASSERT_TRUE(write_file(folder / "in/a", "1"));
  ASSERT_EQ(::symlink("/", (folder / "in/root").c_str()), 0);
  ASSERT_EQ(::mkfifo((folder / "in/pipe").c_str(), 0600), 0);
  auto const files = list_tree(folder / "in");
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].path, "a");
  EXPECT_EQ((*files)[1].path, "b/2");
  EXPECT_EQ((*files)[1].bytes, 2U);
  EXPECT_EQ(list_tree(folder / "in", {.files_max = 3}).error().code, Errc::too_large);
  EXPECT_EQ(list_tree(folder / "in", {.depth_max = 0}).error().code, Errc::too_large);
}

TEST(Files, ACopyNeverReplacesAFile) {
  Folder const folder;
  ASSERT_TRUE(write_file(folder / "a", "one"));
  ASSERT_TRUE(copy_file(folder / "a", folder / "b", 0444));
  EXPECT_EQ(read_file(folder / "b", 10).value_or("?"), "one");
  EXPECT_EQ(copy_file(folder / "a", folder / "b", 0444).error().code, Errc::conflict);
}

TEST(Process, GetsNothingButWhatIsNamed) {
  Fd const leaked{::open("/dev/null", O_RDONLY)};  // without close-on-exec, as a careless library would
  ASSERT_EQ(::setenv("FABRICA_SECRET", "x", 1), 0);
  auto program = shell("env; ls /proc/self/fd; umask");
  program.environment = {"A=1"};
  auto const said = said_by(program);
  EXPECT_EQ(said.find("SECRET"), std::string::npos) << said;
  EXPECT_NE(said.find("A=1\n"), std::string::npos) << said;
  EXPECT_NE(said.find("\n0\n1\n2\n3\n0077\n"), std::string::npos) << "3 is the folder ls reads: " << said;
}

TEST(Process, ArgumentsReachTheProgramAsTheyAre) {
  Program program;
  program.argv = {"/bin/echo", "a b", "$HOME;`id`"};
  EXPECT_EQ(said_by(program), "a b $HOME;`id`\n");
}

TEST(Process, TheResultSaysHowItEnded) {
  auto exits = start(shell("exit 7"));
  ASSERT_TRUE(exits);
  auto ended = exits->wait();
  EXPECT_FALSE(ended.signalled);
  EXPECT_EQ(ended.code, 7);
  EXPECT_GT(ended.rss_peak_bytes, 0);
  auto crashes = start(shell("kill -SEGV $$"));
  ASSERT_TRUE(crashes);
  ended = crashes->wait();
  EXPECT_TRUE(ended.signalled);
  EXPECT_EQ(ended.code, SIGSEGV);
}

TEST(Process, AStartThatFailsSaysWhy) {
  Program program;
  program.argv = {"/no/such/program"};
  EXPECT_EQ(start(program).error().reason, "program");
  EXPECT_EQ(start(program).error().code, Errc::not_found);
  EXPECT_EQ(start_detached(program).error().code, Errc::not_found);
  program.argv = {"relative"};
  EXPECT_EQ(start(program).error().code, Errc::invalid);
  program.argv = {"/bin/true"};
  program.folder = "/no/such/folder";
  EXPECT_NE(start(program).error().what.find("enter the folder"), std::string::npos);
}

TEST(Process, LimitsAndSignalsAreSetInTheChildAlone) {
  auto program = shell("ulimit -n; trap '' TERM; trap");
  program.limits = {{RLIMIT_NOFILE, 64}};
  EXPECT_EQ(said_by(program), "64\ntrap -- '' TERM\n");
}

TEST(Process, AnOwnerThatGoesAwayTakesItsProcessAlong) {
  pid_t pid = 0;
  {
    auto child = start(shell("sleep 1000"));
    ASSERT_TRUE(child);
    pid = child->pid();
    EXPECT_FALSE(child->ended());
    EXPECT_NE(start_ticks(pid), 0U);
  }
  EXPECT_EQ(start_ticks(pid), 0U);
}

TEST(Process, ADetachedOneIsNobodysChildHere) {
  Folder const folder;
  auto program = shell("echo $PPID > ppid; exec sleep 1000");
  program.folder = folder.path();
  auto const pid = start_detached(program);
  ASSERT_TRUE(pid);
  for (auto const& process : processes_below(::getpid())) EXPECT_NE(process.pid, *pid);
  EXPECT_EQ(::kill(*pid, SIGKILL), 0);
}

TEST(Process, AnotherUserIsTakenWhole) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can change the user";
  auto program = shell("id -u; id -g; id -G");
  program.user = User{.uid = 54'321, .gid = 54'321};
  EXPECT_EQ(said_by(program), "54321\n54321\n54321\n");
}

TEST(Process, ThoseBelowAreFoundWithTheirDepth) {
  auto child = start(shell("sleep 1000 & wait"));
  ASSERT_TRUE(child);
  std::vector<ProcessInfo> found;
  while (found.empty()) found = processes_below(child->pid());
  EXPECT_EQ(found[0].depth, 1);
  EXPECT_GT(tasks_of_user(::getuid()), 1);
}

TEST(Process, OneThatEndedHoldsNoMemory) {
  EXPECT_GT(proportional_bytes(::getpid()).value_or(0), 0);
  pid_t const child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(proportional_bytes(child), 0) << "not waited for yet: what it held before says nothing any more";
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(proportional_bytes(child), 0);
}

TEST(Process, AHelperThatHangsIsEnded) {
  EXPECT_EQ(run_to_end(shell("sleep 1000"), 1000, 10).error().reason, "process_timeout");
}

TEST(Loop, WorksAtOnceAgainWhenWokenAndNeverAfterStop) {
  std::atomic<int> rounds = 0;
  std::latch first{1};
  std::latch second{1};
  Loop loop{"test", kHour, [&] {
              int const round = ++rounds;
              if (round == 1) first.count_down();
              if (round == 2) second.count_down();
            }};
  first.wait();
  loop.wake();
  second.wait();
  loop.stop();
  loop.wake();
  EXPECT_EQ(rounds, 2);
}

void run_broken_loop() {
  Loop loop{"broken", kHour, [] { throw std::runtime_error{"no database"}; }};
  ::pause();
}

TEST(LoopDeath, AnExceptionEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(run_broken_loop(), "loop broken ended: no database");
}

}  // namespace
}  // namespace fabrica::runtime
