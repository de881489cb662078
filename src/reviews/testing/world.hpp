#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "db/testing/dbtest.hpp"
#include "facts/service.hpp"
#include "forms/shipped.hpp"
#include "forms/testing/filler.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {

using identity::Actor;

inline constexpr Micros kStart = 1'793'000'000 * kSecond;  // 2026-10-26, a Monday
inline constexpr auto kForm = "first-come-short";
inline constexpr auto kPartition = "meluxina/gpu";
// The ORCID that the filled form gives the applicant.
inline constexpr auto kApplicantOrcid = "0000-0002-1825-0097";

// Three proposals in the expert step of a reviewed call: two reviews wanted of each, two for the quorum, three for a
// reviewer at most. Reviewers are made one by one.
struct World {
  explicit World(db::Database& on, bool blind = true) : database{on} {
    rounds.guard_steps(reviews);
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      FABRICA_TRY(auto const firm, identity.create_organisation(tx, admin, {"Riga Speech", "LV", kSme, {}, {}, {}, {}}));
      organisation_id = firm.id;
      FABRICA_TRY(applicant, person_in(tx, "Anna Berzina", "anna", {}));
      FABRICA_DO(identity.grant(tx, admin, applicant.person, {identity::Role::organisation_admin, firm.id.text()}));
      FABRICA_TRY(applicant, identity.actor_by_email(tx, "anna@example.org"));
      FABRICA_TRY(officer, person_in(tx, "Olga Office", "olga", {{identity::Role::access_officer, ""}}));
      FABRICA_TRY(stranger, person_in(tx, "Sam Stranger", "sam", {}));
      for (auto const* title : {"Speech", "Proteins", "Turbines"}) {
        FABRICA_TRY(auto const one, projects.create(tx, applicant, {firm.id, title, "A project", "other"}));
        project_ids.push_back(one.id);
      }
      FABRICA_TRY(applicant, identity.actor_by_email(tx, "anna@example.org"));
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    call = must([&](db::Tx& tx) { return calls.create(tx, officer, call_draft(blind)); });
    call = must([&](db::Tx& tx) { return calls.publish(tx, officer, call.id); });
    turn();
    propose("Speech recognition for Baltic languages", "A neural acoustic model for Latvian and Lithuanian speech.", 0);
    propose("Protein folding at scale", "Structures of proteins from sequences by attention networks on graphs.", 1);
    propose("Wind turbines and turbulence", "Large eddy simulation of offshore wind farms, learned closures.", 2);
    auto const rounds_of = must([&](db::Tx& tx) { return rounds.list(tx, officer, call.id); });
    round = rounds_of.front().id;
    clock.set(rounds_of.front().closes->us);
    turn();
  }

  static constexpr auto kSme = identity::OrganisationKind::sme;

  Result<Actor> person_in(db::Tx& tx, std::string const& name, std::string const& mail,
                          std::vector<identity::Grant> grants) {
    auto const email = mail + "@example.org";
    FABRICA_DO(identity.create_person(tx, admin, {name, email, {}, {}, std::move(grants)}, std::nullopt));
    return identity.actor_by_email(tx, email);
  }
  Actor person(std::string const& name, std::string const& mail) {
    return must([&](db::Tx& tx) { return person_in(tx, name, mail, {}); });
  }

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

  static calls::CallDraft call_draft(bool blind) {
    calls::CallDraft draft;
    draft.title = "Hours by review";
    draft.summary = "Large machines for small firms.";
    draft.kind = calls::CallKind::reviewed;
    draft.opens = Time{kStart};
    draft.duration_days_max = 365;
    draft.organisation_kinds = {kSme};
    draft.countries = {"eu"};
    draft.source = "the call's page";
    draft.offers = {{kPartition, budget::Unit::node_hour, 10, 1000, 5000}};
    calls::ReviewedRules rules;
    rules.schedule.kind = schedule::RuleKind::monthly;
    rules.schedule.zone = "Europe/Brussels";
    rules.schedule.days = {15};
    rules.schedule.time = "10:00";
    rules.schedule.answer = schedule::Answer{schedule::AnswerUnit::working_days, 10};
    rules.form = kForm;
    rules.steps = {{calls::StepKind::expert, {}, {}, blind},
                   {calls::StepKind::panel, {}, {}, false},
                   {calls::StepKind::decision, {}, {}, false}};
    rules.ranking.criteria = {{"excellence", 0, 5000, 500, 1, {}}};
    rules.ranking.quorum = 2;
    rules.ranking.tie_breaks = {{matching::TieKind::earlier, ""}};
    rules.reviews_wanted = 2;
    rules.reviewer_load_max = 3;
    draft.reviewed = rules;
    return draft;
  }

