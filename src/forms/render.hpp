#pragma once

#include "forms/check.hpp"

namespace fabrica::forms {

// Who reads. Blind: fields marked identifying are left out.
struct Reader {
  Audience audience = Audience::applicant;
  bool blind = false;
};

// One answer as a reader sees it.
struct Line {
  std::string field;
  std::string label;
  FieldType type{};
  bool answered = false;
  bool open_question = false;
  std::string text;                            // for people; of a table: empty
  json::Raw value;                             // as kept; null when not answered
  std::vector<std::string> columns;            // of a table: headings
  std::vector<std::vector<std::string>> rows;  // and cells
};
BOOST_DESCRIBE_STRUCT(Line, (), (field, label, type, answered, open_question, text, value, columns, rows))

struct Part {
  std::string key;
  std::string title;
  std::vector<Line> lines;
};
BOOST_DESCRIBE_STRUCT(Part, (), (key, title, lines))

// Form and answers for one reader: only what is shown and what that reader may see.
struct Sheet {
  std::string form;
  std::string version;
  std::string title;
  std::string form_digest;
  std::string answers_digest;
  std::int64_t left_out = 0;  // lines this reader may not see
  std::vector<Part> parts;
};
BOOST_DESCRIBE_STRUCT(Sheet, (), (form, version, title, form_digest, answers_digest, left_out, parts))

// Errors: those of check, invalid "form_faults".
Result<Sheet> sheet(Form const& form, std::string_view answers, Reader reader);

struct Heading {
  std::string subject;    // "EHPC-AIF-2026SC01-062: Baltic speech"
  std::string reference;  // the proposal's public id
  bool draft = false;
};
// A page for print: self-contained, no script, nothing from outside.
std::string html(Sheet const& sheet, Heading const& heading);

// JSON Schema 2020-12 of the answers. Sums, words and characters that are refused stay with check().
std::string json_schema(Form const& form, Stage stage);

// One line a proposal (RFC 4180, CRLF). Text a spreadsheet would run as a formula gets an apostrophe in front.
std::string csv_header(Form const& form, Reader reader);
// Errors: those of sheet.
Result<std::string> csv_row(Form const& form, std::string_view answers, Reader reader, std::string_view reference);

}  // namespace fabrica::forms
