#pragma once

#include "compute/types.hpp"
#include "db/db.hpp"

namespace fabrica::compute::store {

enum class FileRole : std::uint8_t { program, input, artefact, log };
BOOST_DESCRIBE_ENUM(FileRole, program, input, artefact, log)

struct PartitionRow {
  std::int64_t id = 0;
  PublicId public_id;
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
  std::optional<std::string> energy;
  PartitionState state{};
  bool demo = false;
};
BOOST_DESCRIBE_STRUCT(PartitionRow, (), (id, public_id, system, name, title, driver, unit, billing, cpus, gpus, memory_bytes,
                                         wall_s_max, cores_per_share, memory_bytes_per_share, energy, state, demo))

struct JobRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId project;
  std::int64_t user_id = 0;
  std::int64_t partition_id = 0;
  std::string name;
  Purpose purpose{};
  JobState state{};
  bool cancel_requested = false;
  std::optional<EndReason> reason;
  std::int32_t exit_status = 0;
  std::int32_t signal = 0;
  std::string detail;
  std::int32_t attempt = 1;
  std::int64_t tries = 0;
  Time retry_us;
  std::string trouble;
  std::string recipe;
  std::string argv;
  std::string environment;
  std::string parameters;
  std::string limits;
  std::string code_sha256;
  std::optional<double> progress;
  std::string message;
  std::int64_t metrics_offset = 0;
  std::string sandbox;
  std::string limited_by;
  PublicId award;
  std::int64_t held_micro = 0;
  bool kept_by_driver = true;
  Time submitted_us;
  std::optional<Time> started_us;
  std::optional<Time> ended_us;
};
BOOST_DESCRIBE_STRUCT(JobRow, (),
                      (id, public_id, project, user_id, partition_id, name, purpose, state, cancel_requested, reason,
                       exit_status, signal, detail, attempt, tries, retry_us, trouble, recipe, argv, environment,
                       parameters, limits, code_sha256, progress, message, metrics_offset, sandbox, limited_by, award,
                       held_micro, kept_by_driver, submitted_us, started_us, ended_us))

struct FileRow : JobFile {
  FileRole role{};
  std::string input_name;
};
BOOST_DESCRIBE_STRUCT(FileRow, (JobFile), (role, input_name))

struct InputRow {
  std::string name;
  std::string reference;
  std::string tree_sha256;
};
BOOST_DESCRIBE_STRUCT(InputRow, (), (name, reference, tree_sha256))

struct UsageRow : UsageRecord {
  std::optional<std::string> energy;
};
BOOST_DESCRIBE_STRUCT(UsageRow, (UsageRecord), (energy))

// What a job occupies while it is staging to ending.
struct OccupyingRow {
  std::int64_t id = 0;
  std::int64_t partition_id = 0;
  JobState state{};
  std::string limits;
};
BOOST_DESCRIBE_STRUCT(OccupyingRow, (), (id, partition_id, state, limits))

inline constexpr db::Query kSystemInsert{"system_insert", R"sql(
  INSERT INTO systems (public_id, name, title, country, demo, created_us) VALUES ($1, $2, $3, $4, $5, $6))sql"};
inline constexpr db::Query kSystems{"systems", R"sql(
  SELECT public_id AS id, name, title, country, demo FROM systems ORDER BY name)sql"};
inline constexpr db::Query kSystemId{"system_id", R"sql(SELECT id FROM systems WHERE public_id = $1)sql"};

inline constexpr db::Query kPartitionInsert{"partition_insert", R"sql(
  INSERT INTO partitions (public_id, system_id, name, title, driver, unit, billing, cpus, gpus, memory_bytes, wall_s_max,
                          cores_per_share, memory_bytes_per_share, energy, state, demo, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'open', $15, $16))sql"};

#define FABRICA_PARTITION_COLUMNS                                                                                             \
  "SELECT p.id AS id, p.public_id AS public_id, s.public_id AS system, p.name AS name, p.title AS title, "                    \
  "p.driver AS driver, p.unit AS unit, p.billing AS billing, p.cpus AS cpus, p.gpus AS gpus, "                                \
  "p.memory_bytes AS memory_bytes, p.wall_s_max AS wall_s_max, p.cores_per_share AS cores_per_share, "                        \
  "p.memory_bytes_per_share AS memory_bytes_per_share, p.energy AS energy, p.state AS state, p.demo AS demo "                 \
  "FROM partitions p JOIN systems s ON s.id = p.system_id "

