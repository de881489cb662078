// The server over real sockets on the loopback device, spoken to by hand and by our own client.
#include "http/server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <thread>

#include "http/client.hpp"
#include "http/stream.hpp"
#include "json/document.hpp"

namespace fabrica::http {
namespace {

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
      if (auto const* text = std::get_if<std::string>(&field.value)) line += " " + std::string{field.name} + "=" + *text;
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
  void start(Server::Settings settings = {}, runtime::Pool::Settings pool = {.name = "test", .threads = 4, .queue_max = 64}) {
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
  std::string url(std::string_view path) const { return "http://127.0.0.1:" + std::to_string(server_->port()) + std::string{path}; }
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

TEST_F(ServerTest, AnswersWithIdDateAndSecurityHeaders) {
  add_echo();
  start();
  auto const text = talk("GET /hello/you%21?secret=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << text;
  EXPECT_TRUE(text.ends_with("\r\n\r\nhello you!")) << text;
  for (auto const* part : {"\r\nX-Request-Id: ", "\r\nContent-Security-Policy: ", "\r\nX-Content-Type-Options: nosniff\r\n",
                           "\r\nReferrer-Policy: no-referrer\r\n", "\r\nConnection: close\r\n", "\r\nContent-Length: 10\r\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
  EXPECT_TRUE(log_.has("http.request"));
  EXPECT_TRUE(log_.has("path=/hello/you%21"));
  EXPECT_FALSE(log_.has("secret"));
}

TEST_F(ServerTest, TakesASaneRequestIdAndMakesItsOwnForAnother) {
  add_echo();
  start();
  auto one = wire();
  one.send("GET /hello/a HTTP/1.1\r\nHost: x\r\nX-Request-Id: 0af7651916cd43dd\r\n\r\n");
  EXPECT_NE(one.answer().find("\r\nX-Request-Id: 0af7651916cd43dd\r\n"), std::string::npos);
  one.send("GET /hello/a HTTP/1.1\r\nHost: x\r\nX-Request-Id: a b c d e f g\r\n\r\n");
  EXPECT_EQ(one.answer().find("a b c"), std::string::npos);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  add_echo();
  start();
  auto one = wire();
  std::string all;
  for (int number = 0; number < 50; ++number) {
    all += "GET /hello/" + std::to_string(number) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    all += "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n";
  }
  one.send(all);
  for (int number = 0; number < 50; ++number) {
    EXPECT_TRUE(one.answer().ends_with("\r\n\r\nhello " + std::to_string(number)));
    EXPECT_TRUE(one.answer().ends_with("\r\n\r\nabcde"));
  }
}

TEST_F(ServerTest, AnswersByteByByteRequests) {
  add_echo();
  start();
  auto one = wire();
  for (char const c : std::string_view{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"}) one.send({&c, 1});
  EXPECT_TRUE(one.answer().ends_with("\r\n\r\nhello"));
}

TEST_F(ServerTest, SaysWhatIsNotFoundAndWhatIsNotAllowed) {
  add_echo();
  start();
  EXPECT_TRUE(talk("GET /no HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 404 "));
  auto const wrong = talk("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_TRUE(wrong.starts_with("HTTP/1.1 405 ")) << wrong;
  EXPECT_NE(wrong.find("\r\nAllow: POST, OPTIONS\r\n"), std::string::npos);
  EXPECT_TRUE(talk("OPTIONS /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 204 "));
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  add_echo();
  start();
  auto const text = talk("HEAD /hello/abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(text.find("\r\nContent-Length: 9\r\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, RefusesWhatIsNotAHonestRequest) {
  add_echo();
  start({.head_bytes_max = 2048, .head_fields_max = 10, .body_bytes_max = 100});
  std::string const post = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  std::string many;
  for (int number = 0; number < 20; ++number) many += "X-" + std::to_string(number) + ": y\r\n";
  struct Row {
    std::string name, bytes, status;
  };
  for (auto const& row : {
           Row{"not http", "\x16\x03\x01\x02 hello\r\n\r\n", "400"},
           Row{"no host", "GET /hello/a HTTP/1.1\r\n\r\n", "400"},
           Row{"two hosts", "GET /hello/a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
           Row{"bad version", "GET /hello/a HTTP/3.1\r\nHost: x\r\n\r\n", "505"},
           Row{"no path", "GET hello HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
           Row{"dots", "GET /hello/.. HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400"},
           Row{"announced too large", post + "Content-Length: 101\r\n\r\n", "413"},
           Row{"chunks too large", post + "Transfer-Encoding: chunked\r\n\r\n80\r\n" + std::string(128, 'x') + "\r\n0\r\n\r\n", "413"},
           Row{"bad chunk", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
           Row{"chunk without end", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "400"},
           Row{"length and chunks", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
           Row{"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "400"},
           Row{"negative length", post + "Content-Length: -1\r\n\r\n", "400"},
           Row{"other coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", "501"},
           Row{"unknown coding", post + "Transfer-Encoding: xchunked\r\n\r\n", "501"},
           Row{"folded field", "GET /hello/a HTTP/1.1\r\nHost: x\r\n Y: z\r\nX: y\r\nHost: z\r\n\r\n", "400"},
           Row{"space before colon", "GET /hello/a HTTP/1.1\r\nHost : x\r\n\r\n", "400"},
           Row{"long head", "GET /hello/a HTTP/1.1\r\nHost: x\r\nX: " + std::string(4000, 'y') + "\r\n\r\n", "431"},
           Row{"endless head", "GET /hello/a HTTP/1.1\r\nHost: x\r\nX: " + std::string(4000, 'y'), "431"},
           Row{"many fields", "GET /hello/a HTTP/1.1\r\nHost: x\r\n" + many + "\r\n", "431"},
           Row{"expectation", post + "Expect: 200-maybe\r\nContent-Length: 1\r\n\r\n", "417"},
       }) {
    auto const text = talk(row.bytes);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 " + row.status + " ")) << row.name << ": " << text;
    EXPECT_NE(text.find("application/problem+json"), std::string::npos) << row.name;
  }
  EXPECT_TRUE(talk(post + "Connection: close\r\nContent-Length: 2\r\n\r\nok").ends_with("ok"));  // and serves on
}

TEST_F(ServerTest, EndsSlowHeadsSlowBodiesAndIdleConnections) {
  add_echo();
  start({.idle_us = 300'000, .head_us = 300'000, .body_us = 300'000});
  EXPECT_EQ(talk(""), "");
  EXPECT_TRUE(talk("GET /hello/a HT").starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(talk("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab").starts_with("HTTP/1.1 408 "));
}

TEST_F(ServerTest, AsksForABodyThatWaitsToBeAsked) {
  add_echo();
  start({.body_bytes_max = 100});
  auto one = wire();
  one.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(one.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  one.send("ok");
  EXPECT_TRUE(one.answer().ends_with("\r\n\r\nok"));
  one.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 200\r\n\r\n");
  EXPECT_TRUE(one.answer().starts_with("HTTP/1.1 413 "));  // without having sent it
}

TEST_F(ServerTest, TurnsAnExceptionIntoAFaultOfItsOwnAndLogsTheCause) {
  router_.add("GET", "/throws", [](Request&) -> Response { throw std::runtime_error{"the secret cause"}; });
  start();
  auto const text = talk("GET /throws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 500 ")) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_TRUE(log_.has("cause=the secret cause"));
}

TEST_F(ServerTest, RefusesRequestsThatDoNotFitTheQueue) {
  std::promise<void> release;
  auto gate = release.get_future().share();
  std::atomic<int> running = 0;
  router_.add("GET", "/wait", [&, gate](Request&) {
    ++running;
    gate.wait();
    return text_response(200, "text/plain", "done");
  });
  start({}, {.name = "test", .threads = 1, .queue_max = 1});
  std::vector<Wire> wires;
  for (int number = 0; number < 5; ++number) {
    wires.push_back(wire());
    wires.back().send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  // One runs and at most one waits, so of five at least three are refused while the first still waits for us.
  std::vector<std::thread> readers;
  std::atomic<int> busy = 0;
  std::atomic<int> done = 0;
  std::latch three{3};
  for (auto& one : wires)
    readers.emplace_back([&] {
      auto const text = one.answer();
      if (text.starts_with("HTTP/1.1 503 ") && text.find("\r\nRetry-After: 1\r\n") != std::string::npos) {
        if (++busy <= 3) three.count_down();
      } else if (text.ends_with("done")) {
        ++done;
      }
    });
  three.wait();
  release.set_value();
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(busy + done, 5);
  EXPECT_GE(done, 1);
}

TEST_F(ServerTest, ServesAThousandKeptConnections) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ASSERT_GE(files.rlim_cur, 2200u);
  add_echo();
  start();
  std::vector<Wire> wires;
  for (int number = 0; number < 1000; ++number) wires.push_back(wire());
  for (int round = 0; round < 3; ++round) {
    for (auto& one : wires) one.send("GET /hello/x HTTP/1.1\r\nHost: x\r\n\r\n");
    int answered = 0;
    for (auto& one : wires) answered += one.answer().ends_with("hello x");
    // The test's pool has room for 64 waiting requests; the others are told so and may ask again.
    EXPECT_GE(answered, 64);
  }
  EXPECT_NE(metrics_.text().find("fabrica_http_connections 1000\n"), std::string::npos);
  wires.clear();
}

TEST_F(ServerTest, RefusesConnectionsBeyondItsLimit) {
  add_echo();
  start({.connections_max = 2});
  auto first = wire();
  auto second = wire();
  first.send("GET /hello/1 HTTP/1.1\r\nHost: x\r\n\r\n");
  second.send("GET /hello/2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(first.answer().ends_with("hello 1"));
  EXPECT_TRUE(second.answer().ends_with("hello 2"));
  EXPECT_TRUE(wire().read().starts_with("HTTP/1.1 503 "));
}

TEST_F(ServerTest, LetsRequestsUnderWayFinishWhenStopped) {
  std::promise<void> entered;
  std::promise<void> release;
  auto gate = release.get_future().share();
  router_.add("GET", "/wait", [&, gate](Request&) {
    entered.set_value();
    gate.wait();
    return text_response(200, "text/plain", "finished");
  });
  start();
  auto busy = wire();
  auto idle = wire();
  busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();
  auto const port = server_->port();
  std::thread stopper{[&] { server_->stop(10 * kSecond); }};
  EXPECT_EQ(idle.read(), "");  // an idle connection ends at once
  release.set_value();
  auto const text = busy.read();
  EXPECT_TRUE(text.ends_with("finished")) << text;
  EXPECT_NE(text.find("\r\nConnection: close\r\n"), std::string::npos);
  stopper.join();
  EXPECT_FALSE(Wire{port}.connected());
}

TEST_F(ServerTest, CutsConnectionsAtTheDeadlineButWaitsForItsHandlers) {
  std::promise<void> entered;
  std::atomic<bool> returned = false;
  std::promise<void> release;
  auto gate = release.get_future().share();
  router_.add("GET", "/wait", [&, gate](Request&) {
    entered.set_value();
    gate.wait();
    returned = true;
    return Response{};
  });
  start();
  auto busy = wire();
  busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();
  std::thread stopper{[&] { server_->stop(1000); }};
  EXPECT_EQ(busy.read(), "");  // cut
  EXPECT_FALSE(returned);
  release.set_value();
  stopper.join();
  EXPECT_TRUE(returned);
}

TEST_F(ServerTest, SaysWhichPortIsTaken) {
  start();
  auto const second = Server::start({.port = server_->port()}, router_, *pool_, metrics_, clock_, random_, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "port_taken");
  EXPECT_NE(second.error().what.find(std::to_string(server_->port())), std::string::npos);
  auto const nowhere = Server::start({.address = "localhost"}, router_, *pool_, metrics_, clock_, random_, log_);
  EXPECT_EQ(nowhere.error().reason, "listen_address");
}

// Streams ------------------------------------------------------------------------------------------------------------

TEST_F(ServerTest, StreamsInChunksUntilTheProducerHasFinished) {
  auto stream = std::make_shared<Stream>(Stream::Settings{});
  router_.add("GET", "/stream", [&](Request&) {
    Response response{.stream = stream};
    response.headers.add("Content-Type", "text/plain");
    return response;
  });
  start();
  auto one = wire();
  one.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(one.read("\r\n\r\n").find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(stream->push("hello"));
  one.read("5\r\nhello\r\n");
  EXPECT_TRUE(stream->push("0123456789abcdef"));
  one.read("10\r\n0123456789abcdef\r\n");
  stream->finish();
  EXPECT_TRUE(one.read().ends_with("0\r\n\r\n"));
  EXPECT_FALSE(stream->push("late"));
}

TEST_F(ServerTest, TellsTheProducerThatTheReaderHasGone) {
  auto stream = std::make_shared<Stream>(Stream::Settings{});
  router_.add("GET", "/stream", [&](Request&) { return Response{.stream = stream}; });
  start();
  {
    auto one = wire();
    one.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(stream->push("x"));
    one.read("1\r\nx\r\n");
  }
  while (stream->open()) std::this_thread::yield();  // ends with the connection, or the test times out
  EXPECT_FALSE(stream->push("y"));
}

TEST_F(ServerTest, SendsHeartbeatsAndDropsAReaderWhoDoesNotRead) {
  auto stream = std::make_shared<Stream>(Stream::Settings{.waiting_bytes_max = 1u << 20, .heartbeat = ": beat\n\n", .heartbeat_us = 1000});
  router_.add("GET", "/stream", [&](Request&) { return Response{.stream = stream}; });
  start();
  auto one = wire();
  one.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  one.read(": beat\n\n\r\n8\r\n: beat\n\n");
  std::string const much(100'000, 'x');
  while (stream->push(much)) {}  // the kernel's buffers fill, then ours
  EXPECT_NE(one.read().find("xxxx"), std::string::npos);  // the connection has been closed
  EXPECT_TRUE(log_.has("http.stream_dropped"));
}

TEST_F(ServerTest, PumpsStoredEventsOnceEachAndGoesOnAfterLastEventId) {
  std::mutex guards_stored;
  int stored = 3;
  int end = 100;
  EventPump pump{log_, 2};
  router_.add("GET", "/events", [&](Request& request) {
    auto response = pump.open(request, "topic", [&](std::string const& after) -> Result<EventPump::Batch> {
      std::lock_guard const lock{guards_stored};
      EventPump::Batch batch;
      for (int id = std::atoi(after.c_str()) + 1; id <= stored && batch.events.size() < 2; ++id)
        batch.events.push_back({.id = std::to_string(id), .type = "tick", .data = "n" + std::to_string(id)});
      batch.last = !batch.events.empty() && batch.events.back().id == std::to_string(end);
      return batch;
    });
    return response ? *std::move(response) : Response{.status = 503};
  });
  start();
  std::string seen;
  std::string last;
  Client client;
  auto const first = client.events({.url = url("/events")}, last, [&](ServerEvent const& event) {
    seen += event.type + event.id + event.data + " ";
    return event.id != "3";
  });
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_EQ(seen, "tick1n1 tick2n2 tick3n3 ");
  EXPECT_EQ(last, "3");
  {
    std::lock_guard const lock{guards_stored};
    stored = 5;
    end = 5;
  }
  pump.notify("topic");
  seen.clear();
  ASSERT_TRUE(client.events({.url = url("/events")}, last, [&](ServerEvent const& event) { return seen += event.id, true; }));
  EXPECT_EQ(seen, "45");
  pump.stop();
}

// Files, uploads, client ----------------------------------------------------------------------------------------------

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/fabrica-http-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(std::string_view name) const { return path_ + "/" + std::string{name}; }

 private:
  std::string path_;
};

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t place = 0; place < size; ++place) out[place] = static_cast<char>('a' + place * 7 % 26);
  return out;
}

TEST_F(ServerTest, SendsFilesWholeInPartsAndNotAgain) {
  Folder const folder;
  auto const content = pattern(1'000'003);
  std::ofstream{folder.file("data")} << content;
  router_.add("GET", "/file", [&](Request& request) {
    auto response = file_response(request, folder.file("data"), "application/octet-stream", "\"tag\"");
    return response ? *std::move(response) : Response{.status = 500};
  });
  start();
  Client client;
  EXPECT_EQ(client.send({.url = url("/file")})->body, content);
  ClientRequest part{.url = url("/file")};
  part.headers.add("Range", "bytes=500000-500009");
  auto const middle = client.send(part);
  EXPECT_EQ(middle->status, 206);
  EXPECT_EQ(middle->headers.get("content-range"), "bytes 500000-500009/1000003");
  EXPECT_EQ(middle->body, content.substr(500'000, 10));
  part.headers.set("Range", "bytes=-3");
  EXPECT_EQ(client.send(part)->body, content.substr(1'000'000));
  part.headers.set("Range", "bytes=2000000-");
  EXPECT_EQ(client.send(part)->status, 416);
  part.headers.set("Range", "lines=1-2");
  EXPECT_EQ(client.send(part)->status, 200);
  ClientRequest known{.url = url("/file")};
  known.headers.add("If-None-Match", "\"tag\"");
  EXPECT_EQ(client.send(known)->status, 304);
  std::string got;
  ASSERT_TRUE(client.send({.url = url("/file"), .download = [&](std::string_view piece) { return got += piece, true; }}));
  EXPECT_EQ(got, content);
}

class FileSink final : public BodySink {
 public:
  FileSink(std::string path, std::atomic<int>& undone) : path_{std::move(path)}, out_{path_}, undone_{undone} {}
  ~FileSink() override {
    if (finished_) return;
    std::filesystem::remove(path_);
    ++undone_;
  }
  Result<> write(std::string_view piece) override {
    if (piece.find("FORBIDDEN") != std::string_view::npos) return fail(Errc::conflict, "forbidden_word", "Not that.");
    out_ << piece;
    return {};
  }
  Response finish() override {
    finished_ = true;
    out_.close();
    return text_response(201, "text/plain", std::to_string(std::filesystem::file_size(path_)));
  }

 private:
  std::string path_;
  std::ofstream out_;
  std::atomic<int>& undone_;
  bool finished_ = false;
};

TEST_F(ServerTest, StreamsUploadsIntoASinkAndUndoesThoseThatBreakOff) {
  Folder const folder;
  std::atomic<int> undone = 0;
  router_.add(Route{.method = "PUT",
                    .pattern = "/files/{name}",
                    .upload = [&](Request const& request) -> Result<std::unique_ptr<BodySink>> {
                      if (request.parameter("name") == "no") return fail(Errc::forbidden, "no", "Not there.");
                      return std::make_unique<FileSink>(folder.file(request.parameter("name")), undone);
                    },
                    .body_bytes_max = 64u << 20});
  start({.body_bytes_max = 1000});
  auto const content = pattern(20'000'001);
  std::ofstream{folder.file("source")} << content;
  Client client;
  auto const stored = client.send({.method = "PUT", .url = url("/files/a"), .upload_path = folder.file("source")});
  ASSERT_TRUE(stored) << stored.error().what;
  EXPECT_EQ(stored->status, 201);
  EXPECT_EQ(stored->body, "20000001");
  std::ifstream copy{folder.file("a")};
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>{copy}, {}), content);
  EXPECT_EQ(client.send({.method = "PUT", .url = url("/files/b"), .body = "short"})->body, "5");
  EXPECT_EQ(client.send({.method = "PUT", .url = url("/files/empty")})->body, "0");
  EXPECT_EQ(client.send({.method = "PUT", .url = url("/files/no"), .body = "x"})->status, 403);
  EXPECT_EQ(undone, 0);
  EXPECT_EQ(client.send({.method = "PUT", .url = url("/files/c"), .body = "FORBIDDEN"})->status, 409);
  EXPECT_EQ(undone, 1);
  {
    auto one = wire();
    one.send("PUT /files/d HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 500000\r\n\r\n");
    one.read("100 Continue");
    one.send(pattern(200'000));
  }  // gone in the middle
  while (undone != 2) std::this_thread::yield();
  EXPECT_FALSE(std::filesystem::exists(folder.file("d")));
  EXPECT_TRUE(talk("PUT /files/e HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n").starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, AndClientAgreeOnErrors) {
  add_echo();
  start();
  Client client;
  auto const missing = client.send_ok({.url = url("/nothing")});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_EQ(missing.error().reason, "no_such_page");
  EXPECT_EQ(client.send({.method = "POST", .url = url("/echo"), .body = "hello"})->body, "hello");
  EXPECT_EQ(client.send({.method = "POST", .url = url("/echo"), .body = "hello", .answer_bytes_max = 4}).error().reason, "answer_too_large");
  EXPECT_EQ(client.send({.url = "ftp://127.0.0.1/"}).error().reason, "url");
  EXPECT_EQ(client.send({.url = "http://127.0.0.1:1/"}).error().reason, "connection");
  EXPECT_EQ(client.send({.method = "PUT", .url = url("/echo"), .upload_path = "/nonexistent"}).error().reason, "file_missing");
  EXPECT_EQ(client.send({.method = "HEAD", .url = url("/hello/a")})->status, 200);
}

TEST_F(ServerTest, CountsRequestsByRouteAndClass) {
  add_echo();
  start();
  for (int number = 0; number < 3; ++number) talk("GET /hello/" + std::to_string(number) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  talk("BREW /pot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  server_->stop(kSecond);
  auto const text = metrics_.text();
  EXPECT_NE(text.find("fabrica_http_requests_total{method=\"GET\",route=\"/hello/{name}\",status=\"2xx\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("fabrica_http_requests_total{method=\"other\",route=\"none\",status=\"4xx\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("fabrica_http_request_seconds_count{method=\"GET\",route=\"/hello/{name}\"} 3\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace fabrica::http
