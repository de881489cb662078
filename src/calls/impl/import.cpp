// Writes what a file says, in the caller's transaction.
#include "calls/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "calls/impl/attached.hpp"
#include "calls/impl/data_store.hpp"
#include "calls/impl/import_faults.hpp"
#include "calls/impl/plan_check.hpp"
#include "calls/impl/round_maker.hpp"
#include "calls/impl/step_due.hpp"
#include "calls/impl/store.hpp"
#include "calls/impl/typed_answers.hpp"
#include "calls/rules.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::calls {

using identity::Actor;
using identity::Permission;

struct Importer::Work {
  db::Tx& tx;
  Actor const& actor;
  ImportFile const& file;
  ImportReport report;
  std::optional<std::int64_t> import_row;
  std::int64_t call_row = 0;
  std::int64_t call_version = 1;
  std::optional<BoundForm> form;
  std::vector<std::string> answers;  // of each proposal, canonical; empty where it has none
  std::map<std::string, PublicId> organisations;
  std::map<std::string, Actor> people;
  struct Round {
    std::int64_t row = 0;
    std::vector<store::OfferRow> offers;
  };
  std::map<std::string, Round> rounds;

  ImportDocument const& document() const { return file.document; }
  std::string const& source() const { return file.document.source_system; }
  CallDraft const& rules() const { return file.document.call.rules; }
};

namespace {

struct ImportedBody {
  PublicId call;
  std::string source_system;
  std::string foreign_id;
  std::string file_sha256;
  ImportCounts created;
};
BOOST_DESCRIBE_STRUCT(ImportedBody, (), (call, source_system, foreign_id, file_sha256, created))

struct ProposalBody {
  PublicId proposal;
  PublicId call;
  std::string source_system;
  std::string foreign_id;
  ProposalState state{};
  std::string form_digest;
  std::string answers_digest;
};
BOOST_DESCRIBE_STRUCT(ProposalBody, (), (proposal, call, source_system, foreign_id, state, form_digest, answers_digest))

struct AwardBody {
  PublicId award;
  PublicId proposal;
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  std::int64_t used_units = 0;
  Time starts;
  Time ends;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(AwardBody, (), (award, proposal, partition, unit, amount_units, used_units, starts, ends, reason))

std::string digest_of(ImportedProposal const& proposal) { return crypto::sha256(json::write(proposal)).hex(); }

store::OfferRow const* offer_in(std::vector<store::OfferRow> const& offers, std::string_view partition) {
  auto const found = std::ranges::find(offers, partition, &store::OfferRow::partition_name);
  return found == offers.end() ? nullptr : &*found;
}

}  // namespace

Result<ImportReport> Importer::import(db::Tx& tx, Actor const& actor, ImportFile const& file) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  Work work{tx, actor, file, {}, {}, 0, 1, {}, {}, {}, {}, {}};
  work.report.file_sha256 = file.sha256;
  FABRICA_DO(take_call(work));
  FABRICA_DO(check_against_here(work));
  FABRICA_DO(take_rounds(work));
  // In the order they were sent, so that a line is the line it was.
  std::vector<std::size_t> order;
  for (std::size_t at = 0; at < work.document().proposals.size(); ++at) order.push_back(at);
  auto const sent = [&](std::size_t at) {
    auto const& one = work.document().proposals[at];
    return std::tuple{!one.submitted.has_value(), one.submitted.value_or(Time{}), at};
  };
  std::ranges::sort(order, {}, sent);
  for (auto const at : order) FABRICA_DO(take_proposal(work, at));
  if (work.import_row) {
    ImportedBody const body{work.report.call, work.source(), work.document().call.id, file.sha256, work.report.created};
    FABRICA_DO(journal_.append(tx, {std::string{journal::kFactoryChain},
                                    "call.imported",
                                    actor.person.text(),
                                    {{"import:" + work.report.call.text(), file.sha256}},
                                    json::write(body)}));
  }
  return work.report;
}

Result<std::int64_t> Importer::import_row(Work& work) {
  if (!work.import_row) {
    FABRICA_TRY(work.import_row,
                work.tx.insert(store::kImportInsert, PublicId::make(clock_.now(), random_), work.source(),
                               work.file.sha256, work.report.call, work.actor.person.text(), clock_.now()));
  }
  return *work.import_row;
}

