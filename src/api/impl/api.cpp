#include "api/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/impl/operation.hpp"
#include "api/impl/store_sql.hpp"
#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "http/problem.hpp"

namespace fabrica::api {
namespace {

struct Stored {
  std::string request_digest;
  std::int64_t status = 0;
  std::string location;
  std::optional<std::string> response;
  Micros created_us = 0;
};
BOOST_DESCRIBE_STRUCT(Stored, (), (request_digest, status, location, response, created_us))

// The token of "Authorization: Bearer x"; the scheme's name has no case.
Result<std::string_view> bearer_of(http::Request const& request) {
  auto const field = request.header("Authorization");
  if (field.empty()) return std::string_view{};
  constexpr std::string_view kScheme = "Bearer ";
  if (field.size() <= kScheme.size() || !http::same_name(field.substr(0, kScheme.size()), kScheme))
    return fail(Errc::unauthenticated, "authorization", "Send Authorization: Bearer and a token.");
  return field.substr(kScheme.size());
}

bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

Result<std::string_view> idempotency_key(http::Request const& request) {
  auto const key = request.header("Idempotency-Key");
  if (key.empty() && !request.headers.has("Idempotency-Key")) return std::string_view{};
  bool const visible = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (key.empty() || key.size() > 128 || !visible)
    return fail(Errc::invalid, "idempotency_key", "An Idempotency-Key has 1 to 128 visible ASCII characters.");
  return key;
}

// A parameter nobody reads is a mistake of the caller: `?limt=5` must not look like a list of everything.
Result<> known_query_only(http::Request const& request, Doc const& doc, bool list) {
  for (auto const& parameter : request.query_parameters) {
    bool known = list && (parameter.name == "limit" || parameter.name == "cursor");
    for (auto const& documented : doc.query) known = known || documented.name == parameter.name;
    if (known) continue;
    std::string names = list ? "limit, cursor" : "";
    for (auto const& documented : doc.query) names += (names.empty() ? "" : ", ") + documented.name;
    return fail(Errc::invalid, "query",
                fmt::format("There is no query parameter \"{}\" here{}{}.", parameter.name,
                            names.empty() ? "" : "; there are: ", names));
  }
  return {};
}

http::Response response_of(Call const& call, std::string body) {
  int const status = body.empty() && call.status() == 200 ? 204 : call.status();
  http::Response response{.status = status};
  if (!body.empty()) response = http::json_response(status, std::move(body));
  if (!call.location().empty()) response.headers.set("Location", call.location());
  for (auto const& [name, value] : call.headers()) response.headers.set(name, value);
  return response;
}

}  // namespace

Api::Api(http::Router& router, db::Database& database, Authenticator& authenticator, Clock const& clock, Log& log,
         Settings settings)
    : router_{router},
      database_{database},
      authenticator_{authenticator},
      clock_{clock},
      log_{log},
      settings_{std::move(settings)} {}

Api::~Api() = default;

void Api::add(Kind kind, std::string method, std::string path, Doc doc, Shape shape, Prepare prepare) {
  register_operation({kind, std::move(method), std::move(path), std::move(doc), std::move(shape), std::move(prepare)});
}

void Api::raw(std::string method, std::string path, Doc doc, RawHandler f) {
  register_operation({Kind::raw, std::move(method), std::move(path), std::move(doc), {}, {}, std::move(f)});
}

void Api::upload(std::string method, std::string path, Doc doc, RawUpload f) {
  register_operation({Kind::upload, std::move(method), std::move(path), std::move(doc), {}, {}, {}, std::move(f)});
}

void Api::register_operation(Operation given) {
  for (auto const& known : operations_) FABRICA_CHECK(known->doc.id != given.doc.id);
  FABRICA_CHECK(!given.doc.id.empty() && !given.doc.summary.empty() && !given.doc.tag.empty());
  auto const& operation = *operations_.emplace_back(std::make_unique<Operation const>(std::move(given)));
  http::Route route{
      .method = operation.method, .pattern = operation.path, .body_bytes_max = operation.doc.body_bytes_max};
  if (operation.kind == Kind::upload) {
    route.upload = [this, &operation](http::Request const& request) -> Result<std::unique_ptr<http::BodySink>> {
      auto const now = clock_.now();
      FABRICA_TRY(auto actor, who(operation, request, now));
      Call call{request, std::move(actor), now};
      return operation.upload(call);
    };
  } else {
    route.handler = [this, &operation](http::Request& request) { return answer(operation, request); };
  }
  router_.add(std::move(route));
}

http::Response Api::answer(Operation const& operation, http::Request& request) {
  auto const handle = [&]() -> Result<http::Response> {
    auto const now = clock_.now();
    switch (operation.kind) {
      case Kind::get:
      case Kind::list:
      case Kind::ask: return answer_reading(operation, request, now);
      case Kind::change: return answer_change(operation, request, now);
      case Kind::raw:
      case Kind::upload: break;
    }
    FABRICA_TRY(auto actor, who(operation, request, now));
    Call call{request, std::move(actor), now};
    return operation.raw(call, request);
  };
  auto response = handle();
  if (response) return *std::move(response);
  auto const& error = response.error();
  // What the caller can mend is his to handle; what he cannot is ours, and logged once, here.
  if (error.code == Errc::internal || error.code == Errc::unavailable)
    log_.error("api.failed", {{"request", request.request_id},
                              {"operation", operation.doc.id},
                              {"reason", error.reason},
                              {"cause", error.what}});
  return http::problem(error, request.request_id);
}

Result<identity::Actor> Api::who(Operation const& operation, http::Request const& request, Micros now) {
  // An open door must not need a database: /healthz has to say that it is gone.
  if (operation.doc.open && !request.headers.has("Authorization") && request.cookie(kSessionCookie).empty())
    return identity::Actor{};
  return database_.read([&](db::Tx& tx) { return who(tx, operation, request, now); });
}

Result<identity::Actor> Api::who(db::Tx& tx, Operation const& operation, http::Request const& request, Micros now) {
  FABRICA_TRY(auto const bearer, bearer_of(request));
  auto const cookie = request.cookie(kSessionCookie);
  if (bearer.empty() && cookie.empty()) {
    if (operation.doc.open) return identity::Actor{};
    return fail(Errc::unauthenticated, "login_required", "Log in, or send Authorization: Bearer and a token.");
  }
  FABRICA_TRY(auto actor, authenticator_.authenticate(tx, bearer, cookie, now));
  // A browser sends the cookie with whatever another site makes it send; only our own pages know the token.
  if (bearer.empty() && !is_safe(request.method))
    FABRICA_DO(authenticator_.check_csrf(tx, cookie, request.header(kCsrfHeader)));
  return actor;
}

Result<http::Response> Api::answer_reading(Operation const& operation, http::Request& request, Micros now) {
  FABRICA_DO(known_query_only(request, operation.doc, operation.kind == Kind::list));
  std::optional<Call> call;
  FABRICA_TRY(auto body, database_.read([&](db::Tx& tx) -> Result<std::string> {
    FABRICA_TRY(auto actor, who(tx, operation, request, now));
    FABRICA_TRY(auto const act, operation.prepare(request.body));
    call.emplace(request, std::move(actor), now);
    return act(*call, tx);
  }));
  if (operation.kind == Kind::ask) return response_of(*call, std::move(body));
  auto const etag = etag_of_text(body);
  auto const known = request.header("If-None-Match");
  bool const unchanged = known == "*" || known.find(etag) != std::string_view::npos;
  auto response = response_of(*call, unchanged ? std::string{} : std::move(body));
  if (unchanged) response.status = 304;
  response.headers.set("ETag", etag);
  return response;
}

Result<http::Response> Api::answer_change(Operation const& operation, http::Request& request, Micros now) {
  FABRICA_DO(known_query_only(request, operation.doc, false));
  FABRICA_TRY(auto actor, who(operation, request, now));
  FABRICA_TRY(auto key, idempotency_key(request));
  FABRICA_TRY(auto const act, operation.prepare(request.body));
  Call call{request, std::move(actor), now};
  if (act.before) FABRICA_DO(act.before(call));
  // Strangers share no identity: one must not be given another's answer.
  if (call.actor().anonymous()) key = {};
  if (key.empty()) {
    FABRICA_TRY(auto body, database_.write([&](db::Tx& tx) {
      call.start_over();
      db::ActingIn const acting{tx, call.actor().acting};
      return act(call, tx);
    }));
    return response_of(call, std::move(body));
  }
  return act_once(operation, call, key, act);
}

Result<http::Response> Api::act_once(Operation const& operation, Call& call, std::string_view key, Act const& act) {
  auto const& request = call.request();
  crypto::Sha256 hash;
  for (std::string_view const part :
       {std::string_view{request.method}, std::string_view{"\n"}, std::string_view{request.target},
        std::string_view{"\n"}, std::string_view{request.body}})
    hash.update(part);
  auto const digest = hash.finish().hex();
  auto const actor_id = call.actor().id.value;

  std::optional<Stored> stored;
  bool lost_race = false;
  auto const once = [&](db::Tx& tx) -> Result<std::string> {
    lost_race = false;
    call.start_over();
    FABRICA_TRY(stored, tx.maybe<Stored>(store::kIdempotencyFind, actor_id, key));
    if (stored && stored->created_us <= call.now() - settings_.replay_us) {
      FABRICA_DO(tx.run(store::kIdempotencyForget, actor_id, key));
      stored.reset();
    }
    if (stored) return std::string{};
    db::ActingIn const acting{tx, call.actor().acting};
    FABRICA_TRY(auto body, act(call, tx));
    auto const response = response_of(call, body);
    std::optional<std::string_view> const kept =
        operation.doc.secret ? std::nullopt : std::optional<std::string_view>{body};
    auto const inserted = tx.run(store::kIdempotencyInsert, actor_id, key, operation.path, digest, response.status,
                                 call.location(), kept, call.now());
    // Another request with this key committed between our look and now: ours is undone, and the next look finds it.
    lost_race = !inserted && inserted.error().reason == "unique";
    if (!inserted) return std::unexpected(inserted.error());
    return body;
  };
  auto body = database_.write(once);
  for (int attempt = 0; !body && lost_race && attempt < 3; ++attempt) body = database_.write(once);
  if (!body) return std::unexpected(std::move(body).error());
  if (!stored) return response_of(call, *std::move(body));

  if (stored->request_digest != digest)
    return fail(Errc::conflict, "idempotency_key_reused",
                "This Idempotency-Key was used for another request. Choose a new one for a new act.");
  if (!stored->response)
    return fail(Errc::conflict, "already_done",
                "This was done before. Its answer held a secret, which is shown only once.");
  http::Response response{.status = static_cast<int>(stored->status)};
  if (!stored->response->empty()) response = http::json_response(response.status, *std::move(stored->response));
  if (!stored->location.empty()) response.headers.set("Location", stored->location);
  response.headers.set("Idempotency-Replayed", "true");
  return response;
}

Result<std::int64_t> Api::sweep_idempotency() {
  auto const before = clock_.now() - settings_.replay_us;
  return database_.write([&](db::Tx& tx) { return tx.run(store::kIdempotencySweep, before); });
}

Result<Page> Api::page_of_request(Call const& call) {
  Page page;
  FABRICA_TRY(auto const limit, call.query_integer("limit", 1, 200));
  page.limit = limit.value_or(page.limit);
  page.cursor = call.query("cursor").value_or("");
  if (page.cursor.size() > 200)
    return fail(Errc::invalid, "cursor", "The cursor is not one this list gave. Follow the Link header.");
  return page;
}

void Api::say_page(Call& call, Page const& page, std::string_view next, std::optional<std::int64_t> total) {
  if (total) call.header("X-Result-Count", std::to_string(*total));
  if (next.empty()) return;
  auto link = fmt::format("<{}?limit={}&cursor={}", call.request().path, page.limit, http::percent_encode(next));
  for (auto const& parameter : call.request().query_parameters)
    if (parameter.name != "limit" && parameter.name != "cursor")
      link += fmt::format("&{}={}", http::percent_encode(parameter.name), http::percent_encode(parameter.value));
  call.header("Link", link + ">; rel=\"next\"");
}

}  // namespace fabrica::api
