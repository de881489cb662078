#include "matching/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "crypto/sha256.hpp"
#include "json/json.hpp"

namespace fabrica::matching {
namespace {

constexpr std::int64_t kWhole = 1'000'000;
constexpr std::size_t kCandidatesMax = 200'000;
constexpr std::size_t kFaultsMax = 50;

// Rounds half up, also below zero. Divisor positive.
std::int64_t half_up(__int128 value, __int128 divisor) {
  __int128 const top = 2 * value + divisor;
  __int128 const bottom = 2 * divisor;
  __int128 quotient = top / bottom;
  if (top % bottom < 0) --quotient;
  return static_cast<std::int64_t>(quotient);
}

std::int64_t doubled_median(std::vector<std::int64_t> values) {
  std::ranges::sort(values);
  auto const middle = values.size() / 2;
  return values.size() % 2 == 1 ? 2 * values[middle] : values[middle - 1] + values[middle];
}

void add_fault(std::vector<Fault>& faults, std::string pointer, std::string what) {
  if (faults.size() < kFaultsMax) faults.push_back({std::move(pointer), std::move(what)});
}

Result<Bytes> seed_bytes(std::string const& seed_hex) {
  auto const seed = crypto::Digest::from_hex(seed_hex);
  if (!seed) return fail(Errc::invalid, "lottery_seed", "The seed of the lottery must be 64 hexadecimal digits.");
  return Bytes{seed->bytes.begin(), seed->bytes.end()};
}

std::vector<Fault> faults_of(RankingRules const& rules) {
  std::vector<Fault> faults;
  std::set<std::string> ids;
  if (rules.criteria.empty()) add_fault(faults, "/rules/criteria", "Name at least one criterion.");
  for (std::size_t place = 0; place < rules.criteria.size(); ++place) {
    auto const& c = rules.criteria[place];
    auto const at = fmt::format("/rules/criteria/{}", place);
    auto const wide = [](std::int64_t v) { return v < -1'000'000'000 || v > 1'000'000'000; };
    if (c.id.empty() || !ids.insert(c.id).second) add_fault(faults, at + "/id", "Give each criterion its own name.");
    if (wide(c.min_milli) || wide(c.max_milli) || c.min_milli >= c.max_milli)
      add_fault(faults, at + "/max_milli", "The scale must end above its beginning, within a million points.");
    else if (c.step_milli < 1 || (c.max_milli - c.min_milli) % c.step_milli != 0)
      add_fault(faults, at + "/step_milli", "Whole steps must lead from the lowest to the highest score.");
    if (c.weight < 1 || c.weight > 1'000'000) add_fault(faults, at + "/weight", "Must be 1 to 1000000.");
    if (c.threshold_milli && (*c.threshold_milli < c.min_milli || *c.threshold_milli > c.max_milli))
      add_fault(faults, at + "/threshold_milli", "Must lie on the scale.");
  }
  for (std::size_t place = 0; place < rules.tie_breaks.size(); ++place) {
    auto const& tie = rules.tie_breaks[place];
    auto const at = fmt::format("/rules/tie_breaks/{}", place);
    if (tie.kind == TieKind::criterion && !ids.contains(tie.name))
      add_fault(faults, at + "/name", "There is no criterion of this name.");
    if (tie.kind == TieKind::group && tie.name.empty()) add_fault(faults, at + "/name", "Name the group.");
    if ((tie.kind == TieKind::lottery) != (place + 1 == rules.tie_breaks.size()))
      add_fault(faults, at + "/kind", "The lottery comes last, and nothing else does.");
  }
  if (rules.tie_breaks.empty()) add_fault(faults, "/rules/tie_breaks", "End the list with the lottery.");
  if (rules.quorum < 1) add_fault(faults, "/rules/quorum", "Must be at least 1.");
  auto const share = [&](std::int64_t value, char const* name) {
    if (value < 0 || value > kWhole) add_fault(faults, fmt::format("/rules/{}", name), "Must be 0 to 1000000.");
  };
  share(rules.threshold_millionths, "threshold_millionths");
  share(rules.band_width_millionths, "band_width_millionths");
  share(rules.outlier_gap_millionths, "outlier_gap_millionths");
  if (rules.outlier_factor_milli < 0 || rules.outlier_factor_milli > 100'000)
    add_fault(faults, "/rules/outlier_factor_milli", "Must be 0 to 100000.");
  if (rules.calibration) {
    auto const& c = *rules.calibration;
    if (c.min_reviews < 2 || c.shrink < 0 || c.shrink > 1000 || c.max_shift_millionths < 0 ||
        c.max_shift_millionths > kWhole)
      add_fault(faults, "/rules/calibration", "Needs two reviews or more, and a shift of 0 to 1000000.");
  }
  return faults;
}

void check_review(RankingRules const& rules, ScoredReview const& review, std::string const& at,
                  std::vector<Fault>& faults) {
  for (auto const& [name, score] : review.scores_milli) {
    auto const found = std::ranges::find(rules.criteria, name, &RankCriterion::id);
    auto const here = at + "/scores_milli/" + name;
    if (found == rules.criteria.end()) add_fault(faults, here, "There is no criterion of this name.");
    else if (score < found->min_milli || score > found->max_milli) add_fault(faults, here, "Not on the scale.");
    else if ((score - found->min_milli) % found->step_milli != 0)
      add_fault(faults, here, fmt::format("Between two steps; a step is {} thousandths.", found->step_milli));
  }
}

std::vector<Fault> faults_of(RankingInput const& input) {
  std::vector<Fault> faults;
  if (input.candidates.size() > kCandidatesMax)
    add_fault(faults, "/candidates", fmt::format("At most {} at once.", kCandidatesMax));
  std::unordered_set<std::string_view> ids;
  for (std::size_t place = 0; place < input.candidates.size(); ++place) {
    auto const& candidate = input.candidates[place];
    auto const at = fmt::format("/candidates/{}", place);
    if (candidate.id.empty() || !ids.insert(candidate.id).second)
      add_fault(faults, at + "/id", "Missing, or another candidate has it too.");
    if (candidate.reviews.size() > 1000) add_fault(faults, at + "/reviews", "More than 1000 reviews.");
    std::set<std::string_view> reviewers;
    for (std::size_t review = 0; review < candidate.reviews.size(); ++review) {
      auto const here = fmt::format("{}/reviews/{}", at, review);
      if (!reviewers.insert(candidate.reviews[review].reviewer).second)
        add_fault(faults, here + "/reviewer", "Reviews this candidate twice.");
      check_review(input.rules, candidate.reviews[review], here, faults);
    }
  }
  return faults;
}

bool is_complete(RankingRules const& rules, ScoredReview const& review) {
  return std::ranges::all_of(rules.criteria, [&](auto const& c) { return review.scores_milli.contains(c.id); });
}

std::int64_t review_total(RankingRules const& rules, ScoredReview const& review) {
  __int128 sum = 0;
  std::int64_t weights = 0;
  for (auto const& c : rules.criteria) {
    auto const score = review.scores_milli.at(c.id);
    sum += static_cast<__int128>(c.weight) * half_up(__int128{score - c.min_milli} * kWhole, c.max_milli - c.min_milli);
    weights += c.weight;
  }
  return half_up(sum, weights);
}

std::vector<std::int64_t> used_scores(RankLine const& line) {
  std::vector<std::int64_t> used;
  for (auto const& review : line.reviews)
    if (review.complete) used.push_back(review.used_millionths);
  return used;
}

CriterionFigures figures(RankingRules const& rules, RankCriterion const& c, RankCandidate const& candidate) {
  CriterionFigures out{.criterion = c.id};
  std::vector<std::int64_t> scores;
  for (auto const& review : candidate.reviews)
    if (is_complete(rules, review)) scores.push_back(review.scores_milli.at(c.id));
  if (scores.empty()) {
    out.reached = !c.threshold_milli;
    return out;
  }
  for (auto const score : scores) out.sum_milli += score;
  out.doubled_median_milli = doubled_median(scores);
  auto const count = static_cast<std::int64_t>(scores.size());
  std::int64_t const range = c.max_milli - c.min_milli;
  bool const mean = rules.aggregate == Aggregate::mean;
  std::int64_t const top = mean ? out.sum_milli : out.doubled_median_milli;
  std::int64_t const parts = mean ? count : 2;
  out.millionths = half_up(__int128{top - parts * c.min_milli} * kWhole, __int128{parts} * range);
  out.reached = !c.threshold_milli || top >= parts * *c.threshold_milli;
  return out;
}

RankLine first_figures(RankingRules const& rules, RankCandidate const& candidate) {
  RankLine line{.candidate = candidate.id, .track = candidate.track};
  for (auto const& review : candidate.reviews) {
    ReviewFigures own{.review = review.id, .reviewer = review.reviewer, .complete = is_complete(rules, review)};
    if (own.complete) own.used_millionths = own.total_millionths = review_total(rules, review);
    line.reviews.push_back(std::move(own));
  }
  for (auto const& c : rules.criteria) line.criteria.push_back(figures(rules, c, candidate));
  return line;
}

void calibrate(Calibration const& rule, std::vector<RankLine>& lines) {
  struct Habit {
    std::int64_t sum = 0;
    std::int64_t count = 0;
  };
  std::unordered_map<std::string, Habit> habits;
  for (auto const& line : lines) {
    auto const totals = used_scores(line);
    if (totals.size() < 2) continue;
    std::int64_t sum = 0;
    for (auto const total : totals) sum += total;
    auto const mean = half_up(sum, static_cast<std::int64_t>(totals.size()));
    for (auto const& review : line.reviews) {
      if (!review.complete) continue;
      auto& habit = habits[review.reviewer];
      habit.sum += review.total_millionths - mean;
      ++habit.count;
    }
  }
  for (auto& line : lines)
    for (auto& review : line.reviews) {
      auto const habit = habits.find(review.reviewer);
      if (!review.complete || habit == habits.end() || habit->second.count < rule.min_reviews) continue;
      review.offset_millionths = std::clamp(half_up(habit->second.sum, habit->second.count + rule.shrink),
                                            -rule.max_shift_millionths, rule.max_shift_millionths);
      review.used_millionths = std::clamp(review.total_millionths - review.offset_millionths, std::int64_t{0}, kWhole);
    }
}

void mark_outliers(RankingRules const& rules, RankLine& line) {
  for (auto& review : line.reviews) {
    if (!review.complete) continue;
    std::vector<std::int64_t> others;
    for (auto const& other : line.reviews)
      if (other.complete && &other != &review) others.push_back(other.used_millionths);
    if (others.size() < 2) return;
    auto const median = half_up(doubled_median(others), 2);
    std::vector<std::int64_t> distances;
    for (auto const other : others) distances.push_back(std::abs(other - median));
    auto const deviation = half_up(doubled_median(distances), 2);
    auto const distance = std::abs(review.used_millionths - median);
    review.outlier = distance > rules.outlier_gap_millionths &&
                     __int128{distance} * 1000 > __int128{deviation} * rules.outlier_factor_milli;
  }
}

void settle(RankingRules const& rules, RankLine& line) {
  auto const used = used_scores(line);
  if (!used.empty()) {
    std::int64_t sum = 0;
    for (auto const score : used) sum += score;
    line.score_millionths = rules.aggregate == Aggregate::mean ? half_up(sum, static_cast<std::int64_t>(used.size()))
                                                               : half_up(doubled_median(used), 2);
    line.spread_millionths = *std::ranges::max_element(used) - *std::ranges::min_element(used);
  }
  mark_outliers(rules, line);
  if (static_cast<std::int64_t>(used.size()) < rules.quorum) line.state = RankState::below_quorum;
  else if (!std::ranges::all_of(line.criteria, &CriterionFigures::reached)) line.state = RankState::below_criterion;
  else if (line.score_millionths < rules.threshold_millionths) line.state = RankState::below_threshold;
}

void add_tie_values(RankingRules const& rules, Bytes const& seed, RankCandidate const& candidate, RankLine& line) {
  for (auto const& tie : rules.tie_breaks) {
    std::int64_t value = 0;
    switch (tie.kind) {
      case TieKind::criterion:
        value = std::ranges::find(line.criteria, tie.name, &CriterionFigures::criterion)->millionths;
        break;
      case TieKind::group: value = std::ranges::count(candidate.groups, tie.name) > 0 ? 1 : 0; break;
      case TieKind::earlier: value = -candidate.submitted.us; break;
      case TieKind::lottery: break;
    }
    line.tie_values.push_back(value);
  }
  crypto::Sha256 hash;
  hash.update(ByteView{seed});
  hash.update(candidate.id);
  line.lottery = hash.finish().hex();
}

bool is_before(RankLine const& a, RankLine const& b) {
  if (a.score_millionths != b.score_millionths) return a.score_millionths > b.score_millionths;
  if (a.tie_values != b.tie_values) return a.tie_values > b.tie_values;
  return a.lottery < b.lottery;
}

void number(RankingRules const& rules, std::vector<RankLine>& lines) {
  auto const band_score = [&](RankLine const& line) {
    return rules.band_width_millionths > 0 ? line.score_millionths / rules.band_width_millionths
                                           : line.score_millionths;
  };
  for (std::size_t place = 0; place < lines.size(); ++place) {
    auto& line = lines[place];
    line.rank = static_cast<std::int64_t>(place) + 1;
    line.band = 1;
    if (place == 0) continue;
    auto const& before = lines[place - 1];
    line.band = before.band + (band_score(line) == band_score(before) ? 0 : 1);
    if (line.score_millionths != before.score_millionths) continue;
    auto const differ = std::ranges::mismatch(line.tie_values, before.tie_values).in1 - line.tie_values.begin();
    line.decided_by = line.tie_values == before.tie_values ? rules.tie_breaks.back()
                                                           : rules.tie_breaks[static_cast<std::size_t>(differ)];
  }
}

template <class T>
Result<std::string> digest_of(T const& value) {
  json::Limits const limits{.bytes = std::size_t{1} << 30, .depth = 32, .values = 100'000'000};
  FABRICA_TRY(auto const text, json::canonical(json::write(value), limits));
  return crypto::sha256(text).hex();
}

}  // namespace

Result<std::string> lottery_commitment(std::string const& seed_hex) {
  FABRICA_TRY(auto const seed, seed_bytes(seed_hex));
  return crypto::sha256(ByteView{seed}).hex();
}

Result<Ranking> rank(RankingInput const& input) {
  auto const& rules = input.rules;
  if (auto faults = faults_of(rules); !faults.empty())
    return fail(Errc::invalid, "ranking_rules", "The rules of the ranking contradict themselves.", std::move(faults));
  if (auto faults = faults_of(input); !faults.empty())
    return fail(Errc::invalid, "ranking_input", "What is to be ranked does not fit the rules.", std::move(faults));
  FABRICA_TRY(auto const commitment, lottery_commitment(input.lottery_seed));
  if (commitment != rules.lottery_commitment)
    return fail(Errc::invalid, "lottery_seed", "This is not the seed that was committed to before the cut-off.");
  FABRICA_TRY(auto const seed, seed_bytes(input.lottery_seed));

  std::vector<RankLine> lines;
  lines.reserve(input.candidates.size());
  for (auto const& candidate : input.candidates) lines.push_back(first_figures(rules, candidate));
  if (rules.calibration) calibrate(*rules.calibration, lines);

  std::map<std::string, TrackRanking> tracks;
  for (std::size_t place = 0; place < lines.size(); ++place) {
    auto& line = lines[place];
    settle(rules, line);
    add_tie_values(rules, seed, input.candidates[place], line);
    auto& track = tracks[line.track];
    (line.state == RankState::ranked ? track.lines : track.unranked).push_back(std::move(line));
  }
  Ranking ranking;
  for (auto& [name, track] : tracks) {
    track.track = name;
    std::ranges::sort(track.lines, is_before);
    std::ranges::sort(track.unranked, {}, &RankLine::candidate);
    number(rules, track.lines);
    ranking.tracks.push_back(std::move(track));
  }
  return ranking;
}

Result<std::string> digest(RankingInput const& input) { return digest_of(input); }
Result<std::string> digest(Ranking const& ranking) { return digest_of(ranking); }

}  // namespace fabrica::matching
