#include <fmt/format.h>

#include "crypto/seal.hpp"
#include "notices/impl/store.hpp"
#include "notices/impl/telling.hpp"
#include "notices/mail.hpp"
#include "notices/senders.hpp"

namespace fabrica::notices {

using http::SmtpEnd;

struct MailSender::Claimed {
  store::MailRow row;
  std::string name;
  std::string address;
};

void MailSender::stop() {
  stopped_ = true;
  transport_.stop();
}

Result<> MailSender::check() const {
  auto const since = failing_since_.load();
  if (since == 0 || notices_.parts().clock.now() - since < kMailAlarm_us) return {};
  return fail(
      Errc::unavailable, "mail_failing",
      fmt::format("No mail could be handed over since {}: GET /notices/deliveries says why.", format_time(since)));
}

Result<bool> MailSender::turn() {
  if (outcome_) FABRICA_DO(write_outcome());
  if (!recovered_) FABRICA_DO(recover());
  if (stopped_ || notices_.parts().clock.now() < server_retry_us_) return false;
  auto claimed = claim();
  if (!claimed) {
    recovered_ = false;  // the claim may have been kept although its commit failed
    return std::unexpected(claimed.error());
  }
  if (!*claimed) return false;
  auto const& mail = **claimed;
  outcome_ = {mail.row.id, mail.row.attempts, mail.row.created_us, hand_over(mail)};
  FABRICA_DO(write_outcome());
  return true;
}

// Nobody else sends: what is under way in the database was left by a crash, or by a commit whose answer was lost.
Result<> MailSender::recover() {
  Time const now{notices_.parts().clock.now()};
  FABRICA_TRY(auto const uncertain, database_.write([&](db::Tx& tx) -> Result<std::int64_t> {
    FABRICA_DO(tx.run(store::kLeftSending, Channel::mail, now));
    return tx.run(store::kLeftEndingMail);
  }));
  FABRICA_TRY(auto const since, database_.read([](db::Tx& tx) { return tx.maybe<Time>(store::kMailFailingSince); }));
  failing_since_ = since ? since->us : 0;
  recovered_ = true;
  if (uncertain > 0) notices_.parts().log.warning("mail.uncertain", {{"count", uncertain}});
  return {};
}

Result<std::optional<MailSender::Claimed>> MailSender::claim() {
  return database_.write([&](db::Tx& tx) -> Result<std::optional<Claimed>> {
    Time const now{notices_.parts().clock.now()};
    // Who is gone gets nothing; a bounded number of those in one transaction.
    for (int gone = 0; gone < 50; ++gone) {
      FABRICA_TRY(auto row, tx.maybe<store::MailRow>(store::kMailDue, now));
      if (!row) return std::optional<Claimed>{};
      Claimed out{*std::move(row), "", ""};
      out.address = out.row.address;
      if (out.row.person) {
        auto const person = identity::person(tx, *out.row.person);
        if (!person && person.error().code != Errc::not_found) return std::unexpected(person.error());
        if (!person || !person->active) {
          FABRICA_DO(
              tx.run(store::kDeliveryEnd, out.row.id, DeliveryState::given_up, now, "This person is no longer here."));
          continue;
        }
        out.name = person->name;
        out.address = person->email;
      }
      FABRICA_TRY(auto const begun, tx.run(store::kDeliveryBegin, out.row.id, DeliveryState::sending));
      if (begun != 1) return fail(Errc::conflict, "delivery_state", "It changed meanwhile.");
      ++out.row.attempts;
      return std::optional{std::move(out)};
    }
    return std::optional<Claimed>{};
  });
}

http::SmtpAnswer MailSender::hand_over(Claimed const& mail) {
  auto const& parts = notices_.parts();
  MailDraft draft{
      .from_name = settings_.from_name, .from = settings_.from, .to_name = quoted(mail.name), .to = mail.address};
  draft.subject = mail.row.subject;
  draft.message_key = mail.row.once;
  draft.date_us = mail.row.created_us.us;
  Footer below{.factory = parts.options.factory};
  auto const& url = parts.options.public_url;
  if (!url.empty() && !mail.row.path.empty()) below.url = url + mail.row.path;
  if (!url.empty() && mail.row.person) below.preferences = url + "/notices/preferences";
  if (auto const kind = db::enum_from_name<NoticeKind>(mail.row.kind)) {
    below.decision = rule_of(*kind).decision;
    bool const can_end = !below.decision && mail.row.person && !mail.row.sealed;
    if (can_end && !url.empty())
      below.unsubscribe =
          fmt::format("{}/unsubscribe/{}", url, parts.secrets.unsubscribe_token(*mail.row.person, *kind));
  }
  draft.unsubscribe_url = below.unsubscribe;
  draft.text = mail.row.body;
  if (mail.row.sealed) {
    auto const secret = crypto::unseal(parts.secrets.sealing_key(), *mail.row.sealed);
    auto const at = draft.text.find(kSealedMark);
    if (!secret || at == std::string::npos)
      return {SmtpEnd::refused, "Its secret was sealed with another notices key: invite again."};
    draft.text.replace(at, kSealedMark.size(), secret->text());
  }
  draft.text += footer(Language::english, below);
  auto text = compose(draft);
  if (!text) return {SmtpEnd::refused, text.error().what};
  return transport_.send({settings_.from, mail.address, *std::move(text)}, [&] {
    auto const written = database_.write([&](db::Tx& tx) { return tx.run(store::kDeliveryEnding, mail.row.id); });
    return written && *written == 1;
  });
}

Result<> MailSender::write_outcome() {
  auto const& outcome = *outcome_;
  Time const now{notices_.parts().clock.now()};
  FABRICA_DO(database_.write([&](db::Tx& tx) { return settle(tx, outcome, now); }));
  if (outcome.answer.end == SmtpEnd::no_server) {
    server_retry_us_ = now.us + wait_after(++server_failures_, kMailServerBackOff, notices_.parts().random);
    if (failing_since_ == 0) {
      failing_since_ = now.us;
      notices_.parts().log.warning("mail.failing", {{"answer", outcome.answer.text}});
    }
  } else if (outcome.answer.end != SmtpEnd::stopped && outcome.answer.end != SmtpEnd::unknown) {
    if (failing_since_ != 0) notices_.parts().log.info("mail.recovered");
    server_failures_ = 0;
    failing_since_ = 0;
  }
  outcome_.reset();
  return {};
}

Result<> MailSender::settle(db::Tx& tx, Outcome const& outcome, Time now) {
  auto const& text = outcome.answer.text;
  bool const too_old = now.us - outcome.created.us > kMailGiveUp_us;
  auto const fails = [&](Micros wait, std::int64_t uncounted) -> Result<> {
    if (too_old) FABRICA_DO(tx.run(store::kDeliveryEnd, outcome.id, DeliveryState::given_up, now, text));
    else FABRICA_DO(tx.run(store::kDeliveryFail, outcome.id, Time{now.us + wait}, text, uncounted));
    return {};
  };
  switch (outcome.answer.end) {
    case SmtpEnd::accepted: FABRICA_DO(tx.run(store::kDeliveryEnd, outcome.id, DeliveryState::sent, now, text)); break;
    case SmtpEnd::refused:
      FABRICA_DO(tx.run(store::kDeliveryEnd, outcome.id, DeliveryState::given_up, now, text));
      break;
    case SmtpEnd::later:
      FABRICA_DO(fails(wait_after(outcome.attempts, kMailBackOff, notices_.parts().random), 0));
      break;
    case SmtpEnd::no_server:
      FABRICA_DO(fails(0, 1));
      FABRICA_DO(tx.run(store::kMailFailing, now, text));
      return {};
    case SmtpEnd::stopped: return fails(0, 1);
    case SmtpEnd::unknown: FABRICA_DO(tx.run(store::kDeliveryUncertain, outcome.id, text)); return {};
  }
  FABRICA_DO(tx.run(store::kMailWorks));
  return {};
}

}  // namespace fabrica::notices
