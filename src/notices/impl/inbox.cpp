// What a person sees and says: the list, what they want to hear, the link that ends a kind of mail; invitations.
#include <fmt/format.h>

#include "calls/evaluated.hpp"
#include "crypto/seal.hpp"
#include "notices/impl/store.hpp"
#include "notices/impl/telling.hpp"

namespace fabrica::notices {

using identity::Actor;

namespace {

Notice notice_of(store::NoticeRow row) {
  return {row.public_id,
          row.kind,
          rule_of(row.kind).decision,
          std::move(row.project),
          std::move(row.subject),
          std::move(row.text),
          std::move(row.path),
          row.created_us,
          row.read_us};
}

std::unexpected<Error> no_notice() { return fail(Errc::not_found, "notice", "There is no such notice of yours."); }

}  // namespace

Result<std::vector<Notice>> Notices::list(db::Tx& tx, Actor const& actor, bool unread_only, PublicId const& after,
                                          std::int64_t limit) {
  FABRICA_DO(identity::logged_in(actor));
  auto const& query = unread_only ? store::kNoticesUnread : store::kNotices;
  FABRICA_TRY(auto rows, tx.all<store::NoticeRow>(query, actor.person, after.text(), limit));
  std::vector<Notice> out;
  for (auto& row : rows) out.push_back(notice_of(std::move(row)));
  return out;
}

Result<Unread> Notices::unread(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const count, tx.one<std::int64_t>(store::kUnread, actor.person));
  return Unread{count};
}

Result<Notice> Notices::read(db::Tx& tx, Actor const& actor, PublicId const& notice) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_DO(tx.run(store::kRead, actor.person, notice, Time{p_.clock.now()}));
  FABRICA_TRY(auto row, tx.maybe<store::NoticeRow>(store::kNotice, actor.person, notice));
  if (!row) return no_notice();
  return notice_of(*std::move(row));
}

Result<Unread> Notices::read_all(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_DO(tx.run(store::kReadAll, actor.person, Time{p_.clock.now()}));
  return Unread{0};
}

Result<PreferencesShown> Notices::preferences(db::Tx& tx, Actor const& actor) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto preferences, preferences_of(tx, actor.person));
  PreferencesShown out{std::move(preferences), p_.options.mail, {}};
  for (auto const& rule : all_kinds())
    out.kinds.push_back({rule.kind, about(Language::english, rule.kind), how_for(rule.kind, out.preferences, ""),
                         rule.how, rule.decision});
  return out;
}

Result<PreferencesShown> Notices::save_preferences(db::Tx& tx, Actor const& actor, Preferences const& preferences) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_DO(check(preferences));
  FABRICA_DO(tx.run(store::kPreferencesSave, actor.person, preferences.zone, preferences.digest_hour,
                    json::write(preferences.rules), json::write(preferences.muted), Time{p_.clock.now()}));
  return this->preferences(tx, actor);
}

Result<Notices::Unsubscribed> Notices::show_unsubscribe(std::string_view token) const {
  auto const named = p_.secrets.read_unsubscribe(token);
  if (!named) return fail(Errc::not_found, "unsubscribe", "This link is not one of ours, or a part of it is missing.");
  return Unsubscribed{named->second, about(Language::english, named->second), rule_of(named->second).decision};
}

// The kind stays in the list; its mail and its line in a digest end.
Result<Notices::Unsubscribed> Notices::unsubscribe(db::Tx& tx, std::string_view token) {
  FABRICA_TRY(auto const out, show_unsubscribe(token));
  if (out.decision) return out;
  auto const person = p_.secrets.read_unsubscribe(token)->first;
  FABRICA_TRY(auto preferences, preferences_of(tx, person));
  preferences.rules[std::string{db::enum_name(out.kind)}] = How::in_product;
  FABRICA_DO(tx.run(store::kPreferencesSave, person, preferences.zone, preferences.digest_hour,
                    json::write(preferences.rules), json::write(preferences.muted), Time{p_.clock.now()}));
  return out;
}

// The token is in no statement and in no log: it lies sealed in the delivery and goes when the delivery ended.
Result<> Notices::invited(db::Tx& tx, reviews::Invitation const& invitation) {
  FABRICA_TRY(auto const call, calls::call_text(tx, invitation.call));
  Telling telling{.kind = NoticeKind::review_invitation,
                  .cause = fmt::format("invited/{}", invitation.id.text()),
                  .path = fmt::format("/calls/{}", invitation.call.text())};
  telling.words["call"] = quoted(call.title);
  telling.times["due"] = invitation.expires;
  std::string zone = p_.options.zone;
  Time const now{p_.clock.now()};
  if (invitation.person) {
    FABRICA_TRY(auto const preferences, preferences_of(tx, *invitation.person));
    zone = preferences.zone;
    auto words = telling.words;
    FABRICA_TRY(auto const named, schedule::Zone::named(zone));
    words["due"] = shown(invitation.expires, named);
    auto const text = text_of(Language::english, telling.kind, "", words);
    FABRICA_DO(tx.run(store::kNoticeInsert, PublicId::make(now.us, p_.random), telling.cause, telling.kind,
                      *invitation.person, "", text.subject, text.body, telling.path, now, std::optional<Time>{}));
  }
  if (!p_.options.mail || !invitation.token) return {};
  FABRICA_TRY(auto const named, schedule::Zone::named(zone));
  auto words = telling.words;
  words["due"] = shown(invitation.expires, named);
  words["token"] = kSealedMark;
  auto const text = text_of(Language::english, telling.kind, "token", words);
  auto const sealed = crypto::seal(p_.secrets.sealing_key(), *invitation.token, p_.random);
  // An invitation is answered or lapses: it cannot be switched off, so a person's rules are not asked.
  FABRICA_DO(tx.run(store::kMailInsert, PublicId::make(now.us, p_.random), telling.cause, db::enum_name(telling.kind),
                    invitation.person, invitation.person ? "" : invitation.email, text.subject, text.body, telling.path,
                    std::optional{sealed}, now));
  if (wake_) tx.after_commit(wake_);
  return {};
}

}  // namespace fabrica::notices
