#include "tlog/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <tuple>

#include "base/check.hpp"
#include "crypto/keyfile.hpp"

namespace fabrica::tlog {
namespace {

std::unexpected<Error> bad_edge(std::string what) { return fail(Errc::invalid, "log_edge", std::move(what)); }

Result<std::vector<Hash>> read_hashes(TileReader& tiles, unsigned level, std::uint64_t index, unsigned width) {
  FABRICA_TRY(auto const content, tiles.tile(level, index, width));
  if (content.size() != width * std::size_t{32}) return bad_edge("A tile on the right edge has the wrong size.");
  std::vector<Hash> hashes(width);
  for (std::size_t at = 0; at < width; ++at)
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(at * 32), 32, hashes[at].bytes.begin());
  return hashes;
}

// The bundle on the right edge, whose entries must hash to the tile beside it.
Result<Bytes> read_edge_bundle(TileReader& tiles, std::uint64_t index, std::span<Hash const> hashes) {
  FABRICA_TRY(auto bundle, tiles.entries(index, static_cast<unsigned>(hashes.size())));
  FABRICA_TRY(auto const entries, split_bundle(bundle));
  bool same = entries.size() == hashes.size();
  for (std::size_t at = 0; same && at < hashes.size(); ++at) same = leaf_hash(entries[at]) == hashes[at];
  if (!same)
    return bad_edge(fmt::format(
        "The last entry bundle, {}, does not fit its tile.",
        TileName{.kind = TileKind::entries, .level = 0, .index = index, .width = static_cast<unsigned>(hashes.size())}
            .path()));
  return bundle;
}

// Entries before hashes, low levels before high ones: what a tile stands for is there before it.
auto order_of(LogFile const& file) {
  return std::tuple{file.name.kind == TileKind::hashes, file.name.level, file.name.index};
}

// Makes a folder and those above it that are missing; the ones whose list of names changed go into `changed`.
Result<> make_folder(std::filesystem::path const& folder, std::set<std::filesystem::path>& changed) {
  std::error_code error;
  for (auto at = folder; !at.empty() && !std::filesystem::exists(at, error); at = at.parent_path())
    changed.insert(at.has_parent_path() ? at.parent_path() : std::filesystem::path{"."});
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(Errc::unavailable, "file_write",
                fmt::format("{} could not be made: {}.", folder.string(), error.message()));
  return {};
}

// Its name becomes durable when the folders in `changed` are synced, all of them once at the end.
Result<> write_once(std::filesystem::path const& path, LogFile const& file, std::set<std::filesystem::path>& changed) {
  auto const there = crypto::read_file(path, kBundleBytesMax);
  if (!there && there.error().code != Errc::not_found) return std::unexpected(there.error());
  changed.insert(path.parent_path());  // also where the file was there: the write before may have stopped half-way
  if (there && *there == file.content) return {};
  if (there)
    return fail(
        Errc::conflict, "log_file_differs",
        fmt::format("{} is there with other content, and a tile never changes: this is not the log the batch was "
                    "made for.",
                    path.string()));
  FABRICA_DO(make_folder(path.parent_path(), changed));
  return crypto::place_file(path, file.content);
}

}  // namespace

Hash tile_root(std::span<Hash const> hashes) {
  FABRICA_CHECK(!hashes.empty() && hashes.size() <= kTileWidth);
  if (hashes.size() == 1) return hashes[0];
  std::array<Hash, kTileWidth / 2> row;
  std::size_t width = hashes.size();
  std::span<Hash const> below = hashes;
  // Level by level; a last hash without a sibling moves up, which gives the split of RFC 9162 section 2.1.1.
  while (width > 1) {
    std::size_t const pairs = width / 2;
    for (std::size_t at = 0; at < pairs; ++at) row[at] = node_hash(below[2 * at], below[2 * at + 1]);
    if (width % 2 == 1) {
      Hash const last = below[width - 1];
      row[pairs] = last;
    }
    width = pairs + width % 2;
    below = row;
  }
  return row[0];
}

