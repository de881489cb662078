// The server over real sockets on the loopback device: syntax, limits, load, stopping.
#include <sys/resource.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include "http/impl/server_fixture.hpp"

namespace fabrica::http {
namespace {

TEST_F(ServerTest, AnswersWithIdDateAndSecurityHeaders) {
  add_echo();
  start();
  auto const text = talk("GET /hello/you%21?secret=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << text;
  EXPECT_TRUE(text.ends_with("\r\n\r\nhello you!")) << text;
  for (auto const* part :
       {"\r\nX-Request-Id: ", "\r\nContent-Security-Policy: ", "\r\nX-Content-Type-Options: nosniff\r\n",
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
  for (char const c : std::string_view{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"})
    one.send({&c, 1});
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
           Row{"chunks too large",
               post + "Transfer-Encoding: chunked\r\n\r\n80\r\n" + std::string(128, 'x') + "\r\n0\r\n\r\n", "413"},
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

TEST_F(ServerTest, CountsRequestsByRouteAndClass) {
  add_echo();
  start();
  for (int number = 0; number < 3; ++number)
    talk("GET /hello/" + std::to_string(number) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  talk("BREW /pot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  server_->stop(kSecond);
  auto const text = metrics_.text();
  EXPECT_NE(text.find("fabrica_http_requests_total{method=\"GET\",route=\"/hello/{name}\",status=\"2xx\"} 3\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("fabrica_http_requests_total{method=\"other\",route=\"none\",status=\"4xx\"} 1\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("fabrica_http_request_seconds_count{method=\"GET\",route=\"/hello/{name}\"} 3\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace fabrica::http
