// Solving outside the transaction, what-if with every change, letters that say what was ranked.
#include "decisions/testing/world.hpp"

namespace fabrica::decisions {
namespace {

using calls::ProposalState;
using identity::Actor;
using testing::kCriterion;
using testing::kImpact;
using testing::kPartition;
using testing::Options;
using testing::World;

class SolvingDb : public testing::WorldDb {};
FABRICA_ON_BOTH(SolvingDb);

// Three of one score: the first takes all, or the two others share it.
struct Band {
  explicit Band(World& in) : w{in} {
    auto large = w.proposal_draft();
    large.amount_units = 30;
    large.amount_reason = "Ablations.";
    all = {w.sent(4500, large)};
    auto small = w.proposal_draft();
    small.amount_units = 15;
    all.push_back(w.sent(4500, small));
    all.push_back(w.sent(4500, small, true));
    w.pass_cut_off();
    for (auto const& one : all) w.evaluate(one);
    EXPECT_TRUE(w.rank());
  }
  Result<RoundDecision> award() {
    return w.write([&](db::Tx& tx) { return decisions.award(tx, w.officer, w.round, {}); });
  }
  Result<> prepare(Actor const& who) { return decisions.prepare_award(w.database, who, w.round, {}); }
  static std::int64_t awarded(RoundDecision const& of) {
    return std::ranges::count(of.proposals, OutcomeKind::awarded, &ProposalDecision::outcome);
  }
  World& w;
  // No time at all inside a transaction: what is optimal was solved before.
  Decisions decisions{
      w.clock,    w.random,   w.journal, w.identity,
      w.projects, w.outcomes, w.scores,  {.appeal_days = 30, .band_seconds = 5, .band_seconds_inside = 0}};
  std::vector<PublicId> all;
};

TEST_P(SolvingDb, ABandIsSolvedBeforeTheTransactionAndUsedByIt) {
  Band band{make({.response = false, .capacity_units = 30, .rule = matching::AwardRule::band})};
  auto const without = band.award();
  ASSERT_TRUE(without) << db::why(without);
  EXPECT_EQ(Band::awarded(*without), 1) << "no time: by rank inside the band";
  ASSERT_TRUE(band.prepare(band.w.officer));
  auto const with = band.award();
  ASSERT_TRUE(with) << db::why(with);
  EXPECT_EQ(Band::awarded(*with), 2) << "more funded";
  EXPECT_EQ(band.prepare(band.w.member).error().reason, "role");
}

TEST_P(SolvingDb, WhatWasSolvedOnAnotherInputIsNotUsed) {
  Band band{make({.response = false, .capacity_units = 30, .rule = matching::AwardRule::band})};
  ASSERT_TRUE(band.prepare(band.w.officer));
  auto const offer = std::ranges::find(band.w.call.offers, kPartition, &calls::Offer::partition);
  ASSERT_TRUE(band.w.write([&](db::Tx& tx) { return band.w.calls.set_capacity(tx, band.w.officer, offer->id, 31); }));
  auto const after = band.award();
  ASSERT_TRUE(after) << db::why(after);
  EXPECT_EQ(Band::awarded(*after), 1) << "the capacity changed meanwhile";
}

TEST_P(SolvingDb, WhatIfTakesWeightsQuotaCapsRuleCapacityHoldBackAndCutLine) {
  auto& w = make({.response = false, .capacity_units = 30, .impact = true});
  auto const a = w.sent(5000);
  auto const b = w.sent(4000, true);
  w.scores.impact[a.text()] = 2000;
  w.scores.impact[b.text()] = 2500;
  w.decided({a, b});
  auto const ask = [&](WhatIf const& change) {
    auto const found = w.database.read([&](db::Tx& tx) { return w.decisions.what_if(tx, w.auditor, w.round, change); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  };
  auto const moved = [&](WhatIf const& change) {
    std::set<std::string> out;
    for (auto const& one : ask(change).comparison.changes) out.insert(one.proposal);
    return out;
  };
  std::set<std::string> const nobody, both{a.text(), b.text()}, first{a.text()}, second{b.text()};
  EXPECT_EQ(moved({}), nobody);
  // a: 7/10 before 6.5/10; with impact eight times as heavy 21/45 behind 24/45.
  EXPECT_EQ(moved({.weights = std::vector<CriterionWeight>{{kImpact, 8}}}), both);
  EXPECT_EQ(moved({.weights = std::vector<CriterionWeight>{{kCriterion, 8}}}), nobody);
  matching::GroupRule const share{"new firms", "start_up", kPartition, 20, {}};
  EXPECT_EQ(moved({.guarantees = std::vector<matching::GroupRule>{share}}), both);
  matching::GroupRule const cap{"small firms", "sme", kPartition, 10, {}};
  EXPECT_EQ(moved({.caps = std::vector<matching::GroupRule>{cap}}), both);
  EXPECT_EQ(moved({.capacity = std::vector<PartitionUnits>{{kPartition, 40}}}), second);
  EXPECT_EQ(moved({.held_back = std::vector<PartitionUnits>{{kPartition, 15}}}), first);
  EXPECT_EQ(moved({.line_rank = 0}), first) << "the other had nothing to lose";
  EXPECT_EQ(ask({.award_rule = matching::AwardRule::band}).funded_after, 1);
}

TEST_P(SolvingDb, ALetterSaysTheFiguresOfTheRankingThatWasDecided) {
  auto& w = make({.response = false});
  auto const a = w.sent(4500);
  w.published({a});
  auto const letters = w.database.read([&](db::Tx& tx) { return w.decisions.letters(tx, w.member, a); });
  ASSERT_TRUE(letters) << db::why(letters);
  EXPECT_NE(letters->front().text.find("excellence: 90.00 %."), std::string::npos) << letters->front().text;
}

}  // namespace
}  // namespace fabrica::decisions
