#include "crypto/seal.hpp"
#include "notices/testing/world.hpp"

namespace fabrica::notices {
namespace {

using testing::Actor;
using testing::NoticesDb;
using testing::World;
using Kinds = std::vector<std::string>;

FABRICA_ON_BOTH(NoticesDb);

constexpr auto kJobFailed =
    R"({"job":"01890a5d-ac96-774b-bcce-b302099a8057","state":"failed","reason":"Out of memory."})";
constexpr auto kJobEnded = R"({"job":"01890a5d-ac96-774b-bcce-b302099a8057","state":"completed","reason":""})";
constexpr auto kDossier = R"({"chain_length":9,"files":[]})";

TEST_P(NoticesDb, TellEverybodyInTheProjectOnceAndNobodyElse) {
  auto& w = world();
  w.say("dossier.issued", kDossier);
  w.turn();
  w.turn();
  EXPECT_EQ(w.kinds(w.anna), Kinds{"dossier_ready"});
  EXPECT_EQ(w.kinds(w.basil), Kinds{"dossier_ready"});
  EXPECT_EQ(w.kinds(w.otto), Kinds{});
  EXPECT_EQ(w.kinds(w.olga), Kinds{});
  auto const one = w.inbox(w.anna).front();
  EXPECT_EQ(one.subject, "The dossier of Speech is issued");
  EXPECT_EQ(one.path, "/projects/" + w.project.text());
  EXPECT_EQ(one.project, w.project.text());
  EXPECT_EQ(w.deliveries().size(), 2U);
}

TEST_P(NoticesDb, TellWhatHappensToAnAwardByTheNamesOfItsStatements) {
  auto& w = world();
  auto const award = w.id().text();
  auto const say = [&](std::string const& kind, std::string const& rest) {
    w.say(kind, fmt::format(R"({{"award":"{}",{}}})", award, rest));
  };
  say("award.clock_started", R"("cause":"x","starts":"2026-11-01T00:00:00Z","ends":"2027-05-01T00:00:00Z")");
  say("award.warned", R"("level":"idle","reason":"No job for 31 days.","forecast":"10 hours will be left.")");
  say("award_request.made", R"("request":"x","kind":"extend_time","days":30,"reason":"Late data.")");
  say("award_request.decided", R"("request":"x","kind":"extend_time","state":"refused","reason":"Too late.")");
  say("award.ended", R"("ended":"2027-05-01T00:00:00Z","report_due":"2027-08-01T00:00:00Z")");
  say("award.ended", R"("ended":"2027-05-01T00:00:00Z")");
  say("report.overdue", R"("due":"2027-08-01T00:00:00Z")");
  say("report.submitted", R"("version":1)");
  say("report.returned", R"("version":1,"note":"Figures are missing.")");
  say("report.accepted", R"("version":2,"note":"")");
  say("acknowledgement.reminded", R"("occasion":"report","acknowledgement":"We thank Fab.")");
  w.turn();
  auto const mine = w.inbox(w.anna);
  std::map<std::string, std::string> texts;
  for (auto const& one : mine) {
    EXPECT_EQ(one.path, "/awards/" + award);
    texts[std::string{db::enum_name(one.kind)}] += one.subject + "|" + one.text + "|";
  }
  auto const has = [&](std::string const& kind, std::string const& text) {
    EXPECT_NE(texts[kind].find(text), std::string::npos) << kind << ": " << texts[kind];
  };
  has("award_begun", "from 2026-11-01 00:00 UTC until 2027-05-01 00:00 UTC");
  has("award_unused", "Hours of Speech lie idle|");
  has("award_unused", "No job for 31 days.\n\n10 hours will be left.");
  has("request_decided", "The request (extend time) for the award of Speech was refused");
  has("award_ended", "by 2027-08-01 00:00 UTC");
  has("award_ended", "|The award of Speech has ended.|");
  has("report_overdue", "was due on 2027-08-01");
  has("report_returned", "Figures are missing.");
  has("acknowledgement_due", "We thank Fab.");
  EXPECT_EQ(mine.size(), 9U);
  EXPECT_EQ(w.kinds(w.olga), (Kinds{"request_made", "report_received"}));
}

TEST_P(NoticesDb, OfARightToLeftProjectIsolateItsName) {
  auto& w = world();
  w.say(w.other_project.text(), "dossier.issued", kDossier);
  w.turn();
  EXPECT_EQ(w.inbox(w.otto).front().subject, "The dossier of \u2068محمد\u2069 is issued");
}

TEST_P(NoticesDb, OfAnOldDatabaseTellNothingThatWasBefore) {
  auto const database = fresh();
  {
    World w{*database};
    w.say("dossier.issued", kDossier);
    w.must([](db::Tx& tx) { return tx.run({"test_forget", "DELETE FROM notice_state"}); });
    w.must([](db::Tx& tx) { return tx.run({"test_forget_scans", "DELETE FROM notice_scans"}); });
    w.clock.advance(kDay);
    w.turn();
    EXPECT_EQ(w.kinds(w.anna), Kinds{});
    w.say("dossier.issued", kDossier);
    w.turn();
    EXPECT_EQ(w.kinds(w.anna), Kinds{"dossier_ready"});
  }
}

// Two transactions at once: the one that began first is committed last and is sequenced last.
TEST_P(NoticesDb, MissNoStatementThatWasCommittedLate) {
  auto& w = world();
  w.say("dossier.issued", kDossier);
  w.say("job.ended", kJobFailed);
  auto const give_last = [&] {
    w.must([](db::Tx& tx) -> Result<bool> {
      FABRICA_TRY(auto const waiting, tx.all<std::int64_t>(testing::kWaiting));
      FABRICA_TRY(auto const next, tx.one<std::int64_t>(testing::kNext));
      FABRICA_DO(tx.run(testing::kGive, waiting.back(), next));
      return true;
    });
    EXPECT_TRUE(w.notices.turn(db()));
  };
  give_last();
  EXPECT_EQ(w.kinds(w.anna), Kinds{"job_failed"});
  give_last();
  EXPECT_EQ(w.kinds(w.anna), (Kinds{"job_failed", "dossier_ready"}));
}

// After a restore the sequencer may give a statement another place in the log.
TEST_P(NoticesDb, AreNotMadeAgainWhenAStatementGetsAnotherPlaceInTheLog) {
  auto& w = world();
  w.say("dossier.issued", kDossier);
  w.turn();
  w.must([](db::Tx& tx) {
    return tx.run({"test_replace", "UPDATE journal_statements SET log_index = log_index + 1000"});
  });
  w.turn();
  EXPECT_EQ(w.kinds(w.anna), Kinds{"dossier_ready"});
  EXPECT_EQ(w.deliveries().size(), 2U);
}

TEST_P(NoticesDb, PassOverWhatCannotBeToldAndGoOn) {
  auto& w = world();
  w.say("proposal.decided", R"({"proposal":"01890a5d-ac96-774b-bcce-b302099a8057","state":"awarded"})");
  w.say("proposal.decided", R"({"proposal":"nothing"})");
  w.say("dossier.issued", kDossier);
  w.must([&](db::Tx& tx) -> Result<bool> {
    FABRICA_TRY(auto const chain, w.journal.chain(tx, w.project.text(), 1, 100));
    FABRICA_DO(w.journal.erase(tx, chain.back().public_id));
    return true;
  });
  w.say("dossier.issued", kDossier);
  w.turn();
  auto const kinds = w.kinds(w.anna);
  EXPECT_EQ(std::ranges::count(kinds, "dossier_ready"), 1);
}

TEST_P(NoticesDb, LeaveOutWhoIsNoLongerThere) {
  auto& w = world();
  w.must([](db::Tx& tx) { return tx.run({"test_leave", "UPDATE people SET active = 0 WHERE name = 'Basil'"}); });
  w.say("dossier.issued", kDossier);
  w.turn();
  EXPECT_EQ(w.deliveries().size(), 1U);
  w.must([](db::Tx& tx) { return tx.run({"test_none", "DELETE FROM grants WHERE role LIKE 'project%'"}); });
  w.say("dossier.issued", kDossier);
  w.turn();
  EXPECT_EQ(w.kinds(w.anna).size(), 2U);  // for the organisation
  EXPECT_EQ(w.deliveries().size(), 2U);
}

TEST_P(NoticesDb, GoToTheAdministratorsWhereThereIsNoAccessOffice) {
  auto& w = world();
  auto const body = R"({"call":"x","from_units":1,"to_units":2})";
  w.say(std::string{journal::kFactoryChain}, "offer.capacity_changed", body);
  w.turn();
  EXPECT_EQ(w.kinds(w.olga), Kinds{"capacity_changed"});
  EXPECT_EQ(w.kinds(w.admin), Kinds{});
  w.must([](db::Tx& tx) { return tx.run({"test_leave", "UPDATE people SET active = 0 WHERE name = 'Olga'"}); });
  w.say(std::string{journal::kFactoryChain}, "offer.capacity_changed", body);
  w.turn();
  EXPECT_EQ(w.kinds(w.admin), Kinds{"capacity_changed"});
}

TEST_P(NoticesDb, SendNoMailWithoutAMailServerAndNoneLater) {
  auto const database = fresh();
  {
    World w{*database, Options{}};
    w.say("dossier.issued", kDossier);
    w.say("job.ended", kJobFailed);
    w.turn();
    EXPECT_EQ(w.kinds(w.anna), (Kinds{"dossier_ready", "job_failed"}));
    EXPECT_TRUE(w.deliveries().empty());
    EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.test_mail(tx, w.admin); })), "no_mail");
  }
}

