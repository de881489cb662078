#include <map>
#include <random>

#include "calls/testing/reviewed_world.hpp"

namespace fabrica::calls {
namespace {

using identity::Actor;

using testing::kStart;

// A reviewed call with a cut-off each month on the 15th at 10:00 in Brussels, and a project that may apply.
struct World : testing::ReviewedWorld {
  explicit World(db::Database& on) : ReviewedWorld{on} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(first_administrator(tx));
      identity::OrganisationDraft const sme{"Firm", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}};
      FABRICA_TRY(auto const firm, identity.create_organisation(tx, admin, sme));
      FABRICA_TRY(auto const one, projects.create(tx, admin, {firm.id, "One", "A project", "other"}));
      project = one.id;
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    member = {identity::PersonId{77}, id(), "Member", {{identity::Role::project_member, project.text()}}, {}};
    officer = {identity::PersonId{78}, id(), "Officer", {{identity::Role::access_officer, ""}}, {}};
    operator_ = {identity::PersonId{79}, id(), "Operator", {{identity::Role::operator_, ""}}, {}};
    publish_call(officer, call_draft());
  }

  static CallDraft call_draft() {
    auto draft = testing::reviewed_call();
    auto& rules = *draft.reviewed;
    rules.steps = {
        {StepKind::administrative, schedule::Answer{schedule::AnswerUnit::working_days, 2}, {"CV is there"}, false},
        {StepKind::technical, schedule::Answer{schedule::AnswerUnit::working_days, 3}, {}, false},
        {StepKind::decision, {}, {}, false}};
    return draft;
  }
  static std::string answers() { return testing::answers(); }
  ProposalDraft proposal_draft() const { return testing::sound_proposal(call.id); }
  Result<Proposal> draft(ProposalDraft const& what) {
    return database.write([&](db::Tx& tx) { return calls.draft(tx, member, project, what); });
  }
  Result<Proposal> submit(PublicId const& proposal) {
    return database.write([&](db::Tx& tx) { return calls.submit(tx, member, proposal); });
  }
  PublicId sent() {
    auto const drafted = draft(proposal_draft());
    EXPECT_TRUE(drafted) << db::why(drafted);
    auto const answer = submit(drafted->id);
    EXPECT_TRUE(answer) << db::why(answer);
    EXPECT_EQ(answer->state, ProposalState::submitted) << answer->decision_reason;
    return drafted->id;
  }
  Proposal look(PublicId const& proposal) {
    auto const found = database.read([&](db::Tx& tx) { return calls.proposal(tx, member, proposal); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  Result<std::vector<Step>> decide(Actor const& who, PublicId const& proposal, StepKind step,
                                   StepOutcome const& outcome) {
    return database.write([&](db::Tx& tx) { return rounds.decide(tx, who, proposal, step, outcome); });
  }
  Actor member, officer, operator_;
  PublicId project;
};

class ReviewedDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  std::unique_ptr<World> world;
};
FABRICA_ON_BOTH(ReviewedDb);

TEST_P(ReviewedDb, ACallHasRoundsAheadAtItsCutOffsInItsOwnZone) {
  auto const rounds = world->rounds_of_call();
  ASSERT_EQ(rounds.size(), 2u);
  EXPECT_EQ(format_time(rounds[0].closes->us), "2026-11-15T09:00:00Z");  // 10:00 in Brussels in winter
  EXPECT_EQ(format_time(rounds[1].closes->us), "2026-12-15T09:00:00Z");
  EXPECT_EQ(rounds[1].opens.us, rounds[0].closes->us);
  world->pass_cut_off();
  EXPECT_EQ(world->rounds_of_call().size(), 3u);
  EXPECT_EQ(world->rounds_of_call()[0].state, RoundState::published) << "nothing was sent";
}

TEST_P(ReviewedDb, ProposalsSentEnterTheEvaluationAtTheCutOffAndDraftsMoveOn) {
  auto const sent = world->sent();
  auto const kept = world->draft(world->proposal_draft());
  ASSERT_TRUE(kept) << db::why(kept);
  world->clock.set(world->rounds_of_call()[0].closes->us - 1);
  world->turn_rounds();
  EXPECT_EQ(world->look(sent).state, ProposalState::submitted);
  world->pass_cut_off();
  EXPECT_EQ(world->look(sent).state, ProposalState::evaluating);
  EXPECT_EQ(world->look(kept->id).state, ProposalState::draft);
  EXPECT_EQ(world->look(kept->id).round, world->rounds_of_call()[1].id);
  EXPECT_EQ(world->kinds(world->project.text()),
            (std::vector<std::string>{"project.created", "proposal.submitted", "proposal.checked", "draft.moved",
                                      "proposal.evaluation_begun"}));
  EXPECT_EQ(world->rounds_of_call()[0].proposals, 1);
  EXPECT_EQ(world->rounds_of_call()[1].drafts, 1);
  EXPECT_EQ(world->kinds(std::string{journal::kFactoryChain}).back(), "round.cut_off");
}

TEST_P(ReviewedDb, TheMicrosecondOfTheCutOffIsTooLate) {
  auto const first = world->draft(world->proposal_draft());
  auto const second = world->draft(world->proposal_draft());
  ASSERT_TRUE(first && second);
  auto const cutoff = world->rounds_of_call()[0].closes->us;
  world->clock.set(cutoff - 1);
  EXPECT_TRUE(world->submit(first->id));
  world->clock.set(cutoff);
  auto const late = world->submit(second->id);  // before any background work has run
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "round_closed");
  world->turn_rounds();
  EXPECT_TRUE(world->submit(second->id)) << "the draft moved on and the next round takes it";
}

TEST_P(ReviewedDb, WhatWasSentCanBeCalledBackUntilTheCutOff) {
  auto const sent = world->sent();
  auto const recalled = world->database.write([&](db::Tx& tx) { return world->calls.recall(tx, world->member, sent); });
  ASSERT_TRUE(recalled) << db::why(recalled);
  EXPECT_EQ(recalled->state, ProposalState::draft);
  EXPECT_FALSE(recalled->submitted);
  EXPECT_TRUE(world->submit(sent));
  world->pass_cut_off();
  auto const late = world->database.write([&](db::Tx& tx) { return world->calls.recall(tx, world->member, sent); });
  EXPECT_EQ(late.error().reason, "proposal_state");
}

TEST_P(ReviewedDb, AnIncompleteFormIsKeptAsADraftAndRefusedWhenSent) {
  auto draft = world->proposal_draft();
  draft.form = json::Raw{"{}"};
  auto const kept = world->draft(draft);
  ASSERT_TRUE(kept) << db::why(kept);
  auto const refused = world->submit(kept->id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "form_faults");
  ASSERT_FALSE(refused.error().faults.empty());
  EXPECT_TRUE(refused.error().faults[0].pointer.starts_with("/form/")) << refused.error().faults[0].pointer;
  EXPECT_EQ(world->look(kept->id).state, ProposalState::draft);
  draft.form = json::Raw{R"({"no_such_field": 1})"};
  EXPECT_EQ(world->draft(draft).error().reason, "form_faults");
}

TEST_P(ReviewedDb, WhatCannotBeAwardedAsksForAChangeWhileThereIsTime) {
  auto draft = world->proposal_draft();
  draft.amount_units = 5;  // below the offer's least, and below the plan
  auto const kept = world->draft(draft);
  ASSERT_TRUE(kept);
  auto const asked = world->submit(kept->id);
  ASSERT_TRUE(asked) << db::why(asked);
  EXPECT_EQ(asked->state, ProposalState::incomplete);
  EXPECT_NE(asked->decision_reason.find("amount: Ask for 10 to 1000 units."), std::string::npos)
      << asked->decision_reason;
}

TEST_P(ReviewedDb, StepsFollowEachOtherAndAreDecidedByWhoseTheyAre) {
  auto const sent = world->sent();
  world->pass_cut_off();
  StepOutcome const pass{true, "In order.", {"CV is there"}};
  EXPECT_EQ(world->decide(world->member, sent, StepKind::administrative, pass).error().code, Errc::forbidden);
  EXPECT_EQ(world->decide(world->operator_, sent, StepKind::administrative, pass).error().code, Errc::forbidden);
  EXPECT_EQ(world->decide(world->officer, sent, StepKind::technical, pass).error().reason, "step_state");
  EXPECT_EQ(world->decide(world->officer, sent, StepKind::administrative, {true, "In order.", {}}).error().reason,
            "checklist");
  auto const first = world->decide(world->officer, sent, StepKind::administrative, pass);
  ASSERT_TRUE(first) << db::why(first);
  EXPECT_EQ(first->at(0).state, StepState::passed);
  EXPECT_EQ(first->at(1).state, StepState::active);
  EXPECT_EQ(world->decide(world->officer, sent, StepKind::administrative, pass).error().reason, "step_state");
  auto const second = world->decide(world->operator_, sent, StepKind::technical, {false, "It does not scale.", {}});
  ASSERT_TRUE(second) << db::why(second);
  EXPECT_EQ(second->at(1).state, StepState::failed);
  EXPECT_EQ(second->at(2).state, StepState::pending) << "a failed step ends the evaluation";
}

TEST_P(ReviewedDb, ApplicantsDoNotSeeAnOutcomeBeforeItIsPublished) {
  auto const sent = world->sent();
  world->pass_cut_off();
  ASSERT_TRUE(world->decide(world->officer, sent, StepKind::administrative, {false, "No CV.", {}}));
  auto const seen = world->database.read([&](db::Tx& tx) { return world->rounds.steps(tx, world->member, sent); });
  ASSERT_TRUE(seen) << db::why(seen);
  EXPECT_EQ(seen->at(0).state, StepState::active);
  EXPECT_TRUE(seen->at(0).reason.empty());
  EXPECT_EQ(world->look(sent).state, ProposalState::evaluating);
  auto const known = world->database.read([&](db::Tx& tx) { return world->rounds.steps(tx, world->officer, sent); });
  EXPECT_EQ(known->at(0).state, StepState::failed);
  EXPECT_EQ(known->at(0).reason, "No CV.");
}

TEST_P(ReviewedDb, AStepWhoseTimeIsOverAlarmsOnceAndNeverPassesByItself) {
  auto const sent = world->sent();
  world->pass_cut_off();
  auto const overdue = [&] {
    return world->database.read([&](db::Tx& tx) { return world->rounds.overdue(tx, world->officer); });
  };
  EXPECT_TRUE(overdue()->empty());
  world->clock.advance(5 * kDay);
  world->turn_rounds();
  world->turn_rounds();
  ASSERT_EQ(overdue()->size(), 1u);
  EXPECT_EQ(overdue()->at(0).proposal, sent);
  EXPECT_EQ(overdue()->at(0).state, StepState::active);
  auto const kinds = world->kinds(std::string{journal::kFactoryChain});
  EXPECT_EQ(std::ranges::count(kinds, "step.overdue"), 1);
}

TEST_P(ReviewedDb, AnAmendedCallLeavesWhatWasSentUnderTheRulesItWasSentUnder) {
  auto const sent = world->sent();
  auto stricter = World::call_draft();
  stricter.countries = {"SI"};
  stricter.reviewed->steps.insert(stricter.reviewed->steps.begin() + 2, StepRule{StepKind::expert, {}, {}, true});
  auto const amended = world->database.write(
      [&](db::Tx& tx) { return world->calls.amend(tx, world->officer, world->call.id, stricter); });
  ASSERT_TRUE(amended) << db::why(amended);
  EXPECT_EQ(amended->version, 2);
  auto const late = world->draft(world->proposal_draft());
  ASSERT_TRUE(late);
  auto const asked = world->submit(late->id);
  ASSERT_TRUE(asked) << db::why(asked);
  EXPECT_EQ(asked->state, ProposalState::incomplete) << "the new rules do not admit the country";
  world->pass_cut_off();
  auto const steps = world->database.read([&](db::Tx& tx) { return world->rounds.steps(tx, world->officer, sent); });
  EXPECT_EQ(steps->size(), 3u);
  EXPECT_EQ(world->look(sent).call_version, 1);
}

// A server's clock may be set, by any amount and either way: what a cut-off took in stays in, what came later stays
// out.
TEST_P(ReviewedDb, AClockThatJumpsEitherWayUndoesNoCutOff) {
  auto& w = *world;
  std::mt19937_64 chance{20261123};
  auto const pick = [&](std::int64_t below) {
    return static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(below));
  };
  std::vector<PublicId> all;
  std::map<PublicId, Proposal> taken_in;
  std::map<std::int64_t, Round> known;
  int refused = 0;
  for (int step = 0; step < 150; ++step) {
    w.clock.set(std::max(kStart, w.clock.now() - 15 * kDay + pick(40 * kDay)));
    switch (pick(4)) {
      case 0:
        if (auto const drafted = w.draft(w.proposal_draft())) all.push_back(drafted->id);
        else ++refused;
        break;
      case 1:
      case 2:
        if (!all.empty() && !w.submit(all[static_cast<std::size_t>(pick(std::ssize(all)))])) ++refused;
        break;
      default: w.turn_rounds();
    }
    for (auto const& round : w.rounds_of_call()) {
      auto const [before, fresh] = known.try_emplace(round.number, round);
      EXPECT_EQ(round.closes, before->second.closes) << "an announced cut-off stays";
      EXPECT_GE(round.state, before->second.state) << "a cut-off that passed has passed";
      before->second = round;
    }
    for (auto const& id : all) {
      auto const now = w.look(id);
      if (auto const before = taken_in.find(id); before != taken_in.end()) {
        EXPECT_EQ(now.state, ProposalState::evaluating);
        EXPECT_EQ(now.round, before->second.round);
        EXPECT_EQ(now.submitted, before->second.submitted);
      } else if (now.state == ProposalState::evaluating) {
        ASSERT_TRUE(now.submitted);
        auto const rounds = w.rounds_of_call();
        auto const round = std::ranges::find(rounds, now.round, &Round::id);
        ASSERT_NE(round, rounds.end());
        EXPECT_LT(now.submitted->us, round->closes->us);
        taken_in.emplace(id, now);
      }
    }
  }
  EXPECT_GT(taken_in.size(), 5u);
  EXPECT_GT(refused, 0) << "what was sent is not sent again";
  EXPECT_EQ(w.count(w.project.text(), "proposal.evaluation_begun"), std::ssize(taken_in)) << "each once";
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "round.cut_off"),
            std::ranges::count_if(known, [](auto const& one) { return one.second.state != RoundState::intake; }));
  w.expect_balanced();
}

TEST_P(ReviewedDb, ACallThatContradictsItselfIsRefusedWithEveryFault) {
  auto draft = World::call_draft();
  draft.reviewed->steps = {{StepKind::panel, {}, {}, false}, {StepKind::administrative, {}, {}, false}};
  draft.reviewed->form = "no-such-form";
  draft.reviewed->schedule.zone = "Europe/Atlantis";
  auto const refused =
      world->database.write([&](db::Tx& tx) { return world->calls.create(tx, world->officer, draft); });
  ASSERT_FALSE(refused);
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/reviewed/schedule/zone", "/reviewed/form", "/reviewed/steps/0/step",
                                          "/reviewed/steps/1/step", "/reviewed/steps"}));
}

}  // namespace
}  // namespace fabrica::calls
