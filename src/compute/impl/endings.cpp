#include <fmt/format.h>

#include <vector>

#include "base/check.hpp"
#include "compute/impl/active.hpp"
#include "compute/impl/load.hpp"
#include "compute/impl/statements.hpp"
#include "compute/rules.hpp"
#include "crypto/sha256.hpp"
#include "json/json.hpp"

namespace fabrica::compute {
namespace {

constexpr std::size_t kPiece_bytes = 1U << 20U;
constexpr std::size_t kReason_bytes = 1000;  // of a failed job's standard error, shown as why

Result<blobs::Stored> store_file(blobs::Service& blobs, int fd) {
  return blobs.put_stream([&](blobs::Service::Sink const& sink) -> Result<> {
    for (std::uint64_t offset = 0;;) {
      FABRICA_TRY(auto const piece, runtime::read_piece(fd, offset, kPiece_bytes));
      if (piece.bytes.empty()) return {};
      FABRICA_DO(sink(as_bytes(piece.bytes)));
      offset += piece.bytes.size();
    }
  });
}

// What all attempts that were watched to their end used together; a lost attempt is the factory's fault and not charged.
RunUsage sum(std::vector<Observation> const& observations) {
  RunUsage all;
  for (auto const& seen : observations) {
    if (seen.reason == EndReason::lost) continue;
    all.wall_us += seen.usage.wall_us;
    all.cpu_user_us += seen.usage.cpu_user_us;
    all.cpu_system_us += seen.usage.cpu_system_us;
    all.memory_peak_bytes = std::max(all.memory_peak_bytes, seen.usage.memory_peak_bytes);
  }
  return all;
}

Result<std::vector<Observation>> observations_of(db::Tx& tx, std::int64_t row) {
  FABRICA_TRY(auto const texts, tx.all<std::string>(store::kObservations, row));
  std::vector<Observation> all;
  for (auto const& text : texts) {
    FABRICA_TRY(auto seen, json::read<Observation>(text));
    all.push_back(std::move(seen));
  }
  return all;
}

}  // namespace

Result<std::vector<JobFile>> Compute::store_outputs(Active const& job) {
  FABRICA_TRY(auto const files, p_.driver.outputs(job.job.id.text()));
  std::vector<JobFile> stored;
  for (auto const& file : files) {
    // A name nobody could ask for again is not kept under another.
    if (!is_plain_path(file.path) || readable_tail(file.path, file.path.size()) != file.path)
      return fail(Errc::invalid, "output_name",
                  fmt::format("An output has a name that cannot be kept: \"{}\".", readable_tail(file.path, 300)));
    FABRICA_TRY(auto const fd, p_.driver.open_output(job.job.id.text(), file.path));
    FABRICA_TRY(auto const blob, store_file(p_.blobs, fd.get()));
    stored.push_back({file.path, blob.digest.hex(), blob.size_bytes});
  }
  return stored;
}

Result<Compute::Ending> Compute::store_results(Active const& job) {
  auto const id = job.job.id.text();
  FABRICA_CHECK(job.row.reason.has_value());
  Ending ending{.artefacts = {}, .logs = {}, .reason = *job.row.reason, .detail = job.row.detail};
  for (auto const stream : {LogStream::out, LogStream::err}) {
    std::string text;
    while (true) {
      auto const piece = p_.driver.log(id, stream, text.size(), kPiece_bytes);
      if (!piece && piece.error().code != Errc::not_found) return std::unexpected(piece.error());
      if (!piece || piece->bytes.empty()) break;
      text += piece->bytes;
    }
    if (text.empty()) continue;
    FABRICA_TRY(auto const blob, p_.blobs.put(as_bytes(text)));
    ending.logs.push_back({std::string{json::enum_name(stream)}, blob.digest.hex(), blob.size_bytes});
    if (stream == LogStream::err && ending.reason == EndReason::failed && ending.detail.empty())
      ending.detail = readable_tail(text, kReason_bytes);
  }
  if (ending.reason != EndReason::completed) return ending;
  auto outputs = store_outputs(job);
  if (outputs) {
    ending.artefacts = *std::move(outputs);
  } else if (outputs.error().code == Errc::unavailable) {
    return std::unexpected(outputs.error());
  } else {
    ending.reason = EndReason::output_limit;
    ending.detail = outputs.error().what;
  }
  return ending;
}

Result<bool> Compute::close(Active const& job) {
  // A job that was never begun has reported and written nothing.
  if (job.row.started_us) {
    auto const reported = import_metrics(job);
    if (!reported) return retry(job, reported.error());
  }
  auto ending = store_results(job);
  if (!ending) return retry(job, ending.error());
  auto done = p_.database.write([&](db::Tx& tx) { return settle(tx, job, *ending); });
  if (!done && done.error().reason == "blob_quota") {
    // What was computed is not lost silently: the job fails, and says what to do.
    ending->reason = EndReason::output_limit;
    ending->detail = done.error().what;
    ending->artefacts.clear();
    ending->logs.clear();
    done = p_.database.write([&](db::Tx& tx) { return settle(tx, job, *ending); });
  }
  if (done || done.error().reason == "job_moved") return done.has_value();
  return retry(job, done.error());
}

// The end of a job, in one transaction: artefacts, usage, budget, statements, state.
Result<> Compute::settle(db::Tx& tx, Active const& active, Ending const& ending) {
  auto const& job = active.job;
  auto const row = active.row.id;
  auto const to = next(JobState::ending, closing_event(ending.reason));
  FABRICA_CHECK(to.has_value());
  // The end first: no job is over without it. If the state has moved, all of this is undone.
  FABRICA_DO(tx.run(store::kJobEnded, row, p_.clock.now(), ending.reason, ending.detail));
  FABRICA_TRY(auto const changed, tx.run(store::kJobStep, row, JobState::ending, *to));
  if (changed == 0) return fail(Errc::conflict, "job_moved", "The job has just moved on.");

  std::vector<journal::Subject> subjects;
  for (auto const& file : ending.artefacts) {
    FABRICA_DO(tx.run(store::kFileInsert, row, store::FileRole::artefact, "", file.path, file.sha256, file.size_bytes));
    FABRICA_DO(p_.data.keep(tx, job.project, job.id, {"outputs/" + file.path, file.sha256, file.size_bytes}));
    subjects.push_back({file.path, file.sha256});
  }
  for (auto const& file : ending.logs) {
    FABRICA_DO(tx.run(store::kFileInsert, row, store::FileRole::log, "", file.path, file.sha256, file.size_bytes));
    FABRICA_DO(p_.data.keep(tx, job.project, job.id, {"logs/" + file.path, file.sha256, file.size_bytes}));
  }

  FABRICA_TRY(auto const observations, observations_of(tx, row));
  auto const run = sum(observations);
  auto usage = usage_of(active.partition, job.limits, run);
  auto const energy = energy_of(active.partition, job.limits, run);
  FABRICA_TRY(auto const settled, p_.budget.settle(tx, hold_name(job.id), usage.amount_micro, usage.formula));
  usage.overrun_micro = settled.overrun_micro;
  auto const energy_text = energy ? std::optional{json::write(*energy)} : std::nullopt;
  FABRICA_DO(tx.run(store::kUsageInsert, row, usage.wall_us, usage.cpu_user_us, usage.cpu_system_us, usage.memory_peak_bytes,
                    usage.core_us, usage.gpu_us, usage.node_us, usage.formula, usage.rate_micro_per_hour, usage.amount_micro,
                    usage.overrun_micro, energy_text, p_.clock.now()));

  if (!ending.artefacts.empty()) {
    FABRICA_DO(state(tx, job, row, "artefact.produced", journal::kProgram,
                     json::write(statements::Artefacts{
                         .job = job.id, .tree_sha256 = tree_digest(ending.artefacts), .files = ending.artefacts}),
                     subjects));
  }
  if (energy && run.wall_us > 0)
    FABRICA_DO(state(tx, job, row, "energy.measured", journal::kProgram, json::write(statements::EnergyOf{job.id, *energy})));
  statements::Ended const ended{.job = job.id, .state = *to, .reason = ending.reason, .exit_status = active.row.exit_status,
                                .signal = active.row.signal, .attempts = active.row.attempt, .sandbox = active.row.sandbox,
                                .limited_by = active.row.limited_by, .usage = usage, .unit = active.partition.unit};
  return state(tx, job, row, "job.ended", journal::kProgram, json::write(ended));
}

// Everything worth keeping is stored: the driver may clear the machine.
Result<bool> Compute::forget(Active const& job) {
  if (auto const done = p_.driver.forget(job.job.id.text()); !done) return retry(job, done.error());
  FABRICA_DO(p_.database.write([&](db::Tx& tx) { return tx.run(store::kJobForgotten, job.row.id); }));
  return false;
}

}  // namespace fabrica::compute
