#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "calls/service.hpp"
#include "db/testing/dbtest.hpp"
#include "facts/service.hpp"

namespace fabrica::calls {
namespace {

using identity::Actor;

constexpr Micros kStart = 1'780'000'000 * kSecond;
constexpr auto kPartition = "meluxina/gpu";  // of the shipped facts: nodes of four accelerators, counted in node-hours
constexpr auto kOther = "karolina/gpu";

// A factory with one organisation, two projects and an administrator, and one published call.
struct World {
  explicit World(db::Database& on, std::int64_t capacity_units = 30) : database{on} {
    auto made = database.write([&](db::Tx& tx) -> Result<> {
      FABRICA_DO(identity.create_first_administrator(tx, {"Ada", "ada@example.org", {}, {}, {}}, "hash"));
      FABRICA_TRY(admin, identity.actor_by_email(tx, "ada@example.org"));
      identity::OrganisationDraft const sme{"Firm", "LV", identity::OrganisationKind::sme, {}, {}, {}, {}};
      FABRICA_TRY(auto const firm, identity.create_organisation(tx, admin, sme));
      FABRICA_TRY(auto const one, projects.create(tx, admin, {firm.id, "One", "A project", "other"}));
      FABRICA_TRY(auto const two, projects.create(tx, admin, {firm.id, "Two", "A project", "other"}));
      organisation = firm.id;
      project = one.id;
      other_project = two.id;
      return {};
    });
    EXPECT_TRUE(made) << db::why(made);
    member = {identity::PersonId{77}, id(), "Member", {{identity::Role::project_member, project.text()}}, {}};
    stranger = {identity::PersonId{78}, id(), "Stranger", {{identity::Role::project_lead, id().text()}}, {}};
    auto const drafted =
        database.write([&](db::Tx& tx) { return calls.create(tx, admin, call_draft(capacity_units)); });
    EXPECT_TRUE(drafted) << db::why(drafted);
    auto const published = database.write([&](db::Tx& tx) { return calls.publish(tx, admin, drafted->id); });
    EXPECT_TRUE(published) << db::why(published);
    call = *published;
  }

  PublicId id() { return PublicId::make(clock.now(), random); }
  template <class F>
  auto write(F&& use_case) {
    return database.write(std::forward<F>(use_case));
  }

