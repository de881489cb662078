#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.hpp"
#include "crypto/sha256.hpp"
#include "json/json.hpp"
#include "matching/certificate.hpp"

namespace fabrica::matching {
namespace {

MatchSeed seed_of_test() {
  MatchSeed out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return out;
}
MatchSeed const kSeed = seed_of_test();

// Caps that bind, loads that do not reach for everybody, conflicts.
MatchInstance random_instance(SeededRandom& random, std::uint32_t proposals, std::uint32_t reviewers) {
  auto const below = [&](std::uint64_t bound) { return static_cast<std::int32_t>(random.below(bound)); };
  MatchInstance out;
  out.rules.organisation_cap = 1;
  for (std::uint32_t r = 0; r < reviewers; ++r) {
    auto const organisation = below(4);
    out.reviewers.push_back({fmt::format("r{}", r), 0, below(4),
                             organisation == 0 ? std::string{} : fmt::format("o{}", organisation), "c", {}});
  }
  for (std::uint32_t p = 0; p < proposals; ++p) {
    out.proposals.push_back({fmt::format("p{}", p), below(3), {}, {}, {}, {}, {}});
    for (std::uint32_t r = 0; r < reviewers; ++r)
      if (below(10) < 7) out.proposals.back().candidates.push_back({r, below(10) - 2});
  }
  out.conflicts.push_back({static_cast<std::uint32_t>(below(proposals)), static_cast<std::uint32_t>(below(reviewers)),
                           "worked together"});
  return out;
}

TEST(AssignmentDrawn, CoversAsMuchAsTheOptimumAndTheGapIsWhatChanceCost) {
  SeededRandom random{20'261'101};
  int filled_up = 0;
  for (int round = 0; round < 200; ++round) {
    auto const instance = random_instance(random, 5, 6);
    RandomRule const rule{.steps = 10, .beta_thousandths = 300, .limit_thousandths = 600};
    auto const best = solve(instance);
    auto const drawn = solve_drawn(instance, rule, kSeed);
    ASSERT_TRUE(best && drawn);
    EXPECT_EQ(drawn->missing_reviews, best->missing_reviews) << round;
    EXPECT_LE(drawn->total_millionths, best->total_millionths);
    EXPECT_EQ(drawn->optimum_millionths, best->total_millionths);
    filled_up += solve_randomised(instance, rule, kSeed)->missing_reviews > best->missing_reviews ? 1 : 0;
    auto certificate = certify(instance, *drawn);
    certificate.draw = CertificateDraw{rule, seed_commitment(kSeed)};
    auto const verdict = verify(certificate);
    ASSERT_TRUE(verdict);
    EXPECT_NE(verdict->state, CertificateState::infeasible) << verdict->because;
    EXPECT_TRUE(verdict->drawn);
    EXPECT_EQ(verdict->gap_millionths, best->total_millionths - drawn->total_millionths) << round;
  }
  EXPECT_GT(filled_up, 0);  // else nothing here shows that chance leaves nothing uncovered
}

TEST(AssignmentDrawn, AnybodyWithTheSeedDrawsTheSamePairs) {
  SeededRandom random{20'261'102};
  auto const instance = random_instance(random, 8, 8);
  auto certificate = certify(instance, *solve_drawn(instance, {}, kSeed));
  certificate.draw = CertificateDraw{{}, seed_commitment(kSeed)};
  auto const seed = crypto::Digest{kSeed}.hex();
  auto const again = verify_draw(json::write(certificate), seed);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(again->committed && again->same_pairs) << again->because;

  auto other = kSeed;
  other[5] ^= 1;
  auto const wrong = verify_draw(certificate, crypto::Digest{other}.hex());
  ASSERT_TRUE(wrong);
  EXPECT_FALSE(wrong->committed);

  auto tampered = certificate;
  for (auto& one : tampered.proposals)
    if (!one.assigned.empty()) {
      one.assigned.pop_back();
      break;
    }
  auto const changed_pairs = verify_draw(tampered, seed);
  ASSERT_TRUE(changed_pairs);
  EXPECT_FALSE(changed_pairs->same_pairs);
  EXPECT_NE(changed_pairs->because.find("the draw gives other reviewers"), std::string::npos);

  EXPECT_EQ(verify_draw(certify(instance, *solve(instance)), seed).error().reason, "not_drawn");
  EXPECT_EQ(verify_draw(certificate, "ab").error().reason, "seed");
}

TEST(AssignmentDrawn, AnotherInstanceHasADrawOfItsOwn) {
  // Six equal reviewers for one review: only the draw decides, so equal draws of both would show in the pairs.
  MatchInstance instance;
  for (int r = 0; r < 6; ++r) instance.reviewers.push_back({fmt::format("r{}", r), 0, 1, {}, {}, {}});
  instance.proposals.push_back({"p", 1, {}, {}, {}, {}, {}});
  for (std::uint32_t r = 0; r < 6; ++r) instance.proposals[0].candidates.push_back({r, 1000});
  std::set<std::uint32_t> seen;
  for (int change = 0; change < 40; ++change) {
    instance.proposals[0].id = fmt::format("p{}", change);
    auto const drawn = solve_drawn(instance, {.steps = 6, .beta_thousandths = 500, .limit_thousandths = 1000}, kSeed);
    ASSERT_TRUE(drawn);
    ASSERT_EQ(drawn->pairs.size(), 1U);
    seen.insert(drawn->pairs[0].reviewer);
  }
  EXPECT_GE(seen.size(), 4U);
}

}  // namespace
}  // namespace fabrica::matching
