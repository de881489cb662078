#pragma once

#include "journal/journal.hpp"

namespace fabrica::journal::store {

// Takes the next number of a chain; the row lock it holds keeps numbers gapless.
inline constexpr db::Query kChainInsert{"journal_chain_insert", R"sql(
  INSERT INTO journal_chains (chain, number, commitment) VALUES ($1, 0, $2) ON CONFLICT (chain) DO NOTHING)sql"};

struct ChainHead {
  std::int64_t number = 0;
  std::string commitment;
};
BOOST_DESCRIBE_STRUCT(ChainHead, (), (number, commitment))

inline constexpr db::Query kChainHead{"journal_chain_head", R"sql(
  SELECT number, commitment FROM journal_chains WHERE chain = $1)sql"};
inline constexpr db::Query kChainAdvance{"journal_chain_advance", R"sql(
  UPDATE journal_chains SET number = $2, commitment = $3 WHERE chain = $1 AND number = $2 - 1)sql"};

inline constexpr db::Query kInsert{"journal_insert", R"sql(
  INSERT INTO journal_statements (public_id, chain, number, kind, body, salt, commitment, recorded_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql"};

inline constexpr db::Query kChain{"journal_chain", R"sql(
  SELECT public_id, chain, number, kind, body, salt, commitment, recorded_us, log_index
    FROM journal_statements WHERE chain = $1 AND number >= $2 ORDER BY number LIMIT $3)sql"};

inline constexpr db::Query kFirstOfEachKind{"journal_first_of_each_kind", R"sql(
  SELECT kind, MIN(number) AS number, MIN(recorded_us) AS recorded_us
    FROM journal_statements WHERE chain = $1 GROUP BY kind)sql"};

inline constexpr db::Query kChains{"journal_chains", R"sql(
  SELECT chain FROM journal_chains ORDER BY chain)sql"};

inline constexpr db::Query kErase{"journal_erase", R"sql(
  UPDATE journal_statements SET body = NULL, salt = NULL, erased_us = $2 WHERE public_id = $1)sql"};

struct Waiting {
  std::int64_t id = 0;
  std::string commitment;
};
BOOST_DESCRIBE_STRUCT(Waiting, (), (id, commitment))

inline constexpr db::Query kWaiting{"journal_waiting", R"sql(
  SELECT id, commitment FROM journal_statements WHERE log_index IS NULL ORDER BY id LIMIT $1)sql"};
inline constexpr db::Query kAssign{"journal_assign", R"sql(
  UPDATE journal_statements SET log_index = $2 WHERE id = $1 AND log_index IS NULL)sql"};
inline constexpr db::Query kAssigned{"journal_assigned", R"sql(
  SELECT commitment FROM journal_statements WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index)sql"};

struct LogState {
  std::string origin;
  std::int64_t assigned = 0;
  std::int64_t signed_size = 0;
  std::string signed_checkpoint;
  std::int64_t published_size = 0;
  std::string published_checkpoint;
};
BOOST_DESCRIBE_STRUCT(LogState, (),
                      (origin, assigned, signed_size, signed_checkpoint, published_size, published_checkpoint))

inline constexpr db::Query kCommitments{"journal_commitments", R"sql(
  SELECT log_index, commitment FROM journal_statements WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index)sql"};

inline constexpr db::Query kLogCreate{"journal_log_create", R"sql(
  INSERT INTO journal_log (id, origin, assigned, signed_size, signed_checkpoint, published_size, published_checkpoint)
  VALUES (1, $1, 0, 0, '', 0, '') ON CONFLICT (id) DO NOTHING)sql"};
inline constexpr db::Query kLogState{"journal_log_state", R"sql(
  SELECT origin, assigned, signed_size, signed_checkpoint, published_size, published_checkpoint
    FROM journal_log WHERE id = 1)sql"};
inline constexpr db::Query kLogAssign{"journal_log_assign", R"sql(
  UPDATE journal_log SET assigned = $2 WHERE id = 1 AND assigned = $1)sql"};
inline constexpr db::Query kLogSign{"journal_log_sign", R"sql(
  UPDATE journal_log SET signed_size = $2, signed_checkpoint = $3 WHERE id = 1 AND signed_size = $1)sql"};
inline constexpr db::Query kLogPublish{"journal_log_publish", R"sql(
  UPDATE journal_log SET published_size = $1, published_checkpoint = $2
   WHERE id = 1 AND published_size <= $1 AND signed_size >= $1)sql"};
// After a restore: the log continues where the world last saw it.
inline constexpr db::Query kLogSkip{"journal_log_skip", R"sql(
  UPDATE journal_log SET assigned = $2, signed_size = $2, signed_checkpoint = $3, published_size = $2,
         published_checkpoint = $3
   WHERE id = 1 AND assigned = $1 AND assigned < $2)sql"};
// Indexes a restored database had given out but never signed, or that the world's log gave to others since.
inline constexpr db::Query kUnassignFrom{"journal_unassign_from", R"sql(
  UPDATE journal_statements SET log_index = NULL WHERE log_index >= $1)sql"};

inline constexpr db::Query kSequenced{"journal_sequenced", R"sql(
  SELECT public_id, chain, number, kind, body, salt, commitment, recorded_us, log_index
    FROM journal_statements WHERE log_index >= $1 ORDER BY log_index LIMIT $2)sql"};
inline constexpr db::Query kByIndex{"journal_by_index", R"sql(
  SELECT public_id, chain, number, kind, body, salt, commitment, recorded_us, log_index
    FROM journal_statements WHERE log_index = $1)sql"};

}  // namespace fabrica::journal::store
