// What operators do with hand-overs.
#include <fmt/format.h>

#include "notices/impl/store.hpp"
#include "notices/impl/telling.hpp"

namespace fabrica::notices {

using identity::Actor;
using identity::Permission;

namespace {

constexpr Micros kDeliveriesKept_us = 90 * kDay;
constexpr Micros kNoticesKept_us = 730 * kDay;

Result<> operators_or_officers(Actor const& actor) {
  if (identity::authorise(actor, Permission::manage_calls)) return {};
  return identity::authorise(actor, Permission::manage_systems);
}

Delivery delivery_of(store::DeliveryRow const& row) {
  return {row.public_id, row.channel, row.kind,       row.person,   row.address, row.state,
          row.attempts,  row.due_us,  row.created_us, row.ended_us, row.answer};
}

Result<store::DeliveryRow> row_of(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const row, tx.maybe<store::DeliveryRow>(store::kDelivery, id));
  if (!row) return fail(Errc::not_found, "delivery", fmt::format("There is no delivery {}.", id.text()));
  return *row;
}

}  // namespace

Result<Delivery> Notices::delivery(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const row, row_of(tx, id));
  return delivery_of(row);
}

Result<std::vector<Delivery>> Notices::deliveries(db::Tx& tx, Actor const& actor,
                                                  std::optional<DeliveryState> const& state, PublicId const& after,
                                                  std::int64_t limit) {
  FABRICA_DO(operators_or_officers(actor));
  FABRICA_TRY(auto const rows, state ? tx.all<store::DeliveryRow>(store::kDeliveriesIn, after.text(), limit, *state)
                                     : tx.all<store::DeliveryRow>(store::kDeliveries, after.text(), limit));
  std::vector<Delivery> out;
  for (auto const& row : rows) out.push_back(delivery_of(row));
  return out;
}

Result<Delivery> Notices::retry(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(operators_or_officers(actor));
  FABRICA_TRY(auto const row, row_of(tx, id));
  auto const to = next(row.state, DeliveryEvent::retry);
  if (!to)
    return fail(Errc::conflict, "delivery_state",
                fmt::format("This delivery is {}: only what failed, was given up or is uncertain is sent again.",
                            db::enum_name(row.state)));
  Time const now{p_.clock.now()};
  FABRICA_TRY(auto const moved,
              tx.run(store::kDeliveryByHand, row.id, row.state, *to, now, std::optional<Time>{}, row.answer));
  if (moved != 1) return fail(Errc::conflict, "delivery_state", "It changed meanwhile: read it again.");
  if (wake_) tx.after_commit(wake_);
  return delivery(tx, id);
}

Result<Delivery> Notices::give_up(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(operators_or_officers(actor));
  FABRICA_TRY(auto const row, row_of(tx, id));
  auto const to = next(row.state, DeliveryEvent::give_up);
  bool const under_way = row.state == DeliveryState::sending || row.state == DeliveryState::ending;
  if (!to || under_way)
    return fail(Errc::conflict, "delivery_state",
                fmt::format("This delivery is {}: there is nothing to give up.", db::enum_name(row.state)));
  Time const now{p_.clock.now()};
  FABRICA_TRY(auto const moved, tx.run(store::kDeliveryByHand, row.id, row.state, *to, row.due_us, std::optional{now},
                                       std::string{"Given up by hand."}));
  if (moved != 1) return fail(Errc::conflict, "delivery_state", "It changed meanwhile: read it again.");
  return delivery(tx, id);
}

Result<Delivery> Notices::test_mail(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_systems));
  if (!p_.options.mail)
    return fail(Errc::conflict, "no_mail", "No mail server is set: write [mail] host and from into fabrica.toml.");
  Time const now{p_.clock.now()};
  auto const id = PublicId::make(now.us, p_.random);
  FABRICA_DO(tx.run(store::kMailInsert, id, fmt::format("test/{}", id.text()), "test", std::optional{actor.person}, "",
                    fmt::format("Test mail from {}", quoted(p_.options.factory)),
                    std::string{"This mail was asked for to see whether mail arrives. It does."}, "/notices",
                    std::optional<Bytes>{}, now));
  if (wake_) tx.after_commit(wake_);
  return delivery(tx, id);
}

Result<> Notices::sweep(db::Tx& tx) {
  auto const now = p_.clock.now();
  FABRICA_DO(tx.run(store::kSweepDeliveries, Time{now - kDeliveriesKept_us}));
  FABRICA_DO(tx.run(store::kSweepNotices, Time{now - kNoticesKept_us}));
  return {};
}

}  // namespace fabrica::notices
