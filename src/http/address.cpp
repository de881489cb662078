#include "http/address.hpp"

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

namespace fabrica::http {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

struct Range {
  std::array<std::uint8_t, 4> first;
  int bits;
};
// IANA IPv4 Special-Purpose Address Registry, and multicast and reserved (240/4 with the broadcast address).
constexpr std::array<Range, 16> kNotPublic{{{{0, 0, 0, 0}, 8},
                                            {{10, 0, 0, 0}, 8},
                                            {{100, 64, 0, 0}, 10},
                                            {{127, 0, 0, 0}, 8},
                                            {{169, 254, 0, 0}, 16},
                                            {{172, 16, 0, 0}, 12},
                                            {{192, 0, 0, 0}, 24},
                                            {{192, 0, 2, 0}, 24},
                                            {{192, 88, 99, 0}, 24},
                                            {{192, 168, 0, 0}, 16},
                                            {{198, 18, 0, 0}, 15},
                                            {{198, 51, 100, 0}, 24},
                                            {{203, 0, 113, 0}, 24},
                                            {{224, 0, 0, 0}, 4},
                                            {{240, 0, 0, 0}, 4},
                                            {{255, 255, 255, 255}, 32}}};

bool starts_with(std::span<std::uint8_t const> address, std::span<std::uint8_t const> first, int bits) {
  for (int bit = 0; bit < bits; ++bit) {
    auto const byte = static_cast<std::size_t>(bit / 8);
    auto const mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    if ((address[byte] & mask) != (first[byte] & mask)) return false;
  }
  return true;
}

bool public_v4(std::span<std::uint8_t const> address) {
  for (auto const& range : kNotPublic)
    if (starts_with(address, range.first, range.bits)) return false;
  return true;
}

bool public_v6(Bytes16 const& address) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xFF, 0x9B};
  if (starts_with(address, kMapped, 96) || starts_with(address, kNat64, 96))
    return public_v4(std::span{address}.subspan(12));
  constexpr std::array<std::uint8_t, 1> kGlobalUnicast{0x20};
  if (!starts_with(address, kGlobalUnicast, 3)) return false;  // ::1, fc00::/7, fe80::/10, ff00::/8 and all the rest
  constexpr std::array<std::uint8_t, 4> kProtocols{0x20, 0x01, 0x00, 0x00};  // Teredo, benchmarking, ORCHID
  constexpr std::array<std::uint8_t, 4> kDocumentation{0x20, 0x01, 0x0D, 0xB8};
  constexpr std::array<std::uint8_t, 4> kDocumentation2{0x3F, 0xFF, 0x00, 0x00};
  constexpr std::array<std::uint8_t, 2> k6to4{0x20, 0x02};
  return !starts_with(address, kProtocols, 23) && !starts_with(address, kDocumentation, 32) &&
         !starts_with(address, kDocumentation2, 20) && !starts_with(address, k6to4, 16);
}

}  // namespace

bool is_public_address(sockaddr const& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return public_v4(bytes);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    Bytes16 bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return public_v6(bytes);
  }
  return false;
}

}  // namespace fabrica::http
