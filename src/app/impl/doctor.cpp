#include "app/doctor.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "app/config.hpp"
#include "app/factory.hpp"
#include "blobs/service.hpp"
#include "budget/service.hpp"
#include "cli/output.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/random.hpp"
#include "db/backup.hpp"
#include "db/migrate.hpp"
#include "embedded/migrations.hpp"
#include "journal/journal.hpp"
#include "runtime/files.hpp"
#include "tlog/note.hpp"
#include "tlog/verify_log.hpp"

namespace fabrica::app {
namespace {

namespace fs = std::filesystem;

struct Finding {
  std::string check;
  bool good = false;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(Finding, (), (check, good, detail))

struct Patient {
  SystemClock clock;
  crypto::SystemRandom random;
  Config config;
  std::unique_ptr<db::Database> database;
};

Finding finding(std::string check, Result<std::string> const& outcome) {
  return {std::move(check), outcome.has_value(), outcome ? *outcome : outcome.error().what};
}

std::unexpected<Error> unwell(std::string what) { return fail(Errc::conflict, "doctor", std::move(what)); }

Result<std::string> check_schema(Patient& patient) {
  FABRICA_TRY(auto const pending, db::pending_migrations(*patient.database, embedded::migrations()));
  if (!pending.empty()) return unwell(fmt::format("{} migrations wait: run fabrica migrate.", pending.size()));
  return "up to date";
}

Result<std::string> check_budget(Patient& patient) {
  budget::Budget budget{patient.clock, patient.random};
  FABRICA_TRY(auto const differences, patient.database->read([&](db::Tx& tx) { return budget.recompute(tx); }));
  if (!differences.empty())
    return unwell(fmt::format("{} differences; the first: account {}: {}", differences.size(),
                              differences[0].account.text(), differences[0].what));
  return "every balance and hold is the sum of its entries";
}

Result<std::string> check_chains(Patient& patient) {
  journal::Journal journal{patient.clock, patient.random};
  FABRICA_TRY(auto const wrong, patient.database->read([&](db::Tx& tx) { return journal.check(tx); }));
  if (!wrong.empty()) return unwell(fmt::format("{} faults; the first: {}", wrong.size(), wrong[0]));
  return "every chain is whole";
}

// Every entry of the log is the commitment of the statement the database gives that index.
Result<std::string> check_log(Patient& patient) {
  FABRICA_TRY(auto const key_text, crypto::read_key_file(patient.config.log_key_path()));
  FABRICA_TRY(auto const key, tlog::SignerKey::parse(key_text.text()));
  if (!fs::exists(patient.config.log_folder() + "/checkpoint")) return "nothing published yet";
  journal::Journal journal{patient.clock, patient.random};
  std::vector<std::string> known;
  std::uint64_t lost = 0;
  tlog::VerifyLogOptions options;
  options.on_entry = [&](std::uint64_t index, ByteView entry) -> Result<> {
    if (index % 4096 == 0) {
      FABRICA_TRY(known, patient.database->read([&](db::Tx& tx) {
        return journal.commitments(tx, static_cast<std::int64_t>(index), static_cast<std::int64_t>(index) + 4096);
      }));
    }
    auto const& commitment = known[index % 4096];
    if (commitment.empty()) ++lost;
    else if (as_text(entry) != journal::log_entry(commitment))
      return unwell(fmt::format("entry {} of the log is not the statement the database has there", index));
    return {};
  };
  FABRICA_TRY(auto const report, tlog::verify_log_folder(patient.config.log_folder(), key.verifier(), options));
  auto text = fmt::format("{} entries re-hashed, each the statement of the database", report.size);
  if (lost > 0) text += fmt::format("; {} belong to statements lost in a restore", lost);
  return text;
}

Result<std::string> check_blobs(Patient& patient) {
  FABRICA_TRY(auto store, blobs::Store::open(patient.config.data_folder, patient.clock));
  blobs::Service service{*patient.database, store, patient.clock, patient.random};
  FABRICA_TRY(auto const verified, service.verify_all());
  if (!verified.bad.empty())
    return unwell(fmt::format("{} of {} are missing or damaged; the first: {}", verified.bad.size(), verified.blobs,
                              verified.bad[0].digest));
  return fmt::format("{} hashed again, {}", verified.blobs, cli::bytes_of(verified.bytes));
}

}  // namespace

Result<bool> run_doctor(std::string const& folder, bool json) {
  Patient patient;
  FABRICA_TRY(patient.config, load_config(folder));
  if (!fs::exists(patient.config.data_folder))
    return fail(Errc::not_found, "data_folder",
                fmt::format("There is no data folder {}: name it with --data.", patient.config.data_folder));
  FABRICA_TRY(patient.database, db::open({patient.config.database(), 2}));

  std::vector<Finding> findings;
  bool healthy = true;
  for (auto const& [name, check] : {std::pair{"schema", &check_schema},
                                    {"budget", &check_budget},
                                    {"chains", &check_chains},
                                    {"log", &check_log},
                                    {"blobs", &check_blobs}}) {
    findings.push_back(finding(name, check(patient)));
    auto const& one = findings.back();
    healthy = healthy && one.good;
    if (!json) fmt::print("{:4} {:8} {}\n", one.good ? "ok" : "BAD", one.check, one.detail);
  }
  if (json) fmt::print("{}\n", json::write(findings));
  return healthy;
}

Result<> run_backup(std::string const& folder, std::string const& target) {
  FABRICA_TRY(auto const config, load_config(folder));
  if (fs::exists(target))
    return fail(Errc::conflict, "exists", fmt::format("{} is there already: name a new folder.", target));
  if (!config.database().starts_with("sqlite:"))
    return fail(
        Errc::invalid, "database_url",
        "The database is PostgreSQL: copy it with pg_dump, and the data folder with any tool, the database first.");
  FABRICA_DO(runtime::make_folder(target));
  cli::ProgressLine progress;
  FABRICA_DO(db::copy_sqlite(config.database(), target + "/fabrica.db", [&](double share) {
    if (progress.terminal()) progress.show(share, "database");
  }));
  progress.finish();
  for (auto const* part : {"log", "keys", "blobs", "fabrica.toml"}) {
    std::error_code error;
    auto const from = fs::path{config.data_folder} / part;
    if (!fs::exists(from)) continue;
    fs::copy(from, fs::path{target} / part, fs::copy_options::recursive, error);
    if (error)
      return fail(Errc::unavailable, "backup",
                  fmt::format("cannot copy {}: {}. Remove {} and try again.", from.string(), error.message(), target));
    fmt::print("copied {}\n", part);
  }
  fmt::print("backup in {}; the last published checkpoint ({}) is kept apart on purpose: do not restore it.\n", target,
             config.guard_path());
  return {};
}

}  // namespace fabrica::app
