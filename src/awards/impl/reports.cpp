// The final report: figures from records, words from the lead.
#include <fmt/format.h>

#include "awards/impl/case.hpp"
#include "awards/letters.hpp"
#include "awards/rules.hpp"
#include "base/check.hpp"
#include "budget/figures.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::awards {

using identity::Actor;
using identity::Permission;

namespace {

constexpr std::size_t kDocumentBytesMax = std::size_t{4} << 20;

struct SubmittedBody {
  PublicId award;
  std::int64_t version = 0;
  Ledger ledger{};
  std::string json_sha256;
  std::string html_sha256;
};
BOOST_DESCRIBE_STRUCT(SubmittedBody, (), (award, version, ledger, json_sha256, html_sha256))

struct AnsweredBody {
  PublicId award;
  std::int64_t version = 0;
  std::string note;
};
BOOST_DESCRIBE_STRUCT(AnsweredBody, (), (award, version, note))

bool is_sent(ReportState state) { return state == ReportState::submitted || state == ReportState::accepted; }

Result<> step(store::ReportRow const& row, ReportEvent on) {
  if (next(kReportSteps, row.state, on)) return {};
  return fail(Errc::conflict, "report_state",
              fmt::format("The report is {}: that does not follow.", db::enum_name(row.state)));
}

Result<> changed(std::int64_t rows) {
  if (rows == 1) return {};
  return fail(Errc::conflict, "report_state", "The report changed meanwhile: read it again.");
}

Result<Narrative> narrative_of(store::ReportRow const& row) {
  return json::read<Narrative>(row.narrative, {.bytes = kDocumentBytesMax});
}

}  // namespace

Result<store::ReportRow> Awards::report_row(db::Tx& tx, PublicId const& award) {
  FABRICA_TRY(auto row, tx.maybe<store::ReportRow>(store::kReport, award));
  if (!row) return fail(Errc::not_found, "report", "No report is owed for this award, or it was not taken up yet.");
  return *std::move(row);
}

// Months are those of the award's time, and later ones in which something was still settled.
Result<ReportFigures> Awards::figures(db::Tx& tx, Actor const& actor, Case const& at) {
  FABRICA_TRY(auto const project, p_.projects.get(tx, actor, at.holding.project));
  FABRICA_TRY(auto const organisation, p_.identity.organisation(tx, project.organisation));
  ReportFigures out;
  out.award = at.id();
  out.proposal = at.holding.proposal;
  out.project = project.id;
  out.title = project.title;
  out.organisation = organisation.name;
  out.call = at.holding.call_title;
  out.partition = at.holding.partition;
  out.unit = at.holding.unit;
  out.starts = at.terms.starts_us;
  out.ends = at.terms.ends_us;
  out.ends_first = at.terms.base_ends_us;
  out.acknowledgement = acknowledgement_of(at);
  FABRICA_TRY(out.ledger, ledger(tx, at));
  FABRICA_TRY(out.jobs, p_.jobs.of_award(tx, at.id()));
  FABRICA_TRY(out.energy, p_.jobs.energy(tx, at.id()));
  FABRICA_TRY(out.data_sets, p_.records.data_sets(tx, actor, project.id));
  FABRICA_TRY(out.models, p_.records.released_models(tx, actor, project.id));
  FABRICA_TRY(auto const accounts, budget::accounts_of(tx, at.id().text()));
  auto const now = p_.clock.now();
  for (auto from = month_begin(at.terms.granted_us.us); from <= now; from = add_months(from, 1)) {
    MonthUse month{month_name(from), 0};
    for (auto const& one : accounts) {
      if (one.kind != budget::AccountKind::consumed) continue;
      FABRICA_TRY(auto const flow, budget::net_flow(tx, one.id, from, add_months(from, 1)));
      month.used_micro += flow;
    }
    if (month.used_micro != 0 || from < at.terms.ends_us.us) out.months.push_back(std::move(month));
  }
  return out;
}

Result<Report> Awards::report_of(db::Tx& tx, Actor const& actor, Case const& at, store::ReportRow const& row) {
  Report out;
  out.award = at.id();
  out.state = row.state;
  out.version = row.version;
  out.due = row.due_us;
  out.overdue = row.due_us.us <= p_.clock.now() && !is_sent(row.state);
  out.submitted = row.submitted_us;
  out.note = row.note;
  if (is_sent(row.state)) {
    FABRICA_TRY(auto document, json::read<ReportDocument>(row.document, {.bytes = kDocumentBytesMax}));
    out.figures = std::move(document.figures);
    out.narrative = std::move(document.narrative);
    return out;
  }
  FABRICA_TRY(out.figures, figures(tx, actor, at));
  FABRICA_TRY(out.narrative, narrative_of(row));
  return out;
}

Result<Report> Awards::report(db::Tx& tx, Actor const& actor, PublicId const& award) {
  FABRICA_TRY(auto const at, load(tx, actor, award, Permission::view_project));
  FABRICA_TRY(auto const row, report_row(tx, award));
  return report_of(tx, actor, at, row);
}

