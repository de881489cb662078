#pragma once

#include "calls/rules.hpp"
#include "facts/view.hpp"

namespace fabrica::calls {

// Refuses a plan request the planner would refuse, with its faults under /plan.
Result<> read_plan_request(json::Raw const& plan);

// What the planner says about the offer's partition on the day of the view.
Result<PlanFor> plan_for(json::Raw const& plan, facts::View const& view, Offer const& offer);

}  // namespace fabrica::calls
