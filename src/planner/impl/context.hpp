#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "planner/plan.hpp"

namespace fabrica::planner::impl {

// What every step of one plan sees; the steps record the facts they used.
struct Context {
  PlanRequest const& request;
  facts::View const& view;
  Micros now;
  std::vector<FactUsed> used{};

  // The row of that key, recorded as used; none where the key or the row is unknown.
  template <class T>
  T const* use(std::string_view kind, std::vector<T> const& rows, std::string_view key) {
    auto const* row = facts::find(rows, key);
    if (row != nullptr) record(kind, *row);
    return row;
  }
  void record(std::string_view kind, facts::Fact const& row) {
    for (auto const& one : used)
      if (one.kind == kind && one.key == row.key) return;
    used.push_back({std::string{kind}, row.key, row.digest, row.confidence, row.source});
  }
};

inline bool trains(Method method) { return method != Method::inference; }
inline bool modifies(Method method) { return trains(method) && method != Method::pretrain; }

inline Answer both(Answer one, Answer other) {
  if (one == Answer::no || other == Answer::no) return Answer::no;
  return one == Answer::yes && other == Answer::yes ? Answer::yes : Answer::unknown;
}

inline std::string plural(Unit unit) { return unit == Unit::gpu_hour ? "GPU-hours" : "node-hours"; }

// 12,345 or 0.25: for sentences.
std::string number(double value);

double bytes_per_parameter(PlanRequest const& request);
Storage storage_of(PlanRequest const& request);
PartitionPlan estimate(Context& context, facts::Partition const& partition, Work const& work);
ModePlan mode_plan(Context& context, facts::AccessMode const& mode, std::vector<PartitionPlan> const& partitions);
std::vector<ActFlag> act_flags(Context& context, Work const& work);

}  // namespace fabrica::planner::impl
