#include "schedule/templates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "embedded/call_templates.hpp"
#include "schedule/impl/dates.hpp"

namespace fabrica::schedule {
namespace {

// identity's words, which this folder may not include.
constexpr std::array<std::string_view, 8> kOrganisationKinds{
    "start_up", "sme", "small_mid_cap", "large_company", "university", "research_organisation", "public_body", "other"};
constexpr std::array<std::string_view, 3> kCountryGroups{"eu", "eurohpc", "associated"};

bool is_country(std::string_view text) {
  return std::ranges::find(kCountryGroups, text) != kCountryGroups.end() ||
         (text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; }));
}

bool is_key(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

class Checker {
 public:
  explicit Checker(Templates const& all) : all_{all} {}

  std::vector<Fault> run() {
    std::set<std::string_view> keys;
    for (std::size_t place = 0; place < all_.holiday_calendars.size(); ++place) {
      at_ = fmt::format("/holiday_calendars/{}", place);
      check(all_.holiday_calendars[place]);
      need(keys.insert(all_.holiday_calendars[place].key).second, "/key", "Is there twice.");
    }
    keys.clear();
    for (auto const& one : all_.templates) keys_.insert(one.key);
    for (std::size_t place = 0; place < all_.templates.size(); ++place) {
      at_ = fmt::format("/templates/{}", place);
      auto const& one = all_.templates[place];
      need(keys.insert(one.key).second, "/key", "Is there twice.");
      check_outline(one);
      check_applicants(one);
      check_amounts(one);
      check_schedule(one);
      check_steps(one);
      check_review(one);
    }
    return std::move(faults_);
  }

 private:
  void need(bool truth, std::string_view pointer, std::string what) {
    if (!truth && faults_.size() < 50) faults_.push_back({fmt::format("{}{}", at_, pointer), std::move(what)});
  }

  void check(HolidayCalendar const& one) {
    need(is_key(one.key), "/key", "Write small letters, digits, _ and -.");
    auto const from = parse_day(one.from);
    auto const to = parse_day(one.to);
    need(from && to && *from <= *to, "/from", "Must be a day not after to.");
    std::optional<Day> last;
    for (std::size_t place = 0; place < one.days.size(); ++place) {
      auto const day = parse_day(one.days[place]);
      auto const pointer = fmt::format("/days/{}", place);
      need(day.has_value(), pointer, "Is not a day: write 2026-12-24.");
      if (!day) continue;
      need(!last || *last < *day, pointer, "Must be after the one before it.");
      need(!from || !to || (*from <= *day && *day <= *to), pointer, "Must lie between from and to.");
      last = day;
    }
  }

  void check_outline(CallTemplate const& one) {
    need(is_key(one.key), "/key", "Write small letters, digits, _ and -.");
    need(one.state != TemplateState::incomplete || !one.open_questions.empty(), "/open_questions",
         "An incomplete template says what is missing.");
    for (std::size_t place = 0; place < one.superseded_by.size(); ++place)
      need(keys_.contains(one.superseded_by[place]), fmt::format("/superseded_by/{}", place), "There is no such one.");
    auto const from = one.valid_from ? parse_day(*one.valid_from) : std::nullopt;
    auto const to = one.valid_to ? parse_day(*one.valid_to) : std::nullopt;
    need(!one.valid_from || from, "/valid_from", "Is not a day: write 2026-01-01.");
    need(!one.valid_to || to, "/valid_to", "Is not a day: write 2026-12-31.");
    need(!from || !to || *from <= *to, "/valid_to", "Must not be before valid_from.");
    for (std::size_t place = 0; place < one.durations_months.size(); ++place)
      need(one.durations_months[place] >= 1 && one.durations_months[place] <= 120,
           fmt::format("/durations_months/{}", place), "Must be 1 to 120.");
    if (one.state != TemplateState::usable) return;
    need(one.kind && one.selection && one.applicants && one.schedule && !one.steps.empty() && one.form, "/state",
         "A usable template has kind, selection, applicants, schedule, steps and form.");
    need(one.kind != TemplateKind::reviewed || one.review, "/review", "A usable reviewed call has criteria.");
  }

  void kinds(std::vector<std::string> const& named, std::string_view pointer) {
    for (std::size_t place = 0; place < named.size(); ++place)
      need(std::ranges::find(kOrganisationKinds, named[place]) != kOrganisationKinds.end(),
           fmt::format("{}/{}", pointer, place),
           fmt::format("Is not a kind of organisation: write one of {}.", fmt::join(kOrganisationKinds, ", ")));
  }

  void check_applicants(CallTemplate const& one) {
    for (std::size_t place = 0; place < one.tracks.size(); ++place) {
      need(is_key(one.tracks[place].key), fmt::format("/tracks/{}/key", place),
           "Write small letters, digits, _ and -.");
      kinds(one.tracks[place].organisation_kinds, fmt::format("/tracks/{}/organisation_kinds", place));
    }
    if (!one.applicants) return;
    auto const& who = *one.applicants;
    need(!who.organisation_kinds.empty() || !who.project_only_kinds.empty(), "/applicants/organisation_kinds",
         "Say who may apply, or leave out applicants.");
    kinds(who.organisation_kinds, "/applicants/organisation_kinds");
    kinds(who.priced_kinds, "/applicants/priced_kinds");
    kinds(who.project_only_kinds, "/applicants/project_only_kinds");
    kinds(who.open_research_kinds, "/applicants/open_research_kinds");
    need(!who.countries.empty(), "/applicants/countries", "Name countries or groups of them.");
    for (std::size_t place = 0; place < who.countries.size(); ++place)
      need(is_country(who.countries[place]), fmt::format("/applicants/countries/{}", place),
           fmt::format("Write a code of two capital letters or one of {}.", fmt::join(kCountryGroups, ", ")));
  }

  void check_amounts(CallTemplate const& one) {
    need(one.unit || (!one.amount && one.offers.empty()), "/unit", "Amounts need their unit.");
    if (one.amount) {
      auto const& amount = *one.amount;
      need(!amount.min_units || !amount.max_units || *amount.min_units <= *amount.max_units, "/amount/max_units",
           "Must not be less than min_units.");
      need(!amount.min_excluded || amount.min_units, "/amount/min_excluded", "There is no min_units.");
      need(!amount.fixed || amount.max_units, "/amount/fixed", "Say of how many units: max_units.");
    }
    std::set<std::string_view> seen;
    for (std::size_t place = 0; place < one.offers.size(); ++place) {
      auto const& offer = one.offers[place];
      need(seen.insert(offer.partition).second, fmt::format("/offers/{}/partition", place), "Is there twice.");
      need(!offer.min_units || !offer.max_units || *offer.min_units <= *offer.max_units,
           fmt::format("/offers/{}/max_units", place), "Must not be less than min_units.");
    }
  }

  void check_schedule(CallTemplate const& one) {
    need(one.schedule.has_value() == one.schedule_confidence.has_value(), "/schedule_confidence",
         "Goes with a schedule.");
    need(one.schedule || !one.holiday_calendar, "/holiday_calendar", "There is no schedule.");
    if (!one.schedule) return;
    for (auto& fault : faults_of(*one.schedule, "/schedule")) need(false, fault.pointer, std::move(fault.what));
    if (!one.holiday_calendar) return;
    need(std::ranges::find(all_.holiday_calendars, *one.holiday_calendar, &HolidayCalendar::key) !=
             all_.holiday_calendars.end(),
         "/holiday_calendar", "There is no such one.");
  }

  void check_steps(CallTemplate const& one) {
    need(std::ranges::is_sorted(one.steps) && std::ranges::adjacent_find(one.steps) == one.steps.end(), "/steps",
         "Each at most once, in the order administrative, technical, expert, panel, decision, response.");
    auto const on = [&](StepKind step) { return std::ranges::find(one.steps, step) != one.steps.end(); };
    need(one.steps.empty() || on(StepKind::decision), "/steps", "Every call decides: switch decision on.");
    need(!on(StepKind::panel) || on(StepKind::expert), "/steps",
         "A panel needs what the experts wrote: switch expert on.");
    need(one.kind != TemplateKind::first_come || !on(StepKind::expert), "/steps",
         "A first-come call has no expert review: make its kind reviewed.");
  }

  void check_review(CallTemplate const& one) {
    if (!one.review) return;
    auto const& review = *one.review;
    need(!review.criteria.empty(), "/review/criteria", "Name at least one criterion, or leave out review.");
    std::set<std::string_view> seen;
    for (std::size_t place = 0; place < review.criteria.size(); ++place) {
      auto const& criterion = review.criteria[place];
      auto const pointer = fmt::format("/review/criteria/{}", place);
      need(is_key(criterion.key) && seen.insert(criterion.key).second, pointer + "/key", "Must be a key of its own.");
      need(!criterion.weight || *criterion.weight > 0, pointer + "/weight", "Must be more than 0.");
    }
    need(review.scale_min.has_value() == review.scale_max.has_value(), "/review/scale_max", "A scale has both ends.");
    need(review.scale_min.has_value() || (!review.threshold_each && !review.threshold_total), "/review/scale_min",
         "A threshold needs a scale.");
    if (!review.scale_min || !review.scale_max) return;
    auto const count = static_cast<double>(review.criteria.size());
    auto const within = [](std::optional<double> value, double least, double most) {
      return !value || (*value >= least && *value <= most);
    };
    need(*review.scale_min < *review.scale_max, "/review/scale_max", "Must be more than scale_min.");
    need(within(review.threshold_each, *review.scale_min, *review.scale_max), "/review/threshold_each",
         "Must lie on the scale.");
    need(within(review.threshold_total, count * *review.scale_min, count * *review.scale_max),
         "/review/threshold_total", "Must be a sum that can be reached.");
  }

  Templates const& all_;
  std::set<std::string_view> keys_;
  std::string at_;
  std::vector<Fault> faults_;
};

std::unexpected<Error> unsound(std::vector<Fault> faults) {
  return fail(Errc::invalid, "call_templates", "The call templates are not sound: correct what is named.",
              std::move(faults));
}

}  // namespace

