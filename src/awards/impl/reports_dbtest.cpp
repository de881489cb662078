#include "awards/testing/world.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::awards {
namespace {

using identity::Actor;
using testing::kUnit;
using testing::World;

class ReportsDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  static Narrative said() {
    Narrative out;
    out.summary = "A model for <small> languages.";
    out.results = "It speaks Latvian.";
    out.ai_act = "Limited risk; provider.";
    out.unused_reason = "The code was ready late.";
    out.publications = {{"A paper", "10.1000/1", true}};
    return out;
  }
  Result<Report> write_report(Actor const& who, PublicId const& award, Narrative const& narrative) {
    return world->write([&](db::Tx& tx) { return world->awards.write_report(tx, who, award, narrative); });
  }
  Result<Report> submit(PublicId const& award) {
    return world->write([&](db::Tx& tx) { return world->awards.submit_report(tx, world->lead, award); });
  }
  static void expect_fails(Result<Report> const& result, std::string_view reason) {
    ASSERT_FALSE(result) << "expected " << reason;
    EXPECT_EQ(result.error().reason, reason) << result.error().what;
  }
  std::unique_ptr<World> world;
};
FABRICA_ON_BOTH(ReportsDb);

TEST_P(ReportsDb, FiguresComeFromTheLedgerMonthByMonth) {
  auto& w = *world;
  auto const award = w.running(20);  // 26 October
  w.use(2 * kUnit);
  w.pass(10 * kDay);  // 5 November
  w.use(3 * kUnit);
  auto& jobs = w.jobs.figures[award.text()];
  jobs.completed = 2;
  auto const report = w.read([&](db::Tx& tx) { return w.awards.report(tx, w.member, award); });
  ASSERT_TRUE(report) << db::why(report);
  auto const& in = report->figures;
  EXPECT_EQ(report->state, ReportState::draft);
  ASSERT_EQ(in.months.size(), 2u);
  EXPECT_EQ(in.months[0].month, "2026-10");
  EXPECT_EQ(in.months[0].used_micro, 2 * kUnit);
  EXPECT_EQ(in.months[1].used_micro, 3 * kUnit);
  EXPECT_EQ(in.ledger.used_micro, 5 * kUnit);
  EXPECT_EQ(in.jobs.completed, 2);
  EXPECT_EQ(in.energy.joules, 7'200'000);
  EXPECT_EQ(in.organisation, "Firm");
  EXPECT_NE(in.acknowledgement.find(award.text()), std::string::npos);
}

TEST_P(ReportsDb, IsSentOnceTheAwardIsOverAndNothingIsMissing) {
  auto& w = *world;
  auto const award = w.running(20);
  w.use(5 * kUnit);
  auto const name = w.hold(kUnit);
  ASSERT_TRUE(name) << db::why(name);
  expect_fails(submit(award), "holds_open");
  w.settle(*name, kUnit);
  expect_fails(submit(award), "award_running");
  w.pass(90 * kDay);
  expect_fails(submit(award), "report");
  EXPECT_EQ(write_report(w.member, award, said()).error().code, Errc::forbidden) << "the lead writes it";
  ASSERT_TRUE(write_report(w.lead, award, said()));
  auto const sent = submit(award);
  ASSERT_TRUE(sent) << db::why(sent);
  EXPECT_EQ(sent->state, ReportState::submitted);
  EXPECT_EQ(sent->version, 1);
  EXPECT_EQ(w.count("acknowledgement.reminded"), 2) << "at the end and with the report";
  auto const html = w.read([&](db::Tx& tx) { return w.awards.report_html(tx, w.auditor, award); });
  auto const text = w.read([&](db::Tx& tx) { return w.awards.report_json(tx, w.auditor, award); });
  ASSERT_TRUE(html && text);
  auto const body = w.body("report.submitted");
  EXPECT_NE(body.find(crypto::sha256(*html).hex()), std::string::npos) << "what is kept is what the statement names";
  EXPECT_NE(body.find(crypto::sha256(*text).hex()), std::string::npos);
  EXPECT_EQ(body.find("Latvian"), std::string::npos) << "words stay beside the statement";
  EXPECT_NE(html->find("&lt;small&gt;"), std::string::npos);
  EXPECT_NE(html->find("&lt;corpus&gt;"), std::string::npos);
  EXPECT_EQ(html->find("<small>"), std::string::npos);
  EXPECT_NE(html->find("2.00 kWh, estimated"), std::string::npos) << *html;
  expect_fails(write_report(w.lead, award, said()), "report_state");
  expect_fails(submit(award), "report_state");
}

