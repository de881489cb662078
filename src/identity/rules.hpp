#pragma once

#include <string_view>

#include "base/result.hpp"
#include "identity/service.hpp"

namespace fabrica::identity {

// Which role may do what: the whole of the factory's authorisation.
bool role_may(Role role, Permission permission);

// Where a role can be held: factory roles have no scope, the others must have one.
enum class RoleScope : std::uint8_t { factory, organisation, project };
RoleScope scope_of(Role role);

std::string_view name_of(Permission permission);
std::string_view name_of(Role role);

// Errors: invalid, with a fault per member that is wrong.
Result<> check(OrganisationDraft const& draft);
Result<> check(PersonDraft const& draft);
Result<> check(TokenDraft const& draft);
Result<> check(Grant const& grant);

}  // namespace fabrica::identity
