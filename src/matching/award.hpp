#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "json/describe.hpp"

// From one ranked list to awards against the capacity that is really there, with a reason for each that a program can
// check. Pure. README.md "Awards" has the rules in prose; amounts are whole units of their system.
namespace fabrica::matching {

inline constexpr std::int64_t kAwardAmountMax = 1'000'000'000'000'000;  // below 2^53: canonical JSON keeps it exact

enum class AwardRule : std::uint8_t {
  rank,   // by rank; skip who does not fit; less than wanted, down to the minimum useful amount
  band,   // equal bands are optimised inside: more funded, then better preferences; never across bands
  scale,  // by rank with minimum amounts, then one factor a system raises all of them
};
BOOST_DESCRIBE_ENUM(AwardRule, rank, band, scale)

struct AwardSystem {
  std::string id{};
  std::string unit{};
  std::int64_t capacity = 0;
  std::int64_t held_back = 0;  // kept out of this decision
};
BOOST_DESCRIBE_STRUCT(AwardSystem, (), (id, unit, capacity, held_back))

struct AwardOption {
  std::string system{};
  std::int64_t wanted = 0;
  std::int64_t minimum = 0;                   // less than this is of no use
  std::optional<std::int64_t> recommended{};  // the technical reviewer's maximum
};
BOOST_DESCRIBE_STRUCT(AwardOption, (), (system, wanted, minimum, recommended))

struct AwardProposal {
  std::string id{};
  std::int64_t rank = 0;  // strictly rising through the list
  std::int64_t band = 0;  // never falling through the list
  std::int64_t score_millionths = 0;
  std::vector<std::string> groups{};
  std::vector<AwardOption> options{};  // most wanted first
};
BOOST_DESCRIBE_STRUCT(AwardProposal, (), (id, rank, band, score_millionths, groups, options))

// A guarantee (at least) or a cap (at most) for a group on a system. Without a system: on each, and then by share.
struct GroupRule {
  std::string id{};
  std::string group{};
  std::optional<std::string> system{};
  std::optional<std::int64_t> amount{};
  std::optional<std::int64_t> share_millionths{};  // of capacity less held back, rounded down
};
BOOST_DESCRIBE_STRUCT(GroupRule, (), (id, group, system, amount, share_millionths))

struct AwardInput {
  AwardRule rule = AwardRule::rank;
  std::vector<AwardSystem> systems{};
  std::vector<AwardProposal> proposals{};   // by rank
  std::vector<GroupRule> guarantees{};      // one hour counts to one guarantee: the first open one of this list
  std::vector<GroupRule> caps{};            // an hour counts to each cap
  std::optional<std::int64_t> line_rank{};  // who ranks below is not fundable
  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"guarantees", "caps"};
};
BOOST_DESCRIBE_STRUCT(AwardInput, (), (rule, systems, proposals, guarantees, caps, line_rank))

enum class AwardState : std::uint8_t { awarded, reserve, below_line };
BOOST_DESCRIBE_ENUM(AwardState, awarded, reserve, below_line)

// Of an option that was looked at.
enum class OptionResult : std::uint8_t {
  taken,
  no_room,    // left < minimum
  cap,        // a cap leaves its group less than the minimum
  guarantee,  // enough is left, but not without what is set aside for others
};
BOOST_DESCRIBE_ENUM(OptionResult, taken, no_room, cap, guarantee)

struct OptionFigures {
  std::string system{};
  OptionResult result = OptionResult::no_room;
  std::int64_t full = 0;  // the smaller of wanted and recommended
  std::int64_t minimum = 0;
  std::int64_t left = 0;       // available less what those before hold; `before` is said in README.md for each rule
  std::int64_t set_aside = 0;  // of that, for groups the proposal is not in
  std::optional<std::int64_t> cap_left{};  // the least of its caps
  std::int64_t offered = 0;                // what of all this was open to the proposal
  std::string because{};                   // id of the guarantee or cap, when that is the result
  friend bool operator==(OptionFigures const&, OptionFigures const&) = default;
};
BOOST_DESCRIBE_STRUCT(OptionFigures, (), (system, result, full, minimum, left, set_aside, cap_left, offered, because))

