#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "blobs/service.hpp"
#include "calls/service.hpp"
#include "compute/service.hpp"
#include "dataspace/service.hpp"
#include "evaluation/service.hpp"
#include "facts/service.hpp"
#include "journal/sequencer.hpp"
#include "models/service.hpp"
#include "projects/service.hpp"
#include "trust/document.hpp"
#include "trust/dossier.hpp"

namespace fabrica::trust {

struct AnswerDraft {
  Answer answer{};
  std::string reason;
  std::vector<std::string> evidence = {};

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"evidence"};
  static constexpr auto limits() {
    return std::tuple{json::length(&AnswerDraft::reason, 1, 4000), json::items(&AnswerDraft::evidence, 0, 50)};
  }
};
BOOST_DESCRIBE_STRUCT(AnswerDraft, (), (answer, reason, evidence))

struct AssessmentDraft {
  std::string intended_purpose;
  std::map<std::string, AnswerDraft> answers;  // by question; GET /assessment-questions lists them
  std::optional<std::string> placed_on_market = {};
  // What computing is known to have gone in; absent: counted from the project's training jobs where they say it.
  std::optional<double> training_flop_upper = {};

  static constexpr auto limits() {
    return std::tuple{json::length(&AssessmentDraft::intended_purpose, 1, 4000),
                      json::items(&AssessmentDraft::answers, 0, 300),
                      json::range(&AssessmentDraft::training_flop_upper, 0.0, 1e30)};
  }
};
BOOST_DESCRIBE_STRUCT(AssessmentDraft, (), (intended_purpose, answers, placed_on_market, training_flop_upper))

struct StoredAssessment {
  PublicId id;
  PublicId project;
  PublicId signer;
  std::vector<std::string> classes;
  Time made;
  std::int64_t statement = 0;
  Assessment assessment;
};
BOOST_DESCRIBE_STRUCT(StoredAssessment, (), (id, project, signer, classes, made, statement, assessment))

// Sentences somebody answers for, by the keys of declared_keys().
struct DeclarationDraft {
  std::map<std::string, std::string> declared;
  static constexpr auto limits() { return std::tuple{json::items(&DeclarationDraft::declared, 1, 200)}; }
};
BOOST_DESCRIBE_STRUCT(DeclarationDraft, (), (declared))

struct StoredDeclaration {
  PublicId id;
  PublicId project;
  std::map<std::string, std::string> declared;
  std::int64_t statement = 0;
};
BOOST_DESCRIBE_STRUCT(StoredDeclaration, (), (id, project, declared, statement))

struct DossierDraft {
  PublicId model;
  bool draft = false;  // goes out although a due field is missing, and says so on every page
  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"draft"};
};
BOOST_DESCRIBE_STRUCT(DossierDraft, (), (model, draft))

// issued -> ready | failed: the table's CHECK has the rest.
enum class DossierState : std::uint8_t { issued, ready, failed };
BOOST_DESCRIBE_ENUM(DossierState, issued, ready, failed)

struct Dossier {
  PublicId id;
  PublicId project;
  PublicId model;
  bool draft = false;
  DossierState state{};
  std::int64_t chain_length = 0;
  std::optional<std::string> sha256;
  std::optional<std::int64_t> size_bytes;
  std::optional<std::string> failure;
  Time made;
};
BOOST_DESCRIBE_STRUCT(Dossier, (), (id, project, model, draft, state, chain_length, sha256, size_bytes, failure, made))

// What the service stands on; everything outlives it.
struct Parts {
  db::Database& database;
  Clock const& clock;
  Random& random;
  Log& log;
  journal::Journal& journal;
  journal::Sequencer& sequencer;
  identity::Identity& identity;
  projects::Projects& projects;
  calls::Calls& calls;
  dataspace::Dataspace& dataspace;
  compute::Compute& compute;
  models::Models& models;
  models::StoredBytes& bytes;
  evaluation::Evaluations& evaluations;
  facts::Store& facts;
  blobs::Service& blobs;
  FactoryEvidence factory;
};

// Assessments, declarations and dossiers. Every use case asks projects::require() first.
class Trust {
 public:
  explicit Trust(Parts parts) : p_{std::move(parts)} {}

  // Statement: class.determined, with every answer. Errors: invalid "assessment".
  Result<StoredAssessment> assess(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                  AssessmentDraft const& draft);
  Result<StoredAssessment> assessment(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  // Statement: declaration.made. Errors: invalid "declared" (a key that is none).
  Result<StoredDeclaration> declare(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                    DeclarationDraft const& draft);

  // Writes the documents from what the project's statements show, records them and the issue: document.generated,
  // dossier.issued. The zip follows when the log has published the last of these. Errors: not_found "model", conflict
  // "no_assessment", conflict "document_incomplete" (a due field is missing and it is not a draft).
  Result<Dossier> issue(db::Tx& tx, identity::Actor const& actor, PublicId const& project, DossierDraft const& draft);
  Result<Dossier> dossier(db::Tx& tx, identity::Actor const& actor, PublicId const& id);

  // Called, after the commit, when a dossier waits for its zip. Set once, at start.
  void on_issued(std::function<void()> wake) { wake_ = std::move(wake); }
  // Builds the zips of issued dossiers that the published log covers; how many. A crash anywhere leaves them issued.
  Result<std::int64_t> build_waiting();

 private:
  struct Gathering;
  Result<Evidence> gather(db::Tx& tx, identity::Actor const& actor, projects::Project const& project,
                          PublicId const& model);
  Result<> gather_access(Gathering& to);
  Result<> gather_data(Gathering& to);
  Result<> gather_jobs(Gathering& to);
  Result<> gather_evaluations(Gathering& to, PublicId const& model);
  Result<> gather_model(Gathering& to, models::Model const& model);
  Result<> gather_answers(Gathering& to);
  Result<FlopBounds> counted_flop(db::Tx& tx, identity::Actor const& actor, PublicId const& project);
  Result<std::optional<json::Document>> artefact(compute::Job const& job, std::string_view path);
  Result<bool> build(Dossier const& dossier, std::int64_t row);

  Parts p_;
  std::function<void()> wake_;
};

}  // namespace fabrica::trust
