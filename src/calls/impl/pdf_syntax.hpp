#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The syntax of PDF values (ISO 32000-2, 7.2 and 7.3), read with bounds on depth and size.
namespace fabrica::calls::pdf {

enum class Kind : std::uint8_t { null, boolean, number, text, name, array, dictionary, reference };

struct Member;

struct Value {
  Kind kind = Kind::null;
  std::int64_t number = 0;  // of a number its whole part, of a reference the object's number
  std::string text;         // a name with its #xx decoded
  std::vector<Value> items;
  std::vector<Member> members;

  bool is(std::string_view name) const { return kind == Kind::name && text == name; }
  // The member of that name, the last where it is there twice; a null value where there is none.
  Value const& operator[](std::string_view name) const;
};

// Of a dictionary.
struct Member {
  std::string name;
  Value value;
};

bool is_space(char c);
bool is_delimiter(char c);

// Reads values out of bytes from a place on. After an error every further read fails.
class Reader {
 public:
  Reader(std::string_view bytes, std::size_t at) : bytes_{bytes}, at_{at} {}

  std::optional<Value> value() { return value_at(0); }
  // A whole number without sign or point, not more than 10^15.
  std::optional<std::int64_t> whole();
  // True and past it when these letters stand here.
  bool word(std::string_view text);
  void skip_space();
  std::size_t at() const { return at_; }
  void go(std::size_t at) { at_ = at; }

 private:
  std::optional<Value> value_at(int depth);
  std::optional<Value> number_or_reference();
  std::optional<Value> array(int depth);
  std::optional<Value> dictionary(int depth);
  bool skip_text();
  bool skip_hex();
  char peek() const { return at_ < bytes_.size() ? bytes_[at_] : '\0'; }

  std::string_view bytes_;
  std::size_t at_;
  int values_left_ = 200'000;
};

// The name that starts at a slash, decoded, and where it ends. At most 128 characters are kept: no name we look for is
// longer.
std::pair<std::string, std::size_t> name_at(std::string_view bytes, std::size_t slash);

}  // namespace fabrica::calls::pdf
