#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "base/random.hpp"
#include "core/decoder.hpp"
#include "core/scorer.hpp"
#include "core/trainer.hpp"

namespace fabrica::recipe {
namespace {

ModelConfig tiny(bool tied) {
  return {.vocab_size = 37,
          .layers = 2,
          .d_model = 32,
          .heads = 4,
          .kv_heads = 2,
          .d_ff = 48,
          .context = 80,
          .tied_embeddings = tied};
}

std::vector<int> random_tokens(std::size_t n, int vocab, std::uint64_t seed) {
  SeededRandom random{seed};
  std::vector<int> tokens(n);
  for (auto& token : tokens) token = static_cast<int>(random.below(static_cast<std::uint64_t>(vocab)));
  return tokens;
}

double loss_of(Layout const& layout, Kernels const& kernels, std::vector<float> const& weights, Batch const& batch) {
  Pass pass{layout, kernels, batch.sequences, batch.length, false};
  std::vector<float> nats(batch.targets.size());
  pass.losses(weights.data(), batch, nats);
  double sum = 0;
  for (auto const n : nats) sum += static_cast<double>(n);
  return sum;
}

// For each tensor: the derivative along a direction that mixes its gradient (a large signal) with noise (which a
// gradient wrong by a rotation would miss), by central differences.
void expect_gradients_match(bool tied) {
  auto const* const kernels = kernels_for_this_cpu();
  ASSERT_NE(kernels, nullptr);
  Layout const layout{tiny(tied)};
  auto weights = initial_weights(layout, 7);
  SeededRandom random{11};
  for (auto& w : weights) w *= 1.0f + 0.5f * static_cast<float>(random.below(1000)) / 1000.0f;  // leave the flat start
  int const length = 75;  // more than one block of attention rows
  auto const tokens = random_tokens(150, 37, 3);
  auto targets = random_tokens(150, 37, 4);
  targets[20] = -1;
  Batch const batch{tokens, targets, 2, length};
  std::vector<float> gradient(layout.size());
  Pass pass{layout, *kernels, 2, length, true};
  double const loss = pass.train(weights.data(), gradient.data(), batch, 1.0f);
  EXPECT_NEAR(loss, loss_of(layout, *kernels, weights, batch), 1e-3 * loss);
  for (auto const& tensor : layout.tensors()) {
    std::vector<double> direction(tensor.size());
    double norm = 0;
    for (std::size_t i = 0; i < tensor.size(); ++i)
      norm += std::pow(static_cast<double>(gradient[tensor.offset + i]), 2);
    double const typical = std::sqrt(norm / static_cast<double>(tensor.size()));
    double expected = 0;
    double length2 = 0;
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      double const noise = (static_cast<double>(random.below(2001)) - 1000.0) / 500.0 * typical;
      direction[i] = static_cast<double>(gradient[tensor.offset + i]) + noise;
      expected += direction[i] * static_cast<double>(gradient[tensor.offset + i]);
      length2 += direction[i] * direction[i];
    }
    double const unit = 1.0 / std::sqrt(length2);
    auto const at = [&](double distance) {
      auto moved = weights;
      for (std::size_t i = 0; i < tensor.size(); ++i)
        moved[tensor.offset + i] += static_cast<float>(distance * unit * direction[i]);
      return loss_of(layout, *kernels, moved, batch);
    };
    auto const slope = [&](double h) { return (at(h) - at(-h)) / (2 * h * unit); };
    double const measured = (4 * slope(0.004) - slope(0.008)) / 3;  // Richardson: the curvature's share falls out
    EXPECT_NEAR(measured / expected, 1.0, 0.005) << tensor.name;
  }
}

TEST(Gradient, OfEveryTensorAgreesWithFiniteDifferencesWhenEmbeddingsAreTied) { expect_gradients_match(true); }
TEST(Gradient, OfEveryTensorAgreesWithFiniteDifferencesWhenTheyAreNot) { expect_gradients_match(false); }

TrainSettings settings() {
  TrainSettings s;
  s.model = tiny(true);
  s.model.context = 16;
  s.batch_tokens = 96;
  s.steps = 20;
  s.learning_rate = 1e-2;
  s.warmup_steps = 5;
  s.weight_decay = 0.1;
  s.seed = 42;
  return s;
}

bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class Training : public testing::Test {
 protected:
  std::unique_ptr<Trainer> trainer() { return *Trainer::create(settings(), tokens_, ranks_, *kernels_for_this_cpu()); }
  static void steps(Trainer& trainer, int n) {
    std::atomic<bool> const go{false};
    for (int i = 0; i < n; ++i) ASSERT_TRUE(trainer.step(go).has_value());
  }

  Ranks ranks_{2};
  std::vector<int> tokens_ = random_tokens(1000, 37, 5);
};

TEST_F(Training, TwentyStepsEqualTenThenTenAfterARestartBitByBit) {
  auto straight = trainer();
  steps(*straight, 20);
  auto first = trainer();
  steps(*first, 10);
  auto second = trainer();
  second->restore(first->state());
  steps(*second, 10);
  EXPECT_EQ(second->state().step, 20);
  EXPECT_TRUE(same_bits(straight->state().weights, second->state().weights));
  EXPECT_TRUE(same_bits(straight->state().m, second->state().m));
  EXPECT_TRUE(same_bits(straight->state().v, second->state().v));
  EXPECT_TRUE(same_bits(straight->state().losses, second->state().losses));
}

TEST_F(Training, LowersTheLossOnTextItSeesAgain) {
  auto t = trainer();
  steps(*t, 20);
  EXPECT_LT(t->state().losses.back(), t->state().losses.front() - 0.05f);
}

TEST_F(Training, AStopBeforeTheEndOfAStepLeavesTheStateAsItWas) {
  auto t = trainer();
  steps(*t, 3);
  auto const before = t->state();
  std::atomic<bool> const stop{true};
  auto const step = t->step(stop);
  ASSERT_TRUE(step.has_value());
  EXPECT_FALSE(step->has_value());
  EXPECT_TRUE(same_bits(before.weights, t->state().weights));
  EXPECT_EQ(t->state().step, 3);
}

TEST_F(Training, SaysItDivergedInsteadOfGoingOnWithNoNumbers) {
  auto s = settings();
  auto t = *Trainer::create(s, tokens_, ranks_, *kernels_for_this_cpu());
  auto state = t->state();
  state.weights[0] = std::nanf("");
  for (auto& w : state.weights) w *= 1e30f;
  t->restore(state);
  std::atomic<bool> const go{false};
  auto const step = t->step(go);
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().reason, "diverged");
}

