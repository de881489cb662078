#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"

namespace fabrica::tlog {

// What the targets share: text that parses must be written back as it came, so that no two texts mean the same.
template <class Parse, class Write>
int fuzz_round_trip(std::uint8_t const* data, std::size_t size, Parse parse, Write write) {
  std::string_view const text{reinterpret_cast<char const*>(data), size};
  if (auto const parsed = parse(text)) FABRICA_CHECK(write(*parsed) == text);
  return 0;
}

}  // namespace fabrica::tlog
