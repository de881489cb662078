#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "matching/award.hpp"

namespace fabrica::decisions {

// Outcomes of awards that were solved before a transaction, by the digest of their input: a transaction uses one only
// when it computes that very input again.
class SolvedAwards {
 public:
  std::optional<matching::AwardOutcome> find(std::string const& input_sha256) {
    std::lock_guard const guard{kept_mutex_};
    for (auto const& [digest, outcome] : kept_)
      if (digest == input_sha256) return outcome;
    return std::nullopt;
  }
  void keep(std::string input_sha256, matching::AwardOutcome outcome) {
    std::lock_guard const guard{kept_mutex_};
    kept_.emplace_back(std::move(input_sha256), std::move(outcome));
    if (kept_.size() > kMost) kept_.pop_front();
  }

 private:
  static constexpr std::size_t kMost = 4;
  std::mutex kept_mutex_;  // guards kept_
  std::deque<std::pair<std::string, matching::AwardOutcome>> kept_;
};

}  // namespace fabrica::decisions
