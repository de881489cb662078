#include "identity/rules.hpp"

#include <gtest/gtest.h>

namespace fabrica::identity {
namespace {

constexpr auto kHere = "0193571e-7c1f-7a3b-8d1e-5f2a9b3c4d5e";
constexpr auto kElsewhere = "0193571e-7c1f-7a3b-8d1e-5f2a9b3c4d5f";

Actor somebody(std::vector<Grant> grants, std::vector<std::string> scopes = {}) {
  SeededRandom random{1};
  return {PersonId{1}, PublicId::make(1, random), "Somebody", std::move(grants), std::move(scopes)};
}

TEST(Authorise, AsksThePublicToLogIn) {
  EXPECT_EQ(authorise(Actor{}, Permission::view_project).error().code, Errc::unauthenticated);
}

TEST(Authorise, LimitsAProjectRoleToItsProject) {
  auto const actor = somebody({{Role::project_member, kHere}});
  EXPECT_TRUE(authorise(actor, Permission::work_in_project, {"", kHere}));
  EXPECT_EQ(authorise(actor, Permission::work_in_project, {"", kElsewhere}).error().code, Errc::forbidden);
  EXPECT_FALSE(authorise(actor, Permission::work_in_project));
  EXPECT_FALSE(authorise(actor, Permission::lead_project, {"", kHere}));
}

TEST(Authorise, LetsAnAuditorReadAndChangeNothing) {
  auto const actor = somebody({{Role::auditor, ""}});
  EXPECT_TRUE(authorise(actor, Permission::view_project, {kElsewhere, kHere}));
  for (auto const permission : {Permission::manage_people, Permission::manage_calls, Permission::manage_systems,
                                Permission::work_in_project, Permission::lead_project, Permission::apply})
    EXPECT_FALSE(authorise(actor, permission, {kElsewhere, kHere})) << name_of(permission);
}

TEST(Authorise, KeepsATokenWithinItsScopes) {
  auto const actor = somebody({{Role::administrator, ""}}, {"view_factory"});
  EXPECT_TRUE(authorise(actor, Permission::view_factory));
  EXPECT_EQ(authorise(actor, Permission::manage_people).error().reason, "token_scope");
}

TEST(Drafts, NameEveryFaultAtOnce) {
  auto const refused = check(PersonDraft{"", "nobody", "short", std::nullopt, {{Role::member, ""}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().faults.size(), 4u);
  EXPECT_FALSE(check(OrganisationDraft{"Firm", "lv", OrganisationKind::sme, -1, {}, {}, {}}));
  EXPECT_TRUE(check(OrganisationDraft{"Firm", "LV", OrganisationKind::sme, 12, {}, {}, {}}));
  EXPECT_FALSE(check(TokenDraft{"t", {"fly"}, 400}));
}

}  // namespace
}  // namespace fabrica::identity
