#include "blobs/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "blobs/impl/store_sql.hpp"

namespace fabrica::blobs {
namespace {

std::unexpected<Error> no_blob(crypto::Digest const& digest) {
  return fail(Errc::not_found, "blob", fmt::format("There is no blob {} here: upload it first.", digest.hex()));
}

std::unexpected<Error> wrong_offset(std::int64_t received) {
  return fail(Errc::conflict, "upload_offset",
              fmt::format("The upload stands at {} bytes: go on from there.", received));
}

}  // namespace

Result<Stored> Service::put(ByteView bytes) {
  return put_stream([&](Sink const& sink) { return sink(bytes); });
}

Result<Stored> Service::put_stream(std::function<Result<>(Sink const&)> const& pump) {
  FABRICA_TRY(auto writer, store_.begin());
  FABRICA_DO(pump([&](ByteView piece) { return writer.write(piece); }));
  FABRICA_TRY(auto const stored, writer.finish());
  FABRICA_DO(record(stored));
  return stored;
}

Result<Stored> Service::end(Store::Writer& writer) {
  FABRICA_TRY(auto const stored, writer.finish());
  FABRICA_DO(record(stored));
  return stored;
}

Result<> Service::record(Stored const& stored) {
  FABRICA_DO(database_.write(
      [&](db::Tx& tx) { return tx.run(kBlobRecord, stored.digest.hex(), stored.size_bytes, clock_.now()); }));
  return {};
}

Result<> Service::keep(db::Tx& tx, crypto::Digest const& digest, Reference const& reference) {
  auto const name = digest.hex();
  FABRICA_TRY(auto const blob, tx.maybe<Blob>(kBlobFind, name));
  if (!blob || blob->state != BlobState::present) return no_blob(digest);
  FABRICA_TRY(auto const counted, tx.one<bool>(kKeptByAccount, reference.account, name));
  if (!counted) FABRICA_DO(check_quota(tx, reference.account, blob->size_bytes));
  FABRICA_DO(tx.run(kReferenceKeep, reference.owner_kind, reference.owner, reference.purpose, name, reference.account,
                    clock_.now()));
  return {};
}

Result<> Service::release(db::Tx& tx, std::string_view owner_kind, std::string_view owner) {
  FABRICA_DO(tx.run(kReferencesLeave, owner_kind, owner, clock_.now()));
  FABRICA_DO(tx.run(kReferencesDrop, owner_kind, owner));
  return {};
}

Result<Blob> Service::find(db::Tx& tx, crypto::Digest const& digest) {
  FABRICA_TRY(auto blob, tx.maybe<Blob>(kBlobFind, digest.hex()));
  if (!blob) return no_blob(digest);
  return *std::move(blob);
}

Result<Usage> Service::usage(db::Tx& tx, std::string_view account) {
  FABRICA_TRY(auto const used, tx.one<std::int64_t>(kUsed, account));
  FABRICA_TRY(auto const uploading, tx.one<std::pair<std::int64_t, std::int64_t>>(kUploading, account));
  FABRICA_TRY(auto const quota, tx.maybe<std::int64_t>(kQuota, account));
  return Usage{
      .used_bytes = used, .uploading_bytes = uploading.first, .quota_bytes = quota.value_or(limits_.quota_bytes)};
}

Result<> Service::set_quota(db::Tx& tx, std::string_view account, std::int64_t bytes_max) {
  if (bytes_max < 0) return fail(Errc::invalid, "blob_quota", "A quota is a number of bytes, 0 or more.");
  FABRICA_DO(tx.run(kQuotaSet, account, bytes_max));
  return {};
}

Result<> Service::check_quota(db::Tx& tx, std::string_view account, std::int64_t more_bytes) {
  FABRICA_TRY(auto const now, usage(tx, account));
  // Each is at most 2^62 by the limits, so differences do not overflow.
  if (more_bytes <= now.quota_bytes - now.used_bytes - now.uploading_bytes) return {};
  return fail(
      Errc::over_budget, "blob_quota",
      fmt::format("{} bytes more do not fit: {} of {} are used and {} are being uploaded. Delete what is no longer "
                  "needed, or ask for a larger quota.",
                  more_bytes, now.used_bytes, now.quota_bytes, now.uploading_bytes));
}

Result<Upload> Service::start_upload(std::string_view account, std::optional<std::int64_t> size_bytes,
                                     std::optional<crypto::Digest> const& digest) {
  if (size_bytes && *size_bytes < 0)
    return fail(Errc::invalid, "upload_size", "A size is a number of bytes, 0 or more.");
  if (size_bytes.value_or(0) > limits_.upload_bytes_max)
    return fail(Errc::too_large, "upload_size",
                fmt::format("An upload holds at most {} bytes: split the file.", limits_.upload_bytes_max));
  auto const now = clock_.now();
  Upload upload{.public_id = PublicId::make(now, random_),
                .account = std::string{account},
                .size_bytes = size_bytes,
                .digest = std::nullopt,
                .received_bytes = 0,
                .expires_us = {now + limits_.upload_lifetime}};
  if (digest) upload.digest = digest->hex();
  auto const started = database_.write([&](db::Tx& tx) -> Result<> {
    FABRICA_TRY(auto const open, tx.one<std::pair<std::int64_t, std::int64_t>>(kUploading, account));
    if (open.second >= limits_.uploads_max)
      return fail(Errc::rate_limited, "uploads_open",
                  fmt::format("{} uploads are open already: finish or abandon one of them.", open.second));
    FABRICA_DO(check_quota(tx, account, size_bytes.value_or(0)));
    FABRICA_DO(tx.run(kUploadStart, upload.public_id, account, size_bytes, upload.digest, now, upload.expires_us));
    return {};
  });
  if (!started) return std::unexpected(started.error());
  return upload;
}

Result<Upload> Service::load_upload(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto found, tx.maybe<Upload>(kUploadFind, id));
  if (!found || found->expires_us.us < clock_.now())
    return fail(Errc::not_found, "upload",
                "There is no such upload, or it has expired or is finished: start a new one.");
  return *std::move(found);
}

