#include "tlog/tiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "base/check.hpp"
#include "crypto/keyfile.hpp"
#include "tlog/builder.hpp"
#include "tlog/impl/text.hpp"

namespace fabrica::tlog {
namespace {

std::unexpected<Error> bad_path(std::string_view path) {
  return fail(Errc::invalid, "tile_path",
              fmt::format("\"{}\" names no tile: names look like tile/0/x001/x234/067, tile/1/000.p/17 or "
                          "tile/entries/273.",
                          shown(path)));
}
std::unexpected<Error> bad_size(TileName const& name) {
  return fail(Errc::invalid, "tile_size", fmt::format("{} does not have the size its name says.", name.path()));
}
std::unexpected<Error> bad_range(std::string what) { return fail(Errc::invalid, "log_range", std::move(what)); }

// The number in "x001/x234/067" form; path() is compared with the text afterwards, so this one may be lenient.
std::optional<std::uint64_t> parse_index(std::string_view text) {
  std::string digits;
  for (char const c : text)
    if (c >= '0' && c <= '9') digits += c;
    else if (c != 'x' && c != '/') return std::nullopt;
  auto const first = digits.find_first_not_of('0');
  if (digits.empty()) return std::nullopt;
  if (first == std::string::npos) return 0;
  return parse_decimal(std::string_view{digits}.substr(first), kTreeSizeMax / kTileWidth);
}

// How many bytes the first `width` entries take; nullopt where the bundle has fewer.
std::optional<std::size_t> bytes_of_entries(ByteView bundle, unsigned width) {
  std::size_t at = 0;
  for (unsigned count = 0; count < width; ++count) {
    if (bundle.size() - at < 2) return std::nullopt;
    std::size_t const length = static_cast<std::size_t>(bundle[at]) << 8 | bundle[at + 1];
    at += 2;
    if (bundle.size() - at < length) return std::nullopt;
    at += length;
  }
  return at;
}

Hash hash_at(Bytes const& tile, std::size_t at) {
  Hash hash;
  std::copy_n(tile.begin() + static_cast<std::ptrdiff_t>(at * 32), 32, hash.bytes.begin());
  return hash;
}

// Hashes of a tree's nodes out of its tiles; each tile is read once.
class Nodes {
 public:
  Nodes(TileReader& tiles, std::uint64_t size) : tiles_{tiles}, size_{size} {}

  // MTH(D[start : end]) where start is a multiple of the smallest power of two not below end - start.
  Result<Hash> range(std::uint64_t start, std::uint64_t end) {
    std::uint64_t const count = end - start;
    if (std::has_single_bit(count)) return full(static_cast<unsigned>(std::countr_zero(count)), start);
    std::uint64_t const left = std::bit_floor(count);
    FABRICA_TRY(auto const left_hash, full(static_cast<unsigned>(std::countr_zero(left)), start));
    FABRICA_TRY(auto const right_hash, range(start + left, end));
    return node_hash(left_hash, right_hash);
  }

 private:
  // The full subtree of 2^height leaves that starts at a leaf.
  Result<Hash> full(unsigned height, std::uint64_t start) {
    unsigned const level = height / 8;
    std::uint64_t const first = start >> (8 * level);
    std::size_t const count = std::size_t{1} << height % 8;
    FABRICA_TRY(auto const* tile, at(level, first / kTileWidth));
    std::vector<Hash> hashes;
    for (std::size_t next = 0; next < count; ++next) {
      std::size_t const position = first % kTileWidth + next;
      if ((position + 1) * 32 > tile->size()) return bad_range("The tile is too short for the tree's size.");
      hashes.push_back(hash_at(*tile, position));
    }
    return tile_root(hashes);
  }

  Result<Bytes const*> at(unsigned level, std::uint64_t index) {
    auto const key = std::pair{level, index};
    if (auto const found = read_.find(key); found != read_.end()) return &found->second;
    unsigned const width = tile_width(level, index, size_);
    if (width == 0) return bad_range("The tree has no such tile.");
    FABRICA_TRY(auto content, tiles_.tile(level, index, width));
    if (content.size() != width * std::size_t{32})
      return bad_size({.kind = TileKind::hashes, .level = level, .index = index, .width = width});
    return &read_.emplace(key, std::move(content)).first->second;
  }

