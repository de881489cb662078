#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/stats.hpp"
#include "eval/settings.hpp"

namespace fabrica::recipe {

inline constexpr char const* kSuite = "fabrica-eval-lm";
inline constexpr int kSuiteVersion = 1;

struct Metric {
  std::string name;
  std::string slice;  // "all" or a language
  double value = 0;
  std::optional<Interval> interval{};  // 95 %
  long n = 0;                          // what was counted: documents, prefixes
  std::string unit{};
  std::string method{};
};

// Something the model must reach to count as having learned.
struct Gate {
  std::string name;
  std::string rule;
  bool holds = false;
  double value = 0;
  double bound = 0;
};

struct Sample {
  std::string prompt;
  std::string text;
};

struct Results {
  std::string job;
  EvalSettings settings{};
  std::size_t model_parameters = 0;
  int vocab_size = 0;
  int context = 0;
  std::string kernels{};
  std::vector<Metric> metrics{};
  std::vector<Gate> gates{};
  std::vector<Sample> samples{};
  std::vector<std::string> notes{};
};

// results.json; recipes/README.md describes it.
std::string to_json(Results const& results);

}  // namespace fabrica::recipe
