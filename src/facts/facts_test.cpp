#include <gtest/gtest.h>

#include <set>

#include "facts/view.hpp"

namespace fabrica::facts {
namespace {

std::string const kHead = "key\tpue\tbound\tnotes\tvalid_from\tvalid_to\tsource\tconfidence\n";

View today() {
  auto view = shipped_view(Shipped::embedded(), "2026-11-23");
  EXPECT_TRUE(view) << view.error().what;
  return *std::move(view);
}

TEST(ShippedFacts, AreWellFormedAndReferToWhatIsThere) {
  auto const view = today();
  for (auto const& wrong : dangling_references(view)) ADD_FAILURE() << wrong;
  EXPECT_EQ(view.access_modes.size(), 10u);
  EXPECT_EQ(view.factories.size(), 19u);
  EXPECT_EQ(view.antennas.size(), 13u);
  EXPECT_EQ(view.grid_carbon.size(), 35u);
}

TEST(ShippedFacts, HaveADigestEachThatNoOtherRowHas) {
  std::set<std::string> digests;
  auto const shipped = Shipped::embedded();
  for (auto const& row : shipped.rows()) {
    EXPECT_EQ(row.digest.size(), 64u);
    EXPECT_TRUE(digests.insert(row.digest).second) << row.kind << ' ' << row.key;
  }
}

TEST(ShippedFacts, SayUnknownAsEmptyAndNeverAsZero) {
  auto const shipped = Shipped::embedded();
  for (auto const& row : shipped.rows())
    for (auto const& [name, text] : row.fields) EXPECT_NE(text, "0") << row.kind << ' ' << row.key << ' ' << name;
  auto const view = *shipped_view(shipped, "2026-11-23");
  auto const* peak = find(view.accelerator_peaks, "mi430x/bf16");
  ASSERT_NE(peak, nullptr);
  EXPECT_FALSE(peak->dense_tflops);
  EXPECT_EQ(peak->confidence, Confidence::unknown);
  EXPECT_FALSE(find(view.pue, "meluxina")->pue);
}

TEST(ShippedFacts, CutOffsAreTenInTheMorningInBrusselsWinterAndSummer) {
  auto const view = today();
  auto const closes = [&](std::string_view key) { return format_time(find(view.cut_offs, key)->closes->us); };
  EXPECT_EQ(closes("ai_large_scale/2026-12-15"), "2026-12-15T09:00:00Z");
  EXPECT_EQ(closes("ai_large_scale/2026-03-16"), "2026-03-16T09:00:00Z");
  EXPECT_EQ(closes("ai_large_scale/2026-03-31"), "2026-03-31T08:00:00Z");
  EXPECT_EQ(closes("ai_science/2026-10-30"), "2026-10-30T09:00:00Z");
  for (auto const& row : view.cut_offs) EXPECT_TRUE(row.closes) << row.key;
}

TEST(ShippedFacts, KnowThePartitionsInTheirOwnUnit) {
  auto const view = today();
  auto const* lumi = find(view.partitions, "lumi/lumi-g");
  ASSERT_NE(lumi, nullptr);
  EXPECT_EQ(lumi->unit, Unit::gpu_hour);
  EXPECT_EQ(lumi->gpu_hour_means, "one MI250X module, which is two GCDs");
  EXPECT_EQ(*lumi->nodes * *lumi->accelerators_per_node, *lumi->accelerators);
  EXPECT_EQ(find(view.partitions, "leonardo/booster")->unit, Unit::node_hour);
  EXPECT_FALSE(lumi->air_gapped);  // nobody has said
}

TEST(ShippedFacts, AccessModesAndCountriesUseKnownWords) {
  std::set<std::string> const kinds{
      "start_up", "sme", "small_mid_cap", "large_company", "university", "research_organisation", "public_body"};
  auto const view = today();
  for (auto const& mode : view.access_modes)
    for (auto const* list :
         {&mode.eligible_kinds, &mode.priced_kinds, &mode.project_only_kinds, &mode.open_research_kinds})
      for (auto const& kind : *list) EXPECT_TRUE(kinds.contains(kind)) << mode.key << ' ' << kind;
  std::size_t members = 0;
  for (auto const& country : view.countries) members += country.eu_member.value_or(false) ? 1 : 0;
  EXPECT_EQ(members, 27u);
  EXPECT_FALSE(find(view.countries, "UK")->horizon_associated);
}

TEST(FactTable, HoldsFromItsFirstToItsLastDay) {
  auto const rows = parse_table("pue", kHead + "lumi\t1.2\t\t\t\t2026-06-30\ttest\tofficial\n" +
                                           "lumi\t1.1\t\t\t2026-07-01\t2026-07-31\ttest\tofficial\n");
  ASSERT_TRUE(rows) << rows.error().what;
  auto const held = [&](std::string_view day) {
    std::string all;
    for (auto const& row : *rows)
      if (holds_on(row, day)) all += row.fields.at("pue") + ' ';
    return all;
  };
  EXPECT_EQ(held("2020-01-01"), "1.2 ");
  EXPECT_EQ(held("2026-06-30"), "1.2 ");
  EXPECT_EQ(held("2026-07-01"), "1.1 ");
  EXPECT_EQ(held("2026-07-31"), "1.1 ");
  EXPECT_EQ(held("2026-08-01"), "");
}

TEST(FactTable, IsRefusedWithTheLine) {
  struct Case {
    std::string text;
    std::string says;
  };
  for (auto const& [text, says] : {
           Case{kHead + "lumi\t1.2\t\t\t\t\ttest\tofficial", "end with a newline"},
           Case{kHead + "lumi\t1,2\t\t\t\t\ttest\tofficial\n", "line 2: /fields/pue"},
           Case{kHead + "lumi\t-1\t\t\t\t\ttest\tofficial\n", "line 2: /fields/pue"},
           Case{kHead + "lumi\tnan\t\t\t\t\ttest\tofficial\n", "line 2: /fields/pue"},
           Case{kHead + "lumi\t1.2\tguess\t\t\t\ttest\tofficial\n", "one of estimate at_most measured"},
           Case{kHead + "lumi\t1.2\t\t\t2026-02-30\t\ttest\tofficial\n", "/valid_from"},
           Case{kHead + "lumi\t1.2\t\t\t2026-03-01\t2026-02-01\ttest\tofficial\n", "/valid_to"},
           Case{kHead + "lumi\t1.2\t\t\t\t\t\tofficial\n", "/source"},
           Case{kHead + "lumi\t1.2\t\t\t\t\ttest\tsure\n", "confidence"},
           Case{kHead + "l mi\t1.2\t\t\t\t\ttest\tofficial\n", "/key"},
           Case{kHead + "lumi\t1.2\t\ttest\tofficial\n", "number of columns"},
           Case{kHead + "lumi\t1.2\t\t\t\t2026-05-01\ttest\tofficial\nlumi\t1.3\t\t\t2026-05-01\t\ttest\tofficial\n",
                "line 3: holds on the same days"},
           Case{"key\tpue\n", "line 1"},
       }) {
    auto const rows = parse_table("pue", text);
    ASSERT_FALSE(rows) << text;
    EXPECT_EQ(rows.error().reason, "fact_table");
    EXPECT_NE(rows.error().what.find(says), std::string::npos) << rows.error().what;
  }
  EXPECT_EQ(parse_table("moons", kHead).error().reason, "fact_kind");
}

TEST(FactDigest, ChangesWithEveryPartThatMeansSomething) {
  Row row;
  row.kind = "pue";
  row.key = "lumi";
  row.fields = {{"pue", "1.04"}, {"bound", "estimate"}};
  row.source = "test";
  row.confidence = Confidence::background;
  auto const first = digest_of(row);
  // sha256sum of the canonical text {"confidence":"background","fields":{"bound":"estimate","pue":"1.04"},"key":"lumi",
  // "kind":"pue","source":"test"}
  EXPECT_EQ(first, "6e5ea3f1e7ecaa21410c5e0b1719411f888a8cf5d382150ccfe6031d69e19ddb");
  row.layer = Layer::own;
  EXPECT_EQ(digest_of(row), first);
  for (auto const change :
       {+[](Row& r) { r.kind = "power"; }, +[](Row& r) { r.key = "x"; }, +[](Row& r) { r.fields["pue"] = "1.05"; },
        +[](Row& r) { r.valid_from = "2026-01-01"; }, +[](Row& r) { r.valid_to = "2026-01-01"; },
        +[](Row& r) { r.source = "other"; }, +[](Row& r) { r.confidence = Confidence::official; }}) {
    auto other = row;
    change(other);
    EXPECT_NE(digest_of(other), first);
  }
}

}  // namespace
}  // namespace fabrica::facts
