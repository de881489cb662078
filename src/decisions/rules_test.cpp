#include "decisions/rules.hpp"

#include <gtest/gtest.h>

#include "decisions/letters.hpp"

namespace fabrica::decisions {
namespace {

calls::ReviewedRules rules_with(bool expert) {
  calls::ReviewedRules rules;
  rules.steps = {{calls::StepKind::administrative, {}, {}, false}};
  if (expert) rules.steps.push_back({calls::StepKind::expert, {}, {}, false});
  rules.steps.push_back({calls::StepKind::decision, {}, {}, false});
  rules.ranking.criteria = {{"excellence", 0, 5000, 500, 1, 3000}};
  rules.ranking.tie_breaks = {{matching::TieKind::criterion, "excellence"}, {matching::TieKind::earlier, ""}};
  return rules;
}

TEST(RankingRules, EndWithTheLotteryOfTheRound) {
  auto const out = ranking_rules(rules_with(true), "abc");
  ASSERT_EQ(out.tie_breaks.size(), 3u);
  EXPECT_EQ(out.tie_breaks.back().kind, matching::TieKind::lottery);
  EXPECT_EQ(out.lottery_commitment, "abc");
}

TEST(RankingRules, WithoutReviewsEverybodyWhoPassedIsEqual) {
  auto const out = ranking_rules(rules_with(false), "");
  ASSERT_EQ(out.criteria.size(), 1u);
  EXPECT_EQ(out.criteria[0].id, kPassedCriterion);
  EXPECT_EQ(out.tie_breaks.front().kind, matching::TieKind::earlier) << "no criterion is left to look at";
  EXPECT_EQ(passed_review().scores_milli.at(std::string{kPassedCriterion}), 1);
}

TEST(RankingRules, AreTheSameWhereTheyRankAndAwardAlike) {
  auto other = rules_with(true);
  other.form = "another";
  EXPECT_TRUE(same_rules(rules_with(true), other)) << "the form ranks nobody";
  other.award_rule = matching::AwardRule::scale;
  EXPECT_FALSE(same_rules(rules_with(true), other));
  EXPECT_FALSE(same_rules(rules_with(true), rules_with(false)));
}

TEST(Options, AreCutByAnOfficersLimitAndDroppedBelowTheMinimum) {
  calls::Contender one;
  one.id = *PublicId::parse("01890a5d-ac96-774b-bcce-b302099a8057");
  one.choices = {{"a", 100, 50}, {"b", 80, 80}};
  Change limit{{}, one.id, ChangeKind::limit, "a", 60, "", {}};
  EXPECT_EQ(options_of(one, {limit}).at(0).recommended, 60);
  limit.units = 40;
  auto const left = options_of(one, {limit});
  ASSERT_EQ(left.size(), 1u) << "40 would be of no use";
  EXPECT_EQ(left[0].system, "b");
}

TEST(Median, IsOfTheMiddleAndTheLowerOfTwo) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({7}), 7);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({9, 1, 5, 7}), 5);
}

TEST(Letter, SaysWhatWasDecidedAndUntilWhenToAppeal) {
  LetterFacts facts{.call_title = "Call", .round_name = "2026-11-15 10:00", .title = "<b>"};
  facts.outcome = OutcomeKind::rejected;
  facts.reason = "Not ranked.";
  facts.steps = {{{}, 0, calls::StepKind::administrative, calls::StepState::failed, {}, false, "No CV & no form.", {}}};
  facts.appeal_before = Time{86'400 * kSecond};
  auto const text = letter_text(facts);
  EXPECT_NE(text.find("is not awarded."), std::string::npos);
  EXPECT_NE(text.find("You may appeal before 1970-01-02T00:00:00Z"), std::string::npos) << text;
  auto const html = letter_html(facts);
  EXPECT_NE(html.find("No CV &amp; no form."), std::string::npos);
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  facts.outcome = OutcomeKind::awarded;
  facts.partition = "lumi/gpu";
  facts.unit = unit_word(budget::Unit::gpu_hour);
  facts.amount_units = 5000;
  EXPECT_NE(letter_text(facts).find("awarded 5000 GPU-hours on lumi/gpu"), std::string::npos);
  EXPECT_EQ(letter_text(facts).find("appeal"), std::string::npos);
}

}  // namespace
}  // namespace fabrica::decisions
