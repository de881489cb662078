#include "http/impl/connection.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "http/impl/head.hpp"
#include "http/problem.hpp"
#include "http/stream.hpp"

namespace fabrica::http::impl {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 8u << 10;
constexpr std::size_t kPieceBytes = 128u << 10;  // of uploads and files
constexpr auto kLinger = std::chrono::milliseconds{2000};
constexpr auto kLingerWhenStopping = std::chrono::milliseconds{200};

std::chrono::microseconds us(Micros micros) { return std::chrono::microseconds{micros}; }

}  // namespace

void HttpConnection::start(std::string remote_address) {
  remote_address_ = std::move(remote_address);
  error_code ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  socket_.non_blocking(true, ignored);
  next_request();
}

void HttpConnection::next_request() {
  reader_.begin();
  facts_ = {};
  request_ = {};
  response_ = {};
  route_ = nullptr;
  body_bytes_ = 0;
  keep_alive_ = true;
  phase_ = Phase::idle;
  if (reader_.waiting_bytes() != 0) return on_bytes();
  if (stopping_ || site_.stopping()) return cut();
  set_deadline(us(site_.settings().idle_us));
  read_more();
}

void HttpConnection::read_more() {
  if (reading_) return;
  reading_ = true;
  auto const want = phase_ == Phase::body ? kPieceBytes : kReadBytes;
  auto const space = reader_.space(want);
  socket_.async_read_some(asio::buffer(space.data(), space.size()),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->reading_ = false;
                            self->on_read(error, bytes);
                          });
}

void HttpConnection::on_read(error_code error, std::size_t bytes) {
  reader_.commit(bytes);
  switch (phase_) {
    case Phase::idle:
    case Phase::head:
    case Phase::body:
      if (expired_) return refuse(problem(408, "request_timeout", "The request came too slowly.", request_.request_id));
      if (error) return cut();  // whatever was begun: the client has gone
      return on_bytes();
    case Phase::streaming:
      // Only the end is of interest; a pipelined request waits in the buffer, and enough of them end the connection.
      if (error || reader_.waiting_bytes() > kPieceBytes) return cut();
      return read_more();
    case Phase::lingering:
      reader_.discard();
      if (error) return cut();
      return read_more();
    case Phase::working:
    case Phase::writing:
    case Phase::closed: return;
  }
}

void HttpConnection::on_bytes() {
  if (phase_ == Phase::idle) {
    phase_ = Phase::head;
    request_.request_id = site_.next_request_id();
    set_deadline(us(site_.settings().head_us));
  }
  if (phase_ == Phase::head) return parse_head();
  // The whole of a body kept in memory has one deadline; a long upload only has to go on.
  if (route_->upload) set_deadline(us(site_.settings().body_us));
  parse_body();
}

void HttpConnection::parse_head() {
  request_.remote_address = remote_address_;
  Response refusal;
  switch (reader_.head(request_, facts_, refusal)) {
    case RequestReader::Step::more: return read_more();
    case RequestReader::Step::refused: return refuse(std::move(refusal));
    case RequestReader::Step::there: break;
  }
  keep_alive_ = facts_.keep_alive;
  on_head();
}

void HttpConnection::on_head() {
  began_ = steady_clock::now();
  auto routed = site_.route(request_);
  if (!routed.route) return facts_.complete ? respond(std::move(routed.instead)) : refuse(std::move(routed.instead));
  route_ = routed.route;
  body_limit_ = route_->body_bytes_max != 0 ? route_->body_bytes_max : site_.settings().body_bytes_max;
  if (facts_.announced_bytes.value_or(0) > body_limit_) return refuse(too_large());
  if (route_->upload) return begin_upload();
  begin_body();
}

