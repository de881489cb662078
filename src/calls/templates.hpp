#pragma once

#include "calls/service.hpp"
#include "schedule/templates.hpp"

namespace fabrica::calls {

// Where a template or a form comes from. The operator's own stands before the shipped one of the same key, and no
// upgrade of the program touches it.
enum class Layer : std::uint8_t { shipped, own };
BOOST_DESCRIBE_ENUM(Layer, shipped, own)

struct TemplateShown : schedule::CallTemplate {
  Layer layer{};
  std::string digest;
  std::vector<std::string> differs;  // members an own one says otherwise than the shipped one of today
  bool shipped_changed = false;      // what is shipped is not any more what the own one was made from
  std::optional<Time> saved;
};
BOOST_DESCRIBE_STRUCT(TemplateShown, (schedule::CallTemplate), (layer, digest, differs, shipped_changed, saved))

// What of a template's partitions is offered: what is left out is as the template has it.
struct OfferChoice {
  std::string partition;
  std::optional<budget::Unit> unit;
  std::optional<std::int64_t> min_units;
  std::optional<std::int64_t> max_units;
  std::int64_t capacity_units = 0;

  static constexpr auto limits() {
    using T = OfferChoice;
    return std::tuple{json::length(&T::partition, 1, 100), json::range(&T::min_units, 1, 1'000'000'000),
                      json::range(&T::max_units, 1, 1'000'000'000), json::range(&T::capacity_units, 0, 1'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(OfferChoice, (), (partition, unit, min_units, max_units, capacity_units))

// The operator's choices for a call made of a template: what is left out is as the template has it.
struct TemplateChoices {
  Time opens;
  std::vector<OfferChoice> offers;
  bool questions_settled = false;  // the template's open questions were answered, by what is chosen here
  std::optional<std::string> title;
  std::optional<std::string> summary;
  std::optional<std::string> source;
  std::optional<CallKind> kind;
  std::optional<Time> closes;
  std::optional<std::int64_t> duration_days_max;
  std::optional<std::int64_t> answer_working_days;
  std::optional<std::vector<identity::OrganisationKind>> organisation_kinds;
  std::optional<std::vector<std::string>> countries;
  std::optional<schedule::Rule> schedule;
  std::optional<std::string> form;
  std::optional<std::vector<StepRule>> steps;
  std::optional<matching::RankingRules> ranking;
  std::optional<std::vector<matching::GroupRule>> guarantees;
  std::optional<std::vector<matching::GroupRule>> caps;
  std::optional<bool> demo;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"questions_settled"};
  static constexpr auto limits() {
    using T = TemplateChoices;
    return std::tuple{json::items(&T::offers, 1, 100), json::length(&T::title, 1, 200),
                      json::length(&T::source, 1, 1000), json::range(&T::duration_days_max, 1, 3650),
                      json::range(&T::answer_working_days, 0, 365)};
  }
};
BOOST_DESCRIBE_STRUCT(TemplateChoices, (),
                      (opens, offers, questions_settled, title, summary, source, kind, closes, duration_days_max,
                       answer_working_days, organisation_kinds, countries, schedule, form, steps, ranking, guarantees,
                       caps, demo))

// The draft a template and these choices make. Pure. Errors: conflict "template_superseded", invalid "template_choices"
// with what neither of them says.
Result<CallDraft> draft_of(schedule::CallTemplate const& from, TemplateChoices const& choices);

struct FormShown {
  std::string key;
  std::string title;
  std::string version;
  std::string source;
  Layer layer{};
  std::string digest;
  std::int64_t differs = 0;      // changes of an own one against the shipped one of today
  bool shipped_changed = false;  // as for templates
  std::optional<Time> saved;
};
BOOST_DESCRIBE_STRUCT(FormShown, (), (key, title, version, source, layer, digest, differs, shipped_changed, saved))

// Templates and forms in their two layers. Changing needs manage_calls.
class Layers {
 public:
  Layers(Clock const& clock, journal::Journal& journal, Calls& calls)
      : clock_{clock}, journal_{journal}, calls_{calls} {}

  // Shipped ones in their order, own ones in place of them or behind.
  Result<std::vector<TemplateShown>> templates(db::Tx& tx);
  // Errors: not_found "template".
  Result<TemplateShown> find_template(db::Tx& tx, std::string_view key);
  // Checked whole. Statement: template.saved. Errors: invalid "call_templates".
  Result<TemplateShown> save_template(db::Tx& tx, identity::Actor const& actor, std::string_view key,
                                      schedule::CallTemplate const& own);
  // What is shipped holds again, if there is such. Statement: template.removed. Errors: not_found "template".
  Result<> remove_template(db::Tx& tx, identity::Actor const& actor, std::string_view key);
  // Errors besides: those of draft_of and of Calls::create.
  Result<Call> make_call(db::Tx& tx, identity::Actor const& actor, std::string_view key,
                         TemplateChoices const& choices);

  Result<std::vector<FormShown>> forms(db::Tx& tx);
  // Calls keep the edition they hold; calls made or amended from now on get this one. Statement: form.saved. Errors:
  // those of forms::parse, invalid "form_definition".
  Result<FormShown> save_form(db::Tx& tx, identity::Actor const& actor, std::string_view key,
                              std::string_view definition);
  // Statement: form.removed. Errors: not_found "form".
  Result<> remove_form(db::Tx& tx, identity::Actor const& actor, std::string_view key);
  // What an own form says otherwise than the shipped one. Errors: not_found "form".
  Result<std::vector<forms::Change>> form_changes(db::Tx& tx, std::string_view key);

 private:
  Result<> say(db::Tx& tx, identity::Actor const& actor, std::string_view kind, std::string_view key,
               std::string_view digest, std::optional<std::string> const& shipped_digest);

  Clock const& clock_;
  journal::Journal& journal_;
  Calls& calls_;
};

}  // namespace fabrica::calls
