#pragma once

#include <optional>

#include "compute/types.hpp"
#include "db/db.hpp"

namespace fabrica::compute {

// What jobs an award paid for, counted from the records; the caller has authorised whoever asks.
struct AwardJobs {
  std::int64_t open = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::optional<Time> first_started;
  std::optional<Time> last_active;  // now, while one runs
};
Result<AwardJobs> jobs_of_award(db::Tx& tx, PublicId const& award, Micros now);

// The estimates of energy of those jobs, summed over the jobs that have one.
struct AwardEnergy {
  std::int64_t joules = 0;
  std::int64_t jobs = 0;
};
Result<AwardEnergy> energy_of_award(db::Tx& tx, PublicId const& award);

}  // namespace fabrica::compute
