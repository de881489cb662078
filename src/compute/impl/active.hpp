#pragma once

#include "compute/impl/store.hpp"
#include "compute/service.hpp"

namespace fabrica::compute {

// The client id of a job's hold on its budget.
std::string hold_name(PublicId const& job);

// job holds no more than its ids where its act needs no more.
struct Compute::Active {
  store::JobRow row{};
  Job job{};
  Partition partition{};
};

// What was stored of a job before its end is recorded.
struct Compute::Ending {
  std::vector<JobFile> artefacts{};
  std::vector<JobFile> logs{};
  EndReason reason{};
  std::string detail{};
};

}  // namespace fabrica::compute
