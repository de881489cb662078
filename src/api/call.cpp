#include "api/call.hpp"

#include <fmt/format.h>

#include <charconv>

#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::api {
namespace {

std::unexpected<Error> bad_query(std::string_view name, std::string what) {
  return fail(Errc::invalid, "query", fmt::format("Query parameter \"{}\": {}", name, what));
}

}  // namespace

Result<PublicId> Call::id(std::string_view name) const {
  auto id = PublicId::parse(path(name));
  if (!id) return fail(Errc::not_found, "no_such_page", fmt::format("The address holds no valid id for \"{}\".", name));
  return id;
}

Result<std::optional<std::int64_t>> Call::query_integer(std::string_view name, std::int64_t least,
                                                        std::int64_t most) const {
  auto const text = query(name);
  if (!text) return std::optional<std::int64_t>{};
  std::int64_t value = 0;
  auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < least || value > most)
    return bad_query(name, fmt::format("must be a whole number from {} to {}.", least, most));
  return std::optional{value};
}

Result<std::optional<PublicId>> Call::query_id(std::string_view name) const {
  auto const text = query(name);
  if (!text) return std::optional<PublicId>{};
  auto id = PublicId::parse(*text);
  if (!id) return bad_query(name, "must be an id of 36 characters.");
  return std::optional{*std::move(id)};
}

Result<std::optional<bool>> Call::query_flag(std::string_view name) const {
  auto const text = query(name);
  if (!text) return std::optional<bool>{};
  if (*text == "true") return std::optional{true};
  if (*text == "false") return std::optional{false};
  return bad_query(name, "must be true or false.");
}

Result<> Call::if_match(std::string_view current_etag) const {
  auto const wanted = request_.header("If-Match");
  if (wanted.empty() || wanted == "*" || wanted.find(current_etag) != std::string_view::npos) return {};
  return fail(Errc::stale, "etag", "It has changed since you read it. Read it again and repeat your change.");
}

void Call::created(std::string location) {
  status_ = 201;
  location_ = std::move(location);
}

void Call::start_over() {
  status_ = 200;
  location_.clear();
  headers_ = {};
}

Result<PublicId> Page::after() const {
  if (cursor.empty()) return PublicId{};
  auto id = PublicId::parse(cursor);
  if (!id) return fail(Errc::invalid, "cursor", "The cursor is not one this list gave. Follow the Link header.");
  return id;
}

std::string etag_of_text(std::string_view body) {
  // Half of SHA-256 is more than enough to tell two versions of one thing apart.
  return '"' + crypto::hex_encode(crypto::sha256(body).view().first(16)) + '"';
}

}  // namespace fabrica::api
