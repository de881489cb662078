// The rules a call declares: size, contract, other awards, aid, declarations.
#include "calls/eligibility.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/time.hpp"
#include "calls/rules.hpp"

namespace fabrica::calls {
namespace {

using identity::OrganisationKind;

// What the shipped forms ask under pi.contract_beyond_end.
constexpr std::int64_t kFormContractMonths = 3;
// Accounts are closed within a year; older figures say nothing of today (Recommendation 2003/361/EC, Annex Art. 4(1)).
constexpr std::int64_t kFiguresYearsMost = 2;

// One rule on its way to its answer.
struct Rule {
  std::string rule;
  std::string source;
  std::string compared{};

  Judged pass(std::string fact) const { return make(Outcome::pass, std::move(fact), ""); }
  Judged fail(std::string fact, std::string remedy) const {
    return make(Outcome::fail, std::move(fact), std::move(remedy));
  }
  Judged ask(std::string fact, std::string remedy) const {
    return make(Outcome::unknown, std::move(fact), std::move(remedy));
  }

 private:
  Judged make(Outcome outcome, std::string fact, std::string remedy) const {
    auto key = compared.empty() ? fact : compared;
    return {{rule, outcome, std::move(fact), source, std::move(remedy)}, std::move(key), true};
  }
};

facts::EligibilityLimit const* limit_of(std::span<facts::EligibilityLimit const> limits, std::string_view key) {
  auto const found = std::ranges::find(limits, key, &facts::EligibilityLimit::key);
  return found != limits.end() && found->value ? &*found : nullptr;
}

std::string euros(std::int64_t cents) {
  return cents % 100 == 0 ? fmt::format("EUR {}", cents / 100) : fmt::format("EUR {}.{:02}", cents / 100, cents % 100);
}

std::chrono::year_month_day day_of(std::string_view date) {
  auto const number = [&](std::size_t from, std::size_t count) {
    int out = 0;
    for (char const c : date.substr(from, count)) out = out * 10 + (c - '0');
    return out;
  };
  return std::chrono::year{number(0, 4)} / std::chrono::month{static_cast<unsigned>(number(5, 2))} /
         std::chrono::day{static_cast<unsigned>(number(8, 2))};
}

// The same day months later, or the last of that month.
std::string months_after(std::string_view date, std::int64_t months) {
  auto day = day_of(date) + std::chrono::months{static_cast<int>(months)};
  if (!day.ok()) day = day.year() / day.month() / std::chrono::last;
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

// The sizes of the years that count, or why they are not known.
struct Sized {
  identity::Standing standing;
  std::string open;  // what is missing; empty when it is known as far as figures go
  std::string remedy;
};
Sized sized(Case const& in, identity::SizeLimits const& limits, FiguresTrust trust) {
  auto const& figures = in.known.figures;
  if (figures.empty()) {
    auto const& own = in.organisation;
    bool const any = own.employees || own.turnover_eur_cents || own.balance_eur_cents;
    if (!any || trust == FiguresTrust::checked)
      return {{},
              "No figures of its group are declared.",
              "Declare the figures of the last closed accounts: PUT /organisations/{organisation}/figures."};
    auto const people = own.employees ? std::optional{*own.employees * 100} : std::nullopt;
    auto const sums = identity::size_of_sums(own.name, {people, own.turnover_eur_cents, own.balance_eur_cents}, limits);
    return {{sums.size, sums.sme, 0, "As registered: " + sums.explanation}, "", ""};
  }
  auto const& last = figures.back();
  if (last.state == identity::FiguresState::refused)
    return {{}, fmt::format("The figures of {} were refused: {}", last.year, last.reason), "Declare them anew."};
  if (trust == FiguresTrust::checked && last.state != identity::FiguresState::checked)
    return {{},
            fmt::format("The figures of {} are declared and not checked.", last.year),
            last.document ? "The access office has to compare them with the document."
                          : "Declare them with the document that shows them; the access office then checks them."};
  auto const this_year = static_cast<int>(day_of(format_date(in.now_us)).year());
  if (last.year + kFiguresYearsMost < this_year)
    return {{}, fmt::format("The last figures are of {}.", last.year), "Declare those of the last closed accounts."};
  std::vector<identity::YearSize> years;
  // Where checked figures are wanted an unchecked year before must not keep a class alive.
  for (auto const& one : figures)
    if (one.state == identity::FiguresState::checked ||
        (one.state == identity::FiguresState::declared && trust == FiguresTrust::declared))
      years.push_back({one.year, identity::size_of(in.organisation.name, one.group, limits)});
  return {identity::standing_of(years), "", ""};
}

Judged check_size(Case const& in, FiguresTrust trust) {
  auto const kind = in.organisation.kind;
  auto const limits = size_limits(in.limits);
  Rule rule{"size", limits ? limits->source : in.call.source};
  bool const small = kind == OrganisationKind::sme || kind == OrganisationKind::start_up;
  if (!small && kind != OrganisationKind::small_mid_cap)
    return rule.pass(
        fmt::format("{} is registered as {}: its size is not asked.", in.organisation.name, json::enum_name(kind)));
  if (!limits)
    return rule.ask("The facts have no limits of size for this day.",
                    "Ask the operator to record the eligibility limits (size/..., holding/...).");
  auto const found = sized(in, *limits, trust);
  if (!found.open.empty()) return rule.ask(found.open, found.remedy);
  auto const& standing = found.standing;
  auto const size = standing.size == identity::SizeClass::unknown ? standing.sme == true    ? "an SME"
                                                                    : standing.sme == false ? "no SME"
                                                                                            : "unknown"
                                                                  : json::enum_name(standing.size);
  auto const found_to_be = fmt::format("Registered as {}; by its figures {}.", json::enum_name(kind), size);
  // What passes needs no sums: its fact goes into every dossier of the project, and what a firm earns is its own
  // affair.
  auto const passed = fmt::format("{} {}", found_to_be,
                                  standing.year == 0 ? std::string{"As registered."}
                                                     : fmt::format("Figures of {}, {}.", standing.year,
                                                                   json::enum_name(in.known.figures.back().state)));
  auto const fact = fmt::format("{} {}", found_to_be, standing.explanation);
  auto const remedy = "Correct the figures, or register the kind the figures show and choose a call for it.";
  if (small) {
    if (standing.sme == true) return rule.pass(passed);
    if (standing.sme == false) return rule.fail(fact, remedy);
  } else {
    if (standing.size == identity::SizeClass::small_mid_cap) return rule.pass(passed);
    if (standing.size != identity::SizeClass::unknown || standing.sme == true) return rule.fail(fact, remedy);
  }
  return rule.ask(fact, "Declare what is missing: every enterprise's work units, and turnover or balance sheet.");
}

// The project cannot begin before it is awarded: not before the cut-off, and not before now.
Micros earliest_start(Case const& in) {
  bool const waits = in.stage == Stage::submission && in.call.kind == CallKind::reviewed && in.call.closes;
  return waits ? std::max(in.now_us, in.call.closes->us) : in.now_us;
}

Judged check_contract(Case const& in, std::int64_t months) {
  auto const& until = in.proposal.contract_until;
  auto const form = form_says(in, "pi.contract_beyond_end");
  auto const end = format_date(earliest_start(in) + in.proposal.duration_days * kDay);
  auto const needed = months_after(end, months);
  Rule rule{"contract", in.call.source};
  if (until) {
    rule.compared = fmt::format("{} {} {} {}", *until, in.proposal.duration_days, months, form.value_or(""));
    bool const enough = *until >= needed;
    auto const fact = fmt::format(
        "The principal investigator's contract lasts until {}; the project ends on {} at the earliest, and the "
        "contract "
        "has to last {} months longer, until {}.",
        *until, end, months, needed);
    bool const said_no = form == "no" && enough;
    bool const said_yes = form == "yes" && !enough && months <= kFormContractMonths;
    if (said_no || said_yes)
      return rule.fail(fmt::format("{} The form says {}.", fact, *form),
                       "Make both say the same: the form's answer under pi.contract_beyond_end and contract_until.");
    return enough
               ? rule.pass(fact)
               : rule.fail(fact,
                           "Ask for fewer days, have the contract extended, or name another principal investigator.");
  }
  if (form == "no")
    return rule.fail("The form says that the principal investigator's contract does not last long enough.",
                     "Have the contract extended, or name another principal investigator.");
  if (form == "yes" && months <= kFormContractMonths)
    return rule.pass(
        fmt::format("The form says that the contract lasts {} months beyond the end.", kFormContractMonths));
  return rule.ask(fmt::format("The contract has to last {} months beyond the end; its last day is not said.", months),
                  "Give the last day of the principal investigator's contract (contract_until).");
}

Judged check_running(Case const& in, std::size_t at) {
  auto const& declared = in.call.eligibility->running[at];
  auto const who = declared.of == RunningOf::project        ? "the project"
                   : declared.of == RunningOf::organisation ? "the organisation"
                                                            : "the principal investigator";
  Rule const rule{fmt::format("running_{}", json::enum_name(declared.of)), declared.source};
  auto const count = at < in.known.running.size() ? in.known.running[at] : std::nullopt;
  auto const kind = declared.same_access_mode ? "other awards of this access mode" : "other awards";
  if (!count)
    return rule.ask(
        fmt::format("Which {} {} has is not known.", kind, who),
        "Say who leads the project: give one person the role project_lead, or name the principal_investigator, "
        "who has a role in it.");
  auto const fact = fmt::format("{} of {} run; the call admits {}.", kind, who, declared.others_most);
  auto const counted = fmt::format("{} {}", *count, fact);
  if (*count <= declared.others_most) return rule.pass(counted);
  return rule.fail(counted, "Apply when one of them has ended.");
}

Judged check_aid(Case const& in, AidRule const& declared) {
  Rule const rule{"de_minimis", declared.source};
  auto const* most = limit_of(in.limits, "aid/de_minimis/most");
  auto const* years = limit_of(in.limits, "aid/de_minimis/years");
  if (most == nullptr || years == nullptr)
    return rule.ask("The facts have no ceiling of de minimis aid for this day.",
                    "Ask the operator to record aid/de_minimis/most and aid/de_minimis/years.");
  auto const value = std::ranges::find(declared.values, in.offer.partition, &UnitValue::partition);
  if (value == declared.values.end())
    return rule.ask(fmt::format("What a unit of {} is worth is not recorded.", in.offer.partition),
                    "Ask the access office to record the value in the call.");
  if (!in.known.aid)
    return rule.ask("The organisation has not said what aid it received.",
                    "Declare it, an empty list if there was none: PUT /organisations/{organisation}/aid.");
  auto received = in.known.aid->received;
  // An award of ours that the organisation lists too is one aid.
  for (auto const& ours : in.known.granted_here) {
    bool const listed = std::ranges::any_of(received, [&](identity::AidReceived const& one) {
      return one.basis == ours.basis && one.granting_state == ours.granting_state && one.granted == ours.granted &&
             one.amount_eur_cents == ours.amount_eur_cents;
    });
    if (!listed) received.push_back(ours);
  }
  auto const sum = identity::de_minimis_sum(received, declared.granting_state, format_date(in.now_us), *years->value);
  auto const asked = in.proposal.amount_units * value->eur_cents;
  Rule judged{"de_minimis", most->source};
  judged.compared = fmt::format("{} {} {} {}", sum.eur_cents, asked, *most->value, declared.granting_state);
  auto const fact =
      fmt::format("{} units are worth {}; de minimis aid of {} since {}: {} in {} grants; the ceiling is {}.",
                  in.proposal.amount_units, euros(asked), declared.granting_state, sum.since, euros(sum.eur_cents),
                  sum.count, euros(*most->value));
  if (sum.eur_cents + asked <= *most->value) return judged.pass(fact);
  return judged.fail(fact, fmt::format("Ask for hours worth {} at most, or wait until earlier aid is three years old.",
                                       euros(std::max<std::int64_t>(0, *most->value - sum.eur_cents))));
}

Judged check_declared(Case const& in, DeclarationRule const& declared) {
  Rule const rule{"declared:" + declared.fact, declared.source};
  auto const form = form_says(in, declared.fact);
  std::optional<std::string> own;
  if (in.proposal.declarations)
    if (auto const found = in.proposal.declarations->find(declared.fact); found != in.proposal.declarations->end())
      own = found->second;
  auto const known = [](std::optional<std::string> const& said) { return said && *said != "unknown"; };
  if (known(form) && known(own) && *form != *own)
    return rule.fail(
        fmt::format("{} The proposal says {}, the form says {}.", declared.question, *own, *form),
        fmt::format("Make both say the same: the form's answer and declarations, under {}.", declared.fact));
  auto const& said = known(form) ? form : own;
  if (!known(said))
    return rule.ask(fmt::format("{} Not said.", declared.question),
                    fmt::format("Answer it in the form, or in the proposal's declarations under {}.", declared.fact));
  auto const fact = fmt::format("{} Answer: {}.", declared.question, *said);
  return *said == declared.must_be ? rule.pass(fact) : rule.fail(fact, declared.remedy);
}

}  // namespace

std::optional<std::string> form_says(Case const& in, std::string_view fact) {
  if (!in.call.eligibility) return std::nullopt;
  for (auto const& one : in.known.form) {
    if (one.fact != fact) continue;
    if (one.state == forms::Declared::unknown) return "unknown";
    if (one.state != forms::Declared::answered || !one.value) continue;
    auto const& text = one.value->text;
    if (!text.starts_with('"')) return text;
    auto const read = json::read<std::string>(text);
    return read ? std::optional{*read} : std::nullopt;
  }
  return std::nullopt;
}

std::optional<identity::SizeLimits> size_limits(std::span<facts::EligibilityLimit const> limits) {
  identity::SizeLimits out;
  bool whole = true;
  auto const take = [&](std::string const& key, std::int64_t& into) {
    auto const* found = limit_of(limits, key);
    whole = whole && found != nullptr;
    if (found != nullptr) into = *found->value;
  };
  std::pair<std::string_view, identity::SizeLimits::Class*> const classes[] = {
      {"micro", &out.micro}, {"small", &out.small}, {"medium", &out.medium}, {"small_mid_cap", &out.small_mid_cap}};
  for (auto const& [name, one] : classes) {
    take(fmt::format("size/{}/work_units_below", name), one->work_units_below);
    take(fmt::format("size/{}/turnover_most", name), one->turnover_most);
    take(fmt::format("size/{}/balance_most", name), one->balance_most);
  }
  take("holding/partner_least", out.partner_least);
  take("holding/linked_above", out.linked_above);
  take("holding/public_least", out.public_least);
  if (!whole) return std::nullopt;
  out.source = limit_of(limits, "size/medium/work_units_below")->source;
  return out;
}

std::vector<Judged> judge_eligibility(Case const& in) {
  std::vector<Judged> out;
  if (!in.call.eligibility) return out;
  auto const& rules = *in.call.eligibility;
  if (rules.size) out.push_back(check_size(in, *rules.size));
  if (rules.contract_months_after_end) out.push_back(check_contract(in, *rules.contract_months_after_end));
  for (std::size_t at = 0; at < rules.running.size(); ++at) out.push_back(check_running(in, at));
  if (rules.de_minimis) out.push_back(check_aid(in, *rules.de_minimis));
  for (auto const& one : rules.declarations) out.push_back(check_declared(in, one));
  return out;
}

}  // namespace fabrica::calls
