#pragma once

#include "api/api.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {

// Reviewers: /reviewers/{person}, /invitations/show, /invitations/answer, /reviews/tasks, /reviews/tasks/{assignment}
// and what hangs on it. The access office: /calls/{call}/reviewers..., /rounds/{round}/assignment...,
// /proposals/{proposal}/reviews... Applicants: /proposals/{proposal}/rebuttal.
void add_routes(api::Api& api, Reviews& reviews);

}  // namespace fabrica::reviews
