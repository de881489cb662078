#include "trust/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "trust/impl/store.hpp"

namespace fabrica::trust {
namespace {

using identity::Actor;
using identity::Permission;

struct DeterminedBody {
  PublicId assessment;
  std::string date;
  std::vector<std::string> classes;
  std::string intended_purpose;
  std::map<std::string, AnswerDraft> answers;
  FlopBounds training;
};
BOOST_DESCRIBE_STRUCT(DeterminedBody, (), (assessment, date, classes, intended_purpose, answers, training))

struct DeclaredBody {
  PublicId declaration;
  std::map<std::string, std::string> declared;
};
BOOST_DESCRIBE_STRUCT(DeclaredBody, (), (declaration, declared))

struct GeneratedBody {
  std::string document;
  std::string template_version;
  bool draft = false;
  DueState due{};
  SourceCounts counts;
};
BOOST_DESCRIBE_STRUCT(GeneratedBody, (), (document, template_version, draft, due, counts))

journal::Statement in_project(PublicId const& project, std::string_view kind, std::string const& actor,
                              std::string body) {
  return {project.text(), std::string{kind}, actor, {}, std::move(body)};
}

Result<StoredAssessment> assessment_of(store::AssessmentRow const& row) {
  FABRICA_TRY(auto assessment, json::read<Assessment>(row.result, {.bytes = 16u << 20}));
  auto classes = assessment.classes;
  return StoredAssessment{row.public_id, row.project,   row.signer,           std::move(classes),
                          row.made_us,   row.statement, std::move(assessment)};
}

constexpr DocumentKind kDocuments[] = {DocumentKind::gpai_documentation, DocumentKind::gpai_integrator_documentation,
                                       DocumentKind::training_content_summary, DocumentKind::assessment_record,
                                       DocumentKind::final_report};

}  // namespace

Result<StoredAssessment> Trust::assess(db::Tx& tx, Actor const& actor, PublicId const& project,
                                       AssessmentDraft const& draft) {
  FABRICA_DO(p_.projects.require(tx, actor, project, Permission::work_in_project));
  AssessmentInput input{format_date(p_.clock.now()), draft.intended_purpose, {}, {}, {}, draft.placed_on_market};
  for (auto const& [question, given] : draft.answers)
    input.answers.push_back({question, given.answer, given.reason, given.evidence});
  FABRICA_TRY(input.training, counted_flop(tx, actor, project));
  if (draft.training_flop_upper) input.training = {{}, draft.training_flop_upper, "declared upper bound"};
  FABRICA_TRY(auto const rules, shipped_rules());
  FABRICA_TRY(auto const duties, shipped_duties());
  FABRICA_TRY(auto const result, trust::assess(input, rules, duties));

  auto const id = PublicId::make(p_.clock.now(), p_.random);
  DeterminedBody const body{id, input.date, result.classes, draft.intended_purpose, draft.answers, input.training};
  FABRICA_TRY(auto const recorded,
              p_.journal.append(tx, in_project(project, "class.determined", actor.person.text(), json::write(body))));
  FABRICA_DO(tx.run(store::kAssessmentInsert, id, project, actor.person, json::write(result), recorded.number,
                    p_.clock.now()));
  return assessment(tx, actor, id);
}

Result<StoredAssessment> Trust::assessment(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, tx.maybe<store::AssessmentRow>(store::kAssessmentById, id));
  if (!row) return fail(Errc::not_found, "assessment", fmt::format("There is no assessment {}.", id.text()));
  FABRICA_DO(p_.projects.require(tx, actor, row->project, Permission::view_project));
  return assessment_of(*row);
}

