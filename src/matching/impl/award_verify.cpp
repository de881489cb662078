// The verifier. Shares no code with award(): it works on names, straight from the input and the outcome.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "matching/award.hpp"

namespace fabrica::matching {
namespace {

using Amount = __int128;
constexpr int kRoundsMax = 64;

Amount promised(GroupRule const& rule, AwardSystem const& system) {
  if (rule.amount) return *rule.amount;
  return Amount{system.capacity - system.held_back} * rule.share_millionths.value_or(0) / 1'000'000;
}

bool concerns(GroupRule const& rule, AwardSystem const& system) { return !rule.system || *rule.system == system.id; }

bool is_in(AwardProposal const& proposal, std::string const& group) {
  return std::ranges::find(proposal.groups, group) != proposal.groups.end();
}

std::int64_t full(AwardOption const& option) {
  return option.recommended ? std::min(option.wanted, *option.recommended) : option.wanted;
}

// One system while the list is walked.
struct Book {
  struct Entry {
    GroupRule const* rule = nullptr;
    Amount amount = 0;  // a guarantee: still set aside; a cap: still allowed
  };
  AwardSystem const* system = nullptr;
  Amount left = 0;
  std::vector<Entry> guarantees{};
  std::vector<Entry> caps{};

  void enter(AwardProposal const& proposal, std::int64_t amount) {
    left -= amount;
    Amount rest = amount;
    for (auto& entry : guarantees) {
      if (!is_in(proposal, entry.rule->group)) continue;
      Amount const part = std::min(rest, entry.amount);
      entry.amount -= part;
      rest -= part;
    }
    for (auto& entry : caps)
      if (is_in(proposal, entry.rule->group)) entry.amount -= amount;
  }

  // What this proposal meets here; `own` is what it holds here itself and is not to be counted.
  OptionFigures meets(AwardProposal const& proposal, AwardOption const& option, std::int64_t own) const {
    OptionFigures out{.system = option.system};
    out.full = full(option);
    out.minimum = option.minimum;
    out.left = static_cast<std::int64_t>(left) + own;
    std::string guarantee;
    std::string cap;
    for (auto const& entry : guarantees) {
      if (is_in(proposal, entry.rule->group) || entry.amount == 0) continue;
      out.set_aside += static_cast<std::int64_t>(entry.amount);
      if (guarantee.empty()) guarantee = entry.rule->id;
    }
    for (auto const& entry : caps) {
      if (!is_in(proposal, entry.rule->group)) continue;
      auto const allowed = static_cast<std::int64_t>(entry.amount) + own;
      if (out.cap_left && *out.cap_left <= allowed) continue;
      out.cap_left = allowed;
      cap = entry.rule->id;
    }
    out.offered = out.left - out.set_aside;
    if (out.cap_left && *out.cap_left < out.offered) out.offered = *out.cap_left;
    if (out.offered < 0) out.offered = 0;
    if (out.offered >= out.minimum) out.result = OptionResult::taken;
    else if (out.left < out.minimum) out.result = OptionResult::no_room;
    else if (out.cap_left && *out.cap_left < out.minimum) out.result = OptionResult::cap, out.because = cap;
    else out.result = OptionResult::guarantee, out.because = guarantee;
    return out;
  }
};

using Books = std::unordered_map<std::string_view, Book>;

class Verifier {
 public:
  Verifier(AwardInput const& input, AwardOutcome const& outcome) : input_{input}, outcome_{outcome} {}

  std::vector<AwardFault> run() {
    if (outcome_.rule != input_.rule) fault(AwardFaultKind::record, "", "", "Decided by another rule than asked for.");
    if (!pair_up()) return std::move(faults_);
    for (auto const& decision : outcome_.decisions) check_shape(decision);
    if (!faults_.empty()) return std::move(faults_);
    check_systems();
    check_caps();
    check_guarantees();
    if (!faults_.empty()) return std::move(faults_);
    if (input_.rule == AwardRule::band) check_bands();
    else check_by_rank();
    if (input_.rule == AwardRule::scale) check_factors();
    check_set_aside();
    check_reserve();
    return std::move(faults_);
  }

