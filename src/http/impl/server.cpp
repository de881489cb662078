// Listening, the I/O threads, and stopping.
#include "http/server.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "base/check.hpp"
#include "http/impl/head.hpp"
#include "http/impl/io_thread.hpp"

namespace fabrica::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using impl::Connection;
using impl::IoThread;

constexpr auto kTick = std::chrono::milliseconds{100};

void tick(IoThread& thread, Clock const& clock) {
  thread.now = std::chrono::steady_clock::now();
  thread.date = impl::format_http_date(clock.now() / kSecond);
  for (auto at = thread.connections.begin(); at != thread.connections.end();) {
    auto* const connection = *at++;  // a tick may end the connection
    connection->on_tick();
  }
  thread.tick.expires_after(kTick);
  thread.tick.async_wait([&thread, &clock](error_code error) {
    if (!error) tick(thread, clock);
  });
}

}  // namespace

struct Server::Impl {
  Impl(Settings settings, Router const& router, runtime::Pool& pool, Metrics& metrics, Clock const& clock,
       Random& random, Log& log)
      : site{std::move(settings), router, pool, metrics, clock, random, log} {
    for (int number = 0; number < site.settings().io_threads; ++number) threads.push_back(std::make_shared<IoThread>());
    acceptor.emplace(threads[0]->context);
    retry.emplace(threads[0]->context);
  }

  Result<> listen();
  void run();
  void accept();
  void on_accepted(error_code error, tcp::socket socket, IoThread& thread);
  void each_connection(void (Connection::*act)());

  impl::Site site;
  std::vector<std::shared_ptr<IoThread>> threads;
  std::optional<tcp::acceptor> acceptor;
  std::optional<asio::steady_timer> retry;
  std::size_t next_thread = 0;
  std::uint16_t port = 0;
  bool stopped = false;
  std::unique_ptr<runtime::Pool> runners;  // the I/O threads
};

Result<> Server::Impl::listen() {
  auto const& settings = site.settings();
  error_code error;
  auto const address = asio::ip::make_address(settings.address, error);
  if (error)
    return fail(Errc::invalid, "listen_address",
                fmt::format("\"{}\" is not an IP address to listen on.", settings.address));
  tcp::endpoint const endpoint{address, settings.port};
  if (!error) acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(1024, error);
  if (error == asio::error::address_in_use)
    return fail(
        Errc::conflict, "port_taken",
        fmt::format("Port {} of {} is taken by another program. Stop it, or choose another port (0: any free one).",
                    settings.port, settings.address));
  if (error == asio::error::access_denied)
    return fail(Errc::forbidden, "port_privileged",
                fmt::format("Port {} needs privileges. Choose one from 1024 up and put a reverse proxy before it.",
                            settings.port));
  if (error)
    return fail(Errc::unavailable, "listen",
                fmt::format("Cannot listen on {}:{}: {}.", settings.address, settings.port, error.message()));
  port = acceptor->local_endpoint().port();
  return {};
}

void Server::Impl::run() {
  runners = std::make_unique<runtime::Pool>(runtime::Pool::Settings{
      .name = "http-io", .threads = static_cast<int>(threads.size()), .queue_max = threads.size()});
  for (auto const& thread : threads) {
    asio::post(thread->context, [this, &thread = *thread] { tick(thread, site.clock()); });
    bool const taken = runners->submit([&context = thread->context] { context.run(); });
    FABRICA_CHECK(taken);
  }
  asio::post(threads[0]->context, [this] { accept(); });
}

void Server::Impl::accept() {
  auto& thread = *threads[next_thread++ % threads.size()];
  acceptor->async_accept(thread.context, [this, &thread](error_code error, tcp::socket socket) {
    on_accepted(error, std::move(socket), thread);
  });
}

void Server::Impl::on_accepted(error_code error, tcp::socket socket, IoThread& thread) {
  if (error == asio::error::operation_aborted || !acceptor->is_open()) return;
  if (error) {  // out of file descriptors: what is open must close first
    site.log().warning("http.accept_failed", {{"cause", error.message()}});
    retry->expires_after(std::chrono::milliseconds{100});
    retry->async_wait([this](error_code stopped_waiting) {
      if (!stopped_waiting) accept();
    });
    return;
  }
  if (site.connections() >= site.settings().connections_max) {
    error_code ignored;
    socket.write_some(asio::buffer(std::string_view{"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                                                    "Content-Length: 0\r\nConnection: close\r\n\r\n"}),
                      ignored);
    site.request_refused();
    return accept();
  }
  auto const remote = socket.remote_endpoint(error);
  if (!error)
    asio::post(thread.context,
               [this, &thread, socket = std::move(socket), address = remote.address().to_string()]() mutable {
                 impl::serve(site, thread, std::move(socket), std::move(address));
               });
  accept();
}

void Server::Impl::each_connection(void (Connection::*act)()) {
  for (auto const& thread : threads)
    asio::post(thread->context, [act, &thread = *thread] {
      std::vector<std::shared_ptr<Connection>> all;
      for (auto* const connection : thread.connections) all.push_back(connection->self());
      for (auto const& connection : all) (connection.get()->*act)();
    });
}

Result<std::unique_ptr<Server>> Server::start(Settings settings, Router const& router, runtime::Pool& pool,
                                              Metrics& metrics, Clock const& clock, Random& random, Log& log) {
  FABRICA_CHECK(settings.io_threads > 0);
  auto impl = std::make_unique<Impl>(std::move(settings), router, pool, metrics, clock, random, log);
  FABRICA_DO(impl->listen());
  impl->run();
  return std::unique_ptr<Server>{new Server{std::move(impl)}};
}

Server::Server(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

Server::~Server() { stop(0); }

std::uint16_t Server::port() const { return impl_->port; }

void Server::stop(Micros deadline_us) {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->site.begin_stopping();
  asio::post(impl_->threads[0]->context, [impl = impl_.get()] {
    error_code ignored;
    impl->acceptor->close(ignored);
    impl->retry->cancel();
  });
  impl_->each_connection(&Connection::stop_soon);
  if (deadline_us <= 0 || !impl_->site.wait_for_connections(&deadline_us)) {
    impl_->each_connection(&Connection::cut);
    impl_->site.wait_for_connections(nullptr);  // handlers under way still have to return
  }
  for (auto const& thread : impl_->threads) thread->context.stop();
  impl_->runners->stop();
}

}  // namespace fabrica::http
