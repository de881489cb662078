#pragma once

#include <memory>
#include <string>
#include <vector>

#include "db/db.hpp"
#include "db/impl/statement_cache.hpp"

struct pg_conn;
struct pg_result;

namespace fabrica::db {

struct PgResultClose {
  void operator()(pg_result* result) const;
};
using PgResult = std::unique_ptr<pg_result, PgResultClose>;

// The row under the cursor of a result in text format.
class PgRow final : public Row {
 public:
  int columns() const override;
  std::string_view name(int column) const override;
  bool null(int column) const override;
  std::int64_t int64(int column) const override;
  double real(int column) const override;
  std::string_view text(int column) const override;
  ByteView bytes(int column) const override;

  void stand_on(pg_result const* result, int at);

 private:
  pg_result const* result_ = nullptr;
  int at_ = 0;
  mutable std::vector<Bytes> decoded_;  // bytea arrives as \x and hex digits
};

struct PgStatement {
  std::string sql;   // as the caller has it
  std::string name;  // as the server knows it
  std::size_t parameters = 0;
  PgRow row;
  bool busy = false;
};

// What a failed statement means for the transaction it was in.
enum class PgFate : std::uint8_t {
  refused,  // the server said no
  again,    // it lost against another transaction (40001, 40P01): run the closure once more
  lost,     // the connection is gone
};
struct PgFailure {
  PgFate fate{};
  Error error{};
};

// One connection, used by one thread at a time. Every call leaves the cause of its failure in failure().
class PgConnection {
 public:
  static Result<std::unique_ptr<PgConnection>> open(std::string const& url);
  ~PgConnection();
  PgConnection(PgConnection const&) = delete;
  PgConnection& operator=(PgConnection const&) = delete;

  Result<> query(Query const&, Param const* params, std::size_t count, std::function<void(Row const&)> const& visit);
  Result<std::int64_t> change(Query const&, Param const* params, std::size_t count);
  Result<std::int64_t> insert(Query const&, Param const* params, std::size_t count);
  // One or several statements as they are, without parameters. Rows affected by, or given by, the last.
  Result<std::int64_t> script(std::string_view name, std::string const& sql);

  std::optional<PgFailure> const& failure() const { return failure_; }
  void forget_failure() { failure_.reset(); }
  bool alive() const;
  // Rolls back what is open. False when the connection cannot be used again.
  bool leave_transaction();

 private:
  using Cache = StatementCache<PgStatement>;
  explicit PgConnection(pg_conn* handle) : handle_{handle} {}
  Result<> prepare_session();
  Result<PgStatement*> prepared(Cache& cache, Query const& query, std::string_view suffix, std::size_t count);
  Result<PgResult> execute(PgStatement const& statement, Query const& query, Param const* params, std::size_t count);
  Result<> encode(Param const* params, std::size_t count);
  Result<PgResult> check(pg_result* result, std::string_view query);
  std::unexpected<Error> failed(PgFate fate, Error error);

  pg_conn* handle_;
  Cache statements_;
  Cache inserts_;
  std::uint64_t names_given_ = 0;
  std::optional<PgFailure> failure_;
  // Scratch of one call: texts with their NUL, and what libpq wants to be told about each.
  std::string texts_;
  std::vector<std::ptrdiff_t> offsets_;
  std::vector<char const*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

class PgTx final : public Tx {
 public:
  PgTx(PgConnection& connection, bool read_only) : connection_{connection}, read_only_{read_only} {}
  void after_commit(std::function<void()> notify) override { notify_.push_back(std::move(notify)); }
  std::vector<std::function<void()>> take_notifications() { return std::move(notify_); }

 protected:
  Result<> run_query(Query const&, Param const*, std::size_t, std::function<void(Row const&)> const&) override;
  Result<std::int64_t> run_change(Query const&, Param const*, std::size_t) override;
  Result<std::int64_t> run_insert(Query const&, Param const*, std::size_t) override;
  Result<> run_script(std::string_view name, std::string_view sql) override;

 private:
  template <class F>
  auto guarded(F&& call) -> decltype(call()) {
    if (auto const& failure = connection_.failure()) return std::unexpected(failure->error);
    return call();
  }

  PgConnection& connection_;
  bool read_only_;
  std::vector<std::function<void()>> notify_;
};

}  // namespace fabrica::db