void HttpConnection::begin_body() {
  phase_ = Phase::body;
  set_deadline(us(site_.settings().body_us));
  if (facts_.expect_continue && !facts_.complete) {
    // 25 bytes into an empty send buffer: it takes them at once or the client is not worth more trouble.
    error_code ignored;
    socket_.write_some(asio::buffer(std::string_view{"HTTP/1.1 100 Continue\r\n\r\n"}), ignored);
    facts_.expect_continue = false;
  }
  parse_body();
}

void HttpConnection::parse_body() {
  Response refusal;
  auto const step = facts_.complete ? RequestReader::Step::there : reader_.body(request_, refusal);
  if (step == RequestReader::Step::refused) return refuse(std::move(refusal));
  facts_.complete = step == RequestReader::Step::there;
  auto& piece = reader_.piece();
  if (body_bytes_ + piece.size() > body_limit_) return refuse(too_large());
  if (route_->upload && (facts_.complete || piece.size() >= kPieceBytes)) return give_piece(facts_.complete);
  if (!facts_.complete) return read_more();
  request_.body = std::move(piece);
  call_handler();
}

Response HttpConnection::too_large() const {
  return problem(Error{Errc::too_large, "body_too_large", fmt::format("The body may have {} bytes.", body_limit_)},
                 request_.request_id);
}

void HttpConnection::refuse(Response response) {
  keep_alive_ = false;
  if (began_ == steady_clock::time_point{}) began_ = steady_clock::now();
  drop_sink();
  respond(std::move(response));
}

// Runs work() on the pool, then what it returned on our thread. The worker gives up its hold on the connection there,
// so that a connection always ends on its own thread.
template <class F>
void HttpConnection::on_worker(F work, bool begun) {
  phase_ = Phase::working;
  no_deadline();
  auto task = [self = shared_from_this(), work = std::move(work)]() mutable {
    auto& context = self->thread_.context;
    auto then = work();
    asio::post(context, [self = std::move(self), then = std::move(then)]() mutable {
      if (self->phase_ == Phase::working) then();
      else self->drop_sink();  // cut meanwhile
    });
  };
  // std::function wants copies it never makes; the shared box gives it one.
  auto box = std::make_shared<decltype(task)>(std::move(task));
  auto const run = [box] { (*box)(); };
  if (begun ? site_.pool().submit_next(run) : site_.pool().submit(run)) return;
  site_.request_refused();
  auto busy = problem(Error{Errc::unavailable, "busy", "Too many requests are waiting. Try again in a moment."},
                      request_.request_id);
  if (facts_.complete) respond(std::move(busy));
  else refuse(std::move(busy));
}

void HttpConnection::call_handler() {
  if (route_->runs_on == RunsOn::at_once) return respond(site_.run(*route_, request_));
  on_worker(
      [this] {
        auto response = std::make_shared<Response>(site_.run(*route_, request_));
        return [this, response] { respond(std::move(*response)); };
      },
      false);
}

void HttpConnection::begin_upload() {
  on_worker(
      [this] {
        auto response = std::make_shared<Response>();
        bool accepted = false;
        try {
          auto sink = route_->upload(request_);
          if (sink) sink_ = *std::move(sink), accepted = true;
          else *response = problem(sink.error(), request_.request_id);
        } catch (std::exception const& error) {
          *response = site_.fault_of_ours(request_, error.what());
        }
        return [this, accepted, response] {
          if (accepted) return begin_body();
          if (facts_.complete) respond(std::move(*response));
          else refuse(std::move(*response));
        };
      },
      false);
}

void HttpConnection::give_piece(bool last) {
  auto piece = std::make_shared<std::string>(std::move(reader_.piece()));
  reader_.piece().clear();
  body_bytes_ += piece->size();
  on_worker(
      [this, piece, last] {
        std::shared_ptr<Response> response;
        try {
          auto written = piece->empty() ? Result<>{} : sink_->write(*piece);
          if (!written) response = std::make_shared<Response>(problem(written.error(), request_.request_id));
          else if (last) response = std::make_shared<Response>(sink_->finish());
        } catch (std::exception const& error) {
          response = std::make_shared<Response>(site_.fault_of_ours(request_, error.what()));
        }
        if (response) sink_.reset();  // here, not on the I/O thread: it may have files to remove
        return [this, last, response] {
          if (!response) return begin_body();
          if (last) respond(std::move(*response));
          else refuse(std::move(*response));
        };
      },
      true);
}

