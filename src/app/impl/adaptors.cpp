#include "app/impl/adaptors.hpp"

#include "compute/rules.hpp"

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

Result<evaluation::Data> EvaluationData::resolve(db::Tx& tx, PublicId const& project, std::string_view reference) {
  FABRICA_TRY(auto const input, dataspace_.resolve_input(tx, project, reference));
  evaluation::Data out{input.tree_sha256, {}};
  for (auto const& file : input.files) out.files.push_back({file.path, file.sha256, file.size_bytes});
  return out;
}

}  // namespace fabrica::app
