#pragma once

#include "identity/service.hpp"

namespace fabrica::identity {

// One's role, given to somebody for [from, until). Both have it then: absence takes nothing away.
struct DelegationDraft {
  PublicId receiver;
  Role role{};
  std::string scope;
  Time from;
  Time until;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(DelegationDraft, (), (receiver, role, scope, from, until, reason))

struct Delegation {
  PublicId id;
  PublicId giver;
  PublicId receiver;
  Role role{};
  std::string scope;
  Time from;
  Time until;
  std::string reason;
  std::optional<Time> ended;  // before its time
};
BOOST_DESCRIBE_STRUCT(Delegation, (), (id, giver, receiver, role, scope, from, until, reason, ended))

// Taking roles away, and lending them. A lent role is in Actor::grants while it holds, with the giver's name on it.
class Roles {
 public:
  Roles(Clock const& clock, Random& random, journal::Journal& journal)
      : clock_{clock}, random_{random}, journal_{journal} {}

  // What the giver lent of it ends with it. Needs what giving it needs. Statement: role.revoked.
  // Errors: not_found "grant", conflict "last_administrator".
  Result<> revoke(db::Tx& tx, Actor const& actor, PublicId const& person, Grant const& grant);

  // Statement: role.delegated. Errors: those of check(DelegationDraft), forbidden "not_yours" (a role one does not hold
  // oneself, one that was lent included), not_found "person".
  Result<Delegation> delegate(db::Tx& tx, Actor const& actor, DelegationDraft const& draft);
  // Given or received by the actor; all of them for who manages people. Newest first.
  Result<std::vector<Delegation>> delegations(db::Tx& tx, Actor const& actor);
  // By the giver, the receiver or who manages people. Statement: role.delegation_ended. Errors: not_found "delegation",
  // conflict "delegation_over".
  Result<Delegation> end(db::Tx& tx, Actor const& actor, PublicId const& delegation);

 private:
  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
};

// Errors: invalid "input", every fault at once. `now`: a delegation is not made for the past.
Result<> check(DelegationDraft const& draft, Micros now);

// Is the permission the actor's only by a lent role? What lasts longer than the loan is then not his to give.
bool only_lent(Actor const& actor, Permission permission, Place place = {});

}  // namespace fabrica::identity
