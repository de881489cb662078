#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "tlog/merkle.hpp"

namespace fabrica::tlog {

// ASCII digits without leading zeros, at most `max`.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max = kTreeSizeMax);

// Takes the next line without its newline off `rest`; nullopt where no newline is left.
std::optional<std::string_view> take_line(std::string_view& rest);

// One hash in base64, as a line of a proof. Errors: invalid "base64".
Result<Hash> parse_hash(std::string_view base64);

// Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without ASCII control characters other than newline.
bool is_note_utf8(std::string_view text);

// Start of a stranger's text for an error message: short, and printable.
std::string shown(std::string_view text);

}  // namespace fabrica::tlog
