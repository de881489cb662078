#pragma once

#include <map>
#include <string>

#include "crypto/encoding.hpp"
#include "tlog/builder.hpp"
#include "tlog/note.hpp"
#include "tlog/tiles.hpp"

// For tests only, of this module and of those above it.
namespace fabrica::tlog::testing {

// A log's files in memory. It serves a partial tile out of any wider one, so that trees of every size can be asked for.
class MemoryTiles final : public TileReader {
 public:
  void add(LogBatch const& batch) {
    for (auto const& file : batch.files) files[file.name.path()] = file.content;
  }
  Result<Bytes> tile(unsigned level, std::uint64_t index, unsigned width) override {
    FABRICA_TRY(auto content, find({.kind = TileKind::hashes, .level = level, .index = index, .width = width}));
    content.resize(std::min(content.size(), width * std::size_t{32}));
    return content;
  }
  Result<Bytes> entries(std::uint64_t index, unsigned width) override {
    TileName const name{.kind = TileKind::entries, .level = 0, .index = index, .width = width};
    FABRICA_TRY(auto const content, find(name));
    if (files.contains(name.path())) return content;
    FABRICA_TRY(auto const entries, split_bundle(content));
    Bytes cut;
    for (std::size_t at = 0; at < std::min<std::size_t>(width, entries.size()); ++at)
      FABRICA_DO(append_to_bundle(cut, entries[at]));
    return cut;
  }

  std::map<std::string, Bytes> files;

 private:
  Result<Bytes> find(TileName name) const {
    for (;; ++name.width) {
      if (auto const found = files.find(name.path()); found != files.end()) return found->second;
      if (name.width == kTileWidth) return fail(Errc::not_found, "tile_missing", "The log has no " + name.path() + ".");
    }
  }
};

inline std::string entry_text(std::uint64_t index) { return "entry " + std::to_string(index); }

// A log of `size` entries "entry <i>".
inline MemoryTiles make_log(std::uint64_t size) {
  MemoryTiles tiles;
  LogBuilder builder;
  for (std::uint64_t at = 0; at < size; ++at) (void)builder.append(as_bytes(entry_text(at)));
  tiles.add(builder.take_batch());
  return tiles;
}

inline Hash hash_of(std::string_view base64) { return *Hash::from_bytes(*crypto::base64_decode(base64)); }

inline SignerKey signer(std::string name, KeyType type, std::string_view seed_hex) {
  return *SignerKey::make(std::move(name), type, *crypto::PrivateKey::from_seed(*crypto::hex_decode(seed_hex)));
}

}  // namespace fabrica::tlog::testing
