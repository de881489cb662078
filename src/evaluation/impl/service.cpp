#include "evaluation/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "evaluation/impl/store.hpp"
#include "evaluation/rules.hpp"
#include "json/json.hpp"

namespace fabrica::evaluation {
namespace {

using identity::Actor;
using identity::Permission;

constexpr json::Limits kStoredLimits{.bytes = 64u << 20, .values = 1'000'000};

// The part of an evaluation that is kept as JSON.
struct Plan {
  std::vector<PlannedData> data;
  std::vector<PlannedMetric> metrics;
  std::vector<std::int64_t> seeds;
  std::optional<std::int64_t> n;
  std::string reasons;
};
BOOST_DESCRIBE_STRUCT(Plan, (), (data, metrics, seeds, n, reasons))

// What evaluation.preregistered says.
struct Preregistered {
  PublicId evaluation;
  std::string suite;
  std::string version;
  std::vector<PlannedData> data;
  std::vector<PlannedMetric> metrics;
  std::vector<std::int64_t> seeds;
  std::optional<std::int64_t> n;
  std::string reasons;
};
BOOST_DESCRIBE_STRUCT(Preregistered, (), (evaluation, suite, version, data, metrics, seeds, n, reasons))

// What evaluation.recorded says; result, configuration, passedTests and failedTests as in in-toto's test-result predicate.
struct TestConfiguration {
  std::string name;
  std::map<std::string, std::string> digest;
};
BOOST_DESCRIBE_STRUCT(TestConfiguration, (), (name, digest))

struct RecordedBody {
  PublicId evaluation;
  std::string suite;
  std::string version;
  PublicId model;
  std::string model_tree_sha256;
  PublicId job;
  bool preregistered = false;
  std::int64_t preregistered_by = 0;  // number of the plan's statement
  std::int64_t model_registered_by = 0;
  std::string result;
  std::vector<TestConfiguration> configuration;
  std::vector<std::string> passedTests;
  std::vector<std::string> failedTests;
  std::vector<Outcome> outcomes;
};
BOOST_DESCRIBE_STRUCT(RecordedBody, (), (evaluation, suite, version, model, model_tree_sha256, job, preregistered,
                                         preregistered_by, model_registered_by, result, configuration, passedTests,
                                         failedTests, outcomes))

std::unexpected<Error> no_such(std::string_view noun, std::string_view id) {
  return fail(Errc::not_found, noun, fmt::format("There is no {} {}.", noun, id));
}

Result<Evaluation> from_stored(store::EvaluationRow row) {
  FABRICA_TRY(auto plan, json::read<Plan>(row.plan, kStoredLimits));
  return Evaluation{std::move(row.public_id), std::move(row.project), std::move(row.suite), std::move(row.version),
                    std::move(plan.data), std::move(plan.metrics), std::move(plan.seeds), plan.n, std::move(plan.reasons),
                    row.created_us, row.statement, {}};
}

Result<std::vector<Results>> results_of(db::Tx& tx, std::int64_t evaluation_id, PublicId const& evaluation, bool with_measured) {
  FABRICA_TRY(auto rows, tx.all<store::ResultRow>(store::kResults, evaluation_id));
  std::vector<Results> out;
  for (auto& row : rows) {
    FABRICA_TRY(auto outcomes, json::read<std::vector<Outcome>>(row.outcomes, kStoredLimits));
    Results one{std::move(row.public_id), evaluation, std::move(row.model), std::move(row.job), row.preregistered,
                row.verdict, std::move(row.results_sha256), row.created_us, row.statement, std::move(outcomes), {}};
    if (with_measured) {
      FABRICA_TRY(one.measured, tx.all<Measured>(store::kMetrics, row.id));
    }
    out.push_back(std::move(one));
  }
  return out;
}

RecordedBody body_of(Evaluation const& evaluation, models::Model const& model, models::JobRecord const& job,
                     Results const& results) {
  RecordedBody body{evaluation.id, evaluation.suite, evaluation.version, model.id, model.tree_sha256, job.id,
                    results.preregistered, evaluation.statement, model.statement,
                    results.verdict == Verdict::passed ? "PASSED" : "FAILED", {}, {}, {}, results.outcomes};
  if (!job.code_sha256.empty()) body.configuration.push_back({"code", {{"sha256", job.code_sha256}}});
  for (auto const& data : evaluation.data) body.configuration.push_back({data.reference, {{"sha256", data.tree_sha256}}});
  for (auto const& outcome : results.outcomes)
    (outcome.verdict == Verdict::passed ? body.passedTests : body.failedTests)
        .push_back(fmt::format("{}/{}", outcome.name, outcome.slice));
  return body;
}

}  // namespace

Result<Evaluation> Evaluations::preregister(db::Tx& tx, Actor const& actor, PublicId const& project,
                                            EvaluationDraft const& draft) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::work_in_project));
  FABRICA_DO(check(draft));
  Evaluation made{PublicId::make(clock_.now(), random_), project, draft.suite, draft.version, {}, draft.metrics, draft.seeds,
                  draft.n, draft.reasons, Time{clock_.now()}, 0, {}};
  journal::Statement statement{project.text(), "evaluation.preregistered", actor.person.text(), {}, {}};
  for (auto const& reference : draft.data) {
    FABRICA_TRY(auto const found, data_.resolve(tx, project, reference));
    made.data.push_back({reference, found.tree_sha256});
    statement.subjects.push_back({reference, found.tree_sha256});
  }
  statement.predicate = json::write(Preregistered{made.id, made.suite, made.version, made.data, made.metrics, made.seeds,
                                                  made.n, made.reasons});
  FABRICA_TRY(auto const recorded, journal_.append(tx, statement));
  made.statement = recorded.number;
  FABRICA_DO(tx.run(store::kEvaluationInsert, made.id, project, made.suite, made.version,
                    json::write(Plan{made.data, made.metrics, made.seeds, made.n, made.reasons}), made.statement, made.created));
  return made;
}