 private:
  void fault(AwardFaultKind kind, std::string_view proposal, std::string_view system, std::string what) {
    faults_.push_back({kind, std::string{proposal}, std::string{system}, std::move(what)});
  }

  // One decision for each proposal, in rank order.
  bool pair_up() {
    if (outcome_.decisions.size() != input_.proposals.size()) {
      fault(AwardFaultKind::decision, "", "",
            fmt::format("{} decisions for {} proposals.", outcome_.decisions.size(), input_.proposals.size()));
      return false;
    }
    for (std::size_t place = 0; place < input_.proposals.size(); ++place) {
      auto const& decision = outcome_.decisions[place];
      auto const& proposal = input_.proposals[place];
      if (decision.proposal != proposal.id || decision.rank != proposal.rank)
        fault(AwardFaultKind::decision, decision.proposal, "", "Does not stand where its rank puts it.");
    }
    return faults_.empty();
  }

  AwardProposal const& proposal_of(AwardDecision const& decision) const {
    return input_.proposals[static_cast<std::size_t>(&decision - outcome_.decisions.data())];
  }

  bool below_line(AwardProposal const& proposal) const { return input_.line_rank && proposal.rank > *input_.line_rank; }

  void check_shape(AwardDecision const& decision) {
    auto const& proposal = proposal_of(decision);
    bool const awarded = decision.state == AwardState::awarded;
    auto const contradicts = [&](char const* what) { fault(AwardFaultKind::decision, proposal.id, "", what); };
    if ((decision.state == AwardState::below_line) != below_line(proposal))
      return contradicts("Stands on the wrong side of the funding line.");
    if (awarded != decision.system.has_value() || awarded != (decision.amount > 0) ||
        awarded != (decision.preference > 0))
      return contradicts("Awarded without a system and an amount, or the other way round.");
    if (!awarded) return;
    if (decision.preference > static_cast<std::int64_t>(proposal.options.size()) ||
        proposal.options[static_cast<std::size_t>(decision.preference - 1)].system != *decision.system)
      return fault(AwardFaultKind::option, proposal.id, *decision.system, "Not the option it says.");
    auto const& option = proposal.options[static_cast<std::size_t>(decision.preference - 1)];
    if (decision.amount < option.minimum || decision.amount > full(option))
      fault(AwardFaultKind::amount, proposal.id, *decision.system,
            fmt::format("{} is not within {} and {}.", decision.amount, option.minimum, full(option)));
  }

  void check_systems() {
    std::unordered_map<std::string_view, std::pair<Amount, std::int64_t>> sums;
    for (auto const& decision : outcome_.decisions) {
      if (!decision.system) continue;
      auto& [sum, count] = sums[*decision.system];
      sum += decision.amount;
      ++count;
    }
    if (outcome_.systems.size() != input_.systems.size())
      return fault(AwardFaultKind::record, "", "", "Not one line for each system.");
    for (std::size_t place = 0; place < input_.systems.size(); ++place) {
      auto const& system = input_.systems[place];
      auto const& use = outcome_.systems[place];
      auto const available = system.capacity - system.held_back;
      auto const [sum, count] = sums[system.id];
      if (sum > available)
        fault(AwardFaultKind::capacity, "", system.id,
              fmt::format("{} awarded of {}.", static_cast<std::int64_t>(sum), available));
      if (use.system != system.id || use.available != available || use.awarded != sum || use.funded != count ||
          use.factor_millionths.has_value() != (input_.rule == AwardRule::scale))
        fault(AwardFaultKind::record, "", system.id, "The sums of this system are untrue.");
    }
  }

  // Everything that members of a group hold on a system.
  Amount held_by(std::string const& group, std::string const& system) const {
    Amount sum = 0;
    for (auto const& decision : outcome_.decisions)
      if (decision.system && *decision.system == system && is_in(proposal_of(decision), group)) sum += decision.amount;
    return sum;
  }

  void check_caps() {
    for (auto const& cap : input_.caps)
      for (auto const& system : input_.systems) {
        if (!concerns(cap, system)) continue;
        auto const held = held_by(cap.group, system.id);
        if (held > promised(cap, system))
          fault(AwardFaultKind::cap, "", system.id, fmt::format("Group {} holds more than its cap.", cap.group));
      }
  }

