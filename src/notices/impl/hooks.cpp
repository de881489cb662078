// Web hooks: who is to be told where.
#include "notices/hooks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "notices/impl/store.hpp"
#include "notices/impl/telling.hpp"
#include "projects/lookup.hpp"

namespace fabrica::notices {

using identity::Actor;
using identity::Permission;

namespace {

constexpr std::int64_t kHooksMax = 20;  // of one organisation

struct HookBody {
  PublicId hook;
  std::optional<PublicId> organisation;
};
BOOST_DESCRIBE_STRUCT(HookBody, (), (hook, organisation))

// What a web hook is sent: ids alone. Who receives it reads the rest with a token of their own.
struct MessageData {
  std::string statement;
  std::optional<std::string> project{};
  std::optional<std::string> proposal{};
  std::optional<std::string> call{};
  std::optional<std::string> round{};
  std::optional<std::string> award{};
  std::optional<std::string> job{};
  std::optional<std::string> appeal{};
  std::optional<std::string> offer{};
};
BOOST_DESCRIBE_STRUCT(MessageData, (), (statement, project, proposal, call, round, award, job, appeal, offer))
struct Message {
  std::string type;
  Time timestamp;
  MessageData data;
};
BOOST_DESCRIBE_STRUCT(Message, (), (type, timestamp, data))

std::optional<std::string> id_text(json::Value body, std::string_view name) {
  auto const text = body.find(name).text();
  return text && PublicId::parse(*text) ? std::optional{std::string{*text}} : std::nullopt;
}

std::optional<PublicId> organisation_of(store::HookRow const& row) {
  auto id = PublicId::parse(row.scope);
  return id ? std::optional{*std::move(id)} : std::nullopt;
}

Result<Hook> hook_of(store::HookRow const& row) {
  FABRICA_TRY(auto kinds, json::read<std::vector<NoticeKind>>(row.kinds));
  return Hook{row.public_id,  organisation_of(row), row.url, std::move(kinds), row.state, row.created_us,
              row.failing_us, row.trouble,          {}};
}

Result<store::HookRow> hook_row(db::Tx& tx, PublicId const& id) {
  FABRICA_TRY(auto const row, tx.maybe<store::HookRow>(store::kHook, id));
  if (!row) return fail(Errc::not_found, "hook", fmt::format("There is no web hook {}.", id.text()));
  return *row;
}

journal::Statement said(std::string_view kind, Actor const& actor, PublicId const& hook,
                        std::optional<PublicId> const& organisation) {
  return {std::string{journal::kFactoryChain},
          std::string{kind},
          actor.person.text(),
          {},
          json::write(HookBody{hook, organisation})};
}

}  // namespace

Result<> Notices::may_manage(Actor const& actor, std::string const& scope) const {
  if (scope.empty()) return identity::authorise(actor, Permission::manage_people);
  return identity::authorise(actor, Permission::manage_organisation, {scope, {}});
}

Result<Hook> Notices::add_hook(db::Tx& tx, Actor const& actor, HookDraft const& draft) {
  auto const scope = draft.organisation ? draft.organisation->text() : std::string{};
  FABRICA_DO(may_manage(actor, scope));
  FABRICA_DO(check_hook_url(draft.url, p_.options.hooks_on_loopback));
  for (auto const kind : draft.kinds)
    if (!rule_of(kind).hooks)
      return fail(Errc::invalid, "kinds",
                  fmt::format("Web hooks do not get {}: it is for the person it is about.", db::enum_name(kind)),
                  {{"/kinds", "Not for web hooks."}});
  FABRICA_TRY(auto const there, tx.one<std::int64_t>(store::kHooksCount, scope));
  if (there >= kHooksMax)
    return fail(Errc::conflict, "hooks_max", fmt::format("There are {} web hooks here: remove one first.", there));
  Time const now{p_.clock.now()};
  auto const id = PublicId::make(now.us, p_.random);
  FABRICA_DO(tx.run(store::kHookInsert, id, scope, draft.url, json::write(draft.kinds), actor.person, now));
  FABRICA_DO(p_.journal.append(tx, said("hook.registered", actor, id, draft.organisation)));
  FABRICA_TRY(auto const row, hook_row(tx, id));
  FABRICA_TRY(auto out, hook_of(row));
  out.secret = secret_text(p_.secrets.hook_secret(id, row.secret_version));
  return out;
}

Result<std::vector<Hook>> Notices::hooks(db::Tx& tx, Actor const& actor, std::optional<PublicId> const& organisation) {
  auto const scope = organisation ? organisation->text() : std::string{};
  FABRICA_DO(may_manage(actor, scope));
  FABRICA_TRY(auto const rows, tx.all<store::HookRow>(store::kHooksOf, scope));
  std::vector<Hook> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto one, hook_of(row));
    out.push_back(std::move(one));
  }
  return out;
}