inline constexpr db::Query kPartitions{"partitions", FABRICA_PARTITION_COLUMNS "ORDER BY p.name"};
inline constexpr db::Query kPartitionByName{"partition_by_name", FABRICA_PARTITION_COLUMNS "WHERE p.name = $1"};
inline constexpr db::Query kPartitionById{"partition_by_id", FABRICA_PARTITION_COLUMNS "WHERE p.id = $1"};
inline constexpr db::Query kPartitionByPublicId{"partition_by_public_id", FABRICA_PARTITION_COLUMNS "WHERE p.public_id = $1"};
inline constexpr db::Query kPartitionState{"partition_state", R"sql(UPDATE partitions SET state = $2 WHERE id = $1)sql"};

inline constexpr db::Query kUserInsert{"job_user_insert", R"sql(
  INSERT INTO job_users (project) VALUES ($1) ON CONFLICT (project) DO NOTHING)sql"};
inline constexpr db::Query kUserId{"job_user_id", R"sql(SELECT id FROM job_users WHERE project = $1)sql"};

inline constexpr db::Query kJobInsert{"job_insert", R"sql(
  INSERT INTO jobs (public_id, project, user_id, partition_id, name, purpose, state, recipe, argv, environment, parameters,
                    limits, code_sha256, award, held_micro, submitted_us)
  VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9, $10, $11, $12, $13, $14, $15))sql"};

#define FABRICA_JOB_COLUMNS                                                                                                 \
  "SELECT id, public_id, project, user_id, partition_id, name, purpose, state, cancel_requested, reason, exit_status, "     \
  "signal, detail, attempt, tries, retry_us, trouble, recipe, argv, environment, parameters, limits, code_sha256, progress, " \
  "message, metrics_offset, sandbox, limited_by, award, held_micro, kept_by_driver, submitted_us, started_us, ended_us "    \
  "FROM jobs "

inline constexpr db::Query kJobByPublicId{"job_by_public_id", FABRICA_JOB_COLUMNS "WHERE public_id = $1"};
// Final jobs stay in this list until the driver was told to forget them.
inline constexpr db::Query kJobsToWorkOn{
    "jobs_to_work_on",
    FABRICA_JOB_COLUMNS "WHERE kept_by_driver = 1 AND state <> 'queued' AND retry_us <= $1 ORDER BY id LIMIT 1000"};
inline constexpr db::Query kOccupying{"jobs_occupying", R"sql(
  SELECT id, partition_id, state, limits FROM jobs
   WHERE kept_by_driver = 1 AND state IN ('queued', 'staging', 'submitting', 'running', 'ending') ORDER BY id)sql"};
inline constexpr db::Query kJobById{"job_by_id", FABRICA_JOB_COLUMNS "WHERE id = $1"};
inline constexpr db::Query kAnyQueued{"jobs_any_queued", R"sql(
  SELECT id FROM jobs WHERE kept_by_driver = 1 AND state = 'queued' ORDER BY id LIMIT 1)sql"};

inline constexpr db::Query kJobsOfProject{"jobs_of_project", R"sql(
  SELECT j.public_id AS id, j.project AS project, p.name AS partition, j.name AS name, j.purpose AS purpose, j.state AS state,
         j.reason AS reason, j.attempt AS attempt, j.progress AS progress, j.submitted_us AS submitted, j.ended_us AS ended
    FROM jobs j JOIN partitions p ON p.id = j.partition_id
   WHERE j.project = $1 AND ($2 = '' OR j.id < (SELECT id FROM jobs WHERE public_id = $2))
   ORDER BY j.id DESC LIMIT $3)sql"};

