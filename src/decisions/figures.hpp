#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "calls/record.hpp"
#include "json/json.hpp"

// What is public: awards, figures, and how long answers take.
namespace fabrica::decisions {

// One line of the public register of awards.
struct RegisterEntry {
  PublicId award;
  PublicId call;
  std::string call_title;
  std::string title;
  std::optional<std::string> organisation{};  // absent: confidential
  std::string country;
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  Time starts;
  Time ends;
};
BOOST_DESCRIBE_STRUCT(RegisterEntry, (),
                      (award, call, call_title, title, organisation, country, partition, unit, amount_units, starts,
                       ends))

struct GroupCount {
  std::string name;
  std::int64_t applications = 0;
  std::int64_t awards = 0;
};
BOOST_DESCRIBE_STRUCT(GroupCount, (), (name, applications, awards))

// In whole units. Expired: what was left of awards that have ended.
struct PartitionHours {
  std::string partition;
  budget::Unit unit{};
  std::int64_t offered_units = 0;
  std::int64_t awarded_units = 0;
  std::int64_t used_units = 0;
  std::int64_t expired_units = 0;
};
BOOST_DESCRIBE_STRUCT(PartitionHours, (), (partition, unit, offered_units, awarded_units, used_units, expired_units))

// Of one published round, or of all of a first-come call; days are in thousandths, to the letter from the cut-off or
// from the submission.
struct RoundPace {
  PublicId round;  // a first-come call: the call
  std::string name;
  std::int64_t decisions = 0;
  std::int64_t median_millidays = 0;          // of this round
  std::int64_t running_median_millidays = 0;  // of all rounds up to it
  std::optional<std::int64_t> promised_millidays{};
  std::int64_t late = 0;
};
BOOST_DESCRIBE_STRUCT(RoundPace, (),
                      (round, name, decisions, median_millidays, running_median_millidays, promised_millidays, late))

// Time to decision of a call: what is promised, what was kept, and who waits too long now.
struct CallPace {
  PublicId call;
  std::string title;
  calls::CallKind kind{};
  std::int64_t promised_working_days = 0;  // 0: nothing is promised
  std::int64_t decisions = 0;
  std::int64_t running_median_millidays = 0;
  std::int64_t late = 0;     // answered after the time promised
  std::int64_t waiting = 0;  // not answered yet
  std::int64_t overdue = 0;  // of those, past the time promised
  std::optional<Time> oldest_due{};
  std::vector<RoundPace> rounds;
};
BOOST_DESCRIBE_STRUCT(CallPace, (),
                      (call, title, kind, promised_working_days, decisions, running_median_millidays, late, waiting,
                       overdue, oldest_due, rounds))

// Somebody who was promised an answer before now. For the office.
struct OverdueAnswer {
  PublicId proposal;
  PublicId project;
  PublicId call;
  std::string call_title;
  Time since;
  Time due;
};
BOOST_DESCRIBE_STRUCT(OverdueAnswer, (), (proposal, project, call, call_title, since, due))

// Of a call, or of the whole factory; counted from records.
struct Indicators {
  std::optional<PublicId> call{};  // absent: of all
  std::string title;
  std::int64_t applications = 0;  // were decided
  std::int64_t awards = 0;
  std::int64_t success_millionths = 0;
  std::int64_t small_firms_millionths = 0;                   // of the awards: start-ups and SMEs
  std::optional<std::int64_t> other_countries_millionths{};  // of the awards; absent: the factory's country is not set
  std::int64_t organisations = 0;                            // that have an award
  std::int64_t awards_used = 0;                              // a job has begun on them here
  std::optional<std::int64_t> first_job_median_millidays{};  // of those decided here: from the decision
  std::int64_t energy_j = 0;                                 // an estimate, of the jobs that have one
  std::int64_t energy_jobs = 0;                              // so many
  std::vector<PartitionHours> hours;
  std::vector<GroupCount> by_mode;  // access mode the call follows; "none"
  std::vector<GroupCount> by_kind;
  std::vector<GroupCount> by_country;
  std::vector<GroupCount> by_sector;
  std::vector<RoundPace> rounds;
  std::int64_t promised_working_days = 0;  // of one call
};
BOOST_DESCRIBE_STRUCT(Indicators, (),
                      (call, title, applications, awards, success_millionths, small_firms_millionths,
                       other_countries_millionths, organisations, awards_used, first_job_median_millidays, energy_j,
                       energy_jobs, hours, by_mode, by_kind, by_country, by_sector, rounds, promised_working_days))

struct AwardedUnits {
  std::string partition;
  std::int64_t units = 0;
};
BOOST_DESCRIBE_STRUCT(AwardedUnits, (), (partition, units))

// The same figures from the journal's statements and the ledger alone, and where the records say otherwise.
struct Recount {
  std::int64_t statements = 0;  // read
  std::int64_t calls = 0;
  std::int64_t applications = 0;
  std::int64_t awards = 0;
  std::vector<AwardedUnits> awarded;
  std::vector<std::string> differences;
};
BOOST_DESCRIBE_STRUCT(Recount, (), (statements, calls, applications, awards, awarded, differences))

}  // namespace fabrica::decisions
