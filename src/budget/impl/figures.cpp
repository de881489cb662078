#include "budget/figures.hpp"

#include "budget/impl/store.hpp"

namespace fabrica::budget {

// '0' is the character that follows '/': a range that the unique index serves.
Result<std::vector<Account>> accounts_of(db::Tx& tx, std::string_view owner) {
  auto const part = std::string{owner} + "/";
  auto const behind = std::string{owner} + "0";
  return tx.all<Account>(store::kAccountsOf, owner, part, behind);
}

Result<std::int64_t> net_flow(db::Tx& tx, AccountId account, Micros from_us, Micros to_us) {
  return tx.one<std::int64_t>(store::kNetFlow, account, from_us, to_us);
}

}  // namespace fabrica::budget