Result<> Importer::note(Work& work, std::string_view kind, std::string_view foreign_id, std::string_view thing,
                        std::string_view digest) {
  FABRICA_TRY(auto const row, import_row(work));
  FABRICA_DO(work.tx.run(store::kThingInsert, work.source(), kind, foreign_id, thing, digest, row));
  return {};
}

Result<> Importer::take_call(Work& work) {
  auto const& from = work.document().call;
  FABRICA_TRY(auto const known, work.tx.maybe<store::ThingRow>(store::kThing, work.source(), "call", from.id));
  if (known) {
    FABRICA_TRY(work.report.call, PublicId::parse(known->thing));
    FABRICA_TRY(auto const row, work.tx.one<store::CallRow>(store::kCallById, work.report.call));
    work.call_row = row.id;
    work.call_version = row.version;
    FABRICA_TRY(work.form, calls_.form_of(work.tx, work.report.call, row.version));
    return {};
  }
  FABRICA_TRY(auto const forms_known, FormShelf::keys(work.tx));
  if (auto const sound = calls::check(from.rules, forms_known); !sound) {
    auto faults = sound.error().faults;
    for (auto& fault : faults) fault.pointer.insert(0, "/call/rules");
    return import_faults(std::move(faults));
  }
  FABRICA_TRY(auto const bound, calls_.rules_from(work.tx, from.rules));
  auto const rules = json::write(bound);
  auto const now = clock_.now();
  work.report.call = PublicId::make(now, random_);
  FABRICA_TRY(work.call_row,
              work.tx.insert(store::kCallInsert, work.report.call, from.rules.title, from.rules.kind, rules,
                             from.rules.opens, from.rules.closes, from.rules.demo.value_or(false), now));
  FABRICA_DO(work.tx.run(store::kVersionInsert, work.call_row, 1, rules, work.actor.person.text(), now));
  FABRICA_DO(work.tx.run(store::kCallMove, work.call_row, CallState::draft, from.state));
  FABRICA_DO(note(work, "call", from.id, work.report.call.text(), crypto::sha256(json::write(from)).hex()));
  FABRICA_TRY(work.form, calls_.form_of(work.tx, bound));
  return {};
}

// What only the factory knows: its forms, and who has an account. Every fault at once, before a proposal is written.
Result<> Importer::check_against_here(Work& work) {
  std::vector<Fault> faults;
  work.answers.resize(work.document().proposals.size());
  for (std::size_t at = 0; at < work.document().proposals.size(); ++at) {
    auto const& one = work.document().proposals[at];
    auto const& where = work.file.origins[at];
    if (one.plan)
      if (auto const read = read_plan_request(*one.plan); !read)
        for (auto const& fault : read.error().faults) faults.push_back({where + fault.pointer, fault.what});
    if (!one.form) continue;
    if (!work.form) {
      faults.push_back(
          {where + "/form", "The call has no form: leave the answers out, or name its form in the rules."});
      continue;
    }
    bool const from_csv = where.starts_with("/proposals_csv/");
    auto const text = from_csv ? typed_answers(*work.form->form, one.form->text) : one.form->text;
    auto const checked = forms::check(*work.form->form, text, forms::Stage::draft, work.form->digest);
    if (!checked) {
      faults.push_back({where + "/form", checked.error().what});
      continue;
    }
    for (auto const& finding : checked->faults)
      faults.push_back({where + "/form" + finding.pointer, fmt::format("{} {}", finding.what, finding.remedy)});
    for (auto const& section : work.form->form->sections)
      for (auto const& field : section.fields)
        if (field.type == forms::FieldType::attachment && has_answer(text, field.key))
          faults.push_back({where + "/form/" + field.key,
                            "Files do not come with an import: leave it out and attach it to the draft here."});
    if (!checked->later.empty() && one.state != ProposalState::draft && work.report.warnings.size() < 200)
      work.report.warnings.push_back(fmt::format("{}: {} answers of the form are not complete.", one.id,
                                                 static_cast<std::int64_t>(checked->later.size()) + checked->unlisted));
    work.answers[at] = checked->answers;
  }
  if (!faults.empty()) return import_faults(std::move(faults));
  return {};
}

