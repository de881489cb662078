#include "db/impl/postgres_connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <cstring>

#include "db/impl/sql_text.hpp"

namespace fabrica::db {
namespace {

constexpr unsigned kBoolType = 16;  // pg_type.dat

std::string one_line(char const* message) {
  std::string out{message};
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  for (char& c : out)
    if (c == '\n') c = ' ';
  return out;
}

Error gone(std::string what) { return {Errc::unavailable, "database", std::move(what)}; }

// Class 23 and the codes that need an answer of their own; appendix A of PostgreSQL's manual lists them.
PgFailure classify(std::string_view state, std::string const& message, std::string_view query) {
  auto const refused = [](Error error) { return PgFailure{PgFate::refused, std::move(error)}; };
  if (state == "40001" || state == "40P01")
    return {PgFate::again, gone("Too many others change the same thing at this moment: try again.")};
  if ((state.starts_with("08") && state != "08P01") || state == "57P01" || state == "57P02" || state == "57P03" ||
      state == "57P05")
    return {PgFate::lost,
            gone(fmt::format("The PostgreSQL server went away ({}): check that it runs, then try again.", message))};
  // A plan made before a migration of another process: a new connection plans again.
  if (state == "0A000" && message.find("cached plan") != std::string::npos) return {PgFate::lost, gone(message)};
  if (state == "23505") return refused({Errc::conflict, "unique", "There is one with the same value already."});
  if (state.starts_with("23"))
    return refused({Errc::conflict, "constraint", fmt::format("A value breaks a rule of the database ({}).", message)});
  if (state == "22021" || state == "22P05")
    return refused({Errc::invalid, "text", "A text is not valid UTF-8 or holds a NUL character: correct it."});
  if (state == "54000") return refused({Errc::too_large, "row", "A value is too large for the database."});
  if (state == "53100")
    return refused(gone("The disk of the PostgreSQL server is full: free some space there, then try again."));
  if (state == "53300")
    return refused(gone("The PostgreSQL server takes no more connections: raise max_connections there."));
  if (state.starts_with("53") || state == "55P03" || state == "57014")
    return refused(gone(fmt::format("The PostgreSQL server refused for now ({}): try again later.", message)));
  if (state == "25006")
    return refused(
        gone("The PostgreSQL server takes no writes (a standby, or set read-only): connect to the primary."));
  if (state == "42501")
    return refused(gone(
        fmt::format("PostgreSQL forbids it ({}): make the role of this server the owner of its database.", message)));
  if (state.starts_with("XX") || state.starts_with("58"))
    return refused(gone(fmt::format("The PostgreSQL server has a fault ({}): see its log.", message)));
  return refused({Errc::internal, "query", fmt::format("Query {}: {} ({}).", query, message, state)});
}

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

}  // namespace

void PgResultClose::operator()(pg_result* result) const { PQclear(result); }

void PgRow::stand_on(pg_result const* result, int at) {
  result_ = result;
  at_ = at;
}
int PgRow::columns() const { return PQnfields(result_); }
std::string_view PgRow::name(int column) const { return PQfname(result_, column); }
bool PgRow::null(int column) const { return PQgetisnull(result_, at_, column) != 0; }
std::string_view PgRow::text(int column) const {
  return {PQgetvalue(result_, at_, column), static_cast<std::size_t>(PQgetlength(result_, at_, column))};
}

std::int64_t PgRow::int64(int column) const {
  auto const text = this->text(column);
  if (PQftype(result_, column) == kBoolType) return text == "t" ? 1 : 0;
  std::int64_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // A numeric may carry decimals; they are dropped as SQLite drops them.
  if (error != std::errc{} || (end != text.data() + text.size() && *end != '.'))
    detail::unfit_column(*this, column, "an integer");
  return value;
}

double PgRow::real(int column) const {
  auto const text = this->text(column);
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) detail::unfit_column(*this, column, "a number");
  return value;
}

ByteView PgRow::bytes(int column) const {
  auto const text = this->text(column);
  if (!text.starts_with("\\x")) return as_bytes(text);
  if (decoded_.size() <= static_cast<std::size_t>(column)) decoded_.resize(static_cast<std::size_t>(columns()));
  auto& out = decoded_[static_cast<std::size_t>(column)];
  out.resize(text.size() / 2 - 1);
  for (std::size_t at = 0; at < out.size(); ++at)
    out[at] = static_cast<std::uint8_t>(hex_digit(text[2 * at + 2]) << 4 | hex_digit(text[2 * at + 3]));
  return out;
}

