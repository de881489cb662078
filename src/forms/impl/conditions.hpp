#pragma once

#include <set>
#include <unordered_map>

#include "forms/impl/value.hpp"

namespace fabrica::forms {

using FieldMap = std::unordered_map<std::string_view, Field const*>;

// Everything wrong with a definition, gathered at its pointers; bounded, a hostile definition must not make a huge
// answer.
class Faults {
 public:
  void add(std::string pointer, std::string what) {
    if (list_.size() < 100) list_.push_back({std::move(pointer), std::move(what)});
  }
  std::vector<Fault> take() { return std::move(list_); }
  bool empty() const { return list_.empty(); }

 private:
  std::vector<Fault> list_;
};

// Each node is one test of a field that is there and can be tested so, or one list of further nodes.
void check_condition(Condition const& condition, std::string const& pointer, FieldMap const& fields, Faults& faults);
// Every field the condition names.
void collect_fields(Condition const& condition, std::set<std::string_view>& out);
// "is not there. Did you mean ...?"
std::string no_such_field(std::string_view key, FieldMap const& fields);

// Showing one field may depend on another, never on itself round some corners.
void check_circles(Form const& form, Faults& faults);

}  // namespace fabrica::forms
