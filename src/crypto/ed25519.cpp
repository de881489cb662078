#include "crypto/ed25519.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/check.hpp"
#include "crypto/secret.hpp"

namespace fabrica::crypto {

Result<PrivateKey> PrivateKey::from_seed(ByteView seed) {
  if (seed.size() != crypto_sign_SEEDBYTES)
    return fail(Errc::invalid, "key_seed", "The seed of an Ed25519 key is 32 bytes.");
  FABRICA_CHECK(sodium_init() >= 0);
  PrivateKey key;
  crypto_sign_seed_keypair(key.public_.bytes.data(), key.secret_.data(), seed.data());
  return key;
}

PrivateKey PrivateKey::generate(Random& random) {
  std::array<std::uint8_t, crypto_sign_SEEDBYTES> seed{};
  random.fill(seed);
  auto key = from_seed(seed);
  wipe(seed);
  return *std::move(key);
}

PrivateKey::PrivateKey(PrivateKey&& other) noexcept : secret_{other.secret_}, public_{other.public_} {
  wipe(other.secret_);
}

PrivateKey& PrivateKey::operator=(PrivateKey&& other) noexcept {
  if (this == &other) return *this;
  secret_ = other.secret_;
  public_ = other.public_;
  wipe(other.secret_);
  return *this;
}

PrivateKey::~PrivateKey() { wipe(secret_); }

Signature PrivateKey::sign(ByteView message) const {
  Signature signature;
  crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(), secret_.data());
  return signature;
}

bool verifies(PublicKey const& key, ByteView message, Signature const& signature) {
  return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(), key.bytes.data()) == 0;
}

}  // namespace fabrica::crypto
