#pragma once

// What the tests of the server share: a client without manners, a log that remembers, a server on a free port.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "http/server.hpp"

namespace fabrica::http {

class Wire {  // a client without manners
 public:
  explicit Wire(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd_.reset();
  }
  bool connected() const { return fd_.open(); }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto const sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Reads until the text holds `until` (or, when that is empty, until the server closes); ten seconds at most.
  std::string read(std::string_view until = {}) {
    while (until.empty() || text_.find(until) == std::string::npos) {
      pollfd waiting{fd_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 10'000) != 1) return text_ + "<timeout>";
      char buffer[4096];
      auto const got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) {
        closed_ = true;
        break;
      }
      text_.append(buffer, static_cast<std::size_t>(got));
    }
    return text_;
  }
  bool closed() const { return closed_; }
  // One answer with Content-Length, leaving what follows it.
  std::string answer() {
    read("\r\n\r\n");
    auto const head = text_.find("\r\n\r\n");
    if (head == std::string::npos) return text_;
    auto const field = text_.find("Content-Length: ");
    auto const size = field < head ? std::strtoul(text_.c_str() + field + 16, nullptr, 10) : 0;
    while (text_.size() < head + 4 + size && !closed_) read(text_ + "?");
    auto out = text_.substr(0, head + 4 + size);
    text_.erase(0, out.size());
    return out;
  }

 private:
  runtime::Fd fd_;
  std::string text_;
  bool closed_ = false;
};

class Collector final : public Log {  // keeps event names
 public:
  void write(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
    std::string line{event};
    for (auto const& field : fields)
      if (auto const* text = std::get_if<std::string>(&field.value))
        line += " " + std::string{field.name} + "=" + *text;
    std::lock_guard const lock{guards_lines_};
    lines_.push_back(std::move(line));
  }
  bool has(std::string_view part) const {
    std::lock_guard const lock{guards_lines_};
    for (auto const& line : lines_)
      if (line.find(part) != std::string::npos) return true;
    return false;
  }

 private:
  mutable std::mutex guards_lines_;
  std::vector<std::string> lines_;
};

class ServerTest : public testing::Test {
 protected:
  void start(Server::Settings settings = {},
             runtime::Pool::Settings pool = {.name = "test", .threads = 4, .queue_max = 64}) {
    settings.port = 0;
    pool_ = std::make_unique<runtime::Pool>(pool);
    auto server = Server::start(settings, router_, *pool_, metrics_, clock_, random_, log_);
    ASSERT_TRUE(server) << server.error().what;
    server_ = *std::move(server);
  }
  void TearDown() override {
    server_.reset();
    pool_.reset();
  }
  std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + std::string{path};
  }
  Wire wire() const { return Wire{server_->port()}; }
  std::string talk(std::string_view bytes) const {
    auto one = wire();
    one.send(bytes);
    return one.read();
  }
  void add_echo() {
    router_.add("POST", "/echo", [](Request& request) { return text_response(200, "text/plain", request.body); });
    router_.add("GET", "/hello/{name}", [](Request& request) {
      return text_response(200, "text/plain", "hello " + std::string{request.parameter("name")});
    });
  }

  Router router_;
  Metrics metrics_;
  SystemClock clock_;
  SeededRandom random_{1};
  Collector log_;
  std::unique_ptr<runtime::Pool> pool_;
  std::unique_ptr<Server> server_;
};

}  // namespace fabrica::http
