#pragma once

#include "blobs/service.hpp"
#include "models/ports.hpp"

namespace fabrica::models {

// StoredBytes over the blob store.
class BlobBytes final : public StoredBytes {
 public:
  BlobBytes(blobs::Service& blobs, blobs::Store const& store) : blobs_{blobs}, store_{store} {}

  Result<std::string> path_of(std::string_view sha256) override;
  Result<std::string> content(std::string_view sha256, std::size_t bytes_max) override;
  Result<> keep(db::Tx& tx, PublicId const& project, std::string_view keeper_kind, PublicId const& keeper,
                ModelFile const& file) override;

 private:
  blobs::Service& blobs_;
  blobs::Store const& store_;
};

}  // namespace fabrica::models
