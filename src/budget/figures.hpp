#pragma once

#include <string_view>
#include <vector>

#include "budget/service.hpp"

// What is read of the ledger for figures; the caller has authorised whoever asks.
namespace fabrica::budget {

// Every account of this owner and of its parts ("<owner>/2"), by number.
Result<std::vector<Account>> accounts_of(db::Tx& tx, std::string_view owner);
// What came into an account minus what left it, from `from_us` on and before `to_us`.
Result<std::int64_t> net_flow(db::Tx& tx, AccountId account, Micros from_us, Micros to_us);

}  // namespace fabrica::budget
