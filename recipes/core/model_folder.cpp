#include "core/model_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/files.hpp"
#include "core/safetensors.hpp"

namespace fabrica::recipe {

namespace {

namespace json = boost::json;

std::string lines(json::object const& object) {
  std::string text = "{\n";
  for (auto const& [key, value] : object)
    text += fmt::format("  {}: {},\n", json::serialize(json::value(key)), json::serialize(value));
  text.erase(text.size() - 2);
  return text + "\n}\n";
}

json::object config_json(ModelConfig const& c) {
  return {{"architectures", json::array{"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"vocab_size", c.vocab_size},
          {"hidden_size", c.d_model},
          {"intermediate_size", c.d_ff},
          {"num_hidden_layers", c.layers},
          {"num_attention_heads", c.heads},
          {"num_key_value_heads", c.kv_heads},
          {"head_dim", c.head_dim()},
          {"max_position_embeddings", c.context},
          {"hidden_act", "silu"},
          {"rms_norm_eps", std::stod(fmt::to_string(c.norm_eps))},
          {"rope_theta", std::stod(fmt::to_string(c.rope_theta))},
          {"rope_scaling", nullptr},
          {"attention_bias", false},
          {"attention_dropout", 0.0},
          {"mlp_bias", false},
          {"tie_word_embeddings", c.tied_embeddings},
          {"initializer_range", 0.02},
          {"bos_token_id", Tokenizer::kEndOfText},
          {"eos_token_id", Tokenizer::kEndOfText},
          {"pretraining_tp", 1},
          {"use_cache", true},
          {"torch_dtype", "float32"}};
}

std::unexpected<Error> bad_config(std::string what) {
  return fail(Errc::invalid, "model_config", fmt::format("config.json: {}", what));
}

// Reads one number a key; a missing one takes `otherwise` where that is not negative.
class ConfigReader {
 public:
  explicit ConfigReader(json::object const& object) : object_{object} {}

  int integer(char const* key, int otherwise = -1) {
    auto const* const value = object_.if_contains(key);
    if ((!value || value->is_null()) && otherwise >= 0) return otherwise;
    auto const* const number = value ? value->if_int64() : nullptr;
    if (number && *number >= 0 && *number <= 1 << 30) return static_cast<int>(*number);
    wrong_ = key;
    return 0;
  }
  float real(char const* key, double otherwise) {
    auto const* const value = object_.if_contains(key);
    if (!value || value->is_null()) return static_cast<float>(otherwise);
    if (value->is_number()) {
      boost::system::error_code error;
      auto const number = value->to_number<double>(error);
      if (!error) return static_cast<float>(number);
    }
    wrong_ = key;
    return 0;
  }
  std::string const& wrong() const { return wrong_; }

 private:
  json::object const& object_;
  std::string wrong_;
};

Result<ModelConfig> parse_config(std::string_view text) {
  boost::system::error_code error;
  auto const root = json::parse(text, error);
  if (error || !root.is_object()) return bad_config("no JSON object.");
  auto const& object = root.get_object();
  auto const is = [&](char const* key, json::value const& expected) {
    auto const* const value = object.if_contains(key);
    return value && *value == expected;
  };
  auto const absent_or = [&](char const* key, json::value const& expected) {
    auto const* const value = object.if_contains(key);
    return !value || value->is_null() || *value == expected;
  };
  if (!is("model_type", "llama")) return bad_config("model_type must be \"llama\": no other kind is read.");
  if (!absent_or("hidden_act", "silu")) return bad_config("hidden_act must be \"silu\".");
  if (!absent_or("attention_bias", false) || !absent_or("mlp_bias", false)) return bad_config("biases are not read.");
  if (!absent_or("rope_scaling", nullptr)) return bad_config("rope_scaling is not read.");
  ConfigReader read{object};
  ModelConfig c;
  c.vocab_size = read.integer("vocab_size");
  c.d_model = read.integer("hidden_size");
  c.d_ff = read.integer("intermediate_size");
  c.layers = read.integer("num_hidden_layers");
  c.heads = read.integer("num_attention_heads");
  c.kv_heads = read.integer("num_key_value_heads", c.heads);
  c.context = std::min(8192, read.integer("max_position_embeddings"));
  c.norm_eps = read.real("rms_norm_eps", 1e-6);
  c.rope_theta = read.real("rope_theta", 10000.0);
  c.tied_embeddings = is("tie_word_embeddings", true);
  if (!read.wrong().empty()) return bad_config(fmt::format("{} is missing or no number in range.", read.wrong()));
  FABRICA_DO(check(c));
  if (read.integer("head_dim", c.head_dim()) != c.head_dim())
    return bad_config("head_dim must be hidden_size / num_attention_heads.");
  return c;
}

}  // namespace

Result<> write_model_folder(std::filesystem::path const& folder, Layout const& layout,
                            std::vector<float> const& weights, Tokenizer const& tokenizer) {
  std::vector<NamedValues> tensors;
  for (auto const& tensor : layout.tensors()) {
    std::vector<std::size_t> shape;
    if (!tensor.vector) shape.push_back(static_cast<std::size_t>(tensor.rows));
    shape.push_back(static_cast<std::size_t>(tensor.cols));
    tensors.push_back({tensor.name, std::move(shape), weights.data() + tensor.offset});
  }
  FABRICA_DO(write_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}}));
  FABRICA_DO(write_file(folder / "config.json", lines(config_json(layout.config()))));
  FABRICA_DO(write_file(folder / "tokenizer.json", tokenizer.to_json()));
  auto const end = json::string{Tokenizer::kEndOfTextName};
  FABRICA_DO(write_file(folder / "tokenizer_config.json", lines({{"tokenizer_class", "PreTrainedTokenizerFast"},
                                                                 {"bos_token", end},
                                                                 {"eos_token", end},
                                                                 {"clean_up_tokenization_spaces", false},
                                                                 {"model_max_length", layout.config().context}})));
  FABRICA_DO(write_file(folder / "special_tokens_map.json", lines({{"bos_token", end}, {"eos_token", end}})));
  return write_file(folder / "generation_config.json", lines({{"bos_token_id", Tokenizer::kEndOfText},
                                                              {"eos_token_id", Tokenizer::kEndOfText},
                                                              {"do_sample", true},
                                                              {"temperature", 0.8},
                                                              {"top_k", 40},
                                                              {"max_length", layout.config().context}}));
}

