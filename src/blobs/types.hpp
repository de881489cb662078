#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/id.hpp"
#include "base/time.hpp"

namespace fabrica::blobs {

enum class BlobState : std::uint8_t {
  present,
  missing,  // verification found no file
  damaged,  // verification found other bytes
};
BOOST_DESCRIBE_ENUM(BlobState, present, missing, damaged)

struct Blob {
  std::string digest;  // SHA-256, 64 hex digits
  std::int64_t size_bytes = 0;
  BlobState state{};
  Time created_us;
};
BOOST_DESCRIBE_STRUCT(Blob, (), (digest, size_bytes, state, created_us))

// A thing of another module that keeps a blob: while it is there the blob is, and its size counts on the account's
// quota (once, however often the account names it).
struct Reference {
  std::string owner_kind;  // "dataset"
  std::string owner;       // its public id
  std::string purpose;     // what the blob is to it: a path, "model.safetensors"
  std::string account;     // public id of the project or organisation
};

struct Upload {
  PublicId public_id;
  std::string account;
  std::optional<std::int64_t> size_bytes;
  std::optional<std::string> digest;
  std::int64_t received_bytes = 0;  // synced: the offset of the next piece
  Time expires_us;
};
BOOST_DESCRIBE_STRUCT(Upload, (), (public_id, account, size_bytes, digest, received_bytes, expires_us))

struct Usage {
  std::int64_t used_bytes = 0;       // of blobs that are kept
  std::int64_t uploading_bytes = 0;  // announced or received by open uploads
  std::int64_t quota_bytes = 0;
};

}  // namespace fabrica::blobs
