#include "tlog/impl/fuzz.hpp"
#include "tlog/tiles.hpp"

using namespace fabrica::tlog;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  return fuzz_round_trip(data, size, TileName::parse, [](TileName const& name) {
    FABRICA_CHECK(name.width >= 1 && name.width <= kTileWidth && name.level < 64);
    (void)tile_width(name.level, name.index, kTreeSizeMax);
    return name.path();
  });
}
