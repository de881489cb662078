#include "identity/erasure.hpp"

#include <fmt/format.h>

#include "json/json.hpp"

namespace fabrica::identity {
namespace {

struct ErasedBody {
  PublicId person;
  bool by_administrator = false;
};
BOOST_DESCRIBE_STRUCT(ErasedBody, (), (person, by_administrator))

struct Row {
  PersonId id{};
  PublicId public_id;
  std::string name;
  std::string email;
  std::optional<Time> erased_us;
};
BOOST_DESCRIBE_STRUCT(Row, (), (id, public_id, name, email, erased_us))

constexpr db::Query kRow{"person_to_erase", R"sql(
  SELECT id, public_id, name, email, erased_us FROM people WHERE public_id = $1)sql"};
// The address must differ from every other; this one is nobody's and cannot be logged in with.
constexpr db::Query kErase{"person_erase", R"sql(
  UPDATE people SET name = 'erased', email = 'erased:' || public_id, password_hash = NULL, active = 0, failed_logins = 0,
         locked_until_us = 0, erased_us = $2 WHERE id = $1 AND erased_us IS NULL)sql"};
constexpr db::Query kAdministers{"person_administers", R"sql(
  SELECT COUNT(*) FROM grants WHERE person_id = $1 AND role = 'administrator')sql"};
// Reasons of loans may say something about a person.
constexpr db::Query kLoansEnd{"loans_end", R"sql(
  UPDATE delegations SET reason = '', ended_us = CASE WHEN ended_us IS NULL AND until_us > $2 THEN $2 ELSE ended_us END
   WHERE giver_id = $1 OR receiver_id = $1)sql"};
constexpr db::Query kGrantsEnd{"grants_end", "DELETE FROM grants WHERE person_id = $1"};
constexpr db::Query kSessionsEnd{"sessions_end_all", "DELETE FROM sessions WHERE person_id = $1"};
constexpr db::Query kTokensEnd{"tokens_end", "DELETE FROM tokens WHERE person_id = $1"};
constexpr db::Query kOtherAdministrators{"other_administrators", R"sql(
  SELECT COUNT(*) FROM grants g JOIN people p ON p.id = g.person_id
   WHERE g.role = 'administrator' AND p.active = 1 AND p.id <> $1)sql"};

}  // namespace

Result<Erased> Erasure::erase(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(logged_in(actor));
  bool const own = actor.person == id;
  if (!own) FABRICA_DO(authorise(actor, Permission::manage_people));
  // A token that may do one thing does not end everything.
  if (own && !actor.scopes.empty())
    return fail(Errc::forbidden, "token_scope", "A token with scopes cannot erase the account: log in to do that.");
  FABRICA_TRY(auto const row, tx.maybe<Row>(kRow, id));
  if (!row) return fail(Errc::not_found, "person", fmt::format("There is no person {}.", id.text()));
  if (row->erased_us) return fail(Errc::conflict, "person_erased", "This account was erased already.");
  FABRICA_TRY(auto const administers, tx.one<std::int64_t>(kAdministers, row->id));
  if (administers > 0) {
    FABRICA_TRY(auto const others, tx.one<std::int64_t>(kOtherAdministrators, row->id));
    if (others == 0)
      return fail(Errc::conflict, "last_administrator",
                  "This is the factory's only administrator: give somebody else the role first.");
  }
  FABRICA_TRY(auto const open, belongings_.obligations(tx, id));
  if (!open.empty()) {
    std::vector<Fault> faults;
    for (auto const& one : open) faults.push_back({"", one});
    return fail(Errc::conflict, "obligations", fmt::format("{}", fmt::join(open, " ")), std::move(faults));
  }
  FABRICA_DO(belongings_.forget(tx, {id, row->email, actor}));
  Time const now{clock_.now()};
  FABRICA_DO(tx.run(kLoansEnd, row->id, now));
  FABRICA_DO(tx.run(kGrantsEnd, row->id));
  FABRICA_DO(tx.run(kSessionsEnd, row->id));
  FABRICA_DO(tx.run(kTokensEnd, row->id));
  FABRICA_TRY(auto const done, tx.run(kErase, row->id, now));
  if (done != 1) return fail(Errc::conflict, "person_erased", "This account was erased meanwhile.");
  FABRICA_DO(journal_.append(tx, {std::string{journal::kFactoryChain},
                                  "person.erased",
                                  actor.person.text(),
                                  {},
                                  json::write(ErasedBody{id, !own})}));
  return Erased{id, now};
}

}  // namespace fabrica::identity