TEST_P(NoticesDb, OfADigestGoTogetherAtTheHourThePersonSaid) {
  auto& w = world();
  w.must([&](db::Tx& tx) {
    return w.notices.save_preferences(tx, w.anna, {"Europe/Riga", 18, {{"dossier_ready", How::digest}}, {}});
  });
  w.must([&](db::Tx& tx) {
    return w.notices.save_preferences(tx, w.basil, {"UTC", 18, {{"dossier_ready", How::in_product}}, {}});
  });
  w.say("dossier.issued", kDossier);
  w.say("job.ended", kJobFailed);
  w.say("job.ended", kJobEnded);
  w.turn();
  EXPECT_EQ(w.inbox(w.anna).size(), 3U);
  EXPECT_EQ(w.inbox(w.basil).size(), 3U);
  EXPECT_TRUE(w.deliveries().empty());
  w.clock.set(*parse_time("2026-10-26T15:59:59Z"));  // 17:59:59 in Riga
  w.turn();
  EXPECT_TRUE(w.deliveries().empty());
  w.clock.advance(kSecond);
  w.turn();
  w.turn();
  ASSERT_EQ(w.deliveries().size(), 1U);
  EXPECT_EQ(w.deliveries()[0].person, w.anna.person);
  EXPECT_EQ(w.deliveries()[0].kind, "digest");
  auto const text = w.must([](db::Tx& tx) {
    return tx.one<std::pair<std::string, std::string>>({"test_text", "SELECT subject, body FROM notice_deliveries"});
  });
  EXPECT_EQ(text.first, "3 notices from Fab");
  EXPECT_NE(text.second.find("- The dossier of Speech is issued\n  https://fab.example/projects/"), std::string::npos);
  EXPECT_NE(text.second.find("- Job failed in Speech\n  https://fab.example/jobs/01890a5d"), std::string::npos);
  w.clock.set(*parse_time("2026-10-26T18:00:00Z"));
  w.turn();
  EXPECT_EQ(w.deliveries().size(), 2U);  // Basil's, of two jobs
}

