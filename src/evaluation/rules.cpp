#include "evaluation/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "json/json.hpp"

namespace fabrica::evaluation {
namespace {

constexpr std::size_t kTextBytesMax = 300;

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::unexpected<Error> bad_results(std::string_view pointer, std::string_view what) {
  return fail(Errc::invalid, "results", fmt::format("{}{}: {}", kResultsFile, pointer, what));
}

// Text of bounded length; `fallback` where there is none.
Result<std::string> text_at(json::Value object, std::string_view name, std::string_view where,
                            std::optional<std::string_view> fallback) {
  auto const value = object.find(name);
  if ((!value || value.kind() == json::Kind::null) && fallback) return std::string{*fallback};
  auto const text = value.text();
  if (!text || text->size() > kTextBytesMax)
    return bad_results(where, fmt::format("\"{}\" must be a text of at most {} bytes.", name, kTextBytesMax));
  return std::string{*text};
}

Result<std::optional<double>> number_at(json::Value object, std::string_view name, std::string_view where) {
  auto const value = object.find(name);
  if (!value || value.kind() == json::Kind::null) return std::optional<double>{};
  auto const number = value.number();
  if (!number || !std::isfinite(*number)) return bad_results(where, fmt::format("\"{}\" must be a finite number.", name));
  return number;
}

Result<Measured> measured_at(json::Value object, std::string const& where) {
  if (object.kind() != json::Kind::object) return bad_results(where, "it must be an object.");
  Measured out;
  FABRICA_TRY(out.name, text_at(object, "name", where, {}));
  FABRICA_TRY(out.slice, text_at(object, "slice", where, "all"));
  FABRICA_TRY(out.unit, text_at(object, "unit", where, ""));
  FABRICA_TRY(out.method, text_at(object, "method", where, ""));
  FABRICA_TRY(auto const value, number_at(object, "value", where));
  FABRICA_TRY(out.low, number_at(object, "low", where));
  FABRICA_TRY(out.high, number_at(object, "high", where));
  if (out.name.empty()) return bad_results(where, "\"name\" is empty.");
  if (!value) return bad_results(where, "\"value\" is missing.");
  out.value = *value;
  if (out.low && out.high && *out.low > *out.high) return bad_results(where, "\"low\" is above \"high\".");
  if (auto const n = object.find("n"); n && n.kind() != json::Kind::null) {
    out.n = n.integer();
    if (!out.n || *out.n < 0) return bad_results(where, "\"n\" must be a whole number, 0 or more.");
  }
  return out;
}

Measured const* find(std::vector<Measured> const& all, std::string_view name, std::string_view slice) {
  auto const found = std::ranges::find_if(all, [&](Measured const& one) { return one.name == name && one.slice == slice; });
  return found == all.end() ? nullptr : &*found;
}

void judge_one(PlannedMetric const& plan, std::vector<Measured> const& measured, Outcome& out) {
  auto const* const result = find(measured, plan.name, plan.slice);
  if (!result) {
    out.reason = "there is no result";
    return;
  }
  out.value = result->value;
  out.low = result->low;
  out.high = result->high;
  auto const* const baseline = plan.baseline ? find(measured, *plan.baseline, plan.slice) : nullptr;
  if (plan.baseline && !baseline) {
    out.reason = fmt::format("there is no result of the baseline {}", *plan.baseline);
    return;
  }
  out.held_against = baseline ? baseline->value : plan.threshold;
  if (plan.n_least && result->n.value_or(0) < *plan.n_least) {
    out.reason = fmt::format("{} items were used, at least {} were planned", result->n.value_or(0), *plan.n_least);
    return;
  }
  bool const lower = plan.direction == Direction::lower_is_better;
  auto const judged = plan.judged_by == JudgedBy::value ? std::optional{result->value} : lower ? result->high : result->low;
  if (!judged) {
    out.reason = "the result has no interval to judge by";
    return;
  }
  // A threshold is met when it is reached; a baseline has to be beaten.
  double const bound = *out.held_against;
  bool const better = lower ? *judged < bound : *judged > bound;
  bool const holds = better || (plan.threshold && *judged == bound);
  out.verdict = holds ? Verdict::passed : Verdict::failed;
  auto const* const end = lower ? "the interval's upper end " : "the interval's lower end ";
  out.reason = fmt::format("{}{:.7g} is {} {}{:.7g}", plan.judged_by == JudgedBy::value ? "" : end, *judged,
                           *judged < bound ? "below" : *judged > bound ? "above" : "equal to",
                           baseline ? fmt::format("{} of the same results, ", *plan.baseline) : "", bound);
}

}  // namespace

Result<> check(EvaluationDraft const& draft) {
  std::vector<Fault> faults;
  if (blank(draft.suite)) faults.push_back({"/suite", "Name the suite."});
  if (blank(draft.version)) faults.push_back({"/version", "Name the suite's version."});
  if (blank(draft.reasons)) faults.push_back({"/reasons", "Say why these metrics and thresholds were chosen."});
  std::set<std::string_view> references;
  for (std::size_t at = 0; at < draft.data.size(); ++at)
    if (!references.insert(draft.data[at]).second)
      faults.push_back({fmt::format("/data/{}", at), "This is there twice."});
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (std::size_t at = 0; at < draft.metrics.size(); ++at) {
    auto const& metric = draft.metrics[at];
    auto const where = fmt::format("/metrics/{}", at);
    if (metric.threshold.has_value() == metric.baseline.has_value())
      faults.push_back({where, "Give either a threshold or a baseline, not both and not neither."});
    if (metric.threshold && !std::isfinite(*metric.threshold))
      faults.push_back({where + "/threshold", "It must be a finite number."});
    if (metric.baseline && *metric.baseline == metric.name)
      faults.push_back({where + "/baseline", "A metric cannot beat itself."});
    if (!names.insert({metric.name, metric.slice}).second)
      faults.push_back({where, "This metric and slice are there twice."});
  }
  if (faults.empty()) return {};
  auto const what = fmt::format("{}: {}", faults.front().pointer, faults.front().what);
  return fail(Errc::invalid, "evaluation", what, std::move(faults));
}

Result<ResultsFile> parse_results(std::string_view text) {
  auto const document = json::Document::parse(text, {.bytes = kResultsBytesMax, .depth = 16, .values = 200'000});
  if (!document) return bad_results("", document.error().what);
  auto const root = document->root();
  if (root.kind() != json::Kind::object) return bad_results("", "it must be an object.");
  ResultsFile out;
  FABRICA_TRY(out.suite, text_at(root, "suite", "", {}));
  // A version is a text; programs like to count with it.
  if (auto const number = root.find("version").integer()) {
    out.version = std::to_string(*number);
  } else {
    FABRICA_TRY(out.version, text_at(root, "version", "", {}));
  }
  auto const metrics = root.find("metrics");
  if (metrics.kind() != json::Kind::array || metrics.size() == 0 || metrics.size() > kMeasuredMax)
    return bad_results("/metrics", fmt::format("it must be an array of 1 to {} results.", kMeasuredMax));
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t at = 0; at < metrics.size(); ++at) {
    auto const where = fmt::format("/metrics/{}", at);
    FABRICA_TRY(auto one, measured_at(metrics[at], where));
    if (!seen.insert({one.name, one.slice}).second) return bad_results(where, "this name and slice are there twice.");
    out.metrics.push_back(std::move(one));
  }
  return out;
}

std::vector<Outcome> judge(std::vector<PlannedMetric> const& plan, std::vector<Measured> const& measured) {
  std::vector<Outcome> out;
  for (auto const& metric : plan) {
    out.push_back({metric.name, metric.slice, Verdict::failed, {}, {}, {}, {}, {}});
    judge_one(metric, measured, out.back());
  }
  return out;
}

Verdict overall(std::vector<Outcome> const& outcomes) {
  auto const passed = [](Outcome const& one) { return one.verdict == Verdict::passed; };
  return !outcomes.empty() && std::ranges::all_of(outcomes, passed) ? Verdict::passed : Verdict::failed;
}

Result<> check_read(models::JobRecord const& job, std::vector<models::ModelFile> const& files, std::string_view what) {
  std::set<std::string_view> read;
  for (auto const& input : job.inputs) read.insert(input.file.sha256);
  for (auto const& file : files)
    if (!read.contains(file.sha256))
      return fail(Errc::conflict, "job_inputs",
                  fmt::format("The job {} did not read {} ({} is not among its inputs): its results say nothing of it.",
                              job.id.text(), what, file.path));
  return {};
}

}  // namespace fabrica::evaluation
