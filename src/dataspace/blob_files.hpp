#pragma once

#include "base/clock.hpp"
#include "blobs/service.hpp"
#include "dataspace/ports.hpp"

namespace fabrica::dataspace {

// ProjectFiles over the blob store. That a project has bytes is shown by its upload of them: a digest alone, learned
// elsewhere, gives nobody another project's data.
class BlobFiles final : public ProjectFiles {
 public:
  BlobFiles(blobs::Service& blobs, Clock const& clock) : blobs_{blobs}, clock_{clock} {}

  Result<std::int64_t> size_of(db::Tx& tx, PublicId const& project, std::string_view sha256) override;
  Result<> keep(db::Tx& tx, PublicId const& project, Keeper const& keeper, File const& file) override;
  Result<> read(std::string_view sha256, Sink const& take) override;
  Result<WrittenFile> write(std::function<Result<>(Sink const& sink)> const& pump) override;

  // The project has shown these bytes.
  Result<> belongs(db::Tx& tx, PublicId const& project, WrittenFile const& file);

 private:
  blobs::Service& blobs_;
  Clock const& clock_;
};

}  // namespace fabrica::dataspace
