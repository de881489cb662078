#include "compute/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "json/json.hpp"

namespace fabrica::compute {
namespace {

__extension__ using Wide = __int128;
constexpr std::int64_t kHour_us = 3'600'000'000;
constexpr std::int64_t kHoldMargin_s = 5;

constexpr std::int64_t up(std::int64_t amount, std::int64_t share) { return (amount + share - 1) / share; }

bool is_name(std::string_view text, std::string_view also = "") {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || also.find(c) != std::string_view::npos;
  });
}

bool is_variable(std::string_view name) {
  if (name.empty() || name.size() > 100 || (name[0] >= '0' && name[0] <= '9') || name.starts_with("FABRICA_")) return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<> answer(std::string_view reason, std::string_view what, std::vector<Fault> faults) {
  if (faults.empty()) return {};
  auto first = fmt::format("{} {}", what, faults.front().what);
  return fail(Errc::invalid, reason, std::move(first), std::move(faults));
}

void check_files(std::vector<ProgramFile> const& files, std::string const& pointer, std::vector<Fault>& faults) {
  std::set<std::string_view> seen;
  for (std::size_t at = 0; at < files.size(); ++at) {
    auto const here = fmt::format("{}/{}", pointer, at);
    if (!is_plain_path(files[at].path)) faults.push_back({here + "/path", "A path is relative, without \"..\" or empty parts."});
    else if (!seen.insert(files[at].path).second) faults.push_back({here + "/path", "Two files have this path."});
    if (!is_digest(files[at].sha256)) faults.push_back({here + "/sha256", "A digest is 64 lower-case hex digits."});
  }
}

void check_inputs(std::vector<InputDraft> const& inputs, std::vector<Fault>& faults) {
  std::set<std::string_view> seen;
  for (std::size_t at = 0; at < inputs.size(); ++at) {
    auto const here = fmt::format("/inputs/{}", at);
    if (!is_name(inputs[at].name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
      faults.push_back({here + "/name", "A name is letters, digits, \"-\" and \"_\"."});
    else if (!seen.insert(inputs[at].name).second) faults.push_back({here + "/name", "Two inputs have this name."});
    if (inputs[at].reference.has_value() == !inputs[at].files.empty())
      faults.push_back({here, "Give either a reference or files."});
    check_files(inputs[at].files, here + "/files", faults);
  }
}

// At most so many bytes, never half a character.
std::string cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0U) == 0x80U) --bytes_max;
    text = text.substr(0, bytes_max);
  }
  return std::string{text};
}

}  // namespace

std::int64_t rate_micro_per_hour(Partition const& partition, JobLimits const& limits) {
  if (partition.billing == Billing::whole_nodes) return budget::kMicroUnits;
  std::int64_t units = partition.unit == budget::Unit::gpu_hour ? limits.gpus : limits.cpus;
  if (partition.billing == Billing::max_of_shares) {
    if (partition.cores_per_share) units = std::max(units, up(limits.cpus, *partition.cores_per_share));
    if (partition.memory_bytes_per_share) units = std::max(units, up(limits.memory_bytes, *partition.memory_bytes_per_share));
  }
  return units * budget::kMicroUnits;
}

std::int64_t amount_micro(std::int64_t rate, std::int64_t wall_us) {
  FABRICA_CHECK(rate >= 0 && wall_us >= 0);
  return static_cast<std::int64_t>((static_cast<Wide>(rate) * wall_us + kHour_us - 1) / kHour_us);
}

std::int64_t hold_micro(Partition const& partition, JobLimits const& limits) {
  return amount_micro(rate_micro_per_hour(partition, limits), (limits.wall_s + limits.grace_s + kHoldMargin_s) * kSecond);
}

