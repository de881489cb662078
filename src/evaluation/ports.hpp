#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/db.hpp"
#include "models/types.hpp"

namespace fabrica::evaluation {

// The files of an input reference and their tree digest.
struct Data {
  std::string tree_sha256;
  std::vector<models::ModelFile> files;
};

// Port: what an input reference of this project stands for. app/ connects it to dataspace/. Errors: those of
// dataspace::Dataspace::resolve_input.
class DataReferences {
 public:
  virtual ~DataReferences() = default;
  virtual Result<Data> resolve(db::Tx& tx, PublicId const& project, std::string_view reference) = 0;
};

}  // namespace fabrica::evaluation
