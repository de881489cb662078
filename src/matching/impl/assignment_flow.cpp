#include "matching/impl/assignment_flow.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include "base/check.hpp"

namespace fabrica::matching {

namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 60;
constexpr std::uint32_t kSortedAtFirst = 48;

std::uint64_t sort_key(Arc arc) {
  // Falling affinity, then rising reviewer: the order does not depend on how the caller listed them.
  return (std::uint64_t{static_cast<std::uint32_t>(kAffinityMax - arc.affinity)} << 32) | arc.packed;
}
bool before(Arc a, Arc b) { return sort_key(a) < sort_key(b); }

}  // namespace

template <bool kStepped>
Flow<kStepped>::Flow(Problem& problem, std::vector<std::int64_t> factors, std::int32_t steps)
    : problem_{problem}, factors_{std::move(factors)}, steps_{steps}, capped_{problem.capped()} {
  if constexpr (kStepped) level_max_ = static_cast<std::uint32_t>(factors_.size());
  FABRICA_CHECK(level_max_ >= 1 && level_max_ < 256);
  reviewers_.resize(problem_.reviewers);
  load_.resize(problem_.reviewers);
  held_.resize(problem_.reviewers);
  seen_.assign(problem_.proposals, {-kFar, 0, 0});
  missing_ = problem_.demand;
  short_.resize(problem_.proposals);
  taken_.resize(problem_.proposals);
  if (capped_) uses_.resize(problem_.proposals);
  marked_.resize(problem_.group_cap.size());
  span_place_.resize(problem_.group_cap.size());
  sorted_.assign(problem_.first.begin(), problem_.first.end() - 1);
}

template <bool kStepped>
std::uint32_t Flow<kStepped>::sorted_beyond(std::uint32_t p, std::uint32_t from) {
  // Only what a scan reads is put in order: most of a long list never is.
  while (sorted_[p] <= from && sorted_[p] < problem_.first[p + 1]) {
    auto const begin = problem_.arcs.begin() + sorted_[p];
    auto const end = problem_.arcs.begin() + problem_.first[p + 1];
    auto const known = sorted_[p] - problem_.first[p];
    auto const more = static_cast<std::ptrdiff_t>(std::max(kSortedAtFirst, known * 2));
    if (end - begin <= more + more / 2) {
      std::sort(begin, end, before);
      sorted_[p] = problem_.first[p + 1];
    } else {
      std::nth_element(begin, begin + more, end, before);
      std::sort(begin, begin + more, before);
      sorted_[p] += static_cast<std::uint32_t>(more);
    }
  }
  return sorted_[p];
}

// An arc that carries something must lie in the sorted part: sorting moves the others.
template <bool kStepped>
std::uint32_t Flow<kStepped>::find_arc(std::uint32_t p, std::uint32_t r) {
  for (auto at = problem_.first[p]; at < problem_.first[p + 1]; ++at) {
    if (at >= sorted_[p]) sorted_beyond(p, at);
    if (problem_.arcs[at].reviewer() == r) return at;
  }
  return kNone;
}

template <bool kStepped>
void Flow<kStepped>::index_columns() {
  if (!column_first_.empty()) return;
  column_first_.assign(problem_.reviewers + 1, 0);
  for (auto const& arc : problem_.arcs) ++column_first_[arc.reviewer() + 1];
  for (std::uint32_t r = 0; r < problem_.reviewers; ++r) column_first_[r + 1] += column_first_[r];
  column_.resize(problem_.arcs.size());
  auto next = column_first_;
  for (std::uint32_t p = 0; p < problem_.proposals; ++p)
    for (auto arc = problem_.first[p]; arc < problem_.first[p + 1]; ++arc)
      column_[next[problem_.arcs[arc].reviewer()]++] = {p, problem_.arcs[arc].affinity};
}

template <bool kStepped>
void Flow<kStepped>::change_group(std::uint32_t p, std::uint32_t group, std::int32_t units) {
  if (group == 0) return;
  auto& uses = uses_[p];
  auto const use = std::ranges::find(uses, group, &Use::group);
  if (use == uses.end()) {
    uses.push_back({group, units});
  } else if ((use->units += units) == 0) {
    *use = uses.back();
    uses.pop_back();
  }
}

