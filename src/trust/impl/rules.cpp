#include "trust/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "base/check.hpp"
#include "base/time.hpp"
#include "embedded/aiact.hpp"

namespace fabrica::trust {
namespace {

// The ids impl/assess.cpp names; a table without one of them would silently skip a rule.
constexpr std::array<std::string_view, 85> kRuleIds{
    "S1",  "S2",  "S3",  "S4",  "S5",  "S6",  "S7",  "R1",  "R2",  "R3",  "R4",  "R5",  "R6",  "R7",  "R8",
    "R9",  "R10", "R11", "P1",  "P2",  "P3",  "P4",  "P5",  "P6",  "P7",  "P8",  "P9",  "P10", "H1",  "H2",
    "H3",  "H4",  "H5",  "H6",  "A1a", "A1b", "A1c", "A2",  "A3a", "A3b", "A3c", "A3d", "A4a", "A4b", "A5a",
    "A5b", "A5c", "A5d", "A6a", "A6b", "A6c", "A6d", "A6e", "A7a", "A7b", "A7c", "A7d", "A8a", "A8b", "H20",
    "H21", "H22", "T1",  "T2",  "T3",  "T4",  "T5",  "G1",  "G2",  "G3",  "G4",  "G5",  "G6",  "G7",  "G8",
    "G9",  "G10", "G11", "D1",  "D2",  "D3",  "D4",  "D5",  "D6",  "D7"};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (std::size_t at = 0;;) {
    auto const end = text.find(separator, at);
    out.emplace_back(text.substr(at, end == text.npos ? text.npos : end - at));
    if (end == text.npos) return out;
    at = end + 1;
  }
}

using Record = std::map<std::string, std::string, std::less<>>;

Result<std::vector<Record>> parse_table(std::string_view tsv, std::span<std::string_view const> needed) {
  std::vector<std::string> header;
  std::vector<Record> out;
  std::size_t number = 0;
  for (auto line : split(tsv, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    auto cells = split(line, '\t');
    if (header.empty()) {
      header = std::move(cells);
      for (auto column : needed)
        if (std::ranges::find(header, column) == header.end())
          return fail(Errc::invalid, "fact_table", fmt::format("The table has no column '{}'.", column));
      continue;
    }
    if (cells.size() != header.size())
      return fail(Errc::invalid, "fact_table",
                  fmt::format("Line {}: {} cells where the header has {}.", number, cells.size(), header.size()));
    Record record;
    for (std::size_t i = 0; i < cells.size(); ++i) record[header[i]] = std::move(cells[i]);
    out.push_back(std::move(record));
  }
  return out;
}

std::string_view embedded_table(std::string_view path) {
  for (auto const& file : embedded::aiact())
    if (file.path == path) return file.content;
  die("the program was built without a table of the AI Act");
}

}  // namespace

Result<std::vector<Rule>> shipped_rules() { return parse_rules(embedded_table("aiact_rules.tsv")); }
Result<std::vector<Duty>> shipped_duties() { return parse_duties(embedded_table("aiact_duties.tsv")); }

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  auto const parsed = parse_time(text);
  return parsed && format_date(*parsed) == text;
}

std::vector<std::string> dates_in(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i + 10 <= text.size();) {
    if (is_date(text.substr(i, 10))) {
      out.emplace_back(text.substr(i, 10));
      i += 10;
    } else {
      ++i;
    }
  }
  return out;
}

Result<std::vector<Rule>> parse_rules(std::string_view tsv) {
  constexpr std::array<std::string_view, 5> kColumns{"id", "condition", "outcome", "citation", "applies_from"};
  FABRICA_TRY(auto records, parse_table(tsv, kColumns));
  std::vector<Rule> out;
  for (auto& r : records) {
    auto const same = [&](Rule const& rule) { return rule.id == r["id"]; };
    if (std::ranges::any_of(out, same))
      return fail(Errc::invalid, "fact_table", fmt::format("Rule {} is there twice.", r["id"]));
    out.push_back({r["id"], r["condition"], r["outcome"], r["citation"], r["applies_from"]});
  }
  for (auto id : kRuleIds)
    if (std::ranges::find(out, id, &Rule::id) == out.end())
      return fail(Errc::invalid, "fact_table", fmt::format("Rule {} is missing from the table.", id));
  return out;
}

Result<std::vector<Duty>> parse_duties(std::string_view tsv) {
  constexpr std::array<std::string_view, 7> kColumns{"class",    "duty",   "citation",  "applies_from",
                                                     "document", "source", "confidence"};
  FABRICA_TRY(auto records, parse_table(tsv, kColumns));
  std::vector<Duty> out;
  for (auto& r : records) {
    if (!is_date(r["applies_from"]))
      return fail(Errc::invalid, "fact_table",
                  fmt::format("Duty '{}' of {}: applies_from must be a date, not '{}'.", r["duty"], r["class"],
                              r["applies_from"]));
    out.push_back(
        {r["class"], r["duty"], r["citation"], r["applies_from"], r["document"], r["source"], r["confidence"]});
  }
  return out;
}

}  // namespace fabrica::trust
