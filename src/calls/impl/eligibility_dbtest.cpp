#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "calls/service.hpp"
#include "db/testing/dbtest.hpp"
#include "facts/service.hpp"
#include "identity/declarations.hpp"

namespace fabrica::calls {
namespace {

using identity::Actor;
using identity::Role;

constexpr Micros kStart = 1'793'000'000 * kSecond;  // 2026-10-26
constexpr auto kPartition = "meluxina/gpu";

// A firm with two projects, and a first-come call whose every rule of eligibility is declared.
struct World {
  explicit World(db::Database& on) : database{on} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      FABRICA_TRY(auto const firm, identity.create_organisation(
                                       tx, admin, {"Firm", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}}));
      organisation = firm.id;
      FABRICA_TRY(auto const one, projects.create(tx, admin, {firm.id, "One", "A project", "other"}));
      FABRICA_TRY(auto const two, projects.create(tx, admin, {firm.id, "Two", "A project", "other"}));
      project = one.id;
      other_project = two.id;
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    member = {identity::PersonId{77}, id(), "Member", {{Role::project_member, project.text(), {}}}, {}};
    other = {identity::PersonId{78}, id(), "Other", {{Role::project_member, other_project.text(), {}}}, {}};
    officer = {identity::PersonId{79}, id(), "Officer", {{Role::access_officer, "", {}}}, {}};
    boss = {identity::PersonId{80}, id(), "Boss", {{Role::organisation_admin, organisation.text(), {}}}, {}};
    call = published(rules());
  }

