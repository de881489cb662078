// What somebody who leaves would leave without anybody to answer for it.
#include <fmt/format.h>

#include "awards/impl/case.hpp"
#include "identity/people.hpp"
#include "projects/lookup.hpp"

namespace fabrica::awards {

Result<std::vector<std::string>> Awards::obligations(db::Tx& tx, PublicId const& person) {
  std::vector<std::string> out;
  FABRICA_TRY(auto const led, identity::scopes_of(tx, person, identity::Role::project_lead));
  for (auto const& id : led) {
    FABRICA_TRY(auto const leads, identity::holders_of(tx, identity::Role::project_lead, id));
    if (leads.size() > 1) continue;
    std::int64_t running = 0;
    FABRICA_TRY(auto const all, p_.outcomes.awards_of_project(tx, id));
    for (auto const& award : all) {
      FABRICA_TRY(auto const at, load(tx, award));
      if (at.terms.clock != ClockState::ended) ++running;
    }
    FABRICA_TRY(auto const open, p_.outcomes.open_proposals(tx, id));
    if (running == 0 && open.empty()) continue;
    FABRICA_TRY(auto const project, projects::find_project(tx, id));
    out.push_back(fmt::format(
        "Project {} (\"{}\") has no other lead, {} awards that run and {} open proposals: make somebody else its lead "
        "(POST /projects/{}/members), or withdraw the proposals where no award runs.",
        id.text(), project.title, running, open.size(), id.text()));
  }
  return out;
}

}  // namespace fabrica::awards
