// Statements, in the order of the log, become notices.
#include <fmt/format.h>

#include <algorithm>

#include "calls/evaluated.hpp"
#include "calls/reminders.hpp"
#include "notices/impl/store.hpp"
#include "notices/impl/telling.hpp"
#include "projects/lookup.hpp"
#include "reviews/reminders.hpp"

namespace fabrica::notices {
namespace {

constexpr std::int64_t kStatementsMax = 20;  // in one transaction

std::optional<PublicId> id_in(json::Value body, std::string_view name) {
  auto const text = body.find(name).text();
  if (!text) return {};
  auto id = PublicId::parse(*text);
  return id ? std::optional{*std::move(id)} : std::nullopt;
}

bool applies(StatementRule const& rule, json::Value body) {
  if (rule.pointer.empty()) return true;
  auto const value = body.at(rule.pointer);
  if (auto const flag = value.boolean()) return (*flag ? "true" : "false") == rule.value;
  return value.text() == rule.value;
}

// Members of the body that a template may name as they are. Times are those with these names.
void take_words(Words& words, std::map<std::string, Time>& times, json::Value body) {
  constexpr std::array<std::string_view, 5> kTimes{"due", "starts", "ends", "answer_by", "report_due"};
  for (std::size_t place = 0; place < body.size(); ++place) {
    auto const member = body[place];
    std::string const name{member.key()};
    if (member.kind() == json::Kind::number) words[name] = member.digits();
    auto const text = member.text();
    if (!text) continue;
    auto const time = parse_time(*text);
    if (time && std::ranges::find(kTimes, name) != kTimes.end()) times[name] = Time{*time};
    else
      words[name] = name == "reason" || name == "note" || name == "forecast" ? paragraph(*text) : quoted(*text, 1000);
  }
}

// "extend time" of "extend_time".
std::string spaced(std::string_view name) {
  std::string out{name};
  std::ranges::replace(out, '_', ' ');
  return out;
}

bool passed_over(Error const& error) { return error.code == Errc::not_found || error.code == Errc::invalid; }

}  // namespace

struct Notices::Seen {
  std::optional<store::StateRow> state = {};
  std::vector<journal::Kept> statements = {};
  bool terms = false;  // one has come near, is over, or is a digest's
};

Result<bool> Notices::turn(db::Database& database) {
  FABRICA_TRY(auto const seen, database.read([&](db::Tx& tx) { return look(tx); }));
  if (!seen.state) return database.write([&](db::Tx& tx) { return begin(tx); });
  if (!seen.statements.empty()) {
    return database.write([&](db::Tx& tx) { return follow(tx, seen); });
  }
  if (!seen.terms) return false;
  return database.write([&](db::Tx& tx) -> Result<bool> {
    FABRICA_TRY(bool const more, remind(tx));
    if (more) return true;
    return make_digest(tx);
  });
}

Result<Notices::Seen> Notices::look(db::Tx& tx) {
  Seen out;
  FABRICA_TRY(out.state, tx.maybe<store::StateRow>(store::kState));
  if (!out.state) return out;
  FABRICA_TRY(out.statements, p_.journal.sequenced(tx, out.state->position, kStatementsMax));
  if (out.statements.empty()) {
    FABRICA_TRY(out.terms, terms_due(tx));
  }
  return out;
}

Result<bool> Notices::begin(db::Tx& tx) {
  FABRICA_TRY(auto const position, p_.journal.sequenced_to(tx));
  Time const now{p_.clock.now()};
  FABRICA_DO(tx.run(store::kStateBegin, position, now));
  FABRICA_DO(begin_scans(tx, now));
  return true;
}

// The position guards it: what was read is told by one transaction or by none.
Result<bool> Notices::follow(db::Tx& tx, Seen const& seen) {
  for (auto const& one : seen.statements)
    if (one.recorded_us >= seen.state->begins_us) FABRICA_DO(take(tx, one));
  FABRICA_TRY(auto const moved, tx.run(store::kStateMove, seen.state->position, *seen.statements.back().log_index + 1));
  if (moved != 1) return fail(Errc::conflict, "notices_moved", "Another server reads this journal.");
  return true;
}

// A statement that cannot be told (what it names is gone, its text was erased) is passed over: those behind it wait.
Result<> Notices::take(db::Tx& tx, journal::Kept const& statement) {
  auto const rules = rules_for(statement.kind);
  if (rules.empty() || !statement.body) return {};
  auto const document = json::Document::parse(*statement.body, {.bytes = 16u << 20});
  if (!document) return {};
  auto const body = document->at("/predicate/body");
  for (auto const* rule : rules) {
    if (!applies(*rule, body)) continue;
    auto const done = take_as(tx, statement, *rule, body);
    if (done) continue;
    if (!passed_over(done.error())) return done;
    p_.log.warning(
        "notices.passed_over",
        {{"statement", statement.public_id.text()}, {"kind", statement.kind}, {"reason", done.error().reason}});
  }
  return {};
}

Result<> Notices::take_as(db::Tx& tx, journal::Kept const& statement, StatementRule const& rule, json::Value body) {
  Telling telling{.kind = rule.kind, .cause = statement.public_id.text()};
  if (statement.chain != journal::kFactoryChain) telling.project = statement.chain;
  if (rule.kind == NoticeKind::review_assigned) {
    auto const round = id_in(body, "round");
    return round ? tell_asked(tx, *round) : Result<>{};
  }
  if (rule.kind == NoticeKind::review_due_moved) {
    auto const round = id_in(body, "round");
    auto const due = parse_time(body.find("due").text().value_or(""));
    if (!round || !due) return {};
    return tell_owing(tx, rule.kind, *round, Time{*due}, telling.cause,
                      paragraph(body.find("reason").text().value_or("")));
  }
  if (rule.kind == NoticeKind::assignment_taken_off) return tell_taken_off(tx, statement, body);
  FABRICA_DO(fill(tx, telling, statement, body));
  FABRICA_DO(tell_hooks(tx, telling, statement, body));
  return tell_all(tx, telling);
}

Result<> Notices::fill(db::Tx& tx, Telling& telling, journal::Kept const& statement, json::Value body) {
  take_words(telling.words, telling.times, body);
  telling.times["at"] = statement.recorded_us;
  if (auto const answer_by = telling.times.find("answer_by"); answer_by != telling.times.end())
    telling.times["due"] = answer_by->second;
  if (auto const units = body.find("amount_units").integer())
    if (auto const unit = body.find("unit").text()) telling.words["amount"] = amount_of(*units, *unit);
  telling.variant = body.find("state").text().value_or("");
  telling.words["outcome"] = telling.variant;
  telling.operators_too = telling.kind == NoticeKind::step_overdue && body.find("step").text() == "technical";
  if (auto const reply = body.find("reply").text())
    telling.words["outcome"] = *reply == "accept" ? "accepted" : "declined";
  if (auto const level = body.find("level").text()) telling.variant = *level;
  if (auto const what = body.find("kind").text()) telling.words["what"] = spaced(*what);
  if (telling.kind == NoticeKind::award_ended && !telling.times.contains("report_due")) telling.variant = "no report";
  if (auto const person = id_in(body, "person")) telling.persons.push_back(*person);

  if (auto const project = PublicId::parse(telling.project)) {
    FABRICA_TRY(auto const found, projects::find_project(tx, *project));
    telling.words["project"] = quoted(found.title);
    telling.path = fmt::format("/projects/{}", project->text());
  }
  if (auto const award = id_in(body, "award")) telling.path = fmt::format("/awards/{}", award->text());
  if (auto const job = id_in(body, "job")) telling.path = fmt::format("/jobs/{}", job->text());
  if (auto const proposal = id_in(body, "proposal")) return fill_proposal(tx, telling, *proposal, body);
  return fill_call(tx, telling, body);
}

Result<> Notices::fill_proposal(db::Tx& tx, Telling& telling, PublicId const& proposal, json::Value body) {
  FABRICA_TRY(auto const place, calls::place_of(tx, proposal));
  telling.words["call"] = quoted(place.call_title);
  telling.words["round"] = quoted(place.round_name);
  telling.path = fmt::format("/proposals/{}", proposal.text());
  if (telling.project.empty() && rule_of(telling.kind).audience == Audience::project) {
    telling.project = place.project.text();
    FABRICA_TRY(auto const project, projects::find_project(tx, place.project));
    telling.words["project"] = quoted(project.title);
  }
  // What is awarded in order of arrival has no other letter.
  if (telling.kind == NoticeKind::award_made && place.kind == calls::CallKind::first_come) {
    telling.kind = NoticeKind::decision_made;
    telling.variant = "awarded";
  }
  auto const partition = body.find("partition").text();
  auto const units = body.find("amount_units").integer();
  if (partition && units && place.round && !telling.words.contains("amount")) {
    auto const unit = calls::unit_offered(tx, *place.round, *partition);
    if (!unit && unit.error().code != Errc::not_found) return std::unexpected(unit.error());
    telling.words["amount"] = unit ? amount_of(*units, *unit) : counted(*units, "hour");
  }
  return {};
}

Result<> Notices::fill_call(db::Tx& tx, Telling& telling, json::Value body) {
  if (auto const call = id_in(body, "call")) {
    FABRICA_TRY(auto const text, calls::call_text(tx, *call));
    telling.words["call"] = quoted(text.title);
    if (telling.path.empty()) telling.path = fmt::format("/calls/{}", call->text());
  }
  if (auto const round = id_in(body, "round")) {
    FABRICA_TRY(auto const found, calls::round_of_id(tx, *round));
    telling.words["round"] = quoted(found.name);
    if (telling.words.contains("call")) return {};
    FABRICA_TRY(auto const text, calls::call_text(tx, found.call));
    telling.words["call"] = quoted(text.title);
  }
  return {};
}

// Reviewers hear once of each time they are asked, however many proposals it is.
Result<> Notices::tell_asked(db::Tx& tx, PublicId const& round) {
  FABRICA_TRY(auto const state, tx.one<store::StateRow>(store::kState));
  FABRICA_TRY(auto const groups, reviews::asked(tx, round));
  FABRICA_TRY(auto const due, reviews::review_due(tx, round));
  for (auto const& group : groups) {
    if (group.sent < state.begins_us) continue;
    Telling telling{.kind = NoticeKind::review_assigned,
                    .cause = fmt::format("asked/{}/{}", round.text(), group.sent.us)};
    FABRICA_TRY(auto const about, calls::round_of_id(tx, round));
    FABRICA_TRY(auto const text, calls::call_text(tx, about.call));
    telling.words["call"] = quoted(text.title);
    telling.words["count"] = counted(group.count, "proposal");
    if (due) telling.times["due"] = *due;
    telling.path = "/reviews";
    telling.persons = {group.reviewer};
    FABRICA_DO(tell_all(tx, telling));
  }
  return {};
}

Result<> Notices::tell_owing(db::Tx& tx, NoticeKind kind, PublicId const& round, Time due, std::string const& cause,
                             std::string reason) {
  FABRICA_TRY(auto const owing, reviews::owed(tx, round));
  if (owing.empty()) return {};
  FABRICA_TRY(auto const about, calls::round_of_id(tx, round));
  FABRICA_TRY(auto const text, calls::call_text(tx, about.call));
  std::int64_t open = 0;
  for (auto const& one : owing) {
    open += one.count;
    Telling telling{.kind = kind, .cause = cause};
    telling.words = {{"call", quoted(text.title)}, {"count", counted(one.count, "review")}, {"reason", reason}};
    telling.times["due"] = due;
    telling.path = "/reviews";
    telling.persons = {one.reviewer};
    FABRICA_DO(tell_all(tx, telling));
  }
  if (kind != NoticeKind::review_overdue) return {};
  Telling telling{.kind = NoticeKind::reviews_overdue, .cause = cause};
  telling.words = {{"call", quoted(text.title)}, {"round", quoted(about.name)}, {"count", counted(open, "review")}};
  telling.times["due"] = due;
  telling.path = fmt::format("/calls/{}", about.call.text());
  return tell_all(tx, telling);
}

// A conflict that was found takes off who had been asked already; others never knew.
Result<> Notices::tell_taken_off(db::Tx& tx, journal::Kept const& statement, json::Value body) {
  auto const round = id_in(body, "round");
  auto const list = body.find("conflicts");
  if (!round) return {};
  for (std::size_t place = 0; place < list.size(); ++place) {
    auto const proposal = id_in(list[place], "proposal");
    auto const reviewer = id_in(list[place], "reviewer");
    if (!proposal || !reviewer) continue;
    FABRICA_TRY(bool const was_asked, reviews::taken_off(tx, *proposal, *reviewer));
    if (!was_asked) continue;
    Telling telling{.kind = NoticeKind::assignment_taken_off,
                    .cause = fmt::format("{}/{}", statement.public_id.text(), proposal->text())};
    FABRICA_DO(fill_call(tx, telling, body));
    telling.path = "/reviews";
    telling.persons = {*reviewer};
    FABRICA_DO(tell_all(tx, telling));
  }
  return {};
}

}  // namespace fabrica::notices