  template <class F>
  auto write(F&& use_case) {
    return database.write(std::forward<F>(use_case));
  }
  static Eligibility rules() {
    Eligibility out;
    out.size = FiguresTrust::declared;
    out.contract_months_after_end = 3;
    out.running = {{RunningOf::organisation, 0, false, "the policy"}};
    out.de_minimis = AidRule{"LV", {{kPartition, 1000}}, "the scheme"};
    out.declarations = {{"use.restricted_party", "Is a participant under restrictive measures?", "no", "the policy",
                         "Leave that participant out."}};
    return out;
  }
  Call published(std::optional<Eligibility> eligibility, std::int64_t capacity_units = 100) {
    CallDraft draft;
    draft.title = "Hours for small firms";
    draft.opens = Time{kStart};
    draft.duration_days_max = 90;
    draft.organisation_kinds = {identity::OrganisationKind::sme};
    draft.countries = {"eu"};
    draft.source = "the call's page";
    draft.offers = {{kPartition, budget::Unit::node_hour, 10, 30, capacity_units}};
    draft.eligibility = std::move(eligibility);
    auto const made = database.write([&](db::Tx& tx) -> Result<Call> {
      FABRICA_TRY(auto const drafted, calls.create(tx, admin, draft));
      return calls.publish(tx, admin, drafted.id);
    });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  ProposalDraft proposal_draft(std::int64_t amount_units = 20) const {
    ProposalDraft draft;
    draft.call = call.id;
    draft.partition = kPartition;
    draft.amount_units = amount_units;
    draft.duration_days = 30;
    draft.purpose = "A language model";
    draft.civilian_purposes = Answer::yes;
    draft.excluded_uses = Answer::no;
    draft.personal_data = Answer::no;
    draft.first_come_accepted = Answer::yes;
    draft.plan = {R"({"parameters":1000000000,"tokens":2900000000,"nodes":2})"};
    draft.contract_until = "2027-12-31";
    draft.declarations = std::map<std::string, std::string>{{"use.restricted_party", "no"}};
    return draft;
  }
  void declare_figures(std::int64_t people) {
    identity::FiguresDraft draft{2025, {}, {}};
    draft.group.own = {people * 100, 100'000'000, 100'000'000};
    auto const done = write([&](db::Tx& tx) { return declarations.declare(tx, boss, organisation, draft); });
    EXPECT_TRUE(done) << db::why(done);
  }
  void declare_aid(std::int64_t euros) {
    identity::AidDraft draft;
    if (euros > 0) draft.received = {{"Fund", "LV", euros * 100, "2026-01-01", identity::AidBasis::de_minimis}};
    auto const done = write([&](db::Tx& tx) { return declarations.declare_aid(tx, boss, organisation, draft); });
    EXPECT_TRUE(done) << db::why(done);
  }
  void say_everything() {
    declare_figures(12);
    declare_aid(0);
  }
  Proposal drafted(ProposalDraft const& what, bool by_other = false) {
    auto const made = write([&](db::Tx& tx) {
      return calls.draft(tx, by_other ? other : member, by_other ? other_project : project, what);
    });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  Proposal submitted(PublicId const& proposal, bool by_other = false) {
    clock.advance(kMinute);
    auto const sent = write([&](db::Tx& tx) { return calls.submit(tx, by_other ? other : member, proposal); });
    EXPECT_TRUE(sent) << db::why(sent);
    return *sent;
  }
  Proposal look(PublicId const& proposal) {
    auto const found = database.read([&](db::Tx& tx) { return calls.proposal(tx, officer, proposal); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  Result<Override> override_check(Actor const& who, PublicId const& proposal, std::string rule) {
    return write(
        [&](db::Tx& tx) { return calls.override_check(tx, who, proposal, {rule, "The office has looked into it."}); });
  }
  // LV is no longer known to the facts of today.
  PublicId forget_country() {
    facts::OwnRowDraft draft{"countries", "LV", {}, {}, {}, "the test", facts::Confidence::official, true};
    auto const row = write([&](db::Tx& tx) { return facts.add(tx, draft, "somebody"); });
    EXPECT_TRUE(row) << db::why(row);
    return *row->public_id;
  }
  std::int64_t count(std::string const& chain, std::string_view kind) {
    auto const all = database.read([&](db::Tx& tx) { return journal.chain(tx, chain, 1, 1000); });
    EXPECT_TRUE(all);
    return std::ranges::count(*all, kind, &journal::Kept::kind);
  }
  PublicId id() { return PublicId::make(clock.now(), random); }

  db::Database& database;
  ManualClock clock{kStart};
  SeededRandom random{9};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  identity::Declarations declarations{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  budget::Budget budget{clock, random};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  Calls calls{clock, random, journal, identity, projects, budget, facts};
  Actor admin, member, other, officer, boss;
  PublicId organisation, project, other_project;
  Call call;
};

Check rule(std::vector<Check> const& checks, std::string_view name) {
  auto const found = std::ranges::find(checks, name, &Check::rule);
  EXPECT_NE(found, checks.end()) << name;
  return found == checks.end() ? Check{} : *found;
}

class EligibilityDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    auto const wrong = db().read([&](db::Tx& tx) { return world->budget.recompute(tx); });
    EXPECT_TRUE(wrong && wrong->empty());
    world.reset();
    DbTest::TearDown();
  }
  std::unique_ptr<World> world;
};
FABRICA_ON_BOTH(EligibilityDb);

TEST_P(EligibilityDb, ADraftIsCheckedWhenItIsSavedAndFactsAreAskedAnewEachTime) {
  auto& w = *world;
  auto const draft = w.drafted(w.proposal_draft());
  EXPECT_EQ(draft.state, ProposalState::draft);
  EXPECT_EQ(rule(draft.checks, "size").outcome, Outcome::unknown);
  EXPECT_EQ(rule(draft.checks, "de_minimis").outcome, Outcome::unknown);
  EXPECT_EQ(rule(draft.checks, "contract").outcome, Outcome::pass);
  EXPECT_EQ(w.submitted(draft.id).state, ProposalState::incomplete) << "what is unknown asks";
  w.say_everything();
  auto const now = db().read([&](db::Tx& tx) { return w.calls.checks(tx, w.member, draft.id); });
  ASSERT_TRUE(now) << db::why(now);
  for (auto const& one : now->checks) EXPECT_EQ(one.outcome, Outcome::pass) << one.rule << ": " << one.fact;
  EXPECT_EQ(rule(w.look(draft.id).checks, "size").outcome, Outcome::unknown) << "reading keeps nothing";
  EXPECT_EQ(w.submitted(draft.id).state, ProposalState::awarded);
  EXPECT_FALSE(db().read([&](db::Tx& tx) { return w.calls.checks(tx, w.other, draft.id); })) << "not another's";
}

TEST_P(EligibilityDb, ACallWithoutRulesAsksAsBefore) {
  auto& w = *world;
  w.call = w.published({});
  auto draft = w.proposal_draft();
  draft.contract_until.reset();
  draft.declarations.reset();
  auto const made = w.drafted(draft);
  EXPECT_EQ(std::ranges::find(made.checks, "size", &Check::rule), made.checks.end());
  EXPECT_EQ(w.submitted(made.id).state, ProposalState::awarded);
}

TEST_P(EligibilityDb, HoursOfAnEarlierAwardAreAidAndAnAwardThatRuns) {
  auto& w = *world;
  w.say_everything();
  EXPECT_EQ(w.submitted(w.drafted(w.proposal_draft()).id).state, ProposalState::awarded);
  auto const second = w.drafted(w.proposal_draft(), true);
  EXPECT_EQ(rule(second.checks, "running_organisation").outcome, Outcome::fail);
  auto const aid = rule(second.checks, "de_minimis");
  EXPECT_EQ(aid.outcome, Outcome::pass);
  EXPECT_NE(aid.fact.find("EUR 200 in 1 grants"), std::string::npos) << aid.fact;
  w.declare_aid(299'700);
  auto const now = db().read([&](db::Tx& tx) { return w.calls.checks(tx, w.other, second.id); });
  EXPECT_EQ(rule(now->checks, "de_minimis").outcome, Outcome::fail) << "299,700 and 200 and 200";
  w.clock.advance(31 * kDay);
  auto const later = db().read([&](db::Tx& tx) { return w.calls.checks(tx, w.other, second.id); });
  EXPECT_EQ(rule(later->checks, "running_organisation").outcome, Outcome::pass) << "it has ended";
}

TEST_P(EligibilityDb, ThePrincipalInvestigatorIsTheOneWhoLeadsOrIsNamed) {
  auto& w = *world;
  w.say_everything();
  auto rules = World::rules();
  rules.running = {{RunningOf::principal_investigator, 0, false, "the policy"}};
  w.call = w.published(rules);
  auto const draft = w.drafted(w.proposal_draft());
  auto const outcome = [&] {
    auto const now = db().read([&](db::Tx& tx) { return w.calls.checks(tx, w.officer, draft.id); });
    return rule(now->checks, "running_principal_investigator").outcome;
  };
  EXPECT_EQ(outcome(), Outcome::unknown) << "nobody leads it";
  auto const lead = [&](std::string const& name, PublicId const& project) {
    return w.write([&](db::Tx& tx) -> Result<PublicId> {
      FABRICA_TRY(
          auto const person,
          w.identity.create_person(
              tx, w.admin, {name, name + "@example.org", {}, {}, {{Role::project_lead, project.text(), {}}}}, "hash"));
      return person.id;
    });
  };
  auto const anna = lead("anna", w.project);
  ASSERT_TRUE(anna) << db::why(anna);
  EXPECT_EQ(outcome(), Outcome::pass);
  ASSERT_TRUE(lead("bela", w.project));
  EXPECT_EQ(outcome(), Outcome::unknown) << "which of the two";
  auto named = w.proposal_draft();
  named.principal_investigator = *anna;
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.calls.change(tx, w.member, draft.id, named); }));
  EXPECT_EQ(outcome(), Outcome::pass);
  ASSERT_TRUE(w.write([&](db::Tx& tx) {
    return w.identity.grant(tx, w.admin, *anna, {Role::project_lead, w.other_project.text(), {}});
  }));
  auto const others = w.drafted(w.proposal_draft(), true);
  EXPECT_EQ(w.submitted(others.id, true).state, ProposalState::awarded);
  EXPECT_EQ(outcome(), Outcome::fail) << "her other project has an award";
}

TEST_P(EligibilityDb, WhoseTurnComesIsAskedAgainAndTheLineGoesOn) {
  auto& w = *world;
  w.say_everything();
  auto rules = World::rules();
  rules.running.clear();
  w.call = w.published(rules, 10);
  auto const first = w.submitted(w.drafted(w.proposal_draft(20)).id);
  ASSERT_EQ(first.state, ProposalState::waiting);
  auto const second = w.submitted(w.drafted(w.proposal_draft(15), true).id, true);
  ASSERT_EQ(second.state, ProposalState::waiting);
  w.declare_aid(299'825);
  auto const more = w.write([&](db::Tx& tx) { return w.calls.set_capacity(tx, w.admin, w.call.offers[0].id, 100); });
  ASSERT_TRUE(more) << db::why(more);
  auto const turned = w.look(first.id);
  EXPECT_EQ(turned.state, ProposalState::rejected);
  EXPECT_NE(turned.decision_reason.find("de_minimis"), std::string::npos);
  EXPECT_EQ(rule(turned.checks, "de_minimis").outcome, Outcome::fail);
  EXPECT_EQ(w.look(second.id).state, ProposalState::awarded);
  EXPECT_EQ(w.count(w.project.text(), "proposal.checked"), 2);
}

TEST_P(EligibilityDb, WhatBecameUnknownInLineIsAskedAndKeepsItsPlace) {
  auto& w = *world;
  w.say_everything();
  auto rules = World::rules();
  rules.running.clear();
  w.call = w.published(rules, 10);
  auto const first = w.submitted(w.drafted(w.proposal_draft(20)).id);
  auto const second = w.submitted(w.drafted(w.proposal_draft(20), true).id, true);
  auto const row = w.forget_country();
  auto const capacity = [&](std::int64_t units) {
    return w.write([&](db::Tx& tx) { return w.calls.set_capacity(tx, w.admin, w.call.offers[0].id, units); });
  };
  ASSERT_TRUE(capacity(20));
  EXPECT_EQ(w.look(first.id).state, ProposalState::incomplete);
  EXPECT_EQ(w.look(second.id).state, ProposalState::incomplete);
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.facts.retract(tx, row, "somebody"); }));
  ASSERT_TRUE(capacity(10));
  EXPECT_EQ(w.submitted(second.id, true).state, ProposalState::waiting);
  EXPECT_EQ(w.submitted(first.id).state, ProposalState::waiting);
  ASSERT_TRUE(capacity(20));
  EXPECT_EQ(w.look(first.id).state, ProposalState::awarded) << "it was the first";
  EXPECT_EQ(w.look(second.id).state, ProposalState::waiting);
}

