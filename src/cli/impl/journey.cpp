#include "cli/impl/journey.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "crypto/keyfile.hpp"
#include "crypto/sha256.hpp"
#include "runtime/files.hpp"
#include "runtime/process.hpp"
#include "trust/dossier.hpp"

namespace fabrica::cli {
namespace {

namespace fs = std::filesystem;

constexpr Micros kPatience = 5 * kMinute;  // how long a server may be away
constexpr Micros kPoll = 300'000;

// Waits without a busy loop; nobody wakes it early.
void pause(Micros span) {
  std::mutex mutex;
  std::condition_variable nobody;
  std::unique_lock lock{mutex};
  nobody.wait_for(lock, std::chrono::microseconds{span}, [] { return false; });
}

// {"a":1} and ,"b":2 give {"a":1,"b":2}.
std::string with_members(std::string_view object, std::string_view members) {
  auto const end = object.rfind('}');
  std::string out{object.substr(0, end)};
  bool const empty = out.find_first_not_of(" {\n\t\r") == std::string::npos;
  if (!members.empty() && !empty) out += ",";
  return out.append(members) + "}";
}

std::string member(std::string_view name, std::string const& json_value) {
  return fmt::format("{}:{}", json::write(std::string{name}), json_value);
}

std::string beside(std::string const& project_file, std::string const& path) {
  return (fs::path{project_file}.parent_path() / path).lexically_normal().string();
}

bool is_away(Error const& error) { return error.code == Errc::unavailable; }

}  // namespace

void Journey::say(std::string_view step, std::string_view text) {
  progress_.finish();
  if (settings_.json)
    fmt::print("{{\"step\":{},\"text\":{}}}\n", json::write(std::string{step}), json::write(std::string{text}));
  else fmt::print("{:<12} {}\n", step, text);
  std::fflush(stdout);
}

template <class F>
auto Journey::patiently(F&& ask) -> decltype(ask()) {
  SystemClock clock;
  auto const give_up = clock.now() + kPatience;
  for (bool told = false;; told = true) {
    auto answer = ask();
    if (answer || !is_away(answer.error()) || clock.now() > give_up) return answer;
    if (!told)
      say("...", "the factory does not answer; waiting for it (stop with Ctrl-C, the same command goes on later)");
    pause(kSecond);
  }
}

Result<std::string> Journey::make(std::string_view step, std::string_view path, std::string const& body) {
  if (state_.has(step)) return state_.get(step);
  FABRICA_TRY(auto const key, state_.key(step));
  FABRICA_TRY(auto const made, patiently([&] { return session_.post(path, body, key); }));
  auto id = std::string{made.at("/id").text().value_or("done")};
  FABRICA_DO(state_.set(step, id));
  return id;
}

Result<> Journey::wait_for(std::string_view path, std::function<Result<bool>(json::Value)> const& done) {
  for (;;) {
    FABRICA_TRY(auto const answer, patiently([&] { return session_.get(path); }));
    FABRICA_TRY(bool const over, done(answer.root()));
    if (over) return {};
    pause(kPoll);
  }
}

std::string Journey::filled(std::string text) const {
  for (std::string_view const name : {"dataset", "split", "model"}) {
    auto const mark = fmt::format("${}", name);
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
      text.replace(at, mark.size(), state_.get(name));
  }
  return text;
}

Result<std::string> Journey::id_by_name(std::string_view path, std::string_view name_member,
                                        std::string const& wanted) {
  FABRICA_TRY(auto const text, patiently([&] { return session_.get_all(path); }));
  FABRICA_TRY(auto const list, json::Document::parse(text, {.bytes = 64u << 20, .values = 10'000'000}));
  std::string names;
  for (std::size_t at = 0; at < list.root().size(); ++at) {
    auto const one = list.root()[at];
    auto const name = plain(one.find(name_member));
    if (name == wanted || plain(one.find("id")) == wanted) return plain(one.find("id"));
    names += (names.empty() ? "" : ", ") + name;
  }
  return fail(Errc::not_found, "name",
              fmt::format("\"{}\" is not among {}: {}.", wanted, path, names.empty() ? "none" : names));
}

Result<> Journey::plan() {
  FABRICA_TRY(auto const made, patiently([&] { return session_.post("/plan", file_.plan.text); }));
  auto const partitions = made.at("/partitions");
  std::string here = "the plan has no figures for " + file_.apply.partition;
  for (std::size_t at = 0; at < partitions.size(); ++at) {
    auto const one = partitions[at];
    if (plain(one.find("partition")) != file_.apply.partition) continue;
    here = fmt::format("{} {} on {}, {} h", plain(one.find("amount")), plain(one.find("unit")), file_.apply.partition,
                       plain(one.find("wall_hours")));
  }
  say("plan", fmt::format("{:.3g} FLOP: {}", made.at("/work/flop_total").number().value_or(0), here));
  return {};
}

Result<> Journey::apply() {
  if (!state_.has("project")) {
    FABRICA_TRY(auto const organisation, id_by_name("/organisations", "name", file_.project.organisation));
    auto const body = fmt::format("{{{},{},{},{}}}", member("organisation", json::write(organisation)),
                                  member("title", json::write(file_.project.title)),
                                  member("summary", json::write(file_.project.summary)),
                                  member("sector", json::write(file_.project.sector)));
    FABRICA_DO(make("project", "/projects", body));
  }
  say("project", fmt::format("{} ({})", file_.project.title, state_.get("project")));
  if (!state_.has("proposal")) {
    FABRICA_TRY(auto const call, id_by_name("/calls", "title", file_.apply.call));
    auto rest = json::write(file_.apply);
    FABRICA_TRY(auto const parsed, json::Document::parse(rest));
    std::string body = "{" + member("call", json::write(call)) + "," + member("plan", file_.plan.text);
    for (std::size_t at = 0; at < parsed.root().size(); ++at) {
      auto const one = parsed.root()[at];
      if (one.key() != "call" && one.kind() != json::Kind::null) body += "," + member(one.key(), one.write());
    }
    FABRICA_DO(make("proposal", fmt::format("/projects/{}/proposals", state_.get("project")), body + "}"));
  }
  FABRICA_DO(make("submitted", fmt::format("/proposals/{}/submit", state_.get("proposal")), ""));
  return {};
}

Result<> Journey::award() {
  bool told = false;
  return wait_for(fmt::format("/proposals/{}", state_.get("proposal")), [&](json::Value proposal) -> Result<bool> {
    auto const state = plain(proposal.find("state"));
    auto const checks = proposal.find("checks");
    if (!told) {
      for (std::size_t at = 0; at < checks.size(); ++at)
        say(at == 0 ? "check" : "", fmt::format("{:<7} {:<20} {}", plain(checks[at].find("outcome")),
                                                plain(checks[at].find("rule")), plain(checks[at].find("fact"))));
      told = true;
    }
    if (state == "awarded") {
      say("award", fmt::format("{} {} on {}", plain(proposal.find("amount_units")), plain(proposal.find("unit")),
                               plain(proposal.find("partition"))));
      return true;
    }
    if (state == "waiting") {
      progress_.show(-1, "in line for capacity; the access office has been asked for nothing more");
      return false;
    }
    return fail(Errc::conflict, "not_awarded",
                fmt::format("The proposal is {}: {}", state, plain(proposal.find("decision_reason"))));
  });
}

Result<> Journey::upload_file(std::string const& path, std::string const& sha256) {
  auto const project = state_.get("project");
  FABRICA_TRY(bool const there,
              patiently([&] { return session_.exists(fmt::format("/projects/{}/blobs/{}", project, sha256)); }));
  if (there) return {};
  // An upload cut off in the middle is begun anew: what nobody finishes is swept.
  return patiently([&]() -> Result<> {
    std::error_code error;
    auto const size = fs::file_size(path, error);
    if (error) return fail(Errc::not_found, "file", fmt::format("{} cannot be read: {}.", path, error.message()));
    FABRICA_TRY(auto const upload, session_.post(fmt::format("/projects/{}/uploads", project),
                                                 fmt::format("{{\"size_bytes\":{},\"sha256\":\"{}\"}}", size, sha256)));
    auto const id = plain(upload.at("/id"));
    FABRICA_DO(session_.put_file(fmt::format("/uploads/{}", id), path));
    FABRICA_DO(session_.post(fmt::format("/uploads/{}/finish", id), "{}"));
    return {};
  });
}

Result<std::string> Journey::file_list(std::string const& folder) {
  FABRICA_TRY(auto const files, runtime::list_tree(folder));
  if (files.empty()) return fail(Errc::invalid, "data_folder", fmt::format("{} holds no file.", folder));
  std::string list;
  std::size_t done = 0;
  for (auto const& file : files) {
    if (file.path == file_.data.described_by) continue;
    auto const path = folder + "/" + file.path;
    FABRICA_TRY(auto const digest, crypto::sha256_file(path));
    progress_.show(static_cast<double>(done++) / static_cast<double>(files.size()),
                   fmt::format("uploading {} ({})", file.path, bytes_of(static_cast<std::int64_t>(file.bytes))));
    FABRICA_DO(upload_file(path, digest.digest.hex()));
    list += fmt::format("{}{{\"path\":{},\"sha256\":\"{}\",\"size_bytes\":{}}}", list.empty() ? "" : ",",
                        json::write(file.path), digest.digest.hex(), digest.size_bytes);
  }
  progress_.finish();
  return "[" + list + "]";
}

Result<> Journey::data() {
  if (!state_.has("dataset")) {
    auto const folder = beside(settings_.project_file, file_.data.folder);
    if (!runtime::exists(folder) && file_.data.prepare) {
      say("data", fmt::format("preparing {}", folder));
      runtime::Program program;
      program.argv = {"/usr/bin/env"};
      program.argv.insert(program.argv.end(), file_.data.prepare->begin(), file_.data.prepare->end());
      program.folder = fs::absolute(settings_.project_file).parent_path().string();
      program.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                             "HOME=/tmp"};
      // Copies above 2: the runner lays them onto 1 and 2 of the child.
      runtime::Fd const out{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)};
      runtime::Fd const err{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)};
      program.out = out.get();
      program.err = err.get();
      program.own_session = false;
      program.gains_no_privileges = false;
      program.umask = 022;
      FABRICA_TRY(auto child, runtime::start(program));
      auto const ended = child.wait();
      if (ended.signalled || ended.code != 0)
        return fail(Errc::unavailable, "prepare",
                    fmt::format("The command of [data] prepare ended with {}: see above.", ended.code));
    }
    FABRICA_TRY(auto const files, file_list(folder));
    auto body = with_members(file_.data.dataset.text, member("files", files));
    if (file_.data.described_by) {
      FABRICA_TRY(auto const described, crypto::read_file(folder + "/" + *file_.data.described_by, 4u << 20));
      FABRICA_TRY(auto const about, json::Document::parse(as_text(described), {.bytes = 4u << 20}));
      body = with_members(body, described_members(about.root()));
    }
    FABRICA_DO(make("dataset", fmt::format("/projects/{}/datasets", state_.get("project")), body));
  }
  FABRICA_TRY(auto const dataset, patiently([&] { return session_.get("/datasets/" + state_.get("dataset")); }));
  say("data", fmt::format("{}: {} files, {}, {}", plain(dataset.at("/name")), plain(dataset.at("/file_count")),
                          bytes_of(dataset.at("/size_bytes").integer().value_or(0)), plain(dataset.at("/licence"))));
  return {};
}

