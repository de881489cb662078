#include "tlog/checkpoint.hpp"
#include "tlog/impl/fuzz.hpp"

using namespace fabrica::tlog;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  fuzz_round_trip(data, size, Checkpoint::parse, [](Checkpoint const& checkpoint) { return checkpoint.text(); });
  return fuzz_round_trip(data, size, SignedCheckpoint::parse, [](SignedCheckpoint const& checkpoint) {
    FABRICA_CHECK(checkpoint.checkpoint.text() == checkpoint.note.text);
    return checkpoint.encode();
  });
}
