#include "projects/lookup.hpp"

#include <fmt/format.h>

namespace fabrica::projects {

static constexpr db::Query kFind{"project_find", R"sql(
  SELECT public_id AS id, organisation, title, summary, sector, demo, created_us AS created
    FROM projects WHERE public_id = $1)sql"};

static constexpr db::Query kFindOf{"projects_find_of", R"sql(
  SELECT public_id FROM projects WHERE organisation = $1 ORDER BY projects.id)sql"};

Result<std::vector<PublicId>> projects_of(db::Tx& tx, PublicId const& organisation) {
  return tx.all<PublicId>(kFindOf, organisation);
}

Result<Project> find_project(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto found, tx.maybe<Project>(kFind, id));
  if (!found) return fail(Errc::not_found, "project", fmt::format("There is no project {}.", id.text()));
  return *std::move(found);
}

}  // namespace fabrica::projects