void HttpConnection::respond(Response response) {
  response_ = std::move(response);
  phase_ = Phase::writing;
  bool const bodiless = response_.status == 204 || response_.status == 304 || response_.status < 200;
  bool const head_only = request_.method == "HEAD";
  // A stream's end is its connection's: the read that watches for a hang-up is under way until then.
  if (stopping_ || site_.stopping() || facts_.old || response_.stream) keep_alive_ = false;
  chunked_ = response_.stream && !facts_.old;
  HeadFacts facts{.request_id = request_.request_id,
                  .date = thread_.date,
                  .keep_alive = keep_alive_,
                  .chunked = chunked_ && !bodiless};
  if (!bodiless && !response_.stream)
    facts.content_length = response_.file ? response_.file->size_bytes : response_.body.size();
  out_.clear();
  out_sent_ = 0;
  sent_bytes_ = 0;
  last_chunk_sent_ = false;
  append_head(out_, response_, facts);
  if (bodiless || head_only) {
    response_.body.clear();
    response_.file.reset();
    close_stream();
    response_.stream.reset();
  }
  body_follows_ = !response_.body.empty();
  // A short body travels in the head's buffer; a long one is written from where it lies.
  if (body_follows_ && response_.body.size() <= kReadBytes) {
    out_ += response_.body;
    body_follows_ = false;
  }
  set_deadline(us(site_.settings().write_us));
  write_out();
}

void HttpConnection::write_out() {
  socket_.async_write_some(
      asio::buffer(out_.data() + out_sent_, out_.size() - out_sent_),
      [self = shared_from_this()](error_code error, std::size_t bytes) { self->on_written(error, bytes); });
}

void HttpConnection::on_written(error_code error, std::size_t bytes) {
  if (phase_ == Phase::closed) return;
  sent_bytes_ += bytes;
  out_sent_ += bytes;
  if (error) {
    site_.record(request_, route_, response_.status, sent_bytes_, 0);
    return cut();
  }
  set_deadline(us(site_.settings().write_us));
  if (out_sent_ < out_.size()) return write_out();
  if (body_follows_) {
    body_follows_ = false;
    out_ = std::move(response_.body);
    out_sent_ = 0;
    return write_out();
  }
  if (response_.file && response_.file->size_bytes != 0) {
    if (!load_file_piece()) return cut();
    return write_out();
  }
  if (response_.stream) {
    if (phase_ != Phase::streaming) return start_stream();
    out_.clear();
    out_sent_ = 0;
    if (!last_chunk_sent_) return pump_stream();
  }
  finish_response();
}

// False when the file is not what its head promised: the client must see the answer break off.
bool HttpConnection::load_file_piece() {
  auto& file = *response_.file;
  out_.resize(std::min<std::uint64_t>(file.size_bytes, kPieceBytes));
  out_sent_ = 0;
  auto const read = ::pread(file.fd.get(), out_.data(), out_.size(), static_cast<off_t>(file.offset_bytes));
  if (read <= 0) {
    site_.log().error("http.file_broke_off",
                      {{"request", request_.request_id},
                       {"cause", read < 0 ? std::strerror(errno) : "the file is shorter than it was"}});
    return false;
  }
  out_.resize(static_cast<std::size_t>(read));
  file.offset_bytes += static_cast<std::uint64_t>(read);
  file.size_bytes -= static_cast<std::uint64_t>(read);
  return true;
}

