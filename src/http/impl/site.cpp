#include "http/impl/site.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <exception>

#include "http/impl/head.hpp"
#include "http/problem.hpp"

namespace fabrica::http::impl {

Site::Site(Server::Settings settings, Router const& router, runtime::Pool& pool, Metrics& metrics, Clock const& clock,
           Random& random, Log& log)
    : settings_{std::move(settings)},
      router_{router},
      pool_{pool},
      metrics_{metrics},
      clock_{clock},
      log_{log},
      instruments_(router.routes().size() + 1),
      open_connections_{metrics.gauge("fabrica_http_connections", "Open connections.")},
      refused_{metrics.counter("fabrica_http_refused_total", "Connections and requests refused because of load.")} {
  std::array<std::uint8_t, 6> bytes{};
  random.fill(bytes);
  for (auto const byte : bytes) id_prefix_ += fmt::format("{:02x}", byte);
}

std::string Site::next_request_id() {
  return fmt::format("{}-{:x}", id_prefix_, next_id_.fetch_add(1, std::memory_order_relaxed));
}

Site::Routed Site::route(Request& request) const {
  auto const question = request.target.find('?');
  request.path = request.target.substr(0, question);
  if (question != std::string::npos) {
    auto parameters = parse_query(std::string_view{request.target}.substr(question + 1));
    if (!parameters) return {nullptr, problem(parameters.error(), request.request_id)};
    request.query_parameters = *std::move(parameters);
  }
  auto match = router_.match(request.method, request.path);
  if (!match) return {nullptr, problem(match.error(), request.request_id)};
  if (match->route) {
    request.route = match->route->pattern;
    request.path_parameters = std::move(match->parameters);
    return {match->route, {}};
  }
  if (match->allow.empty()) {
    Error const missing{Errc::not_found, "no_such_page",
                        "There is nothing at this address. /openapi.json lists what there is."};
    return {nullptr, problem(missing, request.request_id)};
  }
  auto answer = request.method == "OPTIONS" ? Response{.status = 204}
                                            : problem(405, "method_not_allowed",
                                                      fmt::format("Use one of {}.", match->allow), request.request_id);
  answer.headers.set("Allow", match->allow);
  return {nullptr, std::move(answer)};
}

Response Site::fault_of_ours(Request const& request, std::string_view what) {
  log_.error("http.handler_failed", {{"request", request.request_id}, {"route", request.route}, {"cause", what}});
  return problem(
      Error{Errc::internal, "internal",
            "Something went wrong on our side. The operator finds the cause in the log under the request id."},
      request.request_id);
}

Response Site::run(Route const& route, Request& request) {
  try {
    return route.handler(request);
  } catch (std::exception const& error) {
    return fault_of_ours(request, error.what());
  } catch (...) {
    return fault_of_ours(request, "unknown exception");
  }
}

void Site::record(Request const& request, Route const* route, int status, std::uint64_t sent_bytes, Micros took_us) {
  auto& instruments = instruments_[route ? route->index : instruments_.size() - 1];
  auto const status_class = static_cast<std::size_t>(status >= 100 && status < 600 ? status / 100 - 1 : 4);
  auto* counter = instruments.by_class[status_class].load(std::memory_order_acquire);
  // What the client sent as a method is not a label: he could invent any number of them.
  auto const labels = [&]() -> Labels {
    return {{"method", route ? route->method : "other"}, {"route", route ? route->pattern : "none"}};
  };
  if (!counter) {
    auto with_status = labels();
    with_status.emplace_back("status", fmt::format("{}xx", status_class + 1));
    counter = &metrics_.counter("fabrica_http_requests_total", "Requests answered.", std::move(with_status));
    instruments.by_class[status_class].store(counter, std::memory_order_release);
  }
  counter->add();
  auto* latency = instruments.latency.load(std::memory_order_acquire);
  if (!latency) {
    latency = &metrics_.histogram("fabrica_http_request_seconds", "From the end of the head to the end of the answer.",
                                  labels());
    instruments.latency.store(latency, std::memory_order_release);
  }
  latency->observe(took_us);
  if (settings_.access_log)
    log_.info("http.request", {{"request", request.request_id},
                               {"method", request.method},
                               {"path", request.path},
                               {"route", route ? std::string_view{route->pattern} : std::string_view{"none"}},
                               {"status", status},
                               {"bytes", sent_bytes},
                               {"us", took_us},
                               {"remote", request.remote_address}});
}

void Site::connection_opened() {
  ++connections_;
  open_connections_.add(1);
}

void Site::connection_closed() {
  open_connections_.add(-1);
  // Notified under the lock: stop() may destroy this object as soon as it sees the count.
  std::lock_guard const lock{guards_last_};
  if (--connections_ == 0) last_closed_.notify_all();
}

bool Site::wait_for_connections(Micros const* deadline_us) {
  std::unique_lock lock{guards_last_};
  auto const none = [&] { return connections_ == 0; };
  if (!deadline_us) return last_closed_.wait(lock, none), true;
  return last_closed_.wait_for(lock, std::chrono::microseconds{*deadline_us}, none);
}

}  // namespace fabrica::http::impl
