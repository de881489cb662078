#pragma once

#include <array>
#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"
#include "budget/service.hpp"
#include "compute/driver.hpp"
#include "json/describe.hpp"

namespace fabrica::compute {

// How what a job occupies becomes units of its partition.
enum class Billing : std::uint8_t {
  allocated,      // cores for core-hours, GPUs for GPU-hours
  max_of_shares,  // the largest of: the above, cores / cores_per_share, memory / memory_bytes_per_share, rounded up
  whole_nodes,    // node-hours: a job has its node for itself
};
BOOST_DESCRIBE_ENUM(Billing, allocated, max_of_shares, whole_nodes)

enum class DriverKind : std::uint8_t { local };
BOOST_DESCRIBE_ENUM(DriverKind, local)

enum class PartitionState : std::uint8_t { open, closed };
BOOST_DESCRIBE_ENUM(PartitionState, open, closed)

struct SystemDraft {
  std::string name;
  std::string title;
  std::string country;  // two letters; empty: not said
  std::optional<bool> demo = {};

  static constexpr auto limits() {
    return std::tuple{json::length(&SystemDraft::name, 1, 60), json::length(&SystemDraft::title, 1, 200),
                      json::length(&SystemDraft::country, 0, 2)};
  }
};
BOOST_DESCRIBE_STRUCT(SystemDraft, (), (name, title, country, demo))

struct System {
  PublicId id;
  std::string name;
  std::string title;
  std::string country;
  bool demo = false;
};
BOOST_DESCRIBE_STRUCT(System, (), (id, name, title, country, demo))

// What a node of the partition draws: an estimate needs it, and says so. `source` tells where the figures are from.
struct EnergyCoefficients {
  std::int64_t core_milliwatts = 0;  // of a busy core, above idle
  std::int64_t idle_milliwatts = 0;  // of the whole node; a job bears its share by cores
  std::string source;

  static constexpr auto limits() {
    return std::tuple{json::range(&EnergyCoefficients::core_milliwatts, 0, 10'000'000),
                      json::range(&EnergyCoefficients::idle_milliwatts, 0, 100'000'000),
                      json::length(&EnergyCoefficients::source, 1, 500)};
  }
};
BOOST_DESCRIBE_STRUCT(EnergyCoefficients, (), (core_milliwatts, idle_milliwatts, source))

struct PartitionDraft {
  std::string name;  // what calls offer and jobs ask for
  std::string title;
  DriverKind driver{};
  budget::Unit unit{};
  Billing billing{};
  std::int32_t cpus = 0;
  std::int32_t gpus = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t wall_s_max = 0;
  std::optional<std::int32_t> cores_per_share = {};
  std::optional<std::int64_t> memory_bytes_per_share = {};
  std::optional<EnergyCoefficients> energy = {};  // absent: energy is not estimated
  std::optional<bool> demo = {};

