// Decisions as sentences, and what-if: comparisons, marginal capacity, the linear bound.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

#include "matching/award.hpp"
#include "matching/impl/award_cbc.hpp"
#include "matching/impl/award_model.hpp"

namespace fabrica::matching {
namespace {

// 41200 -> "41,200".
std::string grouped(std::int64_t number) {
  auto digits = std::to_string(std::llabs(number));
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3)
    digits.insert(static_cast<std::size_t>(place), ",");
  return (number < 0 ? "-" : "") + digits;
}

// A score of millionths as a share of the best: 712500 -> "71.25 %".
std::string percent(std::int64_t millionths) {
  return fmt::format("{}.{:02} %", millionths / 10'000, millionths % 10'000 / 100);
}

std::string unit_of(AwardInput const& input, std::string const& system) {
  auto const found = std::ranges::find(input.systems, system, &AwardSystem::id);
  return found == input.systems.end() || found->unit.empty() ? "units" : found->unit;
}

// Who had come before, in the words of the rule.
std::string_view moment(AwardRule rule) {
  switch (rule) {
    case AwardRule::rank: return "when its rank came";
    case AwardRule::band: return "beside its own and the better bands";
    case AwardRule::scale: return "after the minimum amounts of the better ranks";
  }
  return "";
}

std::string cut_offs(AwardOutcome const& outcome, OptionFigures const& option) {
  for (auto const& use : outcome.guarantees) {
    if (use.guarantee != option.because || use.system != option.system) continue;
    if (!use.cutoff_group_millionths || !use.cutoff_open_millionths) return "";
    return fmt::format(" The last award inside the guarantee has a score of {}, the last outside it {}.",
                       percent(*use.cutoff_group_millionths), percent(*use.cutoff_open_millionths));
  }
  return "";
}

std::string refusal(AwardInput const& input, AwardOutcome const& outcome, OptionFigures const& option) {
  auto const unit = unit_of(input, option.system);
  switch (option.result) {
    case OptionResult::taken: return "";
    case OptionResult::no_room:
      return fmt::format(" {}: {} {} were left {}; the minimum useful amount is {}.", option.system,
                         grouped(option.left), unit, moment(outcome.rule), grouped(option.minimum));
    case OptionResult::cap:
      return fmt::format(
          " {}: {} {} were left {}, but the cap \"{}\" left its group {}; the minimum useful amount is {}.",
          option.system, grouped(option.left), unit, moment(outcome.rule), option.because,
          grouped(option.cap_left.value_or(0)), grouped(option.minimum));
    case OptionResult::guarantee:
      return fmt::format(
          " {}: {} {} were left {}, but {} of them are set aside for others (guarantee \"{}\"); {} were open to this "
          "proposal and the minimum useful amount is {}.{}",
          option.system, grouped(option.left), unit, moment(outcome.rule), grouped(option.set_aside), option.because,
          grouped(option.offered), grouped(option.minimum), cut_offs(outcome, option));
  }
  return "";
}

std::string opening(AwardInput const& input, AwardOutcome const& outcome, AwardDecision const& decision) {
  switch (decision.reason) {
    case AwardReason::below_line:
      return fmt::format("Rank {}: not funded, because it ranks below the funding line at rank {}.", decision.rank,
                         input.line_rank.value_or(0));
    case AwardReason::no_option:
      return fmt::format("Rank {}: on the reserve list, because it names no system that is offered.", decision.rank);
    case AwardReason::no_room:
    case AwardReason::cap:
    case AwardReason::guarantee:
      return fmt::format("Rank {}: not funded now; number {} on the reserve list.", decision.rank,
                         std::ranges::find(outcome.reserve, decision.proposal) - outcome.reserve.begin() + 1);
    case AwardReason::full:
    case AwardReason::partial:
    case AwardReason::scaled: break;
  }
  auto const& taken = decision.options.back();
  auto text = fmt::format("Rank {}: awarded {} {} on {}", decision.rank, grouped(decision.amount),
                          unit_of(input, taken.system), taken.system);
  if (decision.preference > 1) text += fmt::format(", its choice number {}", decision.preference);
  if (decision.reason == AwardReason::full) return text + ", the full amount.";
  if (decision.reason == AwardReason::partial)
    return text + fmt::format(", all that was open to it of the {} it could have had (minimum useful amount {}).",
                              grouped(taken.full), grouped(taken.minimum));
  std::int64_t factor = 0;
  for (auto const& use : outcome.systems)
    if (use.system == taken.system) factor = use.factor_millionths.value_or(0);
  return text + fmt::format(
                    ": every award on this system was scaled to {} of its full amount ({}), but not below the "
                    "minimum useful amount ({}).",
                    percent(factor), grouped(taken.full), grouped(taken.minimum));
}

struct Standing {
  std::optional<std::string> system{};
  std::int64_t amount = 0;
  bool seen = false;
};

std::optional<AwardMove> move_of(Standing const& a, Standing const& b) {
  if (!a.system && !b.system) return std::nullopt;
  if (!a.system) return AwardMove::gains;
  if (!b.system) return AwardMove::loses;
  if (*a.system != *b.system) return AwardMove::other_system;
  if (a.amount == b.amount) return std::nullopt;
  return a.amount < b.amount ? AwardMove::more : AwardMove::less;
}

void add_change(AwardComparison& out, std::string const& proposal, Standing const& a, Standing const& b) {
  auto const move = move_of(a, b);
  if (!move) return;
  ++(*move == AwardMove::gains ? out.gains : *move == AwardMove::loses ? out.loses : out.changed);
  out.changes.push_back({proposal, *move, a.system, a.amount, b.system, b.amount});
}

void add_systems(AwardComparison& out, AwardInput const& input, AwardOutcome const& outcome, bool after) {
  for (auto const& system : input.systems) {
    auto found = std::ranges::find(out.systems, system.id, &SystemChange::system);
    if (found == out.systems.end()) found = out.systems.insert(found, SystemChange{.system = system.id});
    auto const use = std::ranges::find(outcome.systems, system.id, &SystemUse::system);
    if (use == outcome.systems.end()) continue;
    (after ? found->available_after : found->available_before) = use->available;
    (after ? found->awarded_after : found->awarded_before) = use->awarded;
    (after ? found->funded_after : found->funded_before) = use->funded;
  }
}

// The least that some unfunded proposal is short of on this system; 0 when none waits for it.
std::int64_t shortfall(AwardOutcome const& outcome, std::string const& system) {
  std::int64_t least = 0;
  for (auto const& decision : outcome.decisions) {
    if (decision.state != AwardState::reserve) continue;
    for (auto const& option : decision.options) {
      if (option.system != system || option.result == OptionResult::cap) continue;
      auto const short_of = option.minimum - option.offered;
      if (least == 0 || short_of < least) least = short_of;
    }
  }
  return least;
}

}  // namespace

