#pragma once

#include <sys/types.h>

#include <string>

namespace fabrica::db {

// A private PostgreSQL server in a temporary folder, reached through a Unix socket there. Runs as another user when
// this process is root, because PostgreSQL refuses root. Failures throw std::runtime_error.
class PostgresServer {
 public:
  // The one of this process, started when it is first asked for and stopped at exit.
  static PostgresServer& of_this_process();
  PostgresServer();
  ~PostgresServer();
  PostgresServer(PostgresServer const&) = delete;
  PostgresServer& operator=(PostgresServer const&) = delete;

  std::string url(std::string const& database) const;
  std::string const& folder() const { return folder_; }
  // Statements outside of a transaction of ours, in the database "postgres" or another.
  void execute(std::string const& sql, std::string const& database = "postgres") const;
  // SIGKILL to the server's first process: its others end by themselves, nothing is written down.
  void kill();
  void start();

 private:
  std::string folder_;
  std::string bin_;
  pid_t process_ = -1;
};

}  // namespace fabrica::db
