#include "cli/impl/project_file.hpp"

#include <fmt/format.h>

#include "cli/session.hpp"

namespace fabrica::cli {

Result<ProjectFile> read_project_file(std::string const& path) {
  FABRICA_TRY(auto const text, toml_file_as_json(path));
  auto file = json::read<ProjectFile>(text, {.bytes = 4u << 20});
  if (!file) {
    auto error = file.error();
    error.what = fmt::format("{}: {}", path, error.what);
    return std::unexpected(std::move(error));
  }
  return file;
}

std::string described_members(json::Value corpus) {
  std::string sources;
  auto const packages = corpus.find("packages");
  for (std::size_t at = 0; at < packages.size(); ++at)
    sources +=
        fmt::format("{}{{\"name\":{},\"version\":{},\"sha256\":{}}}", at ? "," : "", packages[at].find("name").write(),
                    packages[at].find("version").write(), packages[at].find("sha256").write());
  std::string period;
  for (std::string_view const end : {"from", "to"})
    if (auto const value = corpus.find("period").find(end); value.kind() == json::Kind::string)
      period += fmt::format("{}\"{}\":{}", period.empty() ? "" : ",", end, value.write());
  return fmt::format("\"sources\":[{}],\"period\":{{{}}}", sources, period);
}

}  // namespace fabrica::cli
