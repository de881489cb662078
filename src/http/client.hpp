#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace fabrica::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url = {};
  Headers headers = {};
  std::string body = {};
  std::string upload_path = {};              // sends this file instead of body, without loading it
  Micros timeout_us = 30 * kSecond;          // for the whole exchange; 0 with a stream: only silence ends it
  Micros silence_us = 60 * kSecond;          // no byte for so long ends it
  std::size_t answer_bytes_max = 16u << 20;  // of a body kept in memory
  // Takes a successful answer's body piece by piece instead of keeping it; false ends the exchange without an error.
  std::function<bool(std::string_view piece)> download = {};
};

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};  // empty when download took it
};

// One server-sent event.
struct ServerEvent {
  std::string id;
  std::string type = "message";
  std::string data;
};

// A client for http and https: certificates verified, no redirects followed, no proxies or .netrc from the environment.
// Keeps its connection open between calls; for one thread at a time.
class Client {
 public:
  struct Settings {
    Micros connect_timeout_us = 10 * kSecond;
    std::string user_agent = "fabrica";
    std::string ca_file = {};  // besides the system's certificates: a private authority
    // For addresses that others gave: nothing on this machine or in this network is connected to, whatever name leads
    // there. Errors then: forbidden "private_address".
    bool public_addresses_only = false;
  };

  Client();
  explicit Client(Settings settings);
  ~Client();
  Client(Client const&) = delete;
  Client& operator=(Client const&) = delete;

  // Any status is an answer. Errors: invalid "url", not_found "file_missing" (upload_path), too_large
  // "answer_too_large", unavailable "connection" (refused, unknown host, broken), "timeout", "tls" (certificate not
  // trusted).
  Result<ClientResponse> send(ClientRequest const& request);

  // The same; an answer that is not 2xx becomes its Error (error_of).
  Result<ClientResponse> send_ok(ClientRequest const& request);

  // Reads an event stream until it ends or on_event returns false. Sends last_event_id when it is not empty and leaves
  // the last one seen in it, so that a caller can go on where it was.
  Result<> events(ClientRequest request, std::string& last_event_id,
                  std::function<bool(ServerEvent const&)> const& on_event);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  Settings settings_;
};

}  // namespace fabrica::http
