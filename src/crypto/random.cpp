#include "crypto/random.hpp"

#include <sodium.h>

#include "base/check.hpp"

namespace fabrica::crypto {

SystemRandom::SystemRandom() { FABRICA_CHECK(sodium_init() >= 0); }

void SystemRandom::fill(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

}  // namespace fabrica::crypto
