#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/client.hpp"
#include "json/json.hpp"

namespace fabrica::cli {

// What every command shares: where the server is, who asks, how to answer.
struct Options {
  std::string server;      // FABRICA_SERVER, else http://127.0.0.1:8080
  std::string token_file;  // FABRICA_TOKEN_FILE, else ~/.config/fabrica/token
  bool json = false;       // answers as the server gave them
};

// Talks to a server's API. Every answer is a parsed document; a problem+json becomes the Error it was on the other
// side.
class Session {
 public:
  explicit Session(Options const& options);

  // Bodies are JSON text. Errors: those the server names; unavailable "connection" with what to start.
  Result<json::Document> get(std::string_view path);
  // All pages of a list, following Link rel="next", as one array.
  Result<std::string> get_all(std::string_view path);
  // The key makes a repeated request act once; empty makes a fresh one.
  Result<json::Document> post(std::string_view path, std::string const& body, std::string_view idempotency_key = {});
  // Sends a file's bytes without loading it.
  Result<json::Document> put_file(std::string_view path, std::string const& file);
  // Whether a GET would succeed. Errors: all but not_found.
  Result<bool> exists(std::string_view path);
  // Streams a successful answer's body to `take`.
  Result<> download(std::string_view path, std::function<bool(std::string_view)> take);
  // Server-sent events after last_event_id, which moves along, until `take` says false or the stream ends.
  Result<> events(std::string_view path, std::string& last_event_id,
                  std::function<bool(http::ServerEvent const&)> const& take);

  std::string const& server() const { return options_.server; }

 private:
  Result<http::ClientResponse> send(http::ClientRequest request);
  Result<http::ClientRequest> request(std::string_view method, std::string_view path);

  Options options_;
  http::Client client_;
};

// Reads a TOML file (bounded) as JSON text. Errors: invalid "toml" with line and column, those of files.
Result<std::string> toml_file_as_json(std::string const& path);

// "fabrica: what" with faults and reason on standard error; returns the exit status of the error.
int report(Error const& error);

}  // namespace fabrica::cli
