#pragma once

#include "db/db.hpp"

namespace fabrica::blobs {

inline constexpr db::Query kBlobRecord{"blob_record", R"sql(
  INSERT INTO blobs (digest, size_bytes, state, created_us, unreferenced_us) VALUES ($1, $2, 'present', $3, $3)
  ON CONFLICT (digest) DO UPDATE SET state = 'present', unreferenced_us = excluded.unreferenced_us)sql"};
inline constexpr db::Query kBlobFind{"blob_find",
                                     "SELECT digest, size_bytes, state, created_us FROM blobs WHERE digest = $1"};
inline constexpr db::Query kBlobsAfter{"blobs_after", R"sql(
  SELECT digest, size_bytes, state, created_us FROM blobs WHERE digest > $1 ORDER BY digest LIMIT $2)sql"};
inline constexpr db::Query kBlobState{"blob_state", "UPDATE blobs SET state = $2 WHERE digest = $1"};
inline constexpr db::Query kBlobsUnkept{"blobs_unkept", R"sql(
  SELECT digest, size_bytes, state, created_us FROM blobs
   WHERE unreferenced_us < $1 AND NOT EXISTS (SELECT 1 FROM blob_references r WHERE r.digest = blobs.digest)
   ORDER BY digest LIMIT $2)sql"};
inline constexpr db::Query kBlobForget{"blob_forget", R"sql(
  DELETE FROM blobs WHERE digest = $1 AND unreferenced_us < $2
     AND NOT EXISTS (SELECT 1 FROM blob_references r WHERE r.digest = $1))sql"};

inline constexpr db::Query kReferenceKeep{"blob_keep", R"sql(
  INSERT INTO blob_references (owner_kind, owner, purpose, digest, account, created_us) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (owner_kind, owner, purpose, digest, account) DO NOTHING)sql"};
inline constexpr db::Query kReferencesLeave{"blob_leave", R"sql(
  UPDATE blobs SET unreferenced_us = $3
   WHERE digest IN (SELECT digest FROM blob_references WHERE owner_kind = $1 AND owner = $2))sql"};
inline constexpr db::Query kReferencesDrop{"blob_drop",
                                           "DELETE FROM blob_references WHERE owner_kind = $1 AND owner = $2"};
inline constexpr db::Query kKeptByAccount{"blob_kept_by_account", R"sql(
  SELECT EXISTS (SELECT 1 FROM blob_references WHERE account = $1 AND digest = $2))sql"};

inline constexpr db::Query kUsed{"blob_used", R"sql(
  SELECT CAST(COALESCE(sum(size_bytes), 0) AS BIGINT) FROM blobs
   WHERE digest IN (SELECT digest FROM blob_references WHERE account = $1))sql"};
inline constexpr db::Query kUploading{"blob_uploading", R"sql(
  SELECT CAST(COALESCE(sum(COALESCE(size_bytes, received_bytes)), 0) AS BIGINT), count(*)
    FROM blob_uploads WHERE account = $1)sql"};
inline constexpr db::Query kQuota{"blob_quota", "SELECT bytes_max FROM blob_quotas WHERE account = $1"};
inline constexpr db::Query kQuotaSet{"blob_quota_set", R"sql(
  INSERT INTO blob_quotas (account, bytes_max) VALUES ($1, $2)
  ON CONFLICT (account) DO UPDATE SET bytes_max = excluded.bytes_max)sql"};

inline constexpr db::Query kUploadStart{"upload_start", R"sql(
  INSERT INTO blob_uploads (public_id, account, size_bytes, digest, received_bytes, created_us, expires_us)
  VALUES ($1, $2, $3, $4, 0, $5, $6))sql"};
inline constexpr db::Query kUploadFind{"upload_find", R"sql(
  SELECT public_id, account, size_bytes, digest, received_bytes, expires_us FROM blob_uploads WHERE public_id = $1)sql"};
inline constexpr db::Query kUploadReceived{"upload_received", R"sql(
  UPDATE blob_uploads SET received_bytes = $3, expires_us = $4 WHERE public_id = $1 AND received_bytes = $2)sql"};
inline constexpr db::Query kUploadEnd{"upload_end", "DELETE FROM blob_uploads WHERE public_id = $1"};
inline constexpr db::Query kUploadsExpired{"uploads_expired", R"sql(
  SELECT public_id FROM blob_uploads WHERE expires_us < $1 ORDER BY expires_us LIMIT $2)sql"};
inline constexpr db::Query kUploadExpire{"upload_expire",
                                         "DELETE FROM blob_uploads WHERE public_id = $1 AND expires_us < $2"};

}  // namespace fabrica::blobs
