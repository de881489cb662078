#include "notices/texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fabrica::notices {
namespace {

using enum NoticeKind;

struct Template {
  NoticeKind kind{};
  std::string_view variant;
  std::string_view subject;
  std::string_view body;
};

constexpr std::array kEnglish{
    Template{
        proposal_received, "", "Received: your proposal for {project}",
        "Your proposal for {project} in the call {call} was received on {at}.\n\nIts number is {proposal}. You can "
        "follow it there, and call it back as long as the round takes proposals."},
    Template{proposal_incomplete, "", "Something is missing in your proposal for {project}",
             "Your proposal for {project} in the call {call} is not complete yet. What is missing, and how to mend it, "
             "stands "
             "beside each answer. Complete it and send it again."},
    Template{proposal_recalled, "", "Called back: your proposal for {project}",
             "The proposal for {project} in the call {call} was called back. It is a draft again: send it before the "
             "cut-off if it is to take part."},
    Template{proposal_withdrawn, "", "Withdrawn: your proposal for {project}",
             "The proposal for {project} in the call {call} was withdrawn."},
    Template{draft_moved, "", "Your draft for {project} moved to the next round",
             "The cut-off of the call {call} passed before the proposal for {project} was sent. The draft is kept and "
             "is now in "
             "the round {round}: send it before that cut-off."},
    Template{draft_ended, "", "Your draft for {project} was not sent in time",
             "The last cut-off of the call {call} passed before the proposal for {project} was sent, and no later "
             "round takes "
             "it. What you wrote is kept and can be copied into a proposal for another call."},
    Template{evaluation_begun, "", "The evaluation of your proposal for {project} has begun",
             "The cut-off has passed and the proposal for {project} in the call {call}, round {round}, is being "
             "evaluated. You "
             "hear of the result when the round is published."},
    Template{
        rebuttal_opened, "", "You may answer the reviewers' comments on {project}",
        "The reviewers' comments on the proposal for {project} in the call {call} are open to you. You may answer them "
        "once, until {due}."},
    Template{decision_made, "offered", "Decision on {project}: hours are offered to you",
             "Your proposal for {project} in the call {call} was successful: {amount} on {partition} are offered to "
             "you.\n\nPlease accept or decline by {due}. Until you accept, the hours are held for you and cannot be "
             "used.\n\nThe letter with the reasons is with the proposal."},
    Template{decision_made, "awarded", "Decision on {project}: hours are awarded to you",
             "Your proposal for {project} in the call {call} was successful: {amount} on {partition} are awarded to "
             "you.\n\nThe reasons are with the proposal."},
    Template{
        decision_made, "reserve", "Decision on {project}: you are on the reserve list",
        "Your proposal for {project} in the call {call} passed the evaluation, but the hours did not reach it. It is "
        "on the "
        "reserve list: should hours come free, you hear from us.\n\nThe letter with the reasons is with the proposal."},
    Template{decision_made, "rejected", "Decision on {project}",
             "Your proposal for {project} in the call {call} was not successful.\n\nThe reasons, and what you can do "
             "against the "
             "decision and until when, are with the proposal."},
    Template{award_made, "", "Your award for {project}: {amount} on {partition}",
             "The hours awarded to {project} in the call {call} are in its account: {amount} on {partition}, from "
             "{starts} until "
             "{ends}."},
    Template{
        offer_due_soon, "", "Please answer the offer for {project} by {due}",
        "Hours were offered to {project} in the call {call}. Please accept or decline by {due}: others are waiting "
        "for hours that you do not need."},
    Template{offer_overdue, "", "The time to answer the offer for {project} is over",
             "The offer of hours to {project} in the call {call} was to be answered by {due}. It still stands: please "
             "answer "
             "now. The access office may end it and give the hours to the next in line."},
    Template{offer_ended, "", "The offer for {project} was ended",
             "The access office has ended the offer of hours to {project} in the call {call}, because its time was "
             "over.\n\nThe "
             "reason given:\n\n{reason}"},
    Template{
        appeal_received, "", "Your appeal for {project} was received",
        "The appeal against the decision on {project} in the call {call} was received. You hear when it is ruled on."},
    Template{appeal_ruled, "upheld", "Your appeal for {project} was upheld",
             "The appeal against the decision on {project} in the call {call} was upheld: the proposal is evaluated "
             "again.\n\nThe reason given:\n\n{reason}"},
    Template{appeal_ruled, "dismissed", "Your appeal for {project} was dismissed",
             "The appeal against the decision on {project} in the call {call} was dismissed: the decision "
             "stands.\n\nThe reason "
             "given:\n\n{reason}"},
    Template{proposal_reopened, "", "Your proposal for {project} is evaluated again",
             "The proposal for {project} in the call {call} was reopened and is evaluated again. You hear of the new "
             "decision.\n\nThe reason given:\n\n{reason}"},
    Template{award_begun, "", "The time of your award for {project} runs",
             "The time of the award of {project} runs from {starts} until {ends}. Hours that are not used by then end "
             "with it."},
    Template{award_unused, "behind", "{project} uses its hours slower than its time",
             "The award of {project} has used less than its share of the time would "
             "be.\n\n{reason}\n\n{forecast}\n\nIf something is "
             "in the way, tell the access office; hours that you do not need can be given back."},
    Template{award_unused, "idle", "Hours of {project} lie idle",
             "No job of {project} has run for a while and most of its hours are left.\n\n{reason}\n\n{forecast}\n\nIf "
             "something is in "
             "the way, tell the access office; hours that you do not need can be given back: others wait for them."},
    Template{award_ended, "", "The award for {project} has ended",
             "The award of {project} has ended. If a report is owed, a draft made of the ledger waits for you, to be "
             "sent by "
             "{report_due}."},
    Template{award_ended, "no report", "The award for {project} has ended", "The award of {project} has ended."},
    Template{request_decided, "granted", "Your request for {project} was granted",
             "The request ({what}) for the award of {project} was granted. The letter is with the award.\n\nThe reason "
             "given:\n\n{reason}"},
    Template{request_decided, "refused", "Your request for {project} was refused",
             "The request ({what}) for the award of {project} was refused. The letter is with the award.\n\nThe reason "
             "given:\n\n{reason}"},
    Template{report_overdue, "", "The report on {project} is overdue",
             "The final report on the award of {project} was due on {due}. A draft made of the ledger waits for you."},
    Template{report_returned, "", "The report on {project} came back to you",
             "The access office has returned the final report on the award of {project}.\n\n{note}"},
    Template{report_accepted, "", "The report on {project} was accepted",
             "The final report on the award of {project} was accepted.\n\n{note}"},
    Template{acknowledgement_due, "", "Please acknowledge the hours of {project}",
             "Publications that rest on the award of {project} acknowledge it in these words:\n\n{acknowledgement}"},
    Template{job_ended, "", "Job ended in {project}", "A job of {project} has ended: {job}."},
    Template{job_failed, "", "Job failed in {project}", "A job of {project} has failed: {job}.\n\n{reason}"},
    Template{dossier_ready, "", "The dossier of {project} is issued",
             "A dossier of {project} was issued. It can be fetched and verified offline."},
    Template{review_invitation, "", "Invitation to review for {call}",
             "You are invited to review proposals of the call {call}. Please accept or decline by {due}."},
    Template{review_invitation, "token", "Invitation to review for {call}",
             "You are invited to review proposals of the call {call}. Please accept or decline by {due}.\n\nTo answer, "
             "log in and "
             "use this code, which is yours alone and works once:\n\n    {token}"},
    Template{invitation_closed, "", "An invitation to review is no longer open",
             "The invitation to review proposals of the call {call} is no longer open: it was withdrawn or its time is "
             "over."},
    Template{review_assigned, "", "You are asked to review {count} of {call}",
             "You are asked to review {count} of the call {call}, by {due}. Please say for each whether you can: a "
             "refusal today "
             "finds somebody else in time."},
    Template{review_due_moved, "", "New date for your reviews of {call}: {due}",
             "Your reviews of the call {call} are now due by {due}.\n\n{reason}"},
    Template{review_due_soon, "", "Reviews of {call} are due by {due}",
             "Of your reviews of the call {call}, {count} are not sent yet. They are due by {due}."},
    Template{
        review_overdue, "", "Reviews of {call} are overdue",
        "Of your reviews of the call {call}, {count} are not sent and were due by {due}. Please send them, or tell the "
        "access office that you cannot."},
    Template{
        assignment_taken_off, "", "A review of {call} was taken off your list",
        "You are no longer asked to review one of the proposals of the call {call}, because of a possible conflict of "
        "interest. There is nothing you have to do."},
    Template{appeal_filed, "", "Appeal filed in {call}",
             "An appeal was filed against a decision in the call {call} (proposal {proposal})."},
    Template{offer_answered, "", "Offer answered in {call}: {outcome}",
             "The offer to proposal {proposal} in the call {call} was answered: {outcome}.\n\n{reason}"},
    Template{invitation_answered, "", "Reviewer invitation answered in {call}: {outcome}",
             "An invitation to review for the call {call} was answered: {outcome}."},
    Template{assignment_declined, "", "A reviewer cannot review in {call}",
             "A reviewer of the call {call}, round {round}, cannot do a review they were asked for. The assignment was "
             "solved "
             "again; see whether reviewers are missing."},
    Template{round_cut_off, "", "Cut-off passed: {call}, round {round}",
             "The cut-off of the call {call}, round {round}, has passed: {evaluated} to be evaluated, {drafts_moved} "
             "moved on "
             "as drafts, {drafts_ended} ended as drafts."},
    Template{
        round_published, "", "Published: {call}, round {round}",
        "The round {round} of the call {call} is published: {awarded} awarded or offered, {reserve} on the reserve "
        "list, {rejected} rejected."},
    Template{step_overdue, "", "Overdue in {call}: step {step}",
             "The step {step} of proposal {proposal} in the call {call} was due by {due}. It waits for a person: "
             "nothing passes by "
             "itself."},
    Template{steps_long_overdue, "", "Long overdue in {call}: step {step}",
             "{count} of the call {call}, round {round}: the step {step} was due by {due}. The access office was told "
             "then."},
    Template{reviews_overdue, "", "Reviews overdue in {call}",
             "Reviews of the call {call}, round {round}, were due by {due}: {count} are not sent. The reviewers were "
             "reminded."},
    Template{capacity_changed, "", "Capacity changed in {call}",
             "The capacity of an offer of the call {call} was changed from {from_units} to {to_units}."},
    Template{request_made, "", "Request for an award of {project}",
             "A request ({what}) was made for the award of {project}.\n\nThe reason given:\n\n{reason}"},
    Template{report_received, "", "Report received: {project}", "The final report on the award of {project} was sent."},
    Template{hook_disabled, "", "A web hook was switched off",
             "The web hook to {url} was switched off: {reason} Mend it there and switch it on again; what was to be "
             "sent meanwhile is "
             "listed among the deliveries that were given up."},
};

struct AboutRow {
  NoticeKind kind{};
  std::string_view text;
};
constexpr std::array kAboutEnglish{
    AboutRow{proposal_received, "A proposal of your project was received"},
    AboutRow{proposal_incomplete, "A proposal of your project lacks something"},
    AboutRow{proposal_recalled, "A proposal of your project was called back"},
    AboutRow{proposal_withdrawn, "A proposal of your project was withdrawn"},
    AboutRow{draft_moved, "A draft moved to the next round"},
    AboutRow{draft_ended, "A draft was not sent before the last cut-off"},
    AboutRow{evaluation_begun, "The evaluation of a proposal has begun"},
    AboutRow{rebuttal_opened, "Reviewers' comments may be answered"},
    AboutRow{decision_made, "The decision on a proposal"},
    AboutRow{award_made, "Hours came into a project's account"},
    AboutRow{offer_due_soon, "An offer is to be answered soon"},
    AboutRow{offer_overdue, "An offer was not answered in time"},
    AboutRow{offer_ended, "An offer was ended by the access office"},
    AboutRow{appeal_received, "An appeal of your project was received"},
    AboutRow{appeal_ruled, "The ruling on an appeal"},
    AboutRow{proposal_reopened, "A proposal is evaluated again"},
    AboutRow{award_begun, "The time of an award has begun"},
    AboutRow{award_unused, "Hours of an award are not used"},
    AboutRow{award_ended, "An award has ended"},
    AboutRow{request_decided, "The decision on a request for an award"},
    AboutRow{report_overdue, "A report is overdue"},
    AboutRow{report_returned, "A report came back"},
    AboutRow{report_accepted, "A report was accepted"},
    AboutRow{acknowledgement_due, "How to acknowledge an award"},
    AboutRow{job_ended, "Jobs that ended"},
    AboutRow{job_failed, "Jobs that failed"},
    AboutRow{dossier_ready, "A dossier was issued"},
    AboutRow{review_invitation, "You are invited to review"},
    AboutRow{invitation_closed, "An invitation to you is no longer open"},
    AboutRow{review_assigned, "You are asked for reviews"},
    AboutRow{review_due_moved, "The date of your reviews was moved"},
    AboutRow{review_due_soon, "Your reviews are due soon"},
    AboutRow{review_overdue, "Your reviews are overdue"},
    AboutRow{assignment_taken_off, "A review was taken off your list"},
    AboutRow{appeal_filed, "An appeal was filed"},
    AboutRow{offer_answered, "An applicant answered an offer"},
    AboutRow{invitation_answered, "A reviewer answered an invitation"},
    AboutRow{assignment_declined, "A reviewer cannot do a review"},
    AboutRow{round_cut_off, "A round's cut-off has passed"},
    AboutRow{round_published, "A round was published"},
    AboutRow{step_overdue, "A step of an evaluation is overdue"},
    AboutRow{steps_long_overdue, "Steps of an evaluation are long overdue"},
    AboutRow{reviews_overdue, "Reviews of a round are overdue"},
    AboutRow{capacity_changed, "The capacity of an offer was changed"},
    AboutRow{request_made, "A request for an award was made"},
    AboutRow{report_received, "A report was sent"},
    AboutRow{hook_disabled, "A web hook was switched off"},
};
constexpr bool about_in_order() {
  for (std::size_t place = 0; place < kAboutEnglish.size(); ++place)
    if (static_cast<std::size_t>(kAboutEnglish[place].kind) != place) return false;
  return kAboutEnglish.size() == static_cast<std::size_t>(hook_disabled) + 1;
}
static_assert(about_in_order());

Template const& template_of(Language, NoticeKind kind, std::string_view variant) {
  Template const* plain = nullptr;
  for (auto const& one : kEnglish) {
    if (one.kind != kind) continue;
    if (one.variant == variant) return one;
    if (one.variant.empty() || plain == nullptr) plain = &one;
  }
  return *plain;  // every kind has a template: texts_test.cpp looks
}

// Fills the braces. What is put in is never read for braces again.
std::string filled(std::string_view text, Words const& words) {
  std::string out;
  while (!text.empty()) {
    auto const open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    auto const close = text.find('}', open);
    auto const word = words.find(text.substr(open + 1, close - open - 1));
    if (word != words.end()) out += word->second;
    text.remove_prefix(close + 1);
  }
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

// The code point at `at`, which moves on; text is UTF-8 that was checked when it came in, what is not becomes U+FFFD.
char32_t next_code_point(std::string_view text, std::size_t& at) {
  auto const lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  int const more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : -1;
  if (more < 0) return 0xFFFD;
  char32_t code = lead & (0x3F >> more);
  for (int n = 0; n < more; ++n) {
    if (at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) return 0xFFFD;
    code = code << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
  }
  return code;
}

bool is_direction_mark(char32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F ||
         code == 0x061C;
}
// Hebrew, Arabic and the other scripts that run right to left, by block.
bool may_run_right_to_left(char32_t code) {
  return (code >= 0x0590 && code <= 0x08FF) || (code >= 0xFB1D && code <= 0xFEFF) ||
         (code >= 0x10800 && code <= 0x10FFF) || (code >= 0x1E800 && code <= 0x1EFFF);
}

std::string cleaned(std::string_view text, std::size_t most, bool keep_lines) {
  std::string out;
  std::size_t count = 0;
  bool isolate = false;
  bool space = false;
  for (std::size_t at = 0; at < text.size();) {
    auto const begin = at;
    auto const code = next_code_point(text, at);
    if (is_direction_mark(code)) continue;
    bool const line = code == '\n' || code == 0x2028 || code == 0x2029;
    if (line && keep_lines) {
      out += '\n';
      space = false;
      continue;
    }
    if (code < 0x20 || code == 0x7F || (code >= 0x80 && code < 0xA0) || line || code == ' ') {
      space = !out.empty() && out.back() != '\n';
      continue;
    }
    if (count++ == most) return (isolate ? "\u2068" + out + "…\u2069" : out + "…");
    if (std::exchange(space, false)) out += ' ';
    isolate = isolate || may_run_right_to_left(code);
    if (code == 0xFFFD) out += "\uFFFD";
    else out += text.substr(begin, at - begin);
  }
  return isolate ? "\u2068" + out + "\u2069" : out;
}

}  // namespace

Text text_of(Language language, NoticeKind kind, std::string_view variant, Words const& words) {
  auto const& found = template_of(language, kind, variant);
  return {filled(found.subject, words), filled(found.body, words)};  // the words were cleaned one by one
}

std::string about(Language, NoticeKind kind) { return std::string{kAboutEnglish[static_cast<std::size_t>(kind)].text}; }

Text digest_text(Language, std::string_view factory, std::vector<DigestLine> const& lines, std::int64_t more,
                 std::string_view public_url) {
  auto const count = static_cast<std::int64_t>(lines.size()) + more;
  Text out{fmt::format("{} {} from {}", count, count == 1 ? "notice" : "notices", quoted(factory)), {}};
  for (auto const& line : lines) {
    out.body += fmt::format("- {}\n", line.subject);
    if (!public_url.empty() && !line.path.empty()) out.body += fmt::format("  {}{}\n", public_url, line.path);
  }
  if (more > 0) out.body += fmt::format("\nAnd {} more in your list of notices.\n", more);
  while (!out.body.empty() && out.body.back() == '\n') out.body.pop_back();
  return out;
}

std::string footer(Language, Footer const& footer) {
  std::string out;
  if (!footer.url.empty()) out += fmt::format("\n\n{}", footer.url);
  out += fmt::format("\n\n-- \n{}\n", quoted(footer.factory));
  if (footer.decision) out += "Decisions are always sent by mail.\n";
  if (!footer.preferences.empty()) out += fmt::format("What you want to hear, and how: {}\n", footer.preferences);
  if (!footer.unsubscribe.empty()) out += fmt::format("No more mail of this kind: {}\n", footer.unsubscribe);
  return out;
}

std::string quoted(std::string_view text, std::size_t most) { return cleaned(text, most, false); }
std::string paragraph(std::string_view text, std::size_t most) { return cleaned(text, most, true); }

}  // namespace fabrica::notices
