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
#include "forms/render.hpp"
#include "json/json.hpp"
#include "matching/affinity.hpp"
#include "matching/ranking.hpp"
#include "reviews/chance.hpp"

namespace fabrica::reviews {

// Somebody by name, and by ORCID where it is known.
struct NamedPerson {
  std::string name{};
  std::optional<std::string> orcid{};

  static constexpr auto limits() { return std::tuple{json::length(&NamedPerson::name, 1, 200)}; }
};
BOOST_DESCRIBE_STRUCT(NamedPerson, (), (name, orcid))

struct Affiliation {
  std::string name{};
  std::optional<PublicId> organisation{};  // where the factory knows it
  std::optional<Time> until{};             // absent: still so

  static constexpr auto limits() { return std::tuple{json::length(&Affiliation::name, 1, 200)}; }
};
BOOST_DESCRIBE_STRUCT(Affiliation, (), (name, organisation, until))

struct Publication {
  std::string title{};
  std::int64_t year = 0;
  std::vector<NamedPerson> authors{};  // the reviewer may be among them

  static constexpr auto limits() {
    return std::tuple{json::length(&Publication::title, 1, 500), json::range(&Publication::year, 1900, 2200),
                      json::items(&Publication::authors, 0, 100)};
  }
};
BOOST_DESCRIBE_STRUCT(Publication, (), (title, year, authors))

// What a reviewer says of themselves, in any language.
struct ProfileDraft {
  std::optional<std::string> orcid{};
  std::string country{};                 // where they work: two capital letters
  std::vector<std::string> keywords{};   // of their expertise
  std::vector<std::string> languages{};  // ISO 639: two or three small letters
  std::string expertise{};
  std::vector<Affiliation> affiliations{};
  std::vector<Publication> publications{};
  std::int64_t load_max = 5;  // reviews in a round
  std::optional<Time> available_from{};
  std::optional<Time> available_until{};

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"expertise", "publications"};
  static constexpr auto limits() {
    using P = ProfileDraft;
    return std::tuple{json::items(&P::keywords, 1, 100),    json::length(&P::keywords, 1, 50),
                      json::items(&P::languages, 1, 20),    json::length(&P::expertise, 0, 8000),
                      json::items(&P::affiliations, 0, 50), json::items(&P::publications, 0, 500),
                      json::range(&P::load_max, 0, 100)};
  }
};
BOOST_DESCRIBE_STRUCT(ProfileDraft, (),
                      (orcid, country, keywords, languages, expertise, affiliations, publications, load_max,
                       available_from, available_until))

struct Profile {
  PublicId person;
  std::string name;
  ProfileDraft profile;
  Time saved;
};
BOOST_DESCRIBE_STRUCT(Profile, (), (person, name, profile, saved))

// How a call reviews, besides its published rules. A round keeps what it began with.
struct Settings {
  std::int64_t recent_years = 3;     // an organisation left longer ago is no conflict
  std::int64_t coauthor_years = 3;   // nor is an older publication
  bool same_country = false;         // is a reviewer of the applicant's country in conflict?
  bool one_per_organisation = true;  // reviewers of one proposal come from different organisations
  bool one_per_country = false;
  std::int64_t text_characters_min = 50;  // of each criterion's text
  bool rebuttal = false;                  // may no panel decide before the applicants could answer?
  std::int64_t rebuttal_days = 7;
  bool bids = false;                     // may the pool see a round's proposals and say what it would review?
  std::optional<Randomise> randomise{};  // absent: the best assignment

  static constexpr std::array<std::string_view, 9> kMayBeAbsent{"recent_years",
                                                                "coauthor_years",
                                                                "same_country",
                                                                "one_per_organisation",
                                                                "one_per_country",
                                                                "text_characters_min",
                                                                "rebuttal",
                                                                "rebuttal_days",
                                                                "bids"};
  static constexpr auto limits() {
    using S = Settings;
    return std::tuple{json::range(&S::recent_years, 0, 50), json::range(&S::coauthor_years, 0, 50),
                      json::range(&S::text_characters_min, 0, 2000), json::range(&S::rebuttal_days, 1, 90)};
  }
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (recent_years, coauthor_years, same_country, one_per_organisation, one_per_country,
                       text_characters_min, rebuttal, rebuttal_days, bids, randomise))

enum class InvitationState : std::uint8_t { open, accepted, refused, expired, withdrawn };
BOOST_DESCRIBE_ENUM(InvitationState, open, accepted, refused, expired, withdrawn)

