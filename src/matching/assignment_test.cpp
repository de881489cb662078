#include "matching/assignment.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/random.hpp"
#include "matching/certificate.hpp"

namespace fabrica::matching {
namespace {

struct Shape {
  std::uint32_t proposals = 4;
  std::uint32_t reviewers = 4;
  std::int32_t demand_max = 2;
  std::int32_t load_max = 3;
  bool caps = false;
  bool minimums = false;
  std::int64_t balance = 0;
  std::int32_t affinity_max = 9;  // few different values: ties are where mistakes hide
};

MatchInstance random_instance(SeededRandom& random, Shape const& shape) {
  auto const below = [&](std::int64_t bound) {
    return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(bound)));
  };
  MatchInstance out;
  for (std::uint32_t r = 0; r < shape.reviewers; ++r) {
    MatchReviewer reviewer;
    reviewer.id = fmt::format("r{}", r);
    reviewer.load_max = below(shape.load_max + 1);
    if (shape.minimums) reviewer.load_min = below(reviewer.load_max + 1);
    auto const organisation = below(5);
    if (organisation > 0) reviewer.organisation = fmt::format("o{}", organisation);
    reviewer.country = organisation == 0 ? fmt::format("c{}", below(2)) : fmt::format("c{}", organisation % 2);
    reviewer.topics = {fmt::format("t{}", below(3))};
    out.reviewers.push_back(std::move(reviewer));
  }
  for (std::uint32_t p = 0; p < shape.proposals; ++p) {
    MatchProposal proposal;
    proposal.id = fmt::format("p{}", p);
    proposal.demand = below(shape.demand_max + 1);
    proposal.topics = {fmt::format("t{}", below(3))};
    for (std::uint32_t r = 0; r < shape.reviewers; ++r)
      if (below(10) < 7) proposal.candidates.push_back({r, below(shape.affinity_max + 1) - 2});
    for (std::size_t i = proposal.candidates.size(); i > 1; --i)
      std::swap(proposal.candidates[i - 1], proposal.candidates[static_cast<std::size_t>(below(static_cast<std::int64_t>(i)))]);
    out.proposals.push_back(std::move(proposal));
  }
  if (shape.caps) {
    out.rules.organisation_cap = below(3);
    out.rules.country_cap = below(3);
  }
  out.rules.balance_millionths = shape.balance;
  if (below(3) == 0 && shape.proposals > 0)
    out.conflicts.push_back({static_cast<std::uint32_t>(below(shape.proposals)),
                             static_cast<std::uint32_t>(below(shape.reviewers)), "worked together"});
  return out;
}

// Missing reviews, missing minimums, minus what affinity and balance sum to: less is better.
struct Objective {
  std::int64_t missing = 0;
  std::int64_t minimums = 0;
  std::int64_t loss = 0;
  friend auto operator<=>(Objective const&, Objective const&) = default;
};
std::ostream& operator<<(std::ostream& out, Objective const& it) {
  return out << it.missing << " missing, " << it.minimums << " minimums, loss " << it.loss;
}

Objective objective_of(MatchSolution const& solution) {
  return {solution.missing_reviews, solution.missing_minimums,
          solution.balance_cost_millionths - solution.total_millionths};
}

// Tries every set of pairs that breaks no rule.
class BruteForce {
 public:
  explicit BruteForce(MatchInstance const& instance) : instance_{instance}, loads_(instance.reviewers.size()) {}

  Objective best() {
    try_proposal(0, 0, 0);
    return best_;
  }

 private:
  bool allowed(std::uint32_t p, std::uint32_t r, std::vector<std::uint32_t> const& chosen) const {
    for (auto const& conflict : instance_.conflicts)
      if (conflict.proposal == p && conflict.reviewer == r) return false;
    if (loads_[r] >= instance_.reviewers[r].load_max) return false;
    int organisation = 0;
    int country = 0;
    for (auto const other : chosen) {
      organisation += instance_.reviewers[other].organisation == instance_.reviewers[r].organisation ? 1 : 0;
      country += instance_.reviewers[other].country == instance_.reviewers[r].country ? 1 : 0;
    }
    auto const& rules = instance_.rules;
    if (rules.organisation_cap > 0 && !instance_.reviewers[r].organisation.empty() &&
        organisation >= rules.organisation_cap)
      return false;
    return rules.country_cap == 0 || country < rules.country_cap;
  }

