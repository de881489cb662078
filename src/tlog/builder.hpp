#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "tlog/merkle.hpp"
#include "tlog/tiles.hpp"

namespace fabrica::tlog {

// A file of a log folder, by its name under the folder.
struct LogFile {
  TileName name;
  Bytes content;
};

// What appending changed: the files to write before a checkpoint over `size` and `root` is signed.
struct LogBatch {
  std::uint64_t size = 0;
  Hash root{};
  std::vector<LogFile> files;
};

// Appends entries to a log: keeps the partial tile of each level and the partial bundle, makes no I/O. Usage: append()
// any number of entries, take_batch(), write_batch(), sign. A builder whose batch could not be written is thrown away
// and resumed from the folder.
class LogBuilder {
 public:
  LogBuilder() = default;
  // Takes up a log of this size. Checks that bundle, tiles and each other's hashes fit on the right edge.
  // Errors: those of the reader; invalid "log_edge".
  static Result<LogBuilder> resume(TileReader& tiles, std::uint64_t size);

  std::uint64_t size() const { return size_; }
  Hash root() const;
  // The index it got. Errors: too_large "log_entry" (over 65,535 bytes: log its digest).
  Result<std::uint64_t> append(ByteView entry);
  // The files of everything appended since the last batch: full tiles and bundles, and the partial ones on the right
  // edge.
  LogBatch take_batch();

 private:
  struct Level {
    std::vector<Hash> hashes;  // fewer than 256
    bool changed = false;
  };
  void push(Hash hash);

  std::uint64_t size_ = 0;
  std::vector<Level> levels_;
  Bytes bundle_;
  bool bundle_changed_ = false;
  std::vector<LogFile> full_;
};

// The root of 1..256 hashes as one subtree.
Hash tile_root(std::span<Hash const> hashes);

// Writes the batch's files durably under the log folder, entries first. A file that is there already with the same
// content stays: a batch may be written again after a crash. The partial tiles a full one replaces are removed at the
// end; DirectoryTiles then reads the full one. Errors: conflict "log_file_differs" (a tile never changes), unavailable
// "file_write".
Result<> write_batch(std::filesystem::path const& folder, LogBatch const& batch);

}  // namespace fabrica::tlog
