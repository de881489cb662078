#include "base/check.hpp"
#include "embedded/facts.hpp"
#include "facts/impl/typed.hpp"

namespace fabrica::facts {

Result<Shipped> Shipped::read(std::span<EmbeddedFile const> files) {
  std::vector<Row> all;
  for (auto const kind : kinds()) {
    EmbeddedFile const* found = nullptr;
    for (auto const& file : files)
      if (file.path == std::string{kind} + ".tsv") found = &file;
    if (found == nullptr) return fail(Errc::invalid, "fact_table", "facts/" + std::string{kind} + ".tsv is missing.");
    FABRICA_TRY(auto rows, parse_table(kind, found->content));
    std::move(rows.begin(), rows.end(), std::back_inserter(all));
  }
  return Shipped{std::move(all)};
}

Shipped Shipped::embedded() {
  auto shipped = read(fabrica::embedded::facts());
  if (!shipped) die(shipped.error().what);
  return *std::move(shipped);
}

Result<View> view_of(std::vector<Row> const& rows, std::string_view date) {
  View view;
  view.date = date;
  std::vector<Fault> faults;
  impl::for_each_table([&](std::string_view name, auto member) {
    using T = decltype(impl::element_of(member));
    for (auto const& row : rows)
      if (row.kind == name) (view.*member).push_back(impl::typed<T>(row, faults));
  });
  if (!faults.empty()) return fail(Errc::invalid, "fact", "A fact is not well formed.", std::move(faults));
  return view;
}

Result<View> shipped_view(Shipped const& shipped, std::string_view date) {
  if (!is_date(date)) return fail(Errc::invalid, "date", "Give the day as YYYY-MM-DD.");
  std::vector<Row> held;
  for (auto const& row : shipped.rows())
    if (holds_on(row, date)) held.push_back(row);
  return view_of(held, date);
}

std::vector<std::string> dangling_references(View const& view) {
  std::vector<std::string> wrong;
  auto const refers = [&](std::string_view table, Fact const& from, std::string_view to, auto const& rows,
                          std::optional<std::string> const& key) {
    if (key && find(rows, *key) == nullptr)
      wrong.push_back(std::string{table} + " " + from.key + ": no " + std::string{to} + " " + *key);
  };
  for (auto const& row : view.mode_offers) {
    refers("mode_offers", row, "access mode", view.access_modes, row.mode);
    refers("mode_offers", row, "partition", view.partitions, row.partition);
  }
  for (auto const& row : view.mode_quotas)
    for (auto const& mode : row.modes)
      refers("mode_quotas", row, "access mode", view.access_modes, std::optional{mode});
  for (auto const& row : view.cut_offs) refers("cut_offs", row, "access mode", view.access_modes, row.mode);
  for (auto const& row : view.systems) refers("systems", row, "country", view.countries, row.country);
  for (auto const& row : view.partitions) {
    refers("partitions", row, "system", view.systems, row.system);
    refers("partitions", row, "accelerator", view.accelerators, row.accelerator);
  }
  for (auto const& row : view.billing_rules) refers("billing_rules", row, "partition", view.partitions, row.partition);
  for (auto const& row : view.accelerator_peaks)
    refers("accelerator_peaks", row, "accelerator", view.accelerators, row.accelerator);
  for (auto const& row : view.utilisation)
    refers("utilisation", row, "accelerator", view.accelerators, row.accelerator);
  for (auto const& row : view.grid_carbon)
    refers("grid_carbon", row, "country", view.countries, std::optional{row.key});
  for (auto const& row : view.pue) refers("pue", row, "system", view.systems, std::optional{row.key});
  for (auto const& row : view.power) refers("power", row, "partition", view.partitions, std::optional{row.key});
  for (auto const& row : view.factories) {
    refers("factories", row, "country", view.countries, row.country);
    for (auto const& country : row.partner_countries)
      refers("factories", row, "country", view.countries, std::optional{country});
    for (auto const& system : row.systems) refers("factories", row, "system", view.systems, std::optional{system});
  }
  for (auto const& row : view.antennas) refers("antennas", row, "country", view.countries, row.country);
  for (auto const& row : view.antenna_links) {
    refers("antenna_links", row, "antenna", view.antennas, row.antenna);
    refers("antenna_links", row, "factory", view.factories, row.factory);
  }
  return wrong;
}

}  // namespace fabrica::facts
