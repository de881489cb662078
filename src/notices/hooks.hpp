#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

// Web hooks as the Standard Webhooks specification 1.0 has them: pure functions.
namespace fabrica::notices {

// "whsec_" and the secret in base64: what a receiver's library takes.
std::string secret_text(ByteView secret);

// The value of webhook-signature: "v1,<base64 of HMAC-SHA-256(secret, id.timestamp.body)>" for each secret, the newest
// first, separated by a space.
std::string signatures(std::vector<Bytes> const& secrets, std::string_view id, std::int64_t timestamp_s,
                       std::string_view body);

// An absolute https address with a host and nothing that could fool: no user, no fragment, no control characters. With
// `loopback` also http. Whether the host leads to a private address is seen when it is connected to. Errors: invalid
// "url" with what to change.
Result<> check_hook_url(std::string_view url, bool loopback);

}  // namespace fabrica::notices
