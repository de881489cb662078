#pragma once

#include "matching/assignment.hpp"

namespace fabrica::matching {

inline constexpr std::uint32_t kNone = 0xffffffff;

// A candidate in 8 bytes: many fit into a cache line, and scanning them is what the solver does. The upper 8 bits of
// `packed` are the units it carries (0 or 1, or up to 100 steps), the rest the reviewer.
struct Arc {
  std::int32_t affinity = 0;
  std::uint32_t packed = 0;

  std::uint32_t reviewer() const { return packed & 0xffffff; }
  std::uint32_t level() const { return packed >> 24; }
};

// The instance as the solver wants it: conflicts applied, groups numbered, each proposal's arcs side by side.
struct Problem {
  std::uint32_t proposals = 0;
  std::uint32_t reviewers = 0;
  std::vector<std::uint32_t> first;  // arcs of p: first[p] .. first[p + 1]
  std::vector<Arc> arcs;
  std::vector<std::int32_t> demand;
  std::vector<std::int32_t> load_min;
  std::vector<std::int32_t> load_max;
  // Group 0 is none: reviewers without one, and all if there is no such cap.
  std::vector<std::uint32_t> organisation;
  std::vector<std::uint32_t> country;
  std::vector<std::int32_t> group_cap;  // by group
  std::vector<std::string> group_name;
  std::uint32_t countries_from = 1;  // groups below are organisations
  std::int64_t balance = 0;
  std::vector<std::int32_t> excluded;  // candidates taken away, by proposal; empty if none was

  bool capped() const { return group_cap.size() > 1; }
};

// Errors: those of check().
Result<Problem> compile(MatchInstance const& instance);

}  // namespace fabrica::matching