Result<LoadedModel> load_model(std::filesystem::path const& folder) {
  FABRICA_TRY(auto const text, read_file(folder / "config.json", 1U << 20));
  FABRICA_TRY(auto const config, parse_config(text));
  FABRICA_TRY(auto file, read_safetensors(folder / "model.safetensors", Finite::required));
  LoadedModel model{Layout{config}, {}};
  auto const refuse = [](std::string what) { return fail(Errc::invalid, "model", std::move(what)); };
  std::size_t values = 0;
  for (auto const& tensor : file.header.tensors) values += tensor.values();
  if (values < model.layout.size())  // before memory is taken for what a stranger's config.json claims
    return refuse(
        fmt::format("model.safetensors holds {} values, config.json asks for {}.", values, model.layout.size()));
  model.weights.resize(model.layout.size());
  for (auto const& tensor : model.layout.tensors()) {
    auto const header = std::ranges::find(file.header.tensors, tensor.name, &SafeTensor::name);
    if (header == file.header.tensors.end())
      return refuse(fmt::format("model.safetensors: tensor {} of this configuration is missing.", tensor.name));
    std::vector<std::size_t> shape;
    if (!tensor.vector) shape.push_back(static_cast<std::size_t>(tensor.rows));
    shape.push_back(static_cast<std::size_t>(tensor.cols));
    if (header->shape != shape)
      return refuse(fmt::format("model.safetensors: tensor {} has another shape than config.json says.", tensor.name));
    std::ranges::copy(file.values.at(tensor.name), model.weights.begin() + static_cast<std::ptrdiff_t>(tensor.offset));
    file.values.erase(tensor.name);
  }
  if (!file.values.empty())
    return refuse(fmt::format("model.safetensors: tensor {} belongs to no part of this configuration.",
                              file.values.begin()->first));
  return model;
}

Result<Tokenizer> load_tokenizer(std::filesystem::path const& file) {
  FABRICA_TRY(auto const text, read_file(file, 64U << 20));
  return Tokenizer::parse(text);
}

}  // namespace fabrica::recipe