template <bool kStepped>
void Flow<kStepped>::take(std::uint32_t p, std::uint32_t arc) {
  Arc& it = problem_.arcs[arc];
  auto const r = it.reviewer();
  if (it.level() == 0) {
    held_[r].push_back({p, arc, it.affinity});
    taken_[p].push_back(arc);
  }
  it.packed += 1U << 24;
  if (!capped_) return;
  change_group(p, problem_.organisation[r], 1);
  change_group(p, problem_.country[r], 1);
}

template <bool kStepped>
void Flow<kStepped>::release(std::uint32_t p, std::uint32_t arc) {
  Arc& it = problem_.arcs[arc];
  auto const r = it.reviewer();
  seen_[p].bound = std::min(seen_[p].bound, reviewers_[r].price - release_value(arc, it.affinity));
  it.packed -= 1U << 24;
  if (it.level() == 0) {
    auto& held = held_[r];
    auto const at = std::ranges::find(held, arc, &Held::arc);
    *at = held.back();
    held.pop_back();
    auto& taken = taken_[p];
    *std::ranges::find(taken, arc) = taken.back();
    taken.pop_back();
  }
  if (!capped_) return;
  change_group(p, problem_.organisation[r], -1);
  change_group(p, problem_.country[r], -1);
}

template <bool kStepped>
bool Flow<kStepped>::allowed(std::uint32_t p, std::uint32_t taken, std::uint32_t freed) const {
  if (!capped_) return true;
  for (auto const& use : uses_[p]) {
    if (!is_full(use)) continue;
    auto const in = [&](std::uint32_t r) {
      return r != kNone && (problem_.organisation[r] == use.group || problem_.country[r] == use.group);
    };
    if (in(taken) && !in(freed)) return false;
  }
  return true;
}

template <bool kStepped>
void Flow<kStepped>::begin() {
  ++search_;
  heap_.clear();
  touched_.clear();
}

template <bool kStepped>
void Flow<kStepped>::label(std::uint32_t r, std::int64_t distance, std::uint32_t p, std::uint32_t arc,
                           std::uint32_t from) {
  auto& it = reviewers_[r];
  if (it.search != search_) touched_.push_back(r);
  it = {it.price, distance, arc, from, p, search_};
  heap_.emplace_back(distance, r);
  std::ranges::push_heap(heap_, std::greater<>{});
}

template <bool kStepped>
bool Flow<kStepped>::pop(std::int64_t& distance, std::uint32_t& r) {
  while (!heap_.empty()) {
    std::tie(distance, r) = heap_.front();
    std::ranges::pop_heap(heap_, std::greater<>{});
    heap_.pop_back();
    if (reviewers_[r].distance == distance) return true;
  }
  return false;
}

// Marks the groups p cannot add to, once `freed` is given up. Says whether one of freed's groups was full, so that
// giving it up opens something.
template <bool kStepped>
bool Flow<kStepped>::mark_full_groups(std::uint32_t p, std::uint32_t freed, Filter& filter) {
  ++mark_;
  if (freed != kNone) {
    filter.organisation = problem_.organisation[freed];
    filter.country = problem_.country[freed];
  }
  bool opens = false;
  for (auto const& use : uses_[p]) {
    if (!is_full(use)) continue;
    if (use.group == filter.organisation || use.group == filter.country) opens = true;
    else marked_[use.group] = mark_;
  }
  return opens;
}

