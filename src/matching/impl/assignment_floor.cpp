#include "matching/impl/assignment_floor.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace fabrica::matching {

namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 60;
constexpr int kChainMax = 8;              // exchanges after the first
constexpr std::size_t kStepsMax = 20000;  // labels of one search
constexpr int kPassesMax = 3;             // a later repair can open the way for one that failed

class Repair {
 public:
  Repair(Flow<false>& flow, MatchInstance const& instance)
      : flow_{flow}, problem_{flow.problem()}, score_(problem_.proposals), floor_(problem_.proposals, -kFar),
        cost_(problem_.reviewers), search_(problem_.reviewers) {
    for (std::uint32_t p = 0; p < problem_.proposals; ++p) {
      for (auto const arc : flow_.taken(p)) score_[p] += problem_.arcs[arc].affinity;
      if (auto const& wanted = instance.proposals[p].floor_millionths) {
        out_.push_back({p, *wanted, attainable(flow_, p), 0, false});
        floor_[p] = std::min(*wanted, out_.back().attainable_millionths);
      }
    }
  }

  std::vector<FloorOutcome> run() {
    bool lifted = true;
    for (int pass = 0; pass < kPassesMax && lifted; ++pass) {
      lifted = false;
      for (auto const& outcome : out_)
        for (std::int32_t round = 0; round < 2 * problem_.demand[outcome.proposal]; ++round) {
          if (score_[outcome.proposal] >= floor_[outcome.proposal] || !lift(outcome.proposal)) break;
          lifted = true;
        }
    }
    for (auto& outcome : out_) {
      outcome.score_millionths = score_[outcome.proposal];
      outcome.reached = outcome.score_millionths >= floor_[outcome.proposal];
    }
    return std::move(out_);
  }

 private:
  struct Step {
    std::int64_t cost = 0;      // affinity lost so far
    std::uint32_t reviewer = 0;  // has one review too many
    std::uint32_t proposal = 0;  // which took it
    std::uint32_t arc = 0;
    std::uint32_t from = 0;  // the reviewer it gave up
    std::uint32_t parent = kNone;
    int depth = 0;
    std::uint32_t freed = 0;  // whose review the chain's first exchange frees
  };
  struct Swap {
    std::uint32_t give;  // arcs
    std::uint32_t take;
    std::int64_t gain;
  };

  // First exchanges of p: every better reviewer it may take for one it has.
  std::vector<Swap> swaps(std::uint32_t p) {
    std::vector<Swap> out;
    for (auto const give : flow_.taken(p)) {
      Arc const given = problem_.arcs[give];
      for (auto at = problem_.first[p]; at < problem_.first[p + 1]; ++at) {
        flow_.sorted_beyond(p, at);
        Arc const arc = problem_.arcs[at];
        std::int64_t const gain = std::int64_t{arc.affinity} - given.affinity;
        if (gain <= 0) break;
        if (arc.level() == 0 && flow_.allowed(p, arc.reviewer(), given.reviewer())) out.push_back({give, at, gain});
      }
    }
    return out;
  }

  // The cheapest chain that reaches the floor; failing that, the cheapest among those that lift most of what can be
  // lifted at once; failing that, any that lifts.
  bool lift(std::uint32_t p) {
    auto const all = swaps(p);
    if (all.empty()) return false;
    std::int64_t const most = std::ranges::max(all, {}, &Swap::gain).gain;
    std::int64_t tried = kFar;
    for (std::int64_t const least : {floor_[p] - score_[p], most / 2, std::int64_t{1}}) {
      if (least > most || least >= tried) continue;
      if (search(p, all, least)) {
        apply();
        return true;
      }
      tried = least;
    }
    return false;
  }

  // Labels are ordered by the affinity lost so far and the reviewer's price, which is what freeing one of its reviews
  // costs at least: the search goes where reviews are free.
  bool search(std::uint32_t p, std::vector<Swap> const& roots, std::int64_t gain_least) {
    ++stamp_;
    steps_.clear();
    heap_.clear();
    best_ = kFar;
    root_ = p;
    for (auto const& swap : roots)
      if (swap.gain >= gain_least)
        push({-swap.gain, problem_.arcs[swap.take].reviewer(), p, swap.take, problem_.arcs[swap.give].reviewer(), kNone,
              0, problem_.arcs[swap.give].reviewer()});
    while (!heap_.empty() && steps_.size() < kStepsMax) {
      std::ranges::pop_heap(heap_, std::greater<>{});
      auto const [bound, index] = heap_.back();
      heap_.pop_back();
      Step const step = steps_[index];
      if (bound >= best_) break;
      if (step.cost > cost_[step.reviewer]) continue;
      if (ends_at(step)) {
        if (step.cost >= best_) continue;
        best_ = step.cost;
        remember(index);
      } else if (step.depth < kChainMax) {
        extend(index);
      }
    }
    return best_ < kFar;
  }

