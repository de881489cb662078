#include "forms/shipped.hpp"

#include <gtest/gtest.h>

#include <set>

#include "forms/render.hpp"
#include "forms/testing/filler.hpp"

namespace fabrica::forms {
namespace {

Form form_of(std::string_view key) {
  auto form = shipped(key);
  EXPECT_TRUE(form) << key << ": " << form.error().what;
  if (!form)
    for (auto const& fault : form.error().faults) ADD_FAILURE() << key << fault.pointer << ' ' << fault.what;
  return form ? *std::move(form) : Form{};
}

std::string section_json(Form const& form, std::string_view key) {
  for (auto const& section : form.sections)
    if (section.key == key) return json::write(section);
  return {};
}

TEST(ShippedForms, AreThoseTheReadmeLists) {
  EXPECT_EQ(shipped_keys(),
            (std::vector<std::string>{"ethics-self-assessment", "ethics-self-assessment-short",
                                      "eurohpc-ai-application-2026", "extension-request", "final-report-2023",
                                      "first-come-short", "hosting-entity-2024", "transfer-request"}));
  EXPECT_EQ(shipped("no-such").error().reason, "form");
}

TEST(ShippedForms, ParseAndCarryTheirOwnKey) {
  for (auto const& key : shipped_keys()) EXPECT_EQ(form_of(key).key, key);
}

TEST(ShippedForms, AcceptACompleteAnswerAndAskForItsParts) {
  for (auto const& key : shipped_keys()) {
    auto const form = form_of(key);
    auto answers = testing::filled(form);
    auto const whole = check(form, json::write(answers), Stage::submission);
    ASSERT_TRUE(whole) << key << whole.error().what;
    for (auto const& fault : whole->faults)
      ADD_FAILURE() << key << fault.pointer << ' ' << fault.rule << ' ' << fault.what;
    EXPECT_EQ(whole->progress.answered, whole->progress.required) << key;
    // What was accepted is accepted again, byte for byte.
    auto const again = check(form, whole->answers, Stage::submission);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->answers, whole->answers) << key;
    EXPECT_EQ(again->answers_digest, whole->answers_digest) << key;
    EXPECT_TRUE(again->dropped.empty()) << key;
    // Each required field is missed when it is taken away.
    for (auto const& section : form.sections)
      for (auto const& field : section.fields) {
        if (field.required != Need::always || field.shown_when) continue;
        auto fewer = answers;
        fewer.erase(field.key);
        auto const report = check(form, json::write(fewer), Stage::submission, whole->form_digest);
        ASSERT_TRUE(report);
        bool missed = false;
        for (auto const& fault : report->faults) missed = missed || fault.pointer == "/" + field.key;
        EXPECT_TRUE(missed) << key << ' ' << field.key;
      }
  }
}

TEST(ShippedForms, RenderEverywhere) {
  for (auto const& key : shipped_keys()) {
    auto const form = form_of(key);
    auto const answers = json::write(testing::filled(form));
    for (auto audience :
         {Audience::applicant, Audience::officer, Audience::reviewer, Audience::panel, Audience::public_}) {
      auto const shown = sheet(form, answers, {audience, audience == Audience::reviewer});
      ASSERT_TRUE(shown) << key;
      EXPECT_TRUE(html(*shown, {}).ends_with("</html>\n"));
    }
    EXPECT_TRUE(json::Document::parse(json_schema(form, Stage::submission))) << key;
    EXPECT_TRUE(json::Document::parse(json_schema(form, Stage::draft))) << key;
  }
}

TEST(ShippedForms, HaveOneEthicsAndOneDualUsePartEach) {
  auto const full = form_of("eurohpc-ai-application-2026");
  auto const brief = form_of("first-come-short");
  for (auto const* key : {"ethics", "civilian_use"}) {
    EXPECT_EQ(section_json(full, key), section_json(form_of("ethics-self-assessment"), key));
    EXPECT_EQ(section_json(brief, key), section_json(form_of("ethics-self-assessment-short"), key));
  }
}

// What the application form of 2026 asks, in its order.
constexpr std::string_view kAsked =
    "title abstract keywords civilian_purposes confidential_part personal_data_processed application_kind "
    "industry_involved academia_involved public_sector_involved pi_title pi_given_names pi_family_names "
    "pi_email pi_phone pi_job_title pi_contract pi_website org_name org_type org_research_activity "
    "org_head_office_in_europe org_rd_in_europe org_department org_group org_address org_country org_vat "
    "org_pic patents earlier_allocations ec_grants talks cv contact_is_pi team partition requested_amount "
    "codes jobs_simultaneous wall_time can_checkpoint checkpoint_hours_max checkpoint_hours_desired "
    "gpus_per_job_average gpus_per_job_max gpus_per_node cores_per_job_average cores_per_job_max memory_min "
    "memory_average memory_max storage_scratch_tb storage_scratch_files storage_work_tb storage_work_files "
    "storage_home_tb storage_home_files storage_archive_tb storage_archive_files transfer_tb transfer_reason "
    "io_strategy io_per_hour files_per_hour external_repositories workflows containers open_source_result "
    "monthly_plan scalability bottleneck input_data_open output_data_open support_wanted funding_programmes "
    "dissemination ethics_agency ethics_privacy_lawfulness ethics_privacy_safeguards ethics_privacy_breach "
    "ethics_fairness ethics_wellbeing_people ethics_wellbeing_environment ethics_transparency_aware "
    "ethics_transparency_how ethics_accountability excluded_reviewers publication_consent accept_terms "
    "accept_first_come self_check project_scope_and_plan milestones";

TEST(ShippedForms, TheApplicationAsksWhatThe2026FormAsksAndNotWhatItNeedNotKnow) {
  auto const form = form_of("eurohpc-ai-application-2026");
  int asked = 0;
  for (std::string_view rest = kAsked; !rest.empty(); ++asked) {
    auto const key = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(key.size() + 1, rest.size()));
    EXPECT_NE(find(form, key), nullptr) << key;
  }
  EXPECT_EQ(asked, 94);
  EXPECT_EQ(form.left_out.size(), 3u);
  auto const text = json::write(form.sections);
  for (auto const* gone : {"birth_date", "\"gender\"", "nationality\""}) EXPECT_EQ(text.find(gone), std::string::npos);
}

