#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "http/message.hpp"

namespace fabrica::http::impl {

// Turns the bytes of one connection into requests, one after the other. Knows the syntax and its limits, no sockets.
class RequestReader {
 public:
  struct Limits {
    std::size_t head_bytes_max = 0;
    int head_fields_max = 0;
  };
  // What a head says besides what a handler sees.
  struct Facts {
    bool keep_alive = true;
    bool old = false;  // HTTP/1.0
    bool expect_continue = false;
    bool complete = false;  // no body follows
    std::optional<std::uint64_t> announced_bytes = {};
  };
  // What was read so far: more bytes are needed, it is there, or it is refused and the connection ends.
  enum class Step : std::uint8_t { more, there, refused };

  explicit RequestReader(Limits limits);
  ~RequestReader();

  std::span<char> space(std::size_t bytes);  // for bytes to come
  void commit(std::size_t bytes);
  std::size_t waiting_bytes() const;  // arrived and not used yet: pipelined requests
  void discard();

  // A new request begins; what has arrived of it stays.
  void begin();
  // `refusal` is what to answer when the step says refused.
  Step head(Request& request, Facts& facts, Response& refusal);
  // Takes from what has arrived up to the end of the body. `there`: the body is complete.
  Step body(Request const& request, Response& refusal);
  // What of the body came since it was last taken.
  std::string& piece();

 private:
  Step copy_head(Request& request, Facts& facts, Response& refusal) const;

  struct Impl;  // Beast's parser and buffer
  Limits limits_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fabrica::http::impl
