#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "json/describe.hpp"

// Reviewers for proposals: the exact optimum of a min-cost flow with prices that prove it. Pure: no I/O, no clock, and
// randomness only out of a seed. README.md "Assignment" has the model and its proof.
namespace fabrica::matching {

inline constexpr std::size_t kProposalsMax = 200'000;
inline constexpr std::size_t kReviewersMax = 50'000;
inline constexpr std::size_t kCandidatesMax = 64'000'000;
inline constexpr std::int32_t kDemandMax = 50;
inline constexpr std::int32_t kLoadMax = 10'000;
inline constexpr std::int32_t kAffinityMax = 1'000'000'000;  // in millionths: an affinity lies within +-1000

// Coverage comes before reviewers' minimum loads, and those before affinity: on no simple cycle of the network (each
// reviewer at most once, two arcs each) can affinity and balance sum to the next weight, so the order is exact.
inline constexpr std::int64_t kMinimumBonus = std::int64_t{1} << 48;
inline constexpr std::int64_t kShortfallCost = std::int64_t{1} << 50;

// A reviewer who may review the proposal, and how well they fit.
struct Candidate {
  std::uint32_t reviewer = 0;
  std::int32_t affinity_millionths = 0;
};

struct MatchProposal {
  std::string id;
  std::int32_t demand = 3;                       // reviews wanted
  std::optional<std::int64_t> floor_millionths;  // the sum of affinities it should reach
  std::string organisation;                      // of the applicant; empty: none
  std::string country;
  std::vector<std::string> topics;
  std::vector<Candidate> candidates;  // no reviewer twice; who is not listed may not review it
};

struct MatchReviewer {
  std::string id;
  std::int32_t load_min = 0;
  std::int32_t load_max = 0;
  std::string organisation;  // empty: counts for no cap
  std::string country;
  std::vector<std::string> topics;
};

// A pair that must not be, and why. It wins over a candidate.
struct MatchConflict {
  std::uint32_t proposal = 0;
  std::uint32_t reviewer = 0;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(MatchConflict, (), (proposal, reviewer, reason))

struct MatchRules {
  // At most this many reviewers of one organisation / of one country for a proposal; 0: no cap. With both, an
  // organisation has to lie in one country (else the groups do not nest and the optimum would not be whole).
  std::int32_t organisation_cap = 0;
  std::int32_t country_cap = 0;
  bool exclude_same_organisation = false;  // reviewer and applicant
  bool exclude_same_country = false;
  // What a reviewer's second review costs, half of the third's and so on: loads even out. 0: only affinity counts.
  std::int64_t balance_millionths = 0;

