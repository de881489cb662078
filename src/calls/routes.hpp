#pragma once

#include "api/api.hpp"
#include "calls/rounds.hpp"
#include "calls/service.hpp"

namespace fabrica::blobs {
class Store;
}

namespace fabrica::calls {

class Attachments;
class Suggester;
class Importer;
class Layers;

// /calls, /calls/{call}, .../publish, .../close, /offers/{offer}/capacity, .../open, .../close,
// /projects/{project}/proposals, /proposals/{proposal}, .../submit, .../withdraw, /projects/{project}/awards,
// /awards/{award}/statement.
void add_routes(api::Api& api, Calls& calls);

// PUT /calls/{call}, /calls/{call}/rounds, /proposals/{proposal}/recall, .../steps, .../steps/{step},
// .../form.html, /steps/overdue.
void add_round_routes(api::Api& api, Calls& calls, Rounds& rounds);

// /proposals/{proposal}/checks, .../overrides, /overrides/{override}/end.
void add_check_routes(api::Api& api, Calls& calls);
// /proposals/{proposal}/attachments, .../{field}, .../{field}/again.
void add_attachment_routes(api::Api& api, Attachments& attachments, blobs::Store const& store);

// /projects/{project}/answers, /projects/{project}/suggestions, /proposals/{proposal}/suggestions.
void add_suggestion_routes(api::Api& api, Suggester& suggester);

// POST /calls/import.
void add_import_routes(api::Api& api, Importer& importer);

// /call-templates, /call-templates/{key}, .../call, /forms, /forms/{form}, .../schema, .../changes.
void add_layer_routes(api::Api& api, Layers& layers);

}  // namespace fabrica::calls
