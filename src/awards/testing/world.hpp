#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "awards/service.hpp"
#include "db/testing/dbtest.hpp"
#include "facts/service.hpp"

namespace fabrica::awards::testing {

using identity::Actor;

inline constexpr Micros kStart = 1'793'000'000 * kSecond;  // 2026-10-26, 07:33 UTC
inline constexpr auto kPartition = "meluxina/gpu";
inline constexpr auto kOther = "karolina/gpu";
inline constexpr auto kUnit = budget::kMicroUnits;

// Jobs as a test says them.
class Jobs final : public JobRecords {
 public:
  Result<JobFigures> of_award(db::Tx&, PublicId const& award) override { return figures[award.text()]; }
  Result<EnergyFigures> energy(db::Tx&, PublicId const&) override { return EnergyFigures{7'200'000, 2}; }
  std::map<std::string, JobFigures> figures;
};

class Made final : public ProjectRecords {
 public:
  Result<std::vector<RecordedThing>> data_sets(db::Tx&, Actor const&, PublicId const& project) override {
    return std::vector<RecordedThing>{{project, "<corpus>", "CC-BY-4.0"}};
  }
  Result<std::vector<RecordedThing>> released_models(db::Tx&, Actor const&, PublicId const&) override {
    return std::vector<RecordedThing>{};
  }
};

class Reserve final : public FreedHours {
 public:
  Result<> freed(db::Tx&, PublicId const&, std::string_view) override { return {}; }
};

// A first-come call with two partitions, and a project that has awards in it.
struct World {
  template <class F>
  auto write(F&& use_case) {
    return database.write(std::forward<F>(use_case));
  }
  template <class F>
  auto read(F&& use_case) {
    return database.read(std::forward<F>(use_case));
  }

