#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "json/json.hpp"
#include "trust/impl/builder.hpp"

namespace fabrica::trust {
namespace {

// The ranges of the Model Documentation Form.
std::string parameter_range(std::int64_t parameters) {
  constexpr std::array kRanges{std::pair{500e6, "1-500M"}, std::pair{5e9, "500M-5B"},   std::pair{15e9, "5-15B"},
                               std::pair{50e9, "15-50B"},  std::pair{100e9, "50-100B"}, std::pair{500e9, "100-500B"},
                               std::pair{1e12, "500B-1T"}};
  for (auto const& [most, name] : kRanges)
    if (static_cast<double>(parameters) <= most) return name;
  return ">1T";
}

std::string training_time_range(double seconds) {
  auto const months = seconds / (30.44 * 86'400);
  if (months < 1) return "less than 1 month";
  if (months <= 3) return "1 to 3 months";
  return months <= 6 ? "3 to 6 months" : "more than 6 months";
}

std::string model_digests(ModelEvidence const& model) {
  std::string out;
  for (auto const& file : model.files)
    out +=
        fmt::format("{}{}  sha256:{}  {}", out.empty() ? "" : "\n", file.path, file.sha256, byte_size(file.size_bytes));
  return out;
}

void write_general(Builder& to, bool integrator) {
  auto const& e = to.evidence();
  auto const model = e.model.value_or(ModelEvidence{});
  to.section("general", "General information");
  to.recorded({"general.provider", "Legal name of the provider", "Model Documentation Form"}, e.organisation.name,
              e.organisation.statements);
  if (!integrator)
    to.declared({"general.contact", "Contact of the provider", "Model Documentation Form", Need::extra},
                "provider_contact");
  to.recorded({"general.model", "Model name and version", "Model Documentation Form"},
              e.model ? fmt::format("{} {}", model.name, model.version) : "", model.statements);
  to.recorded({"general.authenticity", "Model authenticity: digest of each file", "Model Documentation Form"},
              model_digests(model), model.statements);
  to.declared({"general.released", "Release date", integrator ? "Annex XII 1(c)" : "Annex XI 1(1)(c)"}, "release_date");
  to.declared({"general.market", "Date of placing on the Union market", "Model Documentation Form"}, "market_date");
  to.recorded_or_declared({"general.dependencies", "Model dependencies", "Model Documentation Form"}, model.upstream,
                          model.statements, "model_dependencies");
}

void write_properties(Builder& to, std::string_view annex) {
  auto const& e = to.evidence();
  auto const model = e.model.value_or(ModelEvidence{});
  auto const cite = [&](std::string_view xi, std::string_view xii) {
    return fmt::format("{} {}", annex, annex == "Annex XI" ? xi : xii);
  };
  to.section("properties", "Properties of the model");
  to.recorded({"properties.architecture", "Architecture", cite("1(1)(d)", "1(f)")}, model.architecture,
              model.statements);
  std::string parameters;
  std::optional<Amount> count;
  if (model.parameters) {
    parameters = fmt::format("{} (range {})", grouped(*model.parameters), parameter_range(*model.parameters));
    count = Amount{static_cast<double>(*model.parameters), "parameters"};
  }
  to.recorded({"properties.parameters", "Total number of parameters", cite("1(1)(d)", "1(f)")}, parameters,
              model.statements, count);
  to.recorded({"properties.inputs", "Modality and format of inputs", cite("1(1)(e)", "1(g), 2(b)")}, model.inputs,
              model.statements);
  to.recorded({"properties.input_size", "Maximum size of inputs",
               annex == "Annex XI" ? "Model Documentation Form" : "Annex XII 2(b)"},
              model.context_tokens ? fmt::format("{} tokens of context", grouped(*model.context_tokens)) : "",
              model.statements);
  to.recorded({"properties.outputs", "Modality and format of outputs", cite("1(1)(e)", "1(g), 2(b)")}, model.outputs,
              model.statements);
  to.section("distribution", "Distribution and licence");
  to.declared({"distribution.channels", "Channels of distribution", cite("1(1)(c)", "1(c)")}, "distribution");
  to.recorded_or_declared({"distribution.licence", "Licence", cite("1(1)(f)", "1(h)")}, model.licence, model.statements,
                          "licence");
  to.section("use", "Use");
  to.declared({"use.intended", "Intended tasks, and the systems it can go into", cite("1(1)(a)", "1(a)")},
              "intended_purpose");
  to.declared({"use.policy", "Acceptable use policy", cite("1(1)(b)", "1(b)")}, "acceptable_use");
  to.declared({"use.integration", "Technical means of integration", cite("1(2)(a)", "2(a)")}, "integration");
  to.declared(
      {"use.hardware", "Hardware it needs", annex == "Annex XI" ? "Model Documentation Form" : "Annex XII 1(d)"},
      "required_hardware");
  to.declared({"use.software", "Software it needs, with versions",
               annex == "Annex XI" ? "Model Documentation Form" : "Annex XII 1(e)"},
              "required_software");
}

std::string run_settings(RunEvidence const& run) {
  std::string out;
  for (auto const& [name, value] : run.settings) out += fmt::format("{}{} = {}", out.empty() ? "" : "\n", name, value);
  return out;
}

void write_training(Builder& to) {
  auto const& e = to.evidence();
  to.section("training", "Training process");
  to.declared({"training.design", "Design of the training process and its key choices", "Annex XI 1(2)(b)"},
              "design_choices");
  to.declared({"training.rationale", "Reasons and assumptions behind the choices", "Annex XI 1(2)(b)"},
              "decision_rationale");
  to.declared({"training.objective", "What the model is optimised for", "Annex XI 1(2)(b)"}, "optimisation_target");
  for (std::size_t i = 0; i < e.runs.size(); ++i) {
    auto const& run = e.runs[i];
    to.recorded({fmt::format("training.run.{}", i + 1), fmt::format("Settings of run {}", run.public_id),
                 "Annex XI 1(2)(b)", Need::extra},
                run_settings(run), run.statements);
    if (run.steps && run.tokens)
      to.recorded({fmt::format("training.run.{}.extent", i + 1), fmt::format("Extent of run {}", run.public_id),
                   "Annex XI 1(2)(b)", Need::extra},
                  fmt::format("{} steps, {} tokens seen{}", grouped(*run.steps), grouped(*run.tokens),
                              run.final_loss ? fmt::format(", last training loss {:.5g}", *run.final_loss) : ""),
                  run.statements);
  }
  for (auto const& job : e.jobs) {
    if (job.purpose != JobPurpose::train && job.purpose != JobPurpose::prepare) continue;
    to.recorded({fmt::format("training.job.{}", job.public_id),
                 fmt::format("Job {}: {}", job.name, json::enum_name(job.purpose)), "Annex XI 1(2)(b)", Need::extra},
                fmt::format("{} to {}, {} x {} on {}, ended as {}. Program {} (sha256:{}).",
                            format_time(job.started.us), format_time(job.ended.us), job.devices, job.device_kind,
                            job.hardware, job.state, job.program, job.program_sha256),
                job.statements);
  }
}

void write_data(Builder& to, std::string_view citation) {
  auto const& e = to.evidence();
  std::string const cite{citation};
  to.section("data", "Data for training, testing and validation");
  // Asked even where no data set is recorded: the absence is what the reader must see.
  if (e.data_sets.empty())
    to.recorded({"data.sets", "Data sets: type, provenance, number of data points", cite}, "", {});
  for (auto const& set : e.data_sets) {
    auto const key = fmt::format("data.{}", set.public_id);
    auto const named = [&](std::string_view what) { return fmt::format("{} {}: {}", set.name, set.version, what); };
    to.recorded(
        {key + ".type", named("type, provenance, licence"), cite},
        fmt::format("{} ({}), {}. Licence {}. sha256:{}. Personal data: {}.", set.modality,
                    set.content_types.empty() ? "types not stated" : joined(set.content_types),
                    json::enum_name(set.source_kind), set.licence, set.sha256, set.personal_data ? "yes" : "no"),
        set.statements);
    std::optional<Amount> points;
    if (set.data_points) points = Amount{static_cast<double>(*set.data_points), set.data_unit};
    to.recorded({key + ".points", named("number of data points"), cite},
                set.data_points
                    ? fmt::format("{} {} ({})", grouped(*set.data_points), set.data_unit, byte_size(set.size_bytes))
                    : "",
                set.statements, points);
    to.recorded({key + ".obtained", named("how obtained"), cite}, set.obtained, set.statements);
    to.recorded({key + ".selected", named("how selected and curated"), cite}, set.selected, set.statements);
    to.recorded(
        {key + ".scope", named("scope and main characteristics"), cite},
        fmt::format("{}{}", set.description, set.languages.empty() ? "" : " Languages: " + joined(set.languages) + "."),
        set.statements);
  }
  if (e.split)
    to.recorded({"data.split", "Held-out data, committed before training", cite, Need::extra},
                fmt::format("{}; seed {}; {} items for training, {} held out; sha256:{}", e.split->rule, e.split->seed,
                            grouped(e.split->training_items), grouped(e.split->held_out_items), e.split->sha256),
                e.split->statements);
  to.declared({"data.curation", "Curation of the data", cite}, "curation");
  to.declared({"data.unsuitable", "Measures to find unsuitable data", cite}, "unsuitability_measures");
  to.declared({"data.bias", "Measures to find bias", cite}, "bias_measures");
}

void write_compute(Builder& to) {
  auto const totals = totals_of(to.evidence().jobs, true);
  to.section("compute", "Computing and energy");
  auto const days = totals.wall_s / 86'400;
  to.recorded({"compute.time", "Training time", "Annex XI 1(2)(d)"},
              totals.jobs ? fmt::format("{} days of wall-clock time ({}); {} {}-days; {}", scientific(days),
                                        format_duration(static_cast<Micros>(totals.wall_s * kSecond)),
                                        scientific(totals.device_s / 86'400), totals.device_kind,
                                        training_time_range(totals.wall_s))
                          : "",
              totals.statements, Amount{days, "days"});
  std::optional<Amount> flop;
  if (totals.flop) flop = Amount{*totals.flop, "FLOP"};
  to.recorded({"compute.flop", "Amount of computation used for training", "Annex XI 1(2)(d)"},
              totals.flop ? fmt::format("{} FLOP (order of magnitude 1e{:.0f})", scientific(*totals.flop),
                                        *totals.flop > 0 ? std::floor(std::log10(*totals.flop)) : 0.0)
                          : "",
              totals.statements, flop);
  to.recorded({"compute.method", "How the computation was determined", "Model Documentation Form"},
              totals.flop ? totals.flop_method : "", totals.statements);
  to.recorded({"compute.hardware", "Hardware used", "Model Documentation Form", Need::extra}, totals.hardware,
              totals.statements);
  write_energy(to, totals, "Annex XI 1(2)(e)");
  to.declared({"compute.inference", "Computation of inference on a stated benchmark, with its method",
               "Model Documentation Form"},
              "inference_compute");
}

}  // namespace

void write_gpai_documentation(Builder& to) {
  write_general(to, false);
  write_properties(to, "Annex XI");
  write_training(to);
  write_data(to, "Annex XI 1(2)(c)");
  write_compute(to);
  to.section("evaluation", "Evaluation");
  bool const systemic = to.evidence().assessment.has("GPAI_SR");
  auto const need = systemic ? Need::asked : Need::extra;
  to.declared({"evaluation.strategy", "Evaluation strategy", "Annex XI 2(1)", need}, "evaluation_strategy");
  write_metrics(to, "Annex XI 2(1)");
  to.declared({"evaluation.adversarial", "Adversarial testing and adaptations", "Annex XI 2(2)", need},
              "adversarial_testing");
  to.declared({"evaluation.system", "Architecture of the system around the model", "Annex XI 2(3)", need},
              "system_architecture");
}

void write_integrator_documentation(Builder& to) {
  write_general(to, true);
  write_properties(to, "Annex XII");
  to.section("interaction", "Interaction");
  to.declared(
      {"interaction.systems", "Interaction with hardware and software that is not part of the model", "Annex XII 1(d)"},
      "interaction");
  write_data(to, "Annex XII 2(c)");
}

}  // namespace fabrica::trust
