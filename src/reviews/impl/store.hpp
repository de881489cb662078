#pragma once

#include "db/db.hpp"
#include "reviews/panel.hpp"
#include "reviews/types.hpp"

namespace fabrica::reviews::store {

struct ProfileRow {
  PublicId person;
  std::string profile;
  Time saved_us;
};
BOOST_DESCRIBE_STRUCT(ProfileRow, (), (person, profile, saved_us))

inline constexpr db::Query kProfileSave{"reviewer_profile_save", R"sql(
  INSERT INTO reviewer_profiles (person, profile, saved_by, saved_us) VALUES ($1, $2, $3, $4)
  ON CONFLICT (person) DO UPDATE SET profile = excluded.profile, saved_by = excluded.saved_by,
    saved_us = excluded.saved_us,
    saves = reviewer_profiles.saves + 1)sql"};
inline constexpr db::Query kProfile{"reviewer_profile", R"sql(
  SELECT person, profile, saved_us FROM reviewer_profiles WHERE person = $1)sql"};
inline constexpr db::Query kProfilesOfPool{"reviewer_profiles_of_pool", R"sql(
  SELECT f.person AS person, f.profile AS profile, f.saved_us AS saved_us FROM reviewer_pool m
    JOIN reviewer_profiles f ON f.person = m.person WHERE m.call = $1 AND m.left_us IS NULL ORDER BY f.person)sql"};

inline constexpr db::Query kSettingsSave{"review_settings_save", R"sql(
  INSERT INTO review_settings (call, settings, saved_us, randomised) VALUES ($1, $2, $3, $4)
  ON CONFLICT (call) DO UPDATE SET settings = excluded.settings, saved_us = excluded.saved_us,
    randomised = excluded.randomised)sql"};
inline constexpr db::Query kSettings{"review_settings", "SELECT settings FROM review_settings WHERE call = $1"};

struct DrawRow {
  PublicId round;
  std::string rule;
  std::string seed;
  std::string commitment;
  Time committed_us;
  bool after_cut_off = false;
};
BOOST_DESCRIBE_STRUCT(DrawRow, (), (round, rule, seed, commitment, committed_us, after_cut_off))
inline constexpr db::Query kDrawInsert{"review_draw_insert", R"sql(
  INSERT INTO review_draws (round, rule, seed, commitment, committed_us, after_cut_off)
  VALUES ($1, $2, $3, $4, $5, $6))sql"};
inline constexpr db::Query kDraw{"review_draw", R"sql(
  SELECT round, rule, seed, commitment, committed_us, after_cut_off FROM review_draws WHERE round = $1)sql"};
inline constexpr db::Query kCallsRandomised{"review_calls_randomised", R"sql(
  SELECT call FROM review_settings WHERE randomised = 1 ORDER BY call)sql"};

struct BidsRow {
  PublicId reviewer;
  std::string bids;
};
BOOST_DESCRIBE_STRUCT(BidsRow, (), (reviewer, bids))
inline constexpr db::Query kBidsSave{"reviewer_bids_save", R"sql(
  INSERT INTO reviewer_bids (round, reviewer, bids, saved_us) VALUES ($1, $2, $3, $4)
  ON CONFLICT (round, reviewer) DO UPDATE SET bids = excluded.bids, saved_us = excluded.saved_us,
    saves = reviewer_bids.saves + 1)sql"};
inline constexpr db::Query kBidsOfRound{"reviewer_bids_of_round", R"sql(
  SELECT reviewer, bids FROM reviewer_bids WHERE round = $1 ORDER BY reviewer)sql"};
inline constexpr db::Query kBidsOf{"reviewer_bids_of", R"sql(
  SELECT reviewer, bids FROM reviewer_bids WHERE round = $1 AND reviewer = $2)sql"};
// Who leaves and who joins, each profile and each bid saved changes one of these.
struct StampRow {
  std::int64_t people = 0;
  std::int64_t joined_us = 0;
  std::int64_t saves = 0;
};
BOOST_DESCRIBE_STRUCT(StampRow, (), (people, joined_us, saves))
inline constexpr db::Query kPoolStamp{"review_pool_stamp", R"sql(
  SELECT COUNT(*) AS people, COALESCE(MAX(m.joined_us), 0) AS joined_us, CAST(COALESCE(SUM(f.saves), 0) AS BIGINT) AS saves
    FROM reviewer_pool m JOIN reviewer_profiles f ON f.person = m.person WHERE m.call = $1 AND m.left_us IS NULL)sql"};
inline constexpr db::Query kBidsStamp{"review_bids_stamp", R"sql(
  SELECT CAST(COALESCE(SUM(saves), 0) AS BIGINT) FROM reviewer_bids WHERE round = $1)sql"};

struct InvitationRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId call;
  std::optional<PublicId> person;
  std::string email;
  InvitationState state{};
  std::string reason;
  Time created_us;
  Time expires_us;
  std::optional<Time> answered_us;
};
BOOST_DESCRIBE_STRUCT(InvitationRow, (),
                      (id, public_id, call, person, email, state, reason, created_us, expires_us, answered_us))

