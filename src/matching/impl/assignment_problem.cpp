#include "matching/impl/assignment_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace fabrica::matching {

namespace {

constexpr std::size_t kFaultsMax = 50;
constexpr std::size_t kTopicsMax = 64;
constexpr std::size_t kConflictsMax = 8'000'000;
constexpr std::size_t kTextMax = 200;

class Faults {
 public:
  void add(std::string pointer, std::string what) {
    if (list_.size() < kFaultsMax) list_.push_back({std::move(pointer), std::move(what)});
    else ++unlisted_;
  }
  // The rest of a long bad list is not worth walking.
  bool enough() const { return unlisted_ > 0; }
  Result<> result() {
    if (list_.empty()) return {};
    auto const count = list_.size();
    auto what = fmt::format("The assignment's input has {}{} fault{}; the first is at {}: {}",
                            enough() ? "more than " : "", count, count == 1 ? "" : "s", list_[0].pointer, list_[0].what);
    return fail(Errc::invalid, "assignment_instance", std::move(what), std::move(list_));
  }

 private:
  std::vector<Fault> list_;
  std::size_t unlisted_ = 0;
};

void check_texts(Faults& faults, std::string const& at, std::string const& id, std::string const& organisation,
                 std::string const& country, std::vector<std::string> const& topics) {
  if (id.empty() || id.size() > kTextMax) faults.add(at + "/id", "Give an id of 1 to 200 bytes.");
  if (organisation.size() > kTextMax) faults.add(at + "/organisation", "Shorten the organisation to 200 bytes.");
  if (country.size() > kTextMax) faults.add(at + "/country", "Shorten the country to 200 bytes.");
  if (topics.size() > kTopicsMax) faults.add(at + "/topics", "Give at most 64 topics.");
  for (auto const& topic : topics)
    if (topic.empty() || topic.size() > kTextMax) faults.add(at + "/topics", "Give topics of 1 to 200 bytes.");
}

void check_candidates(Faults& faults, MatchInstance const& instance, std::size_t p,
                      std::vector<std::uint32_t>& seen_by) {
  auto const& list = instance.proposals[p].candidates;
  auto const stamp = static_cast<std::uint32_t>(p + 1);
  for (std::size_t place = 0; place < list.size() && !faults.enough(); ++place) {
    auto const [reviewer, affinity] = list[place];
    auto const at = [&] { return fmt::format("/proposals/{}/candidates/{}", p, place); };
    if (reviewer >= seen_by.size()) {
      faults.add(at(), fmt::format("Reviewer {} does not exist; there are {}.", reviewer, seen_by.size()));
      continue;
    }
    if (affinity < -kAffinityMax || affinity > kAffinityMax)
      faults.add(at(), "Scale the affinity to between -1000 and 1000 (a billion millionths).");
    if (seen_by[reviewer] == stamp)
      faults.add(at(), fmt::format("Reviewer {} is listed twice; keep one of the two.", reviewer));
    seen_by[reviewer] = stamp;
  }
}

void check_proposals(Faults& faults, MatchInstance const& instance) {
  std::vector<std::uint32_t> seen_by(instance.reviewers.size());
  std::unordered_set<std::string_view> ids;
  for (std::size_t p = 0; p < instance.proposals.size() && !faults.enough(); ++p) {
    auto const& proposal = instance.proposals[p];
    auto const at = fmt::format("/proposals/{}", p);
    check_texts(faults, at, proposal.id, proposal.organisation, proposal.country, proposal.topics);
    if (!ids.insert(proposal.id).second)
      faults.add(at + "/id", fmt::format("Proposal {} is there twice; remove one.", proposal.id));
    if (proposal.demand < 0 || proposal.demand > kDemandMax)
      faults.add(at + "/demand", "Ask for 0 to 50 reviews.");
    if (proposal.floor_millionths && std::abs(*proposal.floor_millionths) > std::int64_t{kDemandMax} * kAffinityMax)
      faults.add(at + "/floor_millionths", "The floor is a sum of affinities of a proposal: at most 50 of at most 1000.");
    check_candidates(faults, instance, p, seen_by);
  }
}

void check_reviewers(Faults& faults, MatchInstance const& instance) {
  std::unordered_set<std::string_view> ids;
  std::unordered_map<std::string_view, std::string_view> lies_in;
  bool const nested = instance.rules.organisation_cap > 0 && instance.rules.country_cap > 0;
  for (std::size_t r = 0; r < instance.reviewers.size() && !faults.enough(); ++r) {
    auto const& reviewer = instance.reviewers[r];
    auto const at = fmt::format("/reviewers/{}", r);
    check_texts(faults, at, reviewer.id, reviewer.organisation, reviewer.country, reviewer.topics);
    if (!ids.insert(reviewer.id).second)
      faults.add(at + "/id", fmt::format("Reviewer {} is there twice; remove one.", reviewer.id));
    if (reviewer.load_max < 0 || reviewer.load_max > kLoadMax)
      faults.add(at + "/load_max", "Allow 0 to 10000 reviews.");
    if (reviewer.load_min < 0 || reviewer.load_min > reviewer.load_max)
      faults.add(at + "/load_min", fmt::format("Set it between 0 and load_max, which is {}.", reviewer.load_max));
    if (!nested || reviewer.organisation.empty()) continue;
    auto const [place, fresh] = lies_in.try_emplace(reviewer.organisation, reviewer.country);
    if (!fresh && place->second != reviewer.country)
      faults.add(at + "/country",
                 fmt::format("{} has reviewers in {} and in {}: with both caps an organisation lies in one country. Name "
                             "its branches apart, or drop one cap.",
                             reviewer.organisation, place->second, reviewer.country));
  }
}

void check_rules(Faults& faults, MatchRules const& rules) {
  if (rules.organisation_cap < 0 || rules.organisation_cap > kDemandMax)
    faults.add("/rules/organisation_cap", "Set 0 (no cap) to 50.");
  if (rules.country_cap < 0 || rules.country_cap > kDemandMax)
    faults.add("/rules/country_cap", "Set 0 (no cap) to 50.");
  if (rules.balance_millionths < 0 || rules.balance_millionths > kAffinityMax)
    faults.add("/rules/balance_millionths", "Set 0 (off) to a billion.");
}

void check_conflicts(Faults& faults, MatchInstance const& instance) {
  for (std::size_t place = 0; place < instance.conflicts.size() && !faults.enough(); ++place) {
    auto const& conflict = instance.conflicts[place];
    auto const at = fmt::format("/conflicts/{}", place);
    if (conflict.proposal >= instance.proposals.size())
      faults.add(at + "/proposal", fmt::format("Proposal {} does not exist; there are {}.", conflict.proposal,
                                               instance.proposals.size()));
    if (conflict.reviewer >= instance.reviewers.size())
      faults.add(at + "/reviewer", fmt::format("Reviewer {} does not exist; there are {}.", conflict.reviewer,
                                               instance.reviewers.size()));
    if (conflict.reason.empty() || conflict.reason.size() > 1000)
      faults.add(at + "/reason", "Say why, in 1 to 1000 bytes.");
  }
}

Result<> check_sizes(MatchInstance const& instance) {
  Faults faults;
  auto const most = [&](char const* at, std::size_t count, std::size_t limit) {
    if (count > limit) faults.add(at, fmt::format("{} are too many: at most {}. Split the call by track.", count, limit));
  };
  most("/proposals", instance.proposals.size(), kProposalsMax);
  most("/reviewers", instance.reviewers.size(), kReviewersMax);
  most("/conflicts", instance.conflicts.size(), kConflictsMax);
  std::size_t candidates = 0;
  for (auto const& proposal : instance.proposals) candidates += proposal.candidates.size();
  most("/proposals", candidates, kCandidatesMax);
  return faults.result();
}

// Numbers the groups that a cap holds for; 0 stays "none".
void number_groups(MatchInstance const& instance, Problem& out) {
  out.organisation.assign(out.reviewers, 0);
  out.country.assign(out.reviewers, 0);
  out.group_cap.assign(1, 0);
  out.group_name.assign(1, {});
  auto const number = [&](std::int32_t cap, std::string MatchReviewer::* name, std::vector<std::uint32_t>& of) {
    if (cap == 0) return;
    std::unordered_map<std::string_view, std::uint32_t> known;
    for (std::uint32_t r = 0; r < out.reviewers; ++r) {
      std::string const& text = instance.reviewers[r].*name;
      if (text.empty()) continue;
      auto const [place, fresh] = known.try_emplace(text, static_cast<std::uint32_t>(out.group_cap.size()));
      if (fresh) {
        out.group_cap.push_back(cap);
        out.group_name.push_back(text);
      }
      of[r] = place->second;
    }
  };
  number(instance.rules.organisation_cap, &MatchReviewer::organisation, out.organisation);
  out.countries_from = static_cast<std::uint32_t>(out.group_cap.size());
  number(instance.rules.country_cap, &MatchReviewer::country, out.country);
}

// Conflicts by proposal, as reviewer lists.
std::vector<std::vector<std::uint32_t>> conflicts_by_proposal(MatchInstance const& instance) {
  std::vector<std::vector<std::uint32_t>> out(instance.conflicts.empty() ? 0 : instance.proposals.size());
  for (auto const& conflict : instance.conflicts) out[conflict.proposal].push_back(conflict.reviewer);
  return out;
}

void lay_arcs(MatchInstance const& instance, Problem& out) {
  auto const forbidden = conflicts_by_proposal(instance);
  bool const by_organisation = instance.rules.exclude_same_organisation;
  bool const by_country = instance.rules.exclude_same_country;
  bool const any = !forbidden.empty() || by_organisation || by_country;
  std::vector<std::uint32_t> stamped(any ? out.reviewers : 0, kNone);
  if (any) out.excluded.assign(out.proposals, 0);
  std::size_t count = 0;
  for (auto const& proposal : instance.proposals) count += proposal.candidates.size();
  out.arcs.reserve(count);
  out.first.reserve(out.proposals + 1);
  for (std::uint32_t p = 0; p < out.proposals; ++p) {
    auto const& proposal = instance.proposals[p];
    out.first.push_back(static_cast<std::uint32_t>(out.arcs.size()));
    if (!any) {
      for (auto const& [reviewer, affinity] : proposal.candidates) out.arcs.push_back({affinity, reviewer});
      continue;
    }
    if (!forbidden.empty())
      for (auto const r : forbidden[p]) stamped[r] = p;
    for (auto const& [reviewer, affinity] : proposal.candidates) {
      auto const& person = instance.reviewers[reviewer];
      if (stamped[reviewer] == p ||
          (by_organisation && !proposal.organisation.empty() && person.organisation == proposal.organisation) ||
          (by_country && !proposal.country.empty() && person.country == proposal.country))
        ++out.excluded[p];
      else out.arcs.push_back({affinity, reviewer});
    }
  }
  out.first.push_back(static_cast<std::uint32_t>(out.arcs.size()));
}

}  // namespace

Result<> check(MatchInstance const& instance) {
  FABRICA_DO(check_sizes(instance));
  Faults faults;
  check_rules(faults, instance.rules);
  check_proposals(faults, instance);
  check_reviewers(faults, instance);
  check_conflicts(faults, instance);
  return faults.result();
}

Result<Problem> compile(MatchInstance const& instance) {
  FABRICA_DO(check(instance));
  Problem out;
  out.proposals = static_cast<std::uint32_t>(instance.proposals.size());
  out.reviewers = static_cast<std::uint32_t>(instance.reviewers.size());
  out.balance = instance.rules.balance_millionths;
  for (auto const& proposal : instance.proposals) out.demand.push_back(proposal.demand);
  for (auto const& reviewer : instance.reviewers) {
    out.load_min.push_back(reviewer.load_min);
    out.load_max.push_back(reviewer.load_max);
  }
  number_groups(instance, out);
  lay_arcs(instance, out);
  return out;
}

}  // namespace fabrica::matching
