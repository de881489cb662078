#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace fabrica::recipe {

// The parameters of fabrica-eval; README.md lists them.
struct EvalSettings {
  int max_bytes_per_language = 150'000;
  int bootstrap_rounds = 1000;
  int memorisation_samples = 200;
  int membership_samples = 400;
  std::uint64_t seed = 1;
  std::vector<std::string> sample_prompts;
};

Result<EvalSettings> parse_eval_settings(std::string_view json);

}  // namespace fabrica::recipe
