// A file as a stranger attaches it: checked in bounded time, and the same answer each time.
#include "base/check.hpp"
#include "calls/content.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace fabrica;
  for (auto const type : calls::kCheckedTypes) {
    auto const once = calls::check_content(type, {data, size});
    auto const again = calls::check_content(type, {data, size});
    FABRICA_CHECK(once.has_value() == again.has_value());
    if (once) FABRICA_CHECK(once->pages == again->pages && (type != "application/pdf" || *once->pages > 0));
    else FABRICA_CHECK(once.error().reason == again.error().reason);
  }
  return 0;
}
