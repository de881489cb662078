#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/db.hpp"
#include "matching/ranking.hpp"

namespace fabrica::decisions {

// Port: what the reviews say. app/ connects it to reviews/.
class ScoreSource {
 public:
  virtual ~ScoreSource() = default;
  // The reviews that count for a proposal, each with its scores by criterion. Asked for proposals whose steps are
  // passed, of calls with the step `expert`.
  virtual Result<std::vector<matching::ScoredReview>> scored(db::Tx& tx, PublicId const& proposal) = 0;
  // What the round's reviewers were drawn by, 64 digits, where they were: it is told with the round.
  virtual Result<std::optional<std::string>> assignment_seed(db::Tx& tx, PublicId const& round) = 0;
};

}  // namespace fabrica::decisions
