#pragma once

#include <boost/mp11/algorithm.hpp>

#include "facts/view.hpp"
#include "json/describe.hpp"

// A table's text columns as the members of its struct, both ways checked: nothing passes that the struct cannot hold.
namespace fabrica::facts::impl {

// Each reads one column's text; false: it is not that.
bool read_text(std::string const& text, std::string& out);
bool read_text(std::string const& text, double& out);
bool read_text(std::string const& text, std::int64_t& out);
bool read_text(std::string const& text, bool& out);  // yes, no
bool read_text(std::string const& text, Time& out);
template <json::DescribedEnum E>
bool read_text(std::string const& text, E& out) {
  auto const value = json::enum_value<E>(text);
  if (value) out = *value;
  return value.has_value();
}

template <class T>
bool read_column(std::string const& text, std::optional<T>& out) {
  return text.empty() || read_text(text, out.emplace());
}

// "a,b,c"; the empty text is the empty list.
template <class T>
bool read_column(std::string const& text, std::vector<T>& out) {
  if (text.empty()) return true;
  for (std::size_t at = 0; at <= text.size();) {
    auto const end = std::min(text.find(',', at), text.size());
    if (end == at || !read_text(text.substr(at, end - at), out.emplace_back())) return false;
    at = end + 1;
  }
  return true;
}

template <class T>
std::string_view column_kind() {
  if constexpr (json::DescribedEnum<T>) {
    static std::string const names = [] {
      std::string all = "one of";
      for (auto const name : json::detail::kEnumNames<T>) all.append(" ").append(name);
      return all;
    }();
    return names;
  } else if constexpr (std::is_same_v<T, double>) {
    return "a finite number that is not negative, such as 0.5 or 1e23";
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return "a whole number that is not negative";
  } else if constexpr (std::is_same_v<T, bool>) {
    return "yes or no";
  } else if constexpr (std::is_same_v<T, Time>) {
    return "a time such as 2026-12-15T09:00:00Z";
  } else {
    return "text of at most 2000 bytes without control characters";
  }
}

template <class T>
using OwnMembers = boost::describe::describe_members<T, boost::describe::mod_public>;

// Fills the struct from the row; every column that does not fit adds a fault.
template <class T>
T typed(Row const& row, std::vector<Fault>& faults) {
  T out;
  out.key = row.key;
  out.source = row.source;
  out.confidence = row.confidence;
  out.layer = row.layer;
  out.digest = row.digest;
  std::size_t read = 0;
  boost::mp11::mp_for_each<OwnMembers<T>>([&](auto member) {
    auto const found = row.fields.find(member.name);
    if (found == row.fields.end()) return;
    ++read;
    auto& place = out.*member.pointer;
    using M = typename std::remove_cvref_t<decltype(place)>::value_type;
    if (!read_column(found->second, place))
      faults.push_back(
          {std::string{"/fields/"} + member.name, "Must be " + std::string{column_kind<M>()} + ", or empty."});
  });
  if (read == row.fields.size()) return out;
  for (auto const& [name, text] : row.fields) {
    bool known = false;
    boost::mp11::mp_for_each<OwnMembers<T>>([&](auto member) { known = known || name == member.name; });
    if (!known) faults.push_back({"/fields/" + name, "Table " + row.kind + " has no such column."});
  }
  return out;
}

template <class T>
std::vector<std::string_view> columns() {
  std::vector<std::string_view> names;
  boost::mp11::mp_for_each<OwnMembers<T>>([&](auto member) { names.push_back(member.name); });
  return names;
}

// The tables are the vectors of View. Calls visit(name, member pointer) for each; T is the vector's element.
template <class F>
void for_each_table(F&& visit) {
  boost::mp11::mp_for_each<OwnMembers<View>>([&](auto member) {
    using M = std::remove_cv_t<decltype(member.pointer)>;
    if constexpr (!std::is_same_v<M, std::string View::*>) visit(std::string_view{member.name}, M{member.pointer});
  });
}
template <class T>
T element_of(std::vector<T> View::*);

}  // namespace fabrica::facts::impl
