#include "db/migrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "db/impl/sql_text.hpp"

namespace fabrica::db {

struct MigrationFile {
  std::int64_t number = 0;
  std::string name;  // "0010_calls"
  std::string dialect;
  std::string_view text;
  std::string sum;
};

struct AppliedMigration {
  std::int64_t number = 0;
  std::string name;
  std::string checksum;
};
BOOST_DESCRIBE_STRUCT(AppliedMigration, (), (number, name, checksum))

// The one friend of Tx that may run a file of statements.
class Migration {
 public:
  static Result<> script(Tx& tx, std::string_view name, std::string_view sql) { return tx.run_script(name, sql); }
};

namespace {

constexpr std::string_view kMakeTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT "
    "NULL, "
    "applied_us BIGINT NOT NULL)";
constexpr Query kTableThereSqlite{"migrations_there",
                                  "SELECT count(*) FROM sqlite_master WHERE name = 'schema_migrations'"};
constexpr Query kTableTherePostgres{"migrations_there",
                                    "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_migrations' "
                                    "AND schemaname = current_schema()"};
constexpr Query kApplied{"migrations_applied", "SELECT number, name, checksum FROM schema_migrations ORDER BY number"};
constexpr Query kRecord{"migration_record",
                        "INSERT INTO schema_migrations (number, name, checksum, applied_us) VALUES ($1, $2, $3, $4)"};

std::unexpected<Error> bad_files(std::string what) { return fail(Errc::internal, "migrations", std::move(what)); }

Result<MigrationFile> read_name(EmbeddedFile const& file) {
  MigrationFile out;
  out.text = file.content;
  auto name = file.path.substr(file.path.rfind('/') + 1);
  bool ok = name.size() > 9 && name.ends_with(".sql") && name[4] == '_';
  if (ok) {
    name.remove_suffix(4);
    for (std::string_view dialect : {"sqlite", "postgres"}) {
      if (!name.ends_with(fmt::format(".{}", dialect))) continue;
      out.dialect = dialect;
      name.remove_suffix(dialect.size() + 1);
    }
    auto const [end, error] = std::from_chars(name.data(), name.data() + 4, out.number);
    ok = error == std::errc{} && end == name.data() + 4 && out.number > 0 && name.find('.') == std::string_view::npos;
  }
  if (!ok) return bad_files(fmt::format("{} is no name of a migration: they look like 0010_calls.sql.", file.path));
  out.name = name;
  out.sum = fmt::format("{:016x}", checksum(file.content));
  return out;
}

// The files for this dialect in order of their numbers.
Result<std::vector<MigrationFile>> line_of(std::span<EmbeddedFile const> files, Dialect dialect) {
  std::vector<MigrationFile> all;
  for (auto const& file : files) {
    FABRICA_TRY(auto read, read_name(file));
    all.push_back(std::move(read));
  }
  std::ranges::sort(all, {}, [](MigrationFile const& file) { return std::tie(file.number, file.dialect); });
  std::vector<MigrationFile> line;
  std::string_view const mine = dialect == Dialect::sqlite ? "sqlite" : "postgres";
  for (std::size_t at = 0; at < all.size(); ++at) {
    bool const pair = at + 1 < all.size() && all[at + 1].number == all[at].number;
    bool const lone_half = !pair && !all[at].dialect.empty();
    bool const no_pair =
        pair && (all[at].name != all[at + 1].name || all[at].dialect != "postgres" || all[at + 1].dialect != "sqlite");
    if (lone_half || no_pair)
      return bad_files(
          fmt::format("Migration {:04} must be one file, or one .sqlite.sql beside one .postgres.sql of the same "
                      "name.",
                      all[at].number));
    auto& chosen = pair && all[at].dialect != mine ? all[at + 1] : all[at];
    line.push_back(std::move(chosen));
    if (pair) ++at;
  }
  return line;
}

// How many of `line` the database has. They must be its beginning, unchanged.
Result<std::size_t> compare(std::vector<MigrationFile> const& line, std::vector<AppliedMigration> const& applied) {
  for (std::size_t at = 0; at < applied.size(); ++at) {
    auto const& had = applied[at];
    auto const same_number = std::ranges::find(line, had.number, &MigrationFile::number);
    if (same_number == line.end())
      return fail(
          Errc::conflict, "schema_newer",
          fmt::format(
              "The database has migration {}, which this program does not know: it was made by a newer version. "
              "Start that version, or restore a backup made before the upgrade.",
              had.name));
    if (same_number->name != had.name || same_number->sum != had.checksum)
      return fail(
          Errc::conflict, "schema_changed",
          fmt::format(
              "Migration {} was applied to this database with another text than this program carries: restore the "
              "file as it was and write a new migration.",
              had.name));
    if (line[at].number != had.number)
      return fail(
          Errc::conflict, "schema_changed",
          fmt::format("Migration {} is new but comes before {}, which the database has: give it a higher number.",
                      line[at].name, had.name));
  }
  return applied.size();
}

std::string in_dialect(std::string_view text, Dialect dialect) {
  std::pair<std::string_view, std::string_view> const words[]{
      {"{identity}",
       dialect == Dialect::sqlite ? "INTEGER PRIMARY KEY" : "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"},
      {"{bytes}", dialect == Dialect::sqlite ? "BLOB" : "BYTEA"}};
  std::string out{text};
  for (auto const& [word, meaning] : words)
    for (auto at = out.find(word); at != std::string::npos; at = out.find(word, at + meaning.size()))
      out.replace(at, word.size(), meaning);
  return out;
}

// Applies the next file there is; nothing when there is none.
Result<std::optional<std::string>> apply_next(Tx& tx, Dialect dialect, std::vector<MigrationFile> const& line,
                                              Micros now) {
  // Taken before the transaction's snapshot, so that it sees what the process before us did.
  if (dialect == Dialect::postgres)
    FABRICA_DO(Migration::script(tx, "migrations_lock", "LOCK TABLE schema_migrations IN EXCLUSIVE MODE"));
  FABRICA_TRY(auto applied, tx.all<AppliedMigration>(kApplied));
  FABRICA_TRY(auto const done, compare(line, applied));
  if (done == line.size()) return std::nullopt;
  auto const& file = line[done];
  FABRICA_DO(Migration::script(tx, file.name, in_dialect(file.text, dialect)));
  FABRICA_DO(tx.run(kRecord, file.number, file.name, file.sum, now));
  return file.name;
}

Result<> make_table(Database& database) {
  Result<> made;
  for (int attempt = 0; attempt < 3; ++attempt) {
    made = database.write([&](Tx& tx) -> Result<> { return Migration::script(tx, "migrations_table", kMakeTable); });
    // Two processes that make it at once collide in PostgreSQL's own catalogue; the next attempt finds it there.
    if (made || made.error().code != Errc::conflict) return made;
  }
  return made;
}

}  // namespace

Result<MigrationReport> migrate(Database& database, std::span<EmbeddedFile const> files, Clock const& clock) {
  FABRICA_TRY(auto const line, line_of(files, database.dialect()));
  FABRICA_DO(make_table(database));
  MigrationReport report;
  for (;;) {
    FABRICA_TRY(auto name,
                database.write([&](Tx& tx) { return apply_next(tx, database.dialect(), line, clock.now()); }));
    if (!name) break;
    report.applied.push_back(*std::move(name));
  }
  if (!line.empty()) report.version = line.back().number;
  return report;
}

Result<std::vector<std::string>> pending_migrations(Database& database, std::span<EmbeddedFile const> files) {
  FABRICA_TRY(auto const line, line_of(files, database.dialect()));
  FABRICA_TRY(auto const applied, database.read([&](Tx& tx) -> Result<std::vector<AppliedMigration>> {
    auto const& there = database.dialect() == Dialect::sqlite ? kTableThereSqlite : kTableTherePostgres;
    FABRICA_TRY(auto const tables, tx.one<std::int64_t>(there));
    if (tables == 0) return std::vector<AppliedMigration>{};
    return tx.all<AppliedMigration>(kApplied);
  }));
  FABRICA_TRY(auto const done, compare(line, applied));
  std::vector<std::string> pending;
  for (std::size_t at = done; at < line.size(); ++at) pending.push_back(line[at].name);
  return pending;
}

}  // namespace fabrica::db
