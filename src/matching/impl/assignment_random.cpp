#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "json/json.hpp"
#include "matching/certificate.hpp"
#include "matching/impl/assignment_flow.hpp"

namespace fabrica::matching {

namespace {

// Numbers anyone with the seed can repeat: number i is the first 8 bytes, big-endian, of
// SHA-256("fabrica.matching.sample/1" || seed || i as 8 bytes big-endian).
class SeedStream {
 public:
  explicit SeedStream(MatchSeed const& seed) : seed_{seed} {}

  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t const fair = bound * (UINT64_MAX / bound);
    for (std::uint64_t number = next();; number = next())
      if (number < fair) return number % bound;
  }

 private:
  std::uint64_t next() {
    std::array<std::uint8_t, 8> counter{};
    for (std::size_t i = 0; i < 8; ++i) counter[i] = static_cast<std::uint8_t>(counter_ >> (56 - 8 * i));
    ++counter_;
    hash_.update("fabrica.matching.sample/1");
    hash_.update(ByteView{seed_});
    hash_.update(ByteView{counter});
    auto const digest = hash_.finish();
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < 8; ++i) out = (out << 8) | digest.bytes[i];
    return out;
  }

  MatchSeed seed_;
  std::uint64_t counter_ = 0;
  crypto::Sha256 hash_;
};

// Rounds the flow of steps to whole reviews. Every node of the network keeps its balance modulo `steps`, so edges that
// are not whole always close a cycle; moving units around it, up or down with the odds that leave every expectation as
// it was, makes at least one edge whole. Caps, loads and demands are whole numbers and so never broken.
class Rounding {
 public:
  Rounding(std::size_t nodes, std::int32_t steps, SeedStream& random)
      : steps_{steps}, random_{random}, open_(nodes), place_(nodes, kNone) {}

  std::uint32_t add_node() {
    open_.emplace_back();
    place_.push_back(kNone);
    return static_cast<std::uint32_t>(open_.size() - 1);
  }
  std::uint32_t add_edge(std::uint32_t from, std::uint32_t to, std::int32_t units) {
    auto const edge = static_cast<std::uint32_t>(edges_.size());
    edges_.push_back({from, to, units});
    if (units % steps_ != 0) {
      open_[from].push_back(edge);
      open_[to].push_back(edge);
    }
    return edge;
  }
  std::int32_t units(std::uint32_t edge) const { return edges_[edge].units; }

  void run() {
    for (std::uint32_t node = 0; node < open_.size(); ++node) walk(node);
  }

 private:
  struct Edge {
    std::uint32_t from;
    std::uint32_t to;
    std::int32_t units;
  };

  // An edge of the node that is not whole, other than the one just walked.
  std::uint32_t open_edge(std::uint32_t node, std::uint32_t last) {
    auto& open = open_[node];
    for (std::size_t i = open.size(); i-- > 0;) {
      if (edges_[open[i]].units % steps_ == 0) {
        open[i] = open.back();
        open.pop_back();
      } else if (open[i] != last) {
        return open[i];
      }
    }
    return kNone;
  }

  void walk(std::uint32_t start) {
    path_.clear();
    std::uint32_t node = start;
    while (true) {
      auto const edge = open_edge(node, path_.empty() ? kNone : path_.back().second);
      if (edge == kNone) {
        FABRICA_CHECK(path_.empty());
        return;
      }
      place_[node] = static_cast<std::uint32_t>(path_.size());
      path_.emplace_back(node, edge);
      node = edges_[edge].from == node ? edges_[edge].to : edges_[edge].from;
      if (place_[node] == kNone) continue;
      turn(place_[node]);
      for (std::size_t i = place_[node]; i < path_.size(); ++i)
        if (path_[i].first != node) place_[path_[i].first] = kNone;
      path_.resize(place_[node]);
      place_[node] = kNone;
    }
  }

  void turn(std::size_t begin) {
    std::int32_t up = steps_;
    std::int32_t down = steps_;
    for (std::size_t i = begin; i < path_.size(); ++i) {
      auto const& edge = edges_[path_[i].second];
      std::int32_t const over = edge.units % steps_;
      bool const along = edge.from == path_[i].first;
      up = std::min(up, along ? steps_ - over : over);
      down = std::min(down, along ? over : steps_ - over);
    }
    bool const rises = random_.below(static_cast<std::uint64_t>(up + down)) < static_cast<std::uint64_t>(down);
    for (std::size_t i = begin; i < path_.size(); ++i) {
      auto& edge = edges_[path_[i].second];
      bool const along = edge.from == path_[i].first;
      edge.units += (along == rises) ? (rises ? up : down) : -(rises ? up : down);
    }
  }

