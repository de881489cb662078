#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "crypto/sha256.hpp"
#include "db/testing/dbtest.hpp"
#include "evaluation/service.hpp"
#include "json/json.hpp"

namespace fabrica::evaluation {
namespace {

using identity::Actor;

class FakeJobs final : public models::Jobs {
 public:
  Result<models::JobRecord> job(db::Tx&, PublicId const& id) override {
    auto const found = all.find(id.text());
    if (found == all.end()) return fail(Errc::not_found, "job", "There is no such job.");
    return found->second;
  }
  std::map<std::string, models::JobRecord> all;
};

class FakeBytes final : public models::StoredBytes {
 public:
  Result<std::string> path_of(std::string_view sha256) override { return std::string{sha256}; }
  Result<std::string> content(std::string_view sha256, std::size_t bytes_max) override {
    auto const found = all.find(std::string{sha256});
    if (found == all.end()) return fail(Errc::not_found, "blob", "There are no such bytes.");
    if (found->second.size() > bytes_max) return fail(Errc::too_large, "file", "Too large.");
    return found->second;
  }
  Result<> keep(db::Tx&, PublicId const&, std::string_view, PublicId const&, models::ModelFile const&) override { return {}; }
  models::ModelFile put(std::string path, std::string content) {
    auto const sha256 = crypto::sha256(content).hex();
    auto const size = static_cast<std::int64_t>(content.size());
    all[sha256] = std::move(content);
    return {std::move(path), sha256, size};
  }
  std::map<std::string, std::string> all;
};

class FakeData final : public DataReferences {
 public:
  Result<Data> resolve(db::Tx&, PublicId const&, std::string_view reference) override {
    if (reference != "split:s/held_out") return fail(Errc::not_found, "split", "There is no such split.");
    return Data{std::string(64, 'a'), {{"held_out/cs.jsonl", std::string(64, 'b'), 10}}};
  }
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
    stranger = Actor{identity::PersonId{79}, new_id(), "Stranger", {}, {}};
    weights = bytes.put("model.safetensors", "weights");
  }

  PublicId new_id() { return PublicId::make(clock.now(), random); }

