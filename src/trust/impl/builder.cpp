#include "trust/impl/builder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "json/json.hpp"

namespace fabrica::trust {
namespace {

struct Kind {
  DocumentKind kind;
  std::string_view name;
  std::string_view title;
  std::string_view version;  // of the template that was followed
  void (*write)(Builder&);
};
constexpr std::array kKinds{
    Kind{DocumentKind::gpai_documentation, "gpai_documentation",
         "Technical documentation of a general-purpose AI model",
         "Annex XI, Regulation (EU) 2024/1689; Model Documentation Form of the Code of Practice, 10 July 2025",
         write_gpai_documentation},
    Kind{DocumentKind::gpai_integrator_documentation, "gpai_integrator_documentation",
         "Information for providers who integrate the model", "Annex XII, Regulation (EU) 2024/1689",
         write_integrator_documentation},
    Kind{DocumentKind::training_content_summary, "training_content_summary", "Public summary of training content",
         "Template of the AI Office, C(2025) 8311", write_training_summary},
    Kind{DocumentKind::assessment_record, "assessment_record", "Record of the AI Act assessment",
         "Regulation (EU) 2024/1689 as amended by Regulation (EU) 2026/1744", write_assessment_record},
    Kind{DocumentKind::final_report, "final_report", "Final report of the project", "Fabrica final report 1",
         write_final_report},
};

Kind const& kind_of(DocumentKind kind) { return *std::ranges::find(kKinds, kind, &Kind::kind); }

}  // namespace

Builder::Builder(DocumentKind kind, Evidence const& evidence, bool draft) : evidence_{evidence} {
  auto const& described = kind_of(kind);
  auto const due = evidence.assessment.due(described.name);
  out_.format = "fabrica.document/1";
  out_.kind = kind;
  out_.title = described.title;
  out_.template_version = described.version;
  out_.subject =
      evidence.model ? fmt::format("{} {}", evidence.model->name, evidence.model->version) : evidence.project.title;
  out_.project = evidence.project.public_id;
  out_.provider = evidence.organisation.name;
  out_.factory = evidence.factory.name;
  out_.log_origin = evidence.factory.origin;
  out_.made = evidence.made;
  out_.draft = draft;
  out_.demo = evidence.project.demo;
  out_.due = due.state;
  out_.due_because = due.because;
  if (draft) notice("Draft: fields may be missing.");
  if (out_.demo) notice("Demonstration: made for a demonstration project; not a statement about a real organisation.");
  if (due.state == DueState::voluntary)
    notice("Produced voluntarily: no duty of the AI Act asks for this document on the day of the assessment.");
  notice("This is not a conformity assessment and not legal advice.");
  notice(
      "A source mark says who stands behind a sentence, not that it is true. The numbers are those of the statements "
      "in the project's chain.");
}

void Builder::section(std::string key, std::string title) {
  out_.sections.push_back({std::move(key), std::move(title), {}});
}

void Builder::add(Item item, Origin origin, std::string text, StatementNumbers const& statements,
                  std::optional<Amount> amount) {
  bool const there = !statements.empty() && (!text.empty() || amount);
  Field field{.key = std::move(item.key),
              .title = std::move(item.title),
              .text = there ? std::move(text) : std::string{},
              .value = {},
              .unit = {},
              .due = item.need == Need::asked && out_.due != DueState::voluntary,
              .citation = std::move(item.citation),
              .source = {}};
  if (there) {
    if (amount) {
      field.value = amount->value;
      field.unit = std::move(amount->unit);
    }
    field.source = {origin, merged(statements, {}), {}};
  }
  out_.sections.back().fields.push_back(std::move(field));
}

void Builder::recorded(Item item, std::string text, StatementNumbers const& statements, std::optional<Amount> amount) {
  add(std::move(item), Origin::recorded, std::move(text), statements, std::move(amount));
}

void Builder::measured(Item item, std::string text, StatementNumbers const& statements, std::optional<Amount> amount) {
  add(std::move(item), Origin::measured, std::move(text), statements, std::move(amount));
}

Declaration const* Builder::declaration(std::string_view key) const {
  // The last one counts: a correction is a later statement, nothing is edited.
  Declaration const* found = nullptr;
  for (auto const& each : evidence_.declared)
    if (each.key == key && each.statement > 0 && !each.text.empty() && (!found || each.statement >= found->statement))
      found = &each;
  return found;
}

void Builder::declared(Item item, std::string_view key) {
  auto const* found = declaration(key);
  add(std::move(item), Origin::declared, found ? found->text : "",
      found ? StatementNumbers{found->statement} : StatementNumbers{}, {});
  if (found) out_.sections.back().fields.back().source.by = found->by;
}

void Builder::recorded_or_declared(Item item, std::string text, StatementNumbers const& statements,
                                   std::string_view key) {
  if (!text.empty() && !statements.empty()) recorded(std::move(item), std::move(text), statements);
  else declared(std::move(item), key);
}

Document Builder::finish() {
  for (auto const& section : out_.sections)
    for (auto const& field : section.fields) {
      switch (field.source.origin) {
        case Origin::recorded: ++out_.counts.recorded; break;
        case Origin::measured: ++out_.counts.measured; break;
        case Origin::declared: ++out_.counts.declared; break;
        case Origin::missing: ++out_.counts.missing; break;
      }
    }
  return std::move(out_);
}

std::string scientific(double value) {
  if (value == 0) return "0";
  if (std::abs(value) >= 0.01 && std::abs(value) < 100'000) return fmt::format("{:.3g}", value);
  auto text = fmt::format("{:.2e}", value);
  // 1.90e+18 -> 1.90e18
  auto const e = text.find('e');
  auto const exponent = std::stoi(text.substr(e + 1));
  return fmt::format("{}e{}", text.substr(0, e), exponent);
}

std::string grouped(std::int64_t value) {
  auto text = std::to_string(value);
  for (auto at = static_cast<std::int64_t>(text.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string byte_size(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"bytes", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.3g} {}", value, kUnits[unit]);
}

std::string joined(std::vector<std::string> const& items) { return fmt::format("{}", fmt::join(items, ", ")); }

StatementNumbers merged(StatementNumbers a, StatementNumbers const& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::ranges::sort(a);
  auto const twice = std::ranges::unique(a);
  a.erase(twice.begin(), twice.end());
  return a;
}

namespace {

void add_name(std::string& to, std::string const& name) {
  if (name.empty() || to.find(name) != std::string::npos) return;
  if (!to.empty()) to += "; ";
  to += name;
}

}  // namespace

Totals totals_of(std::vector<JobEvidence> const& jobs, bool training_only) {
  Totals out;
  std::int64_t with_flop = 0;
  std::int64_t with_energy = 0;
  std::int64_t with_carbon = 0;
  double flop = 0;
  double carbon_g = 0;
  std::int64_t energy_j = 0;
  bool measured = true;
  for (auto const& job : jobs) {
    if (training_only && job.purpose != JobPurpose::train) continue;
    if (job.statements.empty()) continue;
    ++out.jobs;
    auto const wall_s = static_cast<double>(std::max<Micros>(0, job.ended.us - job.started.us)) / kSecond;
    out.wall_s += wall_s;
    out.device_s += wall_s * static_cast<double>(job.devices);
    out.statements = merged(std::move(out.statements), job.statements);
    add_name(out.device_kind, job.device_kind);
    add_name(out.hardware, job.hardware);
    if (job.flop) ++with_flop, flop += *job.flop, add_name(out.flop_method, job.flop_method);
    if (job.carbon_g) ++with_carbon, carbon_g += *job.carbon_g, add_name(out.carbon_method, job.carbon_note);
    if (!job.energy_j) continue;
    ++with_energy;
    energy_j += *job.energy_j;
    // Below 95 % of the time under samples a figure is an estimate, whatever took the samples.
    bool const sampled = job.energy_method == EnergyMethod::counter || job.energy_method == EnergyMethod::integrated;
    measured = measured && sampled && job.energy_coverage.value_or(0) >= 0.95;
    add_name(out.energy_method,
             fmt::format("boundary {}, {}{}{}", job.energy_boundary, json::enum_name(job.energy_method),
                         job.energy_note.empty() ? "" : ": ", job.energy_note));
  }
  if (out.jobs == 0) return out;
  if (with_flop == out.jobs) out.flop = flop;
  if (with_energy == out.jobs) out.energy_j = energy_j, out.energy_measured = measured;
  if (with_carbon == out.jobs) out.carbon_g = carbon_g;
  return out;
}

void write_energy(Builder& to, Totals const& totals, std::string_view citation) {
  std::string const cites{citation};
  Item const energy{"energy.mwh", "Energy", cites};
  if (totals.energy_j) {
    auto const mwh = static_cast<double>(*totals.energy_j) / 3.6e9;
    auto const text = fmt::format("{} MWh ({} J), {}.", scientific(mwh), grouped(*totals.energy_j),
                                  totals.energy_measured ? "measured" : "estimated");
    if (totals.energy_measured) to.measured(energy, text, totals.statements, Amount{mwh, "MWh"});
    else to.recorded(energy, text, totals.statements, Amount{mwh, "MWh"});
  } else {
    to.recorded(energy, "", {});
  }
  to.recorded({"energy.method", "Boundary and method of the energy figure", cites},
              totals.energy_j ? totals.energy_method : "", totals.statements);
}

void write_metrics(Builder& to, std::string_view citation) {
  for (auto const& evaluation : to.evidence().evaluations) {
    auto const prefix = fmt::format("evaluation.{}", evaluation.suite);
    to.recorded(
        {prefix + ".preregistered",
         fmt::format("{}: metrics and thresholds fixed before the model's digest was recorded", evaluation.suite),
         std::string{citation}},
        evaluation.preregistered.empty() ? "" : "Yes: the statement stands before that of the model in the chain.",
        evaluation.preregistered);
    for (auto const& metric : evaluation.metrics) {
      auto text = fmt::format("{:.6g} {}", metric.value, metric.unit);
      if (metric.lower && metric.upper)
        text += fmt::format(", interval {:.6g} to {:.6g}", *metric.lower, *metric.upper);
      if (metric.n > 0) text += fmt::format(", n = {}", grouped(metric.n));
      if (metric.threshold) text += fmt::format(", threshold {:.6g}", *metric.threshold);
      if (metric.passed) text += *metric.passed ? ", passed" : ", not passed";
      to.measured(
          {fmt::format("{}.{}.{}", prefix, metric.name, metric.slice),
           fmt::format("{}: {} ({})", evaluation.suite, metric.name, metric.slice), std::string{citation}, Need::extra},
          std::move(text), evaluation.statements, Amount{metric.value, metric.unit});
    }
  }
}

Document make_document(DocumentKind kind, Evidence const& evidence, bool draft) {
  Builder builder{kind, evidence, draft};
  kind_of(kind).write(builder);
  return builder.finish();
}

Result<> check_release(Document const& document) {
  if (document.draft) return {};
  std::vector<Fault> faults;
  for (std::size_t s = 0; s < document.sections.size(); ++s)
    for (std::size_t f = 0; f < document.sections[s].fields.size(); ++f) {
      auto const& field = document.sections[s].fields[f];
      if (field.source.origin == Origin::missing && field.due)
        faults.push_back({fmt::format("/sections/{}/fields/{}", s, f),
                          fmt::format("'{}' ({}) is missing: declare it in the project file or record what shows it.",
                                      field.title, field.citation)});
    }
  if (faults.empty()) return {};
  auto what = fmt::format("{} lacks {} field{} a duty asks for, first: {} Release it as a draft, or complete it.",
                          document.title, faults.size(), faults.size() == 1 ? "" : "s", faults.front().what);
  return fail(Errc::conflict, "document_incomplete", std::move(what), std::move(faults));
}

std::string render_json(Document const& document) { return json::pretty(json::write(document)) + "\n"; }

Result<std::string> model_manifest(Evidence const& evidence) {
  if (!evidence.model) return fail(Errc::not_found, "model", "The project has no model version yet.");
  return json::pretty(json::write(*evidence.model)) + "\n";
}

}  // namespace fabrica::trust
