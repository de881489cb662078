#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/session.hpp"

namespace fabrica::cli {

struct PlanAsked {
  std::string file;                                         // TOML instead of the rest
  std::vector<std::pair<std::string, std::string>> values;  // member, then a number as typed or a JSON string
  std::string organisation_kind;
  std::string country;
};

int run_plan(Options const& options, PlanAsked const& asked);

// "7B", "1.5e9", "300M", "40": a whole number. Errors: invalid "number".
Result<std::int64_t> parse_count(std::string_view text);

// The plan for a terminal: work, partitions side by side, access modes with reasons, AI Act flags.
std::string plan_text(json::Value plan);

}  // namespace fabrica::cli
