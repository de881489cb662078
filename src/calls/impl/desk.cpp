// What the access office sees of a round.
#include "calls/rounds.hpp"
#include "projects/lookup.hpp"

namespace fabrica::calls {
namespace {

struct Row {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId project;
  std::string partition_name;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  ProposalState state{};
  std::optional<Time> submitted_us;
  std::optional<StepKind> step;
  std::optional<Time> due_us;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (id, public_id, project, partition_name, unit, amount_units, state, submitted_us, step, due_us))

#define FABRICA_LINE_COLUMNS                                                                                \
  "SELECT p.id AS id, p.public_id AS public_id, p.project AS project, o.partition_name AS partition_name, " \
  "o.unit AS unit, p.amount_units AS amount_units, p.state AS state, p.submitted_us AS submitted_us, "      \
  "s.kind AS step, s.due_us AS due_us FROM proposals p JOIN offers o ON o.id = p.offer_id "                 \
  "LEFT JOIN proposal_steps s ON s.proposal_id = p.id AND s.state = 'active' "
constexpr db::Query kRoundId{"desk_round", "SELECT id FROM rounds WHERE public_id = $1"};
constexpr db::Query kPlace{"desk_place", "SELECT id FROM proposals WHERE public_id = $1 AND round_id = $2"};
constexpr db::Query kLines{"desk_lines", FABRICA_LINE_COLUMNS
                           "WHERE p.round_id = $1 AND p.id > $2 AND p.state NOT IN ('draft', 'incomplete') "
                           "ORDER BY p.id LIMIT $3"};
constexpr db::Query kLinesOfState{"desk_lines_of_state", FABRICA_LINE_COLUMNS
                                  "WHERE p.round_id = $1 AND p.state = $4 AND p.id > $2 ORDER BY p.id LIMIT $3"};
#undef FABRICA_LINE_COLUMNS

}  // namespace

Result<std::vector<ProposalLine>> Rounds::proposals(db::Tx& tx, identity::Actor const& actor, PublicId const& round,
                                                    std::optional<ProposalState> state, PublicId const& after,
                                                    std::int64_t limit) {
  FABRICA_DO(identity::authorise(actor, identity::Permission::view_factory));
  if (state == ProposalState::draft || state == ProposalState::incomplete)
    return fail(Errc::invalid, "state", "Drafts are their writers' own: the round says how many there are.");
  FABRICA_TRY(auto const id, tx.maybe<std::int64_t>(kRoundId, round));
  if (!id) return fail(Errc::not_found, "round", "There is no such round.");
  std::int64_t from = 0;
  if (!after.empty()) {
    FABRICA_TRY(auto const place, tx.maybe<std::int64_t>(kPlace, after, *id));
    if (!place) return fail(Errc::invalid, "cursor", "The page begins behind a proposal that is not in this round.");
    from = *place;
  }
  FABRICA_TRY(auto const rows,
              state ? tx.all<Row>(kLinesOfState, *id, from, limit, *state) : tx.all<Row>(kLines, *id, from, limit));
  std::vector<ProposalLine> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto const project, projects::find_project(tx, row.project));
    FABRICA_TRY(auto const organisation, calls_.identity_.organisation(tx, project.organisation));
    out.push_back({row.public_id, row.project, project.title, project.organisation, organisation.name,
                   organisation.kind, organisation.country, row.partition_name, row.unit, row.amount_units, row.state,
                   row.submitted_us, row.step, row.due_us, row.due_us && row.due_us->us <= clock_.now()});
  }
  return out;
}

}  // namespace fabrica::calls