Result<StoredDeclaration> Trust::declare(db::Tx& tx, Actor const& actor, PublicId const& project,
                                         DeclarationDraft const& draft) {
  FABRICA_DO(p_.projects.require(tx, actor, project, Permission::work_in_project));
  std::vector<Fault> faults;
  for (auto const& [key, text] : draft.declared) {
    if (std::ranges::find(declared_keys(), key, &DeclaredKey::key) == declared_keys().end())
      faults.push_back({"/declared/" + key, "Nobody asks for this: GET /assessment-questions lists the keys."});
    if (text.empty() || text.size() > 20'000)
      faults.push_back({"/declared/" + key, "A declaration has 1 to 20,000 characters."});
  }
  if (!faults.empty()) {
    auto const what = faults.front().what;
    return fail(Errc::invalid, "declared", what, std::move(faults));
  }
  auto const id = PublicId::make(p_.clock.now(), p_.random);
  FABRICA_TRY(auto const recorded, p_.journal.append(tx, in_project(project, "declaration.made", actor.person.text(),
                                                                    json::write(DeclaredBody{id, draft.declared}))));
  FABRICA_DO(tx.run(store::kDeclarationInsert, id, project, json::write(draft.declared), actor.person.text(),
                    recorded.number, p_.clock.now()));
  return StoredDeclaration{id, project, draft.declared, recorded.number};
}

Result<Dossier> Trust::issue(db::Tx& tx, Actor const& actor, PublicId const& project_id, DossierDraft const& draft) {
  FABRICA_TRY(auto const project, p_.projects.require(tx, actor, project_id, Permission::work_in_project));
  FABRICA_TRY(auto const evidence, gather(tx, actor, project, draft.model));
  std::vector<DossierContent> contents;
  for (auto const kind : kDocuments) {
    auto const document = make_document(kind, evidence, draft.draft);
    if (!draft.draft) FABRICA_DO(check_release(document));
    auto const stem = fmt::format("documents/{}", db::enum_name(kind));
    contents.push_back({stem + ".html", render_html(document)});
    contents.push_back({stem + ".json", render_json(document)});
    GeneratedBody const body{std::string{db::enum_name(kind)}, document.template_version, draft.draft, document.due,
                             document.counts};
    auto statement = in_project(project.id, "document.generated", actor.person.text(), json::write(body));
    for (auto const* content : {&contents[contents.size() - 2], &contents.back()})
      statement.subjects.push_back({content->path, crypto::sha256(content->content).hex()});
    FABRICA_DO(p_.journal.append(tx, statement));
  }
  FABRICA_TRY(auto manifest, model_manifest(evidence));
  contents.push_back({"model/manifest.json", std::move(manifest)});

  FABRICA_TRY(auto const so_far, p_.journal.chain_length(tx, project.id.text()));
  FABRICA_TRY(auto body, issued_body(contents, so_far + 1));
  FABRICA_TRY(auto const recorded,
              p_.journal.append(tx, in_project(project.id, kIssuedKind, actor.person.text(), std::move(body))));
  FABRICA_CHECK(recorded.number == so_far + 1);
  auto const id = PublicId::make(p_.clock.now(), p_.random);
  FABRICA_TRY(auto const row, tx.insert(store::kDossierInsert, id, project.id, draft.model, draft.draft,
                                        recorded.number, p_.clock.now()));
  for (auto const& content : contents)
    FABRICA_DO(tx.run(store::kDossierFileInsert, row, content.path, content.content));
  if (wake_) tx.after_commit(wake_);
  return dossier(tx, actor, id);
}

Result<Dossier> Trust::dossier(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto found, tx.maybe<Dossier>(store::kDossierById, id));
  if (!found) return fail(Errc::not_found, "dossier", fmt::format("There is no dossier {}.", id.text()));
  FABRICA_DO(p_.projects.require(tx, actor, found->project, Permission::view_project));
  return *std::move(found);
}

Result<std::int64_t> Trust::build_waiting() {
  std::int64_t built = 0;
  std::int64_t last = 0;
  for (;;) {
    FABRICA_TRY(auto const waiting,
                p_.database.read([&](db::Tx& tx) { return tx.all<store::WaitingRow>(store::kDossiersWaiting, last); }));
    if (waiting.empty()) return built;
    last = waiting.back().row;
    for (auto const& one : waiting) {
      auto const done = build(one, one.row);
      // One that errs (a full disk, a tile that cannot be read) is tried again at the next round and holds up no other.
      if (!done) p_.log.error("dossier.build", {{"dossier", one.id.text()}, {"why", done.error().what}});
      built += done.value_or(false) ? 1 : 0;
    }
  }
}

Result<bool> Trust::build(Dossier const& dossier, std::int64_t row) {
  auto const give_up = [&](std::string const& why) -> Result<bool> {
    p_.log.error("dossier.failed", {{"dossier", dossier.id.text()}, {"why", why}});
    FABRICA_DO(p_.database.write([&](db::Tx& tx) { return tx.run(store::kDossierFailed, row, why); }));
    return false;
  };
  DossierParts parts{dossier.project.text(), {}, {}, {}};
  FABRICA_TRY(auto const chain, p_.database.read([&](db::Tx& tx) -> Result<std::vector<journal::Kept>> {
    FABRICA_TRY(auto const files, (tx.all<std::pair<std::string, std::string>>(store::kDossierFiles, row)));
    for (auto const& [path, content] : files) parts.contents.push_back({path, content});
    return p_.journal.chain(tx, dossier.project.text(), 1, dossier.chain_length);
  }));
  auto const text = p_.sequencer.published_checkpoint();
  if (text.empty()) return false;
  FABRICA_TRY(parts.checkpoint, tlog::SignedCheckpoint::parse(text));
  auto const size = parts.checkpoint.checkpoint.size;
  tlog::DirectoryTiles tiles{p_.sequencer.settings().folder};
  for (auto const& kept : chain) {
    if (!kept.body || !kept.salt)
      return give_up(fmt::format("Statement {} was erased: the chain cannot be shown whole any more.", kept.number));
    if (!kept.log_index || static_cast<std::uint64_t>(*kept.log_index) >= size) return false;
    auto const index = static_cast<std::uint64_t>(*kept.log_index);
    FABRICA_TRY(auto proof, tlog::inclusion_proof(tiles, index, size));
    parts.statements.push_back({kept.number, *kept.body, *kept.salt, index, std::move(proof)});
  }
  auto const zip = build_dossier(parts);
  if (!zip) return give_up(zip.error().what);
  FABRICA_TRY(auto const stored, p_.blobs.put(as_bytes(*zip)));
  FABRICA_DO(p_.database.write([&](db::Tx& tx) -> Result<> {
    FABRICA_DO(p_.blobs.keep(tx, stored.digest, {"dossier", dossier.id.text(), "dossier.zip", dossier.project.text()}));
    FABRICA_DO(tx.run(store::kDossierReady, row, stored.digest.hex(), stored.size_bytes));
    return {};
  }));
  return true;
}

}  // namespace fabrica::trust
