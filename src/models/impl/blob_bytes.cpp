#include "models/blob_bytes.hpp"

#include <fmt/format.h>

#include "crypto/sha256.hpp"

namespace fabrica::models {

Result<std::string> BlobBytes::path_of(std::string_view sha256) {
  FABRICA_TRY(auto const digest, crypto::Digest::from_hex(sha256));
  return store_.path_of(digest).string();
}

Result<std::string> BlobBytes::content(std::string_view sha256, std::size_t bytes_max) {
  FABRICA_TRY(auto const digest, crypto::Digest::from_hex(sha256));
  FABRICA_TRY(auto const file, store_.open_blob(digest));
  if (file.size_bytes() > static_cast<std::int64_t>(bytes_max))
    return fail(Errc::too_large, "file",
                fmt::format("The file has {} bytes; at most {} are read.", file.size_bytes(), bytes_max));
  std::string out(static_cast<std::size_t>(file.size_bytes()), '\0');
  for (std::size_t at = 0; at < out.size();) {
    auto const rest = std::span{reinterpret_cast<std::uint8_t*>(out.data()) + at, out.size() - at};
    FABRICA_TRY(auto const got, file.read(static_cast<std::int64_t>(at), rest));
    if (got == 0) return fail(Errc::unavailable, "file", "The file is shorter than it was: its disk is damaged.");
    at += got;
  }
  return out;
}

Result<> BlobBytes::keep(db::Tx& tx, PublicId const& project, std::string_view keeper_kind, PublicId const& keeper,
                         ModelFile const& file) {
  FABRICA_TRY(auto const digest, crypto::Digest::from_hex(file.sha256));
  return blobs_.keep(tx, digest, {std::string{keeper_kind}, keeper.text(), file.path, project.text()});
}

}  // namespace fabrica::models
