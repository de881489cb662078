#include "schedule/rule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schedule/impl/dates.hpp"
#include "schedule/zone.hpp"

namespace fabrica::schedule {
namespace {

// The longest run of weekends and holidays a shifted cut-off may have to cross.
constexpr int kFreeDaysMax = 31;

class Checker {
 public:
  Checker(Rule const& rule, std::string_view at) : rule_{rule}, at_{at} {}

  std::vector<Fault> run() {
    if (auto zone = Zone::named(rule_.zone)) zone_ = *std::move(zone);
    else fault("/zone", zone.error().what);
    auto const opens = instant("/opens", rule_.opens);
    auto const until = instant("/until", rule_.until);
    if (opens && until && *until <= *opens) fault("/until", "Must be after opens.");
    if (rule_.until_is_cutoff && !rule_.until)
      fault("/until_is_cutoff", "There is no until: give it or leave this out.");
    check_kind();
    check_holidays();
    if (rule_.kind == RuleKind::listed) check_listed(opens, until);
    if (rule_.kind == RuleKind::monthly) check_monthly();
    if (rule_.kind == RuleKind::every_months) check_stepped(opens, until);
    check_ranges();
    return std::move(faults_);
  }

 private:
  void fault(std::string_view pointer, std::string what) {
    if (faults_.size() < 50) faults_.push_back({fmt::format("{}{}", at_, pointer), std::move(what)});
  }

  // Instants, not what the clocks show, must be in order: in the night they are put forward two times may be one.
  std::optional<Micros> instant(std::string_view pointer, std::optional<std::string> const& text) {
    if (!text) return std::nullopt;
    auto const parsed = parse_wall(*text);
    if (!parsed) return fault(pointer, parsed.error().what), std::nullopt;
    return zone_ ? zone_->instant_of(*parsed) : parsed->seconds * kSecond;
  }

  // What a kind has no use for would be silently ignored: refuse it.
  void check_kind() {
    auto const only = [&](bool there, std::string_view pointer, std::initializer_list<RuleKind> kinds) {
      if (there && std::ranges::find(kinds, rule_.kind) == kinds.end())
        fault(pointer, fmt::format("Has no meaning in a rule of kind {}: leave it out.", json::enum_name(rule_.kind)));
    };
    only(!rule_.cutoffs.empty(), "/cutoffs", {RuleKind::listed});
    only(!rule_.days.empty(), "/days", {RuleKind::monthly});
    only(rule_.per_month.has_value(), "/per_month", {RuleKind::monthly});
    only(rule_.time.has_value(), "/time", {RuleKind::monthly});
    only(rule_.first.has_value(), "/first", {RuleKind::every_months});
    only(rule_.months.has_value(), "/months", {RuleKind::every_months});
    only(rule_.shift != Shift::none, "/shift", {RuleKind::monthly, RuleKind::every_months});
    only(rule_.until_is_cutoff, "/until_is_cutoff", {RuleKind::monthly, RuleKind::every_months});
    only(rule_.lead_days.has_value(), "/lead_days", {RuleKind::listed, RuleKind::monthly, RuleKind::every_months});
  }

  void check_holidays() {
    std::vector<Day> days;
    for (std::size_t place = 0; place < rule_.holidays.size(); ++place) {
      auto const day = parse_day(rule_.holidays[place]);
      if (day) days.push_back(*day);
      else fault(fmt::format("/holidays/{}", place), "Is not a day: write 2026-12-24.");
    }
    std::ranges::sort(days);
    if (auto const twice = std::ranges::adjacent_find(days); twice != days.end())
      fault("/holidays", fmt::format("{} is listed twice.", text_of(*twice)));
    // One walk over each run of free days: it starts at a holiday the run before has not covered.
    Day covered{};
    for (auto const start : days) {
      if (start < covered) continue;
      Day day = start;
      while (!is_working(day, days)) day += std::chrono::days{1};
      Day before = start;
      while (!is_working(before, days)) before -= std::chrono::days{1};
      covered = day;
      if ((day - before).count() > kFreeDaysMax)
        return fault("/holidays", fmt::format("No working day in the {} days from {}: list fewer holidays.",
                                              kFreeDaysMax, text_of(start)));
    }
  }

  void check_listed(std::optional<Micros> opens, std::optional<Micros> until) {
    if (rule_.cutoffs.empty()) fault("/cutoffs", "Name at least one cut-off.");
    std::optional<Micros> last;
    for (std::size_t place = 0; place < rule_.cutoffs.size(); ++place) {
      auto const pointer = fmt::format("/cutoffs/{}", place);
      auto const cutoff = instant(pointer, rule_.cutoffs[place]);
      if (!cutoff) continue;
      if (last && *cutoff <= *last) fault(pointer, "Must be after the one before it.");
      if (opens && *cutoff <= *opens) fault(pointer, "Must be after opens.");
      if (until && *cutoff > *until) fault(pointer, "Must not be after until.");
      last = cutoff;
    }
  }

  void check_monthly() {
    if (rule_.days.empty() == !rule_.per_month.has_value())
      fault("/days", "Give either days of the month or per_month.");
    for (std::size_t place = 0; place < rule_.days.size(); ++place) {
      auto const day = rule_.days[place];
      if (day != -1 && (day < 1 || day > 31))
        fault(fmt::format("/days/{}", place), "Must be 1 to 31, or -1 for the last day of the month.");
      if (std::ranges::count(rule_.days, day) > 1) fault(fmt::format("/days/{}", place), "Is listed twice.");
    }
    if (!rule_.time) fault("/time", "Say at which time of the day, such as 10:00.");
    else if (!parse_clock_s(*rule_.time)) fault("/time", "Is not a time of the day: write 10:00.");
  }

  void check_stepped(std::optional<Micros> opens, std::optional<Micros> until) {
    if (!rule_.months) fault("/months", "Say every how many months.");
    if (!rule_.first) return fault("/first", "Say when the first cut-off is.");
    auto const first = instant("/first", rule_.first);
    if (first && opens && *first <= *opens) fault("/first", "Must be after opens.");
    if (first && until && *first > *until) fault("/first", "Must not be after until.");
  }

  // The same limits reading JSON checks, for rules that were made in code.
  void check_ranges() {
    auto const within = [&](std::string_view pointer, std::optional<std::int64_t> value, std::int64_t least,
                            std::int64_t most) {
      if (value && (*value < least || *value > most)) fault(pointer, fmt::format("Must be {} to {}.", least, most));
    };
    within("/per_month", rule_.per_month, 1, 4);
    within("/months", rule_.months, 1, 120);
    within("/lead_days", rule_.lead_days, 1, 3650);
    if (rule_.answer) within("/answer/count", rule_.answer->count, 1, 1000);
    if (rule_.cutoffs.size() > 500) fault("/cutoffs", "At most 500.");
    if (rule_.days.size() > 10) fault("/days", "At most 10.");
    if (rule_.holidays.size() > 1000) fault("/holidays", "At most 1000.");
  }

  Rule const& rule_;
  std::string_view at_;
  std::optional<Zone> zone_;
  std::vector<Fault> faults_;
};

}  // namespace

std::vector<Fault> faults_of(Rule const& rule, std::string_view at) { return Checker{rule, at}.run(); }

}  // namespace fabrica::schedule
