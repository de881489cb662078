#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/rule.hpp"
#include "schedule/zone.hpp"

// Days of the Gregorian calendar, and which of them are worked on. No zone, no time of day.
namespace fabrica::schedule {

using Day = std::chrono::sys_days;

inline constexpr int kYearMin = 1970;
inline constexpr int kYearMax = 2199;
inline constexpr std::int64_t kDaySeconds = 86'400;

// YYYY-MM-DD of a day that exists, years 1970 to 2199.
std::optional<Day> parse_day(std::string_view text);
// HH:MM or HH:MM:SS.
std::optional<std::int64_t> parse_clock_s(std::string_view text);

std::string text_of(Day day);
Day day_of(Wall wall);
Wall wall_of(Day day, std::int64_t clock_s);
std::int64_t clock_s_of(Wall wall);

// The same day so many months on, the last of the month where it has no such day.
Day add_months(Day day, std::int64_t months);

// Months since January 1970.
std::int64_t month_of(Day day);
Day first_of(std::int64_t month);
unsigned length_of(std::int64_t month);

// Monday to Friday without the holidays given (sorted).
bool is_working(Day day, std::vector<Day> const& holidays);
Day add_working_days(Day day, std::int64_t count, std::vector<Day> const& holidays);
Day shifted(Day day, Shift shift, std::vector<Day> const& holidays);

}  // namespace fabrica::schedule
