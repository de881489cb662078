#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "compute/impl/load.hpp"
#include "compute/impl/statements.hpp"
#include "compute/impl/store.hpp"
#include "compute/rules.hpp"
#include "compute/service.hpp"
#include "crypto/sha256.hpp"
#include "identity/service.hpp"
#include "json/json.hpp"

namespace fabrica::compute {
namespace {

using identity::Permission;

constexpr std::size_t kFilesMax = 20'000;
// How long a job may wait for room before the hold on its budget lapses.
constexpr Micros kWaitMax_us = 30 * kDay;

}  // namespace

std::string hold_name(PublicId const& job) { return "job/" + job.text(); }

Result<std::vector<JobFile>> Compute::resolve_files(db::Tx& tx, PublicId const& project, std::vector<ProgramFile> const& files) {
  std::vector<JobFile> resolved;
  for (auto const& file : files) {
    FABRICA_TRY(auto const size_bytes, p_.data.size_of(tx, project, file.sha256));
    resolved.push_back({file.path, file.sha256, size_bytes});
  }
  return resolved;
}

Result<std::vector<JobInput>> Compute::resolve_inputs(db::Tx& tx, PublicId const& project,
                                                      std::vector<InputDraft> const& drafts) {
  std::vector<JobInput> inputs;
  std::size_t files = 0;
  for (auto const& draft : drafts) {
    JobInput input{.name = draft.name, .reference = draft.reference.value_or(""), .tree_sha256 = {}, .files = {}};
    if (draft.reference) {
      FABRICA_TRY(auto found, p_.data.resolve(tx, project, *draft.reference));
      input.tree_sha256 = std::move(found.tree_sha256);
      input.files = std::move(found.files);
    } else {
      FABRICA_TRY(input.files, resolve_files(tx, project, draft.files));
      input.tree_sha256 = tree_digest(input.files);
    }
    files += input.files.size();
    inputs.push_back(std::move(input));
  }
  if (files > kFilesMax) return fail(Errc::too_large, "job_files", fmt::format("A job takes at most {} input files.", kFilesMax));
  return inputs;
}

Result<> Compute::insert_files(db::Tx& tx, Job& job, std::int64_t row, JobDraft const& draft) {
  FABRICA_TRY(job.files, resolve_files(tx, job.project, draft.files));
  FABRICA_TRY(job.inputs, resolve_inputs(tx, job.project, draft.inputs));
  auto const insert = [&](store::FileRole role, std::string const& input, std::string const& kept_as,
                          JobFile const& file) -> Result<> {
    FABRICA_DO(tx.run(store::kFileInsert, row, role, input, file.path, file.sha256, file.size_bytes));
    return p_.data.keep(tx, job.project, job.id, {kept_as, file.sha256, file.size_bytes});
  };
  for (auto const& file : job.files) FABRICA_DO(insert(store::FileRole::program, "", "program/" + file.path, file));
  for (auto const& input : job.inputs) {
    FABRICA_DO(tx.run(store::kInputInsert, row, input.name, input.reference, input.tree_sha256));
    for (auto const& file : input.files)
      FABRICA_DO(insert(store::FileRole::input, input.name, fmt::format("inputs/{}/{}", input.name, file.path), file));
  }
  if (!job.files.empty() && job.recipe.empty()) job.code_sha256 = tree_digest(job.files);
  return {};
}

Result<> Compute::state(db::Tx& tx, Job const& job, std::int64_t row, std::string_view kind, std::string_view actor,
                        std::string predicate, std::vector<journal::Subject> subjects) {
  FABRICA_TRY(auto const recorded, p_.journal.append(tx, {job.project.text(), std::string{kind}, std::string{actor},
                                                          std::move(subjects), std::move(predicate)}));
  FABRICA_DO(tx.run(store::kStatementInsert, row, kind, recorded.number));
  return {};
}

Result<Job> Compute::submit(db::Tx& tx, identity::Actor const& actor, PublicId const& project, JobDraft const& draft) {
  FABRICA_DO(p_.projects.require(tx, actor, project, Permission::work_in_project));
  FABRICA_DO(check(draft));
  FABRICA_TRY(auto found, tx.maybe<store::PartitionRow>(store::kPartitionByName, draft.partition));
  if (!found) return fail(Errc::not_found, "partition", fmt::format("There is no partition \"{}\".", draft.partition));
  auto const partition_row = found->id;
  auto const partition = partition_from(*std::move(found));
  FABRICA_TRY(auto const limits, check_fit(partition, draft.resources));
  FABRICA_TRY(auto const charged, p_.awards.charged_to(tx, project, partition.name));
  if (charged.unit != partition.unit)
    return fail(Errc::conflict, "award_unit", fmt::format("The award is not in the unit that {} is charged in.", partition.name));
  Micros const now = p_.clock.now();
  if (now + limits.wall_s * kSecond > charged.ends.us)
    return fail(
        Errc::conflict, "award_ends",
        fmt::format("The award ends on {}, before this job could: ask for less time.", format_date(charged.ends.us)));

  Job job{};
  job.id = PublicId::make(now, p_.random);
  job.project = project;
  job.recipe = draft.recipe.value_or("");
  job.award = charged.award;
  auto const held = hold_micro(partition, limits);
  FABRICA_DO(tx.run(store::kUserInsert, project));
  FABRICA_TRY(auto const user, tx.one<std::int64_t>(store::kUserId, project));
  if (job.recipe.empty() && draft.files.empty()) job.code_sha256 = crypto::sha256(json::write(draft.argv)).hex();
  FABRICA_TRY(auto const row,
              tx.insert(store::kJobInsert, job.id, project, user, partition_row, draft.name, draft.purpose, job.recipe,
                        json::write(draft.argv), json::write(draft.environment), draft.parameters.text,
                        json::write(limits), job.code_sha256, job.award, held, now));
  FABRICA_DO(insert_files(tx, job, row, draft));
  FABRICA_DO(tx.run(store::kJobStaged, row, job.code_sha256));
  FABRICA_DO(p_.budget.hold(tx, {.client_id = hold_name(job.id),
                                 .account = charged.account,
                                 .amount_micro = held,
                                 .expires_us = std::min(now + kWaitMax_us + limits.wall_s * kSecond, charged.ends.us),
                                 .reference = job.id.text()}));
  statements::Submitted said{.job = job.id, .partition = partition.name, .name = draft.name, .purpose = draft.purpose,
                             .recipe = job.recipe, .argv = draft.argv,
                             .program_tree_sha256 = job.files.empty() ? "" : tree_digest(job.files),
                             .parameters_sha256 = crypto::sha256(draft.parameters.text).hex(), .inputs = {}, .limits = limits,
                             .award = job.award, .unit = partition.unit, .held_micro = held};
  for (auto const& input : job.inputs) said.inputs.push_back({input.name, input.reference, input.tree_sha256});
  FABRICA_DO(state(tx, job, row, "job.submitted", actor.person.text(), json::write(said)));
  if (wake_) tx.after_commit(wake_);
  return find(tx, job.id);
}

Result<Job> Compute::find(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto row, job_row(tx, id));
  return load_job(tx, std::move(row));
}

