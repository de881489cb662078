#include <map>

#include "notices/hooks.hpp"
#include "notices/mail.hpp"
#include "notices/senders.hpp"
#include "notices/testing/world.hpp"

namespace fabrica::notices {
namespace {

using http::SmtpAnswer;
using http::SmtpEnd;
using testing::World;

constexpr auto kDossier = R"({"chain_length":9,"files":[]})";

struct Killed {};  // thrown where the program would be gone

// A mail server as a test says it.
class Server final : public MailTransport {
 public:
  enum class Dies : std::uint8_t { no, before_end, after_end, after_accepting };

  SmtpAnswer send(http::SmtpMessage const& message, std::function<bool()> const& before_end) override {
    ++asked;
    if (dies == Dies::before_end) throw Killed{};
    if (end == SmtpEnd::no_server) return {end, "Connection refused"};
    if (end == SmtpEnd::refused || (end == SmtpEnd::later && !at_the_end)) return {end, "450 not now"};
    if (!before_end()) return {SmtpEnd::stopped, ""};
    if (dies == Dies::after_end) throw Killed{};
    if (end == SmtpEnd::unknown || end == SmtpEnd::later) return {end, "cut"};
    ++received[id_of(message.text)];
    last = message;
    if (dies == Dies::after_accepting) throw Killed{};
    return {SmtpEnd::accepted, "250 ok"};
  }
  static std::string id_of(std::string const& text) {
    auto const at = text.find("Message-ID: ");
    return text.substr(at, text.find("\r\n", at) - at);
  }

  SmtpEnd end = SmtpEnd::accepted;
  bool at_the_end = false;
  Dies dies = Dies::no;
  int asked = 0;
  std::map<std::string, int> received;
  http::SmtpMessage last;
};

class MailDb : public testing::NoticesDb {
 protected:
  std::unique_ptr<MailSender> sender() { return sender(world(), db()); }
  std::unique_ptr<MailSender> sender(World& w, db::Database& on) {
    return std::make_unique<MailSender>(on, w.notices, server, MailSender::Settings{"fab@factory.example", "Fab"});
  }
  static int run(MailSender& sender) {
    int sent = 0;
    for (;; ++sent) {
      auto const more = sender.turn();
      EXPECT_TRUE(more) << db::why(more);
      if (!more || !*more) return sent;
    }
  }
  // One mail, to Anna.
  PublicId one_waits() {
    auto& w = world();
    w.must([&](db::Tx& tx) { return w.notices.test_mail(tx, w.admin); });
    return w.deliveries().front().id;
  }
  Delivery only() { return world().deliveries().front(); }

