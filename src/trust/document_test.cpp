#include "trust/document.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "json/json.hpp"
#include "trust/impl/builder.hpp"
#include "trust/testing/synthetic.hpp"

namespace fabrica::trust {
namespace {

constexpr std::array kAllKinds{DocumentKind::gpai_documentation, DocumentKind::gpai_integrator_documentation,
                               DocumentKind::training_content_summary, DocumentKind::assessment_record,
                               DocumentKind::final_report};

Field const* field(Document const& document, std::string_view key) {
  for (auto const& section : document.sections)
    for (auto const& each : section.fields)
      if (each.key == key) return &each;
  return nullptr;
}

Field expect_field(Document const& document, std::string_view key) {
  auto const* found = field(document, key);
  EXPECT_NE(found, nullptr) << key;
  return found ? *found : Field{};
}

Evidence due_evidence() {
  auto e = synthetic::evidence();
  for (auto& document : e.assessment.documents) document = {document.document, DueState::due, "Due: class GPAI."};
  return e;
}

TEST(Document, CountsItsSourcesOnTheCover) {
  for (auto kind : kAllKinds) {
    auto const document = make_document(kind, synthetic::evidence(), false);
    std::int64_t fields = 0;
    for (auto const& section : document.sections) fields += static_cast<std::int64_t>(section.fields.size());
    auto const& c = document.counts;
    EXPECT_EQ(c.recorded + c.measured + c.declared + c.missing, fields) << document.title;
    EXPECT_GT(fields, 0);
    auto const says = [&](std::string_view text) {
      return std::ranges::any_of(document.notices,
                                 [&](auto const& notice) { return notice.find(text) != std::string::npos; });
    };
    EXPECT_TRUE(says("not a conformity assessment and not legal advice"));
    EXPECT_TRUE(says("Produced voluntarily")) << document.title;
    EXPECT_TRUE(says("Demonstration"));
  }
}

TEST(Document, KeysAreUniqueAndEveryValueHasAStatement) {
  for (auto kind : kAllKinds) {
    auto const document = make_document(kind, synthetic::evidence(), false);
    std::vector<std::string> keys;
    for (auto const& section : document.sections)
      for (auto const& each : section.fields) {
        keys.push_back(each.key);
        bool const missing = each.source.origin == Origin::missing;
        EXPECT_EQ(missing, each.source.statements.empty()) << each.key;
        EXPECT_EQ(missing, each.text.empty() && !each.value) << each.key;
      }
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end()) << *std::ranges::adjacent_find(keys);
  }
}

TEST(Document, WhatNoStatementShowsIsMissing) {
  auto e = synthetic::evidence();
  e.model->statements.clear();
  auto const document = make_document(DocumentKind::gpai_documentation, e, false);
  EXPECT_EQ(expect_field(document, "properties.parameters").source.origin, Origin::missing);
  EXPECT_FALSE(expect_field(document, "properties.parameters").value);
  EXPECT_EQ(expect_field(document, "training.design").source.origin, Origin::missing);
}

TEST(Document, MarksWhoStandsBehindAField) {
  auto const document = make_document(DocumentKind::gpai_documentation, synthetic::evidence(), false);
  auto const parameters = expect_field(document, "properties.parameters");
  EXPECT_EQ(parameters.source.origin, Origin::recorded);
  EXPECT_EQ(parameters.source.statements, StatementNumbers{10});
  EXPECT_EQ(parameters.value, 1'300'000);
  EXPECT_NE(parameters.text.find("1-500M"), std::string::npos);
  auto const policy = expect_field(document, "use.policy");
  EXPECT_EQ(policy.source.origin, Origin::declared);
  EXPECT_EQ(policy.text, "Demonstration only.");  // the later statement counts
  EXPECT_EQ(policy.source.by, "lead");
  EXPECT_EQ(expect_field(document, "evaluation.held-out.bits_per_byte.all").source.origin, Origin::measured);
}

TEST(Document, EnergyBelowFullCoverageIsAnEstimate) {
  auto e = synthetic::evidence();
  auto const estimated = expect_field(make_document(DocumentKind::final_report, e, false), "energy.mwh");
  EXPECT_EQ(estimated.source.origin, Origin::recorded);
  EXPECT_NE(estimated.text.find("estimated"), std::string::npos);
  EXPECT_DOUBLE_EQ(*estimated.value, 1e-5);
  e.jobs[0].energy_method = EnergyMethod::counter;
  e.jobs[0].energy_coverage = 0.99;
  EXPECT_EQ(expect_field(make_document(DocumentKind::final_report, e, false), "energy.mwh").source.origin,
            Origin::measured);
  e.jobs[0].energy_coverage = 0.94;
  EXPECT_EQ(expect_field(make_document(DocumentKind::final_report, e, false), "energy.mwh").source.origin,
            Origin::recorded);
}

TEST(Document, ASumWithAHoleIsMissing) {
  auto e = synthetic::evidence();
  e.jobs.push_back(e.jobs[0]);
  e.jobs[1].public_id = "019f0000-0000-7000-8000-0000000000ff";
  e.jobs[1].energy_j.reset();
  e.jobs[1].flop.reset();
  auto const document = make_document(DocumentKind::final_report, e, false);
  EXPECT_EQ(expect_field(document, "energy.mwh").source.origin, Origin::missing);
  EXPECT_EQ(expect_field(document, "usage.flop").source.origin, Origin::missing);
  EXPECT_EQ(expect_field(document, "energy.carbon").source.origin, Origin::recorded);
}

TEST(Document, OfADutyIsRefusedWhileAFieldIsMissing) {
  auto const document = make_document(DocumentKind::gpai_documentation, due_evidence(), false);
  auto const refused = check_release(document);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "document_incomplete");
  EXPECT_GT(refused.error().faults.size(), 3U);
  EXPECT_TRUE(check_release(make_document(DocumentKind::gpai_documentation, due_evidence(), true)));
  EXPECT_TRUE(check_release(make_document(DocumentKind::gpai_documentation, synthetic::evidence(), false)));
}

