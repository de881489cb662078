#include "identity/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "db/db.hpp"

namespace fabrica::identity {
namespace {

using enum Permission;

struct Row {
  Role role;
  RoleScope scope;
  std::span<Permission const> may;
};

constexpr std::array kAdministrator{manage_people, manage_calls,    manage_systems,      manage_facts,
                                    manage_log,    view_factory,    manage_organisation, apply,
                                    view_project,  work_in_project, lead_project};
constexpr std::array kAccessOfficer{manage_calls, view_factory, view_project};
constexpr std::array kOperator{manage_systems, manage_facts, manage_log, view_factory, view_project};
constexpr std::array kAuditor{view_factory, view_project};
constexpr std::array kOrganisationAdmin{manage_organisation, apply, view_project};
constexpr std::array kMember{apply};
constexpr std::array kProjectLead{view_project, work_in_project, lead_project};
constexpr std::array kProjectMember{view_project, work_in_project};

constexpr std::array<Row, 8> kRoles{{
    {Role::administrator, RoleScope::factory, kAdministrator},
    {Role::access_officer, RoleScope::factory, kAccessOfficer},
    {Role::operator_, RoleScope::factory, kOperator},
    {Role::auditor, RoleScope::factory, kAuditor},
    {Role::organisation_admin, RoleScope::organisation, kOrganisationAdmin},
    {Role::member, RoleScope::organisation, kMember},
    {Role::project_lead, RoleScope::project, kProjectLead},
    {Role::project_member, RoleScope::project, kProjectMember},
}};

constexpr Row const& row_of(Role role) {
  for (auto const& row : kRoles)
    if (row.role == role) return row;
  std::unreachable();
}

bool holds_at(Grant const& grant, Place place) {
  switch (row_of(grant.role).scope) {
    case RoleScope::factory: return true;
    case RoleScope::organisation: return !place.organisation.empty() && grant.scope == place.organisation;
    case RoleScope::project: return !place.project.empty() && grant.scope == place.project;
  }
  std::unreachable();
}

void note_giver(Acting& acting, PublicId const& giver) {
  if (std::ranges::find(acting.on_behalf_of, giver.text()) == acting.on_behalf_of.end())
    acting.on_behalf_of.push_back(giver.text());
}

std::string holders_of(Permission permission) {
  std::string names;
  for (auto const& row : kRoles) {
    if (!role_may(row.role, permission)) continue;
    names += names.empty() ? "" : ", ";
    names += name_of(row.role);
  }
  return names;
}

bool one_line(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

Result<> answer(std::vector<Fault> faults) {
  if (faults.empty()) return {};
  std::string const what = faults.front().what;
  return fail(Errc::invalid, "input", what, std::move(faults));
}

}  // namespace

bool role_may(Role role, Permission permission) {
  return std::ranges::find(row_of(role).may, permission) != row_of(role).may.end();
}

RoleScope scope_of(Role role) { return row_of(role).scope; }
std::string_view name_of(Permission permission) { return db::enum_name(permission); }
std::string_view name_of(Role role) { return db::enum_name(role); }

Result<> logged_in(Actor const& actor) {
  if (!actor.anonymous()) return {};
  return fail(Errc::unauthenticated, "login_required", "Log in, or send an API token: Authorization: Bearer fab_...");
}

Result<> authorise(Actor const& actor, Permission permission, Place place) {
  FABRICA_DO(logged_in(actor));
  auto const giving = [&](bool delegated) {
    return std::ranges::find_if(actor.grants, [&](Grant const& grant) {
      return grant.on_behalf_of.has_value() == delegated && role_may(grant.role, permission) && holds_at(grant, place);
    });
  };
  bool const by_own = giving(false) != actor.grants.end();
  auto const delegated = by_own ? actor.grants.end() : giving(true);
  if (!by_own && delegated == actor.grants.end())
    return fail(
        Errc::forbidden, "role",
        fmt::format("This needs the permission {}, which here belongs to: {}. Ask an administrator for the role.",
                    name_of(permission), holders_of(permission)));
  if (!actor.scopes.empty() && std::ranges::find(actor.scopes, name_of(permission)) == actor.scopes.end())
    return fail(Errc::forbidden, "token_scope",
                fmt::format("The token is not allowed {}: make one with that scope.", name_of(permission)));
  if (!by_own && actor.acting) note_giver(*actor.acting, *delegated->on_behalf_of);
  return {};
}

Result<> check(OrganisationDraft const& draft) {
  std::vector<Fault> faults;
  if (!one_line(draft.name, 1, 200)) faults.push_back({"/name", "The name has 1 to 200 characters in one line."});
  bool const country =
      draft.country.size() == 2 && std::ranges::all_of(draft.country, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!country) faults.push_back({"/country", "The country is two capital letters, for example LV, EL or UK."});
  for (auto const& [pointer, figure] : {std::pair{"/employees", draft.employees},
                                        {"/turnover_eur_cents", draft.turnover_eur_cents},
                                        {"/balance_eur_cents", draft.balance_eur_cents}})
    if (figure && *figure < 0)
      faults.push_back({pointer, "A figure is zero or more; leave it out when it is not known."});
  return answer(std::move(faults));
}

Result<> check(PersonDraft const& draft) {
  std::vector<Fault> faults;
  if (!one_line(draft.name, 1, 200)) faults.push_back({"/name", "The name has 1 to 200 characters in one line."});
  auto const at = draft.email.find('@');
  bool const email = one_line(draft.email, 3, 254) && at != std::string::npos && at > 0 &&
                     at + 1 < draft.email.size() && draft.email.find(' ') == std::string::npos;
  if (!email) faults.push_back({"/email", "The e-mail address has the form name@organisation.example."});
  if (draft.password && (draft.password->size() < 12 || draft.password->size() > 1024))
    faults.push_back({"/password", "A password has at least 12 and at most 1024 bytes."});
  for (std::size_t at_grant = 0; at_grant < draft.grants.size(); ++at_grant)
    if (auto const ok = check(draft.grants[at_grant]); !ok)
      faults.push_back({fmt::format("/grants/{}", at_grant), ok.error().what});
  return answer(std::move(faults));
}

Result<> check(TokenDraft const& draft) {
  std::vector<Fault> faults;
  if (!one_line(draft.name, 1, 100)) faults.push_back({"/name", "The name has 1 to 100 characters in one line."});
  if (draft.days && (*draft.days < 1 || *draft.days > 365)) faults.push_back({"/days", "A token lives 1 to 365 days."});
  for (std::size_t at = 0; at < draft.scopes.size(); ++at)
    if (!db::enum_from_name<Permission>(draft.scopes[at]))
      faults.push_back(
          {fmt::format("/scopes/{}", at), fmt::format("\"{}\" is not a permission.", draft.scopes[at].substr(0, 64))});
  return answer(std::move(faults));
}

Result<> check(Grant const& grant) {
  if (grant.on_behalf_of)
    return fail(Errc::invalid, "grant_delegated", "A role is delegated by who has it: POST /delegations.");
  bool const scoped = scope_of(grant.role) != RoleScope::factory;
  if (scoped && !PublicId::parse(grant.scope))
    return fail(
        Errc::invalid, "grant_scope",
        fmt::format("The role {} is held in one organisation or project: give its id as scope.", name_of(grant.role)));
  if (!scoped && !grant.scope.empty())
    return fail(Errc::invalid, "grant_scope",
                fmt::format("The role {} is held for the whole factory: leave the scope empty.", name_of(grant.role)));
  return {};
}

}  // namespace fabrica::identity
