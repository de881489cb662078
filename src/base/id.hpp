#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace fabrica {

// A row's number inside the database. Each noun has its own type; none of them leaves the program.
template <class Tag>
struct Id {
  std::int64_t value{};
  friend auto operator<=>(Id const&, Id const&) = default;
};

// What a thing is called outside the database: a UUIDv7 (RFC 9562) in its 36-character lower-case text form. Sorts by
// the time of creation and never collides between factories.
class PublicId {
 public:
  PublicId() = default;
  static PublicId make(Micros now, Random& random);
  // Errors: invalid "public_id".
  static Result<PublicId> parse(std::string_view text);

  std::string const& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(PublicId const&, PublicId const&) = default;

 private:
  explicit PublicId(std::string text) : text_{std::move(text)} {}
  std::string text_;
};

}  // namespace fabrica
