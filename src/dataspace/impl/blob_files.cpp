#include "dataspace/blob_files.hpp"

#include <fmt/format.h>

#include <vector>

#include "crypto/sha256.hpp"
#include "dataspace/impl/store.hpp"

namespace fabrica::dataspace {

Result<std::int64_t> BlobFiles::size_of(db::Tx& tx, PublicId const& project, std::string_view sha256) {
  auto const unknown = [&] {
    return fail(Errc::not_found, "blob", fmt::format("This project has no bytes with the digest {}: upload them.", sha256));
  };
  FABRICA_TRY(auto const size, tx.maybe<std::int64_t>(store::kProjectFile, project, sha256));
  auto const digest = crypto::Digest::from_hex(sha256);
  if (!size || !digest) return unknown();
  auto const blob = blobs_.find(tx, *digest);
  if (!blob && blob.error().code != Errc::not_found) return std::unexpected(blob.error());
  // Bytes that nobody kept have been swept; the row only says that the project once had them.
  if (!blob || blob->state != blobs::BlobState::present) return unknown();
  return *size;
}

Result<> BlobFiles::belongs(db::Tx& tx, PublicId const& project, WrittenFile const& file) {
  FABRICA_DO(tx.run(store::kProjectFileInsert, project, file.sha256, file.size_bytes, clock_.now()));
  return {};
}

Result<> BlobFiles::keep(db::Tx& tx, PublicId const& project, Keeper const& keeper, File const& file) {
  FABRICA_TRY(auto const digest, crypto::Digest::from_hex(file.sha256));
  FABRICA_DO(belongs(tx, project, {file.sha256, file.size_bytes}));
  return blobs_.keep(tx, digest, {std::string{keeper.kind}, keeper.id.text(), file.path, project.text()});
}

Result<> BlobFiles::read(std::string_view sha256, Sink const& take) {
  FABRICA_TRY(auto const digest, crypto::Digest::from_hex(sha256));
  FABRICA_TRY(auto const file, blobs_.open(digest));
  std::vector<std::uint8_t> piece(1u << 20);
  for (std::int64_t offset = 0;;) {
    FABRICA_TRY(auto const got, file.read(offset, piece));
    if (got == 0) return {};
    FABRICA_DO(take(as_text(ByteView{piece}.first(got))));
    offset += static_cast<std::int64_t>(got);
  }
}

Result<WrittenFile> BlobFiles::write(std::function<Result<>(Sink const& sink)> const& pump) {
  FABRICA_TRY(auto const stored, blobs_.put_stream([&](blobs::Service::Sink const& sink) {
    return pump([&](std::string_view piece) { return sink(as_bytes(piece)); });
  }));
  return WrittenFile{stored.digest.hex(), stored.size_bytes};
}

}  // namespace fabrica::dataspace
