#include "app/factory.hpp"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>

#include "api/api.hpp"
#include "app/impl/routes.hpp"
#include "calls/routes.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/random.hpp"
#include "db/lock.hpp"
#include "db/migrate.hpp"
#include "embedded/migrations.hpp"
#include "http/server.hpp"
#include "journal/sequencer.hpp"
#include "journal/witness_client.hpp"
#include "projects/routes.hpp"
#include "runtime/loop.hpp"
#include "runtime/pool.hpp"

namespace fabrica::app {
namespace {

// Who is asking, for api/: identity knows.
class Doorkeeper final : public api::Authenticator {
 public:
  explicit Doorkeeper(identity::Identity& identity) : identity_{identity} {}
  Result<identity::Actor> authenticate(db::Tx& tx, std::string_view bearer_token, std::string_view session_cookie,
                                       Micros now) override {
    return bearer_token.empty() ? identity_.by_session(tx, session_cookie, now) : identity_.by_token(tx, bearer_token, now);
  }
  Result<> check_csrf(db::Tx& tx, std::string_view session_cookie, std::string_view csrf_token) override {
    return identity_.check_csrf(tx, session_cookie, csrf_token);
  }

 private:
  identity::Identity& identity_;
};

// When a loop last finished a round without an error; its check in /healthz.
struct Pulse {
  std::atomic<Micros> last{0};
  std::atomic<bool> good{true};
};

Result<> check_pulse(Pulse const& pulse, Clock const& clock, Micros silence_max) {
  if (clock.now() - pulse.last > silence_max)
    return fail(Errc::unavailable, "loop_silent", fmt::format("The last round was {} ago.", format_duration(clock.now() - pulse.last)));
  if (!pulse.good) return fail(Errc::unavailable, "loop_failing", "The last round failed: see the log of the server.");
  return {};
}

}  // namespace

Result<std::unique_ptr<db::Database>> open_database(Config const& config, Clock const& clock) {
  FABRICA_TRY(auto database, db::open({config.database(), static_cast<int>(config.database_connections_max)}));
  FABRICA_DO(db::migrate(*database, embedded::migrations(), clock));
  return database;
}

// In the order they are built. What is named later may hold references to what is named before.
struct Factory::Parts {
  explicit Parts(Config settings, Log& log_to, db::FolderLock held) : config{std::move(settings)}, log{log_to}, lock{std::move(held)} {}

  Config config;
  Log& log;
  db::FolderLock lock;
  SystemClock clock;
  crypto::SystemRandom random;
  std::unique_ptr<db::Database> database;
  http::Metrics metrics;

  journal::Journal journal{clock, random};
  journal::HttpWitnesses witnesses;
  std::unique_ptr<journal::Sequencer> sequencer;
  identity::Identity identity{clock, random, journal};
  Doorkeeper doorkeeper{identity};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  budget::Budget budget{clock, random};
  projects::Projects projects{clock, random, journal, identity};
  calls::Calls calls{clock, random, journal, identity, projects, budget, facts};

  http::Router router;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<runtime::Pool> pool;
  std::unique_ptr<http::Server> server;

  Pulse sequencing;
  Pulse keeping;
  std::unique_ptr<runtime::Loop> sequence_loop;
  std::unique_ptr<runtime::Loop> keep_loop;

  Result<> open_log();
  void add_routes();
  void start_loops();
  void sequence();
  void keep_house();
  void report(std::string_view event, Pulse& pulse, Result<> const& done);
};

Result<> Factory::Parts::open_log() {
  FABRICA_TRY(auto const key_text, crypto::read_key_file(config.log_key_path()));
  FABRICA_TRY(auto key, tlog::SignerKey::parse(key_text.text()));
  journal::SequencerSettings settings{config.log_folder(), config.guard_path(), {}, static_cast<std::size_t>(config.log_witnesses_needed)};
  for (auto const& line : config.log_witnesses) {
    FABRICA_TRY(auto witness, journal::parse_witness(line));
    settings.witnesses.push_back(std::move(witness));
  }
  FABRICA_TRY(sequencer, journal::Sequencer::open(*database, std::move(key), std::move(settings), witnesses, clock, log));
  return {};
}

void Factory::Parts::add_routes() {
  add_identity_routes(*api, identity, clock);
  add_plan_routes(*api, facts, journal);
  projects::add_routes(*api, projects, journal);
  calls::add_routes(*api, calls);
  add_log_routes(*api, router, *sequencer);
  add_front_page(router, {config.factory_name, config.demo, sequencer->verifier().text()});
  api->add_check("sequencer", [this] { return check_pulse(sequencing, clock, kMinute); });
  api->add_check("upkeep", [this] { return check_pulse(keeping, clock, 10 * kMinute); });
  api->serve_documents(&metrics);
}

void Factory::Parts::report(std::string_view event, Pulse& pulse, Result<> const& done) {
  pulse.last = clock.now();
  // Said once when it begins and once when it is over, not at every round.
  bool const was_good = pulse.good.exchange(done.has_value());
  if (!done && was_good) log.error(event, {{"reason", done.error().reason}, {"what", done.error().what}});
  if (done && !was_good) log.info(event, {{"recovered", true}});
}

void Factory::Parts::sequence() {
  auto const done = sequencer->run_once();
  report("log.sequencing", sequencing, done ? Result<>{} : Result<>{std::unexpected(done.error())});
}

void Factory::Parts::keep_house() {
  auto const done = [&]() -> Result<> {
    FABRICA_DO(database->write([&](db::Tx& tx) { return budget.expire_holds(tx); }));
    FABRICA_DO(api->sweep_idempotency());
    return {};
  }();
  report("factory.upkeep", keeping, done);
}

void Factory::Parts::start_loops() {
  sequencing.last = keeping.last = clock.now();
  sequence_loop = std::make_unique<runtime::Loop>("sequencer", kSecond / 5, [this] { sequence(); });
  keep_loop = std::make_unique<runtime::Loop>("upkeep", kMinute, [this] { keep_house(); });
}

Factory::Factory(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Factory::~Factory() { stop(); }

Result<std::unique_ptr<Factory>> Factory::start(Config config, Log& log) {
  FABRICA_TRY(auto lock, db::FolderLock::take(config.data_folder));
  auto parts = std::make_unique<Parts>(std::move(config), log, std::move(lock));
  auto& p = *parts;
  FABRICA_TRY(p.database, open_database(p.config, p.clock));
  FABRICA_DO(p.open_log());
  p.api = std::make_unique<api::Api>(p.router, *p.database, p.doorkeeper, p.clock, p.log);
  p.add_routes();
  p.pool = std::make_unique<runtime::Pool>(runtime::Pool::Settings{.name = "api", .threads = static_cast<int>(p.config.workers)});
  p.start_loops();
  http::Server::Settings settings;
  settings.address = p.config.listen_address;
  settings.port = static_cast<std::uint16_t>(p.config.listen_port);
  settings.access_log = p.config.access_log;
  FABRICA_TRY(p.server, http::Server::start(settings, p.router, *p.pool, p.metrics, p.clock, p.random, p.log));
  return std::unique_ptr<Factory>{new Factory{std::move(parts)}};
}

std::uint16_t Factory::port() const { return parts_->server->port(); }

void Factory::stop() {
  auto& p = *parts_;
  if (p.server) p.server->stop(10 * kSecond);
  if (p.keep_loop) p.keep_loop->stop();
  if (p.sequence_loop) p.sequence_loop->stop();
  if (p.pool) p.pool->stop();
}

}  // namespace fabrica::app
