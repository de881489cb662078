#include "matching/affinity.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace fabrica::matching {
namespace {

Affinity model_of(std::vector<AffinityParty> proposals, std::vector<AffinityParty> reviewers,
                  AffinityWeights weights = {}) {
  return *Affinity::build({std::move(proposals), std::move(reviewers), {}, {}, weights});
}
AffinityParty says(std::string text, std::vector<std::string> keywords = {}) {
  return {"x", std::move(text), std::move(keywords)};
}

struct Spelling {
  char const* name;
  char const* one;
  char const* other;
};
class AffinityFolding : public testing::TestWithParam<Spelling> {};
TEST_P(AffinityFolding, TwoSpellingsAreOneWord) {
  EXPECT_EQ(words_of(GetParam().one), words_of(GetParam().other));
  EXPECT_EQ(words_of(GetParam().one).size(), 1U);
}
INSTANTIATE_TEST_SUITE_P(
    Scripts, AffinityFolding,
    testing::Values(Spelling{"greek_capitals_lose_accents", "ΥΠΟΛΟΓΙΣΤΉΣ", "υπολογιστής"},
                    Spelling{"greek_final_sigma", "ΟΔΟΣ", "οδος"},
                    Spelling{"bulgarian", "МОДЕЛИРАНЕ", "моделиране"},
                    Spelling{"maltese", "ĦAĠRA", "ħaġra"},
                    Spelling{"combining_acute", "mode\u0301lisation", "modélisation"},
                    Spelling{"accent_left_out", "Universität", "UNIVERSITAT"},
                    Spelling{"german_sharp_s", "STRASSE", "straße"},
                    Spelling{"ligature", "\uFB01nance", "Finance"},
                    Spelling{"full_width", "\uFF27\uFF30\uFF35", "gpu"},
                    Spelling{"arabic_vowel_marks", "مُحَمَّد", "محمد"},
                    Spelling{"arabic_presentation_forms", "\uFEE3\uFEA4\uFEE4\uFEAA", "محمد"}),
    [](auto const& one) { return std::string{one.param.name}; });

TEST(AffinityWords, KeepDigitsSignsAndEveryLetter) {
  EXPECT_EQ(words_of("Modélisation énergétique des réseaux 3D, GPT-4, C++ & C#; sol-gel"),
            (std::vector<std::string>{"modelisation", "energetique", "des", "reseaux", "3d", "gpt-4", "c++", "c#", "sol",
                                      "gel"}));
  EXPECT_EQ(words_of("Ħal Għargħur — ġeoloġija"), (std::vector<std::string>{"ħal", "għargħur", "geologija"}));
  EXPECT_TRUE(words_of(" ,;— ").empty());
  EXPECT_TRUE(words_of("\xff\xfe").empty());
  // A vowel sign of Devanagari is no accent.
  EXPECT_NE(words_of("कि"), words_of("क"));
}

// A peer's rule made any two texts that share one word equal, when no corpus was there.
TEST(AffinityText, OneSharedWordIsFarFromTheSameText) {
  auto const model = model_of({says("Medieval manuscripts in Europe")},
                              {says("Protein folding across Europe"), says("medieval manuscripts in europe")});
  auto const list = model.candidates(0);
  EXPECT_GT(list[0].affinity_millionths, 0);
  EXPECT_LT(list[0].affinity_millionths, 200'000);
  EXPECT_EQ(list[1].affinity_millionths, 500'000);
}

// The other half of that trap: what every text contains weighed nothing at all.
TEST(AffinityText, AWordInEveryTextStillCounts) {
  auto const model = model_of({says("energy")}, {says("energy"), says("energy law")});
  auto const list = model.candidates(0);
  EXPECT_EQ(list[0].affinity_millionths, 500'000);
  EXPECT_GT(list[1].affinity_millionths, 100'000);
  EXPECT_LT(list[1].affinity_millionths, 500'000);
}

struct Language {
  char const* name;
  char const* proposal;
  char const* fits;
  char const* other;
};
class AffinityLanguage : public testing::TestWithParam<Language> {};
TEST_P(AffinityLanguage, InflectedWordsOfTheSubjectWin) {
  auto const model = model_of({says(GetParam().proposal)}, {says(GetParam().other), says(GetParam().fits)});
  auto const best = model.candidates(0, 1);
  ASSERT_EQ(best.size(), 1U);
  EXPECT_EQ(best[0].reviewer, 1U);
  EXPECT_GT(best[0].affinity_millionths, 2 * model.candidates(0)[0].affinity_millionths);
}
INSTANTIATE_TEST_SUITE_P(
    Languages, AffinityLanguage,
    testing::Values(
        Language{"greek", "Αναδίπλωση πρωτεϊνών με νευρωνικά δίκτυα",
                 "Νευρωνικό δίκτυο για πρωτεΐνες",
                 "Μεσαιωνικά χειρόγραφα της Κρήτης"},
        Language{"bulgarian", "Климатични модели за Черно море",
                 "Моделиране на климата, черноморски течения",
                 "Право на обществените поръчки"},
        Language{"maltese", "Ġenerazzjoni tal-lingwa Maltija",
                 "Mudelli tal-lingwa għall-Malti",
                 "Fiżika tal-plażma"},
        Language{"arabic", "نماذج لغوية كبيرة للعربية",
                 "النماذج اللغوية العربية",
                 "كيمياء المواد"},
        Language{"finnish", "Ilmastomallien laskenta supertietokoneella",
                 "Supertietokoneet ja ilmastomalli",
                 "Keskiajan historia"},
        Language{"japanese", "気候モデルの計算",
                 "気候変動モデル",
                 "中世史料"}),
    [](auto const& one) { return std::string{one.param.name}; });

TEST(AffinityKeywords, MeetAcrossCaseAccentsAndOrderOfTheList) {
  auto const model = model_of({says("", {"Énergie", "C++", "Машинно обучение"})},
                              {says("", {"машинно  ОБУЧЕНИЕ", "energie", "c++"}), says("", {"droit", "histoire"})});
  auto const reasons = model.explain(0, 0);
  ASSERT_TRUE(reasons);
  EXPECT_EQ(reasons->keywords_millionths, 500'000);
  EXPECT_EQ(reasons->keywords, (std::vector<std::string>{"Énergie", "C++", "Машинно обучение"}));
  EXPECT_EQ(model.explain(0, 1)->keywords_millionths, 0);
}

TEST(AffinityBids, AddAndTakeWhatTheirWeightSays) {
  AffinityInput input;
  input.proposals = {says("climate")};
  for (int r = 0; r < 4; ++r) input.reviewers.push_back(says("climate"));
  input.bids = {{0, 1, Bid::eager}, {0, 2, Bid::willing}, {0, 3, Bid::not_willing}};
  input.past_loads = {10, 0, 5, 0};
  input.weights.past_load = 100;
  auto const list = Affinity::build(std::move(input))->candidates(0);
  EXPECT_EQ(list[0].affinity_millionths, 500'000 - 100'000);
  EXPECT_EQ(list[1].affinity_millionths, 500'000 + 300'000);
  EXPECT_EQ(list[2].affinity_millionths, 500'000 + 150'000 - 50'000);
  EXPECT_EQ(list[3].affinity_millionths, 500'000 - 150'000);
}

TEST(AffinityExplained, PartsSumAndTermsNameBothSpellings) {
  auto const model = model_of({says("Νευρωνικά δίκτυα για το κλίμα", {"climate"})},
                              {says("νευρωνικό δίκτυο", {"Climate"}), says("law")});
  auto const reasons = model.explain(0, 0);
  ASSERT_TRUE(reasons);
  EXPECT_EQ(reasons->affinity_millionths, model.candidates(0)[0].affinity_millionths);
  EXPECT_EQ(reasons->affinity_millionths, reasons->text_millionths + reasons->keywords_millionths);
  auto const shares = std::accumulate(reasons->terms.begin(), reasons->terms.end(), 0,
                                      [](int sum, SharedTerm const& term) { return sum + term.share_millionths; });
  EXPECT_NEAR(shares, reasons->text_millionths, 10);
  ASSERT_GE(reasons->terms.size(), 3U);
  auto const found = std::ranges::find(reasons->terms, "νευρωνικα", &SharedTerm::term);
  ASSERT_NE(found, reasons->terms.end());
  EXPECT_EQ(found->matches, "νευρωνικο");
  EXPECT_FALSE(model.explain(0, 2));
}

TEST(AffinityExplained, IsTheSameWhoeverElseIsAsked) {
  auto const model = model_of({says("quantum chemistry"), says("quantum law")}, {says("chemistry of quantum dots")});
  EXPECT_EQ(model.candidates(0)[0].affinity_millionths, model.explain(0, 0)->affinity_millionths);
  EXPECT_EQ(model.candidates(1)[0].affinity_millionths, model.explain(1, 0)->affinity_millionths);
  EXPECT_TRUE(model.candidates(2).empty());
}

TEST(AffinityText, EmptyTextsHaveNoAffinity) {
  auto const model = model_of({says("")}, {says("anything"), says("")});
  EXPECT_EQ(model.candidates(0)[0].affinity_millionths, 0);
  EXPECT_EQ(model.candidates(0)[1].affinity_millionths, 0);
}

TEST(AffinityInput, IsRefusedAtTheFault) {
  AffinityInput input;
  input.proposals = {says("fine"), says("\xc3\x28")};
  input.reviewers = {says("x")};
  input.bids = {{5, 0, Bid::eager}};
  input.past_loads = {1, 2};
  auto const model = Affinity::build(std::move(input));
  ASSERT_FALSE(model);
  std::vector<std::string> at;
  for (auto const& fault : model.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/proposals/1/text", "/past_loads", "/bids/0"}));
}

}  // namespace
}  // namespace fabrica::matching
