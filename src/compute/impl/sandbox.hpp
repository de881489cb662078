#pragma once

#include <string>

#include "base/result.hpp"
#include "compute/impl/job_folder.hpp"
#include "runtime/process.hpp"

namespace fabrica::compute {

// How an attempt is kept apart from everything else, and the program to start for it.
struct Sandbox {
  runtime::Program program{};  // streams, control groups and limits are the supervisor's to add
  std::string says{};          // for the record
  bool contained = true;     // its processes cannot outlive program
};

// Builds the sandbox of an order. `status_fd` receives bubblewrap's status lines. As root this gives the calling process
// a mount namespace of its own and hands the writable folders to the project's user.
// Errors: forbidden "no_sandbox" (what is missing, and the setting that would allow it), invalid "recipe", those of files.
Result<Sandbox> build_sandbox(JobFolder const& folder, OrderFile const& file, int status_fd);

// Where the job sees what is its own, what it was given, and where it may put what nobody keeps.
struct Places {
  std::string base{};
  std::string given{};
  std::string scratch{};
};
// The environment of the job contract; its names win over those the job's owner asked for.
std::map<std::string, std::string> contract_environment(JobOrder const& order, Places const& places);

}  // namespace fabrica::compute
