#include "core/utf8.hpp"

namespace fabrica::recipe {

namespace {

// Length of the UTF-8 character that starts here (RFC 3629), 0 where none does.
std::size_t character(std::string_view s) {
  auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  auto const b = byte(0);
  if (b < 0x80) return 1;
  std::size_t const n = b >= 0xC2 && b <= 0xDF ? 2 : (b & 0xF0) == 0xE0 ? 3 : b >= 0xF0 && b <= 0xF4 ? 4 : 0;
  if (n == 0 || s.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  bool const overlong = (b == 0xE0 && byte(1) < 0xA0) || (b == 0xF0 && byte(1) < 0x90);
  bool const beyond = (b == 0xED && byte(1) > 0x9F) || (b == 0xF4 && byte(1) > 0x8F);
  return overlong || beyond ? 0 : n;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto const n = character(text);
    out += n > 0 ? text.substr(0, n) : std::string_view{"\xEF\xBF\xBD"};
    text.remove_prefix(n > 0 ? n : 1);
  }
  return out;
}

}  // namespace fabrica::recipe