template <bool kStepped>
template <bool kCapped>
void Flow<kStepped>::scan_arcs(std::uint32_t p, std::int64_t base, std::uint32_t freed, Filter const& filter,
                               End& end) {
  std::int64_t least = kFar;
  std::uint32_t sorted = sorted_[p];
  std::uint32_t const last = problem_.first[p + 1];
  for (std::uint32_t at = problem_.first[p]; at < last; ++at) {
    if (at >= sorted) sorted = sorted_beyond(p, at);
    Arc const arc = problem_.arcs[at];
    if (base - arc.affinity + price_min_ >= end.distance) {
      least = std::min(least, price_min_ - arc.affinity);
      break;
    }
    if (arc.level() >= level_max_) continue;
    auto const r = arc.reviewer();
    auto const& it = reviewers_[r];
    std::int64_t const cost = it.price - take_value(arc);
    least = std::min(least, cost);
    std::int64_t const distance = base + cost;
    if (distance >= end.distance || (it.search == search_ && distance >= it.distance)) continue;
    if constexpr (kCapped) {
      auto const organisation = problem_.organisation[r];
      auto const country = problem_.country[r];
      if (marked_[organisation] == mark_ || marked_[country] == mark_) continue;
      if (filter.only_freed_groups && organisation != filter.organisation && country != filter.country) continue;
    }
    label(r, distance, p, at, freed);
    if (load_[r] >= problem_.load_max[r]) continue;
    std::int64_t const total = distance + sink_cost(r, load_[r]) - it.price;
    if (total < end.distance) end = {total, r, kNone};
  }
  seen_[p].bound = least;
}

// Offers what p could take next, `base` being the cost of coming here: from the start, or by giving up `freed`.
template <bool kStepped>
void Flow<kStepped>::scan(std::uint32_t p, std::int64_t base, std::uint32_t freed, End& end) {
  auto& seen = seen_[p];
  bool const again = seen.search == search_ && base >= seen.base;
  if (again && !capped_) return;
  if (base + kShortfallCost < end.distance) end = {base + kShortfallCost, freed, p};
  if (base + seen.bound >= end.distance) return;
  if (!again) {
    seen.search = search_;
    seen.base = base;
  }
  if (!capped_) return scan_arcs<false>(p, base, freed, {}, end);
  Filter filter;
  bool const opens = mark_full_groups(p, freed, filter);
  // Whoever came here cheaper offered all but what only this reviewer's full groups kept closed.
  if (again && !opens) return;
  filter.only_freed_groups = again;
  scan_arcs<true>(p, base, freed, filter, end);
}

template <bool kStepped>
void Flow<kStepped>::augment(std::uint32_t p) {
  begin();
  End end{kShortfallCost + 1, kNone, kNone};
  scan(p, 0, kNone, end);
  std::int64_t distance = 0;
  std::uint32_t r = 0;
  while (pop(distance, r) && distance < end.distance) {
    std::int64_t const left = distance - reviewers_[r].price;
    for (auto const& held : held_[r])
      scan(held.proposal, left + release_value(held.arc, held.affinity), r, end);
  }
  for (auto const touched : touched_) {
    auto& it = reviewers_[touched];
    if (it.distance < end.distance) it.price += end.distance - it.distance;
  }
  apply_forward(p, end);
}

template <bool kStepped>
void Flow<kStepped>::apply_forward(std::uint32_t start, End const& end) {
  auto const give_up = [&](std::uint32_t p, std::uint32_t r) {
    release(p, std::ranges::find(held_[r], p, &Held::proposal)->arc);
  };
  --missing_[start];
  std::uint32_t r = end.reviewer;
  if (end.short_proposal != kNone) {
    ++short_[end.short_proposal];
    if (r == kNone) return;
    give_up(end.short_proposal, r);
  } else {
    ++load_[r];
  }
  while (true) {
    auto const it = reviewers_[r];
    take(it.proposal, it.arc);
    if (it.from == kNone) return;
    give_up(it.proposal, it.from);
    r = it.from;
  }
}

template <bool kStepped>
void Flow<kStepped>::forget_bounds() {
  price_min_ = 0;
  for (auto const& it : reviewers_) price_min_ = std::min(price_min_, it.price);
  for (auto& seen : seen_) seen.bound = -kFar;
}

template <bool kStepped>
void Flow<kStepped>::cover() {
  for (std::uint32_t p = 0; p < problem_.proposals; ++p)
    while (missing_[p] > 0) augment(p);
}

