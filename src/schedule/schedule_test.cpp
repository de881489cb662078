#include "schedule/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/time.hpp"
#include "json/json.hpp"

namespace fabrica::schedule {
namespace {

Micros utc(std::string_view text) { return parse_time(text).value(); }
Rule rule(std::string_view text) {
  auto read = json::read<Rule>(text);
  EXPECT_TRUE(read) << text;
  return read.value_or(Rule{});
}
Schedule schedule(std::string_view text) {
  auto made = Schedule::of(rule(text));
  EXPECT_TRUE(made) << text << (made ? "" : made.error().faults.at(0).pointer);
  return std::move(made).value();
}
std::vector<std::string> locals(Schedule const& made, std::string_view from, std::string_view to) {
  std::vector<std::string> out;
  for (auto const cutoff : made.cutoffs(utc(from), utc(to))) out.push_back(text_of(made.zone().wall_at(cutoff)));
  return out;
}
using Texts = std::vector<std::string>;

constexpr char const* kHosting = R"({"kind":"every_months","zone":"Europe/Brussels","opens":"2024-09-10 00:00",
  "first":"2024-11-04 17:00","months":3,"until":"2025-12-31 17:00","until_is_cutoff":true})";

TEST(EveryMonths, TheCallForHostingEntitiesEndsWithItsLastInstant) {
  auto const hosting = schedule(kHosting);
  EXPECT_EQ(locals(hosting, "2024-01-01", "2027-01-01"),
            (Texts{"2024-11-04 17:00", "2025-02-04 17:00", "2025-05-04 17:00", "2025-08-04 17:00", "2025-11-04 17:00",
                   "2025-12-31 17:00"}));
  EXPECT_EQ(hosting.next_cutoff(utc("2025-12-31T15:59:59Z")), utc("2025-12-31T16:00:00Z"));
  EXPECT_EQ(hosting.next_cutoff(utc("2025-12-31T16:00:00Z")), std::nullopt);
  EXPECT_EQ(
      hosting.describe(),
      "A cut-off every three months, the first on 2024-11-04 17:00, from 2024-09-10 00:00, until 2025-12-31 17:00, "
      "which is the last cut-off (Europe/Brussels); a round opens when the one before closes.");
}

TEST(EveryMonths, CountsFromTheFirstSoAShortMonthDoesNotStick) {
  auto const monthly = schedule(R"({"kind":"every_months","zone":"UTC","first":"2027-12-31 10:00","months":1})");
  EXPECT_EQ(locals(monthly, "2027-12-01", "2028-06-01"),
            (Texts{"2027-12-31 10:00", "2028-01-31 10:00", "2028-02-29 10:00", "2028-03-31 10:00", "2028-04-30 10:00",
                   "2028-05-31 10:00"}));
  auto const leap = schedule(R"({"kind":"every_months","zone":"UTC","first":"2024-02-29 10:00","months":12})");
  EXPECT_EQ(locals(leap, "2024-01-01", "2029-01-01"), (Texts{"2024-02-29 10:00", "2025-02-28 10:00", "2026-02-28 10:00",
                                                             "2027-02-28 10:00", "2028-02-29 10:00"}));
}

TEST(Monthly, TheFirstOfEachMonthIsOnTheClockOfBrussels) {
  auto const first = schedule(R"({"kind":"monthly","zone":"Europe/Brussels","days":[1],"time":"10:00"})");
  auto const found = first.cutoffs(utc("2026-01-01"), utc("2027-01-01") - 1);
  ASSERT_EQ(found.size(), 12U);
  EXPECT_EQ(found[2], utc("2026-03-01T09:00:00Z"));
  EXPECT_EQ(found[3], utc("2026-04-01T08:00:00Z"));
  EXPECT_EQ(found[10], utc("2026-11-01T09:00:00Z"));
}

