#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace fabrica::crypto {

// RFC 8032 Ed25519.
struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(PublicKey const&, PublicKey const&) = default;
};
struct Signature {
  std::array<std::uint8_t, 64> bytes{};
  friend auto operator<=>(Signature const&, Signature const&) = default;
};

// A signing key; its bytes are overwritten when it goes.
class PrivateKey {
 public:
  // Errors: invalid "key_seed" unless it is 32 bytes.
  static Result<PrivateKey> from_seed(ByteView seed);
  static PrivateKey generate(Random& random);

  PrivateKey(PrivateKey&& other) noexcept;
  PrivateKey& operator=(PrivateKey&& other) noexcept;
  PrivateKey(PrivateKey const&) = delete;
  PrivateKey& operator=(PrivateKey const&) = delete;
  ~PrivateKey();

  PublicKey const& public_key() const { return public_; }
  Signature sign(ByteView message) const;
  // Only to write a key file.
  ByteView seed() const { return ByteView{secret_}.first(32); }

 private:
  PrivateKey() = default;
  std::array<std::uint8_t, 64> secret_{};  // seed || public key, as libsodium keeps it
  PublicKey public_{};
};

// Whether this is the key's signature of the message. Refuses keys of small order and signatures that are not
// canonical.
bool verifies(PublicKey const& key, ByteView message, Signature const& signature);

}  // namespace fabrica::crypto
