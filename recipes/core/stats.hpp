#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace fabrica::recipe {

struct Interval {
  double low = 0;
  double high = 0;
};

// 95 % intervals of a share of hits among n, n > 0.
// Wilson's score: the usual choice (Brown, Cai, DasGupta 2001).
Interval wilson(long hits, long n);
// Clopper and Pearson's exact interval: never too narrow, so the one to promise with.
Interval clopper_pearson(long hits, long n);

// Exact two-sided McNemar test of paired outcomes: how likely so uneven a split of the b + c pairs that differ is by
// chance alone.
double mcnemar_exact(long b, long c);
// Its chi-square statistic with Edwards' correction.
double mcnemar_corrected(long b, long c);

// How well low values tell members from others (Yeom 2018): area under the curve, largest TPR - FPR, and the share of
// members below a threshold that at most max_fpr of the others lie below.
struct Separation {
  double auc = 0;
  double advantage = 0;
  long hits_at_fpr = 0;
};
Separation separation(std::span<double const> members, std::span<double const> others, double max_fpr);

// Percentile bootstrap at 95 %: `statistic` of `rounds` seeded resamples of the numbers 0..n-1 with replacement.
// One interval for each value the statistic gives.
std::vector<Interval> bootstrap(std::size_t n, int rounds, std::uint64_t seed,
                                std::function<std::vector<double>(std::span<std::size_t const>)> const& statistic);

}  // namespace fabrica::recipe
