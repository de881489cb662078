#pragma once

// The module with a driver, awards and data that a test plays.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "base/check.hpp"
#include "compute/rules.hpp"
#include "compute/service.hpp"
#include "crypto/sha256.hpp"
#include "db/testing/dbtest.hpp"
#include "json/json.hpp"

namespace fabrica::compute {

using identity::Actor;

template <class T>
std::string reason_of(Result<T> const& result) {
  return result ? "no error" : result.error().reason;
}
template <class T>
std::optional<Errc> code_of(Result<T> const& result) {
  return result ? std::nullopt : std::optional{result.error().code};
}

// A driver a test plays: it keeps the contract, and remembers how often an attempt was begun.
class FakeDriver final : public Driver {
 public:
  struct Run {
    JobOrder order{};
    bool prepared = false;
    bool cancelled = false;
    Observation seen{};
    std::string out{};
    std::string err{};
    std::string metrics{};
    std::map<std::string, std::string> outputs{};
  };

  Result<> prepare(JobOrder const& order) override {
    if (auto failed = fault()) return std::unexpected(*failed);
    runs[order.job].prepared = true;
    runs[order.job].order = order;
    return {};
  }
  Result<> start(JobOrder const& order) override {
    if (auto failed = fault()) return std::unexpected(*failed);
    auto& run = runs[order.job];
    FABRICA_CHECK(run.prepared);
    if (run.seen.attempt >= order.attempt) return {};
    run.order = order;
    run.seen = {.phase = Phase::running, .attempt = order.attempt};
    ++begun;
    if (run.cancelled) end(order.job, EndReason::cancelled);
    if (lose_answer_of_start) {
      lose_answer_of_start = false;
      return fail(Errc::unavailable, "process", "The answer was lost.");
    }
    return {};
  }
  Result<Observation> observe(std::string_view job) override { return runs[std::string{job}].seen; }
  Result<> cancel(std::string_view job) override {
    auto& run = runs[std::string{job}];
    run.cancelled = true;
    if (run.seen.phase == Phase::running) end(job, EndReason::cancelled);
    return {};
  }
  Result<> forget(std::string_view job) override {
    runs.erase(std::string{job});
    ++forgotten;
    return {};
  }
  Result<runtime::Piece> log(std::string_view job, LogStream stream, std::uint64_t offset, std::size_t bytes_max) override {
    auto const& run = runs[std::string{job}];
    return piece(stream == LogStream::out ? run.out : run.err, offset, bytes_max);
  }
  Result<runtime::Piece> metrics(std::string_view job, std::uint64_t offset, std::size_t bytes_max) override {
    return piece(runs[std::string{job}].metrics, offset, bytes_max);
  }
  Result<std::vector<runtime::TreeFile>> outputs(std::string_view job) override {
    std::vector<runtime::TreeFile> files;
    for (auto const& [path, content] : runs[std::string{job}].outputs) files.push_back({path, content.size(), content.size()});
    return files;
  }
  Result<runtime::Fd> open_output(std::string_view job, std::string const& path) override {
    auto const name = folder.path() + "/" + crypto::sha256(path).hex();
    FABRICA_DO(runtime::write_file(name, runs[std::string{job}].outputs.at(path)));
    return runtime::Fd{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
  }

  void end(std::string_view job, EndReason reason, Micros wall_us = 1800 * kSecond) {
    auto& seen = runs[std::string{job}].seen;
    seen.phase = Phase::ended;
    seen.reason = reason;
    seen.exit_status = reason == EndReason::failed ? 3 : 0;
    seen.usage = {.wall_us = wall_us, .cpu_user_us = 100 * kSecond, .cpu_system_us = 0, .memory_peak_bytes = 1000};
    seen.sandbox = "bubblewrap";
  }

  std::map<std::string, Run> runs;
  int begun = 0;
  int forgotten = 0;
  int failures = 0;  // how many of the next calls fail
  bool lose_answer_of_start = false;

 private:
  static Result<runtime::Piece> piece(std::string const& text, std::uint64_t offset, std::size_t bytes_max) {
    if (text.empty()) return fail(Errc::not_found, "file", "Nothing was written.");
    runtime::Piece out{.bytes = {}, .offset = offset, .file_bytes = text.size()};
    if (offset < text.size()) out.bytes = text.substr(offset, bytes_max);
    return out;
  }
  std::optional<Error> fault() {
    if (failures == 0) return std::nullopt;
    --failures;
    return Error{Errc::unavailable, "disk_full", "The disk is full.", {}};
  }

  db::TestFolder folder;
};

class FakeAwards final : public Awards {
 public:
  Result<ChargedTo> charged_to(db::Tx&, PublicId const&, std::string_view) override {
    if (!charged) return fail(Errc::conflict, "no_award", "The project has no award: propose one.");
    return *charged;
  }
  std::optional<ChargedTo> charged;
};

class FakeData final : public ProjectData {
 public:
  explicit FakeData(blobs::Service& blobs) : blobs_{blobs} {}
  Result<Files> resolve(db::Tx&, PublicId const&, std::string_view reference) override {
    if (auto const found = references.find(std::string{reference}); found != references.end()) return found->second;
    return fail(Errc::not_found, "dataset", "There is no such data set.");
  }
  Result<std::int64_t> size_of(db::Tx& tx, PublicId const&, std::string_view sha256) override {
    FABRICA_TRY(auto const digest, crypto::Digest::from_hex(sha256));
    FABRICA_TRY(auto const blob, blobs_.find(tx, digest));
    return blob.size_bytes;
  }
  Result<> keep(db::Tx& tx, PublicId const& project, PublicId const& job, JobFile const& file) override {
    FABRICA_TRY(auto const digest, crypto::Digest::from_hex(file.sha256));
    return blobs_.keep(tx, digest, {"job", job.text(), file.path, project.text()});
  }
  std::map<std::string, Files> references;

