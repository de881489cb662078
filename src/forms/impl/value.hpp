#pragma once

#include <map>
#include <utility>

#include "forms/check.hpp"
#include "forms/impl/text.hpp"

namespace fabrica::forms {

inline constexpr std::int64_t kMicros = 1'000'000;
inline constexpr std::size_t kFindingsMax = 200;
// What a draft may hold whatever the form says: storage, not style.
inline constexpr std::int64_t kCharactersMax = 100'000;
inline constexpr std::size_t kRowsMax = 500;
// check.hpp and README.md name these too.
inline constexpr json::Limits kAnswerLimits{.bytes = std::size_t{2} << 20, .depth = 7, .values = 100'000};

struct Row;

// An answer that has its type. Numbers are exact: units times 10^6, so that sums and limits mean what they say.
struct Cell {
  std::string json;  // canonical
  std::string text;
  std::optional<std::int64_t> micros;
  std::vector<std::string> chosen;
  std::vector<Row> rows;
  std::string media_type;
  std::int64_t bytes = 0;
  std::string digest;
};
struct Row {
  std::map<std::string, Cell, std::less<>> cells;
};
using Cells = std::map<std::string, Cell, std::less<>>;

// Findings of one field, before it is known whether it is shown.
struct Notes {
  std::vector<Finding> shape;     // stop a draft too
  std::vector<Finding> complete;  // stop the submission
  std::vector<Finding> questions;
  std::int64_t unlisted = 0;
};

// Where in the answers we are, while Step lives one step further.
class Place {
 public:
  Place(Notes& notes, std::string pointer, std::string label)
      : notes_{notes}, pointer_{std::move(pointer)}, label_{std::move(label)} {}

  void shape(std::string_view rule, std::string what, std::string remedy) {
    add(notes_.shape, rule, std::move(what), std::move(remedy));
  }
  void complete(std::string_view rule, std::string what, std::string remedy) {
    add(notes_.complete, rule, std::move(what), std::move(remedy));
  }
  void question(std::string_view rule, std::string what, std::string remedy) {
    add(notes_.questions, rule, std::move(what), std::move(remedy));
  }
  Place in(std::string_view step, std::string_view label) const;

 private:
  void add(std::vector<Finding>& list, std::string_view rule, std::string what, std::string remedy);

  Notes& notes_;
  std::string pointer_;
  std::string label_;
};

// "", null, [], {} and white space are no answer.
bool is_empty(json::Value value);
// The answer with its type, or nothing and why not in the notes. A value that is too long or too large has its type.
std::optional<Cell> accept(Field const& field, json::Value value, Place& place);

struct Exact {
  bool fits = false;  // at most 15 digits, 6 of them after the point, below 10^12
  std::int64_t micros = 0;
  int decimals = 0;
};
Exact exact(std::string_view digits);
// As RFC 8785 writes it: "12", "0.5".
std::string number_json(std::int64_t micros);
// "12,345.5": for people.
std::string number_text(std::int64_t micros);
std::string money_text(std::int64_t micros, std::string_view currency);
std::int64_t micros_of(double value);
std::int64_t decimals_of(Field const& field);

bool is_number(FieldType type);
Option const* option_of(Field const& field, std::string_view key);
std::string option_list(Field const& field);

}  // namespace fabrica::forms
