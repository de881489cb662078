#include "runtime/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace fabrica::runtime {
namespace {

std::unexpected<Error> refuse(std::string_view act, std::string_view path) {
  return std::unexpected(file_error(act, path, errno));
}

std::string folder_of(std::string const& path) {
  auto const slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

struct Walk {
  TreeLimits limits;
  std::vector<TreeFile> files;
  std::size_t entries = 0;
};

// Every step is taken from the open parent folder without following links, so that a folder swapped for a link while we
// walk leads nowhere. Entries that vanish under us are left out.
Result<> walk(Fd folder, std::string const& path, int depth, Walk& state) {
  if (depth > state.limits.depth_max) {
    return fail(Errc::too_large, "files", fmt::format("Folders are nested deeper than {}.", state.limits.depth_max));
  }
  DIR* const dir = ::fdopendir(folder.get());
  if (dir == nullptr) return refuse("read", path);
  folder.release();
  struct Close {
    DIR* dir;
    ~Close() { ::closedir(dir); }
  } const close{dir};

  while (dirent const* entry = ::readdir(dir)) {
    std::string const name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (++state.entries > state.limits.files_max) {
      return fail(Errc::too_large, "files", fmt::format("There are more than {} files.", state.limits.files_max));
    }
    struct stat info {};
    if (::fstatat(::dirfd(dir), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    std::string const below = path.empty() ? name : path + "/" + name;
    if (S_ISREG(info.st_mode))
      state.files.push_back({below, static_cast<std::uint64_t>(info.st_size), static_cast<std::uint64_t>(info.st_blocks) * 512});
    if (!S_ISDIR(info.st_mode)) continue;
    Fd child{::openat(::dirfd(dir), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!child.open()) continue;
    FABRICA_DO(walk(std::move(child), below, depth + 1, state));
  }
  return {};
}

}  // namespace

Error file_error(std::string_view act, std::string_view path, int number) {
  auto const said = std::generic_category().message(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return {Errc::not_found, "file", fmt::format("Could not {} {}: there is no such file.", act, path), {}};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Errc::forbidden, "file", fmt::format("Could not {} {}: {}. Check its owner and mode.", act, path, said), {}};
    case ENOSPC:
    case EDQUOT:
      return {Errc::unavailable, "disk_full", fmt::format("Could not {} {}: {}. Free some space.", act, path, said), {}};
    default:
      return {Errc::unavailable, "file", fmt::format("Could not {} {}: {}.", act, path, said), {}};
  }
}

Result<> write_file(std::string const& path, std::string_view content, int mode) {
  // The name is ours alone: two writers of one file in one process would be a bug, two processes differ in the pid.
  std::string const beside = fmt::format("{}.{}.new", path, ::getpid());
  Fd out{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)};
  if (!out.open()) return refuse("write", path);
  if (!write_all(out.get(), content) || ::fchmod(out.get(), static_cast<mode_t>(mode)) != 0 || ::fsync(out.get()) != 0 ||
      ::rename(beside.c_str(), path.c_str()) != 0) {
    auto error = refuse("write", path);
    ::unlink(beside.c_str());
    return error;
  }
  return sync_folder(folder_of(path));
}

Result<std::string> read_file(std::string const& path, std::size_t bytes_max) {
  Fd const in{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!in.open()) return refuse("read", path);
  std::string content;
  for (;;) {
    std::size_t const had = content.size();
    std::size_t const step = std::min<std::size_t>(bytes_max + 1 - had, 65'536);
    content.resize(had + step);
    auto const n = ::read(in.get(), content.data() + had, step);
    if (n < 0 && errno == EINTR) {
      content.resize(had);
      continue;
    }
    if (n < 0) return refuse("read", path);
    content.resize(had + static_cast<std::size_t>(n));
    if (n == 0) return content;
    if (content.size() > bytes_max) {
      return fail(Errc::too_large, "file", fmt::format("{} holds more than {} bytes.", path, bytes_max));
    }
  }
}

Result<Piece> read_piece(int fd, std::uint64_t offset, std::size_t bytes_max) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return refuse("read", "the file");
  Piece piece{.bytes = {}, .offset = offset, .file_bytes = static_cast<std::uint64_t>(info.st_size)};
  if (offset >= piece.file_bytes) return piece;
  piece.bytes.resize(std::min<std::uint64_t>(bytes_max, piece.file_bytes - offset));
  std::size_t had = 0;
  while (had < piece.bytes.size()) {
    auto const n = ::pread(fd, piece.bytes.data() + had, piece.bytes.size() - had, static_cast<off_t>(offset + had));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return refuse("read", "the file");
    if (n == 0) break;
    had += static_cast<std::size_t>(n);
  }
  piece.bytes.resize(had);
  return piece;
}

Result<Fd> open_beneath(std::string const& folder, std::string const& relative) {
  Fd const root{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root.open()) return refuse("open", folder);
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Fd file{static_cast<int>(::syscall(SYS_openat2, root.get(), relative.c_str(), &how, sizeof how))};
  if (!file.open() && (errno == EXDEV || errno == ELOOP || errno == ENXIO)) {
    return fail(Errc::forbidden, "path", fmt::format("\"{}\" is a link or leaves its folder.", relative));
  }
  if (!file.open()) return refuse("open", relative);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return refuse("open", relative);
  if (!S_ISREG(info.st_mode)) return fail(Errc::forbidden, "path", fmt::format("\"{}\" is not a plain file.", relative));
  return file;
}

Result<std::vector<TreeFile>> list_tree(std::string const& folder, TreeLimits limits) {
  Fd root{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!root.open()) return refuse("read", folder);
  Walk state{.limits = limits, .files = {}, .entries = 0};
  FABRICA_DO(walk(std::move(root), "", 0, state));
  std::ranges::sort(state.files, {}, &TreeFile::path);
  return std::move(state.files);
}

Result<> make_folder(std::string const& path, int mode) {
  // The mode is meant as it is, whatever our umask.
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0 && ::chmod(path.c_str(), static_cast<mode_t>(mode)) == 0)
    return sync_folder(folder_of(path));
  struct stat info {};
  if (errno == EEXIST) {
    if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
    return fail(Errc::conflict, "exists", fmt::format("{} is there already and is not a folder.", path));
  }
  std::string const above = folder_of(path);
  if (errno != ENOENT || above == path || above == ".") return refuse("create", path);
  FABRICA_DO(make_folder(above, mode));
  return make_folder(path, mode);
}

Result<> sync_folder(std::string const& path) {
  Fd const folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.open() || ::fsync(folder.get()) != 0) return refuse("sync", path);
  return {};
}

Result<> remove_tree(std::string const& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return std::unexpected(file_error("remove", path, error.value()));
  return {};
}

bool exists(std::string const& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

Result<> copy_file(std::string const& from, std::string const& to, int mode) {
  Fd const in{::open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!in.open()) return refuse("read", from);
  Fd const out{::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)};
  if (!out.open() && errno == EEXIST) return fail(Errc::conflict, "exists", fmt::format("{} is there already.", to));
  if (!out.open()) return refuse("write", to);
  bool done = ::ioctl(out.get(), FICLONE, in.get()) == 0;
  while (!done) {
    auto const n = ::copy_file_range(in.get(), nullptr, out.get(), nullptr, 1U << 30U, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      auto error = refuse("write", to);
      ::unlink(to.c_str());
      return error;
    }
    done = n == 0;
  }
  if (::fchmod(out.get(), static_cast<mode_t>(mode)) != 0 || ::fsync(out.get()) != 0) return refuse("write", to);
  return {};
}

}  // namespace fabrica::runtime
