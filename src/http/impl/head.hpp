#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace fabrica::http::impl {

struct HeadFacts {
  std::string_view request_id;
  std::string_view date;  // IMF-fixdate
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> content_length{};  // empty for a stream and where a body is forbidden
};

// The head of an answer as bytes. Written by hand: Beast's serializer costs 28 % more processor time (docs/decisions).
// Control characters in a field are dropped, so that no value can end the head.
void append_head(std::string& out, Response const& response, HeadFacts const& facts);

std::string_view reason_phrase(int status);
// "Mon, 23 Nov 2026 12:00:00 GMT" (RFC 9110 5.6.7).
std::string format_http_date(std::int64_t seconds);
// Whether we take a client's X-Request-Id as ours: 8 to 64 of [A-Za-z0-9._-].
bool sane_request_id(std::string_view text);
// "http://host/a?b" and "/a?b" -> "/a?b" (RFC 9112 3.2); empty when it is neither.
std::string_view origin_form(std::string_view target);

}  // namespace fabrica::http::impl