Result<Report> Awards::write_report(db::Tx& tx, Actor const& actor, PublicId const& award, Narrative const& narrative) {
  FABRICA_TRY(auto const at, load(tx, actor, award, Permission::lead_project));
  FABRICA_DO(ensure(tx, award));
  FABRICA_TRY(auto const row, report_row(tx, award));
  FABRICA_DO(step(row, ReportEvent::write));
  FABRICA_TRY(auto const rows, tx.run(store::kReportWrite, award, row.state, json::write(narrative)));
  FABRICA_DO(changed(rows));
  FABRICA_TRY(auto const again, report_row(tx, award));
  return report_of(tx, actor, at, again);
}

Result<Report> Awards::submit_report(db::Tx& tx, Actor const& actor, PublicId const& award) {
  FABRICA_DO(load(tx, actor, award, Permission::lead_project));
  FABRICA_DO(ensure(tx, award));
  FABRICA_TRY(auto const at, load(tx, award));
  FABRICA_TRY(auto const row, report_row(tx, award));
  FABRICA_DO(step(row, ReportEvent::submit));
  ReportDocument document;
  document.version = row.version + 1;
  document.made = Time{p_.clock.now()};
  FABRICA_TRY(document.figures, figures(tx, actor, at));
  FABRICA_TRY(document.narrative, narrative_of(row));
  auto const& sums = document.figures.ledger;
  if (sums.held_micro > 0 || document.figures.jobs.open > 0)
    return fail(Errc::conflict, "holds_open", "Jobs of the award are not over: their use belongs into the report.");
  if (at.terms.clock != ClockState::ended && sums.balance_micro > 0)
    return fail(Errc::conflict, "award_running",
                fmt::format("The award ends on {} and has hours left: report when it is over or used up.",
                            format_time(at.terms.ends_us.us)));
  FABRICA_DO(check_complete(document.narrative, sums));
  auto const text = json::write(document);
  auto const html = awards::report_html(document);
  FABRICA_TRY(auto const rows,
              tx.run(store::kReportSubmit, award, row.state, row.version, text, html, actor.person, document.made));
  FABRICA_DO(changed(rows));
  SubmittedBody const body{award, document.version, sums, crypto::sha256(text).hex(), crypto::sha256(html).hex()};
  FABRICA_DO(
      p_.journal.append(tx, in_project(at.holding.project, "report.submitted", actor.person.text(), json::write(body),
                                       {{"report:" + award.text() + ".json", body.json_sha256},
                                        {"report:" + award.text() + ".html", body.html_sha256}})));
  FABRICA_DO(remind(tx, at, "report"));
  FABRICA_TRY(auto const again, report_row(tx, award));
  return report_of(tx, actor, at, again);
}

Result<Report> Awards::answer_report(db::Tx& tx, Actor const& actor, PublicId const& award, bool accepted,
                                     std::string_view note) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const at, load(tx, award));
  FABRICA_DO(not_own(tx, actor, at.holding.project));
  FABRICA_TRY(auto const row, report_row(tx, award));
  auto const on = accepted ? ReportEvent::accept : ReportEvent::send_back;
  FABRICA_DO(step(row, on));
  FABRICA_TRY(auto const rows, tx.run(store::kReportAnswer, award, *next(kReportSteps, row.state, on), note,
                                      actor.person, Time{p_.clock.now()}));
  FABRICA_DO(changed(rows));
  FABRICA_DO(tx.run(store::kTermsNext, award, std::optional{Time{p_.clock.now()}}));
  AnsweredBody const body{award, row.version, std::string{note}};
  FABRICA_DO(p_.journal.append(tx, in_project(at.holding.project, accepted ? "report.accepted" : "report.returned",
                                              actor.person.text(), json::write(body))));
  FABRICA_TRY(auto const again, report_row(tx, award));
  return report_of(tx, actor, at, again);
}

Result<Report> Awards::accept_report(db::Tx& tx, Actor const& actor, PublicId const& award) {
  return answer_report(tx, actor, award, true, "");
}

Result<Report> Awards::return_report(db::Tx& tx, Actor const& actor, PublicId const& award, Reason const& reason) {
  return answer_report(tx, actor, award, false, reason.reason);
}

Result<ReportDocument> Awards::draft_document(db::Tx& tx, Actor const& actor, Case const& at,
                                              store::ReportRow const& row) {
  ReportDocument out;
  out.made = Time{p_.clock.now()};
  FABRICA_TRY(out.figures, figures(tx, actor, at));
  FABRICA_TRY(out.narrative, narrative_of(row));
  return out;
}

Result<std::string> Awards::report_html(db::Tx& tx, Actor const& actor, PublicId const& award) {
  FABRICA_TRY(auto const at, load(tx, actor, award, Permission::view_project));
  FABRICA_TRY(auto const row, report_row(tx, award));
  if (is_sent(row.state)) return row.html;
  FABRICA_TRY(auto const document, draft_document(tx, actor, at, row));
  return awards::report_html(document);
}

Result<std::string> Awards::report_json(db::Tx& tx, Actor const& actor, PublicId const& award) {
  FABRICA_TRY(auto const at, load(tx, actor, award, Permission::view_project));
  FABRICA_TRY(auto const row, report_row(tx, award));
  if (is_sent(row.state)) return row.document;
  FABRICA_TRY(auto const document, draft_document(tx, actor, at, row));
  return json::write(document);
}

}  // namespace fabrica::awards
