#pragma once

#include <array>
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.hpp"
#include "json/json.hpp"

namespace fabrica::schedule {

// listed: the cut-offs are written down. permanent: one round, no cut-off. monthly: on days of each month.
// every_months: from a first cut-off on, every so many months.
enum class RuleKind : std::uint8_t { listed, permanent, monthly, every_months };
BOOST_DESCRIBE_ENUM(RuleKind, listed, permanent, monthly, every_months)

// Where a generated cut-off goes that falls on a weekend or a listed holiday: stays, the working day before, or after.
enum class Shift : std::uint8_t { none, before, after };
BOOST_DESCRIBE_ENUM(Shift, none, before, after)

enum class AnswerUnit : std::uint8_t { working_days, days, months };
BOOST_DESCRIBE_ENUM(AnswerUnit, working_days, days, months)

// The answer promised, counted from the cut-off; in a permanent round from the submission. Periods as in Regulation
// (EEC, Euratom) No 1182/71, Article 3: the day of the event does not count, the last day counts to its end.
struct Answer {
  AnswerUnit unit{};
  std::int64_t count = 0;
  friend bool operator==(Answer const&, Answer const&) = default;

  static constexpr auto limits() { return std::tuple{json::range(&Answer::count, 1, 1000)}; }
};
BOOST_DESCRIBE_STRUCT(Answer, (), (unit, count))

// When a call takes proposals, as declared. Local times are "2026-01-30 10:00" of the zone, days "2026-01-30".
struct Rule {
  RuleKind kind{};
  std::string zone;
  std::optional<std::string> opens;       // local; absent: not known, or always open
  std::optional<std::string> until;       // local; no cut-off after it. permanent: closes then
  bool until_is_cutoff = false;           // the last cut-off is `until` itself
  std::vector<std::string> cutoffs;       // listed: local, in order
  std::vector<std::int64_t> days;         // monthly: 1 to 31 (the last day where a month is shorter), -1 the last day
  std::optional<std::int64_t> per_month;  // monthly, in place of days: so many, evenly spread, the last on the last day
  std::optional<std::string> time;        // monthly: local, "10:00"
  std::optional<std::string> first;       // every_months: local, the first cut-off
  std::optional<std::int64_t> months;     // every_months: the step
  Shift shift = Shift::none;              // monthly and every_months
  std::vector<std::string> holidays;      // days that are not working days, weekends apart
  std::optional<std::int64_t> lead_days;  // a round opens so many days before its cut-off; absent: at the one before
  std::optional<Answer> answer;
  friend bool operator==(Rule const&, Rule const&) = default;

  static constexpr std::array<std::string_view, 5> kMayBeAbsent{"until_is_cutoff", "cutoffs", "days", "shift",
                                                                "holidays"};
  static constexpr auto limits() {
    return std::tuple{json::length(&Rule::zone, 1, 64),      json::items(&Rule::cutoffs, 0, 500),
                      json::items(&Rule::days, 0, 10),       json::range(&Rule::per_month, 1, 4),
                      json::range(&Rule::months, 1, 120),    json::items(&Rule::holidays, 0, 1000),
                      json::range(&Rule::lead_days, 1, 3650)};
  }
};
BOOST_DESCRIBE_STRUCT(Rule, (),
                      (kind, zone, opens, until, until_is_cutoff, cutoffs, days, per_month, time, first, months, shift,
                       holidays, lead_days, answer))

// Everything wrong with a rule, each at its JSON pointer below `at`. Empty: Schedule::of takes it.
std::vector<Fault> faults_of(Rule const& rule, std::string_view at = "");

}  // namespace fabrica::schedule
