#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace fabrica {

// A time as a member of a described struct: an RFC 3339 string in JSON, BIGINT microseconds in a database.
struct Time {
  Micros us = 0;
  friend auto operator<=>(Time const&, Time const&) = default;
};

// "2026-11-23T12:00:00Z", with six decimals only when there are microseconds. RFC 3339, always UTC.
std::string format_time(Micros time);

// RFC 3339 date-time with Z or a numeric offset, or a bare date (midnight UTC). Errors: invalid "time".
Result<Micros> parse_time(std::string_view text);

// "2026-11-23": the UTC day of a time.
std::string format_date(Micros time);

// "1 h 04 min", "12.5 s", "340 ms": for people.
std::string format_duration(Micros span);

}  // namespace fabrica
