// Every step of a use case fails once; afterwards it is wholly done or not at all, and trying again completes it.
#include "matching/certificate.hpp"
#include "reviews/testing/world.hpp"

namespace fabrica::reviews {
namespace {

class ReviewFaults : public db::DbTest {
 protected:
  // A world with a pool, whose reviewers were asked.
  std::unique_ptr<db::Database> asked() {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    at->pool_of_four();
    pair = at->assigned_and_sent().pairs.front();
    return database;
  }
  void expect_chains_whole() {
    auto const chains = at->read([&](db::Tx& tx) { return at->journal.check(tx); });
    ASSERT_TRUE(chains) << db::why(chains);
    EXPECT_TRUE(chains->empty());
  }
  AssignmentState state() {
    auto const all = at->assignment().pairs;
    return std::ranges::find(all, pair.id, &AssignedPair::id)->state;
  }
  std::unique_ptr<World> at;
  AssignedPair pair;
};
FABRICA_ON_BOTH(ReviewFaults);

TEST_P(ReviewFaults, ADeclineAndTheReplacementAreOneThing) {
  auto const run = [&](db::Database& database) {
    return database.write(
        [&](db::Tx& tx) { return at->reviews.answer(tx, at->who(pair.reviewer), pair.id, {false, "On leave.", {}}); });
  };
  auto const faults = db::for_each_fault(
      [&] { return asked(); }, run,
      [&](db::Database&, bool succeeded) {
        bool const declined = state() == AssignmentState::declined;
        EXPECT_TRUE(declined || !succeeded);
        EXPECT_EQ(at->active(pair.proposal).size(), 2u) << "never fewer than asked for";
        EXPECT_EQ(at->said("assignment.answered"), declined ? 1 : 0);
        EXPECT_EQ(at->said("assignment.solved"), declined ? 2 : 1);
        auto const again = run(at->database);
        if (declined) EXPECT_EQ(reason_of(again), "assignment_state");
        else EXPECT_TRUE(again) << db::why(again);
        EXPECT_EQ(state(), AssignmentState::declined);
        EXPECT_EQ(at->active(pair.proposal).size(), 2u);
        auto const verdict = matching::verify_certificate(
            at->must([&](db::Tx& tx) { return at->reviews.certificate(tx, at->officer, at->round); }));
        EXPECT_EQ(verdict->state, matching::CertificateState::optimal) << verdict->because;
        expect_chains_whole();
      });
  EXPECT_GT(faults, 25);
}

TEST_P(ReviewFaults, AReviewIsSentWithItsStatementOrStaysADraft) {
  auto const make_world = [&] {
    auto database = asked();
    at->accept(pair);
    at->must(
        [&](db::Tx& tx) { return at->reviews.save_review(tx, at->who(pair.reviewer), pair.id, World::content(4000)); });
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) { return at->reviews.submit_review(tx, at->who(pair.reviewer), pair.id); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    auto const sent = at->must([&](db::Tx& tx) { return at->reviews.reviews_of(tx, at->officer, pair.proposal); });
    EXPECT_TRUE(!sent.empty() || !succeeded);
    EXPECT_EQ(at->said("review.submitted"), std::ssize(sent));
    auto const again = run(at->database);
    EXPECT_EQ(reason_of(again), sent.empty() ? "ok" : "review_sent");
    EXPECT_EQ(at->said("review.submitted"), 1);
    expect_chains_whole();
  });
  EXPECT_GT(faults, 10);
}

TEST_P(ReviewFaults, APanelsDecisionIsTakenWithItsStatementOrNotAtAll) {
  Actor chair;
  auto const make_world = [&] {
    auto database = asked();
    at->all_reviewed(4500);
    at->must([&](db::Tx& tx) { return at->reviews.close_expert(tx, at->officer, at->round, {"Reviewed.", {}}); });
    chair = at->person("Carla Chair", "chair");
    at->must([&](db::Tx& tx) {
      return at->reviews.set_panel(tx, at->officer, at->round, {{Appointment{chair.person, PanelRole::chair}}});
    });
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) {
      return at->rounds.decide(tx, chair, pair.proposal, calls::StepKind::panel, {true, "The panel agrees.", {}});
    });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    auto const steps = at->must([&](db::Tx& tx) { return at->rounds.steps(tx, at->officer, pair.proposal); });
    bool const passed = steps.at(1).state == calls::StepState::passed;
    EXPECT_TRUE(passed || !succeeded);
    EXPECT_EQ(steps.at(2).state, passed ? calls::StepState::active : calls::StepState::pending);
    EXPECT_EQ(at->said("proposal.step_decided"), passed ? 4 : 3) << "three were the expert steps";
    EXPECT_EQ(reason_of(run(at->database)), passed ? "step_state" : "ok");
  });
  EXPECT_GT(faults, 10);
}

TEST_P(ReviewFaults, ASeedIsCommittedToOnceWhicheverStepFails) {
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    Settings settings;
    settings.randomise = Randomise{};
    at->must([&](db::Tx& tx) { return at->reviews.save_settings(tx, at->officer, at->call.id, settings); });
    return database;
  };
  auto const run = [&](db::Database& database) -> Result<> {
    for (bool more = true; more;) {
      FABRICA_TRY(more, database.write([&](db::Tx& tx) { return at->reviews.turn(tx); }));
    }
    return {};
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool) {
    ASSERT_TRUE(run(at->database));
    auto const rounds = at->must([&](db::Tx& tx) { return at->rounds.list(tx, at->officer, at->call.id); });
    EXPECT_EQ(at->said("assignment.seed_committed"), std::ssize(rounds) - 1);
    expect_chains_whole();
  });
  EXPECT_GT(faults, 10);
}

}  // namespace
}  // namespace fabrica::reviews
