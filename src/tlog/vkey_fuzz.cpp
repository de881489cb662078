#include "tlog/impl/fuzz.hpp"
#include "tlog/note.hpp"

using namespace fabrica::tlog;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  fuzz_round_trip(data, size, SignerKey::parse, [](SignerKey const& key) { return std::string{key.text().text()}; });
  return fuzz_round_trip(data, size, VerifierKey::parse, [](VerifierKey const& key) { return key.text(); });
}
