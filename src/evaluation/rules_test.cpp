#include "evaluation/rules.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fabrica::evaluation {
namespace {

PlannedMetric lower(double threshold) {
  PlannedMetric out{.name = "bits_per_byte"};
  out.direction = Direction::lower_is_better;
  out.threshold = threshold;
  return out;
}

Measured measured(std::string name, double value, std::optional<double> low = {}, std::optional<double> high = {}) {
  return {std::move(name), "all", value, low, high, 100, "bit/byte", "bootstrap"};
}

TEST(Judgement, HoldsAValueAgainstAThresholdOrABaseline) {
  auto const by_interval = [](PlannedMetric metric) {
    metric.judged_by = JudgedBy::interval;
    return metric;
  };
  auto const higher = [](double threshold) {
    auto out = lower(threshold);
    out.direction = Direction::higher_is_better;
    return out;
  };
  auto beats = lower(0);
  beats.threshold.reset();
  beats.baseline = "ngram3_bits_per_byte";
  auto needs = lower(3);
  needs.n_least = 101;
  auto elsewhere = lower(3);
  elsewhere.slice = "cs";
  auto const ngram = [](double value) { return measured("ngram3_bits_per_byte", value); };

  struct Case {
    std::string_view name;
    PlannedMetric plan;
    std::vector<Measured> results;
    Verdict verdict;
    std::string_view says;
  };
  for (auto const& one : std::vector<Case>{
           {"below", lower(2), {measured("bits_per_byte", 1.9)}, Verdict::passed, "1.9 is below 2"},
           {"reached", lower(2), {measured("bits_per_byte", 2)}, Verdict::passed, "2 is equal to 2"},
           {"above", lower(2), {measured("bits_per_byte", 2.1)}, Verdict::failed, "2.1 is above 2"},
           {"higher wanted", higher(2), {measured("bits_per_byte", 2.1)}, Verdict::passed, "above"},
           {"higher not reached", higher(2), {measured("bits_per_byte", 1.9)}, Verdict::failed, "below"},
           {"interval holds", by_interval(lower(2)), {measured("bits_per_byte", 1.5, 1.4, 1.9)},
            Verdict::passed, "upper end 1.9"},
           {"interval reaches over", by_interval(lower(2)), {measured("bits_per_byte", 1.5, 1.4, 2.1)},
            Verdict::failed, "2.1 is above 2"},
           {"lower end counts", by_interval(higher(1)), {measured("bits_per_byte", 1.5, 0.9, 2.1)},
            Verdict::failed, "lower end 0.9"},
           {"no interval", by_interval(lower(2)), {measured("bits_per_byte", 1.5)}, Verdict::failed, "no interval"},
           {"beats the baseline", beats, {measured("bits_per_byte", 1.8), ngram(2.3)},
            Verdict::passed, "below ngram3_bits_per_byte"},
           {"equals the baseline", beats, {measured("bits_per_byte", 2.3), ngram(2.3)}, Verdict::failed, "equal to"},
           {"no baseline", beats, {measured("bits_per_byte", 1.8)}, Verdict::failed, "no result of the baseline"},
           {"too few items", needs, {measured("bits_per_byte", 1.8)}, Verdict::failed, "100 items were used"},
           {"another slice", elsewhere, {measured("bits_per_byte", 1.8)}, Verdict::failed, "no result"},
           {"nothing", lower(2), {}, Verdict::failed, "no result"},
       }) {
    auto const outcomes = judge({one.plan}, one.results);
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(outcomes[0].verdict, one.verdict) << one.name;
    EXPECT_NE(outcomes[0].reason.find(one.says), std::string::npos) << one.name << ": " << outcomes[0].reason;
  }
}

TEST(Judgement, PassesOnlyWhenEverythingDid) {
  std::vector const results{measured("bits_per_byte", 1.8)};
  EXPECT_EQ(overall(judge({lower(2)}, results)), Verdict::passed);
  EXPECT_EQ(overall(judge({lower(2), lower(1)}, results)), Verdict::failed);
  EXPECT_EQ(overall({}), Verdict::failed);
}

TEST(ResultsFile, ReadsWhatTheRecipeWrites) {
  auto const parsed = parse_results(R"({"suite":"fabrica-eval-lm","version":1,"job":"x","gates":[{"name":"g"}],
    "metrics":[{"name":"loss","slice":"cs","value":2.5E0,"low":null,"high":null,"n":12,"unit":"nat/token","method":""},
               {"name":"loss","value":2,"low":1.5,"high":2.5}]})");
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(parsed->version, "1");
  ASSERT_EQ(parsed->metrics.size(), 2u);
  EXPECT_EQ(parsed->metrics[0].slice, "cs");
  EXPECT_EQ(parsed->metrics[0].n, 12);
  EXPECT_FALSE(parsed->metrics[0].low);
  EXPECT_EQ(parsed->metrics[1].slice, "all");
  EXPECT_EQ(parsed->metrics[1].high, 2.5);
}

