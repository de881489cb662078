#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace fabrica::crypto {

inline constexpr std::size_t kPasswordBytesMax = 1024;

// Argon2id (RFC 9106), in the text form that names its own parameters: "$argon2id$v=19$m=65536,t=3,p=1$...". Takes 64
// MiB and tens of milliseconds: never on an I/O thread, and the caller limits how many run at once. Errors: invalid
// "password" (empty or over kPasswordBytesMax), unavailable "memory".
Result<std::string> hash_password(std::string_view password);

// Whether this is the password of the hash. False, too, for text that is no hash. The same cost as hash_password().
bool password_matches(std::string_view hash, std::string_view password);

// Whether the hash was made with parameters other than today's: after a login that succeeded, store a new one.
bool password_needs_rehash(std::string_view hash);

// A hash no password matches, at the cost of a real one: for logins of unknown users, so that time does not tell them.
std::string const& hash_of_nobody();

}  // namespace fabrica::crypto
