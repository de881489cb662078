#pragma once

#include "api/api.hpp"
#include "calls/service.hpp"

namespace fabrica::calls {

// /calls, /calls/{call}, .../publish, .../close, /offers/{offer}/capacity, /projects/{project}/proposals,
// /proposals/{proposal}, .../submit, .../withdraw, /projects/{project}/awards, /awards/{award}/statement.
void add_routes(api::Api& api, Calls& calls);

}  // namespace fabrica::calls
