// What time brings to an award: its clock, its periods, warnings, its end.
#include <fmt/format.h>

#include "awards/impl/case.hpp"
#include "awards/rules.hpp"
#include "base/check.hpp"

namespace fabrica::awards {

using identity::Actor;
using identity::Permission;

namespace {

constexpr Micros kLookWaiting = kMinute;       // has a first job run?
constexpr Micros kLookClosing = 10 * kMinute;  // has a job let go of what it held?
constexpr Micros kLookWarned = 10 * kMinute;   // was it used again?
constexpr Micros kLookRunning = 6 * kHour;

struct ClockBody {
  PublicId award;
  std::string cause;
  Time starts;
  Time ends;
};
BOOST_DESCRIBE_STRUCT(ClockBody, (), (award, cause, starts, ends))

struct TurnedBody {
  PublicId award;
  std::int64_t period = 0;
  std::int64_t next = 0;
  Unused unused{};
};
BOOST_DESCRIBE_STRUCT(TurnedBody, (), (award, period, next, unused))

struct SweptBody {
  PublicId award;
  std::int64_t period = 0;
  Unused unused{};
  std::int64_t micro = 0;
};
BOOST_DESCRIBE_STRUCT(SweptBody, (), (award, period, unused, micro))

struct WarnedBody {
  PublicId award;
  Level level{};
  std::string reason;
  std::string forecast;
};
BOOST_DESCRIBE_STRUCT(WarnedBody, (), (award, level, reason, forecast))

struct ClearedBody {
  PublicId award;
  Level level{};
};
BOOST_DESCRIBE_STRUCT(ClearedBody, (), (award, level))

struct EndedBody {
  PublicId award;
  Time ended;
  Ledger ledger{};
  std::optional<Time> report_due;
};
BOOST_DESCRIBE_STRUCT(EndedBody, (), (award, ended, ledger, report_due))

struct RemindedBody {
  PublicId award;
  std::string occasion;
  std::string acknowledgement;
};
BOOST_DESCRIBE_STRUCT(RemindedBody, (), (award, occasion, acknowledgement))

struct OverdueBody {
  PublicId award;
  Time due;
};
BOOST_DESCRIBE_STRUCT(OverdueBody, (), (award, due))

}  // namespace

Result<bool> Awards::turn(db::Tx& tx) {
  FABRICA_TRY(auto const fresh, p_.outcomes.unfollowed(tx));
  if (fresh) {
    FABRICA_DO(ensure(tx, *fresh));
    return true;
  }
  FABRICA_TRY(auto const due, tx.maybe<store::TermsRow>(store::kTermsDue, Time{p_.clock.now()}));
  if (!due) return false;
  FABRICA_TRY(auto const at, load(tx, due->award));
  FABRICA_TRY(bool const done, look(tx, at));
  if (!done) FABRICA_DO(look_again(tx, at));
  return true;
}

Result<bool> Awards::look(db::Tx& tx, Case const& at) {
  FABRICA_TRY(bool const clock, look_at_clock(tx, at));
  if (clock) return true;
  FABRICA_TRY(bool const period, look_at_periods(tx, at));
  if (period) return true;
  FABRICA_TRY(bool const end, look_at_end(tx, at));
  if (end) return true;
  FABRICA_TRY(bool const use, look_at_use(tx, at));
  if (use) return true;
  return look_at_report(tx, at);
}

Result<AwardLife> Awards::confirm_access(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const holding, p_.outcomes.holding(tx, id));
  bool const operates = identity::authorise(actor, Permission::manage_systems).has_value();
  if (!operates) FABRICA_DO(p_.projects.require(tx, actor, holding.project, Permission::work_in_project));
  FABRICA_DO(ensure(tx, id));
  FABRICA_TRY(auto const at, load(tx, id));
  if (at.terms.clock != ClockState::waiting)
    return fail(Errc::conflict, "clock_running",
                fmt::format("The award's time began on {} already.", format_time(at.terms.starts_us.us)));
  FABRICA_DO(start_clock(tx, at, p_.clock.now(), operates ? "operator" : "member", actor.person.text()));
  FABRICA_TRY(auto const again, load(tx, id));
  return life(tx, again);
}