  bool ends_at(Step const& step) const {
    if (step.reviewer == step.freed) return true;
    return flow_.load(step.reviewer) < problem_.load_max[step.reviewer] &&
           flow_.load(step.freed) > problem_.load_min[step.freed];
  }

  void push(Step const& step) {
    if (search_[step.reviewer] == stamp_ && cost_[step.reviewer] <= step.cost) return;
    search_[step.reviewer] = stamp_;
    cost_[step.reviewer] = step.cost;
    heap_.emplace_back(step.cost + flow_.price(step.reviewer), static_cast<std::uint32_t>(steps_.size()));
    std::ranges::push_heap(heap_, std::greater<>{});
    steps_.push_back(step);
  }

  // A chain uses a proposal and a reviewer once: its exchanges were judged against today's pairs.
  bool on_chain(std::uint32_t index, std::uint32_t p, std::uint32_t r) const {
    for (; index != kNone; index = steps_[index].parent)
      if (steps_[index].proposal == p || steps_[index].reviewer == r) return true;
    return false;
  }

  void extend(std::uint32_t index) {
    Step const step = steps_[index];
    for (auto const& held : flow_.held(step.reviewer)) {
      auto const q = held.proposal;
      if (q == root_ || on_chain(index, q, kNone)) continue;
      std::int64_t const may_lose = score_[q] - std::min(score_[q], floor_[q]);
      for (auto at = problem_.first[q]; at < problem_.first[q + 1]; ++at) {
        flow_.sorted_beyond(q, at);
        Arc const arc = problem_.arcs[at];
        std::int64_t const loss = std::int64_t{held.affinity} - arc.affinity;
        if (loss > may_lose || step.cost + loss >= best_) break;
        auto const r = arc.reviewer();
        if (arc.level() > 0 || !flow_.allowed(q, r, step.reviewer) || on_chain(index, kNone, r)) continue;
        push({step.cost + loss, r, q, at, step.reviewer, index, step.depth + 1, step.freed});
        if (steps_.size() >= kStepsMax) return;
      }
    }
  }

  void remember(std::uint32_t index) {
    best_chain_.clear();
    best_freed_ = steps_[index].freed;
    for (; index != kNone; index = steps_[index].parent) best_chain_.push_back(steps_[index]);
  }

  void apply() {
    auto const last = best_chain_.front().reviewer;
    for (auto const& step : best_chain_) {
      auto const given = std::ranges::find(flow_.held(step.from), step.proposal, &Flow<false>::Held::proposal)->arc;
      score_[step.proposal] += std::int64_t{problem_.arcs[step.arc].affinity} - problem_.arcs[given].affinity;
      flow_.release(step.proposal, given);
      flow_.take(step.proposal, step.arc);
    }
    flow_.add_load(last, 1);
    flow_.add_load(best_freed_, -1);
  }

  Flow<false>& flow_;
  Problem const& problem_;
  std::vector<FloorOutcome> out_;
  std::vector<std::int64_t> score_;
  std::vector<std::int64_t> floor_;
  std::vector<std::int64_t> cost_;
  std::vector<std::uint32_t> search_;
  std::uint32_t stamp_ = 0;
  std::uint32_t root_ = 0;
  std::vector<Step> steps_;
  std::vector<std::pair<std::int64_t, std::uint32_t>> heap_;
  std::int64_t best_ = kFar;
  std::vector<Step> best_chain_;
  std::uint32_t best_freed_ = 0;
};

}  // namespace

std::int64_t attainable(Flow<false>& flow, std::uint32_t p) {
  auto const& problem = flow.problem();
  std::vector<std::pair<std::uint32_t, std::int32_t>> uses;
  auto const room = [&](std::uint32_t group) {
    auto const use = std::ranges::find(uses, group, &std::pair<std::uint32_t, std::int32_t>::first);
    return group == 0 || use == uses.end() || use->second < problem.group_cap[group];
  };
  auto const count = [&](std::uint32_t group) {
    auto const use = std::ranges::find(uses, group, &std::pair<std::uint32_t, std::int32_t>::first);
    if (use == uses.end()) uses.emplace_back(group, 1);
    else ++use->second;
  };
  std::int64_t sum = 0;
  std::int32_t left = problem.demand[p];
  for (auto at = problem.first[p]; at < problem.first[p + 1] && left > 0; ++at) {
    flow.sorted_beyond(p, at);
    Arc const arc = problem.arcs[at];
    auto const r = arc.reviewer();
    if (problem.load_max[r] == 0 || !room(problem.organisation[r]) || !room(problem.country[r])) continue;
    count(problem.organisation[r]);
    count(problem.country[r]);
    sum += arc.affinity;
    --left;
  }
  return sum;
}

std::vector<FloorOutcome> repair_floors(Flow<false>& flow, MatchInstance const& instance) {
  for (auto const& proposal : instance.proposals)
    if (proposal.floor_millionths) return Repair{flow, instance}.run();
  return {};
}

}  // namespace fabrica::matching
