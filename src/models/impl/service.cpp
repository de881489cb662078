#include "models/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json/json.hpp"
#include "models/impl/store.hpp"

namespace fabrica::models {
namespace {

using identity::Actor;
using identity::Permission;

constexpr json::Limits kStoredLimits{.bytes = 64u << 20, .values = 1'000'000};

// What model.registered says; the subjects are the files.
struct Registered {
  PublicId model;
  std::string name;
  std::string version;
  std::string licence;
  std::optional<std::string> base_model;
  std::string tree_sha256;
  std::int64_t size_bytes = 0;
  std::int64_t file_count = 0;
  Lineage lineage;
};
BOOST_DESCRIBE_STRUCT(Registered, (), (model, name, version, licence, base_model, tree_sha256, size_bytes, file_count, lineage))

// What release.decided says.
struct Decided {
  PublicId model;
  std::string name;
  std::string version;
  ReleaseAct decision{};
  ModelState state_before{};
  ModelState state_after{};
  std::string reasons;
  std::vector<GateDecision> evaluations;
};
BOOST_DESCRIBE_STRUCT(Decided, (), (model, name, version, decision, state_before, state_after, reasons, evaluations))

std::unexpected<Error> no_such(std::string_view noun, std::string_view id) {
  return fail(Errc::not_found, noun, fmt::format("There is no {} {}.", noun, id));
}

Result<Model> from_stored(store::ModelRow row) {
  FABRICA_TRY(auto lineage, json::read<Lineage>(row.lineage, kStoredLimits));
  return Model{std::move(row.public_id), std::move(row.project), std::move(row.name), std::move(row.version),
               std::move(row.licence), std::move(row.description), std::move(row.base_model), row.state,
               std::move(row.tree_sha256), row.size_bytes, row.file_count, row.created_us, row.statement,
               row.release_statement, std::move(lineage), {}};
}

}  // namespace

Result<Model> Models::register_model(db::Tx& tx, Actor const& actor, PublicId const& project, ModelDraft const& draft) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::work_in_project));
  FABRICA_DO(check(draft));
  FABRICA_TRY(auto job, jobs_.job(tx, draft.job));
  if (job.project != project) return no_such("job", draft.job.text());
  if (!job.completed)
    return fail(Errc::conflict, "job_not_completed",
                fmt::format("The job {} has not completed: a model is made of what a completed job left.", job.id.text()));
  FABRICA_TRY(auto files, choose_files(std::move(job.artefacts), draft.folder));

  Model made{PublicId::make(clock_.now(), random_), project, draft.name, draft.version, draft.licence, draft.description,
             draft.base_model, ModelState::registered, tree_digest(files), 0, static_cast<std::int64_t>(files.size()),
             Time{clock_.now()}, 0, {},
             Lineage{job.id, lineage_inputs(job.inputs), job.recipe, job.code_sha256, json::Raw{job.parameters}}, {}};
  made.files = std::move(files);
  for (auto const& file : made.files) made.size_bytes += file.size_bytes;
  return store(tx, actor, std::move(made));
}

Result<Model> Models::store(db::Tx& tx, Actor const& actor, Model made) {
  journal::Statement statement{made.project.text(), "model.registered", actor.person.text(),
                               {{fmt::format("model:{}", made.id.text()), made.tree_sha256}},
                               json::write(Registered{made.id, made.name, made.version, made.licence, made.base_model,
                                                      made.tree_sha256, made.size_bytes, made.file_count, made.lineage})};
  for (auto const& file : made.files)
    statement.subjects.push_back({fmt::format("model:{}/{}", made.id.text(), file.path), file.sha256});
  FABRICA_TRY(auto const recorded, journal_.append(tx, statement));
  made.statement = recorded.number;
  auto const row = tx.insert(store::kModelInsert, made.id, made.project, made.name, made.version, made.licence,
                             made.description, made.base_model, made.state, made.tree_sha256, made.size_bytes,
                             made.file_count, json::write(made.lineage), made.statement, made.created);
  if (!row && row.error().reason == "unique")
    return fail(Errc::conflict, "model_version",
                fmt::format("The project has a model {} {} already: give the new one another version.", made.name, made.version));
  FABRICA_DO(row);
  for (auto const& file : made.files) {
    FABRICA_DO(bytes_.keep(tx, made.project, "model", made.id, file));
    FABRICA_DO(tx.run(store::kModelFileInsert, *row, file.path, file.sha256, file.size_bytes));
  }
  return made;
}

