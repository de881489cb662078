#include "reviews/reads.hpp"

#include <algorithm>

namespace fabrica::reviews {
namespace {

constexpr db::Query kReads{"review_reads", R"sql(
  SELECT COUNT(*) FROM review_assignments WHERE proposal = $1 AND reviewer = $2 AND state = 'accepted')sql"};

}  // namespace

Result<std::optional<forms::Reader>> reader_of(db::Tx& tx, PublicId const& person, PublicId const& proposal) {
  FABRICA_TRY(auto const accepted, tx.one<std::int64_t>(kReads, proposal, person));
  if (accepted == 0) return std::optional<forms::Reader>{};
  FABRICA_TRY(auto const evaluated, calls::evaluated(tx, proposal));
  FABRICA_TRY(auto const rules, calls::reviewed_rules(tx, evaluated.call, evaluated.call_version));
  auto const step = std::ranges::find(rules.steps, calls::StepKind::expert, &calls::StepRule::step);
  return std::optional{forms::Reader{forms::Audience::reviewer, step != rules.steps.end() && step->blind}};
}

}  // namespace fabrica::reviews
