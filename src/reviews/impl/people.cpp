// Profiles, settings, invitations and the pool.
#include "identity/people.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/sha256.hpp"
#include "crypto/token.hpp"
#include "reviews/impl/affinity.hpp"
#include "reviews/impl/board.hpp"
#include "reviews/service.hpp"

namespace fabrica::reviews {
namespace {

using identity::Actor;
using identity::Permission;

constexpr std::string_view kTokenPrefix = "inv_";

struct ProfileBody {
  PublicId person;
};
BOOST_DESCRIBE_STRUCT(ProfileBody, (), (person))

struct SettingsBody {
  PublicId call;
  Settings settings;
};
BOOST_DESCRIBE_STRUCT(SettingsBody, (), (call, settings))

struct InvitationBody {
  PublicId invitation;
  PublicId call;
  InvitationState state{};
  std::optional<PublicId> person;
};
BOOST_DESCRIBE_STRUCT(InvitationBody, (), (invitation, call, state, person))

struct LeftBody {
  PublicId call;
  PublicId person;
};
BOOST_DESCRIBE_STRUCT(LeftBody, (), (call, person))

// An invitation past its time has expired whether or not the background loop has said so yet.
InvitationState state_at(store::InvitationRow const& row, Micros now) {
  return row.state == InvitationState::open && row.expires_us.us <= now ? InvitationState::expired : row.state;
}

Invitation invitation_of(store::InvitationRow const& row, Micros now) {
  return {row.public_id, row.call,       row.person,     row.email,       state_at(row, now),
          row.reason,    row.created_us, row.expires_us, row.answered_us, {}};
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// One answer for a token that is malformed, unknown or somebody else's guess.
std::unexpected<Error> no_invitation() {
  return fail(Errc::not_found, "invitation", "There is no such invitation: use the link as it was sent.");
}

}  // namespace

Reviews::Reviews(Clock const& clock, Random& random, journal::Journal& journal, identity::Identity& identity,
                 projects::Projects& projects, calls::Rounds& rounds)
    : clock_{clock},
      random_{random},
      journal_{journal},
      identity_{identity},
      projects_{projects},
      rounds_{rounds},
      affinities_{std::make_unique<AffinityCache>()} {}
Reviews::~Reviews() = default;

Result<> Reviews::say(db::Tx& tx, std::string_view kind, std::string_view actor, std::string body,
                      std::vector<journal::Subject> subjects) {
  FABRICA_DO(journal_.append(tx, {std::string{journal::kFactoryChain}, std::string{kind}, std::string{actor},
                                  std::move(subjects), std::move(body)}));
  return {};
}

Result<Profile> Reviews::save_profile(db::Tx& tx, Actor const& actor, PublicId const& person,
                                      ProfileDraft const& draft) {
  FABRICA_DO(identity::logged_in(actor));
  if (actor.person != person) FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const who, identity::person(tx, person));
  FABRICA_DO(check(draft));
  auto const text = json::write(draft);
  FABRICA_DO(tx.run(store::kProfileSave, person, text, actor.person, Time{clock_.now()}));
  FABRICA_DO(say(tx, "reviewer.profile_saved", actor.person.text(), json::write(ProfileBody{person}),
                 {{"profile", crypto::sha256(text).hex()}}));
  // Who works on a round now may have a conflict since a moment ago.
  FABRICA_TRY(auto const rounds, tx.all<PublicId>(store::kRoundsOfPerson, person));
  for (auto const& round : rounds) {
    FABRICA_TRY(auto seen, board(tx, round));
    if (seen.round.state != calls::RoundState::evaluating) continue;
    FABRICA_DO(load_parties(tx, seen, person));
    FABRICA_TRY(bool const taken_off, detect(tx, seen, actor.person.text(), person));
    if (taken_off) FABRICA_DO(settle(tx, round, actor.person.text(), "conflict"));
  }
  return Profile{person, who.name, draft, Time{clock_.now()}};
}

Result<Profile> Reviews::profile(db::Tx& tx, Actor const& actor, PublicId const& person) {
  FABRICA_DO(identity::logged_in(actor));
  if (actor.person != person) FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const row, tx.maybe<store::ProfileRow>(store::kProfile, person));
  if (!row) return fail(Errc::not_found, "profile", "There is no reviewer profile of this person yet.");
  FABRICA_TRY(auto const who, identity::person(tx, person));
  FABRICA_TRY(auto profile, json::read<ProfileDraft>(row->profile));
  return Profile{person, who.name, std::move(profile), row->saved_us};
}

