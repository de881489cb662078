// Measures reviewer assignment on one core beside LEMON's network simplex and cost scaling and Clp's dual simplex, in
// the same run and on the same instance; every optimum is asserted to be the same.
//   assignment_bench [AAMAS_FILE]      a table on standard error, JSON on standard output
// Ours is timed whole: reading the caller's structures, checking them, sorting, solving, prices and report. The peers
// are timed from the finished graph or model on.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>

#include "base/check.hpp"
#include "base/random.hpp"
#include "json/json.hpp"
#include "matching/certificate.hpp"
#include "matching/peers.hpp"

namespace fabrica::matching {
namespace {

double seconds_of(std::function<void()> const& work) {
  auto const now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  double const start = now();
  work();
  return now() - start;
}

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error().what);
  return *std::move(result);
}

struct Row {
  std::string name;
  std::string what;
  double cpu_seconds = 0;
  double total = 0;
  std::string note;
};
BOOST_DESCRIBE_STRUCT(Row, (), (name, what, cpu_seconds, total, note))

std::vector<Row> rows;
void report(Row row) {
  fmt::print(stderr, "| {:<26} | {:<34} | {:>9.4f} | {:>13.4f} | {}\n", row.name, row.what, row.cpu_seconds, row.total,
             row.note);
  rows.push_back(std::move(row));
}

// Proposals and reviewers each work on a few of 60 topics; affinity is the cosine of their interests, plus noise.
class Generator {
 public:
  static constexpr std::uint32_t kTopics = 60;
  static constexpr std::uint32_t kOrganisations = 400;

  Generator(std::uint32_t proposals, std::uint32_t reviewers) : random_{20'251'115} {
    for (std::uint32_t r = 0; r < reviewers; ++r) {
      auto const organisation = below(kOrganisations);
      base_.reviewers.push_back({fmt::format("r{}", r), 0, static_cast<std::int32_t>(16 + below(5)),
                                 fmt::format("o{}", organisation), fmt::format("c{}", organisation % 30), {}});
      reviewer_interests_.push_back(interests());
    }
    for (std::uint32_t p = 0; p < proposals; ++p) {
      MatchProposal proposal;
      proposal.id = fmt::format("p{}", p);
      proposal.organisation = fmt::format("o{}", below(kOrganisations));
      base_.proposals.push_back(std::move(proposal));
      proposal_interests_.push_back(interests());
    }
  }

  // The best `most` candidates of each proposal; 0: all but its own organisation.
  MatchInstance instance(std::size_t most) const {
    auto out = base_;
    std::vector<Candidate> list;
    for (std::uint32_t p = 0; p < out.proposals.size(); ++p) {
      list.clear();
      for (std::uint32_t r = 0; r < out.reviewers.size(); ++r)
        if (out.reviewers[r].organisation != out.proposals[p].organisation) list.push_back({r, affinity(p, r)});
      auto const best = [](Candidate a, Candidate b) { return a.affinity_millionths > b.affinity_millionths; };
      if (most > 0 && most < list.size()) {
        std::nth_element(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(most), list.end(), best);
        list.resize(most);
      }
      std::sort(list.begin(), list.end(), [](Candidate a, Candidate b) { return a.reviewer < b.reviewer; });
      out.proposals[p].candidates = list;
    }
    return out;
  }

 private:
  using Interests = std::vector<std::pair<std::uint32_t, float>>;
  std::uint32_t below(std::uint64_t bound) { return static_cast<std::uint32_t>(random_.below(bound)); }

  Interests interests() {
    Interests out;
    float squares = 0;
    auto const count = 2 + below(5);
    for (std::uint32_t i = 0; i < count; ++i) {
      // Some topics are far more common than others, as in every call.
      auto const topic = static_cast<std::uint32_t>(
          std::pow(static_cast<double>(below(1'000'000)) / 1e6, 1.6) * static_cast<double>(kTopics));
      float const weight = 0.2F + static_cast<float>(below(1000)) / 1000.0F;
      squares += weight * weight;
      out.emplace_back(topic, weight);
    }
    for (auto& [_, weight] : out) weight /= std::sqrt(squares);
    return out;
  }
  std::int32_t affinity(std::uint32_t p, std::uint32_t r) const {
    float cosine = 0;
    for (auto const& [topic, weight] : proposal_interests_[p])
      for (auto const& [other, theirs] : reviewer_interests_[r])
        if (topic == other) cosine += weight * theirs;
    std::uint64_t noise = (std::uint64_t{p} << 32 | r) * 0x9e3779b97f4a7c15ULL;
    noise ^= noise >> 31;
    return static_cast<std::int32_t>(cosine * 800'000.0F) + static_cast<std::int32_t>(noise % 200'000);
  }

