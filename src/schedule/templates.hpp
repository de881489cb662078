#pragma once

#include <array>
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "json/json.hpp"
#include "schedule/rule.hpp"

// Calls as they are published in the field, as data (facts/call_templates.json): what an operator copies, completes and
// publishes as a call. What is not known is absent, never zero, and stands among the open questions.
namespace fabrica::schedule {

// As the facts say it (facts/row.hpp).
enum class Confidence : std::uint8_t { official, secondary, single_source, background, unconfirmed, unknown };
BOOST_DESCRIBE_ENUM(Confidence, official, secondary, single_source, background, unconfirmed, unknown)

enum class TemplateKind : std::uint8_t { first_come, reviewed };
BOOST_DESCRIBE_ENUM(TemplateKind, first_come, reviewed)

// Who gets what is there: in order of arrival; in order of arrival among those above the bar; by rank.
enum class Selection : std::uint8_t { first_come, first_come_above_bar, ranked };
BOOST_DESCRIBE_ENUM(Selection, first_come, first_come_above_bar, ranked)

// usable: every rule is there. incomplete: its open questions must be answered first. superseded: kept for the record.
enum class TemplateState : std::uint8_t { usable, incomplete, superseded };
BOOST_DESCRIBE_ENUM(TemplateState, usable, incomplete, superseded)

enum class HoursUnit : std::uint8_t { gpu_hour, node_hour, core_hour };
BOOST_DESCRIBE_ENUM(HoursUnit, gpu_hour, node_hour, core_hour)

enum class StepKind : std::uint8_t { administrative, technical, expert, panel, decision, response };
BOOST_DESCRIBE_ENUM(StepKind, administrative, technical, expert, panel, decision, response)

// Kinds of organisation are identity's words; countries are codes or the groups the facts know: eu, eurohpc,
// associated.
struct Applicants {
  std::vector<std::string> organisation_kinds;   // free of charge
  std::vector<std::string> priced_kinds;         // by paid access alone
  std::vector<std::string> project_only_kinds;   // only within a Horizon Europe or Digital Europe project
  std::vector<std::string> open_research_kinds;  // only for research that is published
  std::vector<std::string> countries;
  Confidence confidence{};

