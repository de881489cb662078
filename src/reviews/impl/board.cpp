#include "reviews/impl/board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "crypto/sha256.hpp"
#include "matching/affinity.hpp"

namespace fabrica::reviews {
namespace {

// A certificate holds every candidate: beyond this many pairs only the best of each proposal are candidates.
constexpr std::size_t kPairsMax = 1'000'000;
constexpr std::size_t kCandidatesLeast = 50;
constexpr std::size_t kTopicsMax = 64;

// The group of the cap "one reviewer of an organisation". The country belongs to it: with both caps an organisation
// lies in one country.
std::string group_of(ProfileDraft const& profile, Micros now) {
  for (auto const& one : profile.affiliations) {
    if (one.until && one.until->us <= now) continue;
    if (one.organisation) return fmt::format("{}/{}", one.organisation->text(), profile.country);
    std::string folded;
    for (auto const& word : organisation(one.name, {}).words) folded += word + " ";
    if (!folded.empty())
      return fmt::format("name:{}/{}", crypto::sha256(folded).hex().substr(0, 32), profile.country);
  }
  return {};
}

// Why this reviewer is not free for that proposal, apart from conflicts.
std::string_view taken_because(store::AssignmentRow const& row) {
  if (is_active(row.state)) return "asked already";
  if (row.state == AssignmentState::declined) return "declined";
  if (row.state == AssignmentState::withdrawn) return "withdrew";
  if (row.submitted) return "reviewed already";
  return {};
}

matching::Bid bid_of(BidKind kind) {
  switch (kind) {
    case BidKind::want: return matching::Bid::eager;
    case BidKind::can: return matching::Bid::willing;
    case BidKind::rather_not: return matching::Bid::not_willing;
  }
  return matching::Bid::none;
}

// Of proposals and reviewers that are on the board.
void add_bids(Board const& board, matching::AffinityInput& input) {
  std::map<PublicId, std::uint32_t> proposals;
  std::map<PublicId, std::uint32_t> reviewers;
  for (std::uint32_t at = 0; at < board.proposals.size(); ++at) proposals[board.proposals[at].evaluated.proposal] = at;
  for (std::uint32_t at = 0; at < board.reviewers.size(); ++at) reviewers[board.reviewers[at].person] = at;
  for (auto const& [reviewer, one] : board.bids) {
    auto const p = proposals.find(one.proposal);
    auto const r = reviewers.find(reviewer);
    if (p != proposals.end() && r != reviewers.end()) input.bids.push_back({p->second, r->second, bid_of(one.bid)});
  }
}

class Builder {
 public:
  Builder(Board const& board, Micros now) : board_{board}, now_{now} {
    for (std::uint32_t at = 0; at < board.proposals.size(); ++at)
      proposals_[board.proposals[at].evaluated.proposal] = at;
    for (std::uint32_t at = 0; at < board.reviewers.size(); ++at) reviewers_[board.reviewers[at].person] = at;
  }

  matching::MatchInstance build(Candidates candidates) {
    out_.rules.organisation_cap = board_.settings.one_per_organisation ? 1 : 0;
    out_.rules.country_cap = board_.settings.one_per_country ? 1 : 0;
    add_proposals(std::move(candidates));
    add_reviewers();
    for (auto const& one : board_.conflicts)
      if (one.state == ConflictState::standing) block(one.proposal, one.reviewer, json::enum_name(one.kind));
    for (auto const& one : board_.assignments) add_taken(one);
    for (auto const& [pair, reason] : blocked_) out_.conflicts.push_back({pair.first, pair.second, reason});
    return std::move(out_);
  }

