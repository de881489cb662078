#pragma once

#include "matching/impl/assignment_problem.hpp"

namespace fabrica::matching {

// Thresholds of one proposal under given reviewer prices: an arc is worth affinity - price, every arc it uses is worth
// at least the threshold of its organisation (or country, or the proposal, where no cap binds) and every other at most.
struct Thresholds {
  bool hold = true;  // false: no thresholds fit, so this proposal's choice is not optimal under these prices
  std::int64_t proposal = 0;
  std::vector<std::pair<std::uint32_t, std::int64_t>> groups;  // the price of each binding group
};

// Successive shortest paths over the network proposal -> country -> organisation -> reviewer -> sink. Only reviewers
// carry prices: inside a proposal's little tree costs are 0, so a step "p gives up r, takes r2" has the reduced cost
// (price[r2] - affinity(r2)) - (price[r] - affinity(r)) >= 0 wherever the tree lets it happen. Arcs are sorted by
// affinity as far as a scan reads, and -affinity + least price bounds the rest, so a scan ends at the first arc that
// cannot beat the best way to the sink.
//
// kStepped: arcs carry several units of falling value (for randomised assignment). All amounts are then in steps.
template <bool kStepped>
class Flow {
 public:
  struct Held {
    std::uint32_t proposal;
    std::uint32_t arc;
    std::int32_t affinity;
  };

  // With `factors` (in 2^-20, not rising), unit j of an arc is worth affinity * factors[j - 1], rounded down.
  explicit Flow(Problem& problem, std::vector<std::int64_t> factors = {}, std::int32_t steps = 1);

  // Routes every unit that is missing, each along the cheapest path; what no path covers is short.
  void cover();
  // Turns the bonus for minimum loads on and pulls what they need; call after cover().
  void raise_minimums();
  // Takes over pairs (reviewers by proposal) and prices of another solution, drops what no longer fits, and restores
  // optimality.
  void restart(std::vector<std::vector<std::uint32_t>> const& kept, std::vector<std::optional<std::int64_t>> const& prices);

  Thresholds thresholds(std::uint32_t p);

  Problem const& problem() const { return problem_; }
  std::int64_t price(std::uint32_t r) const { return reviewers_[r].price; }
  std::int32_t load(std::uint32_t r) const { return load_[r]; }
  std::int32_t short_units(std::uint32_t p) const { return short_[p]; }
  std::vector<Held> const& held(std::uint32_t r) const { return held_[r]; }
  // Arcs of p that carry something.
  std::vector<std::uint32_t> const& taken(std::uint32_t p) const { return taken_[p]; }

  // For exchanges outside the flow (floors): moves one pair, prices stay.
  void take(std::uint32_t p, std::uint32_t arc);
  void release(std::uint32_t p, std::uint32_t arc);
  void add_load(std::uint32_t r, std::int32_t units) { load_[r] += units; }
  // Whether caps let p take `taken` when it gives up `freed` (or nothing: kNone).
  bool allowed(std::uint32_t p, std::uint32_t taken, std::uint32_t freed) const;
  // Arcs of p from `from` on are in order of falling affinity up to the place this returns (at least one more, unless
  // there is none).
  std::uint32_t sorted_beyond(std::uint32_t p, std::uint32_t from);

 private:
  struct Reviewer {
    std::int64_t price = 0;
    std::int64_t distance = 0;
    std::uint32_t arc = 0;       // taken by `proposal` to reach here
    std::uint32_t from = kNone;  // which it gives up
    std::uint32_t proposal = 0;
    std::uint32_t search = 0;
  };
  struct Seen {
    std::int64_t bound = 0;  // no arc it could take is worth less to take: price - affinity >= bound
    std::int64_t base = 0;   // cheapest way here in this search
    std::uint32_t search = 0;
  };
  struct Use {
    std::uint32_t group;
    std::int32_t units;
  };
  struct End {
    std::int64_t distance = 0;
    std::uint32_t reviewer = kNone;
    std::uint32_t short_proposal = kNone;  // ends in its shortfall instead
  };
  struct Filter {
    bool only_freed_groups = false;
    std::uint32_t organisation = 0;
    std::uint32_t country = 0;
  };

