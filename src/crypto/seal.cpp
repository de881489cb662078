#include "crypto/seal.hpp"

#include <sodium.h>

#include <string>

#include "base/check.hpp"

namespace fabrica::crypto {

static_assert(kSealKeyBytes == crypto_secretbox_KEYBYTES);

Bytes seal(ByteView key, std::string_view text, Random& random) {
  FABRICA_CHECK(key.size() == kSealKeyBytes);
  Bytes out(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + text.size());
  random.fill(std::span{out}.first(crypto_secretbox_NONCEBYTES));
  auto const bytes = as_bytes(text);
  crypto_secretbox_easy(out.data() + crypto_secretbox_NONCEBYTES, bytes.data(), bytes.size(), out.data(), key.data());
  return out;
}

Result<SecretText> unseal(ByteView key, ByteView sealed) {
  FABRICA_CHECK(key.size() == kSealKeyBytes);
  constexpr auto kOverhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  auto const wrong = [] { return fail(Errc::invalid, "sealed", "This was sealed with another key, or was changed."); };
  if (sealed.size() < kOverhead) return wrong();
  std::string text(sealed.size() - kOverhead, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(text.data());
  if (crypto_secretbox_open_easy(out, sealed.data() + crypto_secretbox_NONCEBYTES,
                                 sealed.size() - crypto_secretbox_NONCEBYTES, sealed.data(), key.data()) != 0)
    return wrong();
  return SecretText{std::move(text)};
}

}  // namespace fabrica::crypto