Result<Hook> Notices::hook(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, hook_row(tx, id));
  FABRICA_DO(may_manage(actor, row.scope));
  return hook_of(row);
}

Result<> Notices::remove_hook(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, hook_row(tx, id));
  FABRICA_DO(may_manage(actor, row.scope));
  FABRICA_DO(tx.run(store::kHookMove, row.id, row.state, HookState::removed, ""));
  FABRICA_DO(tx.run(store::kHookGiveUp, row.id, Time{p_.clock.now()}, "The web hook was removed."));
  FABRICA_DO(p_.journal.append(tx, said("hook.removed", actor, id, organisation_of(row))));
  return {};
}

Result<Hook> Notices::enable_hook(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, hook_row(tx, id));
  FABRICA_DO(may_manage(actor, row.scope));
  FABRICA_TRY(auto const moved, tx.run(store::kHookMove, row.id, HookState::disabled, HookState::active, ""));
  if (moved != 1) return fail(Errc::conflict, "hook_state", "This web hook is not switched off.");
  return hook(tx, actor, id);
}

Result<Hook> Notices::change_secret(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, hook_row(tx, id));
  FABRICA_DO(may_manage(actor, row.scope));
  FABRICA_DO(tx.run(store::kHookRotate, row.id, Time{p_.clock.now()}));
  FABRICA_DO(p_.journal.append(tx, said("hook.secret_changed", actor, id, organisation_of(row))));
  FABRICA_TRY(auto out, hook(tx, actor, id));
  out.secret = secret_text(p_.secrets.hook_secret(id, row.secret_version + 1));
  return out;
}

Result<Delivery> Notices::test_hook(db::Tx& tx, Actor const& actor, PublicId const& id) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto const row, hook_row(tx, id));
  FABRICA_DO(may_manage(actor, row.scope));
  if (row.state != HookState::active)
    return fail(Errc::conflict, "hook_state", "This web hook is switched off: switch it on first.");
  Time const now{p_.clock.now()};
  auto const made = PublicId::make(now.us, p_.random);
  auto const body = json::write(Message{"test", now, {.statement = ""}});
  FABRICA_DO(tx.run(store::kHookDeliveryInsert, made, fmt::format("test/{}", made.text()), "test", row.id, body, now));
  if (wake_) tx.after_commit(wake_);
  return delivery(tx, made);
}

// An organisation's web hooks hear of its projects, the factory's of everything web hooks can have.
Result<> Notices::tell_hooks(db::Tx& tx, Telling const& telling, journal::Kept const& statement, json::Value body) {
  if (!rule_of(telling.kind).hooks) return {};
  std::string organisation;
  if (auto const project = PublicId::parse(telling.project)) {
    FABRICA_TRY(auto const found, projects::find_project(tx, *project));
    organisation = found.organisation.text();
  }
  FABRICA_TRY(auto const rows, tx.all<store::HookRow>(store::kHooksFor, organisation));
  if (rows.empty()) return {};
  Time const now{p_.clock.now()};
  Message message{
      std::string{db::enum_name(telling.kind)}, statement.recorded_us, {.statement = statement.public_id.text()}};
  if (!telling.project.empty()) message.data.project = telling.project;
  message.data.proposal = id_text(body, "proposal");
  message.data.call = id_text(body, "call");
  message.data.round = id_text(body, "round");
  message.data.award = id_text(body, "award");
  message.data.job = id_text(body, "job");
  message.data.appeal = id_text(body, "appeal");
  message.data.offer = id_text(body, "offer");
  auto const text = json::write(message);
  for (auto const& row : rows) {
    FABRICA_TRY(auto const kinds, json::read<std::vector<NoticeKind>>(row.kinds));
    if (!kinds.empty() && std::ranges::find(kinds, telling.kind) == kinds.end()) continue;
    FABRICA_DO(tx.run(store::kHookDeliveryInsert, PublicId::make(now.us, p_.random),
                      fmt::format("hook/{}/{}/{}", row.public_id.text(), telling.cause, message.type), message.type,
                      row.id, text, now));
  }
  if (wake_) tx.after_commit(wake_);
  return {};
}

Result<> Notices::tell_disabled(db::Tx& tx, PublicId const& hook, std::string const& scope, std::string const& url,
                                std::string const& reason) {
  Telling telling{.kind = NoticeKind::hook_disabled,
                  .cause = fmt::format("disabled/{}/{}", hook.text(), p_.clock.now()),
                  .path = "/hooks/" + hook.text()};
  telling.words = {{"url", quoted(url)}, {"reason", quoted(reason)}};
  if (scope.empty()) return tell_all(tx, telling);
  FABRICA_TRY(auto const people, identity::people_with(tx, identity::Role::organisation_admin, scope));
  for (auto const& one : people) FABRICA_DO(tell(tx, one, telling));
  return {};
}

}  // namespace fabrica::notices