// The whole award moves: its end, its periods and when the report is due.
Result<> Awards::start_clock(db::Tx& tx, Case const& at, Micros starts, std::string_view cause,
                             std::string_view actor) {
  auto const shift = starts - at.terms.starts_us.us;
  Time const begins{starts}, ends{at.terms.ends_us.us + shift}, base{at.terms.base_ends_us.us + shift};
  FABRICA_TRY(auto const moved,
              tx.run(store::kClockStart, at.id(), cause, begins, ends, base, std::optional{Time{p_.clock.now()}}));
  if (moved != 1) return fail(Errc::conflict, "clock_running", "The award's time began meanwhile: read it again.");
  FABRICA_DO(tx.run(store::kPeriodsShift, at.id(), shift));
  FABRICA_DO(tx.run(store::kReportDue, at.id(), Time{add_months(ends.us, at.rules.report_months)}));
  FABRICA_DO(p_.outcomes.set_award_time(tx, at.id(), begins, ends));
  ClockBody const body{at.id(), std::string{cause}, begins, ends};
  FABRICA_DO(p_.journal.append(tx, in_project(at.holding.project, "award.clock_started", actor, json::write(body))));
  return {};
}

// A job that ran shows that access works. Who never comes loses time from the last day on, not before.
Result<bool> Awards::look_at_clock(db::Tx& tx, Case const& at) {
  if (at.terms.clock != ClockState::waiting) return false;
  FABRICA_TRY(auto const jobs, p_.jobs.of_award(tx, at.id()));
  auto const due = at.terms.clock_due_us.us;
  if (jobs.first_started && jobs.first_started->us <= due) {
    FABRICA_DO(start_clock(tx, at, std::max(jobs.first_started->us, at.terms.granted_us.us), "job", journal::kProgram));
    return true;
  }
  if (due > p_.clock.now()) return false;
  FABRICA_DO(start_clock(tx, at, due, "time", journal::kProgram));
  return true;
}

Result<bool> Awards::look_at_periods(db::Tx& tx, Case const& at) {
  auto const now = p_.clock.now();
  auto const* current = at.in_state(PeriodState::current);
  auto const* coming = at.in_state(PeriodState::coming);
  if (at.terms.clock == ClockState::running && current != nullptr && coming != nullptr && current->ends_us.us <= now) {
    FABRICA_TRY(auto const over, tx.run(store::kPeriodMove, at.id(), current->number, PeriodState::current,
                                        *next(kPeriodSteps, current->state, PeriodEvent::over)));
    FABRICA_TRY(auto const begun, tx.run(store::kPeriodMove, at.id(), coming->number, PeriodState::coming,
                                         *next(kPeriodSteps, coming->state, PeriodEvent::begin)));
    FABRICA_CHECK(over == 1 && begun == 1);
    FABRICA_DO(p_.outcomes.set_award_account(tx, at.id(), coming->account_id));
    TurnedBody const body{at.id(), current->number, coming->number, at.rules.period_unused};
    FABRICA_DO(p_.journal.append(
        tx, in_project(at.holding.project, "award.period_turned", journal::kProgram, json::write(body))));
    FABRICA_TRY(auto const again, load(tx, at.id()));
    FABRICA_DO(sweep(tx, again, *current));
    return true;
  }
  for (auto const& one : at.periods) {
    if (one.state != PeriodState::closing) continue;
    FABRICA_TRY(bool const moved, sweep(tx, at, one));
    if (moved) return true;
    FABRICA_TRY(auto const account, p_.budget.account(tx, one.account_id));
    if (account.held_micro > 0) continue;
    FABRICA_DO(tx.run(store::kPeriodMove, at.id(), one.number, one.state,
                      *next(kPeriodSteps, one.state, PeriodEvent::emptied)));
    return true;
  }
  return false;
}

// What a period that is over holds and no job has a hold on. Each sweep has its number, so it is done once.
Result<bool> Awards::sweep(db::Tx& tx, Case const& at, store::PeriodRow const& period) {
  FABRICA_TRY(auto const account, p_.budget.account(tx, period.account_id));
  auto const micro = account.available_micro();
  if (micro <= 0) return false;
  FABRICA_TRY(auto const mine, tx.run(store::kPeriodSwept, at.id(), period.number, period.sweeps));
  if (mine != 1) return fail(Errc::conflict, "period_state", "The period was swept meanwhile: read it again.");
  auto const unused = at.terms.clock == ClockState::ended ? at.rules.end_unused : at.rules.period_unused;
  auto const client = fmt::format("period/{}/{}/{}", at.id().text(), period.number, period.sweeps);
  SweptBody const body{at.id(), period.number, unused, micro};
  FABRICA_DO(p_.journal.append(
      tx, in_project(at.holding.project, "award.period_swept", journal::kProgram, json::write(body))));
  switch (unused) {
    case Unused::carry: {
      auto const* current = at.in_state(PeriodState::current);
      FABRICA_CHECK(current != nullptr);
      FABRICA_DO(p_.budget.transfer(tx, {client, account.id, current->account_id, micro, "carried", at.id().text()}));
      break;
    }
    case Unused::return_:
      FABRICA_DO(tx.run(store::kTermsReturned, at.id(), micro));
      FABRICA_DO(give_to_capacity(tx, at, client, account.id, micro, "unused at the end of a period", at.id().text()));
      FABRICA_DO(hours_freed(tx, at.holding, "hours of a period were not used"));
      break;
    case Unused::expire: {
      FABRICA_TRY(auto const gone,
                  p_.budget.open_account(tx, at.id().text(), budget::AccountKind::expired, at.holding.unit));
      FABRICA_DO(p_.budget.transfer(tx, {client, account.id, gone.id, micro, "expired", at.id().text()}));
      break;
    }
  }
  return true;
}

