#include <fmt/format.h>

#include "notices/hooks.hpp"
#include "notices/impl/store.hpp"
#include "notices/senders.hpp"

namespace fabrica::notices {
namespace {

constexpr Micros kBothSecrets_us = kDay;  // after a change

}  // namespace

struct HookSender::Claimed {
  store::HookDueRow row;
  store::HookRow hook;
};

Result<int> HttpHookTransport::post(std::string const& url, http::Headers const& headers, std::string const& body) {
  http::ClientRequest request{.method = "POST", .url = url, .headers = headers, .body = body};
  request.timeout_us = 15 * kSecond;
  request.silence_us = 10 * kSecond;
  request.download = [](std::string_view) { return false; };  // what it says besides its status is of no use
  request.answer_bytes_max = 1u << 20;
  FABRICA_TRY(auto const response, client_.send(request));
  return response.status;
}

Result<bool> HookSender::turn() {
  auto const& parts = notices_.parts();
  if (outcome_) FABRICA_DO(write_outcome());
  if (!recovered_) {
    Time const now{parts.clock.now()};
    FABRICA_DO(database_.write([&](db::Tx& tx) { return tx.run(store::kLeftEndingHook, now); }));
    recovered_ = true;
  }
  if (stopped_) return false;
  auto claimed = claim();
  if (!claimed) {
    recovered_ = false;
    return std::unexpected(claimed.error());
  }
  if (!*claimed) return false;
  auto const& [row, hook] = **claimed;
  auto const now = parts.clock.now();
  std::vector<Bytes> secrets{parts.secrets.hook_secret(hook.public_id, hook.secret_version)};
  if (hook.rotated_us && now - hook.rotated_us->us < kBothSecrets_us)
    secrets.push_back(parts.secrets.hook_secret(hook.public_id, hook.secret_version - 1));
  auto const id = "msg_" + row.public_id.text();
  auto const timestamp_s = now / kSecond;
  http::Headers headers;
  headers.set("Content-Type", "application/json");
  headers.set("webhook-id", id);
  headers.set("webhook-timestamp", fmt::format("{}", timestamp_s));
  headers.set("webhook-signature", signatures(secrets, id, timestamp_s, row.body));
  auto const answer = transport_.post(hook.url, headers, row.body);
  outcome_ = {row.id, row.attempts, row.created_us, hook.id, {}, ""};
  if (answer) {
    outcome_->status = *answer;
    outcome_->answer = fmt::format("HTTP {}", *answer);
  } else {
    outcome_->answer = answer.error().what;
  }
  FABRICA_DO(write_outcome());
  return true;
}

Result<std::optional<HookSender::Claimed>> HookSender::claim() {
  return database_.write([&](db::Tx& tx) -> Result<std::optional<Claimed>> {
    Time const now{notices_.parts().clock.now()};
    FABRICA_TRY(auto row, tx.maybe<store::HookDueRow>(store::kHookDue, now));
    if (!row) return std::optional<Claimed>{};
    FABRICA_TRY(auto hook, tx.one<store::HookRow>(store::kHookById, row->hook_id));
    FABRICA_TRY(auto const begun, tx.run(store::kDeliveryBegin, row->id, DeliveryState::ending));
    if (begun != 1) return fail(Errc::conflict, "delivery_state", "It changed meanwhile.");
    ++row->attempts;
    return std::optional{Claimed{*std::move(row), std::move(hook)}};
  });
}

Result<> HookSender::write_outcome() {
  auto const outcome = *outcome_;
  Time const now{notices_.parts().clock.now()};
  FABRICA_DO(database_.write([&](db::Tx& tx) { return settle(tx, outcome, now); }));
  outcome_.reset();
  return {};
}

Result<> HookSender::settle(db::Tx& tx, Outcome const& outcome, Time now) {
  auto& random = notices_.parts().random;
  if (outcome.status && *outcome.status >= 200 && *outcome.status < 300) {
    FABRICA_DO(tx.run(store::kDeliveryEnd, outcome.id, DeliveryState::sent, now, outcome.answer));
    FABRICA_DO(tx.run(store::kHookWorks, outcome.hook));
    return {};
  }
  bool const too_old = now.us - outcome.created.us > kHookGiveUp_us;
  if (too_old) FABRICA_DO(tx.run(store::kDeliveryEnd, outcome.id, DeliveryState::given_up, now, outcome.answer));
  else
    FABRICA_DO(tx.run(store::kDeliveryFail, outcome.id,
                      Time{now.us + wait_after(outcome.attempts, kHookBackOff, random)}, outcome.answer,
                      std::int64_t{0}));
  FABRICA_TRY(auto const hook, tx.one<store::HookRow>(store::kHookById, outcome.hook));
  // One that answers is asked for the next message at once; one that cannot be reached is left alone.
  auto const failures = outcome.status ? std::int64_t{0} : hook.failures + 1;
  auto const next = outcome.status ? now.us : now.us + wait_after(failures, kHookServerBackOff, random);
  FABRICA_DO(tx.run(store::kHookFails, hook.id, failures, now, Time{next}, outcome.answer));
  bool const gone = outcome.status == 410;
  auto const failing = hook.failing_us.value_or(now);
  if (hook.state != HookState::active || (!gone && now.us - failing.us < kHookDisable_us)) return {};
  auto const reason = gone ? std::string{"its receiver says that it is gone (410)."}
                           : fmt::format("it has taken nothing since {}.", format_time(failing.us));
  FABRICA_DO(tx.run(store::kHookMove, hook.id, HookState::active, HookState::disabled, reason));
  FABRICA_DO(tx.run(store::kHookGiveUp, hook.id, now, "The web hook was switched off."));
  return notices_.tell_disabled(tx, hook.public_id, hook.scope, hook.url, reason);
}

}  // namespace fabrica::notices
