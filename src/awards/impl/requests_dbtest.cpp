#include "awards/testing/world.hpp"

namespace fabrica::awards {
namespace {

using identity::Actor;
using testing::kOther;
using testing::kPartition;
using testing::kStart;
using testing::kUnit;
using testing::World;

class RequestsDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  Result<Request> ask(PublicId const& award, RequestDraft const& draft) {
    return world->write([&](db::Tx& tx) { return world->awards.ask(tx, world->lead, award, draft); });
  }
  Result<Request> grant(PublicId const& request, GrantDraft const& draft) {
    return world->write([&](db::Tx& tx) { return world->awards.grant(tx, world->officer, request, draft); });
  }
  Result<Request> refuse(PublicId const& request) {
    return world->write([&](db::Tx& tx) { return world->awards.refuse(tx, world->officer, request, {"No hours."}); });
  }
  static void expect_fails(Result<Request> const& result, std::string_view reason) {
    ASSERT_FALSE(result) << "expected " << reason;
    EXPECT_EQ(result.error().reason, reason) << result.error().what;
  }
  std::unique_ptr<World> world;
};
FABRICA_ON_BOTH(RequestsDb);

RequestDraft time(std::int64_t days) { return {RequestKind::extend_time, days, {}, {}, "The machine was down."}; }
RequestDraft hours(RequestKind kind, std::int64_t units, std::optional<PublicId> to = {}) {
  return {kind, {}, units, std::move(to), "Ablations."};
}
GrantDraft as_asked() { return {{}, {}, {}, "In order."}; }

TEST_P(RequestsDb, MoreTimeMovesTheEndTheReportAndWhatJobsMayUse) {
  auto& w = *world;
  auto const award = w.running(20);
  auto const asked = ask(award, time(60));
  ASSERT_TRUE(asked) << db::why(asked);
  EXPECT_EQ(asked->state, RequestState::open);
  EXPECT_EQ(w.look(award).ends.us, kStart + 90 * kDay) << "nothing happens before it is decided";
  auto const done = grant(asked->id, {30, {}, {}, "Thirty days are enough."});
  ASSERT_TRUE(done) << db::why(done);
  EXPECT_EQ(done->state, RequestState::granted);
  EXPECT_EQ(done->granted_days, 30);
  EXPECT_NE(done->letter.find("granted in part"), std::string::npos) << done->letter;
  EXPECT_NE(done->letter.find("Thirty days are enough."), std::string::npos);
  auto const life = w.look(award);
  EXPECT_EQ(life.ends.us, kStart + 120 * kDay);
  EXPECT_EQ(life.periods.back().ends, life.ends);
  EXPECT_EQ(format_date(life.report_due->us), "2027-05-23");
  EXPECT_EQ(w.count("award_request.decided"), 1);
  w.expect_sound({award});
  expect_fails(ask(award, time(10)), "request_rules");  // one extension
  expect_fails(grant(asked->id, as_asked()), "request_state");
  w.pass(100 * kDay);
  EXPECT_TRUE(w.hold(kUnit));
}

// The office was slow: what was asked in time is decided although the end has passed.
TEST_P(RequestsDb, AnOpenRequestForTimeKeepsTheAwardFromEnding) {
  auto& w = *world;
  auto const award = w.running(20);
  w.pass(89 * kDay);
  auto const asked = ask(award, time(30));
  ASSERT_TRUE(asked) << db::why(asked);
  w.pass(5 * kDay);
  EXPECT_EQ(w.look(award).clock, ClockState::running);
  EXPECT_EQ(w.look(award).ledger.expired_micro, 0);
  expect_fails(Result<Request>{std::unexpected(w.hold(kUnit).error())}, "no_award");
  expect_fails(grant(asked->id, {4, {}, {}, "Too few."}), "request_rules");  // those days are over
  ASSERT_TRUE(grant(asked->id, as_asked()));
  EXPECT_TRUE(w.hold(kUnit));
  w.pass(26 * kDay);
  EXPECT_EQ(w.look(award).clock, ClockState::ended);
  w.expect_sound({award});
}

TEST_P(RequestsDb, ARefusedRequestForTimeLetsTheAwardEnd) {
  auto& w = *world;
  auto const award = w.running(20);
  w.pass(89 * kDay);
  auto const asked = ask(award, time(30));
  ASSERT_TRUE(asked) << db::why(asked);
  w.pass(5 * kDay);
  auto const done = refuse(asked->id);
  ASSERT_TRUE(done) << db::why(done);
  EXPECT_EQ(done->state, RequestState::refused);
  EXPECT_NE(done->letter.find("No hours."), std::string::npos);
  auto const html = w.read([&](db::Tx& tx) { return w.awards.letter_html(tx, w.lead, asked->id); });
  ASSERT_TRUE(html) << db::why(html);
  EXPECT_NE(html->find("&lt;One&gt;"), std::string::npos);
  EXPECT_EQ(html->find("<One>"), std::string::npos);
  w.turn();
  EXPECT_EQ(w.look(award).clock, ClockState::ended);
  EXPECT_EQ(w.look(award).ledger.expired_micro, 20 * kUnit);
  expect_fails(ask(award, time(10)), "request_rules");
}

TEST_P(RequestsDb, MoreHoursAreTakenFromWhatIsReallyLeft) {
  auto& w = *world;
  auto const award = w.running(90);
  auto const other = w.award(10);  // the capacity of a hundred is given out
  auto const asked = ask(award, hours(RequestKind::more_hours, 9));
  ASSERT_TRUE(asked) << db::why(asked);
  expect_fails(grant(asked->id, as_asked()), "request_rules");
  ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.calls.set_capacity(tx, w.officer, w.call.offers[0].id, 105); }));
  auto const done = grant(asked->id, {{}, 5, {}, "What there is."});
  ASSERT_TRUE(done) << db::why(done);
  auto const life = w.look(award);
  EXPECT_EQ(life.ledger.awarded_micro, 95 * kUnit);
  EXPECT_EQ(life.periods[0].balance_micro, 95 * kUnit);
  EXPECT_EQ(w.left(kPartition), 0);
  expect_fails(ask(award, hours(RequestKind::more_hours, 5)), "request_rules");  // four are left of ten per cent
  w.expect_sound({award, other});
}

