#include <gtest/gtest.h>

#include "blobs/service.hpp"
#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"
#include "dataspace/blob_files.hpp"
#include "dataspace/rules.hpp"
#include "dataspace/service.hpp"
#include "dataspace/uploads.hpp"
#include "db/testing/dbtest.hpp"
#include "json/json.hpp"

namespace fabrica::dataspace {
namespace {

using identity::Actor;

std::string lines(std::string_view language, int from, int to) {
  std::string out;
  for (int at = from; at < to; ++at)
    out += R"({"id": "page )" + std::to_string(at) + R"(", "text": ")" + std::string{language} + " " + std::to_string(at) + "\"}\n";
  return out;
}

// The module over real files and one database, with a project to work in.
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
    member = Actor{identity::PersonId{77}, PublicId::make(clock.now(), random), "Member",
                   {{identity::Role::project_member, project.text()}}, {}};
    stranger = Actor{identity::PersonId{78}, PublicId::make(clock.now(), random), "Stranger", {}, {}};
  }

  // Bytes of a project, without the pieces and the hashing of an upload.
  File stored(std::string path, std::string_view content, PublicId const& of) {
    auto const written = files.write([&](ProjectFiles::Sink const& sink) { return sink(content); });
    EXPECT_TRUE(written) << db::why(written);
    auto const belongs = database.write([&](db::Tx& tx) { return files.belongs(tx, of, *written); });
    EXPECT_TRUE(belongs) << db::why(belongs);
    return {std::move(path), written->sha256, written->size_bytes};
  }

  DatasetDraft draft(std::vector<File> files) const {
    return {.name = "help", .description = "Help pages", .licence = "MPL-2.0", .source_kind = SourceKind::public_dataset,
            .modality = Modality::text, .languages = {"cs", "de"}, .documents = 100, .period = {{}, Time{kDay}},
            .personal_data = PersonalData::no, .personal_data_reason = "Documentation", .tdm_check = "Free licence",
            .domains_digest = {}, .sources = {{"help-cs", "1.0", std::string(64, 'b'), {}}}, .files = std::move(files)};
  }
  std::vector<File> parallel_text() {
    return {stored("de.jsonl", lines("de", 0, 100), project), stored("cs.jsonl", lines("cs", 0, 100), project),
            stored("corpus.json", "{}", project)};
  }

  Result<Dataset> register_it(DatasetDraft const& what, Actor const& actor) {
    return database.write([&](db::Tx& tx) { return dataspace.register_dataset(tx, actor, project, what); });
  }
  Dataset registered() {
    auto made = register_it(draft(parallel_text()), member);
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  Result<Split> split_it(PublicId const& dataset, SplitDraft const& shares, Actor const& actor) {
    return database.write([&](db::Tx& tx) { return dataspace.create_split(tx, actor, dataset, shares); });
  }
  Split split(PublicId const& id) {
    auto found = database.read([&](db::Tx& tx) { return dataspace.split(tx, member, id); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  Result<Input> resolve(PublicId const& in, std::string const& reference) {
    return database.read([&](db::Tx& tx) { return dataspace.resolve_input(tx, in, reference); });
  }
  std::vector<journal::Kept> chain() {
    return *database.read([&](db::Tx& tx) { return journal.chain(tx, project.text(), 1, 100); });
  }
  std::string content(std::string const& sha256) {
    std::string out;
    auto const read = files.read(sha256, [&](std::string_view piece) -> Result<> {
      out += piece;
      return {};
    });
    EXPECT_TRUE(read) << db::why(read);
    return out;
  }

  db::Database& database;
  db::TestFolder folder;
  SystemClock clock;
  SeededRandom random{7};
  NullLog log;
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  blobs::Store store = *blobs::Store::open(folder.path(), clock);
  blobs::Service blobs{database, store, clock, random};
  BlobFiles files{blobs, clock};
  Uploads uploads{database, blobs, files, projects};
  Dataspace dataspace{clock, random, log, journal, projects, files};
  Actor admin;
  Actor member;
  Actor stranger;
  PublicId project;
  PublicId other_project;
};

class DataspaceDb : public db::DbTest {
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
FABRICA_ON_BOTH(DataspaceDb);

TEST_P(DataspaceDb, RegistersADataSetWithItsTreeDigestAndStatement) {
  auto const made = world->registered();
  EXPECT_EQ(made.tree_sha256, tree_digest(made.files));
  EXPECT_EQ(made.file_count, 3);
  auto const found = db().read([&](db::Tx& tx) { return world->dataspace.dataset(tx, world->member, made.id); });
  ASSERT_TRUE(found) << db::why(found);
  EXPECT_EQ(json::write(*found), json::write(made));

  auto const chain = world->chain();
  ASSERT_EQ(chain.back().kind, "dataset.registered");
  EXPECT_EQ(chain.back().number, made.statement);
  auto const body = *json::Document::parse(*chain.back().body);
  EXPECT_EQ(body.at("/subject/0/digest/sha256").text(), made.tree_sha256);
  EXPECT_EQ(body.at("/subject/1/digest/sha256").text(), made.record_sha256);
  for (auto const* field : {"licence", "source_kind", "modality", "size_bytes", "period", "personal_data", "tdm_check"})
    EXPECT_TRUE(body.at("/predicate/body/" + std::string{field})) << field;
}

TEST_P(DataspaceDb, RefusesFilesNobodyUploadedToThisProject) {
  auto const elsewhere = world->stored("cs.jsonl", lines("cs", 0, 9), world->other_project);
  auto const bad = world->register_it(world->draft({elsewhere}), world->member);
  EXPECT_EQ(bad.error().reason, "dataset");
  ASSERT_EQ(bad.error().faults.size(), 1u);
  EXPECT_EQ(bad.error().faults[0].pointer, "/files/0/sha256");
  auto here = world->stored("cs.jsonl", lines("cs", 0, 9), world->project);
  EXPECT_TRUE(world->register_it(world->draft({here}), world->member));
  here.size_bytes += 1;
  EXPECT_EQ(world->register_it(world->draft({here}), world->member).error().faults[0].pointer, "/files/0/size_bytes");
}

TEST_P(DataspaceDb, LetsOnlyThoseWorkWhoMay) {
  auto const files = world->parallel_text();
  EXPECT_EQ(world->register_it(world->draft(files), world->stranger).error().code, Errc::forbidden);
  EXPECT_EQ(world->register_it(world->draft(files), {}).error().code, Errc::unauthenticated);
  auto const made = world->register_it(world->draft(files), world->member);
  ASSERT_TRUE(made) << db::why(made);
  EXPECT_EQ(world->split_it(made->id, {800'000, 100'000, 100'000}, world->stranger).error().code, Errc::forbidden);
  auto const seen = [&](Actor const& actor) {
    return db().read([&](db::Tx& tx) { return world->dataspace.dataset(tx, actor, made->id); });
  };
  EXPECT_EQ(seen(world->stranger).error().code, Errc::forbidden);
  EXPECT_TRUE(seen(world->member));
  EXPECT_EQ(world->uploads.start(world->stranger, world->project, {}).error().code, Errc::forbidden);
  EXPECT_EQ(world->uploads.has(world->stranger, world->project, files[0].sha256).error().code, Errc::forbidden);
}

TEST_P(DataspaceDb, ListsDataSetsPageByPage) {
  std::vector<std::string> ids;
  for (int at = 0; at < 3; ++at) ids.push_back(world->registered().id.text());
  auto const page = [&](PublicId const& after) {
    return *db().read([&](db::Tx& tx) { return world->dataspace.datasets(tx, world->member, world->project, after, 2); });
  };
  auto const first = page({});
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].id.text(), ids[0]);
  auto const rest = page(first[1].id);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].id.text(), ids[2]);
}

TEST_P(DataspaceDb, CommitsASplitThatKeepsEveryLanguageOfADocumentOnOneSide) {
  auto const data = world->registered();
  auto const asked = world->split_it(data.id, {800'000, 100'000, 100'000}, world->member);
  ASSERT_TRUE(asked) << db::why(asked);
  EXPECT_EQ(asked->state, SplitState::splitting);
  EXPECT_FALSE(asked->seed);  // told only once nobody can choose any more
  EXPECT_EQ(world->resolve(world->project, "split:" + asked->id.text() + "/train").error().reason, "split_not_committed");

  auto const worked = world->dataspace.materialise_next(db());
  ASSERT_TRUE(worked && *worked) << db::why(worked);
  auto const done = world->split(asked->id);
  ASSERT_EQ(done.state, SplitState::committed) << done.failure.value_or("");
  ASSERT_EQ(done.files.size(), 6u);
  SplitRule rule{{}, done.train_ppm, done.validation_ppm};
  std::ranges::copy(*crypto::hex_decode(*done.seed), rule.seed.begin());
  for (auto const& file : done.files) {
    auto const language = language_of(file.path);
    std::string expected;
    for (int at = 0; at < 100; ++at)
      if (part_of(rule, "page " + std::to_string(at)) == file.part) expected += lines(language, at, at + 1);
    EXPECT_EQ(world->content(file.sha256), expected) << file.path;
  }

  auto const chain = world->chain();
  ASSERT_EQ(chain.back().kind, "split.committed");
  EXPECT_EQ(chain.back().number, done.statement);
  auto const body = *json::Document::parse(*chain.back().body);
  EXPECT_EQ(body.at("/predicate/body/seed").text(), *done.seed);
  EXPECT_EQ(body.at("/predicate/body/dataset_tree_sha256").text(), data.tree_sha256);
  EXPECT_EQ(body.at("/subject").size(), 6u);
  EXPECT_FALSE(*world->dataspace.materialise_next(db()));
}

TEST_P(DataspaceDb, DrawsAnotherSeedForEverySplit) {
  auto const data = world->registered();
  std::set<std::string> seeds;
  for (int at = 0; at < 3; ++at) {
    auto const asked = world->split_it(data.id, {800'000, 100'000, 100'000}, world->member);
    ASSERT_TRUE(world->dataspace.materialise_next(db()));
    seeds.insert(world->split(asked->id).seed.value_or(""));
  }
  EXPECT_EQ(seeds.size(), 3u);
}

TEST_P(DataspaceDb, ResolvesInputsForTheirOwnProjectOnly) {
  auto const data = world->registered();
  auto const asked = world->split_it(data.id, {700'000, 150'000, 150'000}, world->member);
  ASSERT_TRUE(world->dataspace.materialise_next(db()));
  auto const whole = world->resolve(world->project, "dataset:" + data.id.text());
  ASSERT_TRUE(whole) << db::why(whole);
  EXPECT_EQ(whole->files, data.files);
  EXPECT_EQ(whole->tree_sha256, data.tree_sha256);

  auto const id = asked->id.text();
  auto const parts = world->resolve(world->project, "split:" + id + "/train,held_out");
  ASSERT_TRUE(parts) << db::why(parts);
  std::vector<std::string> paths;
  for (auto const& file : parts->files) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"train/cs.jsonl", "train/de.jsonl", "held_out/cs.jsonl", "held_out/de.jsonl"}));
  EXPECT_EQ(parts->tree_sha256, tree_digest(parts->files));

  EXPECT_EQ(world->resolve(world->other_project, "dataset:" + data.id.text()).error().reason, "dataset");
  EXPECT_EQ(world->resolve(world->other_project, "split:" + id + "/train").error().reason, "split");
  EXPECT_EQ(world->resolve(world->project, "dataset:" + id).error().code, Errc::not_found);
  EXPECT_EQ(world->resolve(world->project, "elsewhere").error().reason, "input_reference");
}

TEST_P(DataspaceDb, EndsASplitOfBadDataAsFailedWithFileAndLine) {
  auto const bad = world->stored("cs.jsonl", lines("cs", 0, 3) + "no JSON\n", world->project);
  auto const data = world->register_it(world->draft({bad}), world->member);
  auto const asked = world->split_it(data->id, {800'000, 100'000, 100'000}, world->member);
  auto const worked = world->dataspace.materialise_next(db());
  ASSERT_TRUE(worked && *worked) << db::why(worked);
  auto const ended = world->split(asked->id);
  EXPECT_EQ(ended.state, SplitState::failed);
  EXPECT_NE(ended.failure.value_or("").find("cs.jsonl, line 4"), std::string::npos) << ended.failure.value_or("");
  EXPECT_TRUE(ended.files.empty());
  EXPECT_EQ(world->chain().back().kind, "dataset.registered");
  EXPECT_EQ(world->resolve(world->project, "split:" + asked->id.text() + "/train").error().reason, "split_not_committed");
}

TEST_P(DataspaceDb, RefusesASplitThatCannotBe) {
  auto const data = world->registered();
  EXPECT_EQ(world->split_it(data.id, {800'000, 100'000, 100'001}, world->member).error().reason, "split_shares");
  auto const notes = world->register_it(world->draft({world->stored("notes.txt", "x", world->project)}), world->member);
  EXPECT_EQ(world->split_it(notes->id, {800'000, 100'000, 100'000}, world->member).error().reason, "split_files");
  auto const line = world->stored("cs.jsonl", lines("cs", 0, 1), world->project);
  auto const one = world->register_it(world->draft({line}), world->member);
  auto const asked = world->split_it(one->id, {500'000, 0, 500'000}, world->member);
  ASSERT_TRUE(world->dataspace.materialise_next(db()));
  EXPECT_EQ(world->split(asked->id).state, SplitState::failed);
}

TEST_P(DataspaceDb, LeavesASplitWaitingWhileItsBytesAreGoneAndGoesOnWithTheNext) {
  auto const data = world->registered();
  auto const stuck = world->split_it(data.id, {800'000, 100'000, 100'000}, world->member);
  std::filesystem::remove(world->store.path_of(*crypto::Digest::from_hex(data.files[1].sha256)));
  auto const text = world->stored("de.jsonl", lines("de", 0, 50), world->project);
  auto const other = world->register_it(world->draft({text}), world->member);
  auto const next = world->split_it(other->id, {800'000, 100'000, 100'000}, world->member);
  auto const worked = world->dataspace.materialise_next(db());
  ASSERT_TRUE(worked && *worked) << db::why(worked);
  EXPECT_EQ(world->split(next->id).state, SplitState::committed);
  EXPECT_EQ(world->split(stuck->id).state, SplitState::splitting);
  EXPECT_FALSE(world->dataspace.materialise_next(db()));
  world->stored("cs.jsonl", lines("cs", 0, 100), world->project);  // the same bytes come back
  ASSERT_TRUE(world->dataspace.materialise_next(db()));
  EXPECT_EQ(world->split(stuck->id).state, SplitState::committed);
}

TEST_P(DataspaceDb, TakesUploadsUpAgainWhereTheyStood) {
  auto const content = lines("cs", 0, 50);
  auto const started = world->uploads.start(world->member, world->project, {{}, crypto::sha256(content).hex()});
  ASSERT_TRUE(started) << db::why(started);
  ASSERT_TRUE(world->uploads.append(started->id, 0, std::string_view{content}.substr(0, 100)));
  EXPECT_EQ(world->uploads.append(started->id, 0, "again").error().reason, "upload_offset");
  EXPECT_EQ(world->uploads.state(world->member, started->id)->received_bytes, 100);
  EXPECT_EQ(world->uploads.state(world->stranger, started->id).error().code, Errc::forbidden);
  ASSERT_TRUE(world->uploads.append(started->id, 100, std::string_view{content}.substr(100)));
  auto const done = world->uploads.finish(world->member, started->id, {});
  ASSERT_TRUE(done) << db::why(done);
  EXPECT_EQ(done->sha256, crypto::sha256(content).hex());
  EXPECT_EQ(world->uploads.has(world->member, world->project, done->sha256)->size_bytes, done->size_bytes);
  EXPECT_EQ(world->uploads.has(world->admin, world->other_project, done->sha256).error().code, Errc::not_found);
}

// Whatever step of the database fails, a split ends committed with one statement, or waits and is committed by the next try.
TEST_P(DataspaceDb, SurvivesAFaultAtEveryStepOfASplit) {
  std::unique_ptr<World> one;
  PublicId split;
  auto const faults = db::for_each_fault(
      [&] {
        one.reset();
        auto database = fresh();
        one = std::make_unique<World>(*database);
        auto const text = one->stored("cs.jsonl", lines("cs", 0, 100), one->project);
        auto const data = one->register_it(one->draft({text}), one->member);
        split = one->split_it(data->id, {800'000, 100'000, 100'000}, one->member)->id;
        return database;
      },
      [&](db::Database& faulty) -> Result<> {
        FABRICA_DO(one->dataspace.materialise_next(faulty));
        return {};
      },
      [&](db::Database& after, bool) {
        ASSERT_TRUE(one->dataspace.materialise_next(after));
        auto const ended = one->split(split);
        EXPECT_EQ(ended.state, SplitState::committed);
        EXPECT_EQ(ended.files.size(), 3u);
        EXPECT_EQ(std::ranges::count(one->chain(), "split.committed", &journal::Kept::kind), 1);
        one.reset();
      });
  EXPECT_GT(faults, 5);
}

}  // namespace
}  // namespace fabrica::dataspace
