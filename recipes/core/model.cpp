#include "core/model.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "base/random.hpp"

namespace fabrica::recipe {

Result<> check(ModelConfig const& c) {
  std::vector<Fault> faults;
  auto const range = [&](char const* key, int value, int low, int high) {
    if (value < low || value > high)
      faults.push_back({fmt::format("/{}", key), fmt::format("must be {} to {}, is {}", low, high, value)});
  };
  range("vocab_size", c.vocab_size, 2, 1 << 18);
  range("layers", c.layers, 1, 128);
  range("d_model", c.d_model, 16, 16384);
  range("heads", c.heads, 1, 256);
  range("kv_heads", c.kv_heads, 1, 256);
  range("d_ff", c.d_ff, 16, 65536);
  range("context", c.context, 8, 8192);
  auto const rule = [&](bool holds, char const* key, char const* what) {
    if (faults.empty() && !holds) faults.push_back({fmt::format("/{}", key), what});
  };
  rule(c.d_model % c.heads == 0, "heads", "must divide d_model");
  rule(c.heads % c.kv_heads == 0, "kv_heads", "must divide heads");
  rule(c.d_model / c.heads % 2 == 0, "heads", "must leave an even number of values a head (d_model / heads)");
  rule(c.rope_theta >= 1.0f && c.rope_theta < 1e9f, "rope_theta", "must be 1 to 1e9");
  rule(c.norm_eps > 0.0f && c.norm_eps < 0.1f, "norm_eps", "must be above 0 and below 0.1");
  if (faults.empty()) {
    double const vocab = static_cast<double>(c.vocab_size) * c.d_model * (c.tied_embeddings ? 1 : 2);
    double const block =
        static_cast<double>(c.d_model) * (2.0 * c.d_model + 2.0 * c.kv_heads * c.head_dim() + 3.0 * c.d_ff);
    rule(vocab + c.layers * block < 2e9, "layers",
         "make a model of more than 2,000,000,000 parameters: too many for this recipe");
  }
  if (faults.empty()) return {};
  auto const first = faults.front();
  return fail(Errc::invalid, "model_config", fmt::format("{}: {}.", first.pointer.substr(1), first.what),
              std::move(faults));
}

std::size_t Layout::place(std::string name, int rows, int cols, bool vector) {
  Tensor tensor{std::move(name), size_, rows, cols, vector};
  size_ += tensor.size();
  tensors_.push_back(std::move(tensor));
  return tensors_.back().offset;
}

Layout::Layout(ModelConfig const& config) : config_{config} {
  auto const& c = config_;
  int const kv_width = c.kv_heads * c.head_dim();
  place("model.embed_tokens.weight", c.vocab_size, c.d_model);
  for (int l = 0; l < c.layers; ++l) {
    auto const name = [&](char const* part) { return fmt::format("model.layers.{}.{}.weight", l, part); };
    Layer at{};
    at.norm1 = place(name("input_layernorm"), 1, c.d_model, true);
    at.qkv = place(name("self_attn.q_proj"), c.d_model, c.d_model);
    place(name("self_attn.k_proj"), kv_width, c.d_model);
    place(name("self_attn.v_proj"), kv_width, c.d_model);
    at.out = place(name("self_attn.o_proj"), c.d_model, c.d_model);
    at.norm2 = place(name("post_attention_layernorm"), 1, c.d_model, true);
    at.gate_up = place(name("mlp.gate_proj"), c.d_ff, c.d_model);
    place(name("mlp.up_proj"), c.d_ff, c.d_model);
    at.down = place(name("mlp.down_proj"), c.d_model, c.d_ff);
    layers_.push_back(at);
  }
  final_norm_ = place("model.norm.weight", 1, c.d_model, true);
  head_ = c.tied_embeddings ? embedding() : place("lm_head.weight", c.vocab_size, c.d_model);
}

namespace {

double uniform(SeededRandom& random) { return (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53; }

void fill_normal(float* to, std::size_t n, double deviation, SeededRandom& random) {
  for (std::size_t i = 0; i < n; i += 2) {  // Box-Muller
    double const radius = deviation * std::sqrt(-2.0 * std::log(uniform(random)));
    double const angle = 2.0 * std::numbers::pi * uniform(random);
    to[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < n) to[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

}  // namespace

std::vector<float> initial_weights(Layout const& layout, std::uint64_t seed) {
  std::vector<float> weights(layout.size(), 1.0f);
  SeededRandom random{seed};
  double const residual = 1.0 / std::sqrt(2.0 * layout.config().layers);
  for (auto const& tensor : layout.tensors()) {
    if (tensor.vector) continue;
    bool const writes_residual = tensor.name.ends_with("o_proj.weight") || tensor.name.ends_with("down_proj.weight");
    bool const looked_up = tensor.rows == layout.config().vocab_size;
    double const deviation = looked_up ? 0.02 : 1.0 / std::sqrt(tensor.cols);
    fill_normal(weights.data() + tensor.offset, tensor.size(), deviation * (writes_residual ? residual : 1.0), random);
  }
  return weights;
}

RopeTable::RopeTable(ModelConfig const& config) {
  int const half = config.head_dim() / 2;
  for (int position = 0; position < config.context; ++position) {
    for (int i = 0; i < half; ++i) {
      double const frequency = std::pow(static_cast<double>(config.rope_theta), -static_cast<double>(i) / half);
      cos.push_back(static_cast<float>(std::cos(position * frequency)));
      sin.push_back(static_cast<float>(std::sin(position * frequency)));
    }
  }
}

}  // namespace fabrica::recipe
