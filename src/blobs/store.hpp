#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::blobs {

// Bytes that are whole and synced under their name.
struct Stored {
  crypto::Digest digest{};
  std::int64_t size_bytes = 0;
};

// A blob's bytes in memory as the kernel pages them in; unmapped when it goes. They are read-only on disk and never
// become fewer.
class Mapped {
 public:
  explicit Mapped(ByteView bytes) : bytes_{bytes} {}
  Mapped(Mapped&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
  Mapped& operator=(Mapped&&) = delete;
  ~Mapped();
  ByteView bytes() const { return bytes_; }

 private:
  ByteView bytes_;
};

// An open file; whoever holds it reads on even after the blob was removed.
class Reader {
 public:
  explicit Reader(int file, std::int64_t size_bytes) : file_{file}, size_bytes_{size_bytes} {}
  Reader(Reader&& other) noexcept;
  Reader& operator=(Reader&& other) noexcept;
  ~Reader();

  std::int64_t size_bytes() const { return size_bytes_; }
  int file() const { return file_; }
  // How many bytes lie at `offset`, at most out.size(); 0 at the end. Errors: unavailable "file".
  Result<std::size_t> read(std::int64_t offset, std::span<std::uint8_t> out) const;
  // All of it. Errors: unavailable "file".
  Result<Mapped> map() const;

 private:
  int file_;
  std::int64_t size_bytes_;
};

// The files alone: <folder>/blobs/ab/cdef..., <folder>/incoming for what is not whole yet, <folder>/uploads. A path is
// made of 64 hex digits or of a PublicId and of nothing else. Safe from any thread, and from several processes on one
// folder. Errors of every call: unavailable "disk_full", unavailable "file" (the text names the path and the cause).
class Store {
 public:
  // Makes the folders.
  static Result<Store> open(std::filesystem::path folder, Clock const& clock);

  // Bytes on their way in: to a file without a name of its own, hashed as they come. Left unfinished, nothing stays.
  class Writer {
   public:
    Writer(Writer&& other) noexcept;
    Writer& operator=(Writer&&) = delete;
    ~Writer();
    Result<> write(ByteView piece);
    // Syncs and names the file. Errors besides: invalid "digest_mismatch".
    Result<Stored> finish(std::optional<crypto::Digest> const& expected = {});

   private:
    friend class Store;
    Writer(Store const& store, int file, std::string path) : store_{&store}, file_{file}, path_{std::move(path)} {}
    Store const* store_;
    int file_;
    std::string path_;
    crypto::Sha256 hash_;
    std::int64_t size_bytes_ = 0;
  };
  Result<Writer> begin() const;
  Result<Stored> put(ByteView bytes) const;

  // Errors besides: not_found "blob_missing".
  Result<Reader> open_blob(crypto::Digest const& digest) const;
  // For staging into a job; the file is read-only and must stay so.
  std::filesystem::path path_of(crypto::Digest const& digest) const;
  // What the file's bytes really are. Reads all of it. Errors besides: not_found "blob_missing".
  Result<Stored> rehash(crypto::Digest const& digest) const;

  // Removes the file unless it was stored, or stored again, after `before`. True when it is gone.
  Result<bool> remove_stored_before(crypto::Digest const& digest, Micros before) const;
  Result<> for_each(std::function<void(crypto::Digest const&)> const& visit) const;
  // What crashed writers left.
  Result<std::int64_t> remove_incoming_before(Micros before) const;

  // The file of an upload, held against every other request on it until the object goes.
  class UploadFile {
   public:
    UploadFile(UploadFile&& other) noexcept;
    UploadFile& operator=(UploadFile&&) = delete;
    ~UploadFile();
    // Cuts off what lies after `offset`, which nobody was told of; returns once the bytes are synced. Errors besides:
    // conflict "upload_finished".
    Result<> append(std::int64_t offset, ByteView bytes);
    // Gives the first size_bytes their name as a blob; the upload stays until it is removed.
    // Errors besides: invalid "digest_mismatch".
    Result<Stored> finish(std::int64_t size_bytes, std::optional<crypto::Digest> const& expected);

   private:
    friend class Store;
    UploadFile(Store const& store, int file, PublicId const& id) : store_{&store}, file_{file}, id_{id} {}
    Store const* store_;
    int file_;
    PublicId id_;
  };
  // Errors besides: conflict "upload_busy".
  Result<UploadFile> hold_upload(PublicId const& id) const;
  Result<> remove_upload(PublicId const& id) const;
  Result<> for_each_upload(std::function<void(PublicId const&, Micros changed_us)> const& visit) const;

 private:
  Store(std::filesystem::path folder, Clock const& clock) : folder_{std::move(folder)}, clock_{&clock} {}
  Result<> name_blob(int file, std::string const& from, crypto::Digest const& digest) const;
  std::string upload_path(PublicId const& id) const;

  std::filesystem::path folder_;
  Clock const* clock_;
};

}  // namespace fabrica::blobs
