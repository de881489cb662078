#include "core/pass.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace fabrica::recipe {

namespace {

constexpr int kAttentionRows = 64;  // query rows a block: the masked half beyond a block's last row is never computed
constexpr int kLogitRows = 256;     // rows scored at once: bounds the memory of a large vocabulary

}  // namespace

Pass::Pass(Layout const& layout, Kernels const& kernels, int sequences, int length, bool with_gradient)
    : layout_{layout}, k_{kernels}, rope_{layout.config()}, keep_{with_gradient} {
  auto const& c = layout.config();
  FABRICA_CHECK(length <= c.context);
  auto const rows = static_cast<std::size_t>(sequences) * static_cast<std::size_t>(length);
  auto const matrix = [rows](int width) { return std::vector<float>(rows * static_cast<std::size_t>(width)); };
  layers_.resize(with_gradient ? static_cast<std::size_t>(c.layers) : 1);
  for (auto& l : layers_) {
    l.in = matrix(c.d_model);
    l.inverse1 = matrix(1);
    l.h1 = matrix(c.d_model);
    l.qkv = matrix(c.qkv_width());
    l.p = matrix(c.heads * length);
    l.attended = matrix(c.d_model);
    l.middle = matrix(c.d_model);
    l.inverse2 = matrix(1);
    l.h2 = matrix(c.d_model);
    l.gate_up = matrix(2 * c.d_ff);
    l.act = matrix(c.d_ff);
  }
  out_ = matrix(c.d_model);
  inverse_out_ = matrix(1);
  h_out_ = matrix(c.d_model);
  nats_ = matrix(1);
  logits_.resize(static_cast<std::size_t>(kLogitRows) * static_cast<std::size_t>(c.vocab_size));
  if (!with_gradient) return;
  dx_ = matrix(c.d_model);
  dh_ = matrix(c.d_model);
  dqkv_ = matrix(c.qkv_width());
  dattended_ = matrix(c.d_model);
  dgate_up_ = matrix(2 * c.d_ff);
  dact_ = matrix(c.d_ff);
  dp_.resize(static_cast<std::size_t>(kAttentionRows) * static_cast<std::size_t>(length));
}

void Pass::rotate(float* qkv, Batch const& batch, float sign) const {
  auto const& c = layout_.config();
  int const half = c.head_dim() / 2;
  for (int row = 0; row < batch.sequences * batch.length; ++row) {
    int const position = row % batch.length;
    k_.rope(qkv + static_cast<long>(row) * c.qkv_width(), rope_.cos.data() + position * half,
            rope_.sin.data() + position * half, c.heads + c.kv_heads, half, sign);
  }
}

void Pass::attention(LayerState& layer, Batch const& batch) {
  auto const& c = layout_.config();
  int const hd = c.head_dim();
  int const width = c.qkv_width();
  int const length = batch.length;
  float const scale = 1.0f / std::sqrt(static_cast<float>(hd));
  for (int s = 0; s < batch.sequences; ++s) {
    float const* rows = layer.qkv.data() + static_cast<long>(s) * length * width;
    float* to = layer.attended.data() + static_cast<long>(s) * length * c.d_model;
    for (int h = 0; h < c.heads; ++h) {
      int const kv = h / (c.heads / c.kv_heads);
      float const* key = rows + (c.heads + kv) * hd;
      float const* value = key + c.kv_heads * hd;
      float* p = layer.p.data() + (static_cast<long>(s) * c.heads + h) * length * length;
      for (int begin = 0; begin < length; begin += kAttentionRows) {
        int const n = std::min(kAttentionRows, length - begin);
        float* block = p + static_cast<long>(begin) * length;
        gemm_.nt(n, begin + n, hd, rows + static_cast<long>(begin) * width + h * hd, width, key, width, 0, block,
                 length);
        k_.softmax_causal(block, n, length, begin + 1, begin + n, scale);
        gemm_.nn(n, hd, begin + n, block, length, value, width, 0, to + static_cast<long>(begin) * c.d_model + h * hd,
                 c.d_model);
      }
    }
  }
}

