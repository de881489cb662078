#pragma once

#include "facts/service.hpp"

namespace fabrica::facts::store {

struct OwnRow {
  PublicId public_id;
  std::string kind;
  std::string key;
  std::string fields;
  std::optional<std::string> valid_from;
  std::optional<std::string> valid_to;
  std::string source;
  Confidence confidence{};
  bool withdrawn = false;
  std::string author;
  std::string digest;
};
BOOST_DESCRIBE_STRUCT(OwnRow, (),
                      (public_id, kind, key, fields, valid_from, valid_to, source, confidence, withdrawn, author,
                       digest))

// Later rows win, so the order matters. $1 is '' for every table.
inline constexpr db::Query kOwnHeld{"facts_own_held", R"sql(
  SELECT public_id, kind, key, fields, valid_from, valid_to, source, confidence, withdrawn, author, digest
    FROM facts_rows
   WHERE ($1 = '' OR kind = $1) AND retracted_us IS NULL
     AND (valid_from IS NULL OR valid_from <= $2) AND (valid_to IS NULL OR valid_to >= $2)
   ORDER BY id)sql"};

inline constexpr db::Query kOwnAll{"facts_own_all", R"sql(
  SELECT public_id, kind, key, fields, valid_from, valid_to, source, confidence, withdrawn, author, digest
    FROM facts_rows WHERE retracted_us IS NULL ORDER BY id)sql"};

inline constexpr db::Query kOwnInsert{"facts_own_insert", R"sql(
  INSERT INTO facts_rows (public_id, kind, key, fields, valid_from, valid_to, source, confidence, withdrawn, author, digest,
                          created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))sql"};

inline constexpr db::Query kOwnRetract{"facts_own_retract", R"sql(
  UPDATE facts_rows SET retracted_us = $2, retracted_by = $3 WHERE public_id = $1 AND retracted_us IS NULL)sql"};

inline constexpr db::Query kOwnExists{"facts_own_exists", R"sql(
  SELECT COUNT(*) FROM facts_rows WHERE public_id = $1)sql"};

}  // namespace fabrica::facts::store