TEST(Document, OfADutyIsReleasedOnceEverythingIsThere) {
  auto e = due_evidence();
  for (auto const& key : declared_keys()) e.declared.push_back({key.key, "Said.", "lead", 14});
  for (auto kind : kAllKinds) {
    auto const released = check_release(make_document(kind, e, false));
    EXPECT_TRUE(released) << released.error().what;
  }
}

TEST(Document, WithOpenAnswersIsTreatedAsDue) {
  auto e = synthetic::evidence();
  for (auto& document : e.assessment.documents) document.state = DueState::undetermined;
  EXPECT_FALSE(check_release(make_document(DocumentKind::training_content_summary, e, false)));
}

TEST(TrainingSummary, SortsDataSetsByTheirKindOfSource) {
  auto const document = make_document(DocumentKind::training_content_summary, synthetic::evidence(), false);
  EXPECT_TRUE(expect_field(document, "sources.public.used").text.starts_with("Yes"));
  EXPECT_TRUE(expect_field(document, "sources.crawled.used").text.starts_with("No"));
  EXPECT_EQ(expect_field(document, "sources.crawled.used").source.statements, StatementNumbers{4});
  EXPECT_EQ(expect_field(document, "overall.text.size").text, "less than 1 billion tokens: 1,000,000 tokens (4.2 MB)");
  EXPECT_EQ(expect_field(document, "overall.text.latest").text, "11/2026");
  EXPECT_EQ(field(document, "sources.crawled.crawlers"), nullptr);
}

TEST(TrainingSummary, WithoutDataSetsSaysNothingAboutThem) {
  auto e = synthetic::evidence();
  e.data_sets.clear();
  auto const document = make_document(DocumentKind::training_content_summary, e, false);
  EXPECT_EQ(expect_field(document, "sources.public.used").source.origin, Origin::missing);
  EXPECT_EQ(expect_field(document, "overall.modalities").source.origin, Origin::missing);
}

TEST(Html, EscapesEverythingAndLoadsNothing) {
  auto const page = render_html(make_document(DocumentKind::gpai_documentation, synthetic::evidence(), true));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(1)&lt;/script&gt; &quot;documents&quot; &amp; &#39;marks&#39;"),
            std::string::npos);
  EXPECT_NE(page.find("Factory &lt;Example&gt; &amp; Co"), std::string::npos);
  EXPECT_NE(page.find("DRAFT"), std::string::npos);
  for (auto loads : {"http://", "https://", "src=", "href=", "@import", "url("})
    EXPECT_EQ(page.find(loads), std::string::npos) << loads;
}

TEST(Json, IsTheDocument) {
  auto const document = make_document(DocumentKind::assessment_record, synthetic::evidence(), false);
  auto const read = json::read<Document>(render_json(document));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(json::write(*read), json::write(document));
}

TEST(Manifest, NamesTheModelsFiles) {
  auto const manifest = model_manifest(synthetic::evidence());
  ASSERT_TRUE(manifest);
  EXPECT_NE(manifest->find(synthetic::digest_of('d')), std::string::npos);
  EXPECT_FALSE(model_manifest(Evidence{}));
}

TEST(Numbers, AreWrittenForPeople) {
  EXPECT_EQ(scientific(1.92e18), "1.92e18");
  EXPECT_EQ(scientific(0.00001), "1.00e-5");
  EXPECT_EQ(scientific(49.2), "49.2");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(byte_size(5'200'000), "5.2 MB");
}

}  // namespace
}  // namespace fabrica::trust