TEST_P(NoticesDb, AreReadByWhoseTheyAreAlone) {
  auto& w = world();
  for (int n = 0; n < 3; ++n) w.say("dossier.issued", kDossier);
  w.turn();
  auto const mine = w.inbox(w.anna);
  ASSERT_EQ(mine.size(), 3U);
  EXPECT_EQ(w.must([&](db::Tx& tx) { return w.notices.unread(tx, w.anna); }).unread, 3);
  EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.read(tx, w.otto, mine[1].id); })), "notice");
  EXPECT_EQ(w.must([&](db::Tx& tx) { return w.notices.unread(tx, w.anna); }).unread, 3);
  auto const read = w.must([&](db::Tx& tx) { return w.notices.read(tx, w.anna, mine[1].id); });
  ASSERT_TRUE(read.read);
  w.clock.advance(kMinute);
  EXPECT_EQ(w.must([&](db::Tx& tx) { return w.notices.read(tx, w.anna, mine[1].id); }).read, read.read);
  auto const open = w.must([&](db::Tx& tx) { return w.notices.list(tx, w.anna, true, {}, 10); });
  ASSERT_EQ(open.size(), 2U);
  auto const behind = w.must([&](db::Tx& tx) { return w.notices.list(tx, w.anna, false, mine[1].id, 10); });
  ASSERT_EQ(behind.size(), 1U);
  EXPECT_EQ(behind[0].id, mine[2].id);
  w.must([&](db::Tx& tx) { return w.notices.read_all(tx, w.anna); });
  EXPECT_EQ(w.must([&](db::Tx& tx) { return w.notices.unread(tx, w.anna); }).unread, 0);
  EXPECT_EQ(w.must([&](db::Tx& tx) { return w.notices.unread(tx, w.basil); }).unread, 3);
  EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.unread(tx, Actor{}); })), "login_required");
}

