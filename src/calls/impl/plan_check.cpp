#include "calls/impl/plan_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "planner/plan.hpp"

namespace fabrica::calls {
namespace {

// A plan's faults, seen from the proposal that carries it.
Error under_plan(Error error) {
  for (auto& fault : error.faults) fault.pointer = "/plan" + fault.pointer;
  return error;
}

}  // namespace

Result<> read_plan_request(json::Raw const& plan) {
  auto const request = json::read<planner::PlanRequest>(plan.text);
  if (!request) return std::unexpected(under_plan(request.error()));
  return {};
}

Result<PlanFor> plan_for(json::Raw const& plan, facts::View const& view, Offer const& offer) {
  FABRICA_TRY(auto request, json::read<planner::PlanRequest>(plan.text));
  request.partitions = {offer.partition};
  FABRICA_TRY(auto const date, parse_time(view.date));
  auto const made = planner::plan(request, view, date);
  if (!made) {
    if (made.error().code == Errc::invalid) return PlanFor{{}, {}, made.error().what};
    return std::unexpected(made.error());
  }
  auto const here = std::ranges::find(made->partitions, offer.partition, &planner::PartitionPlan::partition);
  if (here == made->partitions.end())
    return PlanFor{{}, {}, fmt::format("No facts are recorded about the partition {}.", offer.partition)};

  PlanFor out;
  bool const same_unit = here->unit && db::enum_name(*here->unit) == db::enum_name(offer.unit);
  if (same_unit) out.amount_units = here->amount;
  else out.explanation = fmt::format("The facts count {} in another unit than the offer. ", offer.partition);
  if (here->memory.fits != planner::Answer::unknown) out.fits_memory = here->memory.fits == planner::Answer::yes;
  out.explanation += fmt::format("State of the model: {:.3g} GB. {}", here->memory.model_gb, here->memory.assumption);
  for (auto const& unknown : here->unknown) out.explanation += " Unknown: " + unknown;
  return out;
}

}  // namespace fabrica::calls
