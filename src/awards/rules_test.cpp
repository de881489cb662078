#include "awards/rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fabrica::awards {
namespace {

using calls::Outcome;

constexpr auto kUnit = budget::kMicroUnits;
constexpr Micros kStart = 1'793'000'000 * kSecond;

TEST(AwardMonths, EndWithTheMonthWhereItIsShort) {
  struct Row {
    std::string_view from;
    std::int64_t months;
    std::string_view to;
  };
  for (auto const& row : {Row{"2026-11-30T10:00:00Z", 3, "2027-02-28T10:00:00Z"},
                          {"2027-11-30T10:00:00Z", 3, "2028-02-29T10:00:00Z"},
                          {"2026-01-15T00:00:01Z", 12, "2027-01-15T00:00:01Z"},
                          {"2026-12-31T23:59:59Z", 0, "2026-12-31T23:59:59Z"}}) {
    EXPECT_EQ(format_time(add_months(*parse_time(row.from), row.months)), row.to);
  }
  EXPECT_EQ(format_time(month_begin(*parse_time("2026-11-23T12:00:00Z"))), "2026-11-01T00:00:00Z");
  EXPECT_EQ(month_name(*parse_time("2026-11-23T12:00:00Z")), "2026-11");
}

TEST(AwardPeriods, AddUpToTheAwardWhateverTheLength) {
  for (std::int64_t days : {1, 29, 30, 31, 90, 365})
    for (std::int64_t units : {1, 7, 100, 100'001})
      for (std::int64_t length : {1, 30, 90, 400}) {
        auto const plan = even_periods(days, units, length);
        std::int64_t all_days = 0, all_units = 0;
        for (auto const& one : plan) {
          all_days += one.days;
          all_units += one.amount_units;
          EXPECT_LE(one.days, length);
          EXPECT_GT(one.days, 0);
          EXPECT_LE(plan.front().amount_units - one.amount_units, 1);
        }
        EXPECT_EQ(all_days, days);
        EXPECT_EQ(all_units, units);
      }
}

StandingFacts facts(std::int64_t day, std::int64_t used, std::optional<std::int64_t> last_job_day) {
  StandingFacts out;
  out.clock = ClockState::running;
  out.starts = kStart;
  out.ends = kStart + 100 * kDay;
  out.now = kStart + day * kDay;
  out.lately_from = std::max(out.starts, out.now - 28 * kDay);
  out.ledger.awarded_micro = 100 * kUnit;
  out.ledger.used_micro = used * kUnit;
  out.ledger.balance_micro = (100 - used) * kUnit;
  if (last_job_day) out.last_job = Time{kStart + *last_job_day * kDay};
  return out;
}

TEST(AwardStanding, IsByUseAgainstTimeAndTheLastJob) {
  struct Row {
    std::string_view name;
    std::int64_t day, used;
    std::optional<std::int64_t> last_job;
    Level level;
  };
  for (auto const& row : {Row{"early", 24, 0, {}, Level::none},
                          {"a quarter gone", 25, 0, {}, Level::behind},
                          {"half of the time's share", 40, 20, 39, Level::none},
                          {"just below half", 40, 19, 39, Level::behind},
                          {"thirty days without a job", 60, 10, 30, Level::idle},
                          {"twenty-nine", 60, 10, 31, Level::behind},
                          {"no job ever", 31, 0, {}, Level::idle},
                          {"long idle, yet well used", 90, 60, 10, Level::none},
                          {"used up", 90, 100, 10, Level::none}}) {
    auto const out = standing_of(facts(row.day, row.used, row.last_job), {}, "GPU-hours");
    EXPECT_EQ(out.level, row.level) << row.name << ": " << out.reason;
    EXPECT_EQ(out.level == Level::none, out.reason.empty()) << row.name;
    EXPECT_FALSE(out.forecast.empty()) << row.name;
  }
  auto waiting = facts(60, 0, {});
  waiting.clock = ClockState::waiting;
  EXPECT_EQ(standing_of(waiting, {}, "GPU-hours").level, Level::none);
  auto held = facts(60, 0, {});
  held.ledger.held_micro = 90 * kUnit;
  EXPECT_EQ(standing_of(held, {}, "GPU-hours").level, Level::none) << "what jobs hold is on its way";
}

TEST(AwardStanding, ForecastsByTheRateOfTheLastWeeks) {
  auto in = facts(50, 40, 49);
  in.used_lately_micro = 28 * kUnit;
  auto out = standing_of(in, {}, "GPU-hours");
  EXPECT_EQ(out.rate_micro_per_day, kUnit);
  EXPECT_EQ(out.unused_micro, 10 * kUnit);
  EXPECT_FALSE(out.exhausted);
  in.used_lately_micro = 56 * kUnit;
  out = standing_of(in, {}, "GPU-hours");
  EXPECT_EQ(out.exhausted->us, in.now + 30 * kDay);
  EXPECT_EQ(out.unused_micro, 0);
  EXPECT_NE(out.forecast.find("2 GPU-hours a day"), std::string::npos) << out.forecast;
}

RequestFacts request_facts() {
  RequestFacts out;
  out.now = kStart + 80 * kDay;
  out.clock = ClockState::running;
  out.ends = out.base_ends = kStart + 90 * kDay;
  out.original_micro = 100 * kUnit;
  out.available_micro = 40 * kUnit;
  out.capacity_micro = 5 * kUnit;
  out.rules.source = "the call";
  return out;
}

// The one check of this name, or a failure.
calls::Check one(std::vector<calls::Check> const& checks, std::string_view rule) {
  auto const found = std::ranges::find(checks, rule, &calls::Check::rule);
  EXPECT_NE(found, checks.end()) << rule;
  return found == checks.end() ? calls::Check{} : *found;
}
bool all_pass(std::vector<calls::Check> const& checks) {
  return std::ranges::all_of(checks, [](calls::Check const& check) { return check.outcome == Outcome::pass; });
}

TEST(AwardRequests, AnExtensionIsOnceWithinTheMonthsAndAskedForBeforeTheEnd) {
  auto in = request_facts();
  Ask ask{RequestKind::extend_time, 90, 0, in.now, {}};
  EXPECT_TRUE(all_pass(check_request(ask, in, true)));
  ask.days = 93;  // three months from 2027-01-24 end on 2027-04-24: 90 days
  auto const longer = one(check_request(ask, in, false), "extension_length");
  EXPECT_EQ(longer.outcome, Outcome::fail);
  EXPECT_NE(longer.remedy.find("at most 90 days"), std::string::npos) << longer.remedy;
  EXPECT_EQ(longer.source, "the call");
  ask.days = 30;
  in.extensions = 1;
  EXPECT_EQ(one(check_request(ask, in, false), "extension_count").outcome, Outcome::fail);
  in.extensions = 0;
  ask.asked = in.ends;
  EXPECT_EQ(one(check_request(ask, in, false), "before_end").outcome, Outcome::fail);
  ask.asked = in.ends - 1;
  in.now = in.ends + 40 * kDay;
  EXPECT_EQ(one(check_request(ask, in, true), "before_end").outcome, Outcome::pass) << "decided late, asked in time";
  EXPECT_EQ(one(check_request(ask, in, true), "ends_ahead").outcome, Outcome::fail) << "those days are over";
  in.clock = ClockState::waiting;
  EXPECT_EQ(one(check_request(ask, in, true), "clock_running").outcome, Outcome::fail);
}

TEST(AwardRequests, MoreHoursStayWithinTheShareAndMustBeThere) {
  auto in = request_facts();
  Ask ask{RequestKind::more_hours, 0, 10, in.now, {}};
  auto const made = check_request(ask, in, false);
  EXPECT_TRUE(all_pass(made)) << "capacity is looked at when it is granted";
  EXPECT_EQ(one(check_request(ask, in, true), "capacity").outcome, Outcome::fail);
  ask.units = 5;
  EXPECT_TRUE(all_pass(check_request(ask, in, true)));
  in.more_micro = 6 * kUnit;
  auto const share = one(check_request(ask, in, true), "more_share");
  EXPECT_EQ(share.outcome, Outcome::fail);
  EXPECT_NE(share.remedy.find("at most 4 units"), std::string::npos) << share.remedy;
}

TEST(AwardRequests, ATransferNeedsAFactorBetweenPartitions) {
  auto in = request_facts();
  in.target = Target{true, false, false, false, ClockState::running, 30 * kUnit};
  Ask ask{RequestKind::transfer_hours, 0, 20, in.now, {}};
  EXPECT_EQ(one(check_request(ask, in, false), "factor").outcome, Outcome::unknown);
  ask.factor_millionths = 2'000'000;
  EXPECT_EQ(one(check_request(ask, in, true), "capacity").outcome, Outcome::fail)
      << "forty are wanted, thirty are there";
  ask.factor_millionths = 1'500'000;
  EXPECT_TRUE(all_pass(check_request(ask, in, true)));
  ask.units = 41;
  EXPECT_EQ(one(check_request(ask, in, false), "available").outcome, Outcome::fail);
  ask.units = 1;
  in.target->same_project = false;
  EXPECT_EQ(one(check_request(ask, in, false), "target").outcome, Outcome::fail);
  in.target = Target{true, true, true, false, ClockState::running, 0};
  ask.factor_millionths.reset();
  EXPECT_TRUE(all_pass(check_request(ask, in, true))) << "the same offer: what comes back goes out";
  ask.factor_millionths = 2'000'000;
  EXPECT_EQ(one(check_request(ask, in, true), "factor").outcome, Outcome::fail);
  in.rules.transfers = false;
  EXPECT_EQ(one(check_request(ask, in, false), "transfers").outcome, Outcome::fail);
}

TEST(AwardRequests, WhatEndedIsNotChanged) {
  auto in = request_facts();
  in.clock = ClockState::ended;
  for (auto const kind :
       {RequestKind::extend_time, RequestKind::more_hours, RequestKind::transfer_hours, RequestKind::give_back})
    EXPECT_FALSE(all_pass(check_request({kind, 1, 1, in.now, {}}, in, false))) << static_cast<int>(kind);
}

TEST(AwardRequests, HaveTheMembersOfTheirKind) {
  EXPECT_TRUE(check(RequestDraft{RequestKind::extend_time, 30, {}, {}, "More."}));
  EXPECT_TRUE(check(RequestDraft{RequestKind::give_back, {}, 5, {}, "Done."}));
  auto const wrong = check(RequestDraft{RequestKind::transfer_hours, 30, {}, {}, "Move."});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().faults.size(), 3u);
  Request asked;
  asked.kind = RequestKind::more_hours;
  asked.units = 10;
  EXPECT_TRUE(check(GrantDraft{{}, 10, {}, "Yes."}, asked));
  EXPECT_FALSE(check(GrantDraft{{}, 11, {}, "More than asked."}, asked));
  EXPECT_FALSE(check(GrantDraft{5, {}, {}, "Days."}, asked));
  EXPECT_FALSE(check(GrantDraft{{}, 5, 1'000'000, "Factor."}, asked));
}

TEST(AwardRequests, ConversionRoundsDownAndDoesNotOverflow) {
  EXPECT_EQ(converted_micro(10 * kUnit, 333'333), 3'333'330);
  EXPECT_EQ(converted_micro(1, 999'999), 0);
  EXPECT_EQ(converted_micro(1'000'000'000 * kUnit, 9'000'000'000), 9'000'000'000 * 1'000'000'000);
}

TEST(AwardReport, AsksForWhatIsMissing) {
  Ledger ledger;
  ledger.awarded_micro = 100 * kUnit;
  ledger.used_micro = 91 * kUnit;
  Narrative said;
  auto const empty = check_complete(said, ledger);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().faults.size(), 3u);
  said.summary = said.results = said.ai_act = "Said.";
  EXPECT_TRUE(check_complete(said, ledger));
  ledger.used_micro = 90 * kUnit;
  auto const unused = check_complete(said, ledger);
  ASSERT_FALSE(unused);
  EXPECT_EQ(unused.error().faults[0].pointer, "/unused_reason");
  said.unused_reason = "The code was late.";
  for (int word = 0; word < 501; ++word) said.summary += " w";
  EXPECT_FALSE(check_complete(said, ledger));
}

TEST(AwardWords, NameAmountsAndTheAward) {
  EXPECT_EQ(amount(12'500'000), "12.5");
  EXPECT_EQ(amount(-3 * kUnit), "-3");
  EXPECT_EQ(amount(1), "0.000001");
  AwardRules rules;
  rules.acknowledgement = "Thanks to {partition}: {award}, {call} {unknown}.";
  EXPECT_EQ(acknowledgement(rules, {"A1", "P1", "{award}", "part"}), "Thanks to part: A1, {award} {unknown}.");
  EXPECT_NE(acknowledgement({}, {"A1", "P1", "C", "part"}).find("award A1"), std::string::npos);
}

TEST(AwardRulesCheck, WantsASourceAndTheAwardInTheText) {
  AwardRules rules;
  EXPECT_FALSE(check(rules));
  rules.source = "the call's page";
  EXPECT_TRUE(check(rules));
  rules.acknowledgement = "Thanks.";
  EXPECT_FALSE(check(rules));
}

}  // namespace
}  // namespace fabrica::awards
