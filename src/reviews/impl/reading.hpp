#pragma once

#include "reviews/impl/store.hpp"

namespace fabrica::reviews {

Conflict conflict_of(store::ConflictRow const& row);
Result<Review> review_of(store::ReviewRow const& row);
// In an order that says nothing of who wrote first.
Result<std::vector<Review>> shuffled(std::vector<store::ReviewRow> const& rows);

}  // namespace fabrica::reviews
