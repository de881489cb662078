#include "calls/eligibility.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "calls/rules.hpp"

namespace fabrica::calls {
namespace {

using identity::OrganisationKind;
using enum Outcome;

constexpr Micros kNow = 1'795'392'000 * kSecond;  // 2026-11-23

std::vector<facts::EligibilityLimit> const& limits() {
  static std::vector<facts::EligibilityLimit> const rows = [] {
    auto const view = facts::shipped_view(facts::Shipped::embedded(), "2026-11-23");
    EXPECT_TRUE(view);
    return view->eligibility_limits;
  }();
  return rows;
}

std::vector<facts::Country> const& countries() {
  static std::vector<facts::Country> const rows = [] {
    facts::Country row;
    row.key = "LV";
    row.eu_member = true;
    return std::vector{row};
  }();
  return rows;
}

identity::FiguresDeclared figures(std::int64_t year, std::int64_t people,
                                  identity::FiguresState state = identity::FiguresState::declared) {
  identity::FiguresDeclared out;
  out.year = year;
  out.state = state;
  out.reason = "the accounts say otherwise";
  out.group.own = {people * 100, 100'000'000, 100'000'000};
  return out;
}

identity::AidReceived aid(std::int64_t euros, std::string day) {
  return {"Fund", "LV", euros * 100, std::move(day), identity::AidBasis::de_minimis};
}

forms::Declaration form(std::string fact, std::string json) {
  return {std::move(fact), "/field", forms::Declared::answered, json::Raw{std::move(json)}};
}

// A case in which every rule is declared and passes.
Case sound() {
  Case in{{}, {}, {}, {}, {}, countries(), kNow, Stage::submission, limits(), {}};
  in.organisation.name = "Firm";
  in.organisation.country = "LV";
  in.organisation.kind = OrganisationKind::sme;
  in.call.state = CallState::published;
  in.call.opens = Time{kNow - kDay};
  in.call.duration_days_max = 90;
  in.call.organisation_kinds = {OrganisationKind::sme};
  in.call.countries = {"eu"};
  in.call.source = "the call's page";
  Eligibility rules;
  rules.size = FiguresTrust::declared;
  rules.contract_months_after_end = 3;
  rules.running = {{RunningOf::project, 0, false, "the policy"}};
  rules.de_minimis = AidRule{"LV", {{"p/gpu", 150}}, "the scheme"};
  rules.declarations = {{"use.restricted_party", "Is a participant under restrictive measures?", "no", "Regulation X",
                         "Leave that participant out."}};
  in.call.eligibility = rules;
  in.offer.partition = "p/gpu";
  in.offer.min_units = 1;
  in.offer.max_units = 1'000'000;
  in.proposal.partition = "p/gpu";
  in.proposal.amount_units = 1000;
  in.proposal.duration_days = 30;
  in.proposal.civilian_purposes = Answer::yes;
  in.proposal.excluded_uses = Answer::no;
  in.proposal.personal_data = Answer::no;
  in.proposal.first_come_accepted = Answer::yes;
  in.proposal.contract_until = "2027-03-23";  // 2026-12-23 and three months
  in.proposal.declarations = std::map<std::string, std::string>{{"use.restricted_party", "no"}};
  in.plan = {1000.0, true, ""};
  in.known.figures = {figures(2025, 12)};
  in.known.aid = identity::AidDeclared{};
  in.known.running = {0};
  return in;
}

struct Row {
  std::string what;
  std::string rule;
  Outcome outcome;
  std::function<void(Case&)> change;
};

void expect_rows(std::vector<Row> const& rows) {
  for (auto const& row : rows) {
    auto in = sound();
    row.change(in);
    auto const checks = check_proposal(in);
    auto const found = std::ranges::find(checks, row.rule, &Check::rule);
    ASSERT_NE(found, checks.end()) << row.what;
    EXPECT_EQ(found->outcome, row.outcome) << row.what << ": " << found->fact;
    EXPECT_FALSE(found->fact.empty() || found->source.empty()) << row.what;
    EXPECT_EQ(found->remedy.empty(), found->outcome == pass) << row.what << ": a refusal says what to do";
  }
}

TEST(Eligibility, PassesWhereEveryRuleDoesAndIsSilentWhereNoneIsDeclared) {
  auto in = sound();
  for (auto const& one : check_proposal(in)) EXPECT_EQ(one.outcome, pass) << one.rule << ": " << one.fact;
  in.call.eligibility.reset();
  in.known = {};
  EXPECT_TRUE(judge_eligibility(in).empty());
}

TEST(Eligibility, OfTheSizeNeedsFiguresThatBearOutTheKind) {
  using identity::FiguresState;
  auto const kind = [](OrganisationKind what) { return [=](Case& in) { in.organisation.kind = what; }; };
  expect_rows({
      {"an SME", "size", pass, [](Case&) {}},
      {"too large", "size", fail, [](Case& in) { in.known.figures = {figures(2025, 250)}; }},
      {"nothing declared", "size", unknown, [](Case& in) { in.known.figures.clear(); }},
      {"figures typed in by hand", "size", pass,
       [](Case& in) {
         in.known.figures.clear();
         in.organisation.employees = 12;
         in.organisation.turnover_eur_cents = 100;
       }},
      {"typed in, without money", "size", unknown,
       [](Case& in) {
         in.known.figures.clear();
         in.organisation.employees = 12;
       }},
      {"refused", "size", unknown, [](Case& in) { in.known.figures = {figures(2025, 12, FiguresState::refused)}; }},
      {"three years old", "size", unknown, [](Case& in) { in.known.figures = {figures(2023, 12)}; }},
      {"two years old", "size", pass, [](Case& in) { in.known.figures = {figures(2024, 12)}; }},
      {"has to be checked", "size", unknown, [](Case& in) { in.call.eligibility->size = FiguresTrust::checked; }},
      {"is checked", "size", pass,
       [](Case& in) {
         in.call.eligibility->size = FiguresTrust::checked;
         in.known.figures = {figures(2025, 12, FiguresState::checked)};
       }},
      {"checked and too large, after an unchecked year that was not", "size", fail,
       [](Case& in) {
         in.call.eligibility->size = FiguresTrust::checked;
         in.known.figures = {figures(2024, 12), figures(2025, 300, FiguresState::checked)};
       }},
      {"too large for the first year", "size", pass,
       [](Case& in) { in.known.figures = {figures(2024, 12), figures(2025, 300)}; }},
      {"typed figures were never checked", "size", unknown,
       [](Case& in) {
         in.call.eligibility->size = FiguresTrust::checked;
         in.known.figures.clear();
         in.organisation.employees = 12;
       }},
      {"a start-up of twelve", "size", pass, kind(OrganisationKind::start_up)},
      {"a small mid-cap of twelve", "size", fail, kind(OrganisationKind::small_mid_cap)},
      {"a small mid-cap of 300", "size", pass,
       [](Case& in) {
         in.organisation.kind = OrganisationKind::small_mid_cap;
         in.known.figures = {figures(2025, 300)};
       }},
      {"a university is not measured", "size", pass,
       [](Case& in) {
         in.organisation.kind = OrganisationKind::university;
         in.known.figures.clear();
       }},
      {"the facts say nothing", "size", unknown, [](Case& in) { in.limits = {}; }},
  });
}

TEST(Eligibility, OfASizeThatPassesShowsNoSums) {
  auto in = sound();
  auto const fact = [&] {
    auto const checks = check_proposal(in);
    return std::ranges::find(checks, "size", &Check::rule)->fact;
  };
  EXPECT_EQ(fact(), "Registered as sme; by its figures small. Figures of 2025, declared.");
  in.known.figures = {figures(2025, 300)};
  EXPECT_NE(fact().find("300 work units"), std::string::npos) << "what fails says why";
}

TEST(Eligibility, OfTheContractAsksMonthsBeyondTheEarliestEnd) {
  auto const until = [](std::optional<std::string> day) { return [=](Case& in) { in.proposal.contract_until = day; }; };
  auto const says = [](std::string answer, std::optional<std::string> day) {
    return [=](Case& in) {
      in.proposal.contract_until = day;
      in.known.form = {form("pi.contract_beyond_end", "\"" + answer + "\"")};
    };
  };
  expect_rows({
      {"to the very day", "contract", pass, until("2027-03-23")},
      {"a day short", "contract", fail, until("2027-03-22")},
      {"not said", "contract", unknown, until({})},
      {"the form says yes", "contract", pass, says("yes", {})},
      {"the form says no", "contract", fail, says("no", {})},
      {"the form does not know", "contract", unknown, says("unknown", {})},
      {"the form says yes and the day says no", "contract", fail, says("yes", "2027-03-22")},
      {"the form says no and the day says yes", "contract", fail, says("no", "2027-03-23")},
      {"more months than the form asks about", "contract", unknown,
       [](Case& in) {
         in.proposal.contract_until.reset();
         in.call.eligibility->contract_months_after_end = 6;
         in.known.form = {form("pi.contract_beyond_end", "\"yes\"")};
       }},
      {"a reviewed call does not award before its cut-off", "contract", fail,
       [](Case& in) {
         in.call.kind = CallKind::reviewed;
         in.call.closes = Time{kNow + kDay};
       }},
  });
  auto in = sound();
  in.now_us = 1'793'404'800 * kSecond;  // 2026-10-31; the 30 days end on 2026-11-30
  in.proposal.contract_until = "2027-02-28";
  auto const checks = check_proposal(in);
  EXPECT_EQ(std::ranges::find(checks, "contract", &Check::rule)->outcome, pass) << "February has no thirtieth";
}

TEST(Eligibility, CountsOtherAwards) {
  expect_rows({
      {"none", "running_project", pass, [](Case&) {}},
      {"one too many", "running_project", fail, [](Case& in) { in.known.running = {1}; }},
      {"one that is admitted", "running_project", pass,
       [](Case& in) {
         in.known.running = {1};
         in.call.eligibility->running[0].others_most = 1;
       }},
      {"nobody knows whose", "running_principal_investigator", unknown,
       [](Case& in) {
         in.call.eligibility->running[0].of = RunningOf::principal_investigator;
         in.known.running = {std::nullopt};
       }},
  });
}

TEST(Eligibility, AddsTheWorthOfTheHoursToTheAidOfThreeYears) {
  auto const received = [](std::vector<identity::AidReceived> all) {
    return [=](Case& in) { in.known.aid->received = all; };
  };
  expect_rows({
      // 1000 units are worth EUR 1500
      {"none received", "de_minimis", pass, [](Case&) {}},
      {"up to the ceiling", "de_minimis", pass, received({aid(298'500, "2025-01-01")})},
      {"over it", "de_minimis", fail, received({aid(298'501, "2025-01-01")})},
      {"of long ago", "de_minimis", pass, received({aid(300'000, "2023-11-22")})},
      {"of three years ago today", "de_minimis", fail, received({aid(300'000, "2023-11-23")})},
      {"of another state", "de_minimis", pass,
       [](Case& in) {
         in.known.aid->received = {aid(300'000, "2025-01-01")};
         in.known.aid->received[0].granting_state = "EE";
       }},
      {"nothing said", "de_minimis", unknown, [](Case& in) { in.known.aid.reset(); }},
      {"granted here", "de_minimis", fail, [](Case& in) { in.known.granted_here = {aid(299'000, "2026-01-01")}; }},
      {"granted here and listed too is one", "de_minimis", pass,
       [](Case& in) { in.known.granted_here = in.known.aid->received = {aid(150'000, "2026-01-01")}; }},
      {"a partition without a value", "de_minimis", unknown, [](Case& in) { in.offer.partition = "p/cpu"; }},
      {"the facts have no ceiling", "de_minimis", unknown, [](Case& in) { in.limits = {}; }},
  });
}

TEST(Eligibility, ReadsTheFormInsteadOfAskingTwice) {
  auto const says = [](std::string fact, std::string json) {
    return [=](Case& in) {
      in.known.form = {form(fact, json)};
      in.proposal.declarations.reset();
      in.proposal.civilian_purposes = Answer::unknown;
    };
  };
  auto const both = [](std::string fact, std::string json) {
    return [=](Case& in) { in.known.form = {form(fact, json)}; };
  };
  std::string const rule = "declared:use.restricted_party";
  expect_rows({
      {"declared in the proposal", rule, pass, [](Case&) {}},
      {"declared nowhere", rule, unknown, [](Case& in) { in.proposal.declarations.reset(); }},
      {"declared unknown", rule, unknown,
       [](Case& in) {
         in.proposal.declarations = std::map<std::string, std::string>{{"use.restricted_party", "unknown"}};
       }},
      {"declared in the form", rule, pass, says("use.restricted_party", "\"no\"")},
      {"declared against the rule", rule, fail, says("use.restricted_party", "\"yes\"")},
      {"declared both ways", rule, fail, both("use.restricted_party", "\"yes\"")},
      {"civilian in the form alone", "civilian_purposes", pass, says("use.civilian", "\"yes\"")},
      {"not civilian in the form alone", "civilian_purposes", fail, says("use.civilian", "\"no\"")},
      {"unknown in both", "civilian_purposes", unknown, says("use.civilian", "\"unknown\"")},
      {"civilian both ways", "civilian_purposes", fail, both("use.civilian", "\"no\"")},
      {"prohibited both ways", "excluded_uses", fail, both("use.prohibited_practice", "\"yes\"")},
      {"personal data both ways", "personal_data", fail, both("data.personal", "\"yes\"")},
      {"another kind in the form", "organisation_kind", fail, both("organisation.kind", "\"university\"")},
      {"the same kind in the form", "organisation_kind", pass, both("organisation.kind", "\"sme\"")},
      {"another country in the form", "country", fail, both("organisation.country", "\"EE\"")},
      {"another amount in the form", "amount", fail, both("request.amount", "999.5")},
      {"the same amount in the form", "amount", pass, both("request.amount", "1000")},
  });
  auto in = sound();
  in.known.form = {form("use.restricted_party", "\"yes\"")};
  auto const checks = check_proposal(in);
  auto const found = std::ranges::find(checks, rule, &Check::rule);
  EXPECT_NE(found->fact.find("The proposal says no, the form says yes."), std::string::npos) << "it names both";
  in.call.eligibility.reset();
  EXPECT_FALSE(form_says(in, "use.restricted_party")) << "a call without these rules reads no form";
}

TEST(EligibilityAtTheAward, AsksAgainWhoMayHaveHoursAndNotForWindowOrPlan) {
  auto in = sound();
  in.stage = Stage::award;
  in.call.state = CallState::closed;
  in.plan = {};
  std::vector<std::string> rules;
  for (auto const& one : check_proposal(in)) {
    EXPECT_EQ(one.outcome, pass) << one.rule;
    rules.push_back(one.rule);
  }
  for (auto const* gone : {"call_open", "amount", "duration", "memory", "effort"})
    EXPECT_EQ(std::ranges::find(rules, gone), rules.end()) << gone;
  for (auto const* asked : {"country", "organisation_kind", "civilian_purposes", "excluded_uses", "size", "de_minimis"})
    EXPECT_NE(std::ranges::find(rules, asked), rules.end()) << asked;
}

TEST(AnOverride, LetsItsCheckPassForTheFactItWasGivenForAndSaysWho) {
  auto in = sound();
  in.known.running = {1};
  auto const judged = judge(in);
  auto const of = std::ranges::find(judged, "running_project",
                                    [](Judged const& one) -> std::string const& { return one.check.rule; });
  std::vector<Overriding> const overrides{
      {"running_project", of->compared, "Two halves of one study.", identity::Role::access_officer, Time{kNow}}};
  auto const outcome = [&](Case const& what) {
    auto const checks = with_overrides(judge(what), overrides);
    return *std::ranges::find(checks, "running_project", &Check::rule);
  };
  EXPECT_EQ(outcome(in).outcome, pass);
  EXPECT_NE(outcome(in).fact.find("by access_officer: Two halves of one study."), std::string::npos);
  EXPECT_TRUE(outcome(in).remedy.empty());
  in.now_us += 40 * kDay;
  in.call.closes.reset();
  EXPECT_EQ(outcome(in).outcome, pass) << "time alone changes nothing";
  in.known.running = {2};
  EXPECT_EQ(outcome(in).outcome, fail) << "the fact is another";
  in.known.running = {0};
  EXPECT_EQ(outcome(in).fact.find("Two halves"), std::string::npos) << "what passes needs nobody's word";
}

TEST(AnOverride, OfTheContractHoldsWhileDaysPassAndNotForAnotherContract) {
  auto in = sound();
  in.proposal.contract_until = "2027-01-01";
  auto const compared = [](Case const& what) {
    for (auto const& one : judge(what))
      if (one.check.rule == "contract") return one.compared;
    return std::string{};
  };
  auto const first = compared(in);
  in.now_us += 3 * kDay;
  EXPECT_EQ(compared(in), first);
  in.proposal.contract_until = "2026-12-31";
  EXPECT_NE(compared(in), first);
}

TEST(AnOverride, DoesNotOpenACall) {
  auto in = sound();
  in.call.state = CallState::closed;
  for (auto const& one : judge(in)) EXPECT_EQ(one.overridable, one.check.rule != "call_open");
}

TEST(CallRules, OfEligibilityAreCheckedWithTheCall) {
  CallDraft draft;
  draft.offers = {{"p/gpu", budget::Unit::node_hour, 1, 10, 10}};
  draft.eligibility = Eligibility{};
  draft.eligibility->running = {{RunningOf::project, 0, false, "x"}, {RunningOf::project, 1, false, "x"}};
  draft.eligibility->de_minimis = AidRule{"lv", {{"p/gpu", 1}, {"p/gpu", 2}, {"p/cpu", 2}}, "x"};
  draft.eligibility->declarations = {{"a", "A?", "yes", "x", "x"}, {"a", "A?", "yes", "x", "x"}};
  auto const refused = check(draft);
  ASSERT_FALSE(refused);
  std::vector<std::string> at;
  for (auto const& fault : refused.error().faults) at.push_back(fault.pointer);
  EXPECT_EQ(
      at, (std::vector<std::string>{
              "/eligibility/running/1/of", "/eligibility/declarations/1/fact", "/eligibility/de_minimis/granting_state",
              "/eligibility/de_minimis/values/1/partition", "/eligibility/de_minimis/values/2/partition"}));
}

}  // namespace
}  // namespace fabrica::calls