  std::int32_t steps_;
  SeedStream& random_;
  std::vector<Edge> edges_;
  std::vector<std::vector<std::uint32_t>> open_;
  std::vector<std::uint32_t> place_;  // of a node on the path
  std::vector<std::pair<std::uint32_t, std::uint32_t>> path_;
};

void scale(Problem& problem, std::int32_t steps) {
  problem.balance = 0;
  for (auto* const amounts : {&problem.demand, &problem.load_min, &problem.load_max, &problem.group_cap})
    for (auto& amount : *amounts) amount *= steps;
}

// Value of the j-th step, whole numbers that never rise: fractions here once made a cycle that gained for ever.
std::vector<std::int64_t> factors_of(RandomRule const& rule) {
  std::vector<std::int64_t> out;
  std::int64_t const most = std::max<std::int64_t>(1, std::int64_t{rule.limit_thousandths} * rule.steps / 1000);
  for (std::int64_t j = 1; j <= most; ++j) {
    std::int64_t const whole = std::int64_t{1000} * rule.steps;
    out.push_back((whole - rule.beta_thousandths * (2 * j - 1)) * (std::int64_t{1} << 20) / whole);
  }
  for (std::size_t j = 1; j < out.size(); ++j) FABRICA_CHECK(out[j] <= out[j - 1]);
  return out;
}

void report_marginals(Flow<true> const& flow, RandomRule const& rule, RandomSolution& out) {
  auto const& problem = flow.problem();
  for (std::uint32_t p = 0; p < problem.proposals; ++p) {
    auto const begin = out.marginals.size();
    for (auto const at : flow.taken(p)) {
      Arc const arc = problem.arcs[at];
      double const x = static_cast<double>(arc.level()) / rule.steps;
      double const affinity = arc.affinity / 1e6;
      out.objective += affinity * (x - rule.beta_thousandths / 1e3 * x * x);
      out.expected_total += affinity * x;
      out.marginals.push_back({p, arc.reviewer(), static_cast<std::int32_t>(arc.level())});
    }
    std::sort(out.marginals.begin() + static_cast<std::ptrdiff_t>(begin), out.marginals.end(),
              [](Marginal const& a, Marginal const& b) { return a.reviewer < b.reviewer; });
  }
}

void draw(Flow<true> const& flow, RandomRule const& rule, MatchSeed const& seed, RandomSolution& out) {
  auto const& problem = flow.problem();
  SeedStream random{seed};
  auto const sink = problem.proposals + problem.reviewers;
  Rounding rounding{std::size_t{sink} + 1, rule.steps, random};
  struct Pair {
    std::uint32_t p, arc, edge;
  };
  std::vector<Pair> pairs;
  for (std::uint32_t p = 0; p < problem.proposals; ++p) {
    std::map<std::uint32_t, std::pair<std::int32_t, std::uint32_t>> groups;  // units, country above
    auto taken = flow.taken(p);
    std::ranges::sort(taken);
    for (auto const at : taken) {
      Arc const arc = problem.arcs[at];
      auto const organisation = problem.organisation[arc.reviewer()];
      auto const country = problem.country[arc.reviewer()];
      auto const level = static_cast<std::int32_t>(arc.level());
      if (country != 0) groups[country].first += level;
      if (organisation != 0) {
        groups[organisation].first += level;
        groups[organisation].second = country;
      }
    }
    std::map<std::uint32_t, std::uint32_t> node;
    for (auto const& [group, _] : groups) node[group] = rounding.add_node();
    for (auto const& [group, use] : groups)
      rounding.add_edge(use.second != 0 ? node[use.second] : p, node[group], use.first);
    for (auto const at : taken) {
      Arc const arc = problem.arcs[at];
      auto const r = arc.reviewer();
      auto const group = problem.organisation[r] != 0 ? problem.organisation[r] : problem.country[r];
      pairs.push_back({p, at, rounding.add_edge(group != 0 ? node[group] : p, problem.proposals + r,
                                                static_cast<std::int32_t>(arc.level()))});
    }
    if (flow.short_units(p) > 0) rounding.add_edge(p, sink, flow.short_units(p));
  }
  for (std::uint32_t r = 0; r < problem.reviewers; ++r)
    rounding.add_edge(problem.proposals + r, sink, flow.load(r));
  rounding.run();
  out.loads.assign(problem.reviewers, 0);
  for (auto const& [p, at, edge] : pairs) {
    if (rounding.units(edge) == 0) continue;
    Arc const arc = problem.arcs[at];
    out.pairs.push_back({p, arc.reviewer(), arc.affinity});
    ++out.loads[arc.reviewer()];
    out.total_millionths += arc.affinity;
  }
  std::ranges::sort(out.pairs);
}

}  // namespace