  static constexpr auto limits() {
    return std::tuple{json::length(&PartitionDraft::name, 1, 100),
                      json::length(&PartitionDraft::title, 1, 200),
                      json::range(&PartitionDraft::cpus, 1, 1'000'000),
                      json::range(&PartitionDraft::gpus, 0, 100'000),
                      json::range(&PartitionDraft::memory_bytes, 64LL << 20, 1LL << 50),
                      json::range(&PartitionDraft::wall_s_max, 1, 90 * 86'400),
                      json::range(&PartitionDraft::cores_per_share, 1, 1'000'000),
                      json::range(&PartitionDraft::memory_bytes_per_share, 1LL << 20, 1LL << 50)};
  }
};
BOOST_DESCRIBE_STRUCT(PartitionDraft, (), (name, title, driver, unit, billing, cpus, gpus, memory_bytes, wall_s_max,
                                           cores_per_share, memory_bytes_per_share, energy, demo))

struct Partition {
  PublicId id;
  PublicId system;
  std::string name;
  std::string title;
  DriverKind driver{};
  budget::Unit unit{};
  Billing billing{};
  std::int32_t cpus = 0;
  std::int32_t gpus = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t wall_s_max = 0;
  std::optional<std::int32_t> cores_per_share;
  std::optional<std::int64_t> memory_bytes_per_share;
  std::optional<EnergyCoefficients> energy;
  PartitionState state{};
  bool demo = false;
};
BOOST_DESCRIBE_STRUCT(Partition, (), (id, system, name, title, driver, unit, billing, cpus, gpus, memory_bytes, wall_s_max,
                                      cores_per_share, memory_bytes_per_share, energy, state, demo))

struct PartitionChange {
  PartitionState state{};
};
BOOST_DESCRIBE_STRUCT(PartitionChange, (), (state))

// What a job is for, as its owner says; documents use it, nothing is decided by it.
enum class Purpose : std::uint8_t { prepare, train, evaluate, other };
BOOST_DESCRIBE_ENUM(Purpose, prepare, train, evaluate, other)

struct ProgramFile {
  std::string path;
  std::string sha256;

  static constexpr auto limits() {
    return std::tuple{json::length(&ProgramFile::path, 1, 300), json::length(&ProgramFile::sha256, 64, 64)};
  }
};
BOOST_DESCRIBE_STRUCT(ProgramFile, (), (path, sha256))

// Files laid at inputs/<name>/: those of a reference ("dataset:...", "split:.../train"), or the files named.
struct InputDraft {
  std::string name;
  std::optional<std::string> reference = {};
  std::vector<ProgramFile> files = {};

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"files"};
  static constexpr auto limits() {
    return std::tuple{json::length(&InputDraft::name, 1, 100), json::length(&InputDraft::reference, 1, 300),
                      json::items(&InputDraft::files, 0, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(InputDraft, (), (name, reference, files))

struct LimitsDraft {
  std::int32_t cpus = 1;
  std::int32_t gpus = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t wall_s = 0;
  std::int64_t disk_bytes = 10LL << 30;
  std::int64_t log_bytes = 4 << 20;
  std::int32_t processes = 512;

  static constexpr std::array<std::string_view, 4> kMayBeAbsent{"gpus", "disk_bytes", "log_bytes", "processes"};
  static constexpr auto limits() {
    return std::tuple{json::range(&LimitsDraft::cpus, 1, 1'000'000),
                      json::range(&LimitsDraft::gpus, 0, 100'000),
                      json::range(&LimitsDraft::memory_bytes, 16LL << 20, 1LL << 50),
                      json::range(&LimitsDraft::wall_s, 1, 90 * 86'400),
                      json::range(&LimitsDraft::disk_bytes, 1LL << 20, 1LL << 50),
                      json::range(&LimitsDraft::log_bytes, 1 << 10, 256 << 20),
                      json::range(&LimitsDraft::processes, 4, 100'000)};
  }
};
BOOST_DESCRIBE_STRUCT(LimitsDraft, (), (cpus, gpus, memory_bytes, wall_s, disk_bytes, log_bytes, processes))

struct JobDraft {
  std::string partition;  // by name
  std::string name;       // for people
  Purpose purpose = Purpose::other;
  std::optional<std::string> recipe = {};
  std::vector<std::string> argv = {};        // the command; with a recipe, its arguments
  std::vector<ProgramFile> files = {};       // the program's own files
  std::vector<InputDraft> inputs = {};
  json::Raw parameters{"{}"};                // an object
  std::map<std::string, std::string> environment = {};
  LimitsDraft resources{};

  static constexpr std::array<std::string_view, 6> kMayBeAbsent{"purpose", "argv",       "files",
                                                                "inputs",  "parameters", "environment"};
  static constexpr auto limits() {
    return std::tuple{json::length(&JobDraft::partition, 1, 100), json::length(&JobDraft::name, 1, 200),
                      json::length(&JobDraft::recipe, 1, 60),     json::items(&JobDraft::argv, 0, 200),
                      json::length(&JobDraft::argv, 0, 4000),     json::items(&JobDraft::files, 0, 1000),
                      json::items(&JobDraft::inputs, 0, 50)};
  }
};
BOOST_DESCRIBE_STRUCT(JobDraft, (), (partition, name, purpose, recipe, argv, files, inputs, parameters, environment, resources))

// A stored file a job was given or made.
struct JobFile {
  std::string path;
  std::string sha256;
  std::int64_t size_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(JobFile, (), (path, sha256, size_bytes))

struct JobInput {
  std::string name;
  std::string reference;    // empty when its files were named one by one
  std::string tree_sha256;  // over its files, by the rule of data sets
  std::vector<JobFile> files;
};
BOOST_DESCRIBE_STRUCT(JobInput, (), (name, reference, tree_sha256, files))

enum class JobState : std::uint8_t {
  queued,      // the budget is held; waits for room
  staging,     // its files are being laid out
  submitting,  // the driver was or will be asked to start it: after a crash it is asked again
  running,
  ending,      // the driver says it ended; artefacts are stored and usage is settled
  completed,
  failed,
  cancelled,
};
BOOST_DESCRIBE_ENUM(JobState, queued, staging, submitting, running, ending, completed, failed, cancelled)

// Energy as an estimate from processor time: never a measurement, and marked so wherever it goes.
struct Energy {
  std::int64_t joules = 0;
  std::string method;    // "estimated"
  std::string boundary;  // "node"
  std::string formula;
  EnergyCoefficients coefficients;
};
BOOST_DESCRIBE_STRUCT(Energy, (), (joules, method, boundary, formula, coefficients))

// What a job used, in raw figures and as an amount; one record a job.
struct UsageRecord {
  std::int64_t wall_us = 0;  // of all attempts that were observed to their end
  std::int64_t cpu_user_us = 0;
  std::int64_t cpu_system_us = 0;
  std::int64_t memory_peak_bytes = 0;
  std::int64_t core_us = 0;  // allocated, not used: cores x wall time
  std::int64_t gpu_us = 0;
  std::int64_t node_us = 0;
  std::string formula;       // its version and rounding, see rules.hpp
  std::int64_t rate_micro_per_hour = 0;
  std::int64_t amount_micro = 0;
  std::int64_t overrun_micro = 0;
};
BOOST_DESCRIBE_STRUCT(UsageRecord, (), (wall_us, cpu_user_us, cpu_system_us, memory_peak_bytes, core_us, gpu_us, node_us, formula,
                                        rate_micro_per_hour, amount_micro, overrun_micro))

// Numbers of the job's statements in the project's chain, in order.
struct JobStatement {
  std::string kind;
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(JobStatement, (), (kind, number))

struct Job {
  PublicId id;
  PublicId project;
  std::string partition;
  std::string name;
  Purpose purpose{};
  JobState state{};
  bool cancel_requested = false;
  std::optional<EndReason> reason;
  std::int32_t exit_status = 0;
  std::int32_t signal = 0;
  std::string detail;   // why it ended so, for people
  std::string trouble;  // why it does not move on now; tried again by itself
  std::int32_t attempt = 1;
  std::string recipe;
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  json::Raw parameters;
  JobLimits limits;
  std::string code_sha256;  // of the recipe's program, or the tree of the program's files; empty until known
  std::vector<JobFile> files;
  std::vector<JobInput> inputs;
  std::vector<JobFile> artefacts;
  std::optional<double> progress;  // 0 to 1, as the job says
  std::string message;             // the last text the job reported
  std::string sandbox;
  std::string limited_by;
  PublicId award;
  budget::Unit unit{};
  std::int64_t held_micro = 0;
  std::optional<UsageRecord> usage;
  std::optional<Energy> energy;
  Time submitted;
  std::optional<Time> started;
  std::optional<Time> ended;
  std::vector<JobStatement> statements;
};
BOOST_DESCRIBE_STRUCT(Job, (),
                      (id, project, partition, name, purpose, state, cancel_requested, reason, exit_status, signal,
                       detail, trouble, attempt, recipe, argv, environment, parameters, limits, code_sha256, files,
                       inputs, artefacts, progress, message, sandbox, limited_by, award, unit, held_micro, usage,
                       energy, submitted, started, ended, statements))

// One row of a list of jobs.
struct JobSummary {
  PublicId id;
  PublicId project;
  std::string partition;
  std::string name;
  Purpose purpose{};
  JobState state{};
  std::optional<EndReason> reason;
  std::int32_t attempt = 1;
  std::optional<double> progress;
  Time submitted;
  std::optional<Time> ended;
};
BOOST_DESCRIBE_STRUCT(JobSummary, (), (id, project, partition, name, purpose, state, reason, attempt, progress, submitted, ended))

// One number a job reported.
struct MetricPoint {
  std::string name;
  std::int64_t step = 0;
  double value = 0;
  Time time;
};

}  // namespace fabrica::compute
