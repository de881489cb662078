#pragma once

#include <cstdint>
#include <vector>

// The solvers ours is measured beside, behind plain data: LEMON's headers need C++17.
namespace fabrica::matching::peers {

struct Edge {
  int from = 0;
  int to = 0;
  std::int64_t lower = 0;
  std::int64_t upper = 0;
  std::int64_t cost = 0;
};
struct Network {
  std::vector<std::int64_t> supply;  // by node
  std::vector<Edge> edges;
};

// Columns with bounds, sparse by column; minimise.
struct Program {
  std::vector<int> start;
  std::vector<int> row;
  std::vector<double> element;
  std::vector<double> objective;
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<double> row_lower;
  std::vector<double> row_upper;
};

struct Answer {
  bool optimal = false;
  double cost = 0;
  double cpu_seconds = 0;  // of the solver's run alone, not of building its graph
};

// False: built without them.
bool present();
Answer network_simplex(Network const& network);
Answer cost_scaling(Network const& network);
Answer clp_dual(Program const& program, double seconds_most);

}  // namespace fabrica::matching::peers
