#include "core/baselines.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace fabrica::recipe {
namespace {

TEST(ByteNgram, GivesTheProbabilitiesOfWittenAndBellComputedByHand) {
  ByteNgram model;
  model.add("ab");
  model.add("ac");
  model.finish();
  // No context: a twice, b and c once each; N = 4, T = 3, uniform 1/256 below.
  double const a = (2 + 3.0 / 256) / 7;
  double const b = (1 + 3.0 / 256) / 7;
  // After a: b once, c once; N = 2, T = 2.
  double const b_after_a = (1 + 2 * b) / 4;
  EXPECT_NEAR(model.bits("a"), -std::log2(a), 1e-9);
  EXPECT_NEAR(model.bits("ab"), -std::log2(a) - std::log2(b_after_a), 1e-9);
}

TEST(ByteNgram, SumsToOneOverAllBytesAfterAnyContext) {
  ByteNgram model;
  model.add("the quick brown fox jumps over the lazy dog; the end");
  model.finish();
  for (std::string const context : {"", "t", "the", "he ", "zzz"}) {
    double sum = 0;
    for (int b = 0; b < 256; ++b) sum += std::exp2(model.bits(context) - model.bits(context + static_cast<char>(b)));
    EXPECT_NEAR(sum, 1.0, 1e-9) << context;
  }
}

TEST(ByteNgram, UsesThreeBytesOfContextAndNoMore) {
  ByteNgram model;
  for (int i = 0; i < 100; ++i) model.add("xabcX yabcY");
  model.finish();
  EXPECT_NEAR(model.bits("xabcX") - model.bits("xabc"), 1.0, 0.2) << "X and Y are equally likely after abc";
}

TEST(Compressors, GiveTheSizesOfTheProgramsOnARepetition) {
  std::string const text(100'000, 'a');
  EXPECT_LT(*gzip_bytes(text), 300U);
  EXPECT_LT(*xz_bytes(text), 300U);
  EXPECT_EQ(*gzip_bytes(""), 20U);  // an empty gzip member: 10 + 2 + 8 bytes
  EXPECT_GT(*xz_bytes(""), 0U);
}

}  // namespace
}  // namespace fabrica::recipe
