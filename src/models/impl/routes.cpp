#include "models/routes.hpp"

#include <charconv>

namespace fabrica::models {
namespace {

using api::Call;

constexpr std::int64_t kEventsAtOnce = 300;

struct Metrics {
  PublicId job;
  std::vector<Series> series;
};
BOOST_DESCRIBE_STRUCT(Metrics, (), (job, series))

// What an event of the stream carries.
struct MetricEvent {
  std::string name;
  std::int64_t step = 0;
  double value = 0;
  Time time;
};
BOOST_DESCRIBE_STRUCT(MetricEvent, (), (name, step, value, time))

Result<> may_view_job(db::Tx& tx, Parts const& parts, Call const& call, PublicId const& job) {
  FABRICA_TRY(auto const found, parts.jobs.job(tx, job));
  FABRICA_DO(parts.projects.require(tx, call.actor(), found.project, identity::Permission::view_project));
  return {};
}

// What a reader says he has seen; what is no number of ours is the beginning.
std::int64_t seen(std::string const& id) {
  std::int64_t out = 0;
  auto const [end, error] = std::from_chars(id.data(), id.data() + id.size(), out);
  return error == std::errc{} && end == id.data() + id.size() && out > 0 ? out : 0;
}

Result<http::EventPump::Batch> pull(db::Database& database, Parts const& parts, PublicId const& job, std::string const& after) {
  return database.read([&](db::Tx& tx) -> Result<http::EventPump::Batch> {
    FABRICA_TRY(auto const points, parts.runs.after(tx, job, seen(after), kEventsAtOnce));
    http::EventPump::Batch batch;
    for (auto const& point : points)
      batch.events.push_back({std::to_string(point.id), "metric",
                              json::write(MetricEvent{point.name, point.step, point.value, point.time})});
    if (static_cast<std::int64_t>(points.size()) < kEventsAtOnce) {
      FABRICA_TRY(batch.last, parts.job_ended(tx, job));
    }
    return batch;
  });
}

std::string_view content_type_of(std::string_view path) {
  if (path.ends_with(".json")) return "application/json";
  if (path.ends_with(".md") || path.ends_with(".txt")) return "text/plain; charset=utf-8";
  return "application/octet-stream";
}

void add_metrics(api::Api& api, Parts const& parts) {
  api.get<Metrics>(
      "/jobs/{job}/metrics",
      {.id = "job_metrics", .summary = "What a job measured, thinned so that peaks stay", .tag = "metrics",
       .query = {{"name", "only this metric"}, {"from", "only steps from here on"},
                 {"limit", "points of each metric, 4 to 10000; 500 by default"}}},
      [parts](Call& call, db::Tx& tx) -> Result<Metrics> {
        FABRICA_TRY(auto const job, call.id("job"));
        FABRICA_DO(may_view_job(tx, parts, call, job));
        FABRICA_TRY(auto const from, call.query_integer("from", 0, std::numeric_limits<std::int64_t>::max()));
        FABRICA_TRY(auto const limit, call.query_integer("limit", 4, 10'000));
        FABRICA_TRY(auto series, parts.runs.series(tx, job, call.query("name"), from.value_or(0), limit.value_or(500)));
        return Metrics{job, std::move(series)};
      });
  api.raw("GET", "/jobs/{job}/metrics/stream",
          {.id = "job_metrics_stream", .summary = "The same as server-sent events while the job runs", .tag = "metrics"},
          [parts, &api](Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const job, call.id("job"));
            FABRICA_DO(api.database().read([&](db::Tx& tx) { return may_view_job(tx, parts, call, job); }));
            return parts.events.open(request, metrics_topic(job.text()), [parts, &api, job](std::string const& after) {
              return pull(api.database(), parts, job, after);
            });
          });
}

void add_decision(api::Api& api, Parts const& parts, std::string_view step, ReleaseAct act, std::string summary) {
  api.post<ReleaseDraft, Model>("/models/{model}/" + std::string{step},
                                {.id = "model_" + std::string{step}, .summary = std::move(summary), .tag = "models"},
                                [parts, act](Call& call, db::Tx& tx, ReleaseDraft const& draft) -> Result<Model> {
                                  FABRICA_TRY(auto const id, call.id("model"));
                                  return parts.models.decide(tx, call.actor(), id, act, draft);
                                });
}

}  // namespace

void add_routes(api::Api& api, Parts const& parts) {
  add_metrics(api, parts);
  api.post<ModelDraft, Model>(
      "/projects/{project}/models",
      {.id = "model_register", .summary = "Make a model version of what a completed job left", .tag = "models"},
      [parts](Call& call, db::Tx& tx, ModelDraft const& draft) -> Result<Model> {
        FABRICA_TRY(auto const project, call.id("project"));
        FABRICA_TRY(auto made, parts.models.register_model(tx, call.actor(), project, draft));
        call.created("/models/" + made.id.text());
        return made;
      });
  api.list<Model>("/projects/{project}/models",
                  {.id = "models", .summary = "A project's models, oldest first, without their files", .tag = "models"},
                  [parts](Call& call, db::Tx& tx, api::Page const& page) -> Result<api::PageOf<Model>> {
                    FABRICA_TRY(auto const project, call.id("project"));
                    FABRICA_TRY(auto const after, page.after());
                    FABRICA_TRY(auto found, parts.models.models(tx, call.actor(), project, after, page.limit + 1));
                    return api::page_of(std::move(found), page, [](Model const& one) { return one.id.text(); });
                  });
  api.get<Model>("/models/{model}", {.id = "model", .summary = "A model with its files and lineage", .tag = "models"},
                 [parts](Call& call, db::Tx& tx) -> Result<Model> {
                   FABRICA_TRY(auto const id, call.id("model"));
                   return parts.models.model(tx, call.actor(), id);
                 });
  add_decision(api, parts, "release", ReleaseAct::release, "Release a registered model, with the reasons");
  add_decision(api, parts, "withdraw", ReleaseAct::withdraw, "Withdraw a model, with the reasons");
  api.raw("GET", "/models/{model}/files/{path*}",
          {.id = "model_file", .summary = "A file of a model; one byte range may be asked for", .tag = "models"},
          [parts, &api](Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("model"));
            FABRICA_TRY(auto const file, api.database().read([&](db::Tx& tx) {
              return parts.models.file(tx, call.actor(), id, call.path("path"));
            }));
            FABRICA_TRY(auto const path, parts.bytes.path_of(file.sha256));
            return http::file_response(request, path, content_type_of(file.path), '"' + file.sha256 + '"');
          });
}

}  // namespace fabrica::models