 private:
  void add_proposals(Candidates candidates) {
    for (std::size_t at = 0; at < board_.proposals.size(); ++at) {
      auto const& from = board_.proposals[at];
      matching::MatchProposal one;
      one.id = from.evaluated.proposal.text();
      one.demand = static_cast<std::int32_t>(board_.rules_of(from).reviews_wanted);
      one.topics = topics_of(from.topic.keywords);
      one.candidates = std::move(candidates[at]);
      out_.proposals.push_back(std::move(one));
    }
  }
  void add_reviewers() {
    for (auto const& from : board_.reviewers) {
      std::int64_t most = is_available(from.profile, now_) ? from.profile.load_max : 0;
      for (auto const& [version, rules] : board_.rules) most = std::min(most, rules.reviewer_load_max);
      matching::MatchReviewer one;
      one.id = from.person.text();
      one.load_max = static_cast<std::int32_t>(most);
      one.organisation = group_of(from.profile, now_);
      one.country = from.profile.country;
      one.topics = topics_of(from.profile.keywords);
      out_.reviewers.push_back(std::move(one));
    }
  }
  void block(PublicId const& proposal, PublicId const& reviewer, std::string_view reason) {
    auto const p = proposals_.find(proposal);
    auto const r = reviewers_.find(reviewer);
    if (p != proposals_.end() && r != reviewers_.end())
      blocked_.try_emplace(std::pair{p->second, r->second}, std::string{reason});
  }
  void add_taken(store::AssignmentRow const& row) {
    auto const p = proposals_.find(row.proposal);
    auto const r = reviewers_.find(row.reviewer);
    bool const active = is_active(row.state);
    if (active && r != reviewers_.end()) {
      auto& most = out_.reviewers[r->second].load_max;
      most = std::max(0, most - 1);
    }
    if (p == proposals_.end()) return;
    if (auto const why = taken_because(row); !why.empty()) block(row.proposal, row.reviewer, why);
    if (!active && !row.counted) return;
    auto& demand = out_.proposals[p->second].demand;
    demand = std::max(0, demand - 1);
    if (r != reviewers_.end()) block_group(p->second, r->second);
  }
  void block_group(std::uint32_t proposal, std::uint32_t reviewer) {
    auto const& taken = out_.reviewers[reviewer];
    for (std::uint32_t other = 0; other < out_.reviewers.size(); ++other) {
      auto const& one = out_.reviewers[other];
      if (other == reviewer) continue;
      if (out_.rules.organisation_cap == 1 && !one.organisation.empty() && one.organisation == taken.organisation)
        blocked_.try_emplace({proposal, other}, "a reviewer of the organisation is there");
      if (out_.rules.country_cap == 1 && one.country == taken.country)
        blocked_.try_emplace({proposal, other}, "a reviewer of the country is there");
    }
  }

