#include "crypto/password.hpp"

#include <sodium.h>

#include <array>
#include <cstring>

#include "base/check.hpp"

namespace fabrica::crypto {
namespace {

// RFC 9106 section 4, second choice: 3 passes over 64 MiB (with one lane, the only number libsodium has).
constexpr unsigned long long kPasses = 3;
constexpr std::size_t kMemoryBytes = std::size_t{64} << 20;

// libsodium reads hashes from an array of this size; text longer than a hash is none.
using HashText = std::array<char, crypto_pwhash_STRBYTES>;
bool to_hash_text(std::string_view text, HashText& out) {
  if (text.size() >= out.size()) return false;
  out.fill('\0');
  std::memcpy(out.data(), text.data(), text.size());
  return true;
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  if (password.empty() || password.size() > kPasswordBytesMax)
    return fail(Errc::invalid, "password", "A password has 1 to 1024 bytes.");
  FABRICA_CHECK(sodium_init() >= 0);
  HashText text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kPasses, kMemoryBytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(Errc::unavailable, "memory", "There is not enough memory to hash a password: try again.");
  return std::string{text.data()};
}

bool password_matches(std::string_view hash, std::string_view password) {
  HashText text{};
  if (password.size() > kPasswordBytesMax || !hash.starts_with("$argon2id$") || !to_hash_text(hash, text)) return false;
  FABRICA_CHECK(sodium_init() >= 0);
  return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
}

bool password_needs_rehash(std::string_view hash) {
  HashText text{};
  return !to_hash_text(hash, text) || crypto_pwhash_str_needs_rehash(text.data(), kPasses, kMemoryBytes) != 0;
}

std::string const& hash_of_nobody() {
  // Made with today's parameters of 32 random bytes nobody kept; a test compares its parameters with kPasses and
  // kMemoryBytes.
  static std::string const hash =
      "$argon2id$v=19$m=65536,t=3,p=1$LeM64rB7jbgnZYBuk7Ekgw$V/Q7hrE6HpTV3jZZt5iFe4Exj0w83Y3gVCldHAxQKgY";
  return hash;
}

}  // namespace fabrica::crypto
