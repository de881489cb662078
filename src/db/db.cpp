#include "db/db.hpp"

#include "db/impl/drivers.hpp"

namespace fabrica::db {

Result<> Tx::run_script(std::string_view, std::string_view) {
  return fail(Errc::internal, "query", "This transaction runs no scripts.");
}

Result<std::unique_ptr<Database>> open(Settings const& settings) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (settings.connections_max < 1 || settings.connections_max > 1000)
    return fail(Errc::invalid, "database_url", "The number of database connections must lie between 1 and 1000.");
  std::string_view const url = settings.url;
  if (url.starts_with(kSqlite) && url.size() > kSqlite.size() && url.find('\0') == std::string_view::npos)
    return open_sqlite(std::string{url.substr(kSqlite.size())}, settings.connections_max);
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) return open_postgres(settings);
  return fail(Errc::invalid, "database_url",
              "The database must be named as sqlite:/path/fabrica.db or postgresql://user@host/name.");
}

}  // namespace fabrica::db
