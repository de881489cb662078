#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "db/db.hpp"
#include "identity/service.hpp"
#include "journal/journal.hpp"

namespace fabrica::projects {

using ProjectId = Id<struct ProjectTag>;

struct ProjectDraft {
  PublicId organisation;
  std::string title;
  std::string summary;
  std::string sector;  // one of the sectors facts/ names, or "other"
};
BOOST_DESCRIBE_STRUCT(ProjectDraft, (), (organisation, title, summary, sector))

// A project is the thread everything hangs on; its public id names its chain of statements.
struct Project {
  PublicId id;
  PublicId organisation;
  std::string title;
  std::string summary;
  std::string sector;
  bool demo = false;
  Time created;
};
BOOST_DESCRIBE_STRUCT(Project, (), (id, organisation, title, summary, sector, demo, created))

// One step of the journey as far as the project's own statements show it.
struct JourneyStep {
  std::string step;  // plan, apply, check, award, data, train, validate, document, release
  bool done = false;
  std::optional<std::int64_t> number;  // the statement that shows it
  std::optional<Time> at;
};
BOOST_DESCRIBE_STRUCT(JourneyStep, (), (step, done, number, at))

class Projects {
 public:
  Projects(Clock const& clock, Random& random, journal::Journal& journal, identity::Identity& identity)
      : clock_{clock}, random_{random}, journal_{journal}, identity_{identity} {}

  // The actor becomes its lead. Statement: project.created.
  Result<Project> create(db::Tx& tx, identity::Actor const& actor, ProjectDraft const& draft);
  // Errors: not_found "project"; forbidden as authorise() says.
  Result<Project> get(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  // The projects the actor may see, newest first: at most `limit` behind `after` (empty: from the beginning), and how many
  // there are in all.
  struct Listed {
    std::vector<Project> items;
    std::int64_t total = 0;
  };
  Result<Listed> list(db::Tx& tx, identity::Actor const& actor, PublicId const& after, std::int64_t limit);
  Result<std::vector<JourneyStep>> journey(db::Tx& tx, identity::Actor const& actor, PublicId const& id);
  // May this actor do that in this project? Loads the project's organisation for the decision.
  // Errors: not_found "project"; forbidden as authorise() says.
  Result<Project> require(db::Tx& tx, identity::Actor const& actor, PublicId const& id,
                          identity::Permission permission);

 private:
  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  identity::Identity& identity_;
};

}  // namespace fabrica::projects