  static constexpr std::array<std::string_view, 5> kMayBeAbsent{
      "organisation_cap", "country_cap", "exclude_same_organisation", "exclude_same_country", "balance_millionths"};
  friend bool operator==(MatchRules const&, MatchRules const&) = default;
};
BOOST_DESCRIBE_STRUCT(MatchRules, (),
                      (organisation_cap, country_cap, exclude_same_organisation, exclude_same_country,
                       balance_millionths))

struct MatchInstance {
  std::vector<MatchProposal> proposals;
  std::vector<MatchReviewer> reviewers;
  std::vector<MatchConflict> conflicts;
  MatchRules rules;
};

// Errors: invalid "assignment_instance" with each fault at its JSON pointer and what to change (at most 50).
Result<> check(MatchInstance const& instance);

struct MatchPair {
  std::uint32_t proposal = 0;
  std::uint32_t reviewer = 0;
  std::int32_t affinity_millionths = 0;
  friend auto operator<=>(MatchPair const&, MatchPair const&) = default;
};
BOOST_DESCRIBE_STRUCT(MatchPair, (), (proposal, reviewer, affinity_millionths))

enum class GroupKind : std::uint8_t { organisation, country };
BOOST_DESCRIBE_ENUM(GroupKind, organisation, country)

// What the cap of one group costs one proposal: the affinity that one more reviewer of it would add.
struct GroupPrice {
  std::uint32_t proposal = 0;
  GroupKind kind = GroupKind::organisation;
  std::string group;
  std::int64_t price = 0;
};
BOOST_DESCRIBE_STRUCT(GroupPrice, (), (proposal, kind, group, price))

// The optimum's proof. A pair's margin is affinity - reviewer price - group prices + proposal price: not negative for
// every pair assigned and not positive for every pair that is not.
struct MatchPrices {
  std::vector<std::int64_t> reviewers;  // what one more review by this reviewer is worth
  std::vector<std::int64_t> proposals;
  std::vector<GroupPrice> groups;  // only those above 0
};
BOOST_DESCRIBE_STRUCT(MatchPrices, (), (reviewers, proposals, groups))

struct Shortfall {
  std::uint32_t proposal = 0;
  std::int32_t missing = 0;
  std::int32_t candidates = 0;  // left after conflicts and exclusions
  std::int32_t excluded = 0;    // candidates those took away
};
BOOST_DESCRIBE_STRUCT(Shortfall, (), (proposal, missing, candidates, excluded))

struct MinimumMissed {
  std::uint32_t reviewer = 0;
  std::int32_t missing = 0;
};
BOOST_DESCRIBE_STRUCT(MinimumMissed, (), (reviewer, missing))

struct FloorOutcome {
  std::uint32_t proposal = 0;
  std::int64_t floor_millionths = 0;       // as asked
  std::int64_t attainable_millionths = 0;  // its best reviewers, if it had the first choice
  std::int64_t score_millionths = 0;
  bool reached = false;  // the lesser of the two
};
BOOST_DESCRIBE_STRUCT(FloorOutcome, (), (proposal, floor_millionths, attainable_millionths, score_millionths, reached))

// Where another reviewer helps most; the first line is the place to recruit.
struct RecruitHint {
  std::string topic;
  std::int32_t missing_reviews = 0;      // of short proposals with this topic
  std::int32_t reviewers = 0;            // with this topic
  std::int32_t reviewers_full = 0;       // with this topic and no free review
  std::int64_t worth_millionths = 0;     // mean price of their next review: affinity gained by one more
  std::int32_t reviewers_would_cover = 0;  // one more review by these covers a missing one
};
BOOST_DESCRIBE_STRUCT(RecruitHint, (),
                      (topic, missing_reviews, reviewers, reviewers_full, worth_millionths, reviewers_would_cover))

struct MatchSolution {
  std::vector<MatchPair> pairs;  // by proposal, then reviewer
  MatchPrices prices;
  std::vector<std::int32_t> loads;
  std::int64_t total_millionths = 0;         // sum of affinities
  std::int64_t balance_cost_millionths = 0;  // what rules.balance_millionths took from the objective
  std::int64_t optimum_millionths = 0;       // the total before floors were repaired: what they cost is the difference
  std::int64_t missing_reviews = 0;
  std::int64_t missing_minimums = 0;
  std::vector<Shortfall> shortfalls;
  std::vector<MinimumMissed> minimums_missed;
  std::vector<FloorOutcome> floors;
  std::vector<RecruitHint> recruit;
};
BOOST_DESCRIBE_STRUCT(MatchSolution, (),
                      (pairs, prices, loads, total_millionths, balance_cost_millionths, optimum_millionths,
                       missing_reviews, missing_minimums, shortfalls, minimums_missed, floors, recruit))

// Least missing reviews, then least missing minimum loads, then most affinity less balance cost; then floors are
// repaired by exchanges. What cannot be covered is said, never refused. Errors: those of check().
Result<MatchSolution> solve(MatchInstance const& instance);

// The same, starting from a solution of an instance that was a little different: whatever changed (who is there, loads,
// affinities, conflicts, rules), prices and pairs that still hold are kept and the rest is found anew. `previous` speaks
// of `before`; ids carry it over. Without floors the objective equals that of solve(after).
// Errors: those of check(); invalid "assignment_previous" if the solution does not belong to `before`.
Result<MatchSolution> resolve(MatchInstance const& before, MatchSolution const& previous, MatchInstance const& after);

enum class MatchChangeKind : std::uint8_t {
  conflict,          // a late conflict, or this reviewer declined this proposal
  reviewer_removed,  // declined everything or left
  load,              // another least and most
  proposal_added,
  proposal_removed,
};
BOOST_DESCRIBE_ENUM(MatchChangeKind, conflict, reviewer_removed, load, proposal_added, proposal_removed)

struct MatchChange {
  MatchChangeKind kind = MatchChangeKind::conflict;
  std::uint32_t proposal = 0;
  std::uint32_t reviewer = 0;
  std::int32_t load_min = 0;
  std::int32_t load_max = 0;
  std::string reason{};
  MatchProposal added{};
};

// A removed reviewer keeps its place with load 0 and a removed proposal with demand 0, so that indices stay.
// Errors: invalid "assignment_change" naming the index.
Result<MatchInstance> changed(MatchInstance instance, MatchChange const& change);
inline Result<MatchSolution> resolve(MatchInstance const& before, MatchSolution const& previous,
                                     MatchChange const& change) {
  FABRICA_TRY(auto const after, changed(before, change));
  return resolve(before, previous, after);
}

// Against collusion: nobody can be sure to review what they aim at. Each pair gets a probability in steps of 1/steps,
// at most limit, that maximises the sum of affinity * (x - beta x^2); then one assignment is drawn from them.
struct RandomRule {
  std::int32_t steps = 10;             // 1..100
  std::int32_t beta_thousandths = 50;  // 0..1000
  std::int32_t limit_thousandths = 900;
};
BOOST_DESCRIBE_STRUCT(RandomRule, (), (steps, beta_thousandths, limit_thousandths))
// Errors: invalid "random_rule".
Result<> check(RandomRule const& rule);

struct Marginal {
  std::uint32_t proposal = 0;
  std::uint32_t reviewer = 0;
  std::int32_t steps = 0;
};
BOOST_DESCRIBE_STRUCT(Marginal, (), (proposal, reviewer, steps))

struct RandomSolution {
  std::vector<Marginal> marginals;
  std::vector<MatchPair> pairs;  // drawn: every cap and load holds, every marginal is kept
  std::vector<std::int32_t> loads;
  double objective = 0;       // sum of affinity * (x - beta x^2), in whole affinities
  double expected_total = 0;  // sum of affinity * x
  std::int64_t total_millionths = 0;
  std::int64_t missing_reviews = 0;
  std::string seed_commitment;  // 64 digits: SHA-256 of the seed
};
BOOST_DESCRIBE_STRUCT(RandomSolution, (),
                      (marginals, pairs, loads, objective, expected_total, total_millionths, missing_reviews,
                       seed_commitment))

using MatchSeed = std::array<std::uint8_t, 32>;

// To be published before the cut-off; the seed after it. SHA-256 of the 32 bytes, 64 digits.
std::string seed_commitment(MatchSeed const& seed);

// Floors and balance play no part. Errors: those of check(), invalid "random_rule".
Result<RandomSolution> solve_randomised(MatchInstance const& instance, RandomRule const& rule, MatchSeed const& seed);

// The draw as a solution like any other: its pairs; what chance left missing is covered, changing as few drawn pairs as
// that takes; and the prices of the best assignment, under which a certificate's gap is what chance cost. The seed of
// this draw is SHA-256("fabrica.matching.draw/1" || seed || SHA-256 of the instance as a certificate's JSON), so one
// published seed serves every solution of a round and each instance has a draw of its own. Floors and balance play no
// part. Errors: those of solve_randomised.
Result<MatchSolution> solve_drawn(MatchInstance const& instance, RandomRule const& rule, MatchSeed const& seed);

}  // namespace fabrica::matching
