#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "runtime/fd.hpp"

namespace fabrica::compute {

// Carries what the job prints into its log file, up to a limit; what comes after is read and dropped, so that the job
// does not stall, and one last line says so. A later attempt appends.
class LogPump {
 public:
  // Errors: those of files.
  static Result<LogPump> open(runtime::Fd from, std::string const& path, std::int64_t bytes_max);

  int fd() const { return from_.get(); }
  bool done() const { return !from_.open(); }
  bool truncated() const { return truncated_; }
  // Moves what lies in the pipe now; closes at its end.
  void pump();

 private:
  LogPump(runtime::Fd from, runtime::Fd to, std::int64_t left) : from_{std::move(from)}, to_{std::move(to)}, left_{left} {}
  void keep(char const* bytes, std::size_t count);

  runtime::Fd from_;
  runtime::Fd to_;
  std::int64_t left_;
  bool truncated_ = false;
};

}  // namespace fabrica::compute
