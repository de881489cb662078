#pragma once

#include <memory>
#include <string>
#include <vector>

#include "db/db.hpp"
#include "db/impl/statement_cache.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace fabrica::db {

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_{statement} {}
  int columns() const override;
  std::string_view name(int column) const override;
  bool null(int column) const override;
  std::int64_t int64(int column) const override;
  double real(int column) const override;
  std::string_view text(int column) const override;
  ByteView bytes(int column) const override;

 private:
  sqlite3_stmt* statement_;
};

struct SqliteStatement {
  SqliteStatement(std::string text, sqlite3_stmt* prepared) : sql{std::move(text)}, handle{prepared}, row{prepared} {}
  ~SqliteStatement();
  SqliteStatement(SqliteStatement const&) = delete;
  SqliteStatement& operator=(SqliteStatement const&) = delete;

  std::string sql;
  sqlite3_stmt* handle;
  SqliteRow row;
  bool busy = false;
};

// One connection, used by one thread at a time.
class SqliteConnection {
 public:
  enum class Use { write, read };
  // Makes the file when a writer opens it and it is not there.
  static Result<std::unique_ptr<SqliteConnection>> open(std::string const& path, Use use);
  ~SqliteConnection();
  SqliteConnection(SqliteConnection const&) = delete;
  SqliteConnection& operator=(SqliteConnection const&) = delete;

  Result<> query(Query const&, Param const* params, std::size_t count, std::function<void(Row const&)> const& visit);
  Result<std::int64_t> change(Query const&, Param const* params, std::size_t count);
  Result<std::int64_t> insert(Query const&, Param const* params, std::size_t count);
  Result<> script(std::string_view name, std::string_view sql);
  Result<> command(Query const& query);

  struct Commit {
    enum class Outcome { kept, refused, unknown } outcome;
    Error error{};
  };
  Commit commit();
  void rollback();
  // False once SQLite has rolled the transaction back by itself (disk full, I/O error).
  bool in_transaction() const;
  // True once the file no longer lies where it was opened: what is written now would be lost with the process.
  bool moved() const;
  void trim() { statements_.trim(); }

 private:
  SqliteConnection(sqlite3* handle, std::string path) : handle_{handle}, path_{std::move(path)} {}
  Result<> prepare_session(Use use);
  Result<std::unique_ptr<SqliteStatement>> prepare(Query const& query);
  // The statement ready to step; `spare` owns it when the kept one is in use further up the stack.
  Result<SqliteStatement*> ready(Query const&, Param const* params, std::size_t count,
                                 std::unique_ptr<SqliteStatement>& spare);
  Result<> bind(SqliteStatement&, Query const&, Param const* params, std::size_t count);
  Error error(std::string_view query) const;

  sqlite3* handle_;
  std::string path_;
  StatementCache<SqliteStatement> statements_;
};

class SqliteTx final : public Tx {
 public:
  SqliteTx(SqliteConnection& connection, bool read_only) : connection_{connection}, read_only_{read_only} {}
  void after_commit(std::function<void()> notify) override { notify_.push_back(std::move(notify)); }
  // The error of the first statement that failed: the transaction is lost whatever the closure then says.
  std::optional<Error> const& failure() const { return failure_; }
  std::vector<std::function<void()>> take_notifications() { return std::move(notify_); }

 protected:
  Result<> run_query(Query const&, Param const*, std::size_t, std::function<void(Row const&)> const&) override;
  Result<std::int64_t> run_change(Query const&, Param const*, std::size_t) override;
  Result<std::int64_t> run_insert(Query const&, Param const*, std::size_t) override;
  Result<> run_script(std::string_view name, std::string_view sql) override;

 private:
  template <class F>
  auto guarded(F&& call) -> decltype(call()) {
    if (failure_) return std::unexpected(*failure_);
    auto result = call();
    if (!result) failure_ = result.error();
    return result;
  }

  SqliteConnection& connection_;
  bool read_only_;
  std::optional<Error> failure_;
  std::vector<std::function<void()>> notify_;
};

}  // namespace fabrica::db