TEST(ShippedForms, BlindReadersSeeNoPersonAndNoHouse) {
  auto const form = form_of("eurohpc-ai-application-2026");
  auto answers = testing::filled(form);
  for (auto const* key : {"pi_given_names", "pi_family_names", "org_name", "org_department", "contact_name"})
    answers[key] = json::Raw{"\"Sesame\""};
  auto const shown = sheet(form, json::write(answers), {Audience::reviewer, true});
  ASSERT_TRUE(shown);
  auto const text = json::write(*shown);
  EXPECT_EQ(text.find("Sesame"), std::string::npos);
  EXPECT_EQ(text.find("anna@example.eu"), std::string::npos);
  EXPECT_EQ(text.find("plan.pdf"), std::string::npos);
}

TEST(ShippedForms, AskNoEthicsEssayWhereNothingIsTouched) {
  auto const brief = form_of("ethics-self-assessment-short");
  auto const report = check(brief,
                            R"({"personal_data_processed":"no","civilian_purposes":"yes","dual_use_listed":"no",)"
                            R"("restricted_party":"no","prohibited_practice":"no","ethics_concerns":["none"]})",
                            Stage::submission);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->accepted()) << json::write(report->faults);
  EXPECT_EQ(report->progress.required, 6);
  auto const doubt = check(brief,
                           R"({"personal_data_processed":"no","civilian_purposes":"yes","dual_use_listed":"unknown",)"
                           R"("restricted_party":"no","prohibited_practice":"no","ethics_concerns":["fairness"]})",
                           Stage::submission);
  ASSERT_TRUE(doubt);
  ASSERT_EQ(doubt->faults.size(), 2u);
  EXPECT_EQ(doubt->faults[0].pointer, "/dual_use_explanation");
  EXPECT_EQ(doubt->faults[1].pointer, "/ethics_measures");
  EXPECT_EQ(doubt->questions.size(), 1u);
}

TEST(ShippedForms, TheUnionPaysAtMostHalfOfAHostingEntity) {
  auto const form = form_of("hosting-entity-2024");
  auto answers = testing::filled(form);
  answers["costs"] = json::Raw{R"([{"item":"Machine","kind":"acquisition","union":600,"states":400}])"};
  answers["union_total"] = json::Raw{"600"};
  answers["states_total"] = json::Raw{"400"};
  answers["commitments"] = json::Raw{R"([{"state":"LV","amount":400,"form":"cash","status":"committed"}])"};
  auto const report = check(form, json::write(answers), Stage::submission);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->faults.size(), 1u) << json::write(report->faults);
  EXPECT_EQ(report->faults[0].pointer, "/union_total");
  EXPECT_EQ(report->faults[0].rule, "not_above");
}

}  // namespace
}  // namespace fabrica::forms
