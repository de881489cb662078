// Measures awarding: 10,000 proposals, 20 systems, demand 2.5 times the capacity, beside Cbc on the same instance and
// the linear bound. Seeded; every outcome is verified before its figures are printed.
//   awards_bench [PROPOSALS] [SYSTEMS] [CBC_SECONDS]      a table on standard error, JSON on standard output
#include <Cbc_C_Interface.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"
#include "json/json.hpp"
#include "matching/award.hpp"

namespace fabrica::matching {
namespace {

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  fmt::print(stderr, "{}: {}\n", result.error().reason, result.error().what);
  for (auto const& fault : result.error().faults) fmt::print(stderr, "  {} {}\n", fault.pointer, fault.what);
  std::exit(1);
}

// Scores 0.80 to 4.63 of 5 in steps of 0.05 (77 bands), one to five systems each, a tenth SMEs, sizes over two decades.
AwardInput instance(std::int64_t proposals, std::int64_t systems) {
  SeededRandom random{20'261'101};
  auto const below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound)));
  };
  AwardInput input;
  for (std::int64_t system = 0; system < systems; ++system)
    input.systems.push_back({fmt::format("system-{:02}", system), "GPU-hours", 1, 0});
  std::vector<std::int64_t> demand(static_cast<std::size_t>(systems), 0);
  for (std::int64_t place = 0; place < proposals; ++place) {
    AwardProposal own{.id = fmt::format("P-{:05}", place)};
    own.rank = place + 1;
    own.band = 1 + place * 77 / proposals;
    own.score_millionths = 950'000 - own.band * 10'000;
    if (below(10) == 0) own.groups.push_back("sme");
    std::int64_t const count = 1 + below(std::min<std::int64_t>(5, systems));
    std::int64_t const size = 1000 * (1 + below(9)) * (below(4) == 0 ? 10 : 1) + below(1000);
    std::vector<std::int64_t> chosen;
    while (static_cast<std::int64_t>(chosen.size()) < count) {
      auto const system = below(systems);
      if (std::ranges::find(chosen, system) == chosen.end()) chosen.push_back(system);
    }
    for (auto const system : chosen) {
      AwardOption option{.system = input.systems[static_cast<std::size_t>(system)].id};
      option.wanted = size + below(size / 5 + 1);
      option.minimum = option.wanted * (40 + below(50)) / 100;
      if (below(3) == 0) option.recommended = std::max(option.minimum, option.wanted * 9 / 10);
      own.options.push_back(std::move(option));
    }
    demand[static_cast<std::size_t>(chosen.front())] += own.options.front().wanted;
    input.proposals.push_back(std::move(own));
  }
  for (std::size_t system = 0; system < demand.size(); ++system) {
    input.systems[system].capacity = std::max<std::int64_t>(demand[system] * 2 / 5, 1);
    input.systems[system].held_back = 0;
  }
  return input;
}

double cpu_now() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Times {
  double wall_ms = 0;
  double cpu_ms = 0;
};

// The quickest of some runs.
Times measure(int runs, std::function<void()> const& work) {
  Times best{1e18, 1e18};
  for (int run = 0; run < runs; ++run) {
    auto const start = std::chrono::steady_clock::now();
    double const cpu = cpu_now();
    work();
    std::chrono::duration<double, std::milli> const wall = std::chrono::steady_clock::now() - start;
    best = {std::min(best.wall_ms, wall.count()), std::min(best.cpu_ms, (cpu_now() - cpu) * 1000)};
  }
  return best;
}

struct Row {
  std::string name;
  Times times{};
  std::int64_t funded = 0;
  double used_percent = 0;
  double score = 0;  // sum of (score_millionths + 1) / 1e6 over the funded
  std::int64_t faults = 0;
  std::int64_t envy = 0;
  std::string note{};
};

// Envy by its definition without groups: who could have taken from worse ranks alone.
std::int64_t envious(AwardInput const& input, std::vector<int> const& chosen,
                     std::vector<std::int64_t> const& amounts) {
  std::unordered_map<std::string_view, std::int64_t> left;
  for (auto const& system : input.systems) left[system.id] = system.capacity - system.held_back;
  std::int64_t count = 0;
  for (std::size_t place = 0; place < input.proposals.size(); ++place) {
    auto const& options = input.proposals[place].options;
    std::size_t const end = chosen[place] < 0 ? options.size() : static_cast<std::size_t>(chosen[place]);
    bool envies = false;
    for (std::size_t number = 0; number < end; ++number)
      envies = envies || left[options[number].system] >= options[number].minimum;
    count += envies ? 1 : 0;
    if (chosen[place] >= 0) left[options[static_cast<std::size_t>(chosen[place])].system] -= amounts[place];
  }
  return count;
}

