#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "db/db.hpp"
#include "identity/people.hpp"
#include "journal/journal.hpp"
#include "notices/rules.hpp"
#include "notices/secrets.hpp"
#include "notices/texts.hpp"
#include "notices/types.hpp"
#include "reviews/types.hpp"

namespace fabrica::calls {
struct ProposalPlace;
}

namespace fabrica::notices {

struct Options {
  std::string factory = "A Fabrica factory";
  std::string public_url = {};  // "https://factory.example": where people reach the factory; empty: mails have no links
  bool mail = false;            // whether a mail server is configured: without one no mail is queued
  std::string zone = "UTC";     // of who has not said theirs
  Micros review_soon_us = 3 * kDay;
  Micros offer_soon_us = 2 * kDay;
  Micros escalate_us = 3 * kDay;
  bool hooks_on_loopback = false;  // http and private addresses, for web hooks of this machine and this network
};

// Tells people what was recorded. The journal is the outbox: turn() reads statements in the order of the log and, in
// one transaction, makes notices and deliveries and moves its position. MailSender and HookSender hand the deliveries
// over.
class Notices {
 public:
  struct Parts {
    Clock const& clock;
    Random& random;
    Log& log;
    journal::Journal& journal;
    Secrets secrets;
    Options options;
  };
  explicit Notices(Parts parts) : p_{std::move(parts)} {}

  // Called after a commit that left something to hand over. Set once, before anything is told.
  void on_work(std::function<void()> wake) { wake_ = std::move(wake); }

  // One piece of what there is to tell: some statements, ends of terms, one digest. Returns whether there may be more.
  // The first call ever starts with what is recorded from then on. Looks in a read transaction, so that it changes
  // nothing and stands in nobody's way while there is nothing to tell.
  Result<bool> turn(db::Database& database);
  // Forgets what ended long ago, a bounded number of rows a call.
  Result<> sweep(db::Tx& tx);

  // Tells who was invited to review, in the transaction that made the invitation: its token is in no other place.
  Result<> invited(db::Tx& tx, reviews::Invitation const& invitation);

  // A person's own notices, newest first: at most `limit` behind `after`.
  Result<std::vector<Notice>> list(db::Tx& tx, identity::Actor const& actor, bool unread_only, PublicId const& after,
                                   std::int64_t limit);
  Result<Unread> unread(db::Tx& tx, identity::Actor const& actor);
  // Errors: not_found "notice" (also another's).
  Result<Notice> read(db::Tx& tx, identity::Actor const& actor, PublicId const& notice);
  Result<Unread> read_all(db::Tx& tx, identity::Actor const& actor);

  Result<PreferencesShown> preferences(db::Tx& tx, identity::Actor const& actor);
  // Errors: those of check(Preferences).
  Result<PreferencesShown> save_preferences(db::Tx& tx, identity::Actor const& actor, Preferences const& preferences);
  // What a link in a mail does: no more mail of that kind. Errors: not_found "unsubscribe".
  struct Unsubscribed {
    NoticeKind kind{};
    std::string about;
    bool decision = false;  // cannot be switched off: nothing was changed
  };
  Result<Unsubscribed> show_unsubscribe(std::string_view token) const;
  Result<Unsubscribed> unsubscribe(db::Tx& tx, std::string_view token);

  // What was handed over or waits for it, newest first. Needs manage_systems or manage_calls.
  Result<std::vector<Delivery>> deliveries(db::Tx& tx, identity::Actor const& actor,
                                           std::optional<DeliveryState> const& state, PublicId const& after,
                                           std::int64_t limit);
  // Sends again what failed, was given up or is uncertain; a repeated mail has the same Message-ID. Errors: not_found
  // "delivery", conflict "delivery_state".
  Result<Delivery> retry(db::Tx& tx, identity::Actor const& actor, PublicId const& delivery);
  // Ends an uncertain or failed one without sending it. Errors: the same.
  Result<Delivery> give_up(db::Tx& tx, identity::Actor const& actor, PublicId const& delivery);
  // To the actor's own address. Needs manage_systems. Errors: conflict "no_mail".
  Result<Delivery> test_mail(db::Tx& tx, identity::Actor const& actor);

