#pragma once

#include "reviews/impl/store.hpp"

namespace fabrica::reviews {

Conflict conflict_of(store::ConflictRow const& row);
// How many of them score every criterion.
std::int64_t complete_ones(std::vector<matching::ScoredReview> const& reviews, matching::RankingRules const& rules);
Result<Review> review_of(store::ReviewRow const& row);
// In an order that says nothing of who wrote first.
Result<std::vector<Review>> shuffled(std::vector<store::ReviewRow> const& rows);

}  // namespace fabrica::reviews