UsageRecord usage_of(Partition const& partition, JobLimits const& limits, RunUsage const& run) {
  auto const rate = rate_micro_per_hour(partition, limits);
  return {.wall_us = run.wall_us,
          .cpu_user_us = run.cpu_user_us,
          .cpu_system_us = run.cpu_system_us,
          .memory_peak_bytes = run.memory_peak_bytes,
          .core_us = run.wall_us * limits.cpus,
          .gpu_us = run.wall_us * limits.gpus,
          .node_us = partition.billing == Billing::whole_nodes ? run.wall_us : 0,
          .formula = std::string{kUsageFormula},
          .rate_micro_per_hour = rate,
          .amount_micro = amount_micro(rate, run.wall_us),
          .overrun_micro = 0};
}

std::optional<Energy> energy_of(Partition const& partition, JobLimits const& limits, RunUsage const& run) {
  if (!partition.energy) return std::nullopt;
  auto const& power = *partition.energy;
  Wide const busy = static_cast<Wide>(power.core_milliwatts) * (run.cpu_user_us + run.cpu_system_us);
  Wide const idle = static_cast<Wide>(power.idle_milliwatts) * run.wall_us * limits.cpus / partition.cpus;
  // milliwatts x microseconds are nanojoules; rounded up, because an estimate must not hide the last joule.
  return Energy{.joules = static_cast<std::int64_t>((busy + idle + 999'999'999) / 1'000'000'000),
                .method = "estimated",
                .boundary = "node",
                .formula = std::string{kEnergyFormula},
                .coefficients = power};
}

JobEvent closing_event(EndReason reason) {
  switch (reason) {
    case EndReason::completed: return JobEvent::close_completed;
    case EndReason::cancelled: return JobEvent::close_cancelled;
    case EndReason::failed:
    case EndReason::signalled:
    case EndReason::time_limit:
    case EndReason::memory_limit:
    case EndReason::output_limit:
    case EndReason::lost:
    case EndReason::refused: return JobEvent::close_failed;
  }
  std::unreachable();
}

Result<> check(SystemDraft const& draft) {
  std::vector<Fault> faults;
  if (!is_name(draft.name)) faults.push_back({"/name", "A name is lower-case letters, digits, \"-\" and \"_\"."});
  bool const country =
      draft.country.empty() ||
      (draft.country.size() == 2 && std::ranges::all_of(draft.country, [](char c) { return c >= 'A' && c <= 'Z'; }));
  if (!country) faults.push_back({"/country", "A country is two capital letters."});
  return answer("system", "This system cannot be registered.", std::move(faults));
}

Result<> check(PartitionDraft const& draft) {
  std::vector<Fault> faults;
  if (!is_name(draft.name, "./"))
    faults.push_back({"/name", "A name is lower-case letters, digits, \"-\", \"_\", \".\" and \"/\"."});
  if (draft.unit == budget::Unit::euro_cent) faults.push_back({"/unit", "Computing is counted in GPU-, node- or core-hours."});
  if ((draft.billing == Billing::whole_nodes) != (draft.unit == budget::Unit::node_hour))
    faults.push_back({"/billing", "Whole nodes are charged in node-hours, and node-hours for whole nodes."});
  if (draft.unit == budget::Unit::gpu_hour && draft.gpus == 0)
    faults.push_back({"/gpus", "A partition charged in GPU-hours has GPUs."});
  if (draft.driver == DriverKind::local && draft.gpus > 0) faults.push_back({"/gpus", "The local driver gives no GPUs to jobs."});
  return answer("partition", "This partition cannot be registered.", std::move(faults));
}

Result<> check(JobDraft const& draft) {
  std::vector<Fault> faults;
  if (draft.recipe && !is_name(*draft.recipe))
    faults.push_back({"/recipe", "A recipe's name is lower-case letters, digits, \"-\" and \"_\"."});
  if (!draft.recipe && draft.argv.empty()) faults.push_back({"/argv", "Name a recipe or a command."});
  if (!draft.recipe && !draft.argv.empty() && draft.argv[0].empty()) faults.push_back({"/argv/0", "The command is empty."});
  check_files(draft.files, "/files", faults);
  check_inputs(draft.inputs, faults);
  if (draft.environment.size() > 100) faults.push_back({"/environment", "At most 100 variables."});
  for (auto const& [name, value] : draft.environment) {
    if (!is_variable(name))
      faults.push_back(
          {"/environment",
           fmt::format("\"{}\" cannot be set: letters, digits and \"_\", not beginning with FABRICA_.", name)});
    if (value.size() > 4000) faults.push_back({"/environment", fmt::format("The value of \"{}\" is too long.", name)});
  }
  if (!draft.parameters.text.starts_with('{')) faults.push_back({"/parameters", "Parameters are a JSON object."});
  return answer("job", "This job cannot be run.", std::move(faults));
}

Result<JobLimits> check_fit(Partition const& partition, LimitsDraft const& asked) {
  if (partition.state != PartitionState::open)
    return fail(Errc::conflict, "partition_closed", fmt::format("{} takes no jobs now.", partition.name));
  std::vector<Fault> faults;
  auto const most = [&](std::string_view name, std::int64_t value, std::int64_t limit) {
    if (value > limit)
      faults.push_back({fmt::format("/resources/{}", name), fmt::format("{} has at most {}.", partition.name, limit)});
  };
  most("cpus", asked.cpus, partition.cpus);
  most("gpus", asked.gpus, partition.gpus);
  most("memory_bytes", asked.memory_bytes, partition.memory_bytes);
  most("wall_s", asked.wall_s, partition.wall_s_max);
  if (partition.unit == budget::Unit::gpu_hour && asked.gpus == 0)
    faults.push_back({"/resources/gpus", fmt::format("{} is charged by GPU: ask for at least one.", partition.name)});
  FABRICA_DO(answer("job_limits", "The job does not fit the partition.", std::move(faults)));
  return JobLimits{.cpus = asked.cpus,
                   .gpus = asked.gpus,
                   .memory_bytes = asked.memory_bytes,
                   .wall_s = asked.wall_s,
                   .disk_bytes = asked.disk_bytes,
                   .log_bytes = asked.log_bytes,
                   .processes = asked.processes,
                   .grace_s = 10};
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > 300) return false;
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; }))
    return false;
  for (;;) {
    auto const part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    if (part.size() == path.size()) return true;
    path.remove_prefix(part.size() + 1);
  }
}

