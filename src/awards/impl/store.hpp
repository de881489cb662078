#pragma once

#include "awards/types.hpp"
#include "db/db.hpp"

namespace fabrica::awards::store {

struct TermsRow {
  PublicId award;
  PublicId project;
  std::string rules;
  Time granted_us;
  ClockState clock{};
  std::string clock_cause;
  Time clock_due_us;
  Time starts_us;
  Time ends_us;
  Time base_ends_us;
  std::int64_t original_micro = 0;
  std::int64_t amount_micro = 0;
  std::int64_t more_micro = 0;
  std::int64_t returned_micro = 0;
  std::int64_t extensions = 0;
};
BOOST_DESCRIBE_STRUCT(TermsRow, (),
                      (award, project, rules, granted_us, clock, clock_cause, clock_due_us, starts_us, ends_us,
                       base_ends_us, original_micro, amount_micro, more_micro, returned_micro, extensions))

struct PeriodRow {
  std::int64_t number = 0;
  Time starts_us;
  Time ends_us;
  std::int64_t amount_micro = 0;
  budget::AccountId account_id{};
  PeriodState state{};
  std::int64_t sweeps = 0;
};
BOOST_DESCRIBE_STRUCT(PeriodRow, (), (number, starts_us, ends_us, amount_micro, account_id, state, sweeps))

struct WarningRow {
  Level level{};
  Time raised_us;
  std::optional<Time> cleared_us;
};
BOOST_DESCRIBE_STRUCT(WarningRow, (), (level, raised_us, cleared_us))

struct WatchedRow {
  PublicId award;
  Time raised_us;
};
BOOST_DESCRIBE_STRUCT(WatchedRow, (), (award, raised_us))

struct RequestRow {
  PublicId public_id;
  PublicId award;
  PublicId project;
  RequestKind kind{};
  RequestState state{};
  std::optional<std::int64_t> days;
  std::optional<std::int64_t> units;
  std::optional<PublicId> to_award;
  std::string reason;
  std::string checks;
  PublicId made_by;
  Time made_us;
  std::optional<std::int64_t> granted_days;
  std::optional<std::int64_t> granted_units;
  std::optional<std::int64_t> factor_millionths;
  std::string answer;
  std::optional<Time> decided_us;
  std::string letter;
  std::string letter_html;
};
BOOST_DESCRIBE_STRUCT(RequestRow, (),
                      (public_id, award, project, kind, state, days, units, to_award, reason, checks, made_by, made_us,
                       granted_days, granted_units, factor_millionths, answer, decided_us, letter, letter_html))

struct ReportRow {
  PublicId award;
  ReportState state{};
  Time due_us;
  std::optional<Time> overdue_said_us;
  std::string narrative;
  std::int64_t version = 0;
  std::string document;
  std::string html;
  std::optional<Time> submitted_us;
  std::string note;
};
BOOST_DESCRIBE_STRUCT(ReportRow, (),
                      (award, state, due_us, overdue_said_us, narrative, version, document, html, submitted_us, note))

inline constexpr db::Query kRulesInsert{"award_rules_insert", R"sql(
  INSERT INTO award_rules (call, version, rules, made_by, made_us) VALUES ($1, $2, $3, $4, $5))sql"};
inline constexpr db::Query kRulesVersion{"award_rules_version", R"sql(
  SELECT COALESCE(MAX(version), 0) FROM award_rules WHERE call = $1)sql"};
inline constexpr db::Query kRulesOf{"award_rules_of", R"sql(
  SELECT rules FROM award_rules WHERE call = $1 ORDER BY version DESC LIMIT 1)sql"};

#define FABRICA_TERMS_COLUMNS                                                                                      \
  "SELECT award, project, rules, granted_us, clock, clock_cause, clock_due_us, starts_us, ends_us, base_ends_us, " \
  "original_micro, amount_micro, more_micro, returned_micro, extensions FROM award_terms "
inline constexpr db::Query kTermsInsert{"award_terms_insert", R"sql(
  INSERT INTO award_terms (award, project, rules, granted_us, clock, clock_due_us, starts_us, ends_us, base_ends_us,
                           original_micro, amount_micro, next_us)
  VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7, $8, $9, $10, $11))sql"};
