#include <fmt/format.h>

#include "db/migrate.hpp"

namespace fabrica::db {
namespace {

constexpr Query kSqlite{"schema_sqlite", R"sql(
  SELECT tbl_name, type, sql FROM sqlite_master WHERE sql IS NOT NULL
   ORDER BY tbl_name, CASE type WHEN 'table' THEN 0 ELSE 1 END, name)sql"};

// A line for the table, one for each column, constraint and index. The driver's own table is not part of the schema.
constexpr Query kPostgres{"schema_postgres", R"sql(
  SELECT relation, place, line FROM (
    SELECT table_name AS relation, 1 AS place, ordinal_position AS at, '  ' || column_name || ' ' || data_type ||
           CASE WHEN is_nullable = 'NO' THEN ' NOT NULL' ELSE '' END ||
           CASE WHEN is_identity = 'YES' THEN ' IDENTITY ' || identity_generation ELSE '' END ||
           COALESCE(' DEFAULT ' || column_default, '') AS line
      FROM information_schema.columns WHERE table_schema = current_schema()
    UNION ALL
    SELECT c.relname, 2, 0, '  ' || pg_get_constraintdef(k.oid)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE k.connamespace = CAST(current_schema() AS regnamespace)
    UNION ALL
    SELECT tablename, 3, 0, '  ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()) AS parts
   WHERE relation <> 'fabrica_commit_marks'
   ORDER BY relation, place, at, line)sql"};

// One space where there was any run of white space, so that a comment's or a line's layout is not part of the schema.
std::string plain(std::string_view text) {
  std::string out;
  for (char const c : text) {
    bool const space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

}  // namespace

Result<std::string> schema_dump(Database& database) {
  return database.read([&](Tx& tx) -> Result<std::string> {
    std::string out;
    std::string relation;
    if (database.dialect() == Dialect::sqlite) {
      FABRICA_DO(tx.each(kSqlite, [&](Row const& row) { out += plain(row.text(2)) + ";\n"; }));
      return out;
    }
    FABRICA_DO(tx.each(kPostgres, [&](Row const& row) {
      if (row.text(0) != relation) out += fmt::format("{}\n", relation = row.text(0));
      out += fmt::format("{}\n", row.text(2));
    }));
    return out;
  });
}

}  // namespace fabrica::db
