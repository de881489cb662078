#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calls/types.hpp"
#include "facts/view.hpp"

namespace fabrica::calls {

// What the plan says about the partition that is asked for; absent where the planner does not know.
struct PlanFor {
  std::optional<double> amount_units;
  std::optional<bool> fits_memory;
  std::string explanation;
};

// Everything a proposal is checked against. Pure data: the same case gives the same checks for ever.
struct Case {
  identity::Organisation organisation;
  Call call;
  Offer offer;
  ProposalDraft proposal;
  PlanFor plan;
  std::vector<facts::Country> const& countries;
  Micros now_us = 0;
};

// Eligibility and technical checks, all of them, each explaining itself. What is not known is `unknown`, never a pass.
std::vector<Check> check_proposal(Case const& in);

// What the checks mean. First come: reject if one fails, ask if one is unknown, else queue. Reviewed: ask if one fails
// or is unknown, for there is time until the cut-off; else enter.
ProposalEvent verdict_of(std::span<Check const> checks, CallKind kind);

Result<> check(CallDraft const& draft);

}  // namespace fabrica::calls
