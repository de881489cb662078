#include "cli/session.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "cli/output.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/random.hpp"
#include "http/problem.hpp"

namespace fabrica::cli {
namespace {

constexpr std::size_t kTomlBytesMax = 4u << 20;

std::string from_environment(char const* name, std::string fallback) {
  char const* value = std::getenv(name);
  return value && *value ? value : fallback;
}

std::string default_token_file() {
  auto const config = from_environment("XDG_CONFIG_HOME", from_environment("HOME", "/root") + "/.config");
  return from_environment("FABRICA_TOKEN_FILE", config + "/fabrica/token");
}

}  // namespace

Session::Session(Options const& options) : options_{options} {
  if (options_.server.empty()) options_.server = from_environment("FABRICA_SERVER", "http://127.0.0.1:8080");
  while (options_.server.ends_with('/')) options_.server.pop_back();
  if (options_.token_file.empty()) options_.token_file = default_token_file();
}

Result<http::ClientRequest> Session::request(std::string_view method, std::string_view path) {
  http::ClientRequest out;
  out.method = method;
  out.url = options_.server + std::string{path};
  // From a file, never from an argument: a process list shows arguments.
  auto const token = crypto::read_key_file(options_.token_file);
  if (token) out.headers.set("Authorization", fmt::format("Bearer {}", token->text()));
  else if (token.error().code != Errc::not_found) return std::unexpected(token.error());
  return out;
}

Result<http::ClientResponse> Session::send(http::ClientRequest request) {
  auto answer = client_.send_ok(request);
  if (!answer) {
    auto error = answer.error();
    if (error.reason == "connection")
      error.what += fmt::format(" Is the factory running at {}? Start it with fabrica serve, or name it with --server.",
                                options_.server);
    return std::unexpected(std::move(error));
  }
  return answer;
}

Result<json::Document> Session::get(std::string_view path) {
  FABRICA_TRY(auto wanted, request("GET", path));
  FABRICA_TRY(auto const answer, send(std::move(wanted)));
  return json::Document::parse(answer.body, {.bytes = 64u << 20, .values = 10'000'000});
}

Result<std::string> Session::get_all(std::string_view path) {
  std::string all = "[";
  std::string next{path};
  while (!next.empty()) {
    FABRICA_TRY(auto wanted, request("GET", next));
    FABRICA_TRY(auto const answer, send(std::move(wanted)));
    FABRICA_TRY(auto const page, json::Document::parse(answer.body, {.bytes = 64u << 20, .values = 10'000'000}));
    for (std::size_t at = 0; at < page.root().size(); ++at)
      all += (all.size() > 1 ? "," : "") + page.root()[at].write();
    // Link: </calls?cursor=...>; rel="next"
    auto const link = answer.headers.get("Link");
    auto const from = link.find('<');
    auto const to = link.find('>');
    bool const more = from != std::string_view::npos && to != std::string_view::npos && from < to &&
                      link.find("rel=\"next\"") != std::string_view::npos;
    next = more ? std::string{link.substr(from + 1, to - from - 1)} : "";
  }
  return all + "]";
}

Result<json::Document> Session::post(std::string_view path, std::string const& body, std::string_view idempotency_key) {
  FABRICA_TRY(auto wanted, request("POST", path));
  crypto::SystemRandom random;
  wanted.body = body;
  wanted.headers.set("Content-Type", "application/json");
  wanted.headers.set("Idempotency-Key", idempotency_key.empty() ? PublicId::make(SystemClock{}.now(), random).text()
                                                                : std::string{idempotency_key});
  FABRICA_TRY(auto const answer, send(std::move(wanted)));
  return json::Document::parse(answer.body.empty() ? "null" : answer.body, {.bytes = 64u << 20, .values = 10'000'000});
}

Result<json::Document> Session::put_file(std::string_view path, std::string const& file) {
  FABRICA_TRY(auto wanted, request("PUT", path));
  wanted.upload_path = file;
  wanted.timeout_us = kHour;
  wanted.headers.set("Content-Type", "application/octet-stream");
  FABRICA_TRY(auto const answer, send(std::move(wanted)));
  return json::Document::parse(answer.body.empty() ? "null" : answer.body);
}

Result<bool> Session::exists(std::string_view path) {
  FABRICA_TRY(auto wanted, request("HEAD", path));
  auto const answer = client_.send(wanted);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status == 404) return false;
  if (answer->status >= 300) return std::unexpected(http::error_of(answer->status, "", ""));
  return true;
}

Result<> Session::download(std::string_view path, std::function<bool(std::string_view)> take) {
  FABRICA_TRY(auto wanted, request("GET", path));
  wanted.timeout_us = 0;
  wanted.download = std::move(take);
  FABRICA_DO(send(std::move(wanted)));
  return {};
}

Result<> Session::events(std::string_view path, std::string& last_event_id,
                         std::function<bool(http::ServerEvent const&)> const& take) {
  FABRICA_TRY(auto wanted, request("GET", path));
  wanted.timeout_us = 0;
  return client_.events(std::move(wanted), last_event_id, take);
}

Result<std::string> toml_file_as_json(std::string const& path) {
  auto const bytes = crypto::read_file(path, kTomlBytesMax);
  if (!bytes) {
    auto error = bytes.error();
    error.what = fmt::format("{}: {}", path, error.what);
    return std::unexpected(std::move(error));
  }
  try {
    auto const table = toml::parse(as_text(*bytes), path);
    std::ostringstream out;
    out << toml::json_formatter{table};
    return out.str();
  } catch (toml::parse_error const& error) {
    return fail(Errc::invalid, "toml",
                fmt::format("{} line {} column {}: {}", path, error.source().begin.line, error.source().begin.column,
                            error.description()));
  }
}

int report(Error const& error) {
  fmt::print(stderr, "fabrica: {}\n", harmless(error.what));
  for (auto const& fault : error.faults)
    fmt::print(stderr, "  {}: {}\n", fault.pointer.empty() ? "/" : harmless(fault.pointer), harmless(fault.what));
  fmt::print(stderr, "  ({}, {})\n", harmless(error.reason), name_of(error.code));
  return exit_status(error.code);
}

}  // namespace fabrica::cli
