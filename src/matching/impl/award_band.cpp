#include <algorithm>

#include "matching/impl/award_cbc.hpp"
#include "matching/impl/award_model.hpp"

namespace fabrica::matching::awarding {
namespace {

constexpr int kPassesMax = 1000;

// One band: proposals [first, last) on top of what better bands left.
class Band {
 public:
  Band(Problem const& problem, Ledger const& base, std::size_t first, std::size_t last)
      : problem_{problem}, base_{base}, first_{first}, last_{last} {}

  // Whether somebody could be funded who is not, or could have something he likes better.
  bool may_gain(std::vector<Held> const& held) const {
    for (auto place = first_; place < last_; ++place) {
      int const best = best_option(base_, place).option;
      if (best >= 0 && held[place].option != best) return true;
    }
    return false;
  }

  // Which option each should have so that most are funded and then best served; empty when not proven in time.
  std::vector<int> optimum(TimeBox const& box) const {
    Program program{true};
    Rows const rows = add_rows(program);
    struct Column {
      std::size_t place;
      int option;
    };
    std::vector<Column> columns;
    std::uint32_t options_max = 0;
    for (auto place = first_; place < last_; ++place)
      options_max = std::max(options_max, problem_.proposals[place].count);
    // Whole numbers: one more funded outweighs every preference in the band.
    double const one_more = static_cast<double>(last_ - first_) * (options_max + 1) + 1;
    for (auto place = first_; place < last_; ++place) {
      auto const& proposal = problem_.proposals[place];
      if (!proposal.above_line) continue;
      for (int number = 0; number < static_cast<int>(proposal.count); ++number) {
        auto const& option = problem_.option(place, number);
        if (offered(problem_, base_, proposal.groups, option.system) < option.minimum) continue;
        columns.push_back({place, number});
        program.add_column(number - one_more);
        program.add_entry(static_cast<int>(place - first_), 1);
        add_entries(program, rows, proposal.groups, option);
      }
    }
    if (box.left() <= 0.01) return {};
    auto const solved = program.solve(box.left(), 0.9);
    if (!solved || !solved->proven) return {};
    std::vector<int> out(last_ - first_, -1);
    for (std::size_t column = 0; column < columns.size(); ++column)
      if (solved->values[column] > 0.5) out[columns[column].place - first_] = columns[column].option;
    return out;
  }

  // Minimum amounts of the wanted options by rank, then the maximality pass: as long as somebody can do better with
  // what is left, the best-ranked of them does. Without it better bands would envy worse ones. False when guarantees of
  // overlapping groups keep it from settling.
  bool settle(std::vector<int> const& wanted, std::vector<Held>& held) const {
    Ledger ledger = base_;
    for (auto place = first_; place < last_; ++place) {
      held[place] = {};
      int const number = wanted[place - first_];
      if (number < 0) continue;
      auto const& option = problem_.option(place, number);
      if (offered(problem_, ledger, problem_.proposals[place].groups, option.system) < option.minimum) continue;
      held[place] = {number, option.minimum};
      take(problem_, ledger, place, held[place]);
    }
    bool changed = true;
    for (int pass = 0; changed && pass < kPassesMax; ++pass) {
      changed = false;
      for (auto place = first_; place < last_; ++place) {
        auto const better = best_beside(ledger, place, held);
        if (!improves(better, held[place])) continue;
        changed = true;
        give_back(problem_, ledger, place, held[place]);
        held[place] = better;
        if (problem_.floors.empty()) take(problem_, ledger, place, better);
        else ledger = after(held);
      }
    }
    if (changed) return false;
    ledger = after(held);
    for (auto place = first_; place < last_; ++place)
      if (best_beside(ledger, place, held) != held[place]) return false;
    return true;
  }

  Ledger after(std::vector<Held> const& held) const {
    Ledger ledger = base_;
    for (auto place = first_; place < last_; ++place) take(problem_, ledger, place, held[place]);
    return ledger;
  }

  std::int64_t funded(std::vector<Held> const& held) const {
    return std::count_if(held.begin() + static_cast<std::ptrdiff_t>(first_),
                         held.begin() + static_cast<std::ptrdiff_t>(last_),
                         [](Held const& one) { return one.option >= 0; });
  }
  std::int64_t preferences(std::vector<Held> const& held) const {
    std::int64_t sum = 0;
    for (auto place = first_; place < last_; ++place) sum += std::max(held[place].option, 0);
    return sum;
  }