TEST(Monthly, ADayTheMonthDoesNotHaveIsItsLast) {
  auto const both = schedule(R"({"kind":"monthly","zone":"UTC","days":[31,-1,15],"time":"10:00"})");
  EXPECT_EQ(locals(both, "2028-02-01", "2028-05-01"),
            (Texts{"2028-02-15 10:00", "2028-02-29 10:00", "2028-03-15 10:00", "2028-03-31 10:00", "2028-04-15 10:00",
                   "2028-04-30 10:00"}));
}

TEST(Monthly, SoManyAMonthAreSpreadEvenly) {
  auto const two = schedule(R"({"kind":"monthly","zone":"UTC","per_month":2,"time":"10:00"})");
  EXPECT_EQ(locals(two, "2026-02-01", "2026-05-01"),
            (Texts{"2026-02-14 10:00", "2026-02-28 10:00", "2026-03-15 10:00", "2026-03-31 10:00", "2026-04-15 10:00",
                   "2026-04-30 10:00"}));
}

TEST(Shift, MovesOffWeekendsAndHolidaysEitherWay) {
  auto const base = [](std::string_view shift) {
    return schedule(
        R"({"kind":"monthly","zone":"UTC","days":[15,-1],"time":"10:00","holidays":["2026-05-29"],"shift":")" +
        std::string{shift} + "\"}");
  };
  // 31 May 2026 is a Sunday and the Friday before it a holiday here; 15 May a Friday.
  EXPECT_EQ(locals(base("none"), "2026-05-01", "2026-06-02"), (Texts{"2026-05-15 10:00", "2026-05-31 10:00"}));
  EXPECT_EQ(locals(base("before"), "2026-05-01", "2026-06-02"), (Texts{"2026-05-15 10:00", "2026-05-28 10:00"}));
  EXPECT_EQ(locals(base("after"), "2026-05-01", "2026-06-02"), (Texts{"2026-05-15 10:00", "2026-06-01 10:00"}));
}

TEST(Shift, TwoCutOffsMovedToOneDayAreOneRound) {
  auto const both = schedule(R"({"kind":"monthly","zone":"UTC","days":[1,-1],"time":"10:00","shift":"after"})");
  // Saturday 31 January and Sunday 1 February 2026 both move to Monday 2 February.
  EXPECT_EQ(locals(both, "2026-01-30", "2026-02-10"), (Texts{"2026-02-02 10:00"}));
}

TEST(Listed, TheNightTheClocksAreSetForwardMakesTwoTimesOne) {
  auto const faults = faults_of(
      rule(R"({"kind":"listed","zone":"Europe/Brussels","cutoffs":["2026-03-29 02:15","2026-03-29 02:45"]})"));
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].pointer, "/cutoffs/1");
}

TEST(Permanent, IsOneRoundWithoutCutOff) {
  auto const open =
      schedule(R"({"kind":"permanent","zone":"Europe/Brussels","answer":{"unit":"working_days","count":2}})");
  auto const rounds = open.rounds(utc("2026-01-01"), utc("2030-01-01"));
  ASSERT_EQ(rounds.size(), 1U);
  EXPECT_EQ(rounds[0], (Round{.name = "permanent", .opens = {}, .closes = {}, .answer = {}}));
  EXPECT_EQ(open.next_cutoff(utc("2026-01-01")), std::nullopt);
  EXPECT_EQ(open.describe(),
            "Open without cut-offs (Europe/Brussels); answer within two working days of the submission.");
}

TEST(Permanent, ClosesAtItsEnd) {
  auto const open =
      schedule(R"({"kind":"permanent","zone":"Europe/Rome","opens":"2026-01-01 00:00","until":"2028-04-01 00:00"})");
  auto const round = open.rounds(utc("2027-01-01"), utc("2027-01-02")).at(0);
  EXPECT_TRUE(takes(round, utc("2028-03-31T21:59:59Z")));
  EXPECT_FALSE(takes(round, utc("2028-03-31T22:00:00Z")));
  EXPECT_TRUE(open.rounds(utc("2028-04-01"), utc("2029-01-01")).empty());
}

