#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace fabrica::json {

// What a text from outside may be at most. A member or element counts as one value.
struct Limits {
  std::size_t bytes = std::size_t{1} << 20;
  int depth = 32;
  std::size_t values = 200'000;
};

enum class Kind : std::uint8_t { missing, null, boolean, number, string, array, object };
// "a string", "an object": for messages.
std::string_view name_of(Kind kind);

// A member that holds any JSON value, passed through as compact text: numbers keep their digits, members their order.
struct Raw {
  std::string text = "null";
  friend bool operator==(Raw const&, Raw const&) = default;
};

namespace detail {
struct Node {
  Kind kind = Kind::missing;
  bool truth = false;
  std::uint32_t first = 0;  // children: nodes[first] .. nodes[first + count - 1]
  std::uint32_t count = 0;
  std::string_view text = {};  // a string's decoded content, a number's digits
  std::string_view key = {};   // the name of a member
};
}  // namespace detail

// A view of one value inside a Document, which must outlive it. A default Value is missing; so is what is not found.
class Value {
 public:
  Value() = default;
  Value(detail::Node const* nodes, detail::Node const* self) : nodes_{nodes}, self_{self} {}

  Kind kind() const { return self_ ? self_->kind : Kind::missing; }
  explicit operator bool() const { return self_ != nullptr; }

  // Empty unless the value is of that kind; integer() also needs a number without a fraction that fits.
  std::optional<bool> boolean() const;
  std::optional<std::string_view> text() const;
  std::optional<std::int64_t> integer() const;
  std::optional<std::uint64_t> unsigned_integer() const;
  std::optional<double> number() const;
  std::string_view digits() const { return kind() == Kind::number ? self_->text : std::string_view{}; }

  // Elements of an array or members of an object, in the order they were written.
  std::size_t size() const { return self_ ? self_->count : 0; }
  Value operator[](std::size_t position) const {
    return position < size() ? Value{nodes_, nodes_ + self_->first + position} : Value{};
  }
  std::string_view key() const { return self_ ? self_->key : std::string_view{}; }
  Value find(std::string_view name) const;
  // RFC 6901: "" is this value, "/jobs/0/state" goes down.
  Value at(std::string_view pointer) const;

  // The value as compact JSON.
  std::string write() const;

 private:
  detail::Node const* nodes_ = nullptr;
  detail::Node const* self_ = nullptr;
};

// A parsed text: strict RFC 8259, UTF-8 checked, a member named twice and U+0000 refused. Owns every string a Value
// shows.
class Document {
 public:
  // Errors: invalid "json_syntax" (with line and column), invalid "json_duplicate", too_large "json_too_large".
  static Result<Document> parse(std::string_view text, Limits const& limits = {});

  Value root() const { return {nodes_.data(), nodes_.data() + root_}; }
  Value at(std::string_view pointer) const { return root().at(pointer); }

 private:
  std::unique_ptr<char[]> characters_;
  std::vector<detail::Node> nodes_;
  std::size_t root_ = 0;
};

// RFC 8785 (JCS): one byte string for each value, to be hashed and signed. An integer whose
// digits a double would change is refused instead of rounded: two different numbers must not sign the same. Errors:
// those of parse, invalid "json_number".
Result<std::string> canonical(std::string_view text, Limits const& limits = {});

// Indented by two spaces, for people. Text that is not JSON comes back as it is.
std::string pretty(std::string_view text);

// Lower-level writers, used by write.hpp.
void append_string(std::string& out, std::string_view text);
// ECMA-262 Number::toString, which RFC 8785 prescribes; null for what JSON cannot say (NaN, infinity).
void append_number(std::string& out, double number);
// "a~1b" for "a/b": one step of an RFC 6901 pointer.
void append_pointer_step(std::string& out, std::string_view step);

}  // namespace fabrica::json
