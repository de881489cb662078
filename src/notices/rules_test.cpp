#include "notices/rules.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/time.hpp"
#include "db/db.hpp"
#include "notices/texts.hpp"

namespace fabrica::notices {
namespace {

TEST(Rules, KnowEveryKindOnceAndADecisionIsNeverForAnybodyElseThanTheProject) {
  std::set<std::string> names;
  for (auto const& rule : all_kinds()) {
    EXPECT_EQ(rule_of(rule.kind).kind, rule.kind);
    EXPECT_TRUE(names.insert(std::string{db::enum_name(rule.kind)}).second);
    if (rule.decision) {
      EXPECT_EQ(rule.audience, Audience::project) << db::enum_name(rule.kind);
    }
    // What concerns one person, or the office, is not for an organisation's web hook.
    if (rule.audience == Audience::reviewer) {
      EXPECT_FALSE(rule.hooks) << db::enum_name(rule.kind);
    }
  }
}

TEST(Rules, TellOfAStatementWhatItsBodySaysAndNothingOfUnknownOnes) {
  ASSERT_EQ(rules_for("proposal.submitted").size(), 1U);
  EXPECT_EQ(rules_for("proposal.submitted")[0]->kind, NoticeKind::proposal_received);
  auto const checked = rules_for("proposal.checked");
  ASSERT_EQ(checked.size(), 2U);
  EXPECT_EQ(checked[0]->value, "incomplete");
  EXPECT_EQ(checked[1]->kind, NoticeKind::decision_made);
  EXPECT_TRUE(rules_for("nobody.knows.this").empty());
  // What is found about a proposal before its round is published is nobody's to know.
  EXPECT_TRUE(rules_for("proposal.step_decided").empty());
  EXPECT_TRUE(rules_for("decision.drafted").empty());
  EXPECT_TRUE(rules_for("ranking.made").empty());
}

TEST(Preferences, CannotSwitchADecisionOff) {
  Preferences wish;
  wish.rules = {{"decision_made", How::in_product}};
  EXPECT_EQ(check(wish).error().reason, "decision_kind");
  EXPECT_EQ(how_for(NoticeKind::decision_made, wish, ""), How::at_once);
  wish.rules = {{"decision_made", How::at_once}};
  EXPECT_TRUE(check(wish));
}

TEST(Preferences, DecideHowAKindIsHeard) {
  Preferences wish;
  EXPECT_EQ(how_for(NoticeKind::proposal_received, wish, ""), How::at_once);
  EXPECT_EQ(how_for(NoticeKind::job_ended, wish, ""), How::digest);
  wish.rules = {{"proposal_received", How::digest}, {"job_ended", How::in_product}};
  ASSERT_TRUE(check(wish));
  EXPECT_EQ(how_for(NoticeKind::proposal_received, wish, ""), How::digest);
  EXPECT_EQ(how_for(NoticeKind::job_ended, wish, ""), How::in_product);
}

TEST(Preferences, MuteAProjectButNotItsDecisions) {
  SeededRandom random{1};
  auto const project = PublicId::make(1, random);
  Preferences wish;
  wish.muted = {project};
  EXPECT_EQ(how_for(NoticeKind::proposal_received, wish, project.text()), How::in_product);
  EXPECT_EQ(how_for(NoticeKind::proposal_received, wish, "another"), How::at_once);
  EXPECT_EQ(how_for(NoticeKind::decision_made, wish, project.text()), How::at_once);
}

TEST(Preferences, RefuseUnknownKindsAndZones) {
  Preferences wish;
  wish.rules = {{"everything", How::digest}};
  EXPECT_EQ(check(wish).error().reason, "preferences");
  wish.rules = {};
  wish.zone = "Mars/Olympus";
  EXPECT_EQ(check(wish).error().reason, "preferences");
}

Micros at(std::string_view text) { return *parse_time(text); }

TEST(NextDigest, IsTheNextTimeTheClocksShowTheHour) {
  auto const riga = *schedule::Zone::named("Europe/Riga");
  EXPECT_EQ(next_digest(at("2026-06-01T04:59:59Z"), 8, riga), at("2026-06-01T05:00:00Z"));
  EXPECT_EQ(next_digest(at("2026-06-01T05:00:00Z"), 8, riga), at("2026-06-02T05:00:00Z"));
  EXPECT_EQ(next_digest(at("2026-01-01T05:00:00Z"), 8, riga), at("2026-01-01T06:00:00Z"));
  EXPECT_EQ(next_digest(at("2026-06-01T22:30:00Z"), 0, riga), at("2026-06-02T21:00:00Z"));
}

// On 2026-03-29 Brussels has no hour 2; on 2026-10-25 it has two.
TEST(NextDigest, ComesOnceInEitherNightTheClocksAreSet) {
  auto const brussels = *schedule::Zone::named("Europe/Brussels");
  EXPECT_EQ(next_digest(at("2026-03-28T12:00:00Z"), 2, brussels), at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(next_digest(at("2026-03-29T01:00:00Z"), 2, brussels), at("2026-03-30T00:00:00Z"));
  EXPECT_EQ(next_digest(at("2026-10-24T12:00:00Z"), 2, brussels), at("2026-10-25T00:00:00Z"));
  EXPECT_EQ(next_digest(at("2026-10-25T00:00:00Z"), 2, brussels), at("2026-10-26T01:00:00Z"));
}

// Whatever the moment: later than now, within two days, and the clocks show the hour unless they skip it.
TEST(NextDigest, NeverLiesInThePast) {
  SeededRandom random{7};
  for (auto const* name : {"Europe/Brussels", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "UTC"}) {
    auto const zone = *schedule::Zone::named(name);
    for (int n = 0; n < 200; ++n) {
      auto const now = at("2026-01-01T00:00:00Z") + static_cast<Micros>(random.below(400 * 86'400)) * kSecond;
      auto const hour = static_cast<std::int64_t>(random.below(24));
      auto const next = next_digest(now, hour, zone);
      ASSERT_GT(next, now);
      ASSERT_LE(next, now + 2 * kDay);
      auto const shown = zone.wall_at(next).seconds / 3600 % 24;
      ASSERT_TRUE(shown == hour ||
                  zone.occurs({zone.wall_at(next).seconds / 86'400 * 86'400 + hour * 3600}) == schedule::Occurs::never);
    }
  }
}

TEST(BackOffRule, GrowsUpToItsMostAndNeverByMoreThanAQuarterOffIt) {
  SeededRandom random{3};
  BackOff const how{10 * kSecond, 3, kHour};
  Micros expected = how.first_us;
  std::set<Micros> seen;
  for (std::int64_t failures = 1; failures < 100; ++failures) {
    for (int n = 0; n < 20; ++n) {
      auto const wait = wait_after(failures, how, random);
      seen.insert(wait);
      ASSERT_GE(wait, expected - expected / 4) << failures;
      ASSERT_LE(wait, expected + expected / 4 + 1) << failures;
    }
    expected = std::min(expected * 3, how.most_us);
  }
  EXPECT_GT(seen.size(), 1000U);  // by chance, not all at the same moment
}

TEST(Delivery, MovesOnlyAlongItsTable) {
  EXPECT_EQ(next(DeliveryState::pending, DeliveryEvent::begin), DeliveryState::sending);
  EXPECT_FALSE(next(DeliveryState::pending, DeliveryEvent::accept));
  EXPECT_FALSE(next(DeliveryState::given_up, DeliveryEvent::begin));
  EXPECT_EQ(next(DeliveryState::uncertain, DeliveryEvent::retry), DeliveryState::pending);
}

}  // namespace
}  // namespace fabrica::notices
