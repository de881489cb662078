#include "tlog/impl/fuzz.hpp"
#include "tlog/proof.hpp"

using namespace fabrica::tlog;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  return fuzz_round_trip(data, size, LogProof::parse, [](LogProof const& proof) {
    auto const& head = proof.checkpoint.checkpoint;
    (void)verify_inclusion(proof.index, head.size, head.root, proof.hashes, head.root);
    return proof.encode();
  });
}
