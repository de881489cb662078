#include <fmt/format.h>

#include <charconv>

#include "app/impl/routes.hpp"
#include "base/page.hpp"
#include "runtime/files.hpp"

namespace fabrica::app {
namespace {

using api::Call;

constexpr std::string_view kDemoNotice =
    "<p><strong>Demonstration: organisation, call and capacity are examples.</strong></p>\n";

// Tiles are immutable (c2sp.org/tlog-tiles): any cache may keep them for ever. Partial ones as well, by their name.
http::Response tile(journal::Sequencer const& sequencer, http::Request const& request) {
  auto const name = tlog::TileName::parse("tile/" + std::string{request.parameter("path")});
  if (!name) return http::text_response(404, "text/plain; charset=utf-8", "There is no such tile.\n");
  auto const path = sequencer.settings().folder.string() + "/" + name->path();
  auto response = http::file_response(request, path, "application/octet-stream", "");
  if (!response) return http::text_response(404, "text/plain; charset=utf-8", "There is no such tile.\n");
  response->headers.set("Cache-Control", "public, max-age=31536000, immutable");
  return *std::move(response);
}

http::Response plain_text(std::string body) {
  bool const there = !body.empty();
  auto response = http::text_response(there ? 200 : 404, "text/plain; charset=utf-8",
                                      there ? std::move(body) : "Nothing has been published yet.\n");
  response.headers.set("Cache-Control", "no-cache");
  return response;
}

}  // namespace

void add_log_routes(api::Api& api, http::Router& router, journal::Sequencer& sequencer) {
  router.add("GET", "/log/checkpoint", [&](http::Request&) { return plain_text(sequencer.published_checkpoint()); });
  router.add("GET", "/log/policy", [&](http::Request&) { return plain_text(sequencer.policy_text()); });
  router.add("GET", "/log/tile/{path*}", [&](http::Request& request) { return tile(sequencer, request); });
  api.get<journal::LogStatus>(
      "/log/status",
      {.id = "log_status", .summary = "How far the log is sequenced, signed and published", .tag = "log", .open = true},
      [&](Call&, db::Tx& tx) { return sequencer.status(tx); });
  api.raw("GET", "/log/proofs/{index}",
          {.id = "log_proof",
           .summary = "A tlog-proof of an entry under the published checkpoint",
           .tag = "log",
           .open = true},
          [&](Call& call, http::Request&) -> Result<http::Response> {
            auto const text = call.path("index");
            std::uint64_t index = 0;
            auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
            if (error != std::errc{} || end != text.data() + text.size())
              return fail(Errc::invalid, "index", "An index is a whole number from 0 on.");
            FABRICA_TRY(auto const proof, sequencer.proof(index));
            return plain_text(proof.encode());
          });
}

void add_front_page(http::Router& router, FrontPage page) {
  auto const html = fmt::format(
      R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title></head>
<body>
<h1>{name}</h1>
{demo}<p>This is Fabrica, the software of an AI factory. It is running; its portal comes with a later version.</p>
<ul>
<li><a href="/openapi.json">OpenAPI document</a> of everything it can do</li>
<li><a href="/log/checkpoint">Checkpoint</a> of its verifiable log,
  its <a href="/log/policy">policy</a> and <a href="/log/status">status</a></li>
<li><a href="/healthz">Health</a> and <a href="/metrics">metrics</a></li>
<li><a href="/calls">Open calls</a></li>
</ul>
<p>Log key: <code>{vkey}</code></p>
</body></html>
)html",
      fmt::arg("name", escaped_html(page.factory_name)), fmt::arg("vkey", escaped_html(page.log_vkey)),
      fmt::arg("demo", page.demo ? kDemoNotice : ""));
  router.add("GET", "/", [html](http::Request&) { return http::text_response(200, "text/html; charset=utf-8", html); });
}

}  // namespace fabrica::app
