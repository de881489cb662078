#include "calls/evaluated.hpp"
#include "calls/import.hpp"
#include "calls/outcomes.hpp"
#include "calls/testing/import.hpp"
#include "calls/testing/world.hpp"

namespace fabrica::calls {
namespace {

struct World : testing::World {
  explicit World(db::Database& on) : testing::World{on, "first-come-short"} {}

  Result<ImportReport> import(std::string_view document, std::string_view sheet = testing::kImportSheet) {
    return import_as(admin, document, sheet);
  }
  Result<ImportReport> import_as(identity::Actor const& actor, std::string_view document, std::string_view sheet) {
    FABRICA_TRY(auto const file, read_import(document, sheet));
    return write([&](db::Tx& tx) { return importer.import(tx, actor, file); });
  }
  std::vector<Round> rounds_of(PublicId const& of) {
    auto const found = read([&](db::Tx& tx) { return rounds.list(tx, admin, of); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  std::vector<Proposal> proposals(PublicId const& of_call) {
    std::vector<Proposal> out;
    auto const all = read([&](db::Tx& tx) { return projects.list(tx, admin, {}, 1000); });
    EXPECT_TRUE(all) << db::why(all);
    for (auto const& one : all->items) {
      auto const found = read([&](db::Tx& tx) { return calls.proposals(tx, admin, one.id); });
      EXPECT_TRUE(found) << db::why(found);
      for (auto const& proposal : *found)
        if (proposal.call == of_call) out.push_back(proposal);
    }
    return out;
  }
  Proposal in_state(PublicId const& of_call, ProposalState state) {
    auto const all = proposals(of_call);
    auto const found = std::ranges::find(all, state, &Proposal::state);
    EXPECT_NE(found, all.end()) << db::enum_name(state);
    return found == all.end() ? Proposal{} : *found;
  }
  void expect_balanced() {
    auto const differences = read([&](db::Tx& tx) { return budget.recompute(tx); });
    ASSERT_TRUE(differences) << db::why(differences);
    EXPECT_TRUE(differences->empty());
  }

  Importer importer{clock, random, journal, identity, projects, budget, calls};
};

class ImportDb : public db::DbTest {};
FABRICA_ON_BOTH(ImportDb);

TEST_P(ImportDb, ARunningCallIsTakenOverWhereItStands) {
  World world{db()};
  auto const report = world.import(testing::import_document());
  ASSERT_TRUE(report) << db::why(report)
                      << (report ? ""
                          : report.error().faults.empty()
                              ? ""
                              : report.error().faults[0].pointer + report.error().faults[0].what);
  EXPECT_EQ(report->created.proposals, 4);
  EXPECT_EQ(report->created.rounds, 3);
  EXPECT_EQ(report->created.organisations, 3);
  EXPECT_EQ(report->created.people, 5);
  EXPECT_EQ(report->created.awards, 1);
  auto const rounds = world.rounds_of(report->call);
  ASSERT_EQ(rounds.size(), 3U);
  EXPECT_EQ(rounds[0].state, RoundState::published);
  EXPECT_EQ(rounds[1].state, RoundState::evaluating);
  EXPECT_EQ(rounds[2].state, RoundState::intake);
  EXPECT_EQ(format_time(rounds[1].closes->us), "2026-09-30T08:00:00Z");
  auto const reserve = world.in_state(report->call, ProposalState::reserve);
  EXPECT_EQ(reserve.decision_reason, "Next in rank.");
  EXPECT_EQ(reserve.purpose, "Two\nlines; \"quoted\".");
  auto const draft = world.in_state(report->call, ProposalState::draft);
  EXPECT_EQ(draft.form->text, R"({"requested_amount":9000,"title":"Robots"})");
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "call.imported"), 1);
  EXPECT_EQ(world.count(reserve.project.text(), "proposal.imported"), 1);
}

TEST_P(ImportDb, AnAwardComesWithWhatIsLeftOfIt) {
  World world{db()};
  auto const report = world.import(testing::import_document());
  ASSERT_TRUE(report) << db::why(report);
  auto const awarded = world.in_state(report->call, ProposalState::awarded);
  auto const awards = world.read([&](db::Tx& tx) { return world.calls.awards(tx, world.admin, awarded.project); });
  ASSERT_TRUE(awards) << db::why(awards);
  ASSERT_EQ(awards->size(), 1U);
  EXPECT_EQ(awards->at(0).amount_units, 15000);
  EXPECT_EQ(awards->at(0).balance_micro, 10800 * budget::kMicroUnits);
  EXPECT_EQ(awards->at(0).used_micro, 4200 * budget::kMicroUnits);
  auto const charged =
      world.read([&](db::Tx& tx) { return world.calls.charged_to(tx, awarded.project, "meluxina/gpu"); });
  ASSERT_TRUE(charged) << db::why(charged);
  EXPECT_EQ(charged->award, awards->at(0).id);
  EXPECT_EQ(world.count(awarded.project.text(), "award.imported"), 1);
  world.expect_balanced();
}

TEST_P(ImportDb, TwiceIsOnce) {
  World world{db()};
  auto const once = world.import(testing::import_document());
  ASSERT_TRUE(once) << db::why(once);
  auto const again = world.import(testing::import_document());
  ASSERT_TRUE(again) << db::why(again);
  EXPECT_EQ(again->call, once->call);
  EXPECT_EQ(again->known, 4);
  EXPECT_EQ(again->created.proposals + again->created.people + again->created.rounds + again->created.organisations, 0);
  EXPECT_TRUE(again->differs.empty());
  EXPECT_EQ(world.proposals(once->call).size(), 4U);
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "call.imported"), 1);
  world.expect_balanced();
}

TEST_P(ImportDb, ALaterFileBringsWhatIsNewAndNamesWhatDiffers) {
  World world{db()};
  auto const once = world.import(testing::import_document(), "");
  ASSERT_TRUE(once) << db::why(once);
  auto document = testing::import_document();
  testing::replace(document, R"("purpose":"Models.")", R"("purpose":"Other models.")");
  auto const again = world.import(document);
  ASSERT_TRUE(again) << db::why(again);
  EXPECT_EQ(again->created.proposals, 2);
  EXPECT_EQ(again->known, 2);
  EXPECT_EQ(again->differs, (std::vector<std::string>{"P2"}));
  EXPECT_EQ(world.in_state(once->call, ProposalState::evaluating).purpose, "Models.");
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "call.imported"), 2);
}

