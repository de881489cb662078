#include "planner/impl/context.hpp"

namespace fabrica::planner {

namespace {

constexpr double kParametersMost = 1e15;
constexpr double kTokensMost = 1e16;

bool within(double value, double least, double most) { return value >= least && value <= most; }

// The bounds json::limits() declares hold for callers that do not come through JSON too, and those between members.
std::vector<Fault> faults_of(PlanRequest const& request, facts::View const& view) {
  std::vector<Fault> faults;
  auto const require = [&](bool good, std::string pointer, std::string what) {
    if (!good) faults.push_back({std::move(pointer), std::move(what)});
  };
  auto const active = request.active_parameters.value_or(request.parameters);
  require(within(static_cast<double>(request.parameters), 1, kParametersMost), "/parameters",
          "Must be from 1 to 1e15.");
  require(active >= 1 && active <= request.parameters, "/active_parameters", "Must be from 1 to parameters.");
  require(within(static_cast<double>(request.tokens), 1, kTokensMost), "/tokens", "Must be from 1 to 1e16.");
  require(!request.utilisation || within(*request.utilisation, 0.001, 1), "/utilisation",
          "Must be a share from 0.001 to 1.");
  require(within(request.overhead_share, 0, 10), "/overhead_share", "Must be a share from 0 to 10.");
  require(!request.nodes || within(static_cast<double>(*request.nodes), 1, 1e6), "/nodes",
          "Must be from 1 to 1000000.");
  require(within(static_cast<double>(request.checkpoints_kept), 1, 1000), "/checkpoints_kept",
          "Must be from 1 to 1000.");
  require(!request.data_gb || within(*request.data_gb, 0, 1e9), "/data_gb", "Must be from 0 to 1e9.");
  require(!request.upstream_flop || within(*request.upstream_flop, 1, 1e30), "/upstream_flop",
          "Must be from 1 to 1e30.");
  if (request.applicant) {
    auto const& code = request.applicant->country;
    bool const letters =
        code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    require(letters, "/applicant/country", "Must be two capital letters as the Union writes them (EL for Greece).");
  }
  require(!request.starts_on || facts::is_date(*request.starts_on), "/starts_on", "Must be a day such as 2026-11-23.");
  require(!request.ends_on || facts::is_date(*request.ends_on), "/ends_on", "Must be a day such as 2026-11-23.");
  if (faults.empty() && request.ends_on)
    require(*request.ends_on >= request.starts_on.value_or(view.date), "/ends_on", "Must not lie before the start.");
  for (std::size_t at = 0; at < request.partitions.size(); ++at)
    require(facts::find(view.partitions, request.partitions[at]) != nullptr, "/partitions/" + std::to_string(at),
            "No partition of that name is known on this day.");
  return faults;
}

std::vector<facts::Partition const*> chosen(PlanRequest const& request, facts::View const& view) {
  std::vector<facts::Partition const*> partitions;
  for (auto const& partition : view.partitions) {
    if (!request.partitions.empty()) {
      auto const& names = request.partitions;
      if (std::find(names.begin(), names.end(), partition.key) != names.end()) partitions.push_back(&partition);
      continue;
    }
    auto const* system = facts::find(view.systems, partition.system.value_or(""));
    if (system != nullptr && system->state == facts::SystemState::operational) partitions.push_back(&partition);
  }
  return partitions;
}

std::vector<std::string> warnings_of(PlanRequest const& request) {
  std::vector<std::string> warnings;
  warnings.push_back(
      "The industrial AI Factory modes count GPU-hours, all other modes node-hours; each partition has its own unit.");
  warnings.push_back("Wall times assume that speed grows with the number of nodes.");
  if (request.overhead_share == 0)
    warnings.push_back(
        "Nothing is added for restarts, evaluation and ablations; applicants add 0.3 to 0.5 (overhead_share).");
  if (!request.utilisation && (request.precision == Precision::fp32 || request.precision == Precision::fp8))
    warnings.push_back(
        "The default utilisation was seen in bf16; in other precisions it differs: measure and give one.");
  if (request.method == Method::inference && !request.utilisation)
    warnings.push_back(
        "The default utilisation is that of training; generating token by token reaches far less: measure and give "
        "one.");
  if (request.method == Method::lora)
    warnings.push_back(
        "The adapters themselves are neglected in the work and taken as 1 % of the parameters in memory.");
  return warnings;
}

}  // namespace

Result<Plan> plan(PlanRequest const& request, facts::View const& view, Micros now) {
  if (auto faults = faults_of(request, view); !faults.empty())
    return fail(Errc::invalid, "plan", "The plan cannot be made from this.", std::move(faults));
  impl::Context context{request, view, now};
  Plan out;
  out.at.us = now;
  out.request = request;
  out.work = work_of(request);
  out.storage = impl::storage_of(request);
  for (auto const* partition : chosen(request, view))
    out.partitions.push_back(impl::estimate(context, *partition, out.work));
  std::vector<ModePlan> modes;
  for (auto const& mode : view.access_modes) modes.push_back(impl::mode_plan(context, mode, out.partitions));
  for (auto const wanted : {Answer::yes, Answer::unknown, Answer::no})
    for (auto& mode : modes)
      if (mode.fits == wanted) out.modes.push_back(std::move(mode));
  out.flags = impl::act_flags(context, out.work);
  out.warnings = warnings_of(request);
  out.facts = std::move(context.used);
  return out;
}

}  // namespace fabrica::planner
