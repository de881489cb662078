#pragma once

#include "projects/service.hpp"

namespace fabrica::projects {

// For use cases of other modules that have asked authorise() themselves. Errors: not_found "project".
Result<Project> find_project(db::Tx& tx, PublicId const& id);
// An organisation's projects, in the order they were made.
Result<std::vector<PublicId>> projects_of(db::Tx& tx, PublicId const& organisation);

}  // namespace fabrica::projects