  // By who manages the organisation, or the people of the factory. The answer holds the secret, once. Statement:
  // hook.registered. Errors: invalid "url", invalid "kinds".
  Result<Hook> add_hook(db::Tx& tx, identity::Actor const& actor, HookDraft const& draft);
  Result<std::vector<Hook>> hooks(db::Tx& tx, identity::Actor const& actor,
                                  std::optional<PublicId> const& organisation);
  // Errors: not_found "hook".
  Result<Hook> hook(db::Tx& tx, identity::Actor const& actor, PublicId const& hook);
  // Statement: hook.removed. What waited for it is given up.
  Result<> remove_hook(db::Tx& tx, identity::Actor const& actor, PublicId const& hook);
  // After it was switched off. Errors: conflict "hook_state".
  Result<Hook> enable_hook(db::Tx& tx, identity::Actor const& actor, PublicId const& hook);
  // A new secret; for a day messages are signed with both. Statement: hook.secret_changed.
  Result<Hook> change_secret(db::Tx& tx, identity::Actor const& actor, PublicId const& hook);
  Result<Delivery> test_hook(db::Tx& tx, identity::Actor const& actor, PublicId const& hook);

  // For the senders.
  Parts const& parts() const { return p_; }
  Result<> tell_disabled(db::Tx& tx, PublicId const& hook, std::string const& scope, std::string const& url,
                         std::string const& reason);

 private:
  struct Telling;
  struct Seen;
  Result<Seen> look(db::Tx& tx);
  Result<bool> begin(db::Tx& tx);
  Result<bool> follow(db::Tx& tx, Seen const& seen);
  Result<> take(db::Tx& tx, journal::Kept const& statement);
  Result<> take_as(db::Tx& tx, journal::Kept const& statement, StatementRule const& rule, json::Value body);
  Result<> fill(db::Tx& tx, Telling& telling, journal::Kept const& statement, json::Value body);
  Result<> fill_proposal(db::Tx& tx, Telling& telling, PublicId const& proposal, json::Value body);
  Result<> fill_call(db::Tx& tx, Telling& telling, json::Value body);
  Result<std::vector<identity::Person>> hearers(db::Tx& tx, Telling const& telling);
  Result<> tell_all(db::Tx& tx, Telling const& telling);
  Result<> tell(db::Tx& tx, identity::Person const& person, Telling const& telling);
  Result<> tell_hooks(db::Tx& tx, Telling const& telling, journal::Kept const& statement, json::Value body);
  Result<> tell_asked(db::Tx& tx, PublicId const& round);
  Result<> tell_owing(db::Tx& tx, NoticeKind kind, PublicId const& round, Time due, std::string const& cause,
                      std::string reason);
  Result<> tell_taken_off(db::Tx& tx, journal::Kept const& statement, json::Value body);
  Result<> begin_scans(db::Tx& tx, Time now);
  Result<bool> terms_due(db::Tx& tx);
  Result<bool> remind(db::Tx& tx);
  Result<bool> remind_offers(db::Tx& tx);
  Result<> remind_reviews(db::Tx& tx, std::string const& scan, NoticeKind kind, Time until);
  Result<> escalate(db::Tx& tx);
  Result<bool> make_digest(db::Tx& tx);
  Result<Preferences> preferences_of(db::Tx& tx, PublicId const& person);
  Result<std::int64_t> queue_mail(db::Tx& tx, std::string_view once, NoticeKind kind, PublicId const& person, Text text,
                                  std::string_view path);
  Result<> may_manage(identity::Actor const& actor, std::string const& scope) const;
  Result<Delivery> delivery(db::Tx& tx, PublicId const& id);

  Parts p_;
  std::function<void()> wake_;
};

}  // namespace fabrica::notices
