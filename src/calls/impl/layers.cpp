#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "calls/content.hpp"
#include "calls/impl/data_store.hpp"
#include "calls/templates.hpp"
#include "crypto/sha256.hpp"
#include "forms/shipped.hpp"

namespace fabrica::calls {
namespace {

using identity::Actor;
using identity::Permission;

struct LayerBody {
  std::string key;
  std::string digest;
  std::string shipped_digest;
};
BOOST_DESCRIBE_STRUCT(LayerBody, (), (key, digest, shipped_digest))

std::string digest_of(schedule::CallTemplate const& one) {
  auto const canonical = json::canonical(json::write(one));
  return canonical ? crypto::sha256(*canonical).hex() : std::string{};
}

std::vector<std::string> differing(schedule::CallTemplate const& a, schedule::CallTemplate const& b) {
  std::vector<std::string> out;
  boost::mp11::mp_for_each<json::detail::Members<schedule::CallTemplate>>([&](auto member) {
    if (json::write(a.*decltype(member)::pointer) != json::write(b.*decltype(member)::pointer))
      out.emplace_back(decltype(member)::name);
  });
  return out;
}

TemplateShown shown(schedule::CallTemplate const& one, Layer layer) {
  TemplateShown out;
  static_cast<schedule::CallTemplate&>(out) = one;
  out.layer = layer;
  out.digest = digest_of(one);
  return out;
}

Result<TemplateShown> shown_own(store::OwnTemplateRow const& row) {
  FABRICA_TRY(auto const own, json::read<schedule::CallTemplate>(row.definition));
  auto out = shown(own, Layer::own);
  out.saved = row.saved_us;
  if (auto const* shipped = schedule::find_template(schedule::templates(), row.template_key)) {
    out.differs = differing(own, *shipped);
    out.shipped_changed = row.shipped_digest != digest_of(*shipped);
  }
  return out;
}

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 64 && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::unexpected<Error> no_template(std::string_view key) {
  return fail(Errc::not_found, "template", fmt::format("There is no call template \"{}\".", key.substr(0, 64)));
}

Result<FormShown> form_shown(forms::Form const& form, Layer layer) {
  return FormShown{form.key, form.title, form.version, form.source, layer, forms::digest(form), 0, false, {}};
}

}  // namespace

Result<> Layers::say(db::Tx& tx, Actor const& actor, std::string_view kind, std::string_view key,
                     std::string_view digest, std::optional<std::string> const& shipped_digest) {
  LayerBody const body{std::string{key}, std::string{digest}, shipped_digest.value_or("")};
  FABRICA_DO(journal_.append(tx, {std::string{journal::kFactoryChain},
                                  std::string{kind},
                                  actor.person.text(),
                                  {{fmt::format("{}:{}", kind.substr(0, kind.find('.')), key), std::string{digest}}},
                                  json::write(body)}));
  return {};
}

Result<std::vector<TemplateShown>> Layers::templates(db::Tx& tx) {
  FABRICA_TRY(auto own, tx.all<store::OwnTemplateRow>(store::kOwnTemplates));
  std::vector<TemplateShown> out;
  for (auto const& one : schedule::templates().templates) {
    auto const mine = std::ranges::find(own, one.key, &store::OwnTemplateRow::template_key);
    if (mine == own.end()) {
      out.push_back(shown(one, Layer::shipped));
      continue;
    }
    FABRICA_TRY(auto row, shown_own(*mine));
    out.push_back(std::move(row));
    own.erase(mine);
  }
  for (auto const& row : own) {
    FABRICA_TRY(auto one, shown_own(row));
    out.push_back(std::move(one));
  }
  return out;
}

Result<TemplateShown> Layers::find_template(db::Tx& tx, std::string_view key) {
  FABRICA_TRY(auto const own, tx.maybe<store::OwnTemplateRow>(store::kOwnTemplate, key));
  if (own) return shown_own(*own);
  auto const* shipped = schedule::find_template(schedule::templates(), key);
  if (!shipped) return no_template(key);
  return shown(*shipped, Layer::shipped);
}

Result<TemplateShown> Layers::save_template(db::Tx& tx, Actor const& actor, std::string_view key,
                                            schedule::CallTemplate const& own) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  std::vector<Fault> faults;
  if (!is_key(key) || own.key != key)
    faults.push_back({"/key", "The key is the one of the address: small letters, digits, _ and -."});
  // Among the others, for it may name them.
  schedule::Templates all{schedule::templates().holiday_calendars, {own}};
  for (auto const& one : schedule::templates().templates)
    if (one.key != key) all.templates.push_back(one);
  auto const sound = schedule::read_templates(json::write(all));
  if (!sound) {
    constexpr std::string_view kWhere = "/templates/0";
    for (auto fault : sound.error().faults) {
      if (fault.pointer.starts_with(kWhere)) fault.pointer.erase(0, kWhere.size());
      faults.push_back(std::move(fault));
    }
    if (sound.error().faults.empty()) return std::unexpected(sound.error());
  }
  FABRICA_TRY(auto const known, FormShelf::keys(tx));
  if (own.form && std::ranges::find(known, *own.form) == known.end())
    faults.push_back({"/form", fmt::format("There is no form {}; there are {}.", *own.form, fmt::join(known, ", "))});
  if (!faults.empty()) {
    auto const what = faults.front().what;
    return fail(Errc::invalid, "call_templates", what, std::move(faults));
  }
  // With the days of its calendar: a later edition of the calendar moves no promise.
  auto const& kept = sound->templates.front();
  auto const* shipped = schedule::find_template(schedule::templates(), key);
  auto const shipped_digest = shipped ? std::optional{digest_of(*shipped)} : std::nullopt;
  auto const digest = digest_of(kept);
  FABRICA_TRY(auto const before, tx.maybe<store::OwnTemplateRow>(store::kOwnTemplate, key));
  if (!before || before->digest != digest || before->shipped_digest != shipped_digest) {
    FABRICA_DO(tx.run(store::kOwnTemplateSave, key, json::write(kept), digest, shipped_digest, actor.person.text(),
                      clock_.now()));
    FABRICA_DO(say(tx, actor, "template.saved", key, digest, shipped_digest));
  }
  return find_template(tx, key);
}

