#pragma once

namespace fabrica::recipe {

// The loops around the matrix products, compiled once per instruction set (kernels.inc) and chosen when the program
// starts. All matrices are row-major fp32. "+=" says an output is added to, everything else is overwritten.
struct Kernels {
  char const* name;  // instruction set: part of what a bit-exact repetition needs

  // out = x / rms(x) * w; inverse_rms[r] is kept for the backward pass.
  void (*rmsnorm)(float const* x, float const* w, float* out, float* inverse_rms, int rows, int width, float eps);
  // dx += and dw +=.
  void (*rmsnorm_back)(float const* dout, float const* x, float const* w, float const* inverse_rms, float* dx,
                       float* dw, int rows, int width);
  // Rotates `heads` neighbouring heads of 2*half values by the angles of one position, in the "rotate_half" pairing
  // (i, i+half). sign = -1 is the inverse, which is also the gradient.
  void (*rope)(float* heads_of_a_row, float const* cos, float const* sin, int heads, int half, float sign);
  // Row r becomes softmax(scale * row[0, first_length + r)); the rest up to width becomes zero.
  void (*softmax_causal)(float* scores, int rows, int stride, int first_length, int width, float scale);
  // dp = p * (dp - sum(p * dp)) * scale, in place.
  void (*softmax_back)(float const* p, float* dp, int rows, int p_stride, int dp_stride, int width, float scale);
  // act = silu(gate) * up, where a row of gate_up holds d_ff gates, then d_ff ups.
  void (*swiglu)(float const* gate_up, float* act, int rows, int d_ff);
  void (*swiglu_back)(float const* gate_up, float const* dact, float* dgate_up, int rows, int d_ff);
  // nll[r] = -log softmax(logits)[target]; a target below 0 counts as 0 loss. With grad_scale != 0 the logits become
  // (softmax - onehot) * grad_scale.
  void (*cross_entropy)(float* logits, int const* targets, float* nll, int rows, int vocab, float grad_scale);
  void (*add)(float* to, float const* from, long n);  // to +=
  double (*sum_of_squares)(float const* x, long n);
  // AdamW with decoupled decay; g is scaled by grad_scale first. c1, c2 = 1/(1 - beta^t).
  void (*adamw)(float* w, float const* g, float* m, float* v, long n, float lr, float decay, float beta1, float beta2,
                float eps, float c1, float c2, float grad_scale);
  float (*dot)(float const* a, float const* b, int n);
  void (*axpy)(float* to, float const* from, float factor, int n);  // to += factor * from
};

// The best set this CPU runs, or null where it lacks AVX2 and FMA (every x86 server since 2015 has them).
Kernels const* kernels_for_this_cpu();

// Denormal numbers cost a hundred times as much as others and carry nothing here: second moments of rare tokens reach
// them. Each thread that computes calls this once.
void flush_denormals();

}  // namespace fabrica::recipe