TEST(ResultsFile, IsRefusedWithThePlaceThatIsWrong) {
  struct Case {
    std::string text;
    std::string_view says;
  };
  auto const with = [](std::string const& metric) { return R"({"suite":"s","version":"1","metrics":[)" + metric + "]}"; };
  for (auto const& one : std::vector<Case>{
           {"", "results.json"},
           {"[]", "must be an object"},
           {R"({"version":"1","metrics":[]})", "\"suite\""},
           {R"({"suite":"s","metrics":[]})", "\"version\""},
           {with(""), "/metrics: it must be an array of 1"},
           {with("3"), "/metrics/0: it must be an object"},
           {with(R"({"value":1})"), "/metrics/0: \"name\""},
           {with(R"({"name":"a"})"), "\"value\" is missing"},
           {with(R"({"name":"a","value":"1"})"), "\"value\" must be a finite number"},
           {with(R"({"name":"a","value":1e999})"), "\"value\" must be a finite number"},
           {with(R"({"name":"a","value":1,"low":2,"high":1})"), "\"low\" is above"},
           {with(R"({"name":"a","value":1,"n":1.5})"), "\"n\" must be a whole number"},
           {with(R"({"name":"a","value":1},{"name":"a","slice":"all","value":2})"), "/metrics/1: this name and slice"},
           {with(R"({"name":")" + std::string(301, 'a') + R"(","value":1})"), "at most 300 bytes"},
       }) {
    auto const parsed = parse_results(one.text);
    ASSERT_FALSE(parsed) << one.text;
    EXPECT_EQ(parsed.error().reason, "results");
    EXPECT_NE(parsed.error().what.find(one.says), std::string::npos) << one.text << ": " << parsed.error().what;
  }
}

TEST(EvaluationPlan, NeedsOneBoundForEachMetric) {
  EvaluationDraft draft{"suite", "1", {"split:x/held_out"}, {lower(2)}, {}, {}, "Because."};
  EXPECT_TRUE(check(draft));
  draft.metrics[0].baseline = "other";
  EXPECT_EQ(check(draft).error().faults.at(0).pointer, "/metrics/0");
  draft.metrics[0].threshold.reset();
  EXPECT_TRUE(check(draft));
  draft.metrics[0].baseline = "bits_per_byte";
  EXPECT_EQ(check(draft).error().faults.at(0).pointer, "/metrics/0/baseline");
  draft.metrics[0] = lower(std::numeric_limits<double>::infinity());
  EXPECT_EQ(check(draft).error().faults.at(0).pointer, "/metrics/0/threshold");
  draft.metrics = {lower(1), lower(2)};
  draft.data = {"split:x/train", "split:x/train"};
  draft.reasons = " ";
  EXPECT_EQ(check(draft).error().faults.size(), 3u);
}

TEST(JobInputs, MustHoldEveryFileThatIsJudged) {
  models::JobRecord job;
  job.inputs = {{"model:x", {"model/a", std::string(64, '1'), 1}}};
  EXPECT_TRUE(check_read(job, {{"a", std::string(64, '1'), 1}}, "the model"));
  EXPECT_EQ(check_read(job, {{"b", std::string(64, '2'), 1}}, "the model").error().reason, "job_inputs");
}

}  // namespace
}  // namespace fabrica::evaluation
