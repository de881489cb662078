#include "forms/impl/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json/nearest.hpp"

namespace fabrica::forms {
namespace {

constexpr int kDepthMax = 6;

bool tests_by_value(FieldType type) {
  return is_number(type) || type == FieldType::yes_no_unknown || type == FieldType::choice ||
         type == FieldType::choices || type == FieldType::country || type == FieldType::date || type == FieldType::text;
}

void check_literal(json::Raw const& literal, Field const& field, std::string const& pointer, Faults& faults) {
  if (is_number(field.type)) {
    bool const number =
        !literal.text.empty() && (literal.text[0] == '-' || (literal.text[0] >= '0' && literal.text[0] <= '9'));
    if (!number || !exact(literal.text).fits)
      faults.add(pointer, fmt::format("\"{}\" is a number: compare with one.", field.key));
    return;
  }
  auto const read = json::Document::parse(literal.text);
  auto const text = read ? read->root().text() : std::nullopt;
  if (!text) return faults.add(pointer, fmt::format("\"{}\" is compared with a string.", field.key));
  if (field.type == FieldType::yes_no_unknown && *text != "yes" && *text != "no" && *text != "unknown")
    faults.add(pointer, "Compare with \"yes\", \"no\" or \"unknown\".");
  if ((field.type == FieldType::choice || field.type == FieldType::choices) && option_of(field, *text) == nullptr)
    faults.add(pointer, fmt::format("\"{}\" has no such option: it has {}.", field.key, option_list(field)));
  if (field.type == FieldType::country && !is_country(*text)) faults.add(pointer, "Is not a country code.");
  if (field.type == FieldType::date && !is_date(*text)) faults.add(pointer, "Is not a day: write 2026-11-23.");
}

void check_test(Condition const& condition, std::string const& pointer, FieldMap const& fields, Faults& faults) {
  auto const found = fields.find(condition.field);
  if (found == fields.end()) return faults.add(pointer + "/field", no_such_field(condition.field, fields));
  auto const& field = *found->second;
  int const tests = (condition.equals ? 1 : 0) + (condition.any_of.empty() ? 0 : 1) + (condition.is_set ? 1 : 0) +
                    (condition.greater_than ? 1 : 0) + (condition.less_than ? 1 : 0);
  if (tests != 1) return faults.add(pointer, "Give exactly one of equals, any_of, is_set, greater_than and less_than.");
  if ((condition.greater_than || condition.less_than) && !is_number(field.type))
    faults.add(pointer, fmt::format("\"{}\" is not a number.", field.key));
  if ((condition.equals || !condition.any_of.empty()) && !tests_by_value(field.type))
    return faults.add(pointer,
                      fmt::format("A field of type {} can only be tested with is_set.", json::enum_name(field.type)));
  if (condition.equals) check_literal(*condition.equals, field, pointer + "/equals", faults);
  for (std::size_t at = 0; at < condition.any_of.size(); ++at)
    check_literal(condition.any_of[at], field, fmt::format("{}/any_of/{}", pointer, at), faults);
}

void check_node(Condition const& condition, std::string const& pointer, FieldMap const& fields, Faults& faults,
                int depth) {
  if (depth > kDepthMax) return faults.add(pointer, fmt::format("Is nested more than {} levels deep.", kDepthMax));
  int const shapes = (condition.field.empty() ? 0 : 1) + (condition.all.empty() ? 0 : 1) +
                     (condition.any.empty() ? 0 : 1) + (condition.none.empty() ? 0 : 1);
  if (shapes != 1) return faults.add(pointer, "Give exactly one of field, all, any and none.");
  if (!condition.field.empty()) return check_test(condition, pointer, fields, faults);
  if (condition.equals || !condition.any_of.empty() || condition.is_set || condition.greater_than ||
      condition.less_than)
    faults.add(pointer, "A test needs a field beside it.");
  auto const each = [&](std::vector<Condition> const& inner, std::string_view name) {
    for (std::size_t at = 0; at < inner.size(); ++at)
      check_node(inner[at], fmt::format("{}/{}/{}", pointer, name, at), fields, faults, depth + 1);
  };
  each(condition.all, "all");
  each(condition.any, "any");
  each(condition.none, "none");
}

// Depth-first walk over "is shown depending on", which remembers the way it came.
class Walk {
 public:
  Walk(Form const& form, Faults& faults) : faults_{faults} {
    for (std::size_t section = 0; section < form.sections.size(); ++section)
      for (std::size_t field = 0; field < form.sections[section].fields.size(); ++field) {
        auto const& one = form.sections[section].fields[field];
        Node node;
        node.pointer = fmt::format("/sections/{}/fields/{}/shown_when", section, field);
        if (one.shown_when) collect_fields(*one.shown_when, node.needs);
        if (auto const& outer = form.sections[section].shown_when) collect_fields(*outer, node.needs);
        nodes_.emplace(one.key, std::move(node));
      }
  }
  void visit_all(Form const& form) {
    each_key(form, [&](std::string_view key) { visit(key); });
  }

 private:
  struct Node {
    std::string pointer;
    std::set<std::string_view> needs;
    int state = 0;  // 0 not seen, 1 on the way, 2 done
  };
  template <class F>
  static void each_key(Form const& form, F&& call) {
    for (auto const& section : form.sections)
      for (auto const& field : section.fields) call(field.key);
  }
  // At most as deep as there are fields, which parse() bounds.
  void visit(std::string_view key) {
    auto const found = nodes_.find(key);
    if (found == nodes_.end() || found->second.state == 2) return;
    auto& node = found->second;
    if (node.state == 1) {
      auto const start = std::ranges::find(way_, key);
      std::string circle;
      for (auto at = start; at != way_.end(); ++at) circle += std::string{*at} + " -> ";
      faults_.add(node.pointer, fmt::format("Goes round in a circle: {}{}.", circle, key));
      return;
    }
    node.state = 1;
    way_.push_back(key);
    for (auto const next : node.needs) visit(next);
    way_.pop_back();
    node.state = 2;
  }

  Faults& faults_;
  std::unordered_map<std::string_view, Node> nodes_;
  std::vector<std::string_view> way_;
};

}  // namespace

void check_condition(Condition const& condition, std::string const& pointer, FieldMap const& fields, Faults& faults) {
  check_node(condition, pointer, fields, faults, 1);
}

void collect_fields(Condition const& condition, std::set<std::string_view>& out) {
  if (!condition.field.empty()) out.insert(condition.field);
  for (auto const* list : {&condition.all, &condition.any, &condition.none})
    for (auto const& inner : *list) collect_fields(inner, out);
}

std::string no_such_field(std::string_view key, FieldMap const& fields) {
  std::vector<std::string_view> names;
  for (auto const& [name, field] : fields) names.push_back(name);
  std::ranges::sort(names);
  auto const meant = json::nearest(key, names);
  return fmt::format("There is no field \"{}\".{}", shortened(key),
                     meant.empty() ? std::string{} : fmt::format(" Did you mean \"{}\"?", meant));
}

void check_circles(Form const& form, Faults& faults) { Walk{form, faults}.visit_all(form); }

}  // namespace fabrica::forms
