#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "http/metrics.hpp"
#include "http/router.hpp"
#include "runtime/pool.hpp"

namespace fabrica::http {

// HTTP/1.1 with keep-alive and pipelining. Sockets live on a few I/O threads; handlers run on the worker pool. TLS is a
// reverse proxy's work.
class Server {
 public:
  struct Settings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: any free one, port() says which
    int io_threads = 2;
    int connections_max = 4096;
    std::uint32_t head_bytes_max = 16u << 10;
    int head_fields_max = 64;
    std::uint64_t body_bytes_max = 1u << 20;  // of a route that does not say its own
    Micros idle_us = 60 * kSecond;            // between two requests of a connection
    Micros head_us = 10 * kSecond;            // from the first byte of a request to the end of its head
    Micros body_us = 60 * kSecond;            // without a byte of the body
    Micros write_us = 60 * kSecond;           // without a byte taken by the client
    bool access_log = true;
  };

  // Listens and serves from here on. The router, pool, metrics, clock and log outlive the server; the pool is stopped
  // after it. Errors: invalid "listen_address", conflict "port_taken", forbidden "port_privileged", unavailable
  // "listen".
  static Result<std::unique_ptr<Server>> start(Settings settings, Router const& router, runtime::Pool& pool,
                                               Metrics& metrics, Clock const& clock, Random& random, Log& log);
  ~Server();  // stop(0) when nobody did
  Server(Server const&) = delete;
  Server& operator=(Server const&) = delete;

  std::uint16_t port() const;
  // Accepts nothing new, ends event streams and idle connections, lets requests under way answer until the deadline,
  // then cuts. Returns when no handler of this server runs any more.
  void stop(Micros deadline_us);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fabrica::http
