#include "forms/impl/text.hpp"

#include <fmt/format.h>
#include <unicode/brkiter.h>
#include <unicode/bytestream.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/check.hpp"

namespace fabrica::forms {
namespace {

// No living script stacks more marks on one letter; text that does is made to cover the lines around it.
constexpr int kMarksMax = 12;

bool ascii_digit(char c) { return c >= '0' && c <= '9'; }

// Embeddings, overrides and isolates (UAX #9): they can make a text read otherwise than it is. The marks LRM, RLM and
// ALM, which right-to-left writers need, stay allowed.
bool is_direction_control(UChar32 c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

// Nothing a reader sees, but a program may read: tags, interlinear marks, line separators, a byte order mark.
bool is_invisible(UChar32 c) {
  return (c >= 0xE0000 && c <= 0xE007F) || (c >= 0xFFF9 && c <= 0xFFFB) || c == 0x2028 || c == 0x2029 || c == 0xFEFF;
}

std::optional<Objection> objection_to(UChar32 c, Lines lines) {
  if (c == '\n' || c == '\t') {
    if (lines == Lines::several) return std::nullopt;
    return Objection{"one_line", "Holds a line break or a tab.", "Write it on one line."};
  }
  if (u_charType(c) == U_CONTROL_CHAR)
    return Objection{"control_character", fmt::format("Holds the control character U+{:04X}.", c),
                     "Delete it; it often comes with text copied from a PDF."};
  if (is_direction_control(c))
    return Objection{"direction_control", fmt::format("Holds the invisible direction control U+{:04X}.", c),
                     "Delete it. Right-to-left text needs none: the letters themselves say their direction."};
  if (is_invisible(c) || U_IS_UNICODE_NONCHAR(c))
    return Objection{"invisible_character", fmt::format("Holds the invisible character U+{:04X}.", c), "Delete it."};
  return std::nullopt;
}

std::string with_plain_line_ends(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r') out += text[at];
    else if (at + 1 == text.size() || text[at + 1] != '\n') out += '\n';
  }
  return out;
}

std::optional<Objection> scan(std::string const& text, Lines lines) {
  auto const* bytes = reinterpret_cast<std::uint8_t const*>(text.data());
  auto const length = static_cast<std::int32_t>(text.size());
  int marks = 0;
  for (std::int32_t at = 0; at < length;) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, length, c);
    if (c < 0) return Objection{"utf8", "Is not UTF-8.", "Send it as UTF-8."};
    if (auto objection = objection_to(c, lines)) return objection;
    auto const type = u_charType(c);
    marks = type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK ? marks + 1 : 0;
    if (marks > kMarksMax)
      return Objection{"stacked_marks", fmt::format("Stacks more than {} marks on one letter.", kMarksMax),
                       "Delete the marks that no language needs."};
  }
  return std::nullopt;
}

// White space at both ends goes; what it is, Unicode says.
std::string trimmed(std::string text) {
  auto const* bytes = reinterpret_cast<std::uint8_t const*>(text.data());
  auto const length = static_cast<std::int32_t>(text.size());
  std::int32_t first = 0;
  for (std::int32_t at = 0; at < length; first = at) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, length, c);
    if (!u_isUWhiteSpace(c)) break;
  }
  std::int32_t last = length;
  for (std::int32_t at = length; at > first; last = at) {
    UChar32 c = 0;
    U8_PREV(bytes, 0, at, c);
    if (!u_isUWhiteSpace(c)) break;
  }
  return text.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
}

std::string in_nfc(std::string text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return text;
  UErrorCode error = U_ZERO_ERROR;
  auto const* normalizer = icu::Normalizer2::getNFCInstance(error);
  FABRICA_CHECK(U_SUCCESS(error));
  std::string out;
  icu::StringByteSink<std::string> sink{&out};
  normalizer->normalizeUTF8(0, icu::StringPiece{text.data(), static_cast<std::int32_t>(text.size())}, sink, nullptr,
                            error);
  FABRICA_CHECK(U_SUCCESS(error));
  return out;
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 253 || host.find('.') == std::string_view::npos) return false;
  std::size_t label = 0;
  for (std::size_t at = 0; at <= host.size(); ++at) {
    if (at == host.size() || host[at] == '.') {
      if (label == 0 || label > 63 || host[at - 1] == '-' || host[at - label] == '-') return false;
      label = 0;
      continue;
    }
    auto const c = static_cast<unsigned char>(host[at]);
    bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
    if (!letter && c != '-') return false;
    ++label;
  }
  return true;
}

}  // namespace

