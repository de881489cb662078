#include "calls/reminders.hpp"

#include <fmt/format.h>

namespace fabrica::calls {

BOOST_DESCRIBE_STRUCT(ProposalPlace, (), (proposal, project, call, round, call_title, round_name, kind, state))
BOOST_DESCRIBE_STRUCT(DueStep, (), (proposal, due))
BOOST_DESCRIBE_STRUCT(LateSteps, (), (call, round, step, due, count))

namespace {

constexpr db::Query kPlace{"proposal_place", R"sql(
  SELECT p.public_id AS proposal, p.project AS project, c.public_id AS call, r.public_id AS round, c.title AS call_title,
         COALESCE(r.name, '') AS round_name, c.kind AS kind, p.state AS state
    FROM proposals p JOIN calls c ON c.id = p.call_id LEFT JOIN rounds r ON r.id = p.round_id
   WHERE p.public_id = $1)sql"};
constexpr db::Query kUnitOffered{"offer_unit", R"sql(
  SELECT o.unit FROM offers o JOIN rounds r ON r.id = o.round_id WHERE r.public_id = $1 AND o.partition_name = $2)sql"};
constexpr db::Query kStepsDue{"proposal_steps_due", R"sql(
  SELECT p.public_id AS proposal, s.due_us AS due FROM proposal_steps s JOIN proposals p ON p.id = s.proposal_id
   WHERE s.state = 'active' AND s.kind = $1 AND s.due_us <= $4 AND (s.due_us > $2 OR (s.due_us = $2 AND p.public_id > $3))
   ORDER BY s.due_us, p.public_id LIMIT $5)sql"};
constexpr db::Query kStepsLate{"proposal_steps_late", R"sql(
  SELECT c.public_id AS call, r.public_id AS round, s.kind AS step, s.due_us AS due, COUNT(*) AS count
    FROM proposal_steps s JOIN proposals p ON p.id = s.proposal_id JOIN calls c ON c.id = p.call_id
    JOIN rounds r ON r.id = p.round_id
   WHERE s.state = 'active' AND s.due_us > $1 AND s.due_us <= $2
   GROUP BY c.public_id, r.public_id, s.kind, s.due_us ORDER BY s.due_us, r.public_id)sql"};

}  // namespace

Result<ProposalPlace> place_of(db::Tx& tx, PublicId const& proposal) {
  FABRICA_TRY(auto found, tx.maybe<ProposalPlace>(kPlace, proposal));
  if (!found) return fail(Errc::not_found, "proposal", fmt::format("There is no proposal {}.", proposal.text()));
  return *std::move(found);
}

Result<std::string> unit_offered(db::Tx& tx, PublicId const& round, std::string_view partition) {
  return tx.one<std::string>(kUnitOffered, round, partition);
}

Result<std::vector<DueStep>> steps_due(db::Tx& tx, StepKind kind, Time after, std::string const& after_proposal,
                                       Time until, std::int64_t limit) {
  return tx.all<DueStep>(kStepsDue, kind, after, after_proposal, until, limit);
}

Result<std::vector<LateSteps>> steps_late(db::Tx& tx, Time after, Time until) {
  return tx.all<LateSteps>(kStepsLate, after, until);
}

}  // namespace fabrica::calls
