// The use cases of the service on both databases.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "trust/testing/world.hpp"

namespace fabrica::trust {
namespace {

using identity::Actor;

class TrustDb : public db::DbTest {
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
FABRICA_ON_BOTH(TrustDb);

template <class T>
std::string reason_of(Result<T> const& result) {
  return result ? "no error" : result.error().reason;
}

TEST_P(TrustDb, AnAssessmentKeepsItsStatementAndItsResult) {
  world->job(world->project(), World::trained(kGeneralPurposeFlop));
  auto const made = world->assess(world->project(), general_answers());
  EXPECT_TRUE(made.assessment.has("GPAI"));
  EXPECT_EQ(made.assessment.training.lower_flop, kGeneralPurposeFlop);
  EXPECT_EQ(made.signer, world->jobs.admin.person);
  auto const found = db().read([&](db::Tx& tx) { return world->trust->assessment(tx, world->jobs.member, made.id); });
  ASSERT_TRUE(found) << db::why(found);
  EXPECT_EQ(json::write(*found), json::write(made));

  auto const said = world->chain(world->project()).back();
  EXPECT_EQ(said.kind, "class.determined");
  EXPECT_EQ(said.number, made.statement);
  auto const body = *json::Document::parse(*said.body);
  EXPECT_EQ(body.at("/predicate/body/assessment").text(), made.id.text());
  EXPECT_EQ(body.at("/predicate/body/classes").size(), made.classes.size());
  EXPECT_EQ(body.at("/predicate/body/answers/generality/answer").text(), "yes");
  EXPECT_EQ(body.at("/predicate/body/answers/generality/reason").text(), "stated by the test");
  EXPECT_EQ(body.at("/predicate/body/training/lower_flop").number(), kGeneralPurposeFlop);
}

TEST_P(TrustDb, AnAnswerThatIsUnknownNeverLowersAClass) {
  world->job(world->project(), World::trained(kGeneralPurposeFlop));
  auto const known = world->assess(world->project(), general_answers());
  for (auto const& [question, given] : general_answers()) {
    auto answers = general_answers();
    // The groups of questions are answered no or not at all.
    if (question.size() == 1) answers.erase(question);
    else answers[question].answer = Answer::unknown;
    auto const stored = world->assess(world->project(), answers);
    auto const& open = stored.assessment.open;
    for (auto const& name : known.classes)
      EXPECT_TRUE(stored.assessment.has(name) || std::ranges::find(open, name, &OpenClass::class_name) != open.end())
          << name << " without " << question;
    EXPECT_FALSE(stored.assessment.has("MINIMAL")) << question;
  }
}

TEST_P(TrustDb, ComputingThatNoJobCountedLeavesTheClassOpen) {
  world->job(world->project(), World::trained({}));
  auto const uncounted = world->assess(world->project(), general_answers());
  EXPECT_FALSE(uncounted.assessment.training.lower_flop);
  EXPECT_FALSE(uncounted.assessment.has("MINIMAL"));
  EXPECT_TRUE(uncounted.assessment.has(kUndetermined));
  // One job that counted does not speak for the one that did not.
  world->job(world->project(), World::trained(1e18));
  EXPECT_FALSE(world->assess(world->project(), general_answers()).assessment.training.upper_flop);
}

TEST_P(TrustDb, WhatAProgramLeavesInsteadOfARecordSaysNothing) {
  auto outputs = World::trained(1e18);
  outputs["training.json"] = "no JSON";
  world->job(world->project(), outputs);
  EXPECT_FALSE(world->assess(world->project()).assessment.training.upper_flop);
  outputs["training.json"] = std::string(9u << 20, ' ');
  world->job(world->project(), outputs);
  EXPECT_FALSE(world->assess(world->project()).assessment.training.upper_flop);
}

TEST_P(TrustDb, CountsEveryJobHoweverManyFollowed) {
  world->job(world->project(), World::trained(kGeneralPurposeFlop));
  for (int at = 0; at < 201; ++at) {
    auto const job = world->jobs.submit();
    ASSERT_TRUE(world->jobs.cancel(job.id, world->jobs.member));
  }
  EXPECT_EQ(world->assess(world->project(), general_answers()).assessment.training.upper_flop, kGeneralPurposeFlop);
}

TEST_P(TrustDb, WrongAnswersAreRefusedEachWithItsPlace) {
  auto answers = minimal_answers();
  answers["Z9"] = {Answer::yes, "no such question", {}};
  answers["A"].answer = Answer::yes;
  auto const refused = world->try_assess(world->project(), {"Help", answers, "soon"}, world->jobs.member);
  EXPECT_EQ(reason_of(refused), "assessment");
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_EQ(refused.error().faults.size(), 3u);
  EXPECT_EQ(world->rows("assessments"), 0);
  EXPECT_EQ(world->said("class.determined"), 0);
}

TEST_P(TrustDb, ADeclarationIsRecordedWithWhatItSays) {
  auto const made = world->declare({{"intended_purpose", "Help texts"}}, world->jobs.member);
  ASSERT_TRUE(made) << db::why(made);
  auto const said = world->chain(world->project()).back();
  EXPECT_EQ(said.kind, "declaration.made");
  EXPECT_EQ(said.number, made->statement);
  auto const body = *json::Document::parse(*said.body);
  EXPECT_EQ(body.at("/predicate/body/declared/intended_purpose").text(), "Help texts");
}

TEST_P(TrustDb, ADeclarationNobodyAsksForIsRefusedWithItsPointer) {
  auto const refused = world->declare(
      {{"shoe_size", "44"}, {"intended_purpose", ""}, {"licence", std::string(20'001, 'x')}, {"market_date", "today"}},
      world->jobs.member);
  ASSERT_EQ(reason_of(refused), "declared");
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/declared/intended_purpose", "/declared/licence", "/declared/shoe_size"}));
  EXPECT_EQ(world->rows("declarations"), 0);
  EXPECT_EQ(world->said("declaration.made"), 0);
}

TEST_P(TrustDb, IssuingRecordsFiveDocumentsAndThenTheIssueItself) {
  auto const model = world->ready_for_a_dossier(world->project());
  auto const before = static_cast<std::int64_t>(world->chain(world->project()).size());
  auto const dossier = world->issue(world->project(), model);
  EXPECT_EQ(dossier.state, DossierState::issued);
  auto const chain = world->chain(world->project());
  ASSERT_EQ(static_cast<std::int64_t>(chain.size()), before + kDocumentsOfADossier + 1);
  for (std::size_t at = 0; at < chain.size(); ++at) EXPECT_EQ(chain[at].number, static_cast<std::int64_t>(at) + 1);
  for (auto at = before; at < before + kDocumentsOfADossier; ++at)
    EXPECT_EQ(chain[static_cast<std::size_t>(at)].kind, "document.generated");
  EXPECT_EQ(chain.back().kind, "dossier.issued");
  EXPECT_EQ(dossier.chain_length, chain.back().number);
  auto const body = *json::Document::parse(*chain.back().body);
  EXPECT_EQ(body.at("/predicate/body/files").size(), static_cast<std::size_t>(kFilesOfADossier));
  EXPECT_EQ(world->rows("dossier_files"), kFilesOfADossier);
  world->jobs.expect_sound();
}

TEST_P(TrustDb, ADossierIsReadyOnlyWhenTheWitnessedLogCoversItAndThenVerifies) {
  auto const model = world->ready_for_a_dossier(world->project());
  EXPECT_EQ(world->build(), 0);
  auto const dossier = world->issue(world->project(), model);
  EXPECT_EQ(world->build(), 0) << "nothing is published at all";
  world->publish();
  auto const ready = [&] { return world->look(dossier.id).state == DossierState::ready; };
  EXPECT_FALSE(ready()) << "nobody asked for it";
  EXPECT_EQ(world->build(), 1);
  EXPECT_TRUE(ready());
  EXPECT_EQ(world->build(), 0);
  auto const report = world->verified(world->look(dossier.id));
  EXPECT_TRUE(report.verified) << report.fault;
  EXPECT_TRUE(report.witnesses_required);
  EXPECT_EQ(report.chain_length, dossier.chain_length);
  EXPECT_EQ(report.project, world->project().text());

  world->near.cut = true;
  auto const second = world->issue(world->project(), model);
  for (int round = 0; round < 3; ++round) (void)world->sequencer->run_once();
  EXPECT_EQ(world->build(), 0) << "the old checkpoint does not cover it, the new one is not cosigned";
  EXPECT_EQ(world->look(second.id).state, DossierState::issued);
  world->near.cut = false;
  world->publish();
  EXPECT_EQ(world->build(), 1);
  auto const after = world->verified(world->look(second.id));
  EXPECT_TRUE(after.verified) << after.fault;
  EXPECT_GT(after.chain_length, report.chain_length);
}

TEST_P(TrustDb, AnotherFactorysPolicyDoesNotTakeTheDossier) {
  auto const dossier = world->issue(world->project(), world->ready_for_a_dossier(world->project()));
  world->publish();
  ASSERT_EQ(world->build(), 1);
  auto const strange = tlog::SignerKey::generate(std::string{kLogName}, tlog::KeyType::ed25519, world->jobs.random);
  world->policy = *tlog::Policy::parse(fmt::format("log {}\nquorum none\n", strange->verifier().text()));
  auto const report = world->verified(world->look(dossier.id));
  EXPECT_FALSE(report.verified);
  EXPECT_FALSE(report.fault.empty());
}

TEST_P(TrustDb, AStatementThatWasErasedMakesTheDossierFailWithTheReason) {
  auto const dossier = world->issue(world->project(), world->ready_for_a_dossier(world->project()));
  auto const erased = world->chain(world->project()).at(1);
  ASSERT_TRUE(world->write([&](db::Tx& tx) { return world->jobs.journal.erase(tx, erased.public_id); }));
  world->publish();
  EXPECT_EQ(world->build(), 0);
  auto const found = world->look(dossier.id);
  EXPECT_EQ(found.state, DossierState::failed);
  EXPECT_EQ(found.failure, "Statement 2 was erased: the chain cannot be shown whole any more.");
  EXPECT_FALSE(found.sha256);
}

// The tile of the log's first 256 entries is lost: what lies there cannot be proved, everything later can.
TEST_P(TrustDb, DossiersThatErrHoldUpNoOther) {
  auto const model = world->ready_for_a_dossier(world->project());
  std::vector<PublicId> early;
  for (int at = 0; at < 11; ++at) early.push_back(world->issue(world->project(), model).id);
  ASSERT_TRUE(world->write([&](db::Tx& tx) -> Result<> {
    for (int at = 0; at < 256; ++at)
      FABRICA_DO(world->jobs.journal.append(tx, {"factory", "test.said", "somebody", {}, "{}"}));
    return {};
  }));
  auto const project = world->another_project();
  auto const late = world->issue(project, world->ready_for_a_dossier(project));
  world->publish();

  auto const tile = world->sequencer->settings().folder / "tile" / "0" / "000";
  std::filesystem::rename(tile, tile.string() + ".lost");
  EXPECT_EQ(world->build(), 1);
  EXPECT_EQ(world->state_of(late.id), DossierState::ready);
  for (auto const& id : early) EXPECT_EQ(world->state_of(id), DossierState::issued);
  std::filesystem::rename(tile.string() + ".lost", tile);
  EXPECT_EQ(world->build(), 11);
  for (auto const& id : early) EXPECT_EQ(world->state_of(id), DossierState::ready);
}

TEST_P(TrustDb, TellsNobodyWithoutALoginWhatThereIs) {
  auto const assessment = world->assess(world->project());
  auto const model = world->ready_for_a_dossier(world->project());
  auto const dossier = world->issue(world->project(), model);
  Actor const nobody;
  for (auto const& id : {world->new_id(), dossier.id, assessment.id, world->project()}) {
    auto const read = [&](auto use_case) { return reason_of(db().read(use_case)); };
    EXPECT_EQ(read([&](db::Tx& tx) { return world->trust->dossier(tx, nobody, id); }), "login_required");
    EXPECT_EQ(read([&](db::Tx& tx) { return world->trust->assessment(tx, nobody, id); }), "login_required");
    EXPECT_EQ(reason_of(world->try_assess(id, {"Help", minimal_answers()}, nobody)), "login_required");
    EXPECT_EQ(reason_of(world->try_issue(id, {model}, nobody)), "login_required");
  }
  EXPECT_EQ(reason_of(world->declare({{"licence", "MIT"}}, nobody)), "login_required");
}

TEST_P(TrustDb, AStrangerIsForbiddenAndNothingIsRecorded) {
  auto const assessment = world->assess(world->project());
  auto const model = world->ready_for_a_dossier(world->project());
  auto const dossier = world->issue(world->project(), model);
  auto const before = world->chain(world->project()).size();
  auto const& stranger = world->jobs.stranger;
  auto const code = [](auto const& result) { return result ? std::nullopt : std::optional{result.error().code}; };
  EXPECT_EQ(code(db().read([&](db::Tx& tx) { return world->trust->dossier(tx, stranger, dossier.id); })),
            Errc::forbidden);
  EXPECT_EQ(code(db().read([&](db::Tx& tx) { return world->trust->assessment(tx, stranger, assessment.id); })),
            Errc::forbidden);
  EXPECT_EQ(code(world->try_assess(world->project(), {"Help", minimal_answers()}, stranger)), Errc::forbidden);
  EXPECT_EQ(code(world->declare({{"licence", "MIT"}}, stranger)), Errc::forbidden);
  EXPECT_EQ(code(world->try_issue(world->project(), {model}, stranger)), Errc::forbidden);
  EXPECT_EQ(world->chain(world->project()).size(), before);
  // A member asks for what is not there.
  auto const missing = world->new_id();
  auto const& member = world->jobs.member;
  EXPECT_EQ(reason_of(db().read([&](db::Tx& tx) { return world->trust->dossier(tx, member, missing); })), "dossier");
  EXPECT_EQ(reason_of(db().read([&](db::Tx& tx) { return world->trust->assessment(tx, member, missing); })),
            "assessment");
}

TEST_P(TrustDb, IssuesNoDossierOfAnotherProjectsModelNorWithoutAnAssessment) {
  auto const model = world->model(world->project(), world->job(world->project(), World::trained(1e18)).id).id;
  EXPECT_EQ(reason_of(world->try_issue(world->project(), {model}, world->jobs.member)), "no_assessment");
  EXPECT_EQ(reason_of(world->try_issue(world->project(), {world->new_id()}, world->jobs.member)), "model");
  world->assess(world->project());
  auto const other = world->another_project();
  world->assess(other);
  EXPECT_EQ(reason_of(world->try_issue(other, {model}, world->jobs.admin)), "model");
  EXPECT_EQ(world->rows("dossiers"), 0);
}

TEST_P(TrustDb, WhatADutyAsksForMustBeThereUnlessItIsADraft) {
  auto const job = world->job(world->project(), World::trained(kGeneralPurposeFlop));
  auto const model = world->model(world->project(), job.id).id;
  auto const assessed = world->assess(world->project(), general_answers());
  ASSERT_EQ(assessed.assessment.due("gpai_documentation").state, DueState::due);
  auto const refused = world->try_issue(world->project(), {model}, world->jobs.member);
  ASSERT_EQ(reason_of(refused), "document_incomplete");
  EXPECT_EQ(refused.error().code, Errc::conflict);
  ASSERT_FALSE(refused.error().faults.empty());
  EXPECT_TRUE(refused.error().faults.front().pointer.starts_with("/sections/"));
  EXPECT_EQ(world->rows("dossiers") + world->said("document.generated") + world->said("dossier.issued"), 0);

  std::map<std::string, std::string> texts;
  for (auto const& key : declared_keys()) texts[key.key] = "As declared for this test.";
  ASSERT_TRUE(world->declare(texts, world->jobs.member));
  auto const declared = world->try_issue(world->project(), {model}, world->jobs.member);
  auto const missing = declared ? 0 : declared.error().faults.size();
  EXPECT_LT(missing, refused.error().faults.size()) << "what was declared is not missing any more";

  auto const draft = world->try_issue(world->project(), {model, true}, world->jobs.member);
  ASSERT_TRUE(draft) << db::why(draft);
  EXPECT_TRUE(draft->draft);
  EXPECT_EQ(world->said("dossier.issued"), 1 + (declared ? 1 : 0));
  auto const body = *json::Document::parse(
      *world->chain(world->project()).at(static_cast<std::size_t>(draft->chain_length) - 2).body);
  EXPECT_EQ(body.at("/predicate/body/draft").boolean(), true);
}

TEST_P(TrustDb, TheDocumentsTellWhatTheRecordsShow) {
  auto const& project = world->project();
  auto const held_out = world->held_out_data();
  auto const plan = world->plan(held_out);
  auto const model = world->model(project, world->job(project, World::trained(1e18)).id);
  world->evaluate(plan, model, held_out, 1.75);
  world->assess(project);
  Actor const& member = world->jobs.member;
  ASSERT_TRUE(world->declare({{"intended_purpose", "First words"}}, member));
  ASSERT_TRUE(world->declare({{"intended_purpose", "Second words"}}, member));

  auto const issued = world->try_issue(project, {model.id}, member);
  ASSERT_TRUE(issued) << db::why(issued);
  auto const gpai = world->document("documents/gpai_documentation.json");
  for (auto const* shown : {"help-pages", "MPL-2.0", "LlamaForCausalLM", "1,234,567", "Second words"})
    EXPECT_NE(gpai.find(shown), std::string::npos) << shown;
  EXPECT_EQ(gpai.find("First words"), std::string::npos) << "the last declaration counts";
  EXPECT_NE(gpai.find(member.person.text()), std::string::npos) << "who declared it";
  EXPECT_NE(world->document("documents/final_report.json").find("bits_per_byte"), std::string::npos);
  EXPECT_NE(world->document("documents/training_content_summary.json").find("help-pages"), std::string::npos);
  auto const manifest = *json::Document::parse(world->document("model/manifest.json"));
  EXPECT_EQ(manifest.at("/files").size(), 2u);
  EXPECT_EQ(manifest.at("/files/1/sha256").text(), crypto::sha256("weights").hex());
  world->publish();
  ASSERT_EQ(world->build(), 1);
  auto const report = world->verified(world->look(issued->id));
  EXPECT_TRUE(report.verified) << report.fault;
}

TEST_P(TrustDb, ADossierShowsWhatWasMeasuredOfItsOwnModel) {
  auto const& project = world->project();
  auto const held_out = world->held_out_data();
  auto const plan = world->plan(held_out);
  auto const job = world->job(project, World::trained(1e18)).id;
  auto const first = world->model(project, job, "1");
  auto const second = world->model(project, job, "2");
  auto const third = world->model(project, job, "3");
  world->evaluate(plan, first, held_out, 1.75);
  world->evaluate(plan, second, held_out, 1.25);
  world->assess(project);
  world->issue(project, first.id);
  auto const shows = [&](std::string_view value) {
    return world->document("documents/final_report.json").find(value) != std::string::npos;
  };
  EXPECT_TRUE(shows("1.75"));
  EXPECT_FALSE(shows("1.25"));
  world->issue(project, third.id);
  EXPECT_FALSE(shows("1.75") || shows("1.25")) << "nobody evaluated it";
}

TEST_P(TrustDb, IssuingLeavesAllOrNothingWhateverStepFails) {
  auto const model = world->ready_for_a_dossier(world->project());
  db::FaultyDatabase faulty{db()};
  std::int64_t kept = 0;
  int faults = 0;
  for (;; ++faults) {
    faulty.fail_at(faults);
    auto const issued =
        faulty.write([&](db::Tx& tx) { return world->trust->issue(tx, world->jobs.admin, world->project(), {model}); });
    EXPECT_EQ(issued.has_value(), !faulty.fired());
    auto const dossiers = world->rows("dossiers");
    ASSERT_TRUE(dossiers == kept || (dossiers == kept + 1)) << "after step " << faults;
    kept = dossiers;
    ASSERT_EQ(world->said("dossier.issued"), kept);
    ASSERT_EQ(world->said("document.generated"), kept * kDocumentsOfADossier);
    ASSERT_EQ(world->rows("dossier_files"), kept * kFilesOfADossier);
    if (issued) break;
  }
  EXPECT_GT(faults, 30);
  EXPECT_EQ(kept, 2) << "the last fault, a commit whose answer was lost, and the one that went through";
  world->jobs.expect_sound();
}

TEST_P(TrustDb, BuildingGoesOnWhereAFaultStoppedIt) {
  auto const model = world->ready_for_a_dossier(world->project());
  db::FaultyDatabase faulty{db()};
  blobs::Service blobs{faulty, world->jobs.store, world->jobs.clock, world->jobs.random};
  Trust trust{world->parts(faulty, blobs)};
  std::vector<PublicId> issued;
  int faults = 0;
  for (;; ++faults) {
    if (issued.empty() || world->state_of(issued.back()) == DossierState::ready) {
      issued.push_back(world->issue(world->project(), model).id);
      world->publish();
    }
    faulty.fail_at(faults);
    auto const built = trust.build_waiting();
    ASSERT_NE(world->state_of(issued.back()), DossierState::failed) << "after step " << faults;
    if (!faulty.fired()) {
      EXPECT_EQ(built.value_or(0), 1);
      break;
    }
  }
  EXPECT_GT(faults, 5);
  for (auto const& id : issued) {
    auto const report = world->verified(world->look(id));
    EXPECT_TRUE(report.verified) << report.fault;
  }
}

}  // namespace
}  // namespace fabrica::trust
