#pragma once

#include <array>
#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/id.hpp"
#include "base/steps.hpp"
#include "base/time.hpp"
#include "json/json.hpp"

namespace fabrica::notices {

// What a notice is about. rules.hpp says of each who hears of it and how; texts.hpp what it says.
enum class NoticeKind : std::uint8_t {
  // To the people of the applying project.
  proposal_received,
  proposal_incomplete,
  proposal_recalled,
  proposal_withdrawn,
  draft_moved,
  draft_ended,
  evaluation_begun,
  rebuttal_opened,
  decision_made,
  award_made,
  offer_due_soon,
  offer_overdue,
  offer_ended,
  appeal_received,
  appeal_ruled,
  proposal_reopened,
  award_begun,
  award_unused,
  award_ended,
  request_decided,
  report_overdue,
  report_returned,
  report_accepted,
  acknowledgement_due,
  job_ended,
  job_failed,
  dossier_ready,
  // To reviewers.
  review_invitation,
  invitation_closed,
  review_assigned,
  review_due_moved,
  review_due_soon,
  review_overdue,
  assignment_taken_off,
  // To the access office, operators, administrators.
  appeal_filed,
  offer_answered,
  invitation_answered,
  assignment_declined,
  round_cut_off,
  round_published,
  step_overdue,
  steps_long_overdue,
  reviews_overdue,
  capacity_changed,
  request_made,
  report_received,
  hook_disabled,
};
BOOST_DESCRIBE_ENUM(NoticeKind, proposal_received, proposal_incomplete, proposal_recalled, proposal_withdrawn,
                    draft_moved, draft_ended, evaluation_begun, rebuttal_opened, decision_made, award_made,
                    offer_due_soon, offer_overdue, offer_ended, appeal_received, appeal_ruled, proposal_reopened,
                    award_begun, award_unused, award_ended, request_decided, report_overdue, report_returned,
                    report_accepted, acknowledgement_due, job_ended, job_failed, dossier_ready, review_invitation,
                    invitation_closed, review_assigned, review_due_moved, review_due_soon, review_overdue,
                    assignment_taken_off, appeal_filed, offer_answered, invitation_answered, assignment_declined,
                    round_cut_off, round_published, step_overdue, steps_long_overdue, reviews_overdue, capacity_changed,
                    request_made, report_received, hook_disabled)

// How a person hears of it, besides the list every notice is in.
enum class How : std::uint8_t { at_once, digest, in_product };
BOOST_DESCRIBE_ENUM(How, at_once, digest, in_product)

struct Notice {
  PublicId id;
  NoticeKind kind{};
  bool decision = false;
  std::string project;  // empty: of no project
  std::string subject;
  std::string text;
  std::string path;  // where more is, below the public address
  Time created;
  std::optional<Time> read;
};
BOOST_DESCRIBE_STRUCT(Notice, (), (id, kind, decision, project, subject, text, path, created, read))

struct Unread {
  std::int64_t unread = 0;
};
BOOST_DESCRIBE_STRUCT(Unread, (), (unread))

// What a person wants. A kind that is not in `rules` keeps its default; a project in `muted` sends no mail. Decisions
// come by mail whatever is said here.
struct Preferences {
  std::string zone = "UTC";
  std::int64_t digest_hour = 8;
  std::map<std::string, How> rules{};
  std::vector<PublicId> muted{};