std::string tree_digest(std::vector<JobFile> files) {
  std::ranges::sort(files, {}, &JobFile::path);
  auto const canonical = json::canonical(json::write(files), {.bytes = 64U << 20U, .values = 2'000'000});
  FABRICA_CHECK(canonical.has_value());
  return crypto::sha256(*canonical).hex();
}

MetricLines parse_metrics(std::string_view piece, Micros now) {
  MetricLines out;
  for (;;) {
    auto const end = piece.find('\n', out.bytes);
    if (end == std::string_view::npos) break;
    auto const line = piece.substr(out.bytes, end - out.bytes);
    out.bytes = end + 1;
    if (line.empty()) continue;
    auto const document = json::Document::parse(line, {.bytes = kMetricLineBytesMax, .depth = 4, .values = 1000});
    auto const step = document ? document->root().find("step").integer() : std::nullopt;
    if (!step || *step < 0) {
      ++out.bad_lines;
      continue;
    }
    auto const metrics = document->root().find("metrics");
    for (std::size_t at = 0; at < metrics.size(); ++at)
      if (auto const value = metrics[at].number(); value && metrics.kind() == json::Kind::object && std::isfinite(*value))
        out.points.push_back({std::string{metrics[at].key()}, *step, *value, {now}});
    if (auto const progress = document->root().find("progress").number())
      out.progress = std::clamp(*progress, 0.0, 1.0);
    if (auto const text = document->root().find("text").text()) out.text = cut(*text, 500);
  }
  return out;
}

}  // namespace fabrica::compute
