#pragma once

#include <map>

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
  std::optional<ReviewedRules> reviewed;
  std::vector<OfferDraft> offers;   // of rounds to come; versions of before 0150 have them in the one round alone
  std::optional<std::string> form;  // of a first-come call
  std::optional<std::string> form_digest;
  std::optional<Eligibility> eligibility{};
  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"offers"};
};
BOOST_DESCRIBE_STRUCT(Rules, (),
                      (summary, access_mode, duration_days_max, answer_working_days, organisation_kinds, countries,
                       source, reviewed, offers, form, form_digest, eligibility))

struct CallRow {
  std::int64_t id = 0;
  PublicId public_id;
  std::string title;
  CallKind kind{};
  CallState state{};
  std::int64_t version = 0;
  std::string rules;
  Time opens_us;
  std::optional<Time> closes_us;
  bool demo = false;
  std::int64_t round_id = 0;
  PublicId round_public_id;
};
BOOST_DESCRIBE_STRUCT(CallRow, (),
                      (id, public_id, title, kind, state, version, rules, opens_us, closes_us, demo, round_id,
                       round_public_id))

struct RoundRow {
  std::int64_t id = 0;
  PublicId public_id;
  std::int64_t call_id = 0;
  PublicId call_public_id;
  std::int64_t number = 0;
  std::string name;
  RoundState state{};
  Time opens_us;
  std::optional<Time> closes_us;
  std::optional<Time> answer_due_us;
  std::int64_t drafts = 0;
  std::int64_t proposals = 0;
};
BOOST_DESCRIBE_STRUCT(RoundRow, (),
                      (id, public_id, call_id, call_public_id, number, name, state, opens_us, closes_us, answer_due_us,
                       drafts, proposals))

struct StepRow {
  std::int64_t proposal_id = 0;
  PublicId proposal;
  PublicId project;
  std::int64_t position = 0;
  StepKind kind{};
  StepState state{};
  std::optional<Time> due_us;
  std::optional<Time> alarmed_us;
  std::string reason;
  std::optional<Time> decided_us;
};
BOOST_DESCRIBE_STRUCT(StepRow, (),
                      (proposal_id, proposal, project, position, kind, state, due_us, alarmed_us, reason, decided_us))
Step step_of(StepRow const& row, Micros now);
std::map<std::int64_t, std::vector<StepRow>> by_proposal(std::vector<StepRow> const& rows);

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
  std::optional<std::int64_t> minimum_units{};
  std::optional<std::vector<FallBack>> fall_backs{};
  std::optional<bool> confidential{};
  std::optional<PublicId> principal_investigator{};
  std::optional<std::string> contract_until{};
  std::optional<std::map<std::string, std::string>> declarations{};
};
BOOST_DESCRIBE_STRUCT(Answers, (),
                      (purpose, civilian_purposes, excluded_uses, personal_data, first_come_accepted, amount_reason,
                       plan, minimum_units, fall_backs, confidential, principal_investigator, contract_until,
                       declarations))

struct ProposalRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId project;
  PublicId call_public_id;
  std::int64_t call_id = 0;
  std::int64_t call_version = 0;
  std::optional<PublicId> round_public_id;
  std::optional<std::int64_t> round_id;
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
  std::optional<std::string> form_answers;
};
BOOST_DESCRIBE_STRUCT(ProposalRow, (),
                      (id, public_id, project, call_public_id, call_id, call_version, round_public_id, round_id,
                       offer_public_id, offer_id, partition_name, unit, amount_units, duration_days, answers, checks,
                       state, submitted_us, decided_us, decision_reason, award_public_id, form_answers))

struct OverrideRow {
  PublicId public_id;
  PublicId proposal;
  std::string rule;
  std::string fact;
  std::string compared;
  std::string reason;
  PublicId made_by;
  identity::Role made_as{};
  Time made_us;
  std::optional<Time> ended_us;
};
BOOST_DESCRIBE_STRUCT(OverrideRow, (),
                      (public_id, proposal, rule, fact, compared, reason, made_by, made_as, made_us, ended_us))

