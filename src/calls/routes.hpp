#pragma once

#include "api/api.hpp"
#include "calls/rounds.hpp"
#include "calls/service.hpp"

namespace fabrica::calls {

// /calls, /calls/{call}, .../publish, .../close, /offers/{offer}/capacity, /projects/{project}/proposals,
// /proposals/{proposal}, .../submit, .../withdraw, /projects/{project}/awards, /awards/{award}/statement.
void add_routes(api::Api& api, Calls& calls);

// /call-templates, PUT /calls/{call}, /calls/{call}/rounds, /proposals/{proposal}/recall, .../steps, .../steps/{step},
// .../form.html, /steps/overdue, /forms, /forms/{form}, /forms/{form}/schema.
void add_round_routes(api::Api& api, Calls& calls, Rounds& rounds);

// /proposals/{proposal}/checks, .../overrides, /overrides/{override}/end.
void add_check_routes(api::Api& api, Calls& calls);

}  // namespace fabrica::calls