  void check_guarantees() {
    std::size_t number = 0;
    for (auto const& system : input_.systems)
      for (auto const& rule : input_.guarantees) {
        if (!concerns(rule, system)) continue;
        if (number == outcome_.guarantees.size())
          return fault(AwardFaultKind::guarantee, "", system.id, "A guarantee has no record.");
        auto const& use = outcome_.guarantees[number++];
        GuaranteeUse now{.guarantee = rule.id, .group = rule.group, .system = system.id};
        now.promised = static_cast<std::int64_t>(promised(rule, system));
        now.set_aside = now.counted = use.set_aside;
        now.held = static_cast<std::int64_t>(held_by(rule.group, system.id));
        for (auto const& decision : outcome_.decisions) {
          if (!decision.system || *decision.system != system.id) continue;
          auto const& proposal = proposal_of(decision);
          auto& last = is_in(proposal, rule.group) ? now.cutoff_group_millionths : now.cutoff_open_millionths;
          last = proposal.score_millionths;
        }
        if (use != now || use.set_aside < 0 || use.set_aside > now.promised)
          fault(AwardFaultKind::guarantee, "", system.id, fmt::format("The figures of {} are untrue.", rule.id));
      }
    if (number != outcome_.guarantees.size()) fault(AwardFaultKind::guarantee, "", "", "More records than guarantees.");
  }

  // Empty books; what is set aside comes from the outcome, or is all that is promised.
  Books open_books() const {
    Books books;
    std::size_t number = 0;
    for (auto const& system : input_.systems) {
      Book book{.system = &system, .left = system.capacity - system.held_back};
      for (auto const& rule : input_.guarantees)
        if (concerns(rule, system)) book.guarantees.push_back({&rule, outcome_.guarantees[number++].set_aside});
      for (auto const& rule : input_.caps)
        if (concerns(rule, system)) book.caps.push_back({&rule, promised(rule, system)});
      books.emplace(system.id, std::move(book));
    }
    return books;
  }

  // What is counted when the list is placed: the minimum where a factor raises it later.
  std::int64_t placed(AwardDecision const& decision) const {
    if (input_.rule != AwardRule::scale) return decision.amount;
    return proposal_of(decision).options[static_cast<std::size_t>(decision.preference - 1)].minimum;
  }

  void check_by_rank() {
    auto books = open_books();
    for (auto const& decision : outcome_.decisions) {
      check_best(books, decision, false);
      if (decision.system) books.at(*decision.system).enter(proposal_of(decision), placed(decision));
    }
    check_counted(books);
  }

  void check_bands() {
    auto books = open_books();
    std::size_t band = 0;
    for (std::size_t first = 0; first < outcome_.decisions.size(); ++band) {
      auto last = first;
      std::int64_t funded = 0;
      for (; last < outcome_.decisions.size() && input_.proposals[last].band == input_.proposals[first].band; ++last) {
        auto const& decision = outcome_.decisions[last];
        if (!decision.system) continue;
        ++funded;
        books.at(*decision.system).enter(input_.proposals[last], decision.amount);
      }
      for (auto place = first; place < last; ++place) check_best(books, outcome_.decisions[place], true);
      bool const recorded = band < outcome_.bands.size();
      BandUse const use = recorded ? outcome_.bands[band] : BandUse{};
      if (!recorded || use.band != input_.proposals[first].band || use.funded != funded ||
          use.proposals != static_cast<std::int64_t>(last - first) || use.funded < use.funded_by_rank)
        fault(AwardFaultKind::record, input_.proposals[first].id, "", "The record of its band is untrue.");
      first = last;
    }
    if (band != outcome_.bands.size()) fault(AwardFaultKind::record, "", "", "More records than bands.");
    check_counted(books);
  }

