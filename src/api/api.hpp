#pragma once

#include <boost/describe.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "http/metrics.hpp"
#include "http/router.hpp"
#include "json/json.hpp"

namespace fabrica::api {

inline constexpr std::string_view kSessionCookie = "fabrica_session";
inline constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

// Port: who is asking. app/ connects it to identity/.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // One of the two is not empty; the bearer token wins. Errors: unauthenticated (unknown, expired, revoked).
  virtual Result<identity::Actor> authenticate(db::Tx& tx, std::string_view bearer_token,
                                               std::string_view session_cookie, Micros now) = 0;
  // For unsafe methods with a session cookie: does the header's token belong to the session? Errors: forbidden "csrf".
  virtual Result<> check_csrf(db::Tx& tx, std::string_view session_cookie, std::string_view csrf_token) = 0;
};

// A typed operation refuses query parameters that its Doc does not name.
struct QueryParameter {
  std::string name;
  std::string meaning;
};

// What the OpenAPI document says of an operation, and two rules of its own.
struct Doc {
  std::string id;       // operationId: "proposal_submit"
  std::string summary;  // one line
  std::string tag;      // the noun it belongs to
  std::vector<QueryParameter> query = {};
  bool open = false;    // answers people who are not logged in; else they get 401 before the use case runs
  bool secret = false;  // the answer holds a secret (a new token): never stored for a repeated Idempotency-Key
  std::uint64_t body_bytes_max = 0;  // 0: the server's default
};

// An operation without a body to read or to answer (204).
struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

// The one way a use case is reached over HTTP. Each function registers a route and its part of the OpenAPI document.
// Reading operations run in a read transaction. Changing ones run in one write transaction that also keeps the answer
// under the caller's Idempotency-Key, so that a repeated request, even after a crash, acts once. The caller is
// authenticated in a read transaction just before, so that strangers never reach the writer.
class Api {
 public:
  struct Settings {
    std::string title = "Fabrica";
    std::string version = "0.1.0";
    Micros replay_us = 48 * kHour;  // how long an Idempotency-Key is remembered
  };

  Api(http::Router& router, db::Database& database, Authenticator& authenticator, Clock const& clock, Log& log,
      Settings settings);
  Api(http::Router& router, db::Database& database, Authenticator& authenticator, Clock const& clock, Log& log)
      : Api{router, database, authenticator, clock, log, Settings{}} {}
  ~Api();
  Api(Api const&) = delete;
  Api& operator=(Api const&) = delete;

  // f(Call&, db::Tx&) -> Result<Out>. Sends an ETag, answers If-None-Match with 304.
  template <class Out, class F>
  void get(std::string path, Doc doc, F f) {
    add(Kind::get, "GET", std::move(path), std::move(doc), {.out = body_schema<Out>()},
        [f = std::move(f)](std::string_view) -> Result<Act> {
          return Act{[f](Call& call, db::Tx& tx) -> Result<std::string> {
            FABRICA_TRY(auto const out, f(call, tx));
            return json::write(out);
          }};
        });
  }

  // f(Call&, db::Tx&, Page const&) -> Result<PageOf<Item>>. The body is an array; Link rel="next", X-Result-Count.
  template <class Item, class F>
  void list(std::string path, Doc doc, F f) {
    add(Kind::list, "GET", std::move(path), std::move(doc), {.out = body_schema<std::vector<Item>>()},
        [f = std::move(f)](std::string_view) -> Result<Act> {
          return Act{[f](Call& call, db::Tx& tx) -> Result<std::string> {
            FABRICA_TRY(auto const page, page_of_request(call));
            FABRICA_TRY(auto const out, f(call, tx, page));
            say_page(call, page, out.next, out.total);
            return json::write(out.items);
          }};
        });
  }

  // f(Call&, db::Tx&, In const&) -> Result<Out>, in a write transaction.
  template <class In, class Out, class F>
  void post(std::string path, Doc doc, F f) {
    change<In, Out>("POST", std::move(path), std::move(doc), std::move(f));
  }
  // The same, with work that takes long and changes nothing before the transaction: before(Call&, In const&) ->
  // Result<>. Also run for a request that turns out to be a repeated one.
  template <class In, class Out, class B, class F>
  void post_after(std::string path, Doc doc, B before, F f) {
    add(Kind::change, "POST", std::move(path), std::move(doc), {.in = body_schema<In>(), .out = body_schema<Out>()},
        [before = std::move(before), act_of = typed<In, Out>(std::move(f))](std::string_view body) -> Result<Act> {
          FABRICA_TRY(auto act, act_of(body));
          FABRICA_TRY(auto read, read_body<In>(body));
          act.before = [before, in = std::make_shared<In const>(std::move(read))](Call& call) {
            return before(call, *in);
          };
          return act;
        });
  }
  template <class In, class Out, class F>
  void put(std::string path, Doc doc, F f) {
    change<In, Out>("PUT", std::move(path), std::move(doc), std::move(f));
  }
  template <class In, class Out, class F>
  void patch(std::string path, Doc doc, F f) {
    change<In, Out>("PATCH", std::move(path), std::move(doc), std::move(f));
  }
  template <class In, class Out, class F>
  void del(std::string path, Doc doc, F f) {
    change<In, Out>("DELETE", std::move(path), std::move(doc), std::move(f));
  }

