#pragma once

#include <functional>

#include "cli/session.hpp"

namespace CLI {
class App;
}

namespace fabrica::cli {

// plan, call, proposal, project, job, dataset, model, log, token, user, seed, run: clients of the API. The command that
// was typed leaves what to do in `chosen`.
void add_commands(CLI::App& program, Options& options, std::function<int()>& chosen);

}  // namespace fabrica::cli
