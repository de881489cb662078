#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "awards/ports.hpp"
#include "awards/types.hpp"
#include "base/random.hpp"
#include "calls/outcomes.hpp"
#include "journal/journal.hpp"
#include "projects/service.hpp"

namespace fabrica::awards {

namespace store {
struct TermsRow;
struct PeriodRow;
struct RequestRow;
struct ReportRow;
}  // namespace store
struct RequestFacts;
struct ReportDocument;

// What the service stands on; everything outlives it.
struct Parts {
  Clock const& clock;
  Random& random;
  journal::Journal& journal;
  identity::Identity& identity;
  projects::Projects& projects;
  budget::Budget& budget;
  calls::Calls& calls;
  calls::Outcomes& outcomes;
  JobRecords& jobs;
  ProjectRecords& records;
  FreedHours& freed;
};

// Awards after they were decided: their clock, periods, warnings, requests and reports.
class Awards {
 public:
  explicit Awards(Parts parts) : p_{parts} {}

  // Officers. For awards opened from now on. Statement: award.rules_set. Errors: those of check(AwardRules).
  Result<AwardRules> set_rules(db::Tx& tx, identity::Actor const& actor, PublicId const& call, AwardRules const& rules);
  // What an award of this call would be opened with: declared, else the template of the call's access mode, else ours.
  Result<AwardRules> rules(db::Tx& tx, identity::Actor const& actor, PublicId const& call);

  // Errors: not_found "award"; forbidden as authorise() says.
  Result<AwardLife> award(db::Tx& tx, identity::Actor const& actor, PublicId const& award);
  // A member or an operator. The time begins now. Statement: award.clock_started. Errors: conflict "clock_running".
  Result<AwardLife> confirm_access(db::Tx& tx, identity::Actor const& actor, PublicId const& award);
  // Officers, while there is one period. Statement: award.split. Errors: invalid "periods", over_budget "balance".
  Result<AwardLife> split(db::Tx& tx, identity::Actor const& actor, PublicId const& award, SplitDraft const& draft);
  // Awards with a warning, those that end first first; officers see all, others those of their projects.
  Result<std::vector<Watched>> watched(db::Tx& tx, identity::Actor const& actor, PublicId const& after,
                                       std::int64_t limit);

  // Lead. Statement: award_request.made. Errors: invalid "request", conflict "request_rules" (each rule that fails,
  // with its remedy), conflict "request_open".
  Result<Request> ask(db::Tx& tx, identity::Actor const& actor, PublicId const& award, RequestDraft const& draft);
  Result<Request> withdraw(db::Tx& tx, identity::Actor const& actor, PublicId const& request);
  // Officers who have no part in the project and did not ask themselves. The effects, the letter and the statement
  // award_request.decided are one transaction. Errors: forbidden "own_project", "own_request", conflict
  // "request_state", conflict "request_rules".
  Result<Request> grant(db::Tx& tx, identity::Actor const& actor, PublicId const& request, GrantDraft const& draft);
  Result<Request> refuse(db::Tx& tx, identity::Actor const& actor, PublicId const& request, Reason const& reason);
  Result<Request> request(db::Tx& tx, identity::Actor const& actor, PublicId const& request);
  Result<std::vector<Request>> requests(db::Tx& tx, identity::Actor const& actor, PublicId const& award);
  // Officers: what waits for a decision, oldest first.
  Result<std::vector<Request>> open_requests(db::Tx& tx, identity::Actor const& actor, PublicId const& after,
                                             std::int64_t limit);
  // Errors: not_found "letter" before it is decided.
  Result<std::string> letter_html(db::Tx& tx, identity::Actor const& actor, PublicId const& request);

  // Figures are those of now until it is sent. Errors: not_found "report" for an award that owes none.
  Result<Report> report(db::Tx& tx, identity::Actor const& actor, PublicId const& award);
  Result<Report> write_report(db::Tx& tx, identity::Actor const& actor, PublicId const& award,
                              Narrative const& narrative);
  // Lead, once the award has ended or is used up and no job holds anything. Statement: report.submitted with the
  // digests of both documents. Errors: conflict "award_running", "holds_open", invalid "report" with what is missing.
  Result<Report> submit_report(db::Tx& tx, identity::Actor const& actor, PublicId const& award);
  // Officers who have no part in the project. Statements: report.accepted, report.returned.
  Result<Report> accept_report(db::Tx& tx, identity::Actor const& actor, PublicId const& award);
  Result<Report> return_report(db::Tx& tx, identity::Actor const& actor, PublicId const& award, Reason const& reason);
  // As sent, byte by byte; before that as it would be.
  Result<std::string> report_html(db::Tx& tx, identity::Actor const& actor, PublicId const& award);
  Result<std::string> report_json(db::Tx& tx, identity::Actor const& actor, PublicId const& award);

