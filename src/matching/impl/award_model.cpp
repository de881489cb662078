#include "matching/impl/award_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace fabrica::matching::awarding {
namespace {

constexpr std::size_t kProposalsMax = 200'000;
constexpr std::size_t kSystemsMax = 1000;
constexpr std::size_t kOptionsMax = 100;
constexpr std::size_t kFaultsMax = 50;

class Compiler {
 public:
  explicit Compiler(AwardInput const& input) : input_{input} { problem_.input = &input; }

  Result<Problem> run() {
    if (input_.systems.size() > kSystemsMax) fault("/systems", "More than 1000 systems.");
    if (input_.proposals.size() > kProposalsMax) fault("/proposals", "More than 200000 proposals.");
    if (faults_.empty()) {
      add_systems();
      add_rules(input_.guarantees, "guarantees", problem_.floors);
      add_rules(input_.caps, "caps", problem_.caps);
      problem_.floors_at = sort(problem_.floors);
      problem_.caps_at = sort(problem_.caps);
      check_floors();
      add_proposals();
    }
    if (!faults_.empty())
      return fail(Errc::invalid, "award_input", "This cannot be decided on: see the faults.", std::move(faults_));
    return std::move(problem_);
  }

 private:
  void fault(std::string pointer, std::string what) {
    if (faults_.size() < kFaultsMax) faults_.push_back({std::move(pointer), std::move(what)});
  }

  void add_systems() {
    for (std::size_t place = 0; place < input_.systems.size(); ++place) {
      auto const& system = input_.systems[place];
      auto const at = fmt::format("/systems/{}", place);
      if (system.id.empty() || !systems_.emplace(system.id, static_cast<int>(place)).second)
        fault(at + "/id", "Missing, or another system has it too.");
      if (system.capacity < 0 || system.capacity > kAwardAmountMax)
        fault(at + "/capacity", fmt::format("Must be 0 to {}.", kAwardAmountMax));
      else if (system.held_back < 0 || system.held_back > system.capacity)
        fault(at + "/held_back", "Must be 0 to the capacity.");
      problem_.available.push_back(system.capacity - system.held_back);
    }
  }

  void add_rules(std::vector<GroupRule> const& rules, char const* name, std::vector<Limit>& out) {
    std::set<std::pair<std::string, int>> seen;
    if (rules.size() > 1000) return fault(fmt::format("/{}", name), "More than 1000 rules.");
    for (std::size_t place = 0; place < rules.size(); ++place) {
      auto const& rule = rules[place];
      auto const at = fmt::format("/{}/{}", name, place);
      if (rule.id.empty()) fault(at + "/id", "Give the rule a name.");
      if (rule.group.empty()) fault(at + "/group", "Name the group.");
      if (rule.amount.has_value() == rule.share_millionths.has_value()) fault(at, "Give either an amount or a share.");
      if (rule.amount && !rule.system) fault(at + "/system", "An amount needs its system; a share may do without.");
      if (rule.amount && (*rule.amount < 0 || *rule.amount > kAwardAmountMax))
        fault(at + "/amount", fmt::format("Must be 0 to {}.", kAwardAmountMax));
      if (rule.share_millionths && (*rule.share_millionths < 0 || *rule.share_millionths > 1'000'000))
        fault(at + "/share_millionths", "Must be 0 to 1000000.");
      auto const named = rule.system ? systems_.find(*rule.system) : systems_.end();
      if (rule.system && named == systems_.end()) fault(at + "/system", "There is no system of this name.");
      if (!groups_.contains(rule.group)) {
        if (groups_.size() == 64) return fault(at + "/group", "Guarantees and caps name more than 64 groups.");
        groups_.emplace(rule.group, std::uint64_t{1} << groups_.size());
      }
      if (!faults_.empty()) continue;
      for (int system = 0; system < static_cast<int>(problem_.available.size()); ++system) {
        if (rule.system && named->second != system) continue;
        if (!seen.emplace(rule.id, system).second) fault(at + "/id", "Two rules of this name on one system.");
        out.push_back({static_cast<int>(place), system, groups_.at(rule.group), amount(rule, system)});
      }
    }
  }

  std::int64_t amount(GroupRule const& rule, int system) const {
    if (rule.amount) return *rule.amount;
    auto const available = problem_.available[static_cast<std::size_t>(system)];
    return static_cast<std::int64_t>(__int128{available} * *rule.share_millionths / 1'000'000);
  }

