#include "dataspace/uploads.hpp"

#include "crypto/sha256.hpp"

namespace fabrica::dataspace {
namespace {

using identity::Actor;
using identity::Permission;

Result<std::optional<crypto::Digest>> digest_of(std::optional<std::string> const& text) {
  if (!text) return std::optional<crypto::Digest>{};
  FABRICA_TRY(auto const digest, crypto::Digest::from_hex(*text));
  return std::optional{digest};
}

Result<UploadState> shown(blobs::Upload const& upload) {
  FABRICA_TRY(auto project, PublicId::parse(upload.account));
  return UploadState{upload.public_id, std::move(project), upload.size_bytes, upload.digest, upload.received_bytes,
                     upload.expires_us};
}

}  // namespace

Result<UploadState> Uploads::start(Actor const& actor, PublicId const& project, UploadDraft const& draft) {
  FABRICA_DO(database_.read([&](db::Tx& tx) { return projects_.require(tx, actor, project, Permission::work_in_project); }));
  FABRICA_TRY(auto const digest, digest_of(draft.sha256));
  FABRICA_TRY(auto const upload, blobs_.start_upload(project.text(), draft.size_bytes, digest));
  return shown(upload);
}

Result<UploadState> Uploads::state(Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const upload, blobs_.upload(id));
  FABRICA_TRY(auto out, shown(upload));
  FABRICA_DO(database_.read([&](db::Tx& tx) {
    return projects_.require(tx, actor, out.project, Permission::work_in_project);
  }));
  return out;
}

Result<UploadState> Uploads::append(PublicId const& id, std::int64_t offset, std::string_view piece) {
  FABRICA_TRY(auto const upload, blobs_.append(id, offset, as_bytes(piece)));
  return shown(upload);
}

Result<Uploaded> Uploads::finish(Actor const& actor, PublicId const& id, std::optional<std::string> const& sha256) {
  FABRICA_TRY(auto const upload, state(actor, id));
  FABRICA_TRY(auto const digest, digest_of(sha256));
  FABRICA_TRY(auto const stored, blobs_.finish(id, digest));
  // A crash here: the bytes were never acknowledged and will be swept; the client asks has() and uploads them again.
  Uploaded out{stored.digest.hex(), stored.size_bytes};
  FABRICA_DO(database_.write([&](db::Tx& tx) {
    return files_.belongs(tx, upload.project, {out.sha256, out.size_bytes});
  }));
  return out;
}

Result<Uploaded> Uploads::has(Actor const& actor, PublicId const& project, std::string_view sha256) {
  return database_.read([&](db::Tx& tx) -> Result<Uploaded> {
    FABRICA_DO(projects_.require(tx, actor, project, Permission::view_project));
    FABRICA_TRY(auto const size, files_.size_of(tx, project, sha256));
    return Uploaded{std::string{sha256}, size};
  });
}

}  // namespace fabrica::dataspace