// Whether someone's review moved to r0. Either way r0's price ends where its next unit costs that much.
template <bool kStepped>
bool Flow<kStepped>::pull(std::uint32_t r0) {
  begin();
  End end{reviewers_[r0].price - sink_cost(r0, load_[r0]), kNone, kNone};
  label(r0, 0, kNone, kNone, kNone);
  std::int64_t distance = 0;
  std::uint32_t r = 0;
  while (pop(distance, r) && distance < end.distance)
    for (auto at = column_first_[r]; at < column_first_[r + 1]; ++at) {
      auto const [p, affinity] = column_[at];
      Arc arc{affinity, r};
      for (auto const other : taken_[p])
        if (problem_.arcs[other].reviewer() == r) arc = problem_.arcs[other];
      if (arc.level() < level_max_) pull_from(p, r, distance + reviewers_[r].price - take_value(arc), end);
    }
  for (auto const touched : touched_) {
    auto& it = reviewers_[touched];
    if (it.distance < end.distance) it.price -= end.distance - it.distance;
  }
  if (end.reviewer == kNone) return false;
  apply_pull(r0, end);
  return true;
}

// p would take r: whom could it give up for it, and could that one's load fall?
template <bool kStepped>
void Flow<kStepped>::pull_from(std::uint32_t p, std::uint32_t r, std::int64_t base, End& end) {
  if (short_[p] > 0 && base - kShortfallCost < end.distance && allowed(p, r, kNone))
    end = {base - kShortfallCost, r, p};
  for (auto const other : taken_[p]) {
    Arc const it = problem_.arcs[other];
    auto const r2 = it.reviewer();
    if (r2 == r) continue;
    std::int64_t const distance = base - (reviewers_[r2].price - release_value(other, it.affinity));
    if (distance >= end.distance) continue;
    if (reviewers_[r2].search == search_ && distance >= reviewers_[r2].distance) continue;
    if (!allowed(p, r, r2)) continue;
    label(r2, distance, p, kNone, r);
    std::int64_t const total = distance + reviewers_[r2].price - sink_cost(r2, load_[r2] - 1);
    if (total < end.distance) end = {total, r2, kNone};
  }
}

template <bool kStepped>
void Flow<kStepped>::apply_pull(std::uint32_t r0, End const& end) {
  std::uint32_t r = end.reviewer;
  if (end.short_proposal != kNone) {
    take(end.short_proposal, find_arc(end.short_proposal, r));
    --short_[end.short_proposal];
  } else {
    --load_[r];
  }
  ++load_[r0];
  while (r != r0) {
    auto const it = reviewers_[r];
    release(it.proposal, std::ranges::find(held_[r], it.proposal, &Held::proposal)->arc);
    take(it.proposal, find_arc(it.proposal, it.from));
    r = it.from;
  }
}

template <bool kStepped>
void Flow<kStepped>::pull_all() {
  bool indexed = false;
  for (std::uint32_t r = 0; r < problem_.reviewers; ++r)
    while (load_[r] < problem_.load_max[r] && reviewers_[r].price > sink_cost(r, load_[r])) {
      if (!indexed) index_columns();
      indexed = true;
      pull(r);
    }
  if (indexed) forget_bounds();
}

template <bool kStepped>
void Flow<kStepped>::raise_minimums() {
  minimums_ = true;
  pull_all();
}

