// The panel and its chair, who decides which step, and what an auditor reads.
#include <functional>

#include "reviews/testing/world.hpp"

namespace fabrica::reviews {
namespace {

using calls::StepKind;
using calls::StepState;

class PanelDb : public ReviewsDb {
 protected:
  void SetUp() override {
    ReviewsDb::SetUp();
    world->pool_of_four();
    chair = world->person("Carla Chair", "chair");
    deputy = world->person("Dan Deputy", "deputy");
    member = world->person("Mia Member", "mia");
  }
  void reviewed() {
    world->assigned_and_sent();
    world->all_reviewed(4500);
    world->must(
        [&](db::Tx& tx) { return world->reviews.close_expert(tx, world->officer, world->round, {"Reviewed.", {}}); });
  }
  void appoint() {
    world->must([&](db::Tx& tx) {
      return world->reviews.set_panel(
          tx, world->officer, world->round,
          {{{chair.person, PanelRole::chair}, {deputy.person, PanelRole::deputy}, {member.person, PanelRole::member}}});
    });
  }
  Result<std::vector<calls::Step>> decide(Actor const& who, PublicId const& proposal, bool pass = true,
                                          StepKind step = StepKind::panel) {
    return world->write(
        [&](db::Tx& tx) { return world->rounds.decide(tx, who, proposal, step, {pass, "The panel agrees.", {}}); });
  }
  void settings(Settings const& with) {
    world->must([&](db::Tx& tx) { return world->reviews.save_settings(tx, world->officer, world->call.id, with); });
  }
  Actor chair, deputy, member;
};
FABRICA_ON_BOTH(PanelDb);

TEST_P(PanelDb, ItsChairDecidesTheStepAndNobodyElseNotEvenAnOfficer) {
  reviewed();
  appoint();
  auto const& proposal = world->proposals[0];
  for (auto const& who : {member, deputy, world->officer, world->stranger, world->applicant})
    EXPECT_EQ(reason_of(decide(who, proposal)), who.name == world->applicant.name ? "own_project" : "panel_chair")
        << who.name;
  EXPECT_EQ(reason_of(decide({}, proposal)), "login_required");
  auto const done = decide(chair, proposal);
  ASSERT_TRUE(done) << db::why(done);
  EXPECT_EQ(done->at(1).state, StepState::passed);
  EXPECT_EQ(done->at(2).state, StepState::active);
  EXPECT_EQ(reason_of(decide(chair, proposal)), "step_state") << "once";
  EXPECT_TRUE(decide(chair, world->proposals[1], false));
  // Her role is this step of this round: no other.
  EXPECT_EQ(reason_of(decide(chair, proposal, true, StepKind::administrative)), "role");
  EXPECT_EQ(reason_of(world->write(
                [&](db::Tx& tx) { return world->reviews.close_expert(tx, chair, world->round, {"Reviewed.", {}}); })),
            "role");
}

TEST_P(PanelDb, WithoutAPanelTheOfficeDecidesAndAStrangerLearnsNothing) {
  reviewed();
  EXPECT_EQ(reason_of(decide(world->stranger, world->proposals[0])), "role");
  EXPECT_TRUE(decide(world->officer, world->proposals[0]));
}

TEST_P(PanelDb, ADeputyDecidesWhereTheChairHasAConflictAndOnlyThere) {
  // The chair is of the applicant's organisation, as she says herself.
  auto profile = World::profile("speech", "Riga Speech");
  profile.affiliations.front().organisation = world->organisation_id;
  world->must([&](db::Tx& tx) { return world->reviews.save_profile(tx, chair, chair.person, profile); });
  reviewed();
  appoint();
  auto const& proposal = world->proposals[0];
  EXPECT_EQ(reason_of(decide(chair, proposal)), "panel_conflict");
  EXPECT_EQ(reason_of(world->read([&](db::Tx& tx) { return world->reviews.papers(tx, chair, proposal); })),
            "panel_conflict");
  EXPECT_EQ(reason_of(decide(member, proposal)), "panel_chair");
  EXPECT_TRUE(decide(deputy, proposal));
  auto const read = world->read([&](db::Tx& tx) { return world->reviews.papers(tx, member, proposal); });
  EXPECT_TRUE(read) << db::why(read);
}

TEST_P(PanelDb, APartInTheProjectIsAConflictOfTheChairToo) {
  reviewed();
  appoint();
  auto const& proposal = world->proposals[0];
  world->must([&](db::Tx& tx) -> Result<bool> {
    FABRICA_DO(world->identity.grant(tx, world->admin, chair.person,
                                     {identity::Role::project_member, world->project_ids[0].text()}));
    FABRICA_TRY(chair, world->identity.actor_by_email(tx, "chair@example.org"));
    return true;
  });
  EXPECT_EQ(reason_of(decide(chair, proposal)), "own_project");
  EXPECT_TRUE(decide(deputy, proposal));
  auto const desk = world->must([&](db::Tx& tx) { return world->reviews.panels(tx, chair); });
  ASSERT_EQ(desk.size(), 1u);
  EXPECT_EQ(desk[0].proposals, (std::vector{world->proposals[1], world->proposals[2]})) << "not her own";
}

TEST_P(PanelDb, AnOpenRebuttalKeepsThePanelWaiting) {
  Settings with;
  with.rebuttal = true;
  settings(with);
  reviewed();
  appoint();
  auto const& proposal = world->proposals[0];
  EXPECT_EQ(reason_of(decide(chair, proposal)), "rebuttal_missing");
  auto const opened =
      world->must([&](db::Tx& tx) { return world->reviews.open_rebuttals(tx, world->officer, world->round); });
  EXPECT_EQ(reason_of(decide(chair, proposal)), "rebuttal_open");
  EXPECT_EQ(reason_of(decide(chair, proposal, false)), "rebuttal_open") << "nor does it fail before they could answer";
  world->must([&](db::Tx& tx) { return world->reviews.rebut(tx, world->applicant, proposal, "We disagree."); });
  EXPECT_TRUE(decide(chair, proposal)) << "answered is over";
  world->clock.set(opened.at(1).due.us - 1);
  EXPECT_EQ(reason_of(decide(chair, world->proposals[1])), "rebuttal_open");
  world->clock.advance(1);
  EXPECT_TRUE(decide(chair, world->proposals[1])) << "their time is over";
}

TEST_P(PanelDb, ReadsReviewsWithoutTheirWritersOnceTheExpertStepIsPassed) {
  appoint();
  auto const& proposal = world->proposals[0];
  auto const papers = [&](Actor const& who) {
    return world->read([&](db::Tx& tx) { return world->reviews.papers(tx, who, proposal); });
  };
  EXPECT_EQ(reason_of(papers(member)), "panel_not_yet");
  reviewed();
  world->must(
      [&](db::Tx& tx) { return world->reviews.save_consensus(tx, world->officer, proposal, "All think it strong."); });
  auto const read = papers(member);
  ASSERT_TRUE(read) << db::why(read);
  EXPECT_EQ(read->reviews.size(), 2u);
  EXPECT_EQ(read->consensus->note, "All think it strong.");
  auto const text = json::write(*read);
  EXPECT_EQ(text.find("Between us."), std::string::npos) << "confidential remarks are the office's";
  for (auto const& who : world->reviewers) EXPECT_EQ(text.find(who.person.text()), std::string::npos);
  for (auto const& who : {world->stranger, world->applicant, world->reviewers[0]})
    EXPECT_EQ(reason_of(papers(who)), "role") << who.name;
}

TEST_P(PanelDb, IsAppointedByTheOfficeWithOneChair) {
  auto const set = [&](Actor const& who, PanelDraft const& draft) {
    return world->write([&](db::Tx& tx) { return world->reviews.set_panel(tx, who, world->round, draft); });
  };
  PanelDraft const one{{Appointment{chair.person, PanelRole::chair}}};
  EXPECT_EQ(reason_of(set(world->stranger, one)), "role");
  EXPECT_EQ(reason_of(set(world->officer, {{Appointment{chair.person, PanelRole::member}}})), "panel");
  EXPECT_EQ(reason_of(set(world->officer, {{Appointment{chair.person, PanelRole::chair},
                                            Appointment{deputy.person, PanelRole::chair}}})),
            "panel");
  EXPECT_EQ(reason_of(set(world->officer, {{Appointment{chair.person, PanelRole::chair},
                                            Appointment{chair.person, PanelRole::member}}})),
            "panel");
  EXPECT_EQ(reason_of(set(world->officer, {{Appointment{world->new_id(), PanelRole::chair}}})), "person");
  ASSERT_TRUE(set(world->officer, one));
  auto const again = set(world->officer, {{Appointment{deputy.person, PanelRole::chair}}});
  ASSERT_TRUE(again) << db::why(again);
  ASSERT_EQ(again->members.size(), 1u) << "all of it at once";
  EXPECT_EQ(again->members[0].name, "Dan Deputy");
  EXPECT_EQ(world->said("panel.set"), 2);
  auto const read = [&](Actor const& who) {
    return world->read([&](db::Tx& tx) { return world->reviews.panel(tx, who, world->round); });
  };
  EXPECT_TRUE(read(deputy));
  EXPECT_EQ(reason_of(read(chair)), "role") << "no longer in it";
  ASSERT_TRUE(set(world->officer, {}));
  EXPECT_TRUE(read(world->officer)->members.empty());
}

TEST_P(PanelDb, AnExpertStepIsPassedWithItsQuorumAndByNobodyElsesWord) {
  world->assigned_and_sent();
  auto const& proposal = world->proposals[0];
  EXPECT_EQ(reason_of(decide(world->stranger, proposal, true, StepKind::expert)), "role");
  EXPECT_EQ(reason_of(decide(world->officer, proposal, true, StepKind::expert)), "quorum");
  EXPECT_TRUE(decide(world->officer, proposal, false, StepKind::expert))
      << "an officer may let it fail, with the reason";
  for (auto const& pair : world->active(world->proposals[1])) {
    world->accept(pair);
    world->submitted(pair, 4500);
  }
  EXPECT_TRUE(decide(world->officer, world->proposals[1], true, StepKind::expert));
}

TEST_P(PanelDb, AnAuditorReadsWhatWasSentAndChangesNothing) {
  auto const auditor = world->must(
      [&](db::Tx& tx) { return world->person_in(tx, "Ava Auditor", "ava", {{identity::Role::auditor, ""}}); });
  world->assigned_and_sent();
  auto& all = world->reviews;
  auto const& proposal = world->proposals[0];
  auto const pair = world->active(proposal).at(0);
  world->accept(pair);
  world->must(
      [&](db::Tx& tx) { return all.save_review(tx, world->who(pair.reviewer), pair.id, World::content(4000)); });
  auto const read = [&](auto&& use_case) { return world->read(use_case); };
  auto const before = read([&](db::Tx& tx) { return all.reviews_of(tx, auditor, proposal); });
  ASSERT_TRUE(before) << db::why(before);
  EXPECT_TRUE(before->empty()) << "a draft is its writer's";
  world->must([&](db::Tx& tx) { return all.submit_review(tx, world->who(pair.reviewer), pair.id); });
  EXPECT_EQ(read([&](db::Tx& tx) { return all.reviews_of(tx, auditor, proposal); })->size(), 1u);
  EXPECT_TRUE(read([&](db::Tx& tx) { return all.assignment(tx, auditor, world->round); }));
  EXPECT_TRUE(read([&](db::Tx& tx) { return all.certificate(tx, auditor, world->round); }));
  EXPECT_TRUE(read([&](db::Tx& tx) { return all.matrix(tx, auditor, proposal); }));
  EXPECT_TRUE(read([&](db::Tx& tx) { return all.conflicts(tx, auditor, proposal); }));
  EXPECT_TRUE(read([&](db::Tx& tx) { return all.figures(tx, auditor, world->round); }));
  EXPECT_TRUE(read([&](db::Tx& tx) { return all.pool(tx, auditor, world->call.id); }));
  EXPECT_TRUE(read([&](db::Tx& tx) { return all.panel(tx, auditor, world->round); }));
  auto const refused = [&](auto&& use_case) { return reason_of(world->write(use_case)); };
  EXPECT_EQ(refused([&](db::Tx& tx) { return all.propose(tx, auditor, world->round); }), "role");
  EXPECT_EQ(refused([&](db::Tx& tx) { return all.save_consensus(tx, auditor, proposal, "Hm."); }), "role");
  EXPECT_EQ(refused([&](db::Tx& tx) { return all.count(tx, auditor, world->new_id(), {false, "No."}); }), "role");
  EXPECT_EQ(refused([&](db::Tx& tx) { return all.set_panel(tx, auditor, world->round, {}); }), "role");
  EXPECT_EQ(refused([&](db::Tx& tx) { return all.task(tx, auditor, pair.id); }), "assignment");
}

}  // namespace
}  // namespace fabrica::reviews
