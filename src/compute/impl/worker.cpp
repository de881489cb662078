#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.hpp"
#include "compute/impl/active.hpp"
#include "compute/impl/load.hpp"
#include "compute/impl/statements.hpp"
#include "compute/rules.hpp"
#include "crypto/sha256.hpp"
#include "json/json.hpp"

namespace fabrica::compute {
namespace {

constexpr std::size_t kMetricsPiece_bytes = 256U << 10U;
constexpr Micros kRetryFirst_us = kSecond;
constexpr Micros kRetryMost_us = kMinute;

// The state moved under us: another act was quicker, and the next round looks again.
std::unexpected<Error> moved() { return fail(Errc::conflict, "job_moved", "The job has just moved on."); }

Result<> step(db::Tx& tx, store::JobRow const& row, JobEvent on) {
  auto const to = next(row.state, on);
  FABRICA_CHECK(to.has_value());
  FABRICA_TRY(auto const changed, tx.run(store::kJobStep, row.id, row.state, *to));
  if (changed == 0) return moved();
  return {};
}

// An act's outcome as the loop sees it: that somebody was quicker is no error.
Result<bool> quiet(Result<> const& done) {
  if (done) return true;
  if (done.error().reason == "job_moved") return false;
  return std::unexpected(done.error());
}

struct Room {
  std::int64_t cpus = 0;
  std::int64_t gpus = 0;
  std::int64_t memory_bytes = 0;
  bool blocked = false;  // an earlier job waits: those behind it wait too, so that large jobs get their turn

  bool fits(JobLimits const& limits) const {
    return !blocked && limits.cpus <= cpus && limits.gpus <= gpus && limits.memory_bytes <= memory_bytes;
  }
  void take(JobLimits const& limits) {
    cpus -= limits.cpus;
    gpus -= limits.gpus;
    memory_bytes -= limits.memory_bytes;
  }
};

}  // namespace

// A running or forgotten job is looked at often and needs little; the rest need everything.
Result<Compute::Active> Compute::load_active(db::Tx& tx, store::JobRow row) {
  Active active;
  active.job.id = row.public_id;
  active.job.project = row.project;
  if (row.state == JobState::staging || row.state == JobState::submitting || row.state == JobState::ending) {
    FABRICA_TRY(active.job, load_job(tx, row));
    FABRICA_TRY(active.partition, load_partition(tx, row.partition_id));
  }
  active.row = std::move(row);
  return active;
}

Result<bool> Compute::advance() {
  FABRICA_TRY(bool changed, admit());
  FABRICA_TRY(auto const rows, p_.database.read([&](db::Tx& tx) {
    return tx.all<store::JobRow>(store::kJobsToWorkOn, p_.clock.now());
  }));
  for (auto const& row : rows) {
    FABRICA_TRY(auto const active, p_.database.read([&](db::Tx& tx) { return load_active(tx, row); }));
    FABRICA_TRY(bool const acted, act(active));
    if (acted) news(active.job);
    changed = changed || acted;
  }
  return changed;
}

// Those who wait and fit now, in their order, each partition for itself.
Result<std::vector<std::int64_t>> Compute::fitting(db::Tx& tx) {
  FABRICA_TRY(auto const jobs, tx.all<store::OccupyingRow>(store::kOccupying));
  std::map<std::int64_t, Room> rooms;
  std::vector<JobLimits> limits;
  for (auto const& job : jobs) {
    if (!rooms.contains(job.partition_id)) {
      FABRICA_TRY(auto const partition, load_partition(tx, job.partition_id));
      rooms[job.partition_id] = {partition.cpus, partition.gpus, partition.memory_bytes};
    }
    FABRICA_TRY(limits.emplace_back(), json::read<JobLimits>(job.limits));
    if (job.state != JobState::queued) rooms[job.partition_id].take(limits.back());
  }
  std::vector<std::int64_t> fitting;
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    if (jobs[at].state != JobState::queued) continue;
    auto& room = rooms[jobs[at].partition_id];
    room.blocked = !room.fits(limits[at]);
    if (room.blocked) continue;
    room.take(limits[at]);
    fitting.push_back(jobs[at].id);
  }
  return fitting;
}

