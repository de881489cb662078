#include "notices/testing/world.hpp"
#include "reviews/testing/world.hpp"

namespace fabrica::notices {
namespace {

using reviews::Actor;
using Kinds = std::vector<std::string>;

// Reviewers of three proposals, and notices of what happens to them.
struct Told : reviews::World {
  explicit Told(db::Database& on) : reviews::World{on} {
    turn_notices();
    pool_of_four();
  }
  void turn_notices() {
    must([](db::Tx& tx) -> Result<bool> {
      FABRICA_DO(testing::sequence(tx));
      return true;
    });
    for (bool more = true; more;) {
      auto const turned = notices.turn(database);
      ASSERT_TRUE(turned) << db::why(turned);
      more = *turned;
    }
  }
  Kinds kinds(Actor const& who) {
    turn_notices();
    Kinds out;
    for (auto const& one : must([&](db::Tx& tx) { return notices.list(tx, who, false, {}, 200); }))
      out.emplace(out.begin(), db::enum_name(one.kind));
    return out;
  }
  std::string last(Actor const& who) {
    turn_notices();
    auto const all = must([&](db::Tx& tx) { return notices.list(tx, who, false, {}, 1); });
    return all.empty() ? "" : all[0].subject + "\n" + all[0].text;
  }

  NullLog log;
  Notices notices{testing::parts_on(clock, random, log, journal, testing::with_mail())};
};

class RemindersDb : public db::DbTest {};
FABRICA_ON_BOTH(RemindersDb);

std::int64_t of(Kinds const& kinds, std::string_view kind) { return std::ranges::count(kinds, kind); }

TEST_P(RemindersDb, AskEachReviewerOnceHoweverManyProposals) {
  Told w{db()};
  w.assigned_and_sent();
  std::map<PublicId, int> pairs;
  for (auto const& pair : w.assignment().pairs) ++pairs[pair.reviewer];
  for (auto const& reviewer : w.reviewers) {
    EXPECT_EQ(of(w.kinds(reviewer), "review_assigned"), pairs.contains(reviewer.person) ? 1 : 0);
    if (pairs.contains(reviewer.person)) {
      EXPECT_NE(w.last(reviewer).find(fmt::format("You are asked to review {} proposal", pairs[reviewer.person])),
                std::string::npos)
          << w.last(reviewer);
    }
  }
  // Whoever applied hears nothing of who reviews.
  for (auto const& kind : w.kinds(w.applicant)) EXPECT_FALSE(kind.starts_with("review")) << kind;
}

TEST_P(RemindersDb, AskTheReplacementAloneAfterARefusal) {
  Told w{db()};
  w.assigned_and_sent();
  w.turn_notices();
  std::map<PublicId, std::int64_t> before;
  for (auto const& reviewer : w.reviewers) before[reviewer.person] = of(w.kinds(reviewer), "review_assigned");
  auto const pair = w.active(w.proposals[0]).front();
  w.clock.advance(kMinute);
  w.must([&](db::Tx& tx) { return w.reviews.answer(tx, w.who(pair.reviewer), pair.id, {false, "No time", {}}); });
  std::int64_t more = 0;
  for (auto const& reviewer : w.reviewers) more += of(w.kinds(reviewer), "review_assigned") - before[reviewer.person];
  auto const now = w.active(w.proposals[0]);
  EXPECT_EQ(more, 1);
  EXPECT_EQ(of(w.kinds(w.officer), "assignment_declined"), 1);
  EXPECT_EQ(w.last(w.officer).find("No time"), std::string::npos);
}

TEST_P(RemindersDb, ComeBeforeAndAfterTheDateAndAgainForAnotherDate) {
  Told w{db()};
  w.assigned_and_sent();
  auto const pairs = w.assignment().pairs;
  auto const& late = w.who(pairs.front().reviewer);
  w.accept(pairs.front());
  w.turn_notices();
  w.clock.advance(7 * kDay - kMinute);
  EXPECT_EQ(of(w.kinds(late), "review_due_soon"), 0);
  w.clock.advance(2 * kMinute);
  EXPECT_EQ(of(w.kinds(late), "review_due_soon"), 1);
  w.must([&](db::Tx& tx) {
    return w.reviews.extend(tx, w.officer, w.round, {Time{w.clock.now() + 10 * kDay}, "Holidays"});
  });
  EXPECT_EQ(of(w.kinds(late), "review_due_moved"), 1);
  EXPECT_NE(w.last(late).find("Holidays"), std::string::npos);
  w.clock.advance(9 * kDay);
  EXPECT_EQ(of(w.kinds(late), "review_due_soon"), 2);
  EXPECT_EQ(of(w.kinds(late), "review_overdue"), 0);
  w.clock.advance(2 * kDay);
  EXPECT_EQ(of(w.kinds(late), "review_overdue"), 1);
  EXPECT_EQ(of(w.kinds(w.officer), "reviews_overdue"), 1);
  w.clock.advance(20 * kDay);
  EXPECT_EQ(of(w.kinds(late), "review_overdue"), 1);
  EXPECT_EQ(of(w.kinds(w.officer), "reviews_overdue"), 1);
}

TEST_P(RemindersDb, AreNotForWhoHasSentTheirReviews) {
  Told w{db()};
  w.assigned_and_sent();
  w.all_reviewed(4000);
  w.turn_notices();
  w.clock.advance(30 * kDay);
  for (auto const& reviewer : w.reviewers) {
    EXPECT_EQ(of(w.kinds(reviewer), "review_due_soon"), 0);
    EXPECT_EQ(of(w.kinds(reviewer), "review_overdue"), 0);
  }
  EXPECT_EQ(of(w.kinds(w.officer), "reviews_overdue"), 0);
}

TEST_P(RemindersDb, TellWhoWasTakenOffByAConflictFoundLate) {
  Told w{db()};
  w.assigned_and_sent();
  w.turn_notices();
  auto const pair = w.assignment().pairs.front();
  auto const& who = w.who(pair.reviewer);
  auto profile = w.profile("speech", "Riga Speech");
  profile.affiliations = {{"Riga Speech", w.organisation_id, {}}};
  w.must([&](db::Tx& tx) { return w.reviews.save_profile(tx, who, who.person, profile); });
  std::int64_t mine = 0;
  for (auto const& one : w.assignment().pairs) mine += one.reviewer == pair.reviewer ? 1 : 0;
  auto const kinds = w.kinds(who);
  EXPECT_GE(of(kinds, "assignment_taken_off"), 1);
  EXPECT_LE(of(kinds, "assignment_taken_off"), mine);
  EXPECT_NE(w.last(who).find("nothing you have to do"), std::string::npos);
}

TEST_P(RemindersDb, TellTheAdministratorsOfStepsThatStayOverdue) {
  Told w{db()};
  w.turn_notices();
  auto const due = w.clock.now() + kHour;
  w.must([&](db::Tx& tx) {
    return tx.run({"test_due", "UPDATE proposal_steps SET due_us = $1 WHERE state = 'active'"}, due);
  });
  w.clock.advance(2 * kHour);
  w.turn_rounds();
  EXPECT_EQ(of(w.kinds(w.officer), "step_overdue"), 3);
  EXPECT_EQ(of(w.kinds(w.admin), "steps_long_overdue"), 0);
  w.clock.advance(3 * kDay);
  EXPECT_EQ(of(w.kinds(w.admin), "steps_long_overdue"), 1);
  EXPECT_NE(w.last(w.admin).find("3 proposals of the call Hours by review"), std::string::npos) << w.last(w.admin);
  w.clock.advance(3 * kDay);
  EXPECT_EQ(of(w.kinds(w.admin), "steps_long_overdue"), 1);
}

TEST_P(RemindersDb, TellApplicantsWhatWasDecidedAndWhenTheyHaveToAnswer) {
  Told w{db()};
  w.turn_notices();
  auto const& proposal = w.proposals[0];
  auto const chain = w.project_ids[0].text();
  w.must([&](db::Tx& tx) -> Result<bool> {
    auto const body = fmt::format(R"({{"proposal":"{}","state":"offered","partition":"meluxina/gpu","amount_units":20,)"
                                  R"("reason":"Rank 1","answer_by":"2026-12-01T10:00:00Z"}})",
                                  proposal.text());
    FABRICA_DO(w.journal.append(tx, {chain, "proposal.decided", "fabrica", {}, body}));
    FABRICA_DO(tx.run({"test_response",
                       "INSERT INTO proposal_steps (proposal_id, position, kind, state, due_us) SELECT id, "
                       "9, 'response', 'pending', $2 FROM proposals WHERE public_id = $1"},
                      proposal, w.clock.now() + 5 * kDay));
    FABRICA_DO(tx.run({"test_pass", "UPDATE proposal_steps SET state = 'passed' WHERE state = 'active'"}));
    FABRICA_DO(tx.run({"test_active", "UPDATE proposal_steps SET state = 'active' WHERE kind = 'response'"}));
    return true;
  });
  auto const text = w.last(w.applicant);
  EXPECT_NE(text.find("Decision on Speech: hours are offered to you"), std::string::npos) << text;
  EXPECT_NE(text.find("20 node-hours on meluxina/gpu are offered"), std::string::npos) << text;
  EXPECT_NE(text.find("by 2026-12-01 10:00 UTC"), std::string::npos) << text;
  EXPECT_EQ(of(w.kinds(w.applicant), "offer_due_soon"), 0);
  w.clock.advance(3 * kDay + kMinute);
  EXPECT_EQ(of(w.kinds(w.applicant), "offer_due_soon"), 1);
  w.clock.advance(2 * kDay);
  w.turn_rounds();
  auto const kinds = w.kinds(w.applicant);
  EXPECT_EQ(of(kinds, "offer_due_soon"), 1);
  EXPECT_EQ(of(kinds, "offer_overdue"), 1);
}

TEST_P(RemindersDb, TellOfAnInvitationAndOfItsEnd) {
  Told w{db()};
  w.reviews.on_invited([&](db::Tx& tx, reviews::Invitation const& made) { return w.notices.invited(tx, made); });
  auto const somebody = w.person("Nora New", "nora");
  auto const made =
      w.must([&](db::Tx& tx) { return w.reviews.invite(tx, w.officer, w.call.id, {somebody.person, {}, 7}); });
  EXPECT_EQ(w.kinds(somebody), Kinds{"review_invitation"});
  w.must([&](db::Tx& tx) { return w.reviews.withdraw_invitation(tx, w.officer, made.id); });
  EXPECT_EQ(w.kinds(somebody), (Kinds{"review_invitation", "invitation_closed"}));
}

}  // namespace
}  // namespace fabrica::notices
