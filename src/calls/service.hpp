#pragma once

#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "calls/form_shelf.hpp"
#include "calls/types.hpp"
#include "forms/render.hpp"
#include "journal/journal.hpp"
#include "projects/service.hpp"

namespace fabrica::facts {
class Store;
}

namespace fabrica::calls {

namespace store {
struct CallRow;
struct OfferRow;
struct ProposalRow;
struct Rules;
}  // namespace store
enum class Stage : std::uint8_t;
struct Judged;

// Where a project's jobs on a partition are charged: what compute needs of an award.
struct ChargedTo {
  PublicId award;
  budget::AccountId account{};
  budget::Unit unit{};
  Time ends;
};

class Calls {
 public:
  Calls(Clock const& clock, Random& random, journal::Journal& journal, identity::Identity& identity,
        projects::Projects& projects, budget::Budget& budget, facts::Store& facts)
      : clock_{clock},
        random_{random},
        journal_{journal},
        identity_{identity},
        projects_{projects},
        budget_{budget},
        facts_{facts} {}

  // A reviewed call gets its first rounds from its schedule. Errors: those of check(CallDraft).
  Result<Call> create(db::Tx& tx, identity::Actor const& actor, CallDraft const& draft);
  // Opens the capacity accounts of its offers. Statement: call.published. Errors: of a reviewed call those of
  // publishable().
  Result<Call> publish(db::Tx& tx, identity::Actor const& actor, PublicId const& call);
  // Other rules from now on, as the next version: proposals that were sent keep theirs, a draft takes the new ones when
  // it is saved again. Kind, schedule and offers of rounds that are there stay. Statement: call.amended.
  Result<Call> amend(db::Tx& tx, identity::Actor const& actor, PublicId const& call, CallDraft const& draft);
  Result<Call> close(db::Tx& tx, identity::Actor const& actor, PublicId const& call);
  // More (or less) of what is not yet awarded; proposals in line are decided at once. Statement:
  // offer.capacity_changed.
  Result<Call> set_capacity(db::Tx& tx, identity::Actor const& actor, PublicId const& offer,
                            std::int64_t capacity_units);
  // Whether it takes proposals: what is in line already stays there. Of this round alone. Statements: offer.opened,
  // offer.closed, with the reason.
  Result<Call> set_open(db::Tx& tx, identity::Actor const& actor, PublicId const& offer, bool open,
                        std::string const& reason);
  // Published calls are public; drafts need manage_calls.
  Result<Call> get(db::Tx& tx, identity::Actor const& actor, PublicId const& call);
  Result<std::vector<Call>> list(db::Tx& tx, identity::Actor const& actor);

