#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "http/message.hpp"

namespace fabrica::runtime {
class Loop;
}

namespace fabrica::http {

// An answer whose bytes come over time, sent in chunks. Producers push from any thread; the connection takes. A reader
// too slow for the bound is dropped: memory is not his to fill.
class Stream {
 public:
  struct Settings {
    std::size_t waiting_bytes_max = 256u << 10;
    std::string heartbeat = {};  // sent after every heartbeat_us of silence
    Micros heartbeat_us = 15 * kSecond;
  };
  explicit Stream(Settings settings) : settings_{std::move(settings)} {}

  // False when the reader has gone or was dropped: stop producing.
  bool push(std::string_view bytes);
  void finish();  // everything has been said
  bool open() const;
  std::size_t waiting_bytes() const;
  // Called whenever the connection has taken what waited: a producer with more to tell goes on.
  void on_taken(std::function<void()> notify);

  // For the connection alone.
  void attach(std::function<void()> wake);
  struct Taken {
    std::string bytes;
    bool finished = false;
    bool dropped = false;
  };
  Taken take();
  void close();
  Settings const& settings() const { return settings_; }

 private:
  Settings settings_;
  mutable std::mutex guards_state_;
  std::string waiting_;
  std::function<void()> wake_;
  std::function<void()> taken_;
  bool finished_ = false;
  bool closed_ = false;
  bool dropped_ = false;
};

struct Event {
  std::string id;    // what Last-Event-ID repeats; no line breaks
  std::string type;  // empty: "message"
  std::string data;  // any text; JSON by custom
};
// The text form (WHATWG HTML, 9.2.6).
std::string format_event(Event const& event);

// Event streams fed from what is stored: a subscription remembers how far it has told, and pulls what came after
// whenever its topic is notified (and every second, for what another process stored). Nothing is lost or told twice,
// and a reader who comes back with Last-Event-ID goes on where he was. A slow reader holds up himself alone: nothing
// more is pulled for him until he has taken what waits.
class EventPump {
 public:
  struct Batch {
    std::vector<Event> events;
    bool last = false;  // there will be no more: the stream ends after these
  };
  // What came after the event with this id ("" for the beginning), oldest first; at most some hundreds and 256 KiB.
  using Pull = std::function<Result<Batch>(std::string const& after_id)>;

  EventPump(Log& log, std::size_t subscriptions_max);
  ~EventPump();
  EventPump(EventPump const&) = delete;
  EventPump& operator=(EventPump const&) = delete;

  // The answer to a GET that asks for events; starts after the request's Last-Event-ID.
  // Errors: unavailable "too_many_streams".
  Result<Response> open(Request const& request, std::string topic, Pull pull);
  // Something was stored under the topic. From any thread; cheap.
  void notify(std::string_view topic);
  void stop();  // ends all streams

 private:
  struct Subscription;
  void round();
  void advance(Subscription& subscription);

  Log& log_;
  std::size_t subscriptions_max_;
  std::mutex guards_subscriptions_;
  std::vector<std::shared_ptr<Subscription>> subscriptions_;
  // Shared with the streams' on_taken, which may be called while the pump goes away.
  std::shared_ptr<runtime::Loop> loop_;
};

}  // namespace fabrica::http