TEST_P(RequestsDb, HoursGivenBackServeWhoWaits) {
  auto& w = *world;
  auto const award = w.running(95);
  w.use(10 * kUnit);
  expect_fails(ask(award, hours(RequestKind::give_back, 86)), "request_rules");
  auto const asked = ask(award, hours(RequestKind::give_back, 60));
  ASSERT_TRUE(asked) << db::why(asked);
  ASSERT_TRUE(grant(asked->id, as_asked()));
  EXPECT_EQ(w.look(award).ledger.awarded_micro, 35 * kUnit);
  EXPECT_EQ(w.look(award).ledger.balance_micro, 25 * kUnit);
  EXPECT_EQ(w.left(kPartition), 65 * kUnit);
  w.expect_sound({award});
}

TEST_P(RequestsDb, ATransferGoesThroughBothCapacitiesWithTheOfficersFactor) {
  auto& w = *world;
  auto const from = w.running(40);
  auto const to = w.award(10, 90, kOther);
  auto const asked = ask(from, hours(RequestKind::transfer_hours, 20, to));
  ASSERT_TRUE(asked) << db::why(asked);
  expect_fails(grant(asked->id, as_asked()), "request_rules");  // nobody said what an hour is worth there
  expect_fails(grant(asked->id, {{}, {}, 2'500'000, "Too much."}), "request_rules");  // forty are left there
  auto const done = grant(asked->id, {{}, 10, 1'500'000, "Three of those for two of these."});
  ASSERT_TRUE(done) << db::why(done);
  EXPECT_NE(done->letter.find("10 node-hours on meluxina/gpu become 15 node-hours on karolina/gpu"), std::string::npos)
      << done->letter;
  EXPECT_EQ(w.look(from).ledger.balance_micro, 30 * kUnit);
  EXPECT_EQ(w.look(to).ledger.awarded_micro, 25 * kUnit);
  EXPECT_EQ(w.left(kPartition), 70 * kUnit);
  EXPECT_EQ(w.left(kOther), 25 * kUnit);
  w.expect_sound({from, to});
}

