#pragma once

#include <functional>
#include <string_view>

#include "dataspace/types.hpp"
#include "db/db.hpp"

namespace fabrica::dataspace {

struct WrittenFile {
  std::string sha256;
  std::int64_t size_bytes = 0;
};

// The thing that keeps a file: "dataset" or "split" by public id.
struct Keeper {
  std::string_view kind;
  PublicId const& id;
};

// Port: bytes by digest and which project they belong to. blob_files.hpp has the one over blobs/.
class ProjectFiles {
 public:
  virtual ~ProjectFiles() = default;
  // Size of the bytes if they were uploaded to, or made for, this project. Errors: not_found "blob".
  virtual Result<std::int64_t> size_of(db::Tx& tx, PublicId const& project, std::string_view sha256) = 0;
  // From now on these stored bytes belong to the project and stay as long as the keeper. Errors: not_found "blob" (they
  // are not there any more), over_budget "blob_quota".
  virtual Result<> keep(db::Tx& tx, PublicId const& project, Keeper const& keeper, File const& file) = 0;

  // Outside any transaction:
  using Sink = std::function<Result<>(std::string_view piece)>;
  // The bytes in order, in pieces. Errors: not_found "blob_missing", those of files, those of `take`.
  virtual Result<> read(std::string_view sha256, Sink const& take) = 0;
  // Stores what `pump` writes to the sink it is given; durable on return. An error of the pump leaves nothing behind.
  virtual Result<WrittenFile> write(std::function<Result<>(Sink const& sink)> const& pump) = 0;
};

}  // namespace fabrica::dataspace
