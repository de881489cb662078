#pragma once

#include <string>

#include "cli/session.hpp"

namespace fabrica::cli {

struct SeedSettings {
  std::string file;
};

// Registers what a TOML file declares, in its order: [[organisation]], [[person]] (with organisation = "name"),
// [[system]] with [[system.partition]], [[fact]], [[call]] (published at once unless publish = false). What is there
// already, by its name or title, stays as it is, so the same file may be used again.
int run_seed(Options const& options, SeedSettings const& settings);

}  // namespace fabrica::cli
