#include "trust/assessment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace fabrica::trust {
namespace {

using Answers = std::vector<std::pair<std::string, Answer>>;

std::vector<Rule> const& test_rules() {
  static auto const rules = shipped_rules().value();
  return rules;
}
std::vector<Duty> const& test_duties() {
  static auto const duties = shipped_duties().value();
  return duties;
}

constexpr auto kYes = Answer::yes;
constexpr auto kNo = Answer::no;

// What the cases share: a provider in the Union who releases; none of the rest. A case replaces what differs.
AssessmentInput input(Answers const& given) {
  Answers answers{{"S1", kYes},         {"S2", kYes},
                  {"S3", kNo},          {"S4", kNo},
                  {"S5", kNo},          {"S6", kNo},
                  {"R1", kYes},         {"R2", kNo},
                  {"R", kNo},           {"P", kNo},
                  {"A", kNo},           {"H1", kNo},
                  {"T1", kNo},          {"T2", kNo},
                  {"T3", kNo},          {"T4", kNo},
                  {"T5", kNo},          {"D", kNo},
                  {"G4", kNo},          {"G5.modifies", kNo},
                  {"generality", kNo},  {"G1.generative", kNo},
                  {"G9.expected", kNo}, {"G10", kNo},
                  {"system", kYes},     {"model", kYes},
                  {"S7.licence", kNo},  {"G8.licence", kNo},
                  {"G8.public", kNo}};
  for (auto const& [question, answer] : given) {
    auto const same = std::ranges::find(answers, question, &Answers::value_type::first);
    if (same == answers.end()) answers.emplace_back(question, answer);
    else same->second = answer;
  }
  AssessmentInput out;
  out.date = "2026-11-23";
  for (auto const& [question, answer] : answers) out.answers.push_back({question, answer, "stated by the case", {}});
  return out;
}

FlopBounds flop(double value) { return {value, value, "6PD"}; }

Assessment assessed(AssessmentInput const& given) {
  auto result = assess(given, test_rules(), test_duties());
  EXPECT_TRUE(result) << result.error().what;
  return result ? *result : Assessment{};
}

// The classes but for roles and what every operator has.
std::vector<std::string> classes(Assessment const& a) {
  auto out = a.classes;
  for (auto name : {"PROVIDER", "DEPLOYER", "LITERACY"}) std::erase(out, name);
  return out;
}

Finding const& finding(Assessment const& a, std::string_view name) {
  auto const found = std::ranges::find(a.findings, name, &Finding::class_name);
  static Finding const none;
  EXPECT_NE(found, a.findings.end()) << name;
  return found == a.findings.end() ? none : *found;
}

bool led_by(Finding const& f, std::string_view rule) { return std::ranges::find(f.rules, rule) != f.rules.end(); }

using Set = std::vector<std::string>;

AssessmentInput open_model() {
  auto in = input(
      {{"system", kNo}, {"G1.generative", kYes}, {"generality", kYes}, {"G8.licence", kYes}, {"G8.public", kYes}});
  in.training = flop(6.0 * 8e9 * 15e12);
  return in;
}

AssessmentInput chatbot() {
  auto in = input({{"G5.modifies", kYes}, {"T1", kYes}, {"T2", kYes}});
  in.training = flop(6.0 * 8e9 * 40e6);
  in.upstream = flop(7.2e23);
  return in;
}

TEST(KnownCase, OpenWeightModelOfEightBillionIsGeneralPurposeWithTheLighterList) {
  auto const a = assessed(open_model());
  EXPECT_EQ(classes(a), (Set{"GPAI", "GPAI_FOSS"}));
  EXPECT_EQ(finding(a, "GPAI").applies_from, "2025-08-02");
  EXPECT_TRUE(led_by(finding(a, "GPAI"), "G1"));
  EXPECT_EQ(a.due("training_content_summary").state, DueState::due);
  EXPECT_EQ(a.due("gpai_documentation").state, DueState::voluntary);
}

TEST(KnownCase, LoraChatbotIsDownstreamWithTransparency) {
  auto const a = assessed(chatbot());
  EXPECT_EQ(classes(a), (Set{"DOWNSTREAM", "TRANSPARENCY_INTERACT", "TRANSPARENCY_MARK"}));
  EXPECT_TRUE(a.has("PROVIDER"));
  EXPECT_TRUE(led_by(finding(a, "DOWNSTREAM"), "G7"));
}

TEST(KnownCase, ScreeningApplicantsByProfileIsHighRiskAndKeepsTransparency) {
  auto in = chatbot();
  in.answers.push_back({"A4a", kYes, "filters applications", {"#4"}});
  in.answers.push_back({"H20", kYes, "profiles applicants", {}});
  auto const a = assessed(in);
  EXPECT_EQ(classes(a), (Set{"DOWNSTREAM", "HR_ANNEX_III", "TRANSPARENCY_INTERACT", "TRANSPARENCY_MARK"}));
  auto const& high = finding(a, "HR_ANNEX_III");
  EXPECT_EQ(high.applies_from, "2027-12-02");
  EXPECT_FALSE(high.applies);
  EXPECT_TRUE(led_by(high, "A4a") && led_by(high, "H20"));
  EXPECT_EQ(a.due("technical_documentation").state, DueState::voluntary);
  in.date = "2027-12-02";
  EXPECT_EQ(assessed(in).due("technical_documentation").state, DueState::due);
}

TEST(KnownCase, SpamClassifierInHouseIsMinimal) {
  auto in = input({{"R1", kNo}, {"R2", kYes}, {"R11", kNo}});
  in.training = flop(6.0 * 124e6 * 1e9);
  auto const a = assessed(in);
  EXPECT_EQ(classes(a), (Set{"MINIMAL"}));
  EXPECT_TRUE(a.has("LITERACY"));
  for (auto const& document : a.documents) EXPECT_EQ(document.state, DueState::voluntary) << document.document;
}

TEST(KnownCase, CvParserThatOnlyExtractsIsDerogatedAndRecordsBothReadings) {
  auto in = input({{"A4a", kYes},
                   {"H20", kNo},
                   {"H21.no_risk", kYes},
                   {"H21.a", kYes},
                   {"H21.b", kNo},
                   {"H21.c", kNo},
                   {"H21.d", kYes}});
  in.training = flop(1e18);
  auto const a = assessed(in);
  EXPECT_EQ(classes(a), (Set{"NOT_HR_DEROGATED"}));
  ASSERT_EQ(a.readings.size(), 2U);
  EXPECT_EQ(a.readings[0].citation, "Art 49(2)");
  EXPECT_TRUE(a.readings[0].applies);
  EXPECT_FALSE(a.readings[1].applies);
  auto const registers = [](DutyFinding const& d) { return d.citation.starts_with("Art 49(2)"); };
  EXPECT_TRUE(std::ranges::any_of(a.duties, registers));
  std::ranges::find(in.answers, "H20", &GivenAnswer::question)->answer = kYes;
  EXPECT_EQ(classes(assessed(in)), (Set{"HR_ANNEX_III"}));
}

TEST(KnownCase, IntimateImagesWithoutSafeguardAreProhibitedFromDecember) {
  auto in = input({{"P3", kYes}, {"G1.generative", kYes}, {"T2", kYes}});
  in.training = flop(1e20);
  auto a = assessed(in);
  EXPECT_EQ(classes(a), (Set{"PROHIBITED", "TRANSPARENCY_MARK"}));
  EXPECT_EQ(finding(a, "PROHIBITED").applies_from, "2026-12-02");
  EXPECT_FALSE(finding(a, "PROHIBITED").applies);
  in.date = "2026-12-02";
  a = assessed(in);
  EXPECT_TRUE(finding(a, "PROHIBITED").applies);
}

TEST(KnownCase, SafetyComponentOfALiftIsHighRiskByAnnexOneA) {
  auto in = input({{"H1", kYes}, {"H2", kNo}, {"H4", kYes}, {"H5", kYes}, {"H6", kNo}});
  in.training = flop(1e18);
  auto const a = assessed(in);
  EXPECT_EQ(classes(a), (Set{"HR_ANNEX_I_A"}));
  EXPECT_EQ(finding(a, "HR_ANNEX_I_A").applies_from, "2028-08-02");
}

TEST(KnownCase, MachineryIsAnnexOneB) {
  auto in = input({{"H1", kYes}, {"H2", kYes}, {"H3", kYes}, {"H4", kYes}, {"H5", kNo}, {"H6", kYes}});
  in.training = flop(1e18);
  EXPECT_EQ(classes(assessed(in)), (Set{"HR_ANNEX_I_B"}));
}

TEST(KnownCase, UniversityModelInItsOwnStudyIsOutOfScope) {
  auto const a = assessed(input({{"S4", kYes}}));
  EXPECT_EQ(a.classes, (Set{"OUT_SCIENCE"}));
  EXPECT_TRUE(a.duties.empty());
  EXPECT_NE(finding(a, "OUT_SCIENCE").note.find("any release"), std::string::npos);
}

TEST(KnownCase, ContinuedPreTrainingOverAThirdOfTheCriterionMakesAProvider) {
  auto in = input({{"system", kNo}, {"G5.modifies", kYes}, {"G6.inestimable", kYes}, {"G6.systemic", kNo}});
  in.training = flop(4e22);
  auto const a = assessed(in);
  EXPECT_EQ(classes(a), (Set{"GPAI"}));
  EXPECT_TRUE(led_by(finding(a, "GPAI"), "G6"));
  EXPECT_NE(finding(a, "GPAI").note.find("limited to the modification"), std::string::npos);
  in.training = flop(3.3e22);
  EXPECT_EQ(classes(assessed(in)), (Set{"DOWNSTREAM", "MINIMAL"}));
}

TEST(Assessment, UnknownNeverLowersAClass) {
  // Every answer of a case that leads somewhere is made unknown in turn: what was found stays found, or is open.
  auto screening = chatbot();
  screening.answers.push_back({"A4a", kYes, "filters", {}});
  screening.answers.push_back({"H20", kYes, "profiles", {}});
  for (auto const& in : {open_model(), chatbot(), screening}) {
    auto const known = assessed(in);
    for (std::size_t i = 0; i < in.answers.size(); ++i) {
      auto changed = in;
      if (changed.answers[i].question.size() == 1) changed.answers.erase(changed.answers.begin() + static_cast<int>(i));
      else changed.answers[i].answer = Answer::unknown;
      auto const a = assessed(changed);
      for (auto const& name : known.classes) {
        bool const open = std::ranges::find(a.open, name, &OpenClass::class_name) != a.open.end();
        EXPECT_TRUE(a.has(name) || open) << name << " without " << in.answers[i].question;
      }
      EXPECT_FALSE(a.has("MINIMAL")) << in.answers[i].question;
      for (auto const& document : known.documents) {
        if (document.state != DueState::due) continue;
        EXPECT_NE(a.due(document.document).state, DueState::voluntary) << in.answers[i].question;
      }
    }
  }
}

TEST(Assessment, IsUndeterminedWithoutAnyAnswer) {
  AssessmentInput in;
  in.date = "2026-11-23";
  auto const a = assessed(in);
  EXPECT_TRUE(a.has(kUndetermined));
  EXPECT_FALSE(a.has("MINIMAL"));
  EXPECT_EQ(a.due("gpai_documentation").state, DueState::undetermined);
  EXPECT_EQ(a.due("technical_documentation").state, DueState::undetermined);
}

TEST(Assessment, BoundsDecideOnlyWhereTheyLieOnOneSide) {
  auto in = open_model();
  in.training = {1e22, 5e23, "GPU-seconds x peak"};
  auto const a = assessed(in);
  EXPECT_FALSE(a.has("GPAI"));
  EXPECT_TRUE(a.has(kUndetermined));
  EXPECT_EQ(a.due("training_content_summary").state, DueState::undetermined);
  in.training = {std::nullopt, 9e22, "GPU-seconds x peak"};
  std::ranges::find(in.answers, "generality", &GivenAnswer::question)->answer = kNo;
  EXPECT_EQ(classes(assessed(in)), (Set{"MINIMAL"}));
}

TEST(Assessment, BelowTheCriterionButGeneralAsksAPerson) {
  auto in = open_model();
  in.training = flop(1e22);
  auto a = assessed(in);
  EXPECT_EQ(classes(a), (Set{"GPAI_POSSIBLE", "UNDETERMINED"}));
  in.answers.push_back({"G3.decision", kYes, "decided by the responsible person", {}});
  a = assessed(in);
  EXPECT_TRUE(a.has("GPAI"));
}

TEST(Assessment, BeforeTheMarketClassesAreShadowsWithoutDuties) {
  auto in = open_model();
  std::ranges::find(in.answers, "S5", &GivenAnswer::question)->answer = kYes;
  auto const a = assessed(in);
  EXPECT_TRUE(a.has("PRE_MARKET") && a.has("GPAI"));
  EXPECT_TRUE(finding(a, "GPAI").shadow);
  for (auto const& duty : a.duties) EXPECT_EQ(duty.state, DutyState::shadow);
  EXPECT_EQ(a.due("training_content_summary").state, DueState::voluntary);
  EXPECT_NE(a.due("training_content_summary").because.find("produced voluntarily"), std::string::npos);
}

TEST(Assessment, SystemicRiskTakesTheOpenLicenceExemptionAway) {
  auto in = open_model();
  in.training = flop(2e25);
  auto const a = assessed(in);
  EXPECT_EQ(classes(a), (Set{"GPAI", "GPAI_SR"}));
  EXPECT_EQ(a.due("gpai_documentation").state, DueState::due);
}

TEST(Assessment, ModelFromBeforeAugust2025HasUntil2027) {
  auto in = open_model();
  in.placed_on_market = "2025-07-01";
  EXPECT_EQ(assessed(in).due("training_content_summary").state, DueState::voluntary);
  in.date = "2027-08-02";
  EXPECT_EQ(assessed(in).due("training_content_summary").state, DueState::due);
}

TEST(Assessment, RefusesWhatIsNoAnswer) {
  auto in = open_model();
  in.date = "2026-02-30";
  in.answers.push_back({"Z9", kYes, "x", {}});
  in.answers.push_back({"G7", kYes, "x", {}});
  in.answers.push_back({"D1", kYes, "", {}});
  in.answers.push_back({"S1", kYes, "again", {}});
  in.training = {5, 4, ""};
  std::ranges::find(in.answers, "A", &GivenAnswer::question)->answer = kYes;
  auto const refused = assess(in, test_rules(), test_duties());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "assessment");
  EXPECT_EQ(refused.error().faults.size(), 7U);
}