void Pass::forward(float const* weights, Batch const& batch) {
  auto const& c = layout_.config();
  int const rows = batch.sequences * batch.length;
  int const d = c.d_model;
  auto const values = static_cast<std::size_t>(rows) * static_cast<std::size_t>(d);
  float const* embedding = weights + layout_.embedding();
  for (int r = 0; r < rows; ++r)
    std::copy_n(embedding + static_cast<long>(batch.tokens[static_cast<std::size_t>(r)]) * d, d,
                state(0).in.data() + static_cast<long>(r) * d);
  for (int l = 0; l < c.layers; ++l) {
    auto& s = state(l);
    auto const& at = layout_.layer(l);
    k_.rmsnorm(s.in.data(), weights + at.norm1, s.h1.data(), s.inverse1.data(), rows, d, c.norm_eps);
    gemm_.nt(rows, c.qkv_width(), d, s.h1.data(), d, weights + at.qkv, d, 0, s.qkv.data(), c.qkv_width());
    rotate(s.qkv.data(), batch, 1.0f);
    attention(s, batch);
    std::copy_n(s.in.data(), values, s.middle.data());
    gemm_.nt(rows, d, d, s.attended.data(), d, weights + at.out, d, 1, s.middle.data(), d);
    k_.rmsnorm(s.middle.data(), weights + at.norm2, s.h2.data(), s.inverse2.data(), rows, d, c.norm_eps);
    gemm_.nt(rows, 2 * c.d_ff, d, s.h2.data(), d, weights + at.gate_up, d, 0, s.gate_up.data(), 2 * c.d_ff);
    k_.swiglu(s.gate_up.data(), s.act.data(), rows, c.d_ff);
    float* next = l + 1 < c.layers ? state(l + 1).in.data() : out_.data();
    std::copy_n(s.middle.data(), values, next);
    gemm_.nt(rows, d, c.d_ff, s.act.data(), c.d_ff, weights + at.down, c.d_ff, 1, next, d);
  }
  k_.rmsnorm(out_.data(), weights + layout_.final_norm(), h_out_.data(), inverse_out_.data(), rows, d, c.norm_eps);
}

// Scores the last layer's output against the targets; with a gradient, leaves d(loss)/d(h_out) in dh_.
double Pass::score(float const* weights, float* gradient, Batch const& batch, float scale, float* nats) {
  auto const& c = layout_.config();
  int const d = c.d_model;
  int const rows = batch.sequences * batch.length;
  double total = 0;
  for (int begin = 0; begin < rows; begin += kLogitRows) {
    int const n = std::min(kLogitRows, rows - begin);
    float const* h = h_out_.data() + static_cast<long>(begin) * d;
    gemm_.nt(n, c.vocab_size, d, h, d, weights + layout_.head(), d, 0, logits_.data(), c.vocab_size);
    k_.cross_entropy(logits_.data(), batch.targets.data() + begin, nats + begin, n, c.vocab_size,
                     gradient ? scale : 0.0f);
    for (int r = begin; r < begin + n; ++r) total += static_cast<double>(nats[r]);
    if (!gradient) continue;
    gemm_.nn(n, d, c.vocab_size, logits_.data(), c.vocab_size, weights + layout_.head(), d, 0,
             dh_.data() + static_cast<long>(begin) * d, d);
    gemm_.tn(c.vocab_size, d, n, logits_.data(), c.vocab_size, h, d, 1, gradient + layout_.head(), d);
  }
  return total;
}

double Pass::train(float const* weights, float* gradient, Batch const& batch, float scale) {
  FABRICA_CHECK(keep_);
  forward(weights, batch);
  double const total = score(weights, gradient, batch, scale, nats_.data());
  backward(weights, gradient, batch);
  return total;
}

void Pass::losses(float const* weights, Batch const& batch, std::span<float> nats) {
  forward(weights, batch);
  score(weights, nullptr, batch, 0, nats.data());
}

void Pass::logits(float const* weights, std::span<int const> tokens, std::span<float> out) {
  auto const& c = layout_.config();
  int const rows = static_cast<int>(tokens.size());
  forward(weights, {tokens, {}, 1, rows});
  gemm_.nt(rows, c.vocab_size, c.d_model, h_out_.data(), c.d_model, weights + layout_.head(), c.d_model, 0, out.data(),
           c.vocab_size);
}

void Pass::backward(float const* weights, float* gradient, Batch const& batch) {
  auto const& c = layout_.config();
  int const d = c.d_model;
  int const rows = batch.sequences * batch.length;
  std::fill_n(dx_.data(), static_cast<std::size_t>(rows) * static_cast<std::size_t>(d), 0.0f);
  k_.rmsnorm_back(dh_.data(), out_.data(), weights + layout_.final_norm(), inverse_out_.data(), dx_.data(),
                  gradient + layout_.final_norm(), rows, d);
  for (int l = c.layers - 1; l >= 0; --l) {
    mlp_back(weights, gradient, l, rows);
    attention_back(weights, gradient, l, batch);
  }
  for (int r = 0; r < rows; ++r)
    k_.add(gradient + layout_.embedding() + static_cast<long>(batch.tokens[static_cast<std::size_t>(r)]) * d,
           dx_.data() + static_cast<long>(r) * d, d);
}