  TileReader& tiles_;
  std::uint64_t size_;
  std::map<std::pair<unsigned, std::uint64_t>, Bytes> read_;
};

std::uint64_t split_of(std::uint64_t count) { return std::bit_floor(count - 1); }  // largest power of two below count

}  // namespace

std::string TileName::path() const {
  std::string number = fmt::format("{:03}", index % 1000);
  for (auto rest = index / 1000; rest > 0; rest /= 1000) number = fmt::format("x{:03}/", rest % 1000) + number;
  auto text =
      kind == TileKind::entries ? fmt::format("tile/entries/{}", number) : fmt::format("tile/{}/{}", level, number);
  if (width != kTileWidth) text += fmt::format(".p/{}", width);
  return text;
}

Result<TileName> TileName::parse(std::string_view path) {
  if (path.size() > 64 || !path.starts_with("tile/")) return bad_path(path);
  auto rest = path.substr(5);
  auto const slash = rest.find('/');
  if (slash == std::string_view::npos) return bad_path(path);
  auto const level = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  TileName name;
  if (level == "entries") {
    name.kind = TileKind::entries;
  } else {
    auto const number = parse_decimal(level, 63);
    if (!number) return bad_path(path);
    name.level = static_cast<unsigned>(*number);
  }
  if (auto const partial = rest.find(".p/"); partial != std::string_view::npos) {
    auto const width = parse_decimal(rest.substr(partial + 3), kTileWidth - 1);
    if (!width || *width == 0) return bad_path(path);
    name.width = static_cast<unsigned>(*width);
    rest = rest.substr(0, partial);
  }
  auto const index = parse_index(rest);
  if (!index) return bad_path(path);
  name.index = *index;
  if (name.path() != path) return bad_path(path);
  return name;
}

unsigned tile_width(unsigned level, std::uint64_t index, std::uint64_t size) {
  if (level >= 8 || index > kTreeSizeMax / kTileWidth) return 0;
  std::uint64_t const hashes = size >> (8 * level);
  std::uint64_t const start = index * kTileWidth;
  if (hashes <= start) return 0;
  return static_cast<unsigned>(std::min<std::uint64_t>(kTileWidth, hashes - start));
}

Result<Bytes> DirectoryTiles::tile(unsigned level, std::uint64_t index, unsigned width) {
  TileName name{.kind = TileKind::hashes, .level = level, .index = index, .width = width};
  auto content = crypto::read_file(folder_ / name.path(), kTileBytes);
  if (!content && content.error().code == Errc::not_found && width < kTileWidth) {
    name.width = kTileWidth;
    content = crypto::read_file(folder_ / name.path(), kTileBytes);
  }
  if (!content && content.error().code == Errc::not_found)
    return fail(Errc::not_found, "tile_missing", fmt::format("The log has no {}.", name.path()));
  if (!content) return content;
  if (content->size() != name.width * std::size_t{32}) return bad_size(name);
  content->resize(width * std::size_t{32});
  return content;
}

Result<Bytes> DirectoryTiles::entries(std::uint64_t index, unsigned width) {
  TileName name{.kind = TileKind::entries, .level = 0, .index = index, .width = width};
  auto content = crypto::read_file(folder_ / name.path(), kBundleBytesMax);
  if (!content && content.error().code == Errc::not_found && width < kTileWidth) {
    name.width = kTileWidth;
    content = crypto::read_file(folder_ / name.path(), kBundleBytesMax);
  }
  if (!content && content.error().code == Errc::not_found)
    return fail(Errc::not_found, "tile_missing", fmt::format("The log has no {}.", name.path()));
  if (!content || name.width == width) return content;
  auto const end = bytes_of_entries(*content, width);
  if (!end) return bad_size(name);
  content->resize(*end);
  return content;
}

Result<Proof> inclusion_proof(TileReader& tiles, std::uint64_t index, std::uint64_t size) {
  if (size > kTreeSizeMax || index >= size)
    return bad_range(fmt::format("The log has no entry {} at size {}.", index, size));
  Nodes nodes{tiles, size};
  Proof proof;
  std::uint64_t start = 0;
  std::uint64_t end = size;
  while (end - start > 1) {
    std::uint64_t const middle = start + split_of(end - start);
    bool const left = index < middle;
    FABRICA_TRY(auto const sibling, left ? nodes.range(middle, end) : nodes.range(start, middle));
    proof.push_back(sibling);
    (left ? end : start) = middle;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<Proof> consistency_proof(TileReader& tiles, std::uint64_t old_size, std::uint64_t size) {
  if (size > kTreeSizeMax || old_size > size)
    return bad_range(fmt::format("There is no way from size {} to size {}.", old_size, size));
  if (old_size == 0 || old_size == size) return Proof{};
  Nodes nodes{tiles, size};
  Proof proof;
  std::uint64_t start = 0;
  std::uint64_t end = size;
  bool whole = true;  // what is left of the old tree is the old tree itself, whose root the verifier knows
  while (old_size != end) {
    std::uint64_t const middle = start + split_of(end - start);
    bool const left = old_size <= middle;
    FABRICA_TRY(auto const sibling, left ? nodes.range(middle, end) : nodes.range(start, middle));
    proof.push_back(sibling);
    (left ? end : start) = middle;
    whole = whole && left;
  }
  if (!whole) {
    FABRICA_TRY(auto const rest, nodes.range(start, end));
    proof.push_back(rest);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<Frontier> read_frontier(TileReader& tiles, std::uint64_t size) {
  if (size > kTreeSizeMax) return bad_range("No tree is that large.");
  Nodes nodes{tiles, size};
  std::vector<Hash> subtrees;
  for (std::uint64_t start = 0; start < size;) {
    std::uint64_t const count = std::bit_floor(size - start);
    FABRICA_TRY(auto const hash, nodes.range(start, start + count));
    subtrees.push_back(hash);
    start += count;
  }
  return Frontier::restore(size, std::move(subtrees));
}

Result<Hash> read_root(TileReader& tiles, std::uint64_t size) {
  FABRICA_TRY(auto const frontier, read_frontier(tiles, size));
  return frontier.root();
}

Result<Hash> read_leaf_hash(TileReader& tiles, std::uint64_t index, std::uint64_t size) {
  if (size > kTreeSizeMax || index >= size)
    return bad_range(fmt::format("The log has no entry {} at size {}.", index, size));
  Nodes nodes{tiles, size};
  return nodes.range(index, index + 1);
}

Result<Bytes> read_entry(TileReader& tiles, std::uint64_t index, std::uint64_t size) {
  if (size > kTreeSizeMax || index >= size)
    return bad_range(fmt::format("The log has no entry {} at size {}.", index, size));
  auto const number = index / kTileWidth;
  FABRICA_TRY(auto const bundle, tiles.entries(number, tile_width(0, number, size)));
  FABRICA_TRY(auto const entries, split_bundle(bundle));
  auto const at = index % kTileWidth;
  if (at >= entries.size())
    return bad_size({.kind = TileKind::entries, .level = 0, .index = number, .width = tile_width(0, number, size)});
  return Bytes(entries[at].begin(), entries[at].end());
}

Result<> append_to_bundle(Bytes& bundle, ByteView entry) {
  if (entry.size() > kEntryBytesMax)
    return fail(Errc::too_large, "log_entry", "A log entry has at most 65535 bytes: log the digest of what is larger.");
  bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
  bundle.push_back(static_cast<std::uint8_t>(entry.size()));
  bundle.insert(bundle.end(), entry.begin(), entry.end());
  return {};
}

Result<std::vector<ByteView>> split_bundle(ByteView bundle) {
  std::vector<ByteView> entries;
  entries.reserve(kTileWidth);
  for (std::size_t at = 0; at < bundle.size();) {
    if (entries.size() == kTileWidth)
      return fail(Errc::invalid, "entry_bundle", "The entry bundle has more than 256 entries.");
    std::size_t const length =
        bundle.size() - at < 2 ? SIZE_MAX : static_cast<std::size_t>(bundle[at]) << 8 | bundle[at + 1];
    if (length == SIZE_MAX || bundle.size() - at - 2 < length)
      return fail(Errc::invalid, "entry_bundle",
                  fmt::format("The entry bundle is cut off inside its entry {}.", entries.size()));
    entries.push_back(bundle.subspan(at + 2, length));
    at += 2 + length;
  }
  return entries;
}

}  // namespace fabrica::tlog
