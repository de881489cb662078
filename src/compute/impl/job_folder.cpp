#include "compute/impl/job_folder.hpp"

#include <fcntl.h>

#include <cerrno>

#include "json/json.hpp"
#include "runtime/files.hpp"

namespace fabrica::compute {
namespace {

constexpr std::size_t kOrderBytesMax = 16U << 20U;
constexpr std::size_t kStatusBytesMax = 64U << 10U;
constexpr json::Limits kOrderLimits{.bytes = kOrderBytesMax, .depth = 64, .values = 1'000'000};

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<> write_order(JobFolder const& folder, OrderFile const& file) {
  return runtime::write_file(folder.order(), json::write(file));
}

Result<OrderFile> read_order(JobFolder const& folder) {
  FABRICA_TRY(auto const text, runtime::read_file(folder.order(), kOrderBytesMax));
  return json::read<OrderFile>(text, kOrderLimits);
}

Result<> write_status(JobFolder const& folder, Observation const& status) {
  return runtime::write_file(folder.status(), json::write(status));
}

Result<Observation> read_status(JobFolder const& folder) {
  auto const text = runtime::read_file(folder.status(), kStatusBytesMax);
  if (!text && text.error().code == Errc::not_found) return Observation{};
  if (!text) return std::unexpected(text.error());
  return json::read<Observation>(*text);
}

Result<std::optional<runtime::Fd>> take_lock(JobFolder const& folder) {
  runtime::Fd file{::open(folder.lock().c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file.open()) return std::unexpected(runtime::file_error("lock", folder.lock(), errno));
  auto lock = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return std::optional{std::move(file)};
  if (errno == EAGAIN || errno == EACCES) return std::optional<runtime::Fd>{};
  return std::unexpected(runtime::file_error("lock", folder.lock(), errno));
}

bool is_locked(JobFolder const& folder) {
  runtime::Fd const file{::open(folder.lock().c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
  auto lock = whole_file(F_WRLCK);
  return file.open() && ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace fabrica::compute
