#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "evaluation/types.hpp"
#include "models/ports.hpp"

namespace fabrica::evaluation {

inline constexpr std::string_view kResultsFile = "results.json";
inline constexpr std::size_t kResultsBytesMax = 4u << 20;
inline constexpr std::size_t kMeasuredMax = 10'000;

// Errors: invalid "evaluation" with faults: what limits() cannot say.
Result<> check(EvaluationDraft const& draft);

// What an evaluation job wrote: {"suite","version","metrics":[{"name","slice","value","low","high","n","unit","method"}]};
// other members are ignored (the file's digest covers them). Errors: invalid "results" naming the place.
struct ResultsFile {
  std::string suite;
  std::string version;
  std::vector<Measured> metrics;
};
Result<ResultsFile> parse_results(std::string_view text);

// One outcome a planned metric, in the order of the plan.
std::vector<Outcome> judge(std::vector<PlannedMetric> const& plan, std::vector<Measured> const& measured);
Verdict overall(std::vector<Outcome> const& outcomes);

// Whether the job read every one of these files (by digest); names the first it did not.
Result<> check_read(models::JobRecord const& job, std::vector<models::ModelFile> const& files, std::string_view what);

}  // namespace fabrica::evaluation
