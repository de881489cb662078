#pragma once

#include <boost/describe.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/acting.hpp"
#include "base/id.hpp"
#include "base/time.hpp"

namespace fabrica::identity {

using OrganisationId = Id<struct OrganisationTag>;
using PersonId = Id<struct PersonTag>;

// A role is held for the whole factory, for one organisation, or for one project.
enum class Role : std::uint8_t {
  administrator,       // factory: everything, users and keys included
  access_officer,      // factory: calls, decisions
  operator_,           // factory: systems, partitions, jobs of anyone
  auditor,             // factory: reads everything, changes nothing
  organisation_admin,  // organisation: its people and figures
  member,              // organisation
  project_lead,        // project
  project_member,      // project
};
BOOST_DESCRIBE_ENUM(Role, administrator, access_officer, operator_, auditor, organisation_admin, member, project_lead,
                    project_member)

// A role and where it holds: `scope` is empty for the factory, else the public id of the organisation or project.
struct Grant {
  Role role{};
  std::string scope;
  std::optional<PublicId> on_behalf_of{};  // delegated by this person for a time; absent: one's own
};
BOOST_DESCRIBE_STRUCT(Grant, (), (role, scope, on_behalf_of))

// Who is asking. Made by authenticate() alone; every use case takes one and asks authorise() before it acts.
struct Actor {
  PersonId id{};
  PublicId person;  // empty for the public (nobody logged in)
  std::string name;
  std::vector<Grant> grants;
  // What an API token was limited to; empty means everything the person may do.
  std::vector<std::string> scopes;
  // Where authorise() notes whose delegated role it needed; copies of an actor share it. Absent: nobody asks.
  std::shared_ptr<Acting> acting{};

  bool anonymous() const { return person.empty(); }
};

}  // namespace fabrica::identity
