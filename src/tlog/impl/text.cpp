#include "tlog/impl/text.hpp"

#include "crypto/encoding.hpp"

namespace fabrica::tlog {

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
  if (text.empty() || text.size() > 20 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  for (char const c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    auto const digit = static_cast<std::uint64_t>(c - '0');
    if (digit > max || value > (max - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::optional<std::string_view> take_line(std::string_view& rest) {
  auto const end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  auto const line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

Result<Hash> parse_hash(std::string_view base64) {
  // Before decoding: a line of a megabyte is not a hash.
  if (base64.size() != 44) return fail(Errc::invalid, "base64", "A hash is 32 bytes in base64: 44 characters.");
  FABRICA_TRY(auto const bytes, crypto::base64_decode(base64));
  return Hash::from_bytes(bytes);
}

bool is_note_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto const first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      if (first < 0x20 && first != '\n') return false;
      ++at;
      continue;
    }
    std::size_t const more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || text.size() - at <= more) return false;
    std::uint32_t code = first & (0x3Fu >> more);
    for (std::size_t next = at + 1; next <= at + more; ++next) {
      auto const byte = static_cast<unsigned char>(text[next]);
      if ((byte & 0xC0) != 0x80) return false;
      code = code << 6 | (byte & 0x3F);
    }
    bool const overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    at += more + 1;
  }
  return true;
}

std::string shown(std::string_view text) {
  std::string out;
  for (char const c : text.substr(0, 64)) out += c >= 0x20 && c < 0x7F ? c : '?';
  if (text.size() > 64) out += "...";
  return out;
}

}  // namespace fabrica::tlog