inline constexpr db::Query kTerms{"award_terms", FABRICA_TERMS_COLUMNS "WHERE award = $1"};
inline constexpr db::Query kTermsDue{"award_terms_due",
                                     FABRICA_TERMS_COLUMNS "WHERE next_us <= $1 ORDER BY next_us, award LIMIT 1"};
inline constexpr db::Query kTermsNext{"award_terms_look", R"sql(
  UPDATE award_terms SET next_us = $2 WHERE award = $1)sql"};
inline constexpr db::Query kClockStart{"award_clock_start", R"sql(
  UPDATE award_terms SET clock = 'running', clock_cause = $2, starts_us = $3, ends_us = $4, base_ends_us = $5, next_us = $6
   WHERE award = $1 AND clock = 'waiting')sql"};
inline constexpr db::Query kClockEnd{"award_clock_end", R"sql(
  UPDATE award_terms SET clock = 'ended' WHERE award = $1 AND clock = 'running' AND ends_us = $2)sql"};
inline constexpr db::Query kTermsExtend{"award_terms_extend", R"sql(
  UPDATE award_terms SET ends_us = $3, extensions = extensions + 1, next_us = $4
   WHERE award = $1 AND ends_us = $2 AND clock = 'running')sql"};
// Guarded by what was read: nothing is added twice.
inline constexpr db::Query kTermsAmount{"award_terms_amount", R"sql(
  UPDATE award_terms SET amount_micro = amount_micro + $3, more_micro = more_micro + $4, next_us = $5
   WHERE award = $1 AND amount_micro = $2)sql"};
inline constexpr db::Query kTermsReturned{"award_terms_returned", R"sql(
  UPDATE award_terms SET returned_micro = returned_micro + $2 WHERE award = $1)sql"};

inline constexpr db::Query kPeriodInsert{"award_period_insert", R"sql(
  INSERT INTO award_periods (award, number, starts_us, ends_us, amount_micro, account_id, state)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};
inline constexpr db::Query kPeriodsDelete{"award_periods_delete", R"sql(
  DELETE FROM award_periods WHERE award = $1 AND number = 1 AND state = 'current' AND
         NOT EXISTS (SELECT 1 FROM award_periods o WHERE o.award = $1 AND o.number > 1))sql"};
inline constexpr db::Query kPeriods{"award_periods", R"sql(
  SELECT number, starts_us, ends_us, amount_micro, account_id, state, sweeps FROM award_periods
   WHERE award = $1 ORDER BY number)sql"};
inline constexpr db::Query kPeriodMove{"award_period_move", R"sql(
  UPDATE award_periods SET state = $4 WHERE award = $1 AND number = $2 AND state = $3)sql"};
inline constexpr db::Query kPeriodSwept{"award_period_swept", R"sql(
  UPDATE award_periods SET sweeps = sweeps + 1 WHERE award = $1 AND number = $2 AND sweeps = $3)sql"};
inline constexpr db::Query kPeriodsShift{"award_periods_shift", R"sql(
  UPDATE award_periods SET starts_us = starts_us + CAST($2 AS BIGINT), ends_us = ends_us + CAST($2 AS BIGINT)
   WHERE award = $1)sql"};
inline constexpr db::Query kPeriodEnds{"award_period_ends", R"sql(
  UPDATE award_periods SET ends_us = $3 WHERE award = $1 AND number = $2)sql"};

inline constexpr db::Query kWarnings{"award_warnings", R"sql(
  SELECT level, raised_us, cleared_us FROM award_warnings WHERE award = $1 ORDER BY raised_us, level)sql"};
inline constexpr db::Query kWarningInsert{"award_warning_insert", R"sql(
  INSERT INTO award_warnings (award, level, reason, raised_us) VALUES ($1, $2, $3, $4))sql"};
inline constexpr db::Query kWarningClear{"award_warning_clear", R"sql(
  UPDATE award_warnings SET cleared_us = $3 WHERE award = $1 AND level = $2 AND cleared_us IS NULL)sql"};
#define FABRICA_WATCHED                                                                                           \
  "SELECT t.award AS award, MIN(w.raised_us) AS raised_us FROM award_warnings w JOIN award_terms t ON t.award = " \
  "w.award WHERE w.cleared_us IS NULL "
inline constexpr db::Query kWatched{"award_watched", FABRICA_WATCHED
                                    "GROUP BY t.award, t.ends_us ORDER BY t.ends_us, "
                                    "t.award LIMIT $1"};
