#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/doctor.hpp"
#include "app/factory.hpp"
#include "app/impl/adaptors.hpp"
#include "app/witness.hpp"
#include "calls/outcomes.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/password.hpp"
#include "crypto/random.hpp"
#include "db/migrate.hpp"
#include "decisions/record.hpp"
#include "embedded/migrations.hpp"
#include "facts/service.hpp"
#include "identity/service.hpp"
#include "matching/certificate.hpp"
#include "runtime/files.hpp"
#include "runtime/signals.hpp"
#include "tlog/verify_log.hpp"
#include "trust/dossier.hpp"

namespace fabrica::app {
namespace {

constexpr int kCheckFailed = 7;

// Where a command finds its data folder: --data, else FABRICA_DATA, else ./fabrica-data.
std::string default_folder() {
  char const* folder = std::getenv("FABRICA_DATA");
  return folder && *folder ? folder : "fabrica-data";
}

int finish(Result<> const& done) { return done ? 0 : cli::report(done.error()); }

Result<> serve(std::string const& folder, std::int64_t port) {
  runtime::StopSignal stop;
  StderrLog log;
  FABRICA_TRY(auto config, load_config(folder));
  if (port >= 0) config.listen_port = port;
  FABRICA_DO(prepare_data_folder(config));
  FABRICA_TRY(auto factory, Factory::start(config, log));
  log.info("factory.serving",
           {{"address", config.listen_address}, {"port", factory->port()}, {"data", config.data_folder}});
  // A file says where, for whoever started us with port 0.
  FABRICA_DO(runtime::write_file(config.data_folder + "/address",
                                 fmt::format("http://{}:{}\n", config.listen_address, factory->port()), 0644));
  auto const signal = stop.wait();
  log.info("factory.stopping", {{"signal", signal}});
  factory->stop();
  return {};
}

Result<> migrate(std::string const& folder, bool json) {
  SystemClock clock;
  FABRICA_TRY(auto const config, load_config(folder));
  FABRICA_DO(prepare_data_folder(config));
  FABRICA_TRY(auto database, db::open({config.database(), static_cast<int>(config.database_connections_max)}));
  FABRICA_TRY(auto const report, db::migrate(*database, embedded::migrations(), clock));
  if (json) fmt::print("{{\"version\":{},\"applied\":{}}}\n", report.version, json::write(report.applied));
  else fmt::print("schema {}: {} applied\n", report.version, report.applied.size());
  return {};
}

// Services on a data folder, without a server: what user and token commands need.
struct Local {
  SystemClock clock;
  crypto::SystemRandom random;
  Config config;
  std::unique_ptr<db::Database> database;
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};

