#include "identity/membership.hpp"

#include "identity/people.hpp"

namespace fabrica::identity {
namespace {

constexpr db::Query kByEmail{"person_by_address", R"sql(
  SELECT public_id AS id, name, email, active FROM people WHERE email = $1 AND active = 1)sql"};
constexpr db::Query kGive{"role_give", R"sql(
  INSERT INTO grants (person_id, role, scope, created_us)
  SELECT id, $2, $3, CAST($4 AS BIGINT) FROM people WHERE public_id = $1
  ON CONFLICT (person_id, role, scope) DO NOTHING)sql"};
constexpr db::Query kTake{"role_take", R"sql(
  DELETE FROM grants WHERE role = $2 AND scope = $3 AND person_id = (SELECT id FROM people WHERE public_id = $1))sql"};
constexpr db::Query kLoansEnd{"role_loans_end", R"sql(
  UPDATE delegations SET ended_us = $4 WHERE role = $2 AND scope = $3 AND ended_us IS NULL AND until_us > $4 AND
         giver_id = (SELECT id FROM people WHERE public_id = $1))sql"};

}  // namespace

Result<std::optional<Person>> person_by_email(db::Tx& tx, std::string_view email) {
  std::string folded{email};
  for (auto& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return tx.maybe<Person>(kByEmail, folded);
}

Result<bool> give_role(db::Tx& tx, PublicId const& id, Grant const& grant, Micros now) {
  FABRICA_DO(person(tx, id));
  FABRICA_TRY(auto const made, tx.run(kGive, id, grant.role, grant.scope, Time{now}));
  return made == 1;
}

Result<bool> take_role(db::Tx& tx, PublicId const& id, Grant const& grant, Micros now) {
  FABRICA_DO(person(tx, id));
  FABRICA_TRY(auto const gone, tx.run(kTake, id, grant.role, grant.scope));
  if (gone == 1) FABRICA_DO(tx.run(kLoansEnd, id, grant.role, grant.scope, Time{now}));
  return gone == 1;
}

}  // namespace fabrica::identity