  // Nobody passed over, nobody given more than was open, and every figure true. `beside`: its own award is in the
  // books.
  void check_best(Books const& books, AwardDecision const& decision, bool beside) {
    auto const& proposal = proposal_of(decision);
    if (decision.state == AwardState::below_line) {
      if (decision.reason != AwardReason::below_line || !decision.options.empty())
        fault(AwardFaultKind::reason, proposal.id, "", "Below the line is the whole reason.");
      return;
    }
    std::vector<OptionFigures> met;
    std::size_t const chosen =
        decision.system ? static_cast<std::size_t>(decision.preference) - 1 : proposal.options.size();
    for (std::size_t number = 0; number < proposal.options.size() && number <= chosen; ++number) {
      auto const& option = proposal.options[number];
      bool const own = beside && decision.system && *decision.system == option.system;
      met.push_back(books.at(option.system).meets(proposal, option, own ? decision.amount : 0));
      if (number < chosen && met.back().result == OptionResult::taken)
        fault(AwardFaultKind::envy, proposal.id, option.system,
              fmt::format("{} were open to it and it needs {}, but it was passed over.", met.back().offered,
                          option.minimum));
    }
    if (decision.system) {
      auto const& here = met.back();
      auto const due = input_.rule == AwardRule::scale ? here.minimum : std::min(here.offered, here.full);
      if (placed(decision) > here.offered || (input_.rule != AwardRule::scale && decision.amount > due))
        fault(AwardFaultKind::amount, proposal.id, here.system, "More than was open to it.");
      if (input_.rule != AwardRule::scale && decision.amount < due)
        fault(AwardFaultKind::envy, proposal.id, here.system, "Less than was open to it.");
    }
    if (met != decision.options)
      fault(AwardFaultKind::reason, proposal.id, "", "The figures of its options are untrue.");
    if (decision.reason != true_reason(decision, met))
      fault(AwardFaultKind::reason, proposal.id, "", "Not the reason its figures give.");
  }

  AwardReason true_reason(AwardDecision const& decision, std::vector<OptionFigures> const& met) const {
    if (decision.system) {
      if (decision.amount == met.back().full) return AwardReason::full;
      return input_.rule == AwardRule::scale ? AwardReason::scaled : AwardReason::partial;
    }
    auto const any = [&](OptionResult result) {
      return std::ranges::find(met, result, &OptionFigures::result) != met.end();
    };
    if (met.empty()) return AwardReason::no_option;
    if (any(OptionResult::guarantee)) return AwardReason::guarantee;
    return any(OptionResult::cap) ? AwardReason::cap : AwardReason::no_room;
  }

  // All that was set aside is used by those it was set aside for.
  void check_counted(Books const& books) {
    for (auto const& system : input_.systems)
      for (auto const& entry : books.at(system.id).guarantees)
        if (entry.amount != 0)
          fault(AwardFaultKind::guarantee, "", system.id,
                fmt::format("Part of what {} set aside is not used by its group.", entry.rule->id));
  }

  void check_factors() {
    for (std::size_t place = 0; place < input_.systems.size(); ++place) {
      auto const& system = input_.systems[place];
      auto const factor = outcome_.systems[place].factor_millionths.value_or(-1);
      if (factor < 0 || factor > 1'000'000) {
        fault(AwardFaultKind::record, "", system.id, "The factor is not a share.");
        continue;
      }
      for (auto const& decision : outcome_.decisions)
        if (decision.system && *decision.system == system.id && decision.amount != at_factor(decision, factor))
          fault(AwardFaultKind::amount, decision.proposal, system.id, "Not its full amount times the factor.");
      if (factor < 1'000'000 && fits(system, factor + 1))
        fault(AwardFaultKind::record, "", system.id, "A larger factor would fit.");
    }
  }

  std::int64_t at_factor(AwardDecision const& decision, std::int64_t factor) const {
    auto const& option = proposal_of(decision).options[static_cast<std::size_t>(decision.preference - 1)];
    return std::max(option.minimum, static_cast<std::int64_t>(Amount{full(option)} * factor / 1'000'000));
  }

  bool fits(AwardSystem const& system, std::int64_t factor) const {
    Amount sum = 0;
    std::map<std::string, Amount> groups;
    for (auto const& decision : outcome_.decisions) {
      if (!decision.system || *decision.system != system.id) continue;
      auto const amount = at_factor(decision, factor);
      sum += amount;
      for (auto const& cap : input_.caps)
        if (concerns(cap, system) && is_in(proposal_of(decision), cap.group)) groups[cap.id] += amount;
    }
    for (auto const& cap : input_.caps)
      if (concerns(cap, system) && groups[cap.id] > promised(cap, system)) return false;
    return sum <= system.capacity - system.held_back;
  }