  void try_proposal(std::uint32_t p, std::int64_t missing, std::int64_t loss) {
    if (p == instance_.proposals.size()) {
      Objective found{missing, 0, loss};
      for (std::size_t r = 0; r < loads_.size(); ++r) {
        found.minimums += std::max(0, instance_.reviewers[r].load_min - loads_[r]);
        found.loss += instance_.rules.balance_millionths * loads_[r] * (loads_[r] - 1) / 2;
      }
      best_ = std::min(best_, found);
      return;
    }
    std::vector<std::uint32_t> chosen;
    try_candidate(p, 0, chosen, missing, loss);
  }

  void try_candidate(std::uint32_t p, std::size_t next, std::vector<std::uint32_t>& chosen, std::int64_t missing,
                     std::int64_t loss) {
    auto const& proposal = instance_.proposals[p];
    auto const left = proposal.demand - static_cast<std::int32_t>(chosen.size());
    if (next == proposal.candidates.size() || left == 0) return try_proposal(p + 1, missing + left, loss);
    try_candidate(p, next + 1, chosen, missing, loss);
    auto const [r, affinity] = proposal.candidates[next];
    if (!allowed(p, r, chosen)) return;
    chosen.push_back(r);
    ++loads_[r];
    try_candidate(p, next + 1, chosen, missing, loss - affinity);
    --loads_[r];
    chosen.pop_back();
  }

  MatchInstance const& instance_;
  std::vector<std::int32_t> loads_;
  Objective best_{1'000'000, 0, 0};
};

void expect_proved(MatchInstance const& instance, MatchSolution const& solution) {
  auto const verdict = verify(certify(instance, solution));
  ASSERT_TRUE(verdict) << verdict.error().what;
  EXPECT_EQ(verdict->state, CertificateState::optimal) << verdict->because;
  EXPECT_EQ(verdict->missing_reviews, solution.missing_reviews);
  EXPECT_EQ(verdict->missing_minimums, solution.missing_minimums);
  EXPECT_EQ(verdict->total_millionths, solution.total_millionths);
}

struct Case {
  char const* name;
  Shape shape;
};
class AssignmentOptimum : public testing::TestWithParam<Case> {};

TEST_P(AssignmentOptimum, EqualsTheBestOfAllAssignmentsAndIsProved) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random{seed};
    auto const instance = random_instance(random, GetParam().shape);
    auto const solution = solve(instance);
    ASSERT_TRUE(solution) << solution.error().what;
    ASSERT_EQ(objective_of(*solution), BruteForce{instance}.best());
    expect_proved(instance, *solution);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Options, AssignmentOptimum,
    testing::Values(Case{"plain", {}}, Case{"caps", {.caps = true}}, Case{"minimums", {.minimums = true}},
                    Case{"balance", {.balance = 2}},
                    Case{"everything", {.caps = true, .minimums = true, .balance = 1}},
                    Case{"wide", {.proposals = 3, .reviewers = 6, .demand_max = 4, .load_max = 2, .caps = true}},
                    Case{"scarce", {.proposals = 5, .demand_max = 3, .load_max = 2, .caps = true, .minimums = true}}),
    [](auto const& one) { return std::string{one.param.name}; });

MatchChange random_change(SeededRandom& random, MatchInstance const& instance, int number) {
  MatchChange out;
  out.kind = static_cast<MatchChangeKind>(random.below(5));
  out.proposal = static_cast<std::uint32_t>(random.below(instance.proposals.size()));
  out.reviewer = static_cast<std::uint32_t>(random.below(instance.reviewers.size()));
  out.load_max = static_cast<std::int32_t>(random.below(6));
  out.load_min = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(out.load_max) + 1));
  out.reason = "declined";
  out.added = instance.proposals[out.proposal];
  out.added.id = fmt::format("late{}", number);
  out.added.demand = 2;
  return out;
}

