#include "blobs/impl/store_sql.hpp"
#include "blobs/service.hpp"

namespace fabrica::blobs {
namespace {

constexpr int kPage = 200;

}  // namespace

Result<Swept> Service::sweep() {
  auto const before = clock_.now() - limits_.grace;
  Swept swept;
  FABRICA_DO(sweep_uploads(swept, before));
  FABRICA_DO(sweep_rows(swept, before));
  FABRICA_DO(sweep_files(swept, before));
  FABRICA_TRY(auto const incoming, store_.remove_incoming_before(before));
  swept.files += incoming;
  return swept;
}

Result<> Service::sweep_uploads(Swept& swept, Micros before) {
  for (;;) {
    auto const now = clock_.now();
    FABRICA_TRY(auto const expired,
                database_.read([&](db::Tx& tx) { return tx.all<PublicId>(kUploadsExpired, now, kPage); }));
    for (auto const& id : expired) {
      FABRICA_TRY(auto const gone, database_.write([&](db::Tx& tx) { return tx.run(kUploadExpire, id, now); }));
      if (gone == 0) continue;
      FABRICA_DO(store_.remove_upload(id));
      ++swept.uploads;
    }
    if (expired.size() < kPage) break;
  }
  std::vector<PublicId> old;
  FABRICA_DO(store_.for_each_upload([&](PublicId const& id, Micros changed) {
    if (changed < before) old.push_back(id);
  }));
  for (auto const& id : old) {
    FABRICA_TRY(auto const known, database_.read([&](db::Tx& tx) { return tx.maybe<Upload>(kUploadFind, id); }));
    if (known) continue;
    FABRICA_DO(store_.remove_upload(id));
    ++swept.files;
  }
  return {};
}

// The row goes first and the file after it: a file without a row is found again, a row without a file would lie.
Result<> Service::sweep_rows(Swept& swept, Micros before) {
  for (;;) {
    FABRICA_TRY(auto const unkept,
                database_.read([&](db::Tx& tx) { return tx.all<Blob>(kBlobsUnkept, before, kPage); }));
    for (auto const& blob : unkept) {
      FABRICA_TRY(auto const gone,
                  database_.write([&](db::Tx& tx) { return tx.run(kBlobForget, blob.digest, before); }));
      if (gone == 0) continue;  // kept, or stored again, since it was listed
      FABRICA_TRY(auto const digest, crypto::Digest::from_hex(blob.digest));
      FABRICA_DO(store_.remove_stored_before(digest, before));
      ++swept.blobs;
      swept.bytes += blob.size_bytes;
    }
    if (unkept.size() < kPage) return {};
  }
}

Result<> Service::sweep_files(Swept& swept, Micros before) {
  std::vector<crypto::Digest> files;
  FABRICA_DO(store_.for_each([&](crypto::Digest const& digest) { files.push_back(digest); }));
  for (auto const& digest : files) {
    FABRICA_TRY(auto const known, database_.read([&](db::Tx& tx) { return tx.maybe<Blob>(kBlobFind, digest.hex()); }));
    if (known) continue;
    // A file stored a moment ago whose row is still to come is younger than the grace.
    FABRICA_TRY(auto const gone, store_.remove_stored_before(digest, before));
    swept.files += gone ? 1 : 0;
  }
  return {};
}

Result<Verified> Service::verify_all(std::function<void(std::int64_t)> const& progress) {
  Verified verified;
  std::string last;
  for (;;) {
    FABRICA_TRY(auto const page, database_.read([&](db::Tx& tx) { return tx.all<Blob>(kBlobsAfter, last, kPage); }));
    for (auto blob : page) {
      FABRICA_TRY(auto const digest, crypto::Digest::from_hex(blob.digest));
      auto const found = store_.rehash(digest);
      if (!found && found.error().reason != "blob_missing") return std::unexpected(found.error());
      bool const whole = found && found->digest == digest && found->size_bytes == blob.size_bytes;
      auto const state = whole ? BlobState::present : found ? BlobState::damaged : BlobState::missing;
      if (state != blob.state) {
        FABRICA_TRY(auto const rows,
                    database_.write([&](db::Tx& tx) { return tx.run(kBlobState, blob.digest, state); }));
        if (rows == 0) continue;  // swept in the meantime
        blob.state = state;
      }
      ++verified.blobs;
      if (found) verified.bytes += found->size_bytes;
      if (state != BlobState::present) verified.bad.push_back(blob);
      if (progress) progress(verified.bytes);
    }
    if (page.size() < kPage) return verified;
    last = page.back().digest;
  }
}

}  // namespace fabrica::blobs
