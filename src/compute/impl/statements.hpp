#pragma once

#include "compute/types.hpp"

// What the journal is told of a job. docs/reference/statements.md describes each kind.
namespace fabrica::compute::statements {

struct Input {
  std::string name;
  std::string reference;
  std::string tree_sha256;
};
BOOST_DESCRIBE_STRUCT(Input, (), (name, reference, tree_sha256))

struct Submitted {
  PublicId job;
  std::string partition;
  std::string name;
  Purpose purpose{};
  std::string recipe;
  std::vector<std::string> argv;
  std::string program_tree_sha256;  // of the program's own files; empty when there are none
  std::string parameters_sha256;
  std::vector<Input> inputs;
  JobLimits limits;
  PublicId award;
  budget::Unit unit{};
  std::int64_t held_micro = 0;
};
BOOST_DESCRIBE_STRUCT(Submitted, (), (job, partition, name, purpose, recipe, argv, program_tree_sha256, parameters_sha256, inputs,
                                      limits, award, unit, held_micro))

struct Started {
  PublicId job;
  std::int32_t attempt = 0;
  std::string code_sha256;
};
BOOST_DESCRIBE_STRUCT(Started, (), (job, attempt, code_sha256))

struct Artefacts {
  PublicId job;
  std::string tree_sha256;
  std::vector<JobFile> files;
};
BOOST_DESCRIBE_STRUCT(Artefacts, (), (job, tree_sha256, files))

struct Ended {
  PublicId job;
  JobState state{};
  EndReason reason{};
  std::int32_t exit_status = 0;
  std::int32_t signal = 0;
  std::int32_t attempts = 0;
  std::string sandbox;
  std::string limited_by;
  std::optional<UsageRecord> usage;
  budget::Unit unit{};
};
BOOST_DESCRIBE_STRUCT(Ended, (), (job, state, reason, exit_status, signal, attempts, sandbox, limited_by, usage, unit))

struct EnergyOf {
  PublicId job;
  Energy energy;
};
BOOST_DESCRIBE_STRUCT(EnergyOf, (), (job, energy))

}  // namespace fabrica::compute::statements
