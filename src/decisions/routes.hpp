#pragma once

#include "api/api.hpp"
#include "decisions/service.hpp"

namespace fabrica::decisions {

// /rounds/{round}/lottery, .../ranking, .../decision, .../what-if, .../publish, .../publication, .../minutes,
// .../reserve, .../reserve/close; /proposals/{proposal}/decision-changes, .../response, .../offer/end, .../reopen,
// .../decide, .../appeals, .../letters; /decision-changes/{change}/undo; /appeals/{appeal}/ruling;
// /calls/{call}/register, .../indicators (both also .csv), .../recount.
void add_routes(api::Api& api, Decisions& decisions);

}  // namespace fabrica::decisions