  void propose(std::string const& title, std::string const& abstract, std::size_t project) {
    auto const form = forms::shipped(kForm);
    auto answers = forms::testing::filled(*form);
    answers["title"].text = fmt::format("\"{}\"", title);
    answers["abstract"].text = fmt::format("\"{}\"", abstract);
    std::string text;
    for (auto const& [key, value] : answers)
      text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", key, value.text);
    calls::ProposalDraft draft;
    draft.call = call.id;
    draft.partition = kPartition;
    draft.amount_units = 20;
    draft.duration_days = 30;
    draft.purpose = title;
    draft.civilian_purposes = calls::Answer::yes;
    draft.excluded_uses = calls::Answer::no;
    draft.personal_data = calls::Answer::no;
    draft.plan = {R"({"parameters":1000000000,"tokens":2900000000,"nodes":2})"};
    draft.form = json::Raw{text + "}"};
    auto const kept = must([&](db::Tx& tx) { return calls.draft(tx, applicant, project_ids[project], draft); });
    auto const sent = must([&](db::Tx& tx) { return calls.submit(tx, applicant, kept.id); });
    EXPECT_EQ(sent.state, calls::ProposalState::submitted) << sent.decision_reason;
    proposals.push_back(kept.id);
  }

  static ProfileDraft profile(std::string const& expertise, std::string const& organisation) {
    ProfileDraft out;
    out.country = "FR";
    out.keywords = {expertise};
    out.languages = {"fr", "en"};
    out.expertise = expertise;
    out.affiliations = {{organisation, {}, {}}};
    out.load_max = 3;
    return out;
  }
  // A person who has accepted an invitation and has a profile.
  Actor reviewer(std::string const& name, std::string const& mail, ProfileDraft const& draft) {
    auto const who = person(name, mail);
    auto const invited = must([&](db::Tx& tx) { return reviews.invite(tx, officer, call.id, {who.person, {}, 7}); });
    must([&](db::Tx& tx) { return reviews.answer_invitation(tx, who, {*invited.token, true, ""}); });
    must([&](db::Tx& tx) { return reviews.save_profile(tx, who, who.person, draft); });
    return who;
  }
  // Enough of them, each of another organisation.
  void pool_of_four() {
    reviewers.push_back(reviewer("Rene Un", "r1", profile("speech recognition acoustic models", "Lab One")));
    reviewers.push_back(reviewer("Rosa Deux", "r2", profile("protein structures and folding", "Lab Two")));
    reviewers.push_back(reviewer("Rudi Trois", "r3", profile("turbulence and wind farms", "Lab Three")));
    reviewers.push_back(reviewer("Rita Quatre", "r4", profile("neural networks", "Lab Four")));
  }
  PublicId new_id() { return PublicId::make(clock.now(), random); }
  Time due() const { return Time{clock.now() + 10 * kDay}; }
  Assignment assigned_and_sent() {
    must([&](db::Tx& tx) { return reviews.propose(tx, officer, round); });
    return must([&](db::Tx& tx) { return reviews.send(tx, officer, round, due()); });
  }
  Assignment assignment() {
    return must([&](db::Tx& tx) { return reviews.assignment(tx, officer, round); });
  }
  // The active pairs of a proposal.
  std::vector<AssignedPair> active(PublicId const& proposal) {
    std::vector<AssignedPair> out;
    for (auto const& pair : assignment().pairs)
      if (pair.proposal == proposal && is_active(pair.state)) out.push_back(pair);
    return out;
  }
  Actor const& who(PublicId const& reviewer_id) const {
    return *std::ranges::find(reviewers, reviewer_id, &Actor::person);
  }
  void accept(AssignedPair const& pair) {
    must([&](db::Tx& tx) { return reviews.answer(tx, who(pair.reviewer), pair.id, {true, "", {}}); });
  }
  static ReviewDraft content(std::int64_t score_milli) {
    return {{{"excellence", score_milli}}, {{"excellence", std::string(60, 'x')}}, "Between us."};
  }
  Review submitted(AssignedPair const& pair, std::int64_t score_milli) {
    auto const& by = who(pair.reviewer);
    must([&](db::Tx& tx) { return reviews.save_review(tx, by, pair.id, content(score_milli)); });
    return must([&](db::Tx& tx) { return reviews.submit_review(tx, by, pair.id); });
  }
  // Everybody accepts and scores everything.
  void all_reviewed(std::int64_t score_milli) {
    for (auto const& pair : assignment().pairs) {
      accept(pair);
      submitted(pair, score_milli);
    }
  }

  void turn() {
    for (bool more = true; more;) more = must([&](db::Tx& tx) { return rounds.turn(tx); });
  }
  std::int64_t said(std::string_view kind, std::string const& chain = std::string{journal::kFactoryChain}) {
    auto const found = must([&](db::Tx& tx) { return journal.chain(tx, chain, 1, 10'000); });
    return std::ranges::count(found, kind, &journal::Kept::kind);
  }

  db::Database& database;
  ManualClock clock{kStart};
  SeededRandom random{11};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  budget::Budget budget{clock, random};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  calls::Calls calls{clock, random, journal, identity, projects, budget, facts};
  calls::Rounds rounds{clock, random, journal, budget, calls};
  Reviews reviews{clock, random, journal, identity, projects, rounds};
  Actor admin, applicant, officer, stranger;
  std::vector<Actor> reviewers;
  PublicId organisation_id;
  std::vector<PublicId> project_ids;
  std::vector<PublicId> proposals;
  PublicId round;
  calls::Call call;
};

class ReviewsDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  std::unique_ptr<World> world;
};

template <class T>
std::string reason_of(Result<T> const& result) {
  return result ? "ok" : result.error().reason;
}

}  // namespace fabrica::reviews
