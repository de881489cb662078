#pragma once

#include <boost/describe.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "schedule/rule.hpp"
#include "schedule/zone.hpp"

namespace fabrica::schedule {

// The day promised, and the first instant that is too late (the start of the day after, in the zone of the rule).
struct Due {
  std::string day;
  Time before;
  friend bool operator==(Due const&, Due const&) = default;
};
BOOST_DESCRIBE_STRUCT(Due, (), (day, before))

// Takes proposals in [opens, closes): at the microsecond of the cut-off it is too late.
struct Round {
  std::string name;            // the cut-off, local: "2026-01-30 10:00"; "permanent". Unique within a rule.
  std::optional<Time> opens;   // absent: not known, it is open already
  std::optional<Time> closes;  // absent: until further notice
  std::optional<Due> answer;   // absent: nothing promised, or counted from each submission
  friend bool operator==(Round const&, Round const&) = default;
};
BOOST_DESCRIBE_STRUCT(Round, (), (name, opens, closes, answer))

bool takes(Round const& round, Micros submitted);

// A rule that was checked. Immutable and pure: what it says depends on the rule and the zone's data alone, never on
// when, or for which span, it is asked.
class Schedule {
 public:
  // Errors: invalid "schedule" with every fault at its JSON pointer.
  static Result<Schedule> of(Rule rule);

  Rule const& rule() const { return rule_; }
  Zone const& zone() const { return zone_; }

  // Cut-offs in [from, to], strictly increasing.
  std::vector<Micros> cutoffs(Micros from, Micros to) const;
  // Rounds that take proposals at some instant of [from, to), in order. They never overlap; without lead_days there is
  // no gap between them either.
  std::vector<Round> rounds(Micros from, Micros to) const;
  // The first cut-off after an instant: where what is submitted then is decided, unless the round opens later.
  std::optional<Micros> next_cutoff(Micros after) const;
  // When the answer is due to what was cut off (permanent: submitted) at an instant.
  std::optional<Due> answer_due(Micros event) const;
  // One sentence.
  std::string describe() const;

 private:
  Schedule(Rule rule, Zone zone) : rule_{std::move(rule)}, zone_{std::move(zone)} {}

  void generate_monthly(std::int64_t first_month, std::int64_t last_month, std::vector<Micros>& out) const;
  void generate_stepped(std::int64_t first_month, std::int64_t last_month, std::vector<Micros>& out) const;
  std::optional<Micros> previous_cutoff(Micros before) const;
  Round round_at(Micros cutoff, std::optional<Micros> previous) const;
  Micros span() const;

  Rule rule_;
  Zone zone_;
  std::optional<Micros> opens_;
  std::optional<Micros> until_;
  std::vector<Micros> listed_;
  std::vector<std::chrono::sys_days> holidays_;
  std::int64_t clock_s_ = 0;         // monthly, every_months: time of day
  std::chrono::sys_days first_day_;  // every_months
};

// The same for a rule that was not checked yet. Errors: those of Schedule::of.
Result<std::vector<Round>> rounds_of(Rule const& rule, Micros from, Micros to);
Result<std::optional<Micros>> next_cutoff(Rule const& rule, Micros after);
Result<std::optional<Due>> answer_due(Rule const& rule, Micros event);
Result<std::string> describe(Rule const& rule);

}  // namespace fabrica::schedule
