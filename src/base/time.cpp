#include "base/time.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace fabrica {
namespace {

namespace chrono = std::chrono;

std::unexpected<Error> bad_time(std::string_view text) {
  return fail(Errc::invalid, "time",
              fmt::format("\"{}\" is not a time: write 2026-11-23T12:00:00Z or 2026-11-23.", text.substr(0, 64)));
}

struct Reader {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t count) {
    int value = 0;
    if (rest.size() < count) return ok = false, 0;
    auto const [end, error] = std::from_chars(rest.data(), rest.data() + count, value);
    ok = ok && error == std::errc{} && end == rest.data() + count && rest[0] != '-';
    rest.remove_prefix(count);
    return value;
  }
  char take(std::string_view any_of) {
    if (rest.empty() || any_of.find(rest[0]) == std::string_view::npos) return ok = false, '\0';
    char const found = rest[0];
    rest.remove_prefix(1);
    return found;
  }
};

}  // namespace

Micros SystemClock::now() const {
  return chrono::duration_cast<chrono::microseconds>(chrono::system_clock::now().time_since_epoch()).count();
}

std::string format_time(Micros time) {
  auto const point = chrono::sys_time<chrono::microseconds>{chrono::microseconds{time}};
  auto const day = chrono::floor<chrono::days>(point);
  chrono::year_month_day const date{day};
  chrono::hh_mm_ss const clock{point - day};
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                          clock.minutes().count(), clock.seconds().count());
  if (auto const fraction = clock.subseconds().count(); fraction != 0) text += fmt::format(".{:06}", fraction);
  return text + "Z";
}

std::string format_date(Micros time) { return format_time(time).substr(0, 10); }

Result<Micros> parse_time(std::string_view text) {
  Reader in{text};
  int const year = in.digits(4);
  in.take("-");
  int const month = in.digits(2);
  in.take("-");
  int const day = in.digits(2);
  chrono::year_month_day const date{chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)}};
  if (!in.ok || !date.ok()) return bad_time(text);
  Micros time = chrono::sys_days{date}.time_since_epoch().count() * kDay;
  if (in.rest.empty()) return time;

  in.take("Tt ");
  int const hour = in.digits(2);
  in.take(":");
  int const minute = in.digits(2);
  in.take(":");
  int const second = in.digits(2);
  if (!in.ok || hour > 23 || minute > 59 || second > 59) return bad_time(text);
  time += hour * kHour + minute * kMinute + second * kSecond;
  if (in.rest.starts_with('.')) {
    in.rest.remove_prefix(1);
    Micros place = kSecond / 10;
    if (in.rest.empty() || in.rest[0] < '0' || in.rest[0] > '9') return bad_time(text);
    for (; !in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9'; in.rest.remove_prefix(1), place /= 10)
      time += (in.rest[0] - '0') * place;
  }
  char const zone = in.take("Zz+-");
  if (!in.ok) return bad_time(text);
  if (zone == '+' || zone == '-') {
    int const hours = in.digits(2);
    in.take(":");
    int const minutes = in.digits(2);
    if (!in.ok || hours > 23 || minutes > 59) return bad_time(text);
    time += (zone == '+' ? -1 : 1) * (hours * kHour + minutes * kMinute);
  }
  if (!in.rest.empty()) return bad_time(text);
  return time;
}

std::string format_duration(Micros span) {
  if (span < kSecond) return fmt::format("{} ms", span / 1000);
  if (span < kMinute) return fmt::format("{:.1f} s", static_cast<double>(span) / kSecond);
  if (span < kHour) return fmt::format("{} min {:02} s", span / kMinute, span % kMinute / kSecond);
  if (span < 2 * kDay) return fmt::format("{} h {:02} min", span / kHour, span % kHour / kMinute);
  return fmt::format("{} days {} h", span / kDay, span % kDay / kHour);
}

}  // namespace fabrica
