#pragma once

#include "matching/impl/assignment_flow.hpp"

namespace fabrica::matching {

// The sum of a proposal's best reviewers under its caps, if it had the first choice. Caps nest, so taking the best
// that still fit is exact.
std::int64_t attainable(Flow<false>& flow, std::uint32_t p);

// Lifts proposals below their floor by chains of exchanges: the proposal swaps a reviewer for a better one, whoever
// loses that one moves on, and nobody falls below their own floor (or further below it). Each chain takes the way that
// costs the least affinity. The flow's prices stay those of the optimum.
std::vector<FloorOutcome> repair_floors(Flow<false>& flow, MatchInstance const& instance);

}  // namespace fabrica::matching
