#include "models/compute_jobs.hpp"

namespace fabrica::models {
namespace {

ModelFile file_of(compute::JobFile const& file) { return {file.path, file.sha256, file.size_bytes}; }

}  // namespace

JobRecord record_of(compute::Job const& job) {
  JobRecord out{job.id, job.project, job.state == compute::JobState::completed, job.recipe, job.code_sha256,
                job.parameters.text, {}, {}};
  for (auto const& input : job.inputs) {
    // Files that were named one by one go by the name of their folder.
    auto const reference = input.reference.empty() ? "files:" + input.name : input.reference;
    for (auto const& file : input.files) out.inputs.push_back({reference, file_of(file)});
  }
  for (auto const& file : job.artefacts) out.artefacts.push_back(file_of(file));
  return out;
}

Result<JobRecord> ComputeJobs::job(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const found, compute_.find(tx, id));
  return record_of(found);
}

Result<bool> ComputeJobs::ended(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const found, compute_.find(tx, id));
  using enum compute::JobState;
  switch (found.state) {
    case queued:
    case staging:
    case submitting:
    case running:
    case ending: return false;
    case completed:
    case failed:
    case cancelled: return true;
  }
  return false;
}

Result<> RunMetrics::record(db::Tx& tx, PublicId const& job, std::vector<compute::MetricPoint> const& points) {
  std::vector<MetricPoint> out;
  out.reserve(points.size());
  for (auto const& point : points) out.push_back({point.name, point.step, point.value, point.time});
  FABRICA_DO(runs_.record(tx, job, out));
  return {};
}

}  // namespace fabrica::models
