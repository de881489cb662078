#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "trust/assessment.hpp"

namespace fabrica::trust {

// What documents are written from: plain values a service gathers from the other modules. `statements` are the numbers,
// in the project's chain, of the statements that show the values beside them; a value without one counts as missing.
using StatementNumbers = std::vector<std::int64_t>;

struct FactoryEvidence {
  std::string name;
  std::string origin;  // of its log
  std::string country;
};
BOOST_DESCRIBE_STRUCT(FactoryEvidence, (), (name, origin, country))

struct OrganisationEvidence {
  std::string name;
  std::string country;
  std::string kind;
  std::string contact;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(OrganisationEvidence, (), (name, country, kind, contact, statements))

struct ProjectEvidence {
  std::string public_id;
  std::string title;
  std::string summary;
  std::string sector;
  bool demo = false;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(ProjectEvidence, (), (public_id, title, summary, sector, demo, statements))

struct PlanEvidence {
  std::string method;  // "pre-train"
  std::optional<std::int64_t> parameters;
  std::optional<std::int64_t> tokens;
  std::optional<double> flop;
  std::optional<double> energy_kwh;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(PlanEvidence, (), (method, parameters, tokens, flop, energy_kwh, statements))

// Amounts in millionths of the award's unit, as the budget keeps them.
struct AwardEvidence {
  std::string call;
  std::string system;
  std::string partition;
  std::string unit;  // "core-hour"
  std::int64_t awarded_micros = 0;
  std::int64_t used_micros = 0;
  std::string starts;
  std::string ends;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(AwardEvidence, (),
                      (call, system, partition, unit, awarded_micros, used_micros, starts, ends, statements))

enum class JobPurpose : std::uint8_t { prepare, train, evaluate, other };
BOOST_DESCRIBE_ENUM(JobPurpose, prepare, train, evaluate, other)
enum class EnergyMethod : std::uint8_t { none, counter, integrated, estimated };
BOOST_DESCRIBE_ENUM(EnergyMethod, none, counter, integrated, estimated)

struct JobEvidence {
  std::string public_id;
  std::string name;
  JobPurpose purpose = JobPurpose::other;
  std::string state;
  std::string program;
  std::string program_sha256;
  std::string hardware;  // "2 cores of ..."
  Time started;
  Time ended;
  std::int64_t devices = 0;  // accelerators, or cores where there are none
  std::string device_kind;   // "GPU", "core"
  std::optional<std::int64_t> energy_j;
  EnergyMethod energy_method = EnergyMethod::none;
  std::string energy_boundary;  // accelerator, node, facility
  std::string energy_note;
  std::optional<double> energy_coverage;  // share of the job's time with samples
  std::optional<double> carbon_g;
  std::string carbon_note;  // grid figure, its source and period
  std::optional<double> flop;
  std::string flop_method;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(JobEvidence, (),
                      (public_id, name, purpose, state, program, program_sha256, hardware, started, ended, devices,
                       device_kind, energy_j, energy_method, energy_boundary, energy_note, energy_coverage, carbon_g,
                       carbon_note, flop, flop_method, statements))

// The six kinds of the training-content template.
enum class SourceKind : std::uint8_t {
  public_dataset,
  licensed,
  private_third_party,
  crawled,
  user_data,
  synthetic,
  other
};
BOOST_DESCRIBE_ENUM(SourceKind, public_dataset, licensed, private_third_party, crawled, user_data, synthetic, other)

struct DataSetEvidence {
  std::string public_id;
  std::string name;
  std::string version;
  std::string description;
  std::string licence;
  SourceKind source_kind = SourceKind::other;
  std::string modality;  // text, image, audio, video
  std::vector<std::string> content_types;
  std::vector<std::string> languages;
  std::string link;
  std::string period;                   // "2019-01/2026-05"
  std::string acquired;                 // latest acquisition, MM/YYYY
  std::string obtained;                 // how
  std::string selected;                 // how it was selected and cleaned
  std::string tdm_check;                // reservations of rights: what was checked
  std::vector<std::string> domains;     // top domains by size, for crawled data
  std::vector<std::string> generators;  // models that made it, for synthetic data
  bool personal_data = false;
  std::int64_t size_bytes = 0;
  std::optional<std::int64_t> data_points;
  std::string data_unit;  // tokens, documents, hours
  std::string sha256;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(DataSetEvidence, (),
                      (public_id, name, version, description, licence, source_kind, modality, content_types, languages,
                       link, period, acquired, obtained, selected, tdm_check, domains, generators, personal_data,
                       size_bytes, data_points, data_unit, sha256, statements))

struct SplitEvidence {
  std::string rule;  // "by page, all languages on one side"
  std::string seed;
  std::int64_t training_items = 0;
  std::int64_t held_out_items = 0;
  std::string sha256;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(SplitEvidence, (), (rule, seed, training_items, held_out_items, sha256, statements))

struct RunEvidence {
  std::string public_id;
  std::string job;
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> tokens;
  std::optional<double> final_loss;
  std::map<std::string, std::string> settings;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(RunEvidence, (), (public_id, job, steps, tokens, final_loss, settings, statements))

struct MetricEvidence {
  std::string name;
  std::string slice;  // "de", "all"
  double value = 0;
  std::string unit;
  std::optional<double> lower;
  std::optional<double> upper;
  std::optional<double> threshold;
  std::optional<bool> passed;
  std::int64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(MetricEvidence, (), (name, slice, value, unit, lower, upper, threshold, passed, n))

struct EvaluationEvidence {
  std::string public_id;
  std::string suite;
  StatementNumbers preregistered;  // before the model's digest stood in the chain
  std::vector<MetricEvidence> metrics;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(EvaluationEvidence, (), (public_id, suite, preregistered, metrics, statements))

struct ModelFile {
  std::string path;
  std::string sha256;
  std::int64_t size_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(ModelFile, (), (path, sha256, size_bytes))

struct ModelEvidence {
  std::string public_id;
  std::string name;
  std::string version;
  std::string architecture;
  std::optional<std::int64_t> parameters;
  std::optional<std::int64_t> context_tokens;
  std::string inputs;  // "text"
  std::string outputs;
  std::string licence;
  std::string upstream;  // name, digest and licence of a model it was made from
  std::vector<ModelFile> files;
  StatementNumbers statements;
};
BOOST_DESCRIBE_STRUCT(ModelEvidence, (),
                      (public_id, name, version, architecture, parameters, context_tokens, inputs, outputs, licence,
                       upstream, files, statements))

// A sentence somebody answers for, under a key of declared_keys().
struct Declaration {
  std::string key;
  std::string text;
  std::string by;
  std::int64_t statement = 0;
};
BOOST_DESCRIBE_STRUCT(Declaration, (), (key, text, by, statement))

struct Evidence {
  Time made;
  FactoryEvidence factory;
  OrganisationEvidence organisation;
  ProjectEvidence project;
  std::optional<PlanEvidence> plan;
  std::vector<AwardEvidence> awards;
  std::vector<JobEvidence> jobs;
  std::vector<DataSetEvidence> data_sets;
  std::optional<SplitEvidence> split;
  std::vector<RunEvidence> runs;
  std::vector<EvaluationEvidence> evaluations;
  std::optional<ModelEvidence> model;
  Assessment assessment;
  std::string assessment_signer;  // who answers for it
  StatementNumbers assessment_statements;
  std::vector<Declaration> declared;
};
BOOST_DESCRIBE_STRUCT(Evidence, (),
                      (made, factory, organisation, project, plan, awards, jobs, data_sets, split, runs, evaluations,
                       model, assessment, assessment_signer, assessment_statements, declared))

// What a project may declare, with the sentence that asks for it.
struct DeclaredKey {
  std::string key;
  std::string question;
  std::string citation;
};
BOOST_DESCRIBE_STRUCT(DeclaredKey, (), (key, question, citation))
std::vector<DeclaredKey> const& declared_keys();

// model/manifest.json of a dossier: the files of the model by digest. Errors: not_found "model" without one.
Result<std::string> model_manifest(Evidence const& evidence);

}  // namespace fabrica::trust
