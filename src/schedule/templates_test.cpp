#include "schedule/templates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/time.hpp"
#include "embedded/call_templates.hpp"
#include "embedded/compared_facts.hpp"
#include "schedule/schedule.hpp"

namespace fabrica::schedule {
namespace {

using Texts = std::vector<std::string>;
using Table = std::vector<std::map<std::string, std::string>>;

Texts split(std::string_view text, char at) {
  Texts out;
  while (true) {
    auto const end = text.find(at);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

// The columns that are not empty of each row of a table of the facts.
Table facts(std::string_view path) {
  for (auto const& file : embedded::compared_facts()) {
    if (file.path != path) continue;
    Table out;
    Texts head;
    for (auto const& line : split(file.content, '\n')) {
      if (line.empty()) continue;
      auto const cells = split(line, '\t');
      if (head.empty()) {
        head = cells;
        continue;
      }
      auto& row = out.emplace_back();
      for (std::size_t place = 0; place < cells.size(); ++place)
        if (!cells[place].empty()) row[head[place]] = cells[place];
    }
    return out;
  }
  ADD_FAILURE() << "no table " << path;
  return {};
}

CallTemplate const& named(std::string_view key) {
  auto const* const found = find_template(templates(), key);
  if (found == nullptr) ADD_FAILURE() << "no template " << key;
  static CallTemplate const kNone;
  return found != nullptr ? *found : kNone;
}

Texts cutoffs(CallTemplate const& one, std::string_view from, std::string_view to) {
  auto const made = Schedule::of(one.schedule.value()).value();
  Texts out;
  for (auto const cutoff : made.cutoffs(parse_time(from).value(), parse_time(to).value()))
    out.push_back(text_of(made.zone().wall_at(cutoff)));
  return out;
}

std::string shipped_text() { return std::string{embedded::call_templates()[0].content}; }

TEST(Templates, CoverTheModesOfTheField) {
  for (char const* const key :
       {"ai_playground", "ai_fast_lane", "ai_large_scale", "ai_science", "benchmark", "development", "regular",
        "extreme_scale", "ai_data_intensive", "quantum_pilot", "strategic", "emergency", "it4lia_try", "it4lia_medium",
        "it4lia_large", "hosting_entities_ai_01", "hosting_entities_ai_02", "ai_gigafactories"})
    EXPECT_NE(find_template(templates(), key), nullptr) << key;
  for (auto const& mode : facts("access_modes.tsv"))
    EXPECT_EQ(std::ranges::count(templates().templates, std::optional{mode.at("key")}, &CallTemplate::access_mode), 1)
        << mode.at("key");
}

TEST(Templates, SayWhereTheyComeFromAndHowSureTheyAre) {
  for (auto const& one : templates().templates) {
    EXPECT_FALSE(one.source.empty()) << one.key;
    // Only what says nothing but that it exists is unknown.
    if (one.confidence == Confidence::unknown) {
      EXPECT_EQ(one.state, TemplateState::incomplete) << one.key;
      EXPECT_FALSE(one.schedule || one.amount || !one.offers.empty()) << one.key;
    }
    if (one.state == TemplateState::incomplete) {
      EXPECT_FALSE(one.open_questions.empty()) << one.key;
    }
    for (auto const& offer : one.offers) EXPECT_FALSE(offer.source.empty()) << one.key;
  }
}

TEST(Templates, NumbersOfScalesAreMarkedAsDefaults) {
  std::size_t reviewed = 0;
  for (auto const& one : templates().templates) {
    if (!one.review) continue;
    ++reviewed;
    EXPECT_EQ(one.review->numbers_confidence, Confidence::background) << one.key;
    EXPECT_TRUE(std::ranges::any_of(one.notes, [](auto const& note) { return note.find("default") != note.npos; }))
        << one.key;
  }
  EXPECT_EQ(reviewed, 5U);
  Texts names;
  for (auto const& criterion : named("ai_science").review.value().criteria) names.push_back(criterion.title);
  EXPECT_EQ(names, (Texts{"Excellence", "Innovation and Impact", "Quality and Efficiency of Implementation"}));
}

TEST(Templates, LargeScaleHasItsTwentyTwoCutOffsOf2026) {
  EXPECT_EQ(cutoffs(named("ai_large_scale"), "2025-01-01", "2030-01-01"),
            (Texts{"2026-01-30 10:00", "2026-02-16 10:00", "2026-02-27 10:00", "2026-03-16 10:00", "2026-03-31 10:00",
                   "2026-04-15 10:00", "2026-04-30 10:00", "2026-05-13 10:00", "2026-06-15 10:00", "2026-06-30 10:00",
                   "2026-07-15 10:00", "2026-07-31 10:00", "2026-08-14 10:00", "2026-08-31 10:00", "2026-09-15 10:00",
                   "2026-09-30 10:00", "2026-10-15 10:00", "2026-10-30 10:00", "2026-11-13 10:00", "2026-11-30 10:00",
                   "2026-12-15 10:00", "2027-01-04 10:00"}));
}

TEST(Templates, ScienceRegularAndExtremeHaveTheirs) {
  EXPECT_EQ(cutoffs(named("ai_science"), "2025-01-01", "2030-01-01"),
            (Texts{"2026-02-27 10:00", "2026-04-30 10:00", "2026-06-30 10:00", "2026-08-31 10:00", "2026-10-30 10:00",
                   "2026-12-11 10:00"}));
  EXPECT_EQ(cutoffs(named("regular"), "2025-01-01", "2030-01-01"), (Texts{"2026-03-30 10:00", "2026-09-04 10:00"}));
  EXPECT_EQ(cutoffs(named("extreme_scale"), "2025-01-01", "2030-01-01"), (Texts{"2026-05-04 10:00"}));
  EXPECT_NE(named("extreme_scale").open_questions.at(0).find("19 or 26 October"), std::string::npos);
}

TEST(Templates, TheHostingCallHasACutOffEveryThreeMonthsAndOneAtItsEnd) {
  EXPECT_EQ(cutoffs(named("hosting_entities_ai_02"), "2024-01-01", "2030-01-01"),
            (Texts{"2024-11-04 17:00", "2025-02-04 17:00", "2025-05-04 17:00", "2025-08-04 17:00", "2025-11-04 17:00",
                   "2025-12-31 17:00"}));
}

// Each cut-off of the facts that is not disputed, and no other within their year.
TEST(Templates, CutOffsAreThoseOfTheFacts) {
  std::map<std::string, std::vector<Micros>> expected;
  for (auto const& row : facts("cut_offs.tsv"))
    if (row.at("confidence") != "unconfirmed") expected[row.at("mode")].push_back(parse_time(row.at("closes")).value());
  ASSERT_EQ(expected.size(), 6U);
  for (auto const& [mode, closes] : expected) {
    auto const made = Schedule::of(named(mode).schedule.value()).value();
    EXPECT_EQ(made.cutoffs(parse_time("2026-01-01").value(), closes.back()), closes) << mode;
  }
}

TEST(Templates, AmountsOffersQuotasAndAnswersAreThoseOfTheFacts) {
  std::map<std::string, std::size_t> offers;
  auto const number = [](std::optional<std::int64_t> value) { return value ? std::to_string(*value) : ""; };
  auto const cell = [](auto const& row, char const* column) { return row.contains(column) ? row.at(column) : ""; };
  for (auto const& row : facts("mode_offers.tsv")) {
    auto const& one = named(row.at("mode"));
    ++offers[one.key];
    auto const offer = std::ranges::find(one.offers, row.at("partition"), &PartitionOffer::partition);
    ASSERT_NE(offer, one.offers.end()) << row.at("key");
    EXPECT_EQ(number(offer->min_units), cell(row, "amount_min")) << row.at("key");
    EXPECT_EQ(number(offer->max_units), cell(row, "amount_max")) << row.at("key");
    EXPECT_EQ(json::enum_name(*one.unit), row.at("unit"));
    EXPECT_EQ(json::enum_name(offer->confidence), row.at("confidence"));
  }
  for (auto const& one : templates().templates) EXPECT_EQ(one.offers.size(), offers[one.key]) << one.key;
  for (auto const& row : facts("access_modes.tsv")) {
    auto const& one = named(row.at("key"));
    EXPECT_EQ(one.unit ? std::string{json::enum_name(*one.unit)} : "", cell(row, "unit")) << one.key;
    EXPECT_EQ(one.amount ? number(one.amount->min_units) : "", cell(row, "amount_min")) << one.key;
    EXPECT_EQ(one.amount ? number(one.amount->max_units) : "", cell(row, "amount_max")) << one.key;
    auto const answer = one.schedule ? one.schedule->answer : std::nullopt;
    bool const working = answer && answer->unit == AnswerUnit::working_days;
    EXPECT_EQ(working ? std::to_string(answer->count) : "", cell(row, "answer_working_days")) << one.key;
    EXPECT_EQ(answer && !working ? std::to_string(answer->count) : "", cell(row, "answer_months_max")) << one.key;
    std::string months;
    for (auto const duration : one.durations_months) months += (months.empty() ? "" : ",") + std::to_string(duration);
    EXPECT_EQ(months, cell(row, "durations_months")) << one.key;
  }
  for (auto const& row : facts("mode_quotas.tsv"))
    for (auto const& mode : split(row.at("modes"), ',')) {
      auto const& quotas = named(mode).quotas;
      auto const quota = std::ranges::find(quotas, row.at("key"), &Quota::key);
      ASSERT_NE(quota, quotas.end()) << mode;
      EXPECT_DOUBLE_EQ(quota->share, std::stod(row.at("share")));
    }
}

TEST(Templates, OfferPartitionsTheFactsKnow) {
  auto const partitions = facts("partitions.tsv");
  for (auto const& one : templates().templates)
    for (auto const& offer : one.offers)
      EXPECT_TRUE(std::ranges::any_of(partitions, [&](auto const& row) { return row.at("key") == offer.partition; }))
          << one.key << " " << offer.partition;
}

TEST(Templates, HolidaysOfTheCalendarCountInThePromise) {
  auto const& one = named("ai_large_scale");
  EXPECT_EQ(one.holiday_calendar, "eu_institutions_luxembourg_2026");
  auto const made = Schedule::of(one.schedule.value()).value();
  // 2, 3 and 6 April 2026 are holidays: ten working days after 31 March end on 17 April.
  EXPECT_EQ(made.answer_due(parse_time("2026-03-31T08:00:00Z").value())->day, "2026-04-17");
}

TEST(Templates, DescribeThemselves) {
  EXPECT_EQ(
      describe(named("ai_large_scale").schedule.value()).value(),
      "22 listed cut-offs between 2026-01-30 10:00 and 2027-01-04 10:00 (Europe/Brussels); a round opens when the one "
      "before closes; answer within ten working days of the cut-off.");
  EXPECT_EQ(describe(named("it4lia_try").schedule.value()).value(),
            "Open without cut-offs, until 2028-04-01 00:00 (Europe/Rome).");
}

TEST(ReadTemplates, NamesEachFaultWhereItIs) {
  auto const pointers = [](std::string text) {
    auto const read = read_templates(text);
    Texts out;
    if (!read)
      for (auto const& fault : read.error().faults) out.push_back(fault.pointer);
    return out;
  };
  auto const one = [](std::string members) {
    return R"({"holiday_calendars":[],"templates":[{"key":"a","title":"A","summary":"S","state":"superseded",)" +
           members + R"("source":"x","confidence":"secondary"}]})";
  };
  EXPECT_EQ(pointers(one("")), Texts{});
  EXPECT_EQ(pointers(one(R"("schedule":{"kind":"listed","zone":"X/Y"},"schedule_confidence":"official",)")),
            (Texts{"/templates/0/schedule/zone", "/templates/0/schedule/cutoffs"}));
  EXPECT_EQ(pointers(one(R"("amount":{"min_units":5,"max_units":4,"confidence":"official"},)")),
            (Texts{"/templates/0/unit", "/templates/0/amount/max_units"}));
  EXPECT_EQ(pointers(one(R"("amount":{"min_units":0,"confidence":"official"},)")),
            (Texts{"/templates/0/amount/min_units"}));
  EXPECT_EQ(pointers(one(R"("steps":["decision","expert"],)")), (Texts{"/templates/0/steps"}));
  EXPECT_EQ(pointers(one(R"("steps":["panel","decision"],)")), (Texts{"/templates/0/steps"}));
  EXPECT_EQ(
      pointers(
          one(R"("applicants":{"organisation_kinds":["bank"],"countries":["eu","europe"],"confidence":"official"},)")),
      (Texts{"/templates/0/applicants/organisation_kinds/0", "/templates/0/applicants/countries/1"}));
  EXPECT_EQ(pointers(one(R"("superseded_by":["b"],"valid_from":"2026-02-30",)")),
            (Texts{"/templates/0/superseded_by/0", "/templates/0/valid_from"}));
  EXPECT_EQ(
      pointers(one(R"("review":{"criteria":[{"key":"a","title":"A"}],"scale_min":0,"scale_max":5,"threshold_each":6,
      "names_confidence":"official","numbers_confidence":"official","source":"x"},)")),
      (Texts{"/templates/0/review/threshold_each"}));
  EXPECT_EQ(pointers(one(R"("holiday_calendar":"b",)")), (Texts{"/templates/0/holiday_calendar"}));
}

TEST(ReadTemplates, AUsableOneIsComplete) {
  auto text = shipped_text();
  auto const at = text.find(R"("form": "first-come-short",)");
  ASSERT_NE(at, text.npos);
  text.erase(at, std::string_view{R"("form": "first-come-short",)"}.size());
  auto const read = read_templates(text);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, "call_templates");
  ASSERT_EQ(read.error().faults.size(), 1U);
  EXPECT_EQ(read.error().faults[0].pointer, "/templates/0/state");
}

TEST(ReadTemplates, KeysAreUnique) {
  auto text = shipped_text();
  auto const at = text.find(R"("key": "ai_fast_lane")");
  ASSERT_NE(at, text.npos);
  text.replace(at, std::string_view{R"("key": "ai_fast_lane")"}.size(), R"("key": "ai_playground")");
  auto const read = read_templates(text);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().faults.at(0).pointer, "/templates/1/key");
}

}  // namespace
}  // namespace fabrica::schedule