Result<> Awards::give_to_capacity(db::Tx& tx, Case const& at, std::string client_id, budget::AccountId from,
                                  std::int64_t micro, std::string_view why, std::string_view reference) {
  FABRICA_TRY(auto const capacity, p_.outcomes.capacity_of(tx, at.holding.offer));
  return p_.budget.transfer(tx,
                            {std::move(client_id), from, capacity.id, micro, std::string{why}, std::string{reference}});
}

Result<> Awards::hours_freed(db::Tx& tx, calls::Holding const& holding, std::string_view why) {
  if (holding.round) return p_.freed.freed(tx, *holding.round, why);
  return p_.outcomes.serve_offer(tx, holding.offer);
}

// A request for more time that came before the end keeps the award as it is until somebody decides.
Result<bool> Awards::look_at_end(db::Tx& tx, Case const& at) {
  if (at.terms.clock != ClockState::running || at.terms.ends_us.us > p_.clock.now()) return false;
  FABRICA_TRY(auto const asked, tx.maybe<PublicId>(store::kRequestOpen, at.id(), RequestKind::extend_time));
  if (asked) return false;
  FABRICA_TRY(auto const ended, tx.run(store::kClockEnd, at.id(), at.terms.ends_us));
  FABRICA_CHECK(ended == 1);
  auto const* last = at.in_state(PeriodState::current);
  FABRICA_CHECK(last != nullptr);
  FABRICA_TRY(auto const over, tx.run(store::kPeriodMove, at.id(), last->number, PeriodState::current,
                                      *next(kPeriodSteps, last->state, PeriodEvent::over)));
  FABRICA_CHECK(over == 1);
  FABRICA_TRY(auto const sums, ledger(tx, at));
  FABRICA_TRY(auto const report, tx.maybe<store::ReportRow>(store::kReport, at.id()));
  EndedBody const body{at.id(), at.terms.ends_us, sums, report ? std::optional{report->due_us} : std::nullopt};
  FABRICA_DO(
      p_.journal.append(tx, in_project(at.holding.project, "award.ended", journal::kProgram, json::write(body))));
  FABRICA_DO(remind(tx, at, "end"));
  // Nobody has to use what is over.
  FABRICA_TRY(auto const warnings, tx.all<store::WarningRow>(store::kWarnings, at.id()));
  for (auto const& one : warnings)
    if (!one.cleared_us) FABRICA_DO(tx.run(store::kWarningClear, at.id(), one.level, Time{p_.clock.now()}));
  return true;
}

Result<> Awards::remind(db::Tx& tx, Case const& at, std::string_view occasion) {
  RemindedBody const body{at.id(), std::string{occasion}, acknowledgement_of(at)};
  FABRICA_DO(p_.journal.append(
      tx, in_project(at.holding.project, "acknowledgement.reminded", journal::kProgram, json::write(body))));
  return {};
}

// A level is told once in the life of an award, whatever comes and goes.
Result<bool> Awards::look_at_use(db::Tx& tx, Case const& at) {
  if (at.terms.clock != ClockState::running) return false;
  FABRICA_TRY(auto const now, standing(tx, at));
  FABRICA_TRY(auto const told, tx.all<store::WarningRow>(store::kWarnings, at.id()));
  for (auto const& one : told) {
    if (one.cleared_us || one.level <= now.level) continue;
    FABRICA_DO(tx.run(store::kWarningClear, at.id(), one.level, Time{p_.clock.now()}));
    ClearedBody const body{at.id(), one.level};
    FABRICA_DO(p_.journal.append(
        tx, in_project(at.holding.project, "award.warning_cleared", journal::kProgram, json::write(body))));
    return true;
  }
  if (now.level == Level::none || std::ranges::find(told, now.level, &store::WarningRow::level) != told.end())
    return false;
  FABRICA_DO(tx.run(store::kWarningInsert, at.id(), now.level, now.reason, Time{p_.clock.now()}));
  WarnedBody const body{at.id(), now.level, now.reason, now.forecast};
  FABRICA_DO(
      p_.journal.append(tx, in_project(at.holding.project, "award.warned", journal::kProgram, json::write(body))));
  return true;
}

