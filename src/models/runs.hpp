#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "db/db.hpp"
#include "models/types.hpp"

namespace fabrica::models {

// What jobs measure while they run. Authorises nobody: compute/ writes for its jobs, routes ask compute's view of the job.
class Runs {
 public:
  // Keeps the points. A point of a name and step that is already there replaces its value: a job resumed from a checkpoint
  // says some steps again. Points that are no acceptable(), and names or points beyond the limits, are dropped; returns how
  // many were kept.
  Result<std::int64_t> record(db::Tx& tx, PublicId const& job, std::vector<MetricPoint> const& points);

  // Every series (or the one of that name) from a step on, each thinned to `limit` points.
  Result<std::vector<Series>> series(db::Tx& tx, PublicId const& job, std::optional<std::string_view> name,
                                     std::int64_t step_from, std::int64_t limit);
  Result<std::vector<MetricSummary>> summary(db::Tx& tx, PublicId const& job);

  // Points in the order they came, after one of them (0: from the beginning): what an event stream tells.
  struct Told {
    std::int64_t id = 0;
    std::string name;
    std::int64_t step = 0;
    double value = 0;
    Time time;
  };
  Result<std::vector<Told>> after(db::Tx& tx, PublicId const& job, std::int64_t id, std::int64_t limit);
};
BOOST_DESCRIBE_STRUCT(Runs::Told, (), (id, name, step, value, time))

}  // namespace fabrica::models
