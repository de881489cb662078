#pragma once

#include <string>
#include <string_view>

#include "base/random.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::crypto {

// A bearer token: 256 random bits as 43 characters of base64url behind a short prefix ("fab_"), so that scanners for
// leaked secrets find it. The text is shown once; only the digest is stored, and it is what one looks a token up by.
struct NewToken {
  std::string text;
  Digest digest{};
};

NewToken make_token(std::string_view prefix, Random& random);
// Whether the text has the form make_token(prefix, ...) gives; a cheap test before any look-up.
bool looks_like_token(std::string_view prefix, std::string_view text);
Digest token_digest(std::string_view text);

}  // namespace fabrica::crypto
