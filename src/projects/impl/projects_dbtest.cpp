#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "db/testing/dbtest.hpp"
#include "json/json.hpp"
#include "projects/service.hpp"

namespace fabrica::projects {
namespace {

using identity::Actor;
using identity::Permission;
using identity::Role;

class ProjectsDb : public db::DbTest {
 protected:
  ManualClock clock{1'780'000'000 * kSecond};
  SeededRandom random{5};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  Projects projects{clock, random, journal, identity};
  PublicId here;
  PublicId elsewhere;
  Actor member;    // of the organisation `here`
  Actor outsider;  // of `elsewhere`, leading a project there
  Project project;

  void SetUp() override {
    DbTest::SetUp();
    auto const made = db().write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(auto const admin, identity.actor_by_email(tx, "ada@example.org"));
      for (auto* const id : {&here, &elsewhere}) {
        FABRICA_TRY(auto const firm, identity.create_organisation(
                                         tx, admin, {"Firm", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}}));
        *id = firm.id;
      }
      FABRICA_DO(identity.create_person(tx, admin, {"Bob", "bob@example.org", {}, here, {}}, std::nullopt));
      FABRICA_DO(identity.create_person(tx, admin, {"Eve", "eve@example.org", {}, elsewhere, {}}, std::nullopt));
      FABRICA_TRY(auto const bob, identity.actor_by_email(tx, "bob@example.org"));
      FABRICA_TRY(auto const eve, identity.actor_by_email(tx, "eve@example.org"));
      FABRICA_TRY(project, projects.create(tx, bob, {here, "One", "A project", "energy"}));
      FABRICA_DO(projects.create(tx, eve, {elsewhere, "Other", "Another project", "other"}));
      FABRICA_TRY(member, identity.actor_by_email(tx, "bob@example.org"));
      FABRICA_TRY(outsider, identity.actor_by_email(tx, "eve@example.org"));
      return {};
    });
    ASSERT_TRUE(made) << db::why(made);
  }

