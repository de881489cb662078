#include "app/impl/adaptors.hpp"

#include "compute/records.hpp"
#include "compute/rules.hpp"
#include "reviews/forget.hpp"

namespace fabrica::app {

Result<compute::ProjectData::Files> JobData::resolve(db::Tx& tx, PublicId const& project, std::string_view reference) {
  Files out;
  if (reference.starts_with("model:")) {
    FABRICA_TRY(auto const files, models_->resolve_input(tx, project, reference));
    for (auto const& file : files) out.files.push_back({file.path, file.sha256, file.size_bytes});
    out.tree_sha256 = compute::tree_digest(out.files);
    return out;
  }
  FABRICA_TRY(auto const input, dataspace_.resolve_input(tx, project, reference));
  out.tree_sha256 = input.tree_sha256;
  for (auto const& file : input.files) out.files.push_back({file.path, file.sha256, file.size_bytes});
  return out;
}

Result<awards::JobFigures> AwardJobs::of_award(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(auto const jobs, compute::jobs_of_award(tx, award, clock_.now()));
  return awards::JobFigures{jobs.open,      jobs.completed,     jobs.failed,
                            jobs.cancelled, jobs.first_started, jobs.last_active};
}

Result<awards::EnergyFigures> AwardJobs::energy(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(auto const energy, compute::energy_of_award(tx, award));
  return awards::EnergyFigures{energy.joules, energy.jobs};
}

Result<decisions::AwardActivity> AwardJobs::activity(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(auto const jobs, compute::jobs_of_award(tx, award, clock_.now()));
  FABRICA_TRY(auto const energy, compute::energy_of_award(tx, award));
  return decisions::AwardActivity{jobs.first_started, energy.joules, energy.jobs};
}

Result<std::vector<awards::RecordedThing>> ProjectMade::data_sets(db::Tx& tx, identity::Actor const& actor,
                                                                  PublicId const& project) {
  std::vector<awards::RecordedThing> out;
  for (PublicId after; static_cast<std::int64_t>(out.size()) < awards::kThingsMax;) {
    FABRICA_TRY(auto const some, dataspace_->datasets(tx, actor, project, after, 200));
    for (auto const& one : some) out.push_back({one.id, one.name, one.licence});
    if (some.size() < 200) break;
    after = some.back().id;
  }
  return out;
}

Result<std::vector<awards::RecordedThing>> ProjectMade::released_models(db::Tx& tx, identity::Actor const& actor,
                                                                        PublicId const& project) {
  std::vector<awards::RecordedThing> out;
  for (PublicId after; static_cast<std::int64_t>(out.size()) < awards::kThingsMax;) {
    FABRICA_TRY(auto const some, models_->models(tx, actor, project, after, 200));
    for (auto const& one : some)
      if (one.state == models::ModelState::released) out.push_back({one.id, one.name + " " + one.version, one.licence});
    if (some.size() < 200) break;
    after = some.back().id;
  }
  return out;
}

Result<> PersonsBelongings::forget(db::Tx& tx, identity::Leaving const& person) {
  return reviews::forget_person(tx, reviews_, person.by, person.person, person.email);
}

Result<evaluation::Data> EvaluationData::resolve(db::Tx& tx, PublicId const& project, std::string_view reference) {
  FABRICA_TRY(auto const input, dataspace_.resolve_input(tx, project, reference));
  evaluation::Data out{input.tree_sha256, {}};
  for (auto const& file : input.files) out.files.push_back({file.path, file.sha256, file.size_bytes});
  return out;
}

}  // namespace fabrica::app