  explicit World(db::Database& on, std::int64_t capacity_units = 100) : database{on} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      identity::OrganisationDraft const sme{"Firm", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}};
      FABRICA_TRY(auto const firm, identity.create_organisation(tx, admin, sme));
      FABRICA_TRY(auto const one, projects.create(tx, admin, {firm.id, "<One>", "A project", "other"}));
      FABRICA_TRY(auto const two, projects.create(tx, admin, {firm.id, "Two", "A project", "other"}));
      project = one.id;
      other_project = two.id;
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    lead = who("Lead", identity::Role::project_lead, project.text());
    member = who("Member", identity::Role::project_member, project.text());
    stranger = who("Stranger", identity::Role::project_lead, other_project.text());
    officer = who("Officer", identity::Role::access_officer, "");
    operator_ = who("Operator", identity::Role::operator_, "");
    auditor = who("Auditor", identity::Role::auditor, "");
    auto const drafted = write([&](db::Tx& tx) { return calls.create(tx, officer, call_draft(capacity_units)); });
    EXPECT_TRUE(drafted) << db::why(drafted);
    auto const published = write([&](db::Tx& tx) { return calls.publish(tx, officer, drafted->id); });
    EXPECT_TRUE(published) << db::why(published);
    call = *published;
  }

  PublicId id() { return PublicId::make(clock.now(), random); }
  Actor who(std::string name, identity::Role role, std::string scope) {
    return {identity::PersonId{++people}, id(), std::move(name), {{role, std::move(scope)}}, {}};
  }
  static calls::CallDraft call_draft(std::int64_t capacity_units) {
    calls::CallDraft draft;
    draft.title = "Hours <here>";
    draft.opens = Time{kStart};
    draft.duration_days_max = 400;
    draft.organisation_kinds = {identity::OrganisationKind::sme};
    draft.countries = {"eu"};
    draft.source = "the call's page";
    draft.offers = {{kPartition, budget::Unit::node_hour, 10, 1000, capacity_units},
                    {kOther, budget::Unit::node_hour, 10, 1000, 50}};
    return draft;
  }
  // Sent and awarded.
  PublicId award(std::int64_t units, std::int64_t days = 90, std::string partition = kPartition,
                 bool by_other = false) {
    calls::ProposalDraft draft;
    draft.call = call.id;
    draft.partition = std::move(partition);
    draft.amount_units = units;
    draft.duration_days = days;
    draft.purpose = "A language model";
    draft.amount_reason = "Ablations.";
    draft.civilian_purposes = calls::Answer::yes;
    draft.excluded_uses = calls::Answer::no;
    draft.personal_data = calls::Answer::no;
    draft.first_come_accepted = calls::Answer::yes;
    draft.plan = {R"({"parameters":1000000000,"tokens":2900000000,"nodes":2})"};
    auto const by = by_other ? stranger : lead;
    auto const drafted =
        write([&](db::Tx& tx) { return calls.draft(tx, by, by_other ? other_project : project, draft); });
    EXPECT_TRUE(drafted) << db::why(drafted);
    auto const sent = write([&](db::Tx& tx) { return calls.submit(tx, by, drafted->id); });
    EXPECT_TRUE(sent) << db::why(sent);
    EXPECT_TRUE(sent->award) << sent->decision_reason;
    return sent->award.value_or(PublicId{});
  }
  // The same, with access confirmed.
  PublicId running(std::int64_t units, std::int64_t days = 90, std::string partition = kPartition) {
    auto const made = award(units, days, std::move(partition));
    auto const begun = write([&](db::Tx& tx) { return awards.confirm_access(tx, member, made); });
    EXPECT_TRUE(begun) << db::why(begun);
    return made;
  }
  void rules(AwardRules said) {
    said.source = "the call's page";
    auto const set = write([&](db::Tx& tx) { return awards.set_rules(tx, officer, call.id, said); });
    EXPECT_TRUE(set) << db::why(set);
  }

  AwardLife look(PublicId const& award) {
    auto const found = read([&](db::Tx& tx) { return awards.award(tx, auditor, award); });
    EXPECT_TRUE(found) << db::why(found);
    return found.value_or(AwardLife{});
  }
  // Until there is nothing to do by itself; says how much there was.
  int turn() {
    for (int done = 0; done < 1000; ++done) {
      auto const turned = write([&](db::Tx& tx) { return awards.turn(tx); });
      EXPECT_TRUE(turned) << db::why(turned);
      if (!turned || !*turned) return done;
    }
    ADD_FAILURE() << "the loop finds no end";
    return -1;
  }
  void pass(Micros time) {
    clock.advance(time);
    turn();
  }
  // As a job does: a hold on what the project is charged to, and what was used of it.
  Result<std::string> hold(std::int64_t micro, std::string partition = kPartition) {
    auto const name = fmt::format("job/{}", ++jobs_made);
    auto const held = write([&](db::Tx& tx) -> Result<> {
      FABRICA_TRY(auto const to, awards.charged_to(tx, project, partition));
      FABRICA_DO(budget.hold(tx, {name, to.account, micro, clock.now() + 1000 * kDay, to.award.text()}));
      auto& seen = jobs.figures[to.award.text()];
      if (!seen.first_started) seen.first_started = Time{clock.now()};
      seen.last_active = Time{clock.now()};
      return {};
    });
    if (!held) return std::unexpected(held.error());
    return name;
  }
  void settle(std::string const& name, std::int64_t micro) {
    auto const done = write([&](db::Tx& tx) { return budget.settle(tx, name, micro, "job"); });
    EXPECT_TRUE(done) << db::why(done);
  }
  void use(std::int64_t micro, std::string partition = kPartition) {
    auto const name = hold(micro, std::move(partition));
    ASSERT_TRUE(name) << db::why(name);
    settle(*name, micro);
  }
  std::int64_t left(std::string_view partition) {
    auto const found = read([&](db::Tx& tx) { return calls.get(tx, officer, call.id); });
    EXPECT_TRUE(found) << db::why(found);
    auto const offer = std::ranges::find(found->offers, partition, &calls::Offer::partition);
    auto const account =
        read([&](db::Tx& tx) { return budget.find_account(tx, offer->id.text(), budget::AccountKind::capacity); });
    EXPECT_TRUE(account) << db::why(account);
    return account->balance_micro;
  }
  std::vector<std::string> kinds(PublicId const& of_project) {
    auto const found = read([&](db::Tx& tx) { return journal.chain(tx, of_project.text(), 1, 1000); });
    EXPECT_TRUE(found) << db::why(found);
    std::vector<std::string> out;
    for (auto const& one : *found) out.push_back(one.kind);
    return out;
  }
  std::int64_t count(std::string_view kind) {
    auto const all = kinds(project);
    return std::ranges::count(all, kind);
  }
  std::string body(std::string_view kind) {
    auto const found = read([&](db::Tx& tx) { return journal.chain(tx, project.text(), 1, 1000); });
    EXPECT_TRUE(found) << db::why(found);
    for (auto one = found->rbegin(); one != found->rend(); ++one)
      if (one->kind == kind) return one->body.value_or("");
    return "";
  }
  // The ledger adds up, every hour of an award is somewhere, and both tables say the same of its time.
  void expect_sound(std::vector<PublicId> const& all = {}) {
    auto const wrong = read([&](db::Tx& tx) { return budget.recompute(tx); });
    ASSERT_TRUE(wrong) << db::why(wrong);
    for (auto const& one : *wrong) ADD_FAILURE() << one.account.text() << ": " << one.what;
    auto const chains = read([&](db::Tx& tx) { return journal.check(tx); });
    ASSERT_TRUE(chains) << db::why(chains);
    EXPECT_TRUE(chains->empty());
    for (auto const& one : all) {
      auto const life = look(one);
      auto const& sums = life.ledger;
      EXPECT_EQ(sums.awarded_micro,
                sums.balance_micro + sums.used_micro - sums.overrun_micro + sums.expired_micro + sums.returned_micro);
      auto const holding = read([&](db::Tx& tx) { return outcomes.holding(tx, one); });
      ASSERT_TRUE(holding) << db::why(holding);
      EXPECT_EQ(holding->starts, life.starts);
      EXPECT_EQ(holding->ends, life.ends);
      if (!life.periods.empty()) {
        EXPECT_EQ(life.periods.back().ends, life.ends);
      }
    }
  }

  db::Database& database;
  ManualClock clock{kStart};
  SeededRandom random{11};
  Jobs jobs;
  Made made_things;
  Reserve reserve;
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  budget::Budget budget{clock, random};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  calls::Calls calls{clock, random, journal, identity, projects, budget, facts};
  calls::Outcomes outcomes{clock, budget, calls};
  Awards awards{{clock, random, journal, identity, projects, budget, calls, outcomes, jobs, made_things, reserve}};
  std::int64_t people = 100;
  int jobs_made = 0;
  Actor admin, lead, member, stranger, officer, operator_, auditor;
  PublicId project, other_project;
  calls::Call call;
};

}  // namespace fabrica::awards::testing
