#pragma once

#include "facts/view.hpp"
#include "json/describe.hpp"

namespace fabrica::planner {

// What a job asks for, of the whole job. devices: what the site schedules as one (on LUMI a GCD, half a module).
struct JobShape {
  std::int64_t nodes = 1;
  std::int64_t devices = 0;
  std::int64_t cores = 0;
  double memory_gb = 0;
  double hours = 0;

  static constexpr auto limits() {
    return std::tuple{json::range(&JobShape::nodes, 1, 1'000'000), json::range(&JobShape::devices, 0, 100'000'000),
                      json::range(&JobShape::cores, 0, 1'000'000'000), json::range(&JobShape::memory_gb, 0.0, 1e12),
                      json::range(&JobShape::hours, 0.0, 1e6)};
  }
};
BOOST_DESCRIBE_STRUCT(JobShape, (), (nodes, devices, cores, memory_gb, hours))

// What the site will book for it, in the rule's unit. Errors: invalid "job_shape"; unavailable "billing_unknown" where
// the rule's numbers are not known.
Result<double> billed_units(facts::BillingRule const& rule, JobShape const& job);

}  // namespace fabrica::planner
