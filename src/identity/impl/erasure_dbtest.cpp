#include <gtest/gtest.h>

#include <algorithm>

#include "db/testing/dbtest.hpp"
#include "identity/erasure.hpp"
#include "identity/membership.hpp"
#include "identity/people.hpp"

namespace fabrica::identity {
namespace {

class Things final : public Belongings {
 public:
  Result<std::vector<std::string>> obligations(db::Tx&, PublicId const&) override { return open; }
  Result<> forget(db::Tx&, Leaving const& person) override {
    forgotten.push_back(person.email);
    return {};
  }
  std::vector<std::string> open;
  std::vector<std::string> forgotten;
};

class ErasureDb : public db::DbTest {
 protected:
  ManualClock clock{1'780'000'000 * kSecond};
  SeededRandom random{3};
  journal::Journal journal{clock, random};
  Identity identity{clock, random, journal};
  Things things;
  Erasure erasure{clock, journal, things};
  Actor admin, mara;
  Token token;
  Session session;

  void SetUp() override {
    DbTest::SetUp();
    auto const made = write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada Lovelace", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      FABRICA_TRY(auto const firm,
                  identity.create_organisation(tx, admin, {"Firm", "LV", OrganisationKind::sme, 12, {}, {}, {}}));
      FABRICA_DO(identity.create_person(tx, admin, {"Māra Bērziņa", "mara@example.org", {}, firm.id, {}}, "hash"));
      FABRICA_TRY(mara, identity.actor_by_email(tx, "mara@example.org"));
      FABRICA_TRY(token, identity.create_token(tx, mara, {"mara's laptop", {}, {}}));
      FABRICA_TRY(session, identity.start_session(tx, mara.id));
      return {};
    });
    ASSERT_TRUE(made) << db::why(made);
  }
  template <class F>
  std::invoke_result_t<F&, db::Tx&> write(F&& use_case) {
    return db().write([&](db::Tx& tx) { return use_case(tx); });
  }
  template <class F>
  std::invoke_result_t<F&, db::Tx&> read(F&& use_case) {
    return db().read([&](db::Tx& tx) { return use_case(tx); });
  }
  Result<Erased> erase(Actor const& who, PublicId const& person) {
    return write([&](db::Tx& tx) { return erasure.erase(tx, who, person); });
  }
  // Whether a word is anywhere in the tables of this module or in a statement.
  bool said_anywhere(std::string_view word) {
    bool found = false;
    auto const look = [&](db::Row const& row) {
      for (int column = 0; column < row.columns(); ++column)
        found = found || (!row.null(column) && row.text(column).find(word) != std::string_view::npos);
    };
    constexpr db::Query kPeople{"test_people", "SELECT name, email, password_hash FROM people"};
    constexpr db::Query kTokens{"test_tokens", "SELECT name FROM tokens"};
    auto const done = read([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(tx.each(kPeople, look));
      FABRICA_DO(tx.each(kTokens, look));
      FABRICA_TRY(auto const all, journal.chain(tx, journal::kFactoryChain, 1, 1000));
      for (auto const& one : all) found = found || one.body.value_or("").find(word) != std::string::npos;
      return {};
    });
    EXPECT_TRUE(done) << db::why(done);
    return found;
  }
};
FABRICA_ON_BOTH(ErasureDb);

