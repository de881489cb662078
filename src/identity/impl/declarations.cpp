// Figures and aid an organisation declares.
#include "identity/declarations.hpp"

#include <fmt/format.h>

#include "crypto/sha256.hpp"
#include "identity/rules.hpp"
#include "json/json.hpp"

namespace fabrica::identity {
namespace {

struct FiguresRow {
  std::int64_t id = 0;
  PublicId public_id;
  PublicId organisation;
  std::int64_t year = 0;
  std::string group_facts;
  std::optional<std::string> document_name;
  std::optional<std::string> document_sha256;
  FiguresState state{};
  std::string reason;
  Time declared_us;
  std::optional<Time> checked_us;
};
BOOST_DESCRIBE_STRUCT(FiguresRow, (),
                      (id, public_id, organisation, year, group_facts, document_name, document_sha256, state, reason,
                       declared_us, checked_us))

struct AidRow {
  PublicId public_id;
  PublicId organisation;
  std::string received;
  Time declared_us;
};
BOOST_DESCRIBE_STRUCT(AidRow, (), (public_id, organisation, received, declared_us))

constexpr db::Query kOrganisation{"organisation_row", "SELECT id FROM organisations WHERE public_id = $1"};
constexpr db::Query kFiguresInsert{"figures_insert", R"sql(
  INSERT INTO organisation_figures (public_id, organisation_id, year, group_facts, document_name, document_sha256,
                                    state, declared_by, declared_us)
  VALUES ($1, $2, $3, $4, $5, $6, 'declared', $7, $8))sql"};
#define FABRICA_FIGURES_COLUMNS                                                                                    \
  "SELECT f.id AS id, f.public_id AS public_id, o.public_id AS organisation, f.year AS year, f.group_facts AS "    \
  "group_facts, f.document_name AS document_name, f.document_sha256 AS document_sha256, f.state AS state, "        \
  "f.reason AS reason, f.declared_us AS declared_us, f.checked_us AS checked_us FROM organisation_figures f "      \
  "JOIN organisations o ON o.id = f.organisation_id "
constexpr db::Query kFiguresOne{"figures_one", FABRICA_FIGURES_COLUMNS "WHERE f.public_id = $1"};
constexpr db::Query kFiguresOf{"figures_of", FABRICA_FIGURES_COLUMNS
                               "WHERE o.public_id = $1 AND f.id = (SELECT max(n.id) FROM organisation_figures n WHERE "
                               "n.organisation_id = f.organisation_id AND n.year = f.year) ORDER BY f.year"};
#undef FABRICA_FIGURES_COLUMNS
constexpr db::Query kFiguresJudge{"figures_judge", R"sql(
  UPDATE organisation_figures SET state = $2, reason = $3, checked_by = $4, checked_us = $5
   WHERE id = $1 AND state = 'declared')sql"};
constexpr db::Query kAidInsert{"aid_insert", R"sql(
  INSERT INTO organisation_aid (public_id, organisation_id, received, declared_by, declared_us)
  VALUES ($1, $2, $3, $4, $5))sql"};
constexpr db::Query kAidOf{"aid_of", R"sql(
  SELECT a.public_id AS public_id, o.public_id AS organisation, a.received AS received, a.declared_us AS declared_us
    FROM organisation_aid a JOIN organisations o ON o.id = a.organisation_id
   WHERE o.public_id = $1 ORDER BY a.id DESC LIMIT 1)sql"};

// What a firm earns is its own affair: the log holds digests.
struct DeclaredBody {
  PublicId organisation;
  PublicId declaration;
  std::optional<std::int64_t> year{};
  std::optional<std::string> document_sha256{};
  std::string content_sha256;
};
BOOST_DESCRIBE_STRUCT(DeclaredBody, (), (organisation, declaration, year, document_sha256, content_sha256))

struct JudgedBody {
  PublicId organisation;
  PublicId declaration;
  FiguresState state{};
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(JudgedBody, (), (organisation, declaration, state, reason))

journal::Statement about(std::string_view kind, Actor const& actor, std::string body) {
  return {std::string{journal::kFactoryChain}, std::string{kind}, actor.person.text(), {}, std::move(body)};
}

Result<FiguresDeclared> declared_of(FiguresRow const& row) {
  FABRICA_TRY(auto group, json::read<GroupFacts>(row.group_facts));
  auto document =
      row.document_name ? std::optional{Document{*row.document_name, *row.document_sha256}} : std::nullopt;
  return FiguresDeclared{row.public_id, row.organisation, row.year,        std::move(group), std::move(document),
                         row.state,     row.reason,       row.declared_us, row.checked_us};
}

Result<AidDeclared> declared_of(AidRow const& row) {
  FABRICA_TRY(auto received, json::read<std::vector<AidReceived>>(row.received));
  return AidDeclared{row.public_id, row.organisation, std::move(received), row.declared_us};
}

Result<std::int64_t> row_of(db::Tx& tx, PublicId const& organisation) {
  FABRICA_TRY(auto const id, tx.maybe<std::int64_t>(kOrganisation, organisation));
  if (!id)
    return fail(Errc::not_found, "organisation", fmt::format("There is no organisation {}.", organisation.text()));
  return *id;
}

Result<> may_see(Actor const& actor, PublicId const& organisation) {
  if (authorise(actor, Permission::view_factory)) return {};
  return authorise(actor, Permission::manage_organisation, {organisation.text(), ""});
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_day(std::string_view text) { return text.size() == 10 && parse_time(text).has_value(); }

Result<> answer(std::vector<Fault> faults) {
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "input", what, std::move(faults));
}

// The same day some years before; the last of February stands for a day that is not there.
std::string years_before(std::string_view day, std::int64_t years) {
  auto const year = std::stoll(std::string{day.substr(0, 4)}) - years;
  auto const rest = day.substr(4);
  auto out = fmt::format("{:04}{}", year, rest);
  return is_day(out) ? out : fmt::format("{:04}-02-28", year);
}

}  // namespace

Result<> check(FiguresDraft const& draft, std::string_view today) {
  FABRICA_DO(check(draft.group, "/group"));
  std::vector<Fault> faults;
  if (fmt::format("{:04}", draft.year) > today.substr(0, 4))
    faults.push_back({"/year", "A year to come has no closed accounts."});
  if (draft.document && !is_hex(draft.document->sha256))
    faults.push_back({"/document/sha256", "A digest has 64 hex digits, in small letters."});
  return answer(std::move(faults));
}

Result<> check(AidDraft const& draft, std::string_view today) {
  std::vector<Fault> faults;
  for (std::size_t place = 0; place < draft.received.size(); ++place) {
    auto const& one = draft.received[place];
    auto const where = fmt::format("/received/{}", place);
    bool const state =
        std::ranges::all_of(one.granting_state, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!state) faults.push_back({where + "/granting_state", "The state is two capital letters, for example LV."});
    if (!is_day(one.granted)) faults.push_back({where + "/granted", "The day is written YYYY-MM-DD."});
    else if (one.granted > today) faults.push_back({where + "/granted", "Aid to come is not aid received."});
  }
  return answer(std::move(faults));
}

AidSum de_minimis_sum(std::span<AidReceived const> received, std::string_view state, std::string_view day,
                      std::int64_t years) {
  AidSum out{0, 0, years_before(day, years)};
  for (auto const& one : received) {
    bool const counts = one.basis == AidBasis::de_minimis && one.granting_state == state && one.granted >= out.since &&
                        one.granted <= day;
    if (!counts) continue;
    out.eur_cents += one.amount_eur_cents;
    ++out.count;
  }
  return out;
}

Result<FiguresDeclared> Declarations::declare(db::Tx& tx, Actor const& actor, PublicId const& organisation,
                                              FiguresDraft const& draft) {
  FABRICA_DO(authorise(actor, Permission::manage_organisation, {organisation.text(), ""}));
  auto const now = clock_.now();
  FABRICA_DO(check(draft, format_date(now)));
  FABRICA_TRY(auto const row, row_of(tx, organisation));
  auto const id = PublicId::make(now, random_);
  auto const content = json::write(draft.group);
  auto const name = draft.document ? std::optional{draft.document->name} : std::nullopt;
  auto const sha256 = draft.document ? std::optional{draft.document->sha256} : std::nullopt;
  FABRICA_DO(tx.insert(kFiguresInsert, id, row, draft.year, content, name, sha256, actor.person, now));
  FABRICA_TRY(auto const canonical, json::canonical(content));
  DeclaredBody const body{organisation, id, draft.year, sha256, crypto::sha256(canonical).hex()};
  FABRICA_DO(journal_.append(tx, about("organisation.figures_declared", actor, json::write(body))));
  FABRICA_TRY(auto const made, tx.one<FiguresRow>(kFiguresOne, id));
  return declared_of(made);
}

Result<std::vector<FiguresDeclared>> Declarations::figures(db::Tx& tx, Actor const& actor,
                                                           PublicId const& organisation) {
  FABRICA_DO(may_see(actor, organisation));
  FABRICA_DO(row_of(tx, organisation));
  return figures_of(tx, organisation);
}

Result<FiguresDeclared> Declarations::judge(db::Tx& tx, Actor const& actor, PublicId const& figures,
                                            FiguresVerdict const& verdict) {
  FABRICA_DO(authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const row, tx.maybe<FiguresRow>(kFiguresOne, figures));
  if (!row) return fail(Errc::not_found, "figures", fmt::format("There are no figures {}.", figures.text()));
  if (std::ranges::find(actor.grants, row->organisation.text(), &Grant::scope) != actor.grants.end())
    return fail(Errc::forbidden, "own_organisation", "You have a part in this organisation: somebody else checks it.");
  FABRICA_TRY(auto const current, figures_of(tx, row->organisation));
  bool const stands = std::ranges::find(current, figures, &FiguresDeclared::id) != current.end();
  if (!stands || row->state != FiguresState::declared)
    return fail(Errc::conflict, "figures_state",
                stands ? "These figures were checked already: the organisation declares them anew."
                       : "The organisation has declared this year anew: check the newer figures.");
  if (verdict.accepted && !row->document_sha256)
    return fail(Errc::conflict, "no_document",
                "There is no document to compare these figures with: ask for them with one.");
  auto const state = verdict.accepted ? FiguresState::checked : FiguresState::refused;
  FABRICA_TRY(auto const judged, tx.run(kFiguresJudge, row->id, state, verdict.reason, actor.person, clock_.now()));
  if (judged != 1) return fail(Errc::conflict, "figures_state", "Somebody checked these figures meanwhile.");
  JudgedBody const body{row->organisation, figures, state, verdict.reason};
  FABRICA_DO(journal_.append(tx, about("organisation.figures_checked", actor, json::write(body))));
  FABRICA_TRY(auto const after, tx.one<FiguresRow>(kFiguresOne, figures));
  return declared_of(after);
}

Result<AidDeclared> Declarations::declare_aid(db::Tx& tx, Actor const& actor, PublicId const& organisation,
                                              AidDraft const& draft) {
  FABRICA_DO(authorise(actor, Permission::manage_organisation, {organisation.text(), ""}));
  auto const now = clock_.now();
  FABRICA_DO(check(draft, format_date(now)));
  FABRICA_TRY(auto const row, row_of(tx, organisation));
  auto const id = PublicId::make(now, random_);
  auto const content = json::write(draft.received);
  FABRICA_DO(tx.insert(kAidInsert, id, row, content, actor.person, now));
  FABRICA_TRY(auto const canonical, json::canonical(content));
  DeclaredBody const body{organisation, id, {}, {}, crypto::sha256(canonical).hex()};
  FABRICA_DO(journal_.append(tx, about("organisation.aid_declared", actor, json::write(body))));
  return AidDeclared{id, organisation, draft.received, Time{now}};
}

Result<AidDeclared> Declarations::aid(db::Tx& tx, Actor const& actor, PublicId const& organisation) {
  FABRICA_DO(may_see(actor, organisation));
  FABRICA_DO(row_of(tx, organisation));
  FABRICA_TRY(auto found, aid_of(tx, organisation));
  if (!found)
    return fail(Errc::not_found, "aid",
                "The organisation has not said what aid it received; an empty list says that there was none.");
  return *std::move(found);
}

Result<std::vector<FiguresDeclared>> figures_of(db::Tx& tx, PublicId const& organisation) {
  FABRICA_TRY(auto const rows, tx.all<FiguresRow>(kFiguresOf, organisation));
  std::vector<FiguresDeclared> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto one, declared_of(row));
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::optional<AidDeclared>> aid_of(db::Tx& tx, PublicId const& organisation) {
  FABRICA_TRY(auto const row, tx.maybe<AidRow>(kAidOf, organisation));
  if (!row) return std::optional<AidDeclared>{};
  FABRICA_TRY(auto one, declared_of(*row));
  return std::optional{std::move(one)};
}

}  // namespace fabrica::identity
