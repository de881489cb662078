#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "calls/rounds.hpp"
#include "calls/testing/reviewed_world.hpp"
#include "db/testing/dbtest.hpp"
#include "facts/service.hpp"
#include "forms/shipped.hpp"
#include "forms/testing/filler.hpp"

namespace fabrica::calls::testing {

using identity::Actor;

// A published reviewed call with a cut-off each month and a form of one's choice, two organisations, three projects and
// who works in them.
struct World {
  explicit World(db::Database& on, std::string form = "eurohpc-ai-application-2026")
      : database{on}, form_key{std::move(form)} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      identity::OrganisationDraft const sme{"Firm", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}};
      FABRICA_TRY(auto const firm, identity.create_organisation(tx, admin, sme));
      FABRICA_TRY(auto const rival, identity.create_organisation(tx, admin, sme));
      FABRICA_TRY(auto const one, projects.create(tx, admin, {firm.id, "One", "A project", "other"}));
      FABRICA_TRY(auto const two, projects.create(tx, admin, {firm.id, "Two", "A project", "other"}));
      FABRICA_TRY(auto const three, projects.create(tx, admin, {rival.id, "Three", "A project", "other"}));
      organisation = firm.id;
      project = one.id;
      second = two.id;
      rivals = three.id;
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    member =
        who(77, {{identity::Role::project_member, project.text()}, {identity::Role::project_member, second.text()}});
    rival = who(78, {{identity::Role::project_lead, rivals.text()}});
    officer = who(79, {{identity::Role::access_officer, ""}});
    reviewer = who(80, {});
    auto const drafted = database.write([&](db::Tx& tx) { return calls.create(tx, officer, call_draft()); });
    EXPECT_TRUE(drafted) << db::why(drafted);
    auto const published = database.write([&](db::Tx& tx) { return calls.publish(tx, officer, drafted->id); });
    EXPECT_TRUE(published) << db::why(published);
    call = *published;
    turn();
  }

  PublicId id() { return PublicId::make(clock.now(), random); }
  Actor who(std::int64_t number, std::vector<identity::Grant> grants) {
    return {identity::PersonId{number}, id(), fmt::format("Person {}", number), std::move(grants), {}};
  }
  template <class F>
  auto write(F&& use_case) {
    return database.write(std::forward<F>(use_case));
  }
  template <class F>
  auto read(F&& use_case) {
    return database.read(std::forward<F>(use_case));
  }

  CallDraft call_draft() const {
    auto draft = reviewed_call();
    draft.reviewed->schedule.answer.reset();
    draft.reviewed->form = form_key;
    draft.reviewed->steps = {{StepKind::administrative, {}, {}, false}, {StepKind::decision, {}, {}, false}};
    return draft;
  }
  // Every field but the files, complete.
  std::string answers() const {
    auto const form = forms::shipped(form_key);
    std::string text;
    for (auto const& [key, value] : forms::testing::filled(*form))
      if (forms::find(*form, key)->type != forms::FieldType::attachment)
        text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", key, value.text);
    return text + "}";
  }
  ProposalDraft proposal_draft() const {
    auto draft = sound_proposal(call.id, answers());
    draft.first_come_accepted = Answer::unknown;
    return draft;
  }
  Proposal drafted(PublicId const& of) {
    auto const made = write([&](db::Tx& tx) { return calls.draft(tx, admin, of, proposal_draft()); });
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  Proposal look(PublicId const& proposal) {
    auto const found = read([&](db::Tx& tx) { return calls.proposal(tx, admin, proposal); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  void turn() {
    for (int left = 1000; left > 0; --left) {
      auto const turned = write([&](db::Tx& tx) { return rounds.turn(tx); });
      EXPECT_TRUE(turned) << db::why(turned);
      if (!turned || !*turned) return;
    }
    ADD_FAILURE() << "rounds do not come to rest";
  }
  std::vector<std::string> kinds(std::string const& chain) {
    auto const found = read([&](db::Tx& tx) { return journal.chain(tx, chain, 1, 1000); });
    EXPECT_TRUE(found) << db::why(found);
    std::vector<std::string> out;
    for (auto const& one : *found) out.push_back(one.kind);
    return out;
  }
  std::int64_t count(std::string const& chain, std::string_view kind) {
    auto const all = kinds(chain);
    return std::ranges::count(all, kind);
  }

  db::Database& database;
  std::string form_key;
  ManualClock clock{kStart};
  SeededRandom random{9};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  budget::Budget budget{clock, random};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  Calls calls{clock, random, journal, identity, projects, budget, facts};
  Rounds rounds{clock, random, journal, budget, calls};
  Actor admin, officer, member, rival, reviewer;
  PublicId organisation, project, second, rivals;
  Call call;
};

}  // namespace fabrica::calls::testing
