#pragma once

#include <memory>

#include "calls/types.hpp"
#include "db/db.hpp"
#include "forms/form.hpp"

// What the modules behind calls/ read of proposals that are being evaluated. There is no authorisation here: their use
// cases have asked before.
namespace fabrica::calls {

struct Evaluated {
  PublicId proposal;
  PublicId project;
  PublicId call;
  PublicId round;
  std::int64_t call_version = 1;  // the rules it is judged by
  ProposalState state{};
  std::optional<Time> submitted;
  std::string purpose;
  std::string form_answers;  // canonical JSON
  std::vector<Step> steps;
};

// Errors: not_found "proposal".
Result<Evaluated> evaluated(db::Tx& tx, PublicId const& proposal);
// Those of a round that have entered its evaluation, in the order they were made.
Result<std::vector<Evaluated>> evaluated_in(db::Tx& tx, PublicId const& round);
// Errors: not_found "round".
Result<Round> round_of_id(db::Tx& tx, PublicId const& round);
// A published call's rounds that take proposals now or later.
Result<std::vector<PublicId>> rounds_to_come(db::Tx& tx, PublicId const& call);
// A version of a reviewed call's rules. Errors: not_found "call", conflict "call_kind" for one without review.
Result<ReviewedRules> reviewed_rules(db::Tx& tx, PublicId const& call, std::int64_t version);

// The form those rules hold. Errors: not_found "form".
Result<std::shared_ptr<forms::Form const>> form_of(db::Tx& tx, ReviewedRules const& rules);

// What may be shown of a published call to whom it is shown.
struct CallText {
  PublicId id;
  std::string title;
  std::string summary;
  CallKind kind{};
  CallState state{};
  std::int64_t version = 1;
};
// Errors: not_found "call".
Result<CallText> call_text(db::Tx& tx, PublicId const& call);

}  // namespace fabrica::calls
