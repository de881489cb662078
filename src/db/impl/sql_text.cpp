#include "db/impl/sql_text.hpp"

#include <cstring>

namespace fabrica::db {
namespace {

// The end of the literal, quoted name or comment that begins at `at`; `at` itself when none does.
std::size_t end_of_quoted(std::string_view sql, std::size_t at) {
  auto const after = [&](std::string_view closing, std::size_t from) {
    auto const end = sql.find(closing, from);
    return end == std::string_view::npos ? sql.size() : end + closing.size();
  };
  if (sql[at] == '\'' || sql[at] == '"') return after(sql.substr(at, 1), at + 1);  // '' reads as two literals: as good
  if (sql.substr(at, 2) == "--") return after("\n", at);
  if (sql.substr(at, 2) == "/*") return after("*/", at + 2);
  return at;
}

// Length of the UTF-8 sequence at the start, 0 when there is none (RFC 3629: no overlong forms, no surrogates).
std::size_t sequence_length(std::string_view text) {
  auto const byte = [&](std::size_t at) -> unsigned {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  auto const continues = [&](std::size_t at) { return (byte(at) & 0xC0U) == 0x80U; };
  unsigned const first = byte(0);
  if (first < 0x80) return first != 0 ? 1 : 0;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    bool const bad = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F);
    return !bad && continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    bool const bad = (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
    return !bad && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// Eight plain ASCII characters at once, none of them NUL.
bool eight_plain(char const* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return ((word | ((word - 0x0101010101010101U) & ~word)) & 0x8080808080808080U) == 0;
}

}  // namespace

std::string number_parameters(std::string_view sql) {
  std::string out;
  out.reserve(sql.size());
  for (std::size_t at = 0; at < sql.size();) {
    if (auto const end = end_of_quoted(sql, at); end != at) {
      out += sql.substr(at, end - at);
      at = end;
      continue;
    }
    bool const parameter = sql[at] == '$' && at + 1 < sql.size() && sql[at + 1] >= '1' && sql[at + 1] <= '9';
    out += parameter ? '?' : sql[at];
    ++at;
  }
  return out;
}

bool storable_text(std::string_view text) {
  while (!text.empty()) {
    if (text.size() >= 8 && eight_plain(text.data())) {
      text.remove_prefix(8);
      continue;
    }
    auto const length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::uint64_t checksum(std::string_view text) {
  std::uint64_t sum = 0xCBF29CE484222325U;
  for (char const c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return sum;
}

}  // namespace fabrica::db
