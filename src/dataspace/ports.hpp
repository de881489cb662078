#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "dataspace/types.hpp"
#include "db/db.hpp"

namespace fabrica::dataspace {

struct WrittenFile {
  std::string sha256;
  std::int64_t size_bytes = 0;
};

// A file on its way into the store; without finish() nothing of it stays.
class NewFile {
 public:
  virtual ~NewFile() = default;
  virtual Result<> write(std::string_view piece) = 0;
  // Durable under its digest from here on.
  virtual Result<WrittenFile> finish() = 0;
};

// Port: bytes by digest and which project they belong to. blob_files.hpp has the one over blobs/.
class ProjectFiles {
 public:
  virtual ~ProjectFiles() = default;
  // Size of the bytes if they were uploaded to, or adopted by, this project. Errors: not_found "blob".
  virtual Result<std::int64_t> size_of(db::Tx& tx, PublicId const& project, std::string_view sha256) = 0;
  // From now on these written bytes belong to the project, and are kept as long as it is.
  virtual Result<> adopt(db::Tx& tx, PublicId const& project, WrittenFile const& file) = 0;

  // Outside any transaction. The pieces in order. Errors: those of files, and those of `take`.
  virtual Result<> read(std::string_view sha256, std::function<Result<>(std::string_view piece)> const& take) = 0;
  virtual Result<std::unique_ptr<NewFile>> create() = 0;
};

}  // namespace fabrica::dataspace
