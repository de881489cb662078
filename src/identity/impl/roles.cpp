// Roles taken away, and roles lent for a time.
#include "identity/roles.hpp"

#include <fmt/format.h>

#include "identity/impl/store.hpp"
#include "identity/rules.hpp"
#include "json/json.hpp"

namespace fabrica::identity {
namespace {

constexpr Micros kLongest = 366 * kDay;

constexpr db::Query kGrantDelete{"grant_delete", R"sql(
  DELETE FROM grants WHERE person_id = $1 AND role = $2 AND scope = $3)sql"};
constexpr db::Query kGrantHeld{"grant_held", R"sql(
  SELECT count(*) FROM grants WHERE person_id = $1 AND role = $2 AND scope = $3)sql"};
constexpr db::Query kInsert{"delegation_insert", R"sql(
  INSERT INTO delegations (public_id, giver_id, receiver_id, role, scope, from_us, until_us, reason, made_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
constexpr db::Query kEnd{"delegation_end", R"sql(
  UPDATE delegations SET ended_us = $2 WHERE public_id = $1 AND ended_us IS NULL AND until_us > $2)sql"};
constexpr db::Query kEndGivers{"delegations_end_giver", R"sql(
  UPDATE delegations SET ended_us = $4
   WHERE giver_id = $1 AND role = $2 AND scope = $3 AND ended_us IS NULL AND until_us > $4)sql"};
#define FABRICA_DELEGATION_COLUMNS                                                                             \
  "SELECT d.public_id AS id, g.public_id AS giver, r.public_id AS receiver, d.role AS role, d.scope AS scope, " \
  "d.from_us AS \"from\", d.until_us AS until, d.reason AS reason, d.ended_us AS ended FROM delegations d "     \
  "JOIN people g ON g.id = d.giver_id JOIN people r ON r.id = d.receiver_id "
constexpr db::Query kOne{"delegation", FABRICA_DELEGATION_COLUMNS "WHERE d.public_id = $1"};
constexpr db::Query kAll{"delegations_all", FABRICA_DELEGATION_COLUMNS "ORDER BY d.id DESC LIMIT 1000"};
constexpr db::Query kOfPerson{"delegations_of", FABRICA_DELEGATION_COLUMNS
                              "WHERE d.giver_id = $1 OR d.receiver_id = $1 ORDER BY d.id DESC LIMIT 1000"};
#undef FABRICA_DELEGATION_COLUMNS

struct RevokedBody {
  PublicId person;
  Role role{};
  std::string scope;
};
BOOST_DESCRIBE_STRUCT(RevokedBody, (), (person, role, scope))

// The reason may name an illness: it stays beside the log.
struct DelegatedBody {
  PublicId delegation;
  PublicId giver;
  PublicId receiver;
  Role role{};
  std::string scope;
  Time from;
  Time until;
};
BOOST_DESCRIBE_STRUCT(DelegatedBody, (), (delegation, giver, receiver, role, scope, from, until))

journal::Statement about(std::string_view kind, Actor const& actor, std::string body) {
  return {std::string{journal::kFactoryChain}, std::string{kind}, actor.person.text(), {}, std::move(body)};
}

std::string body_of(Delegation const& one) {
  return json::write(DelegatedBody{one.id, one.giver, one.receiver, one.role, one.scope, one.from, one.until});
}

Result<store::PersonRow> find_person(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto found, tx.maybe<store::PersonRow>(store::kPersonByPublicId, id));
  if (!found) return fail(Errc::not_found, "person", fmt::format("There is nobody with the id {}.", id.text()));
  return *std::move(found);
}

}  // namespace

Result<> check(DelegationDraft const& draft, Micros now) {
  std::vector<Fault> faults;
  if (auto const good = check(Grant{draft.role, draft.scope, {}}); !good)
    faults.push_back({"/scope", good.error().what});
  if (draft.until.us <= draft.from.us) faults.push_back({"/until", "A delegation ends after it begins."});
  else if (draft.until.us <= now) faults.push_back({"/until", "This is over already: nothing is delegated backwards."});
  else if (draft.until.us - draft.from.us > kLongest)
    faults.push_back({"/until", "A role is lent for a year at most: give it for good instead."});
  if (draft.reason.find_first_not_of(" \t\r\n") == std::string::npos || draft.reason.size() > 1000)
    faults.push_back({"/reason", "Say why, in 1 to 1000 characters."});
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "input", what, std::move(faults));
}

bool only_lent(Actor const& actor, Permission permission, Place place) {
  auto own = actor;
  own.acting.reset();  // a question, not an act
  std::erase_if(own.grants, [](Grant const& grant) { return grant.on_behalf_of.has_value(); });
  return !authorise(own, permission, place).has_value();
}

Result<> Roles::revoke(db::Tx& tx, Actor const& actor, PublicId const& person, Grant const& grant) {
  FABRICA_DO(check(grant));
  auto const permission =
      scope_of(grant.role) == RoleScope::organisation ? Permission::manage_organisation : Permission::manage_people;
  FABRICA_DO(authorise(actor, permission, {grant.scope, ""}));
  FABRICA_TRY(auto const found, find_person(tx, person));
  FABRICA_TRY(auto const removed, tx.run(kGrantDelete, found.id, grant.role, grant.scope));
  if (removed == 0) return fail(Errc::not_found, "grant", "This person does not have this role there.");
  FABRICA_TRY(auto const administrators, tx.one<std::int64_t>(store::kAdministrators));
  if (administrators == 0)
    return fail(Errc::conflict, "last_administrator",
                "A factory keeps one administrator: make another before you take this role away.");
  FABRICA_DO(tx.run(kEndGivers, found.id, grant.role, grant.scope, clock_.now()));
  FABRICA_DO(journal_.append(
      tx, about("role.revoked", actor, json::write(RevokedBody{person, grant.role, grant.scope}))));
  return {};
}

Result<Delegation> Roles::delegate(db::Tx& tx, Actor const& actor, DelegationDraft const& draft) {
  FABRICA_DO(logged_in(actor));
  // A token for one purpose must not hand its owner's whole role to somebody.
  if (!actor.scopes.empty())
    return fail(Errc::forbidden, "token_scope", "A token with scopes cannot delegate a role: log in to do that.");
  auto const now = clock_.now();
  FABRICA_DO(check(draft, now));
  FABRICA_TRY(auto const held, tx.one<std::int64_t>(kGrantHeld, actor.id, draft.role, draft.scope));
  if (held == 0)
    return fail(Errc::forbidden, "not_yours",
                "You can lend a role that you hold yourself, there: not another's, and not one that was lent to you.");
  FABRICA_TRY(auto const receiver, find_person(tx, draft.receiver));
  if (receiver.id == actor.id || !receiver.active)
    return fail(Errc::invalid, "receiver", "Lend the role to another person who can log in.",
                {{"/receiver", receiver.active ? "yourself" : "cannot log in"}});
  auto const id = PublicId::make(now, random_);
  FABRICA_DO(tx.run(kInsert, id, actor.id, receiver.id, draft.role, draft.scope, draft.from, draft.until, draft.reason,
                    now));
  FABRICA_TRY(auto made, tx.one<Delegation>(kOne, id));
  FABRICA_DO(journal_.append(tx, about("role.delegated", actor, body_of(made))));
  return made;
}

Result<std::vector<Delegation>> Roles::delegations(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(logged_in(actor));
  if (authorise(actor, Permission::manage_people)) return tx.all<Delegation>(kAll);
  return tx.all<Delegation>(kOfPerson, actor.id);
}

Result<Delegation> Roles::end(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(logged_in(actor));
  FABRICA_TRY(auto const one, tx.maybe<Delegation>(kOne, id));
  bool const part = one && (one->giver == actor.person || one->receiver == actor.person);
  if (!one || (!part && !authorise(actor, Permission::manage_people)))
    return fail(Errc::not_found, "delegation", fmt::format("There is no delegation {} of yours.", id.text()));
  FABRICA_TRY(auto const ended, tx.run(kEnd, id, clock_.now()));
  if (ended != 1) return fail(Errc::conflict, "delegation_over", "This delegation is over already.");
  FABRICA_TRY(auto after, tx.one<Delegation>(kOne, id));
  FABRICA_DO(journal_.append(tx, about("role.delegation_ended", actor, body_of(after))));
  return after;
}

}  // namespace fabrica::identity
