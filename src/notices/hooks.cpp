#include "notices/hooks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::notices {

std::string secret_text(ByteView secret) { return "whsec_" + crypto::base64_encode(secret); }

std::string signatures(std::vector<Bytes> const& secrets, std::string_view id, std::int64_t timestamp_s,
                       std::string_view body) {
  auto const content = fmt::format("{}.{}.{}", id, timestamp_s, body);
  std::string out;
  for (auto const& secret : secrets) {
    if (!out.empty()) out += ' ';
    out += "v1," + crypto::base64_encode(crypto::hmac_sha256(secret, as_bytes(content)).bytes);
  }
  return out;
}

Result<> check_hook_url(std::string_view url, bool loopback) {
  auto const wrong = [](std::string what) {
    auto faults = std::vector<Fault>{{"/url", what}};
    return fail(Errc::invalid, "url", std::move(what), std::move(faults));
  };
  bool const plain = std::ranges::all_of(url, [](unsigned char c) { return c > 0x20 && c < 0x7F && c != '\\'; });
  if (!plain || url.size() > 2000)
    return wrong("The address is written in ASCII without spaces, at most 2,000 characters (a host as xn--...).");
  std::string_view rest;
  if (url.starts_with("https://")) rest = url.substr(8);
  else if (loopback && url.starts_with("http://")) rest = url.substr(7);
  else return wrong("The address begins with https://: what is sent is for its receiver alone.");
  auto const authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty() || authority.front() == ':') return wrong("The address names no host.");
  if (authority.find('@') != std::string_view::npos)
    return wrong("Leave user and password out of the address: messages are signed.");
  if (rest.find('#') != std::string_view::npos) return wrong("Leave the part behind # out: it is never sent.");
  return {};
}

}  // namespace fabrica::notices
