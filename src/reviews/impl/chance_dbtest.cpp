#include "crypto/sha256.hpp"
#include "matching/certificate.hpp"
#include "reviews/testing/world.hpp"

namespace fabrica::reviews {
namespace {

class ReviewsChance : public ReviewsDb {};
FABRICA_ON_BOTH(ReviewsChance);

Settings drawn_settings() {
  Settings out;
  out.randomise = Randomise{10, 300, 700};
  return out;
}

void save(World& world, Settings const& settings) {
  world.must([&](db::Tx& tx) { return world.reviews.save_settings(tx, world.officer, world.call.id, settings); });
}
bool turn(World& world) {
  return world.must([&](db::Tx& tx) { return world.reviews.turn(tx); });
}
// As the publication of the round does it.
void publish(World& world) {
  constexpr db::Query kPublished{"test_round_published", "UPDATE rounds SET state = 'published' WHERE public_id = $1"};
  world.must([&](db::Tx& tx) { return tx.run(kPublished, world.round); });
}

TEST_P(ReviewsChance, ARoundInIntakeGetsItsSeedOnceAndOnlyItsDigestIsTold) {
  ASSERT_FALSE(turn(*world));
  save(*world, drawn_settings());
  EXPECT_TRUE(turn(*world));
  auto const rounds = world->must([&](db::Tx& tx) { return world->rounds.list(tx, world->officer, world->call.id); });
  while (turn(*world)) {
  }
  EXPECT_EQ(world->said("assignment.seed_committed"), std::ssize(rounds) - 1);  // the first is past its cut-off
  auto const next = world->must([&](db::Tx& tx) { return world->reviews.seed(tx, rounds.at(1).id); });
  EXPECT_EQ(next.commitment.size(), 64U);
  EXPECT_FALSE(next.after_cut_off);
  EXPECT_FALSE(next.seed);
  EXPECT_EQ(next.rule.limit_thousandths, 700);
  EXPECT_EQ(reason_of(world->read([&](db::Tx& tx) { return world->reviews.seed(tx, world->round); })),
            "assignment_seed");
  // What was committed to stays, whatever is set later.
  save(*world, {});
  auto const kept = world->must([&](db::Tx& tx) { return world->reviews.seed(tx, rounds.at(1).id); });
  EXPECT_EQ(kept.commitment, next.commitment);
  EXPECT_FALSE(turn(*world));
}

TEST_P(ReviewsChance, IsNeverDrawnWithoutACommitmentAndALateOneSaysSo) {
  world->pool_of_four();
  auto const by_hand = [&] {
    return world->write([&](db::Tx& tx) { return world->reviews.commit_seed(tx, world->officer, world->round); });
  };
  EXPECT_EQ(reason_of(by_hand()), "not_randomised");
  save(*world, drawn_settings());
  auto const propose = [&] {
    return world->write([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  };
  EXPECT_EQ(reason_of(propose()), "seed_uncommitted");
  auto const made = by_hand();
  ASSERT_TRUE(made) << db::why(made);
  EXPECT_TRUE(made->after_cut_off);
  EXPECT_EQ(by_hand()->commitment, made->commitment);
  EXPECT_TRUE(propose());
  EXPECT_EQ(reason_of(world->write([&](db::Tx& tx) {
              return world->reviews.commit_seed(tx, world->stranger, world->round);
            })),
            "role");
}

TEST_P(ReviewsChance, EveryDrawIsRepeatedByWhoHoldsTheSeedOnceItIsOut) {
  world->pool_of_four();
  save(*world, drawn_settings());
  auto const committed =
      world->must([&](db::Tx& tx) { return world->reviews.commit_seed(tx, world->officer, world->round); });
  auto const first = world->assigned_and_sent();
  EXPECT_EQ(first.report.missing_reviews, 0);
  // The same seed and the same instance: asking again does not try another one's luck.
  std::vector<std::string> certificates;
  auto const keep_certificate = [&] {
    certificates.push_back(
        world->must([&](db::Tx& tx) { return world->reviews.certificate(tx, world->officer, world->round); }));
  };
  keep_certificate();
  auto const& one = first.pairs.front();
  world->must([&](db::Tx& tx) {
    return world->reviews.answer(tx, world->who(one.reviewer), one.id, {false, "On leave.", {}});
  });
  EXPECT_EQ(world->active(one.proposal).size(), 2U);  // filled at once
  keep_certificate();

  EXPECT_FALSE(world->must([&](db::Tx& tx) { return world->reviews.seed(tx, world->round); }).seed);
  publish(*world);
  auto const out = world->must([&](db::Tx& tx) { return world->reviews.seed(tx, world->round); });
  ASSERT_TRUE(out.seed);
  EXPECT_EQ(out.commitment, committed.commitment);
  for (auto const& text : certificates) {
    auto const again = matching::verify_draw(text, *out.seed);
    ASSERT_TRUE(again) << db::why(again);
    EXPECT_TRUE(again->committed && again->same_pairs) << again->because;
    auto const verdict = matching::verify_certificate(text);
    ASSERT_TRUE(verdict) << db::why(verdict);
    EXPECT_NE(verdict->state, matching::CertificateState::infeasible) << verdict->because;
  }
}

TEST_P(ReviewsChance, ProposingAgainOnTheSameInstanceIsTheSameDraw) {
  world->pool_of_four();
  save(*world, drawn_settings());
  world->must([&](db::Tx& tx) { return world->reviews.commit_seed(tx, world->officer, world->round); });
  auto const propose = [&] {
    return world->must([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  };
  auto const once = propose();
  auto const twice = propose();
  EXPECT_EQ(once.certificate_sha256, twice.certificate_sha256);
  EXPECT_EQ(once.pairs.size(), twice.pairs.size());
}

class ReviewsBids : public ReviewsDb {
 protected:
  void SetUp() override {
    ReviewsDb::SetUp();
    world->pool_of_four();
    Settings settings;
    settings.bids = true;
    save(*world, settings);
  }
  Result<std::vector<BidLine>> list(Actor const& who) {
    return world->read([&](db::Tx& tx) { return world->reviews.bids(tx, who, world->round); });
  }
  Result<std::vector<BidLine>> bid(Actor const& who, Bids const& bids) {
    return world->write([&](db::Tx& tx) { return world->reviews.save_bids(tx, who, world->round, bids); });
  }
  MatrixLine line(PublicId const& proposal, PublicId const& reviewer) {
    auto const all = world->must([&](db::Tx& tx) { return world->reviews.matrix(tx, world->officer, proposal); });
    return *std::ranges::find(all, reviewer, &MatrixLine::reviewer);
  }
};
FABRICA_ON_BOTH(ReviewsBids);

TEST_P(ReviewsBids, EnterTheAffinityAndAreExplained) {
  auto const& who = world->reviewers.at(3);
  auto const proposal = world->proposals.at(1);
  auto const before = line(proposal, who.person);
  EXPECT_EQ(before.affinity.bid_millionths, 0);
  EXPECT_FALSE(before.bid);
  auto const saved = bid(who, Bids{{Bid{proposal, BidKind::want}, Bid{world->proposals.at(0), BidKind::rather_not}}});
  ASSERT_TRUE(saved) << db::why(saved);
  auto const after = line(proposal, who.person);
  EXPECT_EQ(after.affinity.bid_millionths, 300'000);
  EXPECT_EQ(after.affinity.affinity_millionths, before.affinity.affinity_millionths + 300'000);
  EXPECT_EQ(after.bid, BidKind::want);
  EXPECT_EQ(line(world->proposals.at(0), who.person).affinity.bid_millionths, -150'000);
  // Said again is said anew: what is not named has no bid any more.
  ASSERT_TRUE(bid(who, Bids{{Bid{proposal, BidKind::can}}}));
  EXPECT_EQ(line(proposal, who.person).affinity.bid_millionths, 150'000);
  EXPECT_EQ(line(world->proposals.at(0), who.person).affinity.bid_millionths, 0);
  EXPECT_EQ(world->said("reviewer.bids_saved"), 2);

  auto const made = world->must([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  auto const pair = std::ranges::find_if(made.pairs, [&](AssignedPair const& one) {
    return one.proposal == proposal && one.reviewer == who.person;
  });
  ASSERT_NE(pair, made.pairs.end());
  EXPECT_EQ(pair->affinity_millionths, line(proposal, who.person).affinity.affinity_millionths);
}

TEST_P(ReviewsBids, ShowNothingThatIdentifiesAndNothingInConflict) {
  auto const& who = world->reviewers.at(0);
  auto const all = list(who);
  ASSERT_TRUE(all) << db::why(all);
  ASSERT_EQ(all->size(), 3U);
  auto const text = json::write(*all);
  EXPECT_NE(text.find("Speech recognition for Baltic languages"), std::string::npos);
  EXPECT_EQ(text.find(kApplicantOrcid), std::string::npos);
  EXPECT_EQ(text.find("Riga Speech"), std::string::npos);

  // A conflict is found before anybody proposes an assignment.
  auto profile = World::profile("speech", "Riga Speech");
  profile.affiliations.front().organisation = world->organisation_id;
  world->must([&](db::Tx& tx) { return world->reviews.save_profile(tx, who, who.person, profile); });
  EXPECT_TRUE(list(who)->empty());
  EXPECT_EQ(reason_of(bid(who, Bids{{Bid{world->proposals.front(), BidKind::want}}})), "bids");
}

TEST_P(ReviewsBids, AreForThePoolUntilTheReviewersAreAsked) {
  EXPECT_EQ(reason_of(list(world->stranger)), "not_in_pool");
  EXPECT_EQ(reason_of(list(Actor{})), "login_required");
  auto const& who = world->reviewers.at(0);
  auto const proposal = world->proposals.front();
  EXPECT_EQ(reason_of(bid(who, Bids{{Bid{proposal, BidKind::want}, Bid{proposal, BidKind::can}}})), "bids");
  EXPECT_EQ(reason_of(bid(who, Bids{{Bid{world->new_id(), BidKind::want}}})), "bids");
  ASSERT_TRUE(bid(who, Bids{{Bid{proposal, BidKind::want}}}));
  world->assigned_and_sent();
  EXPECT_EQ(reason_of(bid(who, Bids{{Bid{proposal, BidKind::can}}})), "bidding_over");
}

TEST_P(ReviewsBids, AreRefusedWhereTheCallTakesNone) {
  save(*world, {});
  EXPECT_EQ(reason_of(list(world->reviewers.at(0))), "no_bids");
}

TEST_P(ReviewsBids, ExplainingOneProposalBuildsNothingAgainUntilSomethingChanges) {
  auto const proposal = world->proposals.front();
  auto const& who = world->reviewers.at(1);
  auto const before = line(proposal, who.person);
  // The kept affinities answer: another title of the project does not show ...
  constexpr db::Query kRename{"test_project_rename", "UPDATE projects SET summary = $1"};
  world->must([&](db::Tx& tx) { return tx.run(kRename, "protein structures and folding of proteins"); });
  EXPECT_EQ(line(proposal, who.person).affinity.affinity_millionths, before.affinity.affinity_millionths);
  // ... until a profile is saved.
  world->must([&](db::Tx& tx) {
    return world->reviews.save_profile(tx, who, who.person, World::profile("protein structures and folding", "Lab Two"));
  });
  EXPECT_NE(line(proposal, who.person).affinity.affinity_millionths, before.affinity.affinity_millionths);
}

}  // namespace
}  // namespace fabrica::reviews
