#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace fabrica::app {

// fabrica witness: a process of its own with its own key and state. Run it on another machine, by somebody else: a
// witness beside the factory it watches proves nothing to anybody.

// Makes key (witness.key, 0600) and empty state under the folder; prints the vkey.
Result<> witness_init(std::string const& folder, std::string const& name);

struct WitnessServe {
  std::string folder;
  std::vector<std::string> logs;  // vkeys of the logs it cosigns for
  std::string address = "127.0.0.1";
  std::uint16_t port = 8081;
};
// Serves until SIGINT or SIGTERM.
Result<> witness_serve(WitnessServe const& settings);

}  // namespace fabrica::app
