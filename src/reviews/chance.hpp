#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"
#include "forms/render.hpp"
#include "json/json.hpp"
#include "matching/assignment.hpp"

// Chance against collusion, and what reviewers wish for.
namespace fabrica::reviews {

// How a round's reviewers are drawn (matching::RandomRule): nobody can be sure of what they aim at.
struct Randomise {
  std::int64_t steps = 10;
  std::int64_t beta_thousandths = 50;    // how far from the best assignment chance may go
  std::int64_t limit_thousandths = 900;  // the most a pair may be sure of

  static constexpr std::array<std::string_view, 3> kMayBeAbsent{"steps", "beta_thousandths", "limit_thousandths"};
  static constexpr auto limits() {
    using R = Randomise;
    return std::tuple{json::range(&R::steps, 1, 100), json::range(&R::beta_thousandths, 0, 1000),
                      json::range(&R::limit_thousandths, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(Randomise, (), (steps, beta_thousandths, limit_thousandths))

inline matching::RandomRule rule_of(Randomise const& from) {
  return {static_cast<std::int32_t>(from.steps), static_cast<std::int32_t>(from.beta_thousandths),
          static_cast<std::int32_t>(from.limit_thousandths)};
}

// What decides a round's draws. The seed is secret until the round is published.
struct AssignmentSeed {
  PublicId round;
  Randomise rule;
  std::string commitment;  // hex SHA-256 of the seed's 32 bytes
  Time committed;
  bool after_cut_off = false;
  std::optional<std::string> seed{};
};
BOOST_DESCRIBE_STRUCT(AssignmentSeed, (), (round, rule, commitment, committed, after_cut_off, seed))

enum class BidKind : std::uint8_t { want, can, rather_not };
BOOST_DESCRIBE_ENUM(BidKind, want, can, rather_not)

struct Bid {
  PublicId proposal;
  BidKind bid{};
};
BOOST_DESCRIBE_STRUCT(Bid, (), (proposal, bid))

// All a reviewer says of a round; a proposal that is not named has no bid.
struct Bids {
  std::vector<Bid> bids{};

  static constexpr auto limits() { return std::tuple{json::items(&Bids::bids, 0, 5000)}; }
};
BOOST_DESCRIBE_STRUCT(Bids, (), (bids))

// A proposal as it is shown for a bid: what its form shows everybody, and nothing identifying where its expert step is
// blind.
struct BidLine {
  PublicId proposal;
  forms::Sheet sheet;
  std::optional<BidKind> bid{};
};
BOOST_DESCRIBE_STRUCT(BidLine, (), (proposal, sheet, bid))

}  // namespace fabrica::reviews