// An award with the version of the rules it was given under.
struct GivenRow {
  PublicId proposal;
  std::int64_t call_id = 0;
  std::int64_t call_version = 0;
  std::string partition_name;
  std::int64_t amount_units = 0;
  Time starts_us;
};
BOOST_DESCRIBE_STRUCT(GivenRow, (), (proposal, call_id, call_version, partition_name, amount_units, starts_us))

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
  "c.version AS version, v.rules AS rules, r.opens_us AS opens_us, r.closes_us AS closes_us, "             \
  "c.demo AS demo, r.id AS round_id, r.public_id AS round_public_id FROM calls c "                         \
  "JOIN call_versions v ON v.call_id = c.id AND v.version = c.version JOIN rounds r ON r.id = "            \
  "(SELECT q.id FROM rounds q WHERE q.call_id = c.id ORDER BY CASE WHEN q.state = 'intake' THEN q.number " \
  "ELSE 1000000000 - q.number END LIMIT 1) "
// A call's rounds come one after the other: of those in intake the first, else the last.
#define FABRICA_ROUND_COLUMNS                                                                                \
  "SELECT r.id AS id, r.public_id AS public_id, r.call_id AS call_id, c.public_id AS call_public_id, "       \
  "r.number AS number, r.name AS name, r.state AS state, r.opens_us AS opens_us, r.closes_us AS closes_us, " \
  "r.answer_due_us AS answer_due_us, "                                                                       \
  "(SELECT count(*) FROM proposals p WHERE p.round_id = r.id AND p.state IN ('draft', 'incomplete')) "       \
  "AS drafts, (SELECT count(*) FROM proposals p WHERE p.round_id = r.id AND p.state NOT IN "                 \
  "('draft', 'incomplete', 'withdrawn')) AS proposals FROM rounds r JOIN calls c ON c.id = r.call_id "
#define FABRICA_STEP_COLUMNS                                                                                 \
  "SELECT s.proposal_id AS proposal_id, p.public_id AS proposal, p.project AS project, s.position AS "       \
  "position, s.kind AS kind, s.state AS state, s.due_us AS due_us, s.alarmed_us AS alarmed_us, s.reason AS " \
  "reason, s.decided_us AS decided_us FROM proposal_steps s JOIN proposals p ON p.id = s.proposal_id "
#define FABRICA_OFFER_COLUMNS                                                                         \
  "SELECT o.id AS id, o.public_id AS public_id, o.partition_name AS partition_name, o.unit AS unit, " \
  "o.min_units AS min_units, o.max_units AS max_units, o.capacity_units AS capacity_units, "          \
  "o.version AS version, o.is_open AS is_open, c.public_id AS call_public_id "                        \
  "FROM offers o JOIN rounds r ON r.id = o.round_id JOIN calls c ON c.id = r.call_id "
#define FABRICA_PROPOSAL_COLUMNS                                                                           \
  "SELECT p.id AS id, p.public_id AS public_id, p.project AS project, c.public_id AS call_public_id, "     \
  "c.id AS call_id, p.call_version AS call_version, r.public_id AS round_public_id, r.id AS round_id, "    \
  "o.public_id AS offer_public_id, o.id AS offer_id, o.partition_name AS partition_name, o.unit AS unit, " \
  "p.amount_units AS amount_units, p.duration_days AS duration_days, p.answers AS answers, "               \
  "p.checks AS checks, p.state AS state, p.submitted_us AS submitted_us, p.decided_us AS decided_us, "     \
  "p.decision_reason AS decision_reason, a.public_id AS award_public_id, p.form_answers AS form_answers "  \
  "FROM proposals p JOIN calls c ON c.id = p.call_id JOIN offers o ON o.id = p.offer_id "                  \
  "LEFT JOIN rounds r ON r.id = p.round_id "                                                               \
  "LEFT JOIN awards a ON a.proposal_id = p.id "
#define FABRICA_AWARD_COLUMNS                                                                                     \
  "SELECT a.public_id AS id, a.project AS project, p.public_id AS proposal, o.partition_name AS partition_name, " \
  "o.unit AS unit, a.amount_units AS amount_units, a.account_id AS account_id, a.starts_us AS starts_us, "        \
  "a.ends_us AS ends_us FROM awards a JOIN proposals p ON p.id = a.proposal_id JOIN offers o ON o.id = a.offer_id "

