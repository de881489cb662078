#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/db.hpp"
#include "models/types.hpp"

namespace fabrica::models {

// One file that was staged for a job.
struct JobInput {
  std::string reference;  // what it was asked for by: "split:<id>/train"
  ModelFile file;
};

// What the other modules know of a job.
struct JobRecord {
  PublicId id;
  PublicId project;
  bool completed = false;  // it ended by itself, exit status 0
  std::string recipe;      // empty for the project's own program
  std::string code_sha256;
  std::string parameters = "{}";  // a JSON object
  std::vector<JobInput> inputs;
  std::vector<ModelFile> artefacts;  // kept as blobs of the project
};

// Port: the factory's jobs. compute_jobs.hpp has the one over compute/.
class Jobs {
 public:
  virtual ~Jobs() = default;
  // Errors: not_found "job".
  virtual Result<JobRecord> job(db::Tx& tx, PublicId const& id) = 0;
};

// Port: stored bytes. blob_bytes.hpp has the one over blobs/.
class StoredBytes {
 public:
  virtual ~StoredBytes() = default;
  // Where the bytes lie on this machine, for a download. Errors: not_found "blob".
  virtual Result<std::string> path_of(std::string_view sha256) = 0;
  // Small content at once. Errors besides: too_large "file", those of files.
  virtual Result<std::string> content(std::string_view sha256, std::size_t bytes_max) = 0;
  // They stay as long as the keeper ("model", its public id). Errors: not_found "blob", over_budget "blob_quota".
  virtual Result<> keep(db::Tx& tx, PublicId const& project, std::string_view keeper_kind, PublicId const& keeper,
                        ModelFile const& file) = 0;
};

// What an evaluation says of a model when somebody decides on its release.
struct GateDecision {
  std::string evaluation;      // public id
  std::string suite;
  bool preregistered = false;  // before the model was registered
  bool passed = false;
};
BOOST_DESCRIBE_STRUCT(GateDecision, (), (evaluation, suite, preregistered, passed))

// Port: the recorded results of a model's evaluations; none is an answer too. app/ connects it to evaluation/.
class Gates {
 public:
  virtual ~Gates() = default;
  virtual Result<std::vector<GateDecision>> of_model(db::Tx& tx, PublicId const& model) = 0;
};

}  // namespace fabrica::models