void Pass::mlp_back(float const* weights, float* gradient, int layer, int rows) {
  auto const& c = layout_.config();
  auto const& at = layout_.layer(layer);
  auto const& s = state(layer);
  int const d = c.d_model;
  gemm_.nn(rows, c.d_ff, d, dx_.data(), d, weights + at.down, c.d_ff, 0, dact_.data(), c.d_ff);
  gemm_.tn(d, c.d_ff, rows, dx_.data(), d, s.act.data(), c.d_ff, 1, gradient + at.down, c.d_ff);
  k_.swiglu_back(s.gate_up.data(), dact_.data(), dgate_up_.data(), rows, c.d_ff);
  gemm_.nn(rows, d, 2 * c.d_ff, dgate_up_.data(), 2 * c.d_ff, weights + at.gate_up, d, 0, dh_.data(), d);
  gemm_.tn(2 * c.d_ff, d, rows, dgate_up_.data(), 2 * c.d_ff, s.h2.data(), d, 1, gradient + at.gate_up, d);
  k_.rmsnorm_back(dh_.data(), s.middle.data(), weights + at.norm2, s.inverse2.data(), dx_.data(), gradient + at.norm2,
                  rows, d);
}

void Pass::attention_back(float const* weights, float* gradient, int layer, Batch const& batch) {
  auto const& c = layout_.config();
  auto const& at = layout_.layer(layer);
  auto const& s = state(layer);
  int const d = c.d_model;
  int const rows = batch.sequences * batch.length;
  gemm_.nn(rows, d, d, dx_.data(), d, weights + at.out, d, 0, dattended_.data(), d);
  gemm_.tn(d, d, rows, dx_.data(), d, s.attended.data(), d, 1, gradient + at.out, d);
  heads_back(s, batch);
  rotate(dqkv_.data(), batch, -1.0f);
  gemm_.nn(rows, d, c.qkv_width(), dqkv_.data(), c.qkv_width(), weights + at.qkv, d, 0, dh_.data(), d);
  gemm_.tn(c.qkv_width(), d, rows, dqkv_.data(), c.qkv_width(), s.h1.data(), d, 1, gradient + at.qkv, d);
  k_.rmsnorm_back(dh_.data(), s.in.data(), weights + at.norm1, s.inverse1.data(), dx_.data(), gradient + at.norm1, rows,
                  d);
}

void Pass::heads_back(LayerState const& layer, Batch const& batch) {
  auto const& c = layout_.config();
  int const hd = c.head_dim();
  int const width = c.qkv_width();
  int const length = batch.length;
  float const scale = 1.0f / std::sqrt(static_cast<float>(hd));
  std::fill_n(dqkv_.data(), static_cast<long>(batch.sequences) * length * width, 0.0f);
  for (int s = 0; s < batch.sequences; ++s) {
    long const at_sequence = static_cast<long>(s) * length;
    for (int h = 0; h < c.heads; ++h) {
      int const kv = h / (c.heads / c.kv_heads);
      long const key = at_sequence * width + (c.heads + kv) * hd;
      long const value = key + c.kv_heads * hd;
      float const* p = layer.p.data() + (static_cast<long>(s) * c.heads + h) * length * length;
      for (int begin = 0; begin < length; begin += kAttentionRows) {
        int const n = std::min(kAttentionRows, length - begin);
        int const reach = begin + n;
        float const* block = p + static_cast<long>(begin) * length;
        long const query = (at_sequence + begin) * width + h * hd;
        float const* dout = dattended_.data() + (at_sequence + begin) * c.d_model + h * hd;
        gemm_.nt(n, reach, hd, dout, c.d_model, layer.qkv.data() + value, width, 0, dp_.data(), length);
        gemm_.tn(reach, hd, n, block, length, dout, c.d_model, 1, dqkv_.data() + value, width);
        k_.softmax_back(block, dp_.data(), n, length, length, reach, scale);
        gemm_.nn(n, hd, reach, dp_.data(), length, layer.qkv.data() + key, width, 0, dqkv_.data() + query, width);
        gemm_.tn(reach, hd, n, dp_.data(), length, layer.qkv.data() + query, width, 1, dqkv_.data() + key, width);
      }
    }
  }
}

}  // namespace fabrica::recipe