TEST_P(ImportDb, WhatIsBeingEvaluatedGoesOnHere) {
  World world{db()};
  auto const report = world.import(testing::import_document());
  ASSERT_TRUE(report) << db::why(report);
  auto const proposal = world.in_state(report->call, ProposalState::evaluating);
  auto const steps = world.read([&](db::Tx& tx) { return world.rounds.steps(tx, world.officer, proposal.id); });
  ASSERT_TRUE(steps) << db::why(steps);
  ASSERT_EQ(steps->size(), 3U);
  EXPECT_EQ(steps->at(0).state, StepState::passed);
  EXPECT_EQ(steps->at(1).state, StepState::active);
  EXPECT_EQ(steps->at(2).state, StepState::pending);
  auto const decided = world.write([&](db::Tx& tx) {
    return world.rounds.decide(tx, world.officer, proposal.id, StepKind::technical, {true, "Feasible.", {}});
  });
  ASSERT_TRUE(decided) << db::why(decided);
  Outcomes outcomes{world.clock, world.budget, world.calls};
  auto const round = world.rounds_of(report->call)[1].id;
  auto const contenders = world.read([&](db::Tx& tx) { return outcomes.contenders(tx, round); });
  EXPECT_FALSE(contenders && contenders->empty());
  auto const awarded = world.write([&](db::Tx& tx) {
    return outcomes.award(tx, proposal.id, {"meluxina/gpu", 12000, "Ranked first.", world.officer.person.text()});
  });
  ASSERT_TRUE(awarded) << db::why(awarded);
  EXPECT_EQ(world.look(proposal.id).state, ProposalState::awarded);
  world.expect_balanced();
}

TEST_P(ImportDb, ItsOpenRoundIsOneOfOurs) {
  World world{db()};
  auto const report = world.import(testing::import_document());
  ASSERT_TRUE(report) << db::why(report);
  world.turn();
  // The schedule makes the round after the imported ones.
  auto const rounds = world.rounds_of(report->call);
  ASSERT_EQ(rounds.size(), 4U);
  EXPECT_EQ(rounds[3].number, 4);
  EXPECT_GT(*rounds[3].closes, *rounds[2].closes);
  auto draft = world.proposal_draft();
  draft.call = report->call;
  draft.amount_units = 100;
  auto const mine = world.write([&](db::Tx& tx) { return world.calls.draft(tx, world.member, world.project, draft); });
  ASSERT_TRUE(mine) << db::why(mine);
  EXPECT_EQ(mine->round, rounds[2].id);
}

