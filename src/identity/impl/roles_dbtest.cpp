#include "identity/roles.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "db/testing/dbtest.hpp"
#include "identity/rules.hpp"
#include "json/json.hpp"

namespace fabrica::identity {
namespace {

constexpr Micros kStart = 1'780'000'000 * kSecond;

class RolesDb : public db::DbTest {
 protected:
  ManualClock clock{kStart};
  SeededRandom random{5};
  journal::Journal journal{clock, random};
  Identity identity{clock, random, journal};
  Roles roles{clock, random, journal};
  PublicId ada, olga, omar;

  template <class F>
  auto write(F&& use_case) {
    return db().write([&](db::Tx& tx) { return use_case(tx); });
  }
  void SetUp() override {
    DbTest::SetUp();
    auto const made = write([&](db::Tx& tx) -> Result<> {
      FABRICA_TRY(auto const first,
                  identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      ada = first.id;
      FABRICA_TRY(auto const admin, identity.actor_by_email(tx, "ada@example.org"));
      FABRICA_TRY(auto const officer,
                  identity.create_person(
                      tx, admin, {"Olga", "olga@example.org", {}, {}, {{Role::access_officer, "", {}}}}, "hash"));
      FABRICA_TRY(auto const reader, identity.create_person(
                                         tx, admin, {"Omar", "omar@example.org", {}, {}, {{Role::auditor, "", {}}}}, "h"));
      olga = officer.id;
      omar = reader.id;
      return {};
    });
    ASSERT_TRUE(made) << db::why(made);
  }
  Actor actor(std::string_view name) {
    auto const found = db().read(
        [&](db::Tx& tx) { return identity.actor_by_email(tx, std::string{name} + "@example.org"); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  DelegationDraft draft() const {
    return {omar, Role::access_officer, "", Time{kStart + kDay}, Time{kStart + 3 * kDay}, "Leave"};
  }
  Result<Delegation> delegate(std::string_view name, DelegationDraft const& what) {
    auto const who = actor(name);
    return write([&](db::Tx& tx) { return roles.delegate(tx, who, what); });
  }
  bool omar_manages_calls() { return authorise(actor("omar"), Permission::manage_calls).has_value(); }
  journal::Kept last_statement() {
    auto const all = db().read([&](db::Tx& tx) { return journal.chain(tx, journal::kFactoryChain, 1, 1000); });
    EXPECT_TRUE(all && !all->empty());
    return all->back();
  }
};
FABRICA_ON_BOTH(RolesDb);

TEST_P(RolesDb, ALentRoleHoldsFromItsFirstMomentToItsLastAndNamesItsGiver) {
  ASSERT_TRUE(delegate("olga", draft()));
  EXPECT_FALSE(omar_manages_calls());
  clock.set(kStart + kDay - 1);
  EXPECT_FALSE(omar_manages_calls());
  clock.set(kStart + kDay);
  EXPECT_TRUE(omar_manages_calls());
  auto const grants = actor("omar").grants;
  auto const lent = std::ranges::find(grants, Role::access_officer, &Grant::role);
  ASSERT_NE(lent, grants.end());
  EXPECT_EQ(lent->on_behalf_of, olga);
  clock.set(kStart + 3 * kDay - 1);
  EXPECT_TRUE(omar_manages_calls());
  clock.set(kStart + 3 * kDay);
  EXPECT_FALSE(omar_manages_calls());
  EXPECT_TRUE(authorise(actor("olga"), Permission::manage_calls)) << "absence takes nothing away";
}

TEST_P(RolesDb, EndsWithTheGiversRoleAndDoesNotComeBackWithIt) {
  ASSERT_TRUE(delegate("olga", draft()));
  clock.set(kStart + kDay);
  ASSERT_TRUE(omar_manages_calls());
  auto const admin = actor("ada");
  Grant const role{Role::access_officer, "", {}};
  ASSERT_TRUE(write([&](db::Tx& tx) { return roles.revoke(tx, admin, olga, role); }));
  EXPECT_FALSE(omar_manages_calls());
  ASSERT_TRUE(write([&](db::Tx& tx) { return identity.grant(tx, admin, olga, role); }));
  EXPECT_FALSE(omar_manages_calls());
  auto const again = write([&](db::Tx& tx) { return roles.revoke(tx, admin, omar, role); });
  EXPECT_EQ(again.error().reason, "grant") << "a lent role is no grant of one's own";
}

TEST_P(RolesDb, IsNotLentOnNorByWhoDoesNotHoldItNorToOneself) {
  ASSERT_TRUE(delegate("olga", draft()));
  clock.set(kStart + kDay);
  auto on = draft();
  on.receiver = ada;
  on.from = Time{kStart + kDay};
  EXPECT_EQ(delegate("omar", on).error().reason, "not_yours");
  EXPECT_EQ(delegate("ada", draft()).error().reason, "not_yours");
  auto self = draft();
  self.receiver = olga;
  EXPECT_EQ(delegate("olga", self).error().reason, "receiver");
  auto nobody = draft();
  nobody.receiver = PublicId::make(clock.now(), random);
  EXPECT_EQ(delegate("olga", nobody).error().reason, "person");
  auto limited = actor("olga");
  limited.scopes = {"manage_calls"};
  EXPECT_EQ(write([&](db::Tx& tx) { return roles.delegate(tx, limited, draft()); }).error().reason, "token_scope");
}

TEST_P(RolesDb, IsEndedByGiverReceiverOrAdministratorOnce) {
  for (auto const* who : {"olga", "omar", "ada"}) {
    auto const made = delegate("olga", draft());
    ASSERT_TRUE(made) << db::why(made);
    auto const by = actor(who);
    auto const ended = write([&](db::Tx& tx) { return roles.end(tx, by, made->id); });
    ASSERT_TRUE(ended) << db::why(ended);
    EXPECT_TRUE(ended->ended);
    EXPECT_EQ(write([&](db::Tx& tx) { return roles.end(tx, by, made->id); }).error().reason, "delegation_over");
  }
  auto const stranger = [&] {
    auto const admin = actor("ada");
    EXPECT_TRUE(write([&](db::Tx& tx) {
      return identity.create_person(tx, admin, {"Eve", "eve@example.org", {}, {}, {}}, "h");
    }));
    return actor("eve");
  }();
  auto const made = delegate("olga", draft());
  EXPECT_EQ(write([&](db::Tx& tx) { return roles.end(tx, stranger, made->id); }).error().reason, "delegation");
  auto const seen = [&](Actor const& who) {
    return db().read([&](db::Tx& tx) { return roles.delegations(tx, who); })->size();
  };
  EXPECT_EQ(seen(stranger), 0u);
  EXPECT_EQ(seen(actor("omar")), 4u);
  EXPECT_EQ(seen(actor("ada")), 4u);
}

TEST_P(RolesDb, AStatementSaysOnWhoseBehalfOnlyWhereTheLentRoleWasNeeded) {
  ASSERT_TRUE(delegate("olga", draft()));
  clock.set(kStart + kDay);
  auto const omar_now = actor("omar");
  auto const say = [&](Permission permission) -> std::optional<std::string> {
    auto const who = actor("omar");
    auto const done = write([&](db::Tx& tx) -> Result<> {
      db::ActingIn const acting{tx, who.acting};
      FABRICA_DO(authorise(who, permission));
      FABRICA_DO(journal.append(tx, {std::string{journal::kFactoryChain}, "test.act", who.person.text(), {}, "{}"}));
      return {};
    });
    EXPECT_TRUE(done) << db::why(done);
    auto const said = json::Document::parse(*last_statement().body);
    auto const whose = said->at("/predicate/on_behalf_of/0").text();
    return whose ? std::optional{std::string{*whose}} : std::nullopt;
  };
  EXPECT_EQ(say(Permission::manage_calls), olga.text());
  EXPECT_EQ(say(Permission::view_factory), std::nullopt) << "an auditor may that in his own right";
  // The next transaction on this connection is somebody else's.
  ASSERT_TRUE(write([&](db::Tx& tx) {
    return journal.append(tx, {std::string{journal::kFactoryChain}, "test.act", omar.text(), {}, "{}"});
  }));
  EXPECT_FALSE(json::Document::parse(*last_statement().body)->at("/predicate/on_behalf_of").text());
  EXPECT_TRUE(db().read([&](db::Tx& tx) { return journal.check(tx); })->empty());
}

TEST_P(RolesDb, WhoActsByALentRoleGivesNoneForGood) {
  auto lend = draft();
  lend.role = Role::administrator;
  lend.from = Time{kStart};
  ASSERT_TRUE(delegate("ada", lend));
  auto const who = actor("omar");
  ASSERT_TRUE(authorise(who, Permission::manage_people));
  EXPECT_EQ(write([&](db::Tx& tx) { return identity.grant(tx, who, omar, {Role::administrator, "", {}}); }).error().reason,
            "delegated_role");
  EXPECT_EQ(write([&](db::Tx& tx) {
              return identity.create_person(tx, who, {"X", "x@example.org", {}, {}, {{Role::administrator, "", {}}}}, "h");
            }).error().reason,
            "delegated_role");
  EXPECT_EQ(write([&](db::Tx& tx) { return roles.revoke(tx, who, ada, {Role::administrator, "", {}}); }).error().reason,
            "last_administrator");
}

TEST(DelegationDraftCheck, NamesEveryFault) {
  DelegationDraft draft{{}, Role::project_lead, "", Time{20}, Time{10}, " "};
  auto const refused = check(draft, 0);
  ASSERT_FALSE(refused);
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/scope", "/until", "/reason"}));
  draft = {{}, Role::auditor, "", Time{0}, Time{10}, "x"};
  EXPECT_TRUE(check(draft, 9));
  EXPECT_FALSE(check(draft, 10)) << "over";
  draft.until = Time{367 * kDay};
  EXPECT_FALSE(check(draft, 0)) << "too long";
}

}  // namespace
}  // namespace fabrica::identity