inline constexpr db::Query kInvitationInsert{"reviewer_invitation_insert", R"sql(
  INSERT INTO reviewer_invitations (public_id, call, person, email, token_digest, state, created_us, expires_us)
  VALUES ($1, $2, $3, $4, $5, 'open', $6, $7))sql"};
inline constexpr db::Query kInvitationByToken{"reviewer_invitation_by_token", R"sql(
  SELECT * FROM reviewer_invitations WHERE token_digest = $1)sql"};
inline constexpr db::Query kInvitationById{"reviewer_invitation_by_id", R"sql(
  SELECT * FROM reviewer_invitations WHERE public_id = $1)sql"};
inline constexpr db::Query kInvitations{"reviewer_invitations_of", R"sql(
  SELECT * FROM reviewer_invitations WHERE call = $1 ORDER BY id DESC LIMIT 5000)sql"};
inline constexpr db::Query kInvitationsOpen{"reviewer_invitations_open_to", R"sql(
  SELECT COUNT(*) FROM reviewer_invitations WHERE call = $1 AND state = 'open' AND expires_us > $4
     AND (person = $2 OR (email <> '' AND email = $3)))sql"};
inline constexpr db::Query kInvitationMove{"reviewer_invitation_move", R"sql(
  UPDATE reviewer_invitations SET state = $3, reason = $4, answered_us = $5
   WHERE id = $1 AND state = 'open' AND (expires_us > $2 OR $3 = 'expired'))sql"};
inline constexpr db::Query kInvitationLapsed{"reviewer_invitation_lapsed", R"sql(
  SELECT * FROM reviewer_invitations WHERE state = 'open' AND expires_us <= $1 ORDER BY expires_us, id LIMIT 1)sql"};

struct PoolRow {
  PublicId person;
  Time joined_us;
};
BOOST_DESCRIBE_STRUCT(PoolRow, (), (person, joined_us))
inline constexpr db::Query kPoolJoin{"reviewer_pool_join", R"sql(
  INSERT INTO reviewer_pool (call, person, joined_us) VALUES ($1, $2, $3)
  ON CONFLICT (call, person) DO UPDATE SET joined_us = excluded.joined_us, left_us = NULL)sql"};
inline constexpr db::Query kPoolLeave{"reviewer_pool_leave", R"sql(
  UPDATE reviewer_pool SET left_us = $3 WHERE call = $1 AND person = $2 AND left_us IS NULL)sql"};
inline constexpr db::Query kPool{"reviewer_pool_of", R"sql(
  SELECT person, joined_us FROM reviewer_pool WHERE call = $1 AND left_us IS NULL ORDER BY person)sql"};
inline constexpr db::Query kPoolHas{"reviewer_pool_has", R"sql(
  SELECT COUNT(*) FROM reviewer_pool WHERE call = $1 AND person = $2 AND left_us IS NULL)sql"};