  // A completed job that left these files and read those.
  PublicId job(std::vector<models::JobInput> inputs, std::vector<models::ModelFile> artefacts) {
    auto const id = new_id();
    jobs.all[id.text()] = {id, project, true, "eval", std::string(64, 'c'), "{}", std::move(inputs), std::move(artefacts)};
    return id;
  }
  PublicId evaluation_job(std::string const& results) {
    return job({{"model:m", weights}, {"split:s/held_out", {"held_out/cs.jsonl", std::string(64, 'b'), 10}}},
               {bytes.put("results.json", results)});
  }
  models::Model model(std::string version = "1") {
    auto made = database.write([&](db::Tx& tx) {
      return models.register_model(tx, admin, project,
                                   {"little", std::move(version), job({}, {weights}), "MIT", "A model", {}, {}});
    });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  EvaluationDraft draft() const {
    PlannedMetric metric{.name = "bits_per_byte"};
    metric.direction = Direction::lower_is_better;
    metric.baseline = "ngram3_bits_per_byte";
    return {"fabrica-eval-lm", "1", {"split:s/held_out"}, {metric}, {1, 2}, 500, "It must beat counting."};
  }
  Result<Evaluation> preregister(EvaluationDraft const& what, Actor const& who) {
    return database.write([&](db::Tx& tx) { return evaluations.preregister(tx, who, project, what); });
  }
  Result<Results> record(PublicId const& evaluation, PublicId const& of, PublicId const& by, Actor const& who) {
    return database.write([&](db::Tx& tx) { return evaluations.record(tx, who, evaluation, {of, by}); });
  }
  Evaluation load(PublicId const& id) {
    auto found = database.read([&](db::Tx& tx) { return evaluations.evaluation(tx, admin, id); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  std::vector<journal::Kept> chain() {
    return *database.read([&](db::Tx& tx) { return journal.chain(tx, project.text(), 1, 100); });
  }

  db::Database& database;
  ManualClock clock{1'700'000'000 * kSecond};
  SeededRandom random{11};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  FakeJobs jobs;
  FakeBytes bytes;
  FakeData data;
  RecordedGates gates;
  models::Models models{clock, random, journal, projects, jobs, bytes, gates};
  Evaluations evaluations{clock, random, journal, projects, models, jobs, bytes, data};
  Actor admin;
  Actor stranger;
  PublicId project;
  PublicId other_project;
  models::ModelFile weights;
};

std::string results(double value, double baseline) {
  return R"({"suite":"fabrica-eval-lm","version":1,"metrics":[{"name":"bits_per_byte","slice":"all","value":)" +
         std::to_string(value) + R"(,"low":1.0,"high":3.0,"n":500,"unit":"bit/byte","method":"bootstrap"},
         {"name":"ngram3_bits_per_byte","slice":"all","value":)" + std::to_string(baseline) + "}]}";
}

class EvaluationDb : public db::DbTest {
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
FABRICA_ON_BOTH(EvaluationDb);

TEST_P(EvaluationDb, RecordsAPlanWithTheDigestOfItsData) {
  auto const made = world->preregister(world->draft(), world->admin);
  ASSERT_TRUE(made) << db::why(made);
  EXPECT_EQ(made->data.at(0).tree_sha256, std::string(64, 'a'));
  EXPECT_EQ(json::write(world->load(made->id)), json::write(*made));
  auto const said = world->chain().back();
  EXPECT_EQ(said.kind, "evaluation.preregistered");
  EXPECT_EQ(said.number, made->statement);
  auto const body = *json::Document::parse(*said.body);
  EXPECT_EQ(body.at("/subject/0/name").text(), "split:s/held_out");
  EXPECT_EQ(body.at("/predicate/body/metrics/0/baseline").text(), "ngram3_bits_per_byte");
}

TEST_P(EvaluationDb, RefusesAPlanThatSaysNothing) {
  EXPECT_EQ(world->preregister(world->draft(), world->stranger).error().code, Errc::forbidden);
  auto draft = world->draft();
  draft.metrics[0].baseline.reset();
  EXPECT_EQ(world->preregister(draft, world->admin).error().reason, "evaluation");
  draft = world->draft();
  draft.data = {"split:unknown/held_out"};
  EXPECT_EQ(world->preregister(draft, world->admin).error().reason, "split");
}

TEST_P(EvaluationDb, CallsAPlanMadeBeforeTheModelPreregistered) {
  auto const plan = world->preregister(world->draft(), world->admin);
  auto const model = world->model();
  auto const recorded = world->record(plan->id, model.id, world->evaluation_job(results(1.8, 2.3)), world->admin);
  ASSERT_TRUE(recorded) << db::why(recorded);
  EXPECT_TRUE(recorded->preregistered);
  EXPECT_EQ(recorded->verdict, Verdict::passed);
  ASSERT_EQ(recorded->outcomes.size(), 1u);
  EXPECT_EQ(recorded->outcomes[0].held_against, 2.3);

  auto const found = world->load(plan->id);
  ASSERT_EQ(found.results.size(), 1u);
  EXPECT_EQ(json::write(found.results[0]), json::write(*recorded));

  auto const said = world->chain().back();
  EXPECT_EQ(said.kind, "evaluation.recorded");
  EXPECT_EQ(said.number, recorded->statement);
  auto const body = *json::Document::parse(*said.body);
  EXPECT_EQ(body.at("/subject/0/digest/sha256").text(), recorded->results_sha256);
  EXPECT_EQ(body.at("/subject/1/digest/sha256").text(), model.tree_sha256);
  EXPECT_EQ(body.at("/predicate/body/result").text(), "PASSED");
  EXPECT_EQ(body.at("/predicate/body/passedTests/0").text(), "bits_per_byte/all");
  EXPECT_EQ(body.at("/predicate/body/preregistered").boolean(), true);
}

TEST_P(EvaluationDb, NeverCallsALaterPlanPreregistered) {
  auto const model = world->model();
  auto const plan = world->preregister(world->draft(), world->admin);
  auto const recorded = world->record(plan->id, model.id, world->evaluation_job(results(1.8, 2.3)), world->admin);
  ASSERT_TRUE(recorded) << db::why(recorded);
  EXPECT_FALSE(recorded->preregistered);
  auto const body = *json::Document::parse(*world->chain().back().body);
  EXPECT_EQ(body.at("/predicate/body/preregistered").boolean(), false);
  // The same plan stands before the next model.
  auto const next = world->model("2");
  EXPECT_TRUE(world->record(plan->id, next.id, world->evaluation_job(results(1.9, 2.3)), world->admin)->preregistered);
}

TEST_P(EvaluationDb, RecordsAFailureAsWhatItIsAndShowsItAtTheRelease) {
  auto const plan = world->preregister(world->draft(), world->admin);
  auto const model = world->model();
  auto const recorded = world->record(plan->id, model.id, world->evaluation_job(results(2.5, 2.3)), world->admin);
  ASSERT_TRUE(recorded) << db::why(recorded);
  EXPECT_EQ(recorded->verdict, Verdict::failed);
  auto const released = db().write([&](db::Tx& tx) {
    return world->models.decide(tx, world->admin, model.id, models::ReleaseAct::release, {"All the same."});
  });
  ASSERT_TRUE(released) << db::why(released);
  auto const body = *json::Document::parse(*world->chain().back().body);
  EXPECT_EQ(body.at("/predicate/body/evaluations/0/evaluation").text(), plan->id.text());
  EXPECT_EQ(body.at("/predicate/body/evaluations/0/passed").boolean(), false);
  EXPECT_EQ(body.at("/predicate/body/evaluations/0/preregistered").boolean(), true);
}

TEST_P(EvaluationDb, RefusesResultsThatAreNotOfThisPlanModelAndData) {
  auto const plan = world->preregister(world->draft(), world->admin);
  auto const model = world->model();
  auto const reason = [&](PublicId const& job, Actor const& who) {
    auto const done = world->record(plan->id, model.id, job, who);
    return done ? std::string{"recorded"} : done.error().reason;
  };
  auto const good = world->evaluation_job(results(1.8, 2.3));
  EXPECT_EQ(reason(good, world->stranger), "role");
  EXPECT_EQ(reason(world->new_id(), world->admin), "job");
  EXPECT_EQ(world->record(world->new_id(), model.id, good, world->admin).error().reason, "evaluation");
  EXPECT_EQ(world->record(plan->id, world->new_id(), good, world->admin).error().reason, "model");

  auto& job = world->jobs.all[good.text()];
  auto const whole = job;
  job.completed = false;
  EXPECT_EQ(reason(good, world->admin), "job_not_completed");
  job = whole;
  job.project = world->other_project;
  EXPECT_EQ(reason(good, world->admin), "job");
  job = whole;
  job.inputs.erase(job.inputs.begin());
  EXPECT_EQ(reason(good, world->admin), "job_inputs");  // not this model
  job = whole;
  job.inputs.pop_back();
  EXPECT_EQ(reason(good, world->admin), "job_inputs");  // not this data
  job = whole;
  job.artefacts[0].path = "other.json";
  EXPECT_EQ(reason(good, world->admin), "results_file");
  job = whole;

  EXPECT_EQ(reason(world->evaluation_job("no JSON"), world->admin), "results");
  auto const another = world->evaluation_job(R"({"suite":"another","version":1,"metrics":[{"name":"a","value":1}]})");
  EXPECT_EQ(reason(another, world->admin), "results");
  EXPECT_TRUE(world->load(plan->id).results.empty());
  EXPECT_EQ(reason(good, world->admin), "recorded");
  EXPECT_EQ(reason(good, world->admin), "results_recorded");
}

TEST_P(EvaluationDb, ListsPlansToTheProjectAlone) {
  auto const plan = world->preregister(world->draft(), world->admin);
  auto const list = [&](Actor const& who, PublicId const& after) {
    return db().read([&](db::Tx& tx) { return world->evaluations.evaluations(tx, who, world->project, after, 10); });
  };
  EXPECT_EQ(list(world->admin, {})->size(), 1u);
  EXPECT_EQ(list(world->admin, plan->id)->size(), 0u);
  EXPECT_EQ(list(world->stranger, {}).error().code, Errc::forbidden);
}

TEST_P(EvaluationDb, RecordsOnceWhateverStepFails) {
  std::unique_ptr<World> one;
  PublicId plan;
  PublicId model;
  PublicId job;
  auto const faults = db::for_each_fault(
      [&] {
        one.reset();
        auto database = fresh();
        one = std::make_unique<World>(*database);
        plan = one->preregister(one->draft(), one->admin)->id;
        model = one->model().id;
        job = one->evaluation_job(results(1.8, 2.3));
        return database;
      },
      [&](db::Database& faulty) {
        return faulty.write([&](db::Tx& tx) { return one->evaluations.record(tx, one->admin, plan, {model, job}); });
      },
      [&](db::Database&, bool succeeded) {
        auto const stored = one->load(plan).results;
        auto const said = std::ranges::count(one->chain(), "evaluation.recorded", &journal::Kept::kind);
        EXPECT_EQ(said, static_cast<std::int64_t>(stored.size()));
        EXPECT_TRUE(!succeeded || stored.size() == 1u);
        for (auto const& result : stored) EXPECT_EQ(result.measured.size(), 2u);
        one.reset();
      });
  EXPECT_GT(faults, 5);
}

}  // namespace
}  // namespace fabrica::evaluation
