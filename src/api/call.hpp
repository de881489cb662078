#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "db/db.hpp"
#include "http/message.hpp"
#include "identity/types.hpp"

namespace fabrica::api {

// One request on its way through a use case: who asks, for what, when; and what the answer carries besides its body.
class Call {
 public:
  Call(http::Request const& request, identity::Actor actor, Micros now)
      : request_{request}, actor_{std::move(actor)}, now_{now} {}

  identity::Actor const& actor() const { return actor_; }
  Micros now() const { return now_; }
  std::string const& request_id() const { return request_.request_id; }
  http::Request const& request() const { return request_; }

  // A path parameter, decoded.
  std::string_view path(std::string_view name) const { return request_.parameter(name); }
  // The same as a public id. Errors: not_found "no_such_page" (a malformed id names nothing).
  Result<PublicId> id(std::string_view name) const;

  std::optional<std::string_view> query(std::string_view name) const { return request_.query(name); }
  // Errors: invalid "query" naming the parameter.
  Result<std::optional<std::int64_t>> query_integer(std::string_view name, std::int64_t least, std::int64_t most) const;
  Result<std::optional<PublicId>> query_id(std::string_view name) const;
  Result<std::optional<bool>> query_flag(std::string_view name) const;

  // For an update: is the client's copy the current one? Pass etag_of(the current answer). A request without If-Match
  // passes. Errors: stale "etag".
  Result<> if_match(std::string_view current_etag) const;

  // 201 with Location.
  void created(std::string location);
  void accepted() { status_ = 202; }
  void header(std::string_view name, std::string_view value) { headers_.set(name, value); }

  int status() const { return status_; }
  std::string const& location() const { return location_; }
  http::Headers const& headers() const { return headers_; }
  // A transaction that is run again starts with nothing said.
  void start_over();

 private:
  http::Request const& request_;
  identity::Actor actor_;
  Micros now_;
  int status_ = 200;
  std::string location_;
  http::Headers headers_;
};

// A window on a list: `?limit=&cursor=`. The cursor is what PageOf::next said, by custom the public id of the last
// item.
struct Page {
  std::int64_t limit = 50;  // 1 .. 200
  std::string cursor = {};
  // The cursor as a public id, empty at the beginning. Errors: invalid "cursor".
  Result<PublicId> after() const;
};

template <class T>
struct PageOf {
  std::vector<T> items = {};
  std::string next = {};                   // cursor of the next page; empty: this was the last
  std::optional<std::int64_t> total = {};  // of the whole list, sent as X-Result-Count
};

// Cuts a list that was asked for limit + 1 items to a page; `cursor_of(item)` names the last one.
template <class T, class F>
PageOf<T> page_of(std::vector<T> items, Page const& page, F const& cursor_of) {
  PageOf<T> out{.items = std::move(items)};
  if (static_cast<std::int64_t>(out.items.size()) > page.limit) {
    out.items.resize(static_cast<std::size_t>(page.limit));
    out.next = cursor_of(out.items.back());
  }
  return out;
}

// The strong ETag of a body: its digest in quotes.
std::string etag_of_text(std::string_view body);

}  // namespace fabrica::api
