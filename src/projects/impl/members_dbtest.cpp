#include <gtest/gtest.h>

#include <algorithm>

#include "db/testing/dbtest.hpp"
#include "projects/members.hpp"

namespace fabrica::projects {
namespace {

using identity::Actor;

class MembersDb : public db::DbTest {
 protected:
  ManualClock clock{1'780'000'000 * kSecond};
  SeededRandom random{5};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  Projects projects{clock, random, journal, identity};
  Members members{clock, journal, projects};
  Actor bob, eve;
  PublicId project;

  void SetUp() override {
    DbTest::SetUp();
    auto const made = db().write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(auto const admin, identity.actor_by_email(tx, "ada@example.org"));
      FABRICA_TRY(auto const firm, identity.create_organisation(
                                       tx, admin, {"Firm", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}}));
      FABRICA_DO(identity.create_person(tx, admin, {"Bob", "bob@example.org", {}, firm.id, {}}, std::nullopt));
      FABRICA_DO(identity.create_person(tx, admin, {"Eve", "eve@example.org", {}, {}, {}}, std::nullopt));
      FABRICA_TRY(bob, identity.actor_by_email(tx, "bob@example.org"));
      FABRICA_TRY(auto const one, projects.create(tx, bob, {firm.id, "One", "A project", "energy"}));
      project = one.id;
      return {};
    });
    ASSERT_TRUE(made) << db::why(made);
    again();
  }
  // As the next request would see them.
  void again() {
    bob = *db().read([&](db::Tx& tx) { return identity.actor_by_email(tx, "bob@example.org"); });
    eve = *db().read([&](db::Tx& tx) { return identity.actor_by_email(tx, "eve@example.org"); });
  }
  Result<Member> add(Actor const& who, std::string email, MemberRole role = MemberRole::member) {
    auto out = db().write([&](db::Tx& tx) { return members.add(tx, who, project, {std::move(email), role}); });
    again();
    return out;
  }
  Result<> remove(Actor const& who, PublicId const& person) {
    auto out = db().write([&](db::Tx& tx) { return members.remove(tx, who, project, person); });
    again();
    return out;
  }
  Result<std::vector<Member>> list(Actor const& who) {
    return db().read([&](db::Tx& tx) { return members.list(tx, who, project); });
  }
  std::int64_t count(std::string_view kind) {
    auto const all = db().read([&](db::Tx& tx) { return journal.chain(tx, project.text(), 1, 1000); });
    EXPECT_TRUE(all) << db::why(all);
    return std::ranges::count(*all, kind, &journal::Kept::kind);
  }
};
FABRICA_ON_BOTH(MembersDb);

TEST_P(MembersDb, ALeadAddsByAddressAndTakesOut) {
  EXPECT_FALSE(list(eve));
  auto const added = add(bob, "EVE@example.org");
  ASSERT_TRUE(added) << db::why(added);
  EXPECT_EQ(added->role, MemberRole::member);
  auto const seen = list(eve);
  ASSERT_TRUE(seen) << db::why(seen);
  ASSERT_EQ(seen->size(), 2u);
  EXPECT_FALSE(seen->front().email) << "addresses are for who leads";
  EXPECT_TRUE(list(bob)->front().email);
  EXPECT_EQ(add(bob, "eve@example.org").error().reason, "member_exists");
  EXPECT_EQ(add(bob, "nobody@example.org").error().reason, "person");
  EXPECT_EQ(add(eve, "bob@example.org").error().code, Errc::forbidden);
  EXPECT_EQ(remove(eve, bob.person).error().code, Errc::forbidden);
  ASSERT_TRUE(remove(bob, eve.person));
  EXPECT_FALSE(list(eve)) << "at once";
  EXPECT_EQ(remove(bob, eve.person).error().reason, "member");
  EXPECT_EQ(count("member.added"), 1);
  EXPECT_EQ(count("member.removed"), 1);
}

TEST_P(MembersDb, AProjectKeepsALead) {
  EXPECT_EQ(remove(bob, bob.person).error().reason, "last_lead");
  EXPECT_EQ(add(bob, "bob@example.org").error().reason, "last_lead") << "nor may he step down";
  ASSERT_TRUE(add(bob, "eve@example.org"));
  ASSERT_TRUE(add(bob, "eve@example.org", MemberRole::lead)) << "another role for who is in already";
  ASSERT_TRUE(remove(bob, bob.person));
  auto const seen = list(eve);
  ASSERT_TRUE(seen) << db::why(seen);
  ASSERT_EQ(seen->size(), 1u);
  EXPECT_EQ(seen->front().role, MemberRole::lead);
}

TEST_P(MembersDb, AMemberMayLeave) {
  ASSERT_TRUE(add(bob, "eve@example.org"));
  ASSERT_TRUE(remove(eve, eve.person));
  EXPECT_EQ(list(bob)->size(), 1u);
}

}  // namespace
}  // namespace fabrica::projects