  // A POST that changes nothing (an estimate, a search): the same signature, in a read transaction, no Idempotency-Key.
  template <class In, class Out, class F>
  void ask(std::string path, Doc doc, F f) {
    add(Kind::ask, "POST", std::move(path), std::move(doc), {.in = body_schema<In>(), .out = body_schema<Out>()},
        typed<In, Out>(std::move(f)));
  }

  // For downloads, event streams, other protocols: f does its own transactions (database()) and makes its own answer.
  // The caller is authenticated all the same, and without Doc::open nobody anonymous gets in.
  using RawHandler = std::function<Result<http::Response>(Call&, http::Request&)>;
  void raw(std::string method, std::string path, Doc doc, RawHandler f);
  // A body that is streamed to a sink. The Call and the request are gone once f has returned: the sink copies what it
  // needs.
  using RawUpload = std::function<Result<std::unique_ptr<http::BodySink>>(Call&)>;
  void upload(std::string method, std::string path, Doc doc, RawUpload f);

  // Registers /openapi.json, /healthz and, when metrics are given, /metrics. After every other operation.
  void serve_documents(http::Metrics* metrics = nullptr);
  // Named checks of /healthz beside the database: a background loop's last round, free disk. Cheap; from any thread.
  void add_check(std::string name, std::function<Result<>()> check);

  std::string openapi() const;
  db::Database& database() { return database_; }
  // Forgets expired idempotency records, a bounded number a call; says how many went. For a background loop.
  Result<std::int64_t> sweep_idempotency();

 private:
  enum class Kind : std::uint8_t { get, list, change, ask, raw, upload };
  struct Act {
    std::function<Result<std::string>(Call&, db::Tx&)> run;  // the answer's body
    std::function<Result<>(Call&)> before{};                 // outside the transaction
    Result<std::string> operator()(Call& call, db::Tx& tx) const { return run(call, tx); }
  };
  // Reads the body, outside any transaction.
  using Prepare = std::function<Result<Act>(std::string_view body)>;
  struct Shape {
    std::string in = {};  // schemas as JSON; empty: no body
    std::string out = {};
  };
  struct Operation;

  template <class In, class Out, class F>
  void change(std::string method, std::string path, Doc doc, F f) {
    add(Kind::change, std::move(method), std::move(path), std::move(doc),
        {.in = body_schema<In>(), .out = body_schema<Out>()}, typed<In, Out>(std::move(f)));
  }

  template <class In, class Out, class F>
  static Prepare typed(F f) {
    return [f = std::move(f)](std::string_view body) -> Result<Act> {
      auto read = read_body<In>(body);
      if (!read) return std::unexpected(std::move(read).error());
      auto in = std::make_shared<In const>(*std::move(read));
      return Act{[f, in](Call& call, db::Tx& tx) -> Result<std::string> {
        FABRICA_TRY(auto const out, f(call, tx, *in));
        if constexpr (std::is_same_v<Out, Nothing>) return std::string{};
        else return json::write(out);
      }};
    };
  }

  template <class In>
  static Result<In> read_body(std::string_view body) {
    if constexpr (std::is_same_v<In, Nothing>) {
      if (body.empty()) return Nothing{};
    }
    return json::read<In>(body, {.bytes = body.size()});
  }

  template <class T>
  std::string body_schema() {
    if constexpr (std::is_same_v<T, Nothing>) return {};
    else return schemas_.of<T>();
  }

  void add(Kind kind, std::string method, std::string path, Doc doc, Shape shape, Prepare prepare);
  void register_operation(Operation operation);
  http::Response answer(Operation const& operation, http::Request& request);
  Result<http::Response> answer_reading(Operation const& operation, http::Request& request, Micros now);
  Result<http::Response> answer_change(Operation const& operation, http::Request& request, Micros now);
  Result<http::Response> act_once(Operation const& operation, Call& call, std::string_view key, Act const& act);
  Result<identity::Actor> who(Operation const& operation, http::Request const& request, Micros now);
  Result<identity::Actor> who(db::Tx& tx, Operation const& operation, http::Request const& request, Micros now);
  http::Response health();
  static std::string describe(Operation const& operation, std::vector<std::string> const& path_names);
  static Result<Page> page_of_request(Call const& call);
  static void say_page(Call& call, Page const& page, std::string_view next, std::optional<std::int64_t> total);

  http::Router& router_;
  db::Database& database_;
  Authenticator& authenticator_;
  Clock const& clock_;
  Log& log_;
  Settings settings_;
  json::Schemas schemas_;
  std::vector<std::unique_ptr<Operation const>> operations_;
  std::mutex guards_checks_;
  std::vector<std::pair<std::string, std::function<Result<>()>>> checks_;
};

// The ETag get<Out>() sends for this value.
template <class Out>
std::string etag_of(Out const& out) {
  return etag_of_text(json::write(out));
}

}  // namespace fabrica::api
