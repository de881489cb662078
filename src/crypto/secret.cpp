#include "crypto/secret.hpp"

#include <sodium.h>

namespace fabrica::crypto {

void wipe(std::span<std::uint8_t> bytes) {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) {
  // Up to the capacity: a text that shrank may still hold its old end, and a short one lies inside the object itself.
  text.resize(text.capacity());
  sodium_memzero(text.data(), text.size());
  text.clear();
}

bool equal_in_constant_time(ByteView one, ByteView two) {
  if (one.size() != two.size()) return false;
  return one.empty() || sodium_memcmp(one.data(), two.data(), one.size()) == 0;
}

bool equal_in_constant_time(std::string_view one, std::string_view two) {
  return equal_in_constant_time(as_bytes(one), as_bytes(two));
}

}  // namespace fabrica::crypto
