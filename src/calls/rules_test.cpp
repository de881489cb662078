#include "calls/rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace fabrica::calls {
namespace {

using identity::OrganisationKind;

constexpr Micros kNow = 1'780'000'000 * kSecond;

facts::Country country(std::string key, std::optional<bool> eu, std::optional<bool> participating,
                       std::optional<bool> horizon, std::optional<bool> digital) {
  facts::Country row;
  row.key = std::move(key);
  row.source = "the list of countries";
  row.eu_member = eu;
  row.participating_state = participating;
  row.horizon_associated = horizon;
  row.digital_associated = digital;
  return row;
}

std::vector<facts::Country> const& countries() {
  static std::vector<facts::Country> const rows{
      country("LV", true, true, {}, {}),      country("CH", false, false, true, {}),
      country("NO", false, true, true, true), country("BR", false, false, false, false),
      country("XK", false, false, false, {}), country("IE", true, {}, {}, {}),
  };
  return rows;
}

PublicId new_id() {
  static SeededRandom random{4};
  return PublicId::make(kNow, random);
}

// A case that passes every check.
Case sound() {
  Case in{{}, {}, {}, {}, {}, countries(), kNow};
  in.organisation.name = "Small firm";
  in.organisation.country = "LV";
  in.organisation.kind = OrganisationKind::sme;
  in.call.state = CallState::published;
  in.call.opens = Time{kNow - kDay};
  in.call.closes = Time{kNow + kDay};
  in.call.duration_days_max = 90;
  in.call.organisation_kinds = {OrganisationKind::start_up, OrganisationKind::sme};
  in.call.countries = {"eu"};
  in.call.source = "the call's page";
  in.offer.partition = "p/gpu";
  in.offer.min_units = 10;
  in.offer.max_units = 5000;
  in.proposal.call = new_id();
  in.proposal.partition = "p/gpu";
  in.proposal.amount_units = 120;
  in.proposal.duration_days = 90;
  in.proposal.purpose = "A language model";
  in.proposal.civilian_purposes = Answer::yes;
  in.proposal.excluded_uses = Answer::no;
  in.proposal.personal_data = Answer::no;
  in.proposal.first_come_accepted = Answer::yes;
  in.plan = {100.0, true, "State of the model: 16 GB."};
  return in;
}

Check const& rule(std::vector<Check> const& checks, std::string_view name) {
  auto const found = std::ranges::find(checks, name, &Check::rule);
  if (found == checks.end()) {
    ADD_FAILURE() << "no rule " << name;
    return checks.front();
  }
  return *found;
}

struct Row {
  std::string what;
  std::string rule;
  Outcome outcome;
  std::function<void(Case&)> change;
};

std::vector<Row> rows_of_the_organisation_and_the_call() {
  using enum Outcome;
  return {
      {"open until further notice", "call_open", pass, [](Case& in) { in.call.closes.reset(); }},
      {"opens this very moment", "call_open", pass, [](Case& in) { in.call.opens = Time{kNow}; }},
      {"opens a moment later", "call_open", fail, [](Case& in) { in.call.opens = Time{kNow + 1}; }},
      {"closes this very moment", "call_open", fail, [](Case& in) { in.call.closes = Time{kNow}; }},
      {"closes a moment later", "call_open", pass, [](Case& in) { in.call.closes = Time{kNow + 1}; }},
      {"a draft", "call_open", fail, [](Case& in) { in.call.state = CallState::draft; }},
      {"closed by hand", "call_open", fail, [](Case& in) { in.call.state = CallState::closed; }},
      {"the offer is closed", "call_open", fail, [](Case& in) { in.offer.open = false; }},
      {"another kind", "organisation_kind", fail,
       [](Case& in) { in.organisation.kind = OrganisationKind::large_company; }},
      {"the other admitted kind", "organisation_kind", pass,
       [](Case& in) { in.organisation.kind = OrganisationKind::start_up; }},
      {"no member", "country", fail, [](Case& in) { in.organisation.country = "BR"; }},
      {"named by its code", "country", pass,
       [](Case& in) {
         in.organisation.country = "BR";
         in.call.countries = {"eu", "BR"};
       }},
      {"participates", "country", pass,
       [](Case& in) {
         in.organisation.country = "NO";
         in.call.countries = {"eurohpc"};
       }},
      {"not said whether it participates", "country", unknown,
       [](Case& in) {
         in.organisation.country = "IE";
         in.call.countries = {"eurohpc"};
       }},
      {"associated to one programme", "country", pass,
       [](Case& in) {
         in.organisation.country = "CH";
         in.call.countries = {"associated"};
       }},
      {"associated to none of both", "country", fail,
       [](Case& in) {
         in.organisation.country = "BR";
         in.call.countries = {"associated"};
       }},
      {"only one programme is known", "country", unknown,
       [](Case& in) {
         in.organisation.country = "XK";
         in.call.countries = {"associated"};
       }},
      {"a country the facts do not have", "country", unknown, [](Case& in) { in.organisation.country = "ZZ"; }},
      {"what is not known of one group does not matter once another admits", "country", pass,
       [](Case& in) {
         in.organisation.country = "IE";
         in.call.countries = {"eurohpc", "eu"};
       }},
  };
}

std::vector<Row> rows_of_the_answers() {
  using enum Outcome;
  return {
      {"not said", "civilian_purposes", unknown, [](Case& in) { in.proposal.civilian_purposes = Answer::unknown; }},
      {"military", "civilian_purposes", fail, [](Case& in) { in.proposal.civilian_purposes = Answer::no; }},
      {"not said", "excluded_uses", unknown, [](Case& in) { in.proposal.excluded_uses = Answer::unknown; }},
      {"prohibited", "excluded_uses", fail, [](Case& in) { in.proposal.excluded_uses = Answer::yes; }},
      {"not said", "personal_data", unknown, [](Case& in) { in.proposal.personal_data = Answer::unknown; }},
      {"personal data are allowed", "personal_data", pass, [](Case& in) { in.proposal.personal_data = Answer::yes; }},
      {"not said", "first_come_accepted", unknown, [](Case& in) { in.proposal.first_come_accepted = Answer::unknown; }},
      {"not accepted", "first_come_accepted", fail, [](Case& in) { in.proposal.first_come_accepted = Answer::no; }},
  };
}

std::vector<Row> rows_of_the_technique() {
  using enum Outcome;
  return {
      {"least", "amount", pass, [](Case& in) { in.proposal.amount_units = 10; }},
      {"below the least", "amount", fail, [](Case& in) { in.proposal.amount_units = 9; }},
      {"most", "amount", pass, [](Case& in) { in.proposal.amount_units = 5000; }},
      {"above the most", "amount", fail, [](Case& in) { in.proposal.amount_units = 5001; }},
      {"too long", "duration", fail, [](Case& in) { in.proposal.duration_days = 91; }},
      {"does not fit", "memory", fail, [](Case& in) { in.plan.fits_memory = false; }},
      {"nobody knows", "memory", unknown, [](Case& in) { in.plan.fits_memory.reset(); }},
      {"no figures", "effort", unknown, [](Case& in) { in.plan.amount_units.reset(); }},
      {"a reason does not stand for a figure", "effort", unknown,
       [](Case& in) {
         in.plan.amount_units.reset();
         in.proposal.amount_reason = "trust me";
       }},
      {"exactly the plan", "effort", pass, [](Case& in) { in.proposal.amount_units = 100; }},
      {"less than the plan", "effort", fail, [](Case& in) { in.proposal.amount_units = 99; }},
      {"less than the plan, whatever the reason", "effort", fail,
       [](Case& in) {
         in.proposal.amount_units = 99;
         in.proposal.amount_reason = "We are quick.";
       }},
      {"three times the plan", "effort", pass, [](Case& in) { in.proposal.amount_units = 300; }},
      {"more than three times", "effort", fail, [](Case& in) { in.proposal.amount_units = 301; }},
      {"more, with a reason", "effort", pass,
       [](Case& in) {
         in.proposal.amount_units = 301;
         in.proposal.amount_reason = "Forty ablations.";
       }},
      {"the least of the offer is nobody's excess", "effort", pass,
       [](Case& in) {
         in.proposal.amount_units = 10;
         in.plan.amount_units = 0.01;
       }},
  };
}

TEST(ProposalChecks, AllPassForASoundProposal) {
  auto const checks = check_proposal(sound());
  EXPECT_EQ(checks.size(), 11u);
  for (auto const& check : checks) {
    EXPECT_EQ(check.outcome, Outcome::pass) << check.rule << ": " << check.fact;
    EXPECT_TRUE(check.remedy.empty()) << check.rule;
  }
  EXPECT_EQ(verdict_of(checks, CallKind::first_come), ProposalEvent::queue);
}

TEST(ProposalChecks, EachPassesFailsOrAsksByItself) {
  for (auto const& rows : {rows_of_the_organisation_and_the_call(), rows_of_the_answers(), rows_of_the_technique()})
    for (auto const& row : rows) {
      SCOPED_TRACE(row.rule + ": " + row.what);
      auto in = sound();
      row.change(in);
      auto const checks = check_proposal(in);
      auto const& here = rule(checks, row.rule);
      EXPECT_EQ(here.outcome, row.outcome) << here.fact;
      // The amount is what two rules look at; nothing else is.
      for (auto const& other : checks)
        if (other.rule != row.rule && row.rule != "amount") {
          EXPECT_EQ(other.outcome, Outcome::pass) << other.rule;
        }
    }
}

TEST(ProposalChecks, ExplainThemselvesWithFactSourceAndRemedy) {
  for (auto const& rows : {rows_of_the_organisation_and_the_call(), rows_of_the_answers(), rows_of_the_technique()})
    for (auto const& row : rows) {
      SCOPED_TRACE(row.rule + ": " + row.what);
      auto in = sound();
      row.change(in);
      for (auto const& check : check_proposal(in)) {
        EXPECT_FALSE(check.fact.empty()) << check.rule;
        EXPECT_FALSE(check.source.empty()) << check.rule;
        EXPECT_EQ(check.remedy.empty(), check.outcome == Outcome::pass) << check.rule;
      }
    }
}

TEST(ProposalChecks, WhatIsNotKnownNeverPasses) {
  auto in = sound();
  in.proposal.civilian_purposes = in.proposal.excluded_uses = in.proposal.personal_data =
      in.proposal.first_come_accepted = Answer::unknown;
  in.plan = {};
  in.organisation.country = "ZZ";
  auto const checks = check_proposal(in);
  for (auto const* name :
       {"country", "civilian_purposes", "excluded_uses", "personal_data", "first_come_accepted", "memory", "effort"})
    EXPECT_EQ(rule(checks, name).outcome, Outcome::unknown) << name;
  EXPECT_EQ(verdict_of(checks, CallKind::first_come), ProposalEvent::ask);
}

TEST(ProposalChecks, SayTheReasonThatWasGivenForAnUnusualAmount) {
  auto in = sound();
  in.proposal.amount_units = 1000;
  in.proposal.amount_reason = "Forty ablations.";
  EXPECT_NE(rule(check_proposal(in), "effort").fact.find("Forty ablations."), std::string::npos);
}

TEST(ProposalVerdict, RejectsForOneFailureAsksForOneUnknownElseQueues) {
  auto const check = [](Outcome outcome) { return Check{"rule", outcome, "fact", "source", ""}; };
  using enum Outcome;
  EXPECT_EQ(verdict_of(std::vector{check(pass), check(pass)}, CallKind::first_come), ProposalEvent::queue);
  EXPECT_EQ(verdict_of(std::vector{check(pass), check(unknown)}, CallKind::first_come), ProposalEvent::ask);
  EXPECT_EQ(verdict_of(std::vector{check(unknown), check(fail), check(pass)}, CallKind::first_come),
            ProposalEvent::reject);
}

CallDraft call_draft() {
  CallDraft draft;
  draft.title = "A call";
  draft.opens = Time{kNow};
  draft.duration_days_max = 90;
  draft.organisation_kinds = {OrganisationKind::sme};
  draft.countries = {"eu", "LV", "eurohpc", "associated"};
  draft.source = "the call's page";
  draft.offers = {{"p/gpu", budget::Unit::gpu_hour, 1, 10, 100}};
  return draft;
}

TEST(CallDrafts, NameEveryFaultWhereItStands) {
  EXPECT_TRUE(check(call_draft()));
  auto draft = call_draft();
  draft.closes = draft.opens;
  draft.offers = {{"p/gpu", budget::Unit::gpu_hour, 10, 9, 100}, {"p/gpu", budget::Unit::gpu_hour, 1, 1, 0}};
  draft.countries = {"EU", "europe", "lv", "LV"};
  auto const refused = check(draft);
  ASSERT_FALSE(refused);
  std::vector<std::string> where;
  for (auto const& fault : refused.error().faults) where.push_back(fault.pointer);
  EXPECT_EQ(where, (std::vector<std::string>{"/closes", "/offers/0/max_units", "/offers/1/partition", "/countries/1",
                                             "/countries/2"}));
}

}  // namespace
}  // namespace fabrica::calls
