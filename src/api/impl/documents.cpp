// What the API says about itself: /openapi.json, /healthz, /metrics.
#include <fmt/format.h>

#include "api/api.hpp"
#include "api/impl/operation.hpp"
#include "api/impl/store_sql.hpp"

namespace fabrica::api {
namespace {

struct Check {
  std::string name;
  bool ok = false;
  std::optional<std::string> what = {};
};
BOOST_DESCRIBE_STRUCT(Check, (), (name, ok, what))

struct Health {
  std::string status;
  std::vector<Check> checks;
};
BOOST_DESCRIBE_STRUCT(Health, (), (status, checks))

// As http/problem.cpp writes it.
constexpr std::string_view kProblemSchema =
    R"({"type":"object","properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},)"
    R"("detail":{"type":"string"},"reason":{"type":"string","description":"Stable token; the manual lists them."},)"
    R"("request":{"type":"string","description":"Id of the request, as in the operator's log."},)"
    R"("faults":{"type":"array","items":{"type":"object","properties":{"pointer":{"type":"string",)"
    R"("description":"RFC 6901 pointer into the body."},"what":{"type":"string"}},"required":["pointer","what"]}}},)"
    R"("required":["type","title","status","detail","reason","request"]})";

std::string in_quotes(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

std::string parameter(std::string_view name, std::string_view in, std::string_view meaning, bool required,
                      std::string_view schema) {
  return fmt::format(R"({{"name":{},"in":"{}","required":{},"description":{},"schema":{}}})", in_quotes(name), in,
                     required, in_quotes(meaning), schema);
}

constexpr std::string_view kString = R"({"type":"string"})";

// "/log/{path*}" -> "/log/{path}", and each name to `names`.
std::string plain_path(std::string_view path, std::vector<std::string>& names) {
  std::string out;
  for (std::size_t place = 0; place < path.size(); ++place) {
    if (path[place] == '*') continue;
    out += path[place];
    if (path[place] == '{') {
      auto const end = path.find_first_of("*}", place);
      names.emplace_back(path.substr(place + 1, end - place - 1));
    }
  }
  return out;
}

void append_item(std::string& list, std::string_view item) {
  if (!list.empty()) list += ',';
  list += item;
}

}  // namespace

std::string Api::describe(Operation const& operation, std::vector<std::string> const& path_names) {
  std::string parameters;
  for (auto const& name : path_names) append_item(parameters, parameter(name, "path", name, true, kString));
  if (operation.kind == Kind::list) {
    append_item(parameters, parameter("limit", "query", "Items a page.", false,
                                      R"({"type":"integer","minimum":1,"maximum":200,"default":50})"));
    append_item(parameters, parameter("cursor", "query", "From the Link header of the page before.", false, kString));
  }
  for (auto const& query : operation.doc.query)
    append_item(parameters, parameter(query.name, "query", query.meaning, false, kString));
  if (operation.kind == Kind::change)
    append_item(parameters, parameter("Idempotency-Key", "header",
                                      "Repeat a request with the same key and it acts once. Remembered for 48 hours, "
                                      "for people who are logged in.",
                                      false, R"({"type":"string","minLength":1,"maxLength":128})"));

  auto const& out_schema = operation.shape.out;
  std::string responses;
  if (operation.kind == Kind::raw || operation.kind == Kind::upload) {
    responses = R"("2XX":{"description":"Done."})";
  } else if (out_schema.empty()) {
    responses = R"("204":{"description":"Done."})";
  } else {
    auto const content = fmt::format(R"("content":{{"application/json":{{"schema":{}}}}}}})", out_schema);
    std::string headers;
    if (operation.kind == Kind::list)
      headers = R"("headers":{"Link":{"description":"rel=\"next\": the next page.","schema":{"type":"string"}},)"
                R"("X-Result-Count":{"description":"Length of the whole list.","schema":{"type":"integer"}}},)";
    responses = R"("200":{"description":"Done.",)" + headers + content;
    if (operation.kind == Kind::change) responses += R"(,"201":{"description":"Made; Location says where.",)" + content;
  }
  responses += R"(,"default":{"$ref":"#/components/responses/Problem"})";

  std::string members = fmt::format(R"("operationId":{},"summary":{},"tags":[{}],"parameters":[{}],"responses":{{{}}})",
                                    in_quotes(operation.doc.id), in_quotes(operation.doc.summary), in_quotes(operation.doc.tag),
                                    parameters, responses);
  if (!operation.shape.in.empty())
    members += fmt::format(R"(,"requestBody":{{"required":true,"content":{{"application/json":{{"schema":{}}}}}}})",
                           operation.shape.in);
  if (operation.kind == Kind::upload)
    members +=
        R"(,"requestBody":{"required":true,"content":{"application/octet-stream":{"schema":{"type":"string","format":"binary"}}}})";
  if (operation.doc.open) members += R"(,"security":[])";
  return "{" + members + "}";
}