  Result<Proposal> draft(db::Tx& tx, identity::Actor const& actor, PublicId const& project, ProposalDraft const& draft);
  // Replaces an open draft's content (states draft and incomplete).
  Result<Proposal> change(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal,
                          ProposalDraft const& draft);
  // Checks, and decides what can be decided: awarded, waiting, incomplete (asks) or rejected, each with its reasons.
  // Statements: proposal.submitted, proposal.checked, award.decided.
  Result<Proposal> submit(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // Reviewed calls, before the cut-off: a proposal that was sent becomes a draft again. Statement: proposal.recalled.
  Result<Proposal> recall(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  Result<Proposal> withdraw(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // Every check as it comes out now; nothing is kept and nothing decided.
  Result<Checked> checks(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // An officer lets a check pass, for the fact it has now. Statement: eligibility.overridden.
  // Errors: forbidden "own_project", conflict "proposal_state", invalid "rule" (no such check), conflict
  // "check_passes", conflict "not_overridable" (the window of the call, the form: nobody's word changes these),
  // conflict "overridden".
  Result<Override> override_check(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal,
                                  OverrideDraft const& draft);
  // Takes it back. Statement: eligibility.override_ended. Errors: not_found "override", conflict "override_over".
  Result<Override> end_override(db::Tx& tx, identity::Actor const& actor, PublicId const& override_id,
                                std::string const& reason);
  // Those of a proposal, ended ones too, newest first.
  Result<std::vector<Override>> overrides(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // The form with its answers, as the applicants read it. Errors: not_found "form" for a call without one.
  struct FormPage {
    forms::Sheet sheet;
    std::string subject;
    bool draft = false;
  };
  Result<FormPage> form_page(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // The form a version of the call's rules holds, if it has one. There is no authorisation here. Errors: not_found
  // "call".
  Result<std::optional<BoundForm>> form_of(db::Tx& tx, PublicId const& call, std::int64_t version);
  Result<Proposal> proposal(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  Result<std::vector<Proposal>> proposals(db::Tx& tx, identity::Actor const& actor, PublicId const& project);

  Result<std::vector<Award>> awards(db::Tx& tx, identity::Actor const& actor, PublicId const& project);
  Result<std::vector<budget::Entry>> award_statement(db::Tx& tx, identity::Actor const& actor, PublicId const& award);
  // The award a job of this project on this partition draws on now: running, and the one that ends first.
  // Errors: conflict "no_award", naming what to do.
  Result<ChargedTo> charged_to(db::Tx& tx, PublicId const& project, std::string_view partition);

 private:
  friend class Rounds;
  friend class Outcomes;
  friend class Importer;
  friend class Promise;
  struct Loaded;
  Result<store::Rules> rules_of(db::Tx& tx, std::int64_t call, std::int64_t version);
  // The rules of a draft as they are stored: with the form they name from now on.
  Result<store::Rules> rules_from(db::Tx& tx, CallDraft const& draft);
  Result<std::optional<BoundForm>> form_of(db::Tx& tx, store::Rules const& rules);
  Result<> open_steps(db::Tx& tx, store::ProposalRow const& proposal);
  // As its rules stand now, or stood in a version.
  Result<Call> load_call(db::Tx& tx, PublicId const& id, std::optional<std::int64_t> version = {});
  Result<Loaded> load_proposal(db::Tx& tx, identity::Actor const& actor, PublicId const& id,
                               identity::Permission permission);
  Result<Proposal> store_draft(db::Tx& tx, PublicId const& project, PublicId const& id, ProposalDraft const& draft,
                               bool is_new);
  // With what it compared, before any override.
  Result<std::vector<Judged>> judge(db::Tx& tx, store::ProposalRow const& proposal, Call const& call,
                                    Offer const& offer, Stage stage);
  // With the overrides that hold.
  Result<std::vector<Check>> check(db::Tx& tx, store::ProposalRow const& proposal, Call const& call, Offer const& offer,
                                   Stage stage);
  // As its submission would find them, with what its form still lacks.
  Result<std::vector<Check>> draft_checks(db::Tx& tx, store::ProposalRow const& proposal);
  Result<> keep_draft_checks(db::Tx& tx, PublicId const& proposal);
  Result<store::ProposalRow> for_officer(db::Tx& tx, identity::Actor const& actor, PublicId const& proposal);
  // Whether it may be awarded this much of that partition today. Errors: conflict "eligibility", naming rule and
  // remedy.
  Result<> require_eligible(db::Tx& tx, store::ProposalRow const& proposal, std::string_view partition,
                            std::int64_t amount_units);
  Result<> check_round(db::Tx& tx, Loaded const& loaded, Call const& call);
  // `checked`: a proposal whose checks were made in this very transaction.
  Result<> serve_line(db::Tx& tx, Offer const& offer, PublicId const& checked = {});
  // A proposal in line that is not eligible any more leaves it: asked or rejected, with the reason.
  Result<> turn_away(db::Tx& tx, store::ProposalRow const& proposal, std::vector<Check> const& checks);
  Result<> award(db::Tx& tx, PublicId const& proposal, Offer const& offer);
  // The one way to an award: state, account, transfer and statement.
  Result<PublicId> grant(db::Tx& tx, store::ProposalRow const& proposal, store::OfferRow const& offer,
                         std::int64_t amount_units, std::string_view reason, std::string_view actor);

  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
  identity::Identity& identity_;
  projects::Projects& projects_;
  budget::Budget& budget_;
  facts::Store& facts_;
  FormShelf forms_;
};

}  // namespace fabrica::calls
