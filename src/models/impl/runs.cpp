#include "models/runs.hpp"

#include <map>

#include "models/impl/store.hpp"
#include "models/rules.hpp"

namespace fabrica::models {

Result<std::int64_t> Runs::record(db::Tx& tx, PublicId const& job, std::vector<MetricPoint> const& points) {
  FABRICA_TRY(auto const rows, tx.all<store::SeriesRow>(store::kSeriesOfJob, job));
  struct Known {
    std::int64_t id = 0;
    std::int64_t received = 0;
    std::int64_t added = 0;
  };
  std::map<std::string, Known, std::less<>> known;
  for (auto const& row : rows) known[row.name] = {row.id, row.received, 0};

  std::int64_t kept = 0;
  for (auto const& point : points) {
    if (!acceptable(point)) continue;
    auto found = known.find(point.name);
    if (found == known.end()) {
      if (static_cast<std::int64_t>(known.size()) >= kSeriesPerJobMax) continue;
      FABRICA_TRY(auto const id, tx.insert(store::kSeriesInsert, job, point.name));
      found = known.emplace(point.name, Known{id, 0, 0}).first;
    }
    auto& series = found->second;
    if (series.received + series.added >= kPointsPerSeriesMax) continue;
    FABRICA_DO(tx.run(store::kPointPut, series.id, point.step, point.value, point.time));
    ++series.added;
    ++kept;
  }
  for (auto const& [name, series] : known)
    if (series.added > 0) FABRICA_DO(tx.run(store::kSeriesReceived, series.id, series.added));
  return kept;
}

Result<std::vector<Series>> Runs::series(db::Tx& tx, PublicId const& job, std::optional<std::string_view> name,
                                         std::int64_t step_from, std::int64_t limit) {
  FABRICA_TRY(auto const rows, tx.all<store::SeriesRow>(store::kSeriesOfJob, job));
  std::vector<Series> out;
  for (auto const& row : rows) {
    if (name && row.name != *name) continue;
    FABRICA_TRY(auto const count, tx.one<std::int64_t>(store::kPointCount, row.id, step_from));
    Thinner thinner{count, limit};
    FABRICA_DO(tx.each(store::kPoints, [&](db::Row const& point) { thinner.push(db::from_row<SeriesPoint>(point)); },
                       row.id, step_from));
    out.push_back({row.name, count, thinner.finish()});
  }
  return out;
}

Result<std::vector<MetricSummary>> Runs::summary(db::Tx& tx, PublicId const& job) {
  return tx.all<MetricSummary>(store::kSummary, job);
}

Result<std::vector<Runs::Told>> Runs::after(db::Tx& tx, PublicId const& job, std::int64_t id, std::int64_t limit) {
  return tx.all<Told>(store::kPointsAfter, job, id, limit);
}

}  // namespace fabrica::models
