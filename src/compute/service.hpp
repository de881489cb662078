#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "blobs/service.hpp"
#include "compute/ports.hpp"
#include "compute/types.hpp"
#include "db/db.hpp"
#include "identity/types.hpp"
#include "journal/journal.hpp"
#include "projects/service.hpp"
#include "runtime/files.hpp"

namespace fabrica::compute {

namespace store {
struct JobRow;
}

// What the service stands on; everything outlives it.
struct Parts {
  db::Database& database;
  Clock const& clock;
  Random& random;
  Log& log;
  journal::Journal& journal;
  projects::Projects& projects;
  budget::Budget& budget;
  blobs::Service& blobs;
  blobs::Store const& blob_files;
  Awards& awards;
  ProjectData& data;
  Metrics& metrics;
  Driver& driver;
  std::string recipes_folder{};  // to record which program a recipe was
};

// Systems, partitions and jobs. The use cases run in the caller's transaction; advance() runs its own.
class Compute {
 public:
  explicit Compute(Parts parts) : p_{std::move(parts)} {}

  // Operators only. Errors: conflict "name_taken", not_found "system" or "partition".
  Result<System> register_system(db::Tx& tx, identity::Actor const& actor, SystemDraft const& draft);
  Result<Partition> register_partition(db::Tx& tx, identity::Actor const& actor, PublicId const& system,
                                       PartitionDraft const& draft);
  Result<Partition> change_partition(db::Tx& tx, identity::Actor const& actor, PublicId const& id, PartitionChange const& change);
  // Public: who may apply wants to know what there is.
  Result<std::vector<System>> systems(db::Tx& tx);
  Result<std::vector<Partition>> partitions(db::Tx& tx);

  // Holds the budget of the whole wall time before the job exists. Statement: job.submitted.
  // Errors: invalid "job", "job_limits", not_found "partition", "blob", those of the ports; over_budget "balance".
  Result<Job> submit(db::Tx& tx, identity::Actor const& actor, PublicId const& project, JobDraft const& draft);
  // At once when it waits, else as soon as the driver has ended it. Errors: conflict "job_over".
  Result<Job> cancel(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  // Errors: not_found "job"; forbidden as authorise() says.
  Result<Job> get(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  // Newest first, after the one named (empty: from the beginning).
  Result<std::vector<JobSummary>> list(db::Tx& tx, identity::Actor const& actor, PublicId const& project, PublicId const& after,
                                       std::int64_t limit);
  // For other modules, which have authorised whoever asks. Errors: not_found "job".
  Result<Job> find(db::Tx& tx, PublicId const& id);

  // A piece of what the job printed, while it runs and after; the caller has authorised whoever asks. Not inside a
  // transaction. Errors: not_found "file" before it printed anything.
  Result<runtime::Piece> log(Job const& job, LogStream stream, std::uint64_t offset, std::size_t bytes_max);

  // Called, after the commit, when there is something to do: wakes the loop that calls advance(). Set once, at start.
  void on_work(std::function<void()> wake) { wake_ = std::move(wake); }
  // Called when a job printed, reported or changed its state, with its public id: wakes those who follow it.
  void on_news(std::function<void(PublicId const&)> tell) { tell_ = std::move(tell); }

  // Carries every job one act further, as its row says; true when there may be more to do at once. Called by one loop of
  // one process. Refusals of the outside are logged and tried again later. Errors: those of the database.
  Result<bool> advance();

 private:
  struct Active;   // a job with all its acts need
  struct Ending;   // what was stored for it
  Result<Partition> load_partition(db::Tx& tx, std::int64_t id);
  Result<> insert_files(db::Tx& tx, Job& job, std::int64_t row, JobDraft const& draft);
  Result<std::vector<JobInput>> resolve_inputs(db::Tx& tx, PublicId const& project, std::vector<InputDraft> const& drafts);
  Result<std::vector<JobFile>> resolve_files(db::Tx& tx, PublicId const& project, std::vector<ProgramFile> const& files);
  Result<> state(db::Tx& tx, Job const& job, std::int64_t row, std::string_view kind, std::string_view actor,
                 std::string predicate, std::vector<journal::Subject> subjects = {});
  Result<> withdraw(db::Tx& tx, Job const& job, std::int64_t row, std::string_view actor);

  Result<bool> admit();
  Result<std::vector<std::int64_t>> fitting(db::Tx& tx);
  Result<Active> load_active(db::Tx& tx, store::JobRow row);
  Result<bool> act(Active const& job);
  Result<bool> stage(Active const& job);
  Result<bool> start(Active const& job);
  Result<bool> watch(Active const& job);
  Result<bool> close(Active const& job);
  Result<bool> forget(Active const& job);
  Result<bool> retry(Active const& job, Error const& error);
  Result<bool> refuse(Active const& job, std::string detail);
  Result<bool> attempt_over(Active const& job, Observation const& seen);
  Result<bool> import_metrics(Active const& job);
  Result<Ending> store_results(Active const& job);
  Result<std::vector<JobFile>> store_outputs(Active const& job);
  Result<> settle(db::Tx& tx, Active const& job, Ending const& ending);
  Result<std::string> program_digest(Active const& job);
  JobOrder order_of(Active const& job) const;
  void news(Job const& job) const;

  Parts p_;
  std::function<void()> wake_;
  std::function<void(PublicId const&)> tell_;
};

}  // namespace fabrica::compute