std::string Api::openapi() const {
  // Grouped by path; methods in lower case.
  std::map<std::string, std::string> paths;
  for (auto const& operation : operations_) {
    std::vector<std::string> names;
    auto& members = paths[plain_path(operation->path, names)];
    std::string method = operation->method;
    for (char& c : method) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    append_item(members, in_quotes(method) + ":" + describe(*operation, names));
  }
  std::string all;
  for (auto const& [path, members] : paths) append_item(all, in_quotes(path) + ":{" + members + "}");

  auto schemas = std::string{R"("Problem":)"} + std::string{kProblemSchema};
  if (auto const named = schemas_.named_members(); !named.empty()) append_item(schemas, named);
  return fmt::format(
      R"({{"openapi":"3.1.0","info":{{"title":{},"version":{},"license":{{"name":"EUPL-1.2","identifier":"EUPL-1.2"}}}},)"
      R"("servers":[{{"url":"/"}}],)"
      R"("security":[{{"token":[]}},{{"session":[]}}],"paths":{{{}}},"components":{{"schemas":{{{}}},)"
      R"("responses":{{"Problem":{{"description":"Refused (RFC 9457).","content":{{"application/problem+json":{{"schema":)"
      R"({{"$ref":"#/components/schemas/Problem"}}}}}}}}}},)"
      R"("securitySchemes":{{"token":{{"type":"http","scheme":"bearer"}},)"
      R"("session":{{"type":"apiKey","in":"cookie","name":{}}}}}}}}})",
      in_quotes(settings_.title), in_quotes(settings_.version), all, schemas, in_quotes(kSessionCookie));
}

void Api::add_check(std::string name, std::function<Result<>()> check) {
  std::lock_guard const lock{guards_checks_};
  checks_.emplace_back(std::move(name), std::move(check));
}

http::Response Api::health() {
  auto checks = [&] {
    std::lock_guard const lock{guards_checks_};
    return checks_;
  }();
  checks.emplace(checks.begin(), "database", [&] {
    return database_.read([](db::Tx& tx) { return tx.each(store::kPing, [](db::Row const&) {}); });
  });
  Health health{.status = "ok", .checks = {}};
  for (auto const& [name, check] : checks) {
    auto const result = check();
    health.checks.push_back({.name = name, .ok = result.has_value()});
    if (result) continue;
    health.checks.back().what = result.error().what;
    health.status = "failing";
  }
  return http::json_response(health.status == "ok" ? 200 : 503, json::write(health));
}

void Api::serve_documents(http::Metrics* metrics) {
  Doc doc{.id = "healthz", .summary = "Does the factory work?", .tag = "operation", .open = true};
  raw("GET", "/healthz", doc, [this](Call&, http::Request&) -> Result<http::Response> { return health(); });
  if (metrics) {
    doc.id = "metrics";
    doc.summary = "Counters and gauges in Prometheus's text form.";
    raw("GET", "/metrics", doc, [metrics](Call&, http::Request&) -> Result<http::Response> {
      return http::text_response(200, "text/plain; version=0.0.4; charset=utf-8", metrics->text());
    });
  }
  doc.id = "openapi";
  doc.summary = "This document.";
  raw("GET", "/openapi.json", doc,
      [this, made = std::make_shared<std::once_flag>(), text = std::make_shared<std::string>()](
          Call& call, http::Request&) -> Result<http::Response> {
        std::call_once(*made, [&] { *text = openapi(); });
        auto const etag = etag_of_text(*text);
        bool const known = call.request().header("If-None-Match").find(etag) != std::string_view::npos;
        auto response = known ? http::Response{.status = 304} : http::json_response(200, *text);
        response.headers.set("ETag", etag);
        return response;
      });
}

}  // namespace fabrica::api
