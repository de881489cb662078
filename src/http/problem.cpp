#include "http/problem.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json/json.hpp"

namespace fabrica::http {
namespace {

struct ShownFault {
  std::string pointer;
  std::string what;
};
BOOST_DESCRIBE_STRUCT(ShownFault, (), (pointer, what))

struct Problem {
  std::string type;
  std::string title;
  int status = 0;
  std::string detail;
  std::string reason;
  std::string request;
  std::optional<std::vector<ShownFault>> faults = {};
};
BOOST_DESCRIBE_STRUCT(Problem, (), (type, title, status, detail, reason, request, faults))

std::string_view title_of(int status) {
  switch (status) {
    case 400: return "The request is wrong";
    case 401: return "Not logged in";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 408: return "The request took too long";
    case 409: return "Not possible in this state";
    case 412: return "It has changed since you read it";
    case 413: return "Too large";
    case 417: return "Expectation failed";
    case 429: return "Too many requests";
    case 431: return "The head of the request is too large";
    case 500: return "A fault of ours";
    case 501: return "Not implemented";
    case 503: return "Not available now";
    case 505: return "HTTP version not supported";
    default: return "Error";
  }
}

Response make(Problem shown, bool retry) {
  auto response = text_response(shown.status, "application/problem+json", json::write(shown));
  if (retry) response.headers.add("Retry-After", "1");
  if (shown.status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

std::string type_of(std::string_view reason) { return fmt::format("urn:fabrica:problem:{}", reason); }

Errc code_of(int status) {
  switch (status) {
    case 401: return Errc::unauthenticated;
    case 403: return Errc::forbidden;
    case 404: return Errc::not_found;
    case 409: return Errc::conflict;
    case 412: return Errc::stale;
    case 413: return Errc::too_large;
    case 429: return Errc::rate_limited;
    case 502:
    case 503:
    case 504: return Errc::unavailable;
    default: return status >= 500 ? Errc::internal : Errc::invalid;
  }
}

}  // namespace

Response problem(Error const& error, std::string_view request_id) {
  int const status = http_status(error.code);
  Problem shown{.type = type_of(error.reason),
                .title = std::string{title_of(status)},
                .status = status,
                .detail = error.what,
                .reason = error.reason,
                .request = std::string{request_id}};
  if (!error.faults.empty()) {
    shown.faults.emplace();
    for (auto const& fault : error.faults) shown.faults->push_back({fault.pointer, fault.what});
  }
  return make(std::move(shown), error.code == Errc::unavailable || error.code == Errc::rate_limited);
}

Response problem(int status, std::string_view reason, std::string_view detail, std::string_view request_id) {
  return make(Problem{.type = type_of(reason),
                      .title = std::string{title_of(status)},
                      .status = status,
                      .detail = std::string{detail},
                      .reason = std::string{reason},
                      .request = std::string{request_id}},
              status == 503);
}

Error error_of(int status, std::string_view content_type, std::string_view body) {
  Error error{.code = code_of(status),
              .reason = fmt::format("http_{}", status),
              .what = fmt::format("The server answered {}.", status)};
  if (!content_type.starts_with("application/problem+json")) return error;
  auto const document = json::Document::parse(body);
  if (!document) return error;
  if (auto const reason = document->at("/reason").text()) error.reason = *reason;
  if (auto const detail = document->at("/detail").text()) error.what = *detail;
  auto const faults = document->at("/faults");
  for (std::size_t place = 0; place < std::min<std::size_t>(faults.size(), 100); ++place)
    error.faults.push_back({std::string{faults[place].find("pointer").text().value_or("")},
                            std::string{faults[place].find("what").text().value_or("")}});
  // over_budget shares its status with conflict; the reason says which.
  if (status == 409 && error.reason.starts_with("over_budget")) error.code = Errc::over_budget;
  return error;
}

}  // namespace fabrica::http
