#include "matching/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "crypto/sha256.hpp"
#include "json/json.hpp"

namespace fabrica::matching {

namespace {

constexpr std::int64_t kGapMost = std::int64_t{1} << 62;
constexpr json::Limits kCertificateJson{.bytes = std::size_t{256} << 20, .depth = 8, .values = 8'000'000};
constexpr std::int64_t kPriceMost = std::int64_t{1} << 53;  // beyond it canonical JSON could not say the number

MatchInstance instance_of(MatchCertificate const& certificate) {
  MatchInstance out;
  out.rules = certificate.rules;
  out.conflicts = certificate.conflicts;
  for (auto const& from : certificate.proposals) {
    MatchProposal proposal{from.id, from.demand, from.floor_millionths, from.organisation, from.country, {}, {}};
    for (std::size_t i = 0; i < from.reviewers.size(); ++i)
      proposal.candidates.push_back({from.reviewers[i], from.affinities_millionths[i]});
    out.proposals.push_back(std::move(proposal));
  }
  for (auto const& from : certificate.reviewers)
    out.reviewers.push_back({from.id, from.load_min, from.load_max, from.organisation, from.country, {}});
  return out;
}

std::unexpected<Error> malformed(std::string what) { return fail(Errc::invalid, "certificate", std::move(what)); }

Result<> check_shape(MatchCertificate const& certificate) {
  if (certificate.format != kCertificateFormat)
    return malformed(fmt::format("This is {}; take a program that knows it, or a certificate in {}.", certificate.format,
                                 kCertificateFormat));
  auto const& prices = certificate.prices;
  if (prices.proposals.size() != certificate.proposals.size() || prices.reviewers.size() != certificate.reviewers.size())
    return malformed("Give one price for each proposal and one for each reviewer.");
  for (auto const* const list : {&prices.proposals, &prices.reviewers})
    for (auto const price : *list)
      if (price < -kPriceMost || price > kPriceMost) return malformed("A price is out of range: at most 2^53.");
  for (std::size_t p = 0; p < certificate.proposals.size(); ++p)
    if (certificate.proposals[p].reviewers.size() != certificate.proposals[p].affinities_millionths.size())
      return malformed(fmt::format("Proposal {} needs as many affinities as reviewers.", p));
  return {};
}

// The optimality conditions of the assignment's linear program, each a number that must not be below 0. What they fall
// short by sums to the gap: the value of the prices as a bound less the value of the assignment.
class Verifier {
 public:
  Verifier(MatchCertificate const& certificate, MatchInstance const& instance)
      : certificate_{certificate}, instance_{instance}, assigned_by_(instance.reviewers.size(), 0),
        forbidden_(instance.proposals.size()), loads_(instance.reviewers.size()) {
    for (auto const& conflict : instance.conflicts) forbidden_[conflict.proposal].insert(conflict.reviewer);
  }

  Result<CertificateVerdict> run() {
    FABRICA_DO(read_group_prices());
    for (std::uint32_t p = 0; p < instance_.proposals.size() && !broken_; ++p) check_proposal(p);
    for (std::uint32_t r = 0; r < instance_.reviewers.size() && !broken_; ++r) check_reviewer(r);
    if (!broken_ && !group_prices_.empty() && groups_seen_ != group_prices_.size())
      return malformed("A group has a price but no candidate of its proposal is in it: remove the price.");
    verdict_.state = broken_                       ? CertificateState::infeasible
                     : verdict_.gap_millionths > 0 ? CertificateState::bounded
                                                   : CertificateState::optimal;
    if (broken_) verdict_.gap_millionths = 0;  // it bounds nothing then
    return std::move(verdict_);
  }

 private:
  struct Group {
    std::int32_t cap = 0;
    std::int32_t used = 0;
    std::int64_t price = 0;
  };
  using Groups = std::unordered_map<std::string_view, Group>;

  std::string proposal_name(std::uint32_t p) const {
    return fmt::format("proposal {} ({})", p, instance_.proposals[p].id);
  }
  std::string reviewer_name(std::uint32_t r) const {
    return fmt::format("reviewer {} ({})", r, instance_.reviewers[r].id);
  }

  void break_at(std::string because) {
    broken_ = true;
    verdict_.because = std::move(because);
  }
  // `slack` falls short of 0: the first that does is named.
  template <class Because>
  void need(std::int64_t slack, std::int64_t times, Because because) {
    if (slack >= 0 || times == 0) return;
    if (verdict_.because.empty()) verdict_.because = because();
    std::int64_t const lost = times > kGapMost / -slack ? kGapMost : -slack * times;
    verdict_.gap_millionths = verdict_.gap_millionths > kGapMost - lost ? kGapMost : verdict_.gap_millionths + lost;
  }

  static std::string key(std::uint32_t p, GroupKind kind, std::string_view group) {
    return fmt::format("{}/{}/{}", p, static_cast<int>(kind), group);
  }