Result<> Journey::split() {
  if (!file_.data.split) return {};
  FABRICA_DO(make("split", fmt::format("/datasets/{}/splits", state_.get("dataset")), file_.data.split->text));
  return wait_for("/splits/" + state_.get("split"), [&](json::Value split) -> Result<bool> {
    auto const state = plain(split.find("state"));
    if (state == "failed") return fail(Errc::conflict, "split_failed", plain(split.find("failure")));
    if (state != "committed") {
      progress_.show(-1, "splitting");
      return false;
    }
    say("split", fmt::format("committed before training, seed {}", plain(split.find("seed")).substr(0, 16)));
    return true;
  });
}

Result<> Journey::preregister() {
  if (!file_.evaluation) return {};
  FABRICA_DO(make("evaluation", fmt::format("/projects/{}/evaluations", state_.get("project")),
                  filled(file_.evaluation->text)));
  say("evaluation", fmt::format("pre-registered ({})", state_.get("evaluation")));
  return {};
}

Result<> Journey::train() {
  FABRICA_DO(job("train", file_.train));
  return {};
}

Result<> Journey::model() {
  auto const body = fmt::format(
      "{{{},{},{},{},{}}}", member("name", json::write(file_.model.name)),
      member("version", json::write(file_.model.version)), member("job", json::write(state_.get("train"))),
      member("licence", json::write(file_.model.licence)), member("description", json::write(file_.model.description)));
  FABRICA_DO(make("model", fmt::format("/projects/{}/models", state_.get("project")), body));
  FABRICA_TRY(auto const model, patiently([&] { return session_.get("/models/" + state_.get("model")); }));
  say("model", fmt::format("{} {}: {} files, {}", plain(model.at("/name")), plain(model.at("/version")),
                           plain(model.at("/file_count")), bytes_of(model.at("/size_bytes").integer().value_or(0))));
  return {};
}

