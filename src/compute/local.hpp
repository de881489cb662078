#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compute/driver.hpp"

namespace fabrica::compute {

struct LocalSettings {
  std::string folder{};          // where the jobs' folders lie, below the data folder
  std::string recipes_folder{};  // seen by jobs at /opt/fabrica/recipes; empty: no recipes
  // A command of this program that calls run_supervisor(); the job's folder is added as last argument.
  std::vector<std::string> supervisor{"/proc/self/exe", "job-supervisor"};
  std::string bubblewrap = "/usr/bin/bwrap";  // empty or missing: none
  // As root every project runs as uid_first + its number modulo uid_count; nothing else may use these.
  std::int64_t uid_first = 200'000;
  std::int64_t uid_count = 100'000;
  // Runs jobs without a sandbox where there is none. Such a job can read what this program can.
  bool allow_unsandboxed_jobs = false;
  // Limits by rlimits and polling although control groups could be written.
  bool without_control_groups = false;
};
BOOST_DESCRIBE_STRUCT(LocalSettings, (), (folder, recipes_folder, supervisor, bubblewrap, uid_first, uid_count,
                                          allow_unsandboxed_jobs, without_control_groups))

// Jobs as processes of this machine. Each has a folder and, while it runs, a supervisor: a process of its own that
// starts the sandboxed program, watches it and writes how it ended. This class only writes orders to the folder and reads
// what the supervisor wrote, so a job survives the end of this process and is never begun twice. README.md shows how.
class LocalDriver final : public Driver {
 public:
  // Errors: those of files.
  static Result<LocalDriver> open(LocalSettings settings);

  Result<> prepare(JobOrder const& order) override;
  Result<> start(JobOrder const& order) override;
  Result<Observation> observe(std::string_view job) override;
  Result<> cancel(std::string_view job) override;
  Result<> forget(std::string_view job) override;
  Result<runtime::Piece> log(std::string_view job, LogStream stream, std::uint64_t offset, std::size_t bytes_max) override;
  Result<runtime::Piece> metrics(std::string_view job, std::uint64_t offset, std::size_t bytes_max) override;
  Result<std::vector<runtime::TreeFile>> outputs(std::string_view job) override;
  Result<runtime::Fd> open_output(std::string_view job, std::string const& path) override;

 private:
  explicit LocalDriver(LocalSettings settings) : settings_{std::move(settings)} {}

  LocalSettings settings_;
};

// The body of a supervisor: runs the attempt ordered in this job folder to its end. Standard input is the folder's lock,
// held by whoever started us. The exit status is 0 when the end is on record, whatever it was.
int run_supervisor(std::string const& folder);

}  // namespace fabrica::compute
