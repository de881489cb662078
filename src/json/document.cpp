#include "json/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cstring>

namespace fabrica::json {
namespace {

using boost::json::string_view;
using boost::system::error_code;
using detail::Node;

// Builds the flat tree from the parser's events. Every decoded string and every number's digits are at most as long as
// in the text, so one block of the text's size holds them all and never moves.
class Builder {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  Builder(char* characters, std::vector<Node>& nodes, std::size_t values_max)
      : begin_{characters}, end_{characters}, nodes_{nodes}, values_max_{values_max} {}

  bool too_many() const { return too_many_; }
  bool duplicate() const { return duplicate_; }
  bool nul() const { return nul_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) {
    nodes_.push_back(open_.back());
    return true;
  }
  bool on_object_begin(error_code&) { return begin_container(); }
  bool on_object_end(std::size_t count, error_code&) {
    check_duplicates(count);
    return end_container(Kind::object, count);
  }
  bool on_array_begin(error_code&) { return begin_container(); }
  bool on_array_end(std::size_t count, error_code&) { return end_container(Kind::array, count); }

  bool on_key_part(string_view part, std::size_t, error_code&) { return keep(part); }
  bool on_key(string_view part, std::size_t, error_code&) {
    keep(part);
    key_ = cut();
    nul_ = nul_ || key_.find('\0') != std::string_view::npos;
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) { return keep(part); }
  bool on_string(string_view part, std::size_t, error_code& error) {
    keep(part);
    auto const text = cut();
    nul_ = nul_ || text.find('\0') != std::string_view::npos;
    return add({.kind = Kind::string, .text = text}, error);
  }
  bool on_number_part(string_view part, error_code&) { return keep(part); }
  bool on_int64(std::int64_t, string_view part, error_code& error) { return on_digits(part, error); }
  bool on_uint64(std::uint64_t, string_view part, error_code& error) { return on_digits(part, error); }
  bool on_double(double, string_view part, error_code& error) { return on_digits(part, error); }
  bool on_bool(bool truth, error_code& error) { return add({.kind = Kind::boolean, .truth = truth}, error); }
  bool on_null(error_code& error) { return add({.kind = Kind::null}, error); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  bool keep(string_view part) {
    std::memcpy(end_, part.data(), part.size());
    end_ += part.size();
    return true;
  }
  std::string_view cut() {
    std::string_view const text{begin_, static_cast<std::size_t>(end_ - begin_)};
    begin_ = end_;
    return text;
  }
  bool on_digits(string_view part, error_code& error) {
    keep(part);
    return add({.kind = Kind::number, .text = cut()}, error);
  }

  bool begin_container() {
    keys_.push_back(key_);
    key_ = {};
    return true;
  }
  bool end_container(Kind kind, std::size_t count) {
    Node node{.kind = kind,
              .first = static_cast<std::uint32_t>(nodes_.size()),
              .count = static_cast<std::uint32_t>(count),
              .key = keys_.back()};
    keys_.pop_back();
    nodes_.insert(nodes_.end(), open_.end() - static_cast<std::ptrdiff_t>(count), open_.end());
    open_.resize(open_.size() - count);
    open_.push_back(node);
    return true;
  }
  bool add(Node node, error_code& error) {
    if (++values_ > values_max_) {
      too_many_ = true;
      error = boost::json::error::exception;
      return false;
    }
    node.key = std::exchange(key_, {});
    open_.push_back(node);
    return true;
  }

  void check_duplicates(std::size_t count) {
    scratch_.clear();
    for (auto child = open_.end() - static_cast<std::ptrdiff_t>(count); child != open_.end(); ++child)
      scratch_.push_back(child->key);
    std::sort(scratch_.begin(), scratch_.end());
    duplicate_ = duplicate_ || std::adjacent_find(scratch_.begin(), scratch_.end()) != scratch_.end();
  }

  char* begin_;
  char* end_;
  std::vector<Node>& nodes_;
  std::size_t values_max_;
  std::size_t values_ = 0;
  std::string_view key_;
  std::vector<std::string_view> keys_;  // of the containers not ended yet
  std::vector<Node> open_;              // values whose container has not ended yet
  std::vector<std::string_view> scratch_;
  bool too_many_ = false;
  bool duplicate_ = false;
  bool nul_ = false;
};

std::unexpected<Error> syntax_error(std::string_view text, std::size_t at, error_code error, int depth_max) {
  at = std::min(at, text.size());
  auto const before = text.substr(0, at);
  auto const line = 1 + std::count(before.begin(), before.end(), '\n');
  auto const line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  auto const in_line = before.substr(line_start);
  // Columns are counted in characters, not in bytes of UTF-8.
  auto const column = 1 + std::count_if(in_line.begin(), in_line.end(), [](char c) { return (c & 0xC0) != 0x80; });
  if (error == boost::json::error::too_deep)
    return fail(Errc::too_large, "json_too_large",
                fmt::format("Line {}, column {}: nested more than {} levels deep.", line, column, depth_max));
  std::string what = error.message();
  if (error == boost::json::error::incomplete) what = "the text ends too early";
  else if (error == boost::json::error::extra_data) what = "there is more after the value";
  else if (at < text.size() && text[at] >= 0x20 && text[at] < 0x7F) what += fmt::format(" at '{}'", text[at]);
  return fail(Errc::invalid, "json_syntax", fmt::format("Not JSON. Line {}, column {}: {}.", line, column, what));
}

void find_duplicates(Value value, std::string& pointer, std::vector<Fault>& faults) {
  for (std::size_t place = 0; place < value.size(); ++place) {
    auto const child = value[place];
    auto const length = pointer.size();
    pointer += '/';
    append_pointer_step(pointer, value.kind() == Kind::object ? child.key() : std::string_view{std::to_string(place)});
    if (value.kind() == Kind::object)
      for (std::size_t other = 0; other < place && faults.size() < 10; ++other)
        if (value[other].key() == child.key()) {
          faults.push_back({pointer, "This member is there twice."});
          break;
        }
    find_duplicates(child, pointer, faults);
    pointer.resize(length);
  }
}

template <class T>
std::optional<T> whole_number(std::string_view digits) {
  T out{};
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error == std::errc{} && end == digits.data() + digits.size()) return out;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::missing: return "nothing";
    case Kind::null: return "null";
    case Kind::boolean: return "true or false";
    case Kind::number: return "a number";
    case Kind::string: return "a string";
    case Kind::array: return "an array";
    case Kind::object: return "an object";
  }
  std::unreachable();
}

Result<Document> Document::parse(std::string_view text, Limits const& limits) {
  if (text.size() > limits.bytes)
    return fail(Errc::too_large, "json_too_large",
                fmt::format("The text has {} bytes; at most {} are read here.", text.size(), limits.bytes));
  Document document;
  document.characters_ = std::make_unique_for_overwrite<char[]>(text.size() + 1);
  boost::json::parse_options options;
  options.max_depth = static_cast<std::size_t>(std::max(limits.depth, 1));
  boost::json::basic_parser<Builder> parser{options, document.characters_.get(), document.nodes_, limits.values};
  error_code error;
  auto const used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = boost::json::error::extra_data;
  auto const& builder = parser.handler();
  if (builder.too_many())
    return fail(Errc::too_large, "json_too_large", fmt::format("More than {} values.", limits.values));
  if (error) return syntax_error(text, used, error, limits.depth);
  if (builder.nul())
    return fail(Errc::invalid, "json_syntax",
                "A string holds the character U+0000, which no database keeps. Leave it out.");
  document.root_ = document.nodes_.size() - 1;
  if (builder.duplicate()) {
    std::vector<Fault> faults;
    std::string pointer;
    find_duplicates(document.root(), pointer, faults);
    return fail(Errc::invalid, "json_duplicate", "A member is there twice. Send each once.", std::move(faults));
  }
  return document;
}

std::optional<bool> Value::boolean() const {
  if (kind() != Kind::boolean) return std::nullopt;
  return self_->truth;
}

std::optional<std::string_view> Value::text() const {
  if (kind() != Kind::string) return std::nullopt;
  return self_->text;
}

std::optional<std::int64_t> Value::integer() const {
  if (kind() != Kind::number) return std::nullopt;
  if (auto const exact = whole_number<std::int64_t>(self_->text)) return exact;
  // 1e3 and 2.0 are whole numbers as well; beyond 2^53 only plain digits say exactly which.
  auto const real = number();
  if (real && self_->text.find_first_of(".eE") != std::string_view::npos && *real >= -9007199254740992.0 &&
      *real <= 9007199254740992.0 && static_cast<double>(static_cast<std::int64_t>(*real)) == *real)
    return static_cast<std::int64_t>(*real);
  return std::nullopt;
}

std::optional<std::uint64_t> Value::unsigned_integer() const {
  if (kind() != Kind::number) return std::nullopt;
  if (auto const exact = whole_number<std::uint64_t>(self_->text)) return exact;
  if (auto const small = integer(); small && *small >= 0) return static_cast<std::uint64_t>(*small);
  return std::nullopt;
}

std::optional<double> Value::number() const {
  if (kind() != Kind::number) return std::nullopt;
  double out = 0;
  auto const& digits = self_->text;
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc{}) return std::nullopt;  // too large for a double, or too near to zero
  return out;
}

Value Value::find(std::string_view name) const {
  if (kind() != Kind::object) return {};
  for (std::size_t place = 0; place < self_->count; ++place)
    if (auto const* child = nodes_ + self_->first + place; child->key == name) return {nodes_, child};
  return {};
}

Value Value::at(std::string_view pointer) const {
  Value here = *this;
  while (here && !pointer.empty()) {
    if (pointer[0] != '/') return {};
    pointer.remove_prefix(1);
    auto const step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    if (here.kind() == Kind::array) {
      auto const position = whole_number<std::size_t>(step);
      bool const plain = step == "0" || !step.starts_with('0');
      here = position && plain && step[0] != '+' ? here[*position] : Value{};
      continue;
    }
    std::string name;
    for (std::size_t place = 0; place < step.size(); ++place) {
      if (step[place] != '~') name += step[place];
      else if (++place < step.size() && (step[place] == '0' || step[place] == '1'))
        name += step[place] == '0' ? '~' : '/';
      else return {};
    }
    here = here.find(name);
  }
  return here;
}

void append_pointer_step(std::string& out, std::string_view step) {
  for (char const c : step) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
}

}  // namespace fabrica::json
