#pragma once

#include <vector>

#include "db/db.hpp"
#include "matching/ranking.hpp"

namespace fabrica::decisions {

// Port: the reviews that count for a proposal, each with its scores by criterion. app/ connects it to reviews/. Called
// for proposals whose steps are passed, of calls with the step `expert`.
class ScoreSource {
 public:
  virtual ~ScoreSource() = default;
  virtual Result<std::vector<matching::ScoredReview>> scored(db::Tx& tx, PublicId const& proposal) = 0;
};

}  // namespace fabrica::decisions
