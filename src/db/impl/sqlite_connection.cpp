#include "db/impl/sqlite_connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "db/impl/sql_text.hpp"

namespace fabrica::db {
namespace {

std::unexpected<Error> gone(std::string what) { return fail(Errc::unavailable, "database", std::move(what)); }

Error constraint_error(int code, char const* message) {
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID)
    return {Errc::conflict, "unique", "There is one with the same value already."};
  return {Errc::conflict, "constraint", fmt::format("A value breaks a rule of the database ({}).", message)};
}

Error sqlite_error(int code, char const* message, std::string const& path, std::string_view query) {
  auto const unavailable = [&](std::string what) { return Error{Errc::unavailable, "database", std::move(what)}; };
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT: return constraint_error(code, message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(
          fmt::format("The database {} is locked by another program: stop that program, then try again.", path));
    case SQLITE_FULL:
      return unavailable(
          fmt::format("The disk that holds the database {} is full: free some space, then try again.", path));
    case SQLITE_READONLY:
      return unavailable(
          fmt::format("The database {} cannot be written: give this user write permission on the file and "
                      "its folder.",
                      path));
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return unavailable(
          fmt::format("The database {} cannot be opened: check that its folder is there and that this user "
                      "may read and write it.",
                      path));
    case SQLITE_NOTADB:
      return unavailable(fmt::format("{} is not an SQLite database: name another file or restore a backup.", path));
    case SQLITE_CORRUPT:
      return unavailable(fmt::format("The database {} is damaged: stop the server and restore a backup.", path));
    case SQLITE_IOERR:
      return unavailable(
          fmt::format("The disk that holds the database {} gave an error ({}): check the disk.", path, code));
    case SQLITE_NOMEM: return unavailable("There is not enough memory for the database: try again later.");
    case SQLITE_TOOBIG: return {Errc::too_large, "row", "A value is too large for the database."};
    default: return {Errc::internal, "query", fmt::format("Query {}: {}.", query, message)};
  }
}

// SQLite would make the file readable for everybody, and the files beside it take its mode.
Result<> make_private_file(std::string const& path) {
  int const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return gone(
        fmt::format("The database {} cannot be opened ({}): check that its folder is there and that this user may "
                    "read and write it.",
                    path, std::strerror(errno)));
  struct stat info {};
  bool const plain = ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  ::close(file);
  if (!plain) return gone(fmt::format("{} is not a file: name the database file itself.", path));
  return {};
}

// PostgreSQL's greatest() and least(): NULLs are passed over.
template <int sign>
void pick(sqlite3_context* context, int count, sqlite3_value** values) {
  sqlite3_value* best = nullptr;
  for (int at = 0; at < count; ++at) {
    auto* const value = values[at];
    if (sqlite3_value_type(value) == SQLITE_NULL) continue;
    bool better = best == nullptr;
    if (!better && sqlite3_value_type(value) == SQLITE_INTEGER && sqlite3_value_type(best) == SQLITE_INTEGER) {
      better = sign > 0 ? sqlite3_value_int64(value) > sqlite3_value_int64(best)
                        : sqlite3_value_int64(value) < sqlite3_value_int64(best);
    } else if (!better) {
      better = sign > 0 ? sqlite3_value_double(value) > sqlite3_value_double(best)
                        : sqlite3_value_double(value) < sqlite3_value_double(best);
    }
    if (better) best = value;
  }
  if (best != nullptr) sqlite3_result_value(context, best);
}

// Resets the statement however it is left.
class Stepping {
 public:
  explicit Stepping(SqliteStatement& statement) : statement_{statement} { statement_.busy = true; }
  ~Stepping() {
    sqlite3_reset(statement_.handle);
    statement_.busy = false;
  }
  Stepping(Stepping const&) = delete;
  Stepping& operator=(Stepping const&) = delete;

