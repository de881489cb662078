#include "reviews/reminders.hpp"

namespace fabrica::reviews {

BOOST_DESCRIBE_STRUCT(Asked, (), (reviewer, sent, count))
BOOST_DESCRIBE_STRUCT(Owed, (), (reviewer, count))
BOOST_DESCRIBE_STRUCT(DueRound, (), (round, call, due))

namespace {

constexpr db::Query kAsked{"review_asked", R"sql(
  SELECT reviewer, sent_us AS sent, COUNT(*) AS count FROM review_assignments
   WHERE round = $1 AND state = 'sent' GROUP BY reviewer, sent_us ORDER BY sent_us, reviewer)sql"};
constexpr db::Query kOwed{"review_owed", R"sql(
  SELECT a.reviewer AS reviewer, COUNT(*) AS count FROM review_assignments a LEFT JOIN reviews v ON v.assignment_id = a.id
   WHERE a.round = $1 AND a.state IN ('sent', 'accepted') AND v.submitted_us IS NULL
   GROUP BY a.reviewer ORDER BY a.reviewer)sql"};
constexpr db::Query kRoundsDue{"review_rounds_due", R"sql(
  SELECT round, call, due_us AS due FROM review_rounds WHERE due_us > $1 AND due_us <= $2 ORDER BY due_us, round)sql"};
constexpr db::Query kReviewDue{"review_due", R"sql(
  SELECT due_us FROM review_rounds WHERE round = $1 AND due_us IS NOT NULL)sql"};
constexpr db::Query kTakenOff{"review_taken_off", R"sql(
  SELECT COUNT(*) FROM review_assignments
   WHERE proposal = $1 AND reviewer = $2 AND state = 'conflicted' AND sent_us IS NOT NULL)sql"};

}  // namespace

Result<std::vector<Asked>> asked(db::Tx& tx, PublicId const& round) { return tx.all<Asked>(kAsked, round); }

Result<std::vector<Owed>> owed(db::Tx& tx, PublicId const& round) { return tx.all<Owed>(kOwed, round); }

Result<std::vector<DueRound>> rounds_due(db::Tx& tx, Time after, Time until) {
  return tx.all<DueRound>(kRoundsDue, after, until);
}

Result<std::optional<Time>> review_due(db::Tx& tx, PublicId const& round) { return tx.maybe<Time>(kReviewDue, round); }

Result<bool> taken_off(db::Tx& tx, PublicId const& proposal, PublicId const& reviewer) {
  FABRICA_TRY(auto const count, tx.one<std::int64_t>(kTakenOff, proposal, reviewer));
  return count > 0;
}

}  // namespace fabrica::reviews
