#include <fmt/format.h>

#include "app/impl/routes.hpp"
#include "crypto/password.hpp"
#include "identity/rules.hpp"

namespace fabrica::app {
namespace {

using api::Call;
using identity::Identity;

struct Login {
  std::string email;
  std::string password;
};
BOOST_DESCRIBE_STRUCT(Login, (), (email, password))

struct LoggedIn {
  std::string csrf_token;
  Time expires;
};
BOOST_DESCRIBE_STRUCT(LoggedIn, (), (csrf_token, expires))

struct PersonRequest {
  std::string name;
  std::string email;
  std::optional<PublicId> organisation;
  std::vector<identity::Grant> grants;
  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"grants"};
};
BOOST_DESCRIBE_STRUCT(PersonRequest, (), (name, email, organisation, grants))

struct Me {
  PublicId id;
  std::string name;
  std::vector<identity::Grant> grants;
  std::vector<std::string> scopes;
};
BOOST_DESCRIBE_STRUCT(Me, (), (id, name, grants, scopes))

// Compares the password between two transactions: it takes tens of milliseconds, and must take them for nobody, too.
Result<http::Response> log_in(api::Api& api, Identity& identity, http::Request& request) {
  FABRICA_TRY(auto const login, json::read<Login>(request.body, {.bytes = 8192}));
  FABRICA_TRY(auto const known, api.database().read([&](db::Tx& tx) { return identity.credentials(tx, login.email); }));
  bool const matches =
      crypto::password_matches(known ? known->password_hash : crypto::hash_of_nobody(), login.password);
  if (!known || !matches) {
    FABRICA_DO(api.database().write([&](db::Tx& tx) { return identity.note_failed_login(tx, login.email); }));
    return fail(Errc::unauthenticated, "login", "The address or the password is wrong.");
  }
  FABRICA_TRY(auto const session,
              api.database().write([&](db::Tx& tx) { return identity.start_session(tx, known->person); }));
  auto response = http::json_response(201, json::write(LoggedIn{session.csrf, session.expires}));
  response.headers.set("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200",
                                                 api::kSessionCookie, session.cookie));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

struct NewPassword {
  std::string password;
};
BOOST_DESCRIBE_STRUCT(NewPassword, (), (password))

void add_people(api::Api& api, Identity& identity) {
  api.get<Me>("/me", {.id = "me", .summary = "Who is asking, and what they may do", .tag = "people"},
              [](Call& call, db::Tx&) -> Result<Me> {
                auto const& actor = call.actor();
                return Me{actor.person, actor.name, actor.grants, actor.scopes};
              });
  api.post<PersonRequest, identity::Person>(
      "/people",
      {.id = "person_create", .summary = "Register a person; a password is set apart from this", .tag = "people"},
      [&](Call& call, db::Tx& tx, PersonRequest const& in) -> Result<identity::Person> {
        return identity.create_person(tx, call.actor(), {in.name, in.email, std::nullopt, in.organisation, in.grants},
                                      std::nullopt);
      });
  api.get<std::vector<identity::Person>>("/people", {.id = "person_list", .summary = "Everybody", .tag = "people"},
                                         [&](Call& call, db::Tx& tx) { return identity.people(tx, call.actor()); });
  api.post<identity::Grant, api::Nothing>(
      "/people/{person}/grants", {.id = "person_grant", .summary = "Give a role", .tag = "people"},
      [&](Call& call, db::Tx& tx, identity::Grant const& grant) -> Result<api::Nothing> {
        FABRICA_TRY(auto const person, call.id("person"));
        FABRICA_DO(identity.grant(tx, call.actor(), person, grant));
        return api::Nothing{};
      });
}

void add_tokens(api::Api& api, Identity& identity) {
  api.post<identity::TokenDraft, identity::Token>(
      "/tokens",
      {.id = "token_create", .summary = "Make an API token; its secret is shown once", .tag = "tokens", .secret = true},
      [&](Call& call, db::Tx& tx, identity::TokenDraft const& draft) {
        return identity.create_token(tx, call.actor(), draft);
      });
  api.get<std::vector<identity::Token>>("/tokens",
                                        {.id = "token_list", .summary = "One's valid tokens", .tag = "tokens"},
                                        [&](Call& call, db::Tx& tx) { return identity.tokens(tx, call.actor()); });
  api.del<api::Nothing, api::Nothing>("/tokens/{token}",
                                      {.id = "token_revoke", .summary = "Make a token void", .tag = "tokens"},
                                      [&](Call& call, db::Tx& tx, api::Nothing const&) -> Result<api::Nothing> {
                                        FABRICA_TRY(auto const token, call.id("token"));
                                        FABRICA_DO(identity.revoke_token(tx, call.actor(), token));
                                        return api::Nothing{};
                                      });
}

}  // namespace

void add_identity_routes(api::Api& api, Identity& identity, Clock const&) {
  api.raw("POST", "/sessions",
          {.id = "login", .summary = "Log in with address and password", .tag = "sessions", .open = true},
          [&](Call&, http::Request& request) { return log_in(api, identity, request); });
  api.raw("DELETE", "/sessions/current",
          {.id = "logout", .summary = "End one's session", .tag = "sessions", .open = true},
          [&](Call&, http::Request& request) -> Result<http::Response> {
            auto const cookie = std::string{request.cookie(api::kSessionCookie)};
            FABRICA_DO(api.database().write([&](db::Tx& tx) { return identity.end_session(tx, cookie); }));
            auto response = http::text_response(204, "text/plain", "");
            response.headers.set("Set-Cookie",
                                 fmt::format("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", api::kSessionCookie));
            return response;
          });
  api.raw("PUT", "/me/password", {.id = "password_set", .summary = "Set one's own password", .tag = "people"},
          [&](Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const wanted, json::read<NewPassword>(request.body, {.bytes = 8192}));
            FABRICA_DO(identity::check(identity::PersonDraft{"x", "x@x.x", wanted.password, std::nullopt, {}}));
            FABRICA_TRY(auto const hash, crypto::hash_password(wanted.password));
            FABRICA_DO(api.database().write([&](db::Tx& tx) { return identity.set_password(tx, call.actor(), hash); }));
            return http::text_response(204, "text/plain", "");
          });
  api.post<identity::OrganisationDraft, identity::Organisation>(
      "/organisations", {.id = "organisation_create", .summary = "Register an organisation", .tag = "organisations"},
      [&](Call& call, db::Tx& tx, identity::OrganisationDraft const& draft) {
        return identity.create_organisation(tx, call.actor(), draft);
      });
  api.get<std::vector<identity::Organisation>>(
      "/organisations", {.id = "organisation_list", .summary = "The organisations one may see", .tag = "organisations"},
      [&](Call& call, db::Tx& tx) { return identity.organisations(tx, call.actor()); });
  add_people(api, identity);
  add_tokens(api, identity);
}

void add_erasure_routes(api::Api& api, identity::Erasure& erasure) {
  api.del<api::Nothing, identity::Erased>(
      "/people/{person}",
      {.id = "person_erase",
       .summary = "Erase an account: name, address, roles, sessions and tokens go; \"me\" is oneself",
       .tag = "people"},
      [&](Call& call, db::Tx& tx, api::Nothing const&) -> Result<identity::Erased> {
        if (call.path("person") == "me") {
          FABRICA_DO(identity::logged_in(call.actor()));
          return erasure.erase(tx, call.actor(), call.actor().person);
        }
        FABRICA_TRY(auto const person, call.id("person"));
        return erasure.erase(tx, call.actor(), person);
      });
}

}  // namespace fabrica::app
