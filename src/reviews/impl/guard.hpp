#pragma once

#include <algorithm>

#include "identity/service.hpp"

namespace fabrica::reviews {

// Has this person a role in the project?
inline bool has_part(identity::Actor const& actor, PublicId const& project) {
  return std::ranges::find(actor.grants, project.text(), &identity::Grant::scope) != actor.grants.end();
}

// Errors: forbidden "own_project".
inline Result<> no_part(identity::Actor const& actor, PublicId const& project) {
  if (!has_part(actor, project)) return {};
  return fail(Errc::forbidden, "own_project", "You have a part in this project: somebody else looks after its reviews.");
}

}  // namespace fabrica::reviews
