#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace fabrica::crypto {

inline constexpr std::size_t kSealKeyBytes = 32;

// A text that only who has the key can read or change: XSalsa20-Poly1305 (libsodium's secretbox), a random nonce in
// front. The key has kSealKeyBytes.
Bytes seal(ByteView key, std::string_view text, Random& random);
// Errors: invalid "sealed" (another key, or changed).
Result<SecretText> unseal(ByteView key, ByteView sealed);

}  // namespace fabrica::crypto
