#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace fabrica::crypto {

// Lower-case digits.
std::string hex_encode(ByteView bytes);
// Exactly pairs of lower-case or upper-case digits. Errors: invalid "hex".
Result<Bytes> hex_decode(std::string_view text);

// RFC 4648 section 4, with padding.
std::string base64_encode(ByteView bytes);
// Strict: the one text base64_encode() makes of some bytes and nothing else (padding present, unused bits zero, no
// white space), so that no two texts mean the same signature. Errors: invalid "base64".
Result<Bytes> base64_decode(std::string_view text);

// RFC 4648 section 5, without padding.
std::string base64url_encode(ByteView bytes);
// Strict like base64_decode(). Errors: invalid "base64".
Result<Bytes> base64url_decode(std::string_view text);

}  // namespace fabrica::crypto