 private:
  struct Rows {
    std::vector<int> systems;
    std::vector<int> floors;  // who is outside the group leaves it what is owed
    std::vector<int> aside;   // a system: who is in no group of a guarantee leaves all that is owed
    std::vector<int> caps;
  };

  Rows add_rows(Program& program) const {
    Rows rows;
    for (auto place = first_; place < last_; ++place) program.add_row(1);
    for (std::size_t system = 0; system < base_.left.size(); ++system) {
      rows.systems.push_back(program.add_row(static_cast<double>(base_.left[system])));
      std::int64_t owed = 0;
      for (auto place = problem_.floors_at[system]; place < problem_.floors_at[system + 1]; ++place) {
        owed += base_.owed[place];
        rows.floors.push_back(program.add_row(static_cast<double>(base_.left[system] - base_.owed[place])));
      }
      rows.aside.push_back(program.add_row(static_cast<double>(base_.left[system] - owed)));
    }
    for (auto const left : base_.cap_left) rows.caps.push_back(program.add_row(static_cast<double>(left)));
    return rows;
  }

  void add_entries(Program& program, Rows const& rows, std::uint64_t groups, Option const& option) const {
    auto const system = static_cast<std::size_t>(option.system);
    auto const amount = static_cast<double>(option.minimum);
    program.add_entry(rows.systems[system], amount);
    bool in_none = true;
    for (auto place = problem_.floors_at[system]; place < problem_.floors_at[system + 1]; ++place) {
      if ((problem_.floors[place].group & groups) != 0) in_none = false;
      else program.add_entry(rows.floors[place], amount);
    }
    if (in_none) program.add_entry(rows.aside[system], amount);
    for (auto place = problem_.caps_at[system]; place < problem_.caps_at[system + 1]; ++place)
      if ((problem_.caps[place].group & groups) != 0) program.add_entry(rows.caps[place], amount);
  }

  Held best_option(Ledger const& ledger, std::size_t place) const {
    auto const& proposal = problem_.proposals[place];
    if (!proposal.above_line) return {};
    for (int number = 0; number < static_cast<int>(proposal.count); ++number) {
      auto const& option = problem_.option(place, number);
      auto const room = offered(problem_, ledger, proposal.groups, option.system);
      if (room >= option.minimum) return {number, std::min(room, option.full)};
    }
    return {};
  }

  Held best_beside(Ledger& ledger, std::size_t place, std::vector<Held> const& held) const {
    if (held[place].option < 0) return best_option(ledger, place);
    auto const system = problem_.option(place, held[place].option).system;
    auto const kept_left = ledger.left[static_cast<std::size_t>(system)];
    auto const kept_caps = ledger.cap_left;
    give_back(problem_, ledger, place, held[place]);
    auto const best = best_option(ledger, place);
    ledger.left[static_cast<std::size_t>(system)] = kept_left;
    ledger.cap_left = kept_caps;
    return best;
  }

  static bool improves(Held const& now, Held const& before) {
    if (now.option < 0) return false;
    if (before.option < 0 || now.option < before.option) return true;
    return now.option == before.option && now.amount > before.amount;
  }

  Problem const& problem_;
  Ledger const& base_;
  std::size_t first_;
  std::size_t last_;
};

}  // namespace

std::vector<BandUse> by_band(Problem const& problem, Ledger ledger, TimeBox& box, std::vector<Held>& held) {
  std::vector<BandUse> uses;
  for (std::size_t first = 0; first < problem.proposals.size();) {
    auto const last = band_end(*problem.input, first);
    Ledger const base = ledger;
    Band const band{problem, base, first, last};
    by_rank(problem, ledger, first, last, false, held);
    BandUse use{.band = problem.input->proposals[first].band};
    use.proposals = static_cast<std::int64_t>(last - first);
    use.funded = use.funded_by_rank = band.funded(held);
    if (band.may_gain(held)) {
      auto const wanted = band.optimum(box);
      if (wanted.empty()) use.method = BandMethod::fell_back;
      auto other = held;
      if (!wanted.empty() && band.settle(wanted, other)) {
        auto const funded = band.funded(other);
        if (funded > use.funded || (funded == use.funded && band.preferences(other) < band.preferences(held))) {
          held = std::move(other);
          ledger = band.after(held);
          use.method = BandMethod::optimised;
          use.funded = funded;
        }
      }
    }
    uses.push_back(use);
    first = last;
  }
  return uses;
}

}  // namespace fabrica::matching::awarding
