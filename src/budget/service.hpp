#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "db/db.hpp"

namespace fabrica::budget {

using AccountId = Id<struct AccountTag>;

// What an account counts, in micro-units: 1'000'000 is one GPU-hour, one node-hour, one core-hour; a euro account
// counts cents x 1'000'000 like the others, so that one arithmetic serves all.
enum class Unit : std::uint8_t { gpu_hour, node_hour, core_hour, euro_cent };
BOOST_DESCRIBE_ENUM(Unit, gpu_hour, node_hour, core_hour, euro_cent)

inline constexpr std::int64_t kMicroUnits = 1'000'000;

enum class AccountKind : std::uint8_t {
  source,    // where units come from: the world outside; its balance is minus what was ever given
  capacity,  // what a partition offers in a round
  award,     // what a project may use
  consumed,  // what was used
  expired,   // what lapsed unused
  overrun,   // what was used beyond its hold: goes below zero, and somebody has to look at it
};
BOOST_DESCRIBE_ENUM(AccountKind, source, capacity, award, consumed, expired, overrun)

// Only these may go below zero; a CHECK in the table says the same.
constexpr bool may_be_negative(AccountKind kind) { return kind == AccountKind::source || kind == AccountKind::overrun; }

// One account: unique by owner, kind and unit. Always 0 <= held, and held <= balance unless it may be negative.
struct Account {
  AccountId id{};
  PublicId public_id;
  std::string owner;  // public id of the offer, award ... or "factory"
  AccountKind kind{};
  Unit unit{};
  std::int64_t balance_micro = 0;
  std::int64_t held_micro = 0;

  std::int64_t available_micro() const { return balance_micro - held_micro; }
};
BOOST_DESCRIBE_STRUCT(Account, (), (id, public_id, owner, kind, unit, balance_micro, held_micro))

// A transfer between exactly two accounts of one unit. client_id makes it happen once: the same id with the same
// content is the same transfer, with other content a conflict "client_id_reused".
struct TransferRequest {
  std::string client_id;
  AccountId from{};
  AccountId to{};
  std::int64_t amount_micro = 0;
  std::string reason;
  std::string reference;  // public id of what caused it
};

struct HoldRequest {
  std::string client_id;
  AccountId account{};
  std::int64_t amount_micro = 0;
  Micros expires_us = 0;
  std::string reference;
};

enum class HoldState : std::uint8_t { held, posted, voided, expired };
BOOST_DESCRIBE_ENUM(HoldState, held, posted, voided, expired)

struct Hold {
  std::int64_t id = 0;
  PublicId public_id;
  std::string client_id;
  AccountId account_id{};
  std::int64_t amount_micro = 0;
  std::int64_t posted_micro = 0;
  HoldState state{};
  Time expires_us;
  std::string reference;
};
BOOST_DESCRIBE_STRUCT(Hold, (),
                      (id, public_id, client_id, account_id, amount_micro, posted_micro, state, expires_us, reference))

// How a hold was settled: what left the account, what exceeded the hold, what was released.
struct Settlement {
  std::int64_t posted_micro = 0;
  std::int64_t overrun_micro = 0;
  std::int64_t released_micro = 0;
};

// One line of an account's statement.
struct Entry {
  PublicId public_id;
  Time at_us;
  std::int64_t amount_micro = 0;  // signed, as seen by the account
  std::string counterpart;        // public id of the other account
  std::string reason;
  std::string reference;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (public_id, at_us, amount_micro, counterpart, reason, reference))

// A place where what is stored differs from what the transfers and holds add up to.
struct Difference {
  PublicId account;
  std::string what;
};

// Use cases of the ledger. Each runs inside the caller's transaction and is idempotent by its client id. Nobody is
// authorised here: callers (calls, compute) act for somebody and record why.
class Budget {
 public:
  Budget(Clock const& clock, Random& random) : clock_{clock}, random_{random} {}

  // Finds or makes the account.
  Result<Account> open_account(db::Tx& tx, std::string_view owner, AccountKind kind, Unit unit);
  Result<Account> account(db::Tx& tx, AccountId id);
  Result<Account> find_account(db::Tx& tx, std::string_view owner, AccountKind kind);
  // Errors: invalid "amount" (not positive), invalid "unit" (accounts differ), over_budget "balance",
  // conflict "client_id_reused".
  Result<> transfer(db::Tx& tx, TransferRequest const& request);

  // Reserves. Errors: over_budget "balance" naming what is available, conflict "client_id_reused".
  Result<Hold> hold(db::Tx& tx, HoldRequest const& request);
  // Posts what was used (0 allowed) to the owner's consumed account and closes the hold, even one that has expired:
  // truth is never refused. What exceeds the hold comes from the overrun account of the same owner. A second call with
  // the same amount answers the same; with another amount conflict "already_settled".
  Result<Settlement> settle(db::Tx& tx, std::string_view hold_client_id, std::int64_t used_micro,
                            std::string_view reason);
  // Releases without use. Voiding twice is fine; voiding a posted hold is conflict "already_settled".
  Result<> void_hold(db::Tx& tx, std::string_view hold_client_id);
  // Releases holds past their expiry; returns how many.
  Result<std::int64_t> expire_holds(db::Tx& tx);
  Result<std::optional<Hold>> find_hold(db::Tx& tx, std::string_view client_id);

  // Newest first.
  Result<std::vector<Entry>> statement(db::Tx& tx, AccountId account, std::int64_t limit);
  // Recomputes every balance and hold from the transfers and holds; empty when all agree.
  Result<std::vector<Difference>> recompute(db::Tx& tx);

 private:
  Result<> move(db::Tx& tx, TransferRequest const& request, std::optional<std::int64_t> hold_id);

  Clock const& clock_;
  Random& random_;
};

}  // namespace fabrica::budget
