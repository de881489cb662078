#pragma once

#include <cstdint>
#include <span>

namespace fabrica {

// Port: unpredictable bytes. crypto/ has the real one; tests seed a fake.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

// A repeatable stream (splitmix64) for tests and for seeded choices that are published; never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_{seed} {}
  void fill(std::span<std::uint8_t> out) override;
  std::uint64_t next();
  // Uniform in [0, bound), bound > 0, without modulo bias.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_;
};

}  // namespace fabrica
