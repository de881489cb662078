// Public figures over all calls.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "budget/figures.hpp"
#include "calls/impl/store.hpp"
#include "calls/outcomes.hpp"
#include "schedule/schedule.hpp"

namespace fabrica::calls {
namespace {

// What a first-come call counts its days by: it has no schedule of its own.
constexpr auto kZone = "Europe/Brussels";
constexpr auto kCalendar = "eu_institutions_luxembourg_2026";  // of the EuroHPC JU's seat

struct CallLine {
  std::int64_t id = 0;
  PublicId public_id;
  std::string title;
  CallKind kind{};
  std::string rules;
};
BOOST_DESCRIBE_STRUCT(CallLine, (), (id, public_id, title, kind, rules))
#define FABRICA_CALL_LINE_COLUMNS                                                                    \
  "SELECT c.id AS id, c.public_id AS public_id, c.title AS title, c.kind AS kind, v.rules AS rules " \
  "FROM calls c JOIN call_versions v ON v.call_id = c.id AND v.version = c.version WHERE c.state <> 'draft' "
constexpr db::Query kCallsOnRecord{"record_calls", FABRICA_CALL_LINE_COLUMNS "ORDER BY c.id"};
constexpr db::Query kCallOnRecord{"record_call", FABRICA_CALL_LINE_COLUMNS "AND c.public_id = $1"};
#undef FABRICA_CALL_LINE_COLUMNS

struct AwardLine {
  PublicId id;
  PublicId project;
  PublicId proposal;
  PublicId call;
  std::string call_title;
  CallKind kind{};
  std::string partition_name;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  Time starts_us;
  Time ends_us;
  std::string answers;
  std::optional<Time> decided_us;
};
BOOST_DESCRIBE_STRUCT(AwardLine, (),
                      (id, project, proposal, call, call_title, kind, partition_name, unit, amount_units, starts_us,
                       ends_us, answers, decided_us))
#define FABRICA_AWARD_LINE_COLUMNS                                                                                \
  "SELECT a.public_id AS id, a.project AS project, p.public_id AS proposal, c.public_id AS call, c.title AS "     \
  "call_title, c.kind AS kind, o.partition_name AS partition_name, o.unit AS unit, a.amount_units AS "            \
  "amount_units, a.starts_us AS starts_us, a.ends_us AS ends_us, p.answers AS answers, CASE WHEN EXISTS "         \
  "(SELECT 1 FROM imported_things t WHERE t.kind = 'proposal' AND t.thing = p.public_id) THEN NULL ELSE "         \
  "p.decided_us END AS decided_us FROM awards a "                                                                 \
  "JOIN proposals p ON p.id = a.proposal_id JOIN offers o ON o.id = a.offer_id JOIN calls c ON c.id = p.call_id " \
  "JOIN rounds r ON r.id = p.round_id WHERE (c.kind = 'first_come' OR r.state = 'published') "
constexpr db::Query kAwardsPage{"record_awards_page", FABRICA_AWARD_LINE_COLUMNS
                                "AND ($1 = '' OR a.public_id < $1) ORDER BY a.public_id DESC LIMIT $2"};
constexpr db::Query kAwardsOfCall{"record_awards_of_call",
                                  FABRICA_AWARD_LINE_COLUMNS "AND c.public_id = $1 ORDER BY a.id"};
#undef FABRICA_AWARD_LINE_COLUMNS
constexpr db::Query kAwardsCount{"record_awards_count", R"sql(
  SELECT COUNT(*) FROM awards a JOIN proposals p ON p.id = a.proposal_id JOIN calls c ON c.id = p.call_id
    JOIN rounds r ON r.id = p.round_id WHERE c.kind = 'first_come' OR r.state = 'published')sql"};

struct DecisionLine {
  PublicId proposal;
  PublicId project;
  ProposalState state{};
  Time submitted_us;
  Time decided_us;
};
BOOST_DESCRIBE_STRUCT(DecisionLine, (), (proposal, project, state, submitted_us, decided_us))
constexpr db::Query kFirstCome{"record_first_come", R"sql(
  SELECT p.public_id AS proposal, p.project AS project, p.state AS state, p.submitted_us AS submitted_us,
         p.decided_us AS decided_us FROM proposals p JOIN calls c ON c.id = p.call_id
   WHERE c.public_id = $1 AND c.kind = 'first_come' AND p.state IN ('awarded', 'rejected')
     AND p.submitted_us IS NOT NULL AND p.decided_us IS NOT NULL ORDER BY p.decided_us, p.id)sql"};
constexpr db::Query kDecidedElsewhere{"record_decided_elsewhere", R"sql(
  SELECT p.public_id AS proposal, p.project AS project, p.state AS state, p.submitted_us AS submitted_us,
         p.decided_us AS decided_us FROM proposals p JOIN rounds r ON r.id = p.round_id
    JOIN imported_things t ON t.thing = p.public_id AND t.kind = 'proposal'
   WHERE r.public_id = $1 AND r.state = 'published' AND p.submitted_us IS NOT NULL AND p.decided_us IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM proposal_steps s WHERE s.proposal_id = p.id) ORDER BY p.decided_us, p.id)sql"};

struct OfferLine {
  std::string partition_name;
  budget::Unit unit{};
  std::int64_t capacity_units = 0;
};
BOOST_DESCRIBE_STRUCT(OfferLine, (), (partition_name, unit, capacity_units))
constexpr db::Query kOffersOfCall{"record_offers", R"sql(
  SELECT o.partition_name AS partition_name, o.unit AS unit, o.capacity_units AS capacity_units FROM offers o
    JOIN rounds r ON r.id = o.round_id JOIN calls c ON c.id = r.call_id WHERE c.public_id = $1 ORDER BY o.id)sql"};

struct AwaitingLine {
  PublicId proposal;
  PublicId project;
  std::int64_t call_id = 0;
  PublicId call;
  std::string call_title;
  CallKind kind{};
  std::int64_t call_version = 0;
  Time since_us;
  std::optional<Time> due_us;
};
BOOST_DESCRIBE_STRUCT(AwaitingLine, (),
                      (proposal, project, call_id, call, call_title, kind, call_version, since_us, due_us))
constexpr db::Query kAwaitingInLine{"record_awaiting_in_line", R"sql(
  SELECT p.public_id AS proposal, p.project AS project, c.id AS call_id, c.public_id AS call, c.title AS call_title,
         c.kind AS kind, p.call_version AS call_version, p.submitted_us AS since_us, NULL AS due_us
    FROM proposals p JOIN calls c ON c.id = p.call_id
   WHERE p.state = 'waiting' AND p.submitted_us IS NOT NULL ORDER BY p.id)sql"};
constexpr db::Query kAwaitingRound{"record_awaiting_round", R"sql(
  SELECT p.public_id AS proposal, p.project AS project, c.id AS call_id, c.public_id AS call, c.title AS call_title,
         c.kind AS kind, p.call_version AS call_version, r.closes_us AS since_us, r.answer_due_us AS due_us
    FROM rounds r JOIN proposals p ON p.round_id = r.id AND p.state = 'evaluating' JOIN calls c ON c.id = r.call_id
   WHERE r.state <> 'intake' AND r.closes_us IS NOT NULL ORDER BY p.id)sql"};

Result<CallOnRecord> on_record(CallLine const& line) {
  FABRICA_TRY(auto rules, json::read<store::Rules>(line.rules));
  return CallOnRecord{line.public_id, line.title, line.kind, std::move(rules.access_mode), rules.answer_working_days};
}

Result<AwardOnRecord> on_record(AwardLine const& line) {
  FABRICA_TRY(auto const answers, json::read<store::Answers>(line.answers));
  return AwardOnRecord{line.id,           line.project,   line.proposal,       line.call,
                       line.call_title,   line.kind,      line.partition_name, line.unit,
                       line.amount_units, line.starts_us, line.ends_us,        answers.confidential.value_or(false),
                       line.decided_us};
}

template <class Line>
auto on_record(std::vector<Line> const& lines)
    -> Result<std::vector<typename decltype(on_record(lines.front()))::value_type>> {
  std::vector<typename decltype(on_record(lines.front()))::value_type> out;
  for (auto const& line : lines) {
    FABRICA_TRY(auto one, on_record(line));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

// When answers are due, by the version of a call's rules; each schedule is made once.
class Promise {
 public:
  static Result<schedule::Schedule> schedule_of(store::Rules const& rules);
  Result<std::optional<Time>> due(db::Tx& tx, Calls& calls, std::int64_t call, std::int64_t version, Micros since);

 private:
  std::map<std::pair<std::int64_t, std::int64_t>, std::optional<schedule::Schedule>> known_;
};

Result<schedule::Schedule> Promise::schedule_of(store::Rules const& rules) {
  schedule::Rule rule;
  if (rules.reviewed) {
    rule = rules.reviewed->schedule;
  } else {
    rule.kind = schedule::RuleKind::permanent;
    rule.zone = kZone;
    for (auto const& calendar : schedule::templates().holiday_calendars)
      if (calendar.key == kCalendar) rule.holidays = calendar.days;
  }
  rule.answer = schedule::Answer{schedule::AnswerUnit::working_days, rules.answer_working_days};
  return schedule::Schedule::of(std::move(rule));
}

Result<std::optional<Time>> Promise::due(db::Tx& tx, Calls& calls, std::int64_t call, std::int64_t version,
                                         Micros since) {
  auto found = known_.find({call, version});
  if (found == known_.end()) {
    FABRICA_TRY(auto const rules, calls.rules_of(tx, call, version));
    std::optional<schedule::Schedule> schedule;
    if (rules.answer_working_days > 0) {
      FABRICA_TRY(auto made, schedule_of(rules));
      schedule.emplace(std::move(made));
    }
    found = known_.emplace(std::pair{call, version}, std::move(schedule)).first;
  }
  if (!found->second) return std::nullopt;
  auto const due = found->second->answer_due(since);
  return due ? std::optional{due->before} : std::nullopt;
}

Result<std::vector<CallOnRecord>> Outcomes::calls_on_record(db::Tx& tx) {
  FABRICA_TRY(auto const lines, tx.all<CallLine>(kCallsOnRecord));
  return on_record(lines);
}

Result<CallOnRecord> Outcomes::call_on_record(db::Tx& tx, PublicId const& call) {
  FABRICA_TRY(auto const line, tx.maybe<CallLine>(kCallOnRecord, call));
  if (!line) return fail(Errc::not_found, "call", fmt::format("There is no published call {}.", call.text()));
  return on_record(*line);
}

Result<std::vector<AwardOnRecord>> Outcomes::awards_on_record(db::Tx& tx, std::string_view after, std::int64_t limit) {
  FABRICA_TRY(auto const lines, tx.all<AwardLine>(kAwardsPage, after, limit));
  return on_record(lines);
}

Result<std::vector<AwardOnRecord>> Outcomes::awards_on_record(db::Tx& tx, PublicId const& call) {
  FABRICA_TRY(auto const lines, tx.all<AwardLine>(kAwardsOfCall, call));
  return on_record(lines);
}

Result<std::int64_t> Outcomes::count_awards_on_record(db::Tx& tx) { return tx.one<std::int64_t>(kAwardsCount); }

Result<AwardUse> Outcomes::use_of(db::Tx& tx, PublicId const& award, Time ends) {
  FABRICA_TRY(auto const accounts, budget::accounts_of(tx, award.text()));
  AwardUse out;
  std::int64_t used = 0;
  std::int64_t expired = 0;
  bool const over = ends.us <= clock_.now();
  for (auto const& one : accounts) {
    if (one.kind == budget::AccountKind::consumed) used += one.balance_micro;
    if (one.kind == budget::AccountKind::expired) expired += one.balance_micro;
    if (one.kind != budget::AccountKind::award) continue;
    if (over) expired += one.balance_micro;  // what the end has not swept yet
    if (one.owner != award.text()) continue;
    FABRICA_TRY(auto const entries, budget_.statement(tx, one.id, 100'000));
    for (auto const& entry : entries)
      if (entry.reason == "award" && entry.reference == award.text())
        out.granted_units += entry.amount_micro / budget::kMicroUnits;
  }
  out.used_units = used / budget::kMicroUnits;
  out.expired_units = expired / budget::kMicroUnits;
  return out;
}

Result<std::vector<DecisionOnRecord>> Outcomes::first_come_decisions(db::Tx& tx, PublicId const& call) {
  FABRICA_TRY(auto const row, tx.maybe<CallLine>(kCallOnRecord, call));
  if (!row) return fail(Errc::not_found, "call", fmt::format("There is no published call {}.", call.text()));
  FABRICA_TRY(auto const rules, json::read<store::Rules>(row->rules));
  FABRICA_TRY(auto const lines, tx.all<DecisionLine>(kFirstCome, call));
  std::optional<schedule::Schedule> promised;
  if (rules.answer_working_days > 0) {
    FABRICA_TRY(auto made, Promise::schedule_of(rules));
    promised.emplace(std::move(made));
  }
  std::vector<DecisionOnRecord> out;
  for (auto const& line : lines) {
    auto const due = promised ? promised->answer_due(line.submitted_us.us) : std::nullopt;
    out.push_back({line.proposal, line.project, line.state, line.submitted_us, line.decided_us,
                   due ? std::optional{due->before} : std::nullopt});
  }
  return out;
}

Result<std::vector<DecisionOnRecord>> Outcomes::decided_elsewhere(db::Tx& tx, PublicId const& round) {
  FABRICA_TRY(auto const lines, tx.all<DecisionLine>(kDecidedElsewhere, round));
  std::vector<DecisionOnRecord> out;
  for (auto const& line : lines)
    out.push_back({line.proposal, line.project, line.state, line.submitted_us, line.decided_us, {}});
  return out;
}

Result<std::vector<OfferedHours>> Outcomes::offered(db::Tx& tx, PublicId const& call) {
  FABRICA_TRY(auto const lines, tx.all<OfferLine>(kOffersOfCall, call));
  std::vector<OfferedHours> out;
  for (auto const& line : lines) out.push_back({line.partition_name, line.unit, line.capacity_units});
  return out;
}

Result<std::vector<Awaiting>> Outcomes::awaiting(db::Tx& tx) {
  FABRICA_TRY(auto lines, tx.all<AwaitingLine>(kAwaitingInLine));
  FABRICA_TRY(auto const rounds, tx.all<AwaitingLine>(kAwaitingRound));
  lines.insert(lines.end(), rounds.begin(), rounds.end());
  Promise promise;
  std::vector<Awaiting> out;
  for (auto const& line : lines) {
    Awaiting one{line.proposal, line.project, line.call, line.call_title, line.kind, line.since_us, line.due_us};
    if (!one.due) {
      FABRICA_TRY(one.due, promise.due(tx, calls_, line.call_id, line.call_version, line.since_us.us));
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace fabrica::calls
