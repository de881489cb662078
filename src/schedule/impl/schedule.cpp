#include "schedule/schedule.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "schedule/impl/dates.hpp"

namespace fabrica::schedule {
namespace {

namespace chrono = std::chrono;

// What can be written in a rule; instants outside are cut to it.
constexpr Micros kEarliest = 0;
constexpr Micros kLatest = 7'258'118'400 * kSecond;  // 2200-01-01

// A cut-off moved off a holiday stays within 31 days of its own, and a zone within a day of UTC.
constexpr std::int64_t kMonthsAround = 2;
constexpr Micros kMonthLong = 31 * kDay;

Micros instant(Zone const& zone, std::string const& local) {
  auto const wall = parse_wall(local);
  FABRICA_CHECK(wall.has_value());  // checked with the rule
  return zone.instant_of(*wall);
}

}  // namespace

bool takes(Round const& round, Micros submitted) {
  return (!round.opens || round.opens->us <= submitted) && (!round.closes || submitted < round.closes->us);
}

Result<Schedule> Schedule::of(Rule rule) {
  if (auto faults = faults_of(rule); !faults.empty()) {
    return fail(Errc::invalid, "schedule", "The rule for the cut-offs is not sound: correct what is named.",
                std::move(faults));
  }
  FABRICA_TRY(auto zone, Zone::named(rule.zone));
  Schedule made{std::move(rule), std::move(zone)};
  auto const& said = made.rule_;
  if (said.opens) made.opens_ = instant(made.zone_, *said.opens);
  if (said.until) made.until_ = instant(made.zone_, *said.until);
  for (auto const& cutoff : said.cutoffs) made.listed_.push_back(instant(made.zone_, cutoff));
  for (auto const& holiday : said.holidays) made.holidays_.push_back(parse_day(holiday).value());
  std::ranges::sort(made.holidays_);
  if (said.time) made.clock_s_ = parse_clock_s(*said.time).value();
  if (said.first) {
    auto const first = parse_wall(*said.first).value();
    made.first_day_ = day_of(first);
    made.clock_s_ = clock_s_of(first);
  }
  return made;
}

// Each month's cut-offs come from that month alone, so they do not depend on the span that is asked for.
void Schedule::generate_monthly(std::int64_t first_month, std::int64_t last_month, std::vector<Micros>& out) const {
  auto const add = [&](std::int64_t month, unsigned day) {
    auto const moved = shifted(first_of(month) + chrono::days{day - 1}, rule_.shift, holidays_);
    out.push_back(zone_.instant_of(wall_of(moved, clock_s_)));
  };
  for (auto month = first_month; month <= last_month; ++month) {
    auto const length = length_of(month);
    for (auto const day : rule_.days) add(month, day == -1 ? length : std::min(static_cast<unsigned>(day), length));
    auto const count = static_cast<unsigned>(rule_.per_month.value_or(0));
    for (unsigned nth = 1; nth <= count; ++nth) add(month, nth * length / count);
  }
}

// Every step is counted from the first cut-off: 31 January, 28 February, 31 March.
void Schedule::generate_stepped(std::int64_t first_month, std::int64_t last_month, std::vector<Micros>& out) const {
  auto const step = *rule_.months;
  auto const start = month_of(first_day_);
  auto nth = std::max<std::int64_t>(0, (first_month - start) / step);
  for (; start + nth * step <= last_month; ++nth) {
    auto const moved = shifted(add_months(first_day_, nth * step), rule_.shift, holidays_);
    out.push_back(zone_.instant_of(wall_of(moved, clock_s_)));
  }
}

std::vector<Micros> Schedule::cutoffs(Micros from, Micros to) const {
  // Not at the opening itself, and not after `until`.
  from = std::max(from, opens_ ? *opens_ + 1 : kEarliest);
  to = std::min(to, until_.value_or(kLatest));
  if (from > to || rule_.kind == RuleKind::permanent) return {};
  std::vector<Micros> out;
  auto const first_month = month_of(day_of(zone_.wall_at(from))) - kMonthsAround;
  auto const last_month = month_of(day_of(zone_.wall_at(to))) + kMonthsAround;
  switch (rule_.kind) {
    case RuleKind::permanent: break;
    case RuleKind::listed: out = listed_; break;
    case RuleKind::monthly: generate_monthly(first_month, last_month, out); break;
    case RuleKind::every_months: generate_stepped(first_month, last_month, out); break;
  }
  if (rule_.until_is_cutoff) out.push_back(*until_);
  std::erase_if(out, [&](Micros cutoff) { return cutoff < from || cutoff > to; });
  std::ranges::sort(out);
  auto const same = std::ranges::unique(out);  // two days moved to one
  out.erase(same.begin(), same.end());
  return out;
}

// A span that holds a cut-off of this rule wherever it lies between the first and the last.
Micros Schedule::span() const { return (rule_.months.value_or(1) + 3) * kMonthLong; }

std::optional<Micros> Schedule::next_cutoff(Micros after) const {
  if (after >= kLatest) return std::nullopt;
  auto from = std::max(after, kEarliest - 1) + 1;
  if (rule_.kind == RuleKind::listed) {
    auto const next = std::ranges::lower_bound(listed_, from);
    return next == listed_.end() ? std::nullopt : std::optional{*next};
  }
  if (opens_) from = std::max(from, *opens_ + 1);
  if (rule_.kind == RuleKind::every_months)
    from = std::max(from, zone_.instant_of(wall_of(first_day_, 0)) - kMonthsAround * kMonthLong);
  auto const found = cutoffs(from, from + span());
  return found.empty() ? std::nullopt : std::optional{found.front()};
}

std::optional<Micros> Schedule::previous_cutoff(Micros before) const {
  if (rule_.kind == RuleKind::listed) {
    auto const next = std::ranges::lower_bound(listed_, before);
    return next == listed_.begin() ? std::nullopt : std::optional{*std::prev(next)};
  }
  auto const found = cutoffs(before - span(), before - 1);
  return found.empty() ? std::nullopt : std::optional{found.back()};
}

Round Schedule::round_at(Micros cutoff, std::optional<Micros> previous) const {
  Round round;
  auto const wall = zone_.wall_at(cutoff);
  round.name = text_of(wall);
  round.closes = Time{cutoff};
  auto opens = previous ? previous : opens_;
  if (rule_.lead_days) {
    auto const day = day_of(wall) - chrono::days{*rule_.lead_days};
    auto const lead = zone_.instant_of(wall_of(day, clock_s_of(wall)));
    opens = opens ? std::max(*opens, lead) : lead;
  }
  if (opens) round.opens = Time{*opens};
  round.answer = answer_due(cutoff);
  return round;
}

std::vector<Round> Schedule::rounds(Micros from, Micros to) const {
  std::vector<Round> out;
  if (from >= to) return out;
  if (rule_.kind == RuleKind::permanent) {
    Round round{.name = "permanent", .opens = {}, .closes = {}, .answer = {}};
    if (opens_) round.opens = Time{*opens_};
    if (until_) round.closes = Time{*until_};
    if ((!opens_ || *opens_ < to) && (!until_ || from < *until_)) out.push_back(std::move(round));
    return out;
  }
  if (from >= kLatest) return out;
  auto closing = cutoffs(from + 1, to);
  // The round that is open at the end of the span closes after it.
  if (closing.empty() || closing.back() < to)
    if (auto const next = next_cutoff(to - 1)) closing.push_back(*next);
  if (closing.empty()) return out;
  auto previous = previous_cutoff(closing.front());
  for (auto const cutoff : closing) {
    auto round = round_at(cutoff, previous);
    previous = cutoff;
    if (!round.opens || round.opens->us < to) out.push_back(std::move(round));
  }
  return out;
}

std::optional<Due> Schedule::answer_due(Micros event) const {
  if (!rule_.answer) return std::nullopt;
  auto const start = day_of(zone_.wall_at(std::clamp(event, kEarliest, kLatest)));
  auto const count = rule_.answer->count;
  Day day{};
  if (rule_.answer->unit == AnswerUnit::working_days) {
    day = add_working_days(start, count, holidays_);
  } else {
    bool const months = rule_.answer->unit == AnswerUnit::months;
    day = months ? add_months(start, count) : start + chrono::days{count};
    // Article 3(4) and 3(5): it ends on a working day, and two days or more hold at least two of them.
    day = shifted(day, Shift::after, holidays_);
    if (months || count >= 2) day = std::max(day, add_working_days(start, 2, holidays_));
  }
  return Due{.day = text_of(day), .before = Time{zone_.instant_of(wall_of(day + chrono::days{1}, 0))}};
}

Result<std::vector<Round>> rounds_of(Rule const& rule, Micros from, Micros to) {
  FABRICA_TRY(auto const made, Schedule::of(rule));
  return made.rounds(from, to);
}

Result<std::optional<Micros>> next_cutoff(Rule const& rule, Micros after) {
  FABRICA_TRY(auto const made, Schedule::of(rule));
  return made.next_cutoff(after);
}

Result<std::optional<Due>> answer_due(Rule const& rule, Micros event) {
  FABRICA_TRY(auto const made, Schedule::of(rule));
  return made.answer_due(event);
}

Result<std::string> describe(Rule const& rule) {
  FABRICA_TRY(auto const made, Schedule::of(rule));
  return made.describe();
}

}  // namespace fabrica::schedule
