#pragma once

#include "api/api.hpp"
#include "awards/service.hpp"

namespace fabrica::awards {

// /calls/{call}/award-rules; /awards/{award}, .../access-works, .../periods, .../requests, .../report (also .html and
// .json, .../report/submit, .../accept, .../return); /awards/watched; /award-requests, /award-requests/{request},
// .../grant, .../refuse, .../withdraw, .../letter.
void add_routes(api::Api& api, Awards& awards);

}  // namespace fabrica::awards