TEST(Cutoff, AtItsMicrosecondASubmissionIsLateAndOneBeforeInTime) {
  auto const first = schedule(R"({"kind":"monthly","zone":"Europe/Brussels","days":[1],"time":"10:00"})");
  auto const cutoff = utc("2026-04-01T08:00:00Z");
  auto const closing = first.rounds(cutoff - 1, cutoff).at(0);
  EXPECT_EQ(closing.closes, Time{cutoff});
  EXPECT_TRUE(takes(closing, cutoff - 1));
  EXPECT_FALSE(takes(closing, cutoff));
  auto const next = first.rounds(cutoff, cutoff + 1).at(0);
  EXPECT_EQ(next.opens, Time{cutoff});
  EXPECT_FALSE(takes(next, cutoff - 1));
  EXPECT_TRUE(takes(next, cutoff));
  EXPECT_EQ(first.next_cutoff(cutoff - 1), cutoff);
  EXPECT_EQ(first.next_cutoff(cutoff), utc("2026-05-01T08:00:00Z"));
}

TEST(LeadDays, ARoundOpensSoManyDaysBeforeOnTheSameClock) {
  auto const led = schedule(
      R"({"kind":"listed","zone":"Europe/Brussels","lead_days":30,"cutoffs":["2026-03-30 10:00","2026-04-10 10:00"]})");
  auto const rounds = led.rounds(utc("2026-01-01"), utc("2027-01-01"));
  ASSERT_EQ(rounds.size(), 2U);
  EXPECT_EQ(rounds[0].opens, Time{utc("2026-02-28T09:00:00Z")});
  EXPECT_EQ(rounds[1].opens, Time{utc("2026-03-30T08:00:00Z")});  // never before the round before has closed
  EXPECT_TRUE(led.rounds(utc("2026-01-01"), utc("2026-02-01")).empty());
}

TEST(AnswerDue, WorkingDaysLeaveOutWeekendsAndHolidays) {
  auto const ten = schedule(R"({"kind":"listed","zone":"Europe/Brussels","cutoffs":["2026-03-31 10:00"],
    "holidays":["2026-04-02","2026-04-03","2026-04-06"],"answer":{"unit":"working_days","count":10}})");
  auto const due = ten.answer_due(utc("2026-03-31T08:00:00Z"));
  ASSERT_TRUE(due);
  EXPECT_EQ(due->day, "2026-04-17");
  EXPECT_EQ(due->before.us, utc("2026-04-17T22:00:00Z"));
  EXPECT_EQ(ten.rounds(utc("2026-01-01"), utc("2027-01-01")).at(0).answer, due);
}

TEST(AnswerDue, CountsFromTheDayOnTheClockOfTheZone) {
  auto const two =
      schedule(R"({"kind":"permanent","zone":"Europe/Helsinki","answer":{"unit":"working_days","count":2}})");
  // Thursday 22:30 UTC is Friday in Helsinki.
  EXPECT_EQ(two.answer_due(utc("2026-01-08T21:59:59Z"))->day, "2026-01-12");
  EXPECT_EQ(two.answer_due(utc("2026-01-08T22:30:00Z"))->day, "2026-01-13");
}

TEST(AnswerDue, MonthsEndOnTheSameDayTheLastOrTheWorkingDayAfter) {
  auto const month = schedule(R"({"kind":"permanent","zone":"UTC","answer":{"unit":"months","count":1}})");
  EXPECT_EQ(month.answer_due(utc("2026-10-30T09:00:00Z"))->day, "2026-11-30");
  EXPECT_EQ(month.answer_due(utc("2027-03-31T09:00:00Z"))->day, "2027-04-30");
  EXPECT_EQ(month.answer_due(utc("2028-01-31T09:00:00Z"))->day, "2028-02-29");
  EXPECT_EQ(month.answer_due(utc("2026-01-31T09:00:00Z"))->day, "2026-03-02");  // 28 February 2026 is a Saturday
}

