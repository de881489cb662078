#pragma once

#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"

namespace fabrica::http {

// RFC 9457: {"type":"urn:fabrica:problem:call_closed","title":...,"status":409,"detail":...,"reason":"call_closed",
// "request":...,"faults":[{"pointer":"/title","what":...}]}. Adds Retry-After where a retry may help.
Response problem(Error const& error, std::string_view request_id);
// For a status no Errc stands for (405, 408, 431).
Response problem(int status, std::string_view reason, std::string_view detail, std::string_view request_id);

// What a client makes of an answer that is not a success: the server's own refusal where it sent a problem.
Error error_of(int status, std::string_view content_type, std::string_view body);

}  // namespace fabrica::http
