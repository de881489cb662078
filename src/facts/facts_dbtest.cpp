#include <gtest/gtest.h>

#include "db/testing/dbtest.hpp"
#include "facts/service.hpp"

namespace fabrica::facts {
namespace {

class FactsDb : public db::DbTest {
 protected:
  ManualClock clock{1'780'000'000 * kSecond};
  SeededRandom random{1};
  Store store{Shipped::embedded(), clock, random};

  static OwnRowDraft lumi_pue(std::string value) {
    OwnRowDraft draft;
    draft.kind = "pue";
    draft.key = "lumi";
    draft.fields = {{"pue", std::move(value)}, {"bound", "measured"}};
    draft.source = "own meter";
    return draft;
  }
  Result<Row> add(OwnRowDraft const& draft) {
    return db().write([&](db::Tx& tx) { return store.add(tx, draft, "operator"); });
  }
  std::optional<Row> held(std::string_view kind, std::string_view key, std::string_view date) {
    auto found = db().read([&](db::Tx& tx) { return store.held_on(tx, kind, key, date); });
    EXPECT_TRUE(found) << found.error().what;
    return *std::move(found);
  }
  std::string pue(std::string_view date) {
    auto const row = held("pue", "lumi", date);
    return row ? row->fields.at("pue") : "none";
  }
};
FABRICA_ON_BOTH(FactsDb);

TEST_P(FactsDb, ShippedRowsHoldUntilAnOwnRowReplacesThemOnItsDays) {
  EXPECT_EQ(pue("2026-11-23"), "1.04");
  auto draft = lumi_pue("1.07");
  draft.valid_from = "2026-11-01";
  draft.valid_to = "2026-11-30";
  auto const row = add(draft);
  ASSERT_TRUE(row) << row.error().what;
  EXPECT_EQ(pue("2026-10-31"), "1.04");
  EXPECT_EQ(pue("2026-11-01"), "1.07");
  EXPECT_EQ(pue("2026-11-30"), "1.07");
  EXPECT_EQ(pue("2026-12-01"), "1.04");
  auto const now = held("pue", "lumi", "2026-11-23");
  EXPECT_EQ(now->layer, Layer::own);
  EXPECT_EQ(now->author, "operator");
  EXPECT_EQ(now->digest, row->digest);
  EXPECT_EQ(now->digest, digest_of(*now));
}

TEST_P(FactsDb, TheNewestOwnRowWinsAndRetractingItBringsTheOneBeforeBack) {
  ASSERT_TRUE(add(lumi_pue("1.10")));
  auto const second = add(lumi_pue("1.20"));
  ASSERT_TRUE(second);
  EXPECT_EQ(pue("2026-11-23"), "1.20");
  auto const retract = [&] {
    return db().write([&](db::Tx& tx) { return store.retract(tx, *second->public_id, "operator"); });
  };
  ASSERT_TRUE(retract());
  EXPECT_EQ(pue("2026-11-23"), "1.10");
  EXPECT_EQ(retract().error().reason, "fact_retracted");
  auto const own = db().read([&](db::Tx& tx) { return store.own_rows(tx); });
  ASSERT_TRUE(own);
  EXPECT_EQ(own->size(), 1u);
}

TEST_P(FactsDb, AWithdrawnRowHidesTheShippedOne) {
  OwnRowDraft draft;
  draft.kind = "access_modes";
  draft.key = "quantum_pilot";
  draft.source = "the pilot has ended";
  draft.withdrawn = true;
  ASSERT_TRUE(add(draft));
  EXPECT_FALSE(held("access_modes", "quantum_pilot", "2026-11-23"));
  auto const view = db().read([&](db::Tx& tx) { return store.view(tx, "2026-11-23"); });
  ASSERT_TRUE(view) << view.error().what;
  EXPECT_EQ(find(view->access_modes, "quantum_pilot"), nullptr);
}

TEST_P(FactsDb, OwnSystemsAndPartitionsStandBesideTheShippedOnes) {
  OwnRowDraft system;
  system.kind = "systems";
  system.key = "here";
  system.fields = {{"title", "This machine"}, {"country", "LV"}, {"state", "operational"}};
  system.source = "operator";
  ASSERT_TRUE(add(system));
  auto const view = db().read([&](db::Tx& tx) { return store.view(tx, "2026-11-23"); });
  ASSERT_TRUE(view);
  ASSERT_NE(find(view->systems, "here"), nullptr);
  EXPECT_EQ(view->systems.back().key, "here");
  EXPECT_NE(find(view->systems, "lumi"), nullptr);
}

TEST_P(FactsDb, RefusesWhatIsNoFactWithEveryFault) {
  auto draft = lumi_pue("much");
  draft.fields["colour"] = "green";
  draft.valid_from = "yesterday";
  draft.source = "";
  auto const row = add(draft);
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().reason, "fact");
  std::vector<std::string> pointers;
  for (auto const& fault : row.error().faults) pointers.push_back(fault.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/source", "/valid_from", "/fields/pue", "/fields/colour"}));
  draft.kind = "moons";
  EXPECT_EQ(add(draft).error().reason, "fact_kind");
  auto const unknown = db().read([&](db::Tx& tx) { return store.held_on(tx, "pue", "lumi", "23.11.2026"); });
  EXPECT_EQ(unknown.error().reason, "date");
  auto withdrawn = lumi_pue("1.1");
  withdrawn.withdrawn = true;
  EXPECT_EQ(add(withdrawn).error().reason, "fact");
}

}  // namespace
}  // namespace fabrica::facts