inline constexpr db::Query kRoundsOfPerson{"review_rounds_of_person", R"sql(
  SELECT r.round FROM review_rounds r JOIN reviewer_pool m ON m.call = r.call
   WHERE m.person = $1 AND m.left_us IS NULL ORDER BY r.round)sql"};
inline constexpr db::Query kRoundsOfCall{"review_rounds_of_call", R"sql(
  SELECT round FROM review_rounds WHERE call = $1 ORDER BY round)sql"};

struct ConflictRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId proposal;
  PublicId reviewer;
  ConflictKind kind{};
  ConflictState state{};
  std::string evidence;
  Time found_us;
  std::string waive_reason;
};
BOOST_DESCRIBE_STRUCT(ConflictRow, (),
                      (id, public_id, proposal, reviewer, kind, state, evidence, found_us, waive_reason))
inline constexpr db::Query kConflictInsert{"review_conflict_insert", R"sql(
  INSERT INTO review_conflicts (public_id, proposal, reviewer, kind, state, evidence, found_us)
  VALUES ($1, $2, $3, $4, 'standing', $5, $6))sql"};
inline constexpr db::Query kConflictStands{"review_conflict_stands", R"sql(
  UPDATE review_conflicts SET state = 'standing', evidence = $2, found_us = $3, waived_by = NULL, waived_us = NULL,
         waive_reason = '' WHERE id = $1)sql"};
inline constexpr db::Query kConflictGone{"review_conflict_gone", R"sql(
  UPDATE review_conflicts SET state = 'gone' WHERE id = $1)sql"};
inline constexpr db::Query kConflictWaive{"review_conflict_waive", R"sql(
  UPDATE review_conflicts SET state = 'waived', waived_by = $2, waived_us = $3, waive_reason = $4
   WHERE id = $1 AND state = 'standing')sql"};
inline constexpr db::Query kConflictById{"review_conflict_by_id", R"sql(
  SELECT * FROM review_conflicts WHERE public_id = $1)sql"};
inline constexpr db::Query kConflictsOf{"review_conflicts_of", R"sql(
  SELECT * FROM review_conflicts WHERE proposal = $1 ORDER BY id)sql"};

struct RoundRow {
  PublicId round;
  PublicId call;
  std::string settings;
  std::string certificate_sha256;
  std::string report;
  std::optional<Time> sent_us;
  std::optional<Time> due_us;
};
BOOST_DESCRIBE_STRUCT(RoundRow, (), (round, call, settings, certificate_sha256, report, sent_us, due_us))
inline constexpr db::Query kRound{"review_round", R"sql(
  SELECT round, call, settings, certificate_sha256, report, sent_us, due_us FROM review_rounds WHERE round = $1)sql"};
inline constexpr db::Query kCertificate{"review_certificate", "SELECT certificate FROM review_rounds WHERE round = $1"};
inline constexpr db::Query kRoundSave{"review_round_save", R"sql(
  INSERT INTO review_rounds (round, call, settings, certificate, certificate_sha256, report, solved_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (round) DO UPDATE SET certificate = excluded.certificate,
    certificate_sha256 = excluded.certificate_sha256, report = excluded.report, solved_us = excluded.solved_us)sql"};
inline constexpr db::Query kRoundSent{"review_round_sent", R"sql(
  UPDATE review_rounds SET sent_us = COALESCE(sent_us, $2), due_us = $3 WHERE round = $1)sql"};

struct AssignmentRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId round;
  PublicId proposal;
  PublicId reviewer;
  std::int64_t affinity_millionths = 0;
  AssignmentState state{};
  std::string reason;
  bool submitted = false;
  bool counted = false;  // submitted, and the ranking uses it
};
BOOST_DESCRIBE_STRUCT(AssignmentRow, (),
                      (id, public_id, round, proposal, reviewer, affinity_millionths, state, reason, submitted,
                       counted))