std::string sentence(AwardInput const& input, AwardOutcome const& outcome, AwardDecision const& decision) {
  auto text = opening(input, outcome, decision);
  for (auto const& option : decision.options) text += refusal(input, outcome, option);
  return text;
}

AwardComparison compare(AwardInput const& input_a, AwardOutcome const& a, AwardInput const& input_b,
                        AwardOutcome const& b) {
  AwardComparison out;
  std::unordered_map<std::string_view, Standing> before;
  before.reserve(a.decisions.size());
  for (auto const& decision : a.decisions) before[decision.proposal] = {decision.system, decision.amount, false};
  for (auto const& decision : b.decisions) {
    auto const found = before.find(decision.proposal);
    Standing const now{decision.system, decision.amount};
    if (found != before.end()) found->second.seen = true;
    add_change(out, decision.proposal, found == before.end() ? Standing{} : found->second, now);
  }
  for (auto const& decision : a.decisions)
    if (auto const& one = before.at(decision.proposal); !one.seen) add_change(out, decision.proposal, one, {});
  add_systems(out, input_a, a, false);
  add_systems(out, input_b, b, true);
  return out;
}

Result<std::vector<AwardMarginal>> marginals(AwardInput const& input) {
  constexpr int kTriesMax = 16;
  auto by_rank = input;
  by_rank.rule = AwardRule::rank;
  FABRICA_TRY(auto const base, award(by_rank));
  std::vector<AwardMarginal> out;
  for (auto& system : by_rank.systems) {
    AwardMarginal line{.system = system.id};
    auto const capacity = system.capacity;
    auto last = base;
    // Better ranks with a partial award or a fall-back may take what was added: then more is needed.
    for (int tries = 0; tries < kTriesMax && line.gains == 0; ++tries) {
      auto const more = shortfall(last, system.id);
      if (more == 0 || system.capacity > kAwardAmountMax - more) break;
      system.capacity += more;
      FABRICA_TRY(last, award(by_rank));
      auto const moved = compare(by_rank, base, by_rank, last);
      line = {system.id, system.capacity - capacity, "", moved.gains, moved.loses};
      for (auto const& change : moved.changes)
        if (change.move == AwardMove::gains && line.funds.empty()) line.funds = change.proposal;
    }
    system.capacity = capacity;
    if (line.gains == 0) line.added = 0;
    out.push_back(std::move(line));
  }
  return out;
}

Result<double> funded_score_bound(AwardInput const& input) {
  FABRICA_TRY(auto const problem, awarding::compile(input));
  awarding::Program program{false};
  for (std::size_t place = 0; place < problem.proposals.size(); ++place) program.add_row(1);
  auto const systems = static_cast<int>(problem.proposals.size());
  for (auto const available : problem.available) program.add_row(static_cast<double>(available));
  auto const caps = systems + static_cast<int>(problem.available.size());
  for (auto const& cap : problem.caps) program.add_row(static_cast<double>(cap.amount));
  for (std::size_t place = 0; place < problem.proposals.size(); ++place) {
    auto const& proposal = problem.proposals[place];
    if (!proposal.above_line) continue;
    for (int number = 0; number < static_cast<int>(proposal.count); ++number) {
      auto const& option = problem.option(place, number);
      auto const amount = static_cast<double>(option.minimum);
      program.add_column(-static_cast<double>(input.proposals[place].score_millionths + 1));
      program.add_entry(static_cast<int>(place), 1);
      program.add_entry(systems + option.system, amount);
      auto const at = static_cast<std::size_t>(option.system);
      for (auto cap = problem.caps_at[at]; cap < problem.caps_at[at + 1]; ++cap)
        if ((problem.caps[cap].group & proposal.groups) != 0) program.add_entry(caps + static_cast<int>(cap), amount);
    }
  }
  constexpr double kSeconds = 60;
  FABRICA_TRY(auto const solved, program.solve(kSeconds, 0));
  if (!solved.proven) return fail(Errc::unavailable, "award_solver", "The linear bound took too long.");
  return -solved.cost;
}

}  // namespace fabrica::matching
