#include <fmt/format.h>

#include "json/json.hpp"
#include "trust/impl/builder.hpp"

namespace fabrica::trust {
namespace {

std::string hours(std::int64_t micros, std::string_view unit) {
  return fmt::format("{:.6g} {}{}", static_cast<double>(micros) / 1e6, unit, micros == 1'000'000 ? "" : "s");
}

void write_questions(Builder& to, StatementNumbers const& statements) {
  to.section("answers", "Answers");
  for (auto const& asked : to.evidence().assessment.questions) {
    auto text = fmt::format("{}: {}", asked.text, json::enum_name(asked.answer));
    if (!asked.reason.empty()) text += fmt::format("\nReason: {}", asked.reason);
    if (!asked.evidence.empty()) text += fmt::format("\nEvidence: {}", joined(asked.evidence));
    to.recorded({"answers." + asked.id, asked.id, asked.citation, Need::extra}, std::move(text), statements);
  }
}

std::string bounds(FlopBounds const& flop) {
  if (!flop.lower_flop && !flop.upper_flop) return "";
  return fmt::format("from {} to {} FLOP ({})",
                     flop.lower_flop ? scientific(*flop.lower_flop) : "an unknown lower bound",
                     flop.upper_flop ? scientific(*flop.upper_flop) : "an unknown upper bound", flop.method);
}

}  // namespace

void write_assessment_record(Builder& to) {
  auto const& e = to.evidence();
  auto const& a = e.assessment;
  auto const& statements = e.assessment_statements;
  to.section("result", "Result");
  to.recorded({"result.date", "Law as of", ""}, a.date, statements);
  to.recorded({"result.purpose", "Intended purpose", "Art 3(12)"}, a.intended_purpose, statements);
  to.recorded({"result.classes", "Classes", ""}, joined(a.classes), statements);
  to.recorded({"result.signer", "Who answers for it", ""}, e.assessment_signer, statements);
  to.recorded({"result.training", "Computing of the training or modification", "", Need::extra}, bounds(a.training),
              statements);
  if (!bounds(a.upstream).empty())
    to.recorded({"result.upstream", "Computing of the upstream model", "", Need::extra}, bounds(a.upstream),
                statements);
  to.section("findings", "Why each class holds");
  for (auto const& f : a.findings)
    to.recorded({"findings." + f.class_name, f.class_name, joined(f.citations), Need::extra},
                fmt::format("By rule {}.{}{}{}", joined(f.rules),
                            f.applies_from.empty()
                                ? ""
                                : fmt::format(" {} {}.", f.applies ? "Applies since" : "Applies from", f.applies_from),
                            f.shadow ? " Computed in advance: no duty before placing on the market." : "",
                            f.note.empty() ? "" : " " + f.note),
                statements);
  for (auto const& open : a.open)
    to.recorded({"findings.open." + open.class_name, fmt::format("{}: undetermined", open.class_name), "", Need::extra},
                fmt::format("Open until answered: {}.", joined(open.questions)), statements);
  if (!a.readings.empty()) to.section("readings", "Where the text can be read in two ways");
  for (std::size_t i = 0; i < a.readings.size(); ++i)
    to.recorded(
        {fmt::format("readings.{}", i + 1), a.readings[i].citation, a.readings[i].citation, Need::extra},
        fmt::format("{} {}", a.readings[i].reading,
                    a.readings[i].applies ? "By this reading it applies." : "By this reading it does not apply yet."),
        statements);
  to.section("duties", "Duties that follow");
  for (std::size_t i = 0; i < a.duties.size(); ++i) {
    auto const& duty = a.duties[i];
    auto const state = duty.state == DutyState::due     ? "due"
                       : duty.state == DutyState::later ? "later"
                                                        : "with placing on the market";
    to.recorded(
        {fmt::format("duties.{}", i + 1), fmt::format("{} ({})", duty.class_name, state), duty.citation, Need::extra},
        fmt::format("{} From {}.", duty.duty, duty.applies_from), statements);
  }
  to.section("documents", "Documents");
  for (auto const& document : a.documents)
    to.recorded({"documents." + document.document, document.document, "", Need::extra}, document.because, statements);
  write_questions(to, statements);
}

void write_final_report(Builder& to) {
  auto const& e = to.evidence();
  to.section("project", "Project");
  to.recorded({"project.title", "Title", ""}, e.project.title, e.project.statements);
  to.recorded({"project.summary", "Summary", ""}, e.project.summary, e.project.statements);
  to.recorded({"project.sector", "Sector", ""}, e.project.sector, e.project.statements);
  to.recorded({"project.organisation", "Organisation", ""},
              fmt::format("{} ({}, {})", e.organisation.name, e.organisation.kind, e.organisation.country),
              e.organisation.statements);
  to.section("award", "Computing time");
  if (e.awards.empty()) to.recorded({"award.none", "Award", ""}, "", {});
  for (std::size_t i = 0; i < e.awards.size(); ++i) {
    auto const& award = e.awards[i];
    auto const key = fmt::format("award.{}", i + 1);
    auto const where = fmt::format("{}, {} {}", award.call, award.system, award.partition);
    to.recorded({key + ".awarded", "Awarded: " + where, ""}, hours(award.awarded_micros, award.unit), award.statements,
                Amount{static_cast<double>(award.awarded_micros) / 1e6, award.unit});
    auto used = hours(award.used_micros, award.unit);
    if (award.awarded_micros > 0)
      used += fmt::format(" ({:.1f} % of the award)",
                          100.0 * static_cast<double>(award.used_micros) / static_cast<double>(award.awarded_micros));
    to.recorded({key + ".used", "Used: " + where, ""}, used, award.statements,
                Amount{static_cast<double>(award.used_micros) / 1e6, award.unit});
    to.recorded({key + ".period", "Period: " + where, "", Need::extra},
                award.starts.empty() ? "" : fmt::format("{} to {}", award.starts, award.ends), award.statements);
  }
  if (e.plan) {
    to.section("plan", "What was planned");
    std::string text = e.plan->method;
    if (e.plan->parameters) text += fmt::format(", {} parameters", grouped(*e.plan->parameters));
    if (e.plan->tokens) text += fmt::format(", {} tokens", grouped(*e.plan->tokens));
    if (e.plan->flop) text += fmt::format(", {} FLOP", scientific(*e.plan->flop));
    if (e.plan->energy_kwh) text += fmt::format(", {} kWh", scientific(*e.plan->energy_kwh));
    to.recorded({"plan.extent", "Plan", "", Need::extra}, text, e.plan->statements);
  }
  auto const totals = totals_of(e.jobs, false);
  to.section("usage", "What was done");
  to.recorded({"usage.jobs", "Jobs", ""},
              totals.jobs ? fmt::format("{} jobs, {} of wall-clock time on {}", totals.jobs,
                                        format_duration(static_cast<Micros>(totals.wall_s * kSecond)), totals.hardware)
                          : "",
              totals.statements);
  std::optional<Amount> flop;
  if (totals.flop) flop = Amount{*totals.flop, "FLOP"};
  to.recorded({"usage.flop", "Computation", ""},
              totals.flop ? fmt::format("{} FLOP ({})", scientific(*totals.flop), totals.flop_method) : "",
              totals.statements, flop);
  to.section("energy", "Energy and carbon");
  write_energy(to, totals, "");
  std::optional<Amount> carbon;
  if (totals.carbon_g) carbon = Amount{*totals.carbon_g / 1000, "kgCO2e"};
  to.recorded(
      {"energy.carbon", "Carbon", ""},
      totals.carbon_g ? fmt::format("{} kgCO2e ({})", scientific(*totals.carbon_g / 1000), totals.carbon_method) : "",
      totals.statements, carbon);
  to.section("results", "Results");
  if (e.model)
    to.recorded({"results.model", "Model", ""},
                fmt::format("{} {}, {} files, licence {}", e.model->name, e.model->version, e.model->files.size(),
                            e.model->licence),
                e.model->statements);
  write_metrics(to, "");
  to.declared({"results.outcome", "Results and their use", ""}, "results");
  to.declared({"results.dissemination", "Publications and acknowledgement", "", Need::extra}, "dissemination");
  to.declared({"results.difficulties", "Difficulties and lessons", "", Need::extra}, "lessons");
}

std::vector<DeclaredKey> const& declared_keys() {
  static std::vector<DeclaredKey> const keys{
      {"intended_purpose", "Which tasks is it for, and which kinds of AI systems can it go into?", "Annex XI 1(1)(a)"},
      {"acceptable_use", "What may it be used for, and what not?", "Annex XI 1(1)(b)"},
      {"release_date", "When is it released?", "Annex XI 1(1)(c)"},
      {"market_date", "When is it placed on the Union market?", "training-content template 1.2"},
      {"distribution", "Through which channels is it distributed?", "Annex XI 1(1)(c)"},
      {"licence", "Under which licence, with which additional assets?", "Annex XI 1(1)(f)"},
      {"model_dependencies", "From which models was it made?", "Model Documentation Form"},
      {"integration", "What is needed to integrate it into a system (instructions, infrastructure, tools)?",
       "Annex XI 1(2)(a)"},
      {"interaction", "With which hardware and software does it interact?", "Annex XII 1(d)"},
      {"required_hardware", "Which hardware does it need?", "Model Documentation Form"},
      {"required_software", "Which software, in which versions, does it need?", "Annex XII 1(e)"},
      {"design_choices", "How was the training designed, with which key choices?", "Annex XI 1(2)(b)"},
      {"decision_rationale", "Why these choices, under which assumptions?", "Annex XI 1(2)(b)"},
      {"optimisation_target", "What is the model designed to optimise for?", "Annex XI 1(2)(b)"},
      {"curation", "How was the data cleaned, filtered, annotated?", "Annex XI 1(2)(c)"},
      {"unsuitability_measures", "How were unsuitable data sources found?", "Annex XI 1(2)(c)"},
      {"bias_measures", "How were identifiable biases looked for?", "Annex XI 1(2)(c)"},
      {"inference_compute", "How much computing does inference take, on which benchmark and hardware?",
       "Model Documentation Form"},
      {"evaluation_strategy", "Which evaluation, with which criteria and limits?", "Annex XI 2(1)"},
      {"adversarial_testing", "Which adversarial tests and adaptations?", "Annex XI 2(2)"},
      {"system_architecture", "How do software components build on each other?", "Annex XI 2(3)"},
      {"provider_contact", "Who answers questions about the model?", "training-content template 1.1"},
      {"representative", "Who is the authorised representative in the Union?", "Art 54"},
      {"continuous_training", "Is the model trained on new data after its release?", "training-content template 1.3"},
      {"crawlers", "Which crawlers, for what, and how do they behave?", "training-content template 2.3"},
      {"tdm_measures", "How are reservations of rights respected? Is the Code of Practice signed?",
       "training-content template 3.1"},
      {"copyright_policy", "Where is the copyright policy?", "Art 53(1)(c)"},
      {"illegal_content_measures", "What keeps illegal content out of the training data?",
       "training-content template 3.2"},
      {"other_processing", "What else about data processing should be known?", "training-content template 3.3"},
      {"results", "What came out of the project, and how is it used?", "final report"},
      {"dissemination", "Publications, talks, acknowledgement?", "final report"},
      {"lessons", "What was difficult, what was learned?", "final report"},
  };
  return keys;
}

}  // namespace fabrica::trust
