#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "matching/impl/assignment_floor.hpp"

namespace fabrica::matching {

namespace {

void report_pairs(Flow<false> const& flow, MatchSolution& out) {
  auto const& problem = flow.problem();
  out.pairs.clear();
  out.total_millionths = 0;
  out.loads.assign(problem.reviewers, 0);
  for (std::uint32_t p = 0; p < problem.proposals; ++p) {
    auto const begin = out.pairs.size();
    for (auto const at : flow.taken(p)) {
      Arc const arc = problem.arcs[at];
      out.pairs.push_back({p, arc.reviewer(), arc.affinity});
      out.total_millionths += arc.affinity;
      ++out.loads[arc.reviewer()];
    }
    std::sort(out.pairs.begin() + static_cast<std::ptrdiff_t>(begin), out.pairs.end());
  }
  out.balance_cost_millionths = 0;
  for (auto const load : out.loads)
    out.balance_cost_millionths += problem.balance * (std::int64_t{load} * (load - 1) / 2);
}

void report_prices(Flow<false>& flow, MatchSolution& out) {
  auto const& problem = flow.problem();
  for (std::uint32_t r = 0; r < problem.reviewers; ++r) out.prices.reviewers.push_back(flow.price(r));
  for (std::uint32_t p = 0; p < problem.proposals; ++p) {
    auto const thresholds = flow.thresholds(p);
    out.prices.proposals.push_back(-thresholds.proposal);
    for (auto const& [group, price] : thresholds.groups)
      out.prices.groups.push_back(
          {p, group < problem.countries_from ? GroupKind::organisation : GroupKind::country, problem.group_name[group],
           price});
  }
}

void report_gaps(Flow<false> const& flow, MatchSolution& out) {
  auto const& problem = flow.problem();
  for (std::uint32_t p = 0; p < problem.proposals; ++p) {
    auto const missing = flow.short_units(p);
    if (missing == 0) continue;
    out.missing_reviews += missing;
    out.shortfalls.push_back({p, missing, static_cast<std::int32_t>(problem.first[p + 1] - problem.first[p]),
                              problem.excluded.empty() ? 0 : problem.excluded[p]});
  }
  for (std::uint32_t r = 0; r < problem.reviewers; ++r) {
    auto const missing = problem.load_min[r] - out.loads[r];
    if (missing <= 0) continue;
    out.missing_minimums += missing;
    out.minimums_missed.push_back({r, missing});
  }
}

// A price is a multiple of the shortfall's weight (the next review covers a missing one) and the affinity it brings.
void report_recruiting(MatchInstance const& instance, MatchSolution& out) {
  std::map<std::string_view, RecruitHint> hints;
  for (std::size_t r = 0; r < instance.reviewers.size(); ++r) {
    bool const covers = out.prices.reviewers[r] > kShortfallCost / 2;
    auto const worth = std::max<std::int64_t>(0, out.prices.reviewers[r] - (covers ? kShortfallCost : 0));
    for (auto const& topic : instance.reviewers[r].topics) {
      auto& hint = hints[topic];
      ++hint.reviewers;
      hint.reviewers_full += out.loads[r] >= instance.reviewers[r].load_max ? 1 : 0;
      hint.reviewers_would_cover += covers ? 1 : 0;
      hint.worth_millionths += worth;
    }
  }
  for (auto const& shortfall : out.shortfalls)
    for (auto const& topic : instance.proposals[shortfall.proposal].topics)
      hints[topic].missing_reviews += shortfall.missing;
  for (auto& [topic, hint] : hints) {
    hint.topic = topic;
    if (hint.reviewers > 0) hint.worth_millionths /= hint.reviewers;
    if (hint.missing_reviews > 0 || hint.reviewers_would_cover > 0 || hint.worth_millionths > 0)
      out.recruit.push_back(std::move(hint));
  }
  std::ranges::sort(out.recruit, [](RecruitHint const& a, RecruitHint const& b) {
    return std::tie(b.missing_reviews, b.reviewers_would_cover, b.worth_millionths, a.topic) <
           std::tie(a.missing_reviews, a.reviewers_would_cover, a.worth_millionths, b.topic);
  });
}

MatchSolution finish(Flow<false>& flow, MatchInstance const& instance) {
  MatchSolution out;
  report_prices(flow, out);
  report_pairs(flow, out);
  out.optimum_millionths = out.total_millionths;
  out.floors = repair_floors(flow, instance);
  if (!out.floors.empty()) report_pairs(flow, out);
  report_gaps(flow, out);
  report_recruiting(instance, out);
  return out;
}

Result<> belongs(MatchInstance const& before, MatchSolution const& previous) {
  bool fits = previous.prices.reviewers.size() == before.reviewers.size();
  for (auto const& pair : previous.pairs)
    fits = fits && pair.proposal < before.proposals.size() && pair.reviewer < before.reviewers.size();
  for (auto const price : previous.prices.reviewers)
    fits = fits && price >= -2 * kShortfallCost && price <= 2 * kShortfallCost;
  if (fits) return {};
  return fail(Errc::invalid, "assignment_previous",
              "The previous solution does not belong to the previous input: give the pair that solve() answered, or "
              "solve anew.");
}

// Places of `before` among `after`, by id.
template <class T>
std::vector<std::uint32_t> places(std::vector<T> const& before, std::vector<T> const& after) {
  std::unordered_map<std::string_view, std::uint32_t> known;
  std::vector<std::uint32_t> out(before.size(), kNone);
  bool mapped = false;
  for (std::uint32_t place = 0; place < before.size(); ++place) {
    if (place < after.size() && after[place].id == before[place].id) {
      out[place] = place;  // the usual case needs no table
      continue;
    }
    if (!mapped)
      for (std::uint32_t there = 0; there < after.size(); ++there) known.emplace(after[there].id, there);
    mapped = true;
    if (auto const found = known.find(before[place].id); found != known.end()) out[place] = found->second;
  }
  return out;
}

}  // namespace

Result<MatchSolution> solve(MatchInstance const& instance) {
  FABRICA_TRY(auto problem, compile(instance));
  Flow<false> flow{problem};
  flow.cover();
  flow.raise_minimums();
  return finish(flow, instance);
}

Result<MatchSolution> resolve(MatchInstance const& before, MatchSolution const& previous, MatchInstance const& after) {
  FABRICA_DO(belongs(before, previous));
  FABRICA_TRY(auto problem, compile(after));
  auto const proposals = places(before.proposals, after.proposals);
  auto const reviewers = places(before.reviewers, after.reviewers);
  Flow<false> flow{problem};
  std::vector<std::optional<std::int64_t>> prices(problem.reviewers);
  for (std::size_t r = 0; r < reviewers.size(); ++r)
    // One who may review nothing counts as new: priced beyond everybody, so that nobody misses them.
    if (reviewers[r] != kNone && problem.load_max[reviewers[r]] > 0) prices[reviewers[r]] = previous.prices.reviewers[r];
  std::vector<std::vector<std::uint32_t>> kept(problem.proposals);
  for (auto const& pair : previous.pairs)
    if (proposals[pair.proposal] != kNone && reviewers[pair.reviewer] != kNone)
      kept[proposals[pair.proposal]].push_back(reviewers[pair.reviewer]);
  flow.restart(kept, prices);
  return finish(flow, after);
}

Result<MatchInstance> changed(MatchInstance instance, MatchChange const& change) {
  auto const wrong = [](std::string what) { return fail(Errc::invalid, "assignment_change", std::move(what)); };
  bool const names_proposal =
      change.kind == MatchChangeKind::conflict || change.kind == MatchChangeKind::proposal_removed;
  bool const names_reviewer = change.kind == MatchChangeKind::conflict ||
                              change.kind == MatchChangeKind::reviewer_removed || change.kind == MatchChangeKind::load;
  if (names_proposal && change.proposal >= instance.proposals.size())
    return wrong(fmt::format("Proposal {} does not exist; there are {}.", change.proposal, instance.proposals.size()));
  if (names_reviewer && change.reviewer >= instance.reviewers.size())
    return wrong(fmt::format("Reviewer {} does not exist; there are {}.", change.reviewer, instance.reviewers.size()));
  switch (change.kind) {
    case MatchChangeKind::conflict:
      instance.conflicts.push_back({change.proposal, change.reviewer, change.reason});
      break;
    case MatchChangeKind::reviewer_removed:
      instance.reviewers[change.reviewer].load_min = 0;
      instance.reviewers[change.reviewer].load_max = 0;
      break;
    case MatchChangeKind::load:
      instance.reviewers[change.reviewer].load_min = change.load_min;
      instance.reviewers[change.reviewer].load_max = change.load_max;
      break;
    case MatchChangeKind::proposal_added: instance.proposals.push_back(change.added); break;
    case MatchChangeKind::proposal_removed: instance.proposals[change.proposal].demand = 0; break;
  }
  return instance;
}

}  // namespace fabrica::matching
