// Any bytes as a safetensors header: refused, or tiling the data exactly.
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "core/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace fabrica::recipe;
  if (size < 1) return 0;
  std::size_t const data_bytes = std::size_t{data[0]} * 4;
  auto const header = parse_safetensors_header({reinterpret_cast<char const*>(data + 1), size - 1}, data_bytes);
  if (!header) return 0;
  std::size_t reached = 0;
  for (auto const& tensor : header->tensors) {
    FABRICA_CHECK(tensor.begin == reached && tensor.end >= tensor.begin);
    FABRICA_CHECK(tensor.values() * (tensor.dtype == Dtype::f32 ? 4 : 2) == tensor.end - tensor.begin);
    reached = tensor.end;
  }
  FABRICA_CHECK(reached == data_bytes);
  return 0;
}
