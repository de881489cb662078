#include "trust/routes.hpp"

namespace fabrica::trust {
namespace {

using api::Call;

struct Questionnaire {
  std::vector<Question> questions;    // of an assessment
  std::vector<DeclaredKey> declared;  // of declarations
};
BOOST_DESCRIBE_STRUCT(Questionnaire, (), (questions, declared))

}  // namespace

void add_routes(api::Api& api, Trust& trust, models::StoredBytes& bytes) {
  api.get<Questionnaire>("/assessment-questions",
                         {.id = "assessment_questions",
                          .summary = "What an assessment and declarations are asked",
                          .tag = "trust",
                          .open = true},
                         [](Call&, db::Tx&) -> Result<Questionnaire> {
                           FABRICA_TRY(auto const rules, shipped_rules());
                           return Questionnaire{question_list(rules), declared_keys()};
                         });
  api.post<AssessmentDraft, StoredAssessment>(
      "/projects/{project}/assessments",
      {.id = "assessment_create",
       .summary = "Classify under the AI Act from answers; unknown never lowers a class",
       .tag = "trust"},
      [&](Call& call, db::Tx& tx, AssessmentDraft const& draft) -> Result<StoredAssessment> {
        FABRICA_TRY(auto const id, call.id("project"));
        FABRICA_TRY(auto made, trust.assess(tx, call.actor(), id, draft));
        call.created("/assessments/" + made.id.text());
        return made;
      });
  api.get<StoredAssessment>("/assessments/{assessment}",
                            {.id = "assessment_get", .summary = "One assessment", .tag = "trust"},
                            [&](Call& call, db::Tx& tx) -> Result<StoredAssessment> {
                              FABRICA_TRY(auto const id, call.id("assessment"));
                              return trust.assessment(tx, call.actor(), id);
                            });
  api.post<DeclarationDraft, StoredDeclaration>(
      "/projects/{project}/declarations",
      {.id = "declaration_create", .summary = "Say what no record shows, and answer for it", .tag = "trust"},
      [&](Call& call, db::Tx& tx, DeclarationDraft const& draft) -> Result<StoredDeclaration> {
        FABRICA_TRY(auto const id, call.id("project"));
        return trust.declare(tx, call.actor(), id, draft);
      });
  api.post<DossierDraft, Dossier>(
      "/projects/{project}/dossiers",
      {.id = "dossier_issue", .summary = "Write the documents and issue a dossier of a model", .tag = "trust"},
      [&](Call& call, db::Tx& tx, DossierDraft const& draft) -> Result<Dossier> {
        FABRICA_TRY(auto const id, call.id("project"));
        FABRICA_TRY(auto made, trust.issue(tx, call.actor(), id, draft));
        call.created("/dossiers/" + made.id.text());
        return made;
      });
  api.get<Dossier>("/dossiers/{dossier}",
                   {.id = "dossier_get", .summary = "Whether a dossier is ready", .tag = "trust"},
                   [&](Call& call, db::Tx& tx) -> Result<Dossier> {
                     FABRICA_TRY(auto const id, call.id("dossier"));
                     return trust.dossier(tx, call.actor(), id);
                   });
  api.raw("GET", "/dossiers/{dossier}/file", {.id = "dossier_file", .summary = "The zip", .tag = "trust"},
          [&](Call& call, http::Request& request) -> Result<http::Response> {
            FABRICA_TRY(auto const id, call.id("dossier"));
            FABRICA_TRY(auto const dossier,
                        api.database().read([&](db::Tx& tx) { return trust.dossier(tx, call.actor(), id); }));
            if (!dossier.sha256)
              return fail(Errc::conflict, "dossier_not_ready",
                          "The dossier is not ready: the log has to publish its last statement first.");
            FABRICA_TRY(auto const path, bytes.path_of(*dossier.sha256));
            FABRICA_TRY(auto response,
                        http::file_response(request, path, "application/zip", '"' + *dossier.sha256 + '"'));
            response.headers.set("Content-Disposition", "attachment; filename=\"dossier.zip\"");
            return response;
          });
}

}  // namespace fabrica::trust
