#pragma once

#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "db/db.hpp"
#include "identity/types.hpp"
#include "journal/journal.hpp"
#include "models/ports.hpp"
#include "models/rules.hpp"
#include "models/types.hpp"
#include "projects/service.hpp"

namespace fabrica::models {

// Versions of models and their release. Every use case asks projects::require() first.
class Models {
 public:
  Models(Clock const& clock, Random& random, journal::Journal& journal, projects::Projects& projects, Jobs& jobs,
         StoredBytes& bytes, Gates& gates)
      : clock_{clock}, random_{random}, journal_{journal}, projects_{projects}, jobs_{jobs}, bytes_{bytes},
        gates_{gates} {}

  // Statement: model.registered. Errors: invalid "model" (faults), not_found "job" (another project's is not found),
  // conflict "job_not_completed", conflict "no_artefacts", conflict "model_version" (there is one).
  Result<Model> register_model(db::Tx& tx, identity::Actor const& actor, PublicId const& project, ModelDraft const& draft);
  // Errors: not_found "model".
  Result<Model> model(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  // Oldest first, after the one named (empty: from the beginning), without files.
  Result<std::vector<Model>> models(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                    PublicId const& after, std::int64_t limit);
  // Errors: not_found "file".
  Result<ModelFile> file(db::Tx& tx, identity::Actor const& actor, PublicId const& id, std::string_view path);

  // Releases or withdraws; the project's lead decides, what the evaluations said is recorded with it. Statement:
  // release.decided. Errors: conflict "model_state".
  Result<Model> decide(db::Tx& tx, identity::Actor const& actor, PublicId const& id, ReleaseAct act,
                       ReleaseDraft const& draft);

  // The files of "model:<id>" as a job's input; the caller has authorised whoever asks. Errors: invalid
  // "input_reference", not_found "model" (another project's is not found).
  Result<std::vector<ModelFile>> resolve_input(db::Tx& tx, PublicId const& project, std::string_view reference);

 private:
  Result<Model> load(db::Tx& tx, PublicId const& id);
  Result<Model> store(db::Tx& tx, identity::Actor const& actor, Model model);

  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  projects::Projects& projects_;
  Jobs& jobs_;
  StoredBytes& bytes_;
  Gates& gates_;
};

}  // namespace fabrica::models
