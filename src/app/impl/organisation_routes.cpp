// What an organisation declares of itself, roles taken away, and roles lent for a time.
#include "app/impl/routes.hpp"
#include "calls/rules.hpp"
#include "facts/service.hpp"
#include "identity/declarations.hpp"
#include "identity/roles.hpp"

namespace fabrica::app {
namespace {

using api::Call;
using identity::Declarations;
using identity::Roles;

// What an organisation declared, and what that makes of it by the facts of today.
struct SizedFigures {
  std::vector<identity::FiguresDeclared> years;
  std::vector<identity::YearSize> sizes;  // of years that were not refused
  std::optional<identity::Standing> standing;  // absent: the facts have no limits for today
};
BOOST_DESCRIBE_STRUCT(SizedFigures, (), (years, sizes, standing))

Result<SizedFigures> sized(db::Tx& tx, facts::Store& facts, identity::Identity& identity, Clock const& clock,
                           PublicId const& id, std::vector<identity::FiguresDeclared> years) {
  FABRICA_TRY(auto const organisation, identity.organisation(tx, id));
  FABRICA_TRY(auto const view, facts.view(tx, format_date(clock.now())));
  SizedFigures out{std::move(years), {}, {}};
  auto const limits = calls::size_limits(view.eligibility_limits);
  if (!limits) return out;
  for (auto const& one : out.years)
    if (one.state != identity::FiguresState::refused)
      out.sizes.push_back({one.year, identity::size_of(organisation.name, one.group, *limits)});
  out.standing = identity::standing_of(out.sizes);
  return out;
}

void add_figures(api::Api& api, identity::Identity& identity, Declarations& declarations, facts::Store& facts,
                 Clock const& clock) {
  api.put<identity::FiguresDraft, SizedFigures>(
      "/organisations/{organisation}/figures",
      {.id = "figures_declare",
       .summary = "Declare the figures of a year: one's own, of linked and of partner enterprises",
       .tag = "organisations"},
      [&](Call& call, db::Tx& tx, identity::FiguresDraft const& draft) -> Result<SizedFigures> {
        FABRICA_TRY(auto const id, call.id("organisation"));
        FABRICA_DO(declarations.declare(tx, call.actor(), id, draft));
        FABRICA_TRY(auto years, identity::figures_of(tx, id));
        return sized(tx, facts, identity, clock, id, std::move(years));
      });
  api.get<SizedFigures>("/organisations/{organisation}/figures",
                        {.id = "figures_get",
                         .summary = "The figures declared by year, who counts how, and the size that follows",
                         .tag = "organisations"},
                        [&](Call& call, db::Tx& tx) -> Result<SizedFigures> {
                          FABRICA_TRY(auto const id, call.id("organisation"));
                          FABRICA_TRY(auto years, declarations.figures(tx, call.actor(), id));
                          return sized(tx, facts, identity, clock, id, std::move(years));
                        });
  api.post<identity::FiguresVerdict, identity::FiguresDeclared>(
      "/figures/{figures}/verdict",
      {.id = "figures_judge", .summary = "Compared with their document: checked, or refused", .tag = "organisations"},
      [&](Call& call, db::Tx& tx, identity::FiguresVerdict const& verdict) -> Result<identity::FiguresDeclared> {
        FABRICA_TRY(auto const id, call.id("figures"));
        return declarations.judge(tx, call.actor(), id, verdict);
      });
  api.put<identity::AidDraft, identity::AidDeclared>(
      "/organisations/{organisation}/aid",
      {.id = "aid_declare",
       .summary = "Declare all aid the group received; an empty list says there was none",
       .tag = "organisations"},
      [&](Call& call, db::Tx& tx, identity::AidDraft const& draft) -> Result<identity::AidDeclared> {
        FABRICA_TRY(auto const id, call.id("organisation"));
        return declarations.declare_aid(tx, call.actor(), id, draft);
      });
  api.get<identity::AidDeclared>(
      "/organisations/{organisation}/aid",
      {.id = "aid_get", .summary = "The aid that was declared", .tag = "organisations"},
      [&](Call& call, db::Tx& tx) -> Result<identity::AidDeclared> {
        FABRICA_TRY(auto const id, call.id("organisation"));
        return declarations.aid(tx, call.actor(), id);
      });
}

void add_roles(api::Api& api, Roles& roles) {
  api.post<identity::Grant, api::Nothing>(
      "/people/{person}/grants/revoke",
      {.id = "person_revoke", .summary = "Take a role away; what was lent of it ends", .tag = "people"},
      [&](Call& call, db::Tx& tx, identity::Grant const& grant) -> Result<api::Nothing> {
        FABRICA_TRY(auto const person, call.id("person"));
        FABRICA_DO(roles.revoke(tx, call.actor(), person, grant));
        return api::Nothing{};
      });
  api.post<identity::DelegationDraft, identity::Delegation>(
      "/delegations",
      {.id = "delegation_create", .summary = "Lend one of one's roles to somebody for a time", .tag = "people"},
      [&](Call& call, db::Tx& tx, identity::DelegationDraft const& draft) -> Result<identity::Delegation> {
        FABRICA_TRY(auto made, roles.delegate(tx, call.actor(), draft));
        call.created("/delegations");
        return made;
      });
  api.get<std::vector<identity::Delegation>>(
      "/delegations", {.id = "delegation_list", .summary = "Roles one lent or was lent", .tag = "people"},
      [&](Call& call, db::Tx& tx) { return roles.delegations(tx, call.actor()); });
  api.post<api::Nothing, identity::Delegation>(
      "/delegations/{delegation}/end",
      {.id = "delegation_end", .summary = "End it before its time", .tag = "people"},
      [&](Call& call, db::Tx& tx, api::Nothing const&) -> Result<identity::Delegation> {
        FABRICA_TRY(auto const id, call.id("delegation"));
        return roles.end(tx, call.actor(), id);
      });
}

}  // namespace

void add_organisation_routes(api::Api& api, identity::Identity& identity, Declarations& declarations, Roles& roles,
                             facts::Store& facts, Clock const& clock) {
  add_figures(api, identity, declarations, facts, clock);
  add_roles(api, roles);
}

}  // namespace fabrica::app