  std::int64_t value(std::int32_t affinity, std::uint32_t unit) const {
    if (affinity <= 0) return affinity;
    return (affinity * factors_[unit - 1]) >> 20;
  }
  std::int64_t take_value(Arc arc) const {
    if constexpr (kStepped) return value(arc.affinity, arc.level() + 1);
    else return arc.affinity;
  }
  std::int64_t release_value(std::uint32_t arc, std::int32_t affinity) const {
    if constexpr (kStepped) return value(affinity, problem_.arcs[arc].level());
    else return affinity;
  }
  // What unit number `load` costs at the sink, falling below 0 while a minimum is not met.
  std::int64_t sink_cost(std::uint32_t r, std::int32_t load) const {
    std::int64_t const bonus = minimums_ && load < problem_.load_min[r] ? -kMinimumBonus : 0;
    return bonus + problem_.balance * (kStepped ? load / steps_ : load);
  }

  std::uint32_t find_arc(std::uint32_t p, std::uint32_t r);
  void index_columns();
  void forget_bounds();
  void begin();
  void label(std::uint32_t r, std::int64_t distance, std::uint32_t p, std::uint32_t arc, std::uint32_t from);
  bool pop(std::int64_t& distance, std::uint32_t& r);
  bool is_full(Use const& use) const { return use.units >= problem_.group_cap[use.group]; }
  bool mark_full_groups(std::uint32_t p, std::uint32_t freed, Filter& filter);
  void scan(std::uint32_t p, std::int64_t base, std::uint32_t freed, End& end);
  template <bool kCapped>
  void scan_arcs(std::uint32_t p, std::int64_t base, std::uint32_t freed, Filter const& filter, End& end);
  void augment(std::uint32_t p);
  void apply_forward(std::uint32_t start, End const& end);
  bool pull(std::uint32_t r0);
  void pull_from(std::uint32_t p, std::uint32_t r, std::int64_t base, End& end);
  void apply_pull(std::uint32_t r0, End const& end);
  void pull_all();
  void change_group(std::uint32_t p, std::uint32_t group, std::int32_t units);
  void drop_all_of(std::uint32_t p);
  void price_newcomers(std::vector<std::optional<std::int64_t>> const& prices);

  Problem& problem_;
  std::vector<std::int64_t> factors_;
  std::int32_t steps_ = 1;
  std::uint32_t level_max_ = 1;
  bool minimums_ = false;
  bool capped_ = false;
  std::int64_t price_min_ = 0;
  std::uint32_t search_ = 0;
  std::uint32_t mark_ = 0;

  std::vector<Reviewer> reviewers_;
  std::vector<Seen> seen_;
  std::vector<std::int32_t> load_;
  std::vector<std::int32_t> missing_;  // units of a proposal not yet routed
  std::vector<std::int32_t> short_;
  std::vector<std::vector<Held>> held_;
  std::vector<std::vector<std::uint32_t>> taken_;
  std::vector<std::vector<Use>> uses_;
  std::vector<std::uint32_t> marked_;  // by group, equal to mark_ if it blocks
  std::vector<std::uint32_t> span_place_;  // scratch of thresholds(), all 0 between calls
  std::vector<std::uint32_t> sorted_;  // arcs of p are in order up to here
  std::vector<std::uint32_t> touched_;
  std::vector<std::pair<std::int64_t, std::uint32_t>> heap_;
  std::vector<std::uint32_t> column_first_;
  std::vector<std::pair<std::uint32_t, std::int32_t>> column_;  // (proposal, affinity)
};

extern template class Flow<false>;
extern template class Flow<true>;

}  // namespace fabrica::matching