 private:
  SqliteStatement& statement_;
};

int bind_one(sqlite3_stmt* statement, int at, Param const& param) {
  struct Visitor {
    sqlite3_stmt* statement;
    int at;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, at); }
    int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, at, value); }
    int operator()(double value) const { return sqlite3_bind_double(statement, at, value); }
    int operator()(std::string_view value) const {  // a null address would bind NULL, and empty is not NULL
      return sqlite3_bind_text64(statement, at, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    }
    int operator()(ByteView value) const {
      return sqlite3_bind_blob64(statement, at,
                                 value.empty() ? reinterpret_cast<std::uint8_t const*>("") : value.data(), value.size(),
                                 SQLITE_STATIC);
    }
  };
  return std::visit(Visitor{statement, at}, param);
}

}  // namespace

int SqliteRow::columns() const { return sqlite3_column_count(statement_); }
std::string_view SqliteRow::name(int column) const { return sqlite3_column_name(statement_, column); }
bool SqliteRow::null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t SqliteRow::int64(int column) const { return sqlite3_column_int64(statement_, column); }
double SqliteRow::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string_view SqliteRow::text(int column) const {
  auto const* const text = reinterpret_cast<char const*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
ByteView SqliteRow::bytes(int column) const {
  auto const* const bytes = static_cast<std::uint8_t const*>(sqlite3_column_blob(statement_, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(handle); }

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(std::string const& path, Use use) {
  if (use == Use::write) FABRICA_DO(make_private_file(path));
  sqlite3* handle = nullptr;
  int const code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteConnection> connection{new SqliteConnection{handle, path}};
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(code, sqlite3_errstr(code), path, "open"));
  FABRICA_DO(connection->prepare_session(use));
  return connection;
}

Result<> SqliteConnection::prepare_session(Use use) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, 5000);
  // "text" in double quotes is a name, as the standard and PostgreSQL have it, and LIKE minds the case.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  for (auto const& [name, function] : {std::pair{"greatest", &pick<1>}, std::pair{"least", &pick<-1>}})
    sqlite3_create_function_v2(handle_, name, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, function, nullptr,
                               nullptr, nullptr);
  FABRICA_DO(script("session",
                    "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; "
                    "PRAGMA trusted_schema = OFF; PRAGMA case_sensitive_like = ON; PRAGMA cache_size = -8000;"));
  if (use == Use::read) return script("session", "PRAGMA query_only = ON;");
  std::string mode;
  FABRICA_DO(
      query({"journal_mode", "PRAGMA journal_mode = WAL"}, nullptr, 0, [&](Row const& row) { mode = row.text(0); }));
  if (mode != "wal")
    return gone(fmt::format("The database {} cannot use a write-ahead log there: move it to a local disk.", path_));
  return script("session", "PRAGMA journal_size_limit = 67108864;");
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

Error SqliteConnection::error(std::string_view query) const {
  return sqlite_error(sqlite3_extended_errcode(handle_), sqlite3_errmsg(handle_), path_, query);
}

Result<std::unique_ptr<SqliteStatement>> SqliteConnection::prepare(Query const& query) {
  auto const text = number_parameters(query.sql);
  sqlite3_stmt* prepared = nullptr;
  char const* tail = nullptr;
  int const code = sqlite3_prepare_v3(handle_, text.c_str(), static_cast<int>(text.size() + 1),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, &tail);
  auto statement = std::make_unique<SqliteStatement>(std::string{query.sql}, prepared);
  if (code != SQLITE_OK) return std::unexpected(error(query.name));
  if (prepared == nullptr || std::string_view{tail}.find_first_not_of(" \t\r\n;") != std::string_view::npos)
    return fail(Errc::internal, "query", fmt::format("Query {} is not one statement.", query.name));
  return statement;
}

Result<SqliteStatement*> SqliteConnection::ready(Query const& query, Param const* params, std::size_t count,
                                                 std::unique_ptr<SqliteStatement>& spare) {
  auto* statement = statements_.find(query.sql);
  if (statement == nullptr) {
    FABRICA_TRY(auto made, prepare(query));
    statement = &statements_.put(query.sql, std::move(made));
  } else if (statement->busy) {
    FABRICA_TRY(spare, prepare(query));
    statement = spare.get();
  }
  FABRICA_DO(bind(*statement, query, params, count));
  return statement;
}

Result<> SqliteConnection::bind(SqliteStatement& statement, Query const& query, Param const* params,
                                std::size_t count) {
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement.handle)) != count)
    return fail(Errc::internal, "query",
                fmt::format("Query {} takes {} parameters and was given {}.", query.name,
                            sqlite3_bind_parameter_count(statement.handle), count));
  for (std::size_t at = 0; at < count; ++at) {
    if (auto const* text = std::get_if<std::string_view>(&params[at]); text != nullptr && !storable_text(*text))
      return fail(Errc::invalid, "text", "A text is not valid UTF-8 or holds a NUL character: correct it.");
    if (bind_one(statement.handle, static_cast<int>(at) + 1, params[at]) != SQLITE_OK)
      return std::unexpected(error(query.name));
  }
  return {};
}

