#pragma once

#include "calls/types.hpp"

namespace fabrica::calls::store {

// The rules of a call as they are stored: a published call's text never changes, so no running proposal sees another.
struct Rules {
  std::string summary;
  std::optional<std::string> access_mode;
  std::int64_t duration_days_max = 0;
  std::int64_t answer_working_days = 0;
  std::vector<identity::OrganisationKind> organisation_kinds;
  std::vector<std::string> countries;
  std::string source;
};
BOOST_DESCRIBE_STRUCT(Rules, (),
                      (summary, access_mode, duration_days_max, answer_working_days, organisation_kinds, countries,
                       source))

struct CallRow {
  std::int64_t id = 0;
  PublicId public_id;
  std::string title;
  CallKind kind{};
  CallState state{};
  std::string rules;
  Time opens_us;
  std::optional<Time> closes_us;
  bool demo = false;
  std::int64_t round_id = 0;
  PublicId round_public_id;
};
BOOST_DESCRIBE_STRUCT(CallRow, (),
                      (id, public_id, title, kind, state, rules, opens_us, closes_us, demo, round_id, round_public_id))

struct OfferRow {
  std::int64_t id = 0;
  PublicId public_id;
  std::string partition_name;
  budget::Unit unit{};
  std::int64_t min_units = 0;
  std::int64_t max_units = 0;
  std::int64_t capacity_units = 0;
  std::int64_t version = 0;
  bool is_open = false;
  PublicId call_public_id;
};
BOOST_DESCRIBE_STRUCT(OfferRow, (),
                      (id, public_id, partition_name, unit, min_units, max_units, capacity_units, version, is_open,
                       call_public_id))

// What an applicant says besides the columns; plan is the planner's request.
struct Answers {
  std::string purpose;
  Answer civilian_purposes{};
  Answer excluded_uses{};
  Answer personal_data{};
  Answer first_come_accepted{};
  std::optional<std::string> amount_reason;
  json::Raw plan;
};
BOOST_DESCRIBE_STRUCT(Answers, (),
                      (purpose, civilian_purposes, excluded_uses, personal_data, first_come_accepted, amount_reason,
                       plan))

struct ProposalRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId project;
  PublicId call_public_id;
  PublicId offer_public_id;
  std::int64_t offer_id = 0;
  std::string partition_name;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  std::int64_t duration_days = 0;
  std::string answers;
  std::string checks;
  ProposalState state{};
  std::optional<Time> submitted_us;
  std::optional<Time> decided_us;
  std::string decision_reason;
  std::optional<PublicId> award_public_id;
};
BOOST_DESCRIBE_STRUCT(ProposalRow, (),
                      (id, public_id, project, call_public_id, offer_public_id, offer_id, partition_name, unit,
                       amount_units, duration_days, answers, checks, state, submitted_us, decided_us, decision_reason,
                       award_public_id))

struct AwardRow {
  PublicId id;
  PublicId project;
  PublicId proposal;
  std::string partition_name;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  budget::AccountId account_id{};
  Time starts_us;
  Time ends_us;
};
BOOST_DESCRIBE_STRUCT(AwardRow, (),
                      (id, project, proposal, partition_name, unit, amount_units, account_id, starts_us, ends_us))

#define FABRICA_CALL_COLUMNS                                                                               \
  "SELECT c.id AS id, c.public_id AS public_id, c.title AS title, c.kind AS kind, c.state AS state, "      \
  "c.rules AS rules, c.opens_us AS opens_us, c.closes_us AS closes_us, c.demo AS demo, r.id AS round_id, " \
  "r.public_id AS round_public_id FROM calls c JOIN rounds r ON r.call_id = c.id "
#define FABRICA_OFFER_COLUMNS                                                                         \
  "SELECT o.id AS id, o.public_id AS public_id, o.partition_name AS partition_name, o.unit AS unit, " \
  "o.min_units AS min_units, o.max_units AS max_units, o.capacity_units AS capacity_units, "          \
  "o.version AS version, o.is_open AS is_open, c.public_id AS call_public_id "                        \
  "FROM offers o JOIN rounds r ON r.id = o.round_id JOIN calls c ON c.id = r.call_id "
#define FABRICA_PROPOSAL_COLUMNS                                                                           \
  "SELECT p.id AS id, p.public_id AS public_id, p.project AS project, c.public_id AS call_public_id, "     \
  "o.public_id AS offer_public_id, o.id AS offer_id, o.partition_name AS partition_name, o.unit AS unit, " \
  "p.amount_units AS amount_units, p.duration_days AS duration_days, p.answers AS answers, "               \
  "p.checks AS checks, p.state AS state, p.submitted_us AS submitted_us, p.decided_us AS decided_us, "     \
  "p.decision_reason AS decision_reason, a.public_id AS award_public_id "                                  \
  "FROM proposals p JOIN calls c ON c.id = p.call_id JOIN offers o ON o.id = p.offer_id "                  \
  "LEFT JOIN awards a ON a.proposal_id = p.id "
