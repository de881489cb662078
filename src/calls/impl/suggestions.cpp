#include "calls/suggestions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "calls/impl/data_store.hpp"
#include "calls/impl/plan_check.hpp"
#include "calls/impl/store.hpp"
#include "facts/service.hpp"
#include "planner/plan.hpp"

namespace fabrica::calls {

using identity::Actor;
using identity::Permission;

struct Suggester::Asked {
  projects::Project project;
  PublicId call;
  BoundForm form;
  std::optional<PublicId> proposal;
  std::string answers = "{}";
  std::optional<std::string> partition;
  std::optional<json::Raw> plan;
};

namespace {

// How far back one looks: newest first, and what is not found by then was not asked lately.
constexpr std::size_t kProjectsMax = 100;
constexpr std::size_t kProposalsMax = 50;

// The newest answer under a reuse name, and where it was given.
struct Earlier {
  std::string value;
  PublicId proposal;
  Time given;
  std::string field;  // of the form it was given in
};

std::string field_of(forms::Form const& form, std::string_view reuse) {
  for (auto const& section : form.sections)
    for (auto const& field : section.fields)
      if (field.reuse == reuse) return field.key;
  return {};
}

void note_answers(store::EarlierRow const& row, forms::Form const& form,
                  std::map<std::string, std::string> const& given, std::map<std::string, Earlier>& known) {
  for (auto const& [name, value] : given)
    known.try_emplace(name, Earlier{value, row.proposal, row.created_us, field_of(form, name)});
}

}  // namespace

Result<SuggestedAnswers> Suggester::of_project(db::Tx& tx, Actor const& actor, PublicId const& id,
                                               SuggestionRequest const& request) {
  FABRICA_TRY(auto project, projects_.require(tx, actor, id, Permission::view_project));
  FABRICA_TRY(auto const call, calls_.get(tx, actor, request.call));
  FABRICA_TRY(auto bound, calls_.form_of(tx, call.id, call.version));
  if (!bound) return fail(Errc::not_found, "form", "This call has no form.");
  if (request.plan && !request.partition)
    return fail(Errc::invalid, "partition", "Say for which partition the plan's numbers are wanted.",
                {{"/partition", "is missing"}});
  if (request.plan) FABRICA_DO(read_plan_request(*request.plan));
  return answer(tx, actor, {std::move(project), call.id, *std::move(bound), {}, "{}", request.partition, request.plan});
}

Result<SuggestedAnswers> Suggester::of_proposal(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_TRY(auto const proposal, calls_.proposal(tx, actor, id));
  FABRICA_TRY(auto project, projects_.require(tx, actor, proposal.project, Permission::view_project));
  FABRICA_TRY(auto bound, calls_.form_of(tx, proposal.call, proposal.call_version));
  if (!bound) return fail(Errc::not_found, "form", "This call has no form.");
  return answer(tx, actor,
                {std::move(project), proposal.call, *std::move(bound), id, proposal.form ? proposal.form->text : "{}",
                 proposal.partition,
                 // A proposal that was taken over from another system may have no plan yet.
                 read_plan_request(proposal.plan) ? std::optional{proposal.plan} : std::optional<json::Raw>{}});
}

Result<SuggestedAnswers> Suggester::answer(db::Tx& tx, Actor const& actor, Asked const& asked) {
  SuggestedAnswers out{asked.call, asked.form.form->key, asked.form.digest, {}, {}};
  if (asked.plan && asked.partition) FABRICA_DO(add_plan(tx, asked, out));
  FABRICA_DO(add_earlier(tx, actor, asked, out));
  FABRICA_TRY(auto const stands, json::Document::parse(asked.answers, {.bytes = std::size_t{2} << 20}));
  for (auto& one : out.offered) {
    one.label = forms::find(*asked.form.form, one.field)->label;
    auto const value = stands.root().find(one.field);
    one.answered = value && value.kind() != json::Kind::null;
  }
  return out;
}

Result<> Suggester::add_plan(db::Tx& tx, Asked const& asked, SuggestedAnswers& out) {
  FABRICA_TRY(auto const view, facts_.view(tx, format_date(clock_.now())));
  FABRICA_TRY(auto request, json::read<planner::PlanRequest>(asked.plan->text));
  request.partitions = {*asked.partition};
  auto const plan = planner::plan(request, view, clock_.now());
  if (!plan) {
    auto error = plan.error();
    for (auto& fault : error.faults) fault.pointer.insert(0, "/plan");
    return std::unexpected(std::move(error));
  }
  auto const filled = forms::prefill(*asked.form.form, json::write(*plan), *asked.partition);
  if (!filled && filled.error().reason == "plan_partition") {
    // The facts do not know the partition: its numbers are the applicant's to give.
    out.not_offered.push_back({"", SuggestedFrom::plan, "/partitions", filled.error().what});
    return {};
  }
  if (!filled) return std::unexpected(filled.error());
  for (auto const& one : filled->offered)
    out.offered.push_back({one.field, {}, SuggestedFrom::plan, one.from, {}, {}, {}, false, one.value});
  for (auto const& one : filled->not_offered)
    out.not_offered.push_back({one.field, SuggestedFrom::plan, one.from, one.why});
  return {};
}

Result<> Suggester::add_earlier(db::Tx& tx, Actor const& actor, Asked const& asked, SuggestedAnswers& out) {
  // Newest projects of the organisation that this person may see; an officer sees every project, and yet nothing goes
  // from one organisation to another.
  FABRICA_TRY(auto const seen, projects_.list(tx, actor, {}, 1000));
  std::vector<store::EarlierRow> rows;
  FABRICA_TRY(auto own, tx.all<store::EarlierRow>(store::kEarlierOf, asked.project.id));
  rows = std::move(own);
  std::size_t looked = 0;
  for (auto const& project : seen.items) {
    if (project.organisation != asked.project.organisation || project.id == asked.project.id) continue;
    if (++looked > kProjectsMax) break;
    FABRICA_TRY(auto more, tx.all<store::EarlierRow>(store::kEarlierOf, project.id));
    rows.insert(rows.end(), more.begin(), more.end());
  }
  std::erase_if(rows, [&](store::EarlierRow const& row) { return row.proposal == asked.proposal; });
  std::ranges::sort(rows, std::ranges::greater{}, &store::EarlierRow::id);
  if (rows.size() > kProposalsMax) rows.resize(kProposalsMax);

  std::map<std::string, Earlier> known;
  for (auto const& row : rows) {
    FABRICA_TRY(auto const bound, calls_.form_of(tx, row.call, row.call_version));
    if (!bound) continue;
    auto const given = forms::reusable(*bound->form, row.form_answers);
    if (given) note_answers(row, *bound->form, *given, known);
  }
  std::map<std::string, std::string> values;
  for (auto const& [name, one] : known) values.emplace(name, one.value);
  auto const carried = forms::carry(*asked.form.form, values);
  for (auto const& one : carried.offered) {
    if (std::ranges::find(out.offered, one.field, &Suggested::field) != out.offered.end()) continue;
    auto const& from = known.at(one.from);
    Suggested offered{one.field, {}, SuggestedFrom::earlier, one.from, from.proposal, from.given, {}, false, one.value};
    if (forms::find(*asked.form.form, one.field)->type == forms::FieldType::attachment) {
      FABRICA_TRY(auto const file, tx.maybe<store::AttachmentRow>(store::kAttachmentAt, from.proposal, from.field));
      if (!file) continue;
      offered.attachment = file->public_id;
    }
    out.offered.push_back(std::move(offered));
  }
  for (auto const& one : carried.not_offered)
    out.not_offered.push_back({one.field, SuggestedFrom::earlier, one.from, one.why});
  return {};
}

}  // namespace fabrica::calls
