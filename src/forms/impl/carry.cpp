#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "forms/impl/shown.hpp"

namespace fabrica::forms {
namespace {

// The value as this field keeps it, or why it would not be accepted.
struct Fit {
  std::optional<std::string> json;
  std::string why;
};

Fit fit(Field const& field, json::Value value) {
  if (is_empty(value)) return {std::nullopt, "There is no value."};
  Notes notes;
  Place place{notes, "/" + field.key, field.label};
  auto cell = accept(field, value, place);
  for (auto const* list : {&notes.shape, &notes.complete})
    if (!list->empty()) return {std::nullopt, list->front().what + " " + list->front().remedy};
  if (!cell) return {std::nullopt, "It does not have this field's type."};
  if (!notes.questions.empty()) return {std::nullopt, "It was not known then."};
  return {std::move(cell->json), {}};
}

Fit fit_text(Field const& field, std::string_view json_text) {
  auto const read = json::Document::parse(json_text, kAnswerLimits);
  if (!read) return {std::nullopt, "It is not JSON."};
  return fit(field, read->root());
}

std::optional<std::size_t> partition_at(json::Value plan, std::string_view partition) {
  auto const partitions = plan.find("partitions");
  for (std::size_t at = 0; at < partitions.size(); ++at)
    if (partitions[at].find("partition").text() == partition) return at;
  return std::nullopt;
}

// "/partitions/@/amount" with the place of the partition.
std::string resolved(std::string const& pointer, std::size_t at) {
  std::string out;
  std::string_view rest = pointer;
  while (!rest.empty()) {
    auto const step = rest.substr(0, rest.find('/', 1));
    rest.remove_prefix(step.size());
    if (step == "/@") out += fmt::format("/{}", at);
    else out += step;
  }
  return out;
}

Fit fit_plan(Field const& field, Fill const& fill, json::Value value) {
  if (!value || value.kind() == json::Kind::null) return {std::nullopt, "The plan does not know it."};
  if (!is_number(field.type)) return fit(field, value);
  auto const number = value.number();
  if (!number) return {std::nullopt, "The plan has no number there."};
  double const step = std::pow(10.0, static_cast<double>(decimals_of(field)));
  // The tenth of a millionth takes back what multiplying in binary added.
  double const rounded = std::ceil(*number * fill.times * step - 1e-7) / step;
  if (!(std::abs(rounded) < 1e12)) return {std::nullopt, "The plan's number is too large for a form."};
  return fit_text(field, number_json(micros_of(rounded)));
}

}  // namespace

Result<std::map<std::string, std::string>> reusable(Form const& form, std::string_view answers) {
  FABRICA_TRY(auto const accepted, accept_clean(form, answers));
  Shown shown{form, accepted.cells};
  std::map<std::string, std::string> out;
  each_field(form, [&](Section const&, Field const& field) {
    auto const found = accepted.cells.find(field.key);
    if (!field.reuse || field.must_be || found == accepted.cells.end() || !shown.shows(field)) return;
    if (field.type == FieldType::yes_no_unknown && found->second.text == "unknown") return;
    out.emplace(*field.reuse, found->second.json);
  });
  return out;
}

Suggestions carry(Form const& form, std::map<std::string, std::string> const& earlier) {
  Suggestions out;
  each_field(form, [&](Section const&, Field const& field) {
    if (!field.reuse || field.must_be) return;
    auto const found = earlier.find(*field.reuse);
    if (found == earlier.end()) return;
    auto fitted = fit_text(field, found->second);
    if (fitted.json) out.offered.push_back({field.key, *field.reuse, json::Raw{*std::move(fitted.json)}});
    else out.not_offered.push_back({field.key, *field.reuse, std::move(fitted.why)});
  });
  return out;
}

Result<Suggestions> prefill(Form const& form, std::string_view plan, std::string_view partition) {
  FABRICA_TRY(auto const document, json::Document::parse(plan));
  auto const at = partition_at(document.root(), partition);
  if (!at)
    return fail(Errc::not_found, "plan_partition",
                fmt::format("The plan has no partition \"{}\": plan again with it.", shortened(partition)));
  Suggestions out;
  each_field(form, [&](Section const&, Field const& field) {
    if (!field.fills_from) return;
    auto const pointer = resolved(field.fills_from->pointer, *at);
    auto fitted = fit_plan(field, *field.fills_from, document.at(pointer));
    if (fitted.json) out.offered.push_back({field.key, pointer, json::Raw{*std::move(fitted.json)}});
    else out.not_offered.push_back({field.key, pointer, std::move(fitted.why)});
  });
  return out;
}

Result<std::string> Suggestions::put_into(std::string_view answers) const {
  FABRICA_TRY(auto const document, json::Document::parse(answers, kAnswerLimits));
  auto const root = document.root();
  if (root.kind() != json::Kind::object)
    return fail(Errc::invalid, "form_answers", "Answers are an object of the form's field keys.");
  std::map<std::string, json::Raw> members;
  for (std::size_t at = 0; at < root.size(); ++at)
    if (!is_empty(root[at])) members.emplace(root[at].key(), json::Raw{root[at].write()});
  for (auto const& one : offered) members.emplace(one.field, one.value);
  return json::write(members);
}

}  // namespace fabrica::forms
