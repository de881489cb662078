#include "peers.hpp"

#ifdef FABRICA_PEERS

#include <lemon/cost_scaling.h>
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>
#include <time.h>

#include <ClpSimplex.hpp>

namespace fabrica::matching::peers {

namespace {

double cpu_now() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <class Solver>
Answer lemon_run(Network const& network) {
  lemon::SmartDigraph graph;
  lemon::SmartDigraph::ArcMap<std::int64_t> lower{graph};
  lemon::SmartDigraph::ArcMap<std::int64_t> upper{graph};
  lemon::SmartDigraph::ArcMap<std::int64_t> cost{graph};
  lemon::SmartDigraph::NodeMap<std::int64_t> supply{graph};
  graph.reserveNode(static_cast<int>(network.supply.size()));
  graph.reserveArc(static_cast<int>(network.edges.size()));
  for (auto const units : network.supply) supply[graph.addNode()] = units;
  for (auto const& edge : network.edges) {
    auto const arc = graph.addArc(graph.nodeFromId(edge.from), graph.nodeFromId(edge.to));
    lower[arc] = edge.lower;
    upper[arc] = edge.upper;
    cost[arc] = edge.cost;
  }
  Solver solver{graph};
  solver.lowerMap(lower).upperMap(upper).costMap(cost).supplyMap(supply);
  double const start = cpu_now();
  auto const state = solver.run();
  double const time = cpu_now() - start;
  return {state == Solver::OPTIMAL, static_cast<double>(solver.template totalCost<std::int64_t>()), time};
}

}  // namespace

bool present() { return true; }
Answer network_simplex(Network const& network) {
  return lemon_run<lemon::NetworkSimplex<lemon::SmartDigraph, std::int64_t, std::int64_t>>(network);
}
Answer cost_scaling(Network const& network) {
  return lemon_run<lemon::CostScaling<lemon::SmartDigraph, std::int64_t, std::int64_t>>(network);
}

Answer clp_dual(Program const& program, double seconds_most) {
  ClpSimplex model;
  model.setLogLevel(0);
  model.setMaximumSeconds(seconds_most);
  model.loadProblem(static_cast<int>(program.objective.size()), static_cast<int>(program.row_lower.size()),
                    program.start.data(), program.row.data(), program.element.data(), program.lower.data(),
                    program.upper.data(), program.objective.data(), program.row_lower.data(),
                    program.row_upper.data());
  double const start = cpu_now();
  model.dual();
  return {model.status() == 0, model.objectiveValue(), cpu_now() - start};
}

}  // namespace fabrica::matching::peers

#else

namespace fabrica::matching::peers {

bool present() { return false; }
Answer network_simplex(Network const&) { return {}; }
Answer cost_scaling(Network const&) { return {}; }
Answer clp_dual(Program const&, double) { return {}; }

}  // namespace fabrica::matching::peers

#endif