  Result<> read_group_prices() {
    for (std::size_t i = 0; i < certificate_.prices.groups.size(); ++i) {
      auto const& price = certificate_.prices.groups[i];
      auto const cap = price.kind == GroupKind::country ? instance_.rules.country_cap : instance_.rules.organisation_cap;
      if (price.proposal >= instance_.proposals.size() || price.price < 0 || price.price > kPriceMost || cap == 0)
        return malformed(fmt::format("Group price {} is not one: a cap's price is 0 or more and its proposal exists.", i));
      if (!group_prices_.emplace(key(price.proposal, price.kind, price.group), price.price).second)
        return malformed(fmt::format("Group price {} is there twice.", i));
    }
    return {};
  }

  Group* group_of(std::uint32_t p, GroupKind kind, std::string const& name, std::int32_t cap, Groups& groups) {
    if (cap == 0 || name.empty()) return nullptr;
    auto const [place, fresh] = groups.try_emplace(name);
    if (fresh) {
      place->second.cap = cap;
      if (!group_prices_.empty())
        if (auto const found = group_prices_.find(key(p, kind, name)); found != group_prices_.end()) {
          place->second.price = found->second;
          ++groups_seen_;
        }
    }
    return &place->second;
  }

  bool excluded(std::uint32_t p, std::uint32_t r) const {
    auto const& proposal = instance_.proposals[p];
    auto const& reviewer = instance_.reviewers[r];
    auto const& rules = instance_.rules;
    return forbidden_[p].contains(r) ||
           (rules.exclude_same_organisation && !proposal.organisation.empty() &&
            proposal.organisation == reviewer.organisation) ||
           (rules.exclude_same_country && !proposal.country.empty() && proposal.country == reviewer.country);
  }

  bool mark_assigned(std::uint32_t p) {
    auto const& list = certificate_.proposals[p].assigned;
    for (auto const r : list) {
      if (r >= assigned_by_.size()) {
        break_at(fmt::format("{} is given reviewer {}, who does not exist", proposal_name(p), r));
        return false;
      }
      if (assigned_by_[r] == p + 1) {
        break_at(fmt::format("{} is given {} twice", proposal_name(p), reviewer_name(r)));
        return false;
      }
      assigned_by_[r] = p + 1;
    }
    return true;
  }

  void check_proposal(std::uint32_t p) {
    if (!mark_assigned(p)) return;
    auto const& proposal = instance_.proposals[p];
    auto const& assigned = certificate_.proposals[p].assigned;
    std::int64_t const price = certificate_.prices.proposals[p];
    Groups organisations;
    Groups countries;
    std::size_t found = 0;
    std::int64_t score = 0;
    for (auto const& [r, affinity] : proposal.candidates) {
      bool const used = assigned_by_[r] == p + 1;
      if (excluded(p, r)) continue;
      auto const& reviewer = instance_.reviewers[r];
      auto* const organisation = group_of(p, GroupKind::organisation, reviewer.organisation,
                                          instance_.rules.organisation_cap, organisations);
      auto* const country =
          group_of(p, GroupKind::country, reviewer.country, instance_.rules.country_cap, countries);
      std::int64_t const margin = affinity - certificate_.prices.reviewers[r] + price -
                                  (organisation ? organisation->price : 0) - (country ? country->price : 0);
      need(used ? margin : -margin, 1, [&] {
        return fmt::format("the pair {}, {} is {} although its margin under the prices is {}", proposal_name(p),
                           reviewer_name(r), used ? "assigned" : "not assigned", margin);
      });
      if (!used) continue;
      ++found;
      score += affinity;
      ++loads_[r];
      if (organisation) ++organisation->used;
      if (country) ++country->used;
    }
    if (found != assigned.size())
      return break_at(fmt::format("{} is given a reviewer who is no candidate of it or excluded", proposal_name(p)));
    check_demand(p, static_cast<std::int32_t>(found), price);
    check_groups(p, "organisation", organisations);
    check_groups(p, "country", countries);
    verdict_.total_millionths += score;
    verdict_.pairs += static_cast<std::int64_t>(found);
    if (!proposal.floor_millionths) return;
    ++verdict_.floors_asked;
    if (score >= *proposal.floor_millionths) ++verdict_.floors_met;
  }

  void check_demand(std::uint32_t p, std::int32_t found, std::int64_t price) {
    std::int32_t const missing = instance_.proposals[p].demand - found;
    if (missing < 0)
      return break_at(fmt::format("{} wants {} reviews and is given {}", proposal_name(p),
                                  instance_.proposals[p].demand, found));
    verdict_.missing_reviews += missing;
    auto const because = [&] {
      return fmt::format("{} lacks {} reviews although its price is {}", proposal_name(p), missing, price);
    };
    // A missing review costs kShortfallCost: none that is there may be dearer, and one that is missing not cheaper.
    need(kShortfallCost - price, found, because);
    need(price - kShortfallCost, missing, because);
  }

  void check_groups(std::uint32_t p, std::string_view kind, Groups const& groups) {
    for (auto const& [name, group] : groups) {
      if (group.used > group.cap)
        return break_at(fmt::format("{} has {} reviewers of {} {}, the cap is {}", proposal_name(p), group.used, kind,
                                    name, group.cap));
      need(-group.price, group.cap - group.used, [&] {
        return fmt::format("{} has room for {} {} although the cap has the price {}", proposal_name(p), kind, name,
                           group.price);
      });
    }
  }

