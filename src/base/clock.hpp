#pragma once

#include <cstdint>

namespace fabrica {

// Microseconds since 1970-01-01T00:00:00Z. The only form in which a time is stored or passed.
using Micros = std::int64_t;

inline constexpr Micros kSecond = 1'000'000;
inline constexpr Micros kMinute = 60 * kSecond;
inline constexpr Micros kHour = 60 * kMinute;
inline constexpr Micros kDay = 24 * kHour;

// Port: what time it is. Rules take a time; only services hold a clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Micros now() const override;
};

// A clock a test sets.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Micros now) : now_{now} {}
  Micros now() const override { return now_; }
  void set(Micros now) { now_ = now; }
  void advance(Micros by) { now_ += by; }

 private:
  Micros now_;
};

}  // namespace fabrica