  std::vector<std::uint32_t> sort(std::vector<Limit>& limits) const {
    std::ranges::sort(limits, {}, [](Limit const& limit) { return std::pair{limit.system, limit.rule}; });
    std::vector<std::uint32_t> at(problem_.available.size() + 1, 0);
    for (auto const& limit : limits) ++at[static_cast<std::size_t>(limit.system) + 1];
    for (std::size_t place = 1; place < at.size(); ++place) at[place] += at[place - 1];
    return at;
  }

  void check_floors() {
    if (!faults_.empty()) return;
    for (std::size_t system = 0; system < problem_.available.size(); ++system) {
      std::int64_t left = problem_.available[system];
      for (auto place = problem_.floors_at[system]; place < problem_.floors_at[system + 1]; ++place) {
        auto const& floor = problem_.floors[place];
        if (floor.amount > left)
          return fault(fmt::format("/guarantees/{}", floor.rule),
                       fmt::format("The guarantees on {} add up to more than it has.", input_.systems[system].id));
        left -= floor.amount;
      }
    }
  }

  void add_proposals() {
    std::unordered_set<std::string_view> ids;
    ids.reserve(input_.proposals.size());
    problem_.proposals.reserve(input_.proposals.size());
    problem_.options.reserve(input_.proposals.size() * 4);
    for (std::size_t place = 0; place < input_.proposals.size(); ++place) {
      auto const& own = input_.proposals[place];
      auto const pointer = [&](char const* member) { return fmt::format("/proposals/{}/{}", place, member); };
      if (own.id.empty() || !ids.insert(own.id).second)
        fault(pointer("id"), "Missing, or another proposal has it too.");
      if (own.rank < 1 || (place > 0 && own.rank <= input_.proposals[place - 1].rank))
        fault(pointer("rank"), "Ranks start at 1 and rise strictly from one proposal to the next.");
      if (place > 0 && own.band < input_.proposals[place - 1].band)
        fault(pointer("band"), "A band never falls from one proposal to the next.");
      Proposal out{.first = static_cast<std::uint32_t>(problem_.options.size())};
      out.above_line = !input_.line_rank || own.rank <= *input_.line_rank;
      if (!groups_.empty())
        for (auto const& group : own.groups)
          if (auto const found = groups_.find(group); found != groups_.end()) out.groups |= found->second;
      if (own.options.size() > kOptionsMax) fault(pointer("options"), "More than 100 options.");
      else add_options(place, own);
      out.count = static_cast<std::uint32_t>(problem_.options.size()) - out.first;
      problem_.proposals.push_back(out);
    }
  }

  void add_options(std::size_t place, AwardProposal const& own) {
    auto const first = problem_.options.size();
    for (std::size_t number = 0; number < own.options.size(); ++number) {
      auto const& option = own.options[number];
      auto const pointer = [&](char const* member) {
        return fmt::format("/proposals/{}/options/{}/{}", place, number, member);
      };
      auto const found = systems_.find(option.system);
      int const system = found == systems_.end() ? -1 : found->second;
      if (system < 0) fault(pointer("system"), "There is no system of this name.");
      for (auto before = first; before < problem_.options.size(); ++before)
        if (problem_.options[before].system == system) fault(pointer("system"), "Named twice.");
      auto const full = std::min(option.wanted, option.recommended.value_or(option.wanted));
      if (option.wanted < 1 || option.wanted > kAwardAmountMax)
        fault(pointer("wanted"), fmt::format("Must be 1 to {}.", kAwardAmountMax));
      else if (option.minimum < 1 || option.minimum > full)
        fault(pointer("minimum"), "Must be at least 1, and no more than what is wanted and recommended.");
      problem_.options.push_back({system, full, option.minimum});
    }
  }

  AwardInput const& input_;
  Problem problem_;
  std::unordered_map<std::string_view, int> systems_;
  std::unordered_map<std::string_view, std::uint64_t> groups_;
  std::vector<Fault> faults_;
};

}  // namespace

Result<Problem> compile(AwardInput const& input) { return Compiler{input}.run(); }

Ledger fresh(Problem const& problem, std::vector<std::int64_t> const& aside) {
  Ledger ledger{problem.available, aside, {}};
  for (auto const& cap : problem.caps) ledger.cap_left.push_back(cap.amount);
  return ledger;
}

