#include "calls/impl/pdf_syntax.hpp"

#include <algorithm>

namespace fabrica::calls::pdf {
namespace {

constexpr int kDepthMax = 64;
constexpr std::size_t kNameMax = 128;
constexpr std::int64_t kNumberMax = 1'000'000'000'000'000;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Value const& Value::operator[](std::string_view name) const {
  static Value const kNone;
  for (auto one = members.rbegin(); one != members.rend(); ++one)
    if (one->name == name) return one->value;
  return kNone;
}

bool is_space(char c) { return c == '\0' || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '; }
bool is_delimiter(char c) { return std::string_view{"()<>[]{}/%"}.find(c) != std::string_view::npos; }

std::pair<std::string, std::size_t> name_at(std::string_view bytes, std::size_t slash) {
  std::string out;
  auto at = slash + 1;
  while (at < bytes.size() && !is_space(bytes[at]) && !is_delimiter(bytes[at])) {
    char c = bytes[at++];
    if (c == '#' && at + 1 < bytes.size() && hex_digit(bytes[at]) >= 0 && hex_digit(bytes[at + 1]) >= 0) {
      c = static_cast<char>(hex_digit(bytes[at]) * 16 + hex_digit(bytes[at + 1]));
      at += 2;
    }
    if (out.size() < kNameMax) out += c;
    else if (at - slash > 4 * kNameMax) break;  // no name: bytes of something else
  }
  return {std::move(out), at};
}

void Reader::skip_space() {
  while (at_ < bytes_.size()) {
    if (is_space(bytes_[at_])) ++at_;
    else if (bytes_[at_] == '%') {
      while (at_ < bytes_.size() && bytes_[at_] != '\n' && bytes_[at_] != '\r') ++at_;
    } else {
      return;
    }
  }
}

bool Reader::word(std::string_view text) {
  skip_space();
  if (bytes_.substr(std::min(at_, bytes_.size()), text.size()) != text) return false;
  at_ += text.size();
  return true;
}

std::optional<std::int64_t> Reader::whole() {
  skip_space();
  auto const from = at_;
  std::int64_t out = 0;
  while (is_digit(peek()) && out <= kNumberMax) out = out * 10 + (bytes_[at_++] - '0');
  if (at_ == from || out > kNumberMax || is_digit(peek())) return std::nullopt;
  return out;
}

// "12 0 R" is a reference, "12" and "-1.5" are numbers.
std::optional<Value> Reader::number_or_reference() {
  bool const plain = is_digit(peek());
  auto const from = at_;
  if (plain) {
    auto const object = whole();
    auto const after = at_;
    if (object && is_space(peek())) {
      auto const generation = whole();
      if (generation && *generation <= 65535 && is_space(peek()) && word("R") &&
          (at_ >= bytes_.size() || is_space(peek()) || is_delimiter(peek())))
        return Value{Kind::reference, *object, {}, {}, {}};
    }
    at_ = after;
    if (object && peek() != '.') return Value{Kind::number, *object, {}, {}, {}};
    at_ = from;
  }
  Value out{Kind::number, 0, {}, {}, {}};
  bool const minus = peek() == '-';
  bool fraction = false;
  while (at_ < bytes_.size() && (is_digit(peek()) || peek() == '.' || peek() == '-' || peek() == '+')) {
    fraction = fraction || peek() == '.';
    if (is_digit(peek()) && !fraction && out.number < kNumberMax) out.number = out.number * 10 + (peek() - '0');
    ++at_;
  }
  if (at_ == from) return std::nullopt;
  if (minus) out.number = -out.number;
  return out;
}

bool Reader::skip_text() {
  int open = 0;
  while (at_ < bytes_.size()) {
    char const c = bytes_[at_++];
    if (c == '\\') ++at_;
    else if (c == '(') ++open;
    else if (c == ')' && --open == 0) return true;
  }
  return false;
}

bool Reader::skip_hex() {
  auto const end = bytes_.find('>', at_);
  if (end == std::string_view::npos) return false;
  at_ = end + 1;
  return true;
}

std::optional<Value> Reader::array(int depth) {
  Value out{Kind::array, 0, {}, {}, {}};
  ++at_;
  for (;;) {
    skip_space();
    if (peek() == ']' && at_ < bytes_.size()) {
      ++at_;
      return out;
    }
    auto item = value_at(depth + 1);
    if (!item) return std::nullopt;
    out.items.push_back(*std::move(item));
  }
}

std::optional<Value> Reader::dictionary(int depth) {
  Value out{Kind::dictionary, 0, {}, {}, {}};
  at_ += 2;
  for (;;) {
    skip_space();
    if (word(">>")) return out;
    if (peek() != '/' || --values_left_ < 0) return std::nullopt;
    auto [name, end] = name_at(bytes_, at_);
    at_ = end;
    auto member = value_at(depth + 1);
    if (!member) return std::nullopt;
    out.members.push_back({std::move(name), *std::move(member)});
  }
}

std::optional<Value> Reader::value_at(int depth) {
  skip_space();
  if (at_ >= bytes_.size() || depth > kDepthMax || --values_left_ < 0) return std::nullopt;
  char const c = bytes_[at_];
  if (c == '/') {
    auto [name, end] = name_at(bytes_, at_);
    at_ = end;
    return Value{Kind::name, 0, std::move(name), {}, {}};
  }
  if (c == '(') return skip_text() ? std::optional{Value{Kind::text, 0, {}, {}, {}}} : std::nullopt;
  if (c == '[') return array(depth);
  if (c == '<' && at_ + 1 < bytes_.size() && bytes_[at_ + 1] == '<') return dictionary(depth);
  if (c == '<') return skip_hex() ? std::optional{Value{Kind::text, 0, {}, {}, {}}} : std::nullopt;
  if (word("true") || word("false")) return Value{Kind::boolean, 0, {}, {}, {}};
  if (word("null")) return Value{};
  return number_or_reference();
}

}  // namespace fabrica::calls::pdf
