#pragma once

#include <string>

#include "base/result.hpp"
#include "core/trainer.hpp"

namespace fabrica::recipe {

// Trains for so long on random tokens; a JSON object of rates in windows of three seconds.
Result<std::string> bench(TrainSettings settings, int threads, double seconds);

}  // namespace fabrica::recipe