Result<> Journey::evaluate() {
  if (!file_.evaluate || !file_.evaluation) return {};
  FABRICA_DO(job("evaluate", *file_.evaluate));
  FABRICA_DO(make("results", fmt::format("/evaluations/{}/results", state_.get("evaluation")),
                  fmt::format("{{{},{}}}", member("model", json::write(state_.get("model"))),
                              member("job", json::write(state_.get("evaluate"))))));
  FABRICA_TRY(auto const evaluation,
              patiently([&] { return session_.get("/evaluations/" + state_.get("evaluation")); }));
  auto const results = evaluation.at("/results");
  auto const last = results[results.size() - 1];
  auto const outcomes = last.find("outcomes");
  for (std::size_t at = 0; at < outcomes.size(); ++at)
    say(at == 0 ? "result" : "",
        fmt::format("{:<7} {} [{}]: {}", plain(outcomes[at].find("verdict")), plain(outcomes[at].find("name")),
                    plain(outcomes[at].find("slice")), plain(outcomes[at].find("reason"))));
  return {};
}

Result<> Journey::assess() {
  auto const project = state_.get("project");
  FABRICA_DO(make("assessment", fmt::format("/projects/{}/assessments", project), file_.assessment.text));
  if (file_.declared)
    FABRICA_DO(make("declared", fmt::format("/projects/{}/declarations", project),
                    fmt::format("{{\"declared\":{}}}", json::write(*file_.declared))));
  FABRICA_TRY(auto const assessment,
              patiently([&] { return session_.get("/assessments/" + state_.get("assessment")); }));
  say("AI Act", fmt::format("{}", plain(assessment.at("/classes"))));
  return {};
}

