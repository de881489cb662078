#pragma once

#include <fmt/format.h>

#include <algorithm>

#include "forms/impl/value.hpp"

// A small complete set of answers to any form: the first option, "yes", the least number, texts as short as allowed.
namespace fabrica::forms::testing {

inline std::string filled(Field const& field);

inline std::string filled_rows(Field const& field) {
  std::string row;
  for (auto const& column : field.columns)
    row += fmt::format("{}\"{}\":{}", row.empty() ? "" : ",", column.key, filled(column));
  std::string out;
  for (std::int64_t at = 0; at < std::max<std::int64_t>(1, field.limits_.items_min.value_or(1)); ++at)
    out += (out.empty() ? "{" : ",{") + row + "}";
  return "[" + out + "]";
}

inline std::string filled(Field const& field) {
  auto const quoted = [](std::string_view text) { return fmt::format("\"{}\"", text); };
  switch (field.type) {
    case FieldType::text:
    case FieldType::long_text: {
      std::string text = "Word";
      while (characters_of(text) < field.limits_.characters_min.value_or(1)) text += "s";
      return quoted(text);
    }
    case FieldType::integer:
    case FieldType::decimal:
    case FieldType::quantity:
    case FieldType::money: return number_json(micros_of(std::max(1.0, field.limits_.min.value_or(0))));
    case FieldType::yes_no_unknown: return quoted(field.must_be.value_or("yes"));
    case FieldType::choice: return quoted(field.must_be.value_or(field.options.front().key));
    case FieldType::choices: {
      std::string out;
      for (std::int64_t at = 0; at < std::max<std::int64_t>(1, field.limits_.items_min.value_or(1)); ++at)
        out += (out.empty() ? "" : ",") + quoted(field.options[static_cast<std::size_t>(at)].key);
      return "[" + out + "]";
    }
    case FieldType::date: return quoted("2026-11-23");
    case FieldType::country: return quoted("LV");
    case FieldType::email: return quoted("anna@example.eu");
    case FieldType::url: return quoted("https://example.eu/project");
    case FieldType::orcid: return quoted("0000-0002-1825-0097");
    case FieldType::table: return filled_rows(field);
    case FieldType::attachment:
      return fmt::format(R"({{"name":"plan.pdf","media_type":"{}","bytes":12345,"digest":"{}"}})",
                         field.limits_.media_types.front(), std::string(64, 'a'));
  }
  return "null";
}

inline std::map<std::string, json::Raw> filled(Form const& form) {
  std::map<std::string, json::Raw> out;
  for (auto const& section : form.sections)
    for (auto const& field : section.fields) out[field.key] = json::Raw{filled(field)};
  return out;
}

}  // namespace fabrica::forms::testing
