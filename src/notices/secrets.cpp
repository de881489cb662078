#include "notices/secrets.hpp"

#include <fmt/format.h>

#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"
#include "db/db.hpp"
#include "notices/rules.hpp"

namespace fabrica::notices {

Result<Secrets> Secrets::from(std::string_view key_text) {
  auto key = crypto::hex_decode(key_text);
  if (!key || key->size() != 32)
    return fail(Errc::invalid, "notices_key", "keys/notices.key must hold 64 hex digits: put it back from a copy.");
  return Secrets{*std::move(key)};
}

Bytes Secrets::derived(std::string_view purpose, std::string_view what) const {
  auto const digest = crypto::hmac_sha256(key_, as_bytes(fmt::format("fabrica/{}/v1\n{}", purpose, what)));
  return {digest.bytes.begin(), digest.bytes.end()};
}

std::string Secrets::unsubscribe_token(PublicId const& person, NoticeKind kind) const {
  auto const what = fmt::format("{}.{}", person.text(), db::enum_name(kind));
  auto const mac = derived("unsubscribe", what);
  return fmt::format("{}.{}", what, crypto::base64url_encode(ByteView{mac}.first(16)));
}

std::optional<std::pair<PublicId, NoticeKind>> Secrets::read_unsubscribe(std::string_view token) const {
  auto const dot = token.find('.');
  if (dot == std::string_view::npos) return {};
  auto const person = PublicId::parse(token.substr(0, dot));
  if (!person) return {};
  auto const name = token.substr(dot + 1, token.find('.', dot + 1) - dot - 1);
  for (auto const& rule : all_kinds())
    if (db::enum_name(rule.kind) == name &&
        crypto::equal_in_constant_time(token, unsubscribe_token(*person, rule.kind)))
      return std::pair{*person, rule.kind};
  return {};
}

Bytes Secrets::hook_secret(PublicId const& hook, std::int64_t version) const {
  return derived("web hook", fmt::format("{} {}", hook.text(), version));
}

Bytes Secrets::sealing_key() const { return derived("sealing", ""); }

}  // namespace fabrica::notices
