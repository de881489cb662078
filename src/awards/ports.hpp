#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "awards/types.hpp"
#include "db/db.hpp"
#include "identity/types.hpp"

namespace fabrica::awards {

// Port: the jobs of an award. app/ connects it to compute/.
class JobRecords {
 public:
  virtual ~JobRecords() = default;
  virtual Result<JobFigures> of_award(db::Tx& tx, PublicId const& award) = 0;
  virtual Result<EnergyFigures> energy(db::Tx& tx, PublicId const& award) = 0;
};

// Port: what a project made, for its report; the caller may view the project. app/ connects it to dataspace/ and
// models/.
class ProjectRecords {
 public:
  virtual ~ProjectRecords() = default;
  virtual Result<std::vector<RecordedThing>> data_sets(db::Tx& tx, identity::Actor const& actor,
                                                       PublicId const& project) = 0;
  virtual Result<std::vector<RecordedThing>> released_models(db::Tx& tx, identity::Actor const& actor,
                                                             PublicId const& project) = 0;
};

// Port: hours of a round came back to its capacity; its reserve list may have them. app/ connects it to decisions/.
class FreedHours {
 public:
  virtual ~FreedHours() = default;
  virtual Result<> freed(db::Tx& tx, PublicId const& round, std::string_view cause) = 0;
};

}  // namespace fabrica::awards