TEST(AnswerDue, TwoDaysHoldTwoWorkingDays) {
  auto const days = [](int count) {
    return schedule(R"({"kind":"permanent","zone":"UTC","answer":{"unit":"days","count":)" + std::to_string(count) +
                    "}}");
  };
  // From Friday 9 January 2026.
  EXPECT_EQ(days(1).answer_due(utc("2026-01-09"))->day, "2026-01-12");
  EXPECT_EQ(days(2).answer_due(utc("2026-01-09"))->day, "2026-01-13");
  EXPECT_EQ(days(14).answer_due(utc("2026-01-09"))->day, "2026-01-23");
}

TEST(RuleFaults, NameWhatIsWrongAndWhere) {
  auto const pointers = [](std::string_view text) {
    Texts out;
    for (auto const& fault : faults_of(rule(text), "/schedule")) out.push_back(fault.pointer);
    return out;
  };
  EXPECT_EQ(pointers(R"({"kind":"permanent","zone":"Mars/Olympus"})"), (Texts{"/schedule/zone"}));
  EXPECT_EQ(pointers(R"({"kind":"listed","zone":"UTC"})"), (Texts{"/schedule/cutoffs"}));
  EXPECT_EQ(pointers(R"({"kind":"listed","zone":"UTC","cutoffs":["2026-01-02 10:00","2026-01-01 10:00","x"]})"),
            (Texts{"/schedule/cutoffs/1", "/schedule/cutoffs/2"}));
  EXPECT_EQ(pointers(R"({"kind":"listed","zone":"UTC","cutoffs":["2026-01-02 10:00"],"shift":"before"})"),
            (Texts{"/schedule/shift"}));
  EXPECT_EQ(pointers(R"({"kind":"monthly","zone":"UTC","days":[0,32,5,5]})"),
            (Texts{"/schedule/days/0", "/schedule/days/1", "/schedule/days/2", "/schedule/days/3", "/schedule/time"}));
  EXPECT_EQ(pointers(R"({"kind":"monthly","zone":"UTC","days":[1],"per_month":2,"time":"25:00"})"),
            (Texts{"/schedule/days", "/schedule/time"}));
  EXPECT_EQ(pointers(R"({"kind":"every_months","zone":"UTC"})"), (Texts{"/schedule/months", "/schedule/first"}));
  EXPECT_EQ(pointers(R"({"kind":"permanent","zone":"UTC","opens":"2026-01-02 10:00","until":"2026-01-02 10:00"})"),
            (Texts{"/schedule/until"}));
  EXPECT_EQ(pointers(R"({"kind":"permanent","zone":"UTC","holidays":["2026-02-29","2026-01-01","2026-01-01"]})"),
            (Texts{"/schedule/holidays/0", "/schedule/holidays"}));
}

TEST(RuleFaults, ReadingChecksTheShape) {
  auto const read =
      json::read<Rule>(R"({"kind":"weekly","zone":"","months":0,"answer":{"unit":"days","count":0},"x":1})");
  ASSERT_FALSE(read);
  Texts pointers;
  for (auto const& fault : read.error().faults) pointers.push_back(fault.pointer);
  for (char const* const expected : {"/kind", "/zone", "/months", "/answer/count", "/x"})
    EXPECT_NE(std::ranges::find(pointers, expected), pointers.end()) << expected;
}

TEST(RuleFaults, AMonthWithoutAWorkingDayIsRefused) {
  Rule made = rule(R"({"kind":"monthly","zone":"UTC","days":[1],"time":"10:00","shift":"after"})");
  for (int day = 1; day <= 31; ++day) {
    made.holidays.push_back("2026-07-" + std::string(day < 10 ? "0" : "") + std::to_string(day));
    made.holidays.push_back("2026-08-" + std::string(day < 10 ? "0" : "") + std::to_string(day));
  }
  auto const refused = Schedule::of(made);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "schedule");
  EXPECT_EQ(refused.error().faults.at(0).pointer, "/holidays");
}

