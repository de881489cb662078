#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "dataspace/ports.hpp"
#include "dataspace/types.hpp"
#include "db/db.hpp"
#include "identity/types.hpp"
#include "journal/journal.hpp"
#include "projects/service.hpp"

namespace fabrica::dataspace {

// Data sets and their committed splits. Every use case asks projects::require() first.
class Dataspace {
 public:
  Dataspace(Clock const& clock, Random& random, Log& log, journal::Journal& journal, projects::Projects& projects,
            ProjectFiles& files)
      : clock_{clock}, random_{random}, log_{log}, journal_{journal}, projects_{projects}, files_{files} {}

  // Statement: dataset.registered. Errors: invalid "dataset" (faults; also a file not uploaded to the project, or of another
  // size).
  Result<Dataset> register_dataset(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                   DatasetDraft const& draft);
  // Errors: not_found "dataset".
  Result<Dataset> dataset(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  // Oldest first, after the one named (empty: from the beginning), without files and sources.
  Result<std::vector<Dataset>> datasets(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                        PublicId const& after, std::int64_t limit);

  // Stores the intent and the seed; materialise_next() does the work and records split.committed. Errors: invalid
  // "split_shares", conflict "split_files".
  Result<Split> create_split(db::Tx& tx, identity::Actor const& actor, PublicId const& dataset, SplitDraft const& draft);
  // Errors: not_found "split".
  Result<Split> split(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  Result<std::vector<Split>> splits(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                    PublicId const& after, std::int64_t limit);

  // The files an input reference stands for, for jobs of this project; the caller has authorised whoever asks. Errors:
  // invalid "input_reference", not_found "dataset" or "split" (another project's are not found), conflict
  // "split_not_committed".
  Result<Input> resolve_input(db::Tx& tx, PublicId const& project, std::string_view reference);

  // Called, after the commit, when a split waits: wakes the loop that calls materialise_next(). Set once, at start.
  void on_split_waiting(std::function<void()> wake) { wake_ = std::move(wake); }
  // Writes the files of the oldest waiting split and commits it; whether there was one. A crash anywhere leaves it
  // waiting, and doing it again gives the same bytes. Errors: those of files and database (it stays waiting: try later).
  Result<bool> materialise_next(db::Database& database);

 private:
  struct Waiting;
  Result<std::vector<SplitFile>> write_parts(Waiting const& waiting);
  Result<> commit(db::Tx& tx, Waiting const& waiting, std::vector<SplitFile> const& files);
  Result<Dataset> load(db::Tx& tx, PublicId const& id);
  Result<Split> load_split(db::Tx& tx, PublicId const& id);

  Clock const& clock_;
  Random& random_;
  Log& log_;
  journal::Journal& journal_;
  projects::Projects& projects_;
  ProjectFiles& files_;
  std::function<void()> wake_;
};

}  // namespace fabrica::dataspace
