#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "cli/commands.hpp"
#include "compute/local.hpp"

namespace {

constexpr auto kAbout = R"(Fabrica: an AI factory in one program.

Run a factory:      fabrica serve --data DIR
Do a whole project: fabrica run project.toml
Check a dossier:    fabrica verify dossier.zip --policy policy.txt

Exit status: 0 done, 1 fault of the program, 2 wrong input, 3 not allowed, 4 not found, 5 not in that state,
6 something does not answer, 7 a check failed.)";

}  // namespace

int main(int argc, char** argv) {
  // The supervisor of a job is this program under another name; nobody types it.
  if (argc == 3 && std::string_view{argv[1]} == "job-supervisor") return fabrica::compute::run_supervisor(argv[2]);

  CLI::App program{kAbout, "fabrica"};
  program.set_version_flag("--version", "fabrica 0.1.0");
  program.require_subcommand(1);
  program.fallthrough();
  fabrica::cli::Options options;
  program.add_option("--server", options.server, "Address of the factory (FABRICA_SERVER; http://127.0.0.1:8080)")
      ->group("");
  program.add_option("--token-file", options.token_file, "File with the API token (FABRICA_TOKEN_FILE)")->group("");
  program.add_flag("--json", options.json, "Answer in JSON");
  fabrica::app::Chosen chosen;
  fabrica::app::add_local_commands(program, chosen, options.json);
  fabrica::cli::add_commands(program, options, chosen.run);
  try {
    program.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    auto const status = program.exit(error);
    return status == 0 ? 0 : 2;
  }
  return chosen.run ? chosen.run() : 2;
}
