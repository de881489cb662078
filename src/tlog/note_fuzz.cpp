#include "tlog/impl/fuzz.hpp"
#include "tlog/note.hpp"

using namespace fabrica::tlog;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static auto const key = *VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  return fuzz_round_trip(data, size, Note::parse, [](Note const& note) {
    (void)verify_note(note, std::span{&key, 1});
    return note.encode();
  });
}
