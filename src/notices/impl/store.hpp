#pragma once

#include "db/db.hpp"
#include "notices/types.hpp"

namespace fabrica::notices::store {

struct StateRow {
  std::int64_t position = 0;
  Time begins_us;
};
BOOST_DESCRIBE_STRUCT(StateRow, (), (position, begins_us))
inline constexpr db::Query kState{"notice_state", "SELECT position, begins_us FROM notice_state WHERE id = 1"};
inline constexpr db::Query kStateBegin{"notice_state_begin", R"sql(
  INSERT INTO notice_state (id, position, begins_us) VALUES (1, $1, $2))sql"};
inline constexpr db::Query kStateMove{"notice_state_move", R"sql(
  UPDATE notice_state SET position = $2 WHERE id = 1 AND position = $1)sql"};

struct ScanRow {
  Time due_us;
  std::string last;
};
BOOST_DESCRIBE_STRUCT(ScanRow, (), (due_us, last))
inline constexpr db::Query kScan{"notice_scan", "SELECT due_us, last FROM notice_scans WHERE name = $1"};
inline constexpr db::Query kScanMove{"notice_scan_move", R"sql(
  INSERT INTO notice_scans (name, due_us, last) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET due_us = excluded.due_us, last = excluded.last)sql"};

inline constexpr db::Query kNoticeInsert{"notice_insert", R"sql(
  INSERT INTO notices (public_id, cause, kind, person, project, subject, text, path, created_us, digest_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (cause, kind, person) DO NOTHING)sql"};

struct NoticeRow {
  PublicId public_id;
  NoticeKind kind{};
  std::string project;
  std::string subject;
  std::string text;
  std::string path;
  Time created_us;
  std::optional<Time> read_us;
};
BOOST_DESCRIBE_STRUCT(NoticeRow, (), (public_id, kind, project, subject, text, path, created_us, read_us))
#define FABRICA_NOTICE_COLUMNS \
  "SELECT public_id, kind, project, subject, text, path, created_us, read_us FROM notices WHERE person = $1 "
#define FABRICA_NOTICE_AFTER \
  "AND ($2 = '' OR id < (SELECT c.id FROM notices c WHERE c.public_id = $2 AND c.person = $1)) "
inline constexpr db::Query kNotices{"notices_of",
                                    FABRICA_NOTICE_COLUMNS FABRICA_NOTICE_AFTER "ORDER BY id DESC LIMIT $3"};
inline constexpr db::Query kNoticesUnread{"notices_unread_of", FABRICA_NOTICE_COLUMNS
                                          "AND read_us IS NULL " FABRICA_NOTICE_AFTER "ORDER BY id DESC LIMIT $3"};
inline constexpr db::Query kNotice{"notice_of", FABRICA_NOTICE_COLUMNS "AND public_id = $2"};
#undef FABRICA_NOTICE_COLUMNS
#undef FABRICA_NOTICE_AFTER
inline constexpr db::Query kUnread{"notices_unread", R"sql(
  SELECT COUNT(*) FROM notices WHERE person = $1 AND read_us IS NULL)sql"};
inline constexpr db::Query kRead{"notice_read", R"sql(
  UPDATE notices SET read_us = $3 WHERE person = $1 AND public_id = $2 AND read_us IS NULL)sql"};
inline constexpr db::Query kReadAll{"notices_read_all", R"sql(
  UPDATE notices SET read_us = $2 WHERE person = $1 AND read_us IS NULL)sql"};
inline constexpr db::Query kSweepNotices{"notices_sweep", R"sql(
  DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE created_us < $1 AND digest_us IS NULL
    ORDER BY created_us LIMIT 500))sql"};
inline constexpr db::Query kSweepDeliveries{"notice_deliveries_sweep", R"sql(
  DELETE FROM notice_deliveries WHERE id IN (SELECT id FROM notice_deliveries
   WHERE ended_us < $1 AND state IN ('sent', 'given_up') ORDER BY ended_us LIMIT 500))sql"};

struct PreferencesRow {
  std::string zone;
  std::int64_t digest_hour = 0;
  std::string rules;
  std::string muted;
};
BOOST_DESCRIBE_STRUCT(PreferencesRow, (), (zone, digest_hour, rules, muted))
inline constexpr db::Query kPreferences{"notice_preferences", R"sql(
  SELECT zone, digest_hour, rules, muted FROM notice_preferences WHERE person = $1)sql"};
inline constexpr db::Query kPreferencesSave{"notice_preferences_save", R"sql(
  INSERT INTO notice_preferences (person, zone, digest_hour, rules, muted, saved_us) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (person) DO UPDATE SET zone = excluded.zone, digest_hour = excluded.digest_hour, rules = excluded.rules,
    muted = excluded.muted, saved_us = excluded.saved_us)sql"};

struct DigestRow {
  std::string person;
  Time digest_us;
};
BOOST_DESCRIBE_STRUCT(DigestRow, (), (person, digest_us))
inline constexpr db::Query kDigestDue{"notice_digest_due", R"sql(
  SELECT person, digest_us FROM notices WHERE digest_us <= $1 ORDER BY digest_us, person LIMIT 1)sql"};
struct DigestLineRow {
  std::string subject;
  std::string path;
};
BOOST_DESCRIBE_STRUCT(DigestLineRow, (), (subject, path))
inline constexpr db::Query kDigestLines{"notice_digest_lines", R"sql(
  SELECT subject, path FROM notices WHERE person = $1 AND digest_us <= $2 ORDER BY id LIMIT 100)sql"};
inline constexpr db::Query kDigestTaken{"notice_digest_taken", R"sql(
  UPDATE notices SET digest_us = NULL WHERE person = $1 AND digest_us <= $2)sql"};

inline constexpr db::Query kMailInsert{"notice_mail_insert", R"sql(
  INSERT INTO notice_deliveries (public_id, once, channel, kind, person, address, subject, body, path, sealed, state, due_us,
         created_us)
  VALUES ($1, $2, 'mail', $3, $4, $5, $6, $7, $8, $9, 'pending', $10, $10) ON CONFLICT (once) DO NOTHING)sql"};

// What a sender takes to hand over.
struct MailRow {
  std::int64_t id = 0;
  std::string once;
  std::string kind;
  std::optional<PublicId> person;
  std::string address;
  std::string subject;
  std::string body;
  std::string path;
  std::optional<Bytes> sealed;
  std::int64_t attempts = 0;
  Time created_us;
};
BOOST_DESCRIBE_STRUCT(MailRow, (), (id, once, kind, person, address, subject, body, path, sealed, attempts, created_us))
inline constexpr db::Query kMailDue{"notice_mail_due", R"sql(
  SELECT id, once, kind, person, address, subject, body, path, sealed, attempts, created_us FROM notice_deliveries
   WHERE channel = 'mail' AND state IN ('pending', 'failed') AND due_us <= $1 ORDER BY due_us, id LIMIT 1)sql"};
// $3: sending for a mail; ending for a web hook, which has to know a message it gets twice by its id.
inline constexpr db::Query kDeliveryBegin{"notice_delivery_begin", R"sql(
  UPDATE notice_deliveries SET state = $2, attempts = attempts + 1 WHERE id = $1 AND state IN ('pending', 'failed'))sql"};
inline constexpr db::Query kDeliveryEnding{"notice_delivery_ending", R"sql(
  UPDATE notice_deliveries SET state = 'ending' WHERE id = $1 AND state = 'sending')sql"};
// $4: attempts that do not count, because they were no fault of the message.
inline constexpr db::Query kDeliveryFail{"notice_delivery_fail", R"sql(
  UPDATE notice_deliveries SET state = 'failed', due_us = $2, answer = $3, attempts = attempts - $4
   WHERE id = $1 AND state IN ('sending', 'ending'))sql"};
inline constexpr db::Query kDeliveryEnd{"notice_delivery_end", R"sql(
  UPDATE notice_deliveries SET state = $2, ended_us = $3, answer = $4, sealed = NULL
   WHERE id = $1 AND state IN ('pending', 'failed', 'sending', 'ending'))sql"};
inline constexpr db::Query kDeliveryUncertain{"notice_delivery_uncertain", R"sql(
  UPDATE notice_deliveries SET state = 'uncertain', answer = $2 WHERE id = $1 AND state = 'ending')sql"};
// After the server stopped in the middle: nobody works on these.
inline constexpr db::Query kLeftSending{"notice_left_sending", R"sql(
  UPDATE notice_deliveries SET state = 'failed', due_us = $2, answer = 'The factory stopped before it was sent.'
   WHERE channel = $1 AND state = 'sending')sql"};
inline constexpr db::Query kLeftEndingMail{"notice_left_ending_mail", R"sql(
  UPDATE notice_deliveries SET state = 'uncertain', answer = 'The factory stopped before the mail server answered.'
   WHERE channel = 'mail' AND state = 'ending')sql"};
inline constexpr db::Query kLeftEndingHook{"notice_left_ending_hook", R"sql(
  UPDATE notice_deliveries SET state = 'failed', due_us = $1, answer = 'The factory stopped before the answer came.'
   WHERE channel = 'hook' AND state = 'ending')sql"};
inline constexpr db::Query kMailFailingSince{"notice_mail_failing_since", R"sql(
  SELECT mail_failing_us FROM notice_state WHERE id = 1 AND mail_failing_us IS NOT NULL)sql"};
inline constexpr db::Query kMailFailing{"notice_mail_failing", R"sql(
  UPDATE notice_state SET mail_failing_us = COALESCE(mail_failing_us, $1), mail_trouble = $2 WHERE id = 1)sql"};
inline constexpr db::Query kMailWorks{"notice_mail_works", R"sql(
  UPDATE notice_state SET mail_failing_us = NULL, mail_trouble = '' WHERE id = 1 AND mail_failing_us IS NOT NULL)sql"};

struct HookDueRow {
  std::int64_t id = 0;
  PublicId public_id;
  std::string body;
  std::int64_t attempts = 0;
  Time created_us;
  std::int64_t hook_id = 0;
};
BOOST_DESCRIBE_STRUCT(HookDueRow, (), (id, public_id, body, attempts, created_us, hook_id))
inline constexpr db::Query kHookDue{"notice_hook_due", R"sql(
  SELECT d.id AS id, d.public_id AS public_id, d.body AS body, d.attempts AS attempts, d.created_us AS created_us,
         d.hook_id AS hook_id
    FROM notice_deliveries d JOIN notice_hooks h ON h.id = d.hook_id
   WHERE d.channel = 'hook' AND d.state IN ('pending', 'failed') AND d.due_us <= $1 AND h.state = 'active' AND h.next_us <= $1
   ORDER BY d.due_us, d.id LIMIT 1)sql"};
inline constexpr db::Query kHookWorks{"notice_hook_works", R"sql(
  UPDATE notice_hooks SET failures = 0, failing_us = NULL, next_us = 0, trouble = '' WHERE id = $1)sql"};
inline constexpr db::Query kHookFails{"notice_hook_fails", R"sql(
  UPDATE notice_hooks SET failures = $2, failing_us = COALESCE(failing_us, $3), next_us = $4, trouble = $5 WHERE id = $1)sql"};

struct DeliveryRow {
  std::int64_t id = 0;
  PublicId public_id;
  Channel channel{};
  std::string kind;
  std::optional<PublicId> person;
  std::string address;
  std::optional<std::int64_t> hook_id;
  DeliveryState state{};
  std::int64_t attempts = 0;
  Time due_us;
  Time created_us;
  std::optional<Time> ended_us;
  std::string answer;
};
BOOST_DESCRIBE_STRUCT(DeliveryRow, (),
                      (id, public_id, channel, kind, person, address, hook_id, state, attempts, due_us, created_us,
                       ended_us, answer))
#define FABRICA_DELIVERY_COLUMNS                                                                                     \
  "SELECT d.id AS id, d.public_id AS public_id, d.channel AS channel, d.kind AS kind, d.person AS person, "          \
  "COALESCE(h.url, d.address) AS address, d.hook_id AS hook_id, d.state AS state, d.attempts AS attempts, d.due_us " \
  "AS "                                                                                                              \
  "due_us, d.created_us AS created_us, d.ended_us AS ended_us, d.answer AS answer FROM notice_deliveries d "         \
  "LEFT JOIN notice_hooks h ON h.id = d.hook_id "
#define FABRICA_DELIVERY_AFTER "($1 = '' OR d.id < (SELECT c.id FROM notice_deliveries c WHERE c.public_id = $1)) "
inline constexpr db::Query kDeliveries{
    "notice_deliveries", FABRICA_DELIVERY_COLUMNS "WHERE " FABRICA_DELIVERY_AFTER "ORDER BY d.id DESC LIMIT $2"};
inline constexpr db::Query kDeliveriesIn{"notice_deliveries_in",
                                         FABRICA_DELIVERY_COLUMNS "WHERE " FABRICA_DELIVERY_AFTER
                                                                  "AND d.state = $3 ORDER BY d.id DESC LIMIT $2"};
inline constexpr db::Query kDelivery{"notice_delivery", FABRICA_DELIVERY_COLUMNS "WHERE d.public_id = $1"};
#undef FABRICA_DELIVERY_COLUMNS
#undef FABRICA_DELIVERY_AFTER
// By hand. A person decides on what nobody can tell.
inline constexpr db::Query kDeliveryByHand{"notice_delivery_by_hand", R"sql(
  UPDATE notice_deliveries SET state = $3, due_us = $4, ended_us = $5, answer = $6 WHERE id = $1 AND state = $2)sql"};

struct HookRow {
  std::int64_t id = 0;
  PublicId public_id;
  std::string scope;
  std::string url;
  std::string kinds;
  HookState state{};
  std::int64_t secret_version = 1;
  std::optional<Time> rotated_us;
  Time created_us;
  std::int64_t failures = 0;
  std::optional<Time> failing_us;
  Time next_us;
  std::string trouble;
};
BOOST_DESCRIBE_STRUCT(HookRow, (),
                      (id, public_id, scope, url, kinds, state, secret_version, rotated_us, created_us, failures,
                       failing_us, next_us, trouble))
#define FABRICA_HOOK_COLUMNS                                                                                       \
  "SELECT id, public_id, scope, url, kinds, state, secret_version, rotated_us, created_us, failures, failing_us, " \
  "next_us, trouble FROM notice_hooks "
inline constexpr db::Query kHook{"notice_hook", FABRICA_HOOK_COLUMNS "WHERE public_id = $1 AND state <> 'removed'"};
inline constexpr db::Query kHookById{"notice_hook_by_id", FABRICA_HOOK_COLUMNS "WHERE id = $1"};
inline constexpr db::Query kHooksOf{
    "notice_hooks_of", FABRICA_HOOK_COLUMNS "WHERE scope = $1 AND state <> 'removed' ORDER BY id LIMIT 200"};
inline constexpr db::Query kHooksFor{
    "notice_hooks_for", FABRICA_HOOK_COLUMNS "WHERE state = 'active' AND (scope = '' OR scope = $1) ORDER BY id"};
#undef FABRICA_HOOK_COLUMNS
inline constexpr db::Query kHooksCount{"notice_hooks_count", R"sql(
  SELECT COUNT(*) FROM notice_hooks WHERE scope = $1 AND state <> 'removed')sql"};
inline constexpr db::Query kHookInsert{"notice_hook_insert", R"sql(
  INSERT INTO notice_hooks (public_id, scope, url, kinds, state, made_by, created_us)
  VALUES ($1, $2, $3, $4, 'active', $5, $6))sql"};
inline constexpr db::Query kHookMove{"notice_hook_move", R"sql(
  UPDATE notice_hooks SET state = $3, failures = 0, failing_us = NULL, next_us = 0, trouble = $4
   WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kHookRotate{"notice_hook_rotate", R"sql(
  UPDATE notice_hooks SET secret_version = secret_version + 1, rotated_us = $2 WHERE id = $1)sql"};
inline constexpr db::Query kHookGiveUp{"notice_hook_give_up", R"sql(
  UPDATE notice_deliveries SET state = 'given_up', ended_us = $2, answer = $3
   WHERE hook_id = $1 AND state IN ('pending', 'failed'))sql"};
inline constexpr db::Query kHookDeliveryInsert{"notice_hook_delivery_insert", R"sql(
  INSERT INTO notice_deliveries (public_id, once, channel, kind, hook_id, body, state, due_us, created_us)
  VALUES ($1, $2, 'hook', $3, $4, $5, 'pending', $6, $6) ON CONFLICT (once) DO NOTHING)sql"};

}  // namespace fabrica::notices::store
