#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/gemm.hpp"
#include "core/kernels.hpp"
#include "core/model.hpp"

namespace fabrica::recipe {

// Some sequences of one length: token ids row by row, and for each the one that should follow (below 0: not counted).
struct Batch {
  std::span<int const> tokens;
  std::span<int const> targets;
  int sequences = 0;
  int length = 0;
};

// Forward and backward through a model, with the memory this needs. One object a thread; it owns no parameters.
class Pass {
 public:
  // `sequences` of at most `length` tokens fit into one call; with_gradient also reserves what train() needs.
  Pass(Layout const& layout, Kernels const& kernels, int sequences, int length, bool with_gradient);

  // Adds d(loss * scale)/d(weights) to gradient, where loss is the sum of nats over the batch's targets, and returns
  // that sum.
  double train(float const* weights, float* gradient, Batch const& batch, float scale);

  // The loss in nats of each target.
  void losses(float const* weights, Batch const& batch, std::span<float> nats);

  // Scores of all tokens at each place of one sequence: [tokens.size()][vocab_size].
  void logits(float const* weights, std::span<int const> tokens, std::span<float> out);

  double flop() const { return gemm_.flop(); }

 private:
  struct LayerState {
    std::vector<float> in, inverse1, h1, qkv, p, attended, middle, inverse2, h2, gate_up, act;
  };

  void forward(float const* weights, Batch const& batch);
  void attention(LayerState& layer, Batch const& batch);
  void backward(float const* weights, float* gradient, Batch const& batch);
  void mlp_back(float const* weights, float* gradient, int layer, int rows);
  void attention_back(float const* weights, float* gradient, int layer, Batch const& batch);
  void heads_back(LayerState const& layer, Batch const& batch);
  double score(float const* weights, float* gradient, Batch const& batch, float scale, float* nats);
  void rotate(float* qkv, Batch const& batch, float sign) const;
  LayerState& state(int layer) { return layers_[keep_ ? static_cast<std::size_t>(layer) : 0]; }

  Layout const& layout_;
  Kernels const& k_;
  Gemm gemm_;
  RopeTable rope_;
  bool keep_;  // a state a layer, for the backward pass
  std::vector<LayerState> layers_;
  std::vector<float> out_, inverse_out_, h_out_;  // after the last layer
  std::vector<float> logits_, nats_;
  std::vector<float> dx_, dh_, dqkv_, dattended_, dgate_up_, dact_, dp_;
};

}  // namespace fabrica::recipe
