#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "db/testing/dbtest.hpp"
#include "json/json.hpp"
#include "models/runs.hpp"
#include "models/service.hpp"

namespace fabrica::models {
namespace {

using identity::Actor;

class FakeJobs final : public Jobs {
 public:
  Result<JobRecord> job(db::Tx&, PublicId const& id) override {
    auto const found = all.find(id.text());
    if (found == all.end()) return fail(Errc::not_found, "job", "There is no such job.");
    return found->second;
  }
  std::map<std::string, JobRecord> all;
};

// Remembers who keeps what.
class FakeBytes final : public StoredBytes {
 public:
  Result<std::string> path_of(std::string_view sha256) override { return "/blobs/" + std::string{sha256}; }
  Result<std::string> content(std::string_view, std::size_t) override {
    return fail(Errc::not_found, "blob", "No content here.");
  }
  Result<> keep(db::Tx&, PublicId const&, std::string_view kind, PublicId const&, ModelFile const& file) override {
    if (gone) return fail(Errc::not_found, "blob", "Swept.");
    kept.push_back(std::string{kind} + "/" + file.path);
    return {};
  }
  std::vector<std::string> kept;
  bool gone = false;
};

class FakeGates final : public Gates {
 public:
  Result<std::vector<GateDecision>> of_model(db::Tx&, PublicId const&) override { return decisions; }
  std::vector<GateDecision> decisions;
};

struct World {
  explicit World(db::Database& on) : database{on} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      FABRICA_TRY(auto const organisation,
                  identity.create_organisation(tx, admin, {"Org", "CZ", identity::OrganisationKind::sme, {}, {}, {}, {}}));
      FABRICA_TRY(auto const one, projects.create(tx, admin, {organisation.id, "One", "A project", "other"}));
      FABRICA_TRY(auto const two, projects.create(tx, admin, {organisation.id, "Two", "A project", "other"}));
      project = one.id;
      other_project = two.id;
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    member = actor(identity::Role::project_member);
    lead = actor(identity::Role::project_lead);
    stranger = Actor{identity::PersonId{79}, new_id(), "Stranger", {}, {}};
    job = new_id();
    jobs.all[job.text()] = {job, project, true, "gpt", std::string(64, 'c'), R"({"layers":2})",
                            {{"split:x/train", {"train/cs.jsonl", std::string(64, '1'), 5}}},
                            {{"model/model.safetensors", std::string(64, 'd'), 100},
                             {"model/config.json", std::string(64, 'e'), 10},
                             {"log.txt", std::string(64, 'f'), 1}}};
  }

  PublicId new_id() { return PublicId::make(clock.now(), random); }
  Actor actor(identity::Role role) {
    return {identity::PersonId{77}, new_id(), "Somebody", {{role, project.text()}}, {}};
  }
  ModelDraft draft(std::string version = "1.0") const {
    return {"little", std::move(version), job, "Apache-2.0", "A little model", {}, "model"};
  }
  Result<Model> register_it(ModelDraft const& what, Actor const& who) {
    return database.write([&](db::Tx& tx) { return models.register_model(tx, who, project, what); });
  }
  Result<Model> decide(PublicId const& id, ReleaseAct act, Actor const& who) {
    return database.write([&](db::Tx& tx) { return models.decide(tx, who, id, act, {"It learned."}); });
  }
  std::vector<journal::Kept> chain() {
    return *database.read([&](db::Tx& tx) { return journal.chain(tx, project.text(), 1, 100); });
  }

