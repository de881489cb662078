#pragma once

#include <array>
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"
#include "budget/service.hpp"
#include "calls/types.hpp"
#include "json/json.hpp"

namespace fabrica::awards {

// What becomes of hours that a period's end finds unused.
enum class Unused : std::uint8_t {
  carry,    // usable in the period that follows
  return_,  // back to the capacity of the offer, for others
  expire,   // gone: the machine's time has passed
};
BOOST_DESCRIBE_ENUM(Unused, carry, return_, expire)

// What holds for the awards of a call. Each award keeps the rules it was opened with.
struct AwardRules {
  std::int64_t access_days_max = 30;          // the clock starts by then, confirmed or not
  std::optional<std::int64_t> period_days{};  // absent: one period
  Unused period_unused = Unused::carry;
  Unused end_unused = Unused::expire;  // of the last period; nothing follows it, so carry is refused
  std::int64_t extensions_max = 1;
  std::int64_t extension_months_max = 3;  // all extensions together
  std::int64_t more_percent_max = 10;     // of what was awarded first, all together
  bool transfers = true;                  // to another award of the project
  std::int64_t behind_from_percent = 25;  // of the time: before that nobody is behind
  std::int64_t behind_percent = 50;       // used share below this part of the elapsed share: behind
  std::int64_t idle_days = 30;            // behind, and no job for so long: idle
  bool report = true;
  std::int64_t report_months = 3;                // after the end
  std::optional<std::string> acknowledgement{};  // {award}, {partition}, {call}, {proposal}
  std::string source{};                          // where these rules are from