  static Result<std::unique_ptr<Local>> open(std::string const& folder) {
    auto local = std::make_unique<Local>();
    FABRICA_TRY(local->config, load_config(folder));
    FABRICA_DO(prepare_data_folder(local->config));
    FABRICA_TRY(local->database, open_database(local->config, local->clock));
    return local;
  }
};

Result<> create_admin(std::string const& folder, std::string const& name, std::string const& email,
                      std::string const& password_file) {
  crypto::SecretText password;
  if (password_file.empty()) {
    std::string typed;
    fmt::print("Password of {} (at least 12 characters): ", email);
    std::fflush(stdout);
    std::getline(std::cin, typed);
    password = crypto::SecretText{std::move(typed)};
  } else {
    FABRICA_TRY(password, crypto::read_key_file(password_file));
  }
  FABRICA_TRY(auto local, Local::open(folder));
  identity::PersonDraft const draft{name, email, std::string{password.text()}, std::nullopt, {}};
  FABRICA_TRY(auto const hash, crypto::hash_password(password.text()));
  FABRICA_TRY(auto const made, local->database->write([&](db::Tx& tx) {
    return local->identity.create_first_administrator(tx, draft, hash);
  }));
  fmt::print("{} is the first administrator ({}).\n", made.email, made.id.text());
  return {};
}

// For whoever has the data folder in hand: a token of a person, written to a file that only its owner reads.
Result<> issue_token(std::string const& folder, std::string const& email, std::string const& out, std::int64_t days) {
  FABRICA_TRY(auto local, Local::open(folder));
  FABRICA_TRY(auto const token, local->database->write([&](db::Tx& tx) -> Result<identity::Token> {
    FABRICA_TRY(auto const actor, local->identity.actor_by_email(tx, email));
    return local->identity.create_token(
        tx, actor,
        {fmt::format("issued on the data folder for {}", std::filesystem::path{out}.filename().string()), {}, days});
  }));
  FABRICA_DO(runtime::make_folder(std::filesystem::absolute(out).parent_path().string()));
  FABRICA_DO(runtime::write_file(out, *token.secret + "\n"));
  fmt::print("token of {} until {} in {}\n", email, format_date(token.expires.us), out);
  return {};
}

Result<int> verify_file(std::string const& path, std::string const& policy_path, bool json) {
  FABRICA_TRY(auto const text, crypto::read_file(policy_path, tlog::kPolicyBytesMax));
  FABRICA_TRY(auto const policy, tlog::Policy::parse(as_text(text)));
  FABRICA_TRY(auto const report, trust::verify_dossier_file(path, policy));
  fmt::print("{}\n", json ? json::write(report) : trust::render_text(report));
  return report.verified ? 0 : kCheckFailed;
}

// Drawn pairs are drawn again with the seed that was published.
Result<int> verify_draw(std::string const& text, std::string const& seed, bool json) {
  FABRICA_TRY(auto const verdict, matching::verify_draw(text, seed));
  bool const holds = verdict.committed && verdict.same_pairs;
  if (json) fmt::print("{}\n", json::write(verdict));
  else
    fmt::print("{}\n", holds ? "SAME: the seed is the one committed to and draws these pairs."
                             : fmt::format("REFUSED: {}.", verdict.because));
  return holds ? 0 : kCheckFailed;
}

Result<int> verify_matching(std::string const& path, std::string const& seed, bool json) {
  FABRICA_TRY(auto const text, runtime::read_file(path, 256u << 20));
  if (!seed.empty()) return verify_draw(text, seed, json);
  FABRICA_TRY(auto const verdict, matching::verify_certificate(text));
  // Floors cost affinity, and the prices do not say how much is due; of drawn pairs the draw is the proof. Otherwise a
  // bound is an assignment that could be better.
  bool const bounded = verdict.state == matching::CertificateState::bounded;
  bool const holds =
      verdict.state == matching::CertificateState::optimal || (bounded && (verdict.floors_asked > 0 || verdict.drawn));
  if (json) fmt::print("{}\n", json::write(verdict));
  else
    fmt::print(
        "{}{}\n{} pairs, total affinity {:.6f}, {} reviews missing, {} minimum loads missed, {} of {} floors met\n{}\n",
        json::enum_name(verdict.state), verdict.because.empty() ? "" : ": " + verdict.because, verdict.pairs,
        static_cast<double>(verdict.total_millionths) / 1e6, verdict.missing_reviews, verdict.missing_minimums,
        verdict.floors_met, verdict.floors_asked,
        verdict.state == matching::CertificateState::optimal ? std::string{"OPTIMAL: no other assignment is better."}
        : bounded && verdict.drawn
            ? fmt::format("FEASIBLE: what chance costs is {} millionths; --seed repeats the draw.",
                          verdict.gap_millionths)
        : bounded && holds
            ? fmt::format("FEASIBLE: what the floors cost is at most {} millionths.", verdict.gap_millionths)
        : bounded ? fmt::format("REFUSED: another assignment may be better by {} millionths.", verdict.gap_millionths)
                  : "REFUSED: it breaks a rule of its own input.");
  return holds ? 0 : kCheckFailed;
}

// Register, figures and ledger against the statements, on the data folder alone. What differs is named.
Result<int> recount_register(std::string const& folder, bool json) {
  FABRICA_TRY(auto local, Local::open(folder));
  facts::Store facts{facts::Shipped::embedded(), local->clock, local->random};
  budget::Budget budget{local->clock, local->random};
  projects::Projects projects{local->clock, local->random, local->journal, local->identity};
  calls::Calls calls{local->clock, local->random, local->journal, local->identity, projects, budget, facts};
  calls::Outcomes outcomes{local->clock, budget, calls};
  AwardJobs jobs{local->clock};
  decisions::PublicRecord record{local->clock, local->journal, local->identity,
                                 outcomes,     jobs,           {local->config.factory_country}};
  FABRICA_TRY(auto const found, local->database->read([&](db::Tx& tx) { return record.recount_all(tx); }));
  if (json) fmt::print("{}\n", json::write(found));
  else {
    for (auto const& one : found.differences) fmt::print("DIFFERENT {}\n", one);
    fmt::print("{} statements, {} calls, {} applications, {} awards: {}\n", found.statements, found.calls,
               found.applications, found.awards,
               found.differences.empty() ? "records, statements and ledger agree"
                                         : fmt::format("{} differences", found.differences.size()));
  }
  return found.differences.empty() ? 0 : kCheckFailed;
}

Result<int> verify_log(std::string const& folder, std::string const& vkey_text, bool json) {
  auto log_folder = folder;
  std::string vkey = vkey_text;
  if (vkey.empty()) {
    FABRICA_TRY(auto const config, load_config(folder));
    FABRICA_TRY(auto const key_text, crypto::read_key_file(config.log_key_path()));
    FABRICA_TRY(auto const key, tlog::SignerKey::parse(key_text.text()));
    vkey = key.verifier().text();
    log_folder = config.log_folder();
  }
  FABRICA_TRY(auto const key, tlog::VerifierKey::parse(vkey));
  cli::ProgressLine progress;
  tlog::VerifyLogOptions options;
  if (!json)
    options.on_progress = [&](std::uint64_t done, std::uint64_t size) {
      if (progress.terminal() && done % 65536 == 0)
        progress.show(static_cast<double>(done) / static_cast<double>(size), "re-hashing");
    };
  auto const report = tlog::verify_log_folder(log_folder, key, options);
  progress.finish();
  if (!report) {
    cli::report(report.error());
    return kCheckFailed;
  }
  if (json) fmt::print("{{\"size\":{},\"root\":\"{}\",\"verified\":true}}\n", report->size, report->root.hex());
  else
    fmt::print("log verified: {} entries, {} tiles, {} bundles re-hashed; root {}\n", report->size, report->tiles,
               report->bundles, report->root.hex());
  return 0;
}

void add_folder(CLI::App* command, std::shared_ptr<std::string> const& folder) {
  command->add_option("--data", *folder, "Data folder (FABRICA_DATA; ./fabrica-data)");
}

void add_serve(CLI::App& program, Chosen& chosen, std::shared_ptr<std::string> folder, bool const& json) {
  auto* command = program.add_subcommand("serve", "Run the factory: API, log and background work");
  add_folder(command, folder);
  auto port = std::make_shared<std::int64_t>(-1);
  command->add_option("--port", *port, "Instead of the configured one; 0 takes any free port");
  command->callback([=, &chosen] { chosen.run = [=] { return finish(serve(*folder, *port)); }; });

  auto* migrating = program.add_subcommand("migrate", "Bring the database's schema up to date");
  add_folder(migrating, folder);
  migrating->callback([=, &chosen, &json] { chosen.run = [=, &json] { return finish(migrate(*folder, json)); }; });

  auto* checking =
      program.add_subcommand("doctor", "Recompute balances, chains, the log and stored bytes, and compare");
  add_folder(checking, folder);
  auto list = std::make_shared<bool>(false);
  checking->add_flag("--settings", *list, "List every setting instead");
  checking->callback([=, &chosen, &json] {
    chosen.run = [=, &json] {
      if (*list) {
        for (auto const& setting : settings())
          fmt::print("{} ({}; {})\n    {}\n", setting.key, setting.type, setting.fallback, setting.help);
        return 0;
      }
      auto const healthy = run_doctor(*folder, json);
      if (!healthy) return cli::report(healthy.error());
      return *healthy ? 0 : kCheckFailed;
    };
  });

  auto* saving = program.add_subcommand(
      "backup", "Copy database, log, keys and stored bytes to a new folder, while the factory runs");
  add_folder(saving, folder);
  auto target = std::make_shared<std::string>();
  saving->add_option("folder", *target, "A folder that does not exist yet")->required();
  saving->callback([=, &chosen] { chosen.run = [=] { return finish(run_backup(*folder, *target)); }; });
}

void add_people(CLI::App& program, Chosen& chosen, std::shared_ptr<std::string> folder) {
  auto* user = program.add_subcommand("user", "People of the factory")->require_subcommand(1);
  auto* admin = user->add_subcommand("create-admin", "The first administrator, on the data folder");
  add_folder(admin, folder);
  auto name = std::make_shared<std::string>("Administrator");
  auto email = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  admin->add_option("--name", *name, "Full name");
  admin->add_option("--email", *email, "Address to log in with")->required();
  admin->add_option("--password-file", *file, "File with the password, mode 0600; asked for when absent");
  admin->callback([=, &chosen] { chosen.run = [=] { return finish(create_admin(*folder, *name, *email, *file)); }; });

  auto* token = program.add_subcommand("token", "API tokens")->require_subcommand(1);
  auto* issue = token->add_subcommand("issue", "A person's token, on the data folder, into a file");
  add_folder(issue, folder);
  auto out = std::make_shared<std::string>();
  auto days = std::make_shared<std::int64_t>(90);
  issue->add_option("--email", *email, "Whose")->required();
  issue->add_option("--out", *out, "File to write (0600)")->required();
  issue->add_option("--days", *days, "How long it is valid")->check(CLI::Range(1, 365));
  issue->callback([=, &chosen] { chosen.run = [=] { return finish(issue_token(*folder, *email, *out, *days)); }; });
}

void add_checks(CLI::App& program, Chosen& chosen, std::shared_ptr<std::string> folder, bool const& json) {
  auto* verify = program.add_subcommand("verify", "Check a dossier offline against a policy file");
  auto file = std::make_shared<std::string>();
  auto policy = std::make_shared<std::string>();
  verify->add_option("dossier", *file, "The zip file")->required();
  verify->add_option("--policy", *policy, "Policy file, got from the witnesses' operators")->required();
  verify->callback([=, &chosen, &json] {
    chosen.run = [=, &json] {
      auto const status = verify_file(*file, *policy, json);
      return status ? *status : cli::report(status.error());
    };
  });

  auto* matching = program.add_subcommand("matching", "Assignments of reviewers")->require_subcommand(1);
  auto* certificate = matching->add_subcommand("verify", "Check that an assignment is optimal, offline");
  auto assignment = std::make_shared<std::string>();
  certificate->add_option("certificate", *assignment, "The certificate (JSON)")->required();
  auto seed = std::make_shared<std::string>();
  certificate->add_option("--seed", *seed, "Of drawn pairs: draw them again with the seed that was published");
  certificate->callback([=, &chosen, &json] {
    chosen.run = [=, &json] {
      auto const status = verify_matching(*assignment, *seed, json);
      return status ? *status : cli::report(status.error());
    };
  });

  auto* record = program.add_subcommand("register", "The public register of awards")->require_subcommand(1);
  auto* recount = record->add_subcommand("recount", "Count register and figures again from statements and ledger");
  add_folder(recount, folder);
  recount->callback([=, &chosen, &json] {
    chosen.run = [=, &json] {
      auto const status = recount_register(*folder, json);
      return status ? *status : cli::report(status.error());
    };
  });

  auto* log = program.add_subcommand("log", "The verifiable log")->require_subcommand(1);
  auto* whole = log->add_subcommand("verify", "Re-hash every entry of a log folder");
  add_folder(whole, folder);
  auto vkey = std::make_shared<std::string>();
  whole->add_option("--vkey", *vkey, "Key of another factory's log; --data then names its log folder");
  whole->callback([=, &chosen, &json] {
    chosen.run = [=, &json] {
      auto const status = verify_log(*folder, *vkey, json);
      return status ? *status : cli::report(status.error());
    };
  });
}

void add_witness(CLI::App& program, Chosen& chosen) {
  auto* witness =
      program.add_subcommand("witness", "Cosign other factories' logs, as a process of its own")->require_subcommand(1);
  auto settings = std::make_shared<WitnessServe>();
  auto name = std::make_shared<std::string>();
  auto* init = witness->add_subcommand("init", "Make a witness's key and empty state; prints its vkey");
  init->add_option("--folder", settings->folder, "Folder of this witness alone")->required();
  init->add_option("--name", *name, "Its name, a schema-less URL: peer.example/witness")->required();
  init->callback([=, &chosen] { chosen.run = [=] { return finish(witness_init(settings->folder, *name)); }; });

  auto* serving = witness->add_subcommand("serve", "Answer tlog-witness requests");
  serving->add_option("--folder", settings->folder, "Its folder")->required();
  serving->add_option("--log", settings->logs, "vkey of a log it cosigns for; may be repeated")->required();
  serving->add_option("--address", settings->address, "Where it listens");
  serving->add_option("--port", settings->port, "0 takes any free port");
  serving->callback([=, &chosen] { chosen.run = [=] { return finish(witness_serve(*settings)); }; });
}

}  // namespace

void add_local_commands(CLI::App& program, Chosen& chosen, bool const& json) {
  auto folder = std::make_shared<std::string>(default_folder());
  add_serve(program, chosen, folder, json);
  add_people(program, chosen, folder);
  add_checks(program, chosen, folder, json);
  add_witness(program, chosen);
}

}  // namespace fabrica::app
