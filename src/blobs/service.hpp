#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "blobs/store.hpp"
#include "blobs/types.hpp"
#include "db/db.hpp"

namespace fabrica::blobs {

struct Limits {
  std::int64_t quota_bytes = std::int64_t{1} << 40;  // of an account that has no quota of its own
  std::int64_t upload_bytes_max = std::int64_t{1} << 40;
  int uploads_max = 32;               // open at once, of one account
  Micros upload_lifetime = 7 * kDay;  // after its last piece
  Micros grace = kDay;                // how long what nobody keeps stays
};

struct Swept {
  std::int64_t blobs = 0;
  std::int64_t bytes = 0;
  std::int64_t uploads = 0;
  std::int64_t files = 0;  // that no row knew
};

struct Verified {
  std::int64_t blobs = 0;
  std::int64_t bytes = 0;
  std::vector<Blob> bad;  // not present, as they now stand
};

// Files and rows together. Bytes come first (put or upload), then a module keeps them inside its own transaction; what
// nobody keeps is swept after the grace. Authorisation is the caller's. Errors of every call: those of Store and of db.
class Service {
 public:
  Service(db::Database& database, Store const& store, Clock const& clock, Random& random, Limits limits = {})
      : database_{database}, store_{store}, clock_{clock}, random_{random}, limits_{limits} {}

  Result<Stored> put(ByteView bytes);
  // Calls `pump` with a sink to write to; what it returned is an error that stops it, and then nothing stays.
  using Sink = std::function<Result<>(ByteView)>;
  Result<Stored> put_stream(std::function<Result<>(Sink const&)> const& pump);

  // The same for bytes that are pushed: write to what begin() gave, then end it. Left unfinished, nothing stays.
  Result<Store::Writer> begin() const { return store_.begin(); }
  Result<Stored> end(Store::Writer& writer);

  // Within the caller's transaction. Errors: not_found "blob" (not stored, or swept: store it again), over_budget
  // "blob_quota". Keeping twice is fine.
  Result<> keep(db::Tx& tx, crypto::Digest const& digest, Reference const& reference);
  // The owner lets go of everything it kept.
  Result<> release(db::Tx& tx, std::string_view owner_kind, std::string_view owner);

  // Errors: not_found "blob".
  Result<Blob> find(db::Tx& tx, crypto::Digest const& digest);
  Result<Usage> usage(db::Tx& tx, std::string_view account);
  Result<> set_quota(db::Tx& tx, std::string_view account, std::int64_t bytes_max);
  // Errors: not_found "blob_missing".
  Result<Reader> open(crypto::Digest const& digest) { return store_.open_blob(digest); }

  // Errors: too_large "upload_size", over_budget "blob_quota", rate_limited "uploads_open".
  Result<Upload> start_upload(std::string_view account, std::optional<std::int64_t> size_bytes,
                              std::optional<crypto::Digest> const& digest);
  // Errors: not_found "upload".
  Result<Upload> upload(PublicId const& id);
  // Errors: not_found "upload", conflict "upload_offset" (the text says where it stands), conflict "upload_busy",
  // conflict "upload_finished", too_large "upload_size", over_budget "blob_quota".
  Result<Upload> append(PublicId const& id, std::int64_t offset, ByteView bytes);
  // Hashes all of it: not on an I/O thread. `digest` is what the client says now, if it did not say it at the start.
  // Errors: not_found "upload", conflict "upload_incomplete", conflict "upload_busy", invalid "digest_mismatch".
  Result<Stored> finish(PublicId const& id, std::optional<crypto::Digest> const& digest = {});
  Result<> abandon(PublicId const& id);

  // Removes what nobody keeps and what has expired. A crash in between leaves work for the next sweep and nothing else.
  Result<Swept> sweep();
  // Hashes every file again and writes down what is missing or damaged. `progress` gets bytes done.
  Result<Verified> verify_all(std::function<void(std::int64_t)> const& progress = {});

 private:
  Result<> record(Stored const& stored);
  Result<> check_quota(db::Tx& tx, std::string_view account, std::int64_t more_bytes);
  Result<Upload> load_upload(db::Tx& tx, PublicId const& id);
  Result<> sweep_uploads(Swept& swept, Micros before);
  Result<> sweep_rows(Swept& swept, Micros before);
  Result<> sweep_files(Swept& swept, Micros before);

  db::Database& database_;
  Store const& store_;
  Clock const& clock_;
  Random& random_;
  Limits limits_;
};

}  // namespace fabrica::blobs
