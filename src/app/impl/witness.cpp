#include "app/witness.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "crypto/keyfile.hpp"
#include "crypto/random.hpp"
#include "http/server.hpp"
#include "runtime/files.hpp"
#include "runtime/signals.hpp"
#include "tlog/witness.hpp"

namespace fabrica::app {
namespace {

http::Response response_of(tlog::WitnessAnswer const& answer) {
  return http::text_response(answer.status, answer.content_type, answer.body);
}

Result<tlog::SignerKey> read_key(std::string const& folder) {
  FABRICA_TRY(auto const text, crypto::read_key_file(folder + "/witness.key"));
  return tlog::SignerKey::parse(text.text());
}

}  // namespace

Result<> witness_init(std::string const& folder, std::string const& name) {
  crypto::SystemRandom random;
  FABRICA_DO(runtime::make_folder(folder));
  FABRICA_TRY(auto const key, tlog::SignerKey::generate(name, tlog::KeyType::cosignature_ed25519, random));
  FABRICA_DO(crypto::write_key_file(folder + "/witness.key", key.text().text()));
  FABRICA_DO(tlog::FileWitnessStore::create(folder, key.verifier()));
  fmt::print("{}\n", key.verifier().text());
  return {};
}

Result<> witness_serve(WitnessServe const& settings) {
  runtime::StopSignal stop;
  SystemClock clock;
  StderrLog log;
  crypto::SystemRandom random;
  FABRICA_TRY(auto key, read_key(settings.folder));
  FABRICA_TRY(auto store, tlog::FileWitnessStore::open(settings.folder, key.verifier()));
  std::vector<tlog::VerifierKey> logs;
  for (auto const& text : settings.logs) {
    FABRICA_TRY(auto parsed, tlog::VerifierKey::parse(text));
    logs.push_back(std::move(parsed));
  }
  auto const vkey = key.verifier().text();
  FABRICA_TRY(auto const witness, tlog::Witness::make(std::move(key), std::move(logs), *store, clock, log));

  http::Router router;
  router.add(
      http::Route{.method = "POST",
                  .pattern = "/add-checkpoint",
                  .handler = [&](http::Request& request) { return response_of(witness->add_checkpoint(request.body)); },
                  .body_bytes_max = tlog::kWitnessRequestBytesMax});
  router.add("GET", "/{origin}/checkpoint",
             [&](http::Request& request) { return response_of(witness->checkpoint(request.parameter("origin"))); });
  router.add("GET", "/health",
             [](http::Request&) { return http::text_response(200, "text/plain; charset=utf-8", "ok\n"); });
  http::Metrics metrics;
  runtime::Pool pool{{.name = "witness", .threads = 2}};
  http::Server::Settings server_settings;
  server_settings.address = settings.address;
  server_settings.port = settings.port;
  server_settings.io_threads = 1;
  FABRICA_TRY(auto server, http::Server::start(server_settings, router, pool, metrics, clock, random, log));
  log.info("witness.serving", {{"address", settings.address}, {"port", server->port()}, {"vkey", vkey}});
  stop.wait();
  server->stop(5 * kSecond);
  return {};
}

}  // namespace fabrica::app