  Server server;
};
FABRICA_ON_BOTH(MailDb);

TEST_P(MailDb, IsSentOnceToEachWithALinkThatEndsItsKind) {
  auto& w = world();
  w.say("dossier.issued", kDossier);
  w.turn();
  auto const mails = sender();
  EXPECT_EQ(run(*mails), 2);
  EXPECT_EQ(run(*mails), 0);
  EXPECT_EQ(server.received.size(), 2U);
  EXPECT_EQ(server.last.to, "basil@example.org");
  auto const& text = server.last.text;
  EXPECT_NE(text.find("Subject: The dossier of Speech is issued\r\n"), std::string::npos) << text;
  EXPECT_NE(
      text.find("List-Unsubscribe: <https://fab.example/unsubscribe/" + w.basil.person.text() + ".dossier_ready."),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("https://fab.example/projects/" + w.project.text()), std::string::npos) << text;
  for (auto const& one : w.deliveries()) EXPECT_EQ(one.state, DeliveryState::sent);
}

TEST_P(MailDb, OfADecisionComesWhateverWasSaidAndWithoutThatLink) {
  auto& w = world();
  auto const token = Secrets::from(testing::kKey)->unsubscribe_token(w.anna.person, NoticeKind::decision_made);
  w.must([&](db::Tx& tx) { return w.notices.unsubscribe(tx, token); });
  w.must([&](db::Tx& tx) { return w.notices.save_preferences(tx, w.anna, {"UTC", 8, {}, {w.project}}); });
  w.say("appeal.ruled", R"({"state":"dismissed","reason":"Late"})");
  w.turn();
  auto const mails = sender();
  EXPECT_EQ(run(*mails), 2);
  EXPECT_EQ(server.last.text.find("List-Unsubscribe"), std::string::npos);
  EXPECT_NE(server.last.text.find("always sent by mail"), std::string::npos);
}

TEST_P(MailDb, WaitsLongerEachTimeItIsPutOffAndIsGivenUpAfterDays) {
  one_waits();
  auto const mails = sender();
  server.end = SmtpEnd::later;
  auto const began = world().clock.now();
  int tries = 0;
  Micros last = 0;
  while (only().state != DeliveryState::given_up) {
    ASSERT_EQ(run(*mails), 1);
    ++tries;
    if (only().state == DeliveryState::given_up) break;
    ASSERT_EQ(only().state, DeliveryState::failed);
    EXPECT_EQ(only().attempts, tries);
    EXPECT_EQ(only().answer, "450 not now");
    auto const wait = only().due.us - world().clock.now();
    if (tries > 1 && tries < 5) {
      EXPECT_GT(wait, last);
    }
    last = wait;
    EXPECT_EQ(run(*mails), 0);
    world().clock.set(only().due.us);
  }
  EXPECT_GE(world().clock.now() - began, kMailGiveUp_us);
  EXPECT_LT(tries, 60);
  EXPECT_TRUE(server.received.empty());
}

TEST_P(MailDb, PutOffAfterAllWasSentIsSentAgainBecauseTheServerSaidNo) {
  one_waits();
  auto const mails = sender();
  server.end = SmtpEnd::later;
  server.at_the_end = true;
  EXPECT_EQ(run(*mails), 1);
  EXPECT_EQ(only().state, DeliveryState::failed);
  server.end = SmtpEnd::accepted;
  world().clock.advance(kHour);
  EXPECT_EQ(run(*mails), 1);
  EXPECT_EQ(only().state, DeliveryState::sent);
}

TEST_P(MailDb, RefusedForGoodIsGivenUpAndCanBeTriedByHand) {
  auto const id = one_waits();
  auto const mails = sender();
  server.end = SmtpEnd::refused;
  EXPECT_EQ(run(*mails), 1);
  EXPECT_EQ(only().state, DeliveryState::given_up);
  world().clock.advance(kDay);
  EXPECT_EQ(run(*mails), 0);
  server.end = SmtpEnd::accepted;
  auto& w = world();
  w.must([&](db::Tx& tx) { return w.notices.retry(tx, w.olga, id); });
  EXPECT_EQ(run(*mails), 1);
  EXPECT_EQ(only().state, DeliveryState::sent);
  EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.retry(tx, w.olga, id); })), "delivery_state");
  EXPECT_EQ(testing::reason_of(w.write([&](db::Tx& tx) { return w.notices.retry(tx, w.anna, id); })), "role");
}

TEST_P(MailDb, WaitsForADeadServerAsAWholeRaisesTheAlarmAfterAnHourAndGoesOn) {
  auto& w = world();
  w.say("dossier.issued", kDossier);
  w.turn();
  auto const mails = sender();
  server.end = SmtpEnd::no_server;
  EXPECT_EQ(run(*mails), 1);
  EXPECT_EQ(run(*mails), 0);
  EXPECT_EQ(server.asked, 1);  // not once a mail
  w.clock.advance(10 * kSecond);
  EXPECT_EQ(run(*mails), 1);
  EXPECT_TRUE(mails->check());
  for (auto const& one : w.deliveries()) EXPECT_EQ(one.attempts, 0);
  w.clock.advance(kHour);
  EXPECT_EQ(run(*mails), 1);
  EXPECT_EQ(mails->check().error().reason, "mail_failing");
  auto const restarted = sender();
  server.end = SmtpEnd::no_server;
  EXPECT_EQ(run(*restarted), 1);
  EXPECT_EQ(restarted->check().error().reason, "mail_failing");  // a restart does not forget since when
  server.end = SmtpEnd::accepted;
  w.clock.advance(10 * kMinute);
  EXPECT_EQ(run(*restarted), 2);
  EXPECT_TRUE(restarted->check());
}

