#pragma once

#include "planner/request.hpp"

namespace fabrica::planner {

enum class Answer : std::uint8_t { yes, no, unknown };
BOOST_DESCRIBE_ENUM(Answer, yes, no, unknown)

// Floating-point work. `once` is the run itself, `total` with the overhead share; AI Act flags count the run itself.
struct Work {
  double flop_once = 0;
  double flop_total = 0;
  std::string formula;
};
BOOST_DESCRIBE_STRUCT(Work, (), (flop_once, flop_total, formula))

// What the state of the model takes on one accelerator when it is sharded evenly over all of them.
struct Memory {
  double model_gb = 0;
  std::optional<double> accelerator_gb;
  std::optional<double> used_gb_per_accelerator;
  std::optional<std::int64_t> nodes_least;
  Answer fits = Answer::unknown;
  std::string assumption;
};
BOOST_DESCRIBE_STRUCT(Memory, (), (model_gb, accelerator_gb, used_gb_per_accelerator, nodes_least, fits, assumption))

// An estimate, never a measurement. it_kwh: the machine at benchmark load; kwh: with the building (times PUE).
struct Energy {
  std::optional<double> it_kwh;
  std::optional<double> kwh;
  std::optional<double> kgco2e;
  std::string boundary;
  std::string carbon_basis;
  std::vector<std::string> sources;
};
BOOST_DESCRIBE_STRUCT(Energy, (), (it_kwh, kwh, kgco2e, boundary, carbon_basis, sources))

struct PartitionPlan {
  std::string partition;
  std::string title;
  std::string system;
  std::optional<std::string> country;
  std::optional<std::string> accelerator;
  std::optional<double> peak_tflops;
  std::optional<double> utilisation;
  std::string utilisation_source;
  std::optional<double> gpu_hours;
  std::optional<double> node_hours;
  std::optional<Unit> unit;      // this partition's own
  std::optional<double> amount;  // in that unit
  std::optional<std::string> gpu_hour_means;
  std::optional<double> device_hours;  // where an accelerator is several devices (GCDs)
  std::optional<std::int64_t> nodes;
  std::optional<std::int64_t> accelerators_per_node;
  std::optional<std::int64_t> accelerators;  // of all the nodes
  std::string nodes_basis;
  std::optional<double> wall_hours;
  std::optional<std::int64_t> nodes_for_deadline;
  Memory memory;
  Energy energy;
  std::vector<std::string> unknown;  // what is not known, so what is missing above
  std::vector<std::string> warnings;
};
BOOST_DESCRIBE_STRUCT(PartitionPlan, (),
                      (partition, title, system, country, accelerator, peak_tflops, utilisation, utilisation_source,
                       gpu_hours, node_hours, unit, amount, gpu_hour_means, device_hours, nodes, accelerators_per_node,
                       accelerators, nodes_basis, wall_hours, nodes_for_deadline, memory, energy, unknown, warnings))

struct Storage {
  double checkpoints_gb = 0;
  double tokens_gb = 0;
  std::optional<double> data_gb;
  double total_gb = 0;
  std::string assumption;
};
BOOST_DESCRIBE_STRUCT(Storage, (), (checkpoints_gb, tokens_gb, data_gb, total_gb, assumption))

struct RuleAnswer {
  std::string rule;
  Answer answer = Answer::unknown;
  std::string why;
  std::string source;
  facts::Confidence confidence = facts::Confidence::unknown;
};
BOOST_DESCRIBE_STRUCT(RuleAnswer, (), (rule, answer, why, source, confidence))

struct OfferFit {
  std::string partition;
  std::optional<double> needed;
  std::optional<double> amount_min;
  std::optional<double> amount_max;
  Answer fits = Answer::unknown;
  std::string why;
};
BOOST_DESCRIBE_STRUCT(OfferFit, (), (partition, needed, amount_min, amount_max, fits, why))

struct ModePlan {
  std::string mode;
  std::string title;
  std::optional<Unit> unit;
  Answer fits = Answer::unknown;
  Answer eligible = Answer::unknown;
  std::string why;
  std::vector<RuleAnswer> rules;
  std::vector<OfferFit> offers;
  std::optional<Time> next_cut_off;
  std::string next_cut_off_note;
  std::optional<std::string> answer_due_on;
  std::string answer_note;
  std::optional<std::string> review;
  std::optional<std::string> page;
  std::optional<std::string> notes;
  std::string source;
  facts::Confidence confidence = facts::Confidence::unknown;
};
BOOST_DESCRIBE_STRUCT(ModePlan, (),
                      (mode, title, unit, fits, eligible, why, rules, offers, next_cut_off, next_cut_off_note,
                       answer_due_on, answer_note, review, page, notes, source, confidence))

enum class FlagState : std::uint8_t { indicated, not_indicated, undetermined, not_applicable };
BOOST_DESCRIBE_ENUM(FlagState, indicated, not_indicated, undetermined, not_applicable)

// A compute criterion of the AI Act. An indication for a person, never the classification itself.
struct ActFlag {
  std::string flag;
  FlagState state = FlagState::undetermined;
  std::optional<double> flop;
  std::optional<double> threshold_flop;
  std::string why;
  std::string citation;
};
BOOST_DESCRIBE_STRUCT(ActFlag, (), (flag, state, flop, threshold_flop, why, citation))

// A row the plan used: kind and key, and the digest that decisions record.
struct FactUsed {
  std::string kind;
  std::string key;
  std::string digest;
  facts::Confidence confidence = facts::Confidence::unknown;
  std::string source;
};
BOOST_DESCRIBE_STRUCT(FactUsed, (), (kind, key, digest, confidence, source))

struct Plan {
  Time at;
  PlanRequest request;
  Work work;
  Storage storage;
  std::vector<PartitionPlan> partitions;
  std::vector<ModePlan> modes;
  std::vector<ActFlag> flags;
  std::vector<std::string> warnings;
  std::vector<FactUsed> facts;
};
BOOST_DESCRIBE_STRUCT(Plan, (), (at, request, work, storage, partitions, modes, flags, warnings, facts))

// Pure: the same request, facts and time give the same plan. `view` must be of the day of `now`.
// Errors: invalid "plan" with each fault at its JSON pointer.
Result<Plan> plan(PlanRequest const& request, facts::View const& view, Micros now);

// What the computing itself takes.
Work work_of(PlanRequest const& request);

// The day n working days (Monday to Friday; public holidays are not known here) after a day. YYYY-MM-DD both.
std::string add_working_days(std::string_view date, std::int64_t days);
// The same day n months later, or the last day of that month.
std::string add_months(std::string_view date, std::int64_t months);

}  // namespace fabrica::planner
