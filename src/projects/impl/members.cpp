#include "projects/members.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "identity/membership.hpp"
#include "identity/people.hpp"
#include "identity/roles.hpp"

namespace fabrica::projects {
namespace {

using identity::Actor;
using identity::Permission;
using identity::Role;

struct AddedBody {
  PublicId project;
  PublicId person;
  MemberRole role{};
};
BOOST_DESCRIBE_STRUCT(AddedBody, (), (project, person, role))

struct RemovedBody {
  PublicId project;
  PublicId person;
};
BOOST_DESCRIBE_STRUCT(RemovedBody, (), (project, person))

Role role_of(MemberRole role) { return role == MemberRole::lead ? Role::project_lead : Role::project_member; }

bool holds(std::vector<PublicId> const& all, PublicId const& person) {
  return std::ranges::find(all, person) != all.end();
}

// Somebody answers for a project: what has a lead keeps one.
Result<> keep_a_lead(std::vector<PublicId> const& leads, PublicId const& leaving) {
  if (leads.size() != 1 || leads.front() != leaving) return {};
  return fail(Errc::conflict, "last_lead", "This is the project's only lead: make somebody else a lead first.");
}

}  // namespace

Result<std::vector<Member>> Members::list(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const project, projects_.require(tx, actor, id, Permission::view_project));
  bool const leads =
      identity::authorise(actor, Permission::lead_project, {project.organisation.text(), id.text()}).has_value();
  FABRICA_TRY(auto const all, identity::holders(tx, id));
  FABRICA_TRY(auto const lead, identity::holders_of(tx, Role::project_lead, id));
  std::vector<Member> out;
  for (auto const& one : all)
    out.push_back({one.id, one.name, holds(lead, one.id) ? MemberRole::lead : MemberRole::member,
                   leads ? std::optional{one.email} : std::nullopt});
  return out;
}

Result<Member> Members::add(db::Tx& tx, Actor const& actor, PublicId const& id, MemberDraft const& draft) {
  FABRICA_TRY(auto const project, projects_.require(tx, actor, id, Permission::lead_project));
  if (identity::only_lent(actor, Permission::lead_project, {project.organisation.text(), id.text()}))
    return fail(Errc::forbidden, "delegated_role",
                "Your role is lent for a time: what you give would outlast it. Ask somebody who holds the role.");
  FABRICA_TRY(auto const person, identity::person_by_email(tx, draft.email));
  if (!person)
    return fail(Errc::not_found, "person",
                "Nobody here has this address: an administrator registers people (POST /people).",
                {{"/email", "unknown"}});
  FABRICA_TRY(auto const leads, identity::holders_of(tx, Role::project_lead, id));
  if (draft.role == MemberRole::member) FABRICA_DO(keep_a_lead(leads, person->id));
  auto const other = draft.role == MemberRole::lead ? MemberRole::member : MemberRole::lead;
  FABRICA_TRY(bool const given,
              identity::give_role(tx, person->id, {role_of(draft.role), id.text(), {}}, clock_.now()));
  if (!given) return fail(Errc::conflict, "member_exists", "This person has that role in the project already.");
  FABRICA_DO(identity::take_role(tx, person->id, {role_of(other), id.text(), {}}, clock_.now()));
  AddedBody const body{id, person->id, draft.role};
  FABRICA_DO(journal_.append(tx, {id.text(), "member.added", actor.person.text(), {}, json::write(body)}));
  return Member{person->id, person->name, draft.role, person->email};
}

Result<> Members::remove(db::Tx& tx, Actor const& actor, PublicId const& id, PublicId const& person) {
  FABRICA_DO(
      projects_.require(tx, actor, id, actor.person == person ? Permission::view_project : Permission::lead_project));
  FABRICA_TRY(auto const leads, identity::holders_of(tx, Role::project_lead, id));
  FABRICA_DO(keep_a_lead(leads, person));
  FABRICA_TRY(bool const as_lead, identity::take_role(tx, person, {Role::project_lead, id.text(), {}}, clock_.now()));
  FABRICA_TRY(bool const as_member,
              identity::take_role(tx, person, {Role::project_member, id.text(), {}}, clock_.now()));
  if (!as_lead && !as_member) return fail(Errc::not_found, "member", "This person has no role in the project.");
  RemovedBody const body{id, person};
  FABRICA_DO(journal_.append(tx, {id.text(), "member.removed", actor.person.text(), {}, json::write(body)}));
  return {};
}

}  // namespace fabrica::projects
