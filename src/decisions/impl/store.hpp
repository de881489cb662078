#pragma once

#include "decisions/types.hpp"
#include "identity/service.hpp"

namespace fabrica::decisions::store {

// Stored inputs and outcomes of a large round.
inline constexpr json::Limits kStored{.bytes = std::size_t{1} << 28, .depth = 32, .values = 20'000'000};

struct LotteryRow {
  PublicId round;
  std::string seed;
  std::string commitment;
  Time committed_us;
  bool after_cut_off = false;
};
BOOST_DESCRIBE_STRUCT(LotteryRow, (), (round, seed, commitment, committed_us, after_cut_off))

struct ApplicantRow {
  PublicId proposal;
  PublicId round;
  PublicId project;
  std::string title;
  PublicId organisation;
  std::string organisation_name;
  identity::OrganisationKind kind{};
  std::string country;
  bool confidential = false;
};
BOOST_DESCRIBE_STRUCT(ApplicantRow, (),
                      (proposal, round, project, title, organisation, organisation_name, kind, country, confidential))

struct RankingRow {
  PublicId round;
  std::int64_t version = 0;
  std::int64_t rules_version = 0;
  std::string input;
  std::string ranking;
  std::string input_sha256;
  std::string ranking_sha256;
  Time made_us;
};
BOOST_DESCRIBE_STRUCT(RankingRow, (),
                      (round, version, rules_version, input, ranking, input_sha256, ranking_sha256, made_us))

struct DecisionRow {
  std::int64_t id = 0;
  PublicId round;
  std::int64_t version = 0;
  DecisionState state{};
  std::int64_t ranking_version = 0;
  std::string request;
  std::string input;
  std::string outcome;
  std::string input_sha256;
  std::string outcome_sha256;
  Time made_us;
  std::optional<std::string> forced_reason;
  std::optional<std::string> published_by;
};
BOOST_DESCRIBE_STRUCT(DecisionRow, (),
                      (id, round, version, state, ranking_version, request, input, outcome, input_sha256,
                       outcome_sha256, made_us, forced_reason, published_by))

struct ChangeRow {
  PublicId public_id;
  PublicId round;
  PublicId proposal;
  ChangeKind kind{};
  std::string partition_name;
  std::optional<std::int64_t> units;
  std::string reason;
  Time made_us;
};
BOOST_DESCRIBE_STRUCT(ChangeRow, (), (public_id, round, proposal, kind, partition_name, units, reason, made_us))

struct ItemRow {
  std::int64_t id = 0;
  std::int64_t decision_id = 0;
  PublicId round;
  PublicId proposal;
  PublicId project;
  std::string cause;
  OutcomeKind outcome{};
  std::int64_t rank = 0;
  std::int64_t score_millionths = 0;
  std::optional<std::string> partition_name;
  std::int64_t amount_units = 0;
  std::string reason;
  ReleaseState state{};
  std::string note;
  std::optional<Time> released_us;
  std::string criteria;
};
BOOST_DESCRIBE_STRUCT(ItemRow, (),
                      (id, decision_id, round, proposal, project, cause, outcome, rank, score_millionths,
                       partition_name, amount_units, reason, state, note, released_us, criteria))

struct LetterRow {
  PublicId proposal;
  std::int64_t number = 0;
  OutcomeKind outcome{};
  Time made_us;
  std::string text;
  std::string html;
  std::string sha256;
};
BOOST_DESCRIBE_STRUCT(LetterRow, (), (proposal, number, outcome, made_us, text, html, sha256))

struct MinutesRow {
  PublicId round;
  Time made_us;
  std::string html;
  std::string json;
  std::string html_sha256;
  std::string json_sha256;
};
BOOST_DESCRIBE_STRUCT(MinutesRow, (), (round, made_us, html, json, html_sha256, json_sha256))

struct AppealRow {
  PublicId public_id;
  PublicId proposal;
  AppealState state{};
  std::string grounds;
  Time filed_us;
  std::string ruling;
  std::optional<Time> ruled_us;
};
BOOST_DESCRIBE_STRUCT(AppealRow, (), (public_id, proposal, state, grounds, filed_us, ruling, ruled_us))

struct CountRow {
  ReleaseState state{};
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(CountRow, (), (state, count))

inline constexpr db::Query kLotteryInsert{"decisions_lottery_insert", R"sql(
  INSERT INTO decision_lotteries (round, seed, commitment, committed_us, after_cut_off) VALUES ($1, $2, $3, $4, $5))sql"};
inline constexpr db::Query kLottery{"decisions_lottery", R"sql(
  SELECT round, seed, commitment, committed_us, after_cut_off FROM decision_lotteries WHERE round = $1)sql"};

inline constexpr db::Query kApplicantPut{"decisions_applicant_put", R"sql(
  INSERT INTO decision_applicants (proposal, round, project, title, organisation, organisation_name, kind, country,
                                   confidential)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (proposal) DO UPDATE SET title = excluded.title, organisation = excluded.organisation,
    organisation_name = excluded.organisation_name, kind = excluded.kind, country = excluded.country,
    confidential = excluded.confidential)sql"};
inline constexpr db::Query kApplicants{"decisions_applicants", R"sql(
  SELECT proposal, round, project, title, organisation, organisation_name, kind, country, confidential
    FROM decision_applicants WHERE round = $1 ORDER BY proposal)sql"};
inline constexpr db::Query kApplicant{"decisions_applicant", R"sql(
  SELECT proposal, round, project, title, organisation, organisation_name, kind, country, confidential
    FROM decision_applicants WHERE proposal = $1)sql"};

inline constexpr db::Query kRankingInsert{"decisions_ranking_insert", R"sql(
  INSERT INTO decision_rankings (round, version, rules_version, input, ranking, input_sha256, ranking_sha256, made_by,
                                 made_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
inline constexpr db::Query kRankingLast{"decisions_ranking_last", R"sql(
  SELECT round, version, rules_version, input, ranking, input_sha256, ranking_sha256, made_us
    FROM decision_rankings WHERE round = $1 ORDER BY version DESC LIMIT 1)sql"};

#define FABRICA_DECISION_COLUMNS                                                               \
  "SELECT id, round, version, state, ranking_version, request, input, outcome, input_sha256, " \
  "outcome_sha256, made_us, forced_reason, published_by FROM round_decisions "
inline constexpr db::Query kDecisionInsert{"decisions_decision_insert", R"sql(
  INSERT INTO round_decisions (round, version, state, ranking_version, request, input, outcome, input_sha256,
                               outcome_sha256, made_by, made_us)
  VALUES ($1, $2, 'draft', $3, $4, $5, $6, $7, $8, $9, $10))sql"};
// The one that is told, else the newest draft.
inline constexpr db::Query kDecisionCurrent{
    "decisions_decision_current", FABRICA_DECISION_COLUMNS
    "WHERE round = $1 ORDER BY CASE WHEN state = 'draft' THEN 1 ELSE 0 END, version DESC LIMIT 1"};
inline constexpr db::Query kDecisionById{"decisions_decision_by_id", FABRICA_DECISION_COLUMNS "WHERE id = $1"};
inline constexpr db::Query kDecisionPublishing{"decisions_decision_publishing", FABRICA_DECISION_COLUMNS
                                               "WHERE state = 'publishing' AND NOT EXISTS (SELECT 1 FROM "
                                               "proposal_decisions p WHERE p.decision_id = round_decisions.id AND "
                                               "p.state IN ('held', 'stuck')) ORDER BY id LIMIT 1"};
inline constexpr db::Query kDecisionLastVersion{"decisions_decision_last_version", R"sql(
  SELECT COALESCE(MAX(version), 0) FROM round_decisions WHERE round = $1)sql"};
inline constexpr db::Query kDecisionBegin{"decisions_decision_begin", R"sql(
  UPDATE round_decisions SET state = 'publishing', forced_reason = $2, published_by = $3
   WHERE id = $1 AND state = 'draft')sql"};
inline constexpr db::Query kDecisionEnd{"decisions_decision_end", R"sql(
  UPDATE round_decisions SET state = 'published' WHERE id = $1 AND state = 'publishing')sql"};

inline constexpr db::Query kChangeInsert{"decisions_change_insert", R"sql(
  INSERT INTO decision_changes (public_id, round, proposal, kind, partition_name, units, reason, made_by, made_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
inline constexpr db::Query kChangesOf{"decisions_changes_of", R"sql(
  SELECT public_id, round, proposal, kind, partition_name, units, reason, made_us
    FROM decision_changes WHERE round = $1 AND undone_us IS NULL ORDER BY id)sql"};
inline constexpr db::Query kChangeById{"decisions_change_by_id", R"sql(
  SELECT public_id, round, proposal, kind, partition_name, units, reason, made_us
    FROM decision_changes WHERE public_id = $1 AND undone_us IS NULL)sql"};
inline constexpr db::Query kChangeUndo{"decisions_change_undo", R"sql(
  UPDATE decision_changes SET undone_us = $2 WHERE public_id = $1 AND undone_us IS NULL)sql"};

#define FABRICA_ITEM_COLUMNS                                                                                   \
  "SELECT id, decision_id, round, proposal, project, cause, outcome, rank, score_millionths, partition_name, " \
  "amount_units, reason, state, note, released_us, criteria FROM proposal_decisions "
inline constexpr db::Query kItemInsert{"decisions_item_insert", R"sql(
  INSERT INTO proposal_decisions (decision_id, round, proposal, project, cause, outcome, rank, score_millionths,
                                  partition_name, amount_units, reason, state, note, criteria)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'held', '', $12))sql"};
inline constexpr db::Query kItemById{"decisions_item_by_id", FABRICA_ITEM_COLUMNS "WHERE id = $1"};
inline constexpr db::Query kItemHeld{"decisions_item_held",
                                     FABRICA_ITEM_COLUMNS "WHERE state = 'held' ORDER BY decision_id, id LIMIT 1"};
inline constexpr db::Query kItemsOf{"decisions_items_of", FABRICA_ITEM_COLUMNS "WHERE decision_id = $1 ORDER BY id"};
// The last thing each proposal was told.
inline constexpr db::Query kItemLast{
    "decisions_item_last", FABRICA_ITEM_COLUMNS "WHERE proposal = $1 AND state = 'released' ORDER BY id DESC LIMIT 1"};
inline constexpr db::Query kItemsReleased{"decisions_items_released",
                                          FABRICA_ITEM_COLUMNS "WHERE round = $1 AND state = 'released' ORDER BY id"};
inline constexpr db::Query kItemEnd{"decisions_item_end", R"sql(
  UPDATE proposal_decisions SET state = $2, note = $3, released_us = $4 WHERE id = $1 AND state = 'held')sql"};
inline constexpr db::Query kItemReject{"decisions_item_reject", R"sql(
  UPDATE proposal_decisions SET outcome = 'rejected', reason = $2, partition_name = NULL, amount_units = 0
   WHERE id = $1 AND state = 'stuck')sql"};
inline constexpr db::Query kItemsUnstick{"decisions_items_unstick", R"sql(
  UPDATE proposal_decisions SET state = 'held', note = '' WHERE decision_id = $1 AND state = 'stuck')sql"};
inline constexpr db::Query kItemCounts{"decisions_item_counts", R"sql(
  SELECT state, count(*) AS count FROM proposal_decisions WHERE decision_id = $1 AND cause = 'round'
   GROUP BY state ORDER BY state)sql"};

inline constexpr db::Query kLetterInsert{"decisions_letter_insert", R"sql(
  INSERT INTO decision_letters (proposal, number, outcome, made_us, text, html, sha256)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};
inline constexpr db::Query kLetters{"decisions_letters", R"sql(
  SELECT proposal, number, outcome, made_us, text, html, sha256 FROM decision_letters WHERE proposal = $1
   ORDER BY number)sql"};

inline constexpr db::Query kLetterCount{"decisions_letter_count", R"sql(
  SELECT COUNT(*) FROM decision_letters WHERE proposal = $1)sql"};
inline constexpr db::Query kOverdueInsert{"decisions_overdue_insert", R"sql(
  INSERT INTO decision_overdue (proposal, due_us, alarmed_us) VALUES ($1, $2, $3)
  ON CONFLICT (proposal) DO NOTHING)sql"};

inline constexpr db::Query kMinutesInsert{"decisions_minutes_insert", R"sql(
  INSERT INTO decision_minutes (round, made_us, html, json, html_sha256, json_sha256)
  VALUES ($1, $2, $3, $4, $5, $6))sql"};
inline constexpr db::Query kMinutes{"decisions_minutes", R"sql(
  SELECT round, made_us, html, json, html_sha256, json_sha256 FROM decision_minutes WHERE round = $1)sql"};

inline constexpr db::Query kAppealInsert{"decisions_appeal_insert", R"sql(
  INSERT INTO decision_appeals (public_id, proposal, letter, state, grounds, filed_by, filed_us)
  VALUES ($1, $2, $3, 'filed', $4, $5, $6))sql"};
inline constexpr db::Query kAppealById{"decisions_appeal_by_id", R"sql(
  SELECT public_id, proposal, state, grounds, filed_us, ruling, ruled_us FROM decision_appeals
   WHERE public_id = $1)sql"};
inline constexpr db::Query kAppealsOf{"decisions_appeals_of", R"sql(
  SELECT public_id, proposal, state, grounds, filed_us, ruling, ruled_us FROM decision_appeals
   WHERE proposal = $1 ORDER BY id)sql"};
inline constexpr db::Query kAppealRule{"decisions_appeal_rule", R"sql(
  UPDATE decision_appeals SET state = $2, ruling = $3, ruled_by = $4, ruled_us = $5
   WHERE public_id = $1 AND state = 'filed')sql"};

#undef FABRICA_DECISION_COLUMNS
#undef FABRICA_ITEM_COLUMNS

}  // namespace fabrica::decisions::store
