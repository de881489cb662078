#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "facts/impl/typed.hpp"
#include "json/json.hpp"

namespace fabrica::facts {

namespace {

constexpr std::size_t kTextBytesMax = 2000;
constexpr std::size_t kKeyBytesMax = 200;

bool plain(std::string_view text) {
  for (char const character : text)
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) return false;
  return text.size() <= kTextBytesMax;
}

bool is_key(std::string_view text) {
  for (char const c : text) {
    bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view{"_-./+:"}.find(c) == std::string_view::npos) return false;
  }
  return !text.empty() && text.size() <= kKeyBytesMax;
}

// The columns of a kind and its check, or none when there is no such table.
struct Table {
  std::vector<std::string_view> columns;
  void (*check)(Row const&, std::vector<Fault>&) = nullptr;
};
std::optional<Table> table_of(std::string_view kind) {
  std::optional<Table> found;
  impl::for_each_table([&](std::string_view name, auto member) {
    if (name != kind) return;
    using T = decltype(impl::element_of(member));
    found = Table{impl::columns<T>(), [](Row const& row, std::vector<Fault>& faults) { impl::typed<T>(row, faults); }};
  });
  return found;
}

// What digest_of() covers. std::map and the canonical form order the names.
struct Digested {
  std::optional<Confidence> confidence;
  std::map<std::string, std::string> fields;
  std::string key, kind, source;
  std::optional<std::string> valid_from, valid_to;
};
BOOST_DESCRIBE_STRUCT(Digested, (), (confidence, fields, key, kind, source, valid_from, valid_to))

std::optional<std::string> present(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return std::string{text};
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    auto const end = std::min(text.find(by, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

auto wrong_table(std::string_view kind, std::size_t line, std::string_view what) {
  return fail(Errc::invalid, "fact_table",
              "facts/" + std::string{kind} + ".tsv, line " + std::to_string(line) + ": " + std::string{what});
}

Result<> check_header(std::string_view kind, std::vector<std::string_view> const& header, Table const& table) {
  std::vector<std::string_view> wanted{"key"};
  wanted.insert(wanted.end(), table.columns.begin(), table.columns.end());
  for (auto const name : {"valid_from", "valid_to", "source", "confidence"}) wanted.emplace_back(name);
  for (auto const name : wanted)
    if (std::count(header.begin(), header.end(), name) != 1)
      return wrong_table(kind, 1, "column " + std::string{name} + " must be there once");
  if (header.size() != wanted.size()) return wrong_table(kind, 1, "there is a column the table does not have");
  return {};
}

Result<Row> parse_row(std::string_view kind, std::vector<std::string_view> const& header,
                      std::vector<std::string_view> const& cells, std::size_t line) {
  Row row;
  row.kind = kind;
  std::optional<Confidence> confidence;
  for (std::size_t at = 0; at < header.size(); ++at) {
    auto const name = header[at];
    auto const cell = cells[at];
    if (name == "key") row.key = cell;
    else if (name == "valid_from") row.valid_from = present(cell);
    else if (name == "valid_to") row.valid_to = present(cell);
    else if (name == "source") row.source = cell;
    else if (name == "confidence") confidence = json::enum_value<Confidence>(cell);
    else if (!cell.empty()) row.fields.emplace(name, cell);
  }
  if (!confidence) return wrong_table(kind, line, "confidence must be one of the six words");
  row.confidence = *confidence;
  if (auto const good = check(row); !good) {
    auto const& faults = good.error().faults;
    return wrong_table(kind, line,
                       faults.empty() ? good.error().what : faults.front().pointer + ": " + faults.front().what);
  }
  row.digest = digest_of(row);
  return row;
}

bool overlap(Row const& one, Row const& other) {
  bool const one_before = one.valid_to && other.valid_from && *one.valid_to < *other.valid_from;
  bool const other_before = other.valid_to && one.valid_from && *other.valid_to < *one.valid_from;
  return !one_before && !other_before;
}

}  // namespace

namespace impl {

bool read_text(std::string const& text, std::string& out) {
  out = text;
  return plain(text);
}
bool read_text(std::string const& text, double& out) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(out) && out >= 0;
}
bool read_text(std::string const& text, std::int64_t& out) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out >= 0;
}
bool read_text(std::string const& text, bool& out) {
  out = text == "yes";
  return out || text == "no";
}
bool read_text(std::string const& text, Time& out) {
  auto const time = parse_time(text);
  if (time) out.us = *time;
  return time.has_value();
}

}  // namespace impl

