#include "matching/award.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "crypto/sha256.hpp"
#include "json/json.hpp"
#include "matching/impl/award_cbc.hpp"
#include "matching/impl/award_model.hpp"

namespace fabrica::matching {
namespace {

using awarding::Held;
using awarding::Ledger;
using awarding::Problem;

constexpr int kRoundsMax = 64;
constexpr std::int64_t kWhole = 1'000'000;

struct Settled {
  std::vector<std::int64_t> aside;  // a floor
  std::vector<Held> held;
  std::vector<BandUse> bands;
};

// What a group leaves unused of its guarantee is opened to all, by deciding again with that much less set aside, until
// all that is set aside is used. Ends, because each round sets less aside.
Settled settle(Problem const& problem, AwardLimits const& limits) {
  awarding::TimeBox box{limits.band_seconds};
  auto const rule = problem.input->rule;
  Settled out;
  for (auto const& floor : problem.floors) out.aside.push_back(floor.amount);
  for (int round = 0;; ++round) {
    auto ledger = awarding::fresh(problem, out.aside);
    out.held.assign(problem.proposals.size(), {});
    if (rule == AwardRule::band) {
      out.bands = awarding::by_band(problem, ledger, box, out.held);
      for (std::size_t place = 0; place < out.held.size(); ++place)
        awarding::take(problem, ledger, place, out.held[place]);
    } else {
      awarding::by_rank(problem, ledger, 0, problem.proposals.size(), rule == AwardRule::scale, out.held);
    }
    bool unused = false;
    for (std::size_t place = 0; place < out.aside.size(); ++place) {
      if (ledger.owed[place] == 0) continue;
      unused = true;
      out.aside[place] = round < kRoundsMax ? out.aside[place] - ledger.owed[place] : 0;
    }
    if (!unused) return out;
  }
}

std::int64_t scaled(awarding::Option const& option, std::int64_t factor) {
  return std::max(option.minimum, static_cast<std::int64_t>(__int128{option.full} * factor / kWhole));
}

// The largest factor for one system with which everybody placed on it, and each cap, still fits.
std::int64_t factor_of(Problem const& problem, std::vector<Held> const& held, std::size_t system) {
  auto const fits = [&](std::int64_t factor) {
    __int128 left = problem.available[system];
    std::vector<__int128> caps(problem.caps_at[system + 1] - problem.caps_at[system], 0);
    for (std::size_t place = 0; place < held.size(); ++place) {
      if (held[place].option < 0) continue;
      auto const& option = problem.option(place, held[place].option);
      if (static_cast<std::size_t>(option.system) != system) continue;
      auto const amount = scaled(option, factor);
      left -= amount;
      for (std::size_t cap = 0; cap < caps.size(); ++cap)
        if ((problem.caps[problem.caps_at[system] + cap].group & problem.proposals[place].groups) != 0)
          caps[cap] += amount;
    }
    for (std::size_t cap = 0; cap < caps.size(); ++cap)
      if (caps[cap] > problem.caps[problem.caps_at[system] + cap].amount) return false;
    return left >= 0;
  };
  std::int64_t low = 0;
  std::int64_t high = kWhole;
  while (low < high) {
    auto const middle = (low + high + 1) / 2;
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

AwardReason reason_of(AwardDecision const& decision) {
  if (decision.options.empty()) return AwardReason::no_option;
  AwardReason reason = AwardReason::no_room;
  for (auto const& option : decision.options) {
    if (option.result == OptionResult::guarantee) return AwardReason::guarantee;
    if (option.result == OptionResult::cap) reason = AwardReason::cap;
  }
  return reason;
}

AwardDecision decide(Problem const& problem, Ledger const& ledger, std::size_t place, Held const& held) {
  auto const& input = problem.input->proposals[place];
  auto const& proposal = problem.proposals[place];
  AwardDecision out{.proposal = input.id};
  out.rank = input.rank;
  if (!proposal.above_line) {
    out.state = AwardState::below_line;
    out.reason = AwardReason::below_line;
    return out;
  }
  int const looked_at = held.option >= 0 ? held.option + 1 : static_cast<int>(proposal.count);
  out.options.reserve(static_cast<std::size_t>(looked_at));
  for (int number = 0; number < looked_at; ++number)
    out.options.push_back(awarding::figures(problem, ledger, place, number));
  if (held.option < 0) {
    out.reason = reason_of(out);
    return out;
  }
  auto const& option = problem.option(place, held.option);
  out.state = AwardState::awarded;
  out.system = problem.input->systems[static_cast<std::size_t>(option.system)].id;
  out.amount = held.amount;
  out.preference = held.option + 1;
  out.reason = held.amount == option.full                ? AwardReason::full
               : problem.input->rule == AwardRule::scale ? AwardReason::scaled
                                                         : AwardReason::partial;
  return out;
}

// Decisions with the figures each proposal met: after better ranks (rank and scale, where `placed` has the minimum
// amounts), or beside everybody of its own and better bands.
void add_decisions(Problem const& problem, Settled const& settled, std::vector<Held> const& final_held,
                   AwardOutcome& out) {
  auto ledger = awarding::fresh(problem, settled.aside);
  auto const count = problem.proposals.size();
  out.decisions.reserve(count);
  for (std::size_t first = 0; first < count;) {
    bool const bands = problem.input->rule == AwardRule::band;
    auto const last = bands ? awarding::band_end(*problem.input, first) : first + 1;
    if (bands)
      for (auto place = first; place < last; ++place) awarding::take(problem, ledger, place, settled.held[place]);
    for (auto place = first; place < last; ++place) {
      if (!bands) {
        out.decisions.push_back(decide(problem, ledger, place, final_held[place]));
        continue;
      }
      auto beside = ledger;
      awarding::give_back(problem, beside, place, settled.held[place]);
      out.decisions.push_back(decide(problem, beside, place, final_held[place]));
    }
    if (!bands) awarding::take(problem, ledger, first, settled.held[first]);
    first = last;
  }
  for (auto const& decision : out.decisions)
    if (decision.state == AwardState::reserve) out.reserve.push_back(decision.proposal);
}

void add_uses(Problem const& problem, Settled const& settled, std::vector<Held> const& held, AwardOutcome& out) {
  auto const& input = *problem.input;
  for (std::size_t system = 0; system < input.systems.size(); ++system)
    out.systems.push_back({.system = input.systems[system].id, .available = problem.available[system]});
  for (std::size_t place = 0; place < problem.floors.size(); ++place) {
    auto const& floor = problem.floors[place];
    auto const& rule = input.guarantees[static_cast<std::size_t>(floor.rule)];
    GuaranteeUse use{
        .guarantee = rule.id, .group = rule.group, .system = input.systems[static_cast<std::size_t>(floor.system)].id};
    use.promised = floor.amount;
    use.set_aside = use.counted = settled.aside[place];
    out.guarantees.push_back(std::move(use));
  }
  for (std::size_t place = 0; place < held.size(); ++place) {
    if (held[place].option < 0) continue;
    auto const system = static_cast<std::size_t>(problem.option(place, held[place].option).system);
    out.systems[system].awarded += held[place].amount;
    ++out.systems[system].funded;
    for (auto at = problem.floors_at[system]; at < problem.floors_at[system + 1]; ++at) {
      auto& use = out.guarantees[at];
      bool const inside = (problem.floors[at].group & problem.proposals[place].groups) != 0;
      if (inside) use.held += held[place].amount;
      (inside ? use.cutoff_group_millionths : use.cutoff_open_millionths) = input.proposals[place].score_millionths;
    }
  }
}

AwardOutcome outcome_of(Problem const& problem, AwardLimits const& limits) {
  auto settled = settle(problem, limits);
  AwardOutcome out{.rule = problem.input->rule};
  auto held = settled.held;
  std::vector<std::int64_t> factors;
  if (out.rule == AwardRule::scale) {
    for (std::size_t system = 0; system < problem.available.size(); ++system)
      factors.push_back(factor_of(problem, held, system));
    for (std::size_t place = 0; place < held.size(); ++place) {
      if (held[place].option < 0) continue;
      auto const& option = problem.option(place, held[place].option);
      held[place].amount = scaled(option, factors[static_cast<std::size_t>(option.system)]);
    }
  }
  add_decisions(problem, settled, held, out);
  add_uses(problem, settled, held, out);
  for (std::size_t system = 0; system < factors.size(); ++system)
    out.systems[system].factor_millionths = factors[system];
  out.bands = std::move(settled.bands);
  return out;
}

// Who holds what, by place in input.proposals, and who waits.
struct Standing {
  std::vector<AwardHolding const*> holders;
  std::unordered_set<std::string_view> waiting;
};

Result<Standing> standing(AwardInput const& input, std::vector<AwardHolding> const& held,
                          std::vector<std::string> const& reserve) {
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t place = 0; place < input.proposals.size(); ++place) places.emplace(input.proposals[place].id, place);
  std::vector<Fault> faults;
  Standing out{std::vector<AwardHolding const*>(input.proposals.size(), nullptr), {}};
  for (std::size_t number = 0; number < held.size(); ++number) {
    auto const& one = held[number];
    auto const found = places.find(one.proposal);
    auto const at = "/held/" + std::to_string(number);
    if (found == places.end()) faults.push_back({at + "/proposal", "Not in the list that was decided on."});
    else if (out.holders[found->second] != nullptr) faults.push_back({at + "/proposal", "Holds twice."});
    else if (one.amount < 0 || one.amount > kAwardAmountMax) faults.push_back({at + "/amount", "Out of range."});
    else if (std::ranges::find(input.systems, one.system, &AwardSystem::id) == input.systems.end())
      faults.push_back({at + "/system", "There is no system of this name."});
    else out.holders[found->second] = &one;
  }
  for (std::size_t number = 0; number < reserve.size(); ++number) {
    auto const found = places.find(reserve[number]);
    auto const at = "/reserve/" + std::to_string(number);
    if (found == places.end()) faults.push_back({at, "Not in the list that was decided on."});
    else if (out.holders[found->second] != nullptr && out.holders[found->second]->amount > 0)
      faults.push_back({at, "Holds an award already."});
    else if (!out.waiting.insert(reserve[number]).second) faults.push_back({at, "Waits twice."});
  }
  if (!faults.empty())
    return fail(Errc::invalid, "award_release", "Holders and waiting list do not fit together.", std::move(faults));
  return out;
}

// What is left once everybody has what he holds. Holders count to guarantees in rank order, as in a decision.
Ledger ledger_of(AwardInput const& input, Problem const& problem, Standing const& now) {
  std::vector<std::int64_t> aside;
  for (auto const& floor : problem.floors) aside.push_back(floor.amount);
  auto ledger = awarding::fresh(problem, aside);
  for (std::size_t place = 0; place < now.holders.size(); ++place) {
    if (now.holders[place] == nullptr) continue;
    auto const system = std::ranges::find(input.systems, now.holders[place]->system, &AwardSystem::id);
    awarding::take(problem, ledger, problem.proposals[place].groups, static_cast<int>(system - input.systems.begin()),
                   now.holders[place]->amount);
  }
  return ledger;
}

// The input of a release: what is free, what is still owed to groups, who waits.
AwardInput residual(AwardInput const& input, Problem const& problem, Standing const& now) {
  auto const ledger = ledger_of(input, problem, now);
  AwardInput out{.rule = input.rule};
  auto room = ledger.left;  // capacity may have been cut below what is held: then there is none
  for (auto& left : room) left = std::max<std::int64_t>(left, 0);
  for (std::size_t system = 0; system < input.systems.size(); ++system)
    out.systems.push_back({input.systems[system].id, input.systems[system].unit, room[system], 0});
  auto const on_system = [&](GroupRule const& rule, int system, std::int64_t amount) {
    GroupRule own{.id = rule.id, .group = rule.group};
    own.system = input.systems[static_cast<std::size_t>(system)].id;
    own.amount = amount;
    return own;
  };
  for (std::size_t place = 0; place < problem.floors.size(); ++place) {
    auto const& floor = problem.floors[place];
    auto& left = room[static_cast<std::size_t>(floor.system)];
    auto const owed = std::min(ledger.owed[place], left);
    left -= owed;
    out.guarantees.push_back(on_system(input.guarantees[static_cast<std::size_t>(floor.rule)], floor.system, owed));
  }
  for (std::size_t place = 0; place < problem.caps.size(); ++place) {
    auto const& cap = problem.caps[place];
    out.caps.push_back(on_system(input.caps[static_cast<std::size_t>(cap.rule)], cap.system,
                                 std::max<std::int64_t>(ledger.cap_left[place], 0)));
  }
  for (auto const& proposal : input.proposals)
    if (now.waiting.contains(proposal.id)) out.proposals.push_back(proposal);
  return out;
}

template <class T>
Result<std::string> digest_of(T const& value) {
  json::Limits const limits{.bytes = std::size_t{1} << 30, .depth = 32, .values = 100'000'000};
  FABRICA_TRY(auto const text, json::canonical(json::write(value), limits));
  return crypto::sha256(text).hex();
}

}  // namespace

Result<AwardOutcome> award(AwardInput const& input, AwardLimits const& limits) {
  FABRICA_TRY(auto const problem, awarding::compile(input));
  return outcome_of(problem, limits);
}

Result<AwardRelease> release(AwardInput const& input, std::vector<AwardHolding> const& held,
                             std::vector<std::string> const& reserve, AwardLimits const& limits) {
  FABRICA_TRY(auto const problem, awarding::compile(input));
  FABRICA_TRY(auto const now, standing(input, held, reserve));
  auto rest = residual(input, problem, now);
  FABRICA_TRY(auto outcome, award(rest, limits));
  return AwardRelease{std::move(rest), std::move(outcome)};
}

Result<std::string> digest(AwardInput const& input) { return digest_of(input); }
Result<std::string> digest(AwardOutcome const& outcome) { return digest_of(outcome); }

}  // namespace fabrica::matching