Row row_of(std::string name, Times times, AwardInput const& input, AwardOutcome const& outcome) {
  Row row{.name = std::move(name), .times = times};
  std::int64_t available = 0;
  std::int64_t used = 0;
  for (auto const& system : outcome.systems) {
    available += system.available;
    used += system.awarded;
    row.funded += system.funded;
  }
  row.used_percent = 100.0 * static_cast<double>(used) / static_cast<double>(available);
  for (std::size_t place = 0; place < outcome.decisions.size(); ++place)
    if (outcome.decisions[place].system)
      row.score += static_cast<double>(input.proposals[place].score_millionths + 1) / 1e6;
  auto const faults = verify(input, outcome);
  row.faults = static_cast<std::int64_t>(faults.size());
  row.envy = std::ranges::count(faults, AwardFaultKind::envy, &AwardFault::kind);
  return row;
}

// The peer: the same instance as one integer program, most score funded, whatever the rank.
Row cbc(AwardInput const& input, double seconds) {
  Row row{.name = fmt::format("Cbc, most score, {:.0f} s limit", seconds)};
  std::vector<CoinBigIndex> starts{0};
  std::vector<int> rows;
  std::vector<double> values, cost, above(input.proposals.size(), 1.0);
  std::unordered_map<std::string_view, int> systems;
  std::vector<std::pair<std::size_t, int>> columns;
  for (auto const& system : input.systems) {
    systems.emplace(system.id, static_cast<int>(above.size()));
    above.push_back(static_cast<double>(system.capacity - system.held_back));
  }
  for (std::size_t place = 0; place < input.proposals.size(); ++place)
    for (std::size_t number = 0; number < input.proposals[place].options.size(); ++number) {
      auto const& option = input.proposals[place].options[number];
      rows.insert(rows.end(), {static_cast<int>(place), systems.at(option.system)});
      values.insert(values.end(), {1.0, static_cast<double>(option.minimum)});
      starts.push_back(static_cast<CoinBigIndex>(rows.size()));
      cost.push_back(-static_cast<double>(input.proposals[place].score_millionths + 1) / 1e6);
      columns.emplace_back(place, static_cast<int>(number));
    }
  std::vector<double> const zero(cost.size(), 0.0), one(cost.size(), 1.0), below(above.size(), -1e30);
  std::vector<int> chosen(input.proposals.size(), -1);
  std::vector<std::int64_t> amounts(input.proposals.size(), 0);
  std::int64_t used = 0, available = 0;
  row.times = measure(1, [&] {
    auto* const model = Cbc_newModel();
    Cbc_loadProblem(model, static_cast<int>(cost.size()), static_cast<int>(above.size()), starts.data(), rows.data(),
                    values.data(), zero.data(), one.data(), cost.data(), below.data(), above.data());
    for (int column = 0; column < static_cast<int>(cost.size()); ++column) Cbc_setInteger(model, column);
    Cbc_setLogLevel(model, 0);
    Cbc_setParameter(model, "sec", fmt::format("{}", seconds).c_str());
    Cbc_solve(model);
    row.note = Cbc_isProvenOptimal(model) != 0 ? "proven optimal" : "not proven";
    double const* const solution = Cbc_bestSolution(model);
    for (std::size_t column = 0; solution != nullptr && column < columns.size(); ++column) {
      if (solution[column] < 0.5) continue;
      auto const [place, number] = columns[column];
      chosen[place] = number;
      amounts[place] = input.proposals[place].options[static_cast<std::size_t>(number)].minimum;
      used += amounts[place];
      ++row.funded;
      row.score -= cost[column];
    }
    Cbc_deleteModel(model);
  });
  for (auto const& system : input.systems) available += system.capacity - system.held_back;
  row.used_percent = 100.0 * static_cast<double>(used) / static_cast<double>(available);
  row.envy = envious(input, chosen, amounts);
  return row;
}

std::string bands_note(AwardOutcome const& outcome) {
  std::int64_t optimised = 0, fell_back = 0;
  for (auto const& band : outcome.bands) {
    optimised += band.method == BandMethod::optimised ? 1 : 0;
    fell_back += band.method == BandMethod::fell_back ? 1 : 0;
  }
  return fmt::format("{} of {} bands optimised, {} fell back", optimised, outcome.bands.size(), fell_back);
}