  template <class F>
  auto read(F&& use_case) {
    return db().read([&](db::Tx& tx) { return use_case(tx); });
  }
  Result<Project> create(Actor const& who, ProjectDraft const& draft) {
    return db().write([&](db::Tx& tx) { return projects.create(tx, who, draft); });
  }
  void say(std::string const& kind) {
    auto const done = db().write([&](db::Tx& tx) {
      return journal.append(tx, {project.id.text(), kind, std::string{journal::kProgram}, {}, R"({"n":1})"});
    });
    ASSERT_TRUE(done) << db::why(done);
  }
  std::vector<JourneyStep> journey() {
    auto const found = read([&](db::Tx& tx) { return projects.journey(tx, member, project.id); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  static std::vector<std::string> done(std::vector<JourneyStep> const& steps) {
    std::vector<std::string> names;
    for (auto const& step : steps)
      if (step.done) names.push_back(step.step);
    return names;
  }
};
FABRICA_ON_BOTH(ProjectsDb);

TEST_P(ProjectsDb, WhoeverMakesAProjectLeadsIt) {
  auto const seen = read([&](db::Tx& tx) { return projects.get(tx, member, project.id); });
  ASSERT_TRUE(seen) << db::why(seen);
  EXPECT_EQ(json::write(*seen), json::write(project));
  EXPECT_TRUE(read([&](db::Tx& tx) { return projects.require(tx, member, project.id, Permission::lead_project); }));
  auto const chain = read([&](db::Tx& tx) { return journal.chain(tx, project.id.text(), 1, 10); });
  ASSERT_TRUE(chain) << db::why(chain);
  ASSERT_EQ(chain->size(), 1u);
  EXPECT_EQ(chain->front().kind, "project.created");
}

TEST_P(ProjectsDb, AnotherOrganisationsMemberSeesNothing) {
  auto const refused = [&](auto const& result, Errc code) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code);
  };
  for (auto const& who : {outsider, Actor{}}) {
    auto const code = who.anonymous() ? Errc::unauthenticated : Errc::forbidden;
    refused(read([&](db::Tx& tx) { return projects.get(tx, who, project.id); }), code);
    refused(read([&](db::Tx& tx) { return projects.journey(tx, who, project.id); }), code);
    refused(read([&](db::Tx& tx) { return projects.require(tx, who, project.id, Permission::work_in_project); }), code);
    refused(create(who, {here, "Theirs", "", "other"}), code);
  }
  auto const listed = read([&](db::Tx& tx) { return projects.list(tx, outsider, {}, 10); });
  ASSERT_TRUE(listed) << db::why(listed);
  ASSERT_EQ(listed->items.size(), 1u);
  EXPECT_EQ(listed->items.front().title, "Other");
  refused(read([&](db::Tx& tx) { return projects.list(tx, Actor{}, {}, 10); }), Errc::unauthenticated);
  // Nor does it tell the public which projects there are.
  refused(read([&](db::Tx& tx) { return projects.get(tx, Actor{}, here); }), Errc::unauthenticated);
}

TEST_P(ProjectsDb, AMemberOfTheOrganisationAloneDoesNotSeeItsProjects) {
  Actor const colleague{identity::PersonId{78}, here, "Colleague", {{Role::member, here.text()}}, {}};
  EXPECT_EQ(read([&](db::Tx& tx) { return projects.get(tx, colleague, project.id); }).error().code, Errc::forbidden);
  Actor const head{identity::PersonId{79}, here, "Head", {{Role::organisation_admin, here.text()}}, {}};
  EXPECT_TRUE(read([&](db::Tx& tx) { return projects.get(tx, head, project.id); }));
  EXPECT_FALSE(read([&](db::Tx& tx) { return projects.require(tx, head, project.id, Permission::work_in_project); }));
}

TEST_P(ProjectsDb, ShowsTheStepsOfTheJourneyThatStatementsProve) {
  EXPECT_TRUE(done(journey()).empty());
  EXPECT_EQ(journey().size(), 10u);
  say("proposal.submitted");
  EXPECT_EQ(done(journey()), (std::vector<std::string>{"plan", "apply"}));
  clock.advance(kHour);
  say("dataset.registered");
  auto const first_at = clock.now();
  clock.advance(kHour);
  say("dataset.registered");
  say("dataset.erased");
  auto const steps = journey();
  EXPECT_EQ(done(steps), (std::vector<std::string>{"plan", "apply", "data"}));
  auto const data = std::ranges::find(steps, "data", &JourneyStep::step);
  ASSERT_NE(data, steps.end());
  EXPECT_EQ(data->number, 3);  // the first that shows it: after project.created and proposal.submitted
  EXPECT_EQ(data->at->us, first_at);
  auto const train = std::ranges::find(steps, "train", &JourneyStep::step);
  ASSERT_NE(train, steps.end());
  EXPECT_FALSE(train->number || train->at);
}

TEST_P(ProjectsDb, IsDoneWithEveryStepOnceEachHasItsStatement) {
  for (auto const* kind : {"proposal.submitted", "proposal.checked", "award.decided", "dataset.registered", "job.ended",
                           "evaluation.recorded", "document.generated", "release.decided", "dossier.issued"})
    say(kind);
  EXPECT_EQ(done(journey()), (std::vector<std::string>{"plan", "apply", "check", "award", "data", "train", "validate",
                                                       "document", "release", "report"}));
}

TEST_P(ProjectsDb, NamesEveryFaultOfADraft) {
  auto const refused = create(member, {here, " \t", std::string(4001, 'x'), "war"});
  ASSERT_FALSE(refused);
  std::vector<std::string> where;
  for (auto const& fault : refused.error().faults) where.push_back(fault.pointer);
  EXPECT_EQ(where, (std::vector<std::string>{"/title", "/summary", "/sector"}));
  EXPECT_EQ(read([&](db::Tx& tx) { return projects.list(tx, member, {}, 10); })->total, 1);
}

// Nobody's list ends silently, however long it is: who sees all, and who sees what is theirs, read it page by page.
TEST_P(ProjectsDb, ListsAllThereAreInPages) {
  for (int number = 0; number < 25; ++number) {
    clock.advance(kSecond);
    ASSERT_TRUE(create(member, {here, fmt::format("Project {}", number), "", "other"}));
  }
  member = *read([&](db::Tx& tx) { return identity.actor_by_email(tx, "bob@example.org"); });
  Actor auditor = member;
  auditor.grants = {{identity::Role::auditor, ""}};
  for (auto const& who : {member, auditor}) {
    std::vector<std::string> titles;
    PublicId after;
    for (;;) {
      auto const page = read([&](db::Tx& tx) { return projects.list(tx, who, after, 10); });
      ASSERT_TRUE(page) << db::why(page);
      EXPECT_GE(page->total, 26);
      if (page->items.empty()) break;
      for (auto const& one : page->items) titles.push_back(one.title);
      after = page->items.back().id;
    }
    ASSERT_GE(titles.size(), 26u);
    EXPECT_EQ(titles.front(), "Project 24");
    EXPECT_EQ(std::set(titles.begin(), titles.end()).size(), titles.size());
  }
}

}  // namespace
}  // namespace fabrica::projects
