#include "notices/mail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::notices {
namespace {

constexpr std::size_t kLineMax = 76;

bool plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

// Control characters, line breaks first of all, become spaces: a header is one line.
std::string one_line(std::string_view text) {
  std::string out;
  for (unsigned char const c : text) out += c < 0x20 || c == 0x7F ? ' ' : static_cast<char>(c);
  return out;
}

// The length of the character at the front: never cut in two (RFC 2047 section 5).
std::size_t character_length(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && length < 4 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
  return length;
}

// "=?UTF-8?B?...?=" words of at most 75 characters, one a line. `column` is where the first begins.
std::string encoded_words(std::string_view text, std::size_t column) {
  constexpr std::size_t kFrame = 12;  // "=?UTF-8?B?" and "?="
  std::string out;
  while (!text.empty()) {
    auto const room = std::min<std::size_t>(75, kLineMax - std::min(column, kLineMax - 30)) - kFrame;
    auto const bytes_max = room / 4 * 3;
    std::size_t taken = 0;
    while (taken < text.size()) {
      auto const next = character_length(text.substr(taken));
      if (taken + next > bytes_max) break;
      taken += next;
    }
    if (!out.empty()) out += "\r\n ";
    out += fmt::format("=?UTF-8?B?{}?=", crypto::base64_encode(as_bytes(text.substr(0, taken))));
    text.remove_prefix(taken);
    column = 1;
  }
  return out;
}

// Folds at spaces; a word that is longer than a line stands alone (998 is the limit of RFC 5322 2.1.1).
std::string folded(std::string_view text, std::size_t column) {
  std::string out;
  while (!text.empty()) {
    auto const end = std::min(text.find(' ', 1), text.size());  // a word with the space before it
    if (column + end > kLineMax && !out.empty() && end > 1 && text.front() == ' ') {
      out += "\r\n";
      column = 0;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(end);
  }
  return out;
}

bool is_atom_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

bool is_domain(std::string_view domain) {
  if (domain.empty() || domain.size() > 253) return false;
  while (true) {
    auto const dot = domain.find('.');
    auto const label = domain.substr(0, dot);
    bool const plain = std::ranges::all_of(label, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (label.empty() || label.size() > 63 || !plain || label.front() == '-' || label.back() == '-') return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

}  // namespace

Result<> check_mail_address(std::string_view address) {
  auto const wrong = [&](std::string_view reason, std::string_view what) {
    return fail(Errc::invalid, reason, std::string{what});
  };
  bool const ascii = std::ranges::all_of(address, [](unsigned char c) { return c < 0x80; });
  if (!ascii)
    return wrong(
        "mail_address_utf8",
        "The address has letters outside ASCII, which needs SMTPUTF8: write its domain as xn--..., or give another "
        "address.");
  auto const at = address.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || address.size() > 254)
    return wrong("mail_address", "The address does not have the form name@organisation.example.");
  auto const local = address.substr(0, at);
  bool const dots = local.front() != '.' && local.back() != '.' && local.find("..") == std::string_view::npos;
  if (!dots || !std::ranges::all_of(local, [](char c) { return c == '.' || is_atom_character(c); }))
    return wrong("mail_address", "The part of the address before @ has a character that mail servers do not take.");
  if (!is_domain(address.substr(at + 1)))
    return wrong("mail_address", "The part of the address behind @ is no domain.");
  return {};
}

std::string message_id(std::string_view message_key, std::string_view from) {
  auto const domain = from.substr(from.rfind('@') + 1);
  return fmt::format("<{}@{}>", crypto::sha256(fmt::format("fabrica/mail/v1\n{}", message_key)).hex().substr(0, 40),
                     domain);
}

std::string text_header(std::string_view name, std::string_view text) {
  auto const line = one_line(text);
  auto const column = name.size() + 2;
  // A text that looks like an encoded word is encoded, so that it is shown as it is.
  bool const plain = plain_ascii(line) && line.find("=?") == std::string::npos && !line.starts_with(' ');
  return fmt::format("{}: {}\r\n", name, plain ? folded(line, column) : encoded_words(line, column));
}

std::string address_header(std::string_view name, std::string_view person, std::string_view address) {
  auto const clean = one_line(person);
  if (clean.empty()) return fmt::format("{}: <{}>\r\n", name, address);
  std::string shown;
  if (plain_ascii(clean) && clean.find("=?") == std::string::npos && clean.size() < 60) {
    shown = "\"";
    for (char const c : clean) {
      if (c == '"' || c == '\\') shown += '\\';
      shown += c;
    }
    shown += '"';
  } else {
    shown = encoded_words(clean, name.size() + 2);
  }
  return fmt::format("{}: {}\r\n <{}>\r\n", name, shown, address);
}

std::string mail_date(Micros time) {
  using namespace std::chrono;
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  sys_seconds const instant{floor<seconds>(microseconds{time})};
  auto const day = floor<days>(instant);
  year_month_day const date{day};
  hh_mm_ss const clock{instant - day};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[weekday{day}.c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto const c = static_cast<unsigned char>(text[at]);
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    bool const last = at + 1 == text.size() || text[at + 1] == '\n';
    // A space at the end of a line would be lost; a dot or "From " at its beginning changed, on old ways.
    bool const begins = column == 0 && (c == '.' || c == 'F');
    bool const plain = ((c > 0x20 && c < 0x7F && c != '=') || ((c == ' ' || c == '\t') && !last)) && !begins;
    auto const width = plain ? std::size_t{1} : std::size_t{3};
    if (column + width > kLineMax - 1) {
      out += "=\r\n";
      column = 0;
    }
    if (plain) out += static_cast<char>(c);
    else out += fmt::format("={:02X}", c);
    column += width;
  }
  return out;
}

Result<std::string> compose(MailDraft const& draft) {
  FABRICA_DO(check_mail_address(draft.from));
  FABRICA_DO(check_mail_address(draft.to));
  std::string out;
  out += "Date: " + mail_date(draft.date_us) + "\r\n";
  out += address_header("From", draft.from_name, draft.from);
  out += address_header("To", draft.to_name, draft.to);
  out += text_header("Subject", draft.subject);
  out += "Message-ID: " + message_id(draft.message_key, draft.from) + "\r\n";
  out += "Auto-Submitted: auto-generated\r\n";  // RFC 3834: no answer by a machine is wanted
  out += "X-Auto-Response-Suppress: All\r\n";
  if (!draft.unsubscribe_url.empty() && plain_ascii(draft.unsubscribe_url)) {
    out += fmt::format("List-Unsubscribe: <{}>\r\n", draft.unsubscribe_url);
    if (draft.unsubscribe_url.starts_with("https://")) out += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
  }
  out +=
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n";
  out += quoted_printable(draft.text);
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

}  // namespace fabrica::notices
