#include <functional>

#include "crypto/token.hpp"
#include "reviews/testing/world.hpp"

namespace fabrica::reviews {
namespace {

class ReviewingDb : public ReviewsDb {};
FABRICA_ON_BOTH(ReviewingDb);

bool shows(forms::Sheet const& sheet, std::string_view field) {
  for (auto const& part : sheet.parts)
    if (std::ranges::find(part.lines, field, &forms::Line::field) != part.lines.end()) return true;
  return false;
}

TEST_P(ReviewingDb, AProfileIsSavedByThePersonOrAnOfficer) {
  auto const who = world->person("Rene Un", "r1");
  auto const draft = World::profile("speech", "Lab One");
  auto const save = [&](Actor const& by, ProfileDraft const& what) {
    return world->write([&](db::Tx& tx) { return world->reviews.save_profile(tx, by, who.person, what); });
  };
  EXPECT_EQ(reason_of(save({}, draft)), "login_required");
  EXPECT_EQ(reason_of(save(world->stranger, draft)), "role");
  EXPECT_EQ(reason_of(save(world->applicant, draft)), "role");
  auto wrong = draft;
  wrong.orcid = "0000-0002-1825-0098";
  EXPECT_EQ(reason_of(save(who, wrong)), "profile");
  EXPECT_TRUE(save(who, draft));
  auto russian = draft;
  russian.keywords = {"распознавание речи", "音声認識"};
  EXPECT_TRUE(save(world->officer, russian));
  auto const kept = world->must([&](db::Tx& tx) { return world->reviews.profile(tx, who, who.person); });
  EXPECT_EQ(kept.profile.keywords, russian.keywords);
  EXPECT_EQ(kept.name, "Rene Un");
  EXPECT_EQ(world->said("reviewer.profile_saved"), 2);
  EXPECT_EQ(reason_of(world->read([&](db::Tx& tx) { return world->reviews.profile(tx, world->stranger, who.person); })),
            "role");
}

TEST_P(ReviewingDb, AnInvitationShowsTheCallAndIsAnsweredOnceByWhoWasInvited) {
  auto const who = world->person("Rene Un", "r1");
  auto const invited = world->must(
      [&](db::Tx& tx) { return world->reviews.invite(tx, world->officer, world->call.id, {who.person, {}, 7}); });
  ASSERT_TRUE(invited.token);
  auto const shown = world->must([&](db::Tx& tx) { return world->reviews.show_invitation(tx, *invited.token); });
  EXPECT_EQ(shown.title, "Hours by review");
  EXPECT_EQ(shown.summary, "Large machines for small firms.");
  EXPECT_EQ(shown.state, InvitationState::open);
  auto guess = *invited.token;
  guess.back() = guess.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(reason_of(world->read([&](db::Tx& tx) { return world->reviews.show_invitation(tx, guess); })),
            "invitation");
  EXPECT_EQ(reason_of(world->read([&](db::Tx& tx) { return world->reviews.show_invitation(tx, "inv_"); })),
            "invitation");
  auto const answer = [&](Actor const& by, bool accept, std::string const& reason) {
    return world->write(
        [&](db::Tx& tx) { return world->reviews.answer_invitation(tx, by, {*invited.token, accept, reason}); });
  };
  EXPECT_EQ(reason_of(answer({}, true, "")), "login_required");
  EXPECT_EQ(reason_of(answer(world->stranger, true, "")), "invitation_person");
  EXPECT_EQ(reason_of(answer(who, false, "")), "reason");
  EXPECT_EQ(reason_of(world->write([&](db::Tx& tx) {
              return world->reviews.invite(tx, world->officer, world->call.id, {who.person, {}, 7});
            })),
            "invitation_open");
  EXPECT_TRUE(answer(who, true, ""));
  EXPECT_EQ(reason_of(answer(who, true, "")), "invitation_state");
  auto const pool = world->must([&](db::Tx& tx) { return world->reviews.pool(tx, world->officer, world->call.id); });
  ASSERT_EQ(pool.size(), 1u);
  EXPECT_FALSE(pool[0].has_profile);
  EXPECT_EQ(reason_of(world->write([&](db::Tx& tx) {
              return world->reviews.invite(tx, world->officer, world->call.id, {who.person, {}, 7});
            })),
            "in_pool");
  // Only its digest is kept.
  auto const digests = world->read([&](db::Tx& tx) {
    return tx.all<std::string>(db::Query{"test_digests", "SELECT token_digest FROM reviewer_invitations"});
  });
  ASSERT_TRUE(digests) << db::why(digests);
  EXPECT_EQ(digests->at(0), crypto::token_digest(*invited.token).hex());
  EXPECT_EQ(world->said("reviewer.invited"), 1);
  EXPECT_EQ(world->said("reviewer.invitation_answered"), 1);
}

TEST_P(ReviewingDb, AnInvitationExpiresAndNeverAcceptsItself) {
  auto const invited = world->must([&](db::Tx& tx) {
    return world->reviews.invite(tx, world->officer, world->call.id, {{}, "Someone@Example.org", 3});
  });
  EXPECT_EQ(invited.email, "someone@example.org");
  world->clock.advance(3 * kDay - 1);
  EXPECT_FALSE(world->must([&](db::Tx& tx) { return world->reviews.turn(tx); }));
  world->clock.advance(1);
  // Before any background work has run.
  auto const late = world->write(
      [&](db::Tx& tx) { return world->reviews.answer_invitation(tx, world->stranger, {*invited.token, true, ""}); });
  EXPECT_EQ(reason_of(late), "invitation_state");
  EXPECT_TRUE(world->must([&](db::Tx& tx) { return world->reviews.turn(tx); }));
  EXPECT_FALSE(world->must([&](db::Tx& tx) { return world->reviews.turn(tx); }));
  EXPECT_EQ(world->said("reviewer.invitation_expired"), 1);
  auto const list =
      world->must([&](db::Tx& tx) { return world->reviews.invitations(tx, world->officer, world->call.id); });
  EXPECT_EQ(list.at(0).state, InvitationState::expired);
  EXPECT_TRUE(world->must([&](db::Tx& tx) { return world->reviews.pool(tx, world->officer, world->call.id); }).empty());
  EXPECT_EQ(reason_of(world->write(
                [&](db::Tx& tx) { return world->reviews.withdraw_invitation(tx, world->officer, invited.id); })),
            "invitation_state");
}

TEST_P(ReviewingDb, AReviewerReadsBlindAndMoreAfterAccepting) {
  world->pool_of_four();
  auto const pair = world->assigned_and_sent().pairs.at(0);
  auto const& by = world->who(pair.reviewer);
  auto const before = world->must([&](db::Tx& tx) { return world->reviews.task(tx, by, pair.id); });
  EXPECT_TRUE(before.blind);
  EXPECT_TRUE(shows(before.sheet, "abstract"));
  EXPECT_FALSE(shows(before.sheet, "codes")) << "not for everybody";
  EXPECT_FALSE(shows(before.sheet, "org_name"));
  world->accept(pair);
  auto const after = world->must([&](db::Tx& tx) { return world->reviews.task(tx, by, pair.id); });
  EXPECT_TRUE(shows(after.sheet, "codes"));
  for (auto const* field : {"org_name", "pi_family_names", "pi_orcid", "pi_email"})
    EXPECT_FALSE(shows(after.sheet, field)) << field;
  EXPECT_GT(after.sheet.left_out, 0);
  for (auto const& other : world->reviewers) {
    if (other.person == by.person) continue;
    EXPECT_EQ(reason_of(world->read([&](db::Tx& tx) { return world->reviews.task(tx, other, pair.id); })), "assignment");
  }
}

TEST_P(ReviewingDb, ADraftIsKeptAndSentOnceItIsComplete) {
  world->pool_of_four();
  auto const pair = world->assigned_and_sent().pairs.at(0);
  auto const& by = world->who(pair.reviewer);
  auto const save = [&](ReviewDraft const& draft) {
    return world->write([&](db::Tx& tx) { return world->reviews.save_review(tx, by, pair.id, draft); });
  };
  auto const submit = [&] {
    return world->write([&](db::Tx& tx) { return world->reviews.submit_review(tx, by, pair.id); });
  };
  EXPECT_EQ(reason_of(save({})), "assignment_state") << "accept first";
  world->accept(pair);
  EXPECT_EQ(reason_of(submit()), "no_review");
  EXPECT_TRUE(save({}));
  EXPECT_EQ(reason_of(submit()), "review");
  EXPECT_EQ(reason_of(save({{{"excellence", 4600}}, {}, ""})), "review");
  EXPECT_EQ(reason_of(save({{{"charm", 1000}}, {}, ""})), "review");
  EXPECT_TRUE(save(World::content(4500)));
  EXPECT_TRUE(world->must([&](db::Tx& tx) { return world->reviews.scored(tx, pair.proposal); }).empty())
      << "a draft is no review";
  auto const sent = submit();
  ASSERT_TRUE(sent) << db::why(sent);
  EXPECT_TRUE(sent->submitted);
  EXPECT_EQ(reason_of(submit()), "review_sent");
  EXPECT_EQ(reason_of(save(World::content(0))), "review_sent");
  auto const scored = world->must([&](db::Tx& tx) { return world->reviews.scored(tx, pair.proposal); });
  ASSERT_EQ(scored.size(), 1u);
  EXPECT_EQ(scored[0].scores_milli.at("excellence"), 4500);
  EXPECT_EQ(world->said("review.submitted"), 1);
}

TEST_P(ReviewingDb, ALateReviewWaitsForAnExtension) {
  world->pool_of_four();
  auto const made = world->assigned_and_sent();
  auto const pair = made.pairs.at(0);
  auto const& by = world->who(pair.reviewer);
  world->accept(pair);
  world->must([&](db::Tx& tx) { return world->reviews.save_review(tx, by, pair.id, World::content(4500)); });
  world->clock.set(made.due->us);
  auto const submit = [&] {
    return world->write([&](db::Tx& tx) { return world->reviews.submit_review(tx, by, pair.id); });
  };
  EXPECT_EQ(reason_of(submit()), "review_late");
  auto const past = world->write([&](db::Tx& tx) {
    return world->reviews.extend(tx, world->officer, world->round, {Time{world->clock.now()}, "Snow."});
  });
  EXPECT_EQ(reason_of(past), "due");
  world->must([&](db::Tx& tx) {
    return world->reviews.extend(tx, world->officer, world->round, {world->due(), "Snow."});
  });
  EXPECT_TRUE(submit());
  EXPECT_EQ(world->said("review.due_moved"), 1);
}

TEST_P(ReviewingDb, OtherReviewsAreSeenOnlyAfterOnesOwnAndWithoutNames) {
  world->pool_of_four();
  world->assigned_and_sent();
  auto const pairs = world->active(world->proposals[0]);
  ASSERT_EQ(pairs.size(), 2u);
  world->accept(pairs[0]);
  world->accept(pairs[1]);
  world->submitted(pairs[0], 4500);
  auto const seen = [&](AssignedPair const& pair) {
    return world->must([&](db::Tx& tx) { return world->reviews.task(tx, world->who(pair.reviewer), pair.id); });
  };
  EXPECT_TRUE(seen(pairs[1]).others.empty());
  EXPECT_TRUE(seen(pairs[0]).others.empty());
  world->submitted(pairs[1], 2000);
  ASSERT_EQ(seen(pairs[0]).others.size(), 1u);
  EXPECT_EQ(seen(pairs[0]).others[0].scores_milli.at("excellence"), 2000);
  EXPECT_EQ(seen(pairs[1]).others.at(0).scores_milli.at("excellence"), 4500);
}

TEST_P(ReviewingDb, AReviewStandsMarkedWhenItsReviewerWithdrawsAndAnOfficerDecides) {
  world->pool_of_four();
  auto const pair = world->assigned_and_sent().pairs.at(0);
  auto const& by = world->who(pair.reviewer);
  world->accept(pair);
  auto const review = world->submitted(pair, 4500);
  auto const decide = [&](Actor const& who, bool counts) {
    return world->write([&](db::Tx& tx) { return world->reviews.count(tx, who, review.id, {counts, "He fell out."}); });
  };
  EXPECT_EQ(reason_of(decide(world->officer, false)), "review_not_marked") << "no officer drops a sound review";
  world->must([&](db::Tx& tx) { return world->reviews.withdraw(tx, by, pair.id, "A quarrel."); });
  EXPECT_EQ(world->must([&](db::Tx& tx) { return world->reviews.scored(tx, pair.proposal); }).size(), 1u);
  EXPECT_EQ(world->active(pair.proposal).size(), 1u) << "its place is filled by what was sent";
  auto const shown =
      world->must([&](db::Tx& tx) { return world->reviews.reviews_of(tx, world->officer, pair.proposal); });
  EXPECT_EQ(shown.at(0).marked, "Its reviewer withdrew.");
  EXPECT_EQ(reason_of(decide(by, false)), "role");
  EXPECT_TRUE(decide(world->officer, false));
  EXPECT_TRUE(world->must([&](db::Tx& tx) { return world->reviews.scored(tx, pair.proposal); }).empty());
  EXPECT_EQ(world->active(pair.proposal).size(), 2u) << "and free once it does not count";
  EXPECT_EQ(world->said("review.counting_decided"), 1);
  EXPECT_TRUE(decide(world->officer, true));
  EXPECT_EQ(world->must([&](db::Tx& tx) { return world->reviews.scored(tx, pair.proposal); }).size(), 1u);
}

TEST_P(ReviewingDb, AConflictDeclaredAfterScoringTakesTheReviewOut) {
  world->pool_of_four();
  auto const pair = world->assigned_and_sent().pairs.at(0);
  auto const& by = world->who(pair.reviewer);
  world->accept(pair);
  world->submitted(pair, 4500);
  world->must([&](db::Tx& tx) { return world->reviews.declare(tx, by, pair.id, "My sister works there."); });
  EXPECT_TRUE(world->must([&](db::Tx& tx) { return world->reviews.scored(tx, pair.proposal); }).empty());
  EXPECT_EQ(world->active(pair.proposal).size(), 2u);
  EXPECT_EQ(world->said("conflict.declared"), 1);
}

TEST_P(ReviewingDb, TheExpertStepPassesWithTheQuorumAndNamesTheShort) {
  world->pool_of_four();
  world->assigned_and_sent();
  for (auto const& pair : world->active(world->proposals[0])) {
    world->accept(pair);
    world->submitted(pair, 4500);
  }
  auto const one = world->active(world->proposals[1]).at(0);
  world->accept(one);
  world->submitted(one, 3000);
  auto const close = [&](Actor const& who) {
    return world->write(
        [&](db::Tx& tx) { return world->reviews.close_expert(tx, who, world->round, {"Reviewed.", {}}); });
  };
  EXPECT_EQ(reason_of(close(world->applicant)), "role");
  auto const closed = close(world->officer);
  ASSERT_TRUE(closed) << db::why(closed);
  EXPECT_EQ(closed->passed, (std::vector{world->proposals[0]}));
  ASSERT_EQ(closed->open.size(), 2u);
  EXPECT_EQ(closed->open[0].proposal, world->proposals[1]);
  EXPECT_EQ(closed->open[0].reviews, 1);
  EXPECT_EQ(closed->open[0].quorum, 2);
  auto const steps =
      world->must([&](db::Tx& tx) { return world->rounds.steps(tx, world->officer, world->proposals[0]); });
  EXPECT_EQ(steps.at(0).state, calls::StepState::passed);
  EXPECT_EQ(steps.at(1).state, calls::StepState::active);
  EXPECT_EQ(world->said("expert.closed"), 1);
  auto const figures =
      world->must([&](db::Tx& tx) { return world->reviews.figures(tx, world->officer, world->round); });
  ASSERT_EQ(figures.size(), 3u);
  EXPECT_EQ(figures[0].candidate, world->proposals[0].text());
  EXPECT_EQ(figures[0].score_millionths, 900'000);
  EXPECT_EQ(std::ranges::count(figures, matching::RankState::below_quorum, &matching::RankLine::state), 2);
}

TEST_P(ReviewingDb, ApplicantsAnswerTheCommentsOnceWithinTheDaysSet) {
  world->pool_of_four();
  world->assigned_and_sent();
  world->all_reviewed(4500);
  auto const open = [&] {
    return world->write([&](db::Tx& tx) { return world->reviews.open_rebuttals(tx, world->officer, world->round); });
  };
  ASSERT_TRUE(open());
  EXPECT_TRUE(open()->empty()) << "not before the expert step has passed";
  world->must([&](db::Tx& tx) {
    return world->reviews.close_expert(tx, world->officer, world->round, {"Reviewed.", {}});
  });
  auto const opened = open();
  ASSERT_TRUE(opened) << db::why(opened);
  EXPECT_EQ(opened->size(), 3u);
  EXPECT_TRUE(open()->empty());
  auto const& proposal = world->proposals[0];
  auto const read = [&](Actor const& who) {
    return world->read([&](db::Tx& tx) { return world->reviews.rebuttal(tx, who, proposal); });
  };
  auto const answer = [&](Actor const& who, PublicId const& to) {
    return world->write([&](db::Tx& tx) { return world->reviews.rebut(tx, who, to, "We disagree."); });
  };
  auto const shown = read(world->applicant);
  ASSERT_TRUE(shown) << db::why(shown);
  ASSERT_EQ(shown->comments.size(), 2u);
  EXPECT_EQ(json::write(*shown).find("Between us."), std::string::npos);
  EXPECT_EQ(json::write(*shown).find(world->reviewers[0].person.text()), std::string::npos);
  for (auto const& who : {world->stranger, world->reviewers[0]}) {
    EXPECT_FALSE(read(who));
    EXPECT_FALSE(answer(who, proposal));
  }
  EXPECT_FALSE(answer(world->officer, proposal)) << "not in the applicant's place";
  EXPECT_TRUE(answer(world->applicant, proposal));
  EXPECT_EQ(reason_of(answer(world->applicant, proposal)), "rebuttal_answered");
  EXPECT_EQ(read(world->officer)->answer, "We disagree.");
  EXPECT_EQ(world->said("proposal.rebutted", world->project_ids[0].text()), 1);
  world->clock.set(shown->due.us);
  EXPECT_EQ(reason_of(answer(world->applicant, world->proposals[1])), "rebuttal_over");
}

TEST_P(ReviewingDb, AnOfficerWithAPartInAProjectHasNoneInItsReviews) {
  world->pool_of_four();
  world->assigned_and_sent();
  world->all_reviewed(4500);
  auto partial = world->officer;
  partial.grants.push_back({identity::Role::project_member, world->project_ids[0].text()});
  auto const& own = world->proposals[0];
  auto const refused = [&](auto&& use_case) { return reason_of(world->write(use_case)); };
  EXPECT_EQ(refused([&](db::Tx& tx) { return world->reviews.reviews_of(tx, partial, own); }), "own_project");
  EXPECT_EQ(refused([&](db::Tx& tx) { return world->reviews.matrix(tx, partial, own); }), "own_project");
  EXPECT_EQ(refused([&](db::Tx& tx) { return world->reviews.conflicts(tx, partial, own); }), "own_project");
  EXPECT_EQ(refused([&](db::Tx& tx) { return world->reviews.save_consensus(tx, partial, own, "Fine."); }),
            "own_project");
  EXPECT_EQ(refused([&](db::Tx& tx) { return world->reviews.certificate(tx, partial, world->round); }), "own_project");
  auto const seen = world->must([&](db::Tx& tx) { return world->reviews.assignment(tx, partial, world->round); });
  EXPECT_TRUE(std::ranges::none_of(seen.pairs, [&](auto const& pair) { return pair.proposal == own; }));
  EXPECT_EQ(world->must([&](db::Tx& tx) { return world->reviews.figures(tx, partial, world->round); }).size(), 2u);
  auto const closed = world->must(
      [&](db::Tx& tx) { return world->reviews.close_expert(tx, partial, world->round, {"Reviewed.", {}}); });
  EXPECT_EQ(closed.passed.size(), 2u);
  ASSERT_EQ(closed.open.size(), 1u);
  EXPECT_EQ(closed.open[0].proposal, own);
}

TEST_P(ReviewingDb, WhatIsTheOfficesIsNobodyElses) {
  world->pool_of_four();
  world->assigned_and_sent();
  auto& all = world->reviews;
  auto const& round = world->round;
  auto const& call = world->call.id;
  auto const& proposal = world->proposals[0];
  auto const someone = world->new_id();
  struct Case {
    std::string_view name;
    std::function<std::string(db::Tx&, Actor const&)> ask;
  };
  Time const due = world->due();
  std::vector<Case> const cases{
      {"invite", [&](auto& tx, auto& who) { return reason_of(all.invite(tx, who, call, {{}, "a@b.org", 7})); }},
      {"invitations", [&](auto& tx, auto& who) { return reason_of(all.invitations(tx, who, call)); }},
      {"withdraw_invitation",
       [&](auto& tx, auto& who) { return reason_of(all.withdraw_invitation(tx, who, someone)); }},
      {"pool", [&](auto& tx, auto& who) { return reason_of(all.pool(tx, who, call)); }},
      {"leave_pool",
       [&](auto& tx, auto& who) {
         auto const left = all.leave_pool(tx, who, call, someone, "Out.");
         return left ? std::string{"ok"} : left.error().reason;
       }},
      {"settings", [&](auto& tx, auto& who) { return reason_of(all.settings(tx, who, call)); }},
      {"save_settings", [&](auto& tx, auto& who) { return reason_of(all.save_settings(tx, who, call, {})); }},
      {"propose", [&](auto& tx, auto& who) { return reason_of(all.propose(tx, who, round)); }},
      {"send", [&](auto& tx, auto& who) { return reason_of(all.send(tx, who, round, due)); }},
      {"extend", [&](auto& tx, auto& who) { return reason_of(all.extend(tx, who, round, {due, "Snow."})); }},
      {"assignment", [&](auto& tx, auto& who) { return reason_of(all.assignment(tx, who, round)); }},
      {"certificate", [&](auto& tx, auto& who) { return reason_of(all.certificate(tx, who, round)); }},
      {"matrix", [&](auto& tx, auto& who) { return reason_of(all.matrix(tx, who, proposal)); }},
      {"conflicts", [&](auto& tx, auto& who) { return reason_of(all.conflicts(tx, who, proposal)); }},
      {"waive", [&](auto& tx, auto& who) { return reason_of(all.waive(tx, who, someone, "No matter.")); }},
      {"reviews_of", [&](auto& tx, auto& who) { return reason_of(all.reviews_of(tx, who, proposal)); }},
      {"count", [&](auto& tx, auto& who) { return reason_of(all.count(tx, who, someone, {false, "No."})); }},
      {"figures", [&](auto& tx, auto& who) { return reason_of(all.figures(tx, who, round)); }},
      {"close_expert",
       [&](auto& tx, auto& who) { return reason_of(all.close_expert(tx, who, round, {"Reviewed.", {}})); }},
      {"save_consensus", [&](auto& tx, auto& who) { return reason_of(all.save_consensus(tx, who, proposal, "A.")); }},
      {"consensus", [&](auto& tx, auto& who) { return reason_of(all.consensus(tx, who, proposal)); }},
      {"open_rebuttals", [&](auto& tx, auto& who) { return reason_of(all.open_rebuttals(tx, who, round)); }},
  };
  for (auto const& one : cases) {
    auto const ask = [&](Actor const& who) {
      std::string out;
      // An error in the end, so that nothing that was allowed stays.
      auto const done = world->write([&](db::Tx& tx) -> Result<> {
        out = one.ask(tx, who);
        return fail(Errc::conflict, "rolled_back", "Nothing is kept.");
      });
      EXPECT_FALSE(done);
      return out;
    };
    EXPECT_EQ(ask({}), "login_required") << one.name;
    for (auto const& who : {world->applicant, world->stranger, world->reviewers[0]})
      EXPECT_EQ(ask(who), "role") << one.name << " by " << who.name;
    auto const officer = ask(world->officer);
    EXPECT_NE(officer, "role") << one.name;
    EXPECT_NE(officer, "login_required") << one.name;
  }
}

TEST_P(ReviewingDb, AReviewersWorkIsNobodyElses) {
  world->pool_of_four();
  auto const pair = world->assigned_and_sent().pairs.at(0);
  auto& all = world->reviews;
  for (auto const& who : {Actor{}, world->applicant, world->stranger, world->officer}) {
    auto const expected = who.anonymous() ? "login_required" : "assignment";
    auto const ask = [&](auto&& use_case) { return reason_of(world->write(use_case)); };
    EXPECT_EQ(ask([&](db::Tx& tx) { return all.task(tx, who, pair.id); }), expected) << who.name;
    EXPECT_EQ(ask([&](db::Tx& tx) { return all.answer(tx, who, pair.id, {true, "", {}}); }), expected) << who.name;
    EXPECT_EQ(ask([&](db::Tx& tx) { return all.withdraw(tx, who, pair.id, "Out."); }), expected) << who.name;
    EXPECT_EQ(ask([&](db::Tx& tx) { return all.declare(tx, who, pair.id, "Kin."); }), expected) << who.name;
    EXPECT_EQ(ask([&](db::Tx& tx) { return all.save_review(tx, who, pair.id, {}); }), expected) << who.name;
    EXPECT_EQ(ask([&](db::Tx& tx) { return all.submit_review(tx, who, pair.id); }), expected) << who.name;
  }
  EXPECT_EQ(reason_of(world->read([&](db::Tx& tx) { return all.tasks(tx, {}); })), "login_required");
  EXPECT_TRUE(world->must([&](db::Tx& tx) { return all.tasks(tx, world->applicant); }).empty());
}

}  // namespace
}  // namespace fabrica::reviews