Result<Settings> Reviews::settings_of(db::Tx& tx, PublicId const& call) {
  FABRICA_TRY(auto const text, tx.maybe<std::string>(store::kSettings, call));
  if (!text) return Settings{};
  return json::read<Settings>(*text);
}

Result<Settings> Reviews::settings(db::Tx& tx, Actor const& actor, PublicId const& call) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_DO(calls::call_text(tx, call));
  return settings_of(tx, call);
}

Result<Settings> Reviews::save_settings(db::Tx& tx, Actor const& actor, PublicId const& call,
                                        Settings const& settings) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const about, calls::call_text(tx, call));
  if (about.kind != calls::CallKind::reviewed)
    return fail(Errc::conflict, "call_kind", "This call decides in order of arrival: nobody reviews.");
  if (settings.randomise) FABRICA_DO(matching::check(rule_of(*settings.randomise)));
  FABRICA_DO(
      tx.run(store::kSettingsSave, call, json::write(settings), Time{clock_.now()}, settings.randomise.has_value()));
  FABRICA_DO(say(tx, "review.settings_saved", actor.person.text(), json::write(SettingsBody{call, settings})));
  return settings;
}

Result<Invitation> Reviews::invite(db::Tx& tx, Actor const& actor, PublicId const& call, InvitationDraft const& draft) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_DO(check(draft));
  FABRICA_TRY(auto const about, calls::call_text(tx, call));
  if (about.kind != calls::CallKind::reviewed)
    return fail(Errc::conflict, "call_kind", "This call decides in order of arrival: nobody reviews.");
  if (about.state == calls::CallState::draft)
    return fail(Errc::conflict, "call_state", "Publish the call first: an invitation shows its text.");
  auto const email = lower(draft.email.value_or(""));
  if (draft.person) {
    FABRICA_DO(identity::person(tx, *draft.person));
    FABRICA_TRY(auto const in_pool, tx.one<std::int64_t>(store::kPoolHas, call, *draft.person));
    if (in_pool > 0) return fail(Errc::conflict, "in_pool", "This person is in the call's pool.");
  }
  Time const now{clock_.now()};
  FABRICA_TRY(auto const open, tx.one<std::int64_t>(store::kInvitationsOpen, call, draft.person, email, now));
  if (open > 0)
    return fail(Errc::conflict, "invitation_open",
                "An invitation is open already: withdraw it before sending another.");
  auto const token = crypto::make_token(kTokenPrefix, random_);
  Time const expires{now.us + draft.days * kDay};
  auto const id = PublicId::make(now.us, random_);
  FABRICA_DO(tx.insert(store::kInvitationInsert, id, call, draft.person, email, token.digest.hex(), now, expires));
  FABRICA_DO(say(tx, "reviewer.invited", actor.person.text(),
                 json::write(InvitationBody{id, call, InvitationState::open, draft.person})));
  Invitation const made{id, call, draft.person, email, InvitationState::open, {}, now, expires, {}, token.text};
  if (tell_invited_) FABRICA_DO(tell_invited_(tx, made));
  return made;
}

Result<std::vector<Invitation>> Reviews::invitations(db::Tx& tx, Actor const& actor, PublicId const& call) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_DO(calls::call_text(tx, call));
  FABRICA_TRY(auto const rows, tx.all<store::InvitationRow>(store::kInvitations, call));
  std::vector<Invitation> out;
  for (auto const& row : rows) out.push_back(invitation_of(row, clock_.now()));
  return out;
}

Result<Invitation> Reviews::withdraw_invitation(db::Tx& tx, Actor const& actor, PublicId const& invitation) {
  FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto row, tx.maybe<store::InvitationRow>(store::kInvitationById, invitation));
  if (!row) return no_invitation();
  Time const now{clock_.now()};
  FABRICA_TRY(auto const moved, tx.run(store::kInvitationMove, row->id, now, InvitationState::withdrawn, "", now));
  if (moved != 1) return fail(Errc::conflict, "invitation_state", "It was answered, or its time is over.");
  FABRICA_DO(say(tx, "reviewer.invitation_withdrawn", actor.person.text(),
                 json::write(InvitationBody{invitation, row->call, InvitationState::withdrawn, row->person})));
  row->state = InvitationState::withdrawn;
  row->answered_us = now;
  return invitation_of(*row, now.us);
}

Result<InvitationShown> Reviews::show_invitation(db::Tx& tx, std::string_view token) {
  if (!crypto::looks_like_token(kTokenPrefix, token)) return no_invitation();
  FABRICA_TRY(auto const row,
              tx.maybe<store::InvitationRow>(store::kInvitationByToken, crypto::token_digest(token).hex()));
  if (!row) return no_invitation();
  FABRICA_TRY(auto const about, calls::call_text(tx, row->call));
  return InvitationShown{row->call, about.title, about.summary, state_at(*row, clock_.now()), row->expires_us};
}