Result<> SqliteConnection::query(Query const& query, Param const* params, std::size_t count,
                                 std::function<void(Row const&)> const& visit) {
  std::unique_ptr<SqliteStatement> spare;
  FABRICA_TRY(auto* statement, ready(query, params, count, spare));
  Stepping const stepping{*statement};
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement->handle)) == SQLITE_ROW) visit(statement->row);
  if (code != SQLITE_DONE) return std::unexpected(error(query.name));
  return {};
}

Result<std::int64_t> SqliteConnection::change(Query const& query, Param const* params, std::size_t count) {
  std::unique_ptr<SqliteStatement> spare;
  FABRICA_TRY(auto* statement, ready(query, params, count, spare));
  Stepping const stepping{*statement};
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement->handle)) == SQLITE_ROW) {
  }
  if (code != SQLITE_DONE) return std::unexpected(error(query.name));
  return sqlite3_changes64(handle_);
}

Result<std::int64_t> SqliteConnection::insert(Query const& query, Param const* params, std::size_t count) {
  sqlite3_set_last_insert_rowid(handle_, 0);
  FABRICA_DO(change(query, params, count));
  auto const id = sqlite3_last_insert_rowid(handle_);
  if (id == 0) return fail(Errc::internal, "query", fmt::format("Query {} made no row: use run().", query.name));
  return id;
}

Result<> SqliteConnection::script(std::string_view name, std::string_view sql) {
  if (sqlite3_exec(handle_, std::string{sql}.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error(name));
  return {};
}

Result<> SqliteConnection::command(Query const& query) {
  FABRICA_DO(change(query, nullptr, 0));
  return {};
}

SqliteConnection::Commit SqliteConnection::commit() {
  auto done = command({"commit", "COMMIT"});
  if (done) return {Commit::Outcome::kept};
  // A frame that could not be written never ends a transaction in the log: nothing is kept. After an I/O error the last
  // frame may lie in the log unsynced, and the next recovery may find it or not.
  bool const unknown = (sqlite3_extended_errcode(handle_) & 0xFF) == SQLITE_IOERR;
  rollback();
  return {unknown ? Commit::Outcome::unknown : Commit::Outcome::refused, std::move(done).error()};
}

void SqliteConnection::rollback() {
  if (in_transaction()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

bool SqliteConnection::moved() const {
  int moved = 0;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

Result<> SqliteTx::run_query(Query const& query, Param const* params, std::size_t count,
                             std::function<void(Row const&)> const& visit) {
  return guarded([&] { return connection_.query(query, params, count, visit); });
}

Result<std::int64_t> SqliteTx::run_change(Query const& query, Param const* params, std::size_t count) {
  FABRICA_CHECK(!read_only_);
  return guarded([&] { return connection_.change(query, params, count); });
}

Result<std::int64_t> SqliteTx::run_insert(Query const& query, Param const* params, std::size_t count) {
  FABRICA_CHECK(!read_only_);
  return guarded([&] { return connection_.insert(query, params, count); });
}

Result<> SqliteTx::run_script(std::string_view name, std::string_view sql) {
  FABRICA_CHECK(!read_only_);
  return guarded([&] { return connection_.script(name, sql); });
}

}  // namespace fabrica::db