TEST_P(EligibilityDb, AnOfficerLetsACheckPassForItsFactAndTakesItBack) {
  auto& w = *world;
  w.declare_figures(300);
  w.declare_aid(0);
  auto const draft = w.drafted(w.proposal_draft());
  ASSERT_EQ(rule(draft.checks, "size").outcome, Outcome::fail);
  EXPECT_EQ(w.override_check(w.member, draft.id, "size").error().code, Errc::forbidden);
  EXPECT_EQ(w.override_check(w.officer, draft.id, "shoe_size").error().reason, "rule");
  EXPECT_EQ(w.override_check(w.officer, draft.id, "contract").error().reason, "check_passes");
  auto own = w.officer;
  own.grants.push_back({Role::member, w.organisation.text(), {}});
  EXPECT_EQ(w.override_check(own, draft.id, "size").error().reason, "own_project");
  auto const made = w.override_check(w.officer, draft.id, "size");
  ASSERT_TRUE(made) << db::why(made);
  EXPECT_EQ(made->made_as, Role::access_officer);
  EXPECT_EQ(w.override_check(w.officer, draft.id, "size").error().reason, "overridden");
  auto const shown = rule(w.look(draft.id).checks, "size");
  EXPECT_EQ(shown.outcome, Outcome::pass);
  EXPECT_NE(shown.fact.find("by access_officer: The office has looked into it."), std::string::npos);

  auto const end = [&] {
    return w.write([&](db::Tx& tx) { return w.calls.end_override(tx, w.officer, made->id, "A mistake."); });
  };
  ASSERT_TRUE(end());
  EXPECT_EQ(end().error().reason, "override_over");
  EXPECT_EQ(rule(w.look(draft.id).checks, "size").outcome, Outcome::fail);
  ASSERT_TRUE(w.override_check(w.officer, draft.id, "size"));
  w.declare_figures(400);
  auto const changed = db().read([&](db::Tx& tx) { return w.calls.checks(tx, w.officer, draft.id); });
  EXPECT_EQ(rule(changed->checks, "size").outcome, Outcome::fail) << "these are other figures";
  ASSERT_TRUE(w.override_check(w.officer, draft.id, "size")) << "for these too";
  EXPECT_EQ(w.submitted(draft.id).state, ProposalState::awarded);
  EXPECT_EQ(w.override_check(w.officer, draft.id, "size").error().reason, "proposal_state");
  EXPECT_EQ(w.count(w.project.text(), "eligibility.overridden"), 3);
  EXPECT_EQ(w.count(w.project.text(), "eligibility.override_ended"), 1);
  auto const all = db().read([&](db::Tx& tx) { return w.calls.overrides(tx, w.member, draft.id); });
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(std::ranges::count_if(*all, [](Override const& one) { return !one.ended; }), 1);
}