TEST(Describe, IsOnePlainSentence) {
  EXPECT_EQ(
      schedule(R"({"kind":"monthly","zone":"Europe/Brussels","days":[-1,1,22],"time":"10:00","shift":"before",
              "holidays":["2026-12-24"],"answer":{"unit":"months","count":1}})")
          .describe(),
      "A cut-off on the 1st, the 22nd and the last day of each month at 10:00 (Europe/Brussels); one that falls on a "
      "weekend or a listed holiday moves to the working day before; a round opens when the one before closes; "
      "answer within one month of the cut-off.");
  EXPECT_EQ(schedule(R"({"kind":"monthly","zone":"UTC","per_month":2,"time":"10:00","lead_days":10})").describe(),
            "Each month two cut-offs, evenly spread, at 10:00 (UTC); a round opens ten days before its cut-off.");
  EXPECT_EQ(schedule(R"({"kind":"listed","zone":"UTC","cutoffs":["2026-03-30T10:00","2026-09-04T10:00"]})").describe(),
            "2 listed cut-offs between 2026-03-30 10:00 and 2026-09-04 10:00 (UTC); a round opens when the one before "
            "closes.");
  EXPECT_EQ(describe(rule(R"({"kind":"listed","zone":"UTC","cutoffs":["2026-03-30 10:00"]})")).value(),
            "One cut-off, 2026-03-30 10:00 (UTC).");
}

TEST(FreeFunctions, CheckTheRuleFirst) {
  Rule wrong;
  wrong.kind = RuleKind::monthly;
  wrong.zone = "UTC";
  EXPECT_FALSE(rounds_of(wrong, 0, 1));
  EXPECT_FALSE(next_cutoff(wrong, 0));
  EXPECT_FALSE(answer_due(wrong, 0));
  EXPECT_FALSE(describe(wrong));
  EXPECT_EQ(next_cutoff(rule(kHosting), 0).value(), utc("2024-11-04T16:00:00Z"));
}

// --- Properties over generated rules -------------------------------------------------------------------------------

class Generated {
 public:
  explicit Generated(std::uint64_t seed) : random_{seed} {}

  Rule rule() {
    static constexpr std::array kZones{"Europe/Brussels", "Europe/Helsinki", "Atlantic/Azores", "Europe/Chisinau"};
    Rule out;
    out.kind = std::array{RuleKind::listed, RuleKind::monthly, RuleKind::every_months, RuleKind::monthly}[below(4)];
    out.zone = kZones[below(kZones.size())];
    if (chance(2)) out.opens = local(2024);
    if (chance(2)) out.until = local(2030);
    if (out.kind == RuleKind::listed) {
      for (int year = 2025; year < 2030; ++year) out.cutoffs.push_back(local(year));
    } else {
      out.until_is_cutoff = out.until && chance(2);
      out.shift = std::array{Shift::none, Shift::before, Shift::after}[below(3)];
    }
    if (out.kind == RuleKind::monthly) {
      out.time = clock();
      if (chance(3)) out.per_month = 1 + static_cast<std::int64_t>(below(4));
      else
        out.days = chance(2) ? std::vector<std::int64_t>{-1, 1 + static_cast<std::int64_t>(below(31))}
                             : std::vector<std::int64_t>{1 + static_cast<std::int64_t>(below(31))};
    }
    if (out.kind == RuleKind::every_months) {
      out.first = local(2025);
      out.months = 1 + static_cast<std::int64_t>(below(14));
    }
    if (chance(4)) out.lead_days = 1 + static_cast<std::int64_t>(below(60));
    if (chance(2)) out.holidays = {"2026-04-03", "2026-04-06", "2026-12-24", "2026-12-25", "2026-12-28", "2027-01-01"};
    if (chance(2)) out.answer = Answer{AnswerUnit::working_days, 1 + static_cast<std::int64_t>(below(20))};
    return out;
  }
  Micros instant() { return utc("2023-06-01") + static_cast<Micros>(below(utc("2031-06-01") - utc("2023-06-01"))); }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  std::uint64_t below(std::uint64_t count) { return random_() % count; }

