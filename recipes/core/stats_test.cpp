#include "core/stats.hpp"

#include <gtest/gtest.h>

namespace fabrica::recipe {
namespace {

struct ShareCase {
  long hits, n;
  double low, high;
};

TEST(Wilson, AgreesWithKnownAnswers) {
  for (auto const& c :
       {ShareCase{8, 10, 0.490162, 0.943318}, {0, 100, 0.0, 0.036993}, {800, 1000, 0.774081, 0.823623}}) {
    EXPECT_NEAR(wilson(c.hits, c.n).low, c.low, 1e-6) << c.hits;
    EXPECT_NEAR(wilson(c.hits, c.n).high, c.high, 1e-6) << c.hits;
  }
}

TEST(ClopperPearson, AgreesWithKnownAnswers) {
  for (auto const& c : {ShareCase{8, 10, 0.443905, 0.974789},
                        {0, 100, 0.0, 0.036217},
                        {45, 50, 0.781865, 0.966725},
                        {3, 3, 0.292402, 1.0}}) {
    EXPECT_NEAR(clopper_pearson(c.hits, c.n).low, c.low, 1e-6) << c.hits;
    EXPECT_NEAR(clopper_pearson(c.hits, c.n).high, c.high, 1e-6) << c.hits;
  }
}

TEST(McNemar, AgreesWithKnownAnswers) {
  EXPECT_NEAR(mcnemar_exact(12, 4), 0.076813, 1e-6);
  EXPECT_DOUBLE_EQ(mcnemar_corrected(12, 4), 3.0625);
  EXPECT_DOUBLE_EQ(mcnemar_exact(0, 0), 1.0);
  EXPECT_DOUBLE_EQ(mcnemar_corrected(0, 0), 0.0);
}

TEST(Separation, AgreesWithKnownAnswers) {
  double const members[] = {.1, .2, .3, .4, .9};
  double const others[] = {.35, .5, .6, .8, 1.0};
  auto const s = separation(members, others, 0.0);
  EXPECT_NEAR(s.auc, 0.80, 1e-12);
  EXPECT_NEAR(s.advantage, 0.60, 1e-12);
  EXPECT_EQ(s.hits_at_fpr, 3);
  EXPECT_EQ(separation(members, others, 0.2).hits_at_fpr, 4);
}

TEST(Separation, IsAtChanceForTheSameValues) {
  double const same[] = {1, 2, 2, 3};
  EXPECT_DOUBLE_EQ(separation(same, same, 0.01).auc, 0.5);
}

TEST(Bootstrap, OfAMeanHasTheWidthTheoryGives) {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(i % 2);
  auto const mean = [&](std::span<std::size_t const> sample) {
    double sum = 0;
    for (auto const i : sample) sum += values[i];
    return std::vector{sum / static_cast<double>(sample.size())};
  };
  auto const interval = bootstrap(values.size(), 2000, 5, mean).at(0);
  EXPECT_NEAR(interval.low, 0.5 - 1.96 * 0.025, 0.006);
  EXPECT_NEAR(interval.high, 0.5 + 1.96 * 0.025, 0.006);
  auto const again = bootstrap(values.size(), 2000, 5, mean).at(0);
  EXPECT_EQ(interval.low, again.low);
}

}  // namespace
}  // namespace fabrica::recipe