#define FABRICA_OVERRIDE_COLUMNS                                                                                \
  "SELECT v.public_id AS public_id, p.public_id AS proposal, v.rule AS rule, v.fact AS fact, v.compared AS "    \
  "compared, v.reason AS reason, v.made_by AS made_by, v.made_as AS made_as, v.made_us AS made_us, v.ended_us " \
  "AS ended_us FROM proposal_overrides v JOIN proposals p ON p.id = v.proposal_id "

inline constexpr db::Query kCallInsert{"call_insert", R"sql(
  INSERT INTO calls (public_id, title, kind, state, rules, opens_us, closes_us, demo, created_us)
  VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7, $8))sql"};
inline constexpr db::Query kVersionInsert{"call_version_insert", R"sql(
  INSERT INTO call_versions (call_id, version, rules, made_by, made_us) VALUES ($1, $2, $3, $4, $5))sql"};
inline constexpr db::Query kVersionRules{"call_version_rules", R"sql(
  SELECT rules FROM call_versions WHERE call_id = $1 AND version = $2)sql"};
inline constexpr db::Query kVersionAdvance{"call_version_advance", R"sql(
  UPDATE calls SET version = $3, title = $4 WHERE id = $1 AND version = $2)sql"};
inline constexpr db::Query kRoundInsert{"round_insert", R"sql(
  INSERT INTO rounds (public_id, call_id, number, name, opens_us, closes_us, answer_due_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};
inline constexpr db::Query kRoundById{"round_by_id", FABRICA_ROUND_COLUMNS "WHERE r.public_id = $1"};
inline constexpr db::Query kRoundsOf{"rounds_of", FABRICA_ROUND_COLUMNS "WHERE r.call_id = $1 ORDER BY r.number"};
inline constexpr db::Query kRoundLast{"round_last",
                                      FABRICA_ROUND_COLUMNS "WHERE r.call_id = $1 ORDER BY r.number DESC LIMIT 1"};
inline constexpr db::Query kRoundNext{"round_next", FABRICA_ROUND_COLUMNS "WHERE r.call_id = $1 AND r.number = $2"};
inline constexpr db::Query kRoundsAhead{"rounds_ahead", R"sql(
  SELECT count(*) FROM rounds WHERE call_id = $1 AND state = 'intake' AND closes_us > $2)sql"};
// Of published calls alone; a closed one takes nothing new but finishes what it has.
inline constexpr db::Query kRoundDue{"round_due", FABRICA_ROUND_COLUMNS
                                     "WHERE r.state = 'intake' AND r.closes_us <= $1 AND c.kind = 'reviewed' AND "
                                     "c.state <> 'draft' ORDER BY r.closes_us, r.id LIMIT 1"};
inline constexpr db::Query kRoundsInIntake{"rounds_in_intake", R"sql(
  SELECT r.public_id FROM rounds r JOIN calls c ON c.id = r.call_id
   WHERE r.state = 'intake' AND c.kind = 'reviewed' AND c.state = 'published' ORDER BY r.id)sql"};
// Few at any time: those whose schedule has ended, until they are closed, and those that have just had a cut-off.
inline constexpr db::Query kCallsShort{"calls_short", R"sql(
  SELECT c.public_id FROM calls c WHERE c.kind = 'reviewed' AND c.state = 'published' AND
         (SELECT count(*) FROM rounds r WHERE r.call_id = c.id AND r.state = 'intake' AND r.closes_us > $1) < $2
   ORDER BY c.id)sql"};
inline constexpr db::Query kRoundMove{"round_move", R"sql(
  UPDATE rounds SET state = $3 WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kDraftsCarry{"drafts_carry", R"sql(
  UPDATE proposals SET round_id = $2, offer_id = (SELECT n.id FROM offers n JOIN offers o ON o.id = proposals.offer_id
    WHERE n.round_id = $2 AND n.partition_name = o.partition_name)
   WHERE round_id = $1 AND state IN ('draft', 'incomplete') AND EXISTS (SELECT 1 FROM offers n JOIN offers o
    ON o.id = proposals.offer_id WHERE n.round_id = $2 AND n.partition_name = o.partition_name))sql"};
struct DraftRow {
  PublicId proposal;
  PublicId project;
};
BOOST_DESCRIBE_STRUCT(DraftRow, (), (proposal, project))
inline constexpr db::Query kDraftsOf{"drafts_of_round", R"sql(
  SELECT public_id AS proposal, project FROM proposals
   WHERE round_id = $1 AND state IN ('draft', 'incomplete') ORDER BY id)sql"};
inline constexpr db::Query kDraftsEnd{"drafts_end", R"sql(
  UPDATE proposals SET state = 'withdrawn', decided_us = $2, decision_reason = $3
   WHERE round_id = $1 AND state IN ('draft', 'incomplete'))sql"};
inline constexpr db::Query kStepInsert{"step_insert", R"sql(
  INSERT INTO proposal_steps (proposal_id, position, kind, state, due_us) VALUES ($1, $2, $3, $4, $5))sql"};
inline constexpr db::Query kSubmittedEvaluate{"submitted_evaluate", R"sql(
  UPDATE proposals SET state = 'evaluating' WHERE round_id = $1 AND state = 'submitted')sql"};
inline constexpr db::Query kSubmittedOf{"submitted_of", R"sql(
  SELECT public_id FROM proposals WHERE round_id = $1 AND state = 'submitted' ORDER BY id)sql"};
inline constexpr db::Query kStepsOf{"steps_of", FABRICA_STEP_COLUMNS "WHERE s.proposal_id = $1 ORDER BY s.position"};
inline constexpr db::Query kStepsOfRound{
    "steps_of_round", FABRICA_STEP_COLUMNS "WHERE p.round_id = $1 ORDER BY s.proposal_id, s.position"};
inline constexpr db::Query kStepReopen{"step_reopen", R"sql(
  UPDATE proposal_steps SET state = 'active', due_us = $3, alarmed_us = NULL, reason = '', decided_by = NULL,
         decided_us = NULL WHERE proposal_id = $1 AND position = $2 AND state <> 'active')sql"};
inline constexpr db::Query kStepsPendAfter{"steps_pend_after", R"sql(
  UPDATE proposal_steps SET state = 'pending', due_us = NULL, alarmed_us = NULL, reason = '', decided_by = NULL,
         decided_us = NULL WHERE proposal_id = $1 AND position > $2)sql"};
inline constexpr db::Query kStepsOverdue{"steps_overdue", FABRICA_STEP_COLUMNS
                                         "WHERE s.state = 'active' AND s.due_us <= $1 ORDER BY s.due_us, s.proposal_id "
                                         "LIMIT 1000"};
inline constexpr db::Query kStepDecide{"step_decide", R"sql(
  UPDATE proposal_steps SET state = $3, reason = $4, decided_by = $5, decided_us = $6
   WHERE proposal_id = $1 AND position = $2 AND state = 'active')sql"};
inline constexpr db::Query kStepActivate{"step_activate", R"sql(
  UPDATE proposal_steps SET state = 'active', due_us = $3
   WHERE proposal_id = $1 AND position = $2 AND state = 'pending')sql"};
inline constexpr db::Query kStepsNewlyOverdue{"steps_newly_overdue", FABRICA_STEP_COLUMNS
                                              "WHERE s.state = 'active' AND s.alarmed_us IS NULL AND s.due_us <= $1 "
                                              "ORDER BY s.due_us, s.proposal_id LIMIT 100"};
inline constexpr db::Query kStepAlarmed{"step_alarmed", R"sql(
  UPDATE proposal_steps SET alarmed_us = $3 WHERE proposal_id = $1 AND position = $2 AND alarmed_us IS NULL)sql"};
inline constexpr db::Query kOfferInsert{"offer_insert", R"sql(
  INSERT INTO offers (public_id, round_id, partition_name, unit, min_units, max_units, capacity_units)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};
inline constexpr db::Query kCallMove{"call_move", R"sql(
  UPDATE calls SET state = $3 WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kCallById{"call_by_id", FABRICA_CALL_COLUMNS "WHERE c.public_id = $1"};
inline constexpr db::Query kCalls{"calls", FABRICA_CALL_COLUMNS "ORDER BY c.id DESC"};
inline constexpr db::Query kOffersOfRound{"offers_of_round", FABRICA_OFFER_COLUMNS "WHERE r.id = $1 ORDER BY o.id"};
inline constexpr db::Query kOfferById{"offer_by_id", FABRICA_OFFER_COLUMNS "WHERE o.public_id = $1"};
inline constexpr db::Query kOfferCapacity{"offer_capacity", R"sql(
  UPDATE offers SET capacity_units = $3, version = version + 1 WHERE id = $1 AND version = $2)sql"};

inline constexpr db::Query kProposalInsert{"proposal_insert", R"sql(
  INSERT INTO proposals (public_id, project, call_id, call_version, round_id, offer_id, amount_units, duration_days,
                         answers, form_answers, state, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'draft', $11))sql"};
inline constexpr db::Query kProposalChange{"proposal_change", R"sql(
  UPDATE proposals SET call_id = $2, call_version = $3, round_id = $4, offer_id = $5, amount_units = $6,
         duration_days = $7, answers = $8, form_answers = $9
   WHERE public_id = $1 AND state IN ('draft', 'incomplete'))sql"};
// The place in line is kept once given: an answer asked back does not cost it.
inline constexpr db::Query kProposalSubmitted{"proposal_submitted", R"sql(
  UPDATE proposals SET state = $3, checks = $4, submitted_us = COALESCE(submitted_us, $5), decision_reason = $6,
         decided_us = $7,
         arrival = COALESCE(arrival, (SELECT COALESCE(MAX(arrival), 0) + 1 FROM proposals))
   WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kProposalAnswers{"proposal_answers", R"sql(
  UPDATE proposals SET form_answers = $2 WHERE id = $1)sql"};
inline constexpr db::Query kProposalRecall{"proposal_recall", R"sql(
  UPDATE proposals SET state = 'draft', submitted_us = NULL WHERE id = $1 AND state = 'submitted')sql"};
inline constexpr db::Query kProposalMove{"proposal_move", R"sql(
  UPDATE proposals SET state = $3, decided_us = $4, decision_reason = $5 WHERE public_id = $1 AND state = $2)sql"};
inline constexpr db::Query kProposalById{"proposal_by_id", FABRICA_PROPOSAL_COLUMNS "WHERE p.public_id = $1"};
inline constexpr db::Query kProposalsOf{"proposals_of", FABRICA_PROPOSAL_COLUMNS "WHERE p.project = $1 ORDER BY p.id"};
// What entered the evaluation and was not withdrawn since.
inline constexpr db::Query kProposalsOfRound{"proposals_of_round", FABRICA_PROPOSAL_COLUMNS
                                             "WHERE p.round_id = $1 AND p.state NOT IN ('draft', 'incomplete', "
                                             "'submitted', 'withdrawn') ORDER BY p.id"};
inline constexpr db::Query kLine{"proposals_line", FABRICA_PROPOSAL_COLUMNS
                                 "WHERE p.offer_id = $1 AND p.state = 'waiting' ORDER BY p.arrival LIMIT 100"};

inline constexpr db::Query kProposalChecks{"proposal_checks", R"sql(
  UPDATE proposals SET checks = $2 WHERE id = $1)sql"};
// The place in line is kept: what is asked back does not cost it.
inline constexpr db::Query kProposalTurnAway{"proposal_turn_away", R"sql(
  UPDATE proposals SET state = $3, checks = $4, decision_reason = $5, decided_us = $6
   WHERE id = $1 AND state = $2)sql"};

inline constexpr db::Query kOverrideInsert{"override_insert", R"sql(
  INSERT INTO proposal_overrides (public_id, proposal_id, rule, fact, compared, reason, made_by, made_as, made_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
inline constexpr db::Query kOverrideEnd{"override_end", R"sql(
  UPDATE proposal_overrides SET ended_by = $2, ended_us = $3, end_reason = $4
   WHERE public_id = $1 AND ended_us IS NULL)sql"};
inline constexpr db::Query kOverrideById{"override_by_id", FABRICA_OVERRIDE_COLUMNS "WHERE v.public_id = $1"};
inline constexpr db::Query kOverridesInForce{
    "overrides_in_force", FABRICA_OVERRIDE_COLUMNS "WHERE v.proposal_id = $1 AND v.ended_us IS NULL ORDER BY v.id"};
inline constexpr db::Query kOverridesOf{"overrides_of",
                                        FABRICA_OVERRIDE_COLUMNS "WHERE p.public_id = $1 ORDER BY v.id DESC"};

// A project's awards that end after a time.
inline constexpr db::Query kGivenUntil{"awards_given_until", R"sql(
  SELECT p.public_id AS proposal, p.call_id AS call_id, p.call_version AS call_version,
         o.partition_name AS partition_name, a.amount_units AS amount_units, a.starts_us AS starts_us
    FROM awards a JOIN proposals p ON p.id = a.proposal_id JOIN offers o ON o.id = a.offer_id
   WHERE a.project = $1 AND a.ends_us > $2 ORDER BY a.id)sql"};

inline constexpr db::Query kAwardInsert{"award_insert", R"sql(
  INSERT INTO awards (public_id, proposal_id, project, offer_id, amount_units, account_id, starts_us, ends_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql"};
inline constexpr db::Query kAwardsOf{"awards_of", FABRICA_AWARD_COLUMNS "WHERE a.project = $1 ORDER BY a.id"};
inline constexpr db::Query kAwardsOfRound{"awards_of_round",
                                          FABRICA_AWARD_COLUMNS "WHERE p.round_id = $1 ORDER BY a.id"};
struct HoldingRow {
  PublicId id;
  PublicId project;
  PublicId proposal;
  PublicId call;
  std::string call_title;
  std::string rules;
  PublicId round;
  CallKind kind{};
  PublicId offer;
  std::string partition_name;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  budget::AccountId account_id{};
  Time starts_us;
  Time ends_us;
};
BOOST_DESCRIBE_STRUCT(HoldingRow, (),
                      (id, project, proposal, call, call_title, rules, round, kind, offer, partition_name, unit,
                       amount_units, account_id, starts_us, ends_us))
inline constexpr db::Query kHolding{"award_holding", R"sql(
  SELECT a.public_id AS id, a.project AS project, p.public_id AS proposal, c.public_id AS call, c.title AS call_title,
         v.rules AS rules, r.public_id AS round, c.kind AS kind, o.public_id AS offer,
         o.partition_name AS partition_name, o.unit AS unit, a.amount_units AS amount_units,
         a.account_id AS account_id, a.starts_us AS starts_us, a.ends_us AS ends_us
    FROM awards a JOIN proposals p ON p.id = a.proposal_id JOIN offers o ON o.id = a.offer_id
    JOIN rounds r ON r.id = o.round_id JOIN calls c ON c.id = r.call_id
    JOIN call_versions v ON v.call_id = c.id AND v.version = p.call_version
   WHERE a.public_id = $1)sql"};
inline constexpr db::Query kAwardIdsOf{"award_ids_of", R"sql(
  SELECT public_id FROM awards WHERE project = $1 ORDER BY id)sql"};
inline constexpr db::Query kAwardUnfollowed{"award_unfollowed", R"sql(
  SELECT public_id FROM awards WHERE followed = 0 ORDER BY id LIMIT 1)sql"};
inline constexpr db::Query kAwardFollow{"award_follow", R"sql(
  UPDATE awards SET followed = 1 WHERE public_id = $1 AND followed = 0)sql"};
inline constexpr db::Query kAwardTime{"award_time", R"sql(
  UPDATE awards SET starts_us = $2, ends_us = $3 WHERE public_id = $1)sql"};
inline constexpr db::Query kAwardAccount{"award_account", R"sql(
  UPDATE awards SET account_id = $2 WHERE public_id = $1)sql"};
inline constexpr db::Query kProposalsOpen{"proposals_open", R"sql(
  SELECT public_id FROM proposals WHERE project = $1 AND
         state IN ('waiting', 'submitted', 'evaluating', 'offered', 'reserve') ORDER BY id)sql"};
inline constexpr db::Query kAwardById{"award_by_id", FABRICA_AWARD_COLUMNS "WHERE a.public_id = $1"};
inline constexpr db::Query kAwardRunning{
    "award_running", FABRICA_AWARD_COLUMNS
    "WHERE a.project = $1 AND o.partition_name = $2 AND a.starts_us <= $3 AND a.ends_us > $3 ORDER BY a.ends_us, a.id"};

#undef FABRICA_CALL_COLUMNS
#undef FABRICA_ROUND_COLUMNS
#undef FABRICA_STEP_COLUMNS
#undef FABRICA_OFFER_COLUMNS
#undef FABRICA_PROPOSAL_COLUMNS
#undef FABRICA_AWARD_COLUMNS
#undef FABRICA_OVERRIDE_COLUMNS

}  // namespace fabrica::calls::store
