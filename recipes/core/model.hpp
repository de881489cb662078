#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace fabrica::recipe {

// A decoder language model in the layout of Llama: RMSNorm, rotary positions, grouped attention, SwiGLU.
struct ModelConfig {
  int vocab_size = 0;
  int layers = 0;
  int d_model = 0;
  int heads = 0;
  int kv_heads = 0;
  int d_ff = 0;
  int context = 0;
  bool tied_embeddings = true;
  float rope_theta = 10000.0f;
  float norm_eps = 1e-5f;

  int head_dim() const { return d_model / heads; }
  int qkv_width() const { return (heads + 2 * kv_heads) * head_dim(); }
  friend bool operator==(ModelConfig const&, ModelConfig const&) = default;
};

// Every limit a configuration must keep, each fault with its key. Errors: invalid "model_config".
Result<> check(ModelConfig const& config);

struct Tensor {
  std::string name;  // as Hugging Face's LlamaForCausalLM calls it
  std::size_t offset = 0;
  int rows = 1;  // 1 for a vector
  int cols = 0;
  bool vector = false;

  std::size_t size() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols); }
};

// Where each tensor lies in the one array that holds a model's parameters (or its gradient, or a moment of AdamW).
// Query, key and value of a layer are neighbours, as are gate and up: each group is one matrix product.
class Layout {
 public:
  struct Layer {
    std::size_t norm1, qkv, out, norm2, gate_up, down;
  };

  explicit Layout(ModelConfig const& config);

  ModelConfig const& config() const { return config_; }
  std::vector<Tensor> const& tensors() const { return tensors_; }
  std::size_t size() const { return size_; }
  std::size_t embedding() const { return 0; }
  Layer const& layer(int l) const { return layers_[static_cast<std::size_t>(l)]; }
  std::size_t final_norm() const { return final_norm_; }
  std::size_t head() const { return head_; }  // the embedding itself where they are tied

 private:
  std::size_t place(std::string name, int rows, int cols, bool vector = false);

  ModelConfig config_;
  std::vector<Tensor> tensors_;
  std::vector<Layer> layers_;
  std::size_t size_ = 0;
  std::size_t final_norm_ = 0;
  std::size_t head_ = 0;
};

// Normal with deviation 0.02, output projections divided by sqrt(2 layers), norms one. The same for the same seed.
std::vector<float> initial_weights(Layout const& layout, std::uint64_t seed);

// cos and sin of every position and frequency: [context][head_dim / 2].
struct RopeTable {
  explicit RopeTable(ModelConfig const& config);
  std::vector<float> cos;
  std::vector<float> sin;
};

}  // namespace fabrica::recipe
