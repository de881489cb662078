#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "db/db.hpp"
#include "identity/types.hpp"
#include "journal/journal.hpp"

namespace fabrica::identity {

// What somebody wants to do. rules.cpp holds the one table of which role may.
enum class Permission : std::uint8_t {
  manage_people,   // organisations, people, roles, anybody's tokens
  manage_calls,    // publish calls, rounds, offers
  manage_systems,  // systems, partitions, anybody's jobs
  manage_facts,
  manage_log,           // witnesses, sequencing, erasure
  view_factory,         // everything that is not public
  manage_organisation,  // its figures and people
  apply,                // make projects and proposals for an organisation
  view_project,
  work_in_project,  // data, jobs, evaluations, documents
  lead_project,     // members, release
};
BOOST_DESCRIBE_ENUM(Permission, manage_people, manage_calls, manage_systems, manage_facts, manage_log, view_factory,
                    manage_organisation, apply, view_project, work_in_project, lead_project)

// Where: the project and the organisation concerned, by public id; empty for the factory as a whole.
struct Place {
  std::string_view organisation;
  std::string_view project;
};

// The one authorisation function; every use case calls it first. Errors: unauthenticated "login_required", forbidden
// "role" (names the permission and who holds it), forbidden "token_scope".
Result<> authorise(Actor const& actor, Permission permission, Place place = {});

// For a use case that must read the thing before it knows the place. Errors: unauthenticated "login_required".
Result<> logged_in(Actor const& actor);

enum class OrganisationKind : std::uint8_t {
  start_up,
  sme,
  small_mid_cap,
  large_company,
  university,
  research_organisation,
  public_body,
  other,
};
BOOST_DESCRIBE_ENUM(OrganisationKind, start_up, sme, small_mid_cap, large_company, university, research_organisation,
                    public_body, other)

// Country is ISO 3166-1 alpha-2 with the EU's EL and UK. Figures are those of the whole group (Recommendation
// 2003/361/EC); absent is unknown, never zero.
struct OrganisationDraft {
  std::string name;
  std::string country;
  OrganisationKind kind{};
  std::optional<std::int64_t> employees;
  std::optional<std::int64_t> turnover_eur_cents;
  std::optional<std::int64_t> balance_eur_cents;
  std::optional<bool> demo;
};
BOOST_DESCRIBE_STRUCT(OrganisationDraft, (),
                      (name, country, kind, employees, turnover_eur_cents, balance_eur_cents, demo))

struct Organisation {
  PublicId id;
  std::string name;
  std::string country;
  OrganisationKind kind{};
  std::optional<std::int64_t> employees;
  std::optional<std::int64_t> turnover_eur_cents;
  std::optional<std::int64_t> balance_eur_cents;
  bool demo = false;
};
BOOST_DESCRIBE_STRUCT(Organisation, (),
                      (id, name, country, kind, employees, turnover_eur_cents, balance_eur_cents, demo))

struct PersonDraft {
  std::string name;
  std::string email;
  std::optional<std::string> password;   // at least 12 characters; absent: cannot log in by password
  std::optional<PublicId> organisation;  // becomes a member of it
  std::vector<Grant> grants;
};
BOOST_DESCRIBE_STRUCT(PersonDraft, (), (name, email, password, organisation, grants))

struct Person {
  PublicId id;
  std::string name;
  std::string email;
  bool active = true;
};
BOOST_DESCRIBE_STRUCT(Person, (), (id, name, email, active))

struct TokenDraft {
  std::string name;
  std::vector<std::string> scopes;   // permission names; empty: all the person may do
  std::optional<std::int64_t> days;  // 1 to 365; 90 when absent
};
BOOST_DESCRIBE_STRUCT(TokenDraft, (), (name, scopes, days))

// A token; its secret is shown once, at creation, and only its SHA-256 is stored.
struct Token {
  PublicId id;
  std::string name;
  std::vector<std::string> scopes;
  Time created;
  Time expires;
  std::optional<std::string> secret;
};
BOOST_DESCRIBE_STRUCT(Token, (), (id, name, scopes, created, expires, secret))

struct Session {
  std::string cookie;  // the secret, for Set-Cookie
  std::string csrf;    // what unsafe requests repeat in a header
  Time expires;
};

// Use cases on organisations, people, roles, sessions and tokens.
class Identity {
 public:
  Identity(Clock const& clock, Random& random, journal::Journal& journal)
      : clock_{clock}, random_{random}, journal_{journal} {}

  Result<Organisation> create_organisation(db::Tx& tx, Actor const& actor, OrganisationDraft const& draft);
  Result<Organisation> organisation(db::Tx& tx, PublicId const& id);
  Result<std::vector<Organisation>> organisations(db::Tx& tx, Actor const& actor);

  // password_hash is made outside the transaction (it takes 70 ms): crypto::hash_password.
  Result<Person> create_person(db::Tx& tx, Actor const& actor, PersonDraft const& draft,
                               std::optional<std::string> const& password_hash);
  // On an empty factory, from the data folder only. Errors: conflict "has_administrator".
  Result<Person> create_first_administrator(db::Tx& tx, PersonDraft const& draft, std::string const& password_hash);
  Result<std::vector<Person>> people(db::Tx& tx, Actor const& actor);
  // The actor a local command on the data folder acts as. Errors: not_found "person".
  Result<Actor> actor_by_email(db::Tx& tx, std::string_view email);
  Result<> grant(db::Tx& tx, Actor const& actor, PublicId const& person, Grant const& grant);
  // For modules that hand out a role as part of their own use case (a project's lead).
  Result<> grant_unchecked(db::Tx& tx, PersonId person, Grant const& grant);

  // Ends every other session of the actor.
  Result<> set_password(db::Tx& tx, Actor const& actor, std::string const& password_hash);

  // What login() needs before it may compare: the hash, or nothing when there is nobody to log in.
  struct Credentials {
    PersonId person{};
    std::string password_hash;
  };
  Result<std::optional<Credentials>> credentials(db::Tx& tx, std::string_view email);
  Result<Session> start_session(db::Tx& tx, PersonId person);
  // Five wrong passwords lock the account for a quarter of an hour.
  Result<> note_failed_login(db::Tx& tx, std::string_view email);
  Result<> end_session(db::Tx& tx, std::string_view cookie);

  Result<Token> create_token(db::Tx& tx, Actor const& actor, TokenDraft const& draft);
  Result<std::vector<Token>> tokens(db::Tx& tx, Actor const& actor);
  Result<> revoke_token(db::Tx& tx, Actor const& actor, PublicId const& token);

  // Errors: unauthenticated "token" (unknown, expired or revoked: one answer for all).
  Result<Actor> by_token(db::Tx& tx, std::string_view secret, Micros now);
  Result<Actor> by_session(db::Tx& tx, std::string_view cookie, Micros now);
  // Whether the header matches the session. Errors: forbidden "csrf".
  Result<> check_csrf(db::Tx& tx, std::string_view cookie, std::string_view header);

 private:
  Result<Actor> load_actor(db::Tx& tx, PersonId person, std::string_view scopes);
  Result<Person> insert_person(db::Tx& tx, std::string_view by, PersonDraft const& draft,
                               std::optional<std::string> const& password_hash);

  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
};

}  // namespace fabrica::identity
