#include "planner/impl/context.hpp"

namespace fabrica::planner::impl {

namespace {

ActFlag flag_named(std::string_view name, facts::ComputeThreshold const* threshold) {
  ActFlag flag;
  flag.flag = name;
  if (threshold != nullptr) flag.citation = threshold->citation.value_or("");
  return flag;
}

// Whether the compute of all training of the model exceeds a fixed threshold. Unknown upstream compute can only add:
// what lies above already stays above, what lies below is undetermined.
void compare_total(Context const& context, Work const& work, std::optional<double> threshold, ActFlag& flag) {
  auto const& request = context.request;
  if (!trains(request.method)) {
    flag.state = FlagState::not_applicable;
    flag.why = "Nothing is trained.";
    return;
  }
  if (!threshold) {
    flag.why = "No threshold is known for this day.";
    return;
  }
  flag.threshold_flop = threshold;
  flag.flop = work.flop_once + (modifies(request.method) ? request.upstream_flop.value_or(0) : 0);
  bool const complete = !modifies(request.method) || request.upstream_flop;
  if (*flag.flop > *threshold) flag.state = FlagState::indicated;
  else if (complete) flag.state = FlagState::not_indicated;
  flag.why = fmt::format("{:.3g} FLOP{} against {:.3g}.", *flag.flop,
                         complete ? "" : " without the upstream model's training, which is not given,", *threshold);
}

ActFlag modification(Context& context, Work const& work) {
  auto const& request = context.request;
  auto const& rows = context.view.compute_thresholds;
  auto const* share = context.use("compute_thresholds", rows, "gpai_modification");
  auto flag = flag_named("gpai_modification", share);
  if (!modifies(request.method)) {
    flag.state = FlagState::not_applicable;
    flag.why = "No existing model is modified.";
    return flag;
  }
  if (share == nullptr || !share->fraction) {
    flag.why = "No threshold is known for this day.";
    return flag;
  }
  flag.flop = work.flop_once;
  if (request.upstream_flop) {
    flag.threshold_flop = *request.upstream_flop * *share->fraction;
    flag.state = *flag.flop > *flag.threshold_flop ? FlagState::indicated : FlagState::not_indicated;
    flag.why =
        fmt::format("{:.3g} FLOP against a third of the upstream model's {:.3g}.", *flag.flop, *request.upstream_flop);
    return flag;
  }
  flag.why = "The upstream model's compute is not given.";
  if (!request.upstream_systemic_risk) return flag;
  auto const* basis =
      context.use("compute_thresholds", rows, *request.upstream_systemic_risk ? "systemic_risk" : "gpai_indication");
  if (basis == nullptr || !basis->flop) return flag;
  double const instead = *basis->flop * *share->fraction;
  flag.why +=
      fmt::format(" Only if it can be neither known nor estimated is it compared with {:.3g}: this plan lies {}.",
                  instead, *flag.flop > instead ? "above" : "at or below");
  return flag;
}

}  // namespace

std::vector<ActFlag> act_flags(Context& context, Work const& work) {
  auto const& rows = context.view.compute_thresholds;
  auto const* indication = context.use("compute_thresholds", rows, "gpai_indication");
  auto general = flag_named("gpai_indication", indication);
  compare_total(context, work, indication ? indication->flop : std::nullopt, general);
  if (general.state == FlagState::indicated)
    general.why += " Together with generating language, images from text or video from text; the definition governs.";
  else if (general.state == FlagState::not_indicated)
    general.why += " A model of significant generality can be one all the same.";

  auto const* systemic = context.use("compute_thresholds", rows, "systemic_risk");
  auto risk = flag_named("systemic_risk", systemic);
  compare_total(context, work, systemic ? systemic->flop : std::nullopt, risk);
  if (risk.state == FlagState::indicated) risk.why += " The Commission has to be told within two weeks.";
  return {std::move(general), modification(context, work), std::move(risk)};
}

}  // namespace fabrica::planner::impl
