#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "matching/award.hpp"

// The compiled form of an AwardInput: numbers instead of names, group rules spread over systems.
namespace fabrica::matching::awarding {

struct Option {
  int system = 0;
  std::int64_t full = 0;
  std::int64_t minimum = 0;
};

struct Proposal {
  std::uint32_t first = 0;  // options[first .. first + count)
  std::uint32_t count = 0;
  std::uint64_t groups = 0;  // a bit for each group that some rule names
  bool above_line = true;
};

// A guarantee or a cap on one system.
struct Limit {
  int rule = 0;  // its place in input.guarantees or input.caps
  int system = 0;
  std::uint64_t group = 0;
  std::int64_t amount = 0;
};

struct Problem {
  AwardInput const* input = nullptr;
  std::vector<std::int64_t> available{};
  std::vector<Proposal> proposals{};
  std::vector<Option> options{};
  std::vector<Limit> floors{};  // by system, then in the published order
  std::vector<Limit> caps{};
  std::vector<std::uint32_t> floors_at{};  // floors of system j: [floors_at[j], floors_at[j + 1])
  std::vector<std::uint32_t> caps_at{};

  Option const& option(std::size_t proposal, int place) const {
    return options[proposals[proposal].first + static_cast<std::uint32_t>(place)];
  }
};

// Errors: invalid "award_input" with the faults.
Result<Problem> compile(AwardInput const& input);

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

// What is still to be had, after some awards.
struct Ledger {
  std::vector<std::int64_t> left{};      // a system
  std::vector<std::int64_t> owed{};      // a floor: set aside and not yet counted
  std::vector<std::int64_t> cap_left{};  // a cap
};

struct Held {
  int option = -1;
  std::int64_t amount = 0;
  friend bool operator==(Held const&, Held const&) = default;
};

// `aside` holds what is set aside for each floor.
Ledger fresh(Problem const& problem, std::vector<std::int64_t> const& aside);
std::int64_t offered(Problem const& problem, Ledger const& ledger, std::uint64_t groups, int system);
void take(Problem const& problem, Ledger& ledger, std::uint64_t groups, int system, std::int64_t amount);
inline void take(Problem const& problem, Ledger& ledger, std::size_t proposal, Held const& held) {
  if (held.option >= 0)
    take(problem, ledger, problem.proposals[proposal].groups, problem.option(proposal, held.option).system,
         held.amount);
}
// What one proposal may have beside all others: its own award given back, but what that counted to stays counted.
void give_back(Problem const& problem, Ledger& ledger, std::size_t proposal, Held const& held);

OptionFigures figures(Problem const& problem, Ledger const& ledger, std::size_t proposal, int place);

// Proposals [first, last) by rank, each its best option that fits; the minimum only for rule scale.
void by_rank(Problem const& problem, Ledger& ledger, std::size_t first, std::size_t last, bool minimum_only,
             std::vector<Held>& held);

// Rule band for one set of set-asides. Returns one line a band.
class TimeBox;
std::vector<BandUse> by_band(Problem const& problem, Ledger ledger, TimeBox& box, std::vector<Held>& held);

// One past the last proposal of the band that starts at `first`.
std::size_t band_end(AwardInput const& input, std::size_t first);

}  // namespace fabrica::matching::awarding