// To a person who is known here, or to an address: whoever holds the token answers then.
struct InvitationDraft {
  std::optional<PublicId> person{};
  std::optional<std::string> email{};
  std::int64_t days = 7;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"days"};
  static constexpr auto limits() {
    return std::tuple{json::length(&InvitationDraft::email, 3, 254), json::range(&InvitationDraft::days, 1, 90)};
  }
};
BOOST_DESCRIBE_STRUCT(InvitationDraft, (), (person, email, days))

struct Invitation {
  PublicId id;
  PublicId call;
  std::optional<PublicId> person;
  std::string email;
  InvitationState state{};
  std::string reason;
  Time created;
  Time expires;
  std::optional<Time> answered;
  std::optional<std::string> token;  // shown once
};
BOOST_DESCRIBE_STRUCT(Invitation, (), (id, call, person, email, state, reason, created, expires, answered, token))

// What somebody invited sees before they answer: the call, never its proposals.
struct InvitationShown {
  PublicId call;
  std::string title;
  std::string summary;
  InvitationState state{};
  Time expires;
};
BOOST_DESCRIBE_STRUCT(InvitationShown, (), (call, title, summary, state, expires))

struct Token {
  std::string token;
  static constexpr auto limits() { return std::tuple{json::length(&Token::token, 1, 100)}; }
};
BOOST_DESCRIBE_STRUCT(Token, (), (token))

struct InvitationAnswer {
  std::string token;
  bool accept = false;
  std::string reason{};

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"reason"};
  static constexpr auto limits() {
    return std::tuple{json::length(&InvitationAnswer::token, 1, 100), json::length(&InvitationAnswer::reason, 0, 2000)};
  }
};
BOOST_DESCRIBE_STRUCT(InvitationAnswer, (), (token, accept, reason))

struct PoolMember {
  PublicId person;
  std::string name;
  Time joined;
  bool has_profile = false;  // who has none cannot be assigned
  bool available = false;
  std::int64_t load_max = 0;
};
BOOST_DESCRIBE_STRUCT(PoolMember, (), (person, name, joined, has_profile, available, load_max))

enum class ConflictKind : std::uint8_t {
  same_organisation,
  recent_organisation,
  project_member,
  co_author,
  excluded_by_applicant,
  same_country,
  declared,  // by the reviewer
};
BOOST_DESCRIBE_ENUM(ConflictKind, same_organisation, recent_organisation, project_member, co_author,
                    excluded_by_applicant, same_country, declared)

// gone: what showed it is no longer there. A waiver holds for the evidence it was given for.
enum class ConflictState : std::uint8_t { standing, waived, gone };
BOOST_DESCRIBE_ENUM(ConflictState, standing, waived, gone)

struct Conflict {
  PublicId id;
  PublicId proposal;
  PublicId reviewer;
  ConflictKind kind{};
  ConflictState state{};
  std::string evidence;
  Time found;
  std::string waive_reason;
};
BOOST_DESCRIBE_STRUCT(Conflict, (), (id, proposal, reviewer, kind, state, evidence, found, waive_reason))

struct Reason {
  std::string reason;
  static constexpr auto limits() { return std::tuple{json::length(&Reason::reason, 1, 4000)}; }
};
BOOST_DESCRIBE_STRUCT(Reason, (), (reason))

enum class AssignmentState : std::uint8_t {
  proposed,  // by the solver; nobody was asked
  sent,      // the reviewer is asked
  accepted,
  declined,    // by the reviewer
  withdrawn,   // by the reviewer, after accepting
  conflicted,  // taken off by a conflict
  removed,     // the reviewer left the pool
};
BOOST_DESCRIBE_ENUM(AssignmentState, proposed, sent, accepted, declined, withdrawn, conflicted, removed)

enum class AssignmentEvent : std::uint8_t { propose, send, accept, decline, withdraw, conflict, remove };

