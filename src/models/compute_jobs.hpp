#pragma once

#include "compute/service.hpp"
#include "models/ports.hpp"
#include "models/runs.hpp"

namespace fabrica::models {

// Jobs over compute/.
class ComputeJobs final : public Jobs {
 public:
  explicit ComputeJobs(compute::Compute& compute) : compute_{compute} {}
  Result<JobRecord> job(db::Tx& tx, PublicId const& id) override;
  // Nothing more comes of it, no metrics either.
  Result<bool> ended(db::Tx& tx, PublicId const& id);

 private:
  compute::Compute& compute_;
};

// What compute/ tells of running jobs, into Runs.
class RunMetrics final : public compute::Metrics {
 public:
  explicit RunMetrics(Runs& runs) : runs_{runs} {}
  Result<> record(db::Tx& tx, PublicId const& job, std::vector<compute::MetricPoint> const& points) override;

 private:
  Runs& runs_;
};

// One of compute's jobs as this module sees it.
JobRecord record_of(compute::Job const& job);

}  // namespace fabrica::models
