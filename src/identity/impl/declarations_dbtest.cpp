#include "identity/declarations.hpp"

#include <gtest/gtest.h>

#include "db/testing/dbtest.hpp"
#include "json/json.hpp"

namespace fabrica::identity {
namespace {

class DeclarationsDb : public db::DbTest {
 protected:
  ManualClock clock{1'793'000'000 * kSecond};
  SeededRandom random{6};
  journal::Journal journal{clock, random};
  Identity identity{clock, random, journal};
  Declarations declarations{clock, random, journal};
  Actor admin, boss, officer, auditor, stranger;
  PublicId firm;

  template <class F>
  auto write(F&& use_case) {
    return db().write([&](db::Tx& tx) { return use_case(tx); });
  }
  template <class F>
  auto read(F&& use_case) {
    return db().read([&](db::Tx& tx) { return use_case(tx); });
  }
  Actor who(std::int64_t id, Role role, std::string scope) {
    return {PersonId{id}, PublicId::make(clock.now(), random), "Somebody", {{role, std::move(scope), {}}}, {}};
  }
  void SetUp() override {
    DbTest::SetUp();
    auto const made = write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      FABRICA_TRY(auto const one,
                  identity.create_organisation(tx, admin, {"Firm", "LV", OrganisationKind::sme, {}, {}, {}, {}}));
      firm = one.id;
      return {};
    });
    ASSERT_TRUE(made) << db::why(made);
    boss = who(71, Role::organisation_admin, firm.text());
    officer = who(72, Role::access_officer, "");
    auditor = who(73, Role::auditor, "");
    stranger = who(74, Role::member, firm.text());
  }
  FiguresDraft draft(std::int64_t year, std::int64_t people, bool document = true) const {
    FiguresDraft out{year, {}, {}};
    out.group.own.work_units_hundredths = people * 100;
    out.group.enterprises = {{"parent", "Parent", EnterpriseKind::enterprise, {1'000, 7, {}}}};
    out.group.holdings = {{"parent", std::string{kSelf}, 4000, 6000, false}};
    if (document) out.document = Document{"accounts.pdf", std::string(64, 'a')};
    return out;
  }
  Result<FiguresDeclared> declare(Actor const& by, FiguresDraft const& what) {
    return write([&](db::Tx& tx) { return declarations.declare(tx, by, firm, what); });
  }
  Result<FiguresDeclared> judge(Actor const& by, PublicId const& id, bool accepted) {
    return write([&](db::Tx& tx) { return declarations.judge(tx, by, id, {accepted, "Compared."}); });
  }
  std::string statements() {
    std::string all;
    auto const found = read([&](db::Tx& tx) { return journal.chain(tx, journal::kFactoryChain, 1, 100); });
    for (auto const& one : *found) all += one.kind + " " + *one.body + "\n";
    return all;
  }
};
FABRICA_ON_BOTH(DeclarationsDb);

TEST_P(DeclarationsDb, FiguresAreDeclaredByWhoManagesTheOrganisationAndSeenByIt) {
  EXPECT_EQ(declare(stranger, draft(2025, 12)).error().code, Errc::forbidden);
  EXPECT_EQ(declare(officer, draft(2025, 12)).error().code, Errc::forbidden);
  auto const made = declare(boss, draft(2025, 12));
  ASSERT_TRUE(made) << db::why(made);
  EXPECT_EQ(made->state, FiguresState::declared);
  auto const seen = [&](Actor const& by) { return read([&](db::Tx& tx) { return declarations.figures(tx, by, firm); }); };
  EXPECT_EQ(seen(stranger).error().code, Errc::forbidden);
  for (auto const* by : {&boss, &officer, &auditor}) {
    auto const found = seen(*by);
    ASSERT_TRUE(found) << db::why(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(json::write(found->front().group), json::write(draft(2025, 12).group));
    EXPECT_EQ(found->front().document->name, "accounts.pdf");
  }
  auto const nowhere = PublicId::make(clock.now(), random);
  EXPECT_EQ(read([&](db::Tx& tx) { return declarations.figures(tx, auditor, nowhere); }).error().code, Errc::not_found);
  EXPECT_EQ(statements().find("work_units"), std::string::npos) << "the log holds digests, no figures";
}

TEST_P(DeclarationsDb, TheNewestOfAYearCountsAndYearsStandInOrder) {
  ASSERT_TRUE(declare(boss, draft(2025, 12)));
  ASSERT_TRUE(declare(boss, draft(2024, 11)));
  ASSERT_TRUE(declare(boss, draft(2025, 13)));
  auto const found = read([&](db::Tx& tx) { return figures_of(tx, firm); });
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(found->at(0).year, 2024);
  EXPECT_EQ(found->at(1).group.own.work_units_hundredths, 1300);
}

TEST_P(DeclarationsDb, AnOfficerChecksOnceWhatHasADocumentAndIsNotHisOwn) {
  auto const first = declare(boss, draft(2025, 12));
  auto own = officer;
  own.grants.push_back({Role::member, firm.text(), {}});
  EXPECT_EQ(judge(own, first->id, true).error().reason, "own_organisation");
  EXPECT_EQ(judge(boss, first->id, true).error().code, Errc::forbidden);
  EXPECT_EQ(judge(officer, PublicId::make(clock.now(), random), true).error().reason, "figures");
  auto const second = declare(boss, draft(2025, 13, false));
  EXPECT_EQ(judge(officer, first->id, true).error().reason, "figures_state") << "declared anew since";
  EXPECT_EQ(judge(officer, second->id, true).error().reason, "no_document");
  auto const refused = judge(officer, second->id, false);
  ASSERT_TRUE(refused) << db::why(refused);
  EXPECT_EQ(refused->state, FiguresState::refused);
  EXPECT_EQ(judge(officer, second->id, true).error().reason, "figures_state");
  auto const third = declare(boss, draft(2025, 12));
  auto const checked = judge(officer, third->id, true);
  ASSERT_TRUE(checked) << db::why(checked);
  EXPECT_EQ(checked->state, FiguresState::checked);
  EXPECT_TRUE(checked->checked);
  EXPECT_NE(statements().find("organisation.figures_checked"), std::string::npos);
}

TEST_P(DeclarationsDb, NoListOfAidIsNotAnEmptyOne) {
  EXPECT_EQ(read([&](db::Tx& tx) { return declarations.aid(tx, boss, firm); }).error().reason, "aid");
  EXPECT_FALSE(*read([&](db::Tx& tx) { return aid_of(tx, firm); }));
  auto const declare_aid = [&](Actor const& by, std::vector<AidReceived> all) {
    return write([&](db::Tx& tx) { return declarations.declare_aid(tx, by, firm, {std::move(all)}); });
  };
  EXPECT_EQ(declare_aid(stranger, {}).error().code, Errc::forbidden);
  ASSERT_TRUE(declare_aid(boss, {}));
  EXPECT_TRUE(read([&](db::Tx& tx) { return declarations.aid(tx, auditor, firm); })->received.empty());
  ASSERT_TRUE(declare_aid(boss, {{"Fund", "LV", 5, "2026-01-01", AidBasis::de_minimis}}));
  EXPECT_EQ(read([&](db::Tx& tx) { return aid_of(tx, firm); })->value().received.size(), 1u);
  EXPECT_FALSE(declare_aid(boss, {{"Fund", "LV", 5, "2027-01-01", AidBasis::de_minimis}})) << "still to come";
}

}  // namespace
}  // namespace fabrica::identity