Result<> Importer::take_rounds(Work& work) {
  for (std::size_t at = 0; at < work.document().rounds.size(); ++at) FABRICA_DO(take_round(work, at));
  return {};
}

Result<> Importer::take_round(Work& work, std::size_t place) {
  auto const& from = work.document().rounds[place];
  auto const key = work.document().call.id + "/" + from.id;
  FABRICA_TRY(auto const known, work.tx.maybe<store::ThingRow>(store::kThing, work.source(), "round", key));
  Work::Round here;
  if (known) {
    FABRICA_TRY(auto const id, PublicId::parse(known->thing));
    FABRICA_TRY(auto const row, work.tx.one<store::RoundRow>(store::kRoundById, id));
    here.row = row.id;
  } else {
    FABRICA_TRY(auto const last, work.tx.maybe<store::RoundRow>(store::kRoundLast, work.call_row));
    schedule::Round round{from.name, from.opens, from.closes, {}};
    if (work.rules().reviewed && from.closes) {
      FABRICA_TRY(round.answer, schedule::answer_due(work.rules().reviewed->schedule, from.closes->us));
    }
    FABRICA_DO((RoundMaker{clock_, random_, budget_}.make(work.tx, work.call_row, last ? last->number + 1 : 1, round,
                                                          from.opens.us, from.offers, true)));
    FABRICA_TRY(auto const made, work.tx.one<store::RoundRow>(store::kRoundLast, work.call_row));
    if (from.state != RoundState::intake)
      FABRICA_DO(work.tx.run(store::kRoundMove, made.id, RoundState::intake, from.state));
    FABRICA_DO(note(work, "round", key, made.public_id.text(), crypto::sha256(json::write(from)).hex()));
    ++work.report.created.rounds;
    here.row = made.id;
    if (from.state == RoundState::intake && from.closes && from.closes->us <= clock_.now())
      work.report.warnings.push_back(
          fmt::format("{}: the cut-off has passed, so what was sent is being evaluated from now on.", from.id));
  }
  FABRICA_TRY(here.offers, work.tx.all<store::OfferRow>(store::kOffersOfRound, here.row));
  work.rounds.emplace(from.id, std::move(here));
  return {};
}

Result<PublicId> Importer::organisation_of(Work& work, std::string const& id) {
  if (auto const found = work.organisations.find(id); found != work.organisations.end()) return found->second;
  auto const& from = *std::ranges::find(work.document().organisations, id, &ImportedOrganisation::id);
  FABRICA_TRY(auto const known, work.tx.maybe<store::ThingRow>(store::kThing, work.source(), "organisation", id));
  PublicId here;
  if (known) {
    FABRICA_TRY(here, PublicId::parse(known->thing));
  } else {
    FABRICA_TRY(auto const all, identity_.organisations(work.tx, work.actor));
    auto const same = std::ranges::find_if(
        all, [&](identity::Organisation const& one) { return one.name == from.name && one.country == from.country; });
    if (same != all.end()) {
      here = same->id;
      work.report.warnings.push_back(fmt::format("{}: taken to be the organisation {} that is here.", id, from.name));
    } else {
      FABRICA_TRY(auto const made,
                  identity_.create_organisation(work.tx, work.actor,
                                                {from.name, from.country, from.kind, from.employees,
                                                 from.turnover_eur_cents, from.balance_eur_cents, work.rules().demo}));
      here = made.id;
      ++work.report.created.organisations;
    }
    FABRICA_DO(note(work, "organisation", id, here.text(), crypto::sha256(json::write(from)).hex()));
  }
  return work.organisations.emplace(id, here).first->second;
}

