#pragma once

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/acting.hpp"
#include "base/bytes.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace fabrica::db {

// One SQL text for both databases, parameters $1, $2, ...; the name is a metric label. Kept as constants in a module's
// impl/store files. Portable SQL only (docs/decisions, src/db/README.md lists what differs).
struct Query {
  std::string_view name;
  std::string_view sql;
};

enum class Dialect : std::uint8_t { sqlite, postgres };

// A bound parameter; views must outlive the call they are passed to.
using Param = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, ByteView>;

// The row under the cursor. Text and bytes are valid until the row is left.
class Row {
 public:
  virtual ~Row() = default;
  virtual int columns() const = 0;
  virtual std::string_view name(int column) const = 0;
  virtual bool null(int column) const = 0;
  virtual std::int64_t int64(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual ByteView bytes(int column) const = 0;

  // Which column each member of the type `type` (an address that stands for it) comes from. mapping.hpp fills it in at
  // the first row; drivers keep a Row as long as its prepared statement, so that is done once a statement.
  struct Binding {
    void const* type = nullptr;
    std::vector<int> columns;
  };
  Binding& binding() const { return binding_; }

 private:
  mutable Binding binding_;
};

// How a C++ value is bound and read. Integers and bool, double, text, Bytes, Id, PublicId, Time, described enums (as
// their names) and optionals of these; a described struct is read member by member from the columns of the same name.
template <class T>
Param to_param(T const& value);
template <class T>
T from_column(Row const& row, int column);
template <class T>
T from_row(Row const& row);

// A transaction. On PostgreSQL the closure that uses it may run again (SERIALIZABLE), so it has no side effect but this
// one. After a statement has failed the closure must return that error: the transaction is lost.
// Errors of every call: conflict "unique" (a UNIQUE constraint), conflict "constraint" (CHECK, NOT NULL, FOREIGN KEY),
// invalid "text" (not UTF-8, or a NUL character), too_large "row", unavailable "database" (gone, locked, full: the text
// says which and what to do), internal "query" (the statement itself is wrong: a bug).
class Tx {
 public:
  virtual ~Tx() = default;

  template <class T, class... A>
  Result<std::vector<T>> all(Query const& query, A const&... args) {
    std::vector<T> out;
    FABRICA_DO(each(query, [&](Row const& row) { out.push_back(from_row<T>(row)); }, args...));
    return out;
  }

  template <class T, class... A>
  Result<std::optional<T>> maybe(Query const& query, A const&... args) {
    std::optional<T> out;
    FABRICA_DO(each(query, [&](Row const& row) { if (!out) out = from_row<T>(row); }, args...));
    return out;
  }

  // The one row there must be. Errors: not_found "row" besides the above.
  template <class T, class... A>
  Result<T> one(Query const& query, A const&... args) {
    FABRICA_TRY(auto found, maybe<T>(query, args...));
    if (!found) return fail(Errc::not_found, "row", "There is no such thing here.");
    return *std::move(found);
  }

  template <class... A>
  Result<> each(Query const& query, std::function<void(Row const&)> const& visit, A const&... args) {
    Param const params[]{to_param(args)..., nullptr};
    return run_query(query, params, sizeof...(A), visit);
  }

  // Rows changed.
  template <class... A>
  Result<std::int64_t> run(Query const& query, A const&... args) {
    Param const params[]{to_param(args)..., nullptr};
    return run_change(query, params, sizeof...(A));
  }

  // The id of the row an INSERT made. Write no RETURNING: the layer asks each database its own way.
  template <class... A>
  Result<std::int64_t> insert(Query const& query, A const&... args) {
    Param const params[]{to_param(args)..., nullptr};
    return run_insert(query, params, sizeof...(A));
  }

  // Runs once, after the commit is durable, on whatever thread committed: wake somebody, never work.
  virtual void after_commit(std::function<void()> notify) = 0;

  // Who acts in this transaction, if it was said: the journal adds for whom.
  Acting const* acting() const { return acting_.get(); }

 protected:
  virtual Result<> run_query(Query const&, Param const* params, std::size_t count,
                             std::function<void(Row const&)> const& visit) = 0;
  virtual Result<std::int64_t> run_change(Query const&, Param const* params, std::size_t count) = 0;
  virtual Result<std::int64_t> run_insert(Query const&, Param const* params, std::size_t count) = 0;
  // Several statements without parameters or answers: migrations only.
  virtual Result<> run_script(std::string_view name, std::string_view sql);

  friend class FaultyTx;   // db/testing: passes calls on, failing the n-th
  friend class Migration;  // db/migrate.cpp

 private:
  friend class ActingIn;
  std::shared_ptr<Acting const> acting_;
};

// Says who acts in a transaction for as long as it lives: a connection's transactions share one Tx.
class ActingIn {
 public:
  ActingIn(Tx& tx, std::shared_ptr<Acting const> who) : tx_{tx} { tx_.acting_ = std::move(who); }
  ~ActingIn() { tx_.acting_.reset(); }
  ActingIn(ActingIn const&) = delete;
  ActingIn& operator=(ActingIn const&) = delete;

 private:
  Tx& tx_;
};

// Safe from any thread. A write closure runs in a transaction that commits durably before write() returns, or not at all
// when the closure returns an error; on SQLite one thread runs them and groups their commits. A read closure sees one
// consistent snapshot and must not change anything. Neither may call the database again from inside.
class Database {
 public:
  virtual ~Database() = default;
  virtual Dialect dialect() const = 0;

  template <class F>
  std::invoke_result_t<F&, Tx&> read(F&& closure) {
    return in<F, &Database::run_read>(closure);
  }
  template <class F>
  std::invoke_result_t<F&, Tx&> write(F&& closure) {
    return in<F, &Database::run_write>(closure);
  }

 protected:
  using Closure = std::function<Result<>(Tx&)>;
  virtual Result<> run_read(Closure const& closure) = 0;
  virtual Result<> run_write(Closure const& closure) = 0;

 private:
  template <class F, auto run>
  std::invoke_result_t<F&, Tx&> in(F& closure) {
    using R = std::invoke_result_t<F&, Tx&>;
    std::optional<R> answer;
    auto done = (this->*run)([&](Tx& tx) -> Result<> {
      answer.emplace(closure(tx));
      if (!*answer) return std::unexpected(answer->error());
      return {};
    });
    if (!done) return std::unexpected(std::move(done).error());
    return *std::move(answer);
  }
};

struct Settings {
  // "sqlite:/path/fabrica.db" or "postgresql://user@host/name" (libpq's URI, socket folders included).
  std::string url;
  int connections_max = 8;
  // PostgreSQL: how long a call goes on trying to reach a server that went away.
  int reconnect_ms_max = 15'000;
};

// Errors: invalid "database_url", unavailable "database".
Result<std::unique_ptr<Database>> open(Settings const& settings);

}  // namespace fabrica::db

#include "db/mapping.hpp"  // IWYU pragma: export
