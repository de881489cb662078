#pragma once

#include "base/random.hpp"

namespace fabrica::crypto {

// The operating system's generator (libsodium over getrandom). Safe from any thread.
class SystemRandom final : public Random {
 public:
  SystemRandom();
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace fabrica::crypto