// Every change of state names the state it expects; no row changed means that somebody else was quicker.
inline constexpr db::Query kJobStep{"job_step", R"sql(
  UPDATE jobs SET state = $3, tries = 0, retry_us = 0, trouble = '' WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kJobStaged{"job_staged", R"sql(UPDATE jobs SET code_sha256 = $2 WHERE id = $1)sql"};
inline constexpr db::Query kJobStarted{"job_started", R"sql(
  UPDATE jobs SET started_us = $2 WHERE id = $1 AND started_us IS NULL)sql"};
inline constexpr db::Query kJobAgain{"job_again", R"sql(UPDATE jobs SET attempt = $2 WHERE id = $1)sql"};
inline constexpr db::Query kJobOver{"job_over", R"sql(
  UPDATE jobs SET reason = $2, exit_status = $3, signal = $4, detail = $5, sandbox = $6, limited_by = $7 WHERE id = $1)sql"};
inline constexpr db::Query kJobEnded{"job_ended", R"sql(
  UPDATE jobs SET ended_us = $2, reason = $3, detail = $4 WHERE id = $1)sql"};
inline constexpr db::Query kJobCancel{"job_cancel", R"sql(
  UPDATE jobs SET cancel_requested = 1, retry_us = 0
   WHERE id = $1 AND state IN ('queued', 'staging', 'submitting', 'running', 'ending'))sql"};
inline constexpr db::Query kJobRetry{"job_retry", R"sql(
  UPDATE jobs SET tries = tries + 1, retry_us = $3, trouble = $4 WHERE id = $1 AND state = $2)sql"};
inline constexpr db::Query kJobForgotten{"job_forgotten", R"sql(UPDATE jobs SET kept_by_driver = 0 WHERE id = $1)sql"};
// Guarded by the offset: the same lines are never counted twice.
inline constexpr db::Query kJobMetrics{"job_metrics", R"sql(
  UPDATE jobs SET metrics_offset = $3, progress = COALESCE($4, progress), message = CASE WHEN $5 = '' THEN message ELSE $5 END
   WHERE id = $1 AND metrics_offset = $2)sql"};

inline constexpr db::Query kAttemptInsert{"job_attempt_insert", R"sql(
  INSERT INTO job_attempts (job_id, attempt, begun_us) VALUES ($1, $2, $3) ON CONFLICT (job_id, attempt) DO NOTHING)sql"};
inline constexpr db::Query kAttemptEnd{"job_attempt_end", R"sql(
  UPDATE job_attempts SET observation = $3 WHERE job_id = $1 AND attempt = $2)sql"};
inline constexpr db::Query kObservations{"job_observations", R"sql(
  SELECT observation FROM job_attempts WHERE job_id = $1 AND observation IS NOT NULL ORDER BY attempt)sql"};

inline constexpr db::Query kFileInsert{"job_file_insert", R"sql(
  INSERT INTO job_files (job_id, role, input_name, path, sha256, size_bytes) VALUES ($1, $2, $3, $4, $5, $6))sql"};
inline constexpr db::Query kFiles{"job_files", R"sql(
  SELECT path, sha256, size_bytes, role, input_name FROM job_files WHERE job_id = $1 ORDER BY role, input_name, path)sql"};
inline constexpr db::Query kInputInsert{"job_input_insert", R"sql(
  INSERT INTO job_inputs (job_id, name, reference, tree_sha256) VALUES ($1, $2, $3, $4))sql"};
inline constexpr db::Query kInputs{"job_inputs", R"sql(
  SELECT name, reference, tree_sha256 FROM job_inputs WHERE job_id = $1 ORDER BY name)sql"};

inline constexpr db::Query kUsageInsert{"job_usage_insert", R"sql(
  INSERT INTO job_usage (job_id, wall_us, cpu_user_us, cpu_system_us, memory_peak_bytes, core_us, gpu_us, node_us, formula,
                         rate_micro_per_hour, amount_micro, overrun_micro, energy, recorded_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14))sql"};
inline constexpr db::Query kUsage{"job_usage", R"sql(
  SELECT wall_us, cpu_user_us, cpu_system_us, memory_peak_bytes, core_us, gpu_us, node_us, formula, rate_micro_per_hour,
         amount_micro, overrun_micro, energy FROM job_usage WHERE job_id = $1)sql"};

inline constexpr db::Query kStatementInsert{"job_statement_insert", R"sql(
  INSERT INTO job_statements (job_id, kind, number) VALUES ($1, $2, $3))sql"};
inline constexpr db::Query kStatements{"job_statements", R"sql(
  SELECT kind, number FROM job_statements WHERE job_id = $1 ORDER BY number)sql"};

}  // namespace fabrica::compute::store