  SeededRandom random_;
  MatchInstance base_;
  std::vector<Interests> proposal_interests_;
  std::vector<Interests> reviewer_interests_;
};

std::size_t arcs_of(MatchInstance const& instance) {
  return std::accumulate(instance.proposals.begin(), instance.proposals.end(), std::size_t{0},
                         [](std::size_t sum, auto const& proposal) { return sum + proposal.candidates.size(); });
}

double ours(std::string const& name, MatchInstance const& instance, MatchSolution& solution, int runs = 3) {
  double best = 1e9;
  for (int run = 0; run < runs; ++run)
    best = std::min(best, seconds_of([&] { solution = must(solve(instance)); }));
  auto const verdict = must(verify(certify(instance, solution)));
  FABRICA_CHECK(verdict.state == CertificateState::optimal);
  report({name, "ours, whole, proved", best, static_cast<double>(solution.total_millionths) / 1e6,
          fmt::format("{} reviews missing, {} below minimum", solution.missing_reviews, solution.missing_minimums)});
  return best;
}

peers::Network network_of(MatchInstance const& instance) {
  peers::Network out;
  auto const node = [&](std::int64_t supply) {
    out.supply.push_back(supply);
    return static_cast<int>(out.supply.size() - 1);
  };
  auto const sink = node(0);
  std::vector<int> reviewers;
  for (auto const& reviewer : instance.reviewers) {
    reviewers.push_back(node(0));
    out.edges.push_back({reviewers.back(), sink, reviewer.load_min, reviewer.load_max, 0});
  }
  for (auto const& proposal : instance.proposals) {
    auto const root = node(proposal.demand);
    out.supply[static_cast<std::size_t>(sink)] -= proposal.demand;
    std::map<std::string_view, int> countries;
    std::map<std::string_view, int> organisations;
    for (auto const& [r, affinity] : proposal.candidates) {
      auto from = root;
      auto const& reviewer = instance.reviewers[r];
      auto const below = [&](auto& known, std::string const& name, std::int32_t cap) {
        if (cap == 0) return;
        auto const [place, fresh] = known.try_emplace(name);
        if (fresh) {
          place->second = node(0);
          out.edges.push_back({from, place->second, 0, cap, 0});
        }
        from = place->second;
      };
      below(countries, reviewer.country, instance.rules.country_cap);
      below(organisations, reviewer.organisation, instance.rules.organisation_cap);
      out.edges.push_back({from, reviewers[r], 0, 1, -affinity});
    }
  }
  return out;
}

double lemon_row(std::string const& name, std::string const& what, peers::Answer const& answer,
                 MatchSolution const& solution) {
  FABRICA_CHECK(answer.optimal);
  FABRICA_CHECK(-answer.cost == static_cast<double>(solution.total_millionths));
  report({name, what, answer.cpu_seconds, -answer.cost / 1e6, "the same optimum"});
  return answer.cpu_seconds;
}

void beside_lemon(std::string const& name, MatchInstance const& instance, MatchSolution const& solution, double time) {
  if (!peers::present()) return;
  auto const network = network_of(instance);
  double const simplex = lemon_row(name, "LEMON network simplex", peers::network_simplex(network), solution);
  double const scaling = lemon_row(name, "LEMON cost scaling", peers::cost_scaling(network), solution);
  fmt::print(stderr, "  {}: {:.1f} times network simplex, {:.1f} times cost scaling\n", name, simplex / time,
             scaling / time);
}

