// What documents are written from: values out of the other modules, each with the numbers of the statements that show
// it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "trust/impl/store.hpp"
#include "trust/service.hpp"

namespace fabrica::trust {
namespace {

constexpr std::size_t kArtefactBytesMax = 8u << 20;
constexpr std::int64_t kListMax = 200;
constexpr double kJoulesPerKwh = 3.6e6;

// The chain by kind, with parsed bodies: which statement shows what.
class Numbers {
 public:
  static Result<Numbers> read(db::Tx& tx, journal::Journal& journal, std::string_view chain) {
    Numbers out;
    for (std::int64_t from = 1;;) {
      FABRICA_TRY(auto const some, journal.chain(tx, chain, from, 1000));
      for (auto const& kept : some) out.all_.push_back({kept.number, kept.kind, kept.body.value_or("")});
      if (some.size() < 1000) return out;
      from = some.back().number + 1;
    }
  }

  // Statements of one of these kinds whose text names the id; an empty id: all of the kind.
  StatementNumbers of(std::initializer_list<std::string_view> kinds, std::string_view id) const {
    StatementNumbers found;
    for (auto const& one : all_)
      if (std::ranges::find(kinds, one.kind) != kinds.end() && one.body.find(id) != std::string::npos)
        found.push_back(one.number);
    return found;
  }

