#include "projects/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "identity/rules.hpp"
#include "json/json.hpp"
#include "projects/lookup.hpp"

namespace fabrica::projects {
namespace {

using identity::Actor;
using identity::Permission;

constexpr db::Query kInsert{"project_insert", R"sql(
  INSERT INTO projects (public_id, organisation, title, summary, sector, demo, created_us)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};
constexpr db::Query kCount{"projects_count", "SELECT count(*) FROM projects"};
constexpr db::Query kNewest{"projects_newest", R"sql(
  SELECT public_id AS id, organisation, title, summary, sector, demo, created_us AS created
    FROM projects ORDER BY projects.id DESC LIMIT $1)sql"};
constexpr db::Query kBefore{"projects_before", R"sql(
  SELECT public_id AS id, organisation, title, summary, sector, demo, created_us AS created
    FROM projects WHERE projects.id < (SELECT p.id FROM projects p WHERE p.public_id = $1)
   ORDER BY projects.id DESC LIMIT $2)sql"};
constexpr db::Query kOfOrganisation{"projects_of_organisation", R"sql(
  SELECT public_id AS id, organisation, title, summary, sector, demo, created_us AS created
    FROM projects WHERE organisation = $1)sql"};

constexpr std::array<std::string_view, 9> kSectors{
    "health", "energy", "automotive", "robotics", "clean_technology", "aerospace", "agriculture", "defence", "other"};

// Which statement shows that a step of the journey is done.
struct StepKind {
  std::string_view step;
  std::string_view kind;
};
constexpr std::array<StepKind, 10> kSteps{{
    {"plan", "proposal.submitted"},
    {"apply", "proposal.submitted"},
    {"check", "proposal.checked"},
    {"award", "award.decided"},
    {"data", "dataset.registered"},
    {"train", "job.ended"},
    {"validate", "evaluation.recorded"},
    {"document", "document.generated"},
    {"release", "release.decided"},
    {"report", "dossier.issued"},
}};

Result<> check(ProjectDraft const& draft) {
  std::vector<Fault> faults;
  auto const blank = [](std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; };
  if (blank(draft.title) || draft.title.size() > 200)
    faults.push_back({"/title", "The title has 1 to 200 characters."});
  if (draft.summary.size() > 4000) faults.push_back({"/summary", "The summary has at most 4000 characters."});
  if (std::ranges::find(kSectors, draft.sector) == kSectors.end())
    faults.push_back({"/sector", fmt::format("The sector is one of {}.", fmt::join(kSectors, ", "))});
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "input", what, std::move(faults));
}

}  // namespace

Result<Project> Projects::create(db::Tx& tx, Actor const& actor, ProjectDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::apply, {draft.organisation.text(), ""}));
  FABRICA_DO(check(draft));
  FABRICA_TRY(auto const organisation, identity_.organisation(tx, draft.organisation));
  Project const made{PublicId::make(clock_.now(), random_),
                     draft.organisation,
                     draft.title,
                     draft.summary,
                     draft.sector,
                     organisation.demo,
                     Time{clock_.now()}};
  FABRICA_DO(
      tx.run(kInsert, made.id, made.organisation, made.title, made.summary, made.sector, made.demo, made.created));
  // Who may lead every project needs no role in this one: an administrator makes thousands, and each request reads them
  // all.
  if (!identity::authorise(actor, Permission::lead_project, {draft.organisation.text(), made.id.text()}))
    FABRICA_DO(identity_.grant_unchecked(tx, actor.id, {identity::Role::project_lead, made.id.text()}));
  FABRICA_DO(journal_.append(tx, {made.id.text(), "project.created", actor.person.text(), {}, json::write(made)}));
  return made;
}

Result<Project> Projects::require(db::Tx& tx, Actor const& actor, PublicId const& id, Permission permission) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto project, find_project(tx, id));
  FABRICA_DO(identity::authorise(actor, permission, {project.organisation.text(), id.text()}));
  return project;
}

Result<Project> Projects::get(db::Tx& tx, Actor const& actor, PublicId const& id) {
  return require(tx, actor, id, Permission::view_project);
}

// Everything a person has a part in; a page is cut from it, for these are few.
static Result<std::vector<Project>> own_projects(db::Tx& tx, Actor const& actor) {
  std::map<std::string, Project> found;
  for (auto const& grant : actor.grants) {
    if (grant.scope.empty()) continue;
    std::vector<Project> some;
    if (identity::scope_of(grant.role) == identity::RoleScope::organisation) {
      FABRICA_TRY(some, tx.all<Project>(kOfOrganisation, grant.scope));
    } else if (identity::scope_of(grant.role) == identity::RoleScope::project) {
      FABRICA_TRY(auto const id, PublicId::parse(grant.scope));
      FABRICA_TRY(some.emplace_back(), find_project(tx, id));
    }
    for (auto const& project : some)
      if (identity::authorise(actor, Permission::view_project, {project.organisation.text(), project.id.text()}))
        found.emplace(project.id.text(), project);
  }
  std::vector<Project> out;
  for (auto& [id, project] : found) out.push_back(std::move(project));
  std::ranges::sort(out, std::ranges::greater{},
                    [](Project const& one) { return std::pair{one.created.us, std::string_view{one.id.text()}}; });
  return out;
}

Result<Projects::Listed> Projects::list(db::Tx& tx, Actor const& actor, PublicId const& after, std::int64_t limit) {
  FABRICA_DO(identity::logged_in(actor));
  if (identity::authorise(actor, Permission::view_project)) {
    FABRICA_TRY(auto const total, tx.one<std::int64_t>(kCount));
    FABRICA_TRY(auto page, after.empty() ? tx.all<Project>(kNewest, limit) : tx.all<Project>(kBefore, after, limit));
    return Listed{std::move(page), total};
  }
  FABRICA_TRY(auto own, own_projects(tx, actor));
  Listed out{{}, static_cast<std::int64_t>(own.size())};
  auto from = own.begin();
  if (!after.empty()) {
    from = std::ranges::find(own, after, &Project::id);
    if (from != own.end()) ++from;
  }
  auto const count = std::min<std::int64_t>(limit, own.end() - from);
  out.items.assign(from, from + count);
  return out;
}

Result<std::vector<JourneyStep>> Projects::journey(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(get(tx, actor, id));
  FABRICA_TRY(auto const kinds, journal_.first_of_each_kind(tx, id.text()));
  std::vector<JourneyStep> steps;
  for (auto const& [step, kind] : kSteps) {
    auto const shown = std::ranges::find(kinds, kind, &journal::Journal::First::kind);
    JourneyStep out{std::string{step}, shown != kinds.end(), {}, {}};
    if (out.done) {
      out.number = shown->number;
      out.at = shown->recorded_us;
    }
    steps.push_back(std::move(out));
  }
  return steps;
}

}  // namespace fabrica::projects
