#include "crypto/sha256.hpp"

#include <fcntl.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include "crypto/encoding.hpp"

// OpenSSL 3 deprecates SHA256_Init and its like in favour of EVP, whose set-up costs more than hashing the two blocks
// of a Merkle node (bench/log.sh measures both). They are the same code underneath and stay in OpenSSL 3.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace fabrica::crypto {
namespace {

SHA256_CTX* context_of(void* state) { return static_cast<SHA256_CTX*>(state); }

void store_big_endian(std::uint8_t* out, std::uint32_t word) {
  if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap32(word);
  std::memcpy(out, &word, 4);
}

SHA256_CTX fresh_context() {
  SHA256_CTX context;
  SHA256_Init(&context);
  return context;
}

// The message and its padding (FIPS 180-4 section 5.1.1) put together here and hashed in one call: for messages of up
// to two blocks this is a third faster than Update and Final, which pad piece by piece. `block` is zero behind the
// message.
constexpr std::size_t kShortMax = 119;

Digest hash_short(std::uint8_t (&block)[128], std::size_t length) {
  static SHA256_CTX const fresh = fresh_context();
  std::size_t const end = length <= 55 ? 64 : 128;
  block[length] = 0x80;
  store_big_endian(block + end - 4, static_cast<std::uint32_t>(length * 8));
  SHA256_CTX context = fresh;
  SHA256_Update(&context, block, end);
  Digest digest;
  for (std::size_t at = 0; at < 8; ++at) store_big_endian(digest.bytes.data() + 4 * at, context.h[at]);
  return digest;
}

std::unexpected<Error> cannot_read(int error) {
  return fail(Errc::unavailable, "file_read", std::string{"The file could not be read: "} + std::strerror(error) + ".");
}

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

std::string Digest::hex() const { return hex_encode(bytes); }

Result<Digest> Digest::from_hex(std::string_view text) {
  bool const lower = std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'F'; });
  auto const bytes = hex_decode(text);
  if (!lower || !bytes || bytes->size() != 32)
    return fail(Errc::invalid, "digest", "A SHA-256 digest is 64 digits, 0-9 and a-f.");
  return from_bytes(*bytes);
}

Result<Digest> Digest::from_bytes(ByteView bytes) {
  if (bytes.size() != 32) return fail(Errc::invalid, "digest", "A SHA-256 digest is 32 bytes.");
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

Digest sha256(ByteView message) {
  if (message.size() <= kShortMax) {
    std::uint8_t block[128] = {};
    std::copy(message.begin(), message.end(), block);
    return hash_short(block, message.size());
  }
  Sha256 hash;
  hash.update(message);
  return hash.finish();
}

Digest sha256(std::string_view message) { return sha256(as_bytes(message)); }

Digest sha256_prefixed(std::uint8_t prefix, ByteView first, ByteView second) {
  std::size_t const length = 1 + first.size() + second.size();
  if (length <= kShortMax) {
    std::uint8_t block[128] = {};
    block[0] = prefix;
    if (first.size() == 32 && second.size() == 32) {  // a node: copies of known length need no call
      std::memcpy(block + 1, first.data(), 32);
      std::memcpy(block + 33, second.data(), 32);
    } else {
      std::copy(first.begin(), first.end(), block + 1);
      std::copy(second.begin(), second.end(), block + 1 + first.size());
    }
    return hash_short(block, length);
  }
  Sha256 hash;
  hash.update(ByteView{&prefix, 1});
  hash.update(first);
  hash.update(second);
  return hash.finish();
}

Sha256::Sha256() {
  static_assert(sizeof(SHA256_CTX) <= sizeof(State) && alignof(SHA256_CTX) <= alignof(State));
  SHA256_Init(context_of(&state_));
}

void Sha256::update(ByteView piece) {
  if (!piece.empty()) SHA256_Update(context_of(&state_), piece.data(), piece.size());
}

Digest Sha256::finish() {
  Digest digest;
  SHA256_Final(digest.bytes.data(), context_of(&state_));
  SHA256_Init(context_of(&state_));
  return digest;
}

Result<FileDigest> sha256_fd(int fd) {
  std::vector<std::uint8_t> buffer(1 << 18);
  Sha256 hash;
  FileDigest found;
  for (;;) {
    auto const got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(errno);
    if (got == 0) break;
    hash.update(ByteView{buffer.data(), static_cast<std::size_t>(got)});
    found.size_bytes += static_cast<std::uint64_t>(got);
  }
  found.digest = hash.finish();
  return found;
}

Result<FileDigest> sha256_file(std::filesystem::path const& path) {
  Descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return fail(Errc::not_found, "file_missing", "There is no file " + path.string() + ".");
  if (file.fd < 0) return cannot_read(errno);
  return sha256_fd(file.fd);
}

Digest hmac_sha256(ByteView key, ByteView message) {
  std::array<std::uint8_t, 64> pad{};
  if (key.size() > pad.size()) {
    auto const digest = sha256(key);
    std::copy(digest.bytes.begin(), digest.bytes.end(), pad.begin());
  } else {
    std::copy(key.begin(), key.end(), pad.begin());
  }
  for (auto& byte : pad) byte ^= 0x36;
  Sha256 inner;
  inner.update(ByteView{pad});
  inner.update(message);
  auto const first = inner.finish();
  for (auto& byte : pad) byte ^= 0x36 ^ 0x5c;
  Sha256 outer;
  outer.update(ByteView{pad});
  outer.update(first.view());
  return outer.finish();
}

}  // namespace fabrica::crypto