void HttpConnection::start_stream() {
  phase_ = Phase::streaming;
  out_.clear();
  out_sent_ = 0;
  response_.stream->attach([weak = weak_from_this(), thread = thread_.shared_from_this()] {
    asio::post(thread->context, [weak] {
      if (auto const self = weak.lock(); self && self->phase_ == Phase::streaming && self->out_.empty())
        self->pump_stream();
    });
  });
  read_more();  // to notice a hang-up
  pump_stream();
}

void HttpConnection::pump_stream() {
  auto const taken = response_.stream->take();
  if (taken.dropped) {
    site_.log().info("http.stream_dropped", {{"request", request_.request_id}, {"route", request_.route}});
    return cut();
  }
  if (!taken.bytes.empty()) return send_chunk(taken.bytes);
  if (taken.finished || stopping_) {
    last_chunk_sent_ = true;
    if (!chunked_) return finish_response();
    out_ = "0\r\n\r\n";
    return write_out();
  }
  no_deadline();
  auto const& settings = response_.stream->settings();
  heartbeat_ = settings.heartbeat.empty() ? steady_clock::time_point::max() : thread_.now + us(settings.heartbeat_us);
}

void HttpConnection::send_chunk(std::string_view bytes) {
  heartbeat_ = steady_clock::time_point::max();
  set_deadline(us(site_.settings().write_us));
  if (chunked_) out_ = fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
  else out_ = bytes;
  out_sent_ = 0;
  write_out();
}

void HttpConnection::finish_response() {
  auto const took = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began_).count();
  site_.record(request_, route_, response_.status, sent_bytes_, took);
  began_ = {};
  if (out_.capacity() > kPieceBytes) out_ = {};
  if (keep_alive_ && !stopping_) return next_request();
  linger();
}

void HttpConnection::close_stream() {
  if (response_.stream) response_.stream->close();
  heartbeat_ = steady_clock::time_point::max();
}

// Closing while the client still sends would reset the connection and could destroy the answer on its way: say that we
// have finished, then throw away what comes for a moment (RFC 9112 9.6).
void HttpConnection::linger() {
  close_stream();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  phase_ = Phase::lingering;
  set_deadline(stopping_ ? kLingerWhenStopping : kLinger);
  reader_.discard();
  read_more();
}

void HttpConnection::cut() {
  if (phase_ == Phase::closed) return;
  bool const on_pool = phase_ == Phase::working;  // then the sink is the worker's, and dropped when he returns
  phase_ = Phase::closed;
  no_deadline();
  close_stream();
  error_code ignored;
  socket_.close(ignored);  // cancels what is under way; the last handler to return lets go of us
  if (!on_pool) drop_sink();
}

// An upload that breaks off is undone by its sink's destructor, which may have files to remove: not on this thread.
void HttpConnection::drop_sink() {
  if (!sink_) return;
  auto const sink = std::shared_ptr<BodySink>{std::move(sink_)};
  [[maybe_unused]] bool const taken = site_.pool().submit_next([sink] {});  // else it goes here: the pool has stopped
}

void HttpConnection::stop_soon() {
  stopping_ = true;
  if (phase_ == Phase::idle || phase_ == Phase::lingering) return cut();
  if (phase_ == Phase::streaming && response_.stream) response_.stream->finish();
}

void HttpConnection::on_tick() {
  if (thread_.now >= heartbeat_ && phase_ == Phase::streaming && out_.empty())
    return send_chunk(response_.stream->settings().heartbeat);
  if (thread_.now >= deadline_) expired();
}

void HttpConnection::expired() {
  no_deadline();
  if ((phase_ == Phase::head || phase_ == Phase::body) && reading_) {
    expired_ = true;  // the read comes back cancelled and answers 408
    error_code ignored;
    socket_.cancel(ignored);
    return;
  }
  auto const self = shared_from_this();
  cut();
}

void serve(Site& site, IoThread& thread, tcp::socket socket, std::string remote_address) {
  std::make_shared<HttpConnection>(site, thread, std::move(socket))->start(std::move(remote_address));
}

}  // namespace fabrica::http::impl
