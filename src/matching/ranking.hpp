#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "json/describe.hpp"

// From reviews to one ranked list a track. Pure: the same input gives the same list, byte for byte, and each line
// carries the figures it was made of.
//
// Scores come in thousandths of a point ("milli": 3.5 points are 3500). Normalised scores are millionths, 0 for the
// worst of a scale and 1000000 for the best. Every division rounds half up, once, where it is named below; thresholds
// of criteria are compared before any rounding.
namespace fabrica::matching {

enum class Aggregate : std::uint8_t { mean, median };
BOOST_DESCRIBE_ENUM(Aggregate, mean, median)

struct RankCriterion {
  std::string id{};
  std::int64_t min_milli = 0;
  std::int64_t max_milli = 5000;
  std::int64_t step_milli = 500;  // scores are min_milli plus a whole number of steps
  std::int64_t weight = 1;
  std::optional<std::int64_t> threshold_milli{};  // the aggregate over the reviews must reach it

  static constexpr auto limits() {
    return std::tuple{
        json::length(&RankCriterion::id, 1, 80), json::range(&RankCriterion::min_milli, -1'000'000'000, 1'000'000'000),
        json::range(&RankCriterion::max_milli, -1'000'000'000, 1'000'000'000),
        json::range(&RankCriterion::step_milli, 1, 1'000'000'000), json::range(&RankCriterion::weight, 1, 1'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(RankCriterion, (), (id, min_milli, max_milli, step_milli, weight, threshold_milli))

// What decides between equal scores, in the published order. The last one is the lottery, so the order is total.
enum class TieKind : std::uint8_t {
  criterion,  // the higher aggregate of the criterion `name`
  group,      // who belongs to the group `name` first
  earlier,    // the earlier submission
  lottery,    // the smaller SHA-256(seed || id), bytes of the seed first
};
BOOST_DESCRIBE_ENUM(TieKind, criterion, group, earlier, lottery)

struct TieBreak {
  TieKind kind = TieKind::lottery;
  std::string name{};
  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"name"};
  friend bool operator==(TieBreak const&, TieBreak const&) = default;
};
BOOST_DESCRIBE_STRUCT(TieBreak, (), (kind, name))

// Takes a reviewer's habit out of his scores. Offset = mean over the reviewer's reviews of (review total - mean of all
// totals of that proposal), times n / (n + shrink), within +-max_shift. Off unless a call publishes it.
struct Calibration {
  std::int64_t min_reviews = 4;  // reviewers with fewer are left alone
  std::int64_t shrink = 4;
  std::int64_t max_shift_millionths = 100'000;

  static constexpr auto limits() {
    return std::tuple{json::range(&Calibration::min_reviews, 2, 1000), json::range(&Calibration::shrink, 0, 1000),
                      json::range(&Calibration::max_shift_millionths, 0, 1'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(Calibration, (), (min_reviews, shrink, max_shift_millionths))

struct RankingRules {
  std::vector<RankCriterion> criteria{};
  Aggregate aggregate = Aggregate::mean;
  std::int64_t quorum = 1;                 // reviews a proposal needs to be ranked
  std::int64_t threshold_millionths = 0;   // of the overall score
  std::int64_t band_width_millionths = 0;  // 0: a band is one score; else scores of one floor(score / width)
  std::int64_t outlier_gap_millionths = 200'000;
  std::int64_t outlier_factor_milli = 4448;  // 3 x 1.4826: three deviations, estimated by the median deviation
  std::optional<Calibration> calibration{};
  std::vector<TieBreak> tie_breaks{};
  std::string lottery_commitment{};  // hex SHA-256 of the 32 bytes of the seed, published before the cut-off
  static constexpr std::array<std::string_view, 6> kMayBeAbsent{
      "aggregate",           "quorum", "threshold_millionths", "band_width_millionths", "outlier_gap_millionths",
      "outlier_factor_milli"};

  static constexpr auto limits() {
    return std::tuple{json::items(&RankingRules::criteria, 1, 50),
                      json::range(&RankingRules::quorum, 1, 100),
                      json::range(&RankingRules::threshold_millionths, 0, 1'000'000),
                      json::range(&RankingRules::band_width_millionths, 0, 1'000'000),
                      json::range(&RankingRules::outlier_gap_millionths, 0, 1'000'000),
                      json::range(&RankingRules::outlier_factor_milli, 0, 100'000),
                      json::items(&RankingRules::tie_breaks, 1, 20)};
  }
};
BOOST_DESCRIBE_STRUCT(RankingRules, (),
                      (criteria, aggregate, quorum, threshold_millionths, band_width_millionths, outlier_gap_millionths,
                       outlier_factor_milli, calibration, tie_breaks, lottery_commitment))

struct ScoredReview {
  std::string id{};
  std::string reviewer{};
  std::map<std::string, std::int64_t> scores_milli{};  // every criterion, or the review does not count
};
BOOST_DESCRIBE_STRUCT(ScoredReview, (), (id, reviewer, scores_milli))

struct RankCandidate {
  std::string id{};
  std::string track{};
  Time submitted{};
  std::vector<std::string> groups{};
  std::vector<ScoredReview> reviews{};
};
BOOST_DESCRIBE_STRUCT(RankCandidate, (), (id, track, submitted, groups, reviews))

struct RankingInput {
  RankingRules rules{};
  std::string lottery_seed{};  // 64 hexadecimal digits
  std::vector<RankCandidate> candidates{};
};
BOOST_DESCRIBE_STRUCT(RankingInput, (), (rules, lottery_seed, candidates))

struct CriterionFigures {
  std::string criterion{};
  std::int64_t sum_milli = 0;             // over the reviews that count
  std::int64_t doubled_median_milli = 0;  // twice the median, so that it is whole
  std::int64_t millionths = 0;            // the aggregate, normalised
  bool reached = true;                    // its threshold
};
BOOST_DESCRIBE_STRUCT(CriterionFigures, (), (criterion, sum_milli, doubled_median_milli, millionths, reached))

struct ReviewFigures {
  std::string review{};
  std::string reviewer{};
  bool complete = true;                // an incomplete review stands here and counts for nothing
  std::int64_t total_millionths = 0;   // weighted mean of the normalised scores
  std::int64_t offset_millionths = 0;  // what calibration took away
  std::int64_t used_millionths = 0;    // total less offset, within 0..1000000
  // With three reviews or more: further from the median of the other reviews than the gap of the rules and than
  // factor x (median distance of the others from that median). A signal for the panel; it changes no score.
  bool outlier = false;
};
BOOST_DESCRIBE_STRUCT(ReviewFigures, (),
                      (review, reviewer, complete, total_millionths, offset_millionths, used_millionths, outlier))

enum class RankState : std::uint8_t { ranked, below_quorum, below_criterion, below_threshold };
BOOST_DESCRIBE_ENUM(RankState, ranked, below_quorum, below_criterion, below_threshold)

struct RankLine {
  std::string candidate{};
  std::string track{};
  RankState state = RankState::ranked;
  std::int64_t rank = 0;  // 1 is best; 0 when not ranked
  std::int64_t band = 0;  // 1 is best; proposals of one band count as equal where a call says so
  std::int64_t score_millionths = 0;
  std::int64_t spread_millionths = 0;  // highest less lowest review
  std::vector<CriterionFigures> criteria{};
  std::vector<ReviewFigures> reviews{};
  std::vector<std::int64_t> tie_values{};  // one a tie-break, higher first; 0 for the lottery
  std::string lottery{};                   // hex SHA-256(seed || id), lower first
  std::optional<TieBreak> decided_by{};    // what put it behind the line before; absent: its score
};
BOOST_DESCRIBE_STRUCT(RankLine, (),
                      (candidate, track, state, rank, band, score_millionths, spread_millionths, criteria, reviews,
                       tie_values, lottery, decided_by))

struct TrackRanking {
  std::string track{};
  std::vector<RankLine> lines{};     // by rank
  std::vector<RankLine> unranked{};  // by id, with the reason
};
BOOST_DESCRIBE_STRUCT(TrackRanking, (), (track, lines, unranked))

struct Ranking {
  std::vector<TrackRanking> tracks{};  // by name
};
BOOST_DESCRIBE_STRUCT(Ranking, (), (tracks))

// What is published before the cut-off. Errors: invalid "lottery_seed".
Result<std::string> lottery_commitment(std::string const& seed_hex);

// Errors: invalid "ranking_rules", invalid "ranking_input" with the faults, invalid "lottery_seed" (not 64 digits, or
// not what was committed to).
Result<Ranking> rank(RankingInput const& input);

// SHA-256, hex, of the canonical JSON (RFC 8785). Errors: those of json::canonical.
Result<std::string> digest(RankingInput const& input);
Result<std::string> digest(Ranking const& ranking);

}  // namespace fabrica::matching
