#pragma once

#include <map>

#include "matching/assignment.hpp"

// An assignment's certificate: the input, the pairs and the prices. Whoever holds it can see in one pass over the
// candidates that no other assignment is better, without knowing how this one was found.
namespace fabrica::matching {

inline constexpr std::string_view kCertificateFormat = "fabrica.matching.certificate/1";

struct CertificateProposal {
  std::string id;
  std::int32_t demand = 0;
  std::optional<std::int64_t> floor_millionths;
  std::string organisation;
  std::string country;
  std::vector<std::uint32_t> reviewers;  // candidates, and their affinities in the same order
  std::vector<std::int32_t> affinities_millionths;
  std::vector<std::uint32_t> assigned;  // reviewers

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"organisation", "country"};
};
BOOST_DESCRIBE_STRUCT(CertificateProposal, (),
                      (id, demand, floor_millionths, organisation, country, reviewers, affinities_millionths, assigned))

struct CertificateReviewer {
  std::string id;
  std::int32_t load_min = 0;
  std::int32_t load_max = 0;
  std::string organisation;
  std::string country;

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"organisation", "country"};
};
BOOST_DESCRIBE_STRUCT(CertificateReviewer, (), (id, load_min, load_max, organisation, country))

// The pairs were drawn (assignment.hpp, solve_drawn): by what rule, and what was committed to before.
struct CertificateDraw {
  RandomRule rule;
  std::string seed_commitment;
};
BOOST_DESCRIBE_STRUCT(CertificateDraw, (), (rule, seed_commitment))

struct MatchCertificate {
  std::string format{kCertificateFormat};
  MatchRules rules;
  std::vector<CertificateProposal> proposals;
  std::vector<CertificateReviewer> reviewers;
  std::vector<MatchConflict> conflicts;
  MatchPrices prices;
  std::optional<CertificateDraw> draw{};
};
BOOST_DESCRIBE_STRUCT(MatchCertificate, (), (format, rules, proposals, reviewers, conflicts, prices, draw))

MatchCertificate certify(MatchInstance const& instance, MatchSolution const& solution);

enum class CertificateState : std::uint8_t {
  optimal,     // feasible, and nothing is better
  bounded,     // feasible; the prices prove only that nothing is better by more than `gap_millionths`
  infeasible,  // breaks a rule of its own input
};
BOOST_DESCRIBE_ENUM(CertificateState, optimal, bounded, infeasible)

struct CertificateVerdict {
  CertificateState state = CertificateState::infeasible;
  // The pair, load, group or shortfall that shows it, by index and id. Empty when optimal.
  std::string because;
  // What the objective can at most still gain; saturates at 2^62.
  std::int64_t gap_millionths = 0;
  std::int64_t total_millionths = 0;
  std::int64_t pairs = 0;
  std::int64_t missing_reviews = 0;
  std::int64_t missing_minimums = 0;
  std::int32_t floors_asked = 0;
  std::int32_t floors_met = 0;  // bounded is what repairing floors costs
  bool drawn = false;           // bounded is what chance costs
};
BOOST_DESCRIBE_STRUCT(CertificateVerdict, (),
                      (state, because, gap_millionths, total_millionths, pairs, missing_reviews, missing_minimums,
                       floors_asked, floors_met, drawn))

// Shares no code with the solver. Errors: those of check(), invalid "certificate".
Result<CertificateVerdict> verify(MatchCertificate const& certificate);

// Draws again with the seed that was published: whether it is the one committed to, and gives these pairs. Unlike
// verify() this runs the solver. Errors: those of verify() and solve_drawn(), conflict "not_drawn" for a certificate
// without a draw, invalid "seed" (not 64 hexadecimal digits).
struct DrawVerdict {
  bool committed = false;
  bool same_pairs = false;
  std::string because;  // what is different; empty where nothing is
};
BOOST_DESCRIBE_STRUCT(DrawVerdict, (), (committed, same_pairs, because))
Result<DrawVerdict> verify_draw(MatchCertificate const& certificate, std::string_view seed_hex);
Result<DrawVerdict> verify_draw(std::string_view json, std::string_view seed_hex);
// 32 bytes from 64 hexadecimal digits. Errors: invalid "seed".
Result<MatchSeed> parse_seed(std::string_view hex);

// The same from JSON of at most 256 MiB. Errors: also those of json::read.
Result<CertificateVerdict> verify_certificate(std::string_view json);

}  // namespace fabrica::matching
