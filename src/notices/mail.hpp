#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

// Mails as text: RFC 5322 headers, MIME for what is not ASCII (RFC 2045, 2047), one-click unsubscribing (RFC 8058).
// Pure functions; nothing that is put in can add a header or a recipient.
namespace fabrica::notices {

struct MailDraft {
  std::string from_name = {};
  std::string from = {};
  std::string to_name = {};
  std::string to = {};
  std::string subject = {};
  std::string text = {};         // UTF-8, '\n' line ends
  std::string message_key = {};  // the same for every attempt at the same mail: what Message-ID is made of
  Micros date_us = 0;
  std::string unsubscribe_url = {};  // empty: this cannot be switched off
};
// With CRLF line ends, ready for DATA. Errors: those of check_mail_address.
Result<std::string> compose(MailDraft const& draft);

// An address as SMTP without SMTPUTF8 takes it: local part of RFC 5321's dot-string, at most 64 characters, and a
// domain in ASCII. Errors: invalid "mail_address" (what is wrong), invalid "mail_address_utf8" (an international
// address: its domain may be written as xn--..., its local part cannot).
Result<> check_mail_address(std::string_view address);

// "<40 hex digits@domain>": of the key alone, so that a mail that arrives twice is seen to be one.
std::string message_id(std::string_view message_key, std::string_view from);

// One header of unstructured text, folded, encoded words where it is not ASCII: "Subject: ...\r\n".
std::string text_header(std::string_view name, std::string_view text);
// "To: name <address>\r\n", the name quoted or encoded, or left out when empty.
std::string address_header(std::string_view name, std::string_view person, std::string_view address);
// "Mon, 26 Oct 2026 07:33:20 +0000".
std::string mail_date(Micros time);
// RFC 2045 6.7: lines of at most 76 characters with CRLF.
std::string quoted_printable(std::string_view text);

}  // namespace fabrica::notices
