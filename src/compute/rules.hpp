#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/steps.hpp"
#include "compute/types.hpp"

namespace fabrica::compute {

enum class JobEvent : std::uint8_t {
  room,      // the partition has room for it
  staged,    // its files are laid out
  accepted,  // the driver began the attempt
  again,     // the attempt was lost: the next one is to begin
  over,      // the driver reports the end, or refused for good
  withdraw,  // cancelled before it was handed to a driver
  close_completed,
  close_failed,
  close_cancelled,
};

using Step = StateStep<JobState, JobEvent>;
// The whole life of a job. One state, one act: each act may be done again after a crash, and only then the state
// changes.
inline constexpr std::array kJobSteps{
    Step{JobState::queued, JobEvent::room, JobState::staging},
    Step{JobState::queued, JobEvent::withdraw, JobState::cancelled},
    Step{JobState::queued, JobEvent::over, JobState::ending},
    Step{JobState::staging, JobEvent::staged, JobState::submitting},
    Step{JobState::staging, JobEvent::withdraw, JobState::cancelled},
    Step{JobState::staging, JobEvent::over, JobState::ending},
    Step{JobState::submitting, JobEvent::accepted, JobState::running},
    Step{JobState::submitting, JobEvent::over, JobState::ending},
    Step{JobState::running, JobEvent::again, JobState::submitting},
    Step{JobState::running, JobEvent::over, JobState::ending},
    Step{JobState::ending, JobEvent::close_completed, JobState::completed},
    Step{JobState::ending, JobEvent::close_failed, JobState::failed},
    Step{JobState::ending, JobEvent::close_cancelled, JobState::cancelled},
};

constexpr std::optional<JobState> next(JobState from, JobEvent on) { return fabrica::next(kJobSteps, from, on); }
constexpr bool is_final(JobState state) {
  for (auto const& step : kJobSteps)
    if (step.from == state) return false;
  return true;
}
static_assert(is_final(JobState::completed) && is_final(JobState::failed) && is_final(JobState::cancelled));
static_assert(!is_final(JobState::queued) && !is_final(JobState::ending));
static_assert(!next(JobState::queued, JobEvent::accepted), "nothing runs whose intent was not stored");
static_assert(!next(JobState::submitting, JobEvent::withdraw),
              "what may have begun is settled by its end, not withdrawn");
static_assert(!next(JobState::running, JobEvent::close_completed),
              "artefacts and usage are stored before a job is completed");

// How often a job whose attempt was lost is begun again without being asked.
inline constexpr std::int32_t kAttemptsMax = 3;
// How often an act that failed for an outside reason is tried before the job is refused.
inline constexpr std::int64_t kTriesMax = 30;

// "usage/v1": what a job occupies is charged by wall time, whatever it used of it. rate x wall / 3600 s, rounded up to
// the next micro-unit.
inline constexpr std::string_view kUsageFormula = "usage/v1: ceil(rate x wall), up to the next micro-unit";
// Micro-units an hour of this partition costs with these limits.
std::int64_t rate_micro_per_hour(Partition const& partition, JobLimits const& limits);
std::int64_t amount_micro(std::int64_t rate_micro_per_hour, std::int64_t wall_us);
// What is held before the start: the wall limit, the time a job has to save itself, and the supervisor's own.
std::int64_t hold_micro(Partition const& partition, JobLimits const& limits);

UsageRecord usage_of(Partition const& partition, JobLimits const& limits, RunUsage const& run);

// "energy/v1": busy core power x processor time + the node's idle power x the job's share of cores x wall time.
inline constexpr std::string_view kEnergyFormula = "energy/v1: core_w x cpu_s + idle_w x wall_s x cores / node cores";
std::optional<Energy> energy_of(Partition const& partition, JobLimits const& limits, RunUsage const& run);

// Final event of an attempt that ended so.
JobEvent closing_event(EndReason reason);

// Errors: invalid "partition" with faults.
Result<> check(SystemDraft const& draft);
Result<> check(PartitionDraft const& draft);
// What limits() cannot say of a job: names, paths, digests, the environment, the parameters. Errors: invalid "job".
Result<> check(JobDraft const& draft);
// Whether it can ever run there. Errors: invalid "job_limits" with faults, conflict "partition_closed".
Result<JobLimits> check_fit(Partition const& partition, LimitsDraft const& asked);

// A relative path of plain parts.
bool is_plain_path(std::string_view path);
// SHA-256 of the canonical JSON of [{"path","sha256","size_bytes"}, ...] sorted by path: the rule of data sets and
// models.
std::string tree_digest(std::vector<JobFile> files);

// The complete lines of a piece of a metrics file. What is not a line of the contract is counted and left out.
struct MetricLines {
  std::vector<MetricPoint> points = {};
  std::optional<double> progress = {};
  std::string text = {};
  std::size_t bytes = 0;  // consumed: up to and with the last line break
  std::int64_t bad_lines = 0;
};
inline constexpr std::size_t kMetricLineBytesMax = 65'536;
MetricLines parse_metrics(std::string_view piece, Micros now);

}  // namespace fabrica::compute