TEST_P(EligibilityDb, RulesAreAmendedByVersionAndWhatWasSentKeepsItsOwn) {
  auto& w = *world;
  w.say_everything();
  auto rules = World::rules();
  rules.running.clear();
  w.call = w.published(rules, 10);
  auto const sent = w.submitted(w.drafted(w.proposal_draft(20)).id);
  ASSERT_EQ(sent.state, ProposalState::waiting);
  CallDraft amended;
  amended.title = w.call.title;
  amended.opens = w.call.opens;
  amended.duration_days_max = 90;
  amended.organisation_kinds = w.call.organisation_kinds;
  amended.countries = w.call.countries;
  amended.source = w.call.source;
  amended.offers = {{kPartition, budget::Unit::node_hour, 10, 30, 10}};
  amended.eligibility = rules;
  amended.eligibility->contract_months_after_end = 60;
  auto const again = w.write([&](db::Tx& tx) { return w.calls.amend(tx, w.admin, w.call.id, amended); });
  ASSERT_TRUE(again) << db::why(again);
  EXPECT_EQ(again->eligibility->contract_months_after_end, 60);
  auto const checks = [&](PublicId const& id, Actor const& who) {
    return db().read([&](db::Tx& tx) { return w.calls.checks(tx, who, id); });
  };
  EXPECT_EQ(rule(checks(sent.id, w.member)->checks, "contract").outcome, Outcome::pass);
  EXPECT_EQ(rule(w.drafted(w.proposal_draft(), true).checks, "contract").outcome, Outcome::fail);
}

TEST_P(EligibilityDb, ADraftsDeclarationsAreWellFormed) {
  auto& w = *world;
  auto draft = w.proposal_draft();
  draft.contract_until = "2027-13-01";
  draft.declarations = std::map<std::string, std::string>{{"use.restricted_party", ""}};
  auto const refused = w.write([&](db::Tx& tx) { return w.calls.draft(tx, w.member, w.project, draft); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "declarations");
  EXPECT_EQ(refused.error().faults.size(), 2u);
}

}  // namespace
}  // namespace fabrica::calls
