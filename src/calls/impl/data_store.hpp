#pragma once

#include "base/id.hpp"
#include "base/time.hpp"
#include "db/db.hpp"

// Queries on the tables of 0200: forms, templates, attachments, imports.
namespace fabrica::calls::store {

struct OwnFormRow {
  std::string form_key;
  std::string digest;
  std::optional<std::string> shipped_digest;
  std::string saved_by;
  Time saved_us;
};
BOOST_DESCRIBE_STRUCT(OwnFormRow, (), (form_key, digest, shipped_digest, saved_by, saved_us))

inline constexpr db::Query kFormText{"form_text", "SELECT definition FROM form_texts WHERE digest = $1"};
inline constexpr db::Query kFormTextOfKey{"form_text_of_key", R"sql(
  SELECT definition FROM form_texts WHERE digest = $1 AND form_key = $2)sql"};
inline constexpr db::Query kFormTextKeep{"form_text_keep", R"sql(
  INSERT INTO form_texts (digest, form_key, definition, kept_us) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING)sql"};
inline constexpr db::Query kOwnForms{"own_forms", R"sql(
  SELECT form_key, digest, shipped_digest, saved_by, saved_us FROM own_forms ORDER BY form_key)sql"};
inline constexpr db::Query kOwnForm{"own_form", R"sql(
  SELECT form_key, digest, shipped_digest, saved_by, saved_us FROM own_forms WHERE form_key = $1)sql"};
inline constexpr db::Query kOwnFormSave{"own_form_save", R"sql(
  INSERT INTO own_forms (form_key, digest, shipped_digest, saved_by, saved_us) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (form_key) DO UPDATE SET digest = excluded.digest, shipped_digest = excluded.shipped_digest,
    saved_by = excluded.saved_by, saved_us = excluded.saved_us)sql"};
inline constexpr db::Query kOwnFormDrop{"own_form_drop", "DELETE FROM own_forms WHERE form_key = $1"};

struct OwnTemplateRow {
  std::string template_key;
  std::string definition;
  std::string digest;
  std::optional<std::string> shipped_digest;
  Time saved_us;
};
BOOST_DESCRIBE_STRUCT(OwnTemplateRow, (), (template_key, definition, digest, shipped_digest, saved_us))
inline constexpr db::Query kOwnTemplates{"own_templates", R"sql(
  SELECT template_key, definition, digest, shipped_digest, saved_us FROM own_call_templates ORDER BY template_key)sql"};
inline constexpr db::Query kOwnTemplate{"own_template", R"sql(
  SELECT template_key, definition, digest, shipped_digest, saved_us FROM own_call_templates WHERE template_key = $1)sql"};
inline constexpr db::Query kOwnTemplateSave{"own_template_save", R"sql(
  INSERT INTO own_call_templates (template_key, definition, digest, shipped_digest, saved_by, saved_us)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (template_key) DO UPDATE SET definition = excluded.definition, digest = excluded.digest,
    shipped_digest = excluded.shipped_digest, saved_by = excluded.saved_by, saved_us = excluded.saved_us)sql"};
inline constexpr db::Query kOwnTemplateDrop{"own_template_drop",
                                            "DELETE FROM own_call_templates WHERE template_key = $1"};

inline constexpr db::Query kOfferOpen{"offer_open", R"sql(
  UPDATE offers SET is_open = $2 WHERE id = $1 AND is_open <> $2)sql"};

struct AttachmentRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId proposal;
  std::string field;
  std::string name;
  std::string media_type;
  std::int64_t size_bytes = 0;
  std::string digest;
  std::optional<std::int64_t> pages;
  Time attached_us;
};
BOOST_DESCRIBE_STRUCT(AttachmentRow, (),
                      (id, public_id, proposal, field, name, media_type, size_bytes, digest, pages, attached_us))

#define FABRICA_ATTACHMENT_COLUMNS                                                                           \
  "SELECT a.id AS id, a.public_id AS public_id, p.public_id AS proposal, a.field AS field, a.name AS name, " \
  "a.media_type AS media_type, a.size_bytes AS size_bytes, a.digest AS digest, a.pages AS pages, "           \
  "a.attached_us AS attached_us FROM proposal_attachments a JOIN proposals p ON p.id = a.proposal_id "
inline constexpr db::Query kAttachmentsOf{"attachments_of",
                                          FABRICA_ATTACHMENT_COLUMNS "WHERE p.public_id = $1 ORDER BY a.id"};
inline constexpr db::Query kAttachmentAt{"attachment_at",
                                         FABRICA_ATTACHMENT_COLUMNS "WHERE p.public_id = $1 AND a.field = $2"};
inline constexpr db::Query kAttachmentById{"attachment_by_id", FABRICA_ATTACHMENT_COLUMNS "WHERE a.public_id = $1"};
#undef FABRICA_ATTACHMENT_COLUMNS
inline constexpr db::Query kAttachmentInsert{"attachment_insert", R"sql(
  INSERT INTO proposal_attachments (public_id, proposal_id, field, name, media_type, size_bytes, digest, pages,
                                    attached_by, attached_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))sql"};
inline constexpr db::Query kAttachmentDrop{"attachment_drop", "DELETE FROM proposal_attachments WHERE id = $1"};
// Only while the applicants may change it.
inline constexpr db::Query kDraftAnswers{"draft_answers", R"sql(
  UPDATE proposals SET form_answers = $2 WHERE public_id = $1 AND state IN ('draft', 'incomplete'))sql"};

// Answers of a project's proposals, newest first.
struct EarlierRow {
  std::int64_t id = 0;
  PublicId proposal;
  PublicId call;
  std::int64_t call_version = 0;
  std::string form_answers;
  Time created_us;
};
BOOST_DESCRIBE_STRUCT(EarlierRow, (), (id, proposal, call, call_version, form_answers, created_us))
inline constexpr db::Query kEarlierOf{"earlier_of", R"sql(
  SELECT p.id AS id, p.public_id AS proposal, c.public_id AS call, p.call_version AS call_version,
         p.form_answers AS form_answers, p.created_us AS created_us
    FROM proposals p JOIN calls c ON c.id = p.call_id
   WHERE p.project = $1 AND p.form_answers IS NOT NULL ORDER BY p.id DESC LIMIT 20)sql"};

struct ThingRow {
  std::string thing;
  std::string digest;
};
BOOST_DESCRIBE_STRUCT(ThingRow, (), (thing, digest))
inline constexpr db::Query kThing{"imported_thing", R"sql(
  SELECT thing, digest FROM imported_things WHERE source_system = $1 AND kind = $2 AND foreign_id = $3)sql"};
inline constexpr db::Query kThingInsert{"imported_thing_insert", R"sql(
  INSERT INTO imported_things (source_system, kind, foreign_id, thing, digest, import_id)
  VALUES ($1, $2, $3, $4, $5, $6))sql"};
inline constexpr db::Query kImportInsert{"call_import_insert", R"sql(
  INSERT INTO call_imports (public_id, source_system, file_sha256, call, imported_by, imported_us)
  VALUES ($1, $2, $3, $4, $5, $6))sql"};
// A proposal where it stood. $4: whether it takes its place in the order of arrival.
inline constexpr db::Query kImportedState{"imported_state", R"sql(
  UPDATE proposals SET state = $2, submitted_us = $3, decided_us = $5, decision_reason = $6,
         arrival = CASE WHEN $4 = 1 THEN (SELECT COALESCE(MAX(arrival), 0) + 1 FROM proposals) ELSE NULL END
   WHERE id = $1)sql"};

}  // namespace fabrica::calls::store