 private:
  struct One {
    std::int64_t number = 0;
    std::string kind;
    std::string body;
  };
  std::vector<One> all_;
};

std::string month_year(std::optional<Time> const& time) {
  if (!time) return "";
  auto const date = format_date(time->us);
  return fmt::format("{}/{}", date.substr(5, 2), date.substr(0, 4));
}

// All of what a use case lists a page at a time: `page(after)` gives kListMax of them.
template <class Page>
auto whole(Page&& page) -> decltype(page(PublicId{})) {
  auto all = page(PublicId{});
  auto last = all ? all->size() : 0;
  while (last == static_cast<std::size_t>(kListMax)) {
    auto more = page(all->back().id);
    if (!more) return more;
    last = more->size();
    std::ranges::move(*more, std::back_inserter(*all));
  }
  return all;
}

std::string words_of(std::string_view unit) {
  std::string out{unit};
  std::ranges::replace(out, '_', '-');
  return out;
}

}  // namespace

struct Trust::Gathering {
  db::Tx& tx;
  identity::Actor const& actor;
  projects::Project const& project;
  Numbers numbers;
  Evidence out;
};

Result<std::optional<json::Document>> Trust::artefact(compute::Job const& job, std::string_view path) {
  auto const found = std::ranges::find_if(
      job.artefacts, [&](auto const& one) { return one.path == path || one.path.ends_with("/" + std::string{path}); });
  // The project's own program may write anything there: what is no JSON, or no record of a sane size, says nothing.
  if (found == job.artefacts.end() || found->size_bytes > static_cast<std::int64_t>(kArtefactBytesMax))
    return std::optional<json::Document>{};
  FABRICA_TRY(auto const text, p_.bytes.content(found->sha256, kArtefactBytesMax));
  auto document = json::Document::parse(text, {.bytes = kArtefactBytesMax});
  if (!document) return std::optional<json::Document>{};
  return std::optional{*std::move(document)};
}

Result<FlopBounds> Trust::counted_flop(db::Tx& tx, identity::Actor const& actor, PublicId const& project) {
  FABRICA_TRY(auto const jobs,
              whole([&](PublicId const& after) { return p_.compute.list(tx, actor, project, after, kListMax); }));
  double total = 0;
  bool any = false;
  bool all = true;
  for (auto const& summary : jobs) {
    if (summary.purpose != compute::Purpose::train || summary.state != compute::JobState::completed) continue;
    FABRICA_TRY(auto const job, p_.compute.find(tx, summary.id));
    FABRICA_TRY(auto const record, artefact(job, "training.json"));
    auto const flop = record ? record->at("/flop/value").number() : std::nullopt;
    any = true;
    all = all && flop.has_value();
    total += flop.value_or(0);
  }
  if (!any || !all) return FlopBounds{};
  return FlopBounds{total, total, "counted by the training program"};
}

Result<> Trust::gather_access(Gathering& to) {
  FABRICA_TRY(auto const awards, p_.calls.awards(to.tx, to.actor, to.project.id));
  for (auto const& award : awards)
    to.out.awards.push_back({"", "", award.partition, words_of(db::enum_name(award.unit)),
                             award.amount_units * budget::kMicroUnits, award.used_micro, format_date(award.starts.us),
                             format_date(award.ends.us), to.numbers.of({"award.decided"}, award.id.text())});
  FABRICA_TRY(auto const proposals, p_.calls.proposals(to.tx, to.actor, to.project.id));
  for (auto const& proposal : proposals) {
    auto const awarded = std::ranges::find_if(awards, [&](auto const& award) { return award.proposal == proposal.id; });
    if (awarded != awards.end()) {
      FABRICA_TRY(auto const call, p_.calls.get(to.tx, to.actor, proposal.call));
      to.out.awards[static_cast<std::size_t>(awarded - awards.begin())].call = call.title;
    }
    // The plan that stands behind the hours; one that was not awarded only where there is no other.
    if (!proposal.submitted || (awarded == awards.end() && to.out.plan)) continue;
    auto const plan = json::Document::parse(proposal.plan.text);
    if (!plan) continue;
    PlanEvidence evidence;
    evidence.method = std::string{plan->at("/method").text().value_or("pretrain")};
    evidence.parameters = plan->at("/parameters").integer();
    evidence.tokens = plan->at("/tokens").integer();
    if (evidence.parameters && evidence.tokens)
      evidence.flop = 6.0 * static_cast<double>(*evidence.parameters) * static_cast<double>(*evidence.tokens);
    evidence.statements = to.numbers.of({"proposal.submitted"}, proposal.id.text());
    to.out.plan = std::move(evidence);
  }
  return {};
}

Result<> Trust::gather_data(Gathering& to) {
  FABRICA_TRY(auto const list, whole([&](PublicId const& after) {
                return p_.dataspace.datasets(to.tx, to.actor, to.project.id, after, kListMax);
              }));
  for (auto const& row : list) {
    FABRICA_TRY(auto const data, p_.dataspace.dataset(to.tx, to.actor, row.id));
    DataSetEvidence out;
    out.public_id = data.id.text();
    out.name = data.name;
    out.description = data.description;
    out.licence = data.licence;
    // The six kinds stand in the same order in both modules.
    out.source_kind = static_cast<SourceKind>(data.source_kind);
    out.modality = db::enum_name(data.modality);
    out.content_types = {std::string{db::enum_name(data.modality)}};
    out.languages = data.languages;
    for (auto const& source : data.sources)
      out.obtained += fmt::format("{}{} {} (sha256:{})", out.obtained.empty() ? "" : "; ", source.name, source.version,
                                  source.sha256);
    out.selected = data.description;
    out.period = fmt::format("{}/{}", data.period.from ? format_date(data.period.from->us) : "..",
                             data.period.to ? format_date(data.period.to->us) : "..");
    out.acquired = month_year(data.created);
    out.tdm_check = data.tdm_check;
    out.personal_data = data.personal_data != dataspace::PersonalData::no;
    out.size_bytes = data.size_bytes;
    out.data_points = data.documents;
    out.data_unit = "documents";
    out.sha256 = data.tree_sha256;
    out.statements = {data.statement};
    to.out.data_sets.push_back(std::move(out));
  }
  FABRICA_TRY(auto const splits, whole([&](PublicId const& after) {
                return p_.dataspace.splits(to.tx, to.actor, to.project.id, after, kListMax);
              }));
  for (auto const& split : splits) {
    if (split.state != dataspace::SplitState::committed || !split.statement) continue;
    SplitEvidence out{fmt::format("{} by {}", split.rule, db::enum_name(split.unit)),
                      split.seed.value_or(""),
                      0,
                      0,
                      "",
                      {*split.statement}};
    for (auto const& file : split.files) {
      if (file.part == dataspace::Part::train) out.training_items += file.lines;
      if (file.part == dataspace::Part::held_out) out.held_out_items += file.lines;
    }
    to.out.split = std::move(out);
  }
  return {};
}

Result<> Trust::gather_jobs(Gathering& to) {
  FABRICA_TRY(auto const list, whole([&](PublicId const& after) {
                return p_.compute.list(to.tx, to.actor, to.project.id, after, kListMax);
              }));
  std::optional<double> grid;
  std::string grid_note;
  if (!p_.factory.country.empty()) {
    FABRICA_TRY(auto const row,
                p_.facts.held_on(to.tx, "grid_carbon", p_.factory.country, format_date(p_.clock.now())));
    if (row && row->fields.contains("g_per_kwh")) {
      grid = std::stod(row->fields.at("g_per_kwh"));
      grid_note = fmt::format("{} gCO2e/kWh ({}), location-based; {}", row->fields.at("g_per_kwh"), p_.factory.country,
                              row->source);
    }
  }
  for (auto const& summary : list) {
    FABRICA_TRY(auto const job, p_.compute.find(to.tx, summary.id));
    if (!job.ended || !job.started) continue;
    JobEvidence out;
    out.public_id = job.id.text();
    out.name = job.name;
    out.purpose = static_cast<JobPurpose>(job.purpose);
    out.state = db::enum_name(job.state);
    out.program = job.recipe.empty() ? fmt::format("{}", fmt::join(job.argv, " ")) : "recipe " + job.recipe;
    out.program_sha256 = job.code_sha256;
    out.hardware =
        fmt::format("{} processor cores, {} GPUs on the partition {}", job.limits.cpus, job.limits.gpus, job.partition);
    out.started = *job.started;
    out.ended = *job.ended;
    out.devices = job.limits.gpus > 0 ? job.limits.gpus : job.limits.cpus;
    out.device_kind = job.limits.gpus > 0 ? "GPU" : "core";
    if (job.energy) {
      out.energy_j = job.energy->joules;
      out.energy_method = EnergyMethod::estimated;
      out.energy_boundary = job.energy->boundary;
      out.energy_note = fmt::format("{}; coefficients: {}", job.energy->formula, job.energy->coefficients.source);
      if (grid) {
        out.carbon_g = static_cast<double>(job.energy->joules) / kJoulesPerKwh * *grid;
        out.carbon_note = grid_note;
      }
    }
    for (auto const& statement : job.statements) out.statements.push_back(statement.number);
    FABRICA_TRY(auto const record, artefact(job, "training.json"));
    if (record) {
      out.flop = record->at("/flop/value").number();
      out.flop_method = std::string{record->at("/flop/method").text().value_or("counted by the training program")};
      RunEvidence run{job.id.text(),
                      job.name,
                      record->at("/parameters/steps").integer(),
                      record->at("/tokens_seen").integer(),
                      record->at("/final/loss").number(),
                      {},
                      out.statements};
      auto const parameters = record->at("/parameters");
      for (std::size_t at = 0; at < parameters.size(); ++at)
        run.settings[std::string{parameters[at].key()}] = parameters[at].write();
      to.out.runs.push_back(std::move(run));
    }
    to.out.jobs.push_back(std::move(out));
  }
  // Oldest first, as people tell it.
  std::ranges::reverse(to.out.jobs);
  return {};
}

Result<> Trust::gather_evaluations(Gathering& to, PublicId const& model) {
  FABRICA_TRY(auto const list, whole([&](PublicId const& after) {
                return p_.evaluations.evaluations(to.tx, to.actor, to.project.id, after, kListMax);
              }));
  for (auto const& row : list) {
    FABRICA_TRY(auto const evaluation, p_.evaluations.evaluation(to.tx, to.actor, row.id));
    // The same plan may have judged several models: what counts is what it last found of this one.
    auto const found =
        std::ranges::find(evaluation.results.rbegin(), evaluation.results.rend(), model, &evaluation::Results::model);
    if (found == evaluation.results.rend()) continue;
    auto const& results = *found;
    EvaluationEvidence out{
        evaluation.id.text(), fmt::format("{} {}", evaluation.suite, evaluation.version), {}, {}, {results.statement}};
    if (results.preregistered) out.preregistered = {evaluation.statement};
    for (auto const& measured : results.measured) {
      MetricEvidence metric{
          measured.name,         measured.slice, measured.value, measured.unit, measured.low, measured.high, {}, {},
          measured.n.value_or(0)};
      auto const planned = std::ranges::find_if(
          results.outcomes, [&](auto const& one) { return one.name == measured.name && one.slice == measured.slice; });
      if (planned != results.outcomes.end()) {
        metric.threshold = planned->held_against;
        metric.passed = planned->verdict == evaluation::Verdict::passed;
      }
      out.metrics.push_back(std::move(metric));
    }
    to.out.evaluations.push_back(std::move(out));
  }
  return {};
}

Result<> Trust::gather_model(Gathering& to, models::Model const& model) {
  ModelEvidence out;
  out.public_id = model.id.text();
  out.name = model.name;
  out.version = model.version;
  out.licence = model.licence;
  out.upstream = model.base_model.value_or("none: trained from random weights");
  out.statements = {model.statement};
  for (auto const& file : model.files) out.files.push_back({file.path, file.sha256, file.size_bytes});
  FABRICA_TRY(auto const job, p_.compute.find(to.tx, model.lineage.job));
  FABRICA_TRY(auto const config, artefact(job, "config.json"));
  if (config) {
    auto const text = [&](std::string_view pointer) { return std::string{config->at(pointer).text().value_or("")}; };
    auto const count = [&](std::string_view pointer) { return config->at(pointer).integer().value_or(0); };
    out.architecture = fmt::format("{} ({}): {} layers, width {}, {} heads, vocabulary of {}", text("/architectures/0"),
                                   text("/model_type"), count("/num_hidden_layers"), count("/hidden_size"),
                                   count("/num_attention_heads"), count("/vocab_size"));
    out.context_tokens = config->at("/max_position_embeddings").integer();
    out.inputs = out.outputs = "text";
  }
  FABRICA_TRY(auto const record, artefact(job, "training.json"));
  if (record) out.parameters = record->at("/model_parameters").integer();
  to.out.model = std::move(out);
  return {};
}

Result<> Trust::gather_answers(Gathering& to) {
  FABRICA_TRY(auto const row, to.tx.maybe<store::AssessmentRow>(store::kAssessmentLast, to.project.id));
  if (!row)
    return fail(Errc::conflict, "no_assessment", "The project has no assessment under the AI Act yet: make one first.");
  FABRICA_TRY(to.out.assessment, json::read<Assessment>(row->result, {.bytes = 16u << 20}));
  to.out.assessment_signer = row->signer.text();
  to.out.assessment_statements = {row->statement};
  FABRICA_TRY(auto const declarations, to.tx.all<store::DeclarationRow>(store::kDeclarations, to.project.id));
  for (auto const& declaration : declarations) {
    FABRICA_TRY(auto const texts, (json::read<std::map<std::string, std::string>>(declaration.declared)));
    for (auto const& [key, text] : texts)
      to.out.declared.push_back({key, text, declaration.by_person, declaration.statement});
  }
  return {};
}

Result<Evidence> Trust::gather(db::Tx& tx, identity::Actor const& actor, projects::Project const& project,
                               PublicId const& model_id) {
  FABRICA_TRY(auto const model, p_.models.model(tx, actor, model_id));
  if (model.project != project.id)
    return fail(Errc::not_found, "model", fmt::format("There is no model {} in this project.", model_id.text()));
  FABRICA_TRY(auto numbers, Numbers::read(tx, p_.journal, project.id.text()));
  FABRICA_TRY(auto const organisation, p_.identity.organisation(tx, project.organisation));
  Gathering to{tx, actor, project, std::move(numbers), {}};
  to.out.made = Time{p_.clock.now()};
  to.out.factory = p_.factory;
  auto const created = to.numbers.of({"project.created"}, "");
  to.out.organisation = {organisation.name, organisation.country, std::string{db::enum_name(organisation.kind)}, "",
                         created};
  to.out.project = {project.id.text(), project.title, project.summary, project.sector, project.demo, created};
  FABRICA_DO(gather_access(to));
  FABRICA_DO(gather_data(to));
  FABRICA_DO(gather_jobs(to));
  FABRICA_DO(gather_evaluations(to, model_id));
  FABRICA_DO(gather_model(to, model));
  FABRICA_DO(gather_answers(to));
  return std::move(to.out);
}

}  // namespace fabrica::trust
