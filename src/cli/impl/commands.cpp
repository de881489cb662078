#include "cli/commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/impl/journey.hpp"
#include "cli/impl/plan.hpp"
#include "cli/impl/seed.hpp"
#include "cli/output.hpp"
#include "crypto/sha256.hpp"
#include "runtime/files.hpp"

namespace fabrica::cli {
namespace {

// Prints an answer: as it came with --json, else as a sheet.
int show(Options const& options, Result<json::Document> const& answer) {
  if (!answer) return report(answer.error());
  fmt::print("{}", options.json ? answer->root().write() + "\n" : sheet_of(answer->root()));
  return 0;
}

int show_list(Options const& options, Result<std::string> const& answer, std::vector<Column> const& columns) {
  if (!answer) return report(answer.error());
  auto const document = json::Document::parse(*answer, {.bytes = 64u << 20, .values = 10'000'000});
  if (!document) return report(document.error());
  fmt::print("{}", options.json ? *answer + "\n" : table_of(document->root(), columns));
  return 0;
}

using Text = std::shared_ptr<std::string>;
Text text() { return std::make_shared<std::string>(); }

struct Builder {
  CLI::App& program;
  Options& options;
  std::function<int()>& chosen;

  CLI::App* group(std::string const& name, std::string const& about) const {
    // Local commands may have made the group already.
    auto const groups = program.get_subcommands([&](CLI::App* one) { return one->get_name() == name; });
    return groups.empty() ? program.add_subcommand(name, about)->require_subcommand(1) : groups.front();
  }
  // "call list": GET a list, print the columns.
  void list(std::string const& noun, std::string const& about, std::string const& path,
            std::vector<Column> columns) const {
    auto* command = program.get_subcommand(noun)->add_subcommand("list", about);
    bool const in_project = path.find("{project}") != std::string::npos;
    auto project = text();
    if (in_project) command->add_option("--project", *project, "The project's id")->required();
    command->callback([=, this_ = *this] {
      this_.chosen = [=, &options = this_.options] {
        Session session{options};
        auto wanted = path;
        if (in_project) wanted.replace(wanted.find("{project}"), 9, http::percent_encode(*project));
        return show_list(options, session.get_all(wanted), columns);
      };
    });
  }
  // "call show ID": GET one thing.
  void show_one(std::string const& noun, std::string const& about, std::string const& prefix) const {
    auto* command = program.get_subcommand(noun)->add_subcommand("show", about);
    auto id = text();
    command->add_option("id", *id, "Its id")->required();
    command->callback([=, this_ = *this] {
      this_.chosen = [=, &options = this_.options] {
        return show(options, Session{options}.get(prefix + http::percent_encode(*id)));
      };
    });
  }
  // "call publish ID": POST without a body.
  void act(std::string const& noun, std::string const& verb, std::string const& about,
           std::string const& prefix) const {
    auto* command = program.get_subcommand(noun)->add_subcommand(verb, about);
    auto id = text();
    command->add_option("id", *id, "Its id")->required();
    command->callback([=, this_ = *this] {
      this_.chosen = [=, &options = this_.options] {
        return show(options, Session{options}.post(prefix + http::percent_encode(*id) + "/" + verb, ""));
      };
    });
  }
  // "call create FILE.toml": POST the file as JSON. The same file posted again makes nothing new.
  void create(std::string const& noun, std::string const& about, std::string const& path) const {
    auto* command = program.get_subcommand(noun)->add_subcommand("create", about);
    auto file = text();
    auto project = text();
    bool const in_project = path.find("{project}") != std::string::npos;
    command->add_option("file", *file, "TOML file with its members")->required();
    if (in_project) command->add_option("--project", *project, "The project's id")->required();
    command->callback([=, this_ = *this] {
      this_.chosen = [=, &options = this_.options] {
        auto const body = toml_file_as_json(*file);
        if (!body) return report(body.error());
        auto wanted = path;
        if (in_project) wanted.replace(wanted.find("{project}"), 9, http::percent_encode(*project));
        return show(options, Session{options}.post(wanted, *body, crypto::sha256(wanted + *body).hex()));
      };
    });
  }
};

void add_plan(Builder const& on) {
  auto* command = on.program.add_subcommand("plan", "What a model takes on each partition; no account needed");
  auto file = text();
  auto body = std::make_shared<std::vector<std::pair<std::string, std::string>>>();
  command->add_option("--file", *file, "TOML file with the plan instead of the options");
  auto number = [&](std::string const& name, std::string const& about) {
    command->add_option_function<std::string>(
        "--" + name, [=](std::string const& value) { body->emplace_back(name, value); }, about);
  };
  number("parameters", "How many; 7e9 and 7B do as well");
  number("tokens", "Processed in all; 1e12 and 1T do as well");
  auto word = [&](std::string const& name, std::string const& about) {
    command->add_option_function<std::string>(
        "--" + name, [body, name](std::string const& value) { body->emplace_back(name, json::write(value)); }, about);
  };
  word("method", "pretrain, continue, finetune, lora or inference");
  word("precision", "bf16, fp16, fp32 or fp8");
  word("sector", "health, energy, ...");
  number("nodes", "Whole nodes to run on");
  number("utilisation", "Share of the peak reached, 0.4");
  auto kind = text();
  auto country = text();
  command->add_option("--organisation", *kind, "Kind: start_up, sme, university, ...");
  command->add_option("--country", *country, "Two letters: LV, EL, UK");
  command->callback([=, &options = on.options, &chosen = on.chosen] {
    chosen = [=, &options] { return run_plan(options, {*file, *body, *kind, *country}); };
  });
}

void add_run(Builder const& on) {
  auto* command =
      on.program.add_subcommand("run", "Take a project from plan to verified dossier; stopped anywhere, it goes on");
  auto settings = std::make_shared<JourneySettings>();
  command->add_option("project", settings->project_file, "The project file (TOML)")->required();
  command->add_option("--state", settings->state_file, "Where it remembers how far it came (<name>.run.json)");
  command->add_option("--out", settings->out_folder, "Where dossier, policy and model go (<name>-out)");
  command->callback([=, &options = on.options, &chosen = on.chosen] {
    chosen = [=, &options] { return run_project(options, *settings); };
  });
}

void add_seed(Builder const& on) {
  auto* command =
      on.program.add_subcommand("seed", "Register what a file declares: organisations, people, systems, facts, calls");
  auto settings = std::make_shared<SeedSettings>();
  command->add_option("file", settings->file, "TOML file")->required();
  command->callback([=, &options = on.options, &chosen = on.chosen] {
    chosen = [=, &options] { return run_seed(options, *settings); };
  });
}

// Every piece of what a job printed so far.
Result<> print_log(Session& session, std::string const& path) {
  for (std::size_t offset = 0;;) {
    std::size_t got = 0;
    FABRICA_DO(session.download(fmt::format("{}&offset={}", path, offset), [&](std::string_view piece) {
      got += piece.size();
      return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size();
    }));
    if (got == 0) return {};
    offset += got;
  }
}

// What it prints, as it prints it, until it ends.
Result<> follow_log(Session& session, std::string const& path) {
  std::string last_event_id;
  return session.events(path, last_event_id, [](http::ServerEvent const& event) {
    auto const data = json::Document::parse(event.data);
    auto const text = data ? data->at("/text").text().value_or("") : std::string_view{};
    bool const written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return written && std::fflush(stdout) == 0;
  });
}

// "job log ID": what it printed; --follow goes on until it ends.
void add_job_log(Builder const& on) {
  auto* command = on.program.get_subcommand("job")->add_subcommand("log", "What a job printed");
  auto id = text();
  auto err = std::make_shared<bool>(false);
  auto follow = std::make_shared<bool>(false);
  command->add_option("id", *id, "Its id")->required();
  command->add_flag("--err", *err, "Standard error instead of output");
  command->add_flag("--follow", *follow, "Go on until the job ends");
  command->callback([=, &options = on.options, &chosen = on.chosen] {
    chosen = [=, &options] {
      Session session{options};
      auto const path = fmt::format("/jobs/{}/log{}?stream={}", http::percent_encode(*id), *follow ? "/stream" : "",
                                    *err ? "err" : "out");
      auto const done = *follow ? follow_log(session, path) : print_log(session, path);
      return done ? 0 : report(done.error());
    };
  });
}

// "call import FILE.json [--proposals FILE.csv] [--dry-run]".
void add_import(Builder const& on) {
  auto* command = on.program.get_subcommand("call")->add_subcommand(
      "import", "Take over a running call of another system; twice is once");
  auto file = text();
  auto proposals = text();
  auto dry_run = std::make_shared<bool>(false);
  command->add_option("file", *file, "JSON file, as docs/reference/call-import.md describes it")->required();
  command->add_option("--proposals", *proposals, "CSV file with more proposals and decisions");
  command->add_flag("--dry-run", *dry_run, "Say what it would do, and keep nothing");
  command->callback([=, this_ = on] {
    this_.chosen = [=, &options = this_.options] {
      auto const document = runtime::read_file(*file, 48u << 20);
      if (!document) return report(document.error());
      auto const parsed = json::Document::parse(*document, {.bytes = 48u << 20, .values = 3'000'000});
      if (!parsed) return report(parsed.error());
      std::string body = "{\"document\":" + parsed->root().write();
      if (!proposals->empty()) {
        auto const csv = runtime::read_file(*proposals, 16u << 20);
        if (!csv) return report(csv.error());
        body += ",\"proposals_csv\":";
        json::append_string(body, *csv);
      }
      return show(options,
                  Session{options}.post(*dry_run ? "/calls/import?dry_run=true" : "/calls/import", body + "}"));
    };
  });
}

}  // namespace

void add_commands(CLI::App& program, Options& options, std::function<int()>& chosen) {
  Builder const on{program, options, chosen};
  add_run(on);
  add_plan(on);
  add_seed(on);
  on.group("project", "Projects");
  on.list("project", "The projects one may see", "/projects",
          {{"ID", "/id"}, {"TITLE", "/title"}, {"SECTOR", "/sector"}, {"CREATED", "/created"}});
  on.show_one("project", "One project", "/projects/");
  on.create("project", "Start a project", "/projects");

  on.group("call", "Calls");
  on.list("call", "Published calls", "/calls",
          {{"ID", "/id"}, {"TITLE", "/title"}, {"STATE", "/state"}, {"OPENS", "/opens"}, {"CLOSES", "/closes"}});
  on.show_one("call", "One call with its offers", "/calls/");
  on.create("call", "Draft a call", "/calls");
  on.act("call", "publish", "Publish a draft", "/calls/");
  on.act("call", "close", "Close a call", "/calls/");
  add_import(on);

  on.group("proposal", "Proposals");
  on.list("proposal", "A project's proposals", "/projects/{project}/proposals",
          {{"ID", "/id"},
           {"PARTITION", "/partition"},
           {"AMOUNT", "/amount_units"},
           {"UNIT", "/unit"},
           {"STATE", "/state"}});
  on.show_one("proposal", "One proposal with its checks", "/proposals/");
  on.create("proposal", "Draft a proposal", "/projects/{project}/proposals");
  on.act("proposal", "submit", "Send it", "/proposals/");
  on.act("proposal", "withdraw", "Take it back", "/proposals/");

  on.group("job", "Jobs");
  on.list(
      "job", "A project's jobs", "/projects/{project}/jobs",
      {{"ID", "/id"}, {"NAME", "/name"}, {"PARTITION", "/partition"}, {"STATE", "/state"}, {"CREATED", "/created"}});
  on.show_one("job", "One job", "/jobs/");
  on.create("job", "Submit a job", "/projects/{project}/jobs");
  on.act("job", "cancel", "Ask a job to end", "/jobs/");
  add_job_log(on);

  on.group("dataset", "Data sets");
  on.list("dataset", "A project's data sets", "/projects/{project}/datasets",
          {{"ID", "/id"}, {"NAME", "/name"}, {"LICENCE", "/licence"}, {"BYTES", "/size_bytes"}});
  on.show_one("dataset", "One data set", "/datasets/");

  on.group("model", "Models");
  on.list("model", "A project's model versions", "/projects/{project}/models",
          {{"ID", "/id"}, {"NAME", "/name"}, {"VERSION", "/version"}, {"STATE", "/state"}});
  on.show_one("model", "One model version", "/models/");

  on.group("user", "People of the factory");
  on.list("user", "Everybody", "/people", {{"ID", "/id"}, {"NAME", "/name"}, {"EMAIL", "/email"}});
  on.create("user", "Register a person", "/people");

  on.group("token", "API tokens");
  on.list("token", "One's valid tokens", "/tokens",
          {{"ID", "/id"}, {"NAME", "/name"}, {"SCOPES", "/scopes"}, {"EXPIRES", "/expires"}});
  on.create("token", "Make a token; shown once", "/tokens");

  auto* status = on.group("log", "The verifiable log")->add_subcommand("status", "How far the log is published");
  status->callback([&] { chosen = [&] { return show(options, Session{options}.get("/log/status")); }; });
}

}  // namespace fabrica::cli