  static constexpr std::array<std::string_view, 3> kMayBeAbsent{"priced_kinds", "project_only_kinds",
                                                                "open_research_kinds"};
};
BOOST_DESCRIBE_STRUCT(Applicants, (),
                      (organisation_kinds, priced_kinds, project_only_kinds, open_research_kinds, countries,
                       confidence))

// What one proposal may ask for, whichever the partition.
struct Amount {
  std::optional<std::int64_t> min_units;
  bool min_excluded = false;  // more than min_units
  std::optional<std::int64_t> max_units;
  bool fixed = false;  // a package of max_units, not a range
  Confidence confidence{};

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"min_excluded", "fixed"};
  static constexpr auto limits() {
    return std::tuple{json::range(&Amount::min_units, 1, 1'000'000'000),
                      json::range(&Amount::max_units, 1, 1'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(Amount, (), (min_units, min_excluded, max_units, fixed, confidence))

struct PartitionOffer {
  std::string partition;  // key of the facts
  std::optional<std::int64_t> min_units, max_units;
  std::string source;
  Confidence confidence{};

  static constexpr auto limits() {
    return std::tuple{
        json::length(&PartitionOffer::partition, 1, 100), json::range(&PartitionOffer::min_units, 1, 1'000'000'000),
        json::range(&PartitionOffer::max_units, 1, 1'000'000'000), json::length(&PartitionOffer::source, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(PartitionOffer, (), (partition, min_units, max_units, source, confidence))

struct Track {
  std::string key, title;
  std::vector<std::string> organisation_kinds;
};
BOOST_DESCRIBE_STRUCT(Track, (), (key, title, organisation_kinds))

struct Criterion {
  std::string key, title;
  std::optional<double> weight;  // absent: all weigh the same
};
BOOST_DESCRIBE_STRUCT(Criterion, (), (key, title, weight))

// Where only the names of the criteria are known, the numbers are a default for the operator to change:
// numbers_confidence says so.
struct Review {
  std::vector<Criterion> criteria;
  std::optional<double> scale_min, scale_max;
  std::optional<double> threshold_each;   // below it on one criterion: not above the bar
  std::optional<double> threshold_total;  // on the sum of all
  Confidence names_confidence{};
  Confidence numbers_confidence{};
  std::string source;
};
BOOST_DESCRIBE_STRUCT(Review, (),
                      (criteria, scale_min, scale_max, threshold_each, threshold_total, names_confidence,
                       numbers_confidence, source))

struct Quota {
  std::string key;  // of the facts, or of this template
  double share = 0;
  std::string of;
  std::string source;
  Confidence confidence{};

  static constexpr auto limits() { return std::tuple{json::range(&Quota::share, 0.0, 1.0)}; }
};
BOOST_DESCRIBE_STRUCT(Quota, (), (key, share, of, source, confidence))

struct Conditions {
  std::optional<bool> civilian_only;
  std::optional<bool> ai_act_compliance;
  std::optional<double> inference_share_max;
  std::optional<std::int64_t> contract_months_after_end;  // of the principal investigator
  std::optional<bool> one_active_award;                   // for a principal investigator
  std::optional<bool> one_proposal;                       // for a call
  std::optional<std::int64_t> extension_months;
  std::optional<double> extension_share;
  std::optional<std::int64_t> renewals_max;
  std::optional<std::int64_t> final_report_months;

  static constexpr auto limits() {
    return std::tuple{json::range(&Conditions::inference_share_max, 0.0, 1.0),
                      json::range(&Conditions::extension_share, 0.0, 1.0),
                      json::range(&Conditions::contract_months_after_end, 0, 60),
                      json::range(&Conditions::extension_months, 1, 60),
                      json::range(&Conditions::renewals_max, 1, 20),
                      json::range(&Conditions::final_report_months, 1, 60)};
  }
};
BOOST_DESCRIBE_STRUCT(Conditions, (),
                      (civilian_only, ai_act_compliance, inference_share_max, contract_months_after_end,
                       one_active_award, one_proposal, extension_months, extension_share, renewals_max,
                       final_report_months))

// Of a call for hosting entities: money, not hours.
struct Funding {
  std::optional<double> total_meur;
  std::optional<double> union_share_acquisition_max, union_share_operation_max, union_share_capex_max;
  std::optional<std::int64_t> sites_max;
  Confidence confidence{};

  static constexpr auto limits() {
    return std::tuple{json::range(&Funding::union_share_acquisition_max, 0.0, 1.0),
                      json::range(&Funding::union_share_operation_max, 0.0, 1.0),
                      json::range(&Funding::union_share_capex_max, 0.0, 1.0),
                      json::range(&Funding::sites_max, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(Funding, (),
                      (total_meur, union_share_acquisition_max, union_share_operation_max, union_share_capex_max,
                       sites_max, confidence))

struct CallTemplate {
  std::string key, title, summary;
  TemplateState state{};
  std::optional<TemplateKind> kind;
  std::optional<Selection> selection;
  std::optional<std::string> access_mode;  // key of the facts row it follows
  std::optional<std::string> factory;      // key of the facts row whose own package this is
  std::optional<std::string> reference;    // the publisher's own identifier
  std::optional<HoursUnit> unit;
  std::optional<Applicants> applicants;
  std::vector<Track> tracks;
  std::optional<Amount> amount;
  std::vector<PartitionOffer> offers;
  std::vector<std::int64_t> durations_months;
  std::optional<Rule> schedule;
  std::optional<std::string> holiday_calendar;  // its days are added to the schedule's holidays when the file is read
  std::optional<Confidence> schedule_confidence;
  std::vector<StepKind> steps;
  std::optional<Confidence> steps_confidence;
  std::optional<Review> review;
  std::optional<std::string> form;  // key of a shipped form
  std::vector<Quota> quotas;
  std::optional<Conditions> conditions;
  std::optional<Funding> funding;
  std::vector<std::string> notes;
  std::vector<std::string> open_questions;  // to be settled before a call is made of it
  std::vector<std::string> superseded_by;
  std::optional<std::string> valid_from, valid_to;
  std::string source;
  Confidence confidence{};

  static constexpr std::array<std::string_view, 8> kMayBeAbsent{
      "tracks", "offers", "durations_months", "steps", "quotas", "notes", "open_questions", "superseded_by"};
  static constexpr auto limits() {
    return std::tuple{json::length(&CallTemplate::key, 1, 64), json::length(&CallTemplate::title, 1, 200),
                      json::length(&CallTemplate::summary, 1, 2000), json::items(&CallTemplate::offers, 0, 100),
                      json::length(&CallTemplate::source, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(CallTemplate, (),
                      (key, title, summary, state, kind, selection, access_mode, factory, reference, unit, applicants,
                       tracks, amount, offers, durations_months, schedule, holiday_calendar, schedule_confidence, steps,
                       steps_confidence, review, form, quotas, conditions, funding, notes, open_questions,
                       superseded_by, valid_from, valid_to, source, confidence))

// Days on which an office does not work, weekends apart; known from `from` to `to`. Later days are not known: working
// days counted past it leave out weekends only.
struct HolidayCalendar {
  std::string key, title;
  std::string from, to;
  std::vector<std::string> days;
  std::vector<std::string> notes;
  std::string source;
  Confidence confidence{};

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"notes"};
  static constexpr auto limits() {
    return std::tuple{json::length(&HolidayCalendar::key, 1, 64), json::items(&HolidayCalendar::days, 1, 1000),
                      json::length(&HolidayCalendar::source, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(HolidayCalendar, (), (key, title, from, to, days, notes, source, confidence))

struct Templates {
  std::vector<HolidayCalendar> holiday_calendars;
  std::vector<CallTemplate> templates;
};
BOOST_DESCRIBE_STRUCT(Templates, (), (holiday_calendars, templates))

// A file of templates, checked, holidays put into the schedules. Errors: those of json::read, invalid "call_templates"
// with every fault at its JSON pointer.
Result<Templates> read_templates(std::string_view text);

// What came with the program. It is tested, so an error here is a bug: the process ends.
Templates const& templates();

CallTemplate const* find_template(Templates const& all, std::string_view key);

}  // namespace fabrica::schedule
