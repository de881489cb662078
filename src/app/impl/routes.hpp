#pragma once

#include "api/api.hpp"
#include "facts/service.hpp"
#include "http/router.hpp"
#include "identity/declarations.hpp"
#include "identity/erasure.hpp"
#include "identity/roles.hpp"
#include "identity/service.hpp"
#include "journal/sequencer.hpp"

namespace fabrica::app {

// Routes of modules that lie below api/ and so cannot have their own.

// /sessions, /me, /organisations, /people, /tokens.
void add_identity_routes(api::Api& api, identity::Identity& identity, Clock const& clock);
// /organisations/{organisation}/figures, .../aid, /figures/{figures}/verdict, /people/{person}/grants/revoke,
// /delegations.
void add_organisation_routes(api::Api& api, identity::Identity& identity, identity::Declarations& declarations,
                             identity::Roles& roles, facts::Store& facts, Clock const& clock);
// DELETE /people/{person}, where "me" is oneself.
void add_erasure_routes(api::Api& api, identity::Erasure& erasure);
// /plan, /facts/{kind}, /facts.
void add_plan_routes(api::Api& api, facts::Store& facts, journal::Journal& journal);
// /log/checkpoint, /log/tile/..., /log/policy, /log/status, /log/proofs/{index}.
void add_log_routes(api::Api& api, http::Router& router, journal::Sequencer& sequencer);
// /: one plain page that says what is running.
struct FrontPage {
  std::string factory_name;
  bool demo = false;
  std::string log_vkey;
};
void add_front_page(http::Router& router, FrontPage page);

}  // namespace fabrica::app