Result<std::unique_ptr<PgConnection>> PgConnection::open(std::string const& url) {
  // What stands in the URL wins over what stands before it here.
  char const* const keys[]{"connect_timeout", "fallback_application_name", "tcp_user_timeout",
                           "dbname",          "client_encoding",           nullptr};
  char const* const values[]{"10", "fabrica", "30000", url.c_str(), "UTF8", nullptr};
  auto* const handle = PQconnectdbParams(keys, values, 1);
  std::unique_ptr<PgConnection> connection{new PgConnection{handle}};
  if (handle == nullptr) return std::unexpected(gone("There is not enough memory for the database: try again later."));
  if (PQstatus(handle) != CONNECTION_OK)
    return std::unexpected(
        gone(fmt::format("No connection to PostgreSQL: {}. Check the database URL and that the server runs.",
                         one_line(PQerrorMessage(handle)))));
  PQsetNoticeProcessor(
      handle, [](void*, char const*) {}, nullptr);
  FABRICA_DO(connection->prepare_session());
  return connection;
}

Result<> PgConnection::prepare_session() {
  if (PQserverVersion(handle_) < 130000)
    return std::unexpected(gone("The PostgreSQL server is older than version 13: upgrade it."));
  // An answer is given after a commit is durable, whatever the server's default.
  FABRICA_DO(script("session",
                    "SET TimeZone = 'UTC'; SET bytea_output = 'hex'; SET client_min_messages = error; "
                    "SET extra_float_digits = 1; SET standard_conforming_strings = on; "
                    "SELECT set_config('synchronous_commit', 'on', false) "
                    "WHERE current_setting('synchronous_commit') = 'off'"));
  std::string encoding;
  std::string order;
  FABRICA_DO(query({"session",
                    "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate FROM pg_database "
                    "WHERE datname = current_database()"},
                   nullptr, 0, [&](Row const& row) {
                     encoding = row.text(0);
                     order = row.text(1);
                   }));
  // Pages and proofs rely on texts being sorted by their bytes, as SQLite does.
  bool const by_bytes = order == "C" || order == "POSIX" || order.starts_with("C.");
  if (encoding != "UTF8" || !by_bytes)
    return std::unexpected(
        gone(fmt::format("The PostgreSQL database has encoding {} and collation {}; make it with CREATE DATABASE "
                         "... TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'.",
                         encoding, order)));
  return {};
}

PgConnection::~PgConnection() { PQfinish(handle_); }

bool PgConnection::alive() const { return PQstatus(handle_) == CONNECTION_OK; }

bool PgConnection::leave_transaction() {
  if (alive() && PQtransactionStatus(handle_) != PQTRANS_IDLE) (void)script("end", "ROLLBACK");
  forget_failure();
  statements_.trim();
  inserts_.trim();
  return alive() && PQtransactionStatus(handle_) == PQTRANS_IDLE;
}

std::unexpected<Error> PgConnection::failed(PgFate fate, Error error) {
  failure_ = PgFailure{fate, error};
  return std::unexpected(std::move(error));
}

Result<PgResult> PgConnection::check(pg_result* raw, std::string_view query) {
  PgResult result{raw};
  auto const status = PQresultStatus(raw);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) return result;
  char const* const state = raw != nullptr ? PQresultErrorField(raw, PG_DIAG_SQLSTATE) : nullptr;
  char const* const primary = raw != nullptr ? PQresultErrorField(raw, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
  auto const message = one_line(primary != nullptr ? primary : PQerrorMessage(handle_));
  auto failure = classify(state != nullptr && alive() ? state : "08006", message, query);
  return failed(failure.fate, std::move(failure.error));
}

Result<PgStatement*> PgConnection::prepared(Cache& cache, Query const& query, std::string_view suffix,
                                            std::size_t count) {
  auto* statement = cache.find(query.sql);
  if (statement == nullptr) {
    auto made = std::make_unique<PgStatement>();
    made->sql = query.sql;
    made->name = fmt::format("f{}", ++names_given_);
    made->parameters = count;
    auto const text = fmt::format("{}{}", query.sql, suffix);
    FABRICA_DO(check(PQprepare(handle_, made->name.c_str(), text.c_str(), 0, nullptr), query.name));
    statement = &cache.put(query.sql, std::move(made));
  }
  if (statement->parameters != count)
    return failed(PgFate::refused, {Errc::internal, "query",
                                    fmt::format("Query {} takes {} parameters and was given {}.", query.name,
                                                statement->parameters, count)});
  return statement;
}

