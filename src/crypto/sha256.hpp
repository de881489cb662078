#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace fabrica::crypto {

// 32 bytes that came out of SHA-256.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  ByteView view() const { return bytes; }
  // 64 lower-case digits.
  std::string hex() const;
  // Errors: invalid "digest".
  static Result<Digest> from_hex(std::string_view text);
  static Result<Digest> from_bytes(ByteView bytes);

  friend auto operator<=>(Digest const&, Digest const&) = default;
};

Digest sha256(ByteView message);
Digest sha256(std::string_view message);

// SHA-256(prefix || first || second) without joining them in memory: what Merkle trees are made of.
Digest sha256_prefixed(std::uint8_t prefix, ByteView first, ByteView second = {});

// SHA-256 of a message that comes in pieces.
class Sha256 {
 public:
  Sha256();
  void update(ByteView piece);
  void update(std::string_view piece) { update(as_bytes(piece)); }
  // The digest of everything so far; the object starts over.
  Digest finish();

 private:
  // Holds OpenSSL's SHA256_CTX, whose type stays out of this header; the .cpp asserts that it fits.
  struct alignas(8) State {
    std::array<std::byte, 128> bytes{};
  };
  State state_{};
};

struct FileDigest {
  Digest digest{};
  std::uint64_t size_bytes{};
};
// Of what is left to read of an open file; does not close it. Errors: unavailable "file_read". Not on an I/O thread.
Result<FileDigest> sha256_fd(int fd);
// Errors: not_found "file_missing", unavailable "file_read". Not on an I/O thread.
Result<FileDigest> sha256_file(std::filesystem::path const& path);

// RFC 2104 with SHA-256.
Digest hmac_sha256(ByteView key, ByteView message);

}  // namespace fabrica::crypto