  static constexpr std::array<std::string_view, 4> kMayBeAbsent{"zone", "digest_hour", "rules", "muted"};
  static constexpr auto limits() {
    using P = Preferences;
    return std::tuple{json::length(&P::zone, 1, 64), json::range(&P::digest_hour, 0, 23),
                      json::items(&P::rules, 0, 100), json::items(&P::muted, 0, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(Preferences, (), (zone, digest_hour, rules, muted))

// A kind as a page of settings shows it.
struct KindShown {
  NoticeKind kind{};
  std::string about;
  How how{};
  How fallback{};
  bool decision = false;
};
BOOST_DESCRIBE_STRUCT(KindShown, (), (kind, about, how, fallback, decision))

struct PreferencesShown {
  Preferences preferences;
  bool mail = false;  // whether this factory sends any
  std::vector<KindShown> kinds;
};
BOOST_DESCRIBE_STRUCT(PreferencesShown, (), (preferences, mail, kinds))

enum class Channel : std::uint8_t { mail, hook };
BOOST_DESCRIBE_ENUM(Channel, mail, hook)

enum class DeliveryState : std::uint8_t {
  pending,
  sending,    // an attempt has begun; the other side cannot have accepted it
  ending,     // the other side may have accepted it: asked before it was told, answered after
  sent,       // the other side said so
  failed,     // to be tried again
  given_up,   // refused for good, or tried for too long
  uncertain,  // it may have been accepted and nobody can tell: a person decides
};
BOOST_DESCRIBE_ENUM(DeliveryState, pending, sending, ending, sent, failed, given_up, uncertain)

enum class DeliveryEvent : std::uint8_t { begin, end, accept, fail, give_up, lose, retry };

using DeliveryStep = StateStep<DeliveryState, DeliveryEvent>;
inline constexpr std::array kDeliverySteps{
    DeliveryStep{DeliveryState::pending, DeliveryEvent::begin, DeliveryState::sending},
    DeliveryStep{DeliveryState::failed, DeliveryEvent::begin, DeliveryState::sending},
    DeliveryStep{DeliveryState::pending, DeliveryEvent::give_up, DeliveryState::given_up},
    DeliveryStep{DeliveryState::failed, DeliveryEvent::give_up, DeliveryState::given_up},
    DeliveryStep{DeliveryState::sending, DeliveryEvent::end, DeliveryState::ending},
    DeliveryStep{DeliveryState::sending, DeliveryEvent::fail, DeliveryState::failed},
    DeliveryStep{DeliveryState::sending, DeliveryEvent::give_up, DeliveryState::given_up},
    DeliveryStep{DeliveryState::ending, DeliveryEvent::accept, DeliveryState::sent},
    DeliveryStep{DeliveryState::ending, DeliveryEvent::fail, DeliveryState::failed},
    DeliveryStep{DeliveryState::ending, DeliveryEvent::give_up, DeliveryState::given_up},
    DeliveryStep{DeliveryState::ending, DeliveryEvent::lose, DeliveryState::uncertain},
    // By hand.
    DeliveryStep{DeliveryState::given_up, DeliveryEvent::retry, DeliveryState::pending},
    DeliveryStep{DeliveryState::uncertain, DeliveryEvent::retry, DeliveryState::pending},
    DeliveryStep{DeliveryState::failed, DeliveryEvent::retry, DeliveryState::pending},
    DeliveryStep{DeliveryState::uncertain, DeliveryEvent::give_up, DeliveryState::given_up},
};
constexpr std::optional<DeliveryState> next(DeliveryState from, DeliveryEvent on) {
  return fabrica::next(kDeliverySteps, from, on);
}
static_assert(!next(DeliveryState::sent, DeliveryEvent::retry), "what was accepted is never sent again");
static_assert(!next(DeliveryState::uncertain, DeliveryEvent::begin), "nor, by itself, what may have been");
static_assert(!next(DeliveryState::sending, DeliveryEvent::accept), "nothing is accepted before `ending` is on disk");

// What an operator sees of a hand-over. Never its text.
struct Delivery {
  PublicId id;
  Channel channel{};
  std::string kind;
  std::optional<PublicId> person;
  std::string address;  // of who is not known here, or the web hook's
  DeliveryState state{};
  std::int64_t attempts = 0;
  Time due;
  Time created;
  std::optional<Time> ended;
  std::string answer;  // what the other side said last
};
BOOST_DESCRIBE_STRUCT(Delivery, (), (id, channel, kind, person, address, state, attempts, due, created, ended, answer))

enum class HookState : std::uint8_t { active, disabled, removed };
BOOST_DESCRIBE_ENUM(HookState, active, disabled, removed)

struct HookDraft {
  std::optional<PublicId> organisation{};  // absent: the whole factory
  std::string url{};
  std::vector<NoticeKind> kinds{};  // empty: all that web hooks can have

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"kinds"};
  static constexpr auto limits() {
    return std::tuple{json::length(&HookDraft::url, 1, 2000), json::items(&HookDraft::kinds, 0, 100)};
  }
};
BOOST_DESCRIBE_STRUCT(HookDraft, (), (organisation, url, kinds))

struct Hook {
  PublicId id;
  std::optional<PublicId> organisation;
  std::string url;
  std::vector<NoticeKind> kinds;
  HookState state{};
  Time created;
  std::optional<Time> failing_since;
  std::string trouble;
  std::optional<std::string> secret;  // shown once
};
BOOST_DESCRIBE_STRUCT(Hook, (), (id, organisation, url, kinds, state, created, failing_since, trouble, secret))

}  // namespace fabrica::notices
