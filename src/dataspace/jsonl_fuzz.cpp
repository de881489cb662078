// Hostile JSON lines: however the pieces fall, the parts hold the same bytes, and no line is lost or made up.
#include <algorithm>
#include <array>
#include <string>

#include "base/check.hpp"
#include "dataspace/rules.hpp"

namespace {

using namespace fabrica;

struct Parts {
  bool fine = false;
  std::array<std::string, 3> lines;
  friend bool operator==(Parts const&, Parts const&) = default;
};

Parts split(std::string_view bytes, std::size_t piece_bytes) {
  Parts out;
  dataspace::JsonlSplitter splitter{
      {{}, 500'000, 250'000}, "xx.jsonl", [&](dataspace::Part part, std::string_view line) -> Result<> {
        out.lines[static_cast<std::size_t>(part)] += line;
        return {};
      }};
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size())))
    if (!splitter.write(bytes.substr(0, piece_bytes))) return out;
  out.fine = splitter.finish().has_value();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes{reinterpret_cast<char const*>(data), size};
  auto const whole = split(bytes, size + 1);
  FABRICA_CHECK(whole == split(bytes, 3));
  if (!whole.fine) return 0;
  auto const kept = whole.lines[0].size() + whole.lines[1].size() + whole.lines[2].size();
  FABRICA_CHECK(kept == size + (bytes.ends_with('\n') ? 0 : 1));
  return 0;
}