 private:
  blobs::Service& blobs_;
};

class FakeMetrics final : public Metrics {
 public:
  Result<> record(db::Tx&, PublicId const&, std::vector<MetricPoint> const& points) override {
    all.insert(all.end(), points.begin(), points.end());
    return {};
  }
  std::vector<MetricPoint> all;
};

inline constexpr std::int64_t kMiB = 1 << 20;
inline constexpr std::int64_t kAwarded = 100 * budget::kMicroUnits;

// The module on one database, with a project, an award of 100 core-hours and a partition of four cores.
struct World {
  explicit World(db::Database& on) : database{on} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      FABRICA_TRY(auto const organisation,
                  identity.create_organisation(tx, admin, {"Org", "CZ", identity::OrganisationKind::sme, {}, {}, {}, {}}));
      FABRICA_TRY(auto const one, projects.create(tx, admin, {organisation.id, "One", "A project", "other"}));
      project = one.id;
      auto const award = PublicId::make(clock.now(), random);
      FABRICA_TRY(auto const source, budget.open_account(tx, "factory", budget::AccountKind::source, budget::Unit::core_hour));
      FABRICA_TRY(auto const account, budget.open_account(tx, award.text(), budget::AccountKind::award, budget::Unit::core_hour));
      FABRICA_DO(budget.transfer(tx, {"give", source.id, account.id, kAwarded, "awarded", award.text()}));
      awards.charged = ChargedTo{award, account.id, budget::Unit::core_hour, {clock.now() + 365 * kDay}};
      FABRICA_TRY(auto const system,
                  compute.register_system(tx, admin, {.name = "own", .title = "Our machine", .country = "CZ"}));
      FABRICA_TRY(auto const partition, compute.register_partition(tx, admin, system.id, cores("own/cpu")));
      partition_id = partition.id;
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    member = {identity::PersonId{77},
              PublicId::make(clock.now(), random),
              "Member",
              {{identity::Role::project_member, project.text()}},
              {}};
    stranger = {identity::PersonId{78}, PublicId::make(clock.now(), random), "Stranger", {}, {}};
  }

  static PartitionDraft cores(std::string name) {
    return {.name = std::move(name), .title = "Cores", .driver = DriverKind::local, .unit = budget::Unit::core_hour,
            .billing = Billing::allocated, .cpus = 4, .gpus = 0, .memory_bytes = 1024 * kMiB, .wall_s_max = 86'400,
            .energy = EnergyCoefficients{5000, 20'000, "a guess of the test"}};
  }
  static JobDraft draft(std::int32_t cpus = 2) {
    JobDraft job;
    job.partition = "own/cpu";
    job.name = "train";
    job.purpose = Purpose::train;
    job.argv = {"python3", "train.py"};
    job.resources = {.cpus = cpus, .memory_bytes = 100 * kMiB, .wall_s = 3600};
    return job;
  }

  Result<Job> try_submit(JobDraft const& what, Actor const& actor) {
    return database.write([&](db::Tx& tx) { return compute.submit(tx, actor, project, what); });
  }
  Job submit(JobDraft const& what = draft()) {
    auto made = try_submit(what, member);
    EXPECT_TRUE(made) << db::why(made);
    return made ? *made : Job{};
  }
  Job look(PublicId const& id) {
    auto found = database.read([&](db::Tx& tx) { return compute.get(tx, member, id); });
    EXPECT_TRUE(found) << db::why(found);
    return found ? *found : Job{};
  }
  Result<Job> cancel(PublicId const& id, Actor const& actor) {
    return database.write([&](db::Tx& tx) { return compute.cancel(tx, actor, id); });
  }
  // Rounds until nothing more happens by itself.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      auto const more = compute.advance();
      ASSERT_TRUE(more) << db::why(more);
      if (!*more) return;
    }
    FAIL() << "it never comes to rest";
  }
  FakeDriver::Run& run(Job const& job) { return driver.runs[job.id.text()]; }
  budget::Account award() {
    return *database.read([&](db::Tx& tx) { return budget.account(tx, awards.charged->account); });
  }
  std::vector<std::string> chain() {
    std::vector<std::string> kinds;
    auto const kept = *database.read([&](db::Tx& tx) { return journal.chain(tx, project.text(), 1, 100); });
    for (auto const& one : kept) kinds.push_back(one.kind);
    return kinds;
  }
  void expect_sound() {
    auto const differences = database.read([&](db::Tx& tx) { return budget.recompute(tx); });
    ASSERT_TRUE(differences) << db::why(differences);
    EXPECT_TRUE(differences->empty());
    auto const wrong = database.read([&](db::Tx& tx) { return journal.check(tx); });
    ASSERT_TRUE(wrong) << db::why(wrong);
    EXPECT_TRUE(wrong->empty());
  }

  db::Database& database;
  db::TestFolder folder;
  ManualClock clock{1'780'000'000 * kSecond};
  SeededRandom random{7};
  NullLog log;
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  budget::Budget budget{clock, random};
  blobs::Store store = *blobs::Store::open(folder.path(), clock);
  blobs::Service blobs{database, store, clock, random};
  FakeDriver driver;
  FakeAwards awards;
  FakeData data{blobs};
  FakeMetrics metrics;
  Compute compute{Parts{.database = database,
                        .clock = clock,
                        .random = random,
                        .log = log,
                        .journal = journal,
                        .projects = projects,
                        .budget = budget,
                        .blobs = blobs,
                        .blob_files = store,
                        .awards = awards,
                        .data = data,
                        .metrics = metrics,
                        .driver = driver}};
  Actor admin, member, stranger;
  PublicId project, partition_id;
};

}  // namespace fabrica::compute
