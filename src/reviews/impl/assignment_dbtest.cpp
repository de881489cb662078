#include "matching/certificate.hpp"
#include "reviews/impl/board.hpp"
#include "reviews/testing/world.hpp"

namespace fabrica::reviews {
namespace {

class AssignmentDb : public ReviewsDb {};
FABRICA_ON_BOTH(AssignmentDb);

// The stored certificate's own instance, solved from nothing.
std::int64_t fresh_total(World& world) {
  auto const text = world.must([&](db::Tx& tx) { return world.reviews.certificate(tx, world.officer, world.round); });
  auto const certificate = json::read<matching::MatchCertificate>(text, kCertificateLimits);
  EXPECT_TRUE(certificate);
  auto const solved = matching::solve(earlier_of(*certificate).instance);
  EXPECT_TRUE(solved) << db::why(solved);
  return solved->total_millionths;
}

matching::CertificateVerdict verdict(World& world) {
  auto const text = world.must([&](db::Tx& tx) { return world.reviews.certificate(tx, world.officer, world.round); });
  auto const out = matching::verify_certificate(text);
  EXPECT_TRUE(out) << db::why(out);
  return *out;
}

std::vector<Conflict> conflicts(World& world, PublicId const& proposal) {
  return world.must([&](db::Tx& tx) { return world.reviews.conflicts(tx, world.officer, proposal); });
}

TEST_P(AssignmentDb, TheAssignmentIsTheOptimumAndItsCertificateProvesIt) {
  world->pool_of_four();
  auto const proposed =
      world->must([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  EXPECT_EQ(proposed.pairs.size(), 6u);
  EXPECT_EQ(proposed.report.missing_reviews, 0);
  EXPECT_TRUE(proposed.report.shortfalls.empty());
  EXPECT_EQ(verdict(*world).state, matching::CertificateState::optimal);
  EXPECT_EQ(verdict(*world).total_millionths, proposed.report.total_millionths);
  // The specialist reviews what they know.
  auto const speech = std::ranges::find_if(proposed.pairs, [&](AssignedPair const& pair) {
    return pair.proposal == world->proposals[0] && pair.reviewer == world->reviewers[0].person;
  });
  ASSERT_NE(speech, proposed.pairs.end());
  EXPECT_EQ(speech->state, AssignmentState::proposed);
  EXPECT_EQ(speech->reviewer_name, "Rene Un");
  EXPECT_EQ(world->said("assignment.solved"), 1);
  // Nobody knows yet.
  EXPECT_TRUE(world->must([&](db::Tx& tx) { return world->reviews.tasks(tx, world->reviewers[0]); }).empty());
  auto const sent =
      world->must([&](db::Tx& tx) { return world->reviews.send(tx, world->officer, world->round, world->due()); });
  EXPECT_TRUE(std::ranges::all_of(sent.pairs, [](auto const& pair) { return pair.state == AssignmentState::sent; }));
  EXPECT_FALSE(world->must([&](db::Tx& tx) { return world->reviews.tasks(tx, world->reviewers[0]); }).empty());
  auto const again =
      world->write([&](db::Tx& tx) { return world->reviews.send(tx, world->officer, world->round, world->due()); });
  EXPECT_EQ(reason_of(again), "not_proposed");
}

TEST_P(AssignmentDb, WhatIsMissingIsNamedWithWhereToRecruit) {
  world->reviewers.push_back(world->reviewer("Rene Un", "r1", World::profile("speech", "Lab One")));
  auto const proposed =
      world->must([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  EXPECT_EQ(proposed.pairs.size(), 3u);
  EXPECT_EQ(proposed.report.missing_reviews, 3);
  ASSERT_EQ(proposed.report.shortfalls.size(), 3u);
  EXPECT_EQ(proposed.report.shortfalls[0].missing, 1);
  EXPECT_EQ(proposed.report.shortfalls[0].candidates, 1);
}

TEST_P(AssignmentDb, NobodyIsAssignedWithoutAPoolOrBeforeTheCutOff) {
  auto const none = world->write([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  EXPECT_EQ(reason_of(none), "no_reviewers");
  world->pool_of_four();
  auto const rounds = world->must([&](db::Tx& tx) { return world->rounds.list(tx, world->officer, world->call.id); });
  auto const early = world->write([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, rounds[1].id); });
  EXPECT_EQ(reason_of(early), "round_state");
}

TEST_P(AssignmentDb, TheMatrixExplainsEachReviewerForAProposal) {
  world->pool_of_four();
  auto const lines =
      world->must([&](db::Tx& tx) { return world->reviews.matrix(tx, world->officer, world->proposals[0]); });
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].name, "Rene Un");
  EXPECT_FALSE(lines[0].affinity.terms.empty());
  EXPECT_GT(lines[0].affinity.affinity_millionths, lines[3].affinity.affinity_millionths);
  EXPECT_TRUE(lines[0].available);
}

TEST_P(AssignmentDb, ConflictsAreFoundWithTheirEvidenceAndKeepReviewersOff) {
  world->pool_of_four();
  auto colleague = World::profile("speech recognition", "Somewhere");
  colleague.affiliations.push_back({"Riga Speech", world->organisation_id, {}});
  auto const near = world->reviewer("Nora Near", "near", colleague);
  auto author = World::profile("speech recognition", "Lab Six");
  author.publications = {{"Speech", 2025, {{"A. Berzina", kApplicantOrcid}}}};
  auto const coauthor = world->reviewer("Carl Coauthor", "carl", author);
  world->reviewers.push_back(near);
  world->reviewers.push_back(coauthor);
  auto const made = world->assigned_and_sent();
  for (auto const& pair : made.pairs) {
    EXPECT_NE(pair.reviewer, near.person);
    EXPECT_NE(pair.reviewer, coauthor.person);
  }
  auto const found = conflicts(*world, world->proposals[0]);
  ASSERT_EQ(found.size(), 2u);
  auto const of_near = std::ranges::find(found, near.person, &Conflict::reviewer);
  EXPECT_EQ(of_near->kind, ConflictKind::same_organisation);
  EXPECT_EQ(of_near->evidence, "Both are of Riga Speech.");
  auto const of_author = std::ranges::find(found, coauthor.person, &Conflict::reviewer);
  EXPECT_EQ(of_author->kind, ConflictKind::co_author);
  EXPECT_EQ(world->said("conflict.found"), 1);
}

TEST_P(AssignmentDb, AnOfficerWaivesAConflictWithAReasonForTheEvidenceThereIs) {
  auto colleague = World::profile("speech recognition acoustic models", "Riga Speech");
  world->reviewers.push_back(world->reviewer("Nora Near", "near", colleague));
  world->must([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  EXPECT_TRUE(world->assignment().pairs.empty());
  auto const conflict = conflicts(*world, world->proposals[0]).at(0);
  auto const waived = world->must(
      [&](db::Tx& tx) { return world->reviews.waive(tx, world->officer, conflict.id, "Another department."); });
  EXPECT_EQ(waived.state, ConflictState::waived);
  EXPECT_EQ(world->said("conflict.waived"), 1);
  ASSERT_EQ(world->assignment().pairs.size(), 1u) << "the free place is filled at once";
  EXPECT_EQ(world->assignment().pairs[0].proposal, world->proposals[0]);
  auto const twice =
      world->write([&](db::Tx& tx) { return world->reviews.waive(tx, world->officer, conflict.id, "Again."); });
  EXPECT_EQ(reason_of(twice), "conflict_state");
  world->must([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  EXPECT_EQ(conflicts(*world, world->proposals[0]).at(0).state, ConflictState::waived) << "the same evidence";
  // Other evidence of the same kind has not been judged: the form names the organisation "Word".
  colleague.affiliations = {{"Word", {}, {}}, {"Riga Speech", {}, {}}};
  auto const& near = world->reviewers[0];
  world->must([&](db::Tx& tx) { return world->reviews.save_profile(tx, near, near.person, colleague); });
  auto const now = conflicts(*world, world->proposals[0]).at(0);
  EXPECT_EQ(now.evidence, "Both are of Word.");
  EXPECT_EQ(now.state, ConflictState::standing);
  EXPECT_EQ(world->assignment().pairs.at(0).state, AssignmentState::conflicted);
}

TEST_P(AssignmentDb, ADeclineIsFilledAtOnceAsIfSolvedAfresh) {
  world->pool_of_four();
  auto const before = world->assigned_and_sent();
  auto const gone = before.pairs.at(0);
  auto const by = world->who(gone.reviewer);
  auto const silent =
      world->write([&](db::Tx& tx) { return world->reviews.answer(tx, by, gone.id, {false, "", {}}); });
  EXPECT_EQ(reason_of(silent), "reason");
  world->must([&](db::Tx& tx) { return world->reviews.answer(tx, by, gone.id, {false, "No time.", {}}); });
  auto const after = world->assignment();
  EXPECT_EQ(after.report.missing_reviews, 0);
  EXPECT_EQ(after.report.total_millionths, fresh_total(*world));
  EXPECT_EQ(verdict(*world).state, matching::CertificateState::optimal);
  auto const now = world->active(gone.proposal);
  EXPECT_EQ(now.size(), 2u);
  EXPECT_TRUE(std::ranges::none_of(now, [&](auto const& pair) { return pair.reviewer == gone.reviewer; }));
  // Who had been asked for something else still is.
  for (auto const& pair : before.pairs) {
    if (pair.id == gone.id) continue;
    auto const same = std::ranges::find(after.pairs, pair.id, &AssignedPair::id);
    ASSERT_NE(same, after.pairs.end());
    EXPECT_EQ(same->state, AssignmentState::sent);
  }
  EXPECT_EQ(world->said("assignment.solved"), 2);
  EXPECT_EQ(reason_of(world->write([&](db::Tx& tx) {
              return world->reviews.answer(tx, by, gone.id, {true, "", {}});
            })),
            "assignment_state");
}

TEST_P(AssignmentDb, EveryDeclineUntilNobodyIsLeftEqualsAFreshSolve) {
  world->pool_of_four();
  world->assigned_and_sent();
  for (int turn = 0; turn < 40; ++turn) {
    auto const pairs = world->assignment().pairs;
    auto const next_one = std::ranges::find_if(pairs, [](auto const& pair) { return is_active(pair.state); });
    if (next_one == pairs.end()) break;
    auto const& by = world->who(next_one->reviewer);
    world->must([&](db::Tx& tx) { return world->reviews.answer(tx, by, next_one->id, {false, "No time.", {}}); });
    auto const after = world->assignment();
    EXPECT_EQ(after.report.total_millionths, fresh_total(*world));
    EXPECT_EQ(verdict(*world).state, matching::CertificateState::optimal);
    for (auto const& reviewer : world->reviewers)
      EXPECT_LE(std::ranges::count_if(after.pairs,
                                      [&](auto const& pair) {
                                        return pair.reviewer == reviewer.person && is_active(pair.state);
                                      }),
                3);
  }
  EXPECT_EQ(world->assignment().pairs.size(), 12u) << "each was asked for each, once";
  EXPECT_EQ(world->assignment().report.missing_reviews, 6);
}

TEST_P(AssignmentDb, AConflictNoticedWhileAnsweringIsKept) {
  world->pool_of_four();
  auto const pair = world->assigned_and_sent().pairs.at(0);
  auto const& by = world->who(pair.reviewer);
  world->must([&](db::Tx& tx) {
    return world->reviews.answer(tx, by, pair.id, {false, "", "I advised them last year."});
  });
  auto const found = conflicts(*world, pair.proposal);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, ConflictKind::declared);
  EXPECT_EQ(found[0].evidence, "I advised them last year.");
  auto const refused =
      world->write([&](db::Tx& tx) { return world->reviews.waive(tx, world->officer, found[0].id, "No matter."); });
  EXPECT_EQ(reason_of(refused), "declared_conflict");
  EXPECT_EQ(world->active(pair.proposal).size(), 2u);
}

TEST_P(AssignmentDb, ALateConflictInAProfileTakesTheReviewerOffAndFillsThePlace) {
  world->pool_of_four();
  auto const before = world->assigned_and_sent();
  auto const& by = world->reviewers[0];
  ASSERT_TRUE(std::ranges::any_of(before.pairs, [&](auto const& pair) { return pair.reviewer == by.person; }));
  auto changed = World::profile("speech recognition acoustic models", "Lab One");
  changed.publications = {{"Together", 2026, {{"Anna", kApplicantOrcid}}}};
  world->must([&](db::Tx& tx) { return world->reviews.save_profile(tx, by, by.person, changed); });
  auto const after = world->assignment();
  for (auto const& pair : after.pairs)
    if (pair.reviewer == by.person) {
      EXPECT_EQ(pair.state, AssignmentState::conflicted);
      EXPECT_EQ(pair.reason, "co_author");
    }
  EXPECT_EQ(after.report.total_millionths, fresh_total(*world));
  for (auto const& proposal : world->proposals) EXPECT_EQ(world->active(proposal).size(), 2u);
}

TEST_P(AssignmentDb, WhoLeavesThePoolLeavesTheirOpenWork) {
  world->pool_of_four();
  world->assigned_and_sent();
  auto const& by = world->reviewers[0];
  world->must([&](db::Tx& tx) -> Result<int> {
    FABRICA_DO(world->reviews.leave_pool(tx, by, world->call.id, by.person, "Other duties."));
    return 0;
  });
  for (auto const& pair : world->assignment().pairs)
    EXPECT_TRUE(pair.reviewer != by.person || pair.state == AssignmentState::removed);
  for (auto const& proposal : world->proposals) EXPECT_EQ(world->active(proposal).size(), 2u);
  auto const pool = world->must([&](db::Tx& tx) { return world->reviews.pool(tx, world->officer, world->call.id); });
  EXPECT_EQ(pool.size(), 3u);
}

TEST_P(AssignmentDb, TwoReviewersOfAProposalComeFromDifferentOrganisations) {
  for (auto const* mail : {"s1", "s2", "s3"})
    world->reviewers.push_back(world->reviewer(fmt::format("Same {}", mail), mail,
                                               World::profile("speech proteins turbulence", "One Big Lab")));
  auto const proposed =
      world->must([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  EXPECT_EQ(proposed.pairs.size(), 3u);
  EXPECT_EQ(proposed.report.missing_reviews, 3);
  world->must([&](db::Tx& tx) { return world->reviews.send(tx, world->officer, world->round, world->due()); });
  world->must([&](db::Tx& tx) { return world->reviews.propose(tx, world->officer, world->round); });
  EXPECT_EQ(world->assignment().pairs.size(), 3u) << "nor does a second one come later";
}

}  // namespace
}  // namespace fabrica::reviews
