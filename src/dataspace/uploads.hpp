#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <tuple>

#include "base/result.hpp"
#include "blobs/service.hpp"
#include "dataspace/blob_files.hpp"
#include "identity/types.hpp"
#include "json/describe.hpp"
#include "projects/service.hpp"

namespace fabrica::dataspace {

struct UploadDraft {
  std::optional<std::int64_t> size_bytes = {};  // when it is known
  std::optional<std::string> sha256 = {};       // to be checked at the end

  static constexpr auto limits() {
    return std::tuple{json::range(&UploadDraft::size_bytes, 0, std::int64_t{1} << 50),
                      json::length(&UploadDraft::sha256, 64, 64)};
  }
};
BOOST_DESCRIBE_STRUCT(UploadDraft, (), (size_bytes, sha256))

struct UploadState {
  PublicId id;
  PublicId project;
  std::optional<std::int64_t> size_bytes;
  std::optional<std::string> sha256;
  std::int64_t received_bytes = 0;  // durable: the offset of the next piece
  Time expires;
};
BOOST_DESCRIBE_STRUCT(UploadState, (), (id, project, size_bytes, sha256, received_bytes, expires))

// Bytes a project has; they stay for the blob store's grace and then as long as a data set, job or model keeps them.
struct Uploaded {
  std::string sha256;
  std::int64_t size_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(Uploaded, (), (sha256, size_bytes))

// Resumable uploads of files to a project. Runs its own transactions: bytes move between them. Each call asks
// projects::require() (work_in_project) first. Errors besides: those of blobs::Service.
class Uploads {
 public:
  Uploads(db::Database& database, blobs::Service& blobs, BlobFiles& files, projects::Projects& projects)
      : database_{database}, blobs_{blobs}, files_{files}, projects_{projects} {}

  Result<UploadState> start(identity::Actor const& actor, PublicId const& project, UploadDraft const& draft);
  Result<UploadState> state(identity::Actor const& actor, PublicId const& upload);
  // The next piece, for an upload whose state() this actor was given.
  Result<UploadState> append(PublicId const& upload, std::int64_t offset, std::string_view piece);
  // Hashes all of it. When its answer is lost, has() tells whether it happened.
  Result<Uploaded> finish(identity::Actor const& actor, PublicId const& upload, std::optional<std::string> const& sha256);
  // Does the project have these bytes? Errors: not_found "blob".
  Result<Uploaded> has(identity::Actor const& actor, PublicId const& project, std::string_view sha256);

 private:
  db::Database& database_;
  blobs::Service& blobs_;
  BlobFiles& files_;
  projects::Projects& projects_;
};

}  // namespace fabrica::dataspace