TEST_P(ImportDb, TheLeadIsWhoTheFileSaysAndNotWhoImports) {
  World world{db()};
  auto const report = world.import(testing::import_document());
  ASSERT_TRUE(report) << db::why(report);
  auto const draft = world.in_state(report->call, ProposalState::draft);
  auto const ville = world.read([&](db::Tx& tx) { return world.identity.actor_by_email(tx, "ville@x.example"); });
  auto const member = world.read([&](db::Tx& tx) { return world.identity.actor_by_email(tx, "a@x.example"); });
  ASSERT_TRUE(ville && member);
  EXPECT_TRUE(world.read([&](db::Tx& tx) { return world.calls.proposal(tx, *ville, draft.id); }));
  EXPECT_TRUE(world.read([&](db::Tx& tx) { return world.calls.proposal(tx, *member, draft.id); }));
  auto const admin = world.read([&](db::Tx& tx) { return world.identity.actor_by_email(tx, "ada@example.org"); });
  EXPECT_EQ(std::ranges::find(admin->grants, draft.project.text(), &identity::Grant::scope), admin->grants.end());
}

TEST_P(ImportDb, WhoMayNotRegisterPeopleImportsNobodyNew) {
  World world{db()};
  auto const refused = world.import_as(world.officer, testing::import_document(), "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::forbidden);
  EXPECT_FALSE(world.import_as(world.member, testing::import_document(), ""));
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "call.imported"), 0);
  // Once they are there an officer may bring the rest.
  ASSERT_TRUE(world.import(testing::import_document()));
  EXPECT_TRUE(world.import_as(world.officer, testing::import_document(), testing::kImportSheet));
}

TEST_P(ImportDb, FaultsThatOnlyTheFactoryKnowsAreNamedToo) {
  World world{db()};
  auto document = testing::import_document();
  testing::replace(document, R"("requested_amount":12000)", R"("requested_amount":"many","colour":"blue")");
  testing::replace(document, R"({"parameters":7000000000)", R"({"parameters":-7)");
  auto const refused = world.import(document);
  ASSERT_FALSE(refused);
  std::vector<std::string> pointers;
  for (auto const& one : refused.error().faults) pointers.push_back(one.pointer);
  std::ranges::sort(pointers);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/proposals/1/form/colour", "/proposals/1/form/requested_amount",
                                                "/proposals/1/plan/parameters"}));
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "call.imported"), 0);
}

TEST_P(ImportDb, AnUnknownFormIsAFaultOfTheRules) {
  World world{db()};
  auto document = testing::import_document();
  testing::replace(document, R"("form":"first-come-short")", R"("form":"none")");
  auto const refused = world.import(document);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().faults.at(0).pointer, "/call/rules/reviewed/form");
}

// Every statement of the database fails once: the call is there with everything, or nothing of it is.
TEST_P(ImportDb, AFaultAnywhereLeavesNothing) {
  std::unique_ptr<World> at;
  auto const file = read_import(testing::import_document(), "");
  ASSERT_TRUE(file);
  auto const make_world = [&] {
    at.reset();
    auto database = fresh();
    at = std::make_unique<World>(*database);
    return database;
  };
  auto const run = [&](db::Database& faulty) {
    return faulty.write([&](db::Tx& tx) { return at->importer.import(tx, at->admin, *file); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    auto const whole = at->count(std::string{journal::kFactoryChain}, "call.imported");
    if (succeeded) {
      EXPECT_EQ(whole, 1);
    }
    auto const all = at->read([&](db::Tx& tx) { return at->calls.list(tx, at->admin); });
    ASSERT_TRUE(all) << db::why(all);
    EXPECT_EQ(all->size(), 1U + static_cast<std::size_t>(whole));
    at->expect_balanced();
  });
  at.reset();
  EXPECT_GT(faults, 40);
}

}  // namespace
}  // namespace fabrica::calls