 private:
  // Hours in which the clocks are set come up often.
  std::string clock() {
    static constexpr std::array kClocks{"00:00", "00:30", "01:30", "02:00", "02:30",
                                        "03:00", "03:30", "10:00", "17:00", "23:59"};
    return kClocks[below(kClocks.size())];
  }
  std::string local(int year) {
    static constexpr std::array kDays{"03-29", "03-30", "10-25", "10-26", "01-31", "02-28", "12-31", "06-15"};
    return std::to_string(year) + "-" + kDays[below(kDays.size())] + " " + clock();
  }
  std::mt19937_64 random_;
};

TEST(AnyRule, CutOffsIncreaseAndRoundsNeitherOverlapNorLeaveGaps) {
  Generated make{1};
  for (int nth = 0; nth < 2000; ++nth) {
    auto const made = Schedule::of(make.rule());
    ASSERT_TRUE(made) << json::write(made.error().faults[0].pointer);
    auto const cutoffs = made->cutoffs(utc("2020-01-01"), utc("2032-01-01"));
    ASSERT_TRUE(std::ranges::is_sorted(cutoffs, std::less_equal{}) || cutoffs.empty()) << json::write(made->rule());
    auto const rounds = made->rounds(utc("2020-01-01"), utc("2032-01-01"));
    ASSERT_GE(rounds.size(), cutoffs.size());
    for (std::size_t place = 0; place < rounds.size(); ++place) {
      auto const& round = rounds[place];
      ASSERT_TRUE(round.closes);
      if (round.opens) {
        ASSERT_LT(*round.opens, *round.closes) << json::write(made->rule());
      }
      if (place == 0) continue;
      ASSERT_TRUE(round.opens);
      ASSERT_GE(*round.opens, *rounds[place - 1].closes);
      if (!made->rule().lead_days) {
        ASSERT_EQ(*round.opens, *rounds[place - 1].closes);
      }
      ASSERT_NE(round.name, rounds[place - 1].name);
    }
    for (auto const cutoff : cutoffs) {
      ASSERT_EQ(std::ranges::count_if(rounds, [&](Round const& round) { return round.closes->us == cutoff; }), 1);
      if (made->zone().name() == std::string_view{"Europe/Brussels"} && made->rule().shift != Shift::none &&
          !(made->rule().until_is_cutoff && cutoff == cutoffs.back())) {
        auto const weekday = (made->zone().wall_at(cutoff).seconds / 86'400 + 4) % 7;  // 1970-01-01 was a Thursday
        ASSERT_TRUE(weekday >= 1 && weekday <= 5) << json::write(made->rule());
      }
    }
  }
}

TEST(AnyRule, SaysTheSameWheneverAndForWhicheverSpanItIsAsked) {
  Generated make{2};
  for (int nth = 0; nth < 800; ++nth) {
    auto const rule = make.rule();
    auto const made = Schedule::of(rule).value();
    auto const whole = made.cutoffs(utc("2020-01-01"), utc("2034-01-01"));
    auto const all_rounds = made.rounds(utc("2020-01-01"), utc("2034-01-01"));
    for (int ask = 0; ask < 12; ++ask) {
      auto const from = make.instant();
      auto const to = from + static_cast<Micros>(make.below(800 * kDay));
      std::vector<Micros> expected;
      std::ranges::copy_if(whole, std::back_inserter(expected), [&](Micros at) { return at >= from && at <= to; });
      ASSERT_EQ(made.cutoffs(from, to), expected) << json::write(rule);
      std::vector<Round> open;
      std::ranges::copy_if(all_rounds, std::back_inserter(open), [&](Round const& round) {
        return round.closes->us > from && (!round.opens || round.opens->us < to);
      });
      ASSERT_EQ(made.rounds(from, to), from < to ? open : std::vector<Round>{}) << json::write(rule);
      auto const next = std::ranges::upper_bound(whole, from);
      ASSERT_EQ(made.next_cutoff(from), next == whole.end() ? std::nullopt : std::optional{*next}) << json::write(rule);
    }
  }
}

TEST(AnyRule, AMillionInstantsFallIntoExactlyTheRoundTheirNextCutOffCloses) {
  Generated make{3};
  std::size_t asked = 0;
  for (int nth = 0; nth < 100; ++nth) {
    auto rule = make.rule();
    rule.lead_days.reset();
    auto const made = Schedule::of(rule).value();
    auto const rounds = made.rounds(utc("2020-01-01"), utc("2034-01-01"));
    for (int ask = 0; ask < 10'000; ++ask, ++asked) {
      // Every fourth at a cut-off, a microsecond before or after it.
      auto instant = make.instant();
      if (ask % 4 == 0 && !rounds.empty())
        instant = rounds[make.below(rounds.size())].closes->us + static_cast<Micros>(make.below(3)) - 1;
      instant = std::min(instant, utc("2034-01-01") - 1);  // the last round asked for may close after its span
      auto const home =
          std::ranges::upper_bound(rounds, instant, {}, [](Round const& round) { return round.closes->us; });
      bool const taken = home != rounds.end() && takes(*home, instant);
      auto const others = (home != rounds.begin() && home != rounds.end() && takes(*std::prev(home), instant)) ||
                          (home != rounds.end() && std::next(home) != rounds.end() && takes(*std::next(home), instant));
      ASSERT_FALSE(others);
      // Refused only before the opening and after the last cut-off.
      bool const before = home != rounds.end() && home->opens && instant < home->opens->us;
      if (before) {
        ASSERT_EQ(home, rounds.begin());
      }
      ASSERT_EQ(taken, home != rounds.end() && !before);
      if (ask % 50 == 0) {
        ASSERT_EQ(made.next_cutoff(instant), home == rounds.end() ? std::nullopt : std::optional{home->closes->us});
      }
    }
  }
  EXPECT_EQ(asked, 1'000'000U);
}

TEST(AnyRule, HoldsAtTheEndsOfTime) {
  Generated make{4};
  auto const least = std::numeric_limits<Micros>::min();
  auto const most = std::numeric_limits<Micros>::max();
  for (int nth = 0; nth < 200; ++nth) {
    auto const made = Schedule::of(make.rule()).value();
    auto const all = made.cutoffs(least, most);
    auto const rounds = made.rounds(least, most);
    ASSERT_EQ(rounds.size(), all.size());
    EXPECT_EQ(made.next_cutoff(least), all.empty() ? std::nullopt : std::optional{all.front()});
    EXPECT_EQ(made.next_cutoff(most), std::nullopt);
    EXPECT_TRUE(made.rounds(most - 1, most).empty());
    if (made.rule().answer) {
      EXPECT_TRUE(made.answer_due(most));
      EXPECT_TRUE(made.answer_due(least));
    }
  }
}

TEST(AnyRule, IsTheSameAfterAWayThroughJson) {
  Generated make{5};
  for (int nth = 0; nth < 300; ++nth) {
    auto const rule = make.rule();
    auto const back = json::read<Rule>(json::write(rule));
    ASSERT_TRUE(back);
    ASSERT_EQ(*back, rule);
  }
}

// Working days one by one, the slow way.
TEST(AnyAnswer, HoldsAsManyWorkingDaysAsPromised) {
  Generated make{6};
  for (int nth = 0; nth < 2000; ++nth) {
    auto rule = make.rule();
    rule.answer = Answer{AnswerUnit::working_days, 1 + static_cast<std::int64_t>(make.below(30))};
    auto const made = Schedule::of(rule).value();
    auto const event = make.instant();
    auto const due = made.answer_due(event).value();
    auto day = made.zone().wall_at(event).seconds / 86'400;
    std::int64_t worked = 0;
    std::string last;
    while (worked < rule.answer->count) {
      ++day;
      last = text_of(Wall{day * 86'400}).substr(0, 10);
      auto const weekday = (day + 4) % 7;
      if (weekday != 0 && weekday != 6 && std::ranges::find(rule.holidays, last) == rule.holidays.end()) ++worked;
    }
    ASSERT_EQ(due.day, last);
    ASSERT_GT(due.before.us, event);
    ASSERT_EQ(text_of(made.zone().wall_at(due.before.us - 1)).substr(0, 10), last);
  }
}

}  // namespace
}  // namespace fabrica::schedule
