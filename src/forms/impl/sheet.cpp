#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "forms/impl/readers.hpp"
#include "forms/impl/shown.hpp"

namespace fabrica::forms {
namespace {

std::string size_text(std::int64_t bytes) {
  auto const size = static_cast<double>(bytes);
  if (size >= 1e6) return fmt::format("{:.1f} MB", size / 1e6);
  if (size >= 1e3) return fmt::format("{:.1f} kB", size / 1e3);
  return fmt::format("{} bytes", bytes);
}

std::string attachment_text(Cell const& cell, bool blind) {
  // A file's name tells who wrote it as often as not.
  return fmt::format("{} ({}, {}, SHA-256 {})", blind ? "Attachment" : cell.text, cell.media_type,
                     size_text(cell.bytes), cell.digest);
}

std::string unit_of(Form const& form, Field const& field, Cells const& cells) {
  if (!field.unit_from) return field.unit;
  auto const* source = find(form, *field.unit_from);
  auto const answer = cells.find(*field.unit_from);
  if (source == nullptr || answer == cells.end()) return "(unit not chosen)";
  auto const* option = option_of(*source, answer->second.text);
  return option == nullptr ? answer->second.text : option->label;
}

std::string shown_text(Form const& form, Field const& field, Cell const& cell, Cells const& cells, bool blind) {
  auto const label = [&](std::string const& key) {
    auto const* option = option_of(field, key);
    return option == nullptr ? key : option->label;
  };
  switch (field.type) {
    case FieldType::integer:
    case FieldType::decimal:
    case FieldType::quantity: {
      auto const unit = unit_of(form, field, cells);
      return number_text(*cell.micros) + (unit.empty() ? "" : " " + unit);
    }
    case FieldType::money: return money_text(*cell.micros, field.unit);
    case FieldType::yes_no_unknown: return cell.text == "yes" ? "Yes" : cell.text == "no" ? "No" : "Not known yet";
    case FieldType::choice: return label(cell.text);
    case FieldType::choices: {
      std::vector<std::string> labels;
      for (auto const& key : cell.chosen) labels.push_back(label(key));
      return fmt::format("{}", fmt::join(labels, "; "));
    }
    case FieldType::country:
      return is_country(cell.text) ? fmt::format("{} ({})", country_name(cell.text), cell.text) : cell.text;
    case FieldType::attachment: return attachment_text(cell, blind);
    case FieldType::table: return {};
    default: return cell.text;
  }
}

void fill_table(Form const& form, Field const& field, Cell const& cell, Cells const& cells, Reader reader, Line& line) {
  for (auto const& column : field.columns)
    if (may_read_column(column, reader))
      line.columns.push_back(column.unit.empty() ? column.label : fmt::format("{} ({})", column.label, column.unit));
  for (auto const& row : cell.rows) {
    auto& out = line.rows.emplace_back();
    for (auto const& column : field.columns) {
      if (!may_read_column(column, reader)) continue;
      auto const found = row.cells.find(column.key);
      out.push_back(found == row.cells.end() ? std::string{}
                                             : shown_text(form, column, found->second, cells, reader.blind));
    }
  }
}

// The answer without what this reader may not see.
std::string value_for(Field const& field, Cell const& cell, Reader reader) {
  if (field.type == FieldType::attachment && reader.blind)
    return fmt::format(R"({{"bytes":{},"digest":"{}","media_type":"{}"}})", cell.bytes, cell.digest, cell.media_type);
  if (field.type != FieldType::table) return cell.json;
  std::string out = "[";
  for (auto const& row : cell.rows) {
    Cells kept;
    for (auto const& column : field.columns)
      if (auto const found = row.cells.find(column.key); found != row.cells.end() && may_read_column(column, reader))
        kept.emplace(column.key, found->second);
    out += (out.size() > 1 ? "," : "") + answers_json(kept);
  }
  return out + "]";
}

Line line_of(Form const& form, Field const& field, Cells const& cells, Reader reader) {
  Line line;
  line.field = field.key;
  line.label = field.label;
  line.type = field.type;
  auto const found = cells.find(field.key);
  if (found == cells.end()) return line;
  auto const& cell = found->second;
  line.answered = true;
  line.open_question = field.type == FieldType::yes_no_unknown && cell.text == "unknown";
  line.text = shown_text(form, field, cell, cells, reader.blind);
  line.value = json::Raw{value_for(field, cell, reader)};
  if (field.type == FieldType::table) fill_table(form, field, cell, cells, reader, line);
  return line;
}

}  // namespace

bool may_read(Field const& field, Reader reader) {
  if (reader.blind && field.identifying) return false;
  if (field.visible_to.empty()) return reader.audience != Audience::public_;
  return std::ranges::find(field.visible_to, reader.audience) != field.visible_to.end();
}

bool may_read_column(Field const& column, Reader reader) {
  if (reader.blind && column.identifying) return false;
  if (reader.audience == Audience::public_ && column.personal_data) return false;
  return column.visible_to.empty() || may_read(column, reader);
}

Result<Sheet> sheet(Form const& form, std::string_view answers, Reader reader) {
  FABRICA_TRY(auto const accepted, accept_clean(form, answers));
  Shown shown{form, accepted.cells};
  Sheet out;
  out.form = form.key;
  out.version = form.version;
  out.title = form.title;
  out.form_digest = digest(form);
  out.answers_digest = answers_digest(out.form_digest, answers_json(accepted.cells));
  for (auto const& section : form.sections) {
    Part part{section.key, section.title, {}};
    for (auto const& field : section.fields) {
      if (!shown.shows(field)) continue;
      if (may_read(field, reader)) part.lines.push_back(line_of(form, field, accepted.cells, reader));
      else ++out.left_out;
    }
    if (!part.lines.empty()) out.parts.push_back(std::move(part));
  }
  return out;
}

}  // namespace fabrica::forms
