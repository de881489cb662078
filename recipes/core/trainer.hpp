#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "core/model.hpp"
#include "core/pass.hpp"
#include "core/ranks.hpp"

namespace fabrica::recipe {

struct TrainSettings {
  ModelConfig model{};
  int batch_tokens = 2048;  // a step; a whole number of sequences of model.context
  int steps = 0;
  double learning_rate = 0;
  int warmup_steps = 0;
  double weight_decay = 0;
  double clip = 1.0;  // largest norm of the gradient
  std::uint64_t seed = 0;
};

// What must survive for training to go on bit by bit. The order of the data follows from seed and step alone.
struct TrainState {
  std::vector<float> weights;
  std::vector<float> m;  // AdamW's first and second moment
  std::vector<float> v;
  std::vector<float> losses;  // nats a token of every step so far
  int step = 0;
};

struct StepReport {
  int step = 0;
  double loss = 0;  // nats a token, before the update
  double learning_rate = 0;
  double gradient_norm = 0;
};

// Linear warm-up, then half a cosine down to a tenth.
double learning_rate_at(TrainSettings const& settings, int step);

// The tokens as chunks of context + 1, each used once before any is used again, in an order the seed decides.
class DataOrder {
 public:
  DataOrder(std::size_t tokens, int context, std::uint64_t seed);
  std::size_t chunks() const { return chunks_; }
  // Offset of the first token of the n-th sequence of the whole training.
  std::size_t offset(std::uint64_t n);

 private:
  std::size_t chunks_;
  std::size_t stride_;
  std::uint64_t seed_;
  std::uint64_t epoch_ = 0;
  std::vector<std::uint32_t> order_;
};

// Data-parallel training: each rank takes its share of a step's sequences through its own Pass into its own gradient;
// at the end of the step the gradients are summed in the order of the ranks, slice by slice. Results depend on the
// settings, the tokens, the number of ranks and the kernels, and on nothing else.
class Trainer {
 public:
  // Errors: invalid "corpus_too_small" with fewer tokens than one sequence.
  static Result<std::unique_ptr<Trainer>> create(TrainSettings settings, std::span<int const> tokens, Ranks& ranks,
                                                 Kernels const& kernels);

  // One step; nothing when `stop` became true before its end, which leaves the state as it was.
  // Errors: invalid "diverged" when the loss or the gradient is no number any more.
  Result<std::optional<StepReport>> step(std::atomic<bool> const& stop);

  Layout const& layout() const { return layout_; }
  TrainSettings const& settings() const { return settings_; }
  TrainState const& state() const { return state_; }
  void restore(TrainState state) { state_ = std::move(state); }
  double flop() const;

 private:
  Trainer(TrainSettings settings, std::span<int const> tokens, Ranks& ranks, Kernels const& kernels);
  void backprop(int rank, std::atomic<bool> const& stop);
  void reduce(int rank);
  void update(int rank, double learning_rate, double grad_scale);
  std::pair<std::size_t, std::size_t> slice(int rank) const;

  TrainSettings settings_;
  Layout layout_;
  std::span<int const> tokens_;
  Ranks& ranks_;
  Kernels const& kernels_;
  DataOrder order_;
  TrainState state_;
  std::vector<std::size_t> offsets_;  // of this step's sequences
  struct Rank {
    std::unique_ptr<Pass> pass;
    std::vector<float> gradient;
    double loss = 0;
    double squares = 0;
  };
  std::vector<Rank> rank_;
};

}  // namespace fabrica::recipe
