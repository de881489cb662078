#include "core/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/random.hpp"

namespace fabrica::recipe {

namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.99;  // steps of few tokens: a shorter memory follows their noise
constexpr double kEps = 1e-8;
// Tokens a rank takes through the model at once. Small enough that a layer's matrices stay in the cache of a core.
constexpr int kMicroTokens = 512;

}  // namespace

double learning_rate_at(TrainSettings const& s, int step) {
  if (step < s.warmup_steps) return s.learning_rate * (step + 1) / s.warmup_steps;
  double const done = static_cast<double>(step - s.warmup_steps) / std::max(1, s.steps - s.warmup_steps);
  return s.learning_rate * (0.1 + 0.45 * (1.0 + std::cos(std::numbers::pi * std::min(1.0, done))));
}

DataOrder::DataOrder(std::size_t tokens, int context, std::uint64_t seed)
    : chunks_{tokens > 0 ? (tokens - 1) / static_cast<std::size_t>(context) : 0},
      stride_{static_cast<std::size_t>(context)},
      seed_{seed} {}

std::size_t DataOrder::offset(std::uint64_t n) {
  std::uint64_t const epoch = n / chunks_;
  if (order_.empty() || epoch != epoch_) {
    epoch_ = epoch;
    order_.resize(chunks_);
    std::iota(order_.begin(), order_.end(), 0U);
    SeededRandom random{seed_ * 0x9E3779B97F4A7C15ULL + epoch + 1};
    for (std::size_t i = chunks_; i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
  }
  return order_[n % chunks_] * stride_;
}

Result<std::unique_ptr<Trainer>> Trainer::create(TrainSettings settings, std::span<int const> tokens, Ranks& ranks,
                                                 Kernels const& kernels) {
  FABRICA_DO(check(settings.model));
  if (tokens.size() <= static_cast<std::size_t>(settings.model.context))
    return fail(Errc::invalid, "corpus_too_small",
                fmt::format("The training text has {} tokens; one sequence needs context + 1 = {}. Give more text or a "
                            "shorter context.",
                            tokens.size(), settings.model.context + 1));
  return std::unique_ptr<Trainer>{new Trainer{std::move(settings), tokens, ranks, kernels}};
}

Trainer::Trainer(TrainSettings settings, std::span<int const> tokens, Ranks& ranks, Kernels const& kernels)
    : settings_{std::move(settings)},
      layout_{settings_.model},
      tokens_{tokens},
      ranks_{ranks},
      kernels_{kernels},
      order_{tokens.size(), settings_.model.context, settings_.seed},
      rank_(static_cast<std::size_t>(ranks.count())) {
  state_.weights = initial_weights(layout_, settings_.seed);
  state_.m.resize(layout_.size());
  state_.v.resize(layout_.size());
  int const micro = std::max(1, kMicroTokens / settings_.model.context);
  // Each rank touches its own memory first: on machines with several memory nodes it then lies near its core.
  ranks_.run([&](int rank) {
    auto& r = rank_[static_cast<std::size_t>(rank)];
    r.pass = std::make_unique<Pass>(layout_, kernels_, micro, settings_.model.context, true);
    r.gradient.resize(layout_.size());
  });
}

std::pair<std::size_t, std::size_t> Trainer::slice(int rank) const {
  auto const n = static_cast<std::size_t>(ranks_.count());
  auto const r = static_cast<std::size_t>(rank);
  return {layout_.size() * r / n, layout_.size() * (r + 1) / n};
}

void Trainer::backprop(int rank, std::atomic<bool> const& stop) {
  auto& mine = rank_[static_cast<std::size_t>(rank)];
  std::ranges::fill(mine.gradient, 0.0f);
  mine.loss = 0;
  int const length = settings_.model.context;
  int const all = static_cast<int>(offsets_.size());
  int const begin = all * rank / ranks_.count();
  int const end = all * (rank + 1) / ranks_.count();
  int const micro = std::max(1, kMicroTokens / length);
  auto const scale = static_cast<float>(1.0 / (static_cast<double>(all) * length));
  std::vector<int> tokens(static_cast<std::size_t>(micro * length));
  std::vector<int> targets(tokens.size());
  for (int s = begin; s < end && !stop.load(std::memory_order_relaxed); s += micro) {
    int const n = std::min(micro, end - s);
    for (int i = 0; i < n; ++i) {
      auto const from = tokens_.begin() + static_cast<std::ptrdiff_t>(offsets_[static_cast<std::size_t>(s + i)]);
      std::copy_n(from, length, tokens.begin() + i * length);
      std::copy_n(from + 1, length, targets.begin() + i * length);
    }
    mine.loss += mine.pass->train(state_.weights.data(), mine.gradient.data(), {tokens, targets, n, length}, scale);
  }
}

void Trainer::reduce(int rank) {
  auto const [begin, end] = slice(rank);
  auto const n = static_cast<long>(end - begin);
  float* sum = rank_[0].gradient.data() + begin;
  for (std::size_t other = 1; other < rank_.size(); ++other) kernels_.add(sum, rank_[other].gradient.data() + begin, n);
  rank_[static_cast<std::size_t>(rank)].squares = kernels_.sum_of_squares(sum, n);
}

void Trainer::update(int rank, double learning_rate, double grad_scale) {
  auto const [begin, end] = slice(rank);
  double const t = state_.step + 1;
  auto const c1 = static_cast<float>(1.0 / (1.0 - std::pow(kBeta1, t)));
  auto const c2 = static_cast<float>(1.0 / (1.0 - std::pow(kBeta2, t)));
  for (auto const& tensor : layout_.tensors()) {
    auto const from = std::max(begin, tensor.offset);
    auto const to = std::min(end, tensor.offset + tensor.size());
    if (from >= to) continue;
    auto const decay = tensor.vector ? 0.0f : static_cast<float>(settings_.weight_decay);
    kernels_.adamw(state_.weights.data() + from, rank_[0].gradient.data() + from, state_.m.data() + from,
                   state_.v.data() + from, static_cast<long>(to - from), static_cast<float>(learning_rate), decay,
                   static_cast<float>(kBeta1), static_cast<float>(kBeta2), static_cast<float>(kEps), c1, c2,
                   static_cast<float>(grad_scale));
  }
}

Result<std::optional<StepReport>> Trainer::step(std::atomic<bool> const& stop) {
  int const sequences = std::max(1, settings_.batch_tokens / settings_.model.context);
  offsets_.clear();
  for (int i = 0; i < sequences; ++i)
    offsets_.push_back(order_.offset(static_cast<std::uint64_t>(state_.step) * static_cast<std::uint64_t>(sequences) +
                                     static_cast<std::uint64_t>(i)));
  ranks_.run([&](int rank) { backprop(rank, stop); });
  if (stop.load()) return std::optional<StepReport>{};
  ranks_.run([&](int rank) { reduce(rank); });
  double loss = 0;
  double squares = 0;
  for (auto const& rank : rank_) {
    loss += rank.loss;
    squares += rank.squares;
  }
  loss /= static_cast<double>(sequences) * settings_.model.context;
  double const norm = std::sqrt(squares);
  if (!std::isfinite(loss) || !std::isfinite(norm))
    return fail(Errc::invalid, "diverged",
                fmt::format("Training diverged at step {}: the loss is {}, the norm of its gradient {}. Lower "
                            "learning_rate or clip, or raise warmup_steps.",
                            state_.step + 1, loss, norm));
  double const rate = learning_rate_at(settings_, state_.step);
  double const grad_scale = norm > settings_.clip ? settings_.clip / norm : 1.0;
  ranks_.run([&](int rank) { update(rank, rate, grad_scale); });
  state_.losses.push_back(static_cast<float>(loss));
  ++state_.step;
  return std::optional{StepReport{state_.step, loss, rate, norm}};
}

double Trainer::flop() const {
  double sum = 0;
  for (auto const& rank : rank_) sum += rank.pass->flop();
  return sum;
}

}  // namespace fabrica::recipe
