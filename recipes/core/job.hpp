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

// True once SIGTERM came: save what must be saved and end with status 143 within 10 seconds.
std::atomic<bool> const& stop_requested();

inline constexpr int kStoppedStatus = 143;

// Prints the error (and each fault) to stderr and gives the exit status.
int report_failure(std::string_view program, Error const& error);

}  // namespace fabrica::recipe
