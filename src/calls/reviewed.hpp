#pragma once

#include <array>
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "json/json.hpp"
#include "matching/award.hpp"
#include "matching/ranking.hpp"
#include "schedule/rule.hpp"
#include "schedule/templates.hpp"

// What a call that is decided by review declares besides what every call does.
namespace fabrica::calls {

using schedule::StepKind;

// A step of the evaluation. It waits for a person's outcome for ever: when its time is over it alarms, it never passes
// by itself.
struct StepRule {
  StepKind step{};
  std::optional<schedule::Answer> within;  // counted from its beginning, in the schedule's zone; absent: no time is set
  std::vector<std::string> checklist;      // each line has to be confirmed for a pass
  bool blind = false;                      // who reads does not see what identifies the applicant

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"checklist", "blind"};
  static constexpr auto limits() { return std::tuple{json::items(&StepRule::checklist, 0, 50)}; }
};
BOOST_DESCRIBE_STRUCT(StepRule, (), (step, within, checklist, blind))

struct ReviewedRules {
  schedule::Rule schedule;
  std::string form;  // key of a form
  // Which edition of it; absent in a draft: the newest.
  std::optional<std::string> form_digest;
  std::vector<StepRule> steps;  // in order; `decision` is among them
  matching::RankingRules ranking;
  matching::AwardRule award_rule = matching::AwardRule::rank;
  std::vector<matching::GroupRule> guarantees;  // groups are kinds of organisation and "country:<code>"
  std::vector<matching::GroupRule> caps;
  std::int64_t reviews_wanted = 3;      // of each proposal
  std::int64_t reviewer_load_max = 10;  // of each reviewer in a round
  bool carry_over_drafts = true;        // a draft open at a cut-off moves to the next round; else it is withdrawn

  static constexpr std::array<std::string_view, 6> kMayBeAbsent{
      "award_rule", "guarantees", "caps", "reviews_wanted", "reviewer_load_max", "carry_over_drafts"};
  static constexpr auto limits() {
    using R = ReviewedRules;
    return std::tuple{json::length(&R::form, 1, 80),          json::items(&R::steps, 1, 6),
                      json::items(&R::guarantees, 0, 50),     json::items(&R::caps, 0, 50),
                      json::range(&R::reviews_wanted, 1, 20), json::range(&R::reviewer_load_max, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(ReviewedRules, (),
                      (schedule, form, form_digest, steps, ranking, award_rule, guarantees, caps, reviews_wanted,
                       reviewer_load_max, carry_over_drafts))

// What a call may not be published with: a list of tie-breaks that leaves proposals equal, or has a line that can never
// decide. Errors: invalid "tie_breaks" with each at its JSON pointer.
Result<> publishable(ReviewedRules const& rules);

// intake: takes proposals between its opening and its cut-off. evaluating: the steps are being done. decided: every
// outcome stands and is held back. published: the applicants know.
enum class RoundState : std::uint8_t { intake, evaluating, decided, published };
BOOST_DESCRIBE_ENUM(RoundState, intake, evaluating, decided, published)

struct Round {
  PublicId id;
  PublicId call;
  std::int64_t number = 0;
  std::string name;  // the cut-off in the call's zone
  RoundState state{};
  Time opens;
  std::optional<Time> closes;
  std::optional<Time> answer_due;
  std::int64_t drafts = 0;     // drafts and incomplete ones
  std::int64_t proposals = 0;  // sent
};
BOOST_DESCRIBE_STRUCT(Round, (), (id, call, number, name, state, opens, closes, answer_due, drafts, proposals))

enum class StepState : std::uint8_t { pending, active, passed, failed };
BOOST_DESCRIBE_ENUM(StepState, pending, active, passed, failed)

struct Step {
  PublicId proposal;
  std::int64_t position = 0;
  StepKind step{};
  StepState state{};
  std::optional<Time> due;
  bool overdue = false;
  std::string reason;
  std::optional<Time> decided;
};
BOOST_DESCRIBE_STRUCT(Step, (), (proposal, position, step, state, due, overdue, reason, decided))

struct StepOutcome {
  bool pass = false;
  std::string reason;                  // for the letter; why it fails, or what the panel noted
  std::vector<std::string> confirmed;  // lines of the checklist

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"confirmed"};
  static constexpr auto limits() {
    return std::tuple{json::length(&StepOutcome::reason, 1, 8000), json::items(&StepOutcome::confirmed, 0, 50)};
  }
};
BOOST_DESCRIBE_STRUCT(StepOutcome, (), (pass, reason, confirmed))

}  // namespace fabrica::calls