  static constexpr std::array<std::string_view, 13> kMayBeAbsent{
      "access_days_max",  "period_unused",       "end_unused",     "extensions_max", "extension_months_max",
      "more_percent_max", "behind_from_percent", "behind_percent", "idle_days",      "report",
      "report_months",    "transfers",           "source"};
  static constexpr auto limits() {
    using R = AwardRules;
    return std::tuple{json::range(&R::access_days_max, 0, 365),   json::range(&R::period_days, 1, 3650),
                      json::range(&R::extensions_max, 0, 20),     json::range(&R::extension_months_max, 0, 60),
                      json::range(&R::more_percent_max, 0, 1000), json::range(&R::behind_from_percent, 0, 100),
                      json::range(&R::behind_percent, 0, 100),    json::range(&R::idle_days, 1, 3650),
                      json::range(&R::report_months, 0, 60),      json::length(&R::acknowledgement, 1, 4000),
                      json::length(&R::source, 0, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(AwardRules, (),
                      (access_days_max, period_days, period_unused, end_unused, extensions_max, extension_months_max,
                       more_percent_max, transfers, behind_from_percent, behind_percent, idle_days, report,
                       report_months, acknowledgement, source))

// waiting: nobody can say yet that access works. running: time counts. ended: no job starts any more.
enum class ClockState : std::uint8_t { waiting, running, ended };
BOOST_DESCRIBE_ENUM(ClockState, waiting, running, ended)

enum class PeriodState : std::uint8_t {
  coming,   // its hours are there and cannot be used yet
  current,  // jobs are charged here
  closing,  // over; jobs that ran over its end still hold something
  closed,
};
BOOST_DESCRIBE_ENUM(PeriodState, coming, current, closing, closed)

struct Period {
  std::int64_t number = 0;
  Time starts;
  Time ends;
  std::int64_t amount_micro = 0;  // when it was opened
  PeriodState state{};
  std::int64_t balance_micro = 0;
  std::int64_t held_micro = 0;
  std::int64_t used_micro = 0;
  std::int64_t overrun_micro = 0;
};
BOOST_DESCRIBE_STRUCT(Period, (),
                      (number, starts, ends, amount_micro, state, balance_micro, held_micro, used_micro, overrun_micro))

struct PeriodDraft {
  std::int64_t days = 0;
  std::int64_t amount_units = 0;
  static constexpr auto limits() {
    return std::tuple{json::range(&PeriodDraft::days, 1, 3650),
                      json::range(&PeriodDraft::amount_units, 0, 1'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(PeriodDraft, (), (days, amount_units))

struct SplitDraft {
  std::vector<PeriodDraft> periods;
  std::string reason;
  static constexpr auto limits() {
    return std::tuple{json::items(&SplitDraft::periods, 2, 120), json::length(&SplitDraft::reason, 1, 4000)};
  }
};
BOOST_DESCRIBE_STRUCT(SplitDraft, (), (periods, reason))

// What the ledger says of all periods of an award together.
struct Ledger {
  std::int64_t awarded_micro = 0;  // with what requests added or took
  std::int64_t balance_micro = 0;  // in all its accounts, coming periods included
  std::int64_t held_micro = 0;
  std::int64_t used_micro = 0;  // overrun included
  std::int64_t overrun_micro = 0;
  std::int64_t expired_micro = 0;
  std::int64_t returned_micro = 0;  // by the end of a period
};
BOOST_DESCRIBE_STRUCT(Ledger, (),
                      (awarded_micro, balance_micro, held_micro, used_micro, overrun_micro, expired_micro,
                       returned_micro))

enum class Level : std::uint8_t { none, behind, idle };
BOOST_DESCRIBE_ENUM(Level, none, behind, idle)

// How the award stands against its time, and where it goes at the rate of the last weeks.
struct Standing {
  Level level{};
  std::string reason;  // why it is at that level
  std::int64_t elapsed_millionths = 0;
  std::int64_t used_millionths = 0;
  std::optional<Time> last_job{};
  std::int64_t rate_micro_per_day = 0;  // of the last 28 days, or since the start
  std::optional<Time> exhausted{};      // at that rate, if before the end
  std::int64_t unused_micro = 0;        // at the end, at that rate
  std::string forecast;                 // the same in words
};
BOOST_DESCRIBE_STRUCT(Standing, (),
                      (level, reason, elapsed_millionths, used_millionths, last_job, rate_micro_per_day, exhausted,
                       unused_micro, forecast))

enum class ReportState : std::uint8_t { draft, submitted, accepted, returned };
BOOST_DESCRIBE_ENUM(ReportState, draft, submitted, accepted, returned)

// An award as it is lived with.
struct AwardLife {
  PublicId id;
  PublicId project;
  PublicId proposal;
  PublicId call;
  std::string partition;
  budget::Unit unit{};
  ClockState clock{};
  std::string clock_cause;  // member, operator, job, time, decision; empty while it waits
  Time clock_due;           // when it starts at the latest
  Time starts;
  Time ends;
  Ledger ledger{};
  std::vector<Period> periods;
  Standing standing{};
  AwardRules rules{};
  std::string acknowledgement;  // what publications must carry
  std::optional<Time> report_due{};
  std::optional<ReportState> report{};
};
BOOST_DESCRIBE_STRUCT(AwardLife, (),
                      (id, project, proposal, call, partition, unit, clock, clock_cause, clock_due, starts, ends,
                       ledger, periods, standing, rules, acknowledgement, report_due, report))

// One line of the officers' list.
struct Watched {
  PublicId award;
  PublicId project;
  std::string partition;
  budget::Unit unit{};
  Time raised;
  Time ends;
  Standing standing{};
};
BOOST_DESCRIBE_STRUCT(Watched, (), (award, project, partition, unit, raised, ends, standing))

enum class RequestKind : std::uint8_t { extend_time, more_hours, transfer_hours, give_back };
BOOST_DESCRIBE_ENUM(RequestKind, extend_time, more_hours, transfer_hours, give_back)

enum class RequestState : std::uint8_t { open, granted, refused, withdrawn };
BOOST_DESCRIBE_ENUM(RequestState, open, granted, refused, withdrawn)

struct RequestDraft {
  RequestKind kind{};
  std::optional<std::int64_t> days{};   // extend_time
  std::optional<std::int64_t> units{};  // the others; of the award it is made for
  std::optional<PublicId> to_award{};   // transfer_hours
  std::string reason;
  static constexpr auto limits() {
    return std::tuple{json::range(&RequestDraft::days, 1, 3650), json::range(&RequestDraft::units, 1, 1'000'000'000),
                      json::length(&RequestDraft::reason, 1, 8000)};
  }
};
BOOST_DESCRIBE_STRUCT(RequestDraft, (), (kind, days, units, to_award, reason))

// Absent: as much as was asked for.
struct GrantDraft {
  std::optional<std::int64_t> days{};
  std::optional<std::int64_t> units{};
  // Units of the target for one of the source, in millionths; needed where the two awards are on different partitions.
  std::optional<std::int64_t> factor_millionths{};
  std::string reason;
  static constexpr auto limits() {
    return std::tuple{json::range(&GrantDraft::days, 1, 3650), json::range(&GrantDraft::units, 1, 1'000'000'000),
                      json::range(&GrantDraft::factor_millionths, 1, 1'000'000'000),
                      json::length(&GrantDraft::reason, 1, 8000)};
  }
};
BOOST_DESCRIBE_STRUCT(GrantDraft, (), (days, units, factor_millionths, reason))

struct Reason {
  std::string reason;
  static constexpr auto limits() { return std::tuple{json::length(&Reason::reason, 1, 8000)}; }
};
BOOST_DESCRIBE_STRUCT(Reason, (), (reason))

struct Request {
  PublicId id;
  PublicId award;
  PublicId project;
  RequestKind kind{};
  RequestState state{};
  std::optional<std::int64_t> days{};
  std::optional<std::int64_t> units{};
  std::optional<PublicId> to_award{};
  std::string reason;
  std::vector<calls::Check> checks;  // as they stood when it was made, then when it was decided
  Time made;
  std::optional<std::int64_t> granted_days{};
  std::optional<std::int64_t> granted_units{};
  std::optional<std::int64_t> factor_millionths{};
  std::string answer;
  std::optional<Time> decided{};
  std::string letter;
};
BOOST_DESCRIBE_STRUCT(Request, (),
                      (id, award, project, kind, state, days, units, to_award, reason, checks, made, granted_days,
                       granted_units, factor_millionths, answer, decided, letter))

// What jobs of an award there were.
struct JobFigures {
  std::int64_t open = 0;  // waiting or running
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::optional<Time> first_started{};
  std::optional<Time> last_active{};
};
BOOST_DESCRIBE_STRUCT(JobFigures, (), (open, completed, failed, cancelled, first_started, last_active))

// The sum of the estimates, and how many jobs have one.
struct EnergyFigures {
  std::int64_t joules = 0;
  std::int64_t jobs = 0;
};
BOOST_DESCRIBE_STRUCT(EnergyFigures, (), (joules, jobs))

inline constexpr std::int64_t kThingsMax = 1000;  // data sets or models in a report

// A data set or a released model of the project.
struct RecordedThing {
  PublicId id;
  std::string name;
  std::string licence;
};
BOOST_DESCRIBE_STRUCT(RecordedThing, (), (id, name, licence))

struct MonthUse {
  std::string month;  // "2026-11"
  std::int64_t used_micro = 0;
};
BOOST_DESCRIBE_STRUCT(MonthUse, (), (month, used_micro))

struct Publication {
  std::string title;
  std::optional<std::string> doi{};
  std::optional<bool> acknowledges{};  // carries the text
  static constexpr auto limits() {
    return std::tuple{json::length(&Publication::title, 1, 1000), json::length(&Publication::doi, 1, 300)};
  }
};
BOOST_DESCRIBE_STRUCT(Publication, (), (title, doi, acknowledges))

// What only the lead can say. All of it may be saved half done; sending asks for what is marked.
struct Narrative {
  std::string research_field{};  // ERC panel
  std::string summary{};         // needed to send; 500 words
  std::string results{};         // needed to send; 1,000 words
  std::string ai_act{};          // needed to send: risk class, role, what was done for it
  std::string unused_reason{};   // needed to send where a tenth or more was not used
  std::string future_work{};
  std::string patents{};
  std::string talks{};
  std::string follow_on_funding{};
  std::string feedback{};
  std::vector<Publication> publications{};
  std::optional<bool> would_apply_again{};

  static constexpr std::array<std::string_view, 11> kMayBeAbsent{
      "research_field", "summary", "results",           "ai_act",   "unused_reason", "future_work",
      "patents",        "talks",   "follow_on_funding", "feedback", "publications"};
  static constexpr auto limits() {
    using N = Narrative;
    return std::tuple{json::length(&N::research_field, 0, 100),
                      json::length(&N::summary, 0, 6000),
                      json::length(&N::results, 0, 12'000),
                      json::length(&N::ai_act, 0, 8000),
                      json::length(&N::unused_reason, 0, 4000),
                      json::length(&N::future_work, 0, 6000),
                      json::length(&N::patents, 0, 850),
                      json::length(&N::talks, 0, 4000),
                      json::length(&N::follow_on_funding, 0, 4000),
                      json::length(&N::feedback, 0, 6000),
                      json::items(&N::publications, 0, 200)};
  }
};
BOOST_DESCRIBE_STRUCT(Narrative, (),
                      (research_field, summary, results, ai_act, unused_reason, future_work, patents, talks,
                       follow_on_funding, feedback, publications, would_apply_again))

// From records alone.
struct ReportFigures {
  PublicId award;
  PublicId proposal;
  PublicId project;
  std::string title;
  std::string organisation;
  std::string call;
  std::string partition;
  budget::Unit unit{};
  Time starts;
  Time ends;
  Time ends_first;  // before any extension
  Ledger ledger{};
  std::vector<MonthUse> months;
  JobFigures jobs{};
  EnergyFigures energy{};
  std::vector<RecordedThing> data_sets;
  std::vector<RecordedThing> models;
  std::string acknowledgement;
};
BOOST_DESCRIBE_STRUCT(ReportFigures, (),
                      (award, proposal, project, title, organisation, call, partition, unit, starts, ends, ends_first,
                       ledger, months, jobs, energy, data_sets, models, acknowledgement))

struct Report {
  PublicId award;
  ReportState state{};
  std::int64_t version = 0;  // how often it was sent
  Time due;
  bool overdue = false;
  ReportFigures figures{};  // as sent, or as the records are now
  Narrative narrative{};
  std::optional<Time> submitted{};
  std::string note{};  // why it was returned
};
BOOST_DESCRIBE_STRUCT(Report, (), (award, state, version, due, overdue, figures, narrative, submitted, note))

}  // namespace fabrica::awards
