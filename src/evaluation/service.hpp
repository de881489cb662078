#pragma once

#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "db/db.hpp"
#include "evaluation/ports.hpp"
#include "evaluation/types.hpp"
#include "identity/types.hpp"
#include "journal/journal.hpp"
#include "models/ports.hpp"
#include "models/service.hpp"
#include "projects/service.hpp"

namespace fabrica::evaluation {

// Plans of evaluations, made before the model is registered, and their results. Every use case asks projects::require()
// first.
class Evaluations {
 public:
  Evaluations(Clock const& clock, Random& random, journal::Journal& journal, projects::Projects& projects,
              models::Models& models, models::Jobs& jobs, models::StoredBytes& bytes, DataReferences& data)
      : clock_{clock}, random_{random}, journal_{journal}, projects_{projects}, models_{models}, jobs_{jobs},
        bytes_{bytes}, data_{data} {}

  // Statement: evaluation.preregistered. Errors: invalid "evaluation" (faults), those of resolving the data.
  Result<Evaluation> preregister(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                 EvaluationDraft const& draft);
  // Reads results.json of the completed job and judges it. Statement: evaluation.recorded. Errors: not_found "model", "job"
  // (another project's are not found), conflict "job_not_completed", conflict "job_inputs" (it did not read this model or
  // this data), conflict "results_recorded" (this job's are recorded), invalid "results", not_found "results_file".
  Result<Results> record(db::Tx& tx, identity::Actor const& actor, PublicId const& evaluation, ResultsDraft const& draft);

  // Errors: not_found "evaluation".
  Result<Evaluation> evaluation(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  // Oldest first, after the one named (empty: from the beginning).
  Result<std::vector<Evaluation>> evaluations(db::Tx& tx, identity::Actor const& actor, PublicId const& project,
                                              PublicId const& after, std::int64_t limit);

 private:
  Result<Evaluation> load(db::Tx& tx, PublicId const& id);
  Result<> store(db::Tx& tx, std::int64_t evaluation_id, Results const& results);

  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  projects::Projects& projects_;
  models::Models& models_;
  models::Jobs& jobs_;
  models::StoredBytes& bytes_;
  DataReferences& data_;
};

// What models/ asks when a release is decided.
class RecordedGates final : public models::Gates {
 public:
  Result<std::vector<models::GateDecision>> of_model(db::Tx& tx, PublicId const& model) override;
};

}  // namespace fabrica::evaluation
