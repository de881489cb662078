#include "crypto/keyfile.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace fabrica::crypto {
namespace {

namespace fs = std::filesystem;

// Closes on the way out. Files under write are closed by hand, because close() may report what write() did not.
struct Descriptor {
  int fd = -1;
  explicit Descriptor(int opened) : fd{opened} {}
  Descriptor(Descriptor const&) = delete;
  Descriptor& operator=(Descriptor const&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int close() {
    int const status = ::close(fd);
    fd = -1;
    return status;
  }
};

std::unexpected<Error> cannot_write(fs::path const& path, int error) {
  return fail(Errc::unavailable, "file_write",
              fmt::format("{} could not be written: {}. Check the disk and the owner of the folder.", path.string(),
                          std::strerror(error)));
}
std::unexpected<Error> cannot_read(fs::path const& path, int error) {
  return fail(Errc::unavailable, "file_read",
              fmt::format("{} could not be read: {}.", path.string(), std::strerror(error)));
}

bool write_all(int fd, ByteView content) {
  while (!content.empty()) {
    auto const put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    content = content.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

// A complete, synced temporary file beside `path`; its name differs between threads and processes.
Result<fs::path> write_temporary(fs::path const& path, ByteView content, mode_t mode) {
  static std::atomic<std::uint64_t> count{0};
  fs::path temporary = path;
  temporary += fmt::format(".tmp-{}-{}", ::getpid(), count.fetch_add(1));
  ::unlink(temporary.c_str());  // of a process of this number that was killed
  Descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
  if (file.fd < 0) return cannot_write(path, errno);
  // fchmod: the process's umask must neither widen nor narrow what was asked for.
  if (!write_all(file.fd, content) || ::fchmod(file.fd, mode) != 0 || ::fsync(file.fd) != 0 || file.close() != 0) {
    int const error = errno;
    ::unlink(temporary.c_str());
    return cannot_write(path, error);
  }
  return temporary;
}

// Up to `bytes_max` bytes of an open file. The size is never trusted: the file may grow, or be a pipe.
Result<Bytes> read_all(int fd, fs::path const& path, std::size_t bytes_max, std::size_t size_hint) {
  Bytes content(std::min(size_hint, bytes_max) + 1);
  std::size_t filled = 0;
  for (;;) {
    if (filled == content.size()) content.resize(std::min(content.size() * 2, bytes_max + 1));
    auto const got = ::read(fd, content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(path, errno);
    bool const end = static_cast<std::size_t>(got) < content.size() - filled;  // of a regular file, as read(2) has it
    filled += static_cast<std::size_t>(got);
    if (filled > bytes_max)
      return fail(Errc::too_large, "file_read", fmt::format("{} has more than {} bytes.", path.string(), bytes_max));
    if (got == 0 || (end && filled == size_hint)) break;
  }
  content.resize(filled);
  return content;
}

fs::path folder_of(fs::path const& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; }

}  // namespace

Result<> sync_folder(fs::path const& folder) {
  Descriptor const opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (opened.fd < 0 || ::fsync(opened.fd) != 0) return cannot_write(folder, errno);
  return {};
}

Result<> place_file(fs::path const& path, ByteView content, mode_t mode) {
  FABRICA_TRY(auto const temporary, write_temporary(path, content, mode));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    int const error = errno;
    ::unlink(temporary.c_str());
    return cannot_write(path, error);
  }
  return {};
}

Result<> replace_file(fs::path const& path, ByteView content, mode_t mode) {
  FABRICA_DO(place_file(path, content, mode));
  return sync_folder(folder_of(path));
}

Result<Bytes> read_file(fs::path const& path, std::size_t bytes_max) {
  Descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return fail(Errc::not_found, "file_missing", fmt::format("There is no file {}.", path.string()));
  struct stat about{};
  if (file.fd < 0 || ::fstat(file.fd, &about) != 0) return cannot_read(path, errno);
  return read_all(file.fd, path, bytes_max, static_cast<std::size_t>(about.st_size));
}

Result<> write_key_file(fs::path const& path, std::string_view text) {
  SecretText const line{fmt::format("{}\n", text)};
  FABRICA_TRY(auto const temporary, write_temporary(path, as_bytes(line.text()), 0600));
  // link, not rename: it fails where a key is already, and a key overwritten is a log nobody can continue.
  int const linked = ::link(temporary.c_str(), path.c_str());
  int const error = errno;
  ::unlink(temporary.c_str());
  if (linked != 0 && error == EEXIST)
    return fail(
        Errc::conflict, "key_exists",
        fmt::format("{} exists. A key is never overwritten: move it away first if you mean it.", path.string()));
  if (linked != 0) return cannot_write(path, error);
  return sync_folder(folder_of(path));
}

Result<SecretText> read_key_file(fs::path const& path) {
  Descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return fail(Errc::not_found, "key_missing", fmt::format("There is no key file {}.", path.string()));
  struct stat about{};
  if (file.fd < 0 || ::fstat(file.fd, &about) != 0) return cannot_read(path, errno);
  if ((about.st_mode & 077) != 0)
    return fail(Errc::forbidden, "key_readable",
                fmt::format("{} is a private key that others may read or write (mode {:03o}): run chmod 600 on it, and "
                            "think about who may have read it.",
                            path.string(), about.st_mode & 0777));
  if (about.st_uid != ::geteuid() && ::geteuid() != 0)
    return fail(
        Errc::forbidden, "key_readable",
        fmt::format("{} belongs to another user: a private key belongs to the user who signs with it.", path.string()));
  if (!S_ISREG(about.st_mode) || static_cast<std::size_t>(about.st_size) > kKeyFileBytesMax)
    return fail(Errc::too_large, "key_file", fmt::format("{} is not a key file.", path.string()));
  FABRICA_TRY(auto content, read_all(file.fd, path, kKeyFileBytesMax, static_cast<std::size_t>(about.st_size)));
  std::string text{as_text(content)};
  wipe(content);
  if (text.ends_with('\n')) text.pop_back();
  return SecretText{std::move(text)};
}

}  // namespace fabrica::crypto