Result<> Journey::release() {
  if (!file_.model.release) return {};
  FABRICA_DO(make("released", fmt::format("/models/{}/release", state_.get("model")),
                  fmt::format("{{{}}}", member("reasons", json::write(*file_.model.release)))));
  say("release", fmt::format("{} {}", file_.model.name, file_.model.version));
  return {};
}

Result<> Journey::dossier() {
  FABRICA_DO(make("dossier", fmt::format("/projects/{}/dossiers", state_.get("project")),
                  fmt::format("{{{}}}", member("model", json::write(state_.get("model"))))));
  FABRICA_DO(wait_for("/dossiers/" + state_.get("dossier"), [&](json::Value dossier) -> Result<bool> {
    auto const state = plain(dossier.find("state"));
    if (state == "failed") return fail(Errc::conflict, "dossier_failed", plain(dossier.find("failure")));
    if (state != "ready") progress_.show(-1, "waiting for the log's cosigned checkpoint");
    return state == "ready";
  }));
  FABRICA_DO(runtime::make_folder(settings_.out_folder));
  auto const save = [&](std::string const& from, std::string const& to) -> Result<> {
    return patiently([&]() -> Result<> {
      std::ofstream out{to + ".part", std::ios::binary | std::ios::trunc};
      FABRICA_DO(session_.download(from, [&](std::string_view piece) {
        return static_cast<bool>(out.write(piece.data(), static_cast<std::streamsize>(piece.size())));
      }));
      out.close();
      std::error_code error;
      if (out) fs::rename(to + ".part", to, error);
      if (!out || error)
        return fail(Errc::internal, "disk", fmt::format("{} could not be written: is the disk full?", to));
      return {};
    });
  };
  FABRICA_DO(save("/dossiers/" + state_.get("dossier") + "/file", settings_.out_folder + "/dossier.zip"));
  FABRICA_DO(save("/log/policy", settings_.out_folder + "/policy.txt"));
  FABRICA_TRY(auto const model, patiently([&] { return session_.get("/models/" + state_.get("model")); }));
  auto const files = model.at("/files");
  for (std::size_t at = 0; at < files.size(); ++at) {
    auto const path = plain(files[at].find("path"));
    auto const to = settings_.out_folder + "/model/" + path;
    FABRICA_DO(runtime::make_folder(fs::path{to}.parent_path().string()));
    progress_.show(static_cast<double>(at) / static_cast<double>(files.size()), "downloading the model: " + path);
    std::string encoded;
    for (auto const& part : fs::path{path})
      encoded += (encoded.empty() ? "" : "/") + http::percent_encode(part.string());
    FABRICA_DO(save(fmt::format("/models/{}/files/{}", state_.get("model"), encoded), to));
  }
  say("dossier", settings_.out_folder + "/dossier.zip");
  return {};
}