#define FABRICA_ASSIGNMENT_COLUMNS                                                                         \
  "SELECT a.id AS id, a.public_id AS public_id, a.round AS round, a.proposal AS proposal, a.reviewer AS "  \
  "reviewer, a.affinity_millionths AS affinity_millionths, a.state AS state, a.reason AS reason, "         \
  "CASE WHEN v.submitted_us IS NULL THEN 0 ELSE 1 END AS submitted, CASE WHEN v.submitted_us IS NOT NULL " \
  "AND v.counts = 1 THEN 1 ELSE 0 END AS counted FROM review_assignments a "                               \
  "LEFT JOIN reviews v ON v.assignment_id = a.id "
inline constexpr db::Query kAssignmentById{"review_assignment_by_id",
                                           FABRICA_ASSIGNMENT_COLUMNS "WHERE a.public_id = $1"};
inline constexpr db::Query kAssignmentsOfRound{"review_assignments_of_round",
                                               FABRICA_ASSIGNMENT_COLUMNS "WHERE a.round = $1 ORDER BY a.id"};
inline constexpr db::Query kAssignmentsOfProposal{"review_assignments_of_proposal",
                                                  FABRICA_ASSIGNMENT_COLUMNS "WHERE a.proposal = $1 ORDER BY a.id"};
inline constexpr db::Query kAssignmentsOfReviewer{
    "review_assignments_of_reviewer",
    FABRICA_ASSIGNMENT_COLUMNS "WHERE a.reviewer = $1 AND a.sent_us IS NOT NULL ORDER BY a.id DESC LIMIT 1000"};
