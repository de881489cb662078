#include "core/decoder.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.hpp"
#include "core/tokenizer.hpp"

namespace fabrica::recipe {

Decoder::Decoder(Layout const& layout, Kernels const& kernels, float const* weights, int sequences)
    : layout_{layout}, k_{kernels}, weights_{weights}, rope_{layout.config()}, sequences_{sequences} {
  auto const& c = layout.config();
  auto const rows = [sequences](int width) {
    return std::vector<float>(static_cast<std::size_t>(sequences) * static_cast<std::size_t>(width));
  };
  auto const cache = static_cast<std::size_t>(c.layers) * static_cast<std::size_t>(sequences) *
                     static_cast<std::size_t>(c.context) * static_cast<std::size_t>(c.kv_heads * c.head_dim());
  keys_.resize(cache);
  values_.resize(cache);
  x_ = rows(c.d_model);
  h_ = rows(c.d_model);
  inverse_ = rows(1);
  qkv_ = rows(c.qkv_width());
  attended_ = rows(c.d_model);
  gate_up_ = rows(2 * c.d_ff);
  act_ = rows(c.d_ff);
  logits_ = rows(c.vocab_size);
  p_.resize(static_cast<std::size_t>(c.context));
}

void Decoder::attend(int layer, int sequence) {
  auto const& c = layout_.config();
  int const hd = c.head_dim();
  int const width = c.kv_heads * hd;
  long const base = (static_cast<long>(layer) * sequences_ + sequence) * c.context * width;
  float* row = qkv_.data() + static_cast<long>(sequence) * c.qkv_width();
  k_.rope(row, rope_.cos.data() + position_ * hd / 2, rope_.sin.data() + position_ * hd / 2, c.heads + c.kv_heads,
          hd / 2, 1.0f);
  std::copy_n(row + c.d_model, width, keys_.data() + base + static_cast<long>(position_) * width);
  std::copy_n(row + c.d_model + width, width, values_.data() + base + static_cast<long>(position_) * width);
  float const scale = 1.0f / std::sqrt(static_cast<float>(hd));
  for (int h = 0; h < c.heads; ++h) {
    long const at = base + h / (c.heads / c.kv_heads) * hd;
    for (int t = 0; t <= position_; ++t)
      p_[static_cast<std::size_t>(t)] = k_.dot(row + h * hd, keys_.data() + at + static_cast<long>(t) * width, hd);
    k_.softmax_causal(p_.data(), 1, position_ + 1, position_ + 1, position_ + 1, scale);
    float* to = attended_.data() + static_cast<long>(sequence) * c.d_model + h * hd;
    std::fill_n(to, hd, 0.0f);
    for (int t = 0; t <= position_; ++t)
      k_.axpy(to, values_.data() + at + static_cast<long>(t) * width, p_[static_cast<std::size_t>(t)], hd);
  }
}

std::span<float> Decoder::step(std::span<int const> tokens) {
  FABRICA_CHECK(!full() && tokens.size() == static_cast<std::size_t>(sequences_));
  auto const& c = layout_.config();
  int const n = sequences_;
  int const d = c.d_model;
  for (int s = 0; s < n; ++s)
    std::copy_n(weights_ + layout_.embedding() + static_cast<long>(tokens[static_cast<std::size_t>(s)]) * d, d,
                x_.data() + static_cast<long>(s) * d);
  for (int l = 0; l < c.layers; ++l) {
    auto const& at = layout_.layer(l);
    k_.rmsnorm(x_.data(), weights_ + at.norm1, h_.data(), inverse_.data(), n, d, c.norm_eps);
    gemm_.nt(n, c.qkv_width(), d, h_.data(), d, weights_ + at.qkv, d, 0, qkv_.data(), c.qkv_width());
    for (int s = 0; s < n; ++s) attend(l, s);
    gemm_.nt(n, d, d, attended_.data(), d, weights_ + at.out, d, 1, x_.data(), d);
    k_.rmsnorm(x_.data(), weights_ + at.norm2, h_.data(), inverse_.data(), n, d, c.norm_eps);
    gemm_.nt(n, 2 * c.d_ff, d, h_.data(), d, weights_ + at.gate_up, d, 0, gate_up_.data(), 2 * c.d_ff);
    k_.swiglu(gate_up_.data(), act_.data(), n, c.d_ff);
    gemm_.nt(n, d, c.d_ff, act_.data(), c.d_ff, weights_ + at.down, c.d_ff, 1, x_.data(), d);
  }
  k_.rmsnorm(x_.data(), weights_ + layout_.final_norm(), h_.data(), inverse_.data(), n, d, c.norm_eps);
  gemm_.nt(n, c.vocab_size, d, h_.data(), d, weights_ + layout_.head(), d, 0, logits_.data(), c.vocab_size);
  ++position_;
  return logits_;
}

int sample_token(std::span<float const> logits, SamplingChoice choice, SeededRandom& random) {
  if (choice.temperature <= 0) return static_cast<int>(std::ranges::max_element(logits) - logits.begin());
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  auto const kept = choice.top_k > 0 ? std::min(order.size(), static_cast<std::size_t>(choice.top_k)) : order.size();
  auto const more_likely = [&](int a, int b) {
    auto const la = logits[static_cast<std::size_t>(a)];
    auto const lb = logits[static_cast<std::size_t>(b)];
    return la != lb ? la > lb : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(), more_likely);
  std::vector<double> weights(kept);
  double sum = 0;
  for (std::size_t i = 0; i < kept; ++i) {
    auto const below = logits[static_cast<std::size_t>(order[i])] - logits[static_cast<std::size_t>(order[0])];
    weights[i] = std::exp(static_cast<double>(below) / choice.temperature);
    sum += weights[i];
  }
  double left = static_cast<double>(random.next() >> 11) * 0x1p-53 * sum;
  for (std::size_t i = 0; i < kept; ++i)
    if ((left -= weights[i]) < 0) return order[i];
  return order[0];
}

std::vector<int> generate(Layout const& layout, Kernels const& kernels, float const* weights,
                          std::span<int const> prompt, int most, SamplingChoice choice, SeededRandom& random) {
  Decoder decoder{layout, kernels, weights, 1};
  int token = Tokenizer::kEndOfText;
  auto logits = decoder.step({&token, 1});
  for (auto const next : prompt) {
    if (decoder.full()) return {};
    logits = decoder.step({&next, 1});
  }
  std::vector<int> made;
  for (int i = 0; i < most; ++i) {
    token = sample_token(logits, choice, random);
    if (token == Tokenizer::kEndOfText) break;
    made.push_back(token);
    if (decoder.full()) break;
    logits = decoder.step({&token, 1});
  }
  return made;
}

}  // namespace fabrica::recipe