Result<> Layers::remove_template(db::Tx& tx, Actor const& actor, std::string_view key) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const before, tx.maybe<store::OwnTemplateRow>(store::kOwnTemplate, key));
  if (!before) return fail(Errc::not_found, "template", "There is no template of your own under this key.");
  FABRICA_DO(tx.run(store::kOwnTemplateDrop, key));
  return say(tx, actor, "template.removed", key, before->digest, before->shipped_digest);
}

Result<Call> Layers::make_call(db::Tx& tx, Actor const& actor, std::string_view key, TemplateChoices const& choices) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const from, find_template(tx, key));
  FABRICA_TRY(auto const draft, draft_of(from, choices));
  return calls_.create(tx, actor, draft);
}

Result<std::vector<FormShown>> Layers::forms(db::Tx& tx) {
  FABRICA_TRY(auto const keys, FormShelf::keys(tx));
  FABRICA_TRY(auto const own, tx.all<store::OwnFormRow>(store::kOwnForms));
  std::vector<FormShown> out;
  for (auto const& key : keys) {
    FABRICA_TRY(auto const text, FormShelf::newest_text(tx, key));
    FABRICA_TRY(auto const form, forms::parse(text));
    auto const mine = std::ranges::find(own, key, &store::OwnFormRow::form_key);
    FABRICA_TRY(auto line, form_shown(form, mine == own.end() ? Layer::shipped : Layer::own));
    if (mine != own.end()) {
      line.saved = mine->saved_us;
      if (auto const shipped = forms::shipped(key)) {
        line.differs = static_cast<std::int64_t>(forms::diff(*shipped, form).size());
        line.shipped_changed = mine->shipped_digest != forms::digest(*shipped);
      }
    }
    out.push_back(std::move(line));
  }
  return out;
}

Result<FormShown> Layers::save_form(db::Tx& tx, Actor const& actor, std::string_view key, std::string_view definition) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const form, forms::parse(definition));
  std::vector<Fault> faults;
  if (!is_key(key) || form.key != key)
    faults.push_back({"/key", "The key is the one of the address: small letters, digits, _ and -."});
  for (std::size_t s = 0; s < form.sections.size(); ++s)
    for (std::size_t f = 0; f < form.sections[s].fields.size(); ++f) {
      auto const& types = form.sections[s].fields[f].limits_.media_types;
      for (std::size_t t = 0; t < types.size(); ++t)
        if (std::ranges::find(kCheckedTypes, types[t]) == kCheckedTypes.end())
          faults.push_back({fmt::format("/sections/{}/fields/{}/limits/media_types/{}", s, f, t),
                            fmt::format("Files of this type cannot be checked by what they are; there are {}.",
                                        fmt::join(kCheckedTypes, ", "))});
    }
  if (!faults.empty()) {
    auto const what = faults.front().what;
    return fail(Errc::invalid, "form_definition", what, std::move(faults));
  }
  auto const shipped = forms::shipped(key);
  auto const shipped_digest = shipped ? std::optional{forms::digest(*shipped)} : std::nullopt;
  auto const digest = forms::digest(form);
  FABRICA_TRY(auto const before, tx.maybe<store::OwnFormRow>(store::kOwnForm, key));
  if (!before || before->digest != digest || before->shipped_digest != shipped_digest) {
    FABRICA_DO(tx.run(store::kFormTextKeep, digest, key, json::write(form), clock_.now()));
    FABRICA_DO(tx.run(store::kOwnFormSave, key, digest, shipped_digest, actor.person.text(), clock_.now()));
    FABRICA_DO(say(tx, actor, "form.saved", key, digest, shipped_digest));
  }
  FABRICA_TRY(auto out, form_shown(form, Layer::own));
  if (shipped) out.differs = static_cast<std::int64_t>(forms::diff(*shipped, form).size());
  out.saved = Time{clock_.now()};
  return out;
}

Result<> Layers::remove_form(db::Tx& tx, Actor const& actor, std::string_view key) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const before, tx.maybe<store::OwnFormRow>(store::kOwnForm, key));
  if (!before) return fail(Errc::not_found, "form", "There is no form of your own under this key.");
  FABRICA_DO(tx.run(store::kOwnFormDrop, key));
  return say(tx, actor, "form.removed", key, before->digest, before->shipped_digest);
}

Result<std::vector<forms::Change>> Layers::form_changes(db::Tx& tx, std::string_view key) {
  FABRICA_TRY(auto const shipped, forms::shipped(key));
  FABRICA_TRY(auto const text, FormShelf::newest_text(tx, key));
  FABRICA_TRY(auto const form, forms::parse(text));
  return forms::diff(shipped, form);
}

}  // namespace fabrica::calls
