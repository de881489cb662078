#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.hpp"

// A form as data: one declared schema from which come checking (check.hpp), the reviewer's view, print, the API's JSON
// Schema and the export row (render.hpp). README.md has the rules.
namespace fabrica::forms {

enum class FieldType : std::uint8_t {
  text,            // one line
  long_text,       // several lines
  integer,         // a whole number
  decimal,         // a number with limits.decimals digits after the point (2)
  quantity,        // a number in the declared unit
  yes_no_unknown,  // "yes", "no" or "unknown", which is an open question
  choice,          // the key of one option
  choices,         // keys of several options
  date,            // YYYY-MM-DD
  country,         // ISO 3166-1, with EL and UK as the Union writes them
  email,
  url,
  orcid,
  money,       // whole cents
  table,       // rows of columns
  attachment,  // {"name","media_type","bytes","digest"}: the bytes lie in blobs/
};
BOOST_DESCRIBE_ENUM(FieldType, text, long_text, integer, decimal, quantity, yes_no_unknown, choice, choices, date,
                    country, email, url, orcid, money, table, attachment)

enum class Need : std::uint8_t { never, always, when };
BOOST_DESCRIBE_ENUM(Need, never, always, when)

enum class Audience : std::uint8_t { applicant, officer, reviewer, panel, public_ };
BOOST_DESCRIBE_ENUM(Audience, applicant, officer, reviewer, panel, public_)

// How sure we are that a shipped form asks what the real one asks; the words of the facts.
enum class Confidence : std::uint8_t { official, secondary, single_source, background, unconfirmed, unknown };
BOOST_DESCRIBE_ENUM(Confidence, official, secondary, single_source, background, unconfirmed, unknown)

// A declared tree over other fields, no expression language. Either one test of `field`, or one of all, any, none. On a
// field of several choices `equals` and `any_of` hold when one of them was chosen. A hidden field is not set.
struct Condition {
  std::string field;
  std::optional<json::Raw> equals;
  std::vector<json::Raw> any_of;
  std::optional<bool> is_set;
  std::optional<double> greater_than;
  std::optional<double> less_than;
  std::vector<Condition> all;
  std::vector<Condition> any;
  std::vector<Condition> none;

  static constexpr std::array<std::string_view, 5> kMayBeAbsent{"field", "any_of", "all", "any", "none"};
  static constexpr auto limits() {
    using C = Condition;
    return std::tuple{json::length(&C::field, 0, 64), json::items(&C::any_of, 0, 100), json::items(&C::all, 0, 20),
                      json::items(&C::any, 0, 20), json::items(&C::none, 0, 20)};
  }
};
BOOST_DESCRIBE_STRUCT(Condition, (), (field, equals, any_of, is_set, greater_than, less_than, all, any, none))

struct Option {
  std::string key;
  std::string label;
  std::string help;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"help"};
  static constexpr auto limits() {
    return std::tuple{json::length(&Option::key, 1, 64), json::length(&Option::label, 1, 300),
                      json::length(&Option::help, 0, 2000)};
  }
};
BOOST_DESCRIBE_STRUCT(Option, (), (key, label, help))

