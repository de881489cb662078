// What time brings: ends of terms that come near or are over, and digests.
#include "calls/reminders.hpp"

#include <fmt/format.h>

#include "calls/evaluated.hpp"
#include "notices/impl/store.hpp"
#include "notices/impl/telling.hpp"
#include "projects/lookup.hpp"
#include "reviews/reminders.hpp"

namespace fabrica::notices {
namespace {

constexpr std::int64_t kOffersMax = 50;  // reminded of in one transaction

constexpr auto kReviewsSoon = "reviews soon";
constexpr auto kReviewsOverdue = "reviews overdue";
constexpr auto kStepsLate = "steps long overdue";
constexpr auto kOffersSoon = "offers soon";

// How far a scan has come.
Result<store::ScanRow> scan_from(db::Tx& tx, std::string_view name) {
  return tx.one<store::ScanRow>(store::kScan, name);
}

}  // namespace

// What ended before is not told.
Result<> Notices::begin_scans(db::Tx& tx, Time now) {
  for (auto const* name : {kReviewsSoon, kReviewsOverdue, kOffersSoon})
    FABRICA_DO(tx.run(store::kScanMove, name, now, ""));
  FABRICA_DO(tx.run(store::kScanMove, kStepsLate, Time{now.us - p_.options.escalate_us}, ""));
  return {};
}

Result<bool> Notices::terms_due(db::Tx& tx) {
  Time const now{p_.clock.now()};
  for (auto const& [name, until] :
       {std::pair{kReviewsSoon, now.us + p_.options.review_soon_us}, {kReviewsOverdue, now.us}}) {
    FABRICA_TRY(auto const from, scan_from(tx, name));
    FABRICA_TRY(auto const due, reviews::rounds_due(tx, from.due_us, Time{until}));
    if (!due.empty()) return true;
  }
  FABRICA_TRY(auto const late_from, scan_from(tx, kStepsLate));
  FABRICA_TRY(auto const late, calls::steps_late(tx, late_from.due_us, Time{now.us - p_.options.escalate_us}));
  if (!late.empty()) return true;
  FABRICA_TRY(auto const from, scan_from(tx, kOffersSoon));
  FABRICA_TRY(auto const offers, calls::steps_due(tx, calls::StepKind::response, from.due_us, from.last,
                                                  Time{now.us + p_.options.offer_soon_us}, 1));
  if (!offers.empty()) return true;
  FABRICA_TRY(auto const digest, tx.maybe<store::DigestRow>(store::kDigestDue, now));
  return digest.has_value();
}

// A term is told once for each time it has: one that is moved is another.
Result<bool> Notices::remind(db::Tx& tx) {
  Time const now{p_.clock.now()};
  FABRICA_DO(remind_reviews(tx, kReviewsSoon, NoticeKind::review_due_soon, Time{now.us + p_.options.review_soon_us}));
  FABRICA_DO(remind_reviews(tx, kReviewsOverdue, NoticeKind::review_overdue, now));
  FABRICA_DO(escalate(tx));
  return remind_offers(tx);
}

Result<> Notices::remind_reviews(db::Tx& tx, std::string const& scan, NoticeKind kind, Time until) {
  FABRICA_TRY(auto const from, scan_from(tx, scan));
  FABRICA_TRY(auto const due, reviews::rounds_due(tx, from.due_us, until));
  for (auto const& one : due) {
    FABRICA_TRY(auto const round, calls::round_of_id(tx, one.round));
    if (round.state != calls::RoundState::evaluating) continue;
    FABRICA_DO(tell_owing(tx, kind, one.round, one.due, fmt::format("due/{}/{}", one.round.text(), one.due.us), ""));
  }
  if (!due.empty()) FABRICA_DO(tx.run(store::kScanMove, scan, due.back().due, ""));
  return {};
}

Result<bool> Notices::remind_offers(db::Tx& tx) {
  Time const now{p_.clock.now()};
  FABRICA_TRY(auto const from, scan_from(tx, kOffersSoon));
  FABRICA_TRY(auto const due, calls::steps_due(tx, calls::StepKind::response, from.due_us, from.last,
                                               Time{now.us + p_.options.offer_soon_us}, kOffersMax));
  for (auto const& one : due) {
    if (one.due <= now) continue;  // the server was down meanwhile: step.overdue tells
    FABRICA_TRY(auto const place, calls::place_of(tx, one.proposal));
    FABRICA_TRY(auto const project, projects::find_project(tx, place.project));
    Telling telling{.kind = NoticeKind::offer_due_soon,
                    .cause = fmt::format("due/{}/{}", one.proposal.text(), one.due.us),
                    .project = place.project.text(),
                    .path = fmt::format("/proposals/{}", one.proposal.text())};
    telling.words = {{"project", quoted(project.title)}, {"call", quoted(place.call_title)}};
    telling.times["due"] = one.due;
    FABRICA_DO(tell_all(tx, telling));
  }
  if (!due.empty()) FABRICA_DO(tx.run(store::kScanMove, kOffersSoon, due.back().due, due.back().proposal.text()));
  return static_cast<std::int64_t>(due.size()) == kOffersMax;
}

// The access office was told by step.overdue; some days later the administrators are.
Result<> Notices::escalate(db::Tx& tx) {
  Time const until{p_.clock.now() - p_.options.escalate_us};
  FABRICA_TRY(auto const from, scan_from(tx, kStepsLate));
  FABRICA_TRY(auto const late, calls::steps_late(tx, from.due_us, until));
  for (auto const& one : late) {
    FABRICA_TRY(auto const text, calls::call_text(tx, one.call));
    FABRICA_TRY(auto const round, calls::round_of_id(tx, one.round));
    Telling telling{.kind = NoticeKind::steps_long_overdue,
                    .cause = fmt::format("late/{}/{}/{}", one.round.text(), db::enum_name(one.step), one.due.us),
                    .path = fmt::format("/calls/{}", one.call.text())};
    telling.words = {{"call", quoted(text.title)},
                     {"round", quoted(round.name)},
                     {"step", std::string{db::enum_name(one.step)}},
                     {"count", counted(one.count, "proposal")}};
    telling.times["due"] = one.due;
    FABRICA_DO(tell_all(tx, telling));
  }
  if (!late.empty()) FABRICA_DO(tx.run(store::kScanMove, kStepsLate, late.back().due, ""));
  return {};
}

Result<bool> Notices::make_digest(db::Tx& tx) {
  Time const now{p_.clock.now()};
  FABRICA_TRY(auto const due, tx.maybe<store::DigestRow>(store::kDigestDue, now));
  if (!due) return false;
  FABRICA_TRY(auto const person, PublicId::parse(due->person));
  FABRICA_TRY(auto const rows, tx.all<store::DigestLineRow>(store::kDigestLines, due->person, now));
  FABRICA_TRY(auto const taken, tx.run(store::kDigestTaken, due->person, now));
  if (!p_.options.mail) return true;  // switched off since: everything is in the list
  std::vector<DigestLine> lines;
  for (auto const& row : rows) lines.push_back({row.subject, row.path});
  auto const text = digest_text(Language::english, p_.options.factory, lines,
                                taken - static_cast<std::int64_t>(lines.size()), p_.options.public_url);
  FABRICA_DO(tx.run(store::kMailInsert, PublicId::make(now.us, p_.random),
                    fmt::format("digest/{}/{}", due->person, due->digest_us.us), "digest", std::optional{person}, "",
                    text.subject, text.body, "/notices", std::optional<Bytes>{}, now));
  if (wake_) tx.after_commit(wake_);
  return true;
}

}  // namespace fabrica::notices
