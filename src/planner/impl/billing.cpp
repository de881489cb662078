#include "planner/billing.hpp"

#include <algorithm>
#include <cmath>

namespace fabrica::planner {

Result<double> billed_units(facts::BillingRule const& rule, JobShape const& job) {
  if (job.nodes < 1 || job.devices < 0 || job.cores < 0 || !(job.memory_gb >= 0) || !(job.hours >= 0))
    return fail(Errc::invalid, "job_shape", "A job has at least one node and no negative number.");
  auto const unknown = [&] {
    return fail(Errc::unavailable, "billing_unknown",
                "How " + rule.key + " bills is not fully known: add the missing numbers as an own fact.");
  };
  if (!rule.rule) return unknown();
  switch (*rule.rule) {
    case facts::BillingKind::whole_nodes:
      if (!rule.units_per_node) return unknown();
      return *rule.units_per_node * static_cast<double>(job.nodes) * job.hours;
    case facts::BillingKind::max_of_shares: {
      if (!rule.units_per_share || !rule.cores_per_share || !rule.memory_gb_per_share) return unknown();
      if (*rule.cores_per_share <= 0 || *rule.memory_gb_per_share <= 0) return unknown();
      double const shares =
          std::max({static_cast<double>(job.devices), std::ceil(static_cast<double>(job.cores) / *rule.cores_per_share),
                    std::ceil(job.memory_gb / *rule.memory_gb_per_share)});
      return shares * job.hours * *rule.units_per_share;
    }
  }
  return unknown();
}

}  // namespace fabrica::planner