  db::Database& database;
  ManualClock clock{1'700'000'000 * kSecond};
  SeededRandom random{9};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  FakeJobs jobs;
  FakeBytes bytes;
  FakeGates gates;
  Models models{clock, random, journal, projects, jobs, bytes, gates};
  Runs runs;
  Actor admin;
  Actor member;
  Actor lead;
  Actor stranger;
  PublicId project;
  PublicId other_project;
  PublicId job;
};

class ModelsDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  std::int64_t record(std::vector<MetricPoint> const& points) {
    auto const kept = db().write([&](db::Tx& tx) { return world->runs.record(tx, world->job, points); });
    EXPECT_TRUE(kept) << db::why(kept);
    return *kept;
  }
  std::unique_ptr<World> world;
};
FABRICA_ON_BOTH(ModelsDb);

TEST_P(ModelsDb, MakesAModelOfACompletedJobWithItsLineage) {
  auto const made = world->register_it(world->draft(), world->member);
  ASSERT_TRUE(made) << db::why(made);
  ASSERT_EQ(made->files.size(), 2u);
  EXPECT_EQ(made->files[0].path, "config.json");
  EXPECT_EQ(made->size_bytes, 110);
  EXPECT_EQ(made->tree_sha256, tree_digest(made->files));
  EXPECT_EQ(made->lineage.inputs.at(0).reference, "split:x/train");
  EXPECT_EQ(world->bytes.kept, (std::vector<std::string>{"model/config.json", "model/model.safetensors"}));
  auto const found = db().read([&](db::Tx& tx) { return world->models.model(tx, world->member, made->id); });
  ASSERT_TRUE(found) << db::why(found);
  EXPECT_EQ(json::write(*found), json::write(*made));

  auto const said = world->chain().back();
  EXPECT_EQ(said.kind, "model.registered");
  EXPECT_EQ(said.number, made->statement);
  auto const body = *json::Document::parse(*said.body);
  EXPECT_EQ(body.at("/subject/0/digest/sha256").text(), made->tree_sha256);
  EXPECT_EQ(body.at("/subject/2/digest/sha256").text(), std::string(64, 'd'));
  EXPECT_EQ(body.at("/predicate/body/lineage/job").text(), world->job.text());
  EXPECT_EQ(body.at("/predicate/body/lineage/parameters/layers").integer(), 2);
}

TEST_P(ModelsDb, RefusesWhatIsNoModel) {
  auto const reason = [&](ModelDraft const& draft, Actor const& who) {
    auto const made = world->register_it(draft, who);
    return made ? std::string{"registered"} : made.error().reason;
  };
  EXPECT_EQ(reason(world->draft(), world->stranger), "role");
  auto bad = world->draft();
  bad.name = "../evil";
  EXPECT_EQ(reason(bad, world->member), "model");
  bad = world->draft();
  bad.job = world->new_id();
  EXPECT_EQ(reason(bad, world->member), "job");
  auto& job = world->jobs.all[world->job.text()];
  job.completed = false;
  EXPECT_EQ(reason(world->draft(), world->member), "job_not_completed");
  job.completed = true;
  job.project = world->other_project;
  EXPECT_EQ(reason(world->draft(), world->member), "job");
  job.project = world->project;
  world->bytes.gone = true;
  EXPECT_EQ(reason(world->draft(), world->member), "blob");
  world->bytes.gone = false;
  EXPECT_EQ(reason(world->draft(), world->member), "registered");
  EXPECT_EQ(reason(world->draft(), world->member), "model_version");
  EXPECT_EQ(reason(world->draft("1.1"), world->member), "registered");
}

TEST_P(ModelsDb, LetsTheLeadReleaseAndRecordsWhatTheEvaluationsSaid) {
  auto const made = world->register_it(world->draft(), world->member);
  EXPECT_EQ(world->decide(made->id, ReleaseAct::release, world->member).error().code, Errc::forbidden);
  world->gates.decisions = {{"an evaluation", "suite", true, false}};
  auto const released = world->decide(made->id, ReleaseAct::release, world->lead);
  ASSERT_TRUE(released) << db::why(released);
  EXPECT_EQ(released->state, ModelState::released);
  auto const said = world->chain().back();
  EXPECT_EQ(said.kind, "release.decided");
  EXPECT_EQ(said.number, *released->release_statement);
  auto const body = *json::Document::parse(*said.body);
  EXPECT_EQ(body.at("/predicate/body/decision").text(), "release");
  EXPECT_EQ(body.at("/predicate/body/evaluations/0/passed").boolean(), false);
  EXPECT_EQ(world->decide(made->id, ReleaseAct::release, world->lead).error().reason, "model_state");
  EXPECT_EQ(world->decide(made->id, ReleaseAct::withdraw, world->lead)->state, ModelState::withdrawn);
  EXPECT_EQ(world->decide(made->id, ReleaseAct::withdraw, world->lead).error().reason, "model_state");
}

TEST_P(ModelsDb, ShowsModelsAndFilesToTheProjectAlone) {
  auto const made = world->register_it(world->draft(), world->member);
  auto const file = [&](Actor const& who, std::string_view path) {
    return db().read([&](db::Tx& tx) { return world->models.file(tx, who, made->id, path); });
  };
  EXPECT_EQ(file(world->member, "config.json")->sha256, std::string(64, 'e'));
  EXPECT_EQ(file(world->member, "nothing").error().reason, "file");
  EXPECT_EQ(file(world->stranger, "config.json").error().code, Errc::forbidden);
  auto const count = [&](PublicId const& after) {
    return db().read([&](db::Tx& tx) { return world->models.models(tx, world->member, world->project, after, 10); })->size();
  };
  EXPECT_EQ(count({}), 1u);
  EXPECT_EQ(count(made->id), 0u);
  auto const resolve = [&](PublicId const& project, std::string const& reference) {
    return db().read([&](db::Tx& tx) { return world->models.resolve_input(tx, project, reference); });
  };
  EXPECT_EQ(*resolve(world->project, "model:" + made->id.text()), made->files);
  EXPECT_EQ(resolve(world->other_project, "model:" + made->id.text()).error().reason, "model");
  EXPECT_EQ(resolve(world->project, made->id.text()).error().reason, "input_reference");
}

TEST_P(ModelsDb, KeepsMetricsAndThinsThem) {
  std::vector<MetricPoint> points;
  for (int step = 0; step < 1000; ++step) points.push_back({"loss", step, 5.0 - step / 250.0, Time{step * kSecond}});
  points[500].value = 99;
  points.push_back({"tokens_per_s", 7, 1234.5, Time{kSecond}});
  points.push_back({"bad name", 7, 1, Time{kSecond}});
  EXPECT_EQ(record(points), 1001);

  auto const all = db().read([&](db::Tx& tx) { return world->runs.series(tx, world->job, {}, 0, 50); });
  ASSERT_TRUE(all) << db::why(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].count, 1000);
  EXPECT_LE((*all)[0].points.size(), 50u);
  EXPECT_EQ(std::ranges::max((*all)[0].points, {}, &SeriesPoint::value).value, 99);
  EXPECT_EQ((*all)[1].points.at(0).value, 1234.5);
  auto const late = db().read([&](db::Tx& tx) { return world->runs.series(tx, world->job, "loss", 990, 50); });
  ASSERT_EQ(late->size(), 1u);
  EXPECT_EQ(late->at(0).points.size(), 10u);

