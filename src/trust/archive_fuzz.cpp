#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "trust/impl/dossier.hpp"

// Whatever is read as an archive is exactly what the writer makes of it; and no archive makes the verifier fail but by
// a report.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes{reinterpret_cast<char const*>(data), size};
  auto const files = fabrica::trust::read_archive(bytes, std::size_t{1} << 24);
  if (files) {
    auto const again = fabrica::trust::write_archive(*files, std::size_t{1} << 24);
    FABRICA_CHECK(again && *again == bytes);
  }
  auto const report = fabrica::trust::examine(bytes, nullptr);
  FABRICA_CHECK(report.verified == report.fault.empty());
  return 0;
}
