#include "db/testing/server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <vector>

namespace fabrica::db {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

std::string find_bin() {
  std::vector<std::string> folders;
  std::error_code none;
  for (auto const& entry : fs::directory_iterator{"/usr/lib/postgresql", none}) folders.push_back(entry.path() / "bin");
  std::ranges::sort(folders, std::ranges::greater{});
  std::string_view path = ::getenv("PATH") != nullptr ? ::getenv("PATH") : "";
  for (std::size_t at = 0; at <= path.size();) {
    auto const end = std::min(path.find(':', at), path.size());
    folders.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  for (auto const& folder : folders)
    if (::access((folder + "/initdb").c_str(), X_OK) == 0) return folder;
  throw std::runtime_error{"PostgreSQL is not here and its half of the tests needs it: apt-get install postgresql-15"};
}

passwd const* other_user() {
  if (::geteuid() != 0) return nullptr;
  for (char const* name : {"postgres", "nobody"})
    if (auto const* user = ::getpwnam(name)) return user;
  throw std::runtime_error{
      "PostgreSQL does not run as root and there is no user \"postgres\" or \"nobody\" to run it as"};
}

// The program in `folder`, its output appended to folder/log. It ends with this process, however that ends.
pid_t spawn(std::string const& folder, std::vector<std::string> const& command) {
  auto const* const user = other_user();
  auto const parent = ::getpid();
  auto const log = folder + "/log";
  std::vector<char*> argv;
  for (auto const& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  auto const child = ::fork();
  if (child < 0) throw std::runtime_error{"fork failed"};
  if (child > 0) return child;
  if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
  if (::getppid() != parent || ::chdir(folder.c_str()) != 0) ::_exit(126);
  int const out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  int const in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  for (int file = 3; file < 256; ++file) ::close(file);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

std::string log_tail(std::string const& folder) {
  std::ifstream in{folder + "/log"};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

}  // namespace

PostgresServer& PostgresServer::of_this_process() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : bin_{find_bin()} {
  auto name = (fs::temp_directory_path() / "fabrica-pg-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary folder for PostgreSQL"};
  folder_ = name;
  if (auto const* const user = other_user())
    if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error{"chown failed"};
  auto const maker = spawn(folder_, {bin_ + "/initdb", "-D", folder_ + "/data", "-U", "fabrica", "-A", "trust", "-E",
                                     "UTF8", "--locale=C", "-N"});
  int status = 0;
  ::waitpid(maker, &status, 0);
  if (status != 0) throw std::runtime_error{fmt::format("initdb failed: {}", log_tail(folder_))};
  start();
}

PostgresServer::~PostgresServer() {
  if (process_ > 0) {
    ::kill(process_, SIGQUIT);  // at once: nobody needs what it holds
    ::waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PostgresServer::start() {
  auto const until = SteadyClock::now() + std::chrono::seconds{60};
  auto const launch = [&] {
    return spawn(folder_, {bin_ + "/postgres", "-D", folder_ + "/data", "-k", folder_, "-h", "", "-c", "fsync=off",
                           "-c", "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "max_connections=100", "-c",
                           "autovacuum=off", "-c", "max_wal_size=256MB"});
  };
  process_ = launch();
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    // A killed server's processes may still hold its memory for a moment; then the new one gives up and is asked again.
    if (::waitpid(process_, nullptr, WNOHANG) == process_) process_ = launch();
    if (SteadyClock::now() > until)
      throw std::runtime_error{fmt::format("PostgreSQL does not start: {}", log_tail(folder_))};
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

void PostgresServer::kill() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::string PostgresServer::url(std::string const& database) const {
  std::string host;
  for (char const c : folder_) host += c == '/' ? "%2F" : std::string(1, c);
  return fmt::format("postgresql://fabrica@{}/{}", host, database);
}

void PostgresServer::execute(std::string const& sql, std::string const& database) const {
  auto* const connection = PQconnectdb(url(database).c_str());
  PQsetNoticeProcessor(
      connection, [](void*, char const*) {}, nullptr);
  auto* const result = PQexec(connection, sql.c_str());
  auto const status = PQresultStatus(result);
  std::string const message = PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error{fmt::format("{}: {}", sql, message)};
}

}  // namespace fabrica::db
