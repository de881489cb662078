#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "facts/row.hpp"

namespace fabrica::facts {

// Each struct is a row of the table of the same name, its members the columns. Absent means unknown.

// core_hour: a partition without accelerators, whose "accelerator" is one processor core.
enum class Unit : std::uint8_t { gpu_hour, node_hour, core_hour };
BOOST_DESCRIBE_ENUM(Unit, gpu_hour, node_hour, core_hour)
enum class AmountKind : std::uint8_t { fixed_package, range, menu };
BOOST_DESCRIBE_ENUM(AmountKind, fixed_package, range, menu)
enum class Selection : std::uint8_t { first_come, first_come_above_bar, competitive };
BOOST_DESCRIBE_ENUM(Selection, first_come, first_come_above_bar, competitive)
enum class CutOffRule : std::uint8_t { permanent, listed, first_of_month, none };
BOOST_DESCRIBE_ENUM(CutOffRule, permanent, listed, first_of_month, none)
enum class AnswerFrom : std::uint8_t { submission, cut_off };
BOOST_DESCRIBE_ENUM(AnswerFrom, submission, cut_off)
enum class LocationRule : std::uint8_t { eu_participating_or_associated };
BOOST_DESCRIBE_ENUM(LocationRule, eu_participating_or_associated)
enum class ModeState : std::uint8_t { open, closed };
BOOST_DESCRIBE_ENUM(ModeState, open, closed)
enum class SystemState : std::uint8_t { operational, planned, retired };
BOOST_DESCRIBE_ENUM(SystemState, operational, planned, retired)
enum class BillingKind : std::uint8_t { whole_nodes, max_of_shares };
BOOST_DESCRIBE_ENUM(BillingKind, whole_nodes, max_of_shares)
enum class Precision : std::uint8_t { bf16, fp16, fp32, fp8 };
BOOST_DESCRIBE_ENUM(Precision, bf16, fp16, fp32, fp8)
enum class PueBound : std::uint8_t { estimate, at_most, measured };
BOOST_DESCRIBE_ENUM(PueBound, estimate, at_most, measured)

// What every typed row knows about where it comes from.
struct Fact {
  std::string key;
  std::string source;
  Confidence confidence = Confidence::unknown;
  Layer layer = Layer::shipped;
  std::string digest;
};
BOOST_DESCRIBE_STRUCT(Fact, (), (key, source, confidence, layer, digest))

// The lists of kinds name identity's kinds of organisation. eligible: free of charge. priced: by paid access alone.
// project_only: only within a Horizon Europe or Digital Europe project. open_research: only for research that is
// published.
struct AccessMode : Fact {
  std::optional<std::string> title, family, audience;
  std::vector<std::string> eligible_kinds, priced_kinds, project_only_kinds, open_research_kinds;
  std::optional<LocationRule> location_rule;
  std::optional<Confidence> location_confidence;
  std::optional<Unit> unit;
  std::optional<AmountKind> amount_kind;
  std::optional<double> amount_min;
  std::optional<bool> amount_min_excluded;
  std::optional<double> amount_max;
  std::optional<Confidence> amount_confidence;
  std::vector<std::int64_t> durations_months;
  std::optional<Selection> selection;
  std::optional<CutOffRule> cut_off_rule;
  std::optional<std::string> review;
  std::optional<std::int64_t> answer_working_days, answer_months_max;
  std::optional<AnswerFrom> answer_from;
  std::optional<double> inference_share_max;
  std::optional<std::int64_t> contract_months_after_end;
  std::optional<bool> civilian_only;
  std::optional<ModeState> state;
  std::optional<std::string> page, notes;
};
BOOST_DESCRIBE_STRUCT(AccessMode, (Fact),
                      (title, family, audience, eligible_kinds, priced_kinds, project_only_kinds, open_research_kinds,
                       location_rule, location_confidence, unit, amount_kind, amount_min, amount_min_excluded,
                       amount_max, amount_confidence, durations_months, selection, cut_off_rule, review,
                       answer_working_days, answer_months_max, answer_from, inference_share_max,
                       contract_months_after_end, civilian_only, state, page, notes))

struct ModeOffer : Fact {
  std::optional<std::string> mode, partition;
  std::optional<Unit> unit;
  std::optional<double> amount_min, amount_max;
};
BOOST_DESCRIBE_STRUCT(ModeOffer, (Fact), (mode, partition, unit, amount_min, amount_max))

struct ModeQuota : Fact {
  std::vector<std::string> modes;
  std::optional<double> share;
  std::optional<std::string> of, notes;
};
BOOST_DESCRIBE_STRUCT(ModeQuota, (Fact), (modes, share, of, notes))

struct CutOff : Fact {
  std::optional<std::string> mode;
  std::optional<Time> closes;
  std::optional<std::string> local;
};
BOOST_DESCRIBE_STRUCT(CutOff, (Fact), (mode, closes, local))

struct System : Fact {
  std::optional<std::string> title, host, country;
  std::optional<SystemState> state;
  std::optional<std::string> operational_from;
  std::optional<double> rmax_pflops, peak_pflops, power_kw;
  std::optional<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(System, (Fact),
                      (title, host, country, state, operational_from, rmax_pflops, peak_pflops, power_kw, notes))

struct Partition : Fact {
  std::optional<std::string> system, title;
  std::optional<std::int64_t> nodes, accelerators_per_node;
  std::optional<std::string> accelerator;
  std::optional<std::int64_t> accelerators;
  std::optional<Unit> unit;
  std::optional<std::string> gpu_hour_means;
  std::optional<std::int64_t> devices_per_accelerator;
  std::optional<bool> air_gapped;
  std::optional<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(Partition, (Fact),
                      (system, title, nodes, accelerators_per_node, accelerator, accelerators, unit, gpu_hour_means,
                       devices_per_accelerator, air_gapped, notes))

struct BillingRule : Fact {
  std::optional<std::string> partition, queue;
  std::optional<BillingKind> rule;
  std::optional<Unit> unit;
  std::optional<double> units_per_node, units_per_share, cores_per_share, memory_gb_per_share;
  std::optional<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(BillingRule, (Fact),
                      (partition, queue, rule, unit, units_per_node, units_per_share, cores_per_share,
                       memory_gb_per_share, notes))

struct Accelerator : Fact {
  std::optional<std::string> title;
  std::optional<double> memory_gb;
  std::optional<std::int64_t> devices;
  std::optional<double> device_memory_gb;
  std::optional<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(Accelerator, (Fact), (title, memory_gb, devices, device_memory_gb, notes))

struct AcceleratorPeak : Fact {
  std::optional<std::string> accelerator;
  std::optional<Precision> precision;
  std::optional<bool> supported;
  std::optional<double> dense_tflops;
  std::optional<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(AcceleratorPeak, (Fact), (accelerator, precision, supported, dense_tflops, notes))

struct Utilisation : Fact {
  std::optional<std::string> accelerator;
  std::optional<double> utilisation;
  std::optional<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(Utilisation, (Fact), (accelerator, utilisation, notes))

struct GridCarbon : Fact {
  std::optional<double> g_per_kwh;
  std::optional<std::int64_t> year;
  std::optional<std::string> basis;
};
BOOST_DESCRIBE_STRUCT(GridCarbon, (Fact), (g_per_kwh, year, basis))

struct Pue : Fact {
  std::optional<double> pue;
  std::optional<PueBound> bound;
  std::optional<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(Pue, (Fact), (pue, bound, notes))

struct Power : Fact {
  std::optional<double> kw_per_accelerator;
  std::optional<std::string> method;
};
BOOST_DESCRIBE_STRUCT(Power, (Fact), (kw_per_accelerator, method))

struct Factory : Fact {
  std::optional<std::string> title, country;
  std::vector<std::string> partner_countries;
  std::optional<std::string> host, selected;
  std::vector<std::string> systems;
  std::optional<double> money_meur;
  std::optional<std::string> money_notes, status;
};
BOOST_DESCRIBE_STRUCT(Factory, (Fact),
                      (title, country, partner_countries, host, selected, systems, money_meur, money_notes, status))

struct Antenna : Fact {
  std::optional<std::string> title, country, selected, notes;
};
BOOST_DESCRIBE_STRUCT(Antenna, (Fact), (title, country, selected, notes))

struct AntennaLink : Fact {
  std::optional<std::string> antenna, factory;
};
BOOST_DESCRIBE_STRUCT(AntennaLink, (Fact), (antenna, factory))

struct Country : Fact {
  std::optional<std::string> name;
  std::optional<bool> eu_member, participating_state, horizon_associated, digital_associated;
  std::optional<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(Country, (Fact),
                      (name, eu_member, participating_state, horizon_associated, digital_associated, notes))

struct ComputeThreshold : Fact {
  std::optional<double> flop, fraction;
  std::optional<std::string> citation, notes;
};
BOOST_DESCRIBE_STRUCT(ComputeThreshold, (Fact), (flop, fraction, citation, notes))

// A number that rules of eligibility compare with: size classes of enterprises, holdings, ceilings of aid.
struct EligibilityLimit : Fact {
  std::optional<std::int64_t> value;
  std::optional<std::string> unit, citation, notes;
};
BOOST_DESCRIBE_STRUCT(EligibilityLimit, (Fact), (value, unit, citation, notes))

// Everything that holds on one day; what rules work on. Rows stand in the order of the shipped file, new own ones after
// it.
struct View {
  std::string date;
  std::vector<AccessMode> access_modes;
  std::vector<ModeOffer> mode_offers;
  std::vector<ModeQuota> mode_quotas;
  std::vector<CutOff> cut_offs;
  std::vector<System> systems;
  std::vector<Partition> partitions;
  std::vector<BillingRule> billing_rules;
  std::vector<Accelerator> accelerators;
  std::vector<AcceleratorPeak> accelerator_peaks;
  std::vector<Utilisation> utilisation;
  std::vector<GridCarbon> grid_carbon;
  std::vector<Pue> pue;
  std::vector<Power> power;
  std::vector<Factory> factories;
  std::vector<Antenna> antennas;
  std::vector<AntennaLink> antenna_links;
  std::vector<Country> countries;
  std::vector<ComputeThreshold> compute_thresholds;
  std::vector<EligibilityLimit> eligibility_limits;
};
BOOST_DESCRIBE_STRUCT(View, (),
                      (date, access_modes, mode_offers, mode_quotas, cut_offs, systems, partitions, billing_rules,
                       accelerators, accelerator_peaks, utilisation, grid_carbon, pue, power, factories, antennas,
                       antenna_links, countries, compute_thresholds, eligibility_limits))

// The row of that key, or none.
template <class T>
T const* find(std::vector<T> const& rows, std::string_view key) {
  for (auto const& row : rows)
    if (row.key == key) return &row;
  return nullptr;
}

// A view of rows that were chosen for that day. Errors: those of check().
Result<View> view_of(std::vector<Row> const& rows, std::string_view date);
// What the shipped rows alone say on a day: planning without a database. Errors: invalid "date".
Result<View> shipped_view(Shipped const& shipped, std::string_view date);

// References to rows that are not there ("partitions lumi/lumi-g: no accelerator mi250x"). The plan treats them as
// unknown.
std::vector<std::string> dangling_references(View const& view);

}  // namespace fabrica::facts
