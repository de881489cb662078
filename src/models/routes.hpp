#pragma once

#include "api/api.hpp"
#include "http/stream.hpp"
#include "models/runs.hpp"
#include "models/service.hpp"

namespace fabrica::models {

// Whether a job has ended, as an event stream needs to know: no points come any more.
using JobEnded = std::function<Result<bool>(db::Tx& tx, PublicId const& job)>;

// The pump's topic of a job's metrics: notify() it when points were recorded.
inline std::string metrics_topic(std::string_view job) { return "metrics/" + std::string{job}; }

struct Parts {
  Models& models;
  Runs& runs;
  Jobs& jobs;
  StoredBytes& bytes;
  projects::Projects& projects;
  http::EventPump& events;
  JobEnded job_ended;
};

// /jobs/{job}/metrics, /jobs/{job}/metrics/stream, /projects/{project}/models, /models/{model},
// /models/{model}/release, /models/{model}/withdraw, /models/{model}/files/{path*}.
void add_routes(api::Api& api, Parts const& parts);

}  // namespace fabrica::models
