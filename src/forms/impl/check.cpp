#include "forms/check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/sha256.hpp"
#include "forms/impl/shown.hpp"

namespace fabrica::forms {
namespace {

// One pass over the form, with the answers and what is shown at hand.
class Checker {
 public:
  Checker(Form const& form, Accepted& accepted, Stage stage, std::string_view form_digest)
      : form_{form}, accepted_{accepted}, shown_{form, accepted.cells} {
    out_.stage = stage;
    out_.form_digest = form_digest.empty() ? digest(form) : std::string{form_digest};
  }

  Checked run() && {
    out_.unlisted = accepted_.unlisted;
    for (auto& finding : accepted_.unknown_members) put(out_.faults, std::move(finding));
    Cells hidden;
    each_field(form_, [&](Section const&, Field const& field) {
      if (shown_.shows(field)) check_shown(field);
      else check_hidden(field, hidden);
    });
    if (out_.stage == Stage::submission)
      for (auto const& [key, cell] : hidden) accepted_.cells.erase(key);
    if (out_.accepted()) {
      out_.answers = answers_json(accepted_.cells);
      out_.answers_digest = answers_digest(out_.form_digest, out_.answers);
    }
    return std::move(out_);
  }

 private:
  void put(std::vector<Finding>& list, Finding finding) {
    if (list.size() < kFindingsMax) list.push_back(std::move(finding));
    else ++out_.unlisted;
  }
  // What only a submission needs is still said to a draft.
  void put_complete(Finding finding) {
    put(out_.stage == Stage::submission ? out_.faults : out_.later, std::move(finding));
  }
  Cell const* cell(std::string_view key) const {
    auto const found = accepted_.cells.find(key);
    return found == accepted_.cells.end() ? nullptr : &found->second;
  }

  void check_hidden(Field const& field, Cells& hidden) {
    auto const notes = accepted_.notes.find(field.key);
    if (out_.stage == Stage::draft && notes != accepted_.notes.end())
      for (auto& finding : notes->second.shape) put(out_.faults, std::move(finding));
    auto const* answer = cell(field.key);
    if (answer == nullptr) return;
    put(out_.dropped, {"/" + field.key, field.label, "hidden", "The form does not ask this, given the other answers.",
                       out_.stage == Stage::draft ? "It will not be submitted." : "It was left out."});
    hidden.emplace(field.key, *answer);
  }

  void check_shown(Field const& field) {
    auto const found = accepted_.notes.find(field.key);
    Notes notes = found == accepted_.notes.end() ? Notes{} : std::move(found->second);
    bool const wrong = !notes.shape.empty();
    Place place{notes, "/" + field.key, field.label};
    auto const* answer = cell(field.key);
    bool const required =
        field.required == Need::always || (field.required == Need::when && shown_.holds(*field.required_when));
    if (required) ++out_.progress.required;
    if (required && answer != nullptr) ++out_.progress.answered;
    if (required && answer == nullptr && !wrong)
      place.complete("required", "Is missing.", "Fill it in; a draft can be saved without it.");
    if (answer != nullptr) check_against_others(field, *answer, place);
    out_.unlisted += notes.unlisted;
    for (auto& finding : notes.shape) put(out_.faults, std::move(finding));
    for (auto& finding : notes.complete) put_complete(std::move(finding));
    for (auto& finding : notes.questions) put(out_.questions, std::move(finding));
  }

  void check_against_others(Field const& field, Cell const& answer, Place& place) {
    if (field.must_be && answer.text != *field.must_be) {
      auto const* option = option_of(field, *field.must_be);
      auto const wanted = option != nullptr ? option->label : *field.must_be;
      place.complete("must_be", "Without this the form cannot be submitted.",
                     fmt::format("Answer \"{}\", or do not submit.", wanted));
    }
    for (auto const& sum : field.sums) check_sum(field, sum, answer, place);
    if (field.not_above) check_not_above(field, answer, place);
  }

