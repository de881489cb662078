#include "app/factory.hpp"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>

#include "api/api.hpp"
#include "app/impl/adaptors.hpp"
#include "app/impl/routes.hpp"
#include "awards/routes.hpp"
#include "calls/import.hpp"
#include "calls/outcomes.hpp"
#include "calls/routes.hpp"
#include "calls/suggestions.hpp"
#include "calls/templates.hpp"
#include "compute/local.hpp"
#include "compute/routes.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/random.hpp"
#include "dataspace/routes.hpp"
#include "db/lock.hpp"
#include "db/migrate.hpp"
#include "decisions/routes.hpp"
#include "embedded/migrations.hpp"
#include "evaluation/routes.hpp"
#include "http/server.hpp"
#include "journal/sequencer.hpp"
#include "journal/witness_client.hpp"
#include "models/blob_bytes.hpp"
#include "models/compute_jobs.hpp"
#include "models/routes.hpp"
#include "notices/routes.hpp"
#include "notices/senders.hpp"
#include "projects/routes.hpp"
#include "reviews/routes.hpp"
#include "runtime/loop.hpp"
#include "runtime/pool.hpp"
#include "trust/routes.hpp"

namespace fabrica::app {
namespace {

// When a loop last finished a round without an error; its check in /healthz.
struct Pulse {
  std::atomic<Micros> last{0};
  std::atomic<bool> good{true};
};

Result<> check_pulse(Pulse const& pulse, Clock const& clock, Micros silence_max) {
  if (clock.now() - pulse.last > silence_max)
    return fail(Errc::unavailable, "loop_silent",
                fmt::format("The last round was {} ago.", format_duration(clock.now() - pulse.last)));
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
  explicit Parts(Config settings, Log& log_to, db::FolderLock held)
      : config{std::move(settings)}, log{log_to}, lock{std::move(held)} {}

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
  identity::Declarations declarations{clock, random, journal};
  identity::Roles roles{clock, random, journal};
  facts::Store facts{facts::Shipped::embedded(), clock, random};
  budget::Budget budget{clock, random};
  projects::Projects projects{clock, random, journal, identity};
  calls::Calls calls{clock, random, journal, identity, projects, budget, facts};
  calls::Rounds rounds{clock, random, journal, budget, calls};
  calls::Outcomes outcomes{clock, budget, calls};
  calls::Suggester suggester{clock, projects, facts, calls};
  calls::Layers layers{clock, journal, calls};
  calls::Importer importer{clock, random, journal, identity, projects, budget, calls};
  reviews::Reviews reviews{clock, random, journal, identity, projects, rounds};
  CountedReviews counted_reviews{reviews};
  decisions::Decisions decisions{clock, random, journal, identity, projects, outcomes, counted_reviews, {}};
  AwardJobs award_jobs{clock};
  decisions::PublicRecord record{clock, journal, identity, outcomes, award_jobs, {config.factory_country}};
  ProjectMade project_made;
  ReserveList reserve_list{decisions};
  awards::Awards awards{
      {clock, random, journal, identity, projects, budget, calls, outcomes, award_jobs, project_made, reserve_list}};
  projects::Members members{clock, journal, projects};
  PersonsBelongings belongings{awards, reviews};
  identity::Erasure erasure{clock, journal, belongings};

  std::unique_ptr<notices::Notices> notices;  // built once its key is read
  std::unique_ptr<notices::SmtpTransport> mail_server;
  std::unique_ptr<notices::MailSender> mail;  // absent where no mail server is set
  std::unique_ptr<notices::HttpHookTransport> hook_client;
  std::unique_ptr<notices::HookSender> hooks;

  // Stored bytes and what is made of them; built once the folder and the database are open.
  std::optional<blobs::Store> blob_files;
  std::unique_ptr<blobs::Service> blobs;
  std::unique_ptr<dataspace::BlobFiles> project_files;
  std::unique_ptr<dataspace::Dataspace> dataspace;
  std::unique_ptr<dataspace::Uploads> uploads;
  Reviewers reviewers;
  std::unique_ptr<calls::Attachments> attachments;
  std::optional<compute::LocalDriver> driver;
  AwardedHours awarded_hours{awards};
  models::Runs runs;
  models::RunMetrics run_metrics{runs};
  std::unique_ptr<JobData> job_data;
  std::unique_ptr<compute::Compute> compute;
  std::unique_ptr<models::ComputeJobs> jobs;
  std::unique_ptr<models::BlobBytes> bytes;
  evaluation::RecordedGates gates;
  std::unique_ptr<models::Models> models;
  std::unique_ptr<EvaluationData> evaluation_data;
  std::unique_ptr<evaluation::Evaluations> evaluations;
  std::unique_ptr<trust::Trust> trust;
  http::EventPump events{log, 1024};

  http::Router router;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<runtime::Pool> pool;
  std::unique_ptr<http::Server> server;

  // Background work: each loop's name is its check in /healthz.
  struct Work {
    std::string name;
    Micros period_us;
    Micros silence_us_max;
    std::function<Result<bool>()> round;  // whether there may be more to do at once
    Pulse pulse{};
    std::unique_ptr<runtime::Loop> loop{};
  };
  Work sequencing{"sequencer", kSecond / 5, kMinute, [this]() -> Result<bool> {
                    FABRICA_TRY(bool const moved, sequencer->run_once());
                    if (moved && notices_work.loop) notices_work.loop->wake();
                    return moved;
                  }};
  Work jobs_work{"jobs", kSecond / 2, 5 * kMinute, [this] { return compute->advance(); }};
  Work splits_work{"splits", 5 * kSecond, kHour, [this] { return dataspace->materialise_next(*database); }};
  Work dossiers_work{"dossiers", kSecond / 2, 5 * kMinute, [this]() -> Result<bool> {
                       FABRICA_TRY(auto const built, trust->build_waiting());
                       return built > 0;
                     }};
  Work rounds_work{"rounds", kSecond, 5 * kMinute, [this] {
                     return database->write([this](db::Tx& tx) -> Result<bool> {
                       FABRICA_TRY(bool const turned, rounds.turn(tx));
                       if (turned) return true;
                       FABRICA_TRY(bool const expired, reviews.turn(tx));
                       if (expired) return true;
                       return decisions.turn(tx);
                     });
                   }};
  Work awards_work{"awards", kSecond, 5 * kMinute,
                   [this] { return database->write([this](db::Tx& tx) { return awards.turn(tx); }); }};
  Work notices_work{"notices", kSecond, 5 * kMinute, [this] { return notices->turn(*database); }};
  Work mail_work{"mail", 2 * kSecond, 10 * kMinute, [this] { return mail ? mail->turn() : Result<bool>{false}; }};
  Work hooks_work{"hooks", 2 * kSecond, 10 * kMinute, [this] { return hooks->turn(); }};
  Work promises_work{"promises", kMinute, 10 * kMinute, [this] {
                       return database->write([this](db::Tx& tx) -> Result<bool> {
                         FABRICA_DO(record.raise_alarms(tx));
                         return false;
                       });
                     }};
  Work upkeep{"upkeep", kMinute, 10 * kMinute, [this] { return keep_house(); }};

  Result<> open_log();
  Result<> open_notices();
  Result<> open_modules();
  void add_routes();
  void start(Work& work);
  void stop();
  Result<bool> keep_house();
  void report(Work& work, Result<bool> const& done);
};

Result<> Factory::Parts::open_log() {
  FABRICA_TRY(auto const key_text, crypto::read_key_file(config.log_key_path()));
  FABRICA_TRY(auto key, tlog::SignerKey::parse(key_text.text()));
  journal::SequencerSettings settings{
      config.log_folder(), config.guard_path(), {}, static_cast<std::size_t>(config.log_witnesses_needed)};
  for (auto const& line : config.log_witnesses) {
    FABRICA_TRY(auto witness, journal::parse_witness(line));
    settings.witnesses.push_back(std::move(witness));
  }
  FABRICA_TRY(sequencer,
              journal::Sequencer::open(*database, std::move(key), std::move(settings), witnesses, clock, log));
  return {};
}

Result<> Factory::Parts::open_notices() {
  FABRICA_TRY(auto const key_text, crypto::read_key_file(config.notices_key_path()));
  FABRICA_TRY(auto secrets, notices::Secrets::from(key_text.text()));
  notices::Options options;
  options.factory = config.factory_name;
  options.public_url = config.public_url;
  options.mail = !config.mail_host.empty();
  options.zone = config.notices_zone;
  options.hooks_on_loopback = config.hooks_private_addresses;
  notices = std::make_unique<notices::Notices>(
      notices::Notices::Parts{clock, random, log, journal, std::move(secrets), std::move(options)});
  if (!config.mail_host.empty()) {
    http::SmtpServer server{.host = config.mail_host, .port = static_cast<std::uint16_t>(config.mail_port)};
    server.tls = config.mail_tls == "none"  ? http::SmtpTls::none
                 : config.mail_tls == "tls" ? http::SmtpTls::tls
                                            : http::SmtpTls::starttls;
    server.user = config.mail_user;
    server.ca_file = config.mail_ca_file;
    server.hello = config.mail_from.substr(config.mail_from.rfind('@') + 1);
    if (!config.mail_password_file.empty()) {
      FABRICA_TRY(auto const password, crypto::read_key_file(config.mail_password_file));
      server.password = password.text();
    }
    mail_server = std::make_unique<notices::SmtpTransport>(std::move(server));
    mail = std::make_unique<notices::MailSender>(*database, *notices, *mail_server,
                                                 notices::MailSender::Settings{config.mail_from, config.factory_name});
  }
  hook_client = std::make_unique<notices::HttpHookTransport>(
      notices::HttpHookTransport::Settings{config.hooks_private_addresses, config.hooks_ca_file});
  hooks = std::make_unique<notices::HookSender>(*database, *notices, *hook_client);
  reviews.on_invited([this](db::Tx& tx, reviews::Invitation const& made) { return notices->invited(tx, made); });
  return {};
}

Result<> Factory::Parts::open_modules() {
  rounds.guard_steps(reviews);
  FABRICA_TRY(blob_files, blobs::Store::open(config.data_folder, clock));
  blobs::Limits limits;
  limits.quota_bytes = config.quota_bytes_per_project;
  blobs = std::make_unique<blobs::Service>(*database, *blob_files, clock, random, limits);
  project_files = std::make_unique<dataspace::BlobFiles>(*blobs, clock);
  dataspace = std::make_unique<dataspace::Dataspace>(clock, random, log, journal, projects, *project_files);
  uploads = std::make_unique<dataspace::Uploads>(*database, *blobs, *project_files, projects);

  attachments =
      std::make_unique<calls::Attachments>(*database, clock, random, journal, projects, *blobs, calls, reviewers);

  compute::LocalSettings local;
  local.folder = config.jobs_folder();
  local.recipes_folder = config.recipes();
  local.uid_first = config.job_uid_first;
  local.allow_unsandboxed_jobs = config.allow_unsandboxed_jobs;
  FABRICA_TRY(driver, compute::LocalDriver::open(local));
  job_data = std::make_unique<JobData>(*dataspace, *project_files);
  compute = std::make_unique<compute::Compute>(compute::Parts{*database, clock, random, log, journal, projects, budget,
                                                              *blobs, *blob_files, awarded_hours, *job_data,
                                                              run_metrics, *driver, config.recipes()});
  jobs = std::make_unique<models::ComputeJobs>(*compute);
  bytes = std::make_unique<models::BlobBytes>(*blobs, *blob_files);
  models = std::make_unique<models::Models>(clock, random, journal, projects, *jobs, *bytes, gates);
  job_data->know(*models);
  project_made.know(*dataspace, *models);
  evaluation_data = std::make_unique<EvaluationData>(*dataspace);
  evaluations = std::make_unique<evaluation::Evaluations>(clock, random, journal, projects, *models, *jobs, *bytes,
                                                          *evaluation_data);
  trust =
      std::make_unique<trust::Trust>(trust::Parts{*database,
                                                  clock,
                                                  random,
                                                  log,
                                                  journal,
                                                  *sequencer,
                                                  identity,
                                                  projects,
                                                  calls,
                                                  *dataspace,
                                                  *compute,
                                                  *models,
                                                  *bytes,
                                                  *evaluations,
                                                  facts,
                                                  *blobs,
                                                  {config.factory_name, config.log_origin, config.factory_country}});
  return {};
}

void Factory::Parts::add_routes() {
  add_identity_routes(*api, identity, clock);
  add_organisation_routes(*api, identity, declarations, roles, facts, clock);
  add_plan_routes(*api, facts, journal);
  add_erasure_routes(*api, erasure);
  projects::add_routes(*api, projects, journal);
  projects::add_member_routes(*api, members);
  calls::add_routes(*api, calls);
  calls::add_round_routes(*api, calls, rounds);
  calls::add_check_routes(*api, calls);
  calls::add_layer_routes(*api, layers);
  calls::add_suggestion_routes(*api, suggester);
  calls::add_import_routes(*api, importer);
  calls::add_attachment_routes(*api, *attachments, *blob_files);
  reviews::add_routes(*api, reviews);
  decisions::add_routes(*api, decisions);
  awards::add_routes(*api, awards);
  decisions::add_record_routes(*api, record);
  dataspace::add_routes(*api, *dataspace);
  dataspace::add_upload_routes(*api, *uploads, *blob_files);
  compute::add_routes(*api, *compute, events);
  models::add_routes(*api, {*models, runs, *jobs, *bytes, projects, events,
                            [this](db::Tx& tx, PublicId const& job) { return jobs->ended(tx, job); }});
  evaluation::add_routes(*api, *evaluations);
  trust::add_routes(*api, *trust, *bytes);
  notices::add_routes(*api, *notices);
  notices::add_unsubscribe_routes(router, *database, *notices);
  add_log_routes(*api, router, *sequencer);
  add_front_page(router, {config.factory_name, config.demo, sequencer->verifier().text()});
  for (auto* work : {&sequencing, &jobs_work, &splits_work, &dossiers_work, &rounds_work, &awards_work, &promises_work,
                     &notices_work, &mail_work, &hooks_work, &upkeep})
    api->add_check(work->name, [this, work] { return check_pulse(work->pulse, clock, work->silence_us_max); });
  if (mail) api->add_check("mail_server", [this] { return mail->check(); });
  api->serve_documents(&metrics);
}

void Factory::Parts::report(Work& work, Result<bool> const& done) {
  work.pulse.last = clock.now();
  // Said once when it begins and once when it is over, not at every round.
  bool const was_good = work.pulse.good.exchange(done.has_value());
  if (!done && was_good)
    log.error("loop.failing", {{"loop", work.name}, {"reason", done.error().reason}, {"what", done.error().what}});
  if (done && !was_good) log.info("loop.recovered", {{"loop", work.name}});
}

Result<bool> Factory::Parts::keep_house() {
  FABRICA_TRY(auto const lapsed, database->write([&](db::Tx& tx) { return budget.expire_holds(tx); }));
  FABRICA_DO(api->sweep_idempotency());
  FABRICA_DO(database->write([&](db::Tx& tx) { return notices->sweep(tx); }));
  FABRICA_DO(blobs->sweep());
  return lapsed == 1000;  // a full batch: there are more
}

void Factory::Parts::start(Work& work) {
  work.pulse.last = clock.now();
  work.loop = std::make_unique<runtime::Loop>(work.name, work.period_us, [this, &work] {
    // Bounded, so that stopping does not wait for a long queue.
    for (int round = 0; round < 64; ++round) {
      auto const done = work.round();
      report(work, done);
      if (!done || !*done) break;
    }
  });
}

void Factory::Parts::stop() {
  if (server) server->stop(10 * kSecond);
  if (mail) mail->stop();
  if (hooks) hooks->stop();
  events.stop();
  for (auto* work : {&dossiers_work, &splits_work, &jobs_work, &rounds_work, &awards_work, &promises_work,
                     &notices_work, &mail_work, &hooks_work, &upkeep, &sequencing})
    if (work->loop) work->loop->stop();
  if (pool) pool->stop();
}

Factory::Factory(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Factory::~Factory() { stop(); }

Result<std::unique_ptr<Factory>> Factory::start(Config config, Log& log) {
  FABRICA_TRY(auto lock, db::FolderLock::take(config.data_folder));
  auto parts = std::make_unique<Parts>(std::move(config), log, std::move(lock));
  auto& p = *parts;
  FABRICA_TRY(p.database, open_database(p.config, p.clock));
  FABRICA_DO(p.open_log());
  FABRICA_DO(p.open_notices());
  FABRICA_DO(p.open_modules());
  p.api = std::make_unique<api::Api>(p.router, *p.database, p.doorkeeper, p.clock, p.log);
  p.add_routes();
  p.pool = std::make_unique<runtime::Pool>(
      runtime::Pool::Settings{.name = "api", .threads = static_cast<int>(p.config.workers)});
  // Whoever commits work wakes the loop that does it; the loops' periods are for what a crash left.
  auto const waker = [](Parts::Work& work) {
    return [&work] {
      if (work.loop) work.loop->wake();
    };
  };
  p.dataspace->on_split_waiting(waker(p.splits_work));
  p.notices->on_work([&p] {
    for (auto* work : {&p.mail_work, &p.hooks_work})
      if (work->loop) work->loop->wake();
  });
  p.trust->on_issued(waker(p.dossiers_work));
  p.compute->on_work(waker(p.jobs_work));
  p.compute->on_news([&p](PublicId const& job) {
    p.events.notify(compute::log_topic(job));
    p.events.notify(models::metrics_topic(job.text()));
  });
  for (auto* work :
       {&p.jobs_work, &p.splits_work, &p.dossiers_work, &p.rounds_work, &p.awards_work, &p.promises_work, &p.upkeep,
        &p.mail_work, &p.hooks_work, &p.notices_work, &p.sequencing})  // who wakes another comes after it
    p.start(*work);
  http::Server::Settings settings;
  settings.address = p.config.listen_address;
  settings.port = static_cast<std::uint16_t>(p.config.listen_port);
  settings.access_log = p.config.access_log;
  FABRICA_TRY(p.server, http::Server::start(settings, p.router, *p.pool, p.metrics, p.clock, p.random, p.log));
  return std::unique_ptr<Factory>{new Factory{std::move(parts)}};
}

std::uint16_t Factory::port() const { return parts_->server->port(); }

void Factory::stop() { parts_->stop(); }

}  // namespace fabrica::app
