#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/trainer.hpp"

namespace fabrica::recipe {

// What a run must have in common with a checkpoint to go on from it, and what it adds up over restarts.
struct RunFacts {
  std::string parameters;  // digest
  std::string tokens;      // digest of the tokenised training text
  int ranks = 0;           // a restart uses as many again, whatever CPUs it gets: only then is it bit-exact
  double wall_s = 0;
  double flop = 0;
};

struct Checkpoint {
  TrainState state;
  RunFacts facts;
  std::filesystem::path path;
};

// The checkpoints of one training run in one folder: the newest two, each a safetensors file with a checksum over all
// of it. A file appears whole or not at all.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder) : folder_{std::move(folder)} {}

  // Errors: unavailable "disk_write".
  Result<> save(TrainState const& state, RunFacts const& facts, Layout const& layout) const;

  // The newest that is whole; nothing when there is none. Each damaged one adds a line to `notes`.
  std::optional<Checkpoint> load(std::vector<std::string>& notes) const;

 private:
  std::filesystem::path folder_;
};

// Errors: conflict "checkpoint_of_another_run" naming what differs.
Result<> check_same_run(Checkpoint const& checkpoint, RunFacts const& now, Layout const& layout);

// 16 hexadecimal digits (FNV-1a): tells runs apart, protects against nobody.
std::string digest_of(std::string_view bytes);

}  // namespace fabrica::recipe