TEST(AssignmentResolve, EqualsAFreshSolutionAfterEveryChange) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SeededRandom random{seed};
    auto instance = random_instance(random, {.proposals = 12, .reviewers = 10, .demand_max = 3, .load_max = 4,
                                             .caps = seed % 2 == 0, .minimums = seed % 3 == 0,
                                             .balance = seed % 5 == 0 ? 1 : 0, .affinity_max = 30});
    auto solution = solve(instance);
    ASSERT_TRUE(solution);
    for (int number = 0; number < 10; ++number) {
      auto const change = random_change(random, instance, number);
      SCOPED_TRACE(fmt::format("seed {} change {} kind {}", seed, number, static_cast<int>(change.kind)));
      auto const after = changed(instance, change);
      ASSERT_TRUE(after) << after.error().what;
      auto const resolved = resolve(instance, *solution, *after);
      auto const fresh = solve(*after);
      ASSERT_TRUE(resolved && fresh);
      ASSERT_EQ(objective_of(*resolved), objective_of(*fresh));
      expect_proved(*after, *resolved);
      instance = *after;
      solution = *resolved;
    }
  }
}

TEST(AssignmentResolve, TakesAnyOtherInstanceAndFindsPeopleById) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    auto const before = random_instance(random, {.proposals = 8, .reviewers = 7, .caps = true, .minimums = true});
    auto after = random_instance(random, {.proposals = 9, .reviewers = 8, .caps = true, .minimums = true});
    std::ranges::reverse(after.proposals);
    after.conflicts.clear();
    auto const previous = solve(before);
    auto const fresh = solve(after);
    auto const resolved = resolve(before, *previous, after);
    ASSERT_TRUE(previous && fresh && resolved);
    ASSERT_EQ(objective_of(*resolved), objective_of(*fresh));
    expect_proved(after, *resolved);
  }
}

TEST(AssignmentResolve, KeepsPairsADeclineDoesNotTouch) {
  MatchInstance instance;
  for (int r = 0; r < 6; ++r) instance.reviewers.push_back({fmt::format("r{}", r), 0, 1, {}, {}, {}});
  for (std::uint32_t p = 0; p < 3; ++p)
    instance.proposals.push_back({fmt::format("p{}", p), 1, {}, {}, {}, {}, {{p, 900}, {p + 3, 500}}});
  auto const previous = solve(instance);
  auto const resolved = resolve(instance, *previous, {.kind = MatchChangeKind::conflict, .proposal = 1, .reviewer = 1,
                                                      .reason = "co-author"});
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->pairs, (std::vector<MatchPair>{{0, 0, 900}, {1, 4, 500}, {2, 2, 900}}));
}

TEST(AssignmentResolve, RefusesASolutionOfSomethingElse) {
  SeededRandom random{1};
  auto const instance = random_instance(random, {});
  auto solution = *solve(instance);
  solution.prices.reviewers.pop_back();
  auto const resolved = resolve(instance, solution, instance);
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().reason, "assignment_previous");
}

TEST(AssignmentFacts, AnotherReviewerOrMoreLoadNeverMakesItWorse) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    auto instance = random_instance(random, {.proposals = 15, .reviewers = 9, .demand_max = 3, .caps = true});
    auto const base = objective_of(*solve(instance));
    auto more = instance;
    more.reviewers[0].load_max += 1;
    EXPECT_LE(objective_of(*solve(more)), base);
    more = instance;
    more.reviewers.push_back({"new", 0, 2, {}, {}, {}});
    for (auto& proposal : more.proposals) proposal.candidates.push_back({9, 5});
    EXPECT_LE(objective_of(*solve(more)), base);
    more = instance;
    more.rules.country_cap = 0;
    EXPECT_LE(objective_of(*solve(more)), base);
  }
}

TEST(AssignmentFacts, ThePriceOfAReviewerIsWhatOneMoreReviewIsWorthAtMost) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    auto instance = random_instance(random, {.proposals = 12, .reviewers = 8, .demand_max = 2, .affinity_max = 50});
    auto const base = *solve(instance);
    for (std::size_t r = 0; r < instance.reviewers.size(); ++r) {
      ++instance.reviewers[r].load_max;
      auto const more = *solve(instance);
      --instance.reviewers[r].load_max;
      auto const gain = (base.missing_reviews - more.missing_reviews) * kShortfallCost + more.total_millionths -
                        base.total_millionths;
      EXPECT_LE(gain, base.prices.reviewers[r]);
    }
  }
}

