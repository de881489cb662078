#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "awards/types.hpp"
#include "base/result.hpp"
#include "base/steps.hpp"

// What is decided without a database: states, standing, requests, words.
namespace fabrica::awards {

// ---- states as tables

enum class PeriodEvent : std::uint8_t { begin, over, emptied, extended };
using PeriodStep = StateStep<PeriodState, PeriodEvent>;
inline constexpr std::array kPeriodSteps{
    PeriodStep{PeriodState::coming, PeriodEvent::begin, PeriodState::current},
    PeriodStep{PeriodState::current, PeriodEvent::over, PeriodState::closing},
    PeriodStep{PeriodState::current, PeriodEvent::extended, PeriodState::current},
    PeriodStep{PeriodState::closing, PeriodEvent::emptied, PeriodState::closed},
};
static_assert(!next(kPeriodSteps, PeriodState::closed, PeriodEvent::begin), "a period is turned over once");

enum class RequestEvent : std::uint8_t { grant, refuse, withdraw };
using RequestStep = StateStep<RequestState, RequestEvent>;
inline constexpr std::array kRequestSteps{
    RequestStep{RequestState::open, RequestEvent::grant, RequestState::granted},
    RequestStep{RequestState::open, RequestEvent::refuse, RequestState::refused},
    RequestStep{RequestState::open, RequestEvent::withdraw, RequestState::withdrawn},
};
static_assert(!next(kRequestSteps, RequestState::refused, RequestEvent::grant), "who was refused asks anew");

enum class ReportEvent : std::uint8_t { write, submit, accept, send_back };
using ReportStep = StateStep<ReportState, ReportEvent>;
inline constexpr std::array kReportSteps{
    ReportStep{ReportState::draft, ReportEvent::write, ReportState::draft},
    ReportStep{ReportState::draft, ReportEvent::submit, ReportState::submitted},
    ReportStep{ReportState::submitted, ReportEvent::accept, ReportState::accepted},
    ReportStep{ReportState::submitted, ReportEvent::send_back, ReportState::returned},
    ReportStep{ReportState::returned, ReportEvent::write, ReportState::returned},
    ReportStep{ReportState::returned, ReportEvent::submit, ReportState::submitted},
};
static_assert(!next(kReportSteps, ReportState::submitted, ReportEvent::write), "what was sent is not rewritten");
static_assert(!next(kReportSteps, ReportState::accepted, ReportEvent::send_back), "an accepted report stands");

// ---- time

// The same day of the month so many months on, or that month's last day; the time of day stays (UTC).
Micros add_months(Micros time, std::int64_t months);
// The first microsecond of the month, and "2026-11".
Micros month_begin(Micros time);
std::string month_name(Micros time);

// ---- rules of a call

// Errors: invalid "award_rules" with a fault per member.
Result<> check(AwardRules const& rules);

// ---- periods

struct PeriodPlan {
  Micros days = 0;
  std::int64_t amount_units = 0;
};
// So many days in pieces of period_days, units shared as evenly as whole units allow, the first pieces getting more.
std::vector<PeriodPlan> even_periods(std::int64_t days, std::int64_t units, std::int64_t period_days);

// ---- standing

struct StandingFacts {
  Micros now = 0;
  ClockState clock{};
  Micros starts = 0;
  Micros ends = 0;
  Ledger ledger{};
  std::int64_t used_lately_micro = 0;  // since lately_from
  Micros lately_from = 0;
  std::optional<Time> last_job{};
};
// The share used, and held counts as used: behind where it is less than a part of the share of time gone; idle where it
// is behind and no job ran for so many days. An award with nothing left is neither.
Standing standing_of(StandingFacts const& facts, AwardRules const& rules, std::string_view unit);

// ---- requests

// What a request asks for, or what an officer would grant of it.
struct Ask {
  RequestKind kind{};
  std::int64_t days = 0;
  std::int64_t units = 0;
  Micros asked = 0;  // when the request was made
  std::optional<std::int64_t> factor_millionths{};
};
struct Target {
  bool same_project = false;
  bool same_offer = false;
  bool same_partition = false;
  bool same_award = false;
  ClockState clock{};
  std::int64_t capacity_micro = 0;  // left in the offer it draws on
};
struct RequestFacts {
  Micros now = 0;
  ClockState clock{};
  Micros ends = 0;
  Micros base_ends = 0;
  std::int64_t extensions = 0;
  std::int64_t original_micro = 0;
  std::int64_t more_micro = 0;
  std::int64_t available_micro = 0;  // of the current period's account
  std::int64_t capacity_micro = 0;   // left in the offer the award draws on
  std::optional<Target> target{};
  AwardRules rules{};
};
// Every rule of the kind, in order; `deciding` adds those on what must be there when it is granted. What only the
// officer can say is unknown while it is not said.
std::vector<calls::Check> check_request(Ask const& ask, RequestFacts const& facts, bool deciding);
// Members that belong to the kind, and no others. Errors: invalid "request" with faults.
Result<> check(RequestDraft const& draft);
// A grant is of what was asked, and not more. Errors: invalid "grant" with faults.
Result<> check(GrantDraft const& grant, Request const& request);
// Units of the target, rounded down to a micro-unit.
std::int64_t converted_micro(std::int64_t micro, std::int64_t factor_millionths);

// ---- report

// What is missing to send it. Errors: invalid "report" with faults.
Result<> check_complete(Narrative const& narrative, Ledger const& ledger);
std::size_t words(std::string_view text);

// ---- words

std::string unit_name(budget::Unit unit);  // "GPU-hours"
std::string amount(std::int64_t micro);    // "12.5"
struct AcknowledgementFacts {
  std::string award;
  std::string proposal;
  std::string call;
  std::string partition;
};
// The call's own text, or ours, with the names put in.
std::string acknowledgement(AwardRules const& rules, AcknowledgementFacts const& facts);

}  // namespace fabrica::awards
