#pragma once

#include <atomic>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace fabrica::recipe {

// The program's side of the job contract (docs/guide/job-contract.md).
class Job {
 public:
  // From here on SIGTERM ends the process at once with kStoppedStatus: right as long as there is nothing to save.
  // Errors: invalid "job_environment" naming the variable that is missing or wrong; those of reading the parameters.
  static Result<Job> from_environment();

  std::string id;
  std::filesystem::path inputs;
  std::filesystem::path outputs;
  std::filesystem::path checkpoints;
  std::string parameters;  // the text of the JSON file
  int cpus = 1;

  struct Line {
    long step = 0;
    std::initializer_list<std::pair<char const*, double>> metrics{};
    std::optional<double> progress{};
    std::string text{};
  };
  // One line of the metrics file. Errors: unavailable "disk_write".
  Result<> report(Line const& line) const;

 private:
  std::filesystem::path metrics_;
};

// From here on SIGTERM only makes stop_requested() true: save what must be saved and end with kStoppedStatus within 10
// seconds.
void stop_by_request();
std::atomic<bool> const& stop_requested();

inline constexpr int kStoppedStatus = 143;

// Prints the error (and each fault) to stderr and gives the exit status.
int report_failure(std::string_view program, Error const& error);

}  // namespace fabrica::recipe
