#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compute/types.hpp"
#include "db/db.hpp"

namespace fabrica::compute {

// Where a project's jobs on a partition are charged.
struct ChargedTo {
  PublicId award;
  budget::AccountId account{};
  budget::Unit unit{};
  Time ends;
};

// Port: awards. app/ connects it to calls/.
class Awards {
 public:
  virtual ~Awards() = default;
  // Errors: conflict "no_award", naming what to do.
  virtual Result<ChargedTo> charged_to(db::Tx& tx, PublicId const& project, std::string_view partition) = 0;
};

// Port: a project's stored files and data sets. app/ connects it to dataspace/.
class ProjectData {
 public:
  virtual ~ProjectData() = default;
  struct Files {
    std::string tree_sha256;
    std::vector<JobFile> files;
  };
  // What an input reference stands for. Errors: those of dataspace::Dataspace::resolve_input.
  virtual Result<Files> resolve(db::Tx& tx, PublicId const& project, std::string_view reference) = 0;
  // Size of bytes the project has uploaded or made. Errors: not_found "blob".
  virtual Result<std::int64_t> size_of(db::Tx& tx, PublicId const& project, std::string_view sha256) = 0;
  // The bytes belong to the project and stay as long as the job. Errors: not_found "blob", over_budget "blob_quota".
  virtual Result<> keep(db::Tx& tx, PublicId const& project, PublicId const& job, JobFile const& file) = 0;
};

// Port: what jobs measure while they run. app/ connects it to models/.
class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual Result<> record(db::Tx& tx, PublicId const& job, std::vector<MetricPoint> const& points) = 0;
};

}  // namespace fabrica::compute