TEST_P(ReportsDb, IsReturnedWithANoteAndThenAccepted) {
  auto& w = *world;
  auto const award = w.running(20);
  w.pass(90 * kDay);
  ASSERT_TRUE(write_report(w.lead, award, said()));
  ASSERT_TRUE(submit(award));
  auto const by_lead = w.write([&](db::Tx& tx) { return w.awards.accept_report(tx, w.lead, award); });
  EXPECT_EQ(by_lead.error().code, Errc::forbidden);
  auto own = w.officer;
  own.grants.push_back({identity::Role::project_member, w.project.text()});
  expect_fails(w.write([&](db::Tx& tx) { return w.awards.accept_report(tx, own, award); }), "own_project");
  auto const back =
      w.write([&](db::Tx& tx) { return w.awards.return_report(tx, w.officer, award, {"Name the model."}); });
  ASSERT_TRUE(back) << db::why(back);
  EXPECT_EQ(back->state, ReportState::returned);
  EXPECT_EQ(back->note, "Name the model.");
  expect_fails(w.write([&](db::Tx& tx) { return w.awards.accept_report(tx, w.officer, award); }), "report_state");
  auto better = said();
  better.results = "The model is called Rigas.";
  ASSERT_TRUE(write_report(w.lead, award, better));
  auto const again = submit(award);
  ASSERT_TRUE(again) << db::why(again);
  EXPECT_EQ(again->version, 2);
  EXPECT_EQ(again->note, "");
  auto const done = w.write([&](db::Tx& tx) { return w.awards.accept_report(tx, w.officer, award); });
  ASSERT_TRUE(done) << db::why(done);
  EXPECT_EQ(done->state, ReportState::accepted);
  EXPECT_EQ(done->narrative.results, "The model is called Rigas.");
  w.pass(200 * kDay);
  EXPECT_EQ(w.count("report.overdue"), 0);
  EXPECT_EQ(w.turn(), 0) << "nothing more to do here, ever";
}

TEST_P(ReportsDb, IsOverdueOnceAfterItsMonths) {
  auto& w = *world;
  auto const award = w.running(20);
  w.pass(90 * kDay);
  auto const due = w.look(award).report_due;
  ASSERT_TRUE(due);
  w.clock.set(due->us - 1);
  w.turn();
  EXPECT_EQ(w.count("report.overdue"), 0);
  w.pass(1);
  w.pass(50 * kDay);
  EXPECT_EQ(w.count("report.overdue"), 1);
  auto const late = w.read([&](db::Tx& tx) { return w.awards.report(tx, w.lead, award); });
  ASSERT_TRUE(late) << db::why(late);
  EXPECT_TRUE(late->overdue);
  ASSERT_TRUE(write_report(w.lead, award, said()));
  EXPECT_TRUE(submit(award)) << "late is better than never";
}

TEST_P(ReportsDb, ACallMayWantNone) {
  auto& w = *world;
  AwardRules rules;
  rules.report = false;
  w.rules(rules);
  auto const award = w.running(20);
  expect_fails(w.read([&](db::Tx& tx) { return w.awards.report(tx, w.lead, award); }), "report");
  w.pass(400 * kDay);
  EXPECT_EQ(w.count("report.overdue"), 0);
}

// Whatever fails while it is sent: it is kept with both documents and its statement, or it is a draft still.
TEST_P(ReportsDb, IsSentWholeOrNotWhicheverStepFails) {
  std::unique_ptr<World> at;
  PublicId award;
  auto const make_world = [&] {
    auto database = fresh();
    at = std::make_unique<World>(*database);
    award = at->running(20);
    at->pass(90 * kDay);
    EXPECT_TRUE(at->write([&](db::Tx& tx) { return at->awards.write_report(tx, at->lead, award, said()); }));
    return database;
  };
  auto const run = [&](db::Database& database) {
    return database.write([&](db::Tx& tx) { return at->awards.submit_report(tx, at->lead, award); });
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool) {
    auto const now = at->read([&](db::Tx& tx) { return at->awards.report(tx, at->lead, award); });
    ASSERT_TRUE(now) << db::why(now);
    EXPECT_EQ(at->count("report.submitted"), now->state == ReportState::submitted ? 1 : 0);
    EXPECT_EQ(now->version, at->count("report.submitted"));
  });
  EXPECT_GT(faults, 10);
}

}  // namespace
}  // namespace fabrica::awards