  auto const summary = db().read([&](db::Tx& tx) { return world->runs.summary(tx, world->job); });
  ASSERT_EQ(summary->size(), 2u);
  EXPECT_EQ(summary->at(0).first, 5.0);
  EXPECT_EQ(summary->at(0).step_last, 999);
  EXPECT_EQ(summary->at(0).greatest, 99);
}

TEST_P(ModelsDb, ReplacesAPointThatAResumedJobSaysAgain) {
  record({{"loss", 10, 3.0, Time{1}}, {"loss", 11, 2.9, Time{2}}});
  record({{"loss", 11, 2.8, Time{3}}, {"loss", 12, 2.7, Time{4}}});
  auto const all = db().read([&](db::Tx& tx) { return world->runs.series(tx, world->job, "loss", 0, 50); });
  ASSERT_EQ(all->at(0).points.size(), 3u);
  EXPECT_EQ(all->at(0).points[1].value, 2.8);
}

TEST_P(ModelsDb, TellsPointsInTheOrderTheyCameAndOnlyOnce) {
  record({{"loss", 1, 3.0, Time{1}}, {"speed", 1, 9.0, Time{1}}});
  auto const first = db().read([&](db::Tx& tx) { return world->runs.after(tx, world->job, 0, 100); });
  ASSERT_EQ(first->size(), 2u);
  record({{"loss", 2, 2.0, Time{2}}});
  auto const next = db().read([&](db::Tx& tx) { return world->runs.after(tx, world->job, first->back().id, 100); });
  ASSERT_EQ(next->size(), 1u);
  EXPECT_EQ(next->at(0).name, "loss");
  EXPECT_EQ(next->at(0).step, 2);
  EXPECT_EQ(db().read([&](db::Tx& tx) { return world->runs.after(tx, world->new_id(), 0, 100); })->size(), 0u);
}

TEST_P(ModelsDb, DropsNamesBeyondTheLimit) {
  std::vector<MetricPoint> points;
  for (int at = 0; at < 250; ++at) points.push_back({"name" + std::to_string(at), 0, 1.0, Time{1}});
  EXPECT_EQ(record(points), kSeriesPerJobMax);
  EXPECT_EQ(record(points), kSeriesPerJobMax);  // the same names still fit
}

TEST_P(ModelsDb, RegistersOnceWhateverStepFails) {
  std::unique_ptr<World> one;
  auto const faults = db::for_each_fault(
      [&] {
        one.reset();
        auto database = fresh();
        one = std::make_unique<World>(*database);
        return database;
      },
      [&](db::Database& faulty) {
        return faulty.write([&](db::Tx& tx) { return one->models.register_model(tx, one->member, one->project, one->draft()); });
      },
      [&](db::Database& after, bool succeeded) {
        auto const listed = after.read([&](db::Tx& tx) { return one->models.models(tx, one->member, one->project, {}, 10); });
        auto const said = std::ranges::count(one->chain(), "model.registered", &journal::Kept::kind);
        EXPECT_EQ(static_cast<std::int64_t>(listed->size()), said);  // the model and its statement, or neither
        EXPECT_TRUE(!succeeded || said == 1);
        one.reset();
      });
  EXPECT_GT(faults, 5);
}

}  // namespace
}  // namespace fabrica::models
