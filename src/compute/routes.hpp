#pragma once

#include "api/api.hpp"
#include "compute/service.hpp"
#include "http/stream.hpp"

namespace fabrica::compute {

// The pump's topic of one stream of a job's log: notify() it on news of the job.
std::string log_topic(PublicId const& job);

// /systems, /systems/{system}/partitions, /partitions, /partitions/{partition}, /projects/{project}/jobs, /jobs/{job},
// /jobs/{job}/cancel, /jobs/{job}/log, /jobs/{job}/log/stream.
void add_routes(api::Api& api, Compute& compute, http::EventPump& events);

}  // namespace fabrica::compute
