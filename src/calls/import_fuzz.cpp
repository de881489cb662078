// A document and a CSV file, divided by a byte 0xff, as another system exports them: read in bounded time, or refused
// with faults that say where.
#include "base/check.hpp"
#include "calls/import.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace fabrica;
  std::string_view const input{reinterpret_cast<char const*>(data), size};
  auto const cut = std::min(input.find('\xff'), input.size());
  auto const read = calls::read_import(input.substr(0, cut), input.substr(std::min(cut + 1, input.size())));
  if (read) FABRICA_CHECK(read->origins.size() == read->document.proposals.size() && read->sha256.size() == 64);
  else FABRICA_CHECK(!read.error().what.empty() && read.error().faults.size() <= 500);
  return 0;
}
