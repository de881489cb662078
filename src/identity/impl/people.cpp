#include "identity/people.hpp"

#include <fmt/format.h>

namespace fabrica::identity {
namespace {

constexpr db::Query kPerson{"person_shown", R"sql(
  SELECT public_id AS id, name, email, active FROM people WHERE public_id = $1)sql"};
constexpr db::Query kHolders{"grant_holders", R"sql(
  SELECT p.public_id AS id, p.name AS name, p.email AS email, p.active AS active FROM people p
   WHERE EXISTS (SELECT 1 FROM grants g WHERE g.person_id = p.id AND g.scope = $1) ORDER BY p.id)sql"};
constexpr db::Query kHoldersOf{"grant_holders_of", R"sql(
  SELECT p.public_id FROM grants g JOIN people p ON p.id = g.person_id
   WHERE g.role = $1 AND g.scope = $2 ORDER BY p.id)sql"};
constexpr db::Query kScopesOf{"grant_scopes_of", R"sql(
  SELECT g.scope FROM grants g JOIN people p ON p.id = g.person_id
   WHERE p.public_id = $1 AND g.role = $2 AND g.scope <> '' ORDER BY g.scope)sql"};

constexpr db::Query kPeopleWith{"grant_people_with", R"sql(
  SELECT p.public_id AS id, p.name AS name, p.email AS email, p.active AS active FROM people p
    JOIN grants g ON g.person_id = p.id WHERE g.role = $1 AND g.scope = $2 AND p.active = 1 ORDER BY p.id)sql"};

}  // namespace

Result<Person> person(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto found, tx.maybe<Person>(kPerson, id));
  if (!found) return fail(Errc::not_found, "person", fmt::format("There is no person {}.", id.text()));
  return *std::move(found);
}

Result<std::vector<PublicId>> holders_of(db::Tx& tx, Role role, PublicId const& scope) {
  return tx.all<PublicId>(kHoldersOf, role, scope);
}

Result<std::vector<PublicId>> scopes_of(db::Tx& tx, PublicId const& person, Role role) {
  return tx.all<PublicId>(kScopesOf, person, role);
}

Result<std::vector<Person>> holders(db::Tx& tx, PublicId const& scope) { return tx.all<Person>(kHolders, scope); }

Result<std::vector<Person>> people_with(db::Tx& tx, Role role, std::string_view scope) {
  return tx.all<Person>(kPeopleWith, role, scope);
}

}  // namespace fabrica::identity
