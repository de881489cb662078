// What takes longer than one answer: streams, events, files, uploads; and our client.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "http/client.hpp"
#include "http/impl/server_fixture.hpp"
#include "http/stream.hpp"

namespace fabrica::http {
namespace {

class TransferTest : public ServerTest {};

// Streams ------------------------------------------------------------------------------------------------------------

TEST_F(TransferTest, StreamsInChunksUntilTheProducerHasFinished) {
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

TEST_F(TransferTest, TellsTheProducerThatTheReaderHasGone) {
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

TEST_F(TransferTest, SendsHeartbeatsAndDropsAReaderWhoDoesNotRead) {
  auto stream = std::make_shared<Stream>(
      Stream::Settings{.waiting_bytes_max = 1u << 20, .heartbeat = ": beat\n\n", .heartbeat_us = 1000});
  router_.add("GET", "/stream", [&](Request&) { return Response{.stream = stream}; });
  start();
  auto one = wire();
  one.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  one.read(": beat\n\n\r\n8\r\n: beat\n\n");
  std::string const much(100'000, 'x');
  while (stream->push(much)) {
  }                                                       // the kernel's buffers fill, then ours
  one.read();
  EXPECT_TRUE(one.closed());
  EXPECT_TRUE(log_.has("http.stream_dropped"));
}

TEST_F(TransferTest, PumpsStoredEventsOnceEachAndGoesOnAfterLastEventId) {
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
  ASSERT_TRUE(
      client.events({.url = url("/events")}, last, [&](ServerEvent const& event) { return seen += event.id, true; }));
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

TEST_F(TransferTest, SendsFilesWholeInPartsAndNotAgain) {
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
  ASSERT_TRUE(
      client.send({.url = url("/file"), .download = [&](std::string_view piece) { return got += piece, true; }}));
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

TEST_F(TransferTest, StreamsUploadsIntoASinkAndUndoesThoseThatBreakOff) {
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
  EXPECT_TRUE(
      talk("PUT /files/e HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n").starts_with("HTTP/1.1 413 "));
}

TEST_F(TransferTest, AndClientAgreeOnErrors) {
  add_echo();
  start();
  Client client;
  auto const missing = client.send_ok({.url = url("/nothing")});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_EQ(missing.error().reason, "no_such_page");
  EXPECT_EQ(client.send({.method = "POST", .url = url("/echo"), .body = "hello"})->body, "hello");
  EXPECT_EQ(client.send({.method = "POST", .url = url("/echo"), .body = "hello", .answer_bytes_max = 4}).error().reason,
            "answer_too_large");
  EXPECT_EQ(client.send({.url = "ftp://127.0.0.1/"}).error().reason, "url");
  EXPECT_EQ(client.send({.url = "http://127.0.0.1:1/"}).error().reason, "connection");
  EXPECT_EQ(client.send({.method = "PUT", .url = url("/echo"), .upload_path = "/nonexistent"}).error().reason,
            "file_missing");
  EXPECT_EQ(client.send({.method = "HEAD", .url = url("/hello/a")})->status, 200);
}

}  // namespace
}  // namespace fabrica::http
