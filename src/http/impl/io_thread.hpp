#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <string>

#include "http/impl/site.hpp"

namespace fabrica::http::impl {

// A connection as its thread sees it. All of it runs on that thread.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void on_tick() = 0;    // deadlines, heartbeats
  virtual void stop_soon() = 0;  // after the request under way
  virtual void cut() = 0;        // now
  virtual std::shared_ptr<Connection> self() = 0;
};

// One thread's sockets. Deadlines are plain times that a tick compares: a timer object a connection costs 4 %.
// Shared with the streams' producers, who may post to it after the server has stopped.
struct IoThread : std::enable_shared_from_this<IoThread> {
  boost::asio::io_context context{1};
  boost::asio::steady_timer tick{context};
  std::list<Connection*> connections;
  std::string date;
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
};

// Takes over an accepted socket whose executor is the thread's context. Called on that thread.
void serve(Site& site, IoThread& thread, boost::asio::ip::tcp::socket socket, std::string remote_address);

}  // namespace fabrica::http::impl
