#pragma once

#include "base/random.hpp"
#include "calls/impl/store.hpp"
#include "schedule/schedule.hpp"

namespace fabrica::calls {

// How many rounds to come a reviewed call always has: a draft needs one to move on to.
inline constexpr std::int64_t kRoundsAhead = 2;

// Makes rounds with their offers, and opens the offers' capacity where the call is published.
class RoundMaker {
 public:
  RoundMaker(Clock const& clock, Random& random, budget::Budget& budget)
      : clock_{clock}, random_{random}, budget_{budget} {}

  Result<> make(db::Tx& tx, std::int64_t call, std::int64_t number, schedule::Round const& round, Micros opens,
                std::vector<OfferDraft> const& offers, bool published);
  // Makes what is missing of kRoundsAhead; false when there was nothing to make or the schedule has ended.
  Result<bool> keep_ahead(db::Tx& tx, store::CallRow const& call, store::Rules const& rules);
  Result<> open_capacity(db::Tx& tx, std::int64_t round);

 private:
  Clock const& clock_;
  Random& random_;
  budget::Budget& budget_;
};

}  // namespace fabrica::calls