#define FABRICA_AWARD_COLUMNS                                                                                     \
  "SELECT a.public_id AS id, a.project AS project, p.public_id AS proposal, o.partition_name AS partition_name, " \
  "o.unit AS unit, a.amount_units AS amount_units, a.account_id AS account_id, a.starts_us AS starts_us, "        \
  "a.ends_us AS ends_us FROM awards a JOIN proposals p ON p.id = a.proposal_id JOIN offers o ON o.id = a.offer_id "

inline constexpr db::Query kCallInsert{"call_insert", R"sql(
  INSERT INTO calls (public_id, title, kind, state, rules, opens_us, closes_us, demo, created_us)
  VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7, $8))sql"};
inline constexpr db::Query kRoundInsert{"round_insert", R"sql(
  INSERT INTO rounds (public_id, call_id, opens_us, closes_us) VALUES ($1, $2, $3, $4))sql"};
inline constexpr db::Query kOfferInsert{"offer_insert", R"sql(
  INSERT INTO offers (public_id, round_id, partition_name, unit, min_units, max_units, capacity_units)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};
inline constexpr db::Query kCallMove{"call_move", R"sql(
  UPDATE calls SET state = $3 WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kCallById{"call_by_id", FABRICA_CALL_COLUMNS "WHERE c.public_id = $1"};
inline constexpr db::Query kCalls{"calls", FABRICA_CALL_COLUMNS "ORDER BY c.id DESC LIMIT 500"};
inline constexpr db::Query kOffersOfRound{"offers_of_round", FABRICA_OFFER_COLUMNS "WHERE r.id = $1 ORDER BY o.id"};
inline constexpr db::Query kOfferById{"offer_by_id", FABRICA_OFFER_COLUMNS "WHERE o.public_id = $1"};
inline constexpr db::Query kOfferCapacity{"offer_capacity", R"sql(
  UPDATE offers SET capacity_units = $3, version = version + 1 WHERE id = $1 AND version = $2)sql"};

inline constexpr db::Query kProposalInsert{"proposal_insert", R"sql(
  INSERT INTO proposals (public_id, project, call_id, offer_id, amount_units, duration_days, answers, state, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', $8))sql"};
inline constexpr db::Query kProposalChange{"proposal_change", R"sql(
  UPDATE proposals SET call_id = $2, offer_id = $3, amount_units = $4, duration_days = $5, answers = $6
   WHERE public_id = $1 AND state IN ('draft', 'incomplete'))sql"};
// The place in line is kept once given: an answer asked back does not cost it.
inline constexpr db::Query kProposalSubmitted{"proposal_submitted", R"sql(
  UPDATE proposals SET state = $3, checks = $4, submitted_us = COALESCE(submitted_us, $5), decision_reason = $6,
         decided_us = $7,
         arrival = COALESCE(arrival, (SELECT COALESCE(MAX(arrival), 0) + 1 FROM proposals))
   WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kProposalMove{"proposal_move", R"sql(
  UPDATE proposals SET state = $3, decided_us = $4, decision_reason = $5 WHERE public_id = $1 AND state = $2)sql"};
inline constexpr db::Query kProposalById{"proposal_by_id", FABRICA_PROPOSAL_COLUMNS "WHERE p.public_id = $1"};
inline constexpr db::Query kProposalsOf{"proposals_of", FABRICA_PROPOSAL_COLUMNS "WHERE p.project = $1 ORDER BY p.id"};
inline constexpr db::Query kLine{"proposals_line", FABRICA_PROPOSAL_COLUMNS
                                 "WHERE p.offer_id = $1 AND p.state = 'waiting' ORDER BY p.arrival LIMIT 100"};

inline constexpr db::Query kAwardInsert{"award_insert", R"sql(
  INSERT INTO awards (public_id, proposal_id, project, offer_id, amount_units, account_id, starts_us, ends_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql"};
inline constexpr db::Query kAwardsOf{"awards_of", FABRICA_AWARD_COLUMNS "WHERE a.project = $1 ORDER BY a.id"};
inline constexpr db::Query kAwardById{"award_by_id", FABRICA_AWARD_COLUMNS "WHERE a.public_id = $1"};
inline constexpr db::Query kAwardRunning{
    "award_running", FABRICA_AWARD_COLUMNS
    "WHERE a.project = $1 AND o.partition_name = $2 AND a.starts_us <= $3 AND a.ends_us > $3 ORDER BY a.ends_us, a.id"};

#undef FABRICA_CALL_COLUMNS
#undef FABRICA_OFFER_COLUMNS
#undef FABRICA_PROPOSAL_COLUMNS
#undef FABRICA_AWARD_COLUMNS

}  // namespace fabrica::calls::store
