#include "tlog/impl/fuzz.hpp"
#include "tlog/policy.hpp"

using namespace fabrica::tlog;

// Comments and spaces are not kept, so it is the written form that must read back as itself.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const policy = Policy::parse({reinterpret_cast<char const*>(data), size});
  if (!policy) return 0;
  auto const again = Policy::parse(policy->text());
  FABRICA_CHECK(again && again->text() == policy->text());
  (void)policy->judge({});
  return 0;
}