Result<InvitationShown> Reviews::answer_invitation(db::Tx& tx, Actor const& actor, InvitationAnswer const& answer) {
  FABRICA_DO(identity::logged_in(actor));
  FABRICA_TRY(auto shown, show_invitation(tx, answer.token));
  FABRICA_TRY(auto const row,
              tx.one<store::InvitationRow>(store::kInvitationByToken, crypto::token_digest(answer.token).hex()));
  if (row.person && *row.person != actor.person)
    return fail(Errc::forbidden, "invitation_person", "This invitation is somebody else's: log in as who was invited.");
  if (!answer.accept && answer.reason.empty())
    return fail(Errc::invalid, "reason", "Say in a few words why you cannot.", {{"/reason", "empty"}});
  auto const to = answer.accept ? InvitationState::accepted : InvitationState::refused;
  Time const now{clock_.now()};
  FABRICA_TRY(auto const moved, tx.run(store::kInvitationMove, row.id, now, to, answer.reason, now));
  if (moved != 1)
    return fail(Errc::conflict, "invitation_state",
                fmt::format("This invitation is {}: ask the access office for another one.",
                            json::enum_name(state_at(row, now.us))));
  if (answer.accept) FABRICA_DO(tx.run(store::kPoolJoin, row.call, actor.person, now));
  FABRICA_DO(say(tx, "reviewer.invitation_answered", actor.person.text(),
                 json::write(InvitationBody{row.public_id, row.call, to, actor.person})));
  shown.state = to;
  return shown;
}

Result<std::vector<PoolMember>> Reviews::pool(db::Tx& tx, Actor const& actor, PublicId const& call) {
  FABRICA_DO(identity::authorise(actor, Permission::view_factory));
  FABRICA_DO(calls::call_text(tx, call));
  FABRICA_TRY(auto const rows, tx.all<store::PoolRow>(store::kPool, call));
  std::vector<PoolMember> out;
  for (auto const& row : rows) {
    FABRICA_TRY(auto const who, identity::person(tx, row.person));
    FABRICA_TRY(auto const kept, tx.maybe<store::ProfileRow>(store::kProfile, row.person));
    PoolMember one{row.person, who.name, row.joined_us, kept.has_value(), false, 0};
    if (kept) {
      FABRICA_TRY(auto const profile, json::read<ProfileDraft>(kept->profile));
      one.available = is_available(profile, clock_.now());
      one.load_max = profile.load_max;
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<> Reviews::leave_pool(db::Tx& tx, Actor const& actor, PublicId const& call, PublicId const& person,
                             std::string const& reason) {
  FABRICA_DO(identity::logged_in(actor));
  if (actor.person != person) FABRICA_DO(identity::authorise(actor, Permission::manage_calls));
  FABRICA_TRY(auto const left, tx.run(store::kPoolLeave, call, person, Time{clock_.now()}));
  if (left != 1) return fail(Errc::not_found, "pool_member", "This person is not in the call's pool.");
  FABRICA_DO(say(tx, "reviewer.left", actor.person.text(), json::write(LeftBody{call, person})));
  FABRICA_TRY(auto const rounds, tx.all<PublicId>(store::kRoundsOfCall, call));
  for (auto const& round : rounds) {
    FABRICA_TRY(auto rows, tx.all<store::AssignmentRow>(store::kAssignmentsOfRound, round));
    bool freed = false;
    for (auto& row : rows) {
      // A review that was sent is done: its place is not free.
      if (row.reviewer != person || row.submitted || !next(row.state, AssignmentEvent::remove)) continue;
      FABRICA_DO(move(tx, row, AssignmentEvent::remove, reason));
      freed = true;
    }
    if (freed) FABRICA_DO(settle(tx, round, actor.person.text(), "reviewer left"));
  }
  return {};
}

Result<bool> Reviews::turn(db::Tx& tx) {
  Time const now{clock_.now()};
  FABRICA_TRY(auto const row, tx.maybe<store::InvitationRow>(store::kInvitationLapsed, now));
  if (!row) return draw_missing_seed(tx);
  FABRICA_DO(tx.run(store::kInvitationMove, row->id, now, InvitationState::expired, "", now));
  FABRICA_DO(say(tx, "reviewer.invitation_expired", journal::kProgram,
                 json::write(InvitationBody{row->public_id, row->call, InvitationState::expired, row->person})));
  return true;
}

}  // namespace fabrica::reviews
