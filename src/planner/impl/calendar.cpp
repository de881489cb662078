#include <chrono>

#include "base/check.hpp"
#include "planner/plan.hpp"

namespace fabrica::planner {

namespace {

using std::chrono::sys_days;

sys_days day_of(std::string_view date) {
  auto const time = parse_time(date);
  FABRICA_CHECK(time.has_value() && date.size() == 10);
  return sys_days{std::chrono::days{*time / kDay}};
}

std::string text_of(sys_days day) { return format_date(day.time_since_epoch().count() * kDay); }

}  // namespace

std::string add_working_days(std::string_view date, std::int64_t days) {
  auto day = day_of(date);
  while (days > 0) {
    day += std::chrono::days{1};
    auto const weekday = std::chrono::weekday{day};
    if (weekday != std::chrono::Saturday && weekday != std::chrono::Sunday) --days;
  }
  return text_of(day);
}

std::string add_months(std::string_view date, std::int64_t months) {
  auto const ymd = std::chrono::year_month_day{day_of(date)};
  auto const moved = ymd.year() / ymd.month() + std::chrono::months{months};
  auto const last = std::chrono::year_month_day_last{moved.year(), std::chrono::month_day_last{moved.month()}};
  return text_of(moved / std::min(ymd.day(), last.day()));
}

}  // namespace fabrica::planner