using AssignmentStep = StateStep<AssignmentState, AssignmentEvent>;
inline constexpr std::array kAssignmentSteps{
    AssignmentStep{AssignmentState::proposed, AssignmentEvent::send, AssignmentState::sent},
    AssignmentStep{AssignmentState::proposed, AssignmentEvent::conflict, AssignmentState::conflicted},
    AssignmentStep{AssignmentState::proposed, AssignmentEvent::remove, AssignmentState::removed},
    AssignmentStep{AssignmentState::sent, AssignmentEvent::accept, AssignmentState::accepted},
    AssignmentStep{AssignmentState::sent, AssignmentEvent::decline, AssignmentState::declined},
    AssignmentStep{AssignmentState::sent, AssignmentEvent::conflict, AssignmentState::conflicted},
    AssignmentStep{AssignmentState::sent, AssignmentEvent::remove, AssignmentState::removed},
    AssignmentStep{AssignmentState::accepted, AssignmentEvent::withdraw, AssignmentState::withdrawn},
    AssignmentStep{AssignmentState::accepted, AssignmentEvent::conflict, AssignmentState::conflicted},
    AssignmentStep{AssignmentState::accepted, AssignmentEvent::remove, AssignmentState::removed},
    // A conflict was waived, or the reviewer is in the pool again.
    AssignmentStep{AssignmentState::conflicted, AssignmentEvent::propose, AssignmentState::proposed},
    AssignmentStep{AssignmentState::removed, AssignmentEvent::propose, AssignmentState::proposed},
};
constexpr std::optional<AssignmentState> next(AssignmentState from, AssignmentEvent on) {
  return fabrica::next(kAssignmentSteps, from, on);
}
static_assert(!next(AssignmentState::declined, AssignmentEvent::propose), "who declined is not asked again");
static_assert(!next(AssignmentState::withdrawn, AssignmentEvent::propose), "nor who withdrew");
static_assert(!next(AssignmentState::proposed, AssignmentEvent::accept), "nobody accepts what was not sent");

// Asked, or at work.
constexpr bool is_active(AssignmentState state) {
  return state == AssignmentState::sent || state == AssignmentState::accepted;
}

struct AssignedPair {
  PublicId id;
  PublicId proposal;
  PublicId reviewer;
  std::string reviewer_name;
  std::int64_t affinity_millionths = 0;
  AssignmentState state{};
  std::string reason;
  bool review_submitted = false;
};
BOOST_DESCRIBE_STRUCT(AssignedPair, (),
                      (id, proposal, reviewer, reviewer_name, affinity_millionths, state, reason, review_submitted))

// A proposal that lacks reviewers, and why.
struct Short {
  PublicId proposal;
  std::int64_t missing = 0;
  std::int64_t candidates = 0;
  std::int64_t excluded = 0;  // candidates that conflicts took away
};
BOOST_DESCRIBE_STRUCT(Short, (), (proposal, missing, candidates, excluded))

// What the last solution says of itself.
struct Report {
  std::int64_t total_millionths = 0;
  std::int64_t missing_reviews = 0;
  std::vector<Short> shortfalls;
  std::vector<matching::RecruitHint> recruit;
};
BOOST_DESCRIBE_STRUCT(Report, (), (total_millionths, missing_reviews, shortfalls, recruit))

struct Assignment {
  PublicId round;
  PublicId call;
  std::optional<Time> sent;
  std::optional<Time> due;
  std::string certificate_sha256;
  Report report;
  std::vector<AssignedPair> pairs;
};
BOOST_DESCRIBE_STRUCT(Assignment, (), (round, call, sent, due, certificate_sha256, report, pairs))

// A reviewer for a proposal, with what speaks for and against.
struct MatrixLine {
  PublicId reviewer;
  std::string name;
  matching::AffinityReasons affinity;
  bool available = false;
  std::vector<Conflict> conflicts;
  std::optional<AssignmentState> state;
  std::optional<BidKind> bid{};
};
BOOST_DESCRIBE_STRUCT(MatrixLine, (), (reviewer, name, affinity, available, conflicts, state, bid))

struct Due {
  Time due;
};
BOOST_DESCRIBE_STRUCT(Due, (), (due))

struct Extension {
  Time due;
  std::string reason;
  static constexpr auto limits() { return std::tuple{json::length(&Extension::reason, 1, 4000)}; }
};
BOOST_DESCRIBE_STRUCT(Extension, (), (due, reason))

// A reviewer's answer to being asked. A conflict they know of declines it and is kept.
struct AssignmentAnswer {
  bool accept = false;
  std::string reason{};
  std::optional<std::string> conflict{};

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"reason"};
  static constexpr auto limits() {
    return std::tuple{json::length(&AssignmentAnswer::reason, 0, 2000),
                      json::length(&AssignmentAnswer::conflict, 1, 2000)};
  }
};
BOOST_DESCRIBE_STRUCT(AssignmentAnswer, (), (accept, reason, conflict))

