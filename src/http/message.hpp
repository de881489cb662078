#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "runtime/fd.hpp"

namespace fabrica::http {

bool same_name(std::string_view a, std::string_view b);  // header names: ASCII letters without case

// Header fields in the order they came or will be sent.
class Headers {
 public:
  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  void set(std::string_view name, std::string_view value);  // replaces every field of that name
  // The first field of that name; empty when there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Parameter {
  std::string name;
  std::string value;
};

// A request as a handler sees it: parameters decoded and checked to be UTF-8 without control characters.
struct Request {
  std::string method;
  std::string target;  // as sent: "/jobs?state=queued"
  std::string path;    // the target without its query, not decoded
  std::vector<Parameter> path_parameters;
  std::vector<Parameter> query_parameters;
  Headers headers;
  std::string body;
  std::string remote_address;
  std::string request_id;
  std::string_view route;  // the pattern that matched: "/projects/{project}"

  std::string_view header(std::string_view name) const { return headers.get(name); }
  std::string_view parameter(std::string_view name) const;  // of the path; empty when there is none
  std::optional<std::string_view> query(std::string_view name) const;
  std::string_view cookie(std::string_view name) const;
};

class Stream;  // stream.hpp

// A part of an open file, sent in pieces.
struct FilePart {
  runtime::Fd fd;
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = 0;
};

// Exactly one of body, file and stream is sent. The server adds Content-Length, Date, X-Request-Id and the security
// headers; a handler's own Content-Security-Policy stays.
struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  std::optional<FilePart> file = {};
  std::shared_ptr<Stream> stream = {};
};

Response text_response(int status, std::string_view content_type, std::string body);
inline Response json_response(int status, std::string body) {
  return text_response(status, "application/json", std::move(body));
}

// A file for download: Content-Type, Last-Modified-free (pass an ETag instead: the digest in quotes), one byte range
// (206, 416), If-None-Match (304). Errors: not_found "file_missing", unavailable "file_read".
Result<Response> file_response(Request const& request, std::string const& path, std::string_view content_type,
                               std::string_view etag);

// Where a large upload goes: piece by piece on worker threads, one at a time, in order. After an error no more pieces
// come. Destroyed without finish() when the client goes away: undo what is half-done there.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual Result<> write(std::string_view piece) = 0;
  virtual Response finish() = 0;
};

// "a%20b" -> "a b"; '+' is a space only in a query. Errors: invalid "encoding".
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
// RFC 3986 unreserved characters stay.
std::string percent_encode(std::string_view text);
// "a=1&b=2". Errors: invalid "encoding".
Result<std::vector<Parameter>> parse_query(std::string_view query);

}  // namespace fabrica::http