TEST_P(RequestsDb, ATransferStaysInTheProject) {
  auto& w = *world;
  auto const from = w.running(40);
  auto const foreign = w.award(10, 90, kPartition, true);
  expect_fails(ask(from, hours(RequestKind::transfer_hours, 5, foreign)), "request_rules");
  expect_fails(ask(from, hours(RequestKind::transfer_hours, 5, from)), "request_rules");
  expect_fails(ask(from, hours(RequestKind::transfer_hours, 5, w.id())), "request_rules");
  auto const second = w.award(10);
  auto const asked = ask(from, hours(RequestKind::transfer_hours, 5, second));
  ASSERT_TRUE(asked) << db::why(asked);
  ASSERT_TRUE(grant(asked->id, as_asked())) << "one offer: an hour is an hour";
  EXPECT_EQ(w.look(second).ledger.balance_micro, 15 * kUnit);
  w.expect_sound({from, second, foreign});
}

TEST_P(RequestsDb, WhoAsksDoesNotDecideAndWhoHasAPartNeither) {
  auto& w = *world;
  auto const award = w.running(20);
  auto const by_member = w.write([&](db::Tx& tx) { return w.awards.ask(tx, w.member, award, time(5)); });
  ASSERT_FALSE(by_member);
  EXPECT_EQ(by_member.error().code, Errc::forbidden);
  auto const asked = ask(award, time(5));
  ASSERT_TRUE(asked) << db::why(asked);
  expect_fails(ask(award, time(6)), "request_open");
  auto const as = [&](Actor const& who) {
    return w.write([&](db::Tx& tx) { return w.awards.grant(tx, who, asked->id, as_asked()); });
  };
  EXPECT_FALSE(as(w.lead));
  EXPECT_FALSE(as(w.operator_));
  auto partial = w.officer;
  partial.grants.push_back({identity::Role::project_member, w.project.text()});
  expect_fails(as(partial), "own_project");
  auto asking = w.officer;
  asking.person = w.lead.person;
  expect_fails(as(asking), "own_request");
  auto const seen = [&](Actor const& who) {
    auto const found = w.read([&](db::Tx& tx) { return w.awards.request(tx, who, asked->id); });
    return found.has_value();
  };
  EXPECT_TRUE(seen(w.member));
  EXPECT_TRUE(seen(w.auditor));
  EXPECT_FALSE(seen(w.stranger));
  auto const open = w.read([&](db::Tx& tx) { return w.awards.open_requests(tx, w.officer, {}, 10); });
  ASSERT_TRUE(open) << db::why(open);
  EXPECT_EQ(open->size(), 1u);
  EXPECT_FALSE(w.read([&](db::Tx& tx) { return w.awards.open_requests(tx, w.lead, {}, 10); }));
  auto const back = w.write([&](db::Tx& tx) { return w.awards.withdraw(tx, w.lead, asked->id); });
  ASSERT_TRUE(back) << db::why(back);
  EXPECT_EQ(back->state, RequestState::withdrawn);
  expect_fails(as(w.officer), "request_state");
  EXPECT_TRUE(ask(award, time(6)));
}

