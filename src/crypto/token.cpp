#include "crypto/token.hpp"

#include <array>

#include "crypto/encoding.hpp"
#include "crypto/secret.hpp"

namespace fabrica::crypto {

NewToken make_token(std::string_view prefix, Random& random) {
  std::array<std::uint8_t, 32> secret{};
  random.fill(secret);
  std::string text{prefix};
  text += base64url_encode(secret);
  wipe(secret);
  auto const digest = token_digest(text);
  return {.text = std::move(text), .digest = digest};
}

bool looks_like_token(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix) || text.size() != prefix.size() + 43) return false;
  return base64url_decode(text.substr(prefix.size())).has_value();
}

Digest token_digest(std::string_view text) { return sha256(text); }

}  // namespace fabrica::crypto