std::int64_t offered(Problem const& problem, Ledger const& ledger, std::uint64_t groups, int system) {
  auto const at = static_cast<std::size_t>(system);
  std::int64_t room = ledger.left[at];
  for (auto place = problem.floors_at[at]; place < problem.floors_at[at + 1]; ++place)
    if ((problem.floors[place].group & groups) == 0) room -= ledger.owed[place];
  for (auto place = problem.caps_at[at]; place < problem.caps_at[at + 1]; ++place)
    if ((problem.caps[place].group & groups) != 0) room = std::min(room, ledger.cap_left[place]);
  return std::max<std::int64_t>(room, 0);
}

void take(Problem const& problem, Ledger& ledger, std::uint64_t groups, int system, std::int64_t amount) {
  auto const at = static_cast<std::size_t>(system);
  ledger.left[at] -= amount;
  std::int64_t uncounted = amount;
  for (auto place = problem.floors_at[at]; place < problem.floors_at[at + 1] && uncounted > 0; ++place) {
    if ((problem.floors[place].group & groups) == 0) continue;
    auto const part = std::min(uncounted, ledger.owed[place]);
    ledger.owed[place] -= part;
    uncounted -= part;
  }
  for (auto place = problem.caps_at[at]; place < problem.caps_at[at + 1]; ++place)
    if ((problem.caps[place].group & groups) != 0) ledger.cap_left[place] -= amount;
}

void give_back(Problem const& problem, Ledger& ledger, std::size_t proposal, Held const& held) {
  if (held.option < 0) return;
  auto const groups = problem.proposals[proposal].groups;
  auto const at = static_cast<std::size_t>(problem.option(proposal, held.option).system);
  ledger.left[at] += held.amount;
  for (auto place = problem.caps_at[at]; place < problem.caps_at[at + 1]; ++place)
    if ((problem.caps[place].group & groups) != 0) ledger.cap_left[place] += held.amount;
}

OptionFigures figures(Problem const& problem, Ledger const& ledger, std::size_t proposal, int place) {
  auto const& option = problem.option(proposal, place);
  auto const groups = problem.proposals[proposal].groups;
  auto const at = static_cast<std::size_t>(option.system);
  auto const& input = *problem.input;
  OptionFigures out{.system = input.systems[at].id};
  out.full = option.full;
  out.minimum = option.minimum;
  out.left = ledger.left[at];
  out.offered = offered(problem, ledger, groups, option.system);
  int guarantee = -1;
  for (auto floor = problem.floors_at[at]; floor < problem.floors_at[at + 1]; ++floor) {
    if ((problem.floors[floor].group & groups) != 0 || ledger.owed[floor] == 0) continue;
    out.set_aside += ledger.owed[floor];
    if (guarantee < 0) guarantee = problem.floors[floor].rule;
  }
  int tightest = -1;
  for (auto cap = problem.caps_at[at]; cap < problem.caps_at[at + 1]; ++cap) {
    if ((problem.caps[cap].group & groups) == 0) continue;
    if (out.cap_left && *out.cap_left <= ledger.cap_left[cap]) continue;
    out.cap_left = ledger.cap_left[cap];
    tightest = problem.caps[cap].rule;
  }
  if (out.offered >= option.minimum) {
    out.result = OptionResult::taken;
  } else if (out.left < option.minimum) {
    out.result = OptionResult::no_room;
  } else if (out.cap_left && *out.cap_left < option.minimum) {
    out.result = OptionResult::cap;
    out.because = input.caps[static_cast<std::size_t>(tightest)].id;
  } else {
    out.result = OptionResult::guarantee;
    out.because = input.guarantees[static_cast<std::size_t>(guarantee)].id;
  }
  return out;
}

void by_rank(Problem const& problem, Ledger& ledger, std::size_t first, std::size_t last, bool minimum_only,
             std::vector<Held>& held) {
  for (auto place = first; place < last; ++place) {
    auto const& proposal = problem.proposals[place];
    held[place] = {};
    if (!proposal.above_line) continue;
    for (std::uint32_t number = 0; number < proposal.count; ++number) {
      auto const& option = problem.options[proposal.first + number];
      auto const room = offered(problem, ledger, proposal.groups, option.system);
      if (room < option.minimum) continue;
      held[place] = {static_cast<int>(number), minimum_only ? option.minimum : std::min(room, option.full)};
      take(problem, ledger, proposal.groups, option.system, held[place].amount);
      break;
    }
  }
}

std::size_t band_end(AwardInput const& input, std::size_t first) {
  auto last = first;
  while (last < input.proposals.size() && input.proposals[last].band == input.proposals[first].band) ++last;
  return last;
}

}  // namespace fabrica::matching::awarding
