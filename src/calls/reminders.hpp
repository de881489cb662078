#pragma once

#include <optional>
#include <string>
#include <vector>

#include "calls/types.hpp"
#include "db/db.hpp"

// What notices/ reads of proposals and of steps whose time runs out. There is no authorisation here: only the program
// asks, to tell those concerned.
namespace fabrica::calls {

struct ProposalPlace {
  PublicId proposal;
  PublicId project;
  PublicId call;
  std::optional<PublicId> round;
  std::string call_title;
  std::string round_name;
  CallKind kind{};
  ProposalState state{};
};
// Errors: not_found "proposal".
Result<ProposalPlace> place_of(db::Tx& tx, PublicId const& proposal);

// The unit a partition is offered in in a round ("node_hour"). Errors: not_found "row".
Result<std::string> unit_offered(db::Tx& tx, PublicId const& round, std::string_view partition);

// An active step of this kind that has to be done by `due`.
struct DueStep {
  PublicId proposal;
  Time due;
};
// Those with (due, proposal) > (after, after_proposal) and due <= until, in that order, at most `limit`.
Result<std::vector<DueStep>> steps_due(db::Tx& tx, StepKind kind, Time after, std::string const& after_proposal,
                                       Time until, std::int64_t limit);

// How many active steps of a round fell due at the same time.
struct LateSteps {
  PublicId call;
  PublicId round;
  StepKind step{};
  Time due;
  std::int64_t count = 0;
};
// Those with after < due <= until, the oldest first.
Result<std::vector<LateSteps>> steps_late(db::Tx& tx, Time after, Time until);

}  // namespace fabrica::calls