// Each step of granting a transfer fails once: all of it happened, or nothing.
TEST_P(RequestsDb, ATransferIsWholeOrNotWhicheverStepFails) {
  std::unique_ptr<World> at;
  PublicId from, to, request;
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    from = at->running(40);
    to = at->running(10, 90, kOther);
    auto const asked = at->write(
        [&](db::Tx& tx) { return at->awards.ask(tx, at->lead, from, hours(RequestKind::transfer_hours, 20, to)); });
    EXPECT_TRUE(asked) << db::why(asked);
    request = asked->id;
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write(
        [&](db::Tx& tx) { return at->awards.grant(tx, at->officer, request, {{}, {}, 500'000, "Two for one."}); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool) {
    at->expect_sound({from, to});
    auto const now = at->read([&](db::Tx& tx) { return at->awards.request(tx, at->lead, request); });
    ASSERT_TRUE(now) << db::why(now);
    bool const done = now->state == RequestState::granted;
    EXPECT_EQ(at->look(from).ledger.balance_micro, (done ? 20 : 40) * kUnit);
    EXPECT_EQ(at->look(to).ledger.balance_micro, (done ? 20 : 10) * kUnit);
    EXPECT_EQ(at->left(kOther), (done ? 30 : 40) * kUnit);
    EXPECT_EQ(at->left(kPartition), (done ? 80 : 60) * kUnit);
    EXPECT_EQ(at->count("award_request.decided"), done ? 1 : 0);
    EXPECT_EQ(now->letter.empty(), !done);
  });
  EXPECT_GT(faults, 20);
}

// Whatever is asked, granted, used, refunded and turned over in any order: no hour is made and none is lost.
TEST_P(RequestsDb, AnySequenceKeepsTheSumOfAllAccounts) {
  std::uint64_t const seed = 20'261'123;
  SCOPED_TRACE(seed);
  SeededRandom dice{seed};
  for (int game = 0; game < 6; ++game) {
    auto database = fresh();
    World w{*database, 300};
    AwardRules rules;
    rules.extensions_max = 20;
    rules.more_percent_max = 1000;
    if (dice.below(2) == 0) rules.period_days = 20;
    rules.period_unused = static_cast<Unused>(dice.below(3));
    rules.end_unused = dice.below(2) == 0 ? Unused::return_ : Unused::expire;
    w.rules(rules);
    std::vector<PublicId> const all{w.running(40), w.running(60), w.running(20, 60, kOther)};
    std::vector<std::string> holds;
    int granted = 0;
    for (int act = 0; act < 60; ++act) {
      auto const& award = all[dice.below(all.size())];
      auto const units = static_cast<std::int64_t>(1 + dice.below(8));
      switch (dice.below(6)) {
        case 0: {
          auto const name = w.hold(units * kUnit, dice.below(3) == 0 ? kOther : kPartition);
          if (name) holds.push_back(*name);
          break;
        }
        case 1:
          if (holds.empty()) break;
          w.settle(holds.back(), static_cast<std::int64_t>(dice.below(10)) * kUnit);
          holds.pop_back();
          break;
        case 2: w.pass(static_cast<Micros>(dice.below(9)) * kDay + static_cast<Micros>(dice.below(1000))); break;
        default: {
          auto const kind = static_cast<RequestKind>(dice.below(4));
          RequestDraft draft{kind, {}, {}, {}, "Game."};
          if (kind == RequestKind::extend_time) draft.days = units;
          else draft.units = units;
          if (kind == RequestKind::transfer_hours) draft.to_award = all[dice.below(all.size())];
          auto const asked = w.write([&](db::Tx& tx) { return w.awards.ask(tx, w.lead, award, draft); });
          if (!asked) break;
          GrantDraft answer{{}, {}, {}, "Game."};
          if (kind == RequestKind::transfer_hours && w.look(*draft.to_award).partition != w.look(award).partition)
            answer.factor_millionths = 300'000 + static_cast<std::int64_t>(dice.below(2'000'000));
          auto const done = w.write([&](db::Tx& tx) { return w.awards.grant(tx, w.officer, asked->id, answer); });
          if (done) ++granted;
          else ASSERT_TRUE(w.write([&](db::Tx& tx) { return w.awards.withdraw(tx, w.lead, asked->id); }));
        }
      }
      w.expect_sound(all);
      if (HasFailure()) return;
    }
    EXPECT_GT(granted, 0);
  }
}

}  // namespace
}  // namespace fabrica::awards