  Board const& board_;
  Micros now_;
  std::map<PublicId, std::uint32_t> proposals_;
  std::map<PublicId, std::uint32_t> reviewers_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::string> blocked_;
  matching::MatchInstance out_;
};

}  // namespace

std::vector<std::string> topics_of(std::vector<std::string> const& keywords) {
  std::set<std::string> out;
  for (auto const& keyword : keywords)
    if (auto one = matching::folded(keyword); !one.empty() && one.size() <= 200 && out.size() < kTopicsMax)
      out.insert(std::move(one));
  return {out.begin(), out.end()};
}

calls::Step const* expert_step(calls::Evaluated const& proposal) {
  auto const found = std::ranges::find(proposal.steps, calls::StepKind::expert, &calls::Step::step);
  return found == proposal.steps.end() ? nullptr : &*found;
}

bool in_review(calls::Evaluated const& proposal) {
  auto const* step = expert_step(proposal);
  bool const failed = std::ranges::any_of(
      proposal.steps, [](calls::Step const& one) { return one.state == calls::StepState::failed; });
  return proposal.state == calls::ProposalState::evaluating && step && !failed &&
         (step->state == calls::StepState::pending || step->state == calls::StepState::active);
}

Result<matching::Affinity> affinity_of(Board const& board) {
  matching::AffinityInput input;
  for (auto const& one : board.proposals)
    input.proposals.push_back({one.evaluated.proposal.text(), one.topic.text, one.topic.keywords});
  for (auto const& one : board.reviewers) {
    auto topic = topic_of(one.profile);
    input.reviewers.push_back({one.person.text(), std::move(topic.text), std::move(topic.keywords)});
  }
  add_bids(board, input);
  return matching::Affinity::build(std::move(input));
}

Result<Candidates> candidates_of(Board const& board, matching::Affinity const& affinity) {
  Candidates out;
  auto const pairs = board.proposals.size() * board.reviewers.size();
  auto const most = pairs <= kPairsMax ? board.reviewers.size()
                                       : std::max(kCandidatesLeast, kPairsMax / board.proposals.size());
  for (std::uint32_t at = 0; at < board.proposals.size(); ++at) {
    auto list = affinity.candidates(at, most);
    std::ranges::sort(list, {}, &matching::Candidate::reviewer);
    out.push_back(std::move(list));
  }
  return out;
}

Candidates candidates_of(Board const& board, matching::MatchCertificate const& certificate) {
  std::map<std::string_view, matching::CertificateProposal const*> proposals;
  for (auto const& one : certificate.proposals) proposals[one.id] = &one;
  std::map<std::string_view, std::uint32_t> place;
  for (std::uint32_t at = 0; at < board.reviewers.size(); ++at) place[board.reviewers[at].person.text()] = at;
  Candidates out;
  for (auto const& one : board.proposals) {
    auto& list = out.emplace_back();
    auto const found = proposals.find(one.evaluated.proposal.text());
    if (found == proposals.end()) continue;
    auto const& from = *found->second;
    for (std::size_t at = 0; at < from.reviewers.size(); ++at)
      if (auto const still = place.find(certificate.reviewers[from.reviewers[at]].id); still != place.end())
        list.push_back({still->second, from.affinities_millionths[at]});
    std::ranges::sort(list, {}, &matching::Candidate::reviewer);
  }
  return out;
}

matching::MatchInstance instance_of(Board const& board, Candidates candidates, Micros now) {
  return Builder{board, now}.build(std::move(candidates));
}

Earlier earlier_of(matching::MatchCertificate const& certificate) {
  Earlier out;
  out.instance.rules = certificate.rules;
  out.instance.conflicts = certificate.conflicts;
  for (auto const& from : certificate.reviewers)
    out.instance.reviewers.push_back({from.id, from.load_min, from.load_max, from.organisation, from.country, {}});
  out.solution.prices = certificate.prices;
  out.solution.loads.resize(certificate.reviewers.size());
  for (std::uint32_t p = 0; p < certificate.proposals.size(); ++p) {
    auto const& from = certificate.proposals[p];
    matching::MatchProposal one;
    one.id = from.id;
    one.demand = from.demand;
    one.organisation = from.organisation;
    one.country = from.country;
    for (std::size_t at = 0; at < from.reviewers.size(); ++at)
      one.candidates.push_back({from.reviewers[at], from.affinities_millionths[at]});
    for (auto const reviewer : from.assigned) {
      auto const found = std::ranges::find(one.candidates, reviewer, &matching::Candidate::reviewer);
      if (found == one.candidates.end()) continue;
      out.solution.pairs.push_back({p, reviewer, found->affinity_millionths});
      ++out.solution.loads[reviewer];
    }
    out.instance.proposals.push_back(std::move(one));
  }
  return out;
}

Report report_of(matching::MatchInstance const& instance, matching::MatchSolution const& solution) {
  Report out{solution.total_millionths, solution.missing_reviews, {}, solution.recruit};
  for (auto const& one : solution.shortfalls)
    if (auto id = PublicId::parse(instance.proposals[one.proposal].id))
      out.shortfalls.push_back({*std::move(id), one.missing, one.candidates, one.excluded});
  return out;
}

}  // namespace fabrica::reviews