Result<> PgConnection::encode(Param const* params, std::size_t count) {
  texts_.clear();
  offsets_.assign(count, -1);
  values_.assign(count, nullptr);
  lengths_.assign(count, 0);
  formats_.assign(count, 0);
  for (std::size_t at = 0; at < count; ++at) {
    auto const begin = static_cast<std::ptrdiff_t>(texts_.size());
    if (auto const* number = std::get_if<std::int64_t>(&params[at])) {
      fmt::format_to(std::back_inserter(texts_), "{}", *number);
    } else if (auto const* real = std::get_if<double>(&params[at])) {
      fmt::format_to(std::back_inserter(texts_), "{}", *real);
    } else if (auto const* text = std::get_if<std::string_view>(&params[at])) {
      if (!storable_text(*text))
        return failed(PgFate::refused,
                      {Errc::invalid, "text", "A text is not valid UTF-8 or holds a NUL character: correct it."});
      texts_ += *text;
    } else if (auto const* bytes = std::get_if<ByteView>(&params[at])) {
      values_[at] = bytes->empty() ? "" : reinterpret_cast<char const*>(bytes->data());
      lengths_[at] = static_cast<int>(bytes->size());
      formats_[at] = 1;
      continue;
    } else {
      continue;  // NULL
    }
    texts_ += '\0';
    offsets_[at] = begin;
  }
  for (std::size_t at = 0; at < count; ++at)
    if (offsets_[at] >= 0) values_[at] = texts_.data() + offsets_[at];
  return {};
}

Result<PgResult> PgConnection::execute(PgStatement const& statement, Query const& query, Param const* params,
                                       std::size_t count) {
  FABRICA_DO(encode(params, count));
  return check(PQexecPrepared(handle_, statement.name.c_str(), static_cast<int>(count), values_.data(), lengths_.data(),
                              formats_.data(), 0),
               query.name);
}

Result<> PgConnection::query(Query const& query, Param const* params, std::size_t count,
                             std::function<void(Row const&)> const& visit) {
  FABRICA_TRY(auto* statement, prepared(statements_, query, "", count));
  FABRICA_TRY(auto result, execute(*statement, query, params, count));
  // The kept row knows its columns; one of its own serves a query made while visiting the same query's rows.
  PgRow spare;
  bool const nested = statement->busy;
  auto& row = nested ? spare : statement->row;
  statement->busy = true;
  for (int at = 0; at < PQntuples(result.get()); ++at) {
    row.stand_on(result.get(), at);
    visit(row);
  }
  statement->busy = nested;
  return {};
}

Result<std::int64_t> PgConnection::change(Query const& query, Param const* params, std::size_t count) {
  FABRICA_TRY(auto* statement, prepared(statements_, query, "", count));
  FABRICA_TRY(auto result, execute(*statement, query, params, count));
  return std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
}

Result<std::int64_t> PgConnection::insert(Query const& query, Param const* params, std::size_t count) {
  FABRICA_TRY(auto* statement, prepared(inserts_, query, " RETURNING id", count));
  FABRICA_TRY(auto result, execute(*statement, query, params, count));
  if (PQntuples(result.get()) != 1)
    return failed(PgFate::refused,
                  {Errc::internal, "query", fmt::format("Query {} made no row: use run().", query.name)});
  return std::strtoll(PQgetvalue(result.get(), 0, 0), nullptr, 10);
}

Result<std::int64_t> PgConnection::script(std::string_view name, std::string const& sql) {
  FABRICA_TRY(auto result, check(PQexec(handle_, sql.c_str()), name));
  return std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
}

Result<> PgTx::run_query(Query const& query, Param const* params, std::size_t count,
                         std::function<void(Row const&)> const& visit) {
  return guarded([&] { return connection_.query(query, params, count, visit); });
}

Result<std::int64_t> PgTx::run_change(Query const& query, Param const* params, std::size_t count) {
  FABRICA_CHECK(!read_only_);
  return guarded([&] { return connection_.change(query, params, count); });
}

Result<std::int64_t> PgTx::run_insert(Query const& query, Param const* params, std::size_t count) {
  FABRICA_CHECK(!read_only_);
  return guarded([&] { return connection_.insert(query, params, count); });
}

Result<> PgTx::run_script(std::string_view name, std::string_view sql) {
  FABRICA_CHECK(!read_only_);
  return guarded([&]() -> Result<> {
    FABRICA_DO(connection_.script(name, std::string{sql}));
    return {};
  });
}

}  // namespace fabrica::db
