// Everything that turns values into text: compact, indented, canonical.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "json/document.hpp"
#include "json/write.hpp"

namespace fabrica::json {
namespace {

// 0: as it is; 'u': \u00xx; else the letter after the backslash. RFC 8785 3.2.2.2 and JSON.stringify agree on these.
constexpr auto kEscapes = [] {
  std::array<char, 256> table{};
  for (int code = 0; code < 0x20; ++code) table[static_cast<std::size_t>(code)] = 'u';
  table['\b'] = 'b';
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

enum class Style : std::uint8_t { compact, indented };

void append_value(std::string& out, Value value, Style style, std::size_t level) {
  auto const line = [&](std::size_t depth) {
    if (style == Style::indented) out.append(1, '\n').append(2 * depth, ' ');
  };
  switch (value.kind()) {
    case Kind::missing:
    case Kind::null: out += "null"; return;
    case Kind::boolean: out += *value.boolean() ? "true" : "false"; return;
    case Kind::number: out += value.digits(); return;
    case Kind::string: append_string(out, *value.text()); return;
    case Kind::array:
    case Kind::object: break;
  }
  bool const object = value.kind() == Kind::object;
  out += object ? '{' : '[';
  for (std::size_t place = 0; place < value.size(); ++place) {
    if (place != 0) out += ',';
    line(level + 1);
    auto const child = value[place];
    if (object) {
      append_string(out, child.key());
      out += style == Style::indented ? ": " : ":";
    }
    append_value(out, child, style, level + 1);
  }
  if (value.size() != 0) line(level);
  out += object ? '}' : ']';
}

// RFC 8785 3.2.3 sorts by UTF-16 code units. That differs from the order of UTF-8 bytes only where a character beyond
// U+FFFF (lead byte F0..F4, a surrogate D800..DFFF in UTF-16) meets one of U+E000..U+FFFF (lead byte EE or EF).
bool before_in_utf16(std::string_view a, std::string_view b) {
  auto const [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (left == a.end() || right == b.end()) return a.size() < b.size();
  auto const x = static_cast<unsigned char>(*left);
  auto const y = static_cast<unsigned char>(*right);
  bool const x_pair = x >= 0xF0;
  bool const y_pair = y >= 0xF0;
  if (x_pair != y_pair && std::min(x, y) >= 0xEE) return x_pair;
  return x < y;
}

Result<> append_canonical(std::string& out, Value value) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::null:
    case Kind::boolean:
    case Kind::string: append_value(out, value, Style::compact, 0); return {};
    case Kind::number: {
      auto const digits = value.digits();
      auto const start = out.size();
      if (auto const number = value.number()) append_number(out, *number);
      // A plain integer must come out as it went in; what has a fraction or an exponent was never meant as digits.
      bool const plain = digits.find_first_of(".eE") == std::string_view::npos && digits != "-0";
      if (out.size() == start || (plain && std::string_view{out}.substr(start) != digits))
        return fail(Errc::invalid, "json_number",
                    fmt::format("{} does not fit a double: canonical JSON would change it. Write it as a string.",
                                digits.substr(0, 40)));
      return {};
    }
    case Kind::array:
      out += '[';
      for (std::size_t place = 0; place < value.size(); ++place) {
        if (place != 0) out += ',';
        FABRICA_DO(append_canonical(out, value[place]));
      }
      out += ']';
      return {};
    case Kind::object: break;
  }
  std::vector<Value> members;
  for (std::size_t place = 0; place < value.size(); ++place) members.push_back(value[place]);
  std::sort(members.begin(), members.end(), [](Value a, Value b) { return before_in_utf16(a.key(), b.key()); });
  out += '{';
  for (std::size_t place = 0; place < members.size(); ++place) {
    if (place != 0) out += ',';
    append_string(out, members[place].key());
    out += ':';
    FABRICA_DO(append_canonical(out, members[place]));
  }
  out += '}';
  return {};
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t place = 0; place < text.size(); ++place) {
    auto const code = static_cast<unsigned char>(text[place]);
    char const escape = kEscapes[code];
    if (escape == 0) continue;
    out.append(text, plain, place - plain);
    plain = place + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') (((out += "00") += kHex[code >> 4]) += kHex[code & 15]);
  }
  out.append(text, plain);
  out += '"';
}

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  if (number == 0) {  // minus zero too
    out += '0';
    return;
  }
  if (number < 0) out += '-';
  // Shortest digits that read back as the same double: d.ddde[+-]xx.
  char text[32];
  auto const [end, error] = std::to_chars(text, text + sizeof text, std::fabs(number), std::chars_format::scientific);
  std::string_view const shortest{text, static_cast<std::size_t>(end - text)};
  auto const mark = shortest.find('e');
  std::string digits{shortest[0]};
  if (mark > 1) digits += shortest.substr(2, mark - 2);
  int exponent = 0;
  auto const exponent_text = shortest.substr(mark + (shortest[mark + 1] == '+' ? 2 : 1));
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);

  // ECMA-262, Number::toString: k digits, the decimal point after the n-th.
  int const k = static_cast<int>(digits.size());
  int const n = exponent + 1;
  if (k <= n && n <= 21) {
    out.append(digits).append(static_cast<std::size_t>(n - k), '0');
  } else if (0 < n && n <= 21) {
    out.append(digits, 0, static_cast<std::size_t>(n)).append(1, '.').append(digits, static_cast<std::size_t>(n));
  } else if (-6 < n && n <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-n), '0').append(digits);
  } else {
    out += digits[0];
    if (k > 1) out.append(1, '.').append(digits, 1);
    out += 'e';
    out += n > 0 ? '+' : '-';
    out += std::to_string(std::abs(n - 1));
  }
}

void append_base64(std::string& out, ByteView bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  std::size_t place = 0;
  for (; place + 2 < bytes.size(); place += 3) {
    unsigned const group = unsigned{bytes[place]} << 16 | unsigned{bytes[place + 1]} << 8 | bytes[place + 2];
    for (int shift = 18; shift >= 0; shift -= 6) out += kDigits[group >> shift & 63];
  }
  if (auto const rest = bytes.size() - place; rest != 0) {
    unsigned const group = unsigned{bytes[place]} << 16 | (rest == 2 ? unsigned{bytes[place + 1]} << 8 : 0u);
    out += kDigits[group >> 18];
    out += kDigits[group >> 12 & 63];
    out += rest == 2 ? kDigits[group >> 6 & 63] : '=';
    out += '=';
  }
  out += '"';
}

std::string Value::write() const {
  std::string out;
  append_value(out, *this, Style::compact, 0);
  return out;
}

std::string pretty(std::string_view text) {
  auto const document = Document::parse(text, {.bytes = text.size(), .depth = 256, .values = text.size() + 1});
  if (!document) return std::string{text};
  std::string out;
  append_value(out, document->root(), Style::indented, 0);
  return out;
}

Result<std::string> canonical(std::string_view text, Limits const& limits) {
  FABRICA_TRY(auto const document, Document::parse(text, limits));
  std::string out;
  out.reserve(text.size());
  FABRICA_DO(append_canonical(out, document.root()));
  return out;
}

}  // namespace fabrica::json