Result<Upload> Service::upload(PublicId const& id) {
  return database_.read([&](db::Tx& tx) { return load_upload(tx, id); });
}

Result<Upload> Service::append(PublicId const& id, std::int64_t offset, ByteView bytes) {
  FABRICA_DO(this->upload(id));  // before a file is made for it
  FABRICA_TRY(auto file, store_.hold_upload(id));
  FABRICA_TRY(auto upload, this->upload(id));
  if (offset != upload.received_bytes) return wrong_offset(upload.received_bytes);
  auto const most = std::min(upload.size_bytes.value_or(limits_.upload_bytes_max), limits_.upload_bytes_max);
  auto const piece = static_cast<std::int64_t>(bytes.size());
  if (piece > most - offset)
    return fail(Errc::too_large, "upload_size",
                fmt::format("The upload holds {} bytes and this piece goes past them.", most));
  // Before the bytes are written, so that a disk is not filled by what will be refused.
  if (!upload.size_bytes)
    FABRICA_DO(database_.read([&](db::Tx& tx) { return check_quota(tx, upload.account, piece); }));
  FABRICA_DO(file.append(offset, bytes));
  upload.received_bytes += piece;
  upload.expires_us = {clock_.now() + limits_.upload_lifetime};
  auto const moved = database_.write([&](db::Tx& tx) -> Result<> {
    FABRICA_TRY(auto const rows, tx.run(kUploadReceived, id, offset, upload.received_bytes, upload.expires_us));
    if (rows == 1) return {};
    FABRICA_TRY(auto const now, load_upload(tx, id));
    return wrong_offset(now.received_bytes);
  });
  if (!moved) return std::unexpected(moved.error());
  return upload;
}

Result<Stored> Service::finish(PublicId const& id, std::optional<crypto::Digest> const& digest) {
  FABRICA_DO(this->upload(id));
  FABRICA_TRY(auto file, store_.hold_upload(id));
  FABRICA_TRY(auto const upload, this->upload(id));
  if (upload.size_bytes.value_or(upload.received_bytes) != upload.received_bytes)
    return fail(Errc::conflict, "upload_incomplete",
                fmt::format("{} of {} bytes have arrived: send the rest.", upload.received_bytes, *upload.size_bytes));
  auto expected = digest;
  if (upload.digest) {
    FABRICA_TRY(auto const announced, crypto::Digest::from_hex(*upload.digest));
    if (expected && *expected != announced)
      return fail(Errc::invalid, "digest_mismatch", "The digest is not the one the upload was started with.");
    expected = announced;
  }
  FABRICA_TRY(auto const stored, file.finish(upload.received_bytes, expected));
  auto const recorded = database_.write([&](db::Tx& tx) -> Result<> {
    FABRICA_DO(tx.run(kBlobRecord, stored.digest.hex(), stored.size_bytes, clock_.now()));
    FABRICA_DO(tx.run(kUploadEnd, id));
    return {};
  });
  if (!recorded) return std::unexpected(recorded.error());
  // Whatever happens to it now: without its row the next sweep takes it.
  (void)store_.remove_upload(id);
  return stored;
}

Result<> Service::abandon(PublicId const& id) {
  FABRICA_TRY(auto const ended, database_.write([&](db::Tx& tx) { return tx.run(kUploadEnd, id); }));
  if (ended == 0) return fail(Errc::not_found, "upload", "There is no such upload, or it is finished already.");
  return store_.remove_upload(id);
}

}  // namespace fabrica::blobs