// Only this gives room, and only one loop calls it: what fits when it is looked at still fits when it is written.
Result<bool> Compute::admit() {
  FABRICA_TRY(auto const waiting, p_.database.read([&](db::Tx& tx) { return tx.maybe<std::int64_t>(store::kAnyQueued); }));
  if (!waiting) return false;
  FABRICA_TRY(auto const jobs, p_.database.read([&](db::Tx& tx) { return fitting(tx); }));
  for (auto const id : jobs) {
    FABRICA_TRY([[maybe_unused]] bool const admitted, quiet(p_.database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_TRY(auto const row, tx.one<store::JobRow>(store::kJobById, id));
      if (row.state != JobState::queued) return moved();
      FABRICA_TRY(auto const hold, p_.budget.find_hold(tx, hold_name(row.public_id)));
      if (hold && hold->state == budget::HoldState::held) return step(tx, row, JobEvent::room);
      FABRICA_DO(step(tx, row, JobEvent::over));
      FABRICA_DO(tx.run(store::kJobOver, row.id, EndReason::refused, 0, 0,
                        "The hold on its budget lapsed while it waited: submit it again.", "", ""));
      return {};
    })));
  }
  return !jobs.empty();
}

Result<bool> Compute::act(Active const& job) {
  switch (job.row.state) {
    case JobState::staging: return stage(job);
    case JobState::submitting: return start(job);
    case JobState::running: return watch(job);
    case JobState::ending: return close(job);
    case JobState::completed:
    case JobState::failed:
    case JobState::cancelled: return forget(job);
    case JobState::queued: return false;
  }
  std::unreachable();
}

JobOrder Compute::order_of(Active const& active) const {
  auto const& job = active.job;
  JobOrder order{.job = job.id.text(),
                 .project = job.project.text(),
                 .attempt = job.attempt,
                 .project_number = active.row.user_id,
                 .recipe = job.recipe,
                 .argv = job.argv,
                 .files = {},
                 .inputs = {},
                 .parameters = job.parameters.text,
                 .environment = job.environment,
                 .limits = job.limits};
  auto const source = [&](JobFile const& file) {
    auto const digest = crypto::Digest::from_hex(file.sha256);
    FABRICA_CHECK(digest.has_value());
    return p_.blob_files.path_of(*digest).string();
  };
  for (auto const& file : job.files) order.files.push_back({file.path, source(file)});
  for (auto const& input : job.inputs)
    for (auto const& file : input.files) order.inputs.push_back({fmt::format("{}/{}", input.name, file.path), source(file)});
  return order;
}

// Which program a recipe is at this moment, for the record.
Result<std::string> Compute::program_digest(Active const& job) {
  if (job.job.recipe.empty()) return job.job.code_sha256;
  auto const file = crypto::sha256_file(p_.recipes_folder + "/" + job.job.recipe);
  if (file) return file->digest.hex();
  return fail(Errc::invalid, "recipe", fmt::format("There is no recipe \"{}\" on this machine.", job.job.recipe));
}

Result<bool> Compute::stage(Active const& job) {
  if (job.row.cancel_requested) {
    return quiet(p_.database.write([&](db::Tx& tx) { return withdraw(tx, job.job, job.row.id, journal::kProgram); }));
  }
  auto const code = program_digest(job);
  if (!code) return retry(job, code.error());
  if (auto const done = p_.driver.prepare(order_of(job)); !done) return retry(job, done.error());
  return quiet(p_.database.write([&](db::Tx& tx) -> Result<> {
    FABRICA_DO(step(tx, job.row, JobEvent::staged));
    FABRICA_DO(tx.run(store::kJobStaged, job.row.id, *code));
    FABRICA_DO(tx.run(store::kAttemptInsert, job.row.id, job.row.attempt, p_.clock.now()));
    return {};
  }));
}

Result<bool> Compute::start(Active const& job) {
  // A job cancelled in this moment is started all the same: the driver ends it, and its end is on record like any other.
  if (job.row.cancel_requested)
    if (auto const told = p_.driver.cancel(job.job.id.text()); !told) return retry(job, told.error());
  if (auto const done = p_.driver.start(order_of(job)); !done) return retry(job, done.error());
  return quiet(p_.database.write([&](db::Tx& tx) -> Result<> {
    FABRICA_DO(step(tx, job.row, JobEvent::accepted));
    FABRICA_DO(tx.run(store::kJobStarted, job.row.id, p_.clock.now()));
    return state(tx, job.job, job.row.id, "job.started", journal::kProgram,
                 json::write(statements::Started{
                     .job = job.job.id, .attempt = job.row.attempt, .code_sha256 = job.job.code_sha256}));
  }));
}