  // A guarantee may only be cut by what its group leaves unused when the list is walked with all of it: walks it again.
  // With bands the walk would need the solver, so there this is not checked.
  void check_set_aside() {
    if (input_.rule == AwardRule::band || input_.guarantees.empty()) return;
    auto const told = open_books();
    auto books = told;
    std::unordered_map<std::string_view, std::vector<Amount>> aside;
    for (auto& [id, book] : books)
      for (auto const& entry : book.guarantees) aside[id].push_back(promised(*entry.rule, *book.system));
    bool unused = true;
    for (int round = 0; unused; ++round) {
      for (auto& [id, book] : books) {
        book = told.at(id);
        for (std::size_t place = 0; place < book.guarantees.size(); ++place)
          book.guarantees[place].amount = aside[id][place];
      }
      for (auto const& proposal : input_.proposals)
        if (!below_line(proposal)) walk(books, proposal);
      unused = false;
      for (auto& [id, book] : books)
        for (std::size_t place = 0; place < book.guarantees.size(); ++place) {
          if (book.guarantees[place].amount == 0) continue;
          unused = true;
          aside[id][place] = round < kRoundsMax ? aside[id][place] - book.guarantees[place].amount : 0;
        }
    }
    for (auto const& [id, book] : told)
      for (std::size_t place = 0; place < book.guarantees.size(); ++place)
        if (book.guarantees[place].amount != aside[id][place])
          fault(AwardFaultKind::guarantee, "", id,
                fmt::format("{} set aside {} instead of {}.", book.guarantees[place].rule->id,
                            static_cast<std::int64_t>(book.guarantees[place].amount),
                            static_cast<std::int64_t>(aside[id][place])));
  }

  void walk(Books& books, AwardProposal const& proposal) const {
    for (auto const& option : proposal.options) {
      auto& book = books.at(option.system);
      auto const met = book.meets(proposal, option, 0);
      if (met.result != OptionResult::taken) continue;
      book.enter(proposal, input_.rule == AwardRule::scale ? met.minimum : std::min(met.offered, met.full));
      return;
    }
  }

  void check_reserve() {
    std::vector<std::string> waiting;
    for (auto const& decision : outcome_.decisions)
      if (decision.state == AwardState::reserve) waiting.push_back(decision.proposal);
    if (waiting != outcome_.reserve) fault(AwardFaultKind::reserve, "", "", "Not the unfunded in the order of rank.");
  }

  AwardInput const& input_;
  AwardOutcome const& outcome_;
  std::vector<AwardFault> faults_;
};

// What the walk relies on. award() says more precisely what is wrong with an input.
bool is_sound(AwardInput const& input) {
  std::unordered_map<std::string_view, int> systems;
  for (auto const& system : input.systems)
    if (system.held_back < 0 || system.held_back > system.capacity || system.capacity > kAwardAmountMax ||
        ++systems[system.id] > 1)
      return false;
  for (auto const* rules : {&input.guarantees, &input.caps})
    for (auto const& rule : *rules)
      if ((rule.system && !systems.contains(*rule.system)) || rule.amount.value_or(0) < 0 ||
          rule.amount.value_or(0) > kAwardAmountMax || rule.share_millionths.value_or(0) < 0 ||
          rule.share_millionths.value_or(0) > 1'000'000)
        return false;
  std::int64_t rank = 0;
  for (auto const& proposal : input.proposals) {
    if (proposal.rank <= rank) return false;
    rank = proposal.rank;
    for (auto const& option : proposal.options)
      if (!systems.contains(option.system) || option.minimum < 1 || full(option) < option.minimum ||
          option.wanted > kAwardAmountMax)
        return false;
  }
  return true;
}

}  // namespace

std::vector<AwardFault> verify(AwardInput const& input, AwardOutcome const& outcome) {
  if (!is_sound(input))
    return {{AwardFaultKind::input, "", "", "The input breaks its own rules: award() says which and where."}};
  return Verifier{input, outcome}.run();
}

}  // namespace fabrica::matching
