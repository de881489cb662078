#include "budget/service.hpp"

#include <fmt/format.h>

#include "base/check.hpp"
#include "budget/impl/store.hpp"

namespace fabrica::budget {
namespace {

std::string in_units(std::int64_t micro) { return fmt::format("{:.6f}", static_cast<double>(micro) / kMicroUnits); }

std::unexpected<Error> reused(std::string_view client_id) {
  return fail(Errc::conflict, "client_id_reused",
              fmt::format("\"{}\" already names something with other content: use a new id.", client_id));
}

std::unexpected<Error> too_little(Account const& account, std::int64_t wanted) {
  return fail(Errc::over_budget, "balance",
              fmt::format("{} are wanted but only {} are available of {} ({} are held): ask for less or wait for holds "
                          "to be released.",
                          in_units(wanted), in_units(account.available_micro()), in_units(account.balance_micro),
                          in_units(account.held_micro)));
}

}  // namespace

Result<Account> Budget::open_account(db::Tx& tx, std::string_view owner, AccountKind kind, Unit unit) {
  FABRICA_DO(tx.run(store::kAccountInsert, PublicId::make(clock_.now(), random_), owner, kind, unit, clock_.now()));
  return tx.one<Account>(store::kAccountByOwner, owner, kind, unit);
}

Result<Account> Budget::account(db::Tx& tx, AccountId id) { return tx.one<Account>(store::kAccountById, id); }

Result<Account> Budget::find_account(db::Tx& tx, std::string_view owner, AccountKind kind) {
  return tx.one<Account>(store::kAccountByOwnerKind, owner, kind);
}

Result<> Budget::transfer(db::Tx& tx, TransferRequest const& request) { return move(tx, request, std::nullopt); }

Result<> Budget::move(db::Tx& tx, TransferRequest const& request, std::optional<std::int64_t> hold_id) {
  FABRICA_TRY(auto done, tx.maybe<store::TransferRow>(store::kTransferByClient, request.client_id));
  if (done) {
    if (done->from_id != request.from || done->to_id != request.to || done->amount_micro != request.amount_micro)
      return reused(request.client_id);
    return {};
  }
  if (request.amount_micro <= 0)
    return fail(Errc::invalid, "amount", "A transfer moves more than nothing: give a positive amount.");
  FABRICA_TRY(auto const from, account(tx, request.from));
  FABRICA_TRY(auto const to, account(tx, request.to));
  if (from.id == to.id) return fail(Errc::invalid, "accounts", "A transfer is between two different accounts.");
  if (from.unit != to.unit)
    return fail(Errc::invalid, "unit", "The two accounts count different units: no transfer can join them.");

  FABRICA_TRY(auto const taken, tx.run(store::kAccountTake, from.id, request.amount_micro));
  if (taken == 0) return too_little(from, request.amount_micro);
  FABRICA_TRY(auto const given, tx.run(store::kAccountGive, to.id, request.amount_micro));
  FABRICA_CHECK(given == 1);
  FABRICA_DO(tx.run(store::kTransferInsert, PublicId::make(clock_.now(), random_), request.client_id, from.id, to.id,
                    request.amount_micro, request.reason, request.reference, hold_id, clock_.now()));
  return {};
}

Result<Hold> Budget::hold(db::Tx& tx, HoldRequest const& request) {
  FABRICA_TRY(auto done, find_hold(tx, request.client_id));
  if (done) {
    if (done->account_id != request.account || done->amount_micro != request.amount_micro)
      return reused(request.client_id);
    return *std::move(done);
  }
  if (request.amount_micro <= 0)
    return fail(Errc::invalid, "amount", "A hold reserves more than nothing: give a positive amount.");
  FABRICA_TRY(auto const from, account(tx, request.account));
  FABRICA_TRY(auto const held, tx.run(store::kAccountHold, from.id, request.amount_micro));
  if (held == 0) return too_little(from, request.amount_micro);
  FABRICA_DO(tx.run(store::kHoldInsert, PublicId::make(clock_.now(), random_), request.client_id, from.id,
                    request.amount_micro, request.expires_us, request.reference, clock_.now()));
  FABRICA_TRY(auto made, find_hold(tx, request.client_id));
  FABRICA_CHECK(made.has_value());
  return *std::move(made);
}

Result<std::optional<Hold>> Budget::find_hold(db::Tx& tx, std::string_view client_id) {
  return tx.maybe<Hold>(store::kHoldByClient, client_id);
}

Result<Settlement> Budget::settle(db::Tx& tx, std::string_view hold_client_id, std::int64_t used_micro,
                                  std::string_view reason) {
  if (used_micro < 0) return fail(Errc::invalid, "amount", "Usage cannot be negative: a refund is a transfer.");
  FABRICA_TRY(auto const hold, tx.one<store::HoldRow>(store::kHoldByClient, hold_client_id));
  FABRICA_TRY(auto const account, this->account(tx, hold.account_id));
  bool const live = hold.state == HoldState::held;
  if (hold.state == HoldState::posted) {
    if (hold.used_micro != used_micro)
      return fail(Errc::conflict, "already_settled",
                  "This hold was settled with another amount: correct it by a transfer.");
    return Settlement{hold.posted_micro, used_micro - hold.posted_micro, hold.amount_micro - hold.posted_micro};
  }
  if (hold.state == HoldState::voided)
    return fail(Errc::conflict, "already_settled", "This hold was voided: record the usage by a transfer.");

  // An expired hold has given its units back, so nothing of it is left to post: all of the usage is overrun.
  Settlement settled;
  settled.posted_micro = live ? std::min(used_micro, hold.amount_micro) : 0;
  settled.overrun_micro = used_micro - settled.posted_micro;
  settled.released_micro = live ? hold.amount_micro - settled.posted_micro : 0;
  if (live) {
    FABRICA_TRY(auto const released, tx.run(store::kAccountRelease, hold.account_id, hold.amount_micro));
    FABRICA_CHECK(released == 1);
  }
  FABRICA_TRY(auto const closed, tx.run(store::kHoldClose, hold.id, HoldState::posted, settled.posted_micro, used_micro,
                                        clock_.now(), hold.state));
  if (closed != 1) return fail(Errc::conflict, "already_settled", "This hold was settled meanwhile: read it again.");

  FABRICA_TRY(auto const consumed, open_account(tx, account.owner, AccountKind::consumed, account.unit));
  if (settled.posted_micro > 0)
    FABRICA_DO(move(tx,
                    {fmt::format("{}/posted", hold_client_id), account.id, consumed.id, settled.posted_micro,
                     std::string{reason}, hold.reference},
                    hold.id));
  if (settled.overrun_micro > 0) {
    FABRICA_TRY(auto const overrun, open_account(tx, account.owner, AccountKind::overrun, account.unit));
    FABRICA_DO(move(tx,
                    {fmt::format("{}/overrun", hold_client_id), overrun.id, consumed.id, settled.overrun_micro,
                     std::string{reason}, hold.reference},
                    hold.id));
  }
  return settled;
}

Result<> Budget::void_hold(db::Tx& tx, std::string_view hold_client_id) {
  FABRICA_TRY(auto const hold, tx.one<store::HoldRow>(store::kHoldByClient, hold_client_id));
  if (hold.state == HoldState::voided || hold.state == HoldState::expired) return {};
  if (hold.state == HoldState::posted)
    return fail(Errc::conflict, "already_settled", "This hold was settled: give units back by a transfer.");
  FABRICA_TRY(auto const closed, tx.run(store::kHoldClose, hold.id, HoldState::voided, std::int64_t{0},
                                        std::optional<std::int64_t>{}, clock_.now(), HoldState::held));
  if (closed != 1) return fail(Errc::conflict, "already_settled", "This hold was settled meanwhile: read it again.");
  FABRICA_TRY(auto const released, tx.run(store::kAccountRelease, hold.account_id, hold.amount_micro));
  FABRICA_CHECK(released == 1);
  return {};
}

Result<std::int64_t> Budget::expire_holds(db::Tx& tx) {
  FABRICA_TRY(auto const lapsed, tx.all<store::HoldRow>(store::kHoldsExpired, clock_.now()));
  for (auto const& hold : lapsed) {
    FABRICA_TRY(auto const closed, tx.run(store::kHoldClose, hold.id, HoldState::expired, std::int64_t{0},
                                          std::optional<std::int64_t>{}, clock_.now(), HoldState::held));
    if (closed != 1) continue;
    FABRICA_TRY(auto const released, tx.run(store::kAccountRelease, hold.account_id, hold.amount_micro));
    FABRICA_CHECK(released == 1);
  }
  return static_cast<std::int64_t>(lapsed.size());
}

Result<std::vector<Entry>> Budget::statement(db::Tx& tx, AccountId account, std::int64_t limit) {
  return tx.all<Entry>(store::kStatement, account, limit);
}

Result<std::vector<Difference>> Budget::recompute(db::Tx& tx) {
  FABRICA_TRY(auto const rows, tx.all<store::RecomputedRow>(store::kRecompute));
  std::vector<Difference> found;
  std::int64_t total = 0;
  for (auto const& row : rows) {
    total += row.true_balance_micro;
    if (row.balance_micro != row.true_balance_micro)
      found.push_back({row.public_id, fmt::format("balance is {} but its transfers add up to {}",
                                                  in_units(row.balance_micro), in_units(row.true_balance_micro))});
    if (row.held_micro != row.true_held_micro)
      found.push_back({row.public_id, fmt::format("{} are held but its open holds add up to {}",
                                                  in_units(row.held_micro), in_units(row.true_held_micro))});
  }
  if (total != 0)
    found.push_back({PublicId{}, fmt::format("all accounts together make {}, not zero", in_units(total))});
  return found;
}

}  // namespace fabrica::budget
