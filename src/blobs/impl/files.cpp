#include "blobs/impl/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace fabrica::blobs {

File::~File() {
  if (number_ >= 0) ::close(number_);
}

std::unexpected<Error> file_error(std::string_view act, std::string const& path, int number) {
  if (number == ENOSPC || number == EDQUOT)
    return fail(Errc::unavailable, "disk_full",
                fmt::format("There is too little space on the disk that holds {}: free some, then try again.", path));
  return fail(Errc::unavailable, "file",
              fmt::format("Cannot {} {} ({}): check the disk and the permissions.", act, path, std::strerror(number)));
}

Result<> write_all(int file, std::string const& path, std::int64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    auto const wrote = ::pwrite(file, bytes.data(), bytes.size(), offset);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return file_error("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    offset += wrote;
  }
  return {};
}

Result<> sync(int file, std::string const& path) {
  if (::fsync(file) != 0) return file_error("sync", path, errno);
  return {};
}

Result<> sync_folder(std::string const& path) {
  File const folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) return file_error("open", path, errno);
  return sync(folder.number(), path);
}

Result<> make_folder(std::string const& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(std::filesystem::path{path}.parent_path().string());
  struct stat info {};
  int const number = errno;
  if (number == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  return file_error("make the folder", path, number);
}

Result<Micros> changed(std::string const& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return file_error("look at", path, errno);
  return info.st_mtim.tv_sec * kSecond + info.st_mtim.tv_nsec / 1000;
}

Result<> set_changed(int file, std::string const& path, Micros time) {
  timespec const at{.tv_sec = time / kSecond, .tv_nsec = time % kSecond * 1000};
  timespec const both[]{at, at};
  if (::futimens(file, both) != 0) return file_error("set the time of", path, errno);
  return {};
}

Result<bool> remove_file(std::string const& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return file_error("remove", path, errno);
}

Result<File> lock_folder(std::string const& folder, bool alone) {
  auto const path = folder + "/.lock";
  File lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock) return file_error("open", path, errno);
  while (::flock(lock.number(), alone ? LOCK_EX : LOCK_SH) != 0)
    if (errno != EINTR) return file_error("lock", path, errno);
  return lock;
}

}  // namespace fabrica::blobs
