#include "json/describe.hpp"
#include "planner/impl/context.hpp"

namespace fabrica::planner {

Work work_of(PlanRequest const& request) {
  // Forward 2, backward 4 floating-point operations for each parameter a token passes; recomputation adds a forward
  // pass; frozen weights save the half of the backward pass that makes their gradients. Attention itself is neglected.
  double factor = request.recompute ? 8 : 6;
  std::string why = request.recompute ? "forward, recomputed forward, backward" : "forward and backward";
  if (request.method == Method::lora) {
    factor -= 2;
    why += ", no gradients for the frozen weights";
  } else if (request.method == Method::inference) {
    factor = 2;
    why = "forward only";
  }
  auto const passed = static_cast<double>(request.active_parameters.value_or(request.parameters));
  Work work;
  work.flop_once = factor * passed * static_cast<double>(request.tokens);
  work.flop_total = work.flop_once * (1 + request.overhead_share);
  work.formula = fmt::format("C = {:.0f} x N x D: N {} parameters, D tokens ({}); total = C x (1 + overhead share)",
                             factor, request.active_parameters ? "active" : "all", why);
  return work;
}

namespace impl {

namespace {

constexpr double kAdapterShare = 0.01;
constexpr double kUsableMemory = 0.8;
constexpr double kTrainingBytes =
    16;  // weights 2, gradients 2, fp32 copy and two moments of AdamW 12; in fp32 4 + 4 + 8
constexpr double kTokenBytes = 4;
constexpr double kGiga = 1e9;

double weight_bytes(Precision precision) {
  switch (precision) {
    case Precision::bf16:
    case Precision::fp16: return 2;
    case Precision::fp32: return 4;
    case Precision::fp8: return 1;
  }
  return 4;
}

std::string precision_name(Precision precision) { return std::string{json::enum_name(precision)}; }

std::string sourced(std::string_view what, facts::Fact const& fact) {
  return fmt::format("{}: {} ({})", what, fact.source, json::enum_name(fact.confidence));
}

// Peak, utilisation and from them GPU-hours.
void fill_hours(Context& context, facts::Partition const& partition, Work const& work, PartitionPlan& out) {
  auto const& request = context.request;
  auto const precision = precision_name(request.precision);
  if (!partition.accelerator) {
    out.unknown.push_back("The kind of accelerator is not known.");
    return;
  }
  auto const& name = *partition.accelerator;
  auto const* peak = context.use("accelerator_peaks", context.view.accelerator_peaks, name + "/" + precision);
  if (peak != nullptr && peak->supported == false) {
    out.unknown.push_back(fmt::format("{} does not compute in {}: choose another precision.", name, precision));
    return;
  }
  if (peak == nullptr || !peak->dense_tflops) {
    out.unknown.push_back(fmt::format("The dense {} peak of {} is not known, so GPU-hours are not.", precision, name));
    return;
  }
  out.peak_tflops = peak->dense_tflops;
  if (request.utilisation) {
    out.utilisation = request.utilisation;
    out.utilisation_source = "given";
  } else if (auto const* row = context.use("utilisation", context.view.utilisation, name); row && row->utilisation) {
    out.utilisation = row->utilisation;
    out.utilisation_source = sourced("default", *row);
  } else {
    out.unknown.push_back(fmt::format("No utilisation of {} is known: give one.", name));
    return;
  }
  double const flop_an_hour = *out.peak_tflops * 1e12 * *out.utilisation * 3600;
  if (flop_an_hour > 0) out.gpu_hours = work.flop_total / flop_an_hour;
}

void fill_memory(Context& context, facts::Partition const& partition, PartitionPlan& out) {
  auto const& request = context.request;
  auto& memory = out.memory;
  memory.model_gb = bytes_per_parameter(request) * static_cast<double>(request.parameters) / kGiga;
  memory.assumption = fmt::format(
      "{:.4g} bytes a parameter ({}), sharded evenly over all accelerators, at most {:.0f} % of their memory; the rest "
      "is for {}",
      bytes_per_parameter(request),
      request.method == Method::inference ? "weights"
      : request.method == Method::lora    ? "frozen weights, and adapters of 1 % with gradients and AdamW state"
                                          : "weights, gradients and AdamW state",
      kUsableMemory * 100, request.method == Method::inference ? "the key-value cache" : "activations");
  auto const* accelerator =
      partition.accelerator ? context.use("accelerators", context.view.accelerators, *partition.accelerator) : nullptr;
  if (accelerator == nullptr || !accelerator->memory_gb || !partition.accelerators_per_node) {
    out.unknown.push_back("Memory or accelerators of a node are not known, so whether the model fits is not.");
    return;
  }
  memory.accelerator_gb = accelerator->memory_gb;
  double const node_gb =
      *accelerator->memory_gb * static_cast<double>(*partition.accelerators_per_node) * kUsableMemory;
  if (node_gb <= 0) return;
  double const least = std::ceil(memory.model_gb / node_gb);
  memory.nodes_least = static_cast<std::int64_t>(std::max(1.0, least));
  auto const nodes = request.nodes.value_or(*memory.nodes_least);
  memory.used_gb_per_accelerator =
      memory.model_gb / (static_cast<double>(nodes) * static_cast<double>(*partition.accelerators_per_node));
  bool const enough = nodes >= *memory.nodes_least && (!partition.nodes || *memory.nodes_least <= *partition.nodes);
  memory.fits = enough ? Answer::yes : Answer::no;
  if (partition.nodes && *memory.nodes_least > *partition.nodes)
    out.warnings.push_back(
        fmt::format("The model does not fit into the {} nodes of this partition.", *partition.nodes));
  else if (!enough) out.warnings.push_back(fmt::format("The model needs at least {} nodes here.", *memory.nodes_least));
}

// From midnight of the first day to the end of the last.
std::optional<double> hours_available(Context const& context) {
  if (!context.request.ends_on) return std::nullopt;
  auto const from = parse_time(context.request.starts_on.value_or(context.view.date));
  auto const to = parse_time(*context.request.ends_on);
  if (!from || !to || *to < *from) return std::nullopt;
  return static_cast<double>(*to + kDay - *from) / static_cast<double>(kHour);
}

void fill_time(Context& context, facts::Partition const& partition, PartitionPlan& out) {
  auto const& request = context.request;
  out.nodes = request.nodes ? request.nodes : out.memory.nodes_least;
  out.nodes_basis = request.nodes ? "given" : out.nodes ? "the fewest whose memory holds the model" : "not known";
  if (!out.gpu_hours) return;
  if (!partition.accelerators_per_node || *partition.accelerators_per_node == 0) {
    out.unknown.push_back("Accelerators of a node are not known, so node-hours are not.");
    return;
  }
  // Where an "accelerator" of the facts is a processor core there are none to be counted.
  bool const real = partition.unit != Unit::core_hour;
  if (real) out.accelerators_per_node = partition.accelerators_per_node;
  if (real && out.nodes) out.accelerators = *out.nodes * *partition.accelerators_per_node;
  auto const per_node = static_cast<double>(*partition.accelerators_per_node);
  out.node_hours = *out.gpu_hours / per_node;
  if (out.nodes) out.wall_hours = *out.node_hours / static_cast<double>(*out.nodes);
  if (auto const hours = hours_available(context))
    out.nodes_for_deadline = static_cast<std::int64_t>(std::clamp(std::ceil(*out.node_hours / *hours), 1.0, 9e15));
  if (partition.nodes && out.nodes && *out.nodes > *partition.nodes)
    out.warnings.push_back(fmt::format("{} nodes are more than this partition's {}.", *out.nodes, *partition.nodes));
  if (partition.nodes && out.nodes_for_deadline && *out.nodes_for_deadline > *partition.nodes)
    out.warnings.push_back(fmt::format("The deadline cannot be met here: it takes {} nodes of {}.",
                                       *out.nodes_for_deadline, *partition.nodes));
}

void fill_unit(facts::Partition const& partition, PartitionPlan& out) {
  out.unit = partition.unit;
  out.gpu_hour_means = partition.gpu_hour_means;
  if (out.unit) out.amount = *out.unit == Unit::node_hour ? out.node_hours : out.gpu_hours;
  else out.unknown.push_back("This partition's unit is not known.");
  auto const devices = partition.devices_per_accelerator.value_or(1);
  if (devices <= 1 || !out.gpu_hours) return;
  out.device_hours = *out.gpu_hours * static_cast<double>(devices);
  out.warnings.push_back(fmt::format(
      "One GPU-hour is {}: {} GPU-hours are {} hours of single devices. Apply in GPU-hours.",
      partition.gpu_hour_means.value_or("one accelerator"), number(*out.gpu_hours), number(*out.device_hours)));
}

void fill_energy(Context& context, facts::Partition const& partition, PartitionPlan& out) {
  auto& energy = out.energy;
  energy.boundary =
      "estimate: the machine's power at benchmark load, shared among its accelerators, times PUE; without making "
      "the hardware, and whatever else the project runs";
  energy.carbon_basis = "location-based: the grid of the system's country";
  if (!out.gpu_hours) return;
  auto const* power = context.use("power", context.view.power, partition.key);
  if (power == nullptr || !power->kw_per_accelerator) {
    out.unknown.push_back("The power of an accelerator here is not known, so energy and carbon are not.");
    return;
  }
  energy.it_kwh = *out.gpu_hours * *power->kw_per_accelerator;
  energy.sources.push_back(sourced("power", *power));
  auto const* pue = context.use("pue", context.view.pue, out.system);
  if (pue == nullptr || !pue->pue) {
    out.unknown.push_back("The PUE of this system is not known, so energy with the building and carbon are not.");
    return;
  }
  energy.kwh = *energy.it_kwh * *pue->pue;
  energy.sources.push_back(sourced("PUE", *pue));
  auto const* grid = out.country ? context.use("grid_carbon", context.view.grid_carbon, *out.country) : nullptr;
  if (grid == nullptr || !grid->g_per_kwh) {
    out.unknown.push_back("The carbon intensity of the grid is not known.");
    return;
  }
  energy.kgco2e = *energy.kwh * *grid->g_per_kwh / 1000;
  energy.carbon_basis = fmt::format("{} of {}, {}", grid->basis.value_or("location-based"), grid->key,
                                    grid->year ? std::to_string(*grid->year) : "year not known");
  energy.sources.push_back(sourced("grid", *grid));
}

}  // namespace

std::string number(double value) {
  if (value < 10 && value != std::floor(value)) return fmt::format("{:.3g}", value);
  auto digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

double bytes_per_parameter(PlanRequest const& request) {
  switch (request.method) {
    case Method::pretrain:
    case Method::continue_:
    case Method::finetune: return kTrainingBytes;
    case Method::lora: return weight_bytes(request.precision) + kAdapterShare * kTrainingBytes;
    case Method::inference: return weight_bytes(request.precision);
  }
  return kTrainingBytes;
}

Storage storage_of(PlanRequest const& request) {
  Storage storage;
  auto const parameters = static_cast<double>(request.parameters) / kGiga;
  auto const kept = static_cast<double>(request.checkpoints_kept);
  double const weights = weight_bytes(request.precision) * parameters;
  switch (request.method) {
    case Method::pretrain:
    case Method::continue_:
    case Method::finetune: storage.checkpoints_gb = kTrainingBytes * parameters * kept; break;
    case Method::lora: storage.checkpoints_gb = weights + kAdapterShare * kTrainingBytes * parameters * kept; break;
    case Method::inference: storage.checkpoints_gb = weights; break;
  }
  storage.tokens_gb = kTokenBytes * static_cast<double>(request.tokens) / kGiga;
  storage.data_gb = request.data_gb;
  storage.total_gb = storage.checkpoints_gb + storage.tokens_gb + request.data_gb.value_or(0);
  storage.assumption =
      fmt::format("{}; {:.0f} bytes a token, each token stored once; {}",
                  request.method == Method::inference ? "weights once"
                  : request.method == Method::lora
                      ? fmt::format("weights once, {} checkpoints of the adapters", request.checkpoints_kept)
                      : fmt::format("{} checkpoints of 16 bytes a parameter", request.checkpoints_kept),
                  kTokenBytes, request.data_gb ? "data as given" : "raw data not given and not counted");
  return storage;
}

PartitionPlan estimate(Context& context, facts::Partition const& partition, Work const& work) {
  context.record("partitions", partition);
  PartitionPlan out;
  out.partition = partition.key;
  out.title = partition.title.value_or(partition.key);
  out.system = partition.system.value_or("");
  out.accelerator = partition.accelerator;
  if (auto const* system = context.use("systems", context.view.systems, out.system)) out.country = system->country;
  fill_hours(context, partition, work, out);
  fill_memory(context, partition, out);
  fill_time(context, partition, out);
  fill_unit(partition, out);
  fill_energy(context, partition, out);
  return out;
}

}  // namespace impl
}  // namespace fabrica::planner
