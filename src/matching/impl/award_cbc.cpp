#include "matching/impl/award_cbc.hpp"

#include <Cbc_C_Interface.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>

namespace fabrica::matching::awarding {
namespace {

// Cbc replaces the process's handler of SIGINT while it solves and keeps the model it works on in a static variable:
// one solve at a time, and the handler is put back.
class CbcTurn {
 public:
  CbcTurn() : lock_{mutex()} { ::sigaction(SIGINT, nullptr, &kept_); }
  ~CbcTurn() { ::sigaction(SIGINT, &kept_, nullptr); }
  CbcTurn(CbcTurn const&) = delete;
  CbcTurn& operator=(CbcTurn const&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex guards_cbc;
    return guards_cbc;
  }
  std::lock_guard<std::mutex> lock_;
  struct sigaction kept_ {};
};

struct Deleter {
  void operator()(Cbc_Model* model) const { Cbc_deleteModel(model); }
};

}  // namespace

int Program::add_row(double bound) {
  bounds_.push_back(bound);
  return static_cast<int>(bounds_.size()) - 1;
}

void Program::add_column(double cost) {
  starts_.push_back(static_cast<int>(rows_.size()));
  cost_.push_back(cost);
}

void Program::add_entry(int row, double value) {
  rows_.push_back(row);
  values_.push_back(value / std::max(1.0, bounds_[static_cast<std::size_t>(row)]));
}

Result<Program::Solution> Program::solve(double seconds, double gap) const {
  Solution out;
  if (cost_.empty()) {
    out.proven = true;
    return out;
  }
  try {
    CbcTurn const turn;
    std::unique_ptr<Cbc_Model, Deleter> const model{Cbc_newModel()};
    auto starts = starts_;
    starts.push_back(static_cast<int>(rows_.size()));
    std::vector<double> const zero(cost_.size(), 0.0);
    std::vector<double> const one(cost_.size(), 1.0);
    std::vector<double> const below(bounds_.size(), -1e30);
    std::vector<double> above;
    for (auto const bound : bounds_) above.push_back(bound < 1.0 ? std::max(bound, 0.0) : 1.0);
    Cbc_loadProblem(model.get(), columns(), static_cast<int>(bounds_.size()), starts.data(), rows_.data(),
                    values_.data(), zero.data(), one.data(), cost_.data(), below.data(), above.data());
    if (integer_)
      for (int column = 0; column < columns(); ++column) Cbc_setInteger(model.get(), column);
    Cbc_setLogLevel(model.get(), 0);
    Cbc_setParameter(model.get(), "log", "0");
    Cbc_setParameter(model.get(), "slog", "0");
    Cbc_setParameter(model.get(), "sec", fmt::format("{:.3f}", seconds).c_str());
    Cbc_setParameter(model.get(), "timeMode", "elapsed");
    Cbc_setParameter(model.get(), "allow", fmt::format("{}", gap).c_str());
    Cbc_setParameter(model.get(), "ratio", "0");
    Cbc_solve(model.get());
    out.proven = Cbc_isProvenOptimal(model.get()) != 0;
    if (!out.proven) return out;
    out.cost = Cbc_getObjValue(model.get());
    double const* const values = Cbc_getColSolution(model.get());
    if (values == nullptr) return fail(Errc::unavailable, "award_solver", "The solver gave no solution.");
    out.values.assign(values, values + columns());
    return out;
  } catch (std::exception const& thrown) {
    return fail(Errc::unavailable, "award_solver", fmt::format("The solver failed: {}.", thrown.what()));
  } catch (...) {  // CoinError is no std::exception
    return fail(Errc::unavailable, "award_solver", "The solver failed.");
  }
}

}  // namespace fabrica::matching::awarding
