#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace fabrica::app {

// What the command line chose: run it after parsing, its answer is the exit status.
struct Chosen {
  std::function<int()> run;
};

// serve, migrate, doctor, backup, witness, user create-admin, token issue, log verify, verify: what works on a data
// folder or on files, without a server. `json` is the --json flag of the whole program.
void add_local_commands(CLI::App& program, Chosen& chosen, bool const& json);

}  // namespace fabrica::app
