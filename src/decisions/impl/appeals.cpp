// An applicant's word against a rejection.
#include <fmt/format.h>

#include "decisions/impl/case.hpp"

namespace fabrica::decisions {

using calls::ProposalState;
using identity::Actor;
using identity::Permission;

namespace {

struct FiledBody {
  PublicId appeal;
  PublicId proposal;
  std::int64_t letter = 0;
  std::string grounds;
};
BOOST_DESCRIBE_STRUCT(FiledBody, (), (appeal, proposal, letter, grounds))

struct RuledBody {
  PublicId appeal;
  PublicId proposal;
  AppealState state{};
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(RuledBody, (), (appeal, proposal, state, reason))

Appeal appeal_of(store::AppealRow const& row) {
  return {row.public_id, row.proposal, row.state, row.grounds, row.filed_us, row.ruling, row.ruled_us};
}

}  // namespace

Result<Appeal> Decisions::appeal(db::Tx& tx, Actor const& actor, PublicId const& proposal, AppealDraft const& draft) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, proposal));
  FABRICA_DO(projects_.require(tx, actor, contender.project, Permission::work_in_project));
  FABRICA_TRY(auto const letters, tx.all<store::LetterRow>(store::kLetters, proposal));
  if (letters.empty() || contender.state != ProposalState::rejected)
    return fail(Errc::conflict, "proposal_state", "An appeal is made against a rejection.");
  auto const& letter = letters.back();
  auto const before = letter.made_us.us + settings_.appeal_days * kDay;
  if (clock_.now() >= before)
    return fail(Errc::conflict, "appeal_late",
                fmt::format("The time for an appeal was over on {}.", format_time(before)));
  auto const now = clock_.now();
  auto const id = PublicId::make(now, random_);
  auto const filed =
      tx.run(store::kAppealInsert, id, proposal, letter.number, draft.grounds, actor.person.text(), Time{now});
  if (!filed && filed.error().reason == "unique")
    return fail(Errc::conflict, "appeal_exists", "An appeal against this letter was made already.");
  if (!filed) return std::unexpected(filed.error());
  FiledBody const body{id, proposal, letter.number, draft.grounds};
  FABRICA_DO(
      journal_.append(tx, in_project(contender.project, "appeal.filed", actor.person.text(), json::write(body))));
  return Appeal{id, proposal, AppealState::filed, draft.grounds, Time{now}, "", {}};
}

Result<Appeal> Decisions::rule_on(db::Tx& tx, Actor const& actor, PublicId const& id, AppealRuling const& ruling) {
  FABRICA_DO(officer(actor));
  FABRICA_TRY(auto const row, tx.maybe<store::AppealRow>(store::kAppealById, id));
  if (!row) return fail(Errc::not_found, "appeal", fmt::format("There is no appeal {}.", id.text()));
  FABRICA_DO(not_own(tx, actor, row->proposal));
  auto const state = ruling.uphold ? AppealState::upheld : AppealState::dismissed;
  FABRICA_TRY(auto const ruled,
              tx.run(store::kAppealRule, id, state, ruling.reason, actor.person.text(), Time{clock_.now()}));
  if (ruled != 1) return fail(Errc::conflict, "appeal_state", "This appeal was ruled on already.");
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, row->proposal));
  RuledBody const body{id, row->proposal, state, ruling.reason};
  FABRICA_DO(
      journal_.append(tx, in_project(contender.project, "appeal.ruled", actor.person.text(), json::write(body))));
  if (ruling.uphold)
    FABRICA_DO(reopen_now(tx, actor.person.text(), row->proposal,
                          {fmt::format("Appeal upheld: {}", ruling.reason), ruling.step}));
  FABRICA_TRY(auto const again, tx.one<store::AppealRow>(store::kAppealById, id));
  return appeal_of(again);
}

Result<std::vector<Appeal>> Decisions::appeals(db::Tx& tx, Actor const& actor, PublicId const& proposal) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const contender, outcomes_.contender(tx, proposal));
  FABRICA_DO(projects_.require(tx, actor, contender.project, Permission::view_project));
  FABRICA_TRY(auto const rows, tx.all<store::AppealRow>(store::kAppealsOf, proposal));
  std::vector<Appeal> out;
  for (auto const& row : rows) out.push_back(appeal_of(row));
  return out;
}

}  // namespace fabrica::decisions
