#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "tlog/merkle.hpp"

namespace fabrica::tlog {

// c2sp.org/tlog-tiles: 256 hashes a tile, 256 entries a bundle.
inline constexpr unsigned kTileWidth = 256;
inline constexpr std::size_t kTileBytes = kTileWidth * 32;
inline constexpr std::size_t kEntryBytesMax = 65'535;
inline constexpr std::size_t kBundleBytesMax = kTileWidth * (kEntryBytesMax + 2);

enum class TileKind : std::uint8_t { hashes, entries };

// Names one tile or entry bundle: "tile/0/x001/x234/067", "tile/entries/273.p/112".
struct TileName {
  TileKind kind = TileKind::hashes;
  unsigned level = 0;  // 0..63; 0 for entries
  std::uint64_t index = 0;
  unsigned width = kTileWidth;  // 1..256; 256 is the full one, which has no ".p" in its name

  std::string path() const;
  // Strict: only what path() writes. Errors: invalid "tile_path".
  static Result<TileName> parse(std::string_view path);
  friend auto operator<=>(TileName const&, TileName const&) = default;
};

// How many hashes the tile at this level and index has in a tree of this size: 0 (not there), 1..256.
unsigned tile_width(unsigned level, std::uint64_t index, std::uint64_t size);

// Port: where tiles come from.
class TileReader {
 public:
  virtual ~TileReader() = default;
  // The first `width` hashes of a tile: exactly width * 32 bytes. A reader may cut them from a wider tile.
  virtual Result<Bytes> tile(unsigned level, std::uint64_t index, unsigned width) = 0;
  // The bundle of the first `width` entries: exactly these. A reader may cut it from a fuller bundle.
  virtual Result<Bytes> entries(std::uint64_t index, unsigned width) = 0;
};

// A log folder in tlog-tiles form. Errors: not_found "tile_missing", invalid "tile_size".
class DirectoryTiles final : public TileReader {
 public:
  explicit DirectoryTiles(std::filesystem::path folder) : folder_{std::move(folder)} {}
  Result<Bytes> tile(unsigned level, std::uint64_t index, unsigned width) override;
  Result<Bytes> entries(std::uint64_t index, unsigned width) override;
  std::filesystem::path const& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

// Errors of these: those of the reader; invalid "log_range" for sizes and indexes that make no sense.
Result<Proof> inclusion_proof(TileReader& tiles, std::uint64_t index, std::uint64_t size);
Result<Proof> consistency_proof(TileReader& tiles, std::uint64_t old_size, std::uint64_t size);
Result<Frontier> read_frontier(TileReader& tiles, std::uint64_t size);
Result<Hash> read_root(TileReader& tiles, std::uint64_t size);
Result<Hash> read_leaf_hash(TileReader& tiles, std::uint64_t index, std::uint64_t size);
Result<Bytes> read_entry(TileReader& tiles, std::uint64_t index, std::uint64_t size);

// One entry behind its length, as it stands in a bundle. Errors: too_large "log_entry".
Result<> append_to_bundle(Bytes& bundle, ByteView entry);
// The entries, as views into the bundle. Errors: invalid "entry_bundle" (cut off, or more than 256 entries).
Result<std::vector<ByteView>> split_bundle(ByteView bundle);

}  // namespace fabrica::tlog
