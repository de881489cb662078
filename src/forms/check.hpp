#pragma once

#include <map>

#include "forms/form.hpp"

namespace fabrica::forms {

// draft: what is there must have its type and be safe to keep; it may be incomplete. submission: complete.
enum class Stage : std::uint8_t { draft, submission };
BOOST_DESCRIBE_ENUM(Stage, draft, submission)

struct Finding {
  std::string pointer;  // RFC 6901, into the answers
  std::string label;
  std::string rule;  // stable token: required, type, unknown_member, too_long ... (README.md lists them)
  std::string what;
  std::string remedy;
};
BOOST_DESCRIBE_STRUCT(Finding, (), (pointer, label, rule, what, remedy))

struct Progress {
  std::int64_t required = 0;  // fields that are shown and required now
  std::int64_t answered = 0;  // of those
};
BOOST_DESCRIBE_STRUCT(Progress, (), (required, answered))

struct Checked {
  Stage stage{};
  std::vector<Finding> faults;     // what stops this stage
  std::vector<Finding> later;      // in a draft: what would stop its submission
  std::vector<Finding> questions;  // answered "unknown": open, never taken as a yes or a no
  std::vector<Finding> dropped;    // answers of hidden fields: a draft keeps them, a submission has them no more
  std::int64_t unlisted = 0;       // findings beyond the first 200
  Progress progress;
  std::string answers;  // canonical JSON (RFC 8785) of what was accepted; empty while there are faults
  std::string form_digest;
  std::string answers_digest;

  bool accepted() const { return faults.empty() && unlisted == 0; }
};
BOOST_DESCRIBE_STRUCT(Checked, (),
                      (stage, faults, later, questions, dropped, unlisted, progress, answers, form_digest,
                       answers_digest))

// Answers from outside, a JSON object of field keys. Pure: the same form and answers give the same report.
// Who has digest(form) already (a published call records it) gives it: making it takes longer than the checks.
// Errors: those of json::Document::parse (bounded to 2 MiB and 7 levels), invalid "form_answers".
Result<Checked> check(Form const& form, std::string_view answers, Stage stage, std::string_view form_digest = {});

// The same as a refusal, for callers that only pass it on. Errors: invalid "form_faults" with each at its pointer.
Result<> refuse_faults(Checked const& checked);

// Canonical JSON of answers as a draft keeps them. Errors: those of check, invalid "form_faults".
Result<std::string> canonical(Form const& form, std::string_view answers);

// SHA-256 over the form's digest and the canonical answers: the same answers to another form are another document.
std::string answers_digest(std::string_view form_digest, std::string_view canonical_answers);

// How a rule reads an answer: by the field's `fact`, whichever form it stands in.
enum class Declared : std::uint8_t { answered, unknown, unanswered, not_asked };
BOOST_DESCRIBE_ENUM(Declared, answered, unknown, unanswered, not_asked)

struct Declaration {
  std::string fact;
  std::string pointer;
  Declared state{};
  std::optional<json::Raw> value;  // only when answered
};
BOOST_DESCRIBE_STRUCT(Declaration, (), (fact, pointer, state, value))

Result<std::vector<Declaration>> declarations(Form const& form, std::string_view answers);

// Answers of this form by reuse name, as JSON: what a person may be offered again. Consents never are.
Result<std::map<std::string, std::string>> reusable(Form const& form, std::string_view answers);

struct Offered {
  std::string field;
  std::string from;  // the reuse name, or the pointer into the plan
  json::Raw value;
};
BOOST_DESCRIBE_STRUCT(Offered, (), (field, from, value))

struct NotOffered {
  std::string field;
  std::string from;
  std::string why;
};
BOOST_DESCRIBE_STRUCT(NotOffered, (), (field, from, why))

struct Suggestions {
  std::vector<Offered> offered;
  std::vector<NotOffered> not_offered;

  // The answers with what was offered put in wherever nothing stands yet. Errors: those of json::Document::parse.
  Result<std::string> put_into(std::string_view answers) const;
};
BOOST_DESCRIBE_STRUCT(Suggestions, (), (offered, not_offered))

// What can be offered again; a value this form would not accept is left out, with the reason.
Suggestions carry(Form const& form, std::map<std::string, std::string> const& earlier);

// The resource part out of a plan's answer (planner's Plan as JSON), for one of its partitions. What the plan does not
// know stays empty. Errors: those of json::Document::parse, not_found "plan_partition".
Result<Suggestions> prefill(Form const& form, std::string_view plan, std::string_view partition);

}  // namespace fabrica::forms
