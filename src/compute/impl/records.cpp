#include "compute/records.hpp"

#include "json/json.hpp"

namespace fabrica::compute {
namespace {

struct Counted {
  JobState state{};
  std::int64_t jobs = 0;
  std::optional<Time> first_started;
  std::optional<Time> last_started;
  std::optional<Time> last_ended;
};
BOOST_DESCRIBE_STRUCT(Counted, (), (state, jobs, first_started, last_started, last_ended))

// A job that never began may have ended too, cancelled while it waited: that is no activity.
constexpr db::Query kCounted{"award_jobs", R"sql(
  SELECT state, COUNT(*) AS jobs, MIN(started_us) AS first_started, MAX(started_us) AS last_started,
         MAX(CASE WHEN started_us IS NULL THEN NULL ELSE ended_us END) AS last_ended
    FROM jobs WHERE award = $1 GROUP BY state)sql"};
constexpr db::Query kEnergy{"award_energy", R"sql(
  SELECT u.energy FROM jobs j JOIN job_usage u ON u.job_id = j.id WHERE j.award = $1 AND u.energy IS NOT NULL)sql"};

void earliest(std::optional<Time>& kept, std::optional<Time> const& one) {
  if (one && (!kept || *one < *kept)) kept = one;
}
void latest(std::optional<Time>& kept, std::optional<Time> const& one) {
  if (one && (!kept || *kept < *one)) kept = one;
}

}  // namespace

Result<AwardJobs> jobs_of_award(db::Tx& tx, PublicId const& award, Micros now) {
  FABRICA_TRY(auto const rows, tx.all<Counted>(kCounted, award));
  AwardJobs out;
  for (auto const& row : rows) {
    earliest(out.first_started, row.first_started);
    latest(out.last_active, row.last_started);
    latest(out.last_active, row.last_ended);
    switch (row.state) {
      case JobState::completed: out.completed += row.jobs; break;
      case JobState::failed: out.failed += row.jobs; break;
      case JobState::cancelled: out.cancelled += row.jobs; break;
      case JobState::running:
      case JobState::ending: latest(out.last_active, Time{now}); [[fallthrough]];
      case JobState::queued:
      case JobState::staging:
      case JobState::submitting: out.open += row.jobs; break;
    }
  }
  return out;
}

Result<AwardEnergy> energy_of_award(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(auto const rows, tx.all<std::string>(kEnergy, award));
  AwardEnergy out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto const energy, json::read<Energy>(row));
    out.joules += energy.joules;
    ++out.jobs;
  }
  return out;
}

}  // namespace fabrica::compute
