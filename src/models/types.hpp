#pragma once

#include <array>
#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"
#include "json/describe.hpp"
#include "json/document.hpp"

namespace fabrica::models {

// One number a job reported: "loss" at step 120.
struct MetricPoint {
  std::string name;
  std::int64_t step = 0;
  double value = 0;
  Time time;
};
BOOST_DESCRIBE_STRUCT(MetricPoint, (), (name, step, value, time))

struct SeriesPoint {
  std::int64_t step = 0;
  double value = 0;
  Time time;
};
BOOST_DESCRIBE_STRUCT(SeriesPoint, (), (step, value, time))

// The points of one name. `points` are fewer than `count` when there were more than asked for: then each stretch keeps
// its least and its greatest value.
struct Series {
  std::string name;
  std::int64_t count = 0;
  std::vector<SeriesPoint> points;
};
BOOST_DESCRIBE_STRUCT(Series, (), (name, count, points))

// A name in figures.
struct MetricSummary {
  std::string name;
  std::int64_t count = 0;
  std::int64_t step_first = 0;
  std::int64_t step_last = 0;
  double first = 0;
  double last = 0;
  double least = 0;
  double greatest = 0;
};
BOOST_DESCRIBE_STRUCT(MetricSummary, (), (name, count, step_first, step_last, first, last, least, greatest))

// A file of a model by its digest; paths are relative to the model.
struct ModelFile {
  std::string path;
  std::string sha256;
  std::int64_t size_bytes = 0;
  friend bool operator==(ModelFile const&, ModelFile const&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelFile, (), (path, sha256, size_bytes))

// Makes a version of a model from what a completed job left behind.
struct ModelDraft {
  std::string name;
  std::string version;
  PublicId job;
  std::string licence;
  std::string description;
  std::optional<std::string> base_model = {};  // what it was trained on from, if not from nothing
  std::optional<std::string> folder = {};      // take only the job's files below this folder, relative to it

  static constexpr auto limits() {
    return std::tuple{json::length(&ModelDraft::name, 1, 100),         json::length(&ModelDraft::version, 1, 50),
                      json::length(&ModelDraft::licence, 1, 2000),     json::length(&ModelDraft::description, 1, 8000),
                      json::length(&ModelDraft::base_model, 1, 500),   json::length(&ModelDraft::folder, 1, 300),
                      json::note(&ModelDraft::name, "Letters, digits, '.', '_' and '-'."),
                      json::note(&ModelDraft::folder, "Only the job's files below it are taken, with paths relative to it.")};
  }
};
BOOST_DESCRIBE_STRUCT(ModelDraft, (), (name, version, job, licence, description, base_model, folder))

// registered -> released | withdrawn; released -> withdrawn.
enum class ModelState : std::uint8_t { registered, released, withdrawn };
BOOST_DESCRIBE_ENUM(ModelState, registered, released, withdrawn)

// Where a model comes from, as it was known when the model was registered.
struct LineageInput {
  std::string reference;    // "split:<id>/train"
  std::string tree_sha256;  // over the files staged for it
};
BOOST_DESCRIBE_STRUCT(LineageInput, (), (reference, tree_sha256))

struct Lineage {
  PublicId job;
  std::vector<LineageInput> inputs;
  std::string recipe;       // the recipe's name; empty for the project's own program
  std::string code_sha256;  // of the recipe or of the program's files
  json::Raw parameters;
};
BOOST_DESCRIBE_STRUCT(Lineage, (), (job, inputs, recipe, code_sha256, parameters))

struct Model {
  PublicId id;
  PublicId project;
  std::string name;
  std::string version;
  std::string licence;
  std::string description;
  std::optional<std::string> base_model;
  ModelState state{};
  std::string tree_sha256;  // SHA-256 of the canonical JSON of the files sorted by path
  std::int64_t size_bytes = 0;
  std::int64_t file_count = 0;
  Time created;
  std::int64_t statement = 0;                       // number of model.registered in the project's chain
  std::optional<std::int64_t> release_statement;    // number of the last release.decided
  Lineage lineage;
  std::vector<ModelFile> files;  // empty in lists
};
BOOST_DESCRIBE_STRUCT(Model, (), (id, project, name, version, licence, description, base_model, state, tree_sha256,
                                  size_bytes, file_count, created, statement, release_statement, lineage, files))

// Why a model is released or withdrawn; goes into the statement as it is.
struct ReleaseDraft {
  std::string reasons;
  static constexpr auto limits() { return std::tuple{json::length(&ReleaseDraft::reasons, 1, 8000)}; }
};
BOOST_DESCRIBE_STRUCT(ReleaseDraft, (), (reasons))

}  // namespace fabrica::models
