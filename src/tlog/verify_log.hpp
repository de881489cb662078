#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tlog/checkpoint.hpp"
#include "tlog/merkle.hpp"
#include "tlog/tiles.hpp"

namespace fabrica::tlog {

struct LogReport {
  std::uint64_t size = 0;
  Hash root{};
  std::uint64_t entry_bytes = 0;
  std::uint64_t tiles = 0;
  std::uint64_t bundles = 0;
};

struct VerifyLogOptions {
  // Called for each entry in order, for checks of the caller's own; an error ends the run.
  std::function<Result<>(std::uint64_t index, ByteView entry)> on_entry = nullptr;
  // Called after each bundle.
  std::function<void(std::uint64_t done, std::uint64_t size)> on_progress = nullptr;
};

// Re-hashes every entry of the log, compares each tile of each level with what the entries give, and the root with the
// checkpoint's. One pass, one core, memory for one tile a level. Says nothing about signatures.
// Errors: invalid "log_entry_hash", "log_tile", "log_root", "entry_bundle": the text names the file and the first index
// that differs; not_found "tile_missing".
Result<LogReport> verify_log(TileReader& tiles, Checkpoint const& checkpoint, VerifyLogOptions const& options = {});

// The same of a folder, with the file `checkpoint` in it, whose signature by `log` is verified first.
// Errors: those above, and those of Note, Checkpoint and verify_note().
Result<LogReport> verify_log_folder(std::filesystem::path const& folder, VerifierKey const& log,
                                    VerifyLogOptions const& options = {});

}  // namespace fabrica::tlog
