#include "base/id.hpp"

#include <fmt/format.h>

#include <array>

namespace fabrica {

PublicId PublicId::make(Micros now, Random& random) {
  std::array<std::uint8_t, 16> raw{};
  random.fill(raw);
  auto const millis = static_cast<std::uint64_t>(now / 1000);
  for (int at = 0; at < 6; ++at) raw[at] = static_cast<std::uint8_t>(millis >> (40 - 8 * at));
  raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0F) | 0x70);  // version 7
  raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3F) | 0x80);  // variant 10
  std::string text;
  text.reserve(36);
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (at == 4 || at == 6 || at == 8 || at == 10) text += '-';
    fmt::format_to(std::back_inserter(text), "{:02x}", raw[at]);
  }
  return PublicId{std::move(text)};
}

Result<PublicId> PublicId::parse(std::string_view text) {
  bool ok = text.size() == 36;
  for (std::size_t at = 0; ok && at < text.size(); ++at) {
    bool const dash = at == 8 || at == 13 || at == 18 || at == 23;
    char const c = text[at];
    ok = dash ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }
  if (!ok)
    return fail(
        Errc::invalid, "public_id",
        fmt::format("\"{}\" is not an id: ids look like 0193571e-7c1f-7a3b-8d1e-5f2a9b3c4d5e.", text.substr(0, 64)));
  return PublicId{std::string{text}};
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  std::uint64_t word = 0;
  for (std::size_t at = 0; at < out.size(); ++at) {
    if (at % 8 == 0) word = next();
    out[at] = static_cast<std::uint8_t>(word >> (8 * (at % 8)));
  }
}

std::uint64_t SeededRandom::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::uint64_t SeededRandom::below(std::uint64_t bound) {
  std::uint64_t const limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;)
    if (std::uint64_t const word = next(); word < limit) return word % bound;
}

}  // namespace fabrica