// Columns in [0,1], a row a proposal (= demand) and a row a reviewer.
peers::Program program_of(MatchInstance const& instance) {
  peers::Program out;
  auto const proposals = static_cast<int>(instance.proposals.size());
  auto const row = [&](double least, double most) {
    out.row_lower.push_back(least);
    out.row_upper.push_back(most);
  };
  auto const entry = [&](int at, double value) {
    out.row.push_back(at);
    out.element.push_back(value);
  };
  for (auto const& proposal : instance.proposals) row(proposal.demand, proposal.demand);
  for (auto const& reviewer : instance.reviewers) row(reviewer.load_min, reviewer.load_max);
  for (int p = 0; p < proposals; ++p)
    for (auto const& [r, affinity] : instance.proposals[static_cast<std::size_t>(p)].candidates) {
      out.start.push_back(static_cast<int>(out.row.size()));
      entry(p, 1);
      entry(proposals + static_cast<int>(r), 1);
      out.objective.push_back(-affinity / 1e6);
    }
  out.lower.assign(out.objective.size(), 0.0);
  out.upper.assign(out.objective.size(), 1.0);
  out.start.push_back(static_cast<int>(out.row.size()));
  return out;
}

void beside_clp(std::string const& name, MatchInstance const& instance, MatchSolution const& solution) {
  if (!peers::present()) return;
  auto const answer = peers::clp_dual(program_of(instance), 600);
  FABRICA_CHECK(answer.optimal);
  FABRICA_CHECK(std::abs(answer.cost + static_cast<double>(solution.total_millionths) / 1e6) < 1e-3);
  report({name, "Clp dual simplex", answer.cpu_seconds, -answer.cost, "the same optimum"});
}

void declines(std::string const& name, MatchInstance instance, MatchSolution solution, int count) {
  std::vector<double> times;
  SeededRandom random{4};
  for (int i = 0; i < count; ++i) {
    auto const& pair = solution.pairs[random.below(solution.pairs.size())];
    auto const after = must(changed(
        instance, {MatchChangeKind::conflict, pair.proposal, pair.reviewer, 0, 0, "declined", {}}));
    MatchSolution next;
    times.push_back(seconds_of([&] { next = must(resolve(instance, solution, after)); }));
    instance = after;
    solution = std::move(next);
  }
  FABRICA_CHECK(solution.total_millionths == must(solve(instance)).total_millionths);
  std::sort(times.begin(), times.end());
  report({name, fmt::format("ours, one of {} declines (median)", count), times[times.size() / 2],
          static_cast<double>(solution.total_millionths) / 1e6, "equals a fresh solve"});
}

void floors(std::string const& name, MatchInstance instance, double floor) {
  for (auto& proposal : instance.proposals) proposal.floor_millionths = std::llround(floor * 1e6);
  MatchSolution solution;
  double const time = seconds_of([&] { solution = must(solve(instance)); });
  auto const below = std::ranges::count(solution.floors, false, &FloorOutcome::reached);
  auto const least = std::ranges::min(solution.floors, {}, &FloorOutcome::score_millionths).score_millionths;
  // Nobody can have more than with the first choice, so no assignment's least score is above this.
  auto const bound = std::ranges::min(solution.floors, {}, &FloorOutcome::attainable_millionths).attainable_millionths;
  report({name, fmt::format("ours, floor {:.2f}", floor), time, static_cast<double>(solution.total_millionths) / 1e6,
          fmt::format("{} below what they can reach, least score {:.4f} of at most {:.4f}, loss {:.4f} %", below,
                      static_cast<double>(least) / 1e6, static_cast<double>(bound) / 1e6,
                      100.0 * static_cast<double>(solution.optimum_millionths - solution.total_millionths) /
                          static_cast<double>(solution.optimum_millionths))});
}

void randomised(std::string const& name, MatchInstance const& instance, RandomRule const& rule) {
  RandomSolution drawn;
  double const time = seconds_of([&] { drawn = must(solve_randomised(instance, rule, {1})); });
  report({name, fmt::format("ours, randomised, {} steps, beta {:.2f}", rule.steps, rule.beta_thousandths / 1e3), time,
          drawn.expected_total, fmt::format("objective {:.2f}, drawn {:.2f}", drawn.objective,
                                            static_cast<double>(drawn.total_millionths) / 1e6)});
}