inline constexpr db::Query kWatchedAfter{"award_watched_after", FABRICA_WATCHED
                                         "AND (t.ends_us > (SELECT a.ends_us FROM award_terms a WHERE a.award = $1) OR "
                                         "(t.ends_us = (SELECT a.ends_us FROM award_terms a WHERE a.award = $1) AND "
                                         "t.award > $1)) GROUP BY t.award, t.ends_us ORDER BY t.ends_us, t.award "
                                         "LIMIT $2"};
inline constexpr db::Query kWatchedOf{
    "award_watched_of", FABRICA_WATCHED "AND t.project = $1 GROUP BY t.award, t.ends_us ORDER BY t.ends_us, t.award"};

#define FABRICA_REQUEST_COLUMNS                                                                              \
  "SELECT public_id, award, project, kind, state, days, units, to_award, reason, checks, made_by, made_us, " \
  "granted_days, granted_units, factor_millionths, answer, decided_us, letter, letter_html FROM award_requests "
inline constexpr db::Query kRequestInsert{"award_request_insert", R"sql(
  INSERT INTO award_requests (public_id, award, project, kind, state, days, units, to_award, reason, checks, made_by,
                              made_us)
  VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, $10, $11))sql"};
inline constexpr db::Query kRequest{"award_request", FABRICA_REQUEST_COLUMNS "WHERE public_id = $1"};
inline constexpr db::Query kRequestsOf{"award_requests_of", FABRICA_REQUEST_COLUMNS "WHERE award = $1 ORDER BY id"};
inline constexpr db::Query kRequestsOpen{"award_requests_open", FABRICA_REQUEST_COLUMNS
                                         "WHERE state = 'open' AND id > COALESCE((SELECT o.id FROM award_requests o "
                                         "WHERE o.public_id = $1), 0) ORDER BY id LIMIT $2"};
inline constexpr db::Query kRequestOpen{"award_request_open", R"sql(
  SELECT public_id FROM award_requests WHERE award = $1 AND kind = $2 AND state = 'open')sql"};
inline constexpr db::Query kRequestDecide{"award_request_decide", R"sql(
  UPDATE award_requests SET state = $2, checks = $3, granted_days = $4, granted_units = $5, factor_millionths = $6,
         answer = $7, decided_by = $8, decided_us = $9, letter = $10, letter_html = $11, letter_sha256 = $12
   WHERE public_id = $1 AND state = 'open')sql"};

#define FABRICA_REPORT_COLUMNS                                                                                 \
  "SELECT award, state, due_us, overdue_said_us, narrative, version, document, html, submitted_us, note FROM " \
  "award_reports "
inline constexpr db::Query kReportInsert{"award_report_insert", R"sql(
  INSERT INTO award_reports (award, project, state, due_us) VALUES ($1, $2, 'draft', $3))sql"};
inline constexpr db::Query kReport{"award_report", FABRICA_REPORT_COLUMNS "WHERE award = $1"};
inline constexpr db::Query kReportDue{"award_report_due", R"sql(
  UPDATE award_reports SET due_us = $2 WHERE award = $1)sql"};
inline constexpr db::Query kReportOverdue{"award_report_overdue", R"sql(
  UPDATE award_reports SET overdue_said_us = $2 WHERE award = $1 AND overdue_said_us IS NULL)sql"};
inline constexpr db::Query kReportWrite{"award_report_write", R"sql(
  UPDATE award_reports SET narrative = $3 WHERE award = $1 AND state = $2)sql"};
inline constexpr db::Query kReportSubmit{"award_report_submit", R"sql(
  UPDATE award_reports SET state = 'submitted', version = version + 1, document = $4, html = $5, submitted_by = $6,
         submitted_us = $7, note = '', answered_by = NULL, answered_us = NULL
   WHERE award = $1 AND state = $2 AND version = $3)sql"};
inline constexpr db::Query kReportAnswer{"award_report_answer", R"sql(
  UPDATE award_reports SET state = $2, note = $3, answered_by = $4, answered_us = $5
   WHERE award = $1 AND state = 'submitted')sql"};

#undef FABRICA_TERMS_COLUMNS
#undef FABRICA_WATCHED
#undef FABRICA_REQUEST_COLUMNS
#undef FABRICA_REPORT_COLUMNS

}  // namespace fabrica::awards::store
