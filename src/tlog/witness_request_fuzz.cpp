#include "tlog/impl/fuzz.hpp"
#include "tlog/witness.hpp"

using namespace fabrica::tlog;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static auto const key =
      *VerifierKey::parse("factory.example/log+05dfefa9+ATLaPPDkTRJt24BI0jWrZN+vzNl0ZfT4PEdgpLTyIam+");
  return fuzz_round_trip(data, size, AddCheckpoint::parse, [](AddCheckpoint const& request) {
    (void)witness_refusal(request, {key}, {});
    (void)witness_refusal(request, {key}, WitnessedHead{.size = request.old_size, .root = {}, .checkpoint = {}});
    return request.encode();
  });
}
