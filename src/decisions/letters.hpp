#pragma once

#include <string>
#include <vector>

#include "decisions/types.hpp"

// Letters and minutes, made of the decision alone: the same facts give the same bytes.
namespace fabrica::decisions {

struct LetterFacts {
  std::string call_title{};
  std::string round_name{};
  std::string title{};  // of the project
  PublicId proposal{};
  OutcomeKind outcome{};
  bool has_to_answer = false;  // the hours are offered and wait for the applicant
  std::optional<Time> answer_by{};
  std::optional<std::string> partition{};
  std::string unit{};  // "GPU-hours"
  std::int64_t amount_units = 0;
  std::int64_t rank = 0;  // 0: not ranked
  std::int64_t score_millionths = 0;
  std::vector<matching::CriterionFigures> criteria{};
  std::vector<calls::Step> steps{};
  std::string reason{};
  Time made{};
  Time appeal_before{};
};
std::string letter_text(LetterFacts const& facts);
std::string letter_html(LetterFacts const& facts);

struct MinutesLine {
  PublicId proposal;
  std::string title;
  OutcomeKind outcome{};
  std::int64_t rank = 0;
  std::int64_t score_millionths = 0;
  std::string partition;
  std::int64_t amount_units = 0;
  std::string reason;
  ReleaseState state{};
};
BOOST_DESCRIBE_STRUCT(MinutesLine, (),
                      (proposal, title, outcome, rank, score_millionths, partition, amount_units, reason, state))

struct MinutesFacts {
  PublicId call{};
  std::string call_title{};
  PublicId round{};
  std::string round_name{};
  std::optional<Time> cut_off{};
  Time published{};
  std::int64_t decision = 0;
  std::int64_t ranking = 0;
  matching::AwardRule rule{};
  std::string lottery_commitment{};
  std::string lottery_seed{};
  std::optional<std::string> assignment_seed{};  // where the reviewers were drawn
  std::string ranking_input_sha256{};
  std::string ranking_sha256{};
  std::string award_input_sha256{};
  std::string award_outcome_sha256{};
  std::string verdict{};  // of the verifier
  std::optional<std::string> forced_reason{};
  std::vector<matching::SystemUse> systems{};
  std::vector<matching::GuaranteeUse> guarantees{};
  std::vector<Change> changes{};
  std::vector<MinutesLine> lines{};
};
BOOST_DESCRIBE_STRUCT(MinutesFacts, (),
                      (call, call_title, round, round_name, cut_off, published, decision, ranking, rule,
                       lottery_commitment, lottery_seed, assignment_seed, ranking_input_sha256, ranking_sha256,
                       award_input_sha256, award_outcome_sha256, verdict, forced_reason, systems, guarantees, changes,
                       lines))
std::string minutes_html(MinutesFacts const& facts);

}  // namespace fabrica::decisions
