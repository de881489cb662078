#include "calls/impl/csv_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace fabrica::calls {
namespace {

constexpr std::size_t kRowsMax = 5000;
constexpr std::size_t kColumnsMax = 500;
constexpr std::string_view kMark = "\xEF\xBB\xBF";

// What was written with an apostrophe in front because it looks like a formula (forms/README.md, rule 12).
std::string plain(std::string cell) {
  if (cell.size() < 2 || cell[0] != '\'') return cell;
  auto const rest = std::string_view{cell}.substr(1);
  for (std::string_view const start : {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"})
    if (rest.starts_with(start)) return std::string{rest};
  return cell;
}

class Lines {
 public:
  Lines(std::string_view text, std::vector<Fault>& faults) : text_{text}, faults_{faults} {
    if (text_.starts_with(kMark)) text_.remove_prefix(kMark.size());
    auto const first = text_.substr(0, text_.find('\n'));
    if (std::ranges::count(first, ';') > std::ranges::count(first, ',')) separator_ = ';';
  }

  std::optional<CsvRow> next() {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) skip_line_end();
    if (at_ >= text_.size()) return std::nullopt;
    CsvRow row{line_, {}};
    for (;;) {
      row.cells.push_back(plain(cell(row.line)));
      if (at_ < text_.size() && text_[at_] == separator_ && row.cells.size() < kColumnsMax) {
        ++at_;
        continue;
      }
      break;
    }
    if (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') {
      fault(row.line, row.cells.size() >= kColumnsMax ? "has more than 500 columns."
                                                      : "has something behind a closing quotation mark.");
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
    if (at_ < text_.size()) skip_line_end();
    return row;
  }

  void fault(std::int64_t line, std::string_view what) {
    faults_.push_back({fmt::format("/proposals_csv/{}", line), fmt::format("Line {} {}", line, what)});
  }

 private:
  void skip_line_end() {
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
  }

  std::string cell(std::int64_t row_line) {
    if (at_ < text_.size() && text_[at_] == '"') return quoted(row_line);
    auto const from = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    return std::string{text_.substr(from, at_ - from)};
  }

  std::string quoted(std::int64_t row_line) {
    std::string out;
    ++at_;
    while (at_ < text_.size()) {
      char const c = text_[at_++];
      if (c == '"') {
        if (at_ >= text_.size() || text_[at_] != '"') return out;
        ++at_;
      } else if (c == '\n') {
        ++line_;
      }
      out += c;
    }
    fault(row_line, "opens a quotation mark that is never closed.");
    return out;
  }

  std::string_view text_;
  std::vector<Fault>& faults_;
  char separator_ = ',';
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace

CsvTable read_csv(std::string_view text, std::vector<Fault>& faults) {
  CsvTable out;
  Lines lines{text, faults};
  if (auto header = lines.next()) out.header = std::move(header->cells);
  auto names = out.header;
  std::ranges::sort(names);
  if (auto const twice = std::ranges::adjacent_find(names); twice != names.end())
    lines.fault(1, fmt::format("names the column \"{}\" twice.", *twice));
  while (auto row = lines.next()) {
    if (out.rows.size() >= kRowsMax) {
      lines.fault(row->line, "is one too many: at most 5,000 proposals a file. Cut it in two.");
      break;
    }
    if (row->cells.size() != out.header.size()) {
      lines.fault(row->line, fmt::format("has {} cells and the header {}: check separators and quotation marks.",
                                         row->cells.size(), out.header.size()));
      continue;
    }
    out.rows.push_back(*std::move(row));
  }
  return out;
}

}  // namespace fabrica::calls
