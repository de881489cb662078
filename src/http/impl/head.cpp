#include "http/impl/head.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace fabrica::http::impl {
namespace {

// A page that needs more than nothing says so with its own policy; everything else can load and run nothing.
constexpr std::string_view kPolicy =
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";
constexpr std::string_view kAlways =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

void append_clean(std::string& out, std::string_view text) {
  for (char const c : text)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) out += c;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_clean(out, name);
  out += ": ";
  append_clean(out, value);
  out += "\r\n";
}

}  // namespace

void append_head(std::string& out, Response const& response, HeadFacts const& facts) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 reason_phrase(response.status), facts.date);
  for (auto const& [name, value] : response.headers) append_field(out, name, value);
  if (facts.content_length) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *facts.content_length);
  if (facts.chunked) out += "Transfer-Encoding: chunked\r\n";
  append_field(out, "X-Request-Id", facts.request_id);
  if (!facts.keep_alive) out += "Connection: close\r\n";
  if (!response.headers.has("Cache-Control"))
    out += response.headers.has("ETag") ? "Cache-Control: private, no-cache\r\n" : "Cache-Control: no-store\r\n";
  if (!response.headers.has("Content-Security-Policy")) out += kPolicy;
  out += kAlways;
  out += "\r\n";
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

std::string format_http_date(std::int64_t seconds) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  namespace chrono = std::chrono;
  auto const point = chrono::sys_seconds{chrono::seconds{seconds}};
  auto const day = chrono::floor<chrono::days>(point);
  chrono::year_month_day const date{day};
  chrono::hh_mm_ss const clock{point - day};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[chrono::weekday{day}.c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

bool sane_request_id(std::string_view text) {
  if (text.size() < 8 || text.size() > 64) return false;
  for (char const c : text) {
    bool const plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
    if (!plain) return false;
  }
  return true;
}

std::string_view origin_form(std::string_view target) {
  if (target.starts_with('/') || target == "*") return target;
  for (std::string_view const scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    auto const slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
  }
  return {};
}

}  // namespace fabrica::http::impl
