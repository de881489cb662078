#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "crypto/secret.hpp"
#include "notices/types.hpp"

namespace fabrica::notices {

// What is made of the factory's notices key (64 hex digits in keys/notices.key), each for one purpose alone, so that
// the database, and a backup of it, holds no secret of a web hook and no link that acts for somebody.
class Secrets {
 public:
  // Errors: invalid "notices_key".
  static Result<Secrets> from(std::string_view key_text);

  // Names one person and one kind and can do nothing but switch its mail off: "<person>.<kind>.<22 characters>".
  std::string unsubscribe_token(PublicId const& person, NoticeKind kind) const;
  // Empty for what unsubscribe_token() did not make.
  std::optional<std::pair<PublicId, NoticeKind>> read_unsubscribe(std::string_view token) const;

  // 32 bytes: what a web hook's messages are signed with.
  Bytes hook_secret(PublicId const& hook, std::int64_t version) const;
  // For crypto::seal().
  Bytes sealing_key() const;

 private:
  explicit Secrets(Bytes key) : key_{std::move(key)} {}
  Bytes derived(std::string_view purpose, std::string_view what) const;

  Bytes key_;
};

}  // namespace fabrica::notices