  void check_sum(Field const& field, Sum const& sum, Cell const& answer, Place& place) {
    auto const* table_field = find(form_, sum.table);
    auto const* table = cell(sum.table);
    if (table_field == nullptr || !shown_.shows(*table_field) || !answer.micros) return;
    std::int64_t total = 0;
    bool fits = true;
    if (table != nullptr)
      for (auto const& row : table->rows)
        if (auto const one = row.cells.find(sum.column); one != row.cells.end() && one->second.micros)
          fits = fits && !__builtin_add_overflow(total, *one->second.micros, &total);
    if (fits && total == *answer.micros) return;
    auto const text = [&](std::int64_t micros) {
      return field.type == FieldType::money ? money_text(micros, field.unit) : number_text(micros);
    };
    place.complete("sum",
                   fmt::format("Is {}, but \"{}\" add up to {}.", text(*answer.micros), table_field->label,
                               fits ? text(total) : "more than can be counted"),
                   "Change the rows or the total until both say the same.");
  }

  void check_not_above(Field const& field, Cell const& answer, Place& place) {
    auto const* other_field = find(form_, *field.not_above);
    auto const* other = cell(*field.not_above);
    if (other_field == nullptr || other == nullptr || !shown_.shows(*other_field)) return;
    bool const date = field.type == FieldType::date;
    if (date && (!is_date(answer.text) || !is_date(other->text))) return;
    if (date ? answer.text <= other->text : answer.micros.value_or(0) <= other->micros.value_or(0)) return;
    place.complete("not_above", fmt::format("Is {} \"{}\".", date ? "later than" : "above", other_field->label),
                   "Change one of the two.");
  }

  Form const& form_;
  Accepted& accepted_;
  Shown shown_;
  Checked out_;
};

}  // namespace

Result<Checked> check(Form const& form, std::string_view answers, Stage stage, std::string_view form_digest) {
  FABRICA_TRY(auto accepted, accept_answers(form, answers));
  return Checker{form, accepted, stage, form_digest}.run();
}

Result<> refuse_faults(Checked const& checked) {
  if (checked.accepted()) return {};
  std::vector<Fault> faults;
  for (auto const& finding : checked.faults)
    faults.push_back({finding.pointer, fmt::format("{}{}{} {}", finding.label, finding.label.empty() ? "" : ": ",
                                                   finding.what, finding.remedy)});
  return fail(Errc::invalid, "form_faults",
              fmt::format("{} of the answers must be changed first.", faults.size() + checked.unlisted),
              std::move(faults));
}

Result<std::string> canonical(Form const& form, std::string_view answers) {
  FABRICA_TRY(auto const accepted, accept_clean(form, answers));
  return answers_json(accepted.cells);
}

std::string answers_digest(std::string_view form_digest, std::string_view canonical_answers) {
  crypto::Sha256 hash;
  hash.update("fabrica form answers 1\n");
  hash.update(form_digest);
  hash.update("\n");
  hash.update(canonical_answers);
  return hash.finish().hex();
}

Result<std::vector<Declaration>> declarations(Form const& form, std::string_view answers) {
  FABRICA_TRY(auto const accepted, accept_clean(form, answers));
  Shown shown{form, accepted.cells};
  std::vector<Declaration> out;
  each_field(form, [&](Section const&, Field const& field) {
    if (!field.fact) return;
    Declaration one{*field.fact, "/" + field.key, Declared::not_asked, std::nullopt};
    if (shown.shows(field)) {
      auto const found = accepted.cells.find(field.key);
      if (found == accepted.cells.end()) one.state = Declared::unanswered;
      else if (field.type == FieldType::yes_no_unknown && found->second.text == "unknown")
        one.state = Declared::unknown;
      else one.state = Declared::answered, one.value = json::Raw{found->second.json};
    }
    out.push_back(std::move(one));
  });
  return out;
}

}  // namespace fabrica::forms
