#include "http/stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "runtime/loop.hpp"

namespace fabrica::http {

bool Stream::push(std::string_view bytes) {
  std::function<void()> wake;
  {
    std::lock_guard const lock{guards_state_};
    if (closed_ || finished_ || dropped_) return false;
    if (waiting_.size() + bytes.size() > settings_.waiting_bytes_max) dropped_ = true;
    else waiting_ += bytes;
    wake = wake_;
  }
  if (wake) wake();
  std::lock_guard const lock{guards_state_};
  return !dropped_;
}

void Stream::finish() {
  std::function<void()> wake;
  {
    std::lock_guard const lock{guards_state_};
    finished_ = true;
    wake = wake_;
  }
  if (wake) wake();
}

bool Stream::open() const {
  std::lock_guard const lock{guards_state_};
  return !closed_ && !finished_ && !dropped_;
}

void Stream::attach(std::function<void()> wake) {
  std::lock_guard const lock{guards_state_};
  wake_ = std::move(wake);
}

std::size_t Stream::waiting_bytes() const {
  std::lock_guard const lock{guards_state_};
  return waiting_.size();
}

void Stream::on_taken(std::function<void()> notify) {
  std::lock_guard const lock{guards_state_};
  taken_ = std::move(notify);
}

Stream::Taken Stream::take() {
  Taken taken;
  std::function<void()> notify;
  {
    std::lock_guard const lock{guards_state_};
    taken = {.bytes = std::move(waiting_), .finished = finished_, .dropped = dropped_};
    waiting_.clear();
    if (!taken.bytes.empty()) notify = taken_;
  }
  if (notify) notify();
  return taken;
}

void Stream::close() {
  std::lock_guard const lock{guards_state_};
  closed_ = true;
  wake_ = nullptr;
  taken_ = nullptr;
  waiting_ = {};
}

std::string format_event(Event const& event) {
  std::string out;
  if (!event.id.empty()) out += fmt::format("id: {}\n", event.id);
  if (!event.type.empty()) out += fmt::format("event: {}\n", event.type);
  // CR, LF and CRLF all end a line for the reader, so each begins a new data field.
  std::string_view rest = event.data;
  while (true) {
    auto const end = rest.find_first_of("\r\n");
    out += fmt::format("data: {}\n", rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return out += '\n';
}

namespace {
// More is pulled for a reader only while less than this waits for him; what a pull may bring fits on top of it.
constexpr std::size_t kPullBelowBytes = 64u << 10;
constexpr std::size_t kWaitingBytesMax = 1u << 20;
}  // namespace

struct EventPump::Subscription {
  std::string topic;
  Pull pull;
  std::string after;
  std::shared_ptr<Stream> stream;
  std::chrono::steady_clock::time_point next{};  // pulled at the latest then, for what other processes stored
  bool notified = true;
  std::string told_fault;  // a fault that stays is logged once
};

EventPump::EventPump(Log& log, std::size_t subscriptions_max) : log_{log}, subscriptions_max_{subscriptions_max} {
  loop_ = std::make_shared<runtime::Loop>("events", kSecond, [this] { round(); });
}

EventPump::~EventPump() { stop(); }

Result<Response> EventPump::open(Request const& request, std::string topic, Pull pull) {
  auto subscription = std::make_shared<Subscription>();
  subscription->topic = std::move(topic);
  subscription->pull = std::move(pull);
  subscription->after = request.header("Last-Event-ID");
  subscription->stream = std::make_shared<Stream>(
      Stream::Settings{.waiting_bytes_max = kWaitingBytesMax, .heartbeat = ": still here\n\n"});
  subscription->stream->on_taken([loop = std::weak_ptr{loop_}] {
    if (auto const alive = loop.lock()) alive->wake();
  });
  // Sent at once, so that the client knows it is connected, and how long to wait before it comes back.
  subscription->stream->push("retry: 2000\n\n");
  Response response{.stream = subscription->stream};
  response.headers.add("Content-Type", "text/event-stream");
  response.headers.add("Cache-Control", "no-cache");
  response.headers.add("X-Accel-Buffering", "no");
  {
    std::lock_guard const lock{guards_subscriptions_};
    if (subscriptions_.size() >= subscriptions_max_)
      return fail(Errc::unavailable, "too_many_streams", "Too many event streams are open. Try again later.");
    subscriptions_.push_back(std::move(subscription));
  }
  loop_->wake();
  return response;
}

void EventPump::notify(std::string_view topic) {
  bool wake = false;
  {
    std::lock_guard const lock{guards_subscriptions_};
    for (auto const& subscription : subscriptions_)
      if (subscription->topic == topic) wake = subscription->notified = true;
  }
  if (wake) loop_->wake();
}

void EventPump::stop() {
  loop_->stop();
  std::lock_guard const lock{guards_subscriptions_};
  for (auto const& subscription : subscriptions_) subscription->stream->finish();
  subscriptions_.clear();
}

void EventPump::round() {
  auto const now = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<Subscription>> due;
  {
    std::lock_guard const lock{guards_subscriptions_};
    std::erase_if(subscriptions_, [](auto const& one) { return !one->stream->open(); });
    for (auto const& one : subscriptions_) {
      if (!one->notified && one->next > now) continue;
      one->notified = false;
      one->next = now + std::chrono::seconds{1};
      due.push_back(one);
    }
  }
  for (auto const& one : due) advance(*one);
}

void EventPump::advance(Subscription& subscription) {
  // Several batches when there is much to tell, but the others wait no longer than for ten of them.
  for (int batch_number = 0; batch_number < 10; ++batch_number) {
    if (subscription.stream->waiting_bytes() > kPullBelowBytes) break;
    auto const batch = subscription.pull(subscription.after);
    if (!batch) {
      if (subscription.told_fault != batch.error().reason)
        log_.warning("events.pull_failed", {{"topic", subscription.topic}, {"reason", batch.error().reason}});
      subscription.told_fault = batch.error().reason;
      return;
    }
    subscription.told_fault.clear();
    for (auto const& event : batch->events) {
      if (!subscription.stream->push(format_event(event))) return;
      if (!event.id.empty()) subscription.after = event.id;
    }
    if (batch->last) return subscription.stream->finish();
    if (batch->events.empty()) return;
  }
  bool const may_go_on = subscription.stream->waiting_bytes() <= kPullBelowBytes;  // else on_taken wakes the loop
  {
    std::lock_guard const lock{guards_subscriptions_};
    subscription.notified = true;
  }
  if (may_go_on) loop_->wake();
}

}  // namespace fabrica::http
