#include "models/rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "crypto/sha256.hpp"
#include "models/compute_jobs.hpp"

namespace fabrica::models {
namespace {

std::vector<SeriesPoint> thinned(std::vector<double> const& values, std::int64_t limit) {
  Thinner thinner{static_cast<std::int64_t>(values.size()), limit};
  for (std::size_t at = 0; at < values.size(); ++at) thinner.push({static_cast<std::int64_t>(at), values[at], Time{}});
  return thinner.finish();
}

TEST(MetricThinning, LeavesAShortSeriesAsItIs) {
  auto const out = thinned({3, 1, 2, 5, 4}, 5);
  ASSERT_EQ(out.size(), 5u);
  for (std::size_t at = 0; at < out.size(); ++at) EXPECT_EQ(out[at].step, static_cast<std::int64_t>(at));
  EXPECT_TRUE(thinned({}, 10).empty());
  EXPECT_EQ(thinned({1}, 10).size(), 1u);
}

TEST(MetricThinning, KeepsEveryPeakBothEndsAndTheLimit) {
  for (std::int64_t const limit : {4, 5, 10, 100, 333}) {
    for (std::size_t const count : {5u, 101u, 1000u, 9999u}) {
      std::vector<double> values;
      for (std::size_t at = 0; at < count; ++at) values.push_back(std::sin(static_cast<double>(at) / 7));
      values[count / 3] = 50;
      values[count / 2] = -50;
      auto const out = thinned(values, limit);
      EXPECT_LE(out.size(), static_cast<std::size_t>(limit)) << count;
      EXPECT_EQ(out.front().step, 0);
      EXPECT_EQ(out.back().step, static_cast<std::int64_t>(count) - 1);
      EXPECT_EQ(std::ranges::max(out, {}, &SeriesPoint::value).value, 50) << limit << " of " << count;
      EXPECT_EQ(std::ranges::min(out, {}, &SeriesPoint::value).value, -50) << limit << " of " << count;
      for (std::size_t at = 1; at < out.size(); ++at) EXPECT_LT(out[at - 1].step, out[at].step);
    }
  }
}

TEST(MetricPointRule, TakesPlainNamesAndFiniteValues) {
  EXPECT_TRUE(acceptable({"loss/cs:held-out_1.0", 0, -1.5, Time{}}));
  EXPECT_FALSE(acceptable({"", 0, 1, Time{}}));
  EXPECT_FALSE(acceptable({"two words", 0, 1, Time{}}));
  EXPECT_FALSE(acceptable({std::string(101, 'a'), 0, 1, Time{}}));
  EXPECT_FALSE(acceptable({"loss", -1, 1, Time{}}));
  EXPECT_FALSE(acceptable({"loss", 0, std::numeric_limits<double>::quiet_NaN(), Time{}}));
  EXPECT_FALSE(acceptable({"loss", 0, std::numeric_limits<double>::infinity(), Time{}}));
}

ModelFile file(std::string path) { return {std::move(path), std::string(64, 'a'), 1}; }

TEST(ModelFiles, AreThoseBelowTheFolderRelativeToIt) {
  std::vector const left{file("model/model.safetensors"), file("model/config.json"), file("models.txt"), file("samples/a.txt")};
  auto const chosen = choose_files(left, "model");
  ASSERT_TRUE(chosen);
  EXPECT_EQ(*chosen, (std::vector{file("config.json"), file("model.safetensors")}));
  EXPECT_EQ(choose_files(left, std::nullopt)->size(), 4u);
  EXPECT_EQ(choose_files(left, "nowhere").error().reason, "model_folder");
  EXPECT_EQ(choose_files(left, "../model").error().reason, "model_folder");
  EXPECT_EQ(choose_files(left, "model/").error().reason, "model_folder");
  EXPECT_EQ(choose_files({}, std::nullopt).error().reason, "no_artefacts");
  EXPECT_EQ(choose_files({file("a/../b")}, std::nullopt).error().reason, "artefact_path");
}

TEST(ModelDraftCheck, WantsPlainNames) {
  ModelDraft draft{"little-llama", "1.0", {}, "Apache-2.0", "A model", {}, {}};
  EXPECT_TRUE(check(draft));
  for (auto const* name : {"", ".hidden", "a/b", "a b", "é"}) {
    draft.name = name;
    EXPECT_EQ(check(draft).error().faults.at(0).pointer, "/name") << name;
  }
}

TEST(ModelTree, IsTheHashOfTheSortedCanonicalList) {
  auto const text = R"([{"path":"a","sha256":")" + std::string(64, 'a') + R"(","size_bytes":1},{"path":"b","sha256":")" +
                    std::string(64, 'a') + R"(","size_bytes":1}])";
  EXPECT_EQ(tree_digest({file("b"), file("a")}), crypto::sha256(text).hex());
}

TEST(Lineage, HasOneEntryForEachReference) {
  auto const out = lineage_inputs({{"split:1/train", file("cs")}, {"model:2", file("m")}, {"split:1/train", file("de")}});
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].reference, "split:1/train");
  EXPECT_EQ(out[0].tree_sha256, tree_digest({file("cs"), file("de")}));
  EXPECT_EQ(out[1].reference, "model:2");
}

TEST(ComputeJob, KeepsWhatEachFileWasAskedForBy) {
  compute::Job job;
  job.state = compute::JobState::completed;
  job.parameters.text = R"({"a":1})";
  job.inputs = {{"corpus", "split:1/train", "", {{"train/cs.jsonl", std::string(64, '1'), 5}}},
                {"extra", "", "", {{"notes.txt", std::string(64, '2'), 6}}}};
  job.artefacts = {{"model/a", std::string(64, '3'), 7}};
  auto const out = record_of(job);
  EXPECT_TRUE(out.completed);
  EXPECT_EQ(out.parameters, R"({"a":1})");
  ASSERT_EQ(out.inputs.size(), 2u);
  EXPECT_EQ(out.inputs[0].reference, "split:1/train");
  EXPECT_EQ(out.inputs[1].reference, "files:extra");
  EXPECT_EQ(out.artefacts.at(0), (ModelFile{"model/a", std::string(64, '3'), 7}));
  job.state = compute::JobState::failed;
  EXPECT_FALSE(record_of(job).completed);
}

TEST(ReleaseStates, GoOnlyForward) {
  EXPECT_EQ(next(ModelState::registered, ReleaseAct::release), ModelState::released);
  EXPECT_EQ(next(ModelState::registered, ReleaseAct::withdraw), ModelState::withdrawn);
  EXPECT_EQ(next(ModelState::released, ReleaseAct::withdraw), ModelState::withdrawn);
  EXPECT_FALSE(next(ModelState::released, ReleaseAct::release));
  EXPECT_FALSE(next(ModelState::withdrawn, ReleaseAct::withdraw));
}

}  // namespace
}  // namespace fabrica::models
