#include "calls/templates.hpp"

#include <gtest/gtest.h>

#include "calls/rules.hpp"
#include "forms/shipped.hpp"

namespace fabrica::calls {
namespace {

schedule::CallTemplate const& shipped(std::string_view key) {
  return *schedule::find_template(schedule::templates(), key);
}

TemplateChoices choices() {
  TemplateChoices out;
  out.opens = Time{1'793'000'000 * kSecond};
  out.offers = {{"meluxina/gpu", {}, 100, 90'000, 500'000}};
  return out;
}

std::vector<std::string> faults(Result<CallDraft> const& made) {
  std::vector<std::string> out;
  if (!made)
    for (auto const& one : made.error().faults) out.push_back(one.pointer);
  return out;
}

TEST(CallTemplates, EveryUsableOneMakesACallThatIsSound) {
  int made = 0;
  for (auto const& one : schedule::templates().templates) {
    if (one.state != schedule::TemplateState::usable) continue;
    auto const draft = draft_of(one, choices());
    ASSERT_TRUE(draft) << one.key << ": " << draft.error().what;
    auto const sound = check(*draft);
    EXPECT_TRUE(sound) << one.key << ": " << sound.error().what << " " << sound.error().faults[0].pointer;
    EXPECT_EQ(draft->source, one.source);
    ++made;
  }
  EXPECT_GE(made, 6);
}

TEST(CallTemplates, ChoicesStandBeforeTheTemplate) {
  auto chosen = choices();
  chosen.title = "Ours";
  chosen.duration_days_max = 30;
  chosen.countries = {{"LV"}};
  auto const draft = draft_of(shipped("ai_large_scale"), chosen);
  ASSERT_TRUE(draft) << draft.error().what;
  EXPECT_EQ(draft->title, "Ours");
  EXPECT_EQ(draft->duration_days_max, 30);
  EXPECT_EQ(draft->countries, (std::vector<std::string>{"LV"}));
  EXPECT_EQ(draft->answer_working_days, 10);
  EXPECT_EQ(draft->reviewed->form, "eurohpc-ai-application-2026");
  EXPECT_EQ(draft->reviewed->ranking.criteria.size(), 3U);
  EXPECT_EQ(draft->reviewed->ranking.criteria[0].threshold_milli, 3000);
  EXPECT_EQ(draft->reviewed->ranking.threshold_millionths, 666'667);
}

TEST(CallTemplates, AFixedPackageIsAsMuchAsItIs) {
  auto chosen = choices();
  chosen.offers = {{"meluxina/gpu", {}, {}, {}, 100'000}};
  auto const draft = draft_of(shipped("ai_playground"), chosen);
  ASSERT_TRUE(draft) << draft.error().what;
  EXPECT_EQ(draft->offers[0].min_units, 5000);
  EXPECT_EQ(draft->offers[0].max_units, 5000);
  EXPECT_EQ(draft->form, "first-come-short");
  EXPECT_EQ(draft->duration_days_max, 92);
  auto const more = draft_of(shipped("ai_fast_lane"), chosen);
  ASSERT_TRUE(more) << more.error().what;
  EXPECT_EQ(more->offers[0].min_units, 10'001);
}

TEST(CallTemplates, WhatIsNotKnownHasToBeChosen) {
  auto const missing = faults(draft_of(shipped("hosting_entities_ai_01"), choices()));
  EXPECT_NE(std::ranges::find(missing, "/questions_settled"), missing.end());
  EXPECT_NE(std::ranges::find(missing, "/duration_days_max"), missing.end());
  EXPECT_NE(std::ranges::find(missing, "/ranking"), missing.end());
  auto const old = draft_of(shipped("ai_data_intensive"), choices());
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().reason, "template_superseded");
}

TEST(CallTemplates, AFirstComeCallHasNoRulesOfReview) {
  auto chosen = choices();
  chosen.steps = {{{StepKind::decision, {}, {}, false}}};
  EXPECT_EQ(faults(draft_of(shipped("ai_playground"), chosen)), (std::vector<std::string>{"/steps"}));
}

// domain: six headings, and whether the work is civilian and free of dual use; short where the call is short, and not
// where no research is applied for.
TEST(CallTemplates, EveryComputingCallAsksForEthicsAndCivilianUseToItsScale) {
  constexpr std::array<std::string_view, 6> kLong{"ethics_agency",           "ethics_privacy_lawfulness",
                                                  "ethics_fairness",         "ethics_wellbeing_people",
                                                  "ethics_transparency_how", "ethics_accountability"};
  constexpr std::array<std::string_view, 6> kShort{"agency",     "privacy",      "fairness",
                                                   "well_being", "transparency", "accountability"};
  for (auto const& one : schedule::templates().templates) {
    if (!one.form || one.funding) continue;
    auto const form = forms::shipped(*one.form);
    ASSERT_TRUE(form) << one.key;
    for (auto const* field : {"civilian_purposes", "dual_use_listed", "restricted_party", "prohibited_practice"})
      EXPECT_TRUE(forms::find(*form, field)) << one.key << " " << field;
    if (one.kind == schedule::TemplateKind::reviewed) {
      for (auto const field : kLong) EXPECT_TRUE(forms::find(*form, field)) << one.key << " " << field;
      EXPECT_TRUE(forms::find(*form, "ethics_wellbeing_environment")) << one.key;
    } else {
      auto const* concerns = forms::find(*form, "ethics_concerns");
      ASSERT_TRUE(concerns) << one.key;
      for (auto const option : kShort)
        EXPECT_NE(std::ranges::find(concerns->options, option, &forms::Option::key), concerns->options.end()) << option;
    }
  }
}

}  // namespace
}  // namespace fabrica::calls
