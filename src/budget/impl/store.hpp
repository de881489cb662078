#pragma once

#include "budget/service.hpp"

namespace fabrica::budget::store {

inline constexpr db::Query kAccountInsert{"budget_account_insert", R"sql(
  INSERT INTO budget_accounts (public_id, owner, kind, unit, created_us)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (owner, kind, unit) DO NOTHING)sql"};

inline constexpr db::Query kAccountByOwner{"budget_account_by_owner", R"sql(
  SELECT id, public_id, owner, kind, unit, balance_micro, held_micro
    FROM budget_accounts WHERE owner = $1 AND kind = $2 AND unit = $3)sql"};

inline constexpr db::Query kAccountByOwnerKind{"budget_account_by_owner_kind", R"sql(
  SELECT id, public_id, owner, kind, unit, balance_micro, held_micro
    FROM budget_accounts WHERE owner = $1 AND kind = $2 ORDER BY id)sql"};

inline constexpr db::Query kAccountById{"budget_account_by_id", R"sql(
  SELECT id, public_id, owner, kind, unit, balance_micro, held_micro FROM budget_accounts WHERE id = $1)sql"};

inline constexpr db::Query kAccountsOf{"budget_accounts_of", R"sql(
  SELECT id, public_id, owner, kind, unit, balance_micro, held_micro FROM budget_accounts
   WHERE owner = $1 OR (owner >= $2 AND owner < $3) ORDER BY id)sql"};

inline constexpr db::Query kNetFlow{"budget_net_flow", R"sql(
  SELECT CAST(COALESCE((SELECT SUM(t.amount_micro) FROM budget_transfers t
                         WHERE t.to_id = $1 AND t.at_us >= $2 AND t.at_us < $3), 0)
            - COALESCE((SELECT SUM(t.amount_micro) FROM budget_transfers t
                         WHERE t.from_id = $1 AND t.at_us >= $2 AND t.at_us < $3), 0) AS BIGINT) AS flow)sql"};

// The CHECK is the last guard; the condition here turns "too little" into zero rows instead of a broken transaction.
inline constexpr db::Query kAccountTake{"budget_account_take", R"sql(
  UPDATE budget_accounts SET balance_micro = balance_micro - $2
   WHERE id = $1 AND (kind IN ('source', 'overrun') OR balance_micro - held_micro >= $2))sql"};

inline constexpr db::Query kAccountGive{"budget_account_give", R"sql(
  UPDATE budget_accounts SET balance_micro = balance_micro + $2 WHERE id = $1)sql"};

inline constexpr db::Query kAccountHold{"budget_account_hold", R"sql(
  UPDATE budget_accounts SET held_micro = held_micro + $2
   WHERE id = $1 AND balance_micro - held_micro >= $2)sql"};

inline constexpr db::Query kAccountRelease{"budget_account_release", R"sql(
  UPDATE budget_accounts SET held_micro = held_micro - $2 WHERE id = $1 AND held_micro >= $2)sql"};

inline constexpr db::Query kTransferInsert{"budget_transfer_insert", R"sql(
  INSERT INTO budget_transfers (public_id, client_id, from_id, to_id, amount_micro, reason, reference, hold_id, at_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};

struct TransferRow {
  AccountId from_id{};
  AccountId to_id{};
  std::int64_t amount_micro = 0;
};
BOOST_DESCRIBE_STRUCT(TransferRow, (), (from_id, to_id, amount_micro))

inline constexpr db::Query kTransferByClient{"budget_transfer_by_client", R"sql(
  SELECT from_id, to_id, amount_micro FROM budget_transfers WHERE client_id = $1)sql"};

inline constexpr db::Query kHoldInsert{"budget_hold_insert", R"sql(
  INSERT INTO budget_holds (public_id, client_id, account_id, amount_micro, state, expires_us, reference, created_us)
  VALUES ($1, $2, $3, $4, 'held', $5, $6, $7))sql"};

struct HoldRow : Hold {
  std::optional<std::int64_t> used_micro;
};
BOOST_DESCRIBE_STRUCT(HoldRow, (Hold), (used_micro))

inline constexpr db::Query kHoldByClient{"budget_hold_by_client", R"sql(
  SELECT id, public_id, client_id, account_id, amount_micro, posted_micro, state, expires_us, reference, used_micro
    FROM budget_holds WHERE client_id = $1)sql"};

inline constexpr db::Query kHoldClose{"budget_hold_close", R"sql(
  UPDATE budget_holds SET state = $2, posted_micro = $3, used_micro = $4, closed_us = $5
   WHERE id = $1 AND state = $6)sql"};

inline constexpr db::Query kHoldsExpired{"budget_holds_expired", R"sql(
  SELECT id, public_id, client_id, account_id, amount_micro, posted_micro, state, expires_us, reference, used_micro
    FROM budget_holds WHERE state = 'held' AND expires_us <= $1 ORDER BY id LIMIT 1000)sql"};

inline constexpr db::Query kStatement{"budget_statement", R"sql(
  SELECT t.public_id AS public_id, t.at_us AS at_us,
         CASE WHEN t.to_id = $1 THEN t.amount_micro ELSE -t.amount_micro END AS amount_micro,
         o.public_id AS counterpart, t.reason AS reason, t.reference AS reference
    FROM budget_transfers t
    JOIN budget_accounts o ON o.id = CASE WHEN t.to_id = $1 THEN t.from_id ELSE t.to_id END
   WHERE t.from_id = $1 OR t.to_id = $1
   ORDER BY t.id DESC LIMIT $2)sql"};

struct RecomputedRow {
  PublicId public_id;
  std::int64_t balance_micro = 0;
  std::int64_t held_micro = 0;
  std::int64_t true_balance_micro = 0;
  std::int64_t true_held_micro = 0;
};
BOOST_DESCRIBE_STRUCT(RecomputedRow, (), (public_id, balance_micro, held_micro, true_balance_micro, true_held_micro))

inline constexpr db::Query kRecompute{"budget_recompute", R"sql(
  SELECT a.public_id AS public_id, a.balance_micro AS balance_micro, a.held_micro AS held_micro,
         CAST(COALESCE((SELECT SUM(t.amount_micro) FROM budget_transfers t WHERE t.to_id = a.id), 0)
            - COALESCE((SELECT SUM(t.amount_micro) FROM budget_transfers t WHERE t.from_id = a.id), 0) AS BIGINT)
           AS true_balance_micro,
         CAST(COALESCE((SELECT SUM(h.amount_micro) FROM budget_holds h
                         WHERE h.account_id = a.id AND h.state = 'held'), 0) AS BIGINT) AS true_held_micro
    FROM budget_accounts a ORDER BY a.id)sql"};

}  // namespace fabrica::budget::store
