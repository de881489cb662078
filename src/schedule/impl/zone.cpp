#include "schedule/zone.hpp"

#include <fmt/format.h>
#include <unicode/basictz.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "base/check.hpp"
#include "schedule/impl/dates.hpp"

namespace fabrica::schedule {

struct Zone::Data {
  std::unique_ptr<icu::BasicTimeZone const> zone;

  std::int64_t offset_s(std::int64_t utc_s) const {
    std::int32_t raw_ms = 0;
    std::int32_t saving_ms = 0;
    UErrorCode status = U_ZERO_ERROR;
    zone->getOffset(static_cast<UDate>(utc_s) * 1000, false, raw_ms, saving_ms, status);
    FABRICA_CHECK(U_SUCCESS(status));
    return (raw_ms + saving_ms) / 1000;
  }

  std::int64_t offset_at_wall_s(Wall wall, UTimeZoneLocalOption option) const {
    std::int32_t raw_ms = 0;
    std::int32_t saving_ms = 0;
    UErrorCode status = U_ZERO_ERROR;
    zone->getOffsetFromLocal(static_cast<UDate>(wall.seconds) * 1000, option, option, raw_ms, saving_ms, status);
    FABRICA_CHECK(U_SUCCESS(status));
    return (raw_ms + saving_ms) / 1000;
  }
};

namespace {

std::unexpected<Error> unknown_zone(std::string_view name) {
  return fail(
      Errc::invalid, "zone",
      fmt::format("\"{}\" is not a time zone: write a name of the IANA database, such as Europe/Brussels or UTC.",
                  name.substr(0, 64)));
}

// "Europe/Brussels": an area and a place. What has no slash is an abbreviation or an offset and, UTC apart, refused.
bool well_formed(std::string_view name) {
  if (name == "UTC") return true;
  if (name.size() > 64 || name.find('/') == std::string_view::npos || name.starts_with("SystemV/") ||
      name == UCAL_UNKNOWN_ZONE_ID)
    return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  });
}

std::int64_t floor_seconds(Micros instant) {
  return instant >= 0 ? instant / kSecond : -((-instant + kSecond - 1) / kSecond);
}

}  // namespace

Result<Wall> parse_wall(std::string_view text) {
  auto const day = text.size() > 11 ? parse_day(text.substr(0, 10)) : std::nullopt;
  auto const clock_s = day && (text[10] == ' ' || text[10] == 'T') ? parse_clock_s(text.substr(11)) : std::nullopt;
  if (!clock_s) {
    return fail(Errc::invalid, "local_time",
                fmt::format("\"{}\" is not a local date and time: write 2026-01-30 10:00, year {} to {}.",
                            text.substr(0, 64), kYearMin, kYearMax));
  }
  return wall_of(*day, *clock_s);
}

std::string text_of(Wall wall) {
  auto const clock_s = clock_s_of(wall);
  auto text = fmt::format("{} {:02}:{:02}", text_of(day_of(wall)), clock_s / 3600, clock_s / 60 % 60);
  if (clock_s % 60 != 0) text += fmt::format(":{:02}", clock_s % 60);
  return text;
}

Result<Zone> Zone::named(std::string_view name) {
  if (!well_formed(name)) return unknown_zone(name);
  auto const id = icu::UnicodeString::fromUTF8({name.data(), static_cast<std::int32_t>(name.size())});
  std::unique_ptr<icu::TimeZone> found{icu::TimeZone::createTimeZone(id)};
  if (!found || *found == icu::TimeZone::getUnknown()) return unknown_zone(name);
  auto const* const basic = dynamic_cast<icu::BasicTimeZone const*>(found.get());
  if (basic == nullptr) return unknown_zone(name);
  auto data = std::make_shared<Data>();
  std::ignore = found.release();
  data->zone.reset(basic);
  return Zone{std::string{name}, std::move(data)};
}

std::int64_t Zone::offset_s(Micros instant) const { return data_->offset_s(floor_seconds(instant)); }

Wall Zone::wall_at(Micros instant) const {
  auto const utc_s = floor_seconds(instant);
  return {utc_s + data_->offset_s(utc_s)};
}

Micros Zone::instant_of(Wall wall) const {
  auto const first_s = wall.seconds - data_->offset_at_wall_s(wall, UCAL_TZ_LOCAL_FORMER);
  auto last_s = wall.seconds - data_->offset_at_wall_s(wall, UCAL_TZ_LOCAL_LATTER);
  if (first_s <= last_s) return first_s * kSecond;
  // Left out: the clocks jump between last_s, where the old offset still holds, and first_s, where the new one does.
  auto const old_s = data_->offset_s(last_s);
  auto jump_s = first_s;
  while (jump_s - last_s > 1) {
    auto const middle_s = last_s + (jump_s - last_s) / 2;
    (data_->offset_s(middle_s) == old_s ? last_s : jump_s) = middle_s;
  }
  return jump_s * kSecond;
}

Occurs Zone::occurs(Wall wall) const {
  auto const former_s = data_->offset_at_wall_s(wall, UCAL_TZ_LOCAL_FORMER);
  auto const latter_s = data_->offset_at_wall_s(wall, UCAL_TZ_LOCAL_LATTER);
  if (former_s == latter_s) return Occurs::once;
  return former_s > latter_s ? Occurs::twice : Occurs::never;
}

std::string local_text(Micros instant, Zone const& zone) {
  auto const offset_s = zone.offset_s(instant);
  auto const minutes = std::abs(offset_s) / 60;
  return fmt::format("{} {} (UTC{}{:02}:{:02})", text_of(zone.wall_at(instant)), zone.name(), offset_s < 0 ? '-' : '+',
                     minutes / 60, minutes % 60);
}

std::string zone_data_version() {
  UErrorCode status = U_ZERO_ERROR;
  char const* const version = icu::TimeZone::getTZDataVersion(status);
  return U_SUCCESS(status) && version != nullptr ? version : "unknown";
}

}  // namespace fabrica::schedule
