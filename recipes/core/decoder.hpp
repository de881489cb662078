#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "core/gemm.hpp"
#include "core/kernels.hpp"
#include "core/model.hpp"

namespace fabrica::recipe {

// Token by token generation for several sequences of the same length at once, with their keys and values kept.
class Decoder {
 public:
  Decoder(Layout const& layout, Kernels const& kernels, float const* weights, int sequences);

  int position() const { return position_; }
  bool full() const { return position_ == layout_.config().context; }

  // Takes the next token of each sequence and gives the scores of what may follow: [sequences][vocab_size], valid
  // until the next call. Must not be full.
  std::span<float> step(std::span<int const> tokens);

 private:
  void attend(int layer, int sequence);

  Layout const& layout_;
  Kernels const& k_;
  float const* weights_;
  Gemm gemm_;
  RopeTable rope_;
  int sequences_;
  int position_ = 0;
  std::vector<float> keys_, values_;  // [layer][sequence][position][kv_heads * head_dim]
  std::vector<float> x_, h_, inverse_, qkv_, attended_, gate_up_, act_, p_, logits_;
};

struct SamplingChoice {
  double temperature = 0.8;  // 0: always the most likely
  int top_k = 40;            // 0: no limit
};

int sample_token(std::span<float const> logits, SamplingChoice choice, SeededRandom& random);

// `prompt` continued by at most `most` tokens, ending early at end-of-text or a full context. Without the prompt.
std::vector<int> generate(Layout const& layout, Kernels const& kernels, float const* weights,
                          std::span<int const> prompt, int most, SamplingChoice choice, SeededRandom& random);

}  // namespace fabrica::recipe