  CallDraft call_draft(std::int64_t capacity_units) const {
    CallDraft draft;
    draft.title = "Hours for small firms";
    draft.opens = Time{kStart};
    draft.duration_days_max = 90;
    draft.organisation_kinds = {identity::OrganisationKind::sme};
    draft.countries = {"eu"};
    draft.source = "the call's page";
    draft.offers = {{kPartition, budget::Unit::node_hour, 10, 30, capacity_units},
                    {kOther, budget::Unit::node_hour, 10, 30, 10}};
    return draft;
  }
  // Its plan needs just under ten node-hours: 6 x 1e9 x 3e9 operations on four A100 at 40 %.
  ProposalDraft proposal_draft(std::int64_t amount_units, std::string partition = kPartition) const {
    ProposalDraft draft;
    draft.call = call.id;
    draft.partition = std::move(partition);
    draft.amount_units = amount_units;
    draft.duration_days = 30;
    draft.purpose = "A language model";
    draft.civilian_purposes = Answer::yes;
    draft.excluded_uses = Answer::no;
    draft.personal_data = Answer::no;
    draft.first_come_accepted = Answer::yes;
    draft.plan = {R"({"parameters":1000000000,"tokens":2900000000,"nodes":2})"};
    return draft;
  }
  Result<Proposal> draft(ProposalDraft const& what) {
    return write([&](db::Tx& tx) { return calls.draft(tx, member, project, what); });
  }
  Result<Proposal> submit(PublicId const& proposal) {
    clock.advance(kMinute);
    return write([&](db::Tx& tx) { return calls.submit(tx, member, proposal); });
  }
  Proposal sent(ProposalDraft const& what) {
    auto const drafted = draft(what);
    EXPECT_TRUE(drafted) << db::why(drafted);
    auto const answer = submit(drafted->id);
    EXPECT_TRUE(answer) << db::why(answer);
    return *answer;
  }
  Proposal sent(std::int64_t amount_units) { return sent(proposal_draft(amount_units)); }
  Proposal look(PublicId const& proposal) {
    auto const found = database.read([&](db::Tx& tx) { return calls.proposal(tx, member, proposal); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  Result<Call> set_capacity(std::int64_t units) {
    return write([&](db::Tx& tx) { return calls.set_capacity(tx, admin, call.offers[0].id, units); });
  }
  std::vector<Award> awards() {
    auto const found = database.read([&](db::Tx& tx) { return calls.awards(tx, member, project); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  std::int64_t balance(std::string const& owner, budget::AccountKind kind) {
    auto const found = database.read([&](db::Tx& tx) { return budget.find_account(tx, owner, kind); });
    EXPECT_TRUE(found) << db::why(found);
    return found->balance_micro;
  }
  std::vector<std::string> kinds(std::string const& chain) {
    auto const found = database.read([&](db::Tx& tx) { return journal.chain(tx, chain, 1, 1000); });
    EXPECT_TRUE(found) << db::why(found);
    std::vector<std::string> out;
    for (auto const& one : *found) out.push_back(one.kind);
    return out;
  }
  void expect_balanced() {
    auto const differences = database.read([&](db::Tx& tx) { return budget.recompute(tx); });
    ASSERT_TRUE(differences) << db::why(differences);
    for (auto const& difference : *differences) ADD_FAILURE() << difference.account.text() << ": " << difference.what;
  }

  db::Database& database;
  ManualClock clock{kStart};
  SeededRandom random{9};
  journal::Journal journal{clock, random};
  identity::Identity identity{clock, random, journal};
  projects::Projects projects{clock, random, journal, identity};
  budget::Budget budget{clock, random};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  Calls calls{clock, random, journal, identity, projects, budget, facts};
  Actor admin;
  Actor member;
  Actor stranger;
  PublicId organisation;
  PublicId project;
  PublicId other_project;
  Call call;
};

class CallsDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world->expect_balanced();
    world.reset();
    DbTest::TearDown();
  }
  std::unique_ptr<World> world;
};
FABRICA_ON_BOTH(CallsDb);

TEST_P(CallsDb, ADraftIsSeenByThoseWhoManageCallsAloneAndPublishedOnce) {
  EXPECT_EQ(world->write([&](db::Tx& tx) { return world->calls.create(tx, world->member, world->call_draft(1)); })
                .error()
                .code,
            Errc::forbidden);
  auto const draft =
      world->write([&](db::Tx& tx) { return world->calls.create(tx, world->admin, world->call_draft(7)); });
  ASSERT_TRUE(draft) << db::why(draft);
  EXPECT_EQ(draft->state, CallState::draft);
  EXPECT_EQ(draft->offers.at(0).left_units, 7);
  auto const get = [&](Actor const& who) {
    return db().read([&](db::Tx& tx) { return world->calls.get(tx, who, draft->id); });
  };
  auto const listed = [&](Actor const& who) {
    return db().read([&](db::Tx& tx) { return world->calls.list(tx, who); })->size();
  };
  EXPECT_FALSE(get(world->member));
  EXPECT_TRUE(get(world->admin));
  EXPECT_EQ(listed(Actor{}), 1u);
  EXPECT_EQ(listed(world->admin), 2u);
  auto const publish = [&] {
    return world->write([&](db::Tx& tx) { return world->calls.publish(tx, world->admin, draft->id); });
  };
  EXPECT_EQ(publish()->state, CallState::published);
  EXPECT_EQ(publish().error().reason, "call_state");
  EXPECT_TRUE(get(Actor{}));
  auto const close = [&] {
    return world->write([&](db::Tx& tx) { return world->calls.close(tx, world->admin, draft->id); });
  };
  EXPECT_EQ(close()->state, CallState::closed);
  EXPECT_EQ(close().error().reason, "call_state");
  auto const said = world->kinds("factory");
  for (auto const* kind : {"call.drafted", "call.published", "call.closed"})
    EXPECT_NE(std::ranges::find(said, kind), said.end()) << kind;
}

TEST_P(CallsDb, ASoundProposalIsAwardedWithAnAccountThatHoldsItsHours) {
  auto const& offer = world->call.offers[0].id.text();
  auto const proposal = world->sent(20);
  EXPECT_EQ(proposal.state, ProposalState::awarded) << proposal.decision_reason;
  ASSERT_TRUE(proposal.award);
  EXPECT_TRUE(proposal.submitted && proposal.decided);
  auto const awards = world->awards();
  ASSERT_EQ(awards.size(), 1u);
  EXPECT_EQ(awards[0].id, *proposal.award);
  EXPECT_EQ(awards[0].balance_micro, 20 * budget::kMicroUnits);
  EXPECT_EQ(awards[0].used_micro, 0);
  EXPECT_EQ(awards[0].ends.us - awards[0].starts.us, 30 * kDay);
  // The source, the offers and the award add up to nothing.
  EXPECT_EQ(world->balance("factory", budget::AccountKind::source), -40 * budget::kMicroUnits);
  EXPECT_EQ(world->balance(offer, budget::AccountKind::capacity), 10 * budget::kMicroUnits);
  EXPECT_EQ(world->balance(world->call.offers[1].id.text(), budget::AccountKind::capacity), 10 * budget::kMicroUnits);
  auto const statement =
      db().read([&](db::Tx& tx) { return world->calls.award_statement(tx, world->member, awards[0].id); });
  ASSERT_TRUE(statement) << db::why(statement);
  ASSERT_EQ(statement->size(), 1u);
  EXPECT_EQ(statement->front().amount_micro, 20 * budget::kMicroUnits);
  EXPECT_EQ(world->kinds(world->project.text()),
            (std::vector<std::string>{"project.created", "proposal.submitted", "proposal.checked", "award.decided"}));
  EXPECT_EQ(world->submit(proposal.id).error().reason, "proposal_state");
  auto const withdrawn =
      world->write([&](db::Tx& tx) { return world->calls.withdraw(tx, world->member, proposal.id); });
  EXPECT_EQ(withdrawn.error().reason, "proposal_state");
}

TEST_P(CallsDb, NobodyOvertakesABiggerProposalThatCameEarlier) {
  EXPECT_EQ(world->sent(20).state, ProposalState::awarded);
  auto const bigger = world->sent(29);
  auto const small = world->sent(10);  // ten are left: it would fit
  EXPECT_EQ(bigger.state, ProposalState::waiting);
  EXPECT_EQ(small.state, ProposalState::waiting);
  ASSERT_TRUE(world->set_capacity(50));
  EXPECT_EQ(world->look(bigger.id).state, ProposalState::awarded);
  EXPECT_EQ(world->look(small.id).state, ProposalState::waiting);
  auto const call = world->set_capacity(59);
  ASSERT_TRUE(call) << db::why(call);
  EXPECT_EQ(world->look(small.id).state, ProposalState::awarded);
  EXPECT_EQ(call->offers.at(0).left_units, 0);
}

TEST_P(CallsDb, AWithdrawalServesWhoeverStoodBehind) {
  EXPECT_EQ(world->sent(20).state, ProposalState::awarded);
  auto const bigger = world->sent(29);
  auto const small = world->sent(10);
  auto const gone = world->write([&](db::Tx& tx) { return world->calls.withdraw(tx, world->member, bigger.id); });
  ASSERT_TRUE(gone) << db::why(gone);
  EXPECT_EQ(gone->state, ProposalState::withdrawn);
  EXPECT_EQ(world->look(small.id).state, ProposalState::awarded);
}

TEST_P(CallsDb, ServesALineOfAnyLengthAtOnce) {
  ASSERT_TRUE(world->set_capacity(0));
  std::vector<PublicId> line;
  for (int at = 0; at < 101; ++at) line.push_back(world->sent(10).id);
  ASSERT_TRUE(world->set_capacity(1010));
  for (auto const& one : line) ASSERT_EQ(world->look(one).state, ProposalState::awarded);
}

TEST_P(CallsDb, CapacityCannotFallBelowWhatIsAwarded) {
  world->sent(20);
  EXPECT_EQ(world->set_capacity(19).error().code, Errc::over_budget);
  auto const call = world->set_capacity(20);
  ASSERT_TRUE(call) << db::why(call);
  EXPECT_EQ(call->offers.at(0).left_units, 0);
  EXPECT_FALSE(world->set_capacity(-1));
  EXPECT_EQ(world
                ->write([&](db::Tx& tx) {
                  return world->calls.set_capacity(tx, world->member, world->call.offers[0].id, 1000);
                })
                .error()
                .code,
            Errc::forbidden);
}

TEST_P(CallsDb, AsksForAMissingAnswerAndKeepsThePlaceInLine) {
  ASSERT_TRUE(world->set_capacity(0));
  auto open_question = world->proposal_draft(20);
  open_question.personal_data = Answer::unknown;
  auto const first = world->sent(open_question);
  EXPECT_EQ(first.state, ProposalState::incomplete);
  EXPECT_NE(first.decision_reason.find("personal_data"), std::string::npos) << first.decision_reason;
  auto const second = world->sent(20);
  EXPECT_EQ(second.state, ProposalState::waiting);

  auto const changed = world->write(
      [&](db::Tx& tx) { return world->calls.change(tx, world->member, first.id, world->proposal_draft(20)); });
  ASSERT_TRUE(changed) << db::why(changed);
  auto const again = world->submit(first.id);
  ASSERT_TRUE(again) << db::why(again);
  EXPECT_EQ(again->state, ProposalState::waiting);
  EXPECT_EQ(again->submitted->us, first.submitted->us);
  ASSERT_TRUE(world->set_capacity(20));
  EXPECT_EQ(world->look(first.id).state, ProposalState::awarded);
  EXPECT_EQ(world->look(second.id).state, ProposalState::waiting);
}

TEST_P(CallsDb, RejectsWithTheReasonsAndForGood) {
  auto draft = world->proposal_draft(29);
  draft.duration_days = 91;
  draft.excluded_uses = Answer::yes;
  auto const rejected = world->sent(draft);
  EXPECT_EQ(rejected.state, ProposalState::rejected);
  for (auto const* rule : {"duration: ", "excluded_uses: "})
    EXPECT_NE(rejected.decision_reason.find(rule), std::string::npos) << rejected.decision_reason;
  EXPECT_EQ(rejected.decision_reason.find("country"), std::string::npos);
  EXPECT_TRUE(rejected.decided);
  EXPECT_EQ(rejected.checks.size(), 11u);
  EXPECT_EQ(world->submit(rejected.id).error().reason, "proposal_state");
  EXPECT_EQ(world
                ->write([&](db::Tx& tx) {
                  return world->calls.change(tx, world->member, rejected.id, world->proposal_draft(20));
                })
                .error()
                .reason,
            "proposal_state");
  EXPECT_EQ(world->balance(world->call.offers[0].id.text(), budget::AccountKind::capacity), 30 * budget::kMicroUnits);
}

TEST_P(CallsDb, TheRulesOfAPublishedCallStayWhatTheyWere) {
  auto draft = world->call_draft(30);
  draft.duration_days_max = 10;
  draft.countries = {"BR"};
  auto const another = world->write([&](db::Tx& tx) { return world->calls.create(tx, world->admin, draft); });
  ASSERT_TRUE(another) << db::why(another);
  ASSERT_TRUE(world->write([&](db::Tx& tx) { return world->calls.publish(tx, world->admin, another->id); }));
  auto const call = db().read([&](db::Tx& tx) { return world->calls.get(tx, Actor{}, world->call.id); });
  ASSERT_TRUE(call) << db::why(call);
  EXPECT_EQ(json::write(*call), json::write(world->call));
  EXPECT_EQ(world->sent(20).state, ProposalState::awarded);
  auto elsewhere = world->proposal_draft(20);
  elsewhere.call = another->id;
  EXPECT_EQ(world->sent(elsewhere).state, ProposalState::rejected);
}

TEST_P(CallsDb, AClosedCallAwardsNothingMore) {
  EXPECT_EQ(world->sent(20).state, ProposalState::awarded);
  auto const waiting = world->sent(20);
  auto const late = world->draft(world->proposal_draft(10));
  ASSERT_TRUE(late) << db::why(late);
  ASSERT_TRUE(world->write([&](db::Tx& tx) { return world->calls.close(tx, world->admin, world->call.id); }));
  EXPECT_EQ(world->submit(late->id)->state, ProposalState::rejected);
  EXPECT_EQ(world->set_capacity(100).error().reason, "call_state");
  EXPECT_EQ(world->look(waiting.id).state, ProposalState::waiting);
}

TEST_P(CallsDb, RefusesADraftThatFitsNoOffer) {
  auto draft = world->proposal_draft(20, "lumi/lumi-g");
  auto const refused = world->draft(draft);
  EXPECT_EQ(refused.error().reason, "partition");
  EXPECT_NE(refused.error().what.find(kPartition), std::string::npos) << refused.error().what;
  draft = world->proposal_draft(20);
  draft.call = world->id();
  EXPECT_EQ(world->draft(draft).error().reason, "call");
  draft = world->proposal_draft(20);
  draft.plan = {R"({"parameters":0,"tokens":1})"};
  auto const bad_plan = world->draft(draft);
  ASSERT_FALSE(bad_plan);
  EXPECT_EQ(bad_plan.error().faults.at(0).pointer, "/plan/parameters");
}

TEST_P(CallsDb, KeepsOtherProjectsOut) {
  auto const proposal = world->sent(20);
  auto const code = [](auto const& result) {
    return result ? std::string{"seen"} : std::string{name_of(result.error().code)};
  };
  for (auto const& who : {world->stranger, Actor{}}) {
    auto const expected = who.anonymous() ? "unauthenticated" : "forbidden";
    auto const read = [&](auto&& ask) { return code(db().read(ask)); };
    EXPECT_EQ(read([&](db::Tx& tx) { return world->calls.proposal(tx, who, proposal.id); }), expected);
    EXPECT_EQ(read([&](db::Tx& tx) { return world->calls.proposals(tx, who, world->project); }), expected);
    EXPECT_EQ(read([&](db::Tx& tx) { return world->calls.awards(tx, who, world->project); }), expected);
    EXPECT_EQ(read([&](db::Tx& tx) { return world->calls.award_statement(tx, who, *proposal.award); }), expected);
    EXPECT_EQ(code(world->write(
                  [&](db::Tx& tx) { return world->calls.draft(tx, who, world->project, world->proposal_draft(10)); })),
              expected);
  }
}

TEST_P(CallsDb, ChargesTheAwardThatEndsFirstAndHasHoursLeft) {
  auto const charged = [&](PublicId const& project, std::string_view partition) {
    return db().read([&](db::Tx& tx) { return world->calls.charged_to(tx, project, partition); });
  };
  EXPECT_EQ(charged(world->project, kPartition).error().reason, "no_award");
  auto shorter = world->proposal_draft(10);
  shorter.duration_days = 5;
  auto const long_one = world->sent(10);
  auto const short_one = world->sent(shorter);
  auto const first = charged(world->project, kPartition);
  ASSERT_TRUE(first) << db::why(first);
  EXPECT_EQ(first->award, *short_one.award);
  EXPECT_EQ(first->unit, budget::Unit::node_hour);
  EXPECT_EQ(charged(world->project, kOther).error().reason, "no_award");
  EXPECT_EQ(charged(world->other_project, kPartition).error().reason, "no_award");

  auto const hold = [&](budget::AccountId account, std::int64_t amount) {
    return world->write([&](db::Tx& tx) {
      return world->budget.hold(tx, {world->id().text(), account, amount, world->clock.now() + 90 * kDay, "job"});
    });
  };
  ASSERT_TRUE(hold(first->account, 10 * budget::kMicroUnits));
  auto const second = charged(world->project, kPartition);
  ASSERT_TRUE(second) << db::why(second);
  EXPECT_EQ(second->award, *long_one.award);
  // With nothing left anywhere one is named all the same, so that the hold can say how little there is.
  ASSERT_TRUE(hold(second->account, 10 * budget::kMicroUnits));
  EXPECT_EQ(charged(world->project, kPartition)->award, *short_one.award);
  world->clock.advance(6 * kDay);
  EXPECT_EQ(charged(world->project, kPartition)->award, *long_one.award);
  world->clock.advance(30 * kDay);
  EXPECT_EQ(charged(world->project, kPartition).error().reason, "no_award");
}

// Every step of a submission fails once. The ledger balances each time, and the proposal was submitted and awarded, or
// it is the draft it was.
TEST_P(CallsDb, IsSubmittedWhollyOrNotAtAllWhicheverStepFails) {
  std::unique_ptr<World> at;
  PublicId proposal;
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    auto const drafted = at->draft(at->proposal_draft(20));
    EXPECT_TRUE(drafted) << db::why(drafted);
    proposal = drafted->id;
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) { return at->calls.submit(tx, at->member, proposal); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    at->expect_balanced();
    auto const state = at->look(proposal).state;
    if (succeeded) {
      EXPECT_EQ(state, ProposalState::awarded);
    }
    bool const whole = state == ProposalState::awarded;
    EXPECT_TRUE(whole || state == ProposalState::draft);
    EXPECT_EQ(at->awards().size(), whole ? 1u : 0u);
    EXPECT_EQ(at->kinds(at->project.text()).size(), whole ? 4u : 1u);
    auto const left = at->balance(at->call.offers[0].id.text(), budget::AccountKind::capacity);
    EXPECT_EQ(left, (whole ? 10 : 30) * budget::kMicroUnits);
  });
  EXPECT_GT(faults, 15);
}

}  // namespace
}  // namespace fabrica::calls
