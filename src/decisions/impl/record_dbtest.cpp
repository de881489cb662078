// The public record over calls of both kinds, and the promise of an answer.
#include "calls/import.hpp"
#include "calls/testing/import.hpp"
#include "decisions/rules.hpp"
#include "decisions/testing/world.hpp"

namespace fabrica::decisions {
namespace {

using calls::ProposalState;
using testing::kOther;
using testing::kPartition;
using testing::kStart;
using testing::Options;
using testing::World;

// A first-come call beside the reviewed one: two working days promised, room for one proposal.
struct Line {
  explicit Line(World& in) : w{in} {
    auto draft = World::call_draft({});
    draft.title = "Hours at once";
    draft.kind = calls::CallKind::first_come;
    draft.reviewed.reset();
    draft.access_mode = "fast_lane";
    draft.answer_working_days = 2;
    draft.offers = {{kPartition, budget::Unit::node_hour, 10, 1000, 30}};
    auto const made = w.write([&](db::Tx& tx) -> Result<calls::Call> {
      FABRICA_TRY(auto const one, w.calls.create(tx, w.officer, draft));
      return w.calls.publish(tx, w.officer, one.id);
    });
    EXPECT_TRUE(made) << db::why(made);
    call = *made;
  }
  calls::Proposal sent(calls::Answer civilian = calls::Answer::yes, bool by_other = false) {
    auto draft = w.proposal_draft();
    draft.call = call.id;
    draft.form.reset();
    draft.first_come_accepted = calls::Answer::yes;
    draft.civilian_purposes = civilian;
    draft.confidential = by_other;
    auto const kept = w.draft(draft, by_other);
    EXPECT_TRUE(kept) << db::why(kept);
    auto const done =
        w.write([&](db::Tx& tx) { return w.calls.submit(tx, by_other ? w.other_member : w.member, kept->id); });
    EXPECT_TRUE(done) << db::why(done);
    return *done;
  }
  World& w;
  calls::Call call;
};

class RecordDb : public testing::WorldDb {
 protected:
  CallPace pace(calls::Call const& call) {
    auto const found = db().read([&](db::Tx& tx) { return world->record.pace(tx, call.id); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
  std::int64_t alarms() {
    auto const said = db().write([&](db::Tx& tx) { return world->record.raise_alarms(tx); });
    EXPECT_TRUE(said) << db::why(said);
    return *said;
  }
  Recount recount() {
    auto const found = db().read([&](db::Tx& tx) { return world->record.recount(tx, world->auditor); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  }
};
FABRICA_ON_BOTH(RecordDb);

TEST_P(RecordDb, WhoStandsInLinePastThePromiseIsSaidOnceAndCountedUntilAnswered) {
  auto& w = make();
  Line line{w};
  EXPECT_EQ(line.sent().state, ProposalState::awarded);
  auto const waiting = line.sent();
  EXPECT_EQ(waiting.state, ProposalState::waiting);
  auto now = pace(line.call);
  EXPECT_EQ(now.promised_working_days, 2);
  EXPECT_EQ(now.decisions, 1);
  EXPECT_EQ(now.waiting, 1);
  EXPECT_EQ(now.overdue, 0);
  // Sent on a Monday: the answer may come until the end of Wednesday in Brussels.
  auto const due = kStart - kStart % kDay + 2 * kDay + 23 * kHour;
  w.clock.set(due - 1);
  EXPECT_EQ(alarms(), 0);
  w.clock.set(due);
  EXPECT_EQ(alarms(), 1);
  EXPECT_EQ(alarms(), 0);
  EXPECT_EQ(w.count(std::string{journal::kFactoryChain}, "answer.overdue"), 1);
  now = pace(line.call);
  EXPECT_EQ(now.overdue, 1);
  EXPECT_EQ(now.oldest_due, std::optional{Time{due}});
  auto const late = w.database.read([&](db::Tx& tx) { return w.record.overdue(tx, w.auditor); });
  ASSERT_TRUE(late) << db::why(late);
  ASSERT_EQ(late->size(), 1u);
  EXPECT_EQ(late->front().proposal, waiting.id);

  auto const more =
      w.write([&](db::Tx& tx) { return w.calls.set_capacity(tx, w.officer, line.call.offers.front().id, 60); });
  ASSERT_TRUE(more) << db::why(more);
  now = pace(line.call);
  EXPECT_EQ(now.overdue, 0);
  EXPECT_EQ(now.waiting, 0);
  EXPECT_EQ(now.decisions, 2);
  EXPECT_EQ(now.late, 1);
  EXPECT_EQ(now.running_median_millidays, 0) << "the lower middle of none and " << (due - kStart) / kDay << " days";
  EXPECT_NE(csv(now).find("late,\"\",1\r\n"), std::string::npos) << csv(now);
}

TEST_P(RecordDb, APromiseSkipsWeekendsAndHolidays) {
  auto& w = make();
  Line line{w};
  line.sent();
  w.clock.set(kStart + 4 * kDay);  // Friday, and Monday 2 November is a holiday of the EU's institutions
  line.sent();
  auto const due = kStart - kStart % kDay + 9 * kDay + 23 * kHour;  // the end of Wednesday
  w.clock.set(due - 1);
  EXPECT_EQ(alarms(), 0);
  w.clock.set(due);
  EXPECT_EQ(alarms(), 1);
}

TEST_P(RecordDb, AProposalOfARoundIsOverdueOnceTheRoundsAnswerIsDueAndUntilItsLetter) {
  auto& w = make({.response = false});
  auto const a = w.sent(5000);
  auto const decision = w.decided({a});
  auto const due = w.rounds_of_call().front().answer_due;
  ASSERT_TRUE(due);
  w.clock.set(due->us);
  EXPECT_EQ(alarms(), 1);
  EXPECT_EQ(pace(w.call).overdue, 1);
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  auto const now = pace(w.call);
  EXPECT_EQ(now.overdue, 0);
  EXPECT_EQ(now.late, 1);
  ASSERT_EQ(now.rounds.size(), 1u);
  EXPECT_EQ(now.rounds.front().late, 1);
}

TEST_P(RecordDb, TheRegisterGoesAcrossCallsPageByPageNewestFirst) {
  auto& w = make({.response = false});
  Line line{w};
  auto const at_once = line.sent(calls::Answer::yes, true);
  auto const a = w.sent(5000);
  auto const decision = w.decided({a});
  auto const page = [&](std::string_view after, std::int64_t limit) {
    auto const found = w.database.read([&](db::Tx& tx) { return w.record.register_page(tx, after, limit); });
    EXPECT_TRUE(found) << db::why(found);
    return *found;
  };
  ASSERT_EQ(page("", 10).size(), 1u) << "the round is not published";
  EXPECT_FALSE(page("", 10).front().organisation) << "confidential";
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  auto const first = page("", 1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first.front().call, w.call.id);
  auto const rest = page(first.front().award.text(), 10);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest.front().award, *at_once.award);
  EXPECT_EQ(*w.database.read([&](db::Tx& tx) { return w.record.register_size(tx); }), 2);
}

TEST_P(RecordDb, FiguresOfEveryKindOfCallAreCountedAndRecountedEqual) {
  auto& w = make({.response = false});
  Line line{w};
  line.sent();
  EXPECT_EQ(line.sent(calls::Answer::no, true).state, ProposalState::rejected);
  auto const a = w.sent(5000);
  auto const decision = w.decided({a, w.sent(1000)});
  ASSERT_TRUE(w.publish(decision.version));
  w.turn();
  auto const one = w.database.read([&](db::Tx& tx) { return w.record.indicators(tx, line.call.id); });
  ASSERT_TRUE(one) << db::why(one);
  EXPECT_EQ(one->applications, 2);
  EXPECT_EQ(one->awards, 1);
  ASSERT_EQ(one->by_mode.size(), 1u);
  EXPECT_EQ(one->by_mode.front().name, "fast_lane");
  ASSERT_EQ(one->hours.size(), 1u);
  EXPECT_EQ(one->hours.front().awarded_units, 20);
  EXPECT_EQ(one->hours.front().used_units, 0);
  auto const all = w.database.read([&](db::Tx& tx) { return w.record.indicators(tx); });
  ASSERT_TRUE(all) << db::why(all);
  EXPECT_EQ(all->applications, 4);
  EXPECT_EQ(all->awards, 2);
  EXPECT_EQ(all->small_firms_millionths, 1'000'000);
  EXPECT_EQ(all->other_countries_millionths, 1'000'000) << "both to LV; the factory is in SI";
  EXPECT_EQ(all->by_mode.size(), 2u);
  EXPECT_NE(csv(*all).find("awards_by_mode,\"fast_lane\",1\r\n"), std::string::npos) << csv(*all);

  EXPECT_EQ(all->organisations, 1) << "one firm has both awards";
  EXPECT_EQ(all->awards_used, 0);
  EXPECT_FALSE(all->first_job_median_millidays);
  auto const given = w.database.read([&](db::Tx& tx) { return w.record.register_of(tx, line.call.id); })->front().award;
  w.jobs.ran[given] = {Time{w.clock.now() + 36 * kHour}, 7200, 3};
  auto const ran = w.database.read([&](db::Tx& tx) { return w.record.indicators(tx, line.call.id); });
  ASSERT_TRUE(ran) << db::why(ran);
  EXPECT_EQ(ran->awards_used, 1);
  EXPECT_GE(ran->first_job_median_millidays, 1500) << "a day and a half, and what the clock has gone since";
  EXPECT_EQ(ran->energy_j, 7200);
  EXPECT_NE(csv(*ran).find("energy_jobs,\"\",3\r\n"), std::string::npos) << csv(*ran);

  auto const agreed = recount();
  EXPECT_TRUE(agreed.differences.empty()) << agreed.differences.front();
  EXPECT_EQ(agreed.calls, 2);
  EXPECT_EQ(agreed.applications, 4);
  EXPECT_EQ(agreed.awards, 2);
  ASSERT_EQ(agreed.awarded.size(), 1u);
  EXPECT_EQ(agreed.awarded.front().units, 40);
  // What an award leaves unused expires with it.
  w.clock.advance(40 * kDay);
  EXPECT_EQ(w.database.read([&](db::Tx& tx) { return w.record.indicators(tx); })->hours.front().expired_units, 40);
}

TEST_P(RecordDb, WhatAnotherSystemDecidedCountsWithItsDecisions) {
  auto& w = make();
  calls::Importer importer{w.clock, w.random, w.journal, w.identity, w.projects, w.budget, w.calls};
  auto const file = calls::read_import(calls::testing::import_document(), calls::testing::kImportSheet);
  ASSERT_TRUE(file) << db::why(file);
  auto const taken = w.write([&](db::Tx& tx) { return importer.import(tx, w.admin, *file); });
  ASSERT_TRUE(taken) << db::why(taken);
  auto const figures = w.database.read([&](db::Tx& tx) { return w.record.indicators(tx, taken->call); });
  ASSERT_TRUE(figures) << db::why(figures);
  EXPECT_EQ(figures->applications, 2) << "one awarded, one in reserve; what is evaluated here is not decided";
  EXPECT_EQ(figures->awards, 1);
  EXPECT_EQ(figures->success_millionths, 500'000);
  ASSERT_EQ(figures->rounds.size(), 1u);
  w.jobs.ran[w.database.read([&](db::Tx& tx) { return w.record.register_of(tx, taken->call); })->front().award] = {
      Time{w.clock.now()}, 0, 0};
  auto const used = w.database.read([&](db::Tx& tx) { return w.record.indicators(tx, taken->call); });
  EXPECT_EQ(used->awards_used, 1);
  EXPECT_FALSE(used->first_job_median_millidays) << "its first job ran in the other system";
  EXPECT_EQ(figures->rounds.front().median_millidays, 82'041) << "30 March 08:00 to 20 June 09:00";
  ASSERT_EQ(figures->hours.size(), 1u);
  EXPECT_EQ(figures->hours.front().awarded_units, 15000);
  EXPECT_EQ(figures->hours.front().used_units, 4200);
  auto const again = recount();
  EXPECT_TRUE(again.differences.empty()) << again.differences.front();
  EXPECT_EQ(again.applications, 2);
  EXPECT_EQ(again.awards, 1);
}

TEST_P(RecordDb, WhatSomebodyChangedInTheRecordsIsNamed) {
  auto& w = make();
  Line line{w};
  auto const at_once = line.sent();
  ASSERT_TRUE(recount().differences.empty());
  auto const tamper = [&](std::string_view sql, auto const&... with) {
    ASSERT_TRUE(w.write([&](db::Tx& tx) { return tx.run(db::Query{"test_tamper", sql}, with...); }));
  };
  tamper("UPDATE awards SET amount_units = 25 WHERE public_id = $1", *at_once.award);
  auto const more = recount().differences;
  ASSERT_EQ(more.size(), 1u);
  EXPECT_NE(more[0].find("awarded units of meluxina/gpu: 25 by the records, 20 by the statements"), std::string::npos)
      << more[0];
  tamper("UPDATE awards SET amount_units = 20, starts_us = starts_us + 1000000 WHERE public_id = $1", *at_once.award);
  auto const moved = recount().differences;
  ASSERT_EQ(moved.size(), 1u);
  EXPECT_NE(moved[0].find("beginning"), std::string::npos) << moved[0];
  tamper("DELETE FROM awards WHERE public_id = $1", *at_once.award);
  EXPECT_FALSE(recount().differences.empty());
}

TEST_P(RecordDb, AnErasedStatementIsADifferenceNotASilence) {
  auto& w = make();
  Line line{w};
  line.sent();
  auto const chain = w.database.read([&](db::Tx& tx) { return w.journal.chain(tx, w.project.text(), 1, 100); });
  auto const award = std::ranges::find(*chain, "award.decided", &journal::Kept::kind);
  ASSERT_NE(award, chain->end());
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.journal.erase(tx, award->public_id); }));
  auto const found = recount().differences;
  ASSERT_FALSE(found.empty());
  EXPECT_NE(found.front().find("was erased"), std::string::npos) << found.front();
}

}  // namespace
}  // namespace fabrica::decisions
