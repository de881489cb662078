#pragma once

#include <filesystem>
#include <vector>

#include "core/model.hpp"
#include "core/tokenizer.hpp"

namespace fabrica::recipe {

// A model as Hugging Face's libraries lay it out. The weights lie as Layout says.
struct LoadedModel {
  Layout layout;
  std::vector<float> weights;
};

// Writes config.json, model.safetensors, tokenizer.json, tokenizer_config.json, special_tokens_map.json and
// generation_config.json.
Result<> write_model_folder(std::filesystem::path const& folder, Layout const& layout,
                            std::vector<float> const& weights, Tokenizer const& tokenizer);

// Reads config.json and model.safetensors of any LlamaForCausalLM within our limits. Every tensor must be there with
// its shape and hold finite numbers; none may be there that is not used. Errors: invalid "model_config",
// "safetensors", "model"; not_found "missing_file".
Result<LoadedModel> load_model(std::filesystem::path const& folder);

Result<Tokenizer> load_tokenizer(std::filesystem::path const& file);

}  // namespace fabrica::recipe