Result<Model> Models::load(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto row, tx.maybe<store::ModelRow>(store::kModelByPublicId, id));
  if (!row) return no_such("model", id.text());
  FABRICA_TRY(auto files, tx.all<ModelFile>(store::kModelFiles, row->id));
  std::ranges::sort(files, {}, &ModelFile::path);  // here, so that no database's collation has a say
  FABRICA_TRY(auto out, from_stored(*std::move(row)));
  out.files = std::move(files);
  return out;
}

Result<Model> Models::model(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto out, load(tx, id));
  FABRICA_DO(projects_.require(tx, actor, out.project, Permission::view_project));
  return out;
}

Result<std::vector<Model>> Models::models(db::Tx& tx, Actor const& actor, PublicId const& project, PublicId const& after,
                                          std::int64_t limit) {
  FABRICA_DO(projects_.require(tx, actor, project, Permission::view_project));
  FABRICA_TRY(auto rows, tx.all<store::ModelRow>(store::kModels, project, after, limit));
  std::vector<Model> out;
  for (auto& row : rows) {
    FABRICA_TRY(auto one, from_stored(std::move(row)));
    out.push_back(std::move(one));
  }
  return out;
}

Result<ModelFile> Models::file(db::Tx& tx, Actor const& actor, PublicId const& id, std::string_view path) {
  FABRICA_TRY(auto const row, tx.maybe<store::ModelRow>(store::kModelByPublicId, id));
  if (!row) return no_such("model", id.text());
  FABRICA_DO(projects_.require(tx, actor, row->project, Permission::view_project));
  FABRICA_TRY(auto found, tx.maybe<ModelFile>(store::kModelFile, row->id, path));
  if (!found) return fail(Errc::not_found, "file", fmt::format("The model has no file {}.", path));
  return *std::move(found);
}

Result<Model> Models::decide(db::Tx& tx, Actor const& actor, PublicId const& id, ReleaseAct act, ReleaseDraft const& draft) {
  FABRICA_TRY(auto model, load(tx, id));
  FABRICA_DO(projects_.require(tx, actor, model.project, Permission::lead_project));
  auto const after = next(model.state, act);
  auto const before = model.state;
  if (!after)
    return fail(Errc::conflict, "model_state",
                fmt::format("The model is {}: it cannot be {}.", json::enum_name(before),
                            act == ReleaseAct::release ? "released" : "withdrawn"));
  FABRICA_TRY(auto gates, gates_.of_model(tx, id));
  FABRICA_TRY(auto const recorded,
              journal_.append(tx, {model.project.text(), "release.decided", actor.person.text(),
                                   {{fmt::format("model:{}", id.text()), model.tree_sha256}},
                                   json::write(Decided{id, model.name, model.version, act, before, *after, draft.reasons,
                                                       std::move(gates)})}));
  FABRICA_TRY(auto const changed, tx.run(store::kModelDecide, id, before, *after, recorded.number));
  if (changed != 1) return fail(Errc::conflict, "model_state", "Somebody else decided at the same moment: look again.");
  model.state = *after;
  model.release_statement = recorded.number;
  return model;
}

Result<std::vector<ModelFile>> Models::resolve_input(db::Tx& tx, PublicId const& project, std::string_view reference) {
  constexpr std::string_view kPrefix = "model:";
  auto const id = reference.starts_with(kPrefix) ? PublicId::parse(reference.substr(kPrefix.size())) : PublicId::parse("");
  if (!id)
    return fail(Errc::invalid, "input_reference",
                fmt::format("\"{}\" names no model: write model:<id>.", reference.substr(0, 300)));
  FABRICA_TRY(auto found, load(tx, *id));
  if (found.project != project) return no_such("model", id->text());
  return std::move(found.files);
}

}  // namespace fabrica::models
