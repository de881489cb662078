#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "calls/service.hpp"
#include "db/testing/dbtest.hpp"
#include "facts/service.hpp"
#include "identity/service.hpp"
#include "notices/service.hpp"
#include "projects/service.hpp"

namespace fabrica::notices::testing {

using identity::Actor;
using identity::Role;

inline constexpr Micros kStart = 1'793'000'000 * kSecond;  // 2026-10-26, 07:33 UTC, a Monday
inline constexpr auto kKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

struct Waiting {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(Waiting, (), (id))
inline constexpr db::Query kWaiting{"test_waiting",
                                    "SELECT id FROM journal_statements WHERE log_index IS NULL ORDER BY id"};
inline constexpr db::Query kNext{"test_next", "SELECT COALESCE(MAX(log_index) + 1, 0) FROM journal_statements"};
inline constexpr db::Query kGive{"test_give", "UPDATE journal_statements SET log_index = $2 WHERE id = $1"};

// What the sequencer does first.
inline Result<> sequence(db::Tx& tx) {
  FABRICA_TRY(auto const waiting, tx.all<std::int64_t>(kWaiting));
  FABRICA_TRY(auto next, tx.one<std::int64_t>(kNext));
  for (auto const id : waiting) FABRICA_DO(tx.run(kGive, id, next++));
  return {};
}

inline Notices::Parts parts_on(Clock const& clock, Random& random, Log& log, journal::Journal& journal,
                               Options options) {
  return {clock, random, log, journal, *Secrets::from(kKey), std::move(options)};
}

inline Options with_mail() {
  Options out;
  out.factory = "Fab";
  out.public_url = "https://fab.example";
  out.mail = true;
  return out;
}

// Two organisations with a project each: Anna leads one and Basil is in it, Otto leads the other; Olga is the access
// office, Ada the administrator. Statements are made as other modules make them, by hand.
struct World {
  explicit World(db::Database& on, Options options = with_mail())
      : database{on}, notices{parts_on(clock, random, log, journal, std::move(options))} {
    must([&](db::Tx& tx) -> Result<bool> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      identity::OrganisationDraft const sme{"Riga Speech", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}};
      FABRICA_TRY(auto const one, identity.create_organisation(tx, admin, sme));
      FABRICA_TRY(auto const two, identity.create_organisation(tx, admin, sme));
      organisation = one.id;
      other_organisation = two.id;
      FABRICA_TRY(anna, person(tx, "Anna Bērziņa", "anna", {Role::organisation_admin, one.id.text()}));
      FABRICA_TRY(otto, person(tx, "Otto", "otto", {Role::organisation_admin, two.id.text()}));
      FABRICA_TRY(auto const mine, projects.create(tx, anna, {one.id, "Speech", "A project", "other"}));
      FABRICA_TRY(auto const others, projects.create(tx, otto, {two.id, "محمد", "A project", "other"}));
      project = mine.id;
      other_project = others.id;
      FABRICA_TRY(anna, identity.actor_by_email(tx, "anna@example.org"));
      FABRICA_TRY(otto, identity.actor_by_email(tx, "otto@example.org"));
      FABRICA_TRY(basil, person(tx, "Basil", "basil", {Role::project_member, project.text()}));
      FABRICA_TRY(olga, person(tx, "Olga", "olga", {Role::access_officer, ""}));
      return true;
    });
    turn();  // begins
  }

  Result<Actor> person(db::Tx& tx, std::string const& name, std::string const& mail, identity::Grant grant) {
    auto const email = mail + "@example.org";
    FABRICA_DO(identity.create_person(tx, admin, {name, email, {}, {}, {std::move(grant)}}, std::nullopt));
    return identity.actor_by_email(tx, email);
  }
  template <class F>
  typename std::invoke_result_t<F&, db::Tx&>::value_type must(F&& use_case) {
    auto result = database.write([&](db::Tx& tx) { return use_case(tx); });
    EXPECT_TRUE(result) << db::why(result);
    if (!result) throw std::runtime_error{db::why(result)};
    return *std::move(result);
  }
  template <class F>
  auto write(F&& use_case) {
    return database.write([&](db::Tx& tx) { return use_case(tx); });
  }

  void say(std::string const& chain, std::string const& kind, std::string const& body) {
    must([&](db::Tx& tx) { return journal.append(tx, {chain, kind, "fabrica", {}, body}); });
  }
  void say(std::string const& kind, std::string const& body) { say(project.text(), kind, body); }
  PublicId id() { return PublicId::make(clock.now(), random); }

  // A published call in order of arrival, "Fast".
  PublicId a_call() {
    budget::Budget budget{clock, random};
    facts::Store facts{facts::Shipped::embedded(), clock, random};
    calls::Calls calls{clock, random, journal, identity, projects, budget, facts};
    calls::CallDraft draft;
    draft.title = "Fast";
    draft.kind = calls::CallKind::first_come;
    draft.opens = Time{kStart};
    draft.duration_days_max = 90;
    draft.answer_working_days = 2;
    draft.organisation_kinds = {identity::OrganisationKind::sme};
    draft.countries = {"eu"};
    draft.source = "this test";
    draft.offers = {{"leonardo/booster", budget::Unit::node_hour, 10, 1000, 1500}};
    auto const made = must([&](db::Tx& tx) { return calls.create(tx, admin, draft); });
    return must([&](db::Tx& tx) { return calls.publish(tx, admin, made.id); }).id;
  }

  // Until there is nothing to tell.
  Result<> turn_on(db::Database& on) {
    FABRICA_DO(on.write([](db::Tx& tx) { return sequence(tx); }));
    for (bool more = true; more;) {
      FABRICA_TRY(more, notices.turn(on));
    }
    return {};
  }
  void turn() {
    auto const done = turn_on(database);
    ASSERT_TRUE(done) << db::why(done);
  }
  std::vector<Notice> inbox(Actor const& who) {
    return must([&](db::Tx& tx) { return notices.list(tx, who, false, {}, 200); });
  }
  std::vector<std::string> kinds(Actor const& who) {
    std::vector<std::string> out;
    for (auto const& one : inbox(who)) out.emplace(out.begin(), db::enum_name(one.kind));
    return out;
  }
  std::vector<Delivery> deliveries(std::optional<DeliveryState> state = {}) {
    return must([&](db::Tx& tx) { return notices.deliveries(tx, admin, state, {}, 1000); });
  }

  db::Database& database;
  ManualClock clock{kStart};
  SeededRandom random{11};
  NullLog log;
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  Notices notices;
  Actor admin, anna, otto, basil, olga;
  PublicId organisation, other_organisation, project, other_project;
};

class NoticesDb : public db::DbTest {
 protected:
  World& world() {
    if (!world_) world_ = std::make_unique<World>(db());
    return *world_;
  }
  void TearDown() override {
    world_.reset();
    DbTest::TearDown();
  }

 private:
  std::unique_ptr<World> world_;
};

template <class T>
std::string reason_of(Result<T> const& result) {
  return result ? "ok" : result.error().reason;
}

}  // namespace fabrica::notices::testing
