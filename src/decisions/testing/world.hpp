#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "calls/rounds.hpp"
#include "db/testing/dbtest.hpp"
#include "decisions/record.hpp"
#include "decisions/service.hpp"
#include "facts/service.hpp"
#include "forms/shipped.hpp"
#include "forms/testing/filler.hpp"

namespace fabrica::decisions::testing {

using calls::ProposalState;
using calls::StepKind;
using identity::Actor;

inline constexpr Micros kStart = 1'793'000'000 * kSecond;  // 2026-10-26, 07:33 UTC
inline constexpr auto kPartition = "meluxina/gpu";
inline constexpr auto kOther = "karolina/gpu";
inline constexpr auto kForm = "first-come-short";
inline constexpr auto kCriterion = "excellence";

// Reviews as a test says them: one a proposal.
class Scores final : public ScoreSource {
 public:
  Result<std::vector<matching::ScoredReview>> scored(db::Tx&, PublicId const& proposal) override {
    auto const found = milli.find(proposal.text());
    if (found == milli.end()) return std::vector<matching::ScoredReview>{};
    return std::vector<matching::ScoredReview>{{"review", "reviewer", {{kCriterion, found->second}}}};
  }
  Result<std::optional<std::string>> assignment_seed(db::Tx&, PublicId const&) override { return seed; }
  std::map<std::string, std::int64_t> milli;
  std::optional<std::string> seed;
};

struct Options {
  bool expert = true;
  bool response = true;
  std::int64_t capacity_units = 50;
};

// A call by review with two partitions, and projects of two organisations that apply.
struct World {
  explicit World(db::Database& on, Options const& with = {}) : database{on} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      identity::OrganisationDraft const sme{"=Firm", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}};
      identity::OrganisationDraft const start{"Start", "SI", identity::OrganisationKind::start_up, {}, {}, {}, {}};
      FABRICA_TRY(auto const firm, identity.create_organisation(tx, admin, sme));
      FABRICA_TRY(auto const other, identity.create_organisation(tx, admin, start));
      FABRICA_TRY(auto const one, projects.create(tx, admin, {firm.id, "<One>", "A project", "other"}));
      FABRICA_TRY(auto const two, projects.create(tx, admin, {other.id, "Two", "A project", "other"}));
      project = one.id;
      other_project = two.id;
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    member = who("Member", identity::Role::project_member, project.text());
    other_member = who("Other", identity::Role::project_member, other_project.text());
    officer = who("Officer", identity::Role::access_officer, "");
    second_officer = who("Second", identity::Role::access_officer, "");
    operator_ = who("Operator", identity::Role::operator_, "");
    auditor = who("Auditor", identity::Role::auditor, "");
    auto const drafted = database.write([&](db::Tx& tx) { return calls.create(tx, officer, call_draft(with)); });
    EXPECT_TRUE(drafted) << db::why(drafted);
    auto const published = database.write([&](db::Tx& tx) { return calls.publish(tx, officer, drafted->id); });
    EXPECT_TRUE(published) << db::why(published);
    call = *published;
    turn_rounds();
    turn();
    round = rounds_of_call().front().id;
  }

  PublicId id() { return PublicId::make(clock.now(), random); }
  Actor who(std::string name, identity::Role role, std::string scope) {
    return {identity::PersonId{++people}, id(), std::move(name), {{role, std::move(scope)}}, {}};
  }

  static calls::CallDraft call_draft(Options const& with) {
    calls::CallDraft draft;
    draft.title = "Hours by review";
    draft.kind = calls::CallKind::reviewed;
    draft.opens = Time{kStart};
    draft.duration_days_max = 365;
    draft.answer_working_days = 10;
    draft.organisation_kinds = {identity::OrganisationKind::sme, identity::OrganisationKind::start_up};
    draft.countries = {"eu"};
    draft.source = "the call's page";
    draft.offers = {{kPartition, budget::Unit::node_hour, 10, 1000, with.capacity_units},
                    {kOther, budget::Unit::node_hour, 10, 1000, 20}};
    calls::ReviewedRules rules;
    rules.schedule.kind = schedule::RuleKind::monthly;
    rules.schedule.zone = "Europe/Brussels";
    rules.schedule.days = {15};
    rules.schedule.time = "10:00";
    rules.schedule.answer = schedule::Answer{schedule::AnswerUnit::working_days, 10};
    rules.form = kForm;
    rules.steps = {{StepKind::administrative, {}, {}, false}};
    if (with.expert) rules.steps.push_back({StepKind::expert, {}, {}, true});
    rules.steps.push_back({StepKind::decision, {}, {}, false});
    if (with.response)
      rules.steps.push_back({StepKind::response, schedule::Answer{schedule::AnswerUnit::days, 7}, {}, false});
    rules.ranking.criteria = {{kCriterion, 0, 5000, 500, 1, 3000}};
    rules.ranking.tie_breaks = {{matching::TieKind::earlier, ""}};
    draft.reviewed = rules;
    return draft;
  }
  static std::string answers() {
    auto const form = forms::shipped(kForm);
    std::string text;
    for (auto const& [key, value] : forms::testing::filled(*form))
      text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", key, value.text);
    return text + "}";
  }
  calls::ProposalDraft proposal_draft() const {
    calls::ProposalDraft draft;
    draft.call = call.id;
    draft.partition = kPartition;
    draft.amount_units = 20;
    draft.duration_days = 30;
    draft.purpose = "A language model";
    draft.civilian_purposes = calls::Answer::yes;
    draft.excluded_uses = calls::Answer::no;
    draft.personal_data = calls::Answer::no;
    draft.plan = {R"({"parameters":1000000000,"tokens":2900000000,"nodes":2})"};
    draft.form = json::Raw{answers()};
    return draft;
  }
  Result<calls::Proposal> draft(calls::ProposalDraft const& what, bool by_other = false) {
    return database.write([&](db::Tx& tx) {
      return calls.draft(tx, by_other ? other_member : member, by_other ? other_project : project, what);
    });
  }
  // Sent, with the score its one review will give.
  PublicId sent(std::int64_t score_milli, calls::ProposalDraft const& what, bool by_other = false) {
    clock.advance(kMinute);
    auto const drafted = draft(what, by_other);
    EXPECT_TRUE(drafted) << db::why(drafted);
    auto const answer =
        database.write([&](db::Tx& tx) { return calls.submit(tx, by_other ? other_member : member, drafted->id); });
    EXPECT_TRUE(answer) << db::why(answer);
    EXPECT_EQ(answer->state, ProposalState::submitted) << answer->decision_reason;
    scores.milli[drafted->id.text()] = score_milli;
    return drafted->id;
  }
  PublicId sent(std::int64_t score_milli, bool by_other = false) {
    return sent(score_milli, proposal_draft(), by_other);
  }

  calls::Proposal look(PublicId const& proposal) {
    auto const found = database.read([&](db::Tx& tx) { return calls.proposal(tx, admin, proposal); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  ProposalState state(PublicId const& proposal) { return look(proposal).state; }
  std::vector<calls::Round> rounds_of_call() {
    auto const found = database.read([&](db::Tx& tx) { return rounds.list(tx, officer, call.id); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  void turn_rounds() {
    for (bool more = true; more;) {
      auto const turned = database.write([&](db::Tx& tx) { return rounds.turn(tx); });
      ASSERT_TRUE(turned) << db::why(turned);
      more = *turned;
    }
  }
  // Until there is nothing to do by itself; says how much there was.
  int turn() {
    for (int done = 0;; ++done) {
      auto const turned = database.write([&](db::Tx& tx) { return decisions.turn(tx); });
      EXPECT_TRUE(turned) << db::why(turned);
      if (!turned || !*turned) return done;
    }
  }
  void pass_cut_off() {
    clock.set(rounds_of_call().front().closes->us);
    turn_rounds();
  }
  void decide(PublicId const& proposal, StepKind step, bool pass = true) {
    auto const done = database.write([&](db::Tx& tx) {
      return rounds.decide(tx, officer, proposal, step, {pass, pass ? "In order." : "No CV.", {}});
    });
    EXPECT_TRUE(done) << db::why(done);
  }
  void evaluate(PublicId const& proposal) {
    decide(proposal, StepKind::administrative);
    if (call.reviewed->steps.at(1).step == StepKind::expert) decide(proposal, StepKind::expert);
  }
  template <class F>
  auto write(F&& use_case) {
    return database.write(std::forward<F>(use_case));
  }
  Result<RoundRanking> rank() {
    return write([&](db::Tx& tx) { return decisions.rank(tx, officer, round, {}); });
  }
  Result<RoundDecision> award(AwardRequest const& request = {}) {
    return write([&](db::Tx& tx) { return decisions.award(tx, officer, round, request); });
  }
  Result<Publication> publish(std::int64_t version, std::optional<std::string> forced = {}) {
    return write([&](db::Tx& tx) { return decisions.publish(tx, officer, round, {version, forced}); });
  }
  // Cut-off, every step of these, ranking and award.
  RoundDecision decided(std::vector<PublicId> const& proposals) {
    pass_cut_off();
    for (auto const& one : proposals) evaluate(one);
    auto const ranked = rank();
    EXPECT_TRUE(ranked) << db::why(ranked);
    auto const made = award();
    EXPECT_TRUE(made) << db::why(made);
    return *made;
  }
  void published(std::vector<PublicId> const& proposals) {
    auto const made = decided(proposals);
    auto const begun = publish(made.version);
    ASSERT_TRUE(begun) << db::why(begun);
    turn();
  }
  std::vector<std::string> kinds(std::string const& chain) {
    auto const found = database.read([&](db::Tx& tx) { return journal.chain(tx, chain, 1, 1000); });
    EXPECT_TRUE(found) << db::why(found);
    std::vector<std::string> out;
    for (auto const& one : *found) out.push_back(one.kind);
    return out;
  }
  std::int64_t count(std::string const& chain, std::string_view kind) {
    auto const all = kinds(chain);
    return std::ranges::count(all, kind);
  }
  std::int64_t left(std::string_view partition) {
    auto const facts = database.read([&](db::Tx& tx) { return outcomes.round(tx, round); });
    EXPECT_TRUE(facts) << db::why(facts);
    return std::ranges::find(facts->offers, partition, &calls::RoundOffer::partition)->left_units;
  }
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
  Scores scores;
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  budget::Budget budget{clock, random};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  calls::Calls calls{clock, random, journal, identity, projects, budget, facts};
  calls::Rounds rounds{clock, random, journal, budget, calls};
  calls::Outcomes outcomes{clock, budget, calls};
  Decisions decisions{clock, random, journal, identity, projects, outcomes, scores, {}};
  PublicRecord record{clock, journal, identity, outcomes, {"SI"}};
  std::int64_t people = 100;
  Actor admin, member, other_member, officer, second_officer, operator_, auditor;
  PublicId project, other_project, round;
  calls::Call call;
};

}  // namespace fabrica::decisions::testing
