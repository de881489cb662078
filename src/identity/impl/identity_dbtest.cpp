#include <gtest/gtest.h>

#include <algorithm>

#include "db/testing/dbtest.hpp"
#include "identity/service.hpp"
#include "json/json.hpp"

namespace fabrica::identity {
namespace {

class IdentityDb : public db::DbTest {
 protected:
  ManualClock clock{1'780'000'000 * kSecond};
  SeededRandom random{3};
  journal::Journal journal{clock, random};
  Identity identity{clock, random, journal};
  Actor admin;

  void SetUp() override {
    DbTest::SetUp();
    auto const made = first_administrator("Ada Lovelace", "ada@example.org");
    ASSERT_TRUE(made) << db::why(made);
    admin = actor("ada@example.org");
  }

  template <class F>
  auto write(F&& use_case) {
    return db().write([&](db::Tx& tx) { return use_case(tx); });
  }
  template <class F>
  auto read(F&& use_case) {
    return db().read([&](db::Tx& tx) { return use_case(tx); });
  }
  Result<Person> first_administrator(std::string const& name, std::string const& email) {
    return write(
        [&](db::Tx& tx) { return identity.create_first_administrator(tx, {name, email, {}, {}, {}}, "the hash"); });
  }
  Actor actor(std::string_view email) {
    auto const found = read([&](db::Tx& tx) { return identity.actor_by_email(tx, email); });
    EXPECT_TRUE(found) << db::why(found);
    return found ? *found : Actor{};
  }
  Result<Person> person(std::string const& name, std::string const& email, std::vector<Grant> grants = {},
                        std::optional<PublicId> organisation = {}) {
    return write([&](db::Tx& tx) {
      return identity.create_person(tx, admin, {name, email, {}, organisation, grants}, "another hash");
    });
  }
  Organisation organisation(std::string const& name) {
    auto const made = write([&](db::Tx& tx) {
      return identity.create_organisation(tx, admin, {name, "LV", OrganisationKind::sme, 12, {}, {}, {}});
    });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  Result<Token> token(Actor const& who, std::vector<std::string> scopes = {}, std::optional<std::int64_t> days = {}) {
    return write([&](db::Tx& tx) { return identity.create_token(tx, who, {"a token", scopes, days}); });
  }
  Result<Actor> by_token(std::string const& secret) {
    return read([&](db::Tx& tx) { return identity.by_token(tx, secret, clock.now()); });
  }
  Result<Actor> by_session(std::string const& cookie) {
    return read([&](db::Tx& tx) { return identity.by_session(tx, cookie, clock.now()); });
  }
  Session session(Actor const& who) {
    auto const made = write([&](db::Tx& tx) { return identity.start_session(tx, who.id); });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  Result<> wrong_password(std::string_view email) {
    return write([&](db::Tx& tx) { return identity.note_failed_login(tx, email); });
  }
  Result<std::optional<Identity::Credentials>> credentials(std::string_view email) {
    return read([&](db::Tx& tx) { return identity.credentials(tx, email); });
  }
  Result<> grant(Actor const& who, PublicId const& to, Grant const& what) {
    return write([&](db::Tx& tx) { return identity.grant(tx, who, to, what); });
  }
};
FABRICA_ON_BOTH(IdentityDb);

TEST_P(IdentityDb, HasOneFirstAdministrator) {
  auto const second = first_administrator("Eve", "eve@example.org");
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_EQ(second.error().reason, "has_administrator");
  EXPECT_EQ(read([&](db::Tx& tx) { return identity.people(tx, admin); })->size(), 1u);
  EXPECT_TRUE(authorise(admin, Permission::manage_people));
}

TEST_P(IdentityDb, TellsAddressesApartWithoutCase) {
  EXPECT_EQ(person("Other", "ADA@Example.ORG").error().reason, "email_taken");
  auto const made = person("Bob", "Bob@Example.org");
  ASSERT_TRUE(made) << db::why(made);
  EXPECT_EQ(made->email, "bob@example.org");
  EXPECT_EQ(actor("BOB@EXAMPLE.ORG").person, made->id);
  EXPECT_EQ(read([&](db::Tx& tx) { return identity.actor_by_email(tx, "carol@example.org"); }).error().code,
            Errc::not_found);
}

TEST_P(IdentityDb, RegistersPeopleForThoseWhoMayAlone) {
  ASSERT_TRUE(person("Bob", "bob@example.org"));
  auto const bob = actor("bob@example.org");
  auto const by_bob = write([&](db::Tx& tx) {
    return identity.create_person(tx, bob, {"Carol", "carol@example.org", {}, {}, {}}, std::nullopt);
  });
  EXPECT_EQ(by_bob.error().code, Errc::forbidden);
  EXPECT_EQ(read([&](db::Tx& tx) { return identity.people(tx, bob); }).error().code, Errc::forbidden);
  // Refused wholly: a person of an organisation that is not there leaves nobody behind.
  auto const nowhere = person("Dan", "dan@example.org", {}, PublicId::make(clock.now(), random));
  EXPECT_EQ(nowhere.error().code, Errc::not_found);
  EXPECT_EQ(read([&](db::Tx& tx) { return identity.people(tx, admin); })->size(), 2u);
}

TEST_P(IdentityDb, ATokenWorksUntilItExpires) {
  auto const made = token(admin, {}, 2);
  ASSERT_TRUE(made) << db::why(made);
  ASSERT_TRUE(made->secret);
  EXPECT_EQ(by_token(*made->secret)->person, admin.person);
  clock.advance(2 * kDay - 1);
  EXPECT_TRUE(by_token(*made->secret));
  clock.advance(1);
  EXPECT_EQ(by_token(*made->secret).error().reason, "token");
  EXPECT_EQ(by_token(*made->secret).error().code, Errc::unauthenticated);
  EXPECT_TRUE(read([&](db::Tx& tx) { return identity.tokens(tx, admin); })->empty());
  auto const usual = token(admin);
  EXPECT_EQ(usual->expires.us - clock.now(), 90 * kDay);
}

TEST_P(IdentityDb, ATokensSecretIsShownOnceAndWorksUntilItIsRevoked) {
  auto const made = token(admin);
  ASSERT_TRUE(made) << db::why(made);
  auto const listed = read([&](db::Tx& tx) { return identity.tokens(tx, admin); });
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_FALSE(listed->front().secret);
  EXPECT_EQ(listed->front().id, made->id);

  ASSERT_TRUE(person("Bob", "bob@example.org"));
  auto const bob = actor("bob@example.org");
  auto const revoke = [&](Actor const& who) {
    return write([&](db::Tx& tx) { return identity.revoke_token(tx, who, made->id); });
  };
  EXPECT_EQ(revoke(bob).error().code, Errc::not_found);
  EXPECT_TRUE(by_token(*made->secret));
  ASSERT_TRUE(revoke(admin));
  EXPECT_EQ(by_token(*made->secret).error().reason, "token");
  EXPECT_EQ(revoke(admin).error().code, Errc::not_found);
  // Who manages people may revoke anybody's.
  auto const of_bob = token(bob);
  ASSERT_TRUE(write([&](db::Tx& tx) { return identity.revoke_token(tx, admin, of_bob->id); }));
  EXPECT_FALSE(by_token(*of_bob->secret));
}

TEST_P(IdentityDb, AnswersTheSameForEveryBadToken) {
  auto const made = token(admin);
  auto other = *made->secret;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  for (std::string const& secret : {other, std::string{"fab_"}, std::string{}, session(admin).cookie}) {
    auto const refused = by_token(secret);
    ASSERT_FALSE(refused) << secret;
    EXPECT_EQ(refused.error().reason, "token");
  }
}

TEST_P(IdentityDb, ATokenCannotMakeOneThatMayDoMore) {
  auto const narrow = token(admin, {"view_factory"});
  ASSERT_TRUE(narrow) << db::why(narrow);
  auto const who = *by_token(*narrow->secret);
  EXPECT_EQ(who.scopes, (std::vector<std::string>{"view_factory"}));
  EXPECT_EQ(token(who, {"view_factory", "manage_people"}).error().reason, "token_scope");
  EXPECT_EQ(token(who, {"manage_people"}).error().reason, "token_scope");
  // Without scopes it is as narrow as its maker, not as wide as the person.
  auto const child = token(who);
  ASSERT_TRUE(child) << db::why(child);
  EXPECT_EQ(by_token(*child->secret)->scopes, who.scopes);
  EXPECT_EQ(authorise(*by_token(*child->secret), Permission::manage_people).error().reason, "token_scope");
  EXPECT_FALSE(token(admin, {"fly"}));
}

TEST_P(IdentityDb, ATokenWithScopesCannotSetThePassword) {
  auto const narrow = token(admin, {"view_factory"});
  auto const set = [&](Actor const& who) {
    return write([&](db::Tx& tx) { return identity.set_password(tx, who, "a new hash"); });
  };
  EXPECT_EQ(set(*by_token(*narrow->secret)).error().reason, "token_scope");
  EXPECT_EQ((*credentials("ada@example.org"))->password_hash, "the hash");
  EXPECT_EQ(set(Actor{}).error().code, Errc::unauthenticated);
  EXPECT_TRUE(set(admin));
  EXPECT_EQ((*credentials("ada@example.org"))->password_hash, "a new hash");
}

TEST_P(IdentityDb, ASessionLastsTwelveHoursOrUntilItsEnd) {
  auto const first = session(admin);
  auto const second = session(admin);
  EXPECT_EQ(by_session(first.cookie)->person, admin.person);
  EXPECT_FALSE(by_session(first.csrf));
  ASSERT_TRUE(write([&](db::Tx& tx) { return identity.end_session(tx, first.cookie); }));
  EXPECT_FALSE(by_session(first.cookie));
  clock.advance(12 * kHour - 1);
  EXPECT_TRUE(by_session(second.cookie));
  clock.advance(1);
  EXPECT_FALSE(by_session(second.cookie));
}

TEST_P(IdentityDb, ANewPasswordEndsEverySession) {
  auto const kept = session(admin);
  ASSERT_TRUE(write([&](db::Tx& tx) { return identity.set_password(tx, admin, "a new hash"); }));
  EXPECT_FALSE(by_session(kept.cookie));
}

TEST_P(IdentityDb, TheCsrfTokenBelongsToItsSession) {
  auto const first = session(admin);
  auto const second = session(admin);
  auto const check = [&](std::string const& cookie, std::string const& header) {
    return read([&](db::Tx& tx) { return identity.check_csrf(tx, cookie, header); });
  };
  EXPECT_TRUE(check(first.cookie, first.csrf));
  for (auto const& header : {second.csrf, first.cookie, std::string{}})
    EXPECT_EQ(check(first.cookie, header).error().reason, "csrf");
  EXPECT_EQ(check("fas_nothing", first.csrf).error().reason, "csrf");
}

TEST_P(IdentityDb, FiveWrongPasswordsLockAnAccountForAQuarterOfAnHour) {
  for (int wrong = 0; wrong < 4; ++wrong) ASSERT_TRUE(wrong_password("Ada@example.org"));
  EXPECT_TRUE(credentials("ada@example.org"));
  ASSERT_TRUE(wrong_password("ada@example.org"));
  auto const locked = credentials("ADA@example.org");
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().reason, "login_locked");
  EXPECT_EQ(locked.error().code, Errc::rate_limited);
  clock.advance(15 * kMinute - 1);
  EXPECT_FALSE(credentials("ada@example.org"));
  clock.advance(1);
  auto const open = credentials("ada@example.org");
  ASSERT_TRUE(open) << db::why(open);
  EXPECT_EQ((*open)->person, admin.id);
}

TEST_P(IdentityDb, ALoginForgetsTheWrongPasswordsBeforeIt) {
  for (int wrong = 0; wrong < 4; ++wrong) ASSERT_TRUE(wrong_password("ada@example.org"));
  session(admin);
  for (int wrong = 0; wrong < 4; ++wrong) ASSERT_TRUE(wrong_password("ada@example.org"));
  EXPECT_TRUE(credentials("ada@example.org"));
}

TEST_P(IdentityDb, SaysNothingAboutAddressesNobodyHas) {
  for (int wrong = 0; wrong < 6; ++wrong) ASSERT_TRUE(wrong_password("nobody@example.org"));
  auto const found = credentials("nobody@example.org");
  ASSERT_TRUE(found) << db::why(found);
  EXPECT_FALSE(*found);
}

TEST_P(IdentityDb, GivesRolesWhereTheyHoldAndOnlyByThoseWhoMay) {
  auto const here = organisation("Here");
  auto const elsewhere = organisation("Elsewhere");
  auto const bob = person("Bob", "bob@example.org", {}, here.id);
  ASSERT_TRUE(bob) << db::why(bob);
  EXPECT_TRUE(authorise(actor("bob@example.org"), Permission::apply, {here.id.text(), ""}));
  EXPECT_FALSE(authorise(actor("bob@example.org"), Permission::apply, {elsewhere.id.text(), ""}));

  ASSERT_TRUE(grant(admin, bob->id, {Role::organisation_admin, here.id.text()}));
  ASSERT_TRUE(grant(admin, bob->id, {Role::organisation_admin, here.id.text()}));
  auto const now = actor("bob@example.org");
  EXPECT_EQ(now.grants.size(), 2u);
  ASSERT_TRUE(person("Carol", "carol@example.org"));
  auto const carol = actor("carol@example.org").person;
  EXPECT_TRUE(grant(now, carol, {Role::member, here.id.text()}));
  EXPECT_EQ(grant(now, carol, {Role::member, elsewhere.id.text()}).error().code, Errc::forbidden);
  EXPECT_EQ(grant(now, now.person, {Role::administrator, ""}).error().code, Errc::forbidden);
  EXPECT_EQ(grant(now, now.person, {Role::project_lead, here.id.text()}).error().code, Errc::forbidden);
  EXPECT_EQ(grant(admin, carol, {Role::member, ""}).error().reason, "grant_scope");
  EXPECT_EQ(grant(admin, carol, {Role::auditor, here.id.text()}).error().reason, "grant_scope");
  EXPECT_EQ(grant(admin, PublicId::make(clock.now(), random), {Role::auditor, ""}).error().code, Errc::not_found);
  auto const seen = read([&](db::Tx& tx) { return identity.organisations(tx, now); });
  ASSERT_TRUE(seen) << db::why(seen);
  EXPECT_EQ(seen->front().name, "Here");
  for (auto const& one : *seen) EXPECT_NE(one.name, "Elsewhere");
}

TEST_P(IdentityDb, StatementsNameNoPersonAndHoldNoSecret) {
  auto const here = organisation("Here");
  auto const bob = person("Bob Quartermain", "bob.q@example.org", {{Role::auditor, ""}}, here.id);
  ASSERT_TRUE(bob) << db::why(bob);
  ASSERT_TRUE(grant(admin, bob->id, {Role::organisation_admin, here.id.text()}));
  auto const made = token(admin);
  ASSERT_TRUE(write([&](db::Tx& tx) { return identity.revoke_token(tx, admin, made->id); }));
  auto const chain = read([&](db::Tx& tx) { return journal.chain(tx, journal::kFactoryChain, 1, 100); });
  ASSERT_TRUE(chain) << db::why(chain);
  std::vector<std::string> kinds;
  for (auto const& said : *chain) {
    kinds.push_back(said.kind);
    for (auto const* never :
         {"Ada", "Lovelace", "ada@", "Bob", "Quartermain", "bob.q", "example.org", "the hash", "another hash", "fab_"})
      EXPECT_EQ(said.body->find(never), std::string::npos) << said.kind << " names " << never;
    EXPECT_EQ(said.body->find(*made->secret), std::string::npos) << said.kind;
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"person.registered", "organisation.registered", "person.registered",
                                             "role.granted", "token.made", "token.revoked"}));
  EXPECT_NE(chain->at(2).body->find(bob->id.text()), std::string::npos);
}

// Every step of registering somebody fails once: the person is there with role and statement, or not at all.
TEST_P(IdentityDb, RegistersWhollyOrNotAtAllWhicheverStepFails) {
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) {
      return identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "the hash");
    });
  };
  auto const faults = db::for_each_fault(
      [&] { return fresh(); }, run,
      [&](db::Database& database, bool succeeded) {
        auto const people = database.read([&](db::Tx& tx) { return identity.people(tx, admin); });
        auto const said = database.read([&](db::Tx& tx) { return journal.chain_length(tx, journal::kFactoryChain); });
        ASSERT_TRUE(people && said);
        EXPECT_EQ(static_cast<std::int64_t>(people->size()), *said);
        if (succeeded) {
          EXPECT_EQ(people->size(), 1u);
        }
        if (people->empty()) return;
        auto const found = database.read([&](db::Tx& tx) { return identity.actor_by_email(tx, "ada@example.org"); });
        ASSERT_TRUE(found) << db::why(found);
        EXPECT_TRUE(authorise(*found, Permission::manage_people));
      });
  EXPECT_GT(faults, 5);
}

}  // namespace
}  // namespace fabrica::identity
