#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compute/driver.hpp"
#include "compute/local.hpp"
#include "runtime/fd.hpp"

namespace fabrica::compute {

// A job's folder, 0700 and ours; the job sees the parts named here and nothing else:
//   order.json    what to run, written by the driver before the act
//   status.json   an Observation: `starting` by the driver before the act, the rest by the supervisor
//   lock          locked from before the act until the supervisor is gone, by open file description: the driver takes it
//                 and hands it on, so that there is no moment in which a living attempt holds no lock
//   cancel        present once somebody asked the job to end
//   out.log err.log supervisor.log
//   given/        read-only for the job: inputs/ program/ parameters.json
//   work/ outputs/ checkpoints/ report/   the job's own
struct JobFolder {
  std::string path{};

  std::string order() const { return path + "/order.json"; }
  std::string status() const { return path + "/status.json"; }
  std::string lock() const { return path + "/lock"; }
  std::string cancel() const { return path + "/cancel"; }
  std::string log(LogStream stream) const { return path + (stream == LogStream::out ? "/out.log" : "/err.log"); }
  std::string given() const { return path + "/given"; }
  std::string part(std::string_view name) const { return path + "/" + std::string{name}; }
};

inline constexpr std::string_view kMetricsFile = "metrics.jsonl";
// Folders the job writes. Checkpoints outlive an attempt, reports are appended to.
inline constexpr std::string_view kWritable[]{"work", "outputs", "checkpoints", "report"};

// What the supervisor reads: the order and the settings it is to be carried out with.
struct OrderFile {
  JobOrder order{};
  LocalSettings settings{};
};
BOOST_DESCRIBE_STRUCT(OrderFile, (), (order, settings))

Result<> write_order(JobFolder const& folder, OrderFile const& file);
Result<OrderFile> read_order(JobFolder const& folder);
Result<> write_status(JobFolder const& folder, Observation const& status);
// Phase absent when there is none.
Result<Observation> read_status(JobFolder const& folder);

// Takes the lock without waiting. Empty when somebody else holds it.
Result<std::optional<runtime::Fd>> take_lock(JobFolder const& folder);
// Whether somebody holds it, without ever holding it.
bool is_locked(JobFolder const& folder);

}  // namespace fabrica::compute
