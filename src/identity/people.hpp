#pragma once

#include "identity/service.hpp"

// What other modules' use cases read of people after they have asked authorise() themselves.
namespace fabrica::identity {

// Errors: not_found "person".
Result<Person> person(db::Tx& tx, PublicId const& id);
// Who holds a role in this project or organisation, everybody once.
Result<std::vector<Person>> holders(db::Tx& tx, PublicId const& scope);
// Who holds this very role there, and where a person holds it; roles of one's own, not lent ones.
Result<std::vector<PublicId>> holders_of(db::Tx& tx, Role role, PublicId const& scope);
Result<std::vector<PublicId>> scopes_of(db::Tx& tx, PublicId const& person, Role role);

// Who is active and holds this role there (scope empty: in the factory).
Result<std::vector<Person>> people_with(db::Tx& tx, Role role, std::string_view scope);

}  // namespace fabrica::identity
