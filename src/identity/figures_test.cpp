#include "identity/figures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/random.hpp"
#include "identity/declarations.hpp"

namespace fabrica::identity {
namespace {

constexpr std::int64_t kEuro = 100;
constexpr std::int64_t kMillion = 1'000'000 * kEuro;

SizeLimits limits() {
  SizeLimits out;
  out.micro = {10, 2 * kMillion, 2 * kMillion};
  out.small = {50, 10 * kMillion, 10 * kMillion};
  out.medium = {250, 50 * kMillion, 43 * kMillion};
  out.small_mid_cap = {500, 100 * kMillion, 86 * kMillion};
  out.partner_least = 2500;
  out.linked_above = 5000;
  out.public_least = 2500;
  out.source = "the recommendation";
  return out;
}

using Maybe = std::optional<std::int64_t>;
EnterpriseFigures figures(Maybe people, Maybe turnover_millions, Maybe balance_millions) {
  EnterpriseFigures out;
  if (people) out.work_units_hundredths = *people * 100;
  if (turnover_millions) out.turnover_eur_cents = *turnover_millions * kMillion;
  if (balance_millions) out.balance_eur_cents = *balance_millions * kMillion;
  return out;
}
Enterprise firm(std::string key, std::int64_t people, EnterpriseKind kind = EnterpriseKind::enterprise) {
  return {key, "Firm " + key, kind, figures(people, people, people)};
}
Holding holds(std::string holder, std::string held, std::int64_t basis_points) {
  return {std::move(holder), std::move(held), basis_points, {}, false};
}

struct SizeRow {
  std::string what;
  EnterpriseFigures own;
  SizeClass size;
  std::optional<bool> sme;
};

TEST(SizeOfAnEnterprise, FollowsPeopleAndOneOfTurnoverAndBalanceSheet) {
  using enum SizeClass;
  auto cents_over = figures(9, 2, 2);
  ++*cents_over.turnover_eur_cents;
  auto both_over = cents_over;
  ++*both_over.balance_eur_cents;
  auto almost_ten = figures(9, 1, 1);
  almost_ten.work_units_hundredths = 999;
  for (auto const& [what, own, size, sme] : std::vector<SizeRow>{
           {"at the ceilings of micro", figures(9, 2, 2), micro, true},
           {"a hundredth below ten", almost_ten, micro, true},
           {"ten people", figures(10, 1, 1), small, true},
           {"a cent over one ceiling", cents_over, micro, true},
           {"a cent over both", both_over, small, true},
           {"249 people, turnover at the ceiling", figures(249, 50, 900), medium, true},
           {"249 people, balance sheet at the ceiling", figures(249, 900, 43), medium, true},
           {"250 people", figures(250, 1, 1), small_mid_cap, false},
           {"few people and much money", figures(5, 60, 60), small_mid_cap, false},
           {"499 people", figures(499, 100, 900), small_mid_cap, false},
           {"500 people", figures(500, 1, 1), large, false},
           {"very much money", figures(5, 900, 900), large, false},
           {"nothing known", figures({}, {}, {}), unknown, {}},
           {"people unknown", figures({}, 1, 1), unknown, {}},
           {"money unknown", figures(5, {}, {}), unknown, {}},
           {"one sum of money is enough", figures(5, {}, 2), micro, true},
           {"one that is too high is not", figures(5, {}, 900), unknown, {}},
           {"too many people, whatever the money", figures(600, {}, {}), large, false},
           {"too much money, whatever the people", figures({}, 900, 900), large, false},
           {"an SME of whichever class", figures(100, {}, 11), medium, true},
           {"an SME, of a class that is not known", figures(5, {}, 11), unknown, true},
       }) {
    auto const found = size_of_sums("Firm", own, limits());
    EXPECT_EQ(found.size, size) << what << ": " << found.explanation;
    EXPECT_EQ(found.sme, sme) << what << ": " << found.explanation;
  }
}

struct GroupRow {
  std::string what;
  std::vector<Enterprise> enterprises;
  std::vector<Holding> holdings;
  std::int64_t people;  // of the group; the organisation itself has 10
};

std::vector<GroupRow> group_rows() {
  auto const a = firm("a", 100), b = firm("b", 1000);
  auto const investor = firm("a", 100, EnterpriseKind::exempt_investor);
  auto const person = firm("a", 100, EnterpriseKind::natural_person);
  auto votes_only = holds("a", "self", 1000);
  votes_only.votes_basis_points = 6000;
  auto capital_only = holds("a", "self", 6000);
  capital_only.votes_basis_points = 1000;
  auto controlled = holds("a", "self", 0);
  controlled.controls = true;
  return {
      {"alone", {}, {}, 10},
      {"not held", {a}, {}, 10},
      {"a quarter less a point", {a}, {holds("a", "self", 2499)}, 10},
      {"a quarter", {a}, {holds("a", "self", 2500)}, 35},
      {"half", {a}, {holds("self", "a", 5000)}, 60},
      {"more than half", {a}, {holds("self", "a", 5001)}, 110},
      {"a majority of the votes alone", {a}, {votes_only}, 110},
      {"of the capital alone", {a}, {capital_only}, 70},
      {"control by contract", {a}, {controlled}, 110},
      {"a chain of majorities", {a, b}, {holds("self", "a", 6000), holds("a", "b", 6000)}, 1110},
      {"sisters under one parent", {a, b}, {holds("a", "self", 9000), holds("a", "b", 9000)}, 1110},
      {"a partner of something linked", {a, b}, {holds("self", "a", 6000), holds("a", "b", 3000)}, 410},
      {"something linked to a partner", {a, b}, {holds("self", "a", 3000), holds("a", "b", 6000)}, 10 + 30 + 300},
      {"a partner of a partner", {a, b}, {holds("self", "a", 3000), holds("a", "b", 3000)}, 40},
      {"linked only together", {a, b}, {holds("self", "a", 6000), holds("self", "b", 3000), holds("a", "b", 3000)}, 1110},
      {"partner only together", {a, b}, {holds("self", "a", 6000), holds("self", "b", 1500), holds("a", "b", 1500)}, 410},
      {"held both ways, the higher counts", {a}, {holds("self", "a", 2600), holds("a", "self", 4000)}, 50},
      {"a circle of majorities", {a, b}, {holds("self", "a", 6000), holds("a", "b", 6000), holds("b", "self", 6000)}, 1110},
      {"a circle of partners", {a, b}, {holds("self", "a", 3000), holds("a", "b", 3000), holds("b", "self", 3000)}, 340},
      {"an exempt investor with a third", {investor}, {holds("a", "self", 3300)}, 10},
      {"an exempt investor with a majority", {investor}, {holds("a", "self", 6000)}, 110},
      {"held by a person", {person}, {holds("a", "self", 10000)}, 10},
  };
}

TEST(SizeOfAGroup, CountsLinkedEnterprisesWholeAndPartnersInProportion) {
  for (auto const& row : group_rows()) {
    auto const found = size_of("Self", {figures(10, 10, 10), row.enterprises, row.holdings}, limits());
    EXPECT_EQ(found.work_units_hundredths.sum, row.people * 100) << row.what << ": " << found.explanation;
    EXPECT_EQ(found.turnover_eur_cents.sum, row.people * kMillion) << row.what;
    for (auto const& one : found.counted) EXPECT_EQ(one.why.empty(), one.as == CountedAs::own) << row.what;
  }
}

TEST(SizeOfAGroup, IsUnknownWhileAnEnterpriseInItHasNotSaid) {
  Enterprise silent{"a", "Silent", EnterpriseKind::enterprise, {}};
  auto const own = figures(10, 1, 1);
  EXPECT_EQ(size_of("Self", {own, {silent}, {holds("a", "self", 2000)}}, limits()).sme, true) << "not in the group";
  auto const linked = size_of("Self", {own, {silent}, {holds("a", "self", 6000)}}, limits());
  EXPECT_EQ(linked.sme, std::nullopt);
  EXPECT_EQ(linked.work_units_hundredths.missing, std::vector<std::string>{"Silent"});
  EXPECT_NE(linked.explanation.find("Silent"), std::string::npos);
  EXPECT_EQ(size_of("Self", {figures(300, 1, 1), {silent}, {holds("a", "self", 6000)}}, limits()).sme, false)
      << "whatever it would say";
}

TEST(SizeOfAGroup, IsNoSmeWhereAQuarterIsInPublicHands) {
  auto const city = firm("a", 0, EnterpriseKind::public_body);
  auto const works = firm("b", 1);
  auto const sme = [&](std::vector<Enterprise> all, std::vector<Holding> holdings) {
    return size_of("Self", {figures(10, 1, 1), std::move(all), std::move(holdings)}, limits()).sme;
  };
  EXPECT_EQ(sme({city}, {holds("a", "self", 2499)}), true);
  EXPECT_EQ(sme({city}, {holds("a", "self", 2500)}), false);
  EXPECT_EQ(sme({city, works}, {holds("a", "b", 6000), holds("b", "self", 3000)}), false) << "through what it controls";
  EXPECT_EQ(sme({city, works}, {holds("a", "b", 4000), holds("b", "self", 3000)}), true) << "not through what it does not";
  EXPECT_EQ(sme({city, works}, {holds("a", "self", 1500), holds("b", "self", 1000), holds("a", "b", 9000)}), false)
      << "together";
}

// Random groups: each enterprise at most once, whole or in proportion, whatever circles the holdings make.
TEST(SizeOfAGroup, NeverCountsTwiceAndDoesNotDependOnTheOrder) {
  SeededRandom random{2026};
  auto const below = [&](std::uint64_t bound) {
    std::uint64_t word = 0;
    random.fill({reinterpret_cast<std::uint8_t*>(&word), sizeof word});
    return word % bound;
  };
  for (int round = 0; round < 400; ++round) {
    GroupFacts group{figures(10, 1, 1), {}, {}};
    auto const count = 1 + below(7);
    for (std::uint64_t at = 0; at < count; ++at)
      group.enterprises.push_back({std::string(1, static_cast<char>('a' + at)), "E", static_cast<EnterpriseKind>(below(4)),
                                   figures(static_cast<std::int64_t>(below(300)), 1, 1)});
    auto const name = [&](std::uint64_t at) { return at == 0 ? std::string{kSelf} : group.enterprises[at - 1].key; };
    for (std::uint64_t holder = 0; holder <= count; ++holder)
      for (std::uint64_t held = 0; held <= count; ++held)
        if (holder != held && below(3) == 0)
          group.holdings.push_back(holds(name(holder), name(held), static_cast<std::int64_t>(below(10001) / count)));
    ASSERT_TRUE(check(group, "")) << "each is held whole at most";
    auto const found = size_of("Self", group, limits());
    std::set<std::string> seen;
    std::int64_t sum = 0;
    for (auto const& one : found.counted) {
      EXPECT_TRUE(seen.insert(one.key).second) << one.key << " counted twice";
      auto const& own = one.key == kSelf
                            ? group.own
                            : std::ranges::find(group.enterprises, one.key, &Enterprise::key)->figures;
      auto const part = *own.work_units_hundredths * one.share_basis_points;
      sum += part / 10'000 + (part % 10'000 > 0);
      EXPECT_EQ(one.as == CountedAs::partner, one.share_basis_points < 10'000 && one.share_basis_points >= 2500);
    }
    EXPECT_EQ(sum, found.work_units_hundredths.sum);
    std::ranges::reverse(group.enterprises);
    std::ranges::reverse(group.holdings);
    auto const again = size_of("Self", group, limits());
    EXPECT_EQ(again.work_units_hundredths.sum, found.work_units_hundredths.sum);
    EXPECT_EQ(again.size, found.size);
    EXPECT_EQ(again.public_basis_points, found.public_basis_points);
  }
}

TEST(SizeOfAGroup, SizesChangeWhenTwoYearsInARowSaySo) {
  using enum SizeClass;
  struct Row {
    std::vector<std::pair<std::int64_t, std::int64_t>> people_by_year;  // 0: unknown
    SizeClass size;
  };
  for (auto const& [years, size] : std::vector<Row>{
           {{}, unknown},
           {{{2025, 5}}, micro},
           {{{2024, 5}, {2025, 60}}, micro},
           {{{2023, 5}, {2024, 60}, {2025, 60}}, medium},
           {{{2023, 5}, {2024, 20}, {2025, 60}}, small},
           {{{2023, 60}, {2024, 5}, {2025, 5}}, micro},
           {{{2023, 60}, {2024, 5}, {2025, 60}}, medium},
           {{{2023, 5}, {2024, 60}, {2025, 5}}, micro},
           {{{2022, 5}, {2025, 60}}, medium},
           {{{2024, 0}, {2025, 60}}, medium},
           {{{2024, 60}, {2025, 0}}, unknown},
       }) {
    std::vector<YearSize> all;
    for (auto const& [year, people] : years)
      all.push_back({year, size_of_sums("F", people == 0 ? figures({}, {}, {}) : figures(people, 1, 1), limits())});
    auto const found = standing_of(all);
    EXPECT_EQ(found.size, size) << years.size() << " years: " << found.explanation;
    EXPECT_FALSE(found.explanation.empty());
  }
  // A public holding is no ceiling: it tells at once.
  auto const city = firm("a", 0, EnterpriseKind::public_body);
  auto const held = size_of("F", {figures(5, 1, 1), {city}, {holds("a", "self", 5000)}}, limits());
  EXPECT_EQ(standing_of({{2024, size_of_sums("F", figures(5, 1, 1), limits())}, {2025, held}}).sme, false);
}

TEST(GroupFactsCheck, NamesEveryFaultAtItsPlace) {
  GroupFacts group{{}, {firm("a", 1), firm("a", 1), firm("self", 1), firm("B", 1)}, {}};
  group.holdings = {holds("a", "a", 100), holds("x", "self", 100), holds("a", "self", 6000), holds("a", "self", 6000)};
  auto const refused = check(group, "/group");
  ASSERT_FALSE(refused);
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(at, (std::vector<std::string>{"/group/enterprises/1/key", "/group/enterprises/2/key",
                                          "/group/enterprises/3/key", "/group/holdings/0/held",
                                          "/group/holdings/1/holder", "/group/holdings/3",
                                          "/group/holdings/3/capital_basis_points"}));
}

TEST(DeMinimis, SumsThreeYearsOfOneStateByTheDay) {
  std::vector<AidReceived> const received{
      {"Fund", "LV", 100, "2024-02-29", AidBasis::de_minimis}, {"Fund", "LV", 10, "2024-02-28", AidBasis::de_minimis},
      {"Fund", "LV", 1000, "2027-02-28", AidBasis::de_minimis}, {"Fund", "LV", 1, "2027-03-01", AidBasis::de_minimis},
      {"Fund", "EE", 5, "2026-01-01", AidBasis::de_minimis},    {"Fund", "LV", 7, "2026-01-01", AidBasis::notified}};
  EXPECT_EQ(de_minimis_sum(received, "LV", "2027-02-28", 3).eur_cents, 1110);
  EXPECT_EQ(de_minimis_sum(received, "LV", "2027-03-01", 3).eur_cents, 1001);
  EXPECT_EQ(de_minimis_sum(received, "LV", "2027-03-01", 3).since, "2024-03-01");
  EXPECT_EQ(de_minimis_sum(received, "EE", "2027-03-01", 3).count, 1);
  EXPECT_EQ(de_minimis_sum(received, "LV", "2028-02-29", 3).since, "2025-02-28") << "no such day that year";
  EXPECT_EQ(de_minimis_sum({}, "LV", "2027-03-01", 3).eur_cents, 0);
}

TEST(DeclarationChecks, RefuseWhatCannotBe) {
  FiguresDraft draft{2027, {}, Document{"accounts.pdf", std::string(64, 'g')}};
  auto const refused = check(draft, "2026-11-23");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().faults.size(), 2u);
  draft = {2026, {}, Document{"accounts.pdf", std::string(64, 'a')}};
  EXPECT_TRUE(check(draft, "2026-11-23"));
  AidDraft const aid{{{"Fund", "lv", 1, "2026-11-24", AidBasis::other}, {"Fund", "LV", 1, "yesterday!", AidBasis::other}}};
  auto const wrong = check(aid, "2026-11-23");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().faults.size(), 3u);
}

}  // namespace
}  // namespace fabrica::identity
