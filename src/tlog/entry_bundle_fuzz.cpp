#include "tlog/impl/fuzz.hpp"
#include "tlog/tiles.hpp"

using namespace fabrica::tlog;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const split = [](std::string_view text) { return split_bundle(fabrica::as_bytes(text)); };
  return fuzz_round_trip(data, size, split, [](std::vector<fabrica::ByteView> const& entries) {
    fabrica::Bytes bundle;
    for (auto const entry : entries) FABRICA_CHECK(append_to_bundle(bundle, entry));
    return std::string{fabrica::as_text(bundle)};
  });
}
