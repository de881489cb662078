#include "crypto/encoding.hpp"

#include <array>
#include <optional>

namespace fabrica::crypto {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> inverse_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> inverse{};
  inverse.fill(kNone);
  for (std::size_t at = 0; at < alphabet.size(); ++at)
    inverse[static_cast<unsigned char>(alphabet[at])] = static_cast<std::uint8_t>(at);
  return inverse;
}
constexpr auto kFromStandard = inverse_of(kStandard);
constexpr auto kFromUrl = inverse_of(kUrl);

std::string encode(ByteView bytes, std::string_view alphabet, bool padded) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    std::uint32_t const word = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
    for (int shift = 18; shift >= 0; shift -= 6) text += alphabet[word >> shift & 63];
  }
  auto const left = bytes.size() - at;
  if (left == 0) return text;
  std::uint32_t const word = bytes[at] << 16 | (left == 2 ? bytes[at + 1] << 8 : 0);
  text += alphabet[word >> 18 & 63];
  text += alphabet[word >> 12 & 63];
  if (left == 2) text += alphabet[word >> 6 & 63];
  if (padded) text.append(3 - left, '=');
  return text;
}

std::optional<Bytes> decode(std::string_view text, std::array<std::uint8_t, 256> const& inverse) {
  if (text.size() % 4 == 1) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t word = 0;
  int bits = 0;
  for (char const c : text) {
    auto const value = inverse[static_cast<unsigned char>(c)];
    if (value == kNone) return std::nullopt;
    word = word << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(word >> bits));
      word &= (1u << bits) - 1;
    }
  }
  if (word != 0) return std::nullopt;  // unused bits
  return bytes;
}

std::unexpected<Error> bad_base64() {
  return fail(Errc::invalid, "base64", "This is not base64 in its one canonical form.");
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string hex_encode(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (auto const byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Result<Bytes> hex_decode(std::string_view text) {
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  bool ok = text.size() % 2 == 0;
  for (std::size_t at = 0; ok && at < text.size(); at += 2) {
    int const high = hex_value(text[at]);
    int const low = hex_value(text[at + 1]);
    ok = high >= 0 && low >= 0;
    if (ok) bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  if (!ok) return fail(Errc::invalid, "hex", "This is not hexadecimal: write pairs of 0-9 and a-f.");
  return bytes;
}

std::string base64_encode(ByteView bytes) { return encode(bytes, kStandard, true); }
std::string base64url_encode(ByteView bytes) { return encode(bytes, kUrl, false); }

Result<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return bad_base64();
  if (text.ends_with("==")) text.remove_suffix(2);
  else if (text.ends_with('=')) text.remove_suffix(1);
  auto bytes = decode(text, kFromStandard);
  if (!bytes) return bad_base64();
  return std::move(*bytes);
}

Result<Bytes> base64url_decode(std::string_view text) {
  auto bytes = decode(text, kFromUrl);
  if (!bytes) return bad_base64();
  return std::move(*bytes);
}

}  // namespace fabrica::crypto