std::string seed_commitment(MatchSeed const& seed) { return crypto::sha256(ByteView{seed}).hex(); }

Result<> check(RandomRule const& rule) {
  if (rule.steps < 1 || rule.steps > 100 || rule.beta_thousandths < 0 || rule.beta_thousandths > 1000 ||
      rule.limit_thousandths < 1 || rule.limit_thousandths > 1000)
    return fail(Errc::invalid, "random_rule", "Set steps to 1..100, beta to 0..1000 and limit to 1..1000 thousandths.");
  if (rule.limit_thousandths * rule.steps < 1000)
    return fail(Errc::invalid, "random_rule",
                fmt::format("A limit below one step allows nothing: with limit {} take at least {} steps.",
                            rule.limit_thousandths, (999 + rule.limit_thousandths) / rule.limit_thousandths));
  return {};
}

Result<RandomSolution> solve_randomised(MatchInstance const& instance, RandomRule const& rule, MatchSeed const& seed) {
  FABRICA_DO(check(rule));
  FABRICA_TRY(auto problem, compile(instance));
  scale(problem, rule.steps);
  Flow<true> flow{problem, factors_of(rule), rule.steps};
  flow.cover();
  flow.raise_minimums();
  RandomSolution out;
  report_marginals(flow, rule, out);
  draw(flow, rule, seed, out);
  out.seed_commitment = seed_commitment(seed);
  std::int64_t wanted = 0;
  for (auto const& proposal : instance.proposals) wanted += proposal.demand;
  out.missing_reviews = wanted - static_cast<std::int64_t>(out.pairs.size());
  return out;
}

namespace {

MatchSeed seed_of_draw(MatchInstance const& instance, MatchSeed const& seed) {
  auto const digest = crypto::sha256(json::write(certify(instance, {})));
  crypto::Sha256 hash;
  hash.update("fabrica.matching.draw/1");
  hash.update(ByteView{seed});
  hash.update(ByteView{digest.bytes});
  return hash.finish().bytes;
}

// Every drawn pair is worth more than all else on any cycle, so only coverage comes before keeping it.
void prefer(std::vector<MatchPair> const& drawn, MatchInstance& instance) {
  constexpr std::int32_t kScaledDown = 1000;
  std::size_t at = 0;
  for (std::uint32_t p = 0; p < instance.proposals.size(); ++p) {
    auto const first = at;
    while (at < drawn.size() && drawn[at].proposal == p) ++at;
    for (auto& one : instance.proposals[p].candidates) {
      one.affinity_millionths /= kScaledDown;
      for (auto pair = first; pair < at; ++pair)
        if (drawn[pair].reviewer == one.reviewer) one.affinity_millionths = kAffinityMax;
    }
  }
}

}  // namespace

Result<MatchSolution> solve_drawn(MatchInstance const& from, RandomRule const& rule, MatchSeed const& seed) {
  auto instance = from;
  instance.rules.balance_millionths = 0;
  for (auto& one : instance.proposals) one.floor_millionths.reset();
  FABRICA_TRY(auto const best, solve(instance));
  FABRICA_TRY(auto const drawn, solve_randomised(instance, rule, seed_of_draw(instance, seed)));
  auto preferred = instance;
  prefer(drawn.pairs, preferred);
  FABRICA_TRY(auto out, solve(preferred));
  out.total_millionths = 0;
  for (auto& pair : out.pairs) {
    auto const& candidates = instance.proposals[pair.proposal].candidates;
    auto const found = std::ranges::find(candidates, pair.reviewer, &Candidate::reviewer);
    FABRICA_CHECK(found != candidates.end());
    pair.affinity_millionths = found->affinity_millionths;
    out.total_millionths += pair.affinity_millionths;
  }
  out.prices = best.prices;
  out.optimum_millionths = best.total_millionths;
  out.recruit = best.recruit;
  return out;
}

}  // namespace fabrica::matching