template <bool kStepped>
Thresholds Flow<kStepped>::thresholds(std::uint32_t p) {
  // Per group: the most an unused arc is worth and the least a used one is.
  struct Span {
    std::uint32_t group;
    std::uint32_t country;
    std::int64_t unused = -kFar;
    std::int64_t used = kFar;
    bool full = false;
  };
  auto& place = span_place_;
  std::vector<Span> spans;
  auto const span_of = [&](std::uint32_t group, std::uint32_t country) -> Span& {
    if (place[group] == 0) {
      Span fresh{group, country};
      if (capped_)
        for (auto const& use : uses_[p]) fresh.full = fresh.full || (use.group == group && is_full(use));
      spans.push_back(fresh);
      place[group] = static_cast<std::uint32_t>(spans.size());
    }
    return spans[place[group] - 1];
  };
  Span root{0, 0};
  for (auto at = problem_.first[p]; at < problem_.first[p + 1]; ++at) {
    Arc const arc = problem_.arcs[at];
    auto const r = arc.reviewer();
    auto const organisation = problem_.organisation[r];
    auto const country = problem_.country[r];
    Span& leaf = organisation != 0 ? span_of(organisation, country) : country != 0 ? span_of(country, 0) : root;
    if (arc.level() < level_max_) leaf.unused = std::max(leaf.unused, take_value(arc) - reviewers_[r].price);
    if (arc.level() > 0)
      leaf.used = std::min(leaf.used, release_value(at, arc.affinity) - reviewers_[r].price);
  }
  auto const rise = [](Span const& from, Span& to) {
    if (!from.full) to.unused = std::max(to.unused, from.unused);
    to.used = std::min(to.used, from.used);
  };
  Thresholds out;
  auto const settle = [&](Span& span, std::int64_t above) {
    std::int64_t const here = span.full ? std::max(span.unused, above) : above;
    if (here > above) out.groups.emplace_back(span.group, here - above);
    out.hold = out.hold && span.unused <= here && here <= span.used;
    return here;
  };
  for (std::size_t i = 0; i < spans.size(); ++i)
    if (spans[i].group < problem_.countries_from && spans[i].country != 0) {
      Span const leaf = spans[i];
      rise(leaf, span_of(leaf.country, 0));
    }
  for (auto const& span : spans)
    if (span.country == 0) rise(span, root);
  out.proposal = short_[p] > 0 ? -kShortfallCost : std::max(root.unused, -kShortfallCost);
  out.hold = root.unused <= out.proposal && out.proposal <= root.used;
  std::vector<std::int64_t> at_country(spans.size(), out.proposal);
  for (std::size_t i = 0; i < spans.size(); ++i)
    if (spans[i].country == 0) at_country[i] = settle(spans[i], out.proposal);
  for (auto& span : spans)
    if (span.country != 0) settle(span, at_country[place[span.country] - 1]);
  for (auto const& span : spans) place[span.group] = 0;
  return out;
}

template <bool kStepped>
void Flow<kStepped>::drop_all_of(std::uint32_t p) {
  while (!taken_[p].empty()) {
    auto const arc = taken_[p].back();
    --load_[problem_.arcs[arc].reviewer()];
    release(p, arc);
    ++missing_[p];
  }
}

// A reviewer nobody knew starts so dear that nobody wants them; pull_all() brings the price down again, and reviews in.
template <bool kStepped>
void Flow<kStepped>::price_newcomers(std::vector<std::optional<std::int64_t>> const& prices) {
  for (std::uint32_t r = 0; r < problem_.reviewers; ++r)
    if (!prices[r]) reviewers_[r].price = sink_cost(r, 0);
  for (std::uint32_t p = 0; p < problem_.proposals; ++p) {
    std::int64_t lowest = kFar;
    for (auto const other : taken_[p]) {
      Arc const it = problem_.arcs[other];
      lowest = std::min(lowest, it.affinity - reviewers_[it.reviewer()].price);
    }
    for (auto at = problem_.first[p]; at < problem_.first[p + 1] && lowest < kFar; ++at) {
      Arc const arc = problem_.arcs[at];
      auto& price = reviewers_[arc.reviewer()].price;
      if (!prices[arc.reviewer()]) price = std::max(price, arc.affinity - lowest);
    }
  }
}

template <bool kStepped>
void Flow<kStepped>::restart(std::vector<std::vector<std::uint32_t>> const& kept,
                             std::vector<std::optional<std::int64_t>> const& prices) {
  minimums_ = true;
  for (std::uint32_t r = 0; r < problem_.reviewers; ++r) reviewers_[r].price = prices[r].value_or(0);
  for (std::uint32_t p = 0; p < problem_.proposals; ++p)
    for (auto const r : kept[p]) {
      if (missing_[p] == 0 || load_[r] == problem_.load_max[r] || !allowed(p, r, kNone)) continue;
      auto const arc = find_arc(p, r);
      if (arc == kNone || problem_.arcs[arc].level() > 0) continue;
      take(p, arc);
      ++load_[r];
      --missing_[p];
    }
  for (std::uint32_t r = 0; r < problem_.reviewers; ++r)
    if (load_[r] > 0) reviewers_[r].price = std::max(reviewers_[r].price, sink_cost(r, load_[r] - 1));
  price_newcomers(prices);
  for (std::uint32_t p = 0; p < problem_.proposals; ++p)
    if (!thresholds(p).hold) drop_all_of(p);
  pull_all();
  forget_bounds();
  cover();
}

template class Flow<false>;
template class Flow<true>;

}  // namespace fabrica::matching
