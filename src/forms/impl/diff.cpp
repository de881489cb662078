#include <algorithm>
#include <map>

#include "forms/form.hpp"

namespace fabrica::forms {
namespace {

struct Stands {
  Field const* field;
  Section const* section;
};
using Places = std::map<std::string_view, Stands>;

Places places(Form const& form) {
  Places out;
  for (auto const& section : form.sections)
    for (auto const& field : section.fields) out.emplace(field.key, Stands{&field, &section});
  return out;
}

// A change of words leaves answers as they are; a change of these may not.
bool affects(std::string_view part) {
  for (std::string_view const one : {"type", "unit", "unit_from", "options", "limits", "required", "required_when",
                                     "shown_when", "sums", "must_be", "not_above", "columns"})
    if (part == one) return true;
  return false;
}

template <class T>
void compare(std::string const& key, T const& before, T const& after, std::string_view skip, std::vector<Change>& out) {
  boost::mp11::mp_for_each<json::detail::Members<T>>([&](auto member) {
    auto const part = json::detail::trimmed(decltype(member)::name);
    if (part == skip) return;
    auto was = json::write(before.*decltype(member)::pointer);
    auto is = json::write(after.*decltype(member)::pointer);
    if (was == is) return;
    out.push_back({ChangeKind::changed, key, std::string{part}, std::move(was), std::move(is), affects(part)});
  });
}

void compare_sections(Form const& before, Form const& after, std::vector<Change>& out) {
  auto const in = [](Form const& form, std::string_view key) {
    auto const found = std::ranges::find(form.sections, key, &Section::key);
    return found == form.sections.end() ? nullptr : &*found;
  };
  for (auto const& section : before.sections) {
    if (auto const* other = in(after, section.key)) compare("section " + section.key, section, *other, "fields", out);
    else out.push_back({ChangeKind::removed, "section " + section.key, {}, json::write(section.title), {}, false});
  }
  for (auto const& section : after.sections)
    if (in(before, section.key) == nullptr)
      out.push_back({ChangeKind::added, "section " + section.key, {}, {}, json::write(section.title), false});
}

}  // namespace

std::vector<Change> diff(Form const& before, Form const& after) {
  std::vector<Change> out;
  compare("form", before, after, "sections", out);
  compare_sections(before, after, out);
  auto const was = places(before);
  auto const is = places(after);
  for (auto const& section : before.sections)
    for (auto const& field : section.fields) {
      auto const found = is.find(field.key);
      if (found == is.end()) {
        out.push_back({ChangeKind::removed, field.key, {}, json::write(field), {}, true});
        continue;
      }
      if (found->second.section->key != section.key)
        out.push_back({ChangeKind::moved, field.key, "section", json::write(section.key),
                       json::write(found->second.section->key), false});
      compare(field.key, field, *found->second.field, "key", out);
    }
  for (auto const& section : after.sections)
    for (auto const& field : section.fields)
      if (!was.contains(field.key))
        out.push_back({ChangeKind::added, field.key, {}, {}, json::write(field), field.required != Need::never});
  return out;
}

}  // namespace fabrica::forms
