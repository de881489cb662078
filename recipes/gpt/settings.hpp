#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/trainer.hpp"

namespace fabrica::recipe {

// The parameters of `fabrica-gpt train`; README.md lists them.
struct GptSettings {
  TrainSettings train;  // train.model.vocab_size is the wish; the tokenizer may end with fewer
  int validate_every = 0;
  int checkpoint_every = 0;
  std::vector<std::string> sample_prompts;
  std::string model_name;
  std::string license;
};

// Errors: invalid "parameters" with a fault for each wrong key.
Result<GptSettings> parse_settings(std::string_view json);

// All settings as a JSON object, in a fixed order.
std::string to_json(GptSettings const& settings);

}  // namespace fabrica::recipe
