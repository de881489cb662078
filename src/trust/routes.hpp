#pragma once

#include "api/api.hpp"
#include "trust/service.hpp"

namespace fabrica::trust {

// /assessment-questions, /projects/{project}/assessments, /assessments/{assessment}, /projects/{project}/declarations,
// /projects/{project}/dossiers, /dossiers/{dossier}, /dossiers/{dossier}/file.
void add_routes(api::Api& api, Trust& trust, models::StoredBytes& bytes);

}  // namespace fabrica::trust
