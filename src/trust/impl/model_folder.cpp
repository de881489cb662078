#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "crypto/sha256.hpp"
#include "trust/evidence.hpp"
#include "trust/impl/dossier.hpp"

namespace fabrica::trust {

Result<std::optional<std::string>> manifest_of(std::string_view dossier) {
  FABRICA_TRY(auto const files, read_archive(dossier, kDossierBytesMax));
  for (auto const& file : files)
    if (file.path == kManifestPath) return std::optional{std::string{file.content}};
  return std::optional<std::string>{};
}

Result<> verify_model_folder(std::string_view manifest_json, std::filesystem::path const& folder) {
  auto manifest = json::read<ModelEvidence>(manifest_json, kJsonLimits);
  if (!manifest) return fail(Errc::invalid, "model_manifest", manifest.error().what, manifest.error().faults);
  std::vector<Fault> faults;
  for (auto const& file : manifest->files) {
    std::filesystem::path const relative{file.path};
    if (relative.is_absolute() || std::ranges::find(relative, "..") != relative.end())
      return fail(Errc::invalid, "model_manifest", fmt::format("'{}' leads out of the model's folder.", file.path));
    auto const found = crypto::sha256_file(folder / relative);
    if (!found) faults.push_back({"/" + file.path, found.error().what});
    else if (found->digest.hex() != file.sha256 || static_cast<std::int64_t>(found->size_bytes) != file.size_bytes)
      faults.push_back({"/" + file.path, "Its SHA-256 or size is not the one the manifest names."});
  }
  std::error_code error;
  std::filesystem::recursive_directory_iterator at{folder, error};
  for (; !error && at != std::filesystem::recursive_directory_iterator{}; at.increment(error)) {
    if (at->is_directory(error)) continue;
    auto const name = at->path().lexically_relative(folder).generic_string();
    if (std::ranges::find(manifest->files, name, &ModelFile::path) == manifest->files.end())
      faults.push_back({"/" + name, "The manifest does not name this file."});
  }
  if (error) return fail(Errc::not_found, "file_missing", fmt::format("{}: {}.", folder.string(), error.message()));
  if (faults.empty()) return {};
  auto what = fmt::format("{} of the model's files differ, first {}: {}", faults.size(), faults.front().pointer,
                          faults.front().what);
  return fail(Errc::conflict, "model_differs", std::move(what), std::move(faults));
}

}  // namespace fabrica::trust