// By criterion. A draft may be incomplete.
struct ReviewDraft {
  std::map<std::string, std::int64_t> scores_milli{};
  std::map<std::string, std::string> texts{};
  std::string confidential{};  // for the access office alone

  static constexpr std::array<std::string_view, 3> kMayBeAbsent{"scores_milli", "texts", "confidential"};
  static constexpr auto limits() {
    return std::tuple{json::items(&ReviewDraft::scores_milli, 0, 50), json::items(&ReviewDraft::texts, 0, 50),
                      json::length(&ReviewDraft::confidential, 0, 8000)};
  }
};
BOOST_DESCRIBE_STRUCT(ReviewDraft, (), (scores_milli, texts, confidential))

struct Review {
  PublicId id;
  PublicId assignment;
  PublicId proposal;
  PublicId reviewer;
  ReviewDraft content;
  Time saved;
  std::optional<Time> submitted;
  std::string marked;  // why it is in doubt: its reviewer withdrew, or has a conflict
  bool counts = true;
  std::string counts_reason;
};
BOOST_DESCRIBE_STRUCT(Review, (),
                      (id, assignment, proposal, reviewer, content, saved, submitted, marked, counts, counts_reason))

// A review as who may not know its writer reads it.
struct OtherReview {
  std::map<std::string, std::int64_t> scores_milli;
  std::map<std::string, std::string> texts;
};
BOOST_DESCRIBE_STRUCT(OtherReview, (), (scores_milli, texts))

// A line of a reviewer's list.
struct TaskLine {
  PublicId id;  // of the assignment
  PublicId call;
  std::string call_title;
  AssignmentState state{};
  std::optional<Time> due;
  bool submitted = false;
};
BOOST_DESCRIBE_STRUCT(TaskLine, (), (id, call, call_title, state, due, submitted))

// All a reviewer needs for one review. Before accepting, the sheet has only what is public.
struct Task {
  TaskLine line;
  bool blind = false;
  std::vector<matching::RankCriterion> criteria;
  std::int64_t text_characters_min = 0;
  forms::Sheet sheet;
  std::optional<Review> review;
  std::vector<OtherReview> others;  // once their own is sent
};
BOOST_DESCRIBE_STRUCT(Task, (), (line, blind, criteria, text_characters_min, sheet, review, others))

struct Counting {
  bool counts = false;
  std::string reason;
  static constexpr auto limits() { return std::tuple{json::length(&Counting::reason, 1, 4000)}; }
};
BOOST_DESCRIBE_STRUCT(Counting, (), (counts, reason))

struct CloseExpert {
  std::string reason;
  std::vector<std::string> confirmed{};

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"confirmed"};
  static constexpr auto limits() {
    return std::tuple{json::length(&CloseExpert::reason, 1, 4000), json::items(&CloseExpert::confirmed, 0, 50)};
  }
};
BOOST_DESCRIBE_STRUCT(CloseExpert, (), (reason, confirmed))

// A proposal that stays in the expert step, and why.
struct StaysOpen {
  PublicId proposal;
  std::int64_t reviews = 0;
  std::int64_t quorum = 0;
  std::string why;
};
BOOST_DESCRIBE_STRUCT(StaysOpen, (), (proposal, reviews, quorum, why))

struct ExpertClosed {
  std::vector<PublicId> passed;
  std::vector<StaysOpen> open;
};
BOOST_DESCRIBE_STRUCT(ExpertClosed, (), (passed, open))

struct Note {
  std::string note;
  static constexpr auto limits() { return std::tuple{json::length(&Note::note, 1, 20000)}; }
};
BOOST_DESCRIBE_STRUCT(Note, (), (note))

struct Consensus {
  PublicId proposal;
  std::string note;
  Time saved;
};
BOOST_DESCRIBE_STRUCT(Consensus, (), (proposal, note, saved))

struct RebuttalAnswer {
  std::string answer;
  static constexpr auto limits() { return std::tuple{json::length(&RebuttalAnswer::answer, 1, 8000)}; }
};
BOOST_DESCRIBE_STRUCT(RebuttalAnswer, (), (answer))

// What the applicant may answer: the reviewers' texts, without who wrote them and without scores.
struct Rebuttal {
  PublicId proposal;
  Time opened;
  Time due;
  std::vector<std::map<std::string, std::string>> comments;
  std::string answer;
  std::optional<Time> answered;
};
BOOST_DESCRIBE_STRUCT(Rebuttal, (), (proposal, opened, due, comments, answer, answered))

}  // namespace fabrica::reviews