TEST_P(MailDb, KilledBeforeTheEndIsSentAfterTheRestartOnce) {
  one_waits();
  server.dies = Server::Dies::before_end;
  EXPECT_THROW(run(*sender()), Killed);
  EXPECT_EQ(only().state, DeliveryState::sending);
  server.dies = Server::Dies::no;
  EXPECT_EQ(run(*sender()), 1);
  EXPECT_EQ(only().state, DeliveryState::sent);
  EXPECT_EQ(server.received.begin()->second, 1);
}

TEST_P(MailDb, KilledBehindTheEndIsNeverSentAgainByItself) {
  auto& w = world();
  for (auto const dies : {Server::Dies::after_end, Server::Dies::after_accepting}) {
    auto const id = one_waits();
    auto const before = server.received.size();
    server.dies = dies;
    EXPECT_THROW(run(*sender()), Killed);
    EXPECT_EQ(only().state, DeliveryState::ending);
    server.dies = Server::Dies::no;
    w.clock.advance(10 * kDay);
    EXPECT_EQ(run(*sender()), 0);
    EXPECT_EQ(only().state, DeliveryState::uncertain);
    EXPECT_EQ(server.received.size(), before + (dies == Server::Dies::after_accepting ? 1 : 0));
    // A person decides; who gets it twice sees by its Message-ID that it is the same.
    w.must([&](db::Tx& tx) { return w.notices.retry(tx, w.admin, id); });
    EXPECT_EQ(run(*sender()), 1);
    EXPECT_EQ(only().state, DeliveryState::sent);
    EXPECT_EQ(server.received.size(), before + 1);
  }
}

TEST_P(MailDb, WithoutAnAnswerIsUncertainAndCanBeGivenUp) {
  auto const id = one_waits();
  server.end = SmtpEnd::unknown;
  auto const mails = sender();
  EXPECT_EQ(run(*mails), 1);
  EXPECT_EQ(only().state, DeliveryState::uncertain);
  auto& w = world();
  EXPECT_EQ(w.must([&](db::Tx& tx) { return w.notices.give_up(tx, w.admin, id); }).state, DeliveryState::given_up);
}

TEST_P(MailDb, ToAnAddressThatNeedsMoreThanSmtpSaysSo) {
  auto& w = world();
  w.must([](db::Tx& tx) {
    return tx.run({"test_address", "UPDATE people SET email = 'jānis@example.org' WHERE name = 'Ada'"});
  });
  one_waits();
  EXPECT_EQ(run(*sender()), 1);
  EXPECT_EQ(only().state, DeliveryState::given_up);
  EXPECT_NE(only().answer.find("SMTPUTF8"), std::string::npos);
  EXPECT_EQ(server.asked, 0);
}

TEST_P(MailDb, ToWhoLeftMeanwhileIsGivenUp) {
  one_waits();
  world().must([](db::Tx& tx) { return tx.run({"test_leave", "UPDATE people SET active = 0 WHERE name = 'Ada'"}); });
  EXPECT_EQ(run(*sender()), 0);
  EXPECT_EQ(only().state, DeliveryState::given_up);
}

TEST_P(MailDb, WithASecretHoldsItUntilItIsSentAndNoLonger) {
  auto& w = world();
  auto const call = w.a_call();
  reviews::Invitation const invitation{w.id(),
                                       call,
                                       {},
                                       "new@example.org",
                                       reviews::InvitationState::open,
                                       {},
                                       Time{w.clock.now()},
                                       Time{w.clock.now() + kDay},
                                       {},
                                       "rvw_verysecret"};
  w.must([&](db::Tx& tx) -> Result<bool> {
    FABRICA_DO(w.notices.invited(tx, invitation));
    return true;
  });
  EXPECT_EQ(run(*sender()), 1);
  EXPECT_EQ(server.last.to, "new@example.org");
  EXPECT_NE(server.last.text.find("    rvw_verysecret\r\n"), std::string::npos) << server.last.text;
  EXPECT_EQ(server.last.text.find("secret\u241F"), std::string::npos);
  EXPECT_EQ(w.must([](db::Tx& tx) {
    return tx.one<std::int64_t>({"test_gone", "SELECT COUNT(*) FROM notice_deliveries WHERE sealed IS NOT NULL"});
  }),
            0);
}

