#include "matching/certificate.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/random.hpp"
#include "json/json.hpp"

namespace fabrica::matching {
namespace {

// Three proposals, four reviewers; the cap of one reviewer a country binds, a minimum forces somebody in, and nobody is
// left over: every kind of price is at work.
MatchInstance small() {
  MatchInstance out;
  out.rules.country_cap = 1;
  out.reviewers = {{"anna", 0, 2, "KTH", "SE", {}},
                   {"björn", 0, 2, "LU", "SE", {}},
                   {"carla", 0, 2, "UPC", "ES", {}},
                   {"dan", 1, 2, "", "DK", {}}};
  out.proposals = {{"p0", 2, {}, {}, {}, {}, {{0, 900}, {1, 880}, {2, 100}, {3, 10}}},
                   {"p1", 2, {}, {}, {}, {}, {{0, 700}, {1, 300}, {2, 650}, {3, 20}}},
                   {"p2", 1, {}, {}, {}, {}, {{0, 500}, {2, 450}, {3, 30}}}};
  out.conflicts = {{2, 1, "co-author"}};
  return out;
}

MatchCertificate certificate() {
  auto const instance = small();
  return certify(instance, *solve(instance));
}

TEST(Certificate, SaysOptimalAfterATripThroughJson) {
  auto const text = json::write(certificate());
  auto const verdict = verify_certificate(text);
  ASSERT_TRUE(verdict) << verdict.error().what;
  EXPECT_EQ(verdict->state, CertificateState::optimal) << verdict->because;
  EXPECT_EQ(verdict->gap_millionths, 0);
  EXPECT_EQ(verdict->pairs, 5);
  EXPECT_FALSE(certificate().prices.groups.empty());
}

struct Tampered {
  char const* name;
  CertificateState state;
  char const* because;
  std::function<void(MatchCertificate&)> spoil;
};
class CertificateTampering : public testing::TestWithParam<Tampered> {};
TEST_P(CertificateTampering, IsNamed) {
  auto it = certificate();
  GetParam().spoil(it);
  auto const verdict = verify_certificate(json::write(it));
  ASSERT_TRUE(verdict) << verdict.error().what;
  EXPECT_EQ(verdict->state, GetParam().state) << verdict->because;
  EXPECT_NE(verdict->because.find(GetParam().because), std::string::npos) << verdict->because;
  EXPECT_EQ(verdict->gap_millionths > 0, verdict->state == CertificateState::bounded);
}
// Each case changes one thing that can be no part of any optimum.
INSTANTIATE_TEST_SUITE_P(
    Cases, CertificateTampering,
    testing::Values(
        Tampered{"a_pair_dropped", CertificateState::bounded, "proposal 2", [](auto& c) { c.proposals[2].assigned.clear(); }},
        Tampered{"worse_pair", CertificateState::bounded, "room for country SE",
                 [](auto& c) { c.proposals[0].assigned[0] = 3; c.proposals[0].assigned[1] = 2; }},
        Tampered{"better_candidate_hidden_in_the_input", CertificateState::bounded, "not assigned",
                 [](auto& c) {
                   auto& p = c.proposals[2];
                   for (std::size_t i = 0; i < p.reviewers.size(); ++i)
                     if (p.reviewers[i] != p.assigned[0]) p.affinities_millionths[i] = 5000;
                 }},
        Tampered{"price_of_a_reviewer", CertificateState::bounded, "margin", [](auto& c) { c.prices.reviewers[0] += 10'000; }},
        Tampered{"cap_broken", CertificateState::infeasible, "cap is 1",
                 [](auto& c) { c.proposals[0].assigned = {0, 1}; }},
        Tampered{"load_broken", CertificateState::infeasible, "at most 0",
                 [](auto& c) { c.reviewers[3].load_min = c.reviewers[3].load_max = 0; }},
        Tampered{"conflict_assigned", CertificateState::infeasible, "excluded",
                 [](auto& c) { c.conflicts.push_back({2, c.proposals[2].assigned[0], "late"}); }},
        Tampered{"no_candidate_assigned", CertificateState::infeasible, "no candidate",
                 [](auto& c) { c.proposals[2].assigned = {1}; }},
        Tampered{"too_many", CertificateState::infeasible, "wants 1", [](auto& c) { c.proposals[2].assigned = {2, 3}; }},
        Tampered{"twice", CertificateState::infeasible, "twice", [](auto& c) { c.proposals[1].assigned = {2, 2}; }},
        Tampered{"nobody", CertificateState::infeasible, "does not exist",
                 [](auto& c) { c.proposals[1].assigned = {2, 12}; }}),
    [](auto const& one) { return std::string{one.param.name}; });

TEST(Certificate, EverySingleSwapAwayFromTheOptimumHasAGapOfItsLoss) {
  auto const instance = small();
  auto const solution = *solve(instance);
  auto const good = certify(instance, solution);
  int tried = 0;
  for (std::size_t p = 0; p < good.proposals.size(); ++p)
    for (std::size_t place = 0; place < good.proposals[p].assigned.size(); ++place)
      for (auto const r : good.proposals[p].reviewers) {
        auto it = good;
        it.proposals[p].assigned[place] = r;
        auto const verdict = verify(it);
        ASSERT_TRUE(verdict);
        if (verdict->state == CertificateState::infeasible) continue;
        ++tried;
        auto const loss = solution.total_millionths - verdict->total_millionths +
                          kMinimumBonus * (verdict->missing_minimums - solution.missing_minimums);
        EXPECT_EQ(verdict->gap_millionths, loss);
      }
  EXPECT_GT(tried, 5);
}

TEST(Certificate, RandomTamperingOfOneNumberIsNeverCalledOptimalWhenItIsNot) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random{seed};
    auto it = certificate();
    auto& proposal = it.proposals[random.below(3)];
    switch (random.below(3)) {
      case 0: proposal.assigned[random.below(proposal.assigned.size())] = static_cast<std::uint32_t>(random.below(4)); break;
      case 1: proposal.affinities_millionths[random.below(proposal.affinities_millionths.size())] +=
              static_cast<std::int32_t>(random.below(800)) - 400;
        break;
      default: it.prices.reviewers[random.below(4)] += static_cast<std::int64_t>(random.below(200)) - 100;
    }
    auto const verdict = verify(it);
    ASSERT_TRUE(verdict);
    if (verdict->state != CertificateState::optimal) continue;
    MatchInstance instance = small();
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t i = 0; i < it.proposals[p].reviewers.size(); ++i)
        instance.proposals[p].candidates[i] = {it.proposals[p].reviewers[i], it.proposals[p].affinities_millionths[i]};
    EXPECT_EQ(verdict->total_millionths, solve(instance)->total_millionths);
  }
}

TEST(Certificate, RefusesWhatIsNotOne) {
  EXPECT_EQ(verify_certificate("{}").error().reason, "json_members");
  EXPECT_EQ(verify_certificate("[").error().reason, "json_syntax");
  auto it = certificate();
  it.format = "other/2";
  EXPECT_EQ(verify(it).error().reason, "certificate");
  it = certificate();
  it.prices.reviewers.pop_back();
  EXPECT_EQ(verify(it).error().reason, "certificate");
  it = certificate();
  it.prices.proposals[0] = std::int64_t{1} << 60;
  EXPECT_EQ(verify(it).error().reason, "certificate");
  it = certificate();
  it.proposals[0].affinities_millionths.pop_back();
  EXPECT_EQ(verify(it).error().reason, "certificate");
  it = certificate();
  it.prices.groups.push_back({0, GroupKind::country, "Atlantis", 7});
  EXPECT_EQ(verify(it).error().reason, "certificate");
  it = certificate();
  it.reviewers[0].load_max = -1;
  EXPECT_EQ(verify(it).error().reason, "assignment_instance");
}

}  // namespace
}  // namespace fabrica::matching
