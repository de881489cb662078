// From something to be told to rows: a notice for each person, and a mail where they want one.
#include "notices/impl/telling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "notices/impl/store.hpp"
#include "projects/lookup.hpp"

namespace fabrica::notices {

using identity::Person;
using identity::Role;

std::string counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string amount_of(std::int64_t units, std::string_view unit) {
  std::string word{unit};
  std::ranges::replace(word, '_', '-');
  return fmt::format("{} {}{}", units, word, units == 1 ? "" : "s");
}

std::string shown(Time time, schedule::Zone const& zone) {
  if (zone.name() == "UTC") return schedule::text_of(zone.wall_at(time.us)) + " UTC";
  return schedule::local_text(time.us, zone);
}

Result<Preferences> Notices::preferences_of(db::Tx& tx, PublicId const& person) {
  FABRICA_TRY(auto const row, tx.maybe<store::PreferencesRow>(store::kPreferences, person));
  Preferences out;
  out.zone = row ? row->zone : p_.options.zone;
  if (!row) return out;
  out.digest_hour = row->digest_hour;
  FABRICA_TRY(out.rules, (json::read<std::map<std::string, How>>(row->rules)));
  FABRICA_TRY(out.muted, json::read<std::vector<PublicId>>(row->muted));
  return out;
}

// Active people alone: who left hears nothing.
Result<std::vector<Person>> Notices::hearers(db::Tx& tx, Telling const& telling) {
  std::vector<Person> out;
  auto const audience = rule_of(telling.kind).audience;
  if (telling.named || audience == Audience::reviewer) {
    for (auto const& id : telling.persons) {
      auto who = identity::person(tx, id);
      if (!who && who.error().code != Errc::not_found) return std::unexpected(who.error());
      if (who && who->active) out.push_back(*std::move(who));
    }
    return out;
  }
  if (audience == Audience::project) {
    auto const project = PublicId::parse(telling.project);
    if (!project) return out;
    FABRICA_TRY(out, identity::holders(tx, *project));
    std::erase_if(out, [](Person const& one) { return !one.active; });
    if (!out.empty()) return out;
    // Nobody has a role in it (an administrator made it): whoever answers for the organisation.
    FABRICA_TRY(auto const found, projects::find_project(tx, *project));
    return identity::people_with(tx, Role::organisation_admin, found.organisation.text());
  }
  auto const role = audience == Audience::officers ? Role::access_officer : Role::administrator;
  FABRICA_TRY(out, identity::people_with(tx, role, ""));
  if (telling.operators_too) {
    FABRICA_TRY(auto more, identity::people_with(tx, Role::operator_, ""));
    std::ranges::move(more, std::back_inserter(out));  // who is both is told once: a notice is unique
  }
  if (out.empty() && role != Role::administrator) return identity::people_with(tx, Role::administrator, "");
  return out;
}

Result<> Notices::tell_all(db::Tx& tx, Telling const& telling) {
  FABRICA_TRY(auto const people, hearers(tx, telling));
  for (auto const& one : people) FABRICA_DO(tell(tx, one, telling));
  return {};
}

Result<> Notices::tell(db::Tx& tx, Person const& person, Telling const& telling) {
  FABRICA_TRY(auto const preferences, preferences_of(tx, person.id));
  auto zone = schedule::Zone::named(preferences.zone);
  if (!zone) zone = schedule::Zone::named("UTC");
  auto words = telling.words;
  for (auto const& [name, time] : telling.times) words[name] = shown(time, *zone);
  auto const text = text_of(Language::english, telling.kind, telling.variant, words);
  auto const how = how_for(telling.kind, preferences, telling.project);
  Time const now{p_.clock.now()};
  bool const digest = p_.options.mail && how == How::digest;
  auto const digest_at =
      digest ? std::optional{Time{next_digest(now.us, preferences.digest_hour, *zone)}} : std::nullopt;
  FABRICA_TRY(auto const made,
              tx.run(store::kNoticeInsert, PublicId::make(now.us, p_.random), telling.cause, telling.kind, person.id,
                     telling.project, text.subject, text.body, telling.path, now, digest_at));
  if (made == 0 || how != How::at_once || !p_.options.mail) return {};
  auto const once = fmt::format("{}/{}/{}", telling.cause, db::enum_name(telling.kind), person.id.text());
  FABRICA_DO(queue_mail(tx, once, telling.kind, person.id, text, telling.path));
  if (wake_) tx.after_commit(wake_);
  return {};
}

Result<std::int64_t> Notices::queue_mail(db::Tx& tx, std::string_view once, NoticeKind kind, PublicId const& person,
                                         Text text, std::string_view path) {
  Time const now{p_.clock.now()};
  return tx.run(store::kMailInsert, PublicId::make(now.us, p_.random), once, db::enum_name(kind), std::optional{person},
                "", text.subject, text.body, path, std::optional<Bytes>{}, now);
}

}  // namespace fabrica::notices