TEST_P(ErasureDb, ForgetsWhoItWasAndEndsEveryWayIn) {
  EXPECT_TRUE(said_anywhere("mara"));
  auto const done = erase(mara, mara.person);
  ASSERT_TRUE(done) << db::why(done);
  EXPECT_EQ(done->person, mara.person);
  EXPECT_FALSE(said_anywhere("mara"));
  EXPECT_FALSE(said_anywhere("Bērziņa"));
  EXPECT_EQ(things.forgotten, std::vector<std::string>{"mara@example.org"});
  EXPECT_FALSE(read([&](db::Tx& tx) { return identity.by_token(tx, *token.secret, clock.now()); }));
  EXPECT_FALSE(read([&](db::Tx& tx) { return identity.by_session(tx, session.cookie, clock.now()); }));
  auto const login = read([&](db::Tx& tx) { return identity.credentials(tx, "mara@example.org"); });
  ASSERT_TRUE(login) << db::why(login);
  EXPECT_FALSE(*login);
  constexpr db::Query kRoles{"test_roles", "SELECT COUNT(*) FROM grants WHERE person_id = $1"};
  EXPECT_EQ(*read([&](db::Tx& tx) { return tx.one<std::int64_t>(kRoles, mara.id); }), 0);
  auto const shown = read([&](db::Tx& tx) { return person(tx, mara.person); });
  ASSERT_TRUE(shown) << db::why(shown);
  EXPECT_EQ(shown->name, "erased") << "records that name the id can still be read";
  auto const chain = read([&](db::Tx& tx) { return journal.chain(tx, journal::kFactoryChain, 1, 1000); });
  ASSERT_TRUE(chain) << db::why(chain);
  EXPECT_EQ(chain->back().kind, "person.erased");
  EXPECT_NE(chain->back().body->find(mara.person.text()), std::string::npos);
  auto const twice = erase(admin, mara.person);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().reason, "person_erased");
}

TEST_P(ErasureDb, FreesTheAddressForSomebodyElse) {
  ASSERT_TRUE(erase(admin, mara.person));
  auto const again = write(
      [&](db::Tx& tx) { return identity.create_person(tx, admin, {"Mara", "mara@example.org", {}, {}, {}}, "hash"); });
  ASSERT_TRUE(again) << db::why(again);
  EXPECT_NE(again->id, mara.person);
  ASSERT_TRUE(erase(admin, again->id));
}

TEST_P(ErasureDb, WaitsUntilSomebodyAnswersForWhatIsLeft) {
  things.open = {"Project A has no other lead: name one.", "Project B too."};
  auto const refused = erase(mara, mara.person);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "obligations");
  ASSERT_EQ(refused.error().faults.size(), 2u);
  EXPECT_EQ(refused.error().faults[1].what, "Project B too.");
  EXPECT_TRUE(things.forgotten.empty());
  EXPECT_TRUE(said_anywhere("mara"));
}

TEST_P(ErasureDb, IsByThePersonOrAnAdministratorAndNeverTheLastOfThem) {
  auto const other = erase(mara, admin.person);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::forbidden);
  auto limited = mara;
  limited.scopes = {"apply"};
  auto const by_token = erase(limited, mara.person);
  ASSERT_FALSE(by_token);
  EXPECT_EQ(by_token.error().reason, "token_scope");
  auto const last = erase(admin, admin.person);
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().reason, "last_administrator");
  ASSERT_TRUE(write([&](db::Tx& tx) { return identity.grant(tx, admin, mara.person, {Role::administrator, ""}); }));
  EXPECT_TRUE(erase(admin, admin.person)) << "another one is there";
  Actor nobody;
  EXPECT_EQ(erase(nobody, mara.person).error().code, Errc::unauthenticated);
}

TEST_P(ErasureDb, RolesAreGivenAndTakenByOtherModulesUseCases) {
  auto const place = PublicId::make(clock.now(), random);
  Grant const lead{Role::project_lead, place.text(), {}};
  auto const give = [&] { return write([&](db::Tx& tx) { return give_role(tx, mara.person, lead, clock.now()); }); };
  auto const take = [&] { return write([&](db::Tx& tx) { return take_role(tx, mara.person, lead, clock.now()); }); };
  EXPECT_TRUE(*give());
  EXPECT_FALSE(*give()) << "she has it already";
  auto const holders = read([&](db::Tx& tx) { return holders_of(tx, Role::project_lead, place); });
  EXPECT_EQ(*holders, std::vector<PublicId>{mara.person});
  EXPECT_TRUE(*take());
  EXPECT_FALSE(*take());
  auto const found = read([&](db::Tx& tx) { return person_by_email(tx, "MARA@example.org"); });
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, mara.person);
}

}  // namespace
}  // namespace fabrica::identity
