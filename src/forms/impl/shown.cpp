#include "forms/impl/shown.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json/nearest.hpp"

namespace fabrica::forms {
namespace {

bool equal(json::Raw const& literal, Field const& field, Cell const& cell) {
  if (is_number(field.type)) {
    auto const number = exact(literal.text);
    return cell.micros && number.fits && number.micros == *cell.micros;
  }
  auto const read = json::Document::parse(literal.text);
  auto const text = read ? read->root().text() : std::nullopt;
  if (!text) return false;
  if (field.type == FieldType::choices) return std::ranges::find(cell.chosen, *text) != cell.chosen.end();
  return cell.text == *text;
}

}  // namespace

Shown::Shown(Form const& form, Cells const& cells) : cells_{cells} {
  each_field(form, [&](Section const& section, Field const& field) {
    entries_.emplace(field.key, Entry{&field, &section, State::unknown});
  });
}

bool Shown::shows(Field const& field) {
  auto const found = entries_.find(field.key);
  if (found == entries_.end()) return false;
  auto& entry = found->second;  // stays: no entry is added after construction
  // parse() refuses circles; a form that was not parsed must not hang us either.
  if (entry.state == State::asking) return false;
  if (entry.state == State::unknown) {
    entry.state = State::asking;
    bool const section_holds = !entry.section->shown_when || holds(*entry.section->shown_when);
    bool const shown = section_holds && (!field.shown_when || holds(*field.shown_when));
    entry.state = shown ? State::shown : State::hidden;
  }
  return entry.state == State::shown;
}

bool Shown::holds(Condition const& condition) {
  auto const one = [&](Condition const& inner) { return holds(inner); };
  if (!condition.all.empty()) return std::ranges::all_of(condition.all, one);
  if (!condition.any.empty()) return std::ranges::any_of(condition.any, one);
  if (!condition.none.empty()) return std::ranges::none_of(condition.none, one);
  auto const found = entries_.find(condition.field);
  if (found == entries_.end()) return false;
  auto const& field = *found->second.field;
  auto const answer = cells_.find(field.key);
  bool const set = answer != cells_.end() && shows(field);
  if (condition.is_set) return *condition.is_set == set;
  return set && tests(condition, field, answer->second);
}

bool Shown::tests(Condition const& condition, Field const& field, Cell const& cell) const {
  if (condition.equals) return equal(*condition.equals, field, cell);
  if (condition.greater_than) return cell.micros && *cell.micros > micros_of(*condition.greater_than);
  if (condition.less_than) return cell.micros && *cell.micros < micros_of(*condition.less_than);
  return std::ranges::any_of(condition.any_of, [&](auto const& one) { return equal(one, field, cell); });
}

Result<Accepted> accept_answers(Form const& form, std::string_view answers) {
  FABRICA_TRY(auto const document, json::Document::parse(answers, kAnswerLimits));
  auto const root = document.root();
  if (root.kind() != json::Kind::object)
    return fail(Errc::invalid, "form_answers",
                fmt::format("Answers are an object of the form's field keys, not {}.", json::name_of(root.kind())));
  Accepted out;
  std::vector<std::string_view> names;
  std::map<std::string_view, json::Value> given;
  each_field(form, [&](Section const&, Field const& field) { names.emplace_back(field.key); });
  std::ranges::sort(names);
  for (std::size_t at = 0; at < root.size(); ++at) {
    auto const member = root[at];
    if (std::ranges::binary_search(names, member.key())) {
      given.emplace(member.key(), member);
      continue;
    }
    if (out.unknown_members.size() >= 50) {
      ++out.unlisted;
      continue;
    }
    auto const meant = json::nearest(member.key(), names);
    std::string pointer = "/";
    json::append_pointer_step(pointer, shortened(clean(member.key(), Lines::one).text));
    out.unknown_members.push_back({pointer, "", "unknown_member", "The form has no such field.",
                                   meant.empty() ? "Leave it out." : fmt::format("Did you mean \"{}\"?", meant)});
  }
  each_field(form, [&](Section const&, Field const& field) {
    auto const found = given.find(field.key);
    if (found == given.end() || is_empty(found->second)) return;
    auto& notes = out.notes[field.key];
    Place place{notes, "/" + field.key, field.label};
    auto cell = accept(field, found->second, place);
    if (!cell) return;
    // A table of empty rows is no answer either.
    if (field.type == FieldType::table && cell->rows.empty()) return;
    out.cells.emplace(field.key, *std::move(cell));
  });
  return out;
}

Result<Accepted> accept_clean(Form const& form, std::string_view answers) {
  FABRICA_TRY(auto accepted, accept_answers(form, answers));
  std::vector<Fault> faults;
  for (auto const& finding : accepted.unknown_members) faults.push_back({finding.pointer, finding.what});
  for (auto const& [key, notes] : accepted.notes)
    for (auto const& finding : notes.shape)
      if (faults.size() < 50) faults.push_back({finding.pointer, finding.what + " " + finding.remedy});
  if (!faults.empty())
    return fail(Errc::invalid, "form_faults", "Answers of this shape cannot be kept.", std::move(faults));
  return accepted;
}

std::string answers_json(Cells const& cells) {
  // Keys are ASCII, so the map's order is that of RFC 8785.
  std::string out = "{";
  for (auto const& [key, cell] : cells) {
    if (out.size() > 1) out += ',';
    json::append_string(out, key);
    out += ':';
    out += cell.json;
  }
  return out + "}";
}

}  // namespace fabrica::forms