TEST(AssignmentFacts, TheOrderOfTheInputChangesNothingOfTheOptimum) {
  SeededRandom random{7};
  auto instance = random_instance(random, {.proposals = 20, .reviewers = 12, .demand_max = 3, .caps = true});
  instance.conflicts.clear();
  auto const one = *solve(instance);
  std::ranges::reverse(instance.proposals);
  for (auto& proposal : instance.proposals) std::ranges::reverse(proposal.candidates);
  EXPECT_EQ(objective_of(*solve(instance)), objective_of(one));
}

// Lists longer than the first sorted part, and a load that forces chains.
TEST(AssignmentFacts, LongListsAreProvedToo) {
  SeededRandom random{3};
  auto const instance = random_instance(random, {.proposals = 120, .reviewers = 300, .demand_max = 4, .load_max = 2,
                                                 .caps = true, .minimums = true, .affinity_max = 1'000'000});
  auto const solution = solve(instance);
  ASSERT_TRUE(solution);
  expect_proved(instance, *solution);
}

TEST(AssignmentShortfall, IsSpreadAtLeastLossAndSaysWhereToRecruit) {
  MatchInstance instance;
  instance.reviewers = {{"a", 0, 1, {}, {}, {"physics"}}, {"b", 0, 5, {}, {}, {"law"}}};
  instance.proposals = {{"p", 2, {}, {}, {}, {"physics"}, {{0, 900'000}}},
                        {"q", 1, {}, {}, {}, {"physics"}, {{0, 100'000}, {1, 50'000}}},
                        {"s", 1, {}, {}, {}, {"history"}, {{1, 1}}}};
  instance.conflicts = {{2, 1, "named exclusion"}};
  auto const solution = solve(instance);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->pairs, (std::vector<MatchPair>{{0, 0, 900'000}, {1, 1, 50'000}}));
  EXPECT_EQ(solution->missing_reviews, 2);
  ASSERT_EQ(solution->shortfalls.size(), 2U);
  EXPECT_EQ(solution->shortfalls[1].proposal, 2U);
  EXPECT_EQ(solution->shortfalls[1].candidates, 0);
  EXPECT_EQ(solution->shortfalls[1].excluded, 1);
  ASSERT_EQ(solution->recruit.size(), 2U);
  EXPECT_EQ(solution->recruit[0].topic, "physics");
  EXPECT_EQ(solution->recruit[0].missing_reviews, 1);
  EXPECT_EQ(solution->recruit[0].reviewers_full, 1);
  EXPECT_EQ(solution->recruit[1].topic, "history");
}

TEST(AssignmentShortfall, EmptyInputIsAnEmptySolution) {
  auto const solution = solve({});
  ASSERT_TRUE(solution);
  EXPECT_TRUE(solution->pairs.empty());
  MatchInstance lonely;
  lonely.proposals.push_back({"p", 3, {}, {}, {}, {}, {}});
  EXPECT_EQ(solve(lonely)->missing_reviews, 3);
}

TEST(AssignmentRules, ApplicantsOrganisationAndCountryAreExcludedWhenTheCallSaysSo) {
  MatchInstance instance;
  instance.reviewers = {{"a", 0, 1, "KTH", "SE", {}}, {"b", 0, 1, "DTU", "DK", {}}, {"c", 0, 1, "LU", "SE", {}}};
  instance.proposals = {{"p", 1, {}, "KTH", "SE", {}, {{0, 9}, {1, 1}, {2, 5}}}};
  EXPECT_EQ(solve(instance)->pairs[0].reviewer, 0U);
  instance.rules.exclude_same_organisation = true;
  EXPECT_EQ(solve(instance)->pairs[0].reviewer, 2U);
  instance.rules.exclude_same_country = true;
  EXPECT_EQ(solve(instance)->pairs[0].reviewer, 1U);
}

TEST(AssignmentRules, BalanceEvensLoads) {
  MatchInstance instance;
  instance.reviewers = {{"a", 0, 4, {}, {}, {}}, {"b", 0, 4, {}, {}, {}}};
  for (int p = 0; p < 4; ++p)
    instance.proposals.push_back({fmt::format("p{}", p), 1, {}, {}, {}, {}, {{0, 100}, {1, 90}}});
  EXPECT_EQ(solve(instance)->loads, (std::vector<std::int32_t>{4, 0}));
  instance.rules.balance_millionths = 20;
  EXPECT_EQ(solve(instance)->loads, (std::vector<std::int32_t>{2, 2}));
}

struct BadCase {
  char const* name;
  char const* pointer;
  std::function<void(MatchInstance&)> spoil;
};
class AssignmentInput : public testing::TestWithParam<BadCase> {};
TEST_P(AssignmentInput, IsRefusedAtTheFault) {
  SeededRandom random{5};
  auto instance = random_instance(random, {});
  GetParam().spoil(instance);
  auto const solution = solve(instance);
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().reason, "assignment_instance");
  ASSERT_FALSE(solution.error().faults.empty());
  EXPECT_EQ(solution.error().faults[0].pointer, GetParam().pointer);
}
INSTANTIATE_TEST_SUITE_P(
    Faults, AssignmentInput,
    testing::Values(
        BadCase{"demand", "/proposals/2/demand", [](auto& i) { i.proposals[2].demand = 51; }},
        BadCase{"negative_demand", "/proposals/0/demand", [](auto& i) { i.proposals[0].demand = -1; }},
        BadCase{"no_id", "/reviewers/1/id", [](auto& i) { i.reviewers[1].id.clear(); }},
        BadCase{"same_id", "/proposals/3/id", [](auto& i) { i.proposals[3].id = i.proposals[1].id; }},
        BadCase{"load", "/reviewers/0/load_min", [](auto& i) { i.reviewers[0].load_min = 99; }},
        BadCase{"stranger", "/proposals/1/candidates/0", [](auto& i) { i.proposals[1].candidates = {{77, 1}}; }},
        BadCase{"twice", "/proposals/1/candidates/1", [](auto& i) { i.proposals[1].candidates = {{1, 1}, {1, 2}}; }},
        BadCase{"affinity", "/proposals/1/candidates/0",
                [](auto& i) { i.proposals[1].candidates = {{1, kAffinityMax + 1}}; }},
        BadCase{"conflict", "/conflicts/0/reviewer", [](auto& i) { i.conflicts = {{0, 9, "why"}}; }},
        BadCase{"reason", "/conflicts/0/reason", [](auto& i) { i.conflicts = {{0, 1, ""}}; }},
        BadCase{"nesting", "/reviewers/1/country",
                [](auto& i) {
                  i.rules.organisation_cap = i.rules.country_cap = 1;
                  for (auto& reviewer : i.reviewers) reviewer.organisation.clear();
                  i.reviewers[0].organisation = i.reviewers[1].organisation = "EMBL";
                  i.reviewers[0].country = "DE";
                  i.reviewers[1].country = "UK";
                }},
        BadCase{"cap", "/rules/organisation_cap", [](auto& i) { i.rules.organisation_cap = -1; }}),
    [](auto const& one) { return std::string{one.param.name}; });

// Prices as a floor's oracle: whatever is repaired, the loss is at least what the exact search over all assignments says.
TEST(AssignmentFloor, IsReachedWhereItCanBeAndCostsLittle) {
  MatchInstance instance;
  instance.reviewers = {{"a", 0, 1, {}, {}, {}}, {"b", 0, 1, {}, {}, {}}, {"c", 0, 1, {}, {}, {}}};
  instance.proposals = {{"p", 1, 500, {}, {}, {}, {{0, 1000}, {1, 400}}},
                        {"q", 1, 500, {}, {}, {}, {{0, 600}, {1, 20}, {2, 30}}},
                        {"s", 1, 50, {}, {}, {}, {{2, 100}}}};
  auto const without = *solve(instance);
  EXPECT_EQ(without.optimum_millionths, 1000 + 20 + 100);
  // q can only get 600 from a, which p then loses: p would fall to 400, below its floor. Nothing moves.
  EXPECT_FALSE(without.floors[1].reached);
  instance.proposals[0].floor_millionths = 400;
  auto const with = *solve(instance);
  EXPECT_TRUE(with.floors[0].reached && with.floors[1].reached && with.floors[2].reached);
  EXPECT_EQ(with.total_millionths, 400 + 600 + 100);
  EXPECT_EQ(with.optimum_millionths, 1000 + 20 + 100);
}

TEST(AssignmentFloor, RepairBreaksNothing) {
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    auto instance = random_instance(random, {.proposals = 30, .reviewers = 20, .demand_max = 3, .load_max = 6,
                                             .caps = true, .minimums = true, .affinity_max = 1000});
    auto const plain = *solve(instance);
    std::map<std::uint32_t, std::int64_t> score;
    for (auto const& pair : plain.pairs) score[pair.proposal] += pair.affinity_millionths;
    for (auto& proposal : instance.proposals) proposal.floor_millionths = 1200;
    auto const repaired = *solve(instance);
    EXPECT_EQ(repaired.optimum_millionths, plain.total_millionths);
    EXPECT_LE(repaired.total_millionths, plain.total_millionths);
    EXPECT_EQ(repaired.missing_reviews, plain.missing_reviews);
    EXPECT_EQ(repaired.missing_minimums, plain.missing_minimums);
    int below_before = 0;
    int below_after = 0;
    for (auto const& floor : repaired.floors) {
      auto const aim = std::min(floor.floor_millionths, floor.attainable_millionths);
      EXPECT_LE(floor.score_millionths, floor.attainable_millionths);
      below_before += score[floor.proposal] < aim ? 1 : 0;
      below_after += floor.reached ? 0 : 1;
      EXPECT_GE(floor.score_millionths, std::min(score[floor.proposal], aim));
    }
    EXPECT_LE(below_after, below_before);
    auto const verdict = verify(certify(instance, repaired));
    ASSERT_TRUE(verdict);
    EXPECT_NE(verdict->state, CertificateState::infeasible) << verdict->because;
    EXPECT_EQ(verdict->gap_millionths, repaired.optimum_millionths - repaired.total_millionths);
  }
}

