#pragma once

#include <span>
#include <string>

#include "calls/impl/store.hpp"
#include "forms/check.hpp"
#include "forms/shipped.hpp"

namespace fabrica::calls {

// What stands in the way: what failed, and what is not known only where nothing failed.
std::string reason_of(std::span<Check const> checks);

// Without its account: what rules compare with.
inline Offer offer_of(store::OfferRow const& row) {
  return {row.public_id,      row.partition_name, row.unit, row.min_units, row.max_units,
          row.capacity_units, 0,                  row.is_open};
}

}  // namespace fabrica::calls
