#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/embedded.hpp"
#include "db/db.hpp"

namespace fabrica::db {

struct MigrationReport {
  std::vector<std::string> applied;  // by this call, in order
  std::int64_t version = 0;          // the number of the last one the database has
};

// Brings the schema to that of `files`, each file in a transaction of its own, in the order of their numbers. Several
// processes may do it at once. Files are "0010_calls.sql", or "0010_calls.sqlite.sql" beside "0010_calls.postgres.sql";
// {identity} in them stands for the type of a primary key the database numbers itself, {bytes} for a byte string.
// Errors: conflict "schema_newer" (made by a newer program), conflict "schema_changed" (a file that was applied is
// another now, or a new one comes before it), internal "migrations" (the files themselves), those of the database.
Result<MigrationReport> migrate(Database& database, std::span<EmbeddedFile const> files, Clock const& clock);

// What migrate() would apply, and its refusals; changes nothing.
Result<std::vector<std::string>> pending_migrations(Database& database, std::span<EmbeddedFile const> files);

// Every table, column, constraint and index as text, sorted: what the golden schema files hold.
Result<std::string> schema_dump(Database& database);

}  // namespace fabrica::db
