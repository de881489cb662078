#include "notices/texts.hpp"

#include <gtest/gtest.h>

#include "db/db.hpp"
#include "notices/hooks.hpp"
#include "notices/rules.hpp"
#include "notices/secrets.hpp"

namespace fabrica::notices {
namespace {

Words every_word() {
  Words out;
  for (auto const* name :
       {"project",      "call",         "round",   "proposal", "outcome",  "amount",     "partition",      "due",
        "starts",       "ends",         "reason",  "left",     "job",      "count",      "step",           "evaluated",
        "drafts_moved", "drafts_ended", "awarded", "reserve",  "rejected", "from_units", "to_units",       "url",
        "at",           "token",        "what",    "note",     "forecast", "report_due", "acknowledgement"})
    out[name] = std::string{"<"} + name + ">";
  return out;
}

TEST(Texts, OfEveryKindAreCompleteAndNameOnlyWordsThereAre) {
  auto const words = every_word();
  for (auto const& rule : all_kinds()) {
    for (auto const* variant : {"", "offered", "awarded", "reserve", "rejected", "upheld", "dismissed", "token",
                                "behind", "idle", "granted", "refused", "no report"}) {
      auto const text = text_of(Language::english, rule.kind, variant, words);
      auto const empty = text_of(Language::english, rule.kind, variant, {});
      EXPECT_FALSE(text.subject.empty());
      EXPECT_FALSE(text.body.empty());
      EXPECT_EQ(text.subject.find('\n'), std::string::npos);
      EXPECT_EQ((text.subject + text.body).find_first_of("{}"), std::string::npos) << text.body;
      // Each brace became a word of the list above: none was left out in silence.
      std::size_t shown = 0;
      for (char const c : text.subject + text.body) shown += c == '<' ? 1U : 0U;
      std::size_t bare = 0;
      for (char const c : empty.subject + empty.body) bare += c == '<' ? 1U : 0U;
      EXPECT_EQ(bare, 0U);
      EXPECT_GE(text.body.size() + text.subject.size(), empty.body.size() + empty.subject.size() + shown);
    }
    EXPECT_FALSE(about(Language::english, rule.kind).empty());
  }
}

TEST(Texts, SayEachOutcomeOfADecisionInItsOwnWords) {
  Words const words{{"project", "Speech"}, {"call", "Fast"}, {"amount", "20 node-hours"}, {"partition", "lumi/gpu"}};
  auto const offered = text_of(Language::english, NoticeKind::decision_made, "offered", words);
  EXPECT_EQ(offered.subject, "Decision on Speech: hours are offered to you");
  EXPECT_NE(offered.body.find("20 node-hours on lumi/gpu are offered"), std::string::npos);
  EXPECT_EQ(text_of(Language::english, NoticeKind::decision_made, "rejected", words).subject, "Decision on Speech");
}

TEST(Texts, DoNotReadBracesInWhatPeopleWrote) {
  Words const words{{"project", "{call}{{"}, {"call", "Fast"}};
  EXPECT_EQ(text_of(Language::english, NoticeKind::proposal_withdrawn, "", words).subject,
            "Withdrawn: your proposal for {call}{{");
}

TEST(Quoted, LeavesNothingThatCouldForgeALineOrTurnTheTextAround) {
  EXPECT_EQ(quoted("a\r\nBcc: x@y\tz\x01\x7F"), "a Bcc: x@y z");
  EXPECT_EQ(quoted("safe\u202Eexe.pdf\u2066"), "safeexe.pdf");
  EXPECT_EQ(quoted("  lots   of\n\nroom "), "lots of room");
  EXPECT_EQ(quoted("\xC3\x28"), "\uFFFD(");
  EXPECT_EQ(quoted(""), "");
}

TEST(Quoted, IsolatesWhatRunsRightToLeftAndKeepsCombiningMarks) {
  EXPECT_EQ(quoted("محمد علي"), "\u2068محمد علي\u2069");
  EXPECT_EQ(quoted("שלום"), "\u2068שלום\u2069");
  EXPECT_EQ(quoted("Jānis Ozols"), "Jānis Ozols");
  EXPECT_EQ(quoted("n\u0303"), "n\u0303");
}

TEST(Quoted, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(quoted("äöü", 2), "äö…");
  EXPECT_EQ(quoted("äöü", 3), "äöü");
  EXPECT_EQ(quoted("محمد", 2), "\u2068مح…\u2069");
}

TEST(Paragraph, KeepsItsLines) { EXPECT_EQ(paragraph("one\n two\r\n\nthree"), "one\ntwo\n\nthree"); }

TEST(Digest, ListsWhatThereIsAndSaysHowMuchMore) {
  auto const text = digest_text(Language::english, "Fab", {{"One", "/a"}, {"Two", ""}}, 3, "https://f.example");
  EXPECT_EQ(text.subject, "5 notices from Fab");
  EXPECT_EQ(text.body, "- One\n  https://f.example/a\n- Two\n\nAnd 3 more in your list of notices.");
  EXPECT_EQ(digest_text(Language::english, "Fab", {{"One", "/a"}}, 0, "").subject, "1 notice from Fab");
  EXPECT_EQ(digest_text(Language::english, "Fab", {{"One", "/a"}}, 0, "").body, "- One");
}

constexpr auto kKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

// Computed with Python's hmac over the same key.
TEST(UnsubscribeToken, IsTheOneTheKeyGivesAndNoOtherIsTaken) {
  auto const secrets = *Secrets::from(kKey);
  auto const person = *PublicId::parse("01890a5d-ac96-774b-bcce-b302099a8057");
  auto const token = secrets.unsubscribe_token(person, NoticeKind::job_ended);
  EXPECT_EQ(token, "01890a5d-ac96-774b-bcce-b302099a8057.job_ended.iRZP5oGNq4qaQFbKiqdR3g");
  auto const read = secrets.read_unsubscribe(token);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->first, person);
  EXPECT_EQ(read->second, NoticeKind::job_ended);
  for (std::size_t at = 0; at < token.size(); ++at) {
    auto changed = token;
    changed[at] = changed[at] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(secrets.read_unsubscribe(changed)) << changed;
    EXPECT_FALSE(secrets.read_unsubscribe(token.substr(0, at)));
  }
  EXPECT_FALSE(secrets.read_unsubscribe(token + "A"));
}

TEST(Secrets, WantA256BitKey) {
  EXPECT_EQ(Secrets::from("00").error().reason, "notices_key");
  EXPECT_EQ(Secrets::from("hello").error().reason, "notices_key");
}

// Computed with Python's hmac and base64; the secret is that of the specification's example.
TEST(HookSignature, IsThatOfStandardWebhooks) {
  Bytes const secret{0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x6,  0x29, 0x8a, 0xab, 0x4f, 0x8,  0xd4,
                     0x3c, 0x3f, 0x8,  0x2c, 0xf6, 0x48, 0xa3, 0x62, 0xda, 0x2d, 0xa4, 0xb0};
  EXPECT_EQ(secret_text(secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EXPECT_EQ(signatures({secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  Bytes const other(32, 9);
  auto const both = signatures({other, secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})");
  EXPECT_EQ(both, "v1,jca9HbGjtqF4HqHSqNiEZglBTVeDZnPfXNAT6Idkhlw= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(HookSecret, DiffersByHookAndVersion) {
  auto const secrets = *Secrets::from(kKey);
  SeededRandom random{1};
  auto const one = PublicId::make(1, random);
  auto const two = PublicId::make(1, random);
  EXPECT_EQ(secrets.hook_secret(one, 1), secrets.hook_secret(one, 1));
  EXPECT_NE(secrets.hook_secret(one, 1), secrets.hook_secret(one, 2));
  EXPECT_NE(secrets.hook_secret(one, 1), secrets.hook_secret(two, 1));
  EXPECT_NE(secrets.hook_secret(one, 1), secrets.sealing_key());
}

TEST(HookUrl, IsHttpsAndNothingThatFools) {
  EXPECT_TRUE(check_hook_url("https://hooks.example.org/fabrica?x=1", false));
  EXPECT_TRUE(check_hook_url("http://127.0.0.1:9/x", true));
  for (auto const* wrong :
       {"http://hooks.example.org/", "ftp://x/", "https://", "https:///x", "https://:80/", "https://a@b/",
        "https://a:b@c/", "https://x/#y", "https://x/ y", "https://x\r\nHost: y", "https://x\\@y",
        "https://bücher.example/", "file:///etc/passwd", "", "javascript:alert(1)"})
    EXPECT_EQ(check_hook_url(wrong, false).error().reason, "url") << wrong;
  EXPECT_FALSE(check_hook_url("https://x/" + std::string(2000, 'a'), false));
}

}  // namespace
}  // namespace fabrica::notices