struct FieldLimits {
  // Code points of the text in NFC, as JSON Schema counts; words as ICU breaks them in any script.
  std::optional<std::int64_t> characters_min;
  std::optional<std::int64_t> characters_max;
  std::optional<std::int64_t> words_max;
  std::optional<double> min;
  std::optional<double> max;
  std::optional<std::int64_t> decimals;
  std::optional<std::int64_t> items_min;  // rows of a table, choices
  std::optional<std::int64_t> items_max;
  std::optional<std::int64_t> bytes_max;  // of an attachment
  std::vector<std::string> media_types;
  std::optional<std::int64_t> pages_max;  // of an attached PDF

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"media_types"};
  static constexpr auto limits() {
    using L = FieldLimits;
    return std::tuple{json::range(&L::characters_min, 0, 50'000),
                      json::range(&L::characters_max, 1, 50'000),
                      json::range(&L::words_max, 1, 10'000),
                      json::range(&L::min, -1e12, 1e12),
                      json::range(&L::max, -1e12, 1e12),
                      json::range(&L::decimals, 0, 6),
                      json::range(&L::items_min, 0, 500),
                      json::range(&L::items_max, 1, 500),
                      json::range(&L::bytes_max, 1, 1'000'000'000),
                      json::range(&L::pages_max, 1, 10'000),
                      json::items(&L::media_types, 0, 20),
                      json::length(&L::media_types, 3, 127)};
  }
};
BOOST_DESCRIBE_STRUCT(FieldLimits, (),
                      (characters_min, characters_max, words_max, min, max, decimals, items_min, items_max, bytes_max,
                       media_types, pages_max))

// A place in a plan's answer: an RFC 6901 pointer in which "@" stands for the partition asked for. Numbers are
// multiplied and then rounded up: who asks for a little less than the plan runs out.
struct Fill {
  std::string pointer;
  double times = 1;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"times"};
  static constexpr auto limits() {
    return std::tuple{json::length(&Fill::pointer, 2, 200), json::range(&Fill::times, 1e-9, 1e9)};
  }
};
BOOST_DESCRIBE_STRUCT(Fill, (), (pointer, times))

// The field must equal the sum of a table's column.
struct Sum {
  std::string table;
  std::string column;

  static constexpr auto limits() {
    return std::tuple{json::length(&Sum::table, 1, 64), json::length(&Sum::column, 1, 64)};
  }
};
BOOST_DESCRIBE_STRUCT(Sum, (), (table, column))

struct Field {
  std::string key;  // unique in the form: answers are one flat object
  std::string label;
  std::string help;
  FieldType type{};
  std::string unit;                      // printed behind the number
  std::optional<std::string> unit_from;  // the choice whose chosen option says the unit
  std::vector<Option> options;
  FieldLimits limits_;
  Need required = Need::never;
  std::optional<Condition> required_when;
  std::optional<Condition> shown_when;
  std::vector<Audience> visible_to;  // empty: all but the public; of a column: who sees the table
  std::optional<std::string> reuse;  // answers under this name are offered again in other forms
  std::optional<Fill> fills_from;
  std::vector<Sum> sums;
  std::optional<std::string> must_be;    // the one answer with which the form may be submitted: a consent, a rule
  std::optional<std::string> not_above;  // the field of the same type this one may not exceed (or come after)
  std::optional<std::string> fact;       // the name under which rules read this answer
  std::vector<Field> columns;
  bool personal_data = false;
  bool identifying = false;  // left out where the applicant must stay unknown to the reader

  static constexpr std::array<std::string_view, 10> kMayBeAbsent{
      "help", "unit", "options", "limits", "required", "visible_to", "sums", "columns", "personal_data", "identifying"};
  static constexpr auto limits() {
    using F = Field;
    return std::tuple{json::length(&F::label, 1, 300),   json::length(&F::help, 0, 4000),
                      json::length(&F::unit, 0, 40),     json::items(&F::options, 0, 300),
                      json::items(&F::visible_to, 0, 5), json::items(&F::columns, 0, 20),
                      json::items(&F::sums, 0, 5)};
  }
};
BOOST_DESCRIBE_STRUCT(Field, (),
                      (key, label, help, type, unit, unit_from, options, limits_, required, required_when, shown_when,
                       visible_to, reuse, fills_from, sums, must_be, not_above, fact, columns, personal_data,
                       identifying))

struct Section {
  std::string key;
  std::string title;
  std::string help;
  std::optional<Condition> shown_when;
  std::vector<Field> fields;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"help"};
  static constexpr auto limits() {
    using S = Section;
    return std::tuple{json::length(&S::title, 1, 300), json::length(&S::help, 0, 4000),
                      json::items(&S::fields, 1, 200)};
  }
};
BOOST_DESCRIBE_STRUCT(Section, (), (key, title, help, shown_when, fields))

// What the form this one follows asks and ours does not, and why.
struct LeftOut {
  std::string what;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(LeftOut, (), (what, reason))

struct Form {
  std::string key;
  std::string title;
  std::string version;
  std::string summary;
  std::string source;
  Confidence confidence = Confidence::unknown;
  std::vector<LeftOut> left_out;
  std::vector<Section> sections;

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"summary", "left_out"};
  static constexpr auto limits() {
    return std::tuple{json::length(&Form::title, 1, 300),    json::length(&Form::version, 1, 40),
                      json::length(&Form::summary, 0, 4000), json::length(&Form::source, 1, 1000),
                      json::items(&Form::left_out, 0, 50),   json::items(&Form::sections, 1, 60)};
  }
};
BOOST_DESCRIBE_STRUCT(Form, (), (key, title, version, summary, source, confidence, left_out, sections))

// A definition from outside. Errors: those of json::read, invalid "form_definition" with every fault at its pointer:
// a name used twice, a condition on a field that is not there or that goes round in a circle, limits the type has not.
Result<Form> parse(std::string_view definition);

// The field of that key, or null.
Field const* find(Form const& form, std::string_view key);

// SHA-256 (64 hex digits) of the definition's canonical JSON: what a proposal records.
std::string digest(Form const& form);

enum class ChangeKind : std::uint8_t { added, removed, moved, changed };
BOOST_DESCRIBE_ENUM(ChangeKind, added, removed, moved, changed)

struct Change {
  ChangeKind kind{};
  std::string key;     // of the field or section
  std::string part;    // which member changed: "label", "limits"
  std::string before;  // compact JSON, empty where there is none
  std::string after;
  bool affects_answers = false;  // answers given before may no longer be accepted, or mean something else
};
BOOST_DESCRIBE_STRUCT(Change, (), (kind, key, part, before, after, affects_answers))

std::vector<Change> diff(Form const& before, Form const& after);

}  // namespace fabrica::forms