Result<Evaluation> Evaluations::load(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto row, tx.maybe<store::EvaluationRow>(store::kEvaluationByPublicId, id));
  if (!row) return no_such("evaluation", id.text());
  auto const row_id = row->id;
  FABRICA_TRY(auto out, from_stored(*std::move(row)));
  FABRICA_TRY(out.results, results_of(tx, row_id, id, true));
  return out;
}

Result<Evaluation> Evaluations::evaluation(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto out, load(tx, id));
  FABRICA_DO(projects_.require(tx, actor, out.project, Permission::view_project));
  return out;
}

Result<std::vector<Evaluation>> Evaluations::evaluations(db::Tx& tx, Actor const& actor, PublicId const& project,
                                                         PublicId const& after, std::int64_t limit) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::view_project));
  FABRICA_TRY(auto rows, tx.all<store::EvaluationRow>(store::kEvaluations, project, after, limit));
  std::vector<Evaluation> out;
  for (auto& row : rows) {
    auto const row_id = row.id;
    FABRICA_TRY(auto one, from_stored(std::move(row)));
    FABRICA_TRY(one.results, results_of(tx, row_id, one.id, false));
    out.push_back(std::move(one));
  }
  return out;
}

Result<Results> Evaluations::record(db::Tx& tx, Actor const& actor, PublicId const& id, ResultsDraft const& draft) {
  FABRICA_TRY(auto const row, tx.maybe<store::EvaluationRow>(store::kEvaluationByPublicId, id));
  if (!row) return no_such("evaluation", id.text());
  FABRICA_DO(projects_.require(tx, actor, row->project, Permission::work_in_project));
  FABRICA_TRY(auto const evaluation, from_stored(*row));
  FABRICA_TRY(auto const model, models_.model(tx, actor, draft.model));
  FABRICA_TRY(auto const job, jobs_.job(tx, draft.job));
  if (model.project != evaluation.project) return no_such("model", draft.model.text());
  if (job.project != evaluation.project) return no_such("job", draft.job.text());
  if (!job.completed)
    return fail(Errc::conflict, "job_not_completed",
                fmt::format("The job {} has not completed: its results do not count.", job.id.text()));
  FABRICA_DO(check_read(job, model.files, "this model"));
  for (auto const& data : evaluation.data) {
    FABRICA_TRY(auto const now, data_.resolve(tx, evaluation.project, data.reference));
    FABRICA_DO(check_read(job, now.files, data.reference));
  }

  auto const file = std::ranges::find(job.artefacts, kResultsFile, &models::ModelFile::path);
  if (file == job.artefacts.end())
    return fail(Errc::not_found, "results_file", fmt::format("The job left no {}: it has nothing to record.", kResultsFile));
  // A bounded file, read here so that what is judged and what is recorded are one.
  FABRICA_TRY(auto const text, bytes_.content(file->sha256, kResultsBytesMax));
  FABRICA_TRY(auto parsed, parse_results(text));
  if (parsed.suite != evaluation.suite || parsed.version != evaluation.version)
    return fail(Errc::invalid, "results",
                fmt::format("The results are of {} {}, planned was {} {}.", parsed.suite, parsed.version, evaluation.suite,
                            evaluation.version));
  auto outcomes = judge(evaluation.metrics, parsed.metrics);
  auto const verdict = overall(outcomes);
  Results results{PublicId::make(clock_.now(), random_), id, model.id, job.id, evaluation.statement < model.statement,
                  verdict, file->sha256, Time{clock_.now()}, 0, std::move(outcomes), std::move(parsed.metrics)};
  FABRICA_DO(bytes_.keep(tx, evaluation.project, "evaluation", results.id, *file));
  FABRICA_TRY(auto const recorded,
              journal_.append(tx, {evaluation.project.text(), "evaluation.recorded", actor.person.text(),
                                   {{fmt::format("evaluation:{}/{}", id.text(), kResultsFile), file->sha256},
                                    {fmt::format("model:{}", model.id.text()), model.tree_sha256}},
                                   json::write(body_of(evaluation, model, job, results))}));
  results.statement = recorded.number;
  FABRICA_DO(store(tx, row->id, results));
  return results;
}

Result<> Evaluations::store(db::Tx& tx, std::int64_t evaluation_id, Results const& results) {
  auto const row = tx.insert(store::kResultInsert, results.id, evaluation_id, results.model, results.job, results.preregistered,
                             results.verdict, results.results_sha256, json::write(results.outcomes), results.statement,
                             results.created);
  if (!row && row.error().reason == "unique")
    return fail(Errc::conflict, "results_recorded",
                fmt::format("The results of job {} are recorded already: they never change.", results.job.text()));
  FABRICA_DO(row);
  std::int64_t place = 0;
  for (auto const& one : results.measured)
    FABRICA_DO(tx.run(store::kMetricInsert, *row, place++, one.name, one.slice, one.value, one.low, one.high, one.n, one.unit,
                      one.method));
  return {};
}

Result<std::vector<models::GateDecision>> RecordedGates::of_model(db::Tx& tx, PublicId const& model) {
  FABRICA_TRY(auto const rows, tx.all<store::GateRow>(store::kGates, model));
  std::vector<models::GateDecision> out;
  for (auto const& row : rows) out.push_back({row.evaluation, row.suite, row.preregistered, row.verdict == Verdict::passed});
  return out;
}

}  // namespace fabrica::evaluation