Result<LogBuilder> LogBuilder::resume(TileReader& tiles, std::uint64_t size) {
  if (size > kTreeSizeMax) return bad_edge("No tree is that large.");
  LogBuilder builder;
  builder.size_ = size;
  for (unsigned level = 0; level < 8 && size >> (8 * level) > 0; ++level) {
    std::uint64_t const hashes = size >> (8 * level);
    auto const width = static_cast<unsigned>(hashes % kTileWidth);
    Level edge;
    if (width > 0) {
      FABRICA_TRY(edge.hashes, read_hashes(tiles, level, hashes / kTileWidth, width));
    }
    if (width > 0 && level > 0) {
      FABRICA_TRY(auto const below, read_hashes(tiles, level - 1, hashes - 1, kTileWidth));
      if (tile_root(below) != edge.hashes.back())
        return bad_edge(fmt::format("The last full tile of level {} does not fit the tile above it.", level - 1));
    }
    if (width > 0 && level == 0) {
      FABRICA_TRY(builder.bundle_, read_edge_bundle(tiles, hashes / kTileWidth, edge.hashes));
    }
    builder.levels_.push_back(std::move(edge));
  }
  return builder;
}

Hash LogBuilder::root() const {
  std::vector<Hash> subtrees;
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    std::span<Hash const> rest{level->hashes};
    while (!rest.empty()) {
      auto const count = std::bit_floor(rest.size());
      subtrees.push_back(tile_root(rest.first(count)));
      rest = rest.subspan(count);
    }
  }
  auto const frontier = Frontier::restore(size_, std::move(subtrees));
  FABRICA_CHECK(frontier);
  return frontier->root();
}

Result<std::uint64_t> LogBuilder::append(ByteView entry) {
  FABRICA_CHECK(size_ < kTreeSizeMax);
  FABRICA_DO(append_to_bundle(bundle_, entry));
  bundle_changed_ = true;
  ++size_;
  push(leaf_hash(entry));
  if (size_ % kTileWidth == 0) {
    full_.push_back(
        {.name = {.kind = TileKind::entries, .level = 0, .index = size_ / kTileWidth - 1, .width = kTileWidth},
         .content = std::move(bundle_)});
    bundle_ = {};
    bundle_changed_ = false;
  }
  return size_ - 1;
}

void LogBuilder::push(Hash hash) {
  auto const content_of = [](std::vector<Hash> const& hashes) {
    Bytes content;
    content.reserve(hashes.size() * 32);
    for (auto const& each : hashes) content.insert(content.end(), each.bytes.begin(), each.bytes.end());
    return content;
  };
  for (unsigned level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    auto& edge = levels_[level];
    edge.hashes.push_back(hash);
    edge.changed = true;
    if (edge.hashes.size() < kTileWidth) return;
    full_.push_back({.name = {.kind = TileKind::hashes,
                              .level = level,
                              .index = (size_ >> (8 * (level + 1))) - 1,
                              .width = kTileWidth},
                     .content = content_of(edge.hashes)});
    hash = tile_root(edge.hashes);
    edge.hashes.clear();
    edge.changed = false;
  }
}

LogBatch LogBuilder::take_batch() {
  LogBatch batch{.size = size_, .root = root(), .files = std::move(full_)};
  full_ = {};
  for (unsigned level = 0; level < levels_.size(); ++level) {
    auto& edge = levels_[level];
    if (!edge.changed) continue;
    Bytes content;
    for (auto const& hash : edge.hashes) content.insert(content.end(), hash.bytes.begin(), hash.bytes.end());
    batch.files.push_back({.name = {.kind = TileKind::hashes,
                                    .level = level,
                                    .index = size_ >> (8 * level) >> 8,
                                    .width = static_cast<unsigned>(edge.hashes.size())},
                           .content = std::move(content)});
    edge.changed = false;
  }
  if (bundle_changed_)
    batch.files.push_back({.name = {.kind = TileKind::entries,
                                    .level = 0,
                                    .index = size_ / kTileWidth,
                                    .width = static_cast<unsigned>(size_ % kTileWidth)},
                           .content = bundle_});
  bundle_changed_ = false;
  std::sort(batch.files.begin(), batch.files.end(),
            [](LogFile const& one, LogFile const& two) { return order_of(one) < order_of(two); });
  return batch;
}

Result<> write_batch(std::filesystem::path const& folder, LogBatch const& batch) {
  std::set<std::filesystem::path> changed;
  for (auto const& file : batch.files) FABRICA_DO(write_once(folder / file.name.path(), file, changed));
  for (auto const& each : changed) FABRICA_DO(crypto::sync_folder(each));
  for (auto const& file : batch.files) {
    if (file.name.width != kTileWidth) continue;
    auto partials = folder / file.name.path();
    partials += ".p";
    std::error_code ignored;  // a partial tile that stays is harmless
    std::filesystem::remove_all(partials, ignored);
  }
  return {};
}

}  // namespace fabrica::tlog
