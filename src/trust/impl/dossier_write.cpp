#include <fmt/format.h>

#include <algorithm>

#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"
#include "tlog/proof.hpp"
#include "trust/impl/dossier.hpp"

namespace fabrica::trust {
namespace {

Result<std::vector<DossierFile>> entries_of(std::vector<DossierContent> const& contents) {
  std::vector<DossierFile> files;
  for (auto const& content : contents) {
    if (!is_archive_path(content.path) || !is_content_path(content.path))
      return fail(Errc::invalid, "dossier_path",
                  fmt::format("'{}' is no path for a dossier's content: documents/... or model/..., lower case.",
                              content.path));
    files.push_back(file_entry(content.path, content.content));
  }
  std::ranges::sort(files, {}, &DossierFile::path);
  auto const twice = std::ranges::adjacent_find(files, {}, &DossierFile::path);
  if (twice != files.end())
    return fail(Errc::invalid, "dossier_path", fmt::format("'{}' is there twice.", twice->path));
  return files;
}

Result<std::string> canonical_line(std::string_view json) {
  FABRICA_TRY(auto line, json::canonical(json, kJsonLimits));
  line += '\n';
  return line;
}

}  // namespace

std::string statement_path(std::int64_t number) { return fmt::format("statements/{:06}.json", number); }
std::string proof_path(std::int64_t number) { return fmt::format("proofs/{:06}.tlog-proof", number); }
bool is_content_path(std::string_view path) { return path.starts_with("documents/") || path.starts_with("model/"); }

DossierFile file_entry(std::string_view path, std::string_view content) {
  return {std::string{path}, crypto::sha256(content).hex(), static_cast<std::int64_t>(content.size())};
}

Result<std::string> issued_body(std::vector<DossierContent> const& contents, std::int64_t chain_length) {
  FABRICA_TRY(auto files, entries_of(contents));
  return json::canonical(json::write(IssuedBody{chain_length, std::move(files)}), kJsonLimits);
}

Result<std::string> build_dossier(DossierParts const& parts) {
  FABRICA_DO(entries_of(parts.contents));
  auto contents = parts.contents;
  for (auto const& statement : parts.statements) {
    StatementFile const file{static_cast<std::int64_t>(statement.index),
                             statement.number,
                             crypto::base64_encode(statement.salt),
                             {statement.canonical}};
    FABRICA_TRY(auto line, canonical_line(json::write(file)));
    contents.push_back({statement_path(statement.number), std::move(line)});
    tlog::LogProof const proof{
        .extra = {}, .index = statement.index, .hashes = statement.proof, .checkpoint = parts.checkpoint};
    contents.push_back({proof_path(statement.number), proof.encode()});
  }
  contents.push_back({std::string{kCheckpointPath}, parts.checkpoint.encode()});
  DossierIndex index{std::string{kDossierFormat},
                     parts.checkpoint.checkpoint.origin,
                     parts.project,
                     static_cast<std::int64_t>(parts.statements.size()),
                     {}};
  for (auto const& content : contents) index.files.push_back(file_entry(content.path, content.content));
  std::ranges::sort(index.files, {}, &DossierFile::path);
  FABRICA_TRY(auto index_line, canonical_line(json::write(index)));
  contents.push_back({std::string{kIndexPath}, std::move(index_line)});
  std::ranges::sort(contents, {}, &DossierContent::path);
  std::vector<ArchiveFile> files;
  for (auto const& content : contents) files.push_back({content.path, content.content});
  FABRICA_TRY(auto bytes, write_archive(files, kDossierBytesMax));
  if (auto const report = examine(bytes, nullptr); !report.verified)
    return fail(Errc::invalid, "dossier", report.fault);
  return bytes;
}

}  // namespace fabrica::trust
