#pragma once

#include "calls/reviewed.hpp"

namespace fabrica::calls {

// When a step that begins now is due, in the zone and working days of the call's schedule.
std::optional<Time> due_of(ReviewedRules const& rules, StepRule const& step, Micros now);

}  // namespace fabrica::calls
