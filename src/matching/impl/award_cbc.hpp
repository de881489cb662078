#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/result.hpp"

// The one door to Cbc.
namespace fabrica::matching::awarding {

// How much of a time allowance is left. The only clock of this module: it decides whether an optimum is found or the
// rule falls back, never which optimum.
class TimeBox {
 public:
  explicit TimeBox(double seconds) : seconds_{seconds}, start_{std::chrono::steady_clock::now()} {}
  double left() const {
    return seconds_ - std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double seconds_;
  std::chrono::steady_clock::time_point start_;
};

// Minimise over 0..1 columns, rows bounded from above by 1 after scaling.
class Program {
 public:
  explicit Program(bool integer) : integer_{integer} {}

  // Rows first, then columns with their entries. A row is divided by its bound.
  int add_row(double bound);
  void add_column(double cost);
  void add_entry(int row, double value);
  int columns() const { return static_cast<int>(cost_.size()); }

  struct Solution {
    bool proven = false;
    double cost = 0;
    std::vector<double> values;  // one a column; empty unless proven
  };
  // Proven within `gap` (absolute) of the best. Errors: unavailable "award_solver".
  Result<Solution> solve(double seconds, double gap) const;

 private:
  bool integer_;
  std::vector<double> bounds_;
  std::vector<double> cost_;
  std::vector<int> starts_{};
  std::vector<int> rows_{};
  std::vector<double> values_{};
};

}  // namespace fabrica::matching::awarding
