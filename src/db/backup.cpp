#include "db/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

namespace fabrica::db {
namespace {

constexpr std::string_view kScheme = "sqlite:";
constexpr int kPagesAtOnce = 1024;

using Handle = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

std::unexpected<Error> refused(sqlite3* database, std::string_view what) {
  return fail(Errc::unavailable, "database", fmt::format("{}: {}", what, sqlite3_errmsg(database)));
}

Result<Handle> open_at(std::string const& path, int flags) {
  sqlite3* raw = nullptr;
  int const status = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Handle handle{raw, &sqlite3_close};
  if (status != SQLITE_OK) return refused(raw, "cannot open " + path);
  sqlite3_busy_timeout(raw, 10'000);
  return handle;
}

}  // namespace

Result<> copy_sqlite(std::string const& url, std::string const& target, std::function<void(double)> const& progress) {
  if (!url.starts_with(kScheme))
    return fail(Errc::invalid, "database_url", "Only an embedded database is copied here: use pg_dump for PostgreSQL.");
  if (std::filesystem::exists(target))
    return fail(Errc::conflict, "exists", fmt::format("{} is there already.", target));
  FABRICA_TRY(auto const from, open_at(url.substr(kScheme.size()), SQLITE_OPEN_READONLY));
  FABRICA_TRY(auto const to, open_at(target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  // In one read transaction of the source: a writer that goes on does not start the copy over.
  if (sqlite3_exec(from.get(), "BEGIN; SELECT COUNT(*) FROM sqlite_master", nullptr, nullptr, nullptr) != SQLITE_OK)
    return refused(from.get(), "cannot read the database");
  auto* copy = sqlite3_backup_init(to.get(), "main", from.get(), "main");
  if (!copy) return refused(to.get(), "cannot copy the database");
  int status = SQLITE_OK;
  while ((status = sqlite3_backup_step(copy, kPagesAtOnce)) == SQLITE_OK)
    if (int const all = sqlite3_backup_pagecount(copy); progress && all > 0)
      progress(1.0 - static_cast<double>(sqlite3_backup_remaining(copy)) / all);
  sqlite3_backup_finish(copy);
  if (status != SQLITE_DONE) return refused(to.get(), "cannot copy the database");
  int const file = ::open(target.c_str(), O_RDONLY | O_CLOEXEC);
  bool const synced = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (!synced) return fail(Errc::unavailable, "database", fmt::format("cannot sync {}.", target));
  return {};
}

}  // namespace fabrica::db
