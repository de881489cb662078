#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "budget/service.hpp"
#include "calls/outcomes.hpp"
#include "json/json.hpp"
#include "matching/award.hpp"
#include "matching/ranking.hpp"

namespace fabrica::decisions {

// What decides between equal scores in the end. The seed is secret until the round is published.
struct Lottery {
  PublicId round;
  std::string commitment;  // hex SHA-256 of the seed's 32 bytes
  Time committed;
  bool after_cut_off = false;
  std::optional<std::string> seed{};
};
BOOST_DESCRIBE_STRUCT(Lottery, (), (round, commitment, committed, after_cut_off, seed))

// Only needed where proposals of one round were sent under rules that rank differently.
struct RankRequest {
  std::optional<std::int64_t> rules_version{};
  std::optional<std::string> reason{};

  static constexpr auto limits() {
    return std::tuple{json::range(&RankRequest::rules_version, 1, 1'000'000),
                      json::length(&RankRequest::reason, 1, 4000)};
  }
};
BOOST_DESCRIBE_STRUCT(RankRequest, (), (rules_version, reason))

struct RoundRanking {
  PublicId round;
  std::int64_t version = 0;
  std::int64_t rules_version = 0;
  std::string commitment;
  std::string input_sha256;
  std::string ranking_sha256;
  Time made;
  std::vector<matching::RankLine> lines;     // by rank
  std::vector<matching::RankLine> unranked;  // with the reason
  std::optional<json::Raw> input{};          // with the seed: once the round is published
};
BOOST_DESCRIBE_STRUCT(RoundRanking, (),
                      (round, version, rules_version, commitment, input_sha256, ranking_sha256, made, lines, unranked,
                       input))

struct PartitionUnits {
  std::string partition;
  std::int64_t units = 0;