// Each step of the database fails once; the program goes on, or is started again.
TEST_P(MailDb, IsNeitherLostNorSentTwiceWhereverTheDatabaseFails) {
  for (bool const restarts : {false, true}) {
    std::unique_ptr<World> w;
    std::unique_ptr<MailSender> mails;
    std::unique_ptr<db::FaultyDatabase> view;
    auto const faults = db::for_each_fault(
        [&] {
          mails.reset();
          w.reset();
          auto database = fresh();
          w = std::make_unique<World>(*database);
          w->say("dossier.issued", kDossier);
          w->turn();
          server = Server{};
          return database;
        },
        [&](db::Database& faulty) -> Result<> {
          mails = sender(*w, faulty);
          bool failed = false;
          for (int round = 0; round < 10; ++round) {
            auto const more = mails->turn();
            if (!more) {
              failed = true;
              if (restarts) mails = sender(*w, faulty);
            } else if (!*more) {
              break;
            }
          }
          if (failed) return fail(Errc::unavailable, "database", "A step failed.");
          return {};
        },
        [&](db::Database& healed, bool) {
          run(*sender(*w, healed));
          ASSERT_EQ(w->deliveries().size(), 2U);
          int uncertain = 0;
          for (auto const& one : w->deliveries()) {
            EXPECT_TRUE(one.state == DeliveryState::sent || one.state == DeliveryState::uncertain)
                << db::enum_name(one.state);
            uncertain += one.state == DeliveryState::uncertain ? 1 : 0;
          }
          int received = 0;
          for (auto const& [id, times] : server.received) {
            EXPECT_EQ(times, 1) << id;
            received += times;
          }
          EXPECT_GE(received + uncertain, 2);
          if (!restarts) {
            EXPECT_EQ(uncertain, 0);
          }
        });
    EXPECT_GT(faults, 10);
  }
}

class Receiver final : public HookTransport {
 public:
  Result<int> post(std::string const& url, http::Headers const& headers, std::string const& body) override {
    asked.push_back(url);
    if (dies) throw Killed{};
    if (unreachable.contains(url)) return fail(Errc::unavailable, "connection", "Nothing answers.");
    auto const status = statuses.contains(url) ? statuses[url] : 200;
    if (status == 200) {
      ids.emplace_back(headers.get("webhook-id"));
      signature = headers.get("webhook-signature");
      timestamp = headers.get("webhook-timestamp");
      last = body;
    }
    return status;
  }
  std::vector<std::string> asked;
  std::map<std::string, int> statuses;
  std::map<std::string, bool> unreachable;
  std::vector<std::string> ids;
  std::string signature, timestamp, last;
  bool dies = false;
};

class HooksDb : public testing::NoticesDb {
 protected:
  std::unique_ptr<HookSender> sender() { return std::make_unique<HookSender>(db(), world().notices, receiver); }
  static int run(HookSender& sender) {
    int sent = 0;
    for (;; ++sent) {
      auto const more = sender.turn();
      EXPECT_TRUE(more) << db::why(more);
      if (!more || !*more) return sent;
    }
  }
  Hook add(std::string const& url) {
    auto& w = world();
    return w.must([&](db::Tx& tx) { return w.notices.add_hook(tx, w.anna, {w.organisation, url, {}}); });
  }
  void something() {
    world().say("dossier.issued", kDossier);
    world().turn();
    // The mails of it are another sender's.
    world().must(
        [](db::Tx& tx) { return tx.run({"test_mails", "DELETE FROM notice_deliveries WHERE channel = 'mail'"}); });
  }
  Hook look(Hook const& hook) {
    auto& w = world();
    return w.must([&](db::Tx& tx) { return w.notices.hook(tx, w.anna, hook.id); });
  }
  Receiver receiver;
};
FABRICA_ON_BOTH(HooksDb);

constexpr auto kOne = "https://one.example/x";
constexpr auto kTwo = "https://two.example/x";

TEST_P(HooksDb, GetEachMessageSignedWithTheSecretThatWasShown) {
  auto const hook = add(kOne);
  something();
  auto const hooks = sender();
  EXPECT_EQ(run(*hooks), 1);
  EXPECT_EQ(run(*hooks), 0);
  ASSERT_EQ(receiver.ids.size(), 1U);
  auto const secret = Secrets::from(testing::kKey)->hook_secret(hook.id, 1);
  EXPECT_EQ(secret_text(secret), *hook.secret);
  EXPECT_EQ(receiver.signature, signatures({secret}, receiver.ids[0], std::stoll(receiver.timestamp), receiver.last));
  EXPECT_EQ(world().deliveries()[0].state, DeliveryState::sent);
  EXPECT_EQ(world().deliveries()[0].answer, "HTTP 200");
}