Result<Actor> Importer::person_of(Work& work, std::string const& email, std::string const& organisation) {
  if (auto const found = work.people.find(email); found != work.people.end()) return found->second;
  auto actor = identity_.actor_by_email(work.tx, email);
  if (!actor && actor.error().code != Errc::not_found) return std::unexpected(actor.error());
  if (!actor) {
    auto const& people = work.document().people;
    auto const from = std::ranges::find(people, email, &ImportedPerson::email);
    if (from == people.end())
      return import_faults({{"/people", fmt::format("{} has no account here and is not among the people of the file: "
                                                    "add a name for this address.",
                                                    email)}});
    FABRICA_TRY(auto const home, organisation_of(work, from->organisation.value_or(organisation)));
    FABRICA_DO(identity_.create_person(work.tx, work.actor, {from->name, email, {}, home, {}}, {}));
    ++work.report.created.people;
    actor = identity_.actor_by_email(work.tx, email);
    if (!actor) return std::unexpected(actor.error());
  }
  return work.people.emplace(email, *std::move(actor)).first->second;
}

Result<PublicId> Importer::project_of(Work& work, ImportedProposal const& from) {
  auto const key = from.project ? *from.project : "of proposal " + from.id;
  FABRICA_TRY(auto const known, work.tx.maybe<store::ThingRow>(store::kThing, work.source(), "project", key));
  if (known) return PublicId::parse(known->thing);
  FABRICA_TRY(auto const organisation, organisation_of(work, from.organisation));
  FABRICA_TRY(auto lead, person_of(work, from.lead, from.organisation));
  // The lead gets the project; who imports stands in the statement as who made it.
  auto maker = lead;
  maker.person = work.actor.person;
  maker.grants = {{identity::Role::member, organisation.text()}};
  maker.scopes = {};
  auto const made = projects_.create(work.tx, maker, {organisation, from.title, from.summary, from.sector});
  if (!made) {
    auto faults = made.error().faults;
    if (faults.empty()) return std::unexpected(made.error());
    auto const at = std::ranges::find(work.document().proposals, from.id, &ImportedProposal::id);
    auto const place = static_cast<std::size_t>(at - work.document().proposals.begin());
    for (auto& fault : faults) fault.pointer.insert(0, work.file.origins[place]);
    return import_faults(std::move(faults));
  }
  for (auto const& email : from.members) {
    FABRICA_TRY(auto const member, person_of(work, email, from.organisation));
    if (member.id == lead.id) continue;
    FABRICA_DO(identity_.grant_unchecked(work.tx, member.id, {identity::Role::project_member, made->id.text()}));
  }
  FABRICA_DO(note(work, "project", key, made->id.text(), ""));
  ++work.report.created.projects;
  return made->id;
}

Result<> Importer::take_proposal(Work& work, std::size_t place) {
  auto const& from = work.document().proposals[place];
  auto const digest = digest_of(from);
  FABRICA_TRY(auto const known, work.tx.maybe<store::ThingRow>(store::kThing, work.source(), "proposal", from.id));
  if (known) {
    ++work.report.known;
    if (known->digest != digest) work.report.differs.push_back(from.id);
    return {};
  }
  FABRICA_TRY(auto const project, project_of(work, from));
  auto const& round = work.rounds.at(from.round);
  auto const* offer = offer_in(round.offers, from.partition);
  if (!offer)
    return import_faults({{work.file.origins[place] + "/partition", "Is not offered in the round as it is here."}});
  auto const now = clock_.now();
  auto const id = PublicId::make(now, random_);
  store::Answers const answers{from.purpose,
                               from.civilian_purposes,
                               from.excluded_uses,
                               from.personal_data,
                               from.first_come_accepted,
                               {},
                               from.plan.value_or(json::Raw{"{}"}),
                               from.minimum_units,
                               {},
                               from.confidential};
  auto const kept = work.answers[place].empty() ? std::optional<std::string>{} : std::optional{work.answers[place]};
  FABRICA_DO(work.tx.run(store::kProposalInsert, id, project, work.call_row, work.call_version, round.row, offer->id,
                         from.amount_units, from.duration_days, json::write(answers), kept, now));
  FABRICA_TRY(auto const row, work.tx.one<store::ProposalRow>(store::kProposalById, id));
  bool const sent = from.state != ProposalState::draft;
  FABRICA_DO(work.tx.run(store::kImportedState, row.id, from.state, from.submitted, sent && from.submitted,
                         from.decision ? std::optional{from.decision->decided} : std::optional<Time>{},
                         from.decision ? from.decision->reason : std::string{}));
  FABRICA_DO(note(work, "proposal", from.id, id.text(), digest));
  ++work.report.created.proposals;
  ProposalBody const body{id,
                          work.report.call,
                          work.source(),
                          from.id,
                          from.state,
                          work.form ? work.form->digest : "",
                          kept ? forms::answers_digest(work.form->digest, *kept) : ""};
  FABRICA_DO(
      journal_.append(work.tx, {project.text(), "proposal.imported", work.actor.person.text(), {}, json::write(body)}));
  if (from.state == ProposalState::evaluating) FABRICA_DO(take_steps(work, from, row.id));
  if (from.state == ProposalState::awarded) FABRICA_DO(take_award(work, from, id, row.id, project));
  return {};
}

