#include "tlog/verify_log.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include "crypto/keyfile.hpp"
#include "tlog/builder.hpp"

namespace fabrica::tlog {
namespace {

// Builds the tree up from the leaves and compares each tile with the stored one as soon as it is complete.
class Rebuild {
 public:
  Rebuild(TileReader& tiles, std::uint64_t size, LogReport& report) : tiles_{tiles}, size_{size}, report_{report} {}

  Result<> leaf(Hash const& hash) {
    levels_[0].hashes[levels_[0].width++] = hash;
    if (levels_[0].width < kTileWidth) return {};
    return carry();
  }

  // The partial tiles on the right edge, and the root.
  Result<Hash> finish() {
    std::vector<Hash> subtrees;
    for (unsigned level = 0; level < levels_.size(); ++level) {
      auto const& edge = levels_[level];
      if (edge.width > 0) FABRICA_DO(compare(level, edge.index, {edge.hashes.data(), edge.width}));
    }
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      std::span<Hash const> rest{level->hashes.data(), level->width};
      while (!rest.empty()) {
        auto const count = std::bit_floor(rest.size());
        subtrees.push_back(tile_root(rest.first(count)));
        rest = rest.subspan(count);
      }
    }
    FABRICA_TRY(auto const frontier, Frontier::restore(size_, std::move(subtrees)));
    return frontier.root();
  }

 private:
  struct Level {
    std::array<Hash, kTileWidth> hashes;
    unsigned width = 0;
    std::uint64_t index = 0;  // of the tile being filled
  };

  Result<> carry() {
    for (unsigned level = 0; levels_[level].width == kTileWidth; ++level) {
      auto& full = levels_[level];
      FABRICA_DO(compare(level, full.index, full.hashes));
      auto& above = levels_[level + 1];
      above.hashes[above.width++] = tile_root(full.hashes);
      full.width = 0;
      ++full.index;
    }
    return {};
  }

  Result<> compare(unsigned level, std::uint64_t index, std::span<Hash const> computed) {
    TileName const name{
        .kind = TileKind::hashes, .level = level, .index = index, .width = static_cast<unsigned>(computed.size())};
    FABRICA_TRY(auto const stored, tiles_.tile(level, index, name.width));
    ++report_.tiles;
    if (stored.size() != computed.size_bytes())
      return fail(Errc::invalid, "log_tile", fmt::format("{} does not have {} hashes.", name.path(), name.width));
    static_assert(sizeof(Hash) == 32);
    if (std::memcmp(stored.data(), computed.data(), stored.size()) == 0) return {};
    std::size_t at = 0;
    while (std::memcmp(stored.data() + at * 32, computed[at].bytes.data(), 32) == 0) ++at;
    std::uint64_t const position = index * kTileWidth + at;
    if (level == 0) {
      TileName bundle = name;
      bundle.kind = TileKind::entries;
      return fail(Errc::invalid, "log_entry_hash",
                  fmt::format("Entry {} in {} does not have the hash that {} holds for it: one of the two was changed.",
                              position, bundle.path(), name.path()));
    }
    std::uint64_t const first = position << (8 * level);
    std::uint64_t const last = ((position + 1) << (8 * level)) - 1;
    return fail(
        Errc::invalid, "log_tile",
        fmt::format("{} was changed: its hash {} is not that of entries {} to {}, whose own tiles agree with them.",
                    name.path(), at, first, last));
  }

  TileReader& tiles_;
  std::uint64_t size_;
  LogReport& report_;
  std::array<Level, 9> levels_{};  // 2^63 entries fill seven levels and part of the eighth
};

Result<std::vector<ByteView>> split_named(ByteView bundle, TileName const& name) {
  auto entries = split_bundle(bundle);
  if (!entries) return fail(Errc::invalid, "entry_bundle", fmt::format("{}: {}", name.path(), entries.error().what));
  if (entries->size() != name.width)
    return fail(Errc::invalid, "entry_bundle",
                fmt::format("{} has {} entries and should have {}: the first difference is at entry {}.", name.path(),
                            entries->size(), name.width,
                            name.index * kTileWidth + std::min<std::size_t>(entries->size(), name.width)));
  return entries;
}

}  // namespace

Result<LogReport> verify_log(TileReader& tiles, Checkpoint const& checkpoint, VerifyLogOptions const& options) {
  if (checkpoint.size > kTreeSizeMax) return fail(Errc::invalid, "log_root", "No tree is that large.");
  LogReport report{.size = checkpoint.size, .root = {}};
  auto const rebuild = std::make_unique<Rebuild>(tiles, checkpoint.size, report);
  for (std::uint64_t start = 0; start < checkpoint.size; start += kTileWidth) {
    TileName const name{.kind = TileKind::entries,
                        .level = 0,
                        .index = start / kTileWidth,
                        .width = tile_width(0, start / kTileWidth, checkpoint.size)};
    FABRICA_TRY(auto const bundle, tiles.entries(name.index, name.width));
    FABRICA_TRY(auto const entries, split_named(bundle, name));
    ++report.bundles;
    for (std::size_t at = 0; at < entries.size(); ++at) {
      FABRICA_DO(rebuild->leaf(leaf_hash(entries[at])));
      if (options.on_entry) FABRICA_DO(options.on_entry(start + at, entries[at]));
      report.entry_bytes += entries[at].size();
    }
    if (options.on_progress) options.on_progress(start + entries.size(), checkpoint.size);
  }
  FABRICA_TRY(report.root, rebuild->finish());
  if (report.root != checkpoint.root)
    return fail(
        Errc::invalid, "log_root",
        fmt::format("The {} entries and all tiles agree with each other, but their root is {} and the checkpoint "
                    "says {}.",
                    checkpoint.size, report.root.hex(), checkpoint.root.hex()));
  return report;
}

Result<LogReport> verify_log_folder(std::filesystem::path const& folder, VerifierKey const& log,
                                    VerifyLogOptions const& options) {
  FABRICA_TRY(auto const content, crypto::read_file(folder / "checkpoint", kNoteBytesMax));
  FABRICA_TRY(auto const checkpoint, SignedCheckpoint::parse(as_text(content)));
  if (checkpoint.checkpoint.origin != log.name())
    return fail(Errc::invalid, "checkpoint", fmt::format("The checkpoint is of another log than {}.", log.name()));
  FABRICA_DO(verify_note(checkpoint.note, std::span{&log, 1}));
  DirectoryTiles tiles{folder};
  return verify_log(tiles, checkpoint.checkpoint, options);
}

}  // namespace fabrica::tlog
