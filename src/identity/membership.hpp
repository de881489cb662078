#pragma once

#include "identity/service.hpp"

// Roles that a module above hands out and takes back as part of its own use case (a project's members); it has asked
// authorise() itself.
namespace fabrica::identity {

// By address, whatever its case; only accounts that are active.
Result<std::optional<Person>> person_by_email(db::Tx& tx, std::string_view email);

// Whether anything changed. What somebody lent of a role ends when it is taken. Errors: not_found "person".
Result<bool> give_role(db::Tx& tx, PublicId const& person, Grant const& grant, Micros now);
Result<bool> take_role(db::Tx& tx, PublicId const& person, Grant const& grant, Micros now);

}  // namespace fabrica::identity