Cleaned clean(std::string_view text, Lines lines) {
  auto plain = trimmed(with_plain_line_ends(text));
  if (auto objection = scan(plain, lines)) return {{}, std::move(objection)};
  return {in_nfc(std::move(plain)), std::nullopt};
}

std::int64_t characters_of(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

std::int64_t words_of(std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  std::unique_ptr<icu::BreakIterator> breaks{icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), error)};
  FABRICA_CHECK(U_SUCCESS(error));
  auto const wide = icu::UnicodeString::fromUTF8(icu::StringPiece{text.data(), static_cast<std::int32_t>(text.size())});
  breaks->setText(wide);
  std::int64_t words = 0;
  while (breaks->next() != icu::BreakIterator::DONE)
    if (breaks->getRuleStatus() >= UBRK_WORD_NONE_LIMIT) ++words;
  return words;
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (std::size_t at = 0; at < 10; ++at)
    if (at != 4 && at != 7 && !ascii_digit(text[at])) return false;
  auto const two = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  int const year = two(0) * 100 + two(2);
  int const month = two(5);
  int const day = two(8);
  if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1) return false;
  static constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

bool is_email(std::string_view text) {
  auto const at = text.find('@');
  if (text.size() > 254 || at == std::string_view::npos || at == 0 || at > 64) return false;
  auto const local = text.substr(0, at);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
  // Quoted local parts exist in RFC 5322 and nowhere else; without them no separator of a mail header can pass.
  if (local.find_first_of(" \t\r\n\"(),:;<>[\\]") != std::string_view::npos) return false;
  return is_host(text.substr(at + 1));
}

bool is_web_address(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("https://")) rest.remove_prefix(8);
  else if (rest.starts_with("http://")) rest.remove_prefix(7);
  else return false;
  if (text.size() > 2000 || text.find_first_of(" \t\r\n\"<>\\^`{|}") != std::string_view::npos) return false;
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  // A name and password before the host only serve to hide which host it is.
  if (authority.find('@') != std::string_view::npos) return false;
  if (auto const colon = authority.find(':'); colon != std::string_view::npos) {
    auto const port = authority.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, ascii_digit)) return false;
    authority = authority.substr(0, colon);
  }
  return is_host(authority);
}

std::string orcid_of(std::string_view text) {
  for (std::string_view const prefix : {"https://orcid.org/", "http://orcid.org/", "orcid.org/"})
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      break;
    }
  if (text.size() != 19) return {};
  int total = 0;
  for (std::size_t at = 0; at < 18; ++at) {
    bool const dash = at == 4 || at == 9 || at == 14;
    if (dash ? text[at] != '-' : !ascii_digit(text[at])) return {};
    if (!dash) total = (total + (text[at] - '0')) * 2;
  }
  int const check = (12 - total % 11) % 11;
  char const expected = check == 10 ? 'X' : static_cast<char>('0' + check);
  return text[18] == expected ? std::string{text} : std::string{};
}

bool is_country(std::string_view code) {
  if (code == "EL" || code == "UK" || code == "XK") return true;
  if (code == "GR" || code == "GB" || code.size() != 2) return false;
  for (auto const* known = uloc_getISOCountries(); *known != nullptr; ++known)
    if (code == *known) return true;
  return false;
}

std::string country_name(std::string_view code) {
  std::string const iso{code == "EL" ? "GR" : code == "UK" ? "GB" : code};
  icu::UnicodeString wide;
  icu::Locale{"", iso.c_str()}.getDisplayCountry(icu::Locale::getEnglish(), wide);
  std::string name;
  wide.toUTF8String(name);
  return name;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kShownMax = 60;
  auto part = text.substr(0, kShownMax);
  if (part.size() < text.size())
    while (!part.empty() && (text[part.size()] & 0xC0) == 0x80) part.remove_suffix(1);
  return fmt::format("{}{}", part, part.size() < text.size() ? "…" : "");
}

}  // namespace fabrica::forms
