#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/check.hpp"
#include "base/result.hpp"

namespace fabrica {

void die(std::string_view why, std::source_location where) {
  fmt::print(stderr, "fabrica: {} ({}:{})\n", why, where.file_name(), where.line());
  std::fflush(stderr);
  std::abort();
}

std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::invalid: return "invalid";
    case Errc::unauthenticated: return "unauthenticated";
    case Errc::forbidden: return "forbidden";
    case Errc::not_found: return "not_found";
    case Errc::conflict: return "conflict";
    case Errc::stale: return "stale";
    case Errc::over_budget: return "over_budget";
    case Errc::too_large: return "too_large";
    case Errc::rate_limited: return "rate_limited";
    case Errc::unavailable: return "unavailable";
    case Errc::internal: return "internal";
  }
  std::unreachable();
}

int http_status(Errc code) {
  switch (code) {
    case Errc::invalid: return 400;
    case Errc::unauthenticated: return 401;
    case Errc::forbidden: return 403;
    case Errc::not_found: return 404;
    case Errc::conflict: return 409;
    case Errc::stale: return 412;
    case Errc::over_budget: return 409;  // not 429: a retry will not help
    case Errc::too_large: return 413;
    case Errc::rate_limited: return 429;
    case Errc::unavailable: return 503;
    case Errc::internal: return 500;
  }
  std::unreachable();
}

int exit_status(Errc code) {
  switch (code) {
    case Errc::invalid:
    case Errc::too_large: return 2;
    case Errc::unauthenticated:
    case Errc::forbidden: return 3;
    case Errc::not_found: return 4;
    case Errc::conflict:
    case Errc::stale:
    case Errc::over_budget: return 5;
    case Errc::rate_limited:
    case Errc::unavailable: return 6;
    case Errc::internal: return 1;
  }
  std::unreachable();
}

}  // namespace fabrica