void synthetic(Generator const& generator, std::string const& name, std::size_t most) {
  auto const instance = generator.instance(most);
  fmt::print(stderr, "{}: {} candidates\n", name, arcs_of(instance));
  MatchSolution solution;
  double const time = ours(name, instance, solution);
  beside_lemon(name, instance, solution, time);
  if (most == 50) beside_clp(name, instance, solution);
  if (most == 100) {
    declines(name, instance, solution, 20);
    for (double const floor : {1.5, 1.7, 1.9}) floors(name, instance, floor);
    randomised(name, instance, {.steps = 10, .beta_thousandths = 50, .limit_thousandths = 900});
    auto scarce = instance;
    for (auto& reviewer : scarce.reviewers) reviewer.load_max /= 2;
    ours(name + ", half the loads", scarce, solution, 1);
  }
}

void capped(Generator const& generator) {
  auto instance = generator.instance(100);
  instance.rules.organisation_cap = 1;
  instance.rules.country_cap = 2;
  MatchSolution solution;
  double time = ours("1M, caps 1 and 2", instance, solution);
  beside_lemon("1M, caps 1 and 2", instance, solution, time);
  for (auto& reviewer : instance.reviewers) reviewer.load_min = 10;
  time = ours("1M, caps, minimum 10", instance, solution);
  if (solution.missing_minimums == 0 && solution.missing_reviews == 0)
    beside_lemon("1M, caps, minimum 10", instance, solution, time);
}

MatchInstance read_bids(char const* path) {
  std::ifstream file{path};
  std::uint32_t proposals = 0;
  std::uint32_t reviewers = 0;
  if (!(file >> proposals >> reviewers) || proposals > kProposalsMax || reviewers > kReviewersMax)
    die(fmt::format("{} does not begin with the numbers of proposals and reviewers", path));
  MatchInstance out;
  for (std::uint32_t r = 0; r < reviewers; ++r) out.reviewers.push_back({fmt::format("r{}", r), 0, 12, {}, {}, {}});
  for (std::uint32_t p = 0; p < proposals; ++p) {
    MatchProposal proposal;
    proposal.id = fmt::format("p{}", p);
    for (std::uint32_t r = 0; r < reviewers; ++r) {
      double bid = 0;
      if (!(file >> bid)) die(fmt::format("{} ends in row {}", path, p));
      proposal.candidates.push_back({r, static_cast<std::int32_t>(std::lround(bid * 1e6))});
    }
    out.proposals.push_back(std::move(proposal));
  }
  return out;
}

void aamas(char const* path) {
  auto instance = read_bids(path);
  std::string const name = "AAMAS 2015";
  MatchSolution solution;
  double const time = ours(name, instance, solution);
  FABRICA_CHECK(solution.total_millionths == 1'406'250'000);
  beside_lemon(name, instance, solution, time);
  randomised(name, instance, {.steps = 10, .beta_thousandths = 500, .limit_thousandths = 1000});
  for (double const floor : {1.0, 1.25, 1.5}) floors(name, instance, floor);
  for (auto& reviewer : instance.reviewers) reviewer.load_min = 6;
  ours(name + ", minimum 6", instance, solution);
}

}  // namespace
}  // namespace fabrica::matching

int main(int argc, char** argv) {
  using namespace fabrica::matching;
  fmt::print(stderr, "10,000 proposals, 2,000 reviewers, 3 reviews each, loads up to 16..20; CPU seconds of one core\n");
  fmt::print(stderr, "| instance                   | solver                             |     CPU s |         total | note\n");
  if (argc > 1) aamas(argv[1]);
  Generator const generator{10'000, 2'000};
  synthetic(generator, "0.5M", 50);
  synthetic(generator, "1M", 100);
  synthetic(generator, "2M", 200);
  capped(generator);
  if (std::getenv("FABRICA_BENCH_ALL") != nullptr) synthetic(generator, "all", 0);
  fmt::print("{}\n", fabrica::json::write(rows));
}
