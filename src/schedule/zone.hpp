#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace fabrica::schedule {

// What a clock on a wall shows, somewhere: seconds since it showed 1970-01-01 00:00:00. Only a Zone makes it an
// instant.
struct Wall {
  std::int64_t seconds = 0;
  friend auto operator<=>(Wall const&, Wall const&) = default;
};

// "2026-01-30 10:00" or "2026-01-30T10:00", seconds optional, years 1970 to 2199. Errors: invalid "local_time".
Result<Wall> parse_wall(std::string_view text);
// "2026-01-30 10:00", with seconds only when there are some.
std::string text_of(Wall wall);

// How often the clocks of a zone show a time: twice in the hour that is set back, never in the hour that is left out.
enum class Occurs : std::uint8_t { once, twice, never };

// A time zone of the IANA database, as ICU knows it. Immutable; copies share the data, the last one frees it.
class Zone {
 public:
  // "Europe/Brussels", "UTC". Old abbreviations and offsets ("EST", "GMT+2") are refused: they follow no law.
  // Errors: invalid "zone".
  static Result<Zone> named(std::string_view name);

  std::string const& name() const { return name_; }
  std::int64_t offset_s(Micros instant) const;  // local minus UTC
  Wall wall_at(Micros instant) const;           // whole seconds, rounded down

  // The first instant at which the clocks show this time or a later one. So a time that does not exist moves forward to
  // the moment the clocks are set, and one that exists twice is the first of the two. Later walls are never earlier
  // instants.
  Micros instant_of(Wall wall) const;
  Occurs occurs(Wall wall) const;

 private:
  struct Data;
  Zone(std::string name, std::shared_ptr<Data const> data) : name_{std::move(name)}, data_{std::move(data)} {}

  std::string name_;
  std::shared_ptr<Data const> data_;
};

// "2026-01-30 10:00 Europe/Brussels (UTC+01:00)": for letters and pages. Seconds only when there are some.
std::string local_text(Micros instant, Zone const& zone);

// The edition of the IANA database in use ("2022e"): recorded beside what was computed from it.
std::string zone_data_version();

}  // namespace fabrica::schedule