TEST_P(HooksDb, GetBothSignaturesForADayAfterTheSecretChanged) {
  auto const hook = add(kOne);
  auto& w = world();
  w.must([&](db::Tx& tx) { return w.notices.change_secret(tx, w.anna, hook.id); });
  something();
  auto const hooks = sender();
  run(*hooks);
  EXPECT_EQ(std::ranges::count(receiver.signature, ' '), 1);
  w.clock.advance(kDay);
  something();
  run(*hooks);
  EXPECT_EQ(std::ranges::count(receiver.signature, ' '), 0);
}

TEST_P(HooksDb, ThatCannotBeReachedHoldUpNoOther) {
  add(kOne);
  add(kTwo);
  for (int n = 0; n < 5; ++n) something();
  receiver.unreachable[kOne] = true;
  auto const hooks = sender();
  run(*hooks);
  EXPECT_EQ(receiver.ids.size(), 5U);
  EXPECT_EQ(std::ranges::count(receiver.asked, kOne), 1);
  receiver.unreachable.clear();
  world().clock.advance(kHour);
  run(*hooks);
  EXPECT_EQ(receiver.ids.size(), 10U);
  EXPECT_EQ(world().deliveries(DeliveryState::sent).size(), 10U);
}

TEST_P(HooksDb, ThatRefuseOneMessageAreAskedForTheNext) {
  add(kOne);
  for (int n = 0; n < 3; ++n) something();
  receiver.statuses[kOne] = 500;
  auto const hooks = sender();
  EXPECT_EQ(run(*hooks), 3);
  EXPECT_EQ(world().deliveries(DeliveryState::failed).size(), 3U);
  EXPECT_EQ(world().deliveries()[0].answer, "HTTP 500");
  receiver.statuses.clear();
  world().clock.advance(kHour);
  EXPECT_EQ(run(*hooks), 3);
}

TEST_P(HooksDb, ThatFailForDaysAreSwitchedOffAndWhoMadeThemHears) {
  auto const hook = add(kOne);
  receiver.statuses[kOne] = 302;  // a redirect is not followed
  auto const hooks = sender();
  for (int hour = 0; hour < 6 * 24 && look(hook).state == HookState::active; ++hour) {
    if (hour % 12 == 0) something();
    run(*hooks);
    world().clock.advance(kHour);
  }
  EXPECT_EQ(look(hook).state, HookState::disabled);
  EXPECT_TRUE(world().deliveries(DeliveryState::failed).empty());
  EXPECT_GT(world().deliveries(DeliveryState::given_up).size(), 0U);
  EXPECT_EQ(std::ranges::count(world().kinds(world().anna), "hook_disabled"), 1);
  EXPECT_EQ(std::ranges::count(world().kinds(world().otto), "hook_disabled"), 0);
  auto const before = receiver.asked.size();
  something();
  run(*hooks);
  EXPECT_EQ(receiver.asked.size(), before);
  auto& w = world();
  w.must([&](db::Tx& tx) { return w.notices.enable_hook(tx, w.anna, hook.id); });
  receiver.statuses.clear();
  something();
  EXPECT_EQ(run(*hooks), 1);
}

TEST_P(HooksDb, ThatSayTheyAreGoneAreSwitchedOffAtOnce) {
  auto const hook = add(kOne);
  something();
  receiver.statuses[kOne] = 410;
  run(*sender());
  EXPECT_EQ(look(hook).state, HookState::disabled);
}

TEST_P(HooksDb, AreSentAMessageAgainUnderTheSameIdAfterACrash) {
  add(kOne);
  something();
  receiver.dies = true;
  EXPECT_THROW(run(*sender()), Killed);
  EXPECT_EQ(world().deliveries()[0].state, DeliveryState::ending);
  receiver.dies = false;
  EXPECT_EQ(run(*sender()), 1);
  EXPECT_EQ(receiver.ids, std::vector<std::string>{"msg_" + world().deliveries()[0].id.text()});
  EXPECT_EQ(world().deliveries()[0].state, DeliveryState::sent);
}

}  // namespace
}  // namespace fabrica::notices