constexpr MatchSeed kSeed{1, 2, 3, 4};

TEST(AssignmentRandom, DrawnPairsKeepEveryRule) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    auto const instance = random_instance(random, {.proposals = 14, .reviewers = 10, .demand_max = 3, .load_max = 6,
                                                   .caps = true, .minimums = seed % 2 == 0, .affinity_max = 40});
    auto const drawn = solve_randomised(instance, {.steps = 10, .beta_thousandths = 300, .limit_thousandths = 700}, kSeed);
    ASSERT_TRUE(drawn) << drawn.error().what;
    MatchSolution as_solution;
    as_solution.pairs = drawn->pairs;
    as_solution.prices.proposals.resize(instance.proposals.size());
    as_solution.prices.reviewers.resize(instance.reviewers.size());
    auto const verdict = verify(certify(instance, as_solution));
    ASSERT_TRUE(verdict) << verdict.error().what;
    EXPECT_NE(verdict->state, CertificateState::infeasible) << verdict->because;
    std::set<std::pair<std::uint32_t, std::uint32_t>> possible;
    std::vector<std::int32_t> steps(instance.reviewers.size());
    for (auto const& marginal : drawn->marginals) {
      EXPECT_LE(marginal.steps, 7);
      possible.emplace(marginal.proposal, marginal.reviewer);
      steps[marginal.reviewer] += marginal.steps;
    }
    for (auto const& pair : drawn->pairs) EXPECT_TRUE(possible.contains({pair.proposal, pair.reviewer}));
    for (std::size_t r = 0; r < steps.size(); ++r) {
      EXPECT_GE(drawn->loads[r], steps[r] / 10);
      EXPECT_LE(drawn->loads[r], (steps[r] + 9) / 10);
    }
  }
}