TEST_F(Training, NeedsMoreTokensThanOneSequence) {
  std::vector<int> const few(16, 1);
  auto const t = Trainer::create(settings(), few, ranks_, *kernels_for_this_cpu());
  ASSERT_FALSE(t.has_value());
  EXPECT_EQ(t.error().reason, "corpus_too_small");
}

TEST(DataOrder, UsesEachChunkOnceBeforeAnyTwiceAndShufflesAnewThen) {
  DataOrder order{101, 10, 9};
  ASSERT_EQ(order.chunks(), 10U);
  std::vector<std::size_t> first;
  std::vector<std::size_t> second;
  for (std::uint64_t n = 0; n < 10; ++n) first.push_back(order.offset(n));
  for (std::uint64_t n = 10; n < 20; ++n) second.push_back(order.offset(n));
  EXPECT_NE(first, second);
  EXPECT_EQ(order.offset(3), first[3]) << "the order follows from the number alone";
  std::ranges::sort(first);
  std::ranges::sort(second);
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.back(), 90U);
}

TEST(LearningRate, WarmsUpLinearlyAndFallsToATenth) {
  auto s = settings();
  s.learning_rate = 1.0;
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 0), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 4), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 5), 1.0);
  EXPECT_NEAR(learning_rate_at(s, 20), 0.1, 1e-12);
}

TEST(Decoder, GivesTheSameScoresAsTheWholeSequenceAtOnce) {
  auto const* const kernels = kernels_for_this_cpu();
  Layout const layout{tiny(false)};
  auto const weights = initial_weights(layout, 1);
  auto const tokens = random_tokens(70, 37, 8);
  std::vector<float> whole(70 * 37);
  Pass{layout, *kernels, 1, 70, false}.logits(weights.data(), tokens, whole);
  Decoder decoder{layout, *kernels, weights.data(), 2};
  for (std::size_t t = 0; t < 70; ++t) {
    int const both[] = {tokens[t], tokens[t]};
    auto const scores = decoder.step(both);
    for (std::size_t i = 0; i < 37; ++i) {
      ASSERT_NEAR(scores[i], whole[t * 37 + i], 1e-4) << t;
      ASSERT_NEAR(scores[37 + i], whole[t * 37 + i], 1e-4) << t;
    }
  }
}

TEST(Scorer, CountsEachTokenOfALongDocumentOnceWhateverTheRanks) {
  auto const* const kernels = kernels_for_this_cpu();
  auto config = tiny(true);
  config.context = 32;
  Layout const layout{config};
  auto const weights = initial_weights(layout, 2);
  std::vector<std::vector<int>> const documents{random_tokens(100, 37, 1), random_tokens(5, 37, 2),
                                                random_tokens(32, 37, 3)};
  Ranks one{1};
  Ranks three{3};
  auto const a = Scorer{layout, *kernels, one}.score(weights.data(), documents, 16);
  auto const b = Scorer{layout, *kernels, three}.score(weights.data(), documents, 16);
  for (std::size_t d = 0; d < documents.size(); ++d) {
    EXPECT_EQ(a[d].tokens, static_cast<long>(documents[d].size()));
    EXPECT_EQ(a[d].nats, b[d].nats);
    // Weights this small give every token about the same chance.
    EXPECT_NEAR(a[d].nats / static_cast<double>(a[d].tokens), std::log(37.0), 0.15);
  }
}

TEST(Sampling, WithTemperatureZeroTakesTheMostLikely) {
  SeededRandom random{1};
  std::vector<float> const logits{0.1f, 2.0f, 1.9f};
  EXPECT_EQ(sample_token(logits, {0.0, 0}, random), 1);
  EXPECT_EQ(sample_token(logits, {1.0, 1}, random), 1);
}

TEST(Sampling, FollowsTheProbabilities) {
  SeededRandom random{1};
  std::vector<float> const logits{0.0f, std::log(3.0f), -100.0f};
  int ones = 0;
  for (int i = 0; i < 4000; ++i) ones += sample_token(logits, {1.0, 0}, random) == 1;
  EXPECT_NEAR(ones / 4000.0, 0.75, 0.03);
}

TEST(ModelLimits, NameTheKeyThatBreaksThem) {
  auto config = tiny(true);
  config.kv_heads = 3;
  auto const checked = check(config);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().faults.at(0).pointer, "/kv_heads");
}

}  // namespace
}  // namespace fabrica::recipe
