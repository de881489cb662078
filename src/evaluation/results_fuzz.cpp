// A hostile results.json: refused, or bounded and finite, and judged without a surprise.
#include <cmath>
#include <string_view>

#include "base/check.hpp"
#include "evaluation/rules.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace fabrica;
  auto const parsed = evaluation::parse_results({reinterpret_cast<char const*>(data), size});
  if (!parsed) return 0;
  FABRICA_CHECK(!parsed->metrics.empty() && parsed->metrics.size() <= evaluation::kMeasuredMax);
  std::vector<evaluation::PlannedMetric> plan;
  for (auto const& metric : parsed->metrics) {
    FABRICA_CHECK(std::isfinite(metric.value));
    evaluation::PlannedMetric planned{.name = metric.name, .slice = metric.slice};
    planned.threshold = metric.value;
    plan.push_back(planned);
  }
  // Everything reaches its own value.
  FABRICA_CHECK(evaluation::overall(evaluation::judge(plan, parsed->metrics)) == evaluation::Verdict::passed);
  return 0;
}
