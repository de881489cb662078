#pragma once

#include "identity/service.hpp"

namespace fabrica::identity::store {

inline constexpr db::Query kOrganisationInsert{"organisation_insert", R"sql(
  INSERT INTO organisations (public_id, name, country, kind, employees, turnover_eur_cents, balance_eur_cents, demo, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};

inline constexpr db::Query kOrganisationById{"organisation_by_id", R"sql(
  SELECT public_id AS id, name, country, kind, employees, turnover_eur_cents, balance_eur_cents, demo
    FROM organisations WHERE public_id = $1)sql"};

inline constexpr db::Query kOrganisations{"organisations", R"sql(
  SELECT public_id AS id, name, country, kind, employees, turnover_eur_cents, balance_eur_cents, demo
    FROM organisations ORDER BY id)sql"};

inline constexpr db::Query kPersonInsert{"person_insert", R"sql(
  INSERT INTO people (public_id, name, email, password_hash, created_us) VALUES ($1, $2, $3, $4, $5))sql"};

inline constexpr db::Query kPeople{"people", R"sql(
  SELECT public_id AS id, name, email, active FROM people ORDER BY people.id)sql"};

struct PersonRow {
  PersonId id{};
  PublicId public_id;
  std::string name;
  bool active = false;
};
BOOST_DESCRIBE_STRUCT(PersonRow, (), (id, public_id, name, active))

inline constexpr db::Query kPersonRow{"person_row", R"sql(
  SELECT id, public_id, name, active FROM people WHERE id = $1)sql"};
inline constexpr db::Query kPersonByPublicId{"person_by_public_id", R"sql(
  SELECT id, public_id, name, active FROM people WHERE public_id = $1)sql"};
inline constexpr db::Query kPersonByEmail{"person_by_email", R"sql(
  SELECT id, public_id, name, active FROM people WHERE email = $1)sql"};

struct LoginRow {
  PersonId id{};
  std::optional<std::string> password_hash;
  bool active = false;
  Time locked_until_us;
};
BOOST_DESCRIBE_STRUCT(LoginRow, (), (id, password_hash, active, locked_until_us))

inline constexpr db::Query kLogin{"login", R"sql(
  SELECT id, password_hash, active, locked_until_us FROM people WHERE email = $1)sql"};
inline constexpr db::Query kLoginFailed{"login_failed", R"sql(
  UPDATE people SET failed_logins = CASE WHEN failed_logins >= 4 THEN 0 ELSE failed_logins + 1 END,
         locked_until_us = CASE WHEN failed_logins >= 4 THEN $2 ELSE locked_until_us END
   WHERE email = $1)sql"};
inline constexpr db::Query kLoginSucceeded{"login_succeeded", R"sql(
  UPDATE people SET failed_logins = 0, locked_until_us = 0 WHERE id = $1)sql"};

inline constexpr db::Query kPasswordSet{"password_set", R"sql(
  UPDATE people SET password_hash = $2, failed_logins = 0, locked_until_us = 0 WHERE id = $1)sql"};
inline constexpr db::Query kSessionsEnd{"sessions_end", R"sql(
  DELETE FROM sessions WHERE person_id = $1)sql"};

inline constexpr db::Query kGrantInsert{"grant_insert", R"sql(
  INSERT INTO grants (person_id, role, scope, created_us) VALUES ($1, $2, $3, $4)
  ON CONFLICT (person_id, role, scope) DO NOTHING)sql"};
inline constexpr db::Query kGrants{"grants", R"sql(
  SELECT g.role AS role, g.scope AS scope, NULL AS on_behalf_of FROM grants g WHERE g.person_id = $1
  UNION ALL
  SELECT d.role, d.scope, giver.public_id FROM delegations d JOIN people giver ON giver.id = d.giver_id
    JOIN grants g ON g.person_id = d.giver_id AND g.role = d.role AND g.scope = d.scope
   WHERE d.receiver_id = $1 AND d.from_us <= $2 AND d.until_us > $2 AND d.ended_us IS NULL AND giver.active = 1
  ORDER BY 1, 2, 3)sql"};
inline constexpr db::Query kAdministrators{"administrators", R"sql(
  SELECT COUNT(*) FROM grants WHERE role = 'administrator')sql"};

inline constexpr db::Query kSessionInsert{"session_insert", R"sql(
  INSERT INTO sessions (token_digest, csrf_digest, person_id, created_us, expires_us) VALUES ($1, $2, $3, $4, $5))sql"};
inline constexpr db::Query kSessionsSweep{"sessions_sweep", R"sql(
  DELETE FROM sessions WHERE expires_us <= $1)sql"};
inline constexpr db::Query kSessionPerson{"session_person", R"sql(
  SELECT person_id FROM sessions WHERE token_digest = $1 AND expires_us > $2)sql"};
inline constexpr db::Query kSessionCsrf{"session_csrf", R"sql(
  SELECT csrf_digest FROM sessions WHERE token_digest = $1)sql"};
inline constexpr db::Query kSessionDelete{"session_delete", R"sql(
  DELETE FROM sessions WHERE token_digest = $1)sql"};

inline constexpr db::Query kTokenInsert{"token_insert", R"sql(
  INSERT INTO tokens (public_id, person_id, name, digest, scopes, created_us, expires_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};

struct TokenRow {
  PublicId public_id;
  std::string name;
  std::string scopes;
  Time created_us;
  Time expires_us;
};
BOOST_DESCRIBE_STRUCT(TokenRow, (), (public_id, name, scopes, created_us, expires_us))

inline constexpr db::Query kTokens{"tokens", R"sql(
  SELECT public_id, name, scopes, created_us, expires_us FROM tokens
   WHERE person_id = $1 AND revoked_us IS NULL AND expires_us > $2 ORDER BY id)sql"};

struct TokenOwner {
  PersonId person_id{};
  std::string scopes;
};
BOOST_DESCRIBE_STRUCT(TokenOwner, (), (person_id, scopes))

inline constexpr db::Query kTokenOwner{"token_owner", R"sql(
  SELECT person_id, scopes FROM tokens WHERE digest = $1 AND revoked_us IS NULL AND expires_us > $2)sql"};
inline constexpr db::Query kTokenRevoke{"token_revoke", R"sql(
  UPDATE tokens SET revoked_us = $3
   WHERE public_id = $1 AND revoked_us IS NULL AND ($2 = 0 OR person_id = $2))sql"};

}  // namespace fabrica::identity::store
