#pragma once

#include "calls/testing/reviewed_world.hpp"
#include "decisions/record.hpp"
#include "decisions/service.hpp"

namespace fabrica::decisions::testing {

using calls::ProposalState;
using calls::StepKind;
using identity::Actor;

using calls::testing::kPartition;
using calls::testing::kStart;
inline constexpr auto kOther = "karolina/gpu";
inline constexpr auto kCriterion = "excellence";
inline constexpr auto kImpact = "impact";

// Reviews as a test says them: one a proposal.
class Scores final : public ScoreSource {
 public:
  Result<std::vector<matching::ScoredReview>> scored(db::Tx&, PublicId const& proposal) override {
    auto const found = milli.find(proposal.text());
    if (found == milli.end()) return std::vector<matching::ScoredReview>{};
    std::map<std::string, std::int64_t> scores{{kCriterion, found->second}};
    if (auto const more = impact.find(proposal.text()); more != impact.end()) scores[kImpact] = more->second;
    return std::vector<matching::ScoredReview>{{"review", "reviewer", std::move(scores)}};
  }
  Result<std::optional<std::string>> assignment_seed(db::Tx&, PublicId const&) override { return seed; }
  std::map<std::string, std::int64_t> milli;
  std::map<std::string, std::int64_t> impact;  // of calls with the second criterion
  std::optional<std::string> seed;
};

// Jobs as a test says them.
class Activity final : public ActivitySource {
 public:
  Result<AwardActivity> activity(db::Tx&, PublicId const& award) override {
    auto const found = ran.find(award);
    return found == ran.end() ? AwardActivity{} : found->second;
  }
  std::map<PublicId, AwardActivity> ran;
};

struct Options {
  bool expert = true;
  bool response = true;
  std::int64_t capacity_units = 50;
  bool impact = false;  // a second criterion
  matching::AwardRule rule = matching::AwardRule::rank;
};

// A call by review with two partitions, and projects of two organisations that apply.
struct World : calls::testing::ReviewedWorld {
  explicit World(db::Database& on, Options const& with = {}) : ReviewedWorld{on} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(first_administrator(tx));
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
    publish_call(officer, call_draft(with));
    turn();
    round = rounds_of_call().front().id;
  }

  Actor who(std::string name, identity::Role role, std::string scope) {
    return {identity::PersonId{++people}, id(), std::move(name), {{role, std::move(scope)}}, {}};
  }

  static calls::CallDraft call_draft(Options const& with) {
    auto draft = calls::testing::reviewed_call();
    draft.answer_working_days = 10;
    draft.organisation_kinds = {identity::OrganisationKind::sme, identity::OrganisationKind::start_up};
    draft.offers = {{kPartition, budget::Unit::node_hour, 10, 1000, with.capacity_units},
                    {kOther, budget::Unit::node_hour, 10, 1000, 20}};
    auto& rules = *draft.reviewed;
    rules.steps = {{StepKind::administrative, {}, {}, false}};
    if (with.expert) rules.steps.push_back({StepKind::expert, {}, {}, true});
    rules.steps.push_back({StepKind::decision, {}, {}, false});
    if (with.response)
      rules.steps.push_back({StepKind::response, schedule::Answer{schedule::AnswerUnit::days, 7}, {}, false});
    if (with.impact) rules.ranking.criteria.push_back({kImpact, 0, 5000, 500, 1, {}});
    rules.award_rule = with.rule;
    return draft;
  }
  calls::ProposalDraft proposal_draft() const { return calls::testing::sound_proposal(call.id); }
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
  // Until there is nothing to do by itself; says how much there was.
  int turn() {
    for (int done = 0;; ++done) {
      auto const turned = database.write([&](db::Tx& tx) { return decisions.turn(tx); });
      EXPECT_TRUE(turned) << db::why(turned);
      if (!turned || !*turned) return done;
    }
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
  std::int64_t left(std::string_view partition) {
    auto const facts = database.read([&](db::Tx& tx) { return outcomes.round(tx, round); });
    EXPECT_TRUE(facts) << db::why(facts);
    return std::ranges::find(facts->offers, partition, &calls::RoundOffer::partition)->left_units;
  }
  Scores scores;
  Decisions decisions{clock, random, journal, identity, projects, outcomes, scores, {}};
  Activity jobs;
  PublicRecord record{clock, journal, identity, outcomes, jobs, {"SI"}};
  std::int64_t people = 100;
  Actor member, other_member, officer, second_officer, operator_, auditor;
  PublicId project, other_project, round;
};

// A test with a world on its database.
class WorldDb : public db::DbTest {
 protected:
  World& make(Options const& with = {}) {
    world = std::make_unique<World>(db(), with);
    return *world;
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  std::unique_ptr<World> world;
};

}  // namespace fabrica::decisions::testing
