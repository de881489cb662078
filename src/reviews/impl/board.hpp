#pragma once

#include <map>

#include "calls/evaluated.hpp"
#include "matching/certificate.hpp"
#include "reviews/impl/store.hpp"
#include "reviews/rules.hpp"

namespace fabrica::reviews {

struct BoardProposal {
  calls::Evaluated evaluated;
  Topic topic;          // load_parties() fills it in, and the party
  ProposalParty party;
};
struct BoardReviewer {
  PublicId person;
  ProfileDraft profile;
  std::string name;     // load_parties() fills it in, and the party
  ReviewerParty party;
};

// A round as the solver sees it: the proposals whose expert step is to come or being done, the pool's profiles, what
// speaks against a pair and who was asked already.
struct Board {
  calls::Round round;
  std::optional<store::RoundRow> stored;
  std::optional<store::DrawRow> draw;  // where its reviewers are drawn
  Settings settings;
  std::vector<BoardProposal> proposals;
  std::vector<BoardReviewer> reviewers;
  std::map<std::int64_t, calls::ReviewedRules> rules;  // by version
  std::vector<store::ConflictRow> conflicts;           // of the proposals
  std::vector<std::pair<PublicId, Bid>> bids;          // by reviewer
  std::vector<store::AssignmentRow> assignments;       // of the round, also of proposals beyond the expert step

  calls::ReviewedRules const& rules_of(BoardProposal const& one) const {
    return rules.at(one.evaluated.call_version);
  }
};

// Is its expert step to come or being done?
bool in_review(calls::Evaluated const& proposal);
calls::Step const* expert_step(calls::Evaluated const& proposal);

Result<matching::Affinity> affinity_of(Board const& board);
// Affinities by proposal in the board's order; nothing where a pair is no candidate.
using Candidates = std::vector<std::vector<matching::Candidate>>;
Result<Candidates> candidates_of(Board const& board, matching::Affinity const& affinity);
// Those an earlier solution knew. Who joined the pool later waits for the next propose().
Candidates candidates_of(Board const& board, matching::MatchCertificate const& certificate);
// What is left to be assigned. A pair that was asked or has delivered is not free: it takes from the proposal's wish
// and the reviewer's load, and stands among the conflicts.
matching::MatchInstance instance_of(Board const& board, Candidates candidates, Micros now);

struct Earlier {
  matching::MatchInstance instance;
  matching::MatchSolution solution;
};
Earlier earlier_of(matching::MatchCertificate const& certificate);
// The same bounds as the certificate's own reader.
inline constexpr json::Limits kCertificateLimits{.bytes = std::size_t{256} << 20, .values = 8'000'000};

// Keywords as the recruiting hints group them.
std::vector<std::string> topics_of(std::vector<std::string> const& keywords);

Report report_of(matching::MatchInstance const& instance, matching::MatchSolution const& solution);

}  // namespace fabrica::reviews
