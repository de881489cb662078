#include "db/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fabrica::db {
namespace {

std::string holder(int file) {
  std::array<char, 32> text{};
  auto const size = ::pread(file, text.data(), text.size() - 1, 0);
  std::string out{text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  if (out.empty() || out.find_first_not_of("0123456789\n") != std::string::npos) return "another process";
  return "process " + out.substr(0, out.find('\n'));
}

}  // namespace

Result<FolderLock> FolderLock::take(std::string const& folder) {
  auto const path = folder + "/lock";
  FolderLock lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (lock.file_ < 0)
    return fail(Errc::unavailable, "folder",
                fmt::format("{} cannot be opened ({}): check that the data folder is there and that "
                            "this user may write in it.",
                            path, std::strerror(errno)));
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::conflict, "folder_locked",
                fmt::format("The data folder {} is in use by {}: stop that server first, or name "
                            "another folder.",
                            folder, holder(lock.file_)));
  auto const text = fmt::format("{}\n", ::getpid());
  // Only for the message above: the lock itself is the kernel's.
  if (::ftruncate(lock.file_, 0) != 0 || ::pwrite(lock.file_, text.data(), text.size(), 0) < 0)
    return fail(Errc::unavailable, "folder",
                fmt::format("{} cannot be written ({}): free some space.", path, std::strerror(errno)));
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : file_{std::exchange(other.file_, -1)} {}
FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}
FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace fabrica::db
