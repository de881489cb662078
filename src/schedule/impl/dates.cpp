#include "schedule/impl/dates.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fabrica::schedule {
namespace {

namespace chrono = std::chrono;

// Exactly so many digits, or nothing.
std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (char const c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<Day> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  auto const year = digits(text.substr(0, 4));
  auto const month = digits(text.substr(5, 2));
  auto const day = digits(text.substr(8, 2));
  if (!year || !month || !day || *year < kYearMin || *year > kYearMax) return std::nullopt;
  chrono::year_month_day const date{chrono::year{*year}, chrono::month{static_cast<unsigned>(*month)},
                                    chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return Day{date};
}

std::optional<std::int64_t> parse_clock_s(std::string_view text) {
  if ((text.size() != 5 && text.size() != 8) || text[2] != ':') return std::nullopt;
  if (text.size() == 8 && text[5] != ':') return std::nullopt;
  auto const hour = digits(text.substr(0, 2));
  auto const minute = digits(text.substr(3, 2));
  auto const second = text.size() == 8 ? digits(text.substr(6, 2)) : std::optional<int>{0};
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return *hour * 3600 + *minute * 60 + *second;
}

std::string text_of(Day day) {
  chrono::year_month_day const date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

Day day_of(Wall wall) { return chrono::floor<chrono::days>(chrono::sys_seconds{chrono::seconds{wall.seconds}}); }

Wall wall_of(Day day, std::int64_t clock_s) { return {day.time_since_epoch().count() * kDaySeconds + clock_s}; }

std::int64_t clock_s_of(Wall wall) { return wall.seconds - wall_of(day_of(wall), 0).seconds; }

Day add_months(Day day, std::int64_t months) {
  chrono::year_month_day const date{day};
  auto const month = month_of(day) + months;
  return first_of(month) + chrono::days{std::min(static_cast<unsigned>(date.day()), length_of(month)) - 1};
}

std::int64_t month_of(Day day) {
  chrono::year_month_day const date{day};
  return (static_cast<int>(date.year()) - 1970) * 12 + static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

Day first_of(std::int64_t month) {
  return Day{(chrono::year{1970} / chrono::January + chrono::months{month}) / chrono::day{1}};
}

unsigned length_of(std::int64_t month) {
  return static_cast<unsigned>((first_of(month + 1) - first_of(month)).count());
}

bool is_working(Day day, std::vector<Day> const& holidays) {
  chrono::weekday const weekday{day};
  return weekday != chrono::Saturday && weekday != chrono::Sunday && !std::ranges::binary_search(holidays, day);
}

Day add_working_days(Day day, std::int64_t count, std::vector<Day> const& holidays) {
  while (count > 0) {
    day += chrono::days{1};
    if (is_working(day, holidays)) --count;
  }
  return day;
}

Day shifted(Day day, Shift shift, std::vector<Day> const& holidays) {
  if (shift == Shift::none) return day;
  // Rules with a longer run of free days are refused, so this ends.
  while (!is_working(day, holidays)) day += chrono::days{shift == Shift::after ? 1 : -1};
  return day;
}

}  // namespace fabrica::schedule