Result<Job> Compute::get(db::Tx& tx, identity::Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto job, find(tx, id));
  FABRICA_DO(p_.projects.require(tx, actor, job.project, Permission::view_project));
  return job;
}

Result<std::vector<JobSummary>> Compute::list(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                              PublicId const& after, std::int64_t limit) {
  FABRICA_DO(p_.projects.require(tx, actor, project, Permission::view_project));
  return tx.all<JobSummary>(store::kJobsOfProject, project, after.text(), limit);
}

// Nothing was begun and nothing used: the hold goes back and the job is over.
Result<> Compute::withdraw(db::Tx& tx, Job const& job, std::int64_t row, std::string_view actor) {
  auto const to = next(job.state, JobEvent::withdraw);
  FABRICA_CHECK(to.has_value());
  FABRICA_DO(tx.run(store::kJobEnded, row, p_.clock.now(), EndReason::cancelled, "Cancelled before it started."));
  FABRICA_TRY(auto const changed, tx.run(store::kJobStep, row, job.state, *to));
  if (changed == 0) return fail(Errc::conflict, "job_moved", "The job has just moved on: look at it again.");
  FABRICA_DO(p_.budget.void_hold(tx, hold_name(job.id)));
  return state(tx, job, row, "job.ended", actor,
               json::write(statements::Ended{.job = job.id,
                                             .state = *to,
                                             .reason = EndReason::cancelled,
                                             .exit_status = 0,
                                             .signal = 0,
                                             .attempts = 0,
                                             .sandbox = {},
                                             .limited_by = {},
                                             .usage = {},
                                             .unit = job.unit}));
}

Result<Job> Compute::cancel(db::Tx& tx, identity::Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const row, job_row(tx, id));
  FABRICA_TRY(auto const job, load_job(tx, row));
  // Whoever runs the machine may end what runs on it; everybody else must belong to the project.
  if (!identity::authorise(actor, Permission::manage_systems))
    FABRICA_DO(p_.projects.require(tx, actor, job.project, Permission::work_in_project));
  if (is_final(job.state)) return fail(Errc::conflict, "job_over", "The job is over already.");
  FABRICA_DO(tx.run(store::kJobCancel, row.id));
  if (job.state == JobState::queued) FABRICA_DO(withdraw(tx, job, row.id, actor.person.text()));
  if (wake_) tx.after_commit(wake_);
  return find(tx, id);
}

Result<runtime::Piece> Compute::log(Job const& job, LogStream stream, std::uint64_t offset, std::size_t bytes_max) {
  FABRICA_TRY(auto const kept_by_driver, p_.database.read([&](db::Tx& tx) -> Result<bool> {
    FABRICA_TRY(auto const row, job_row(tx, job.id));
    return row.kept_by_driver;
  }));
  if (kept_by_driver) {
    auto piece = p_.driver.log(job.id.text(), stream, offset, bytes_max);
    if (piece || piece.error().code != Errc::not_found) return piece;
  }
  // Only now: the driver forgets a log after it was stored, and the row says so after that.
  FABRICA_TRY(auto const files, p_.database.read([&](db::Tx& tx) -> Result<std::vector<store::FileRow>> {
    FABRICA_TRY(auto const row, job_row(tx, job.id));
    return tx.all<store::FileRow>(store::kFiles, row.id);
  }));
  for (auto const& file : files) {
    if (file.role != store::FileRole::log || file.path != json::enum_name(stream)) continue;
    FABRICA_TRY(auto const digest, crypto::Digest::from_hex(file.sha256));
    FABRICA_TRY(auto const reader, p_.blobs.open(digest));
    return runtime::read_piece(reader.file(), offset, bytes_max);
  }
  return fail(Errc::not_found, "file", "The job printed nothing.");
}

void Compute::news(Job const& job) const {
  if (tell_) tell_(job.id);
}

}  // namespace fabrica::compute
