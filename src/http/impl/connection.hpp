#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>

#include "http/impl/io_thread.hpp"
#include "http/impl/request_reader.hpp"

namespace fabrica::http::impl {

// One connection's life. Callbacks, no coroutines: g++ 12 miscompiles common forms of those. A connection belongs to
// one I/O thread, on which all its code runs; only handlers and upload pieces run on the worker pool, one at a time,
// and come back by post().
class HttpConnection final : public Connection, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Site& site, IoThread& thread, boost::asio::ip::tcp::socket socket)
      : site_{site},
        thread_{thread},
        socket_{std::move(socket)},
        reader_{{site.settings().head_bytes_max, site.settings().head_fields_max}} {
    site_.connection_opened();
    place_ = thread_.connections.insert(thread_.connections.end(), this);
  }
  ~HttpConnection() override {
    thread_.connections.erase(place_);
    close_stream();
    site_.connection_closed();
  }

  void start(std::string remote_address);
  void on_tick() override;
  void stop_soon() override;
  void cut() override;
  std::shared_ptr<Connection> self() override { return shared_from_this(); }

 private:
  enum class Phase : std::uint8_t { idle, head, body, working, writing, streaming, lingering, closed };

  void next_request();
  void read_more();
  void on_read(boost::system::error_code error, std::size_t bytes);
  void on_bytes();
  void parse_head();
  void on_head();
  void begin_body();
  void parse_body();
  Response too_large() const;
  void refuse(Response response);  // and close: the rest of the request is not read
  void call_handler();
  void begin_upload();
  void give_piece(bool last);
  template <class F>
  void on_worker(F work, bool begun);
  void respond(Response response);
  void write_out();
  void on_written(boost::system::error_code error, std::size_t bytes);
  bool load_file_piece();
  void start_stream();
  void pump_stream();
  void send_chunk(std::string_view bytes);
  void finish_response();
  void close_stream();
  void drop_sink();
  void linger();
  void expired();
  void set_deadline(std::chrono::steady_clock::duration after) { deadline_ = std::chrono::steady_clock::now() + after; }
  void no_deadline() { deadline_ = std::chrono::steady_clock::time_point::max(); }

  Site& site_;
  IoThread& thread_;
  boost::asio::ip::tcp::socket socket_;
  std::list<Connection*>::iterator place_;
  std::string remote_address_;
  Phase phase_ = Phase::idle;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  RequestReader reader_;
  bool reading_ = false;
  bool expired_ = false;
  bool stopping_ = false;

  RequestReader::Facts facts_;
  Request request_;
  Route const* route_ = nullptr;
  std::uint64_t body_limit_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::unique_ptr<BodySink> sink_;
  std::chrono::steady_clock::time_point began_;

  Response response_;
  bool keep_alive_ = true;
  std::string out_;  // what is being written, then response_.body
  std::size_t out_sent_ = 0;
  bool body_follows_ = false;
  bool chunked_ = false;
  bool last_chunk_sent_ = false;
  std::uint64_t sent_bytes_ = 0;
  std::chrono::steady_clock::time_point heartbeat_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace fabrica::http::impl