Result<> Importer::take_steps(Work& work, ImportedProposal const& from, std::int64_t proposal) {
  auto const& rules = *work.rules().reviewed;
  auto const at = from.step ? std::ranges::find(rules.steps, *from.step, &StepRule::step) : rules.steps.begin();
  if (at == rules.steps.end())
    return import_faults(
        {{"/proposals", fmt::format("{}: the call's rules have no step {}.", from.id, json::enum_name(*from.step))}});
  auto const active = at - rules.steps.begin();
  for (std::ptrdiff_t place = 0; place < std::ssize(rules.steps); ++place) {
    auto const& step = rules.steps[static_cast<std::size_t>(place)];
    bool const here = place == active;
    auto const state = place < active     ? StepState::passed
                       : !here            ? StepState::pending
                       : from.step_failed ? StepState::failed
                                          : StepState::active;
    auto const due = here && !from.step_failed ? due_of(rules, step, clock_.now()) : std::nullopt;
    FABRICA_DO(work.tx.run(store::kStepInsert, proposal, place, step.step,
                           state == StepState::active || state == StepState::pending ? state : StepState::active, due));
    if (state == StepState::passed || state == StepState::failed)
      FABRICA_DO(work.tx.run(store::kStepDecide, proposal, place, state,
                             state == StepState::passed ? "Passed in " + work.source() + "." : *from.step_failed,
                             work.actor.person.text(), Time{clock_.now()}));
  }
  return {};
}

Result<> Importer::take_award(Work& work, ImportedProposal const& from, PublicId const& proposal, std::int64_t row,
                              PublicId const& project) {
  auto const& it = *from.decision;
  auto const& round = work.rounds.at(from.round);
  auto const* offer = offer_in(round.offers, it.partition ? *it.partition : from.partition);
  if (!offer)
    return import_faults({{"/proposals", from.id + ": its award is on a partition the round does not offer."}});
  auto const award = PublicId::make(clock_.now(), random_);
  FABRICA_TRY(auto const capacity,
              budget_.find_account(work.tx, offer->public_id.text(), budget::AccountKind::capacity));
  FABRICA_TRY(auto const account, budget_.open_account(work.tx, award.text(), budget::AccountKind::award, offer->unit));
  FABRICA_DO(budget_.transfer(work.tx, {fmt::format("award/{}", award.text()), capacity.id, account.id,
                                        *it.amount_units * budget::kMicroUnits, "award", award.text()}));
  auto const used = it.used_units.value_or(0);
  if (used > 0) {
    FABRICA_TRY(auto const consumed,
                budget_.open_account(work.tx, award.text(), budget::AccountKind::consumed, offer->unit));
    FABRICA_DO(budget_.transfer(work.tx, {fmt::format("award/{}/used-before", award.text()), account.id, consumed.id,
                                          used * budget::kMicroUnits, "used in " + work.source(), award.text()}));
  }
  FABRICA_DO(work.tx.run(store::kAwardInsert, award, row, project, offer->id, *it.amount_units, account.id, *it.starts,
                         *it.ends));
  ++work.report.created.awards;
  AwardBody const body{award,    proposal, offer->partition_name, offer->unit, *it.amount_units, used, *it.starts,
                       *it.ends, it.reason};
  FABRICA_DO(
      journal_.append(work.tx, {project.text(), "award.imported", work.actor.person.text(), {}, json::write(body)}));
  return {};
}

}  // namespace fabrica::calls