  void check_reviewer(std::uint32_t r) {
    auto const& reviewer = instance_.reviewers[r];
    std::int32_t const load = loads_[r];
    std::int64_t const price = certificate_.prices.reviewers[r];
    if (load > reviewer.load_max)
      return break_at(fmt::format("{} has {} reviews, at most {} are allowed", reviewer_name(r), load,
                                  reviewer.load_max));
    verdict_.missing_minimums += std::max(0, reviewer.load_min - load);
    auto const cost = [&](std::int32_t unit) {
      return (unit < reviewer.load_min ? -kMinimumBonus : 0) + instance_.rules.balance_millionths * unit;
    };
    auto const because = [&] {
      return fmt::format("{} has {} of {} to {} reviews although the price of the next is {}", reviewer_name(r), load,
                         reviewer.load_min, reviewer.load_max, price);
    };
    for (std::int32_t unit = 0; unit < reviewer.load_max; ++unit)
      need(unit < load ? price - cost(unit) : cost(unit) - price, 1, because);
  }

  MatchCertificate const& certificate_;
  MatchInstance const& instance_;
  std::vector<std::uint32_t> assigned_by_;  // proposal + 1
  std::vector<std::unordered_set<std::uint32_t>> forbidden_;
  std::vector<std::int32_t> loads_;
  std::unordered_map<std::string, std::int64_t> group_prices_;
  std::size_t groups_seen_ = 0;
  bool broken_ = false;
  CertificateVerdict verdict_;
};

}  // namespace

MatchCertificate certify(MatchInstance const& instance, MatchSolution const& solution) {
  MatchCertificate out;
  out.rules = instance.rules;
  out.conflicts = instance.conflicts;
  out.prices = solution.prices;
  for (auto const& from : instance.proposals) {
    CertificateProposal proposal{from.id, from.demand, from.floor_millionths, from.organisation, from.country, {}, {}, {}};
    for (auto const& [reviewer, affinity] : from.candidates) {
      proposal.reviewers.push_back(reviewer);
      proposal.affinities_millionths.push_back(affinity);
    }
    out.proposals.push_back(std::move(proposal));
  }
  for (auto const& from : instance.reviewers)
    out.reviewers.push_back({from.id, from.load_min, from.load_max, from.organisation, from.country});
  for (auto const& pair : solution.pairs) out.proposals[pair.proposal].assigned.push_back(pair.reviewer);
  return out;
}

Result<CertificateVerdict> verify(MatchCertificate const& certificate) {
  FABRICA_DO(check_shape(certificate));
  auto const instance = instance_of(certificate);
  FABRICA_DO(check(instance));
  FABRICA_TRY(auto out, (Verifier{certificate, instance}.run()));
  out.drawn = certificate.draw.has_value();
  return out;
}

Result<MatchSeed> parse_seed(std::string_view hex) {
  auto const digest = crypto::Digest::from_hex(hex);
  if (!digest) return fail(Errc::invalid, "seed", "A seed is 64 hexadecimal digits.");
  return digest->bytes;
}

Result<DrawVerdict> verify_draw(MatchCertificate const& certificate, std::string_view seed_hex) {
  FABRICA_DO(check_shape(certificate));
  if (!certificate.draw)
    return fail(Errc::conflict, "not_drawn", "These pairs were not drawn: leave the seed out to verify them.");
  FABRICA_TRY(auto const seed, parse_seed(seed_hex));
  DrawVerdict out{seed_commitment(seed) == certificate.draw->seed_commitment, true, {}};
  if (!out.committed) out.because = "the seed is not the one that was committed to";
  FABRICA_TRY(auto const again, solve_drawn(instance_of(certificate), certificate.draw->rule, seed));
  std::vector<std::set<std::uint32_t>> drawn(certificate.proposals.size());
  for (auto const& pair : again.pairs) drawn[pair.proposal].insert(pair.reviewer);
  for (std::size_t p = 0; p < drawn.size() && out.same_pairs; ++p) {
    auto const& said = certificate.proposals[p].assigned;
    if (drawn[p] == std::set<std::uint32_t>{said.begin(), said.end()}) continue;
    out.same_pairs = false;
    if (out.because.empty())
      out.because = fmt::format("the draw gives other reviewers to proposal {} ({})", p, certificate.proposals[p].id);
  }
  return out;
}

Result<DrawVerdict> verify_draw(std::string_view json, std::string_view seed_hex) {
  FABRICA_TRY(auto const certificate, json::read<MatchCertificate>(json, kCertificateJson));
  return verify_draw(certificate, seed_hex);
}

Result<CertificateVerdict> verify_certificate(std::string_view json) {
  FABRICA_TRY(auto const certificate, json::read<MatchCertificate>(json, kCertificateJson));
  return verify(certificate);
}

}  // namespace fabrica::matching