  // One thing that time brings: an award is taken up, a clock starts, a period turns, a warning, an end, an alarm.
  // Whether there may be more to do at once.
  Result<bool> turn(db::Tx& tx);
  // The award a job is charged to; awards that nobody took up yet are taken up first. Errors: those of
  // calls::Calls::charged_to.
  Result<calls::ChargedTo> charged_to(db::Tx& tx, PublicId const& project, std::string_view partition);

  // What somebody would leave behind: projects that have no other lead and a running award or an open proposal, each as
  // a sentence that says what to do.
  Result<std::vector<std::string>> obligations(db::Tx& tx, PublicId const& person);

 private:
  // Loaded with the permission asked for; taken up where nobody had.
  struct Case;
  Result<Case> load(db::Tx& tx, PublicId const& award);
  Result<Case> load(db::Tx& tx, identity::Actor const& actor, PublicId const& award, identity::Permission permission);
  Result<AwardRules> rules_for(db::Tx& tx, PublicId const& call, std::optional<std::string> const& access_mode);
  Result<store::TermsRow> terms_for(db::Tx& tx, calls::Holding const& holding);
  Result<> take_up(db::Tx& tx, PublicId const& award);
  Result<> ensure(db::Tx& tx, PublicId const& award);
  Result<> open_periods(db::Tx& tx, calls::Holding const& holding, store::TermsRow const& terms,
                        std::vector<std::pair<std::int64_t, std::int64_t>> const& plan);
  Result<Ledger> ledger(db::Tx& tx, Case const& at);
  Result<std::vector<Period>> periods(db::Tx& tx, Case const& at);
  Result<Standing> standing(db::Tx& tx, Case const& at);
  Result<AwardLife> life(db::Tx& tx, Case const& at);
  std::string acknowledgement_of(Case const& at) const;

  Result<bool> look(db::Tx& tx, Case const& at);
  Result<bool> look_at_clock(db::Tx& tx, Case const& at);
  Result<bool> look_at_periods(db::Tx& tx, Case const& at);
  Result<bool> look_at_end(db::Tx& tx, Case const& at);
  Result<bool> look_at_use(db::Tx& tx, Case const& at);
  Result<bool> look_at_report(db::Tx& tx, Case const& at);
  Result<> look_again(db::Tx& tx, Case const& at);
  Result<> start_clock(db::Tx& tx, Case const& at, Micros starts, std::string_view cause, std::string_view actor);
  Result<bool> sweep(db::Tx& tx, Case const& at, store::PeriodRow const& period);
  Result<> give_to_capacity(db::Tx& tx, Case const& at, std::string client_id, budget::AccountId from,
                            std::int64_t micro, std::string_view why, std::string_view reference);
  Result<> hours_freed(db::Tx& tx, calls::Holding const& holding, std::string_view why);
  Result<> remind(db::Tx& tx, Case const& at, std::string_view occasion);

  struct Asked;
  Result<Asked> load_request(db::Tx& tx, PublicId const& request);
  Result<> not_own(db::Tx& tx, identity::Actor const& actor, PublicId const& project) const;
  Result<> may_decide(db::Tx& tx, identity::Actor const& actor, Asked const& asked) const;
  Result<RequestFacts> facts_of(db::Tx& tx, Case const& at, std::optional<PublicId> const& to_award);
  Result<Request> decide(db::Tx& tx, identity::Actor const& actor, Asked const& asked, bool granted,
                         GrantDraft const& grant, std::vector<calls::Check> const& checks);
  Result<> carry_out(db::Tx& tx, Asked const& asked, GrantDraft const& grant);
  Result<> change_amount(db::Tx& tx, Case const& at, std::int64_t micro, std::int64_t more_micro);
  Result<> extend(db::Tx& tx, Case const& at, Micros by);
  Result<> transfer(db::Tx& tx, Asked const& asked, std::int64_t micro, std::int64_t factor_millionths);

  Result<store::ReportRow> report_row(db::Tx& tx, PublicId const& award);
  Result<ReportFigures> figures(db::Tx& tx, identity::Actor const& actor, Case const& at);
  Result<Report> report_of(db::Tx& tx, identity::Actor const& actor, Case const& at, store::ReportRow const& row);
  Result<ReportDocument> draft_document(db::Tx& tx, identity::Actor const& actor, Case const& at,
                                        store::ReportRow const& row);
  Result<Report> answer_report(db::Tx& tx, identity::Actor const& actor, PublicId const& award, bool accepted,
                               std::string_view note);

  Parts p_;
};

}  // namespace fabrica::awards
