#pragma once

#include "api/api.hpp"
#include "decisions/record.hpp"
#include "decisions/service.hpp"

namespace fabrica::decisions {

// /rounds/{round}/lottery, .../ranking, .../decision, .../what-if, .../publish, .../publication, .../minutes,
// .../reserve, .../reserve/close; /proposals/{proposal}/decision-changes, .../response, .../offer/end, .../reopen,
// .../decide, .../appeals, .../letters; /decision-changes/{change}/undo; /appeals/{appeal}/ruling.
void add_routes(api::Api& api, Decisions& decisions);
// /register, /indicators and the same below /calls/{call}, /calls/{call}/pace (all also .csv); /recount and
// /calls/{call}/recount; /overdue-answers.
void add_record_routes(api::Api& api, PublicRecord& record);

}  // namespace fabrica::decisions