bool is_date(std::string_view text) { return text.size() == 10 && parse_time(text).has_value(); }

bool holds_on(Row const& row, std::string_view date) {
  return (!row.valid_from || *row.valid_from <= date) && (!row.valid_to || date <= *row.valid_to);
}

std::string digest_of(Row const& row) {
  auto const text = json::canonical(
      json::write(Digested{row.confidence, row.fields, row.key, row.kind, row.source, row.valid_from, row.valid_to}));
  FABRICA_CHECK(text.has_value());  // written by us from checked text
  return crypto::sha256(*text).hex();
}

std::vector<std::string_view> kinds() {
  std::vector<std::string_view> names;
  impl::for_each_table([&](std::string_view name, auto) { names.push_back(name); });
  return names;
}

Result<std::vector<std::string_view>> columns_of(std::string_view kind) {
  auto const table = table_of(kind);
  if (!table) return fail(Errc::not_found, "fact_kind", "There is no table of facts of that name.");
  return table->columns;
}

Result<> check(Row const& row) {
  auto const table = table_of(row.kind);
  if (!table) return fail(Errc::not_found, "fact_kind", "There is no table of facts of that name.");
  std::vector<Fault> faults;
  if (!is_key(row.key)) faults.push_back({"/key", "Must be 1 to 200 letters, digits or _-./+: characters."});
  if (row.source.empty() || !plain(row.source)) faults.push_back({"/source", "Say where this is from, on one line."});
  if (row.valid_from && !is_date(*row.valid_from))
    faults.push_back({"/valid_from", "Must be a day such as 2026-11-23."});
  if (row.valid_to && !is_date(*row.valid_to)) faults.push_back({"/valid_to", "Must be a day such as 2026-11-23."});
  if (faults.empty() && row.valid_from && row.valid_to && *row.valid_to < *row.valid_from)
    faults.push_back({"/valid_to", "Must not lie before valid_from."});
  table->check(row, faults);
  if (!faults.empty()) return fail(Errc::invalid, "fact", "This is no well-formed fact.", std::move(faults));
  return {};
}

Result<std::vector<Row>> parse_table(std::string_view kind, std::string_view tsv) {
  auto const table = table_of(kind);
  if (!table) return fail(Errc::not_found, "fact_kind", "There is no table of facts of that name.");
  if (!tsv.ends_with('\n')) return wrong_table(kind, 1, "the file must end with a newline");
  auto const lines = split(tsv.substr(0, tsv.size() - 1), '\n');
  auto const header = split(lines[0], '\t');
  FABRICA_DO(check_header(kind, header, *table));
  std::vector<Row> rows;
  std::multimap<std::string_view, std::size_t> places;
  for (std::size_t at = 1; at < lines.size(); ++at) {
    auto const cells = split(lines[at], '\t');
    if (cells.size() != header.size())
      return wrong_table(kind, at + 1, "has another number of columns than the header");
    FABRICA_TRY(auto row, parse_row(kind, header, cells, at + 1));
    auto const [first, last] = places.equal_range(row.key);
    for (auto same = first; same != last; ++same)
      if (overlap(rows[same->second], row))
        return wrong_table(kind, at + 1, "holds on the same days as another row of its key");
    places.emplace(cells[static_cast<std::size_t>(std::find(header.begin(), header.end(), "key") - header.begin())],
                   rows.size());
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace fabrica::facts
