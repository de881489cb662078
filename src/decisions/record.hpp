#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "calls/outcomes.hpp"
#include "decisions/figures.hpp"

namespace fabrica::decisions {

// What ran on an award's hours. Port: app/ connects it to compute/.
struct AwardActivity {
  std::optional<Time> first_job{};
  std::int64_t energy_j = 0;  // estimated
  std::int64_t energy_jobs = 0;
};
class ActivitySource {
 public:
  virtual ~ActivitySource() = default;
  virtual Result<AwardActivity> activity(db::Tx& tx, PublicId const& award) = 0;
};

// What this factory says in public of its calls, of every kind: who got hours, how many asked, how long it took. Needs
// no login where it says so; counted from records at each question, and recounted from statements by recount().
class PublicRecord {
 public:
  struct Settings {
    std::string home_country{};  // of the factory; empty: unknown
  };
  PublicRecord(Clock const& clock, journal::Journal& journal, identity::Identity& identity, calls::Outcomes& outcomes,
               ActivitySource& jobs, Settings settings)
      : clock_{clock},
        journal_{journal},
        identity_{identity},
        outcomes_{outcomes},
        jobs_{jobs},
        settings_{std::move(settings)} {}

  // Public. First-come awards at once, others when their round is published. Errors: not_found "call".
  Result<std::vector<RegisterEntry>> register_of(db::Tx& tx, PublicId const& call);
  // Across calls, the newest first, those before the id `after` (empty: from the beginning).
  Result<std::vector<RegisterEntry>> register_page(db::Tx& tx, std::string_view after, std::int64_t limit);
  Result<std::int64_t> register_size(db::Tx& tx);
  // Public.
  Result<Indicators> indicators(db::Tx& tx, PublicId const& call);
  Result<Indicators> indicators(db::Tx& tx);
  Result<CallPace> pace(db::Tx& tx, PublicId const& call);

  // Who waits past the time promised, the longest first. Needs view_factory.
  Result<std::vector<OverdueAnswer>> overdue(db::Tx& tx, identity::Actor const& actor);
  // Says each of them once. Returns how many were said. Statement: answer.overdue.
  Result<std::int64_t> raise_alarms(db::Tx& tx);

  // Counts again from the journal's statements and the ledger alone, and compares. Needs view_factory.
  Result<Recount> recount(db::Tx& tx, identity::Actor const& actor, PublicId const& call);
  Result<Recount> recount(db::Tx& tx, identity::Actor const& actor);
  // For the command on the data folder.
  Result<Recount> recount_all(db::Tx& tx);

 private:
  struct Who;
  struct Tally;
  struct Said;
  Result<Who> who(db::Tx& tx, PublicId const& proposal, PublicId const& project);
  Result<RegisterEntry> entry(db::Tx& tx, calls::AwardOnRecord const& award);
  Result<> add_call(db::Tx& tx, calls::CallOnRecord const& call, Tally& tally);
  Result<> add_first_come(db::Tx& tx, calls::CallOnRecord const& call, Tally& tally);
  Result<> add_rounds(db::Tx& tx, calls::CallOnRecord const& call, Tally& tally);
  Indicators finish(Tally tally) const;
  Result<std::vector<calls::Awaiting>> unanswered(db::Tx& tx);
  Result<Said> read_statements(db::Tx& tx);
  Result<> compare(db::Tx& tx, calls::CallOnRecord const& call, Said const& said, Recount& out);
  Result<> compare_award(db::Tx& tx, calls::AwardOnRecord const& award, Said const& said, Recount& out);

  Clock const& clock_;
  journal::Journal& journal_;
  identity::Identity& identity_;
  calls::Outcomes& outcomes_;
  ActivitySource& jobs_;
  Settings settings_;
};

}  // namespace fabrica::decisions
