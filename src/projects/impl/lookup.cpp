#include "projects/lookup.hpp"

#include <fmt/format.h>

namespace fabrica::projects {

static constexpr db::Query kFind{"project_find", R"sql(
  SELECT public_id AS id, organisation, title, summary, sector, demo, created_us AS created
    FROM projects WHERE public_id = $1)sql"};

Result<Project> find_project(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto found, tx.maybe<Project>(kFind, id));
  if (!found) return fail(Errc::not_found, "project", fmt::format("There is no project {}.", id.text()));
  return *std::move(found);
}

}  // namespace fabrica::projects