#undef FABRICA_ASSIGNMENT_COLUMNS
inline constexpr db::Query kAssignmentInsert{"review_assignment_insert", R"sql(
  INSERT INTO review_assignments (public_id, round, proposal, reviewer, affinity_millionths, state, sent_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};
inline constexpr db::Query kAssignmentAgain{"review_assignment_again", R"sql(
  UPDATE review_assignments SET state = $3, affinity_millionths = $4, reason = '', sent_us = $5, answered_us = NULL
   WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kAssignmentDrop{"review_assignment_drop", R"sql(
  DELETE FROM review_assignments WHERE id = $1 AND state = 'proposed')sql"};
inline constexpr db::Query kAssignmentsSend{"review_assignments_send", R"sql(
  UPDATE review_assignments SET state = 'sent', sent_us = $2 WHERE round = $1 AND state = 'proposed')sql"};
inline constexpr db::Query kAssignmentMove{"review_assignment_move", R"sql(
  UPDATE review_assignments SET state = $3, reason = $4, answered_us = $5 WHERE id = $1 AND state = $2)sql"};

struct ReviewRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId assignment;
  PublicId proposal;
  PublicId reviewer;
  std::string content;
  Time saved_us;
  std::optional<Time> submitted_us;
  std::string marked;
  bool counts = true;
  std::string counts_reason;
};
BOOST_DESCRIBE_STRUCT(ReviewRow, (),
                      (id, public_id, assignment, proposal, reviewer, content, saved_us, submitted_us, marked, counts,
                       counts_reason))
#define FABRICA_REVIEW_COLUMNS                                                                                  \
  "SELECT v.id AS id, v.public_id AS public_id, a.public_id AS assignment, a.proposal AS proposal, a.reviewer " \
  "AS reviewer, v.content AS content, v.saved_us AS saved_us, v.submitted_us AS submitted_us, v.marked AS "     \
  "marked, v.counts AS counts, v.counts_reason AS counts_reason FROM reviews v "                                \
  "JOIN review_assignments a ON a.id = v.assignment_id "
inline constexpr db::Query kReviewOf{"review_of", FABRICA_REVIEW_COLUMNS "WHERE v.assignment_id = $1"};
inline constexpr db::Query kReviewById{"review_by_id", FABRICA_REVIEW_COLUMNS "WHERE v.public_id = $1"};
inline constexpr db::Query kReviewsSent{
    "reviews_sent", FABRICA_REVIEW_COLUMNS "WHERE a.proposal = $1 AND v.submitted_us IS NOT NULL ORDER BY v.public_id"};
#undef FABRICA_REVIEW_COLUMNS
inline constexpr db::Query kReviewInsert{"review_insert", R"sql(
  INSERT INTO reviews (public_id, assignment_id, content, saved_us) VALUES ($1, $2, $3, $4))sql"};
inline constexpr db::Query kReviewSave{"review_save", R"sql(
  UPDATE reviews SET content = $2, saved_us = $3 WHERE id = $1 AND submitted_us IS NULL)sql"};
inline constexpr db::Query kReviewSubmit{"review_submit", R"sql(
  UPDATE reviews SET submitted_us = $2 WHERE id = $1 AND submitted_us IS NULL)sql"};
inline constexpr db::Query kReviewMark{"review_mark", R"sql(
  UPDATE reviews SET marked = $2, counts = $3 WHERE assignment_id = $1 AND submitted_us IS NOT NULL)sql"};
inline constexpr db::Query kReviewCount{"review_count", R"sql(
  UPDATE reviews SET counts = $2, counts_reason = $3 WHERE id = $1)sql"};

struct ConsensusRow {
  PublicId proposal;
  std::string note;
  Time saved_us;
};
BOOST_DESCRIBE_STRUCT(ConsensusRow, (), (proposal, note, saved_us))
inline constexpr db::Query kConsensusSave{"review_consensus_save", R"sql(
  INSERT INTO review_consensus (proposal, note, saved_by, saved_us) VALUES ($1, $2, $3, $4)
  ON CONFLICT (proposal) DO UPDATE SET note = excluded.note, saved_by = excluded.saved_by,
    saved_us = excluded.saved_us)sql"};
inline constexpr db::Query kConsensus{"review_consensus_of", R"sql(
  SELECT proposal, note, saved_us FROM review_consensus WHERE proposal = $1)sql"};

struct PanelRow {
  PublicId round;
  PublicId person;
  PanelRole role{};
  Time appointed_us;
};
BOOST_DESCRIBE_STRUCT(PanelRow, (), (round, person, role, appointed_us))
inline constexpr db::Query kPanel{"review_panel", R"sql(
  SELECT round, person, role, appointed_us FROM review_panels WHERE round = $1
   ORDER BY CASE role WHEN 'chair' THEN 0 WHEN 'deputy' THEN 1 ELSE 2 END, person)sql"};
inline constexpr db::Query kPanelsOf{"review_panels_of", R"sql(
  SELECT round, person, role, appointed_us FROM review_panels WHERE person = $1 ORDER BY appointed_us DESC, round)sql"};
inline constexpr db::Query kPanelClear{"review_panel_clear", "DELETE FROM review_panels WHERE round = $1"};
inline constexpr db::Query kPanelInsert{"review_panel_insert", R"sql(
  INSERT INTO review_panels (round, person, role, appointed_us) VALUES ($1, $2, $3, $4))sql"};

struct RebuttalRow {
  PublicId proposal;
  Time opened_us;
  Time due_us;
  std::string answer;
  std::optional<Time> answered_us;
};
BOOST_DESCRIBE_STRUCT(RebuttalRow, (), (proposal, opened_us, due_us, answer, answered_us))
inline constexpr db::Query kRebuttalOpen{"review_rebuttal_open", R"sql(
  INSERT INTO review_rebuttals (proposal, opened_us, due_us) VALUES ($1, $2, $3)
  ON CONFLICT (proposal) DO NOTHING)sql"};
inline constexpr db::Query kRebuttal{"review_rebuttal", R"sql(
  SELECT proposal, opened_us, due_us, answer, answered_us FROM review_rebuttals WHERE proposal = $1)sql"};
inline constexpr db::Query kRebuttalAnswer{"review_rebuttal_answer", R"sql(
  UPDATE review_rebuttals SET answer = $2, answered_us = $3 WHERE proposal = $1 AND answered_us IS NULL)sql"};

}  // namespace fabrica::reviews::store