  static constexpr auto limits() {
    return std::tuple{json::length(&PartitionUnits::partition, 1, 100),
                      json::range(&PartitionUnits::units, 0, 1'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(PartitionUnits, (), (partition, units))

struct AwardRequest {
  std::optional<std::vector<PartitionUnits>> held_back{};  // kept out of this decision
  std::optional<std::int64_t> line_rank{};                 // who ranks below is not fundable

  static constexpr auto limits() {
    return std::tuple{json::items(&AwardRequest::held_back, 0, 100),
                      json::range(&AwardRequest::line_rank, 0, 1'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(AwardRequest, (), (held_back, line_rank))

// undecided: a step before the decision is not done. Only in the view, never stored as an outcome.
enum class OutcomeKind : std::uint8_t { awarded, reserve, rejected, undecided };
BOOST_DESCRIBE_ENUM(OutcomeKind, awarded, reserve, rejected, undecided)

// held: not told. released: told, and its effects are done. skipped: withdrawn before it was told. stuck: could not be
// done (the note says why); publishing again tries again.
enum class ReleaseState : std::uint8_t { held, released, skipped, stuck };
BOOST_DESCRIBE_ENUM(ReleaseState, held, released, skipped, stuck)

struct ProposalDecision {
  PublicId proposal;
  PublicId project;
  OutcomeKind outcome{};
  std::int64_t rank = 0;
  std::int64_t score_millionths = 0;
  std::optional<std::string> partition{};
  std::int64_t amount_units = 0;
  std::string reason;
  ReleaseState state{};
  std::string note;
};
BOOST_DESCRIBE_STRUCT(ProposalDecision, (),
                      (proposal, project, outcome, rank, score_millionths, partition, amount_units, reason, state,
                       note))

// An officer's part in a decision. Neither can lift anybody over a better rank: the rule decides again with the change.
enum class ChangeKind : std::uint8_t {
  exclude,  // the proposal is not decided by rank but rejected
  limit,    // at most so much on a partition
};
BOOST_DESCRIBE_ENUM(ChangeKind, exclude, limit)

struct ChangeDraft {
  ChangeKind kind{};
  std::string reason;
  std::optional<std::string> partition{};
  std::optional<std::int64_t> units{};

  static constexpr auto limits() {
    return std::tuple{json::length(&ChangeDraft::reason, 1, 4000), json::length(&ChangeDraft::partition, 1, 100),
                      json::range(&ChangeDraft::units, 1, 1'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(ChangeDraft, (), (kind, reason, partition, units))

struct Change {
  PublicId id;
  PublicId proposal;
  ChangeKind kind{};
  std::optional<std::string> partition{};
  std::optional<std::int64_t> units{};
  std::string reason;
  Time made;
};
BOOST_DESCRIBE_STRUCT(Change, (), (id, proposal, kind, partition, units, reason, made))

enum class DecisionState : std::uint8_t { draft, publishing, published };
BOOST_DESCRIBE_ENUM(DecisionState, draft, publishing, published)

// All outcomes of a round, as one version. A later version replaces a draft; what is publishing stays.
struct RoundDecision {
  PublicId round;
  std::int64_t version = 0;
  DecisionState state{};
  std::int64_t ranking_version = 0;
  matching::AwardRule rule{};
  std::string input_sha256;
  std::string outcome_sha256;
  Time made;
  std::optional<std::string> forced_reason{};
  std::vector<matching::SystemUse> systems;
  std::vector<matching::GuaranteeUse> guarantees;
  std::vector<Change> changes;
  std::vector<ProposalDecision> proposals;  // by rank, then who is not ranked
};
BOOST_DESCRIBE_STRUCT(RoundDecision, (),
                      (round, version, state, ranking_version, rule, input_sha256, outcome_sha256, made, forced_reason,
                       systems, guarantees, changes, proposals))

struct CriterionWeight {
  std::string criterion;
  std::int64_t weight = 1;

  static constexpr auto limits() {
    return std::tuple{json::length(&CriterionWeight::criterion, 1, 80),
                      json::range(&CriterionWeight::weight, 1, 1'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(CriterionWeight, (), (criterion, weight))

// What is not said stays as it is in the round's decision (or would be, where there is none yet).
struct WhatIf {
  std::optional<std::vector<PartitionUnits>> capacity{};
  std::optional<std::vector<PartitionUnits>> held_back{};
  std::optional<matching::AwardRule> award_rule{};
  std::optional<std::vector<matching::GroupRule>> guarantees{};
  std::optional<std::vector<matching::GroupRule>> caps{};
  std::optional<std::int64_t> line_rank{};
  std::optional<std::vector<CriterionWeight>> weights{};

  static constexpr auto limits() {
    return std::tuple{json::items(&WhatIf::capacity, 0, 100),  json::items(&WhatIf::held_back, 0, 100),
                      json::items(&WhatIf::guarantees, 0, 50), json::items(&WhatIf::caps, 0, 50),
                      json::items(&WhatIf::weights, 0, 50),    json::range(&WhatIf::line_rank, 0, 1'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(WhatIf, (), (capacity, held_back, award_rule, guarantees, caps, line_rank, weights))

struct WhatIfAnswer {
  std::int64_t funded_before = 0;
  std::int64_t funded_after = 0;
  matching::AwardComparison comparison;
  std::vector<matching::AwardMarginal> marginals;  // of the changed case
};
BOOST_DESCRIBE_STRUCT(WhatIfAnswer, (), (funded_before, funded_after, comparison, marginals))

struct PublishRequest {
  std::int64_t decision = 0;                   // the version that was looked at
  std::optional<std::string> forced_reason{};  // why now, although proposals are undecided

  static constexpr auto limits() {
    return std::tuple{json::range(&PublishRequest::decision, 1, 1'000'000),
                      json::length(&PublishRequest::forced_reason, 1, 4000)};
  }
};
BOOST_DESCRIBE_STRUCT(PublishRequest, (), (decision, forced_reason))

struct Publication {
  PublicId round;
  std::int64_t decision = 0;
  DecisionState state{};
  std::int64_t released = 0;
  std::int64_t held = 0;
  std::int64_t skipped = 0;
  std::int64_t stuck = 0;
};
BOOST_DESCRIBE_STRUCT(Publication, (), (round, decision, state, released, held, skipped, stuck))

enum class Reply : std::uint8_t { accept, decline };
BOOST_DESCRIBE_ENUM(Reply, accept, decline)

struct Response {
  Reply reply{};
  std::string reason;  // may be empty where it accepts
  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"reason"};
  static constexpr auto limits() { return std::tuple{json::length(&Response::reason, 0, 4000)}; }
};
BOOST_DESCRIBE_STRUCT(Response, (), (reply, reason))

struct Reason {
  std::string reason;
  static constexpr auto limits() { return std::tuple{json::length(&Reason::reason, 1, 4000)}; }
};
BOOST_DESCRIBE_STRUCT(Reason, (), (reason))

struct ReopenRequest {
  std::string reason;
  std::optional<calls::StepKind> step{};  // absent: the step that failed
  static constexpr auto limits() { return std::tuple{json::length(&ReopenRequest::reason, 1, 4000)}; }
};
BOOST_DESCRIBE_STRUCT(ReopenRequest, (), (reason, step))

// What an applicant is told, made from the decision.
struct Letter {
  PublicId proposal;
  std::int64_t number = 0;  // of the proposal's letters
  OutcomeKind outcome{};
  Time made;
  std::string text;
  std::string html;
  std::string sha256;  // of the text; the statement proposal.decided names it
};
BOOST_DESCRIBE_STRUCT(Letter, (), (proposal, number, outcome, made, text, html, sha256))

struct Minutes {
  PublicId round;
  Time made;
  std::string html;
  json::Raw json;
  std::string html_sha256;  // both digests are in the statement round.published
  std::string json_sha256;
};
BOOST_DESCRIBE_STRUCT(Minutes, (), (round, made, html, json, html_sha256, json_sha256))

enum class AppealState : std::uint8_t { filed, upheld, dismissed };
BOOST_DESCRIBE_ENUM(AppealState, filed, upheld, dismissed)

struct AppealDraft {
  std::string grounds;
  static constexpr auto limits() { return std::tuple{json::length(&AppealDraft::grounds, 1, 16'000)}; }
};
BOOST_DESCRIBE_STRUCT(AppealDraft, (), (grounds))

struct AppealRuling {
  bool uphold = false;
  std::string reason;
  std::optional<calls::StepKind> step{};  // upheld: where the evaluation begins again
  static constexpr auto limits() { return std::tuple{json::length(&AppealRuling::reason, 1, 8000)}; }
};
BOOST_DESCRIBE_STRUCT(AppealRuling, (), (uphold, reason, step))

struct Appeal {
  PublicId id;
  PublicId proposal;
  AppealState state{};
  std::string grounds;
  Time filed;
  std::string ruling;
  std::optional<Time> ruled;
};
BOOST_DESCRIBE_STRUCT(Appeal, (), (id, proposal, state, grounds, filed, ruling, ruled))

}  // namespace fabrica::decisions
