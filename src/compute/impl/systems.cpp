#include <fmt/format.h>

#include "compute/impl/load.hpp"
#include "compute/impl/store.hpp"
#include "compute/rules.hpp"
#include "compute/service.hpp"
#include "identity/service.hpp"
#include "json/json.hpp"

namespace fabrica::compute {
namespace {

using identity::Permission;

std::unexpected<Error> taken(Error error, std::string_view noun, std::string_view name) {
  if (error.reason == "unique")
    return fail(Errc::conflict, "name_taken", fmt::format("There is a {} \"{}\" already.", noun, name));
  return std::unexpected(std::move(error));
}

journal::Statement factory_statement(std::string_view kind, identity::Actor const& actor, std::string predicate) {
  return {std::string{journal::kFactoryChain}, std::string{kind}, actor.person.text(), {}, std::move(predicate)};
}

}  // namespace

Result<System> Compute::register_system(db::Tx& tx, identity::Actor const& actor, SystemDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_systems));
  FABRICA_DO(check(draft));
  System const made{.id = PublicId::make(p_.clock.now(), p_.random),
                    .name = draft.name,
                    .title = draft.title,
                    .country = draft.country,
                    .demo = draft.demo.value_or(false)};
  auto const inserted = tx.insert(store::kSystemInsert, made.id, made.name, made.title, made.country, made.demo, p_.clock.now());
  if (!inserted) return taken(inserted.error(), "system", made.name);
  FABRICA_DO(p_.journal.append(tx, factory_statement("system.registered", actor, json::write(made))));
  return made;
}

Result<Partition> Compute::register_partition(db::Tx& tx, identity::Actor const& actor, PublicId const& system,
                                              PartitionDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_systems));
  FABRICA_DO(check(draft));
  FABRICA_TRY(auto const system_id, tx.maybe<std::int64_t>(store::kSystemId, system));
  if (!system_id) return fail(Errc::not_found, "system", "There is no such system: register it first.");
  Partition const made{.id = PublicId::make(p_.clock.now(), p_.random),
                       .system = system,
                       .name = draft.name,
                       .title = draft.title,
                       .driver = draft.driver,
                       .unit = draft.unit,
                       .billing = draft.billing,
                       .cpus = draft.cpus,
                       .gpus = draft.gpus,
                       .memory_bytes = draft.memory_bytes,
                       .wall_s_max = draft.wall_s_max,
                       .cores_per_share = draft.cores_per_share,
                       .memory_bytes_per_share = draft.memory_bytes_per_share,
                       .energy = draft.energy,
                       .state = PartitionState::open,
                       .demo = draft.demo.value_or(false)};
  auto const energy = made.energy ? std::optional{json::write(*made.energy)} : std::nullopt;
  auto const inserted = tx.insert(store::kPartitionInsert, made.id, *system_id, made.name, made.title, made.driver,
                                  made.unit, made.billing, made.cpus, made.gpus, made.memory_bytes, made.wall_s_max,
                                  made.cores_per_share, made.memory_bytes_per_share, energy, made.demo, p_.clock.now());
  if (!inserted) return taken(inserted.error(), "partition", made.name);
  FABRICA_DO(p_.journal.append(tx, factory_statement("partition.registered", actor, json::write(made))));
  return made;
}

Result<Partition> Compute::change_partition(db::Tx& tx, identity::Actor const& actor, PublicId const& id,
                                            PartitionChange const& change) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_systems));
  FABRICA_TRY(auto row, tx.maybe<store::PartitionRow>(store::kPartitionByPublicId, id));
  if (!row) return fail(Errc::not_found, "partition", "There is no such partition.");
  if (row->state == change.state) return partition_from(*std::move(row));
  FABRICA_DO(tx.run(store::kPartitionState, row->id, change.state));
  row->state = change.state;
  auto made = partition_from(*std::move(row));
  FABRICA_DO(p_.journal.append(tx, factory_statement("partition.changed", actor, json::write(made))));
  return made;
}

Result<std::vector<System>> Compute::systems(db::Tx& tx) { return tx.all<System>(store::kSystems); }

Result<std::vector<Partition>> Compute::partitions(db::Tx& tx) {
  FABRICA_TRY(auto rows, tx.all<store::PartitionRow>(store::kPartitions));
  std::vector<Partition> all;
  for (auto& row : rows) all.push_back(partition_from(std::move(row)));
  return all;
}

Result<Partition> Compute::load_partition(db::Tx& tx, std::int64_t id) {
  FABRICA_TRY(auto row, tx.one<store::PartitionRow>(store::kPartitionById, id));
  return partition_from(std::move(row));
}

}  // namespace fabrica::compute
