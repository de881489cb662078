#include "calls/attachments.hpp"
#include "calls/suggestions.hpp"
#include "calls/testing/pdf.hpp"
#include "calls/testing/world.hpp"

namespace fabrica::calls {
namespace {

struct World : testing::World {
  using testing::World::World;

  SuggestedAnswers of(identity::Actor const& actor, PublicId const& of_project) {
    auto const found = read([&](db::Tx& tx) { return suggester.of_project(tx, actor, of_project, {call.id, {}, {}}); });
    EXPECT_TRUE(found) << db::why(found);
    return found ? *found : SuggestedAnswers{};
  }
  Suggested const* in(SuggestedAnswers const& all, std::string_view field) {
    auto const found = std::ranges::find(all.offered, field, &Suggested::field);
    return found == all.offered.end() ? nullptr : &*found;
  }
  Proposal with(PublicId const& in_project, std::string const& form) {
    auto draft = proposal_draft();
    draft.form = json::Raw{form};
    auto const made = write([&](db::Tx& tx) { return calls.draft(tx, admin, in_project, draft); });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }

  Suggester suggester{clock, projects, facts, calls};
};

class SuggestionsDb : public db::DbTest {};
FABRICA_ON_BOTH(SuggestionsDb);

TEST_P(SuggestionsDb, TheNewestAnswerIsOfferedAndSaysWhereItWasGiven) {
  World world{db()};
  auto const first = world.with(world.project, R"({"pi_family_names":"Old","org_department":"Physics"})");
  world.clock.advance(kDay);
  auto const second = world.with(world.project, R"({"pi_family_names":"Bērziņa"})");
  auto const all = world.of(world.member, world.project);
  auto const* name = world.in(all, "pi_family_names");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->value.text, "\"Bērziņa\"");
  EXPECT_EQ(name->from, SuggestedFrom::earlier);
  EXPECT_EQ(name->proposal, second.id);
  EXPECT_FALSE(name->label.empty());
  EXPECT_EQ(world.in(all, "org_department")->proposal, first.id);
  EXPECT_EQ(world.in(all, "title"), nullptr);
}

TEST_P(SuggestionsDb, AnotherProjectOfTheOrganisationHelpsWhoMaySeeIt) {
  World world{db()};
  world.with(world.second, R"({"pi_family_names":"Bērziņa"})");
  EXPECT_TRUE(world.in(world.of(world.member, world.project), "pi_family_names"));
  auto const only_one = world.who(90, {{identity::Role::project_member, world.project.text()}});
  EXPECT_EQ(world.in(world.of(only_one, world.project), "pi_family_names"), nullptr);
}

TEST_P(SuggestionsDb, NothingGoesFromOneOrganisationToAnother) {
  World world{db()};
  world.with(world.rivals, R"({"pi_family_names":"Rival"})");
  // Not even for who sees every project.
  for (auto const* who : {&world.admin, &world.officer})
    EXPECT_EQ(world.in(world.of(*who, world.project), "pi_family_names"), nullptr);
  auto const refused = world.read(
      [&](db::Tx& tx) { return world.suggester.of_project(tx, world.rival, world.project, {world.call.id, {}, {}}); });
  EXPECT_FALSE(refused);
}

TEST_P(SuggestionsDb, ConsentsAndOpenQuestionsAreGivenAnew) {
  World world{db()};
  world.with(world.project, R"({"accept_terms":"yes","org_research_activity":"unknown"})");
  auto const all = world.of(world.member, world.project);
  EXPECT_EQ(world.in(all, "accept_terms"), nullptr);
  EXPECT_EQ(world.in(all, "org_research_activity"), nullptr);
}

TEST_P(SuggestionsDb, ThePlanFillsTheResourcePart) {
  World world{db()};
  auto const draft = world.with(world.project, R"({"gpus_per_node":2})");
  auto const all = world.read([&](db::Tx& tx) { return world.suggester.of_proposal(tx, world.member, draft.id); });
  ASSERT_TRUE(all) << db::why(all);
  auto const expect = [&](std::string_view field, std::string_view value) {
    auto const* one = world.in(*all, field);
    ASSERT_TRUE(one) << field;
    EXPECT_EQ(one->from, SuggestedFrom::plan) << field;
    EXPECT_EQ(one->value.text, value) << field;
    EXPECT_TRUE(one->source.starts_with("/")) << field;
  };
  expect("partition", "\"meluxina/gpu\"");
  expect("resource_unit", "\"node_hour\"");
  expect("requested_amount", "10");
  expect("nodes_per_job_max", "2");
  expect("gpus_per_job_max", "8");
  expect("gpus_per_node", "4");
  EXPECT_TRUE(world.in(*all, "gpus_per_node")->answered);
  EXPECT_FALSE(world.in(*all, "gpus_per_job_max")->answered);
  EXPECT_TRUE(world.in(*all, "storage_work_tb"));
  EXPECT_TRUE(world.in(*all, "memory_min"));
}

TEST_P(SuggestionsDb, APlanNeedsItsPartitionAndItsFaultsAreNamed) {
  World world{db()};
  auto const ask = [&](SuggestionRequest const& request) {
    return world.read([&](db::Tx& tx) { return world.suggester.of_project(tx, world.member, world.project, request); });
  };
  EXPECT_EQ(ask({world.call.id, {}, json::Raw{"{}"}}).error().reason, "partition");
  auto const bad = ask({world.call.id, "meluxina/gpu", json::Raw{R"({"parameters":-1,"tokens":5})"}});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().faults.at(0).pointer, "/plan/parameters");
  auto const good = ask({world.call.id, "meluxina/gpu", json::Raw{R"({"parameters":1000000000,"tokens":2900000000})"}});
  ASSERT_TRUE(good) << db::why(good);
  EXPECT_TRUE(world.in(*good, "requested_amount"));
}

TEST_P(SuggestionsDb, AFileIsOfferedWithItsAttachment) {
  World world{db()};
  db::TestFolder folder;
  auto const files = blobs::Store::open(folder.path(), world.clock);
  blobs::Service blobs{world.database, *files, world.clock, world.random};
  struct None final : ReadsProposals {
    Result<std::optional<forms::Reader>> reader(db::Tx&, identity::Actor const&, PublicId const&) override {
      return std::optional<forms::Reader>{};
    }
  } none;
  Attachments attachments{world.database, world.clock, world.random, world.journal,
                          world.projects, blobs,       world.calls,  none};
  auto const draft = world.with(world.project, "{}");
  auto sink = attachments.receive(world.member, draft.id, "cv", "cv.pdf", "request");
  ASSERT_TRUE(sink) << db::why(sink);
  ASSERT_TRUE((*sink)->write(testing::pdf(1)));
  ASSERT_EQ((*sink)->finish().status, 200);
  auto const all = world.of(world.member, world.project);
  auto const* cv = world.in(all, "cv");
  ASSERT_TRUE(cv);
  ASSERT_TRUE(cv->attachment);
  auto const next = world.with(world.second, "{}");
  auto const again = world.write(
      [&](db::Tx& tx) { return attachments.attach_again(tx, world.member, next.id, "cv", *cv->attachment); });
  EXPECT_TRUE(again) << db::why(again);
}

}  // namespace
}  // namespace fabrica::calls
