#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "trust/impl/dossier.hpp"

using namespace fabrica;
using namespace fabrica::trust;

namespace {

// Parts divided by a byte 0xff, put behind the archive's CRC-32 and digests, which no mutation would get past.
std::string packed(std::string_view input) {
  constexpr std::array<std::string_view, 4> kPaths{"checkpoint", "documents/a.json", "proofs/000001.tlog-proof",
                                                   "statements/000001.json"};
  std::vector<DossierContent> contents;
  for (auto path : kPaths) {
    auto const end = std::min(input.find('\xff'), input.size());
    contents.push_back({std::string{path}, std::string{input.substr(0, end)}});
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  DossierIndex index{
      std::string{kDossierFormat}, contents[0].content.substr(0, contents[0].content.find('\n')), "p", 1, {}};
  for (auto const& content : contents) index.files.push_back(file_entry(content.path, content.content));
  auto const line = json::canonical(json::write(index));
  if (!line) return {};
  contents.push_back({std::string{kIndexPath}, *line + "\n"});
  std::ranges::sort(contents, {}, &DossierContent::path);
  std::vector<ArchiveFile> files;
  for (auto const& content : contents) files.push_back({content.path, content.content});
  return write_archive(files, kDossierBytesMax).value();
}

}  // namespace

// What is read as an archive is exactly what the writer makes of it, and no dossier ends otherwise than in a report.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const input{reinterpret_cast<char const*>(data), size};
  if (auto const files = read_archive(input, kDossierBytesMax)) {
    auto const again = write_archive(*files, kDossierBytesMax);
    FABRICA_CHECK(again && *again == input);
  }
  for (auto const& bytes : {std::string{input}, packed(input)}) {
    auto const report = examine(bytes, nullptr);
    FABRICA_CHECK(report.verified == report.fault.empty());
  }
  return 0;
}
