#pragma once

#include <array>
#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"
#include "json/describe.hpp"

namespace fabrica::evaluation {

enum class Direction : std::uint8_t { higher_is_better, lower_is_better };
BOOST_DESCRIBE_ENUM(Direction, higher_is_better, lower_is_better)

// What is held against the threshold: the point estimate, or the unfavourable end of its interval.
enum class JudgedBy : std::uint8_t { value, interval };
BOOST_DESCRIBE_ENUM(JudgedBy, value, interval)

// What must hold of one metric, said before the result is known. Exactly one of threshold and baseline: a number, or the
// value of another metric of the same results (a simpler model fitted on the same data).
struct PlannedMetric {
  std::string name;
  std::string slice = "all";
  Direction direction{};
  JudgedBy judged_by = JudgedBy::value;
  std::optional<double> threshold = {};
  std::optional<std::string> baseline = {};  // name of the other metric, same slice
  std::optional<std::int64_t> n_least = {};  // fewer items than this are no result
  std::optional<std::string> unit = {};

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"slice", "judged_by"};
  static constexpr auto limits() {
    return std::tuple{json::length(&PlannedMetric::name, 1, 100), json::length(&PlannedMetric::slice, 1, 100),
                      json::length(&PlannedMetric::baseline, 1, 100),
                      json::range(&PlannedMetric::n_least, 1, std::int64_t{1} << 50),
                      json::length(&PlannedMetric::unit, 1, 50)};
  }
};
BOOST_DESCRIBE_STRUCT(PlannedMetric, (), (name, slice, direction, judged_by, threshold, baseline, n_least, unit))

struct EvaluationDraft {
  std::string suite;
  std::string version;
  std::vector<std::string> data;  // input references: "split:<id>/held_out"
  std::vector<PlannedMetric> metrics;
  std::vector<std::int64_t> seeds = {};
  std::optional<std::int64_t> n = {};  // items that are to be used, when known
  std::string reasons;                 // why these metrics and thresholds

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"seeds"};
  static constexpr auto limits() {
    return std::tuple{json::length(&EvaluationDraft::suite, 1, 100),   json::length(&EvaluationDraft::version, 1, 50),
                      json::length(&EvaluationDraft::data, 1, 300),    json::items(&EvaluationDraft::data, 1, 50),
                      json::items(&EvaluationDraft::metrics, 1, 200),  json::items(&EvaluationDraft::seeds, 0, 100),
                      json::range(&EvaluationDraft::n, 1, std::int64_t{1} << 50),
                      json::length(&EvaluationDraft::reasons, 1, 8000)};
  }
};
BOOST_DESCRIBE_STRUCT(EvaluationDraft, (), (suite, version, data, metrics, seeds, n, reasons))

// A piece of data as it was when the evaluation was pre-registered.
struct PlannedData {
  std::string reference;
  std::string tree_sha256;
};
BOOST_DESCRIBE_STRUCT(PlannedData, (), (reference, tree_sha256))

// One line of results.json.
struct Measured {
  std::string name;
  std::string slice;
  double value = 0;
  std::optional<double> low;
  std::optional<double> high;
  std::optional<std::int64_t> n;
  std::string unit;
  std::string method;  // of the interval
};
BOOST_DESCRIBE_STRUCT(Measured, (), (name, slice, value, low, high, n, unit, method))

enum class Verdict : std::uint8_t { passed, failed };
BOOST_DESCRIBE_ENUM(Verdict, passed, failed)

// What became of one planned metric.
struct Outcome {
  std::string name;
  std::string slice;
  Verdict verdict{};
  std::string reason;  // "1.84 is lower than 2.31"
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
  std::optional<double> held_against;
};
BOOST_DESCRIBE_STRUCT(Outcome, (), (name, slice, verdict, reason, value, low, high, held_against))

struct ResultsDraft {
  PublicId model;
  PublicId job;
};
BOOST_DESCRIBE_STRUCT(ResultsDraft, (), (model, job))

// The results of one model by one job. preregistered: the plan stands before the model in the project's chain.
struct Results {
  PublicId id;
  PublicId evaluation;
  PublicId model;
  PublicId job;
  bool preregistered = false;
  Verdict verdict{};  // passed only if every planned metric did
  std::string results_sha256;
  Time created;
  std::int64_t statement = 0;  // number of evaluation.recorded in the project's chain
  std::vector<Outcome> outcomes;
  std::vector<Measured> measured;
};
BOOST_DESCRIBE_STRUCT(Results, (), (id, evaluation, model, job, preregistered, verdict, results_sha256, created, statement,
                                    outcomes, measured))

struct Evaluation {
  PublicId id;
  PublicId project;
  std::string suite;
  std::string version;
  std::vector<PlannedData> data;
  std::vector<PlannedMetric> metrics;
  std::vector<std::int64_t> seeds;
  std::optional<std::int64_t> n;
  std::string reasons;
  Time created;
  std::int64_t statement = 0;  // number of evaluation.preregistered in the project's chain
  std::vector<Results> results;  // oldest first
};
BOOST_DESCRIBE_STRUCT(Evaluation, (), (id, project, suite, version, data, metrics, seeds, n, reasons, created, statement,
                                       results))

}  // namespace fabrica::evaluation
