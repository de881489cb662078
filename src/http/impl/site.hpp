#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/server.hpp"

namespace fabrica::http::impl {

// What all connections of a server share and nobody needs Beast for: routing, counting, logging, ids.
class Site {
 public:
  Site(Server::Settings settings, Router const& router, runtime::Pool& pool, Metrics& metrics, Clock const& clock,
       Random& random, Log& log);

  Server::Settings const& settings() const { return settings_; }
  runtime::Pool& pool() { return pool_; }
  Clock const& clock() const { return clock_; }
  Log& log() { return log_; }

  std::string next_request_id();

  // Fills in path, query and parameters and finds the route, or says what to answer instead: 400, 404, 405, or the
  // answer to an OPTIONS nobody handles.
  struct Routed {
    Route const* route = nullptr;
    Response instead{};
  };
  Routed route(Request& request) const;

  // Runs a handler; an exception out of it becomes a 500 whose cause is in the log under the request's id.
  Response run(Route const& route, Request& request);
  Response fault_of_ours(Request const& request, std::string_view what);

  // After an answer was sent (or broke off).
  void record(Request const& request, Route const* route, int status, std::uint64_t sent_bytes, Micros took_us);

  // Connections count themselves in and out; stop() waits for the last.
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  void begin_stopping() { stopping_ = true; }
  int connections() const { return connections_.load(std::memory_order_relaxed); }
  void connection_opened();
  void connection_closed();
  // True when none is left; without a deadline waits until then.
  bool wait_for_connections(Micros const* deadline_us);
  void request_refused() { refused_.add(); }

 private:
  struct Instruments {
    std::atomic<Counter*> by_class[5]{};
    std::atomic<Histogram*> latency{nullptr};
  };

  Server::Settings settings_;
  Router const& router_;
  runtime::Pool& pool_;
  Metrics& metrics_;
  Clock const& clock_;
  Log& log_;
  std::string id_prefix_;
  std::atomic<std::uint64_t> next_id_{1};
  std::vector<Instruments> instruments_;  // by route index; the last is for requests without a route
  Gauge& open_connections_;
  Counter& refused_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::mutex guards_last_;
  std::condition_variable last_closed_;
};

}  // namespace fabrica::http::impl