void print(std::vector<Row> const& rows, double load) {
  fmt::print(stderr, "load average {:.2f}\n\n", load);
  fmt::print(stderr, "| rule | wall ms | CPU ms | funded | used % | score | faults | envy | |\n");
  fmt::print(stderr, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n");
  std::string json;
  for (auto const& row : rows) {
    fmt::print(stderr, "| {} | {:.2f} | {:.2f} | {} | {:.3f} | {:.0f} | {} | {} | {} |\n", row.name, row.times.wall_ms,
               row.times.cpu_ms, row.funded, row.used_percent, row.score, row.faults, row.envy, row.note);
    json += fmt::format(
        "{}{{\"rule\":\"{}\",\"wall_ms\":{:.3f},\"cpu_ms\":{:.3f},\"funded\":{},\"used_percent\":{:.4f},\"score\":{:."
        "2f},"
        "\"faults\":{},\"envy\":{},\"note\":\"{}\"}}",
        json.empty() ? "" : ",", row.name, row.times.wall_ms, row.times.cpu_ms, row.funded, row.used_percent, row.score,
        row.faults, row.envy, row.note);
  }
  fmt::print("{{\"bench\":\"awards\",\"load\":{:.2f},\"rows\":[{}]}}\n", load, json);
}

std::vector<Row> measure_rules(AwardInput input, std::int64_t& faults) {
  std::vector<Row> rows;
  auto const add = [&](std::string name, int runs) {
    AwardOutcome outcome;
    auto const times = measure(runs, [&] { outcome = must(award(input)); });
    rows.push_back(row_of(std::move(name), times, input, outcome));
    rows.back().note = bands_note(outcome);
    if (outcome.bands.empty()) rows.back().note.clear();
    faults += rows.back().faults;
    return outcome;
  };
  auto const base = add("rank", 9);
  rows.push_back({.name = "verify of that", .times = measure(5, [&] { (void)verify(input, base); })});
  rows.push_back({.name = "digest of that", .times = measure(3, [&] { (void)must(digest(base)); })});
  auto bigger = input;
  for (auto& system : bigger.systems) system.capacity += system.capacity / 20;
  std::int64_t moved = 0;
  rows.push_back({.name = "what-if: 5 % more of each, who moves",
                  .times = measure(5, [&] {
                    auto const after = must(award(bigger));
                    moved = static_cast<std::int64_t>(compare(input, base, bigger, after).changes.size());
                  })});
  rows.back().note = fmt::format("{} move", moved);
  rows.push_back({.name = "what-if: marginal capacity of each system",
                  .times = measure(2, [&] { (void)must(marginals(input)); })});
  input.guarantees.push_back({.id = "SME", .group = "sme"});
  input.guarantees.back().share_millionths = 200'000;
  add("rank, 20 % SME guarantee", 5);
  input.guarantees.clear();
  input.rule = AwardRule::scale;
  add("scale", 5);
  input.rule = AwardRule::band;
  add("band", 2);
  return rows;
}

}  // namespace
}  // namespace fabrica::matching

int main(int argc, char** argv) {
  using namespace fabrica::matching;
  std::int64_t const proposals = argc > 1 ? std::atoll(argv[1]) : 10'000;
  std::int64_t const systems = argc > 2 ? std::atoll(argv[2]) : 20;
  double const seconds = argc > 3 ? std::atof(argv[3]) : 20;
  auto const input = instance(std::max<std::int64_t>(proposals, 1), std::max<std::int64_t>(systems, 1));
  double load = 0;
  (void)::getloadavg(&load, 1);
  std::int64_t faults = 0;
  auto rows = measure_rules(input, faults);
  double bound = 0;
  rows.push_back({.name = "linear bound", .times = measure(1, [&] { bound = must(funded_score_bound(input)) / 1e6; })});
  rows.back().score = bound;
  if (seconds > 0) rows.push_back(cbc(input, seconds));
  print(rows, load);
  bool const bound_holds = std::ranges::all_of(rows, [&](Row const& row) { return row.score <= bound * (1 + 1e-9); });
  if (!bound_holds) fmt::print(stderr, "a result lies above the linear bound\n");
  return faults == 0 && bound_holds ? 0 : 1;
}