Result<Templates> read_templates(std::string_view text) {
  FABRICA_TRY(auto all, json::read<Templates>(text));
  if (auto faults = Checker{all}.run(); !faults.empty()) return unsound(std::move(faults));
  // A call made of a template keeps its own days: a later edition of the calendar does not move a promise.
  for (auto& one : all.templates) {
    if (!one.holiday_calendar) continue;
    auto const& days = std::ranges::find(all.holiday_calendars, *one.holiday_calendar, &HolidayCalendar::key)->days;
    for (auto const& day : days)
      if (std::ranges::find(one.schedule->holidays, day) == one.schedule->holidays.end())
        one.schedule->holidays.push_back(day);
  }
  if (auto faults = Checker{all}.run(); !faults.empty()) return unsound(std::move(faults));
  return all;
}

Templates const& templates() {
  static Templates const kShipped = [] {
    auto const files = embedded::call_templates();
    FABRICA_CHECK(files.size() == 1);
    auto all = read_templates(files[0].content);
    if (!all)
      die(fmt::format("facts/call_templates.json: {} {}", all.error().what,
                      all.error().faults.empty() ? "" : all.error().faults[0].pointer));
    return *std::move(all);
  }();
  return kShipped;
}

CallTemplate const* find_template(Templates const& all, std::string_view key) {
  for (auto const& one : all.templates)
    if (one.key == key) return &one;
  return nullptr;
}

}  // namespace fabrica::schedule
