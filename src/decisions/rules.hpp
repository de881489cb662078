#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "decisions/figures.hpp"
#include "decisions/types.hpp"

// The pure part: what a round's ranking and award are computed from, and words and figures made of them.
namespace fabrica::decisions {

// "1 of 1" for everybody in a call that has no reviews: its published tie-breaks alone decide.
inline constexpr std::string_view kPassedCriterion = "steps_passed";
inline constexpr std::string_view kStepsReviewer = "steps";

bool has_step(calls::ReviewedRules const& rules, calls::StepKind step);

// The call's ranking rules with the round's commitment, and the lottery at the end of the tie-breaks.
matching::RankingRules ranking_rules(calls::ReviewedRules const& rules, std::string_view commitment);
// The review that stands for the passed steps where there are no others.
matching::ScoredReview passed_review();

// Whether two versions of a call's rules rank and award alike.
bool same_rules(calls::ReviewedRules const& a, calls::ReviewedRules const& b);

// What a proposal may be awarded, after an officer's limits. Options that cannot be of use any more are left out.
std::vector<matching::AwardOption> options_of(calls::Contender const& contender, std::vector<Change> const& changes);
bool is_excluded(PublicId const& proposal, std::vector<Change> const& changes, std::string* reason = nullptr);

// Why a proposal has no rank, in one sentence.
std::string why_unranked(matching::RankLine const& line, matching::RankingRules const& rules);

// Of the sorted middle; the lower one of two. 0 of nothing.
std::int64_t median(std::vector<std::int64_t> values);

// "GPU-hours": for people.
std::string_view unit_word(budget::Unit unit);

// 712500 -> "71.25 %".
std::string percent(std::int64_t millionths);

// For spreadsheets: no cell is a formula.
std::string csv(std::vector<RegisterEntry> const& entries);
std::string csv(Indicators const& indicators);
std::string csv(CallPace const& pace);
// The line that begins the register as CSV, and its lines alone.
std::string register_head();
std::string csv_lines(std::vector<RegisterEntry> const& entries);

}  // namespace fabrica::decisions