Result<bool> Awards::look_at_report(db::Tx& tx, Case const& at) {
  FABRICA_TRY(auto const report, tx.maybe<store::ReportRow>(store::kReport, at.id()));
  if (!report || report->overdue_said_us || report->due_us.us > p_.clock.now()) return false;
  if (at.terms.clock != ClockState::ended || !next(kReportSteps, report->state, ReportEvent::submit)) return false;
  FABRICA_TRY(auto const said, tx.run(store::kReportOverdue, at.id(), Time{p_.clock.now()}));
  FABRICA_CHECK(said == 1);
  OverdueBody const body{at.id(), report->due_us};
  FABRICA_DO(
      p_.journal.append(tx, in_project(at.holding.project, "report.overdue", journal::kProgram, json::write(body))));
  return true;
}

Result<> Awards::look_again(db::Tx& tx, Case const& at) {
  auto const now = p_.clock.now();
  std::optional<Micros> when;
  auto const by = [&](Micros time) { when = std::min(when.value_or(time), time); };
  if (at.terms.clock == ClockState::waiting) by(std::min(at.terms.clock_due_us.us, now + kLookWaiting));
  if (at.terms.clock == ClockState::running) {
    by(now + kLookRunning);
    auto const* current = at.in_state(PeriodState::current);
    if (current != nullptr) by(current->ends_us.us);
    by(at.terms.ends_us.us);
    FABRICA_TRY(auto const warnings, tx.all<store::WarningRow>(store::kWarnings, at.id()));
    for (auto const& one : warnings)
      if (!one.cleared_us) by(now + kLookWarned);
  }
  if (at.in_state(PeriodState::closing) != nullptr) by(now + kLookClosing);
  if (at.terms.clock == ClockState::ended) {
    FABRICA_TRY(auto const report, tx.maybe<store::ReportRow>(store::kReport, at.id()));
    if (report && !report->overdue_said_us && next(kReportSteps, report->state, ReportEvent::submit))
      by(report->due_us.us);
  }
  // What is due and was not done waits for somebody: a request for more time, a job.
  if (when && *when <= now) when = now + kLookWaiting;
  FABRICA_DO(tx.run(store::kTermsNext, at.id(), when ? std::optional{Time{*when}} : std::nullopt));
  return {};
}

Result<std::vector<Watched>> Awards::watched(db::Tx& tx, Actor const& actor, PublicId const& after,
                                             std::int64_t limit) {
  FABRICA_DO(identity::logged_in(actor));
  std::vector<store::WatchedRow> rows;
  if (identity::authorise(actor, Permission::view_factory)) {
    FABRICA_TRY(rows, after.empty() ? tx.all<store::WatchedRow>(store::kWatched, limit)
                                    : tx.all<store::WatchedRow>(store::kWatchedAfter, after, limit));
  } else {
    for (auto const& grant : actor.grants) {
      if (grant.role != identity::Role::project_lead && grant.role != identity::Role::project_member) continue;
      FABRICA_TRY(auto const some, tx.all<store::WatchedRow>(store::kWatchedOf, grant.scope));
      for (auto const& one : some)
        if (std::ranges::find(rows, one.award, &store::WatchedRow::award) == rows.end()) rows.push_back(one);
    }
    // A person has few projects: the page is cut from the list.
    auto const from = std::ranges::find(rows, after, &store::WatchedRow::award);
    if (!after.empty() && from != rows.end()) rows.erase(rows.begin(), from + 1);
    if (static_cast<std::int64_t>(rows.size()) > limit) rows.resize(static_cast<std::size_t>(limit));
  }
  std::vector<Watched> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto const at, load(tx, row.award));
    FABRICA_TRY(auto now, standing(tx, at));
    out.push_back({row.award, at.holding.project, at.holding.partition, at.holding.unit, row.raised_us,
                   at.terms.ends_us, std::move(now)});
  }
  return out;
}

}  // namespace fabrica::awards
