#include "compute/impl/log_pump.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "runtime/files.hpp"

namespace fabrica::compute {
namespace {

constexpr std::string_view kTruncated = "\n[fabrica: the log is full, what follows was dropped]\n";

void write_out(int fd, std::string_view bytes) {
  // A log that cannot be written (a full disk) must not end the job.
  while (!bytes.empty()) {
    auto const n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

Result<LogPump> LogPump::open(runtime::Fd from, std::string const& path, std::int64_t bytes_max) {
  runtime::Fd to{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600)};
  struct stat info {};
  if (!to.open() || ::fstat(to.get(), &info) != 0 || ::fcntl(from.get(), F_SETFL, O_NONBLOCK) != 0)
    return std::unexpected(runtime::file_error("write", path, errno));
  return LogPump{std::move(from), std::move(to), std::max<std::int64_t>(bytes_max - info.st_size, 0)};
}

void LogPump::pump() {
  std::array<char, 65'536> buffer;
  // At most this much at a time: a job that floods must not keep the supervisor from looking at its clock.
  for (int round = 0; round < 16 && from_.open(); ++round) {
    auto const n = ::read(from_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return from_.reset();
    keep(buffer.data(), static_cast<std::size_t>(n));
  }
}

void LogPump::keep(char const* bytes, std::size_t count) {
  auto const kept = std::min<std::size_t>(count, static_cast<std::size_t>(left_));
  write_out(to_.get(), {bytes, kept});
  left_ -= static_cast<std::int64_t>(kept);
  if (kept == count || truncated_) return;
  truncated_ = true;
  write_out(to_.get(), kTruncated);
}

}  // namespace fabrica::compute
