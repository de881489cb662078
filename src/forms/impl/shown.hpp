#pragma once

#include <unordered_map>

#include "forms/impl/value.hpp"

namespace fabrica::forms {

// Which fields are shown, given the answers. A hidden field is not set, whatever answer it still has, so hiding one
// hides what depends on it.
class Shown {
 public:
  Shown(Form const& form, Cells const& cells);

  bool shows(Field const& field);
  bool holds(Condition const& condition);

 private:
  enum class State : std::uint8_t { unknown, asking, shown, hidden };
  struct Entry {
    Field const* field = nullptr;
    Section const* section = nullptr;
    State state = State::unknown;
  };
  bool tests(Condition const& condition, Field const& field, Cell const& cell) const;

  Cells const& cells_;
  std::unordered_map<std::string_view, Entry> entries_;
};

// Answers with their types, and what was found on the way.
struct Accepted {
  Cells cells;
  std::map<std::string, Notes, std::less<>> notes;  // by field
  std::vector<Finding> unknown_members;
  std::int64_t unlisted = 0;
};
// Errors: those of json::Document::parse, invalid "form_answers".
Result<Accepted> accept_answers(Form const& form, std::string_view answers);

// Of answers a draft would be refused with. Errors: invalid "form_faults".
Result<Accepted> accept_clean(Form const& form, std::string_view answers);

template <class F>
void each_field(Form const& form, F&& call) {
  for (auto const& section : form.sections)
    for (auto const& field : section.fields) call(section, field);
}

std::string answers_json(Cells const& cells);

}  // namespace fabrica::forms