// Of the decision. Of several refused options, a guarantee is named before a cap and a cap before lack of room.
enum class AwardReason : std::uint8_t { full, partial, scaled, no_room, cap, guarantee, no_option, below_line };
BOOST_DESCRIBE_ENUM(AwardReason, full, partial, scaled, no_room, cap, guarantee, no_option, below_line)

struct AwardDecision {
  std::string proposal{};
  std::int64_t rank = 0;
  AwardState state = AwardState::reserve;
  AwardReason reason = AwardReason::no_room;
  std::optional<std::string> system{};
  std::int64_t amount = 0;
  std::int64_t preference = 0;           // 1: its first option; 0: none
  std::vector<OptionFigures> options{};  // up to the one taken
};
BOOST_DESCRIBE_STRUCT(AwardDecision, (), (proposal, rank, state, reason, system, amount, preference, options))

struct SystemUse {
  std::string system{};
  std::int64_t available = 0;  // capacity less held back
  std::int64_t awarded = 0;
  std::int64_t funded = 0;
  std::optional<std::int64_t> factor_millionths{};  // of rule scale
};
BOOST_DESCRIBE_STRUCT(SystemUse, (), (system, available, awarded, funded, factor_millionths))

struct GuaranteeUse {
  std::string guarantee{};
  std::string group{};
  std::string system{};
  std::int64_t promised = 0;
  std::int64_t set_aside = 0;  // promised less what the group left unused, which was opened to all
  std::int64_t counted = 0;    // to this guarantee; equal to set_aside
  std::int64_t held = 0;       // by all of the group on this system
  // Scores of the last of the group and of the last outside it that hold something on this system.
  std::optional<std::int64_t> cutoff_group_millionths{};
  std::optional<std::int64_t> cutoff_open_millionths{};
  friend bool operator==(GuaranteeUse const&, GuaranteeUse const&) = default;
};
BOOST_DESCRIBE_STRUCT(GuaranteeUse, (),
                      (guarantee, group, system, promised, set_aside, counted, held, cutoff_group_millionths,
                       cutoff_open_millionths))

enum class BandMethod : std::uint8_t {
  by_rank,    // nothing to gain, or the optimum is no better
  optimised,  // a proven optimum
  fell_back,  // not proven within the time: by rank
};
BOOST_DESCRIBE_ENUM(BandMethod, by_rank, optimised, fell_back)

struct BandUse {
  std::int64_t band = 0;
  BandMethod method = BandMethod::by_rank;
  std::int64_t proposals = 0;
  std::int64_t funded = 0;
  std::int64_t funded_by_rank = 0;  // what the rule `rank` would have funded inside this band
};
BOOST_DESCRIBE_STRUCT(BandUse, (), (band, method, proposals, funded, funded_by_rank))

struct AwardOutcome {
  AwardRule rule = AwardRule::rank;
  std::vector<AwardDecision> decisions{};  // by rank, one a proposal
  std::vector<std::string> reserve{};      // by rank
  std::vector<SystemUse> systems{};
  std::vector<GuaranteeUse> guarantees{};
  std::vector<BandUse> bands{};  // of rule band
};
BOOST_DESCRIBE_STRUCT(AwardOutcome, (), (rule, decisions, reserve, systems, guarantees, bands))

struct AwardLimits {
  double band_seconds = 5;  // for all bands together; only proven optima are used, so time decides nothing else
};

// Errors: invalid "award_input" with the faults.
Result<AwardOutcome> award(AwardInput const& input, AwardLimits const& limits = {});

// Why, in plain English, one paragraph: for the letter and the minutes.
std::string sentence(AwardInput const& input, AwardOutcome const& outcome, AwardDecision const& decision);

// What somebody holds now, which may be less than was awarded.
struct AwardHolding {
  std::string proposal{};
  std::string system{};
  std::int64_t amount = 0;
};
BOOST_DESCRIBE_STRUCT(AwardHolding, (), (proposal, system, amount))

struct AwardRelease {
  AwardInput input{};  // what is free, what is still owed to groups, who waits: award(input) gives the outcome
  AwardOutcome outcome{};
};
BOOST_DESCRIBE_STRUCT(AwardRelease, (), (input, outcome))