Result<bool> Compute::watch(Active const& job) {
  FABRICA_TRY(bool const reported, import_metrics(job));
  if (job.row.cancel_requested)
    if (auto const told = p_.driver.cancel(job.job.id.text()); !told) return retry(job, told.error());
  auto seen = p_.driver.observe(job.job.id.text());
  if (!seen) return retry(job, seen.error());
  if (seen->phase == Phase::ended) return attempt_over(job, *seen);
  if (seen->phase == Phase::absent) {
    // Somebody removed the job's folder under us.
    seen->phase = Phase::ended;
    seen->reason = EndReason::lost;
    seen->detail = "The machine knows nothing of this job any more.";
    return attempt_over(job, *seen);
  }
  return reported;
}

Result<bool> Compute::attempt_over(Active const& job, Observation const& seen) {
  FABRICA_CHECK(seen.reason.has_value());
  bool const again = *seen.reason == EndReason::lost && job.row.attempt < kAttemptsMax && !job.row.cancel_requested;
  return quiet(p_.database.write([&](db::Tx& tx) -> Result<> {
    FABRICA_DO(step(tx, job.row, again ? JobEvent::again : JobEvent::over));
    FABRICA_DO(tx.run(store::kAttemptEnd, job.row.id, job.row.attempt, json::write(seen)));
    if (again) {
      FABRICA_DO(tx.run(store::kJobAgain, job.row.id, job.row.attempt + 1));
      FABRICA_DO(tx.run(store::kAttemptInsert, job.row.id, job.row.attempt + 1, p_.clock.now()));
      return {};
    }
    FABRICA_DO(tx.run(store::kJobOver, job.row.id, *seen.reason, seen.exit_status, seen.signal, readable_tail(seen.detail, 2000),
                      seen.sandbox, seen.limited_by));
    return {};
  }));
}

// Something outside did not go well. What may go better later is tried again, at growing distances; what never will, or
// did not for long, ends the job as refused. An end that happened is never given up: its record waits until it can be made.
Result<bool> Compute::retry(Active const& job, Error const& error) {
  bool const ending = job.row.state != JobState::staging && job.row.state != JobState::submitting;
  bool const hopeless = error.code != Errc::unavailable && error.reason != "attempt_running";
  if (!ending && (hopeless || job.row.tries + 1 >= kTriesMax)) return refuse(job, error.what);
  p_.log.warning("job.retry", {{"job", job.job.id.text()},
                               {"state", json::enum_name(job.row.state)},
                               {"tries", job.row.tries + 1},
                               {"reason", error.reason},
                               {"what", error.what}});
  Micros const wait = std::min(kRetryMost_us, kRetryFirst_us << std::min<std::int64_t>(job.row.tries, 6));
  FABRICA_DO(p_.database.write([&](db::Tx& tx) {
    return tx.run(store::kJobRetry, job.row.id, job.row.state, p_.clock.now() + wait, readable_tail(error.what, 2000));
  }));
  return false;
}

Result<bool> Compute::refuse(Active const& job, std::string detail) {
  return quiet(p_.database.write([&](db::Tx& tx) -> Result<> {
    FABRICA_DO(step(tx, job.row, JobEvent::over));
    FABRICA_DO(tx.run(store::kJobOver, job.row.id, EndReason::refused, 0, 0, readable_tail(detail, 2000), "", ""));
    return {};
  }));
}

Result<bool> Compute::import_metrics(Active const& job) {
  auto offset = job.row.metrics_offset;
  for (bool any = false;; any = true) {
    auto const piece = p_.driver.metrics(job.job.id.text(), static_cast<std::uint64_t>(offset), kMetricsPiece_bytes);
    if (!piece) {
      // Not there yet, or not a plain file: a job that reports nothing is no fault.
      if (piece.error().code != Errc::unavailable) return any;
      return std::unexpected(piece.error());
    }
    auto const lines = parse_metrics(piece->bytes, p_.clock.now());
    auto consumed = lines.bytes;
    // A line longer than a piece cannot be one of the contract: step over it.
    if (consumed == 0 && piece->bytes.size() == kMetricsPiece_bytes) consumed = piece->bytes.size();
    if (consumed == 0) return any;
    auto const to = offset + static_cast<std::int64_t>(consumed);
    FABRICA_DO(p_.database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_TRY(auto const changed, tx.run(store::kJobMetrics, job.row.id, offset, to, lines.progress, lines.text));
      if (changed == 0 || lines.points.empty()) return {};
      return p_.metrics.record(tx, job.job.id, lines.points);
    }));
    offset = to;
  }
}

}  // namespace fabrica::compute
