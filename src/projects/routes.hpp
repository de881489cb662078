#pragma once

#include "api/api.hpp"
#include "projects/members.hpp"
#include "projects/service.hpp"

namespace fabrica::projects {

// /projects, /projects/{project}, /projects/{project}/journey, /projects/{project}/statements.
void add_routes(api::Api& api, Projects& projects, journal::Journal& journal);

// /projects/{project}/members, .../{person}.
void add_member_routes(api::Api& api, Members& members);

}  // namespace fabrica::projects