// The same rule for who waits, on what nobody holds. Hours come free when somebody holds less than before or when
// `input` has more capacity or less held back. Errors: invalid "award_input", invalid "award_release".
Result<AwardRelease> release(AwardInput const& input, std::vector<AwardHolding> const& held,
                             std::vector<std::string> const& reserve, AwardLimits const& limits = {});

enum class AwardFaultKind : std::uint8_t {
  input,      // not an input at all
  decision,   // missing, twice, out of order, or contradicting itself
  option,     // awarded something it did not ask for
  amount,     // below the minimum, above the full amount, or not what was open to it
  capacity,   // more than available
  cap,        // more than a cap
  envy,       // a better-ranked proposal was passed over: justified envy, or room left unused
  guarantee,  // set aside, counted or cut-offs are not what they are said to be
  reason,     // figures or reason of a decision are untrue
  reserve,    // the reserve list is not the unfunded order
  record,     // sums, factors or bands are untrue
};
BOOST_DESCRIBE_ENUM(AwardFaultKind, input, decision, option, amount, capacity, cap, envy, guarantee, reason, reserve,
                    record)

struct AwardFault {
  AwardFaultKind kind{};
  std::string proposal{};
  std::string system{};
  std::string what{};
};
BOOST_DESCRIBE_STRUCT(AwardFault, (), (kind, proposal, system, what))

// Everything wrong with an outcome, found by code of its own that shares nothing with award(). Empty: it may be
// published. Does not prove that a band is optimal, only that nothing in it can be improved for anybody alone.
std::vector<AwardFault> verify(AwardInput const& input, AwardOutcome const& outcome);

// SHA-256, hex, of the canonical JSON (RFC 8785). Errors: those of json::canonical.
Result<std::string> digest(AwardInput const& input);
Result<std::string> digest(AwardOutcome const& outcome);

enum class AwardMove : std::uint8_t { gains, loses, more, less, other_system };
BOOST_DESCRIBE_ENUM(AwardMove, gains, loses, more, less, other_system)

struct AwardChange {
  std::string proposal{};
  AwardMove move{};
  std::optional<std::string> system_before{};
  std::int64_t amount_before = 0;
  std::optional<std::string> system_after{};
  std::int64_t amount_after = 0;
};
BOOST_DESCRIBE_STRUCT(AwardChange, (), (proposal, move, system_before, amount_before, system_after, amount_after))

struct SystemChange {
  std::string system{};
  std::int64_t available_before = 0;
  std::int64_t awarded_before = 0;
  std::int64_t funded_before = 0;
  std::int64_t available_after = 0;
  std::int64_t awarded_after = 0;
  std::int64_t funded_after = 0;
};
BOOST_DESCRIBE_STRUCT(SystemChange, (),
                      (system, available_before, awarded_before, funded_before, available_after, awarded_after,
                       funded_after))

struct AwardComparison {
  std::int64_t gains = 0;
  std::int64_t loses = 0;
  std::int64_t changed = 0;            // amount or system
  std::vector<AwardChange> changes{};  // in the order of the second input, then who is only in the first
  std::vector<SystemChange> systems{};
};
BOOST_DESCRIBE_STRUCT(AwardComparison, (), (gains, loses, changed, changes, systems))

// Who moves between two outcomes: what-if. A proposal that is in one input only counts as unfunded in the other.
AwardComparison compare(AwardInput const& input_a, AwardOutcome const& a, AwardInput const& input_b,
                        AwardOutcome const& b);

// What a little more of a system would do: an addition that just funds somebody, found by deciding again with it (a
// finite difference, not a dual price). Always by rule `rank`.
struct AwardMarginal {
  std::string system{};
  std::int64_t added = 0;  // 0: nobody without an award could be helped by a little more here
  std::string funds{};     // the best-ranked who would gain an award
  std::int64_t gains = 0;
  std::int64_t loses = 0;
};
BOOST_DESCRIBE_STRUCT(AwardMarginal, (), (system, added, funds, gains, loses))

// One line a system. Errors: those of award().
Result<std::vector<AwardMarginal>> marginals(AwardInput const& input);

// Upper bound of the linear relaxation on the sum of (score_millionths + 1) over the funded, without guarantees, which
// only lower it. Errors: invalid "award_input", unavailable "award_solver".
Result<double> funded_score_bound(AwardInput const& input);

}  // namespace fabrica::matching
