#include "matching/ranking.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hpp"
#include "crypto/sha256.hpp"
#include "json/json.hpp"

namespace fabrica::matching {
namespace {

std::string const kSeed(64, 'a');

RankingInput two_criteria() {
  RankingInput input;
  RankCriterion excellence{.id = "excellence"};
  excellence.weight = 2;
  excellence.threshold_milli = 3000;
  input.rules.criteria = {excellence, RankCriterion{.id = "impact"}};
  input.rules.tie_breaks = {
      {TieKind::criterion, "excellence"}, {TieKind::group, "sme"}, {TieKind::earlier, ""}, {TieKind::lottery, ""}};
  input.lottery_seed = kSeed;
  input.rules.lottery_commitment = *lottery_commitment(kSeed);
  return input;
}

ScoredReview review(std::string reviewer, std::int64_t excellence, std::int64_t impact) {
  return {"r-" + reviewer, reviewer, {{"excellence", excellence}, {"impact", impact}}};
}

RankCandidate candidate(std::string id, std::vector<ScoredReview> reviews) {
  RankCandidate out{.id = std::move(id), .track = "science"};
  out.reviews = std::move(reviews);
  return out;
}

Ranking must(Result<Ranking> result) {
  if (result) return *std::move(result);
  ADD_FAILURE() << result.error().what << (result.error().faults.empty() ? "" : result.error().faults[0].pointer);
  return {};
}

std::string order(Ranking const& ranking) {
  std::string out;
  for (auto const& track : ranking.tracks) {
    out += track.track + ":";
    for (auto const& line : track.lines) out += " " + line.candidate;
    out += ";";
  }
  return out;
}

TEST(Ranking, WeighsNormalisedScoresAndRoundsHalfUp) {
  auto input = two_criteria();
  // (2 x 0.8 + 0.5) / 3 = 0.7 and (2 x 0.7 + 0.6) / 3 = 0.666667; their mean is 0.6833335.
  input.candidates = {candidate("p", {review("x", 4000, 2500), review("y", 3500, 3000)})};
  auto const ranking = must(rank(input));
  auto const& line = ranking.tracks.at(0).lines.at(0);
  EXPECT_EQ(line.reviews[0].total_millionths, 700'000);
  EXPECT_EQ(line.reviews[1].total_millionths, 666'667);
  EXPECT_EQ(line.score_millionths, 683'334);
  EXPECT_EQ(line.criteria[0].sum_milli, 7500);
  EXPECT_EQ(line.criteria[0].millionths, 750'000);
  EXPECT_EQ(line.spread_millionths, 33'333);
}

TEST(Ranking, TakesTheMedianWhereTheCallSaysSo) {
  auto input = two_criteria();
  input.rules.aggregate = Aggregate::median;
  input.candidates = {candidate(
      "p", {review("x", 5000, 5000), review("y", 4000, 4000), review("z", 3000, 3000), review("w", 3000, 3000)})};
  auto const ranking = must(rank(input));
  auto const& line = ranking.tracks[0].lines.at(0);
  EXPECT_EQ(line.score_millionths, 700'000);
  EXPECT_EQ(line.criteria[0].doubled_median_milli, 7000);
}

TEST(Ranking, SaysWhyAProposalIsNotRanked) {
  auto input = two_criteria();
  input.rules.quorum = 2;
  input.rules.threshold_millionths = 600'000;
  auto partial = review("z", 5000, 5000);
  partial.scores_milli.erase("impact");
  input.candidates = {candidate("few", {review("x", 5000, 5000), partial}),
                      candidate("weak", {review("x", 2500, 5000), review("y", 3000, 5000)}),
                      candidate("exact", {review("x", 2500, 5000), review("y", 3500, 5000)}),
                      candidate("low", {review("x", 3000, 1000), review("y", 3000, 1000)})};
  auto const ranking = must(rank(input));
  EXPECT_EQ(order(ranking), "science: exact;");
  auto const& out = ranking.tracks[0].unranked;
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[0].state, RankState::below_quorum);
  EXPECT_FALSE(out[0].reviews[1].complete);
  EXPECT_EQ(out[1].state, RankState::below_threshold);
  EXPECT_EQ(out[2].state, RankState::below_criterion);
}

TEST(Ranking, BreaksTiesInThePublishedOrderAndNamesWhatDecided) {
  auto input = two_criteria();
  input.candidates = {candidate("plain", {review("x", 3000, 4000)}), candidate("excellent", {review("x", 3500, 3000)}),
                      candidate("sme", {review("x", 3000, 4000)}), candidate("late", {review("x", 3000, 4000)}),
                      candidate("best", {review("x", 5000, 5000)})};
  input.candidates[2].groups = {"sme"};
  input.candidates[3].submitted.us = 1;
  auto const ranking = must(rank(input));
  EXPECT_EQ(order(ranking), "science: best excellent sme plain late;");
  auto const& lines = ranking.tracks[0].lines;
  EXPECT_FALSE(lines[1].decided_by);
  EXPECT_EQ(lines[2].decided_by->name, "excellence");
  EXPECT_EQ(lines[3].decided_by->kind, TieKind::group);
  EXPECT_EQ(lines[4].decided_by->kind, TieKind::earlier);
  EXPECT_EQ(lines[4].band, 2);
}

TEST(Ranking, DrawsTheLastTieByTheCommittedSeedAlone) {
  auto input = two_criteria();
  for (char const* id : {"a", "b", "c", "d", "e"}) input.candidates.push_back(candidate(id, {review("x", 4000, 4000)}));
  auto const first = must(rank(input));
  // sha256 of 32 bytes 0xaa followed by the id.
  std::string const seed(32, '\xaa');
  for (auto const& line : first.tracks[0].lines) EXPECT_EQ(line.lottery, crypto::sha256(seed + line.candidate).hex());
  EXPECT_TRUE(std::ranges::is_sorted(first.tracks[0].lines, {}, &RankLine::lottery));
  std::ranges::reverse(input.candidates);
  EXPECT_EQ(order(must(rank(input))), order(first));
  input.lottery_seed[0] = 'b';
  EXPECT_EQ(rank(input).error().reason, "lottery_seed");
}

TEST(Ranking, MakesBandsOfTheWidthPublished) {
  auto input = two_criteria();
  input.rules.band_width_millionths = 100'000;
  input.candidates = {candidate("a", {review("x", 5000, 5000)}), candidate("b", {review("x", 4500, 4500)}),
                      candidate("c", {review("x", 5000, 3500)}), candidate("d", {review("x", 4000, 4500)})};
  auto const ranking = must(rank(input));
  std::vector<std::int64_t> bands;
  for (auto const& line : ranking.tracks[0].lines) bands.push_back(line.band);
  EXPECT_EQ(order(ranking), "science: a c b d;");
  EXPECT_EQ(bands, (std::vector<std::int64_t>{1, 2, 2, 3}));
}

TEST(Ranking, MarksTheReviewFarFromTheOthers) {
  auto input = two_criteria();
  input.candidates = {candidate("one", {review("x", 4500, 4500), review("y", 4000, 4500), review("z", 1000, 1000)}),
                      candidate("torn", {review("x", 5000, 5000), review("y", 3000, 3000), review("z", 1000, 1000)}),
                      candidate("two", {review("x", 5000, 5000), review("z", 1000, 1000)})};
  auto const ranking = must(rank(input));
  for (auto const& track : ranking.tracks)
    for (auto const* lines : {&track.lines, &track.unranked})
      for (auto const& line : *lines)
        for (auto const& one : line.reviews)
          EXPECT_EQ(one.outlier, line.candidate == "one" && one.reviewer == "z") << line.candidate << one.reviewer;
}

TEST(Ranking, CalibratesOnlyWhereTheCallSaysSo) {
  auto input = two_criteria();
  for (int number = 0; number < 4; ++number)
    input.candidates.push_back(
        candidate("p" + std::to_string(number), {review("harsh", 3000, 3000), review("kind", 5000, 5000)}));
  EXPECT_EQ(must(rank(input)).tracks[0].lines[0].reviews[0].offset_millionths, 0);
  input.rules.calibration = Calibration{};
  auto const ranking = must(rank(input));
  auto const& calibrated = ranking.tracks[0].lines[0];
  // Four reviews of -0.2 each, over 4 + 4.
  EXPECT_EQ(calibrated.reviews[0].offset_millionths, -100'000);
  EXPECT_EQ(calibrated.reviews[0].used_millionths, 700'000);
  EXPECT_EQ(calibrated.reviews[1].used_millionths, 900'000);
  EXPECT_EQ(calibrated.score_millionths, 800'000);
}

TEST(Ranking, RefusesScoresOffTheScaleAndRulesThatContradictThemselves) {
  auto input = two_criteria();
  input.candidates = {candidate("p", {review("x", 5500, 2250), review("x", 0, 0)}), candidate("p", {})};
  input.candidates[0].reviews[1].scores_milli["style"] = 1;
  std::string pointers;
  auto const refused = rank(input);
  ASSERT_FALSE(refused);
  for (auto const& fault : refused.error().faults) pointers += fault.pointer + " ";
  EXPECT_EQ(pointers,
            "/candidates/0/reviews/0/scores_milli/excellence /candidates/0/reviews/0/scores_milli/impact "
            "/candidates/0/reviews/1/reviewer /candidates/0/reviews/1/scores_milli/style /candidates/1/id ");
  input.rules.tie_breaks = {{TieKind::lottery, ""}, {TieKind::criterion, "style"}};
  input.rules.criteria[1].step_milli = 300;
  EXPECT_EQ(rank(input).error().reason, "ranking_rules");
  EXPECT_EQ(rank(input).error().faults.size(), 4U);
}

// Raising one score never lowers a rank, whatever the rest; and each line can be recomputed from its own figures.
TEST(RankingProperty, ABetterScoreNeverHurtsAndEachLineAddsUp) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SeededRandom random{seed};
    auto const score = [&] { return static_cast<std::int64_t>(random.below(11)) * 500; };
    auto input = two_criteria();
    input.rules.criteria[0].threshold_milli.reset();
    if (random.below(2) == 0) input.rules.aggregate = Aggregate::median;
    for (int number = 0; number < 8; ++number)
      input.candidates.push_back(
          candidate("p" + std::to_string(number),
                    {review("x", score(), score()), review("y", score(), score()), review("z", score(), score())}));
    auto const before = must(rank(input));
    auto const place = random.below(input.candidates.size());
    auto& raised = input.candidates[place].reviews[random.below(3)].scores_milli["impact"];
    raised = std::min<std::int64_t>(raised + 500, 5000);
    auto const after = must(rank(input));
    auto const rank_in = [&](Ranking const& ranking) {
      return std::ranges::find(ranking.tracks[0].lines, input.candidates[place].id, &RankLine::candidate)->rank;
    };
    ASSERT_LE(rank_in(after), rank_in(before)) << "seed " << seed;
    for (auto const& line : after.tracks[0].lines) {
      std::vector<std::int64_t> used;
      for (auto const& one : line.reviews) used.push_back(one.used_millionths);
      std::ranges::sort(used);
      auto const mean = (2 * (used[0] + used[1] + used[2]) + 3) / 6;
      ASSERT_EQ(line.score_millionths, input.rules.aggregate == Aggregate::mean ? mean : used[1]) << "seed " << seed;
    }
  }
}

TEST(RankingJson, ComesBackTheSame) {
  auto input = two_criteria();
  input.candidates = {candidate("p", {review("x", 4000, 2500)})};
  auto const again = json::read<RankingInput>(json::write(input));
  ASSERT_TRUE(again);
  EXPECT_EQ(*digest(*again), *digest(input));
  auto const ranking = must(rank(input));
  auto const list = json::read<Ranking>(json::write(ranking));
  ASSERT_TRUE(list);
  EXPECT_EQ(*digest(*list), *digest(ranking));
}

}  // namespace
}  // namespace fabrica::matching