TEST(RuleTable, IsRefusedWithoutARuleOrWithOneTwice) {
  std::string const header = "id\tcondition\toutcome\tcitation\tapplies_from\n";
  EXPECT_FALSE(parse_rules(header + "S1\tx\ty\tArt 3\t2025-02-02\n"));
  EXPECT_FALSE(parse_rules(header + "S1\tx\ty\n"));
  EXPECT_FALSE(parse_rules("id\toutcome\n"));
  EXPECT_FALSE(
      parse_duties("class\tduty\tcitation\tapplies_from\tdocument\tsource\tconfidence\nA\tb\tc\tsoon\t\ts\tc\n"));
  EXPECT_EQ(test_rules().size(), 85U);
}

TEST(RuleTable, FindsTheDatesInItsWords) {
  EXPECT_EQ(dates_in("HR 2027-12-02/2028-08-02; GPAI 2025-08-02"), (Set{"2027-12-02", "2028-08-02", "2025-08-02"}));
  EXPECT_TRUE(dates_in("as the parent duty").empty());
  EXPECT_FALSE(is_date("2026-13-01"));
}

TEST(Questions, CoverEveryRowAndFinerQuestion) {
  auto const all = question_list(test_rules());
  EXPECT_EQ(all.size(), 85U - 14U + 17U);
  EXPECT_NE(std::ranges::find(all, "H21.no_risk", &Question::id), all.end());
}

}  // namespace
}  // namespace fabrica::trust
