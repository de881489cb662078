#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "json/json.hpp"

namespace fabrica::cli {

// A project file (docs/guide/project-file.md): the whole journey as one TOML document. What is passed on to the server
// as it stands is checked there, by the rules the API has; here only what this program needs itself.

struct ProjectPart {
  std::string organisation;  // id or name
  std::string title;
  std::string summary;
  std::string sector;
};
BOOST_DESCRIBE_STRUCT(ProjectPart, (), (organisation, title, summary, sector))

struct ApplyPart {
  std::string call;  // id or title
  std::string partition;
  std::int64_t amount_units = 0;
  std::int64_t duration_days = 0;
  std::string purpose;
  std::string civilian_purposes;
  std::string excluded_uses;
  std::string personal_data;
  std::string first_come_accepted;
  std::optional<std::string> amount_reason;
};
BOOST_DESCRIBE_STRUCT(ApplyPart, (),
                      (call, partition, amount_units, duration_days, purpose, civilian_purposes, excluded_uses,
                       personal_data, first_come_accepted, amount_reason))

struct DataPart {
  std::string folder;                               // its files are uploaded; relative to the project file
  std::optional<std::vector<std::string>> prepare;  // a command that makes the folder where it is missing
  std::optional<std::string> described_by;  // a corpus.json in the folder, not part of the data: sources and period
  json::Raw dataset;                        // the rest, as POST /projects/{project}/datasets takes it
  std::optional<json::Raw> split;           // as POST /datasets/{dataset}/splits takes it
};
BOOST_DESCRIBE_STRUCT(DataPart, (), (folder, prepare, described_by, dataset, split))

// A job; $dataset, $split and $model in the references of its inputs stand for the ids of this run.
struct JobPart {
  json::Raw job;
  std::optional<std::vector<std::string>> files;  // the program's own files, beside the project file
};
BOOST_DESCRIBE_STRUCT(JobPart, (), (job, files))

struct ModelPart {
  std::string name;
  std::string version;
  std::string licence;
  std::string description;
  std::optional<std::string> release;  // reasons; absent: not released
};
BOOST_DESCRIBE_STRUCT(ModelPart, (), (name, version, licence, description, release))

struct ProjectFile {
  ProjectPart project;
  json::Raw plan;
  ApplyPart apply;
  DataPart data;
  JobPart train;
  ModelPart model;
  std::optional<json::Raw> evaluation;  // pre-registered before the training job
  std::optional<JobPart> evaluate;
  json::Raw assessment;  // answers to the rules of the AI Act
  std::optional<std::map<std::string, std::string>> declared;
};
BOOST_DESCRIBE_STRUCT(ProjectFile, (),
                      (project, plan, apply, data, train, model, evaluation, evaluate, assessment, declared))

// Reads and checks it. Errors: those of toml_file_as_json; invalid with a fault a member.
Result<ProjectFile> read_project_file(std::string const& path);

// What a corpus.json says of the data, as members of a data set: "sources" and "period".
std::string described_members(json::Value corpus);

}  // namespace fabrica::cli
