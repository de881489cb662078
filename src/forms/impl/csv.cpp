#include <fmt/format.h>

#include <algorithm>

#include "base/page.hpp"
#include "forms/impl/readers.hpp"
#include "forms/impl/shown.hpp"

namespace fabrica::forms {
namespace {

// Rows of a table one under the other inside the cell: "Month: 3; GPU-hours: 2,000".
std::string table_text(Line const& line) {
  std::string out;
  for (auto const& row : line.rows) {
    if (!out.empty()) out += '\n';
    bool first = true;
    for (std::size_t at = 0; at < row.size(); ++at) {
      if (row[at].empty()) continue;
      out += fmt::format("{}{}: {}", first ? "" : "; ", line.columns[at], row[at]);
      first = false;
    }
  }
  return out;
}

std::string cell_text(Line const& line) {
  if (!line.answered) return {};
  switch (line.type) {
    case FieldType::integer:
    case FieldType::decimal:
    case FieldType::quantity:
    case FieldType::money: return line.value.text;  // a bare number, so that the sheet can count; the key says the unit
    case FieldType::table: return csv_cell(table_text(line));
    default: return csv_cell(line.text);
  }
}

}  // namespace

std::string csv_header(Form const& form, Reader reader) {
  std::string out = "\"reference\"";
  each_field(form, [&](Section const&, Field const& field) {
    if (may_read(field, reader)) out += "," + csv_cell(field.key);
  });
  return out + "\r\n";
}

Result<std::string> csv_row(Form const& form, std::string_view answers, Reader reader, std::string_view reference) {
  FABRICA_TRY(auto const shown, sheet(form, answers, reader));
  std::map<std::string_view, Line const*> lines;
  for (auto const& part : shown.parts)
    for (auto const& line : part.lines) lines.emplace(line.field, &line);
  std::string out = csv_cell(reference);
  each_field(form, [&](Section const&, Field const& field) {
    if (!may_read(field, reader)) return;
    out += ',';
    if (auto const found = lines.find(field.key); found != lines.end()) out += cell_text(*found->second);
  });
  return out + "\r\n";
}

}  // namespace fabrica::forms
