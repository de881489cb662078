#pragma once

#include "api/api.hpp"
#include "evaluation/service.hpp"

namespace fabrica::evaluation {

// /projects/{project}/evaluations, /evaluations/{evaluation}, /evaluations/{evaluation}/results.
void add_routes(api::Api& api, Evaluations& evaluations);

}  // namespace fabrica::evaluation
