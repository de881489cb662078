#include <fmt/format.h>

#include "forms/impl/conditions.hpp"
#include "forms/impl/shown.hpp"

namespace fabrica::forms {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

void number_limits(Field const& field, std::string& out) {
  if (field.type == FieldType::decimal ? field.limits_.min.has_value() : true)
    out += fmt::format(R"(,"minimum":{})", number_json(micros_of(field.limits_.min.value_or(0))));
  if (field.limits_.max) out += fmt::format(R"(,"maximum":{})", number_json(micros_of(*field.limits_.max)));
}

void item_limits(Field const& field, std::string& out) {
  if (field.limits_.items_min) out += fmt::format(R"(,"minItems":{})", *field.limits_.items_min);
  out += fmt::format(R"(,"maxItems":{})", field.limits_.items_max.value_or(static_cast<std::int64_t>(kRowsMax)));
}

std::string option_keys(Field const& field) {
  std::string out;
  for (auto const& option : field.options) out += (out.empty() ? "" : ",") + quoted(option.key);
  return "[" + out + "]";
}

// The members of the schema behind its first brace. In a draft only the type holds.
std::string type_members(Field const& field, Stage stage);

std::string table_members(Field const& field, Stage stage) {
  std::string properties;
  std::string required;
  for (auto const& column : field.columns) {
    properties +=
        fmt::format("{}{}:{{{}}}", properties.empty() ? "" : ",", quoted(column.key), type_members(column, stage));
    if (column.required == Need::always) required += (required.empty() ? "" : ",") + quoted(column.key);
  }
  std::string out = R"("type":"array")";
  if (stage == Stage::submission) item_limits(field, out);
  out += fmt::format(R"(,"items":{{"type":"object","properties":{{{}}},"additionalProperties":false)", properties);
  if (stage == Stage::submission && !required.empty()) out += fmt::format(R"(,"required":[{}])", required);
  return out + "}";
}

std::string attachment_members(Field const& field) {
  std::string types;
  for (auto const& type : field.limits_.media_types) types += (types.empty() ? "" : ",") + quoted(type);
  return fmt::format(R"("type":"object","properties":{{"name":{{"type":"string","minLength":1,"maxLength":200}},)"
                     R"("media_type":{{"enum":[{}]}},"bytes":{{"type":"integer","minimum":1,"maximum":{}}},)"
                     R"("digest":{{"type":"string","pattern":"^[0-9a-f]{{64}}$"}}}},)"
                     R"("required":["bytes","digest","media_type","name"],"additionalProperties":false)",
                     types, field.limits_.bytes_max.value_or(1'000'000'000));
}

std::string text_members(Field const& field, Stage stage) {
  std::string out = R"("type":"string")";
  if (stage == Stage::draft) return out;
  if (field.limits_.characters_min) out += fmt::format(R"(,"minLength":{})", *field.limits_.characters_min);
  if (field.limits_.characters_max) out += fmt::format(R"(,"maxLength":{})", *field.limits_.characters_max);
  switch (field.type) {
    case FieldType::date: return out + R"(,"format":"date")";
    case FieldType::email: return out + R"(,"format":"email")";
    case FieldType::url: return out + R"(,"format":"uri")";
    case FieldType::orcid: return out + R"(,"pattern":"^([0-9]{4}-){3}[0-9]{3}[0-9X]$")";
    case FieldType::country: return out + R"(,"pattern":"^[A-Z]{2}$")";
    default: return out;
  }
}

std::string type_members(Field const& field, Stage stage) {
  auto const title = fmt::format(R"("title":{},)", quoted(field.label));
  bool const submitted = stage == Stage::submission;
  std::string out;
  switch (field.type) {
    case FieldType::integer:
    case FieldType::money: out = R"("type":"integer")"; break;
    case FieldType::decimal:
    case FieldType::quantity: out = R"("type":"number")"; break;
    case FieldType::yes_no_unknown: out = R"("enum":["yes","no","unknown"])"; break;
    case FieldType::choice: out = fmt::format(R"("enum":{})", option_keys(field)); break;
    case FieldType::choices:
      out = fmt::format(R"("type":"array","uniqueItems":true,"items":{{"enum":{}}})", option_keys(field));
      if (submitted) item_limits(field, out);
      break;
    case FieldType::table: out = table_members(field, stage); break;
    case FieldType::attachment: out = attachment_members(field); break;
    default: out = text_members(field, stage);
  }
  if (is_number(field.type) && submitted) number_limits(field, out);
  if (submitted && field.must_be) out += fmt::format(R"(,"const":{})", quoted(*field.must_be));
  if (field.type == FieldType::money)
    out += fmt::format(R"(,"x-unit":"cent {}")", field.unit.empty() ? "EUR" : field.unit);
  else if (!field.unit.empty()) out += fmt::format(R"(,"x-unit":{})", quoted(field.unit));
  if (!field.help.empty()) out += fmt::format(R"(,"description":{})", quoted(field.help));
  return title + out;
}

// Conditions as schemas of the whole answers. A field that may be hidden counts only where its own condition holds.
class Conditions {
 public:
  explicit Conditions(Form const& form) {
    each_field(form, [&](Section const& section, Field const& field) {
      std::string parts;
      if (section.shown_when) conditions_[field.key].push_back(&*section.shown_when);
      if (field.shown_when) conditions_[field.key].push_back(&*field.shown_when);
      fields_.emplace(field.key, &field);
    });
  }

  bool conditional(std::string_view key) const { return conditions_.contains(key); }
  std::string ref(std::string_view key) const { return fmt::format(R"({{"$ref":"#/$defs/shown_{}"}})", key); }

  // "shown_<field>":{...}, for every field that may be hidden.
  std::string definitions() const {
    std::string out;
    for (auto const& [key, list] : conditions_) {
      std::string parts;
      for (auto const* one : list) parts += (parts.empty() ? "" : ",") + schema(*one);
      out += fmt::format(R"({}"shown_{}":{{"allOf":[{}]}})", out.empty() ? "" : ",", key, parts);
    }
    return out;
  }

  std::string schema(Condition const& condition) const {
    if (!condition.all.empty()) return fmt::format(R"({{"allOf":[{}]}})", list(condition.all));
    if (!condition.any.empty()) return fmt::format(R"({{"anyOf":[{}]}})", list(condition.any));
    if (!condition.none.empty()) return fmt::format(R"({{"not":{{"anyOf":[{}]}}}})", list(condition.none));
    auto test = fmt::format(R"({{"properties":{{"{0}":{1}}},"required":["{0}"]}})", condition.field, value(condition));
    if (conditional(condition.field)) test = fmt::format(R"({{"allOf":[{},{}]}})", ref(condition.field), test);
    if (condition.is_set && !*condition.is_set) return fmt::format(R"({{"not":{}}})", test);
    return test;
  }

 private:
  std::string list(std::vector<Condition> const& inner) const {
    std::string out;
    for (auto const& one : inner) out += (out.empty() ? "" : ",") + schema(one);
    return out;
  }

  std::string value(Condition const& condition) const {
    if (condition.greater_than)
      return fmt::format(R"({{"exclusiveMinimum":{}}})", number_json(micros_of(*condition.greater_than)));
    if (condition.less_than)
      return fmt::format(R"({{"exclusiveMaximum":{}}})", number_json(micros_of(*condition.less_than)));
    if (condition.is_set) return "true";
    std::string values;
    if (condition.equals) values = condition.equals->text;
    for (auto const& one : condition.any_of) values += (values.empty() ? "" : ",") + one.text;
    auto const found = fields_.find(condition.field);
    bool const several = found != fields_.end() && found->second->type == FieldType::choices;
    auto const one = fmt::format(R"({{"enum":[{}]}})", values);
    return several ? fmt::format(R"({{"contains":{}}})", one) : one;
  }

  std::map<std::string_view, std::vector<Condition const*>> conditions_;
  std::map<std::string_view, Field const*> fields_;
};

}  // namespace

std::string json_schema(Form const& form, Stage stage) {
  Conditions const conditions{form};
  std::string properties;
  std::string required;
  std::string rules;
  each_field(form, [&](Section const&, Field const& field) {
    properties +=
        fmt::format("{}{}:{{{}}}", properties.empty() ? "" : ",", quoted(field.key), type_members(field, stage));
    if (stage == Stage::draft) return;
    bool const conditional = conditions.conditional(field.key);
    auto const rule = [&](std::string const& when, std::string_view then) {
      rules += fmt::format(R"({}{{"if":{},"then":{}}})", rules.empty() ? "" : ",", when, then);
    };
    auto const need = fmt::format(R"({{"required":["{}"]}})", field.key);
    if (field.required == Need::always && !conditional) required += (required.empty() ? "" : ",") + quoted(field.key);
    if (field.required == Need::always && conditional) rule(conditions.ref(field.key), need);
    if (field.required == Need::when && field.required_when) {
      auto const when = conditions.schema(*field.required_when);
      rule(conditional ? fmt::format(R"({{"allOf":[{},{}]}})", conditions.ref(field.key), when) : when, need);
    }
    // Submitted answers hold nothing that is hidden.
    if (conditional)
      rule(fmt::format(R"({{"not":{}}})", conditions.ref(field.key)),
           fmt::format(R"({{"properties":{{"{}":false}}}})", field.key));
  });
  std::string out = fmt::format(
      R"({{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"urn:fabrica:form:{}:{}:{}","title":{},)"
      R"("type":"object","properties":{{{}}},"additionalProperties":false)",
      form.key, json::enum_name(stage), digest(form), quoted(form.title), properties);
  if (stage == Stage::submission) {
    if (!required.empty()) out += fmt::format(R"(,"required":[{}])", required);
    if (!rules.empty()) out += fmt::format(R"(,"allOf":[{}])", rules);
    if (auto const definitions = conditions.definitions(); !definitions.empty())
      out += fmt::format(R"(,"$defs":{{{}}})", definitions);
  }
  return out + "}";
}

}  // namespace fabrica::forms
