#pragma once

#include "identity/service.hpp"

// What other modules' use cases read of people after they have asked authorise() themselves.
namespace fabrica::identity {

// Errors: not_found "person".
Result<Person> person(db::Tx& tx, PublicId const& id);
// Who holds a role in this project or organisation, everybody once.
Result<std::vector<Person>> holders(db::Tx& tx, PublicId const& scope);

}  // namespace fabrica::identity
