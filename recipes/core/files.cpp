#include "core/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fabrica::recipe {

AtomicFile::AtomicFile(std::filesystem::path path) : path_{std::move(path)}, temporary_{path_} {
  temporary_ += fmt::format(".{}.part", ::getpid());
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) error_ = errno;
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(void const* data, std::size_t size) {
  auto const* at = static_cast<char const*>(data);
  while (size > 0 && error_ == 0) {
    auto const n = ::write(fd_, at, std::min<std::size_t>(size, 1U << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      error_ = errno;
      return;
    }
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

Result<> AtomicFile::commit() {
  if (error_ == 0 && ::fsync(fd_) != 0) error_ = errno;
  if (error_ == 0 && ::rename(temporary_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ == 0) {
    ::close(fd_);
    fd_ = -1;
    // The name itself must survive a power cut too.
    int const folder = ::open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
      ::fsync(folder);
      ::close(folder);
    }
    return {};
  }
  return fail(Errc::unavailable, "disk_write",
              fmt::format("Cannot write {}: {}. Free space or correct the folder's rights, then start the job again.",
                          path_.string(), std::strerror(error_)));
}

Result<> write_file(std::filesystem::path const& path, std::string_view text) {
  AtomicFile file{path};
  file.write(text);
  return file.commit();
}

Result<std::string> read_file(std::filesystem::path const& path, std::size_t max_bytes) {
  int const fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail(Errc::not_found, "missing_file",
                fmt::format("Cannot open {}: {}.", path.string(), std::strerror(errno)));
  std::string text;
  struct stat info{};
  if (::fstat(fd, &info) == 0 && info.st_size > 0)
    text.reserve(std::min<std::size_t>(static_cast<std::size_t>(info.st_size), max_bytes) + 1);
  std::string buffer(1U << 20, '\0');
  for (;;) {
    auto const n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      int const error = n < 0 ? errno : 0;
      ::close(fd);
      if (error == 0) return text;
      return fail(Errc::unavailable, "disk_read",
                  fmt::format("Cannot read {}: {}.", path.string(), std::strerror(error)));
    }
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > max_bytes) {
      ::close(fd);
      return fail(Errc::too_large, "file_too_large",
                  fmt::format("{} has more than {} bytes.", path.string(), max_bytes));
    }
  }
}

}  // namespace fabrica::recipe
