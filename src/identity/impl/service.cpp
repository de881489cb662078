#include "identity/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/encoding.hpp"
#include "crypto/secret.hpp"
#include "crypto/token.hpp"
#include "identity/impl/store.hpp"
#include "identity/roles.hpp"
#include "identity/rules.hpp"
#include "json/json.hpp"

namespace fabrica::identity {
namespace {

constexpr Micros kSessionLife = 12 * kHour;
constexpr Micros kLockout = 15 * kMinute;
constexpr std::string_view kTokenPrefix = "fab_";
constexpr std::string_view kSessionPrefix = "fas_";

std::unexpected<Error> bad_credential() {
  return fail(Errc::unauthenticated, "token",
              "This token or session is unknown, expired or revoked: log in again or make a new token.");
}

std::string join(std::vector<std::string> const& scopes) {
  std::string text;
  for (auto const& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    auto const end = std::min(text.find(' '), text.size());
    scopes.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return scopes;
}

// E-mail addresses are compared without case.
std::string folded(std::string_view email) {
  std::string text{email};
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

struct GrantBody {
  PublicId person;
  std::string role;
  std::string scope;
};
BOOST_DESCRIBE_STRUCT(GrantBody, (), (person, role, scope))

struct PersonBody {
  PublicId person;
  std::vector<Grant> grants;
};
BOOST_DESCRIBE_STRUCT(PersonBody, (), (person, grants))

struct TokenBody {
  PublicId token;
  std::vector<std::string> scopes;
  Time expires;
};
BOOST_DESCRIBE_STRUCT(TokenBody, (), (token, scopes, expires))

struct RevokedBody {
  PublicId token;
};
BOOST_DESCRIBE_STRUCT(RevokedBody, (), (token))

template <class T>
journal::Statement about(std::string_view kind, std::string_view actor, T const& body) {
  return {std::string{journal::kFactoryChain}, std::string{kind}, std::string{actor}, {}, json::write(body)};
}

}  // namespace

Result<Organisation> Identity::create_organisation(db::Tx& tx, Actor const& actor, OrganisationDraft const& draft) {
  FABRICA_DO(authorise(actor, Permission::manage_people));
  FABRICA_DO(check(draft));
  auto const id = PublicId::make(clock_.now(), random_);
  FABRICA_DO(tx.run(store::kOrganisationInsert, id, draft.name, draft.country, draft.kind, draft.employees,
                    draft.turnover_eur_cents, draft.balance_eur_cents, draft.demo.value_or(false), clock_.now()));
  FABRICA_TRY(auto made, organisation(tx, id));
  FABRICA_DO(journal_.append(tx, about("organisation.registered", actor.person.text(), made)));
  return made;
}

Result<Organisation> Identity::organisation(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto found, tx.maybe<Organisation>(store::kOrganisationById, id));
  if (!found) return fail(Errc::not_found, "organisation", fmt::format("There is no organisation {}.", id.text()));
  return *std::move(found);
}

Result<std::vector<Organisation>> Identity::organisations(db::Tx& tx, Actor const& actor) {
  if (!authorise(actor, Permission::view_factory)) {
    // Who may not see all sees those where a role is held.
    std::vector<Organisation> own;
    for (auto const& grant : actor.grants) {
      if (scope_of(grant.role) != RoleScope::organisation) continue;
      FABRICA_TRY(auto const id, PublicId::parse(grant.scope));
      FABRICA_TRY(auto found, organisation(tx, id));
      own.push_back(std::move(found));
    }
    FABRICA_DO(logged_in(actor));
    return own;
  }
  return tx.all<Organisation>(store::kOrganisations);
}

Result<Person> Identity::insert_person(db::Tx& tx, std::string_view by, PersonDraft const& draft,
                                       std::optional<std::string> const& password_hash) {
  auto const id = PublicId::make(clock_.now(), random_);
  auto const row = tx.insert(store::kPersonInsert, id, draft.name, folded(draft.email), password_hash, clock_.now());
  if (!row) {
    if (row.error().reason == "unique")
      return fail(Errc::conflict, "email_taken", fmt::format("Somebody has the address {} already.", draft.email),
                  {{"/email", "taken"}});
    return std::unexpected(row.error());
  }
  PersonId const person{*row};
  PersonBody body{id, draft.grants};
  if (draft.organisation) {
    FABRICA_DO(organisation(tx, *draft.organisation));
    body.grants.push_back({Role::member, draft.organisation->text()});
  }
  for (auto const& grant : body.grants) FABRICA_DO(grant_unchecked(tx, person, grant));
  FABRICA_DO(journal_.append(tx, about("person.registered", by, body)));
  return Person{id, draft.name, folded(draft.email), true};
}

Result<Person> Identity::create_person(db::Tx& tx, Actor const& actor, PersonDraft const& draft,
                                       std::optional<std::string> const& password_hash) {
  FABRICA_DO(authorise(actor, Permission::manage_people));
  FABRICA_DO(check(draft));
  if (!draft.grants.empty() && only_lent(actor, Permission::manage_people))
    return fail(Errc::forbidden, "delegated_role",
                "Your role is lent for a time: register the person without roles, which would outlast it.");
  return insert_person(tx, actor.person.text(), draft, password_hash);
}

Result<Person> Identity::create_first_administrator(db::Tx& tx, PersonDraft const& draft,
                                                    std::string const& password_hash) {
  FABRICA_TRY(auto const count, tx.one<std::int64_t>(store::kAdministrators));
  if (count > 0)
    return fail(Errc::conflict, "has_administrator",
                "This factory has an administrator already: log in as one and use fabrica user create.");
  auto with_role = draft;
  with_role.grants = {{Role::administrator, ""}};
  FABRICA_DO(check(with_role));
  return insert_person(tx, journal::kProgram, with_role, password_hash);
}

Result<std::vector<Person>> Identity::people(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(authorise(actor, Permission::manage_people));
  return tx.all<Person>(store::kPeople);
}

Result<Actor> Identity::actor_by_email(db::Tx& tx, std::string_view email) {
  FABRICA_TRY(auto const found, tx.maybe<store::PersonRow>(store::kPersonByEmail, folded(email)));
  if (!found) return fail(Errc::not_found, "person", fmt::format("Nobody has the address {}.", email.substr(0, 254)));
  return load_actor(tx, found->id, "");
}

Result<> Identity::grant(db::Tx& tx, Actor const& actor, PublicId const& person, Grant const& grant) {
  FABRICA_DO(check(grant));
  auto const permission =
      scope_of(grant.role) == RoleScope::organisation ? Permission::manage_organisation : Permission::manage_people;
  FABRICA_DO(authorise(actor, permission, {grant.scope, ""}));
  if (only_lent(actor, permission, {grant.scope, ""}))
    return fail(Errc::forbidden, "delegated_role",
                "Your role is lent for a time: what you give would outlast it. Ask somebody who holds the role.");
  FABRICA_TRY(auto const found, tx.maybe<store::PersonRow>(store::kPersonByPublicId, person));
  if (!found) return fail(Errc::not_found, "person", fmt::format("There is nobody with the id {}.", person.text()));
  FABRICA_DO(grant_unchecked(tx, found->id, grant));
  FABRICA_DO(journal_.append(tx, about("role.granted", actor.person.text(),
                                       GrantBody{person, std::string{name_of(grant.role)}, grant.scope})));
  return {};
}

Result<> Identity::grant_unchecked(db::Tx& tx, PersonId person, Grant const& grant) {
  FABRICA_DO(tx.run(store::kGrantInsert, person, grant.role, grant.scope, clock_.now()));
  return {};
}

Result<> Identity::set_password(db::Tx& tx, Actor const& actor, std::string const& password_hash) {
  FABRICA_DO(logged_in(actor));
  // Whoever sets the password can log in with it and then do everything the person may.
  if (!actor.scopes.empty())
    return fail(Errc::forbidden, "token_scope", "A token with scopes cannot set the password: log in to do that.");
  FABRICA_DO(tx.run(store::kPasswordSet, actor.id, password_hash));
  FABRICA_DO(tx.run(store::kSessionsEnd, actor.id));
  return {};
}

Result<std::optional<Identity::Credentials>> Identity::credentials(db::Tx& tx, std::string_view email) {
  FABRICA_TRY(auto const found, tx.maybe<store::LoginRow>(store::kLogin, folded(email)));
  if (found && found->locked_until_us.us > clock_.now())
    return fail(Errc::rate_limited, "login_locked", "Too many wrong passwords: try again in a quarter of an hour.");
  if (!found || !found->active || !found->password_hash) return std::optional<Credentials>{};
  return std::optional{Credentials{found->id, *found->password_hash}};
}

Result<Session> Identity::start_session(db::Tx& tx, PersonId person) {
  auto const cookie = crypto::make_token(kSessionPrefix, random_);
  auto const csrf = crypto::make_token("", random_);
  auto const expires = clock_.now() + kSessionLife;
  FABRICA_DO(tx.run(store::kLoginSucceeded, person));
  FABRICA_DO(tx.run(store::kSessionsSweep, clock_.now()));
  FABRICA_DO(tx.run(store::kSessionInsert, cookie.digest.hex(), csrf.digest.hex(), person, clock_.now(), expires));
  return Session{cookie.text, csrf.text, Time{expires}};
}

Result<> Identity::note_failed_login(db::Tx& tx, std::string_view email) {
  FABRICA_DO(tx.run(store::kLoginFailed, folded(email), clock_.now() + kLockout));
  return {};
}

Result<> Identity::end_session(db::Tx& tx, std::string_view cookie) {
  FABRICA_DO(tx.run(store::kSessionDelete, crypto::token_digest(cookie).hex()));
  return {};
}

Result<Token> Identity::create_token(db::Tx& tx, Actor const& actor, TokenDraft const& draft) {
  FABRICA_DO(logged_in(actor));
  FABRICA_DO(check(draft));
  for (auto const& scope : draft.scopes)
    if (!actor.scopes.empty() && std::ranges::find(actor.scopes, scope) == actor.scopes.end())
      return fail(Errc::forbidden, "token_scope", "A token cannot make one that may do more than itself.");
  auto const secret = crypto::make_token(kTokenPrefix, random_);
  auto const scopes = draft.scopes.empty() ? actor.scopes : draft.scopes;
  Token made{PublicId::make(clock_.now(), random_),
             draft.name,
             scopes,
             Time{clock_.now()},
             Time{clock_.now() + draft.days.value_or(90) * kDay},
             secret.text};
  FABRICA_DO(tx.run(store::kTokenInsert, made.id, actor.id, made.name, secret.digest.hex(), join(scopes), clock_.now(),
                    made.expires));
  FABRICA_DO(journal_.append(tx, about("token.made", actor.person.text(), TokenBody{made.id, scopes, made.expires})));
  return made;
}

Result<std::vector<Token>> Identity::tokens(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(logged_in(actor));
  FABRICA_TRY(auto const rows, tx.all<store::TokenRow>(store::kTokens, actor.id, clock_.now()));
  std::vector<Token> tokens;
  for (auto const& row : rows)
    tokens.push_back({row.public_id, row.name, split(row.scopes), row.created_us, row.expires_us, std::nullopt});
  return tokens;
}

Result<> Identity::revoke_token(db::Tx& tx, Actor const& actor, PublicId const& token) {
  FABRICA_DO(logged_in(actor));
  PersonId const whose = authorise(actor, Permission::manage_people) ? PersonId{0} : actor.id;
  FABRICA_TRY(auto const changed, tx.run(store::kTokenRevoke, token, whose, clock_.now()));
  if (changed == 0) return fail(Errc::not_found, "token", "There is no such token of yours that is still valid.");
  FABRICA_DO(journal_.append(tx, about("token.revoked", actor.person.text(), RevokedBody{token})));
  return {};
}

Result<Actor> Identity::load_actor(db::Tx& tx, PersonId person, std::string_view scopes) {
  FABRICA_TRY(auto const found, tx.one<store::PersonRow>(store::kPersonRow, person));
  if (!found.active) return bad_credential();
  FABRICA_TRY(auto grants, tx.all<Grant>(store::kGrants, person, clock_.now()));
  return Actor{found.id, found.public_id, found.name, std::move(grants), split(scopes),
               std::make_shared<Acting>(Acting{found.public_id.text(), {}})};
}

Result<Actor> Identity::by_token(db::Tx& tx, std::string_view secret, Micros now) {
  if (!crypto::looks_like_token(kTokenPrefix, secret)) return bad_credential();
  FABRICA_TRY(auto const owner,
              tx.maybe<store::TokenOwner>(store::kTokenOwner, crypto::token_digest(secret).hex(), now));
  if (!owner) return bad_credential();
  return load_actor(tx, owner->person_id, owner->scopes);
}

Result<Actor> Identity::by_session(db::Tx& tx, std::string_view cookie, Micros now) {
  if (!crypto::looks_like_token(kSessionPrefix, cookie)) return bad_credential();
  FABRICA_TRY(auto const person, tx.maybe<PersonId>(store::kSessionPerson, crypto::token_digest(cookie).hex(), now));
  if (!person) return bad_credential();
  return load_actor(tx, *person, "");
}

Result<> Identity::check_csrf(db::Tx& tx, std::string_view cookie, std::string_view header) {
  FABRICA_TRY(auto const digest, tx.maybe<std::string>(store::kSessionCsrf, crypto::token_digest(cookie).hex()));
  if (!digest || !crypto::equal_in_constant_time(std::string_view{*digest}, crypto::token_digest(header).hex()))
    return fail(Errc::forbidden, "csrf", "Repeat the session's CSRF token in the X-CSRF-Token header.");
  return {};
}

}  // namespace fabrica::identity