TEST(AssignmentRandom, OneStepIsTheOptimum) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    auto const instance = random_instance(random, {.proposals = 10, .reviewers = 8, .caps = true, .minimums = true});
    auto const drawn = solve_randomised(instance, {.steps = 1, .beta_thousandths = 0, .limit_thousandths = 1000}, kSeed);
    auto const plain = solve(instance);
    ASSERT_TRUE(drawn && plain);
    EXPECT_EQ(drawn->total_millionths, plain->total_millionths);
    EXPECT_EQ(drawn->missing_reviews, plain->missing_reviews);
  }
}

// The relaxed optimum without perturbation is whole, so its objective is the plain optimum: a fact about both solvers.
TEST(AssignmentRandom, WithoutPerturbationTheExpectationIsTheOptimum) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    auto const instance = random_instance(random, {.proposals = 10, .reviewers = 8, .caps = true, .minimums = true});
    auto const drawn = solve_randomised(instance, {.steps = 6, .beta_thousandths = 0, .limit_thousandths = 1000}, kSeed);
    auto const plain = solve(instance);
    ASSERT_TRUE(drawn && plain);
    EXPECT_NEAR(drawn->expected_total * 1e6, static_cast<double>(plain->total_millionths), 1e-3);
  }
}

TEST(AssignmentRandom, PerturbedObjectiveIsTheBestOnAnInstanceWorkedByHand) {
  // Two reviewers with room for both: x on a and 1 - x on b, 1.0 (x - x^2 / 2) + 0.8 ((1-x) - (1-x)^2 / 2).
  MatchInstance instance;
  instance.reviewers = {{"a", 0, 1, {}, {}, {}}, {"b", 0, 1, {}, {}, {}}};
  instance.proposals = {{"p", 1, {}, {}, {}, {}, {{0, 1'000'000}, {1, 800'000}}}};
  auto const drawn = solve_randomised(instance, {.steps = 10, .beta_thousandths = 500, .limit_thousandths = 1000}, kSeed);
  ASSERT_TRUE(drawn);
  // The continuous optimum is x = 5/9; 0.6 is the best tenth.
  EXPECT_EQ(drawn->marginals[0].steps, 6);
  EXPECT_NEAR(drawn->objective, 0.6 - 0.18 + 0.8 * (0.4 - 0.08), 1e-12);
}

TEST(AssignmentRandom, FrequenciesFollowTheMarginals) {
  SeededRandom random{11};
  auto const instance = random_instance(random, {.proposals = 6, .reviewers = 6, .demand_max = 2, .load_max = 4,
                                                 .caps = true, .affinity_max = 20});
  RandomRule const rule{.steps = 4, .beta_thousandths = 500, .limit_thousandths = 1000};
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> seen;
  std::vector<Marginal> marginals;
  constexpr int kDraws = 400;
  for (int draw = 0; draw < kDraws; ++draw) {
    auto const drawn =
        solve_randomised(instance, rule, {static_cast<std::uint8_t>(draw), static_cast<std::uint8_t>(draw >> 8), 9});
    ASSERT_TRUE(drawn);
    marginals = drawn->marginals;
    for (auto const& pair : drawn->pairs) ++seen[{pair.proposal, pair.reviewer}];
  }
  // Seeds are fixed, so this cannot fail by chance; 5 standard deviations of a fair draw are 50.
  for (auto const& marginal : marginals)
    EXPECT_NEAR((seen[{marginal.proposal, marginal.reviewer}]), kDraws * marginal.steps / 4, 50);
}

TEST(AssignmentRandom, TheSeedDecidesAndIsCommittedTo) {
  SeededRandom random{2};
  auto const instance = random_instance(random, {.proposals = 10, .reviewers = 8, .load_max = 5});
  auto const one = *solve_randomised(instance, {}, kSeed);
  auto const again = *solve_randomised(instance, {}, kSeed);
  EXPECT_EQ(one.pairs, again.pairs);
  // SHA-256 of 32 zero bytes.
  EXPECT_EQ(seed_commitment({}), "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
  EXPECT_EQ(one.seed_commitment, seed_commitment(kSeed));
}

TEST(AssignmentRandom, RefusesALimitBelowOneStep) {
  auto const drawn = solve_randomised({}, {.steps = 5, .beta_thousandths = 50, .limit_thousandths = 100}, kSeed);
  ASSERT_FALSE(drawn);
  EXPECT_EQ(drawn.error().reason, "random_rule");
}

}  // namespace
}  // namespace fabrica::matching
