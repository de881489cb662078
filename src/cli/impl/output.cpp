#include "cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace fabrica::cli {
namespace {

// Columns of a terminal a UTF-8 text takes, near enough: its code points.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

void append_sheet(std::string& out, json::Value object, int indent) {
  std::size_t widest = 0;
  for (std::size_t at = 0; at < object.size(); ++at) widest = std::max(widest, width_of(object[at].key()));
  for (std::size_t at = 0; at < object.size(); ++at) {
    auto const value = object[at];
    bool const nested = value.kind() == json::Kind::object || (value.kind() == json::Kind::array && value.size() > 0 &&
                                                               value[0].kind() == json::Kind::object);
    out += fmt::format("{:{}}{:{}}", "", indent, harmless(value.key()), static_cast<int>(widest) + 2);
    if (!nested) {
      out += plain(value) + "\n";
      continue;
    }
    out += "\n";
    if (value.kind() == json::Kind::object) append_sheet(out, value, indent + 2);
    else
      for (std::size_t element = 0; element < value.size(); ++element) {
        append_sheet(out, value[element], indent + 2);
        if (element + 1 < value.size()) out += "\n";
      }
  }
}

}  // namespace

std::string harmless(std::string_view text) {
  std::string out{text};
  for (std::size_t at = 0; at < out.size(); ++at) {
    auto const byte = static_cast<unsigned char>(out[at]);
    if (byte < 0x20 || byte == 0x7F) out[at] = ' ';
    bool const c1 = byte == 0xC2 && at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xA0;
    if (c1) out.replace(at, 2, " ");
  }
  return out;
}

std::string plain(json::Value value) {
  switch (value.kind()) {
    case json::Kind::missing:
    case json::Kind::null: return "-";
    case json::Kind::string: return harmless(*value.text());
    case json::Kind::array: {
      std::string out;
      for (std::size_t at = 0; at < value.size(); ++at) out += (at ? ", " : "") + plain(value[at]);
      return out.empty() ? "-" : out;
    }
    default: return value.write();
  }
}

std::string table_of(json::Value list, std::vector<Column> const& columns) {
  if (list.size() == 0) return "nothing\n";
  std::vector<std::vector<std::string>> cells{{}};
  std::vector<std::size_t> widths;
  for (auto const& column : columns) {
    cells[0].push_back(column.heading);
    widths.push_back(width_of(column.heading));
  }
  for (std::size_t row = 0; row < list.size(); ++row) {
    cells.emplace_back();
    for (std::size_t at = 0; at < columns.size(); ++at) {
      cells.back().push_back(plain(list[row].at(columns[at].pointer)));
      widths[at] = std::max(widths[at], width_of(cells.back().back()));
    }
  }
  std::string out;
  for (auto const& row : cells) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at) {
      line += row[at];
      if (at + 1 < row.size()) line += std::string(widths[at] - width_of(row[at]) + 2, ' ');
    }
    out += line + "\n";
  }
  return out;
}

std::string sheet_of(json::Value object) {
  std::string out;
  append_sheet(out, object, 0);
  return out;
}

std::string grouped(std::int64_t number) {
  auto digits = fmt::format("{}", number);
  auto const first = number < 0 ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string bytes_of(std::int64_t bytes) {
  constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

ProgressLine::ProgressLine() : terminal_{::isatty(STDOUT_FILENO) == 1} {}

void ProgressLine::show(double share, std::string_view text) {
  constexpr int kWidth = 24;
  if (!terminal_) {
    int const tenth = share < 0 ? -1 : static_cast<int>(share * 10);
    if (tenth == last_tenth_ && open_) return;
    last_tenth_ = tenth;
    open_ = true;
    if (share < 0) fmt::print("    {}\n", text);
    else fmt::print("    {:3.0f} % {}\n", share * 100, text);
    std::fflush(stdout);
    return;
  }
  open_ = true;
  std::string bar;
  int const filled = share < 0 ? 0 : std::min(kWidth, static_cast<int>(share * kWidth));
  for (int at = 0; at < kWidth; ++at) bar += at < filled ? "█" : "░";
  fmt::print("\r\x1b[K    {} {:3.0f} %  {}", bar, share < 0 ? 0.0 : share * 100, text);
  std::fflush(stdout);
}

void ProgressLine::finish() {
  if (open_ && terminal_) fmt::print("\n");
  open_ = false;
  last_tenth_ = -1;
}

}  // namespace fabrica::cli
