#include <cstdint>

#include "base/check.hpp"
#include "schedule/schedule.hpp"

// A rule from outside: whatever is accepted gives increasing cut-offs and rounds that do not overlap.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace fabrica;
  auto rule = json::read<schedule::Rule>({reinterpret_cast<char const*>(data), size});
  if (!rule) return 0;
  auto const made = schedule::Schedule::of(*std::move(rule));
  if (!made) return 0;
  auto const rounds = made->rounds(0, 4'102'444'800 * kSecond);  // to 2100
  Micros last = -1;
  for (auto const& round : rounds) {
    FABRICA_CHECK(!round.opens || !round.closes || *round.opens < *round.closes);
    FABRICA_CHECK(!round.opens || last < 0 || last <= round.opens->us);
    if (round.closes) last = round.closes->us;
  }
  FABRICA_CHECK(!made->describe().empty());
  return 0;
}
