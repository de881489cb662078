#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <type_traits>

#include "calls/outcomes.hpp"
#include "calls/rounds.hpp"
#include "db/testing/dbtest.hpp"
#include "facts/service.hpp"
#include "forms/shipped.hpp"
#include "forms/testing/filler.hpp"

// What tests of calls by review share, here and in the modules above: the services on one database, a call, a proposal.
namespace fabrica::calls::testing {

inline constexpr Micros kStart = 1'793'000'000 * kSecond;  // 2026-10-26, a Monday, 07:33 UTC
inline constexpr auto kPartition = "meluxina/gpu";
inline constexpr auto kForm = "first-come-short";

// A form's answers, all of them sound; `own` stands for what is not left to chance, each as JSON.
inline std::string answers(std::map<std::string, std::string> const& own = {}, std::string const& key = kForm) {
  auto const form = forms::shipped(key);
  auto filled = forms::testing::filled(*form);
  for (auto const& [field, value] : own) filled[field].text = value;
  std::string text;
  for (auto const& [field, value] : filled)
    text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", field, value.text);
  return text + "}";
}

// A cut-off each month on the 15th at 10:00 in Brussels, one partition, one criterion; steps are the test's own.
inline CallDraft reviewed_call() {
  CallDraft draft;
  draft.title = "Hours by review";
  draft.kind = CallKind::reviewed;
  draft.opens = Time{kStart};
  draft.duration_days_max = 365;
  draft.organisation_kinds = {identity::OrganisationKind::sme};
  draft.countries = {"eu"};
  draft.source = "the call's page";
  draft.offers = {{kPartition, budget::Unit::node_hour, 10, 1000, 5000}};
  ReviewedRules rules;
  rules.schedule.kind = schedule::RuleKind::monthly;
  rules.schedule.zone = "Europe/Brussels";
  rules.schedule.days = {15};
  rules.schedule.time = "10:00";
  rules.schedule.answer = schedule::Answer{schedule::AnswerUnit::working_days, 10};
  rules.form = kForm;
  rules.ranking.criteria = {{"excellence", 0, 5000, 500, 1, 3000}};
  rules.ranking.tie_breaks = {{matching::TieKind::earlier, ""}, {matching::TieKind::lottery, ""}};
  draft.reviewed = rules;
  return draft;
}

// Passes every check of that call.
inline ProposalDraft sound_proposal(PublicId const& call, std::string filled = answers()) {
  ProposalDraft draft;
  draft.call = call;
  draft.partition = kPartition;
  draft.amount_units = 20;
  draft.duration_days = 30;
  draft.purpose = "A language model";
  draft.civilian_purposes = Answer::yes;
  draft.excluded_uses = Answer::no;
  draft.personal_data = Answer::no;
  draft.plan = {R"({"parameters":1000000000,"tokens":2900000000,"nodes":2})"};
  draft.form = json::Raw{std::move(filled)};
  return draft;
}

struct ReviewedWorld {
  explicit ReviewedWorld(db::Database& on) : database{on} {}

  PublicId id() { return PublicId::make(clock.now(), random); }
  template <class F>
  std::invoke_result_t<F&, db::Tx&> write(F&& use_case) {
    return database.write([&](db::Tx& tx) { return use_case(tx); });
  }
  template <class F>
  std::invoke_result_t<F&, db::Tx&> read(F&& use_case) {
    return database.read([&](db::Tx& tx) { return use_case(tx); });
  }
  // What has to succeed for the test to mean anything.
  template <class F>
  typename std::invoke_result_t<F&, db::Tx&>::value_type must(F&& use_case) {
    auto result = database.write([&](db::Tx& tx) { return use_case(tx); });
    EXPECT_TRUE(result) << db::why(result);
    if (!result) throw std::runtime_error{db::why(result)};
    return *std::move(result);
  }

  Result<identity::Actor> person_in(db::Tx& tx, std::string const& name, std::string const& mail,
                                    std::vector<identity::Grant> grants) {
    auto const email = mail + "@example.org";
    FABRICA_DO(identity.create_person(tx, admin, {name, email, {}, {}, std::move(grants)}, std::nullopt));
    return identity.actor_by_email(tx, email);
  }
  identity::Actor person(std::string const& name, std::string const& mail) {
    return must([&](db::Tx& tx) { return person_in(tx, name, mail, {}); });
  }
  Result<> first_administrator(db::Tx& tx) {
    FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
    FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
    return {};
  }
  void publish_call(identity::Actor const& by, CallDraft const& draft) {
    call = must([&](db::Tx& tx) { return calls.create(tx, by, draft); });
    call = must([&](db::Tx& tx) { return calls.publish(tx, by, call.id); });
    turn_rounds();
  }
  std::vector<Round> rounds_of_call() {
    return must([&](db::Tx& tx) { return rounds.list(tx, admin, call.id); });
  }
  void turn_rounds() {
    for (bool more = true; more;) more = must([&](db::Tx& tx) { return rounds.turn(tx); });
  }
  // Of the first round that has one to come.
  void pass_cut_off() {
    for (auto const& one : rounds_of_call())
      if (one.state == RoundState::intake) {
        clock.set(one.closes->us);
        break;
      }
    turn_rounds();
  }

  std::vector<std::string> kinds(std::string const& chain) {
    std::vector<std::string> out;
    for (auto const& one : must([&](db::Tx& tx) { return journal.chain(tx, chain, 1, 10'000); }))
      out.push_back(one.kind);
    return out;
  }
  std::int64_t count(std::string const& chain, std::string_view kind) {
    auto const all = kinds(chain);
    return std::ranges::count(all, kind);
  }
  // Ledger and chains add up.
  void expect_balanced() {
    auto const wrong = database.read([&](db::Tx& tx) { return budget.recompute(tx); });
    ASSERT_TRUE(wrong) << db::why(wrong);
    EXPECT_TRUE(wrong->empty());
    auto const chains = database.read([&](db::Tx& tx) { return journal.check(tx); });
    ASSERT_TRUE(chains) << db::why(chains);
    EXPECT_TRUE(chains->empty());
  }

  db::Database& database;
  ManualClock clock{kStart};
  SeededRandom random{11};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  budget::Budget budget{clock, random};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  Calls calls{clock, random, journal, identity, projects, budget, facts};
  Rounds rounds{clock, random, journal, budget, calls};
  Outcomes outcomes{clock, budget, calls};
  identity::Actor admin;
  Call call;
};

}  // namespace fabrica::calls::testing