TEST_P(NoticesDb, OfAKindEndWithTheLinkOfItsMailAndDecisionsDoNot) {
  auto& w = world();
  auto const secrets = *Secrets::from(testing::kKey);
  auto const token = secrets.unsubscribe_token(w.anna.person, NoticeKind::dossier_ready);
  auto const done = w.must([&](db::Tx& tx) { return w.notices.unsubscribe(tx, token); });
  EXPECT_EQ(done.about, "A dossier was issued");
  w.say("dossier.issued", kDossier);
  w.turn();
  EXPECT_EQ(w.kinds(w.anna), Kinds{"dossier_ready"});
  ASSERT_EQ(w.deliveries().size(), 1U);
  EXPECT_EQ(w.deliveries()[0].person, w.basil.person);
  auto const decision = secrets.unsubscribe_token(w.anna.person, NoticeKind::decision_made);
  EXPECT_TRUE(w.must([&](db::Tx& tx) { return w.notices.unsubscribe(tx, decision); }).decision);
  auto const shown = w.must([&](db::Tx& tx) { return w.notices.preferences(tx, w.anna); });
  EXPECT_EQ(shown.preferences.rules.size(), 1U);
  EXPECT_EQ(shown.kinds[static_cast<std::size_t>(NoticeKind::decision_made)].how, How::at_once);
  EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.unsubscribe(tx, "x.y.z"); })), "unsubscribe");
}

TEST_P(NoticesDb, OfAnInvitationNeverHoldItsTokenInTheClear) {
  auto& w = world();
  auto const call = w.a_call();
  reviews::Invitation invitation{w.id(),
                                 call,
                                 {},
                                 "new@example.org",
                                 reviews::InvitationState::open,
                                 {},
                                 Time{w.clock.now()},
                                 Time{w.clock.now() + kDay},
                                 {},
                                 "rvw_verysecret"};
  auto const told = w.write([&](db::Tx& tx) -> Result<bool> {
    FABRICA_DO(w.notices.invited(tx, invitation));
    invitation.id = w.id();
    invitation.person = w.basil.person;
    FABRICA_DO(w.notices.invited(tx, invitation));
    return true;
  });
  ASSERT_TRUE(told) << db::why(told);
  auto const kept = w.must([](db::Tx& tx) {
    return tx.all<std::pair<std::string, Bytes>>(
        {"test_sealed",
         "SELECT subject || body || address || once AS a, sealed AS b FROM notice_deliveries ORDER BY id"});
  });
  ASSERT_EQ(kept.size(), 2U);
  for (auto const& [text, sealed] : kept) {
    EXPECT_EQ(text.find("verysecret"), std::string::npos);
    EXPECT_EQ(as_text(sealed).find("verysecret"), std::string_view::npos);
    EXPECT_EQ(crypto::unseal(Secrets::from(testing::kKey)->sealing_key(), sealed)->text(), "rvw_verysecret");
  }
  auto const deliveries = w.deliveries();
  EXPECT_EQ(deliveries[1].address, "new@example.org");
  EXPECT_EQ(deliveries[0].address, "");
  EXPECT_EQ(deliveries[0].person, w.basil.person);
  ASSERT_EQ(w.kinds(w.basil), Kinds{"review_invitation"});
  EXPECT_EQ(w.inbox(w.basil)[0].text.find("verysecret"), std::string::npos);
}

TEST_P(NoticesDb, AreNeitherLostNorMadeTwiceWhereverTheDatabaseFails) {
  std::unique_ptr<World> w;
  std::vector<std::unique_ptr<World>> worlds;
  auto const faults = db::for_each_fault(
      [&] {
        w.reset();
        auto database = fresh();
        w = std::make_unique<World>(*database);
        w->must([&](db::Tx& tx) {
          return w->notices.save_preferences(tx, w->basil, {"UTC", 8, {{"dossier_ready", How::digest}}, {}});
        });
        w->say("dossier.issued", kDossier);
        w->say("job.ended", kJobFailed);
        w->turn();
        w->clock.set(*parse_time("2026-10-27T08:00:00Z"));
        w->say("dossier.issued", kDossier);
        return database;
      },
      [&](db::Database& faulty) { return w->turn_on(faulty); },
      [&](db::Database&, bool) {
        w->turn();
        EXPECT_EQ(w->kinds(w->anna), (Kinds{"dossier_ready", "job_failed", "dossier_ready"}));
        EXPECT_EQ(w->kinds(w->basil), (Kinds{"dossier_ready", "job_failed", "dossier_ready"}));
        // Anna's two and her digest, Basil's digest.
        EXPECT_EQ(w->deliveries().size(), 4U);
      });
  EXPECT_GT(faults, 10);
}

