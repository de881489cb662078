#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "notices/types.hpp"
#include "schedule/zone.hpp"

// What is told to whom: pure tables and functions.
namespace fabrica::notices {

enum class Audience : std::uint8_t {
  project,         // everybody with a role in the project of the statement's chain
  reviewer,        // those the statement is about
  officers,        // access officers; the administrators where there is none
  administrators,  // of the factory, or of the organisation concerned
};

struct KindRule {
  NoticeKind kind{};
  Audience audience{};
  How how{};              // unless the person said otherwise
  bool decision = false;  // by mail at once, whatever the person said
  bool hooks = false;     // web hooks hear of it
};
KindRule const& rule_of(NoticeKind kind);
std::span<KindRule const> all_kinds();

// Which statement makes which notice. `pointer` into the statement's body must have `value` ("true" for a flag); empty:
// always.
struct StatementRule {
  std::string_view statement;
  NoticeKind kind{};
  std::string_view pointer;
  std::string_view value;
};
// A statement of a kind that is not in the table makes none.
std::vector<StatementRule const*> rules_for(std::string_view statement);

// How this person hears of it.
How how_for(NoticeKind kind, Preferences const& preferences, std::string_view project);
// Errors: invalid "preferences" (unknown kind or zone), invalid "decision_kind" (a decision is not switched off).
Result<> check(Preferences const& preferences);

// When the next digest after `now` goes out: the next time the clocks of the zone show that full hour. In the night in
// which an hour comes twice it is the first; one that does not come is the moment the clocks are set.
Micros next_digest(Micros now, std::int64_t hour, schedule::Zone const& zone);

// How long to wait after the n-th failure (from 1): grows by `factor` up to `most`, a quarter more or less by chance so
// that what failed together does not come back together.
struct BackOff {
  Micros first_us = kMinute;
  std::int64_t factor = 4;
  Micros most_us = 4 * kHour;
};
Micros wait_after(std::int64_t failures, BackOff const& how, Random& random);

inline constexpr BackOff kMailBackOff{kMinute, 3, 4 * kHour};              // one message: grey-listing, a full mailbox
inline constexpr BackOff kMailServerBackOff{5 * kSecond, 2, 5 * kMinute};  // the mail server as a whole
inline constexpr BackOff kHookBackOff{5 * kSecond, 4, 12 * kHour};         // one message of a web hook
inline constexpr BackOff kHookServerBackOff{5 * kSecond, 4, kHour};        // a web hook that cannot be reached
inline constexpr Micros kMailGiveUp_us = 5 * kDay;                         // as mail servers do (RFC 5321 4.5.4.1)
inline constexpr Micros kHookGiveUp_us = 3 * kDay;
inline constexpr Micros kHookDisable_us = 5 * kDay;
inline constexpr Micros kMailAlarm_us = kHour;

}  // namespace fabrica::notices
