#pragma once

#include "db/db.hpp"

namespace fabrica::api::store {

inline constexpr db::Query kPing{"ping", "SELECT 1 AS one"};

inline constexpr db::Query kIdempotencyFind{"idempotency_find", R"sql(
  SELECT request_digest, status, location, response, created_us
    FROM api_idempotency WHERE actor_id = $1 AND idempotency_key = $2)sql"};

inline constexpr db::Query kIdempotencyInsert{"idempotency_insert", R"sql(
  INSERT INTO api_idempotency (actor_id, idempotency_key, route, request_digest, status, location, response, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql"};

inline constexpr db::Query kIdempotencyForget{"idempotency_forget", R"sql(
  DELETE FROM api_idempotency WHERE actor_id = $1 AND idempotency_key = $2)sql"};

// The oldest 1,000 at most: the writer is not held up by a long absence of the sweep.
inline constexpr db::Query kIdempotencySweep{"idempotency_sweep", R"sql(
  DELETE FROM api_idempotency WHERE created_us <= (
    SELECT MAX(created_us) FROM (
      SELECT created_us FROM api_idempotency WHERE created_us < $1 ORDER BY created_us LIMIT 1000) AS oldest))sql"};

}  // namespace fabrica::api::store
