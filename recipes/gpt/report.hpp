#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gpt/settings.hpp"

namespace fabrica::recipe {

// What a training run knows about itself when it ends.
struct TrainingRecord {
  struct Language {
    std::string language;
    std::size_t documents = 0;
    std::size_t bytes = 0;
  };
  struct Sample {
    std::string prompt;
    std::string text;
  };

  std::string job;
  GptSettings settings{};
  std::vector<Language> languages{};
  std::size_t corpus_tokens = 0;
  std::size_t parameters = 0;
  int ranks = 0;
  std::string kernels{};
  double wall_s = 0;
  double flop = 0;
  double validation_loss = 0;
  double validation_bits_per_byte = 0;
  std::vector<float> losses{};
  std::vector<Sample> samples{};
};

// Writes training.json, losses.csv and the model card README.md.
Result<> write_record(std::filesystem::path const& folder, TrainingRecord const& record);

}  // namespace fabrica::recipe
