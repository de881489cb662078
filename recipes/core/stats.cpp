#include "core/stats.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

namespace fabrica::recipe {

namespace {

constexpr double kZ95 = 1.959963984540054;

// Regularised incomplete beta function by its continued fraction (Lentz).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  double const front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x)) / a;
  constexpr double kTiny = 1e-300;
  double c = 1;
  double d = 1 / std::max(kTiny, 1 - (a + b) * x / (a + 1));
  double h = d;
  for (int m = 1; m < 500; ++m) {
    double const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    double const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double change = 1;
    for (double const term : {even, odd}) {
      d = 1 + term * d;
      c = 1 + term / c;
      d = 1 / (std::abs(d) < kTiny ? kTiny : d);
      c = std::abs(c) < kTiny ? kTiny : c;
      change = c * d;
      h *= change;
    }
    if (std::abs(change - 1) < 1e-15) break;
  }
  return front * h;
}

// x with I_x(a, b) = p, by halving: exact to the last digits and never astray.
double beta_quantile(double p, double a, double b) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 200 && high - low > 1e-15; ++i) {
    double const middle = (low + high) / 2;
    (incomplete_beta(a, b, middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

Interval wilson(long hits, long n) {
  auto const count = static_cast<double>(n);
  double const p = static_cast<double>(hits) / count;
  double const z2 = kZ95 * kZ95;
  double const centre = (p + z2 / (2 * count)) / (1 + z2 / count);
  double const half = kZ95 * std::sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / (1 + z2 / count);
  return {hits == 0 ? 0.0 : centre - half, hits == n ? 1.0 : centre + half};
}

Interval clopper_pearson(long hits, long n) {
  auto const k = static_cast<double>(hits);
  auto const count = static_cast<double>(n);
  return {hits == 0 ? 0.0 : beta_quantile(0.025, k, count - k + 1),
          hits == n ? 1.0 : beta_quantile(0.975, k + 1, count - k)};
}

double mcnemar_exact(long b, long c) {
  long const n = b + c;
  double tail = 0;
  for (long i = 0; i <= std::min(b, c); ++i)
    tail += std::exp(std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(i) + 1) -
                     std::lgamma(static_cast<double>(n - i) + 1) - static_cast<double>(n) * std::log(2.0));
  return std::min(1.0, 2 * tail);
}

double mcnemar_corrected(long b, long c) {
  if (b + c == 0) return 0;
  double const difference = std::max(0.0, std::abs(static_cast<double>(b - c)) - 1);
  return difference * difference / static_cast<double>(b + c);
}

Separation separation(std::span<double const> members, std::span<double const> others, double max_fpr) {
  Separation result;
  if (members.empty() || others.empty()) return result;
  std::vector<double> m{members.begin(), members.end()};
  std::vector<double> o{others.begin(), others.end()};
  std::ranges::sort(m);
  std::ranges::sort(o);
  double wins = 0;
  for (double const x : m) {
    auto const [first, last] = std::equal_range(o.begin(), o.end(), x);
    wins += static_cast<double>(o.end() - last) + 0.5 * static_cast<double>(last - first);
  }
  auto const members_n = static_cast<double>(m.size());
  auto const others_n = static_cast<double>(o.size());
  result.auc = wins / (members_n * others_n);
  for (double const threshold : m) {
    auto const hits = std::upper_bound(m.begin(), m.end(), threshold) - m.begin();
    auto const alarms = std::upper_bound(o.begin(), o.end(), threshold) - o.begin();
    result.advantage =
        std::max(result.advantage, static_cast<double>(hits) / members_n - static_cast<double>(alarms) / others_n);
    if (static_cast<double>(alarms) <= max_fpr * others_n)
      result.hits_at_fpr = std::max<long>(result.hits_at_fpr, hits);
  }
  return result;
}

std::vector<Interval> bootstrap(std::size_t n, int rounds, std::uint64_t seed,
                                std::function<std::vector<double>(std::span<std::size_t const>)> const& statistic) {
  if (n == 0 || rounds < 1) return {};
  SeededRandom random{seed};
  std::vector<std::size_t> sample(n);
  std::vector<std::vector<double>> values;
  for (int round = 0; round < rounds; ++round) {
    for (auto& i : sample) i = random.below(n);
    auto const row = statistic(sample);
    values.resize(row.size());
    for (std::size_t k = 0; k < row.size(); ++k) values[k].push_back(row[k]);
  }
  std::vector<Interval> intervals;
  for (auto& column : values) {
    std::ranges::sort(column);
    auto const at = [&](double share) {
      return column[static_cast<std::size_t>(std::lround(share * static_cast<double>(column.size() - 1)))];
    };
    intervals.push_back({at(0.025), at(0.975)});
  }
  return intervals;
}

}  // namespace fabrica::recipe