TEST_P(NoticesDb, ForWebHooksHoldIdsAloneAndAreForTheirOrganisation) {
  auto& w = world();
  auto const url = "https://hooks.example.org/x";
  auto const mine = w.must(
      [&](db::Tx& tx) { return w.notices.add_hook(tx, w.anna, {w.organisation, url, {NoticeKind::dossier_ready}}); });
  auto const all = w.must([&](db::Tx& tx) { return w.notices.add_hook(tx, w.admin, {{}, url, {}}); });
  ASSERT_TRUE(mine.secret);
  EXPECT_TRUE(mine.secret->starts_with("whsec_"));
  EXPECT_FALSE(w.must([&](db::Tx& tx) { return w.notices.hook(tx, w.anna, mine.id); }).secret);
  w.say("dossier.issued", kDossier);
  w.say("job.ended", kJobFailed);
  w.say(w.other_project.text(), "dossier.issued", kDossier);
  w.turn();
  struct Line {
    std::string kind;
    std::int64_t hook_id = 0;
    std::string body;
  };
  auto const rows = w.must([](db::Tx& tx) {
    return tx.all<std::pair<std::string, std::string>>(
        {"test_hooks",
         "SELECT h.public_id AS a, d.body AS b FROM notice_deliveries d JOIN notice_hooks h ON h.id = d.hook_id "
         "ORDER BY d.id"});
  });
  EXPECT_EQ(std::ranges::count(rows, mine.id.text(), &std::pair<std::string, std::string>::first), 1);
  EXPECT_EQ(std::ranges::count(rows, all.id.text(), &std::pair<std::string, std::string>::first), 3);
  for (auto const& [hook, body] : rows) {
    EXPECT_EQ(body.find("Speech"), std::string::npos) << body;
    EXPECT_EQ(body.find("memory"), std::string::npos) << body;
    auto const read = *json::Document::parse(body);
    EXPECT_TRUE(read.at("/data/project").text());
    EXPECT_TRUE(read.at("/type").text());
  }
}

TEST_P(NoticesDb, HaveWebHooksOfWhoMayAndWhereItMayGo) {
  auto& w = world();
  auto const add = [&](Actor const& who, HookDraft const& draft) {
    return testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.add_hook(tx, who, draft); }));
  };
  auto const url = "https://hooks.example.org/x";
  EXPECT_EQ(add(w.anna, {w.other_organisation, url, {}}), "role");
  EXPECT_EQ(add(w.anna, {{}, url, {}}), "role");
  EXPECT_EQ(add(w.basil, {w.organisation, url, {}}), "role");
  EXPECT_EQ(add(w.anna, {w.organisation, "http://127.0.0.1/", {}}), "url");
  EXPECT_EQ(add(w.anna, {w.organisation, url, {NoticeKind::review_assigned}}), "kinds");
  for (int n = 0; n < 20; ++n) EXPECT_EQ(add(w.anna, {w.organisation, url, {}}), "ok");
  EXPECT_EQ(add(w.anna, {w.organisation, url, {}}), "hooks_max");
  auto const first = w.must([&](db::Tx& tx) { return w.notices.hooks(tx, w.anna, w.organisation); }).front();
  EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.hook(tx, w.otto, first.id); })), "role");
  auto const changed = w.must([&](db::Tx& tx) { return w.notices.change_secret(tx, w.anna, first.id); });
  ASSERT_TRUE(changed.secret);
  EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.enable_hook(tx, w.anna, first.id); })),
            "hook_state");
  w.must([&](db::Tx& tx) -> Result<bool> {
    FABRICA_DO(w.notices.test_hook(tx, w.anna, first.id));
    FABRICA_DO(w.notices.remove_hook(tx, w.anna, first.id));
    return true;
  });
  EXPECT_EQ(w.deliveries(DeliveryState::given_up).size(), 1U);
  EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.hook(tx, w.anna, first.id); })), "hook");
}

TEST_P(NoticesDb, AreForgottenLongAfter) {
  auto& w = world();
  w.say("dossier.issued", kDossier);
  w.turn();
  w.clock.advance(729 * kDay);
  w.must([&](db::Tx& tx) -> Result<bool> {
    FABRICA_DO(w.notices.sweep(tx));
    return true;
  });
  EXPECT_EQ(w.inbox(w.anna).size(), 1U);
  w.clock.advance(2 * kDay);
  w.must([&](db::Tx& tx) -> Result<bool> {
    FABRICA_DO(w.notices.sweep(tx));
    return true;
  });
  EXPECT_EQ(w.inbox(w.anna).size(), 0U);
  EXPECT_EQ(w.deliveries().size(), 2U);  // not handed over yet: they stay
}

}  // namespace
}  // namespace fabrica::notices