Result<> Journey::verify() {
  auto const dossier = settings_.out_folder + "/dossier.zip";
  auto const policy_path = settings_.out_folder + "/policy.txt";
  FABRICA_TRY(auto const text, crypto::read_file(policy_path, tlog::kPolicyBytesMax));
  FABRICA_TRY(auto const policy, tlog::Policy::parse(as_text(text)));
  FABRICA_TRY(auto const report, trust::verify_dossier_file(dossier, policy));
  if (!report.verified)
    return fail(Errc::internal, "dossier_unverified", "The dossier does not verify: " + report.fault);
  say("verified", fmt::format("{} statements, log of {} entries, {} witnesses", report.chain_length, report.log_size,
                              report.witnesses.size()));
  say("", fmt::format("model    {}/model", settings_.out_folder));
  say("", fmt::format("dossier  {}", dossier));
  say("", fmt::format("check it anywhere, offline: fabrica verify {} --policy {}", dossier, policy_path));
  return {};
}

// A state belongs to one factory, wherever that listens today: its log's key tells it.
Result<> Journey::recognise() {
  FABRICA_TRY(auto const status, patiently([&] { return session_.get("/log/status"); }));
  auto const key = plain(status.at("/vkey"));
  if (!state_.has("factory")) return state_.set("factory", key);
  if (state_.get("factory") == key) return {};
  return fail(Errc::invalid, "run_state",
              fmt::format("{} was begun at another factory ({}): name another file with --state.", state_.path(),
                          state_.get("factory")));
}

Result<> Journey::run() {
  using Step = Result<> (Journey::*)();
  for (Step const step : {&Journey::recognise, &Journey::plan, &Journey::apply, &Journey::award, &Journey::data,
                          &Journey::split, &Journey::preregister, &Journey::train, &Journey::model, &Journey::evaluate,
                          &Journey::assess, &Journey::release, &Journey::dossier, &Journey::verify})
    FABRICA_DO((this->*step)());
  return {};
}

int run_project(Options const& options, JourneySettings settings) {
  auto file = read_project_file(settings.project_file);
  if (!file) return report(file.error());
  Session session{options};
  auto const text = crypto::read_file(settings.project_file, 4u << 20);
  if (!text) return report(text.error());
  auto const fingerprint = crypto::sha256(as_text(*text)).hex();
  auto const stem = fs::path{settings.project_file}.stem().string();
  if (settings.state_file.empty()) settings.state_file = stem + ".run.json";
  if (settings.out_folder.empty()) settings.out_folder = stem + "-out";
  auto state = RunState::open(settings.state_file, fingerprint);
  if (!state) return report(state.error());
  settings.json = options.json;
  auto const done = Journey{session, *std::move(file), *std::move(state), settings}.run();
  return done ? 0 : report(done.error());
}

}  // namespace fabrica::cli
