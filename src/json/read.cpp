#include "json/read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "json/nearest.hpp"
#include "json/nearest.hpp"
#include "json/write.hpp"

namespace fabrica::json::detail {
namespace {

constexpr std::size_t kFaultsMax = 50;
constexpr std::size_t kShownMax = 60;  // characters of a hostile value repeated in an answer

std::string number_text(double number) {
  std::string out;
  append_number(out, number);
  return out;
}

std::string shown(std::string_view text) {
  auto part = text.substr(0, kShownMax);
  // Never cut a character in two: what we send must be UTF-8.
  if (part.size() < text.size())
    while (!part.empty() && (text[part.size()] & 0xC0) == 0x80) part.remove_suffix(1);
  return fmt::format("\"{}{}\"", part, part.size() < text.size() ? "…" : "");
}

std::string suggestion(std::string_view name, std::string_view const* names, std::size_t count) {
  auto const meant = nearest(name, {names, count});
  return meant.empty() ? std::string{} : fmt::format(" Did you mean \"{}\"?", meant);
}

std::string listed(std::string_view const* names, std::size_t count) {
  std::string out;
  for (std::size_t place = 0; place < count; ++place)
    out += fmt::format("{}\"{}\"", place == 0 ? "" : place + 1 == count ? " or " : ", ", names[place]);
  return out;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 4648 section 4, padded, with nothing in the unused bits: one text for each value.
bool decode_base64(std::string_view text, Bytes& out) {
  if (text.size() % 4 != 0) return false;
  std::size_t const padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.clear();
  out.reserve(text.size() / 4 * 3);
  unsigned bits = 0;
  int held = 0;
  for (char const c : text.substr(0, text.size() - padding)) {
    int const value = base64_value(c);
    if (value < 0) return false;
    bits = bits << 6 | static_cast<unsigned>(value);
    held += 6;
    if (held >= 8) out.push_back(static_cast<std::uint8_t>(bits >> (held -= 8)));
    bits &= 0xFFFF;
  }
  return (bits & ((1u << held) - 1)) == 0;
}

}  // namespace

void Reader::fault(std::string what) {
  if (faults_.size() < kFaultsMax) faults_.push_back({pointer_, std::move(what)});
  else ++unlisted_;
}

bool Reader::boolean(Value value, bool& out) {
  if (auto const truth = value.boolean()) return out = *truth, true;
  fault(fmt::format("Must be true or false, not {}.", name_of(value.kind())));
  return false;
}

bool Reader::integer(Value value, std::int64_t least, std::int64_t most, std::int64_t& out) {
  if (value.kind() != Kind::number)
    return fault(fmt::format("Must be a whole number, not {}.", name_of(value.kind()))), false;
  auto const whole = value.integer();
  if (whole && *whole >= least && *whole <= most) return out = *whole, true;
  auto const real = value.number();
  if (!whole && real && *real >= static_cast<double>(least) && *real <= static_cast<double>(most) &&
      *real != std::trunc(*real))
    fault(fmt::format("Must be a whole number, not {}.", value.digits().substr(0, kShownMax)));
  else fault(fmt::format("Must be from {} to {}.", least, most));
  return false;
}

bool Reader::unsigned_integer(Value value, std::uint64_t most, std::uint64_t& out) {
  if (value.kind() != Kind::number)
    return fault(fmt::format("Must be a whole number, not {}.", name_of(value.kind()))), false;
  auto const whole = value.unsigned_integer();
  if (whole && *whole <= most) return out = *whole, true;
  auto const real = value.number();
  if (!whole && real && *real >= 0 && *real != std::trunc(*real))
    fault(fmt::format("Must be a whole number, not {}.", value.digits().substr(0, kShownMax)));
  else fault(fmt::format("Must be from 0 to {}.", most));
  return false;
}

bool Reader::number(Value value, double& out) {
  if (value.kind() != Kind::number)
    return fault(fmt::format("Must be a number, not {}.", name_of(value.kind()))), false;
  if (auto const real = value.number()) return out = *real, true;
  fault("Is outside the range of a double (about 1.8e308).");
  return false;
}

bool Reader::text(Value value, std::string& out) {
  if (auto const text = value.text()) return out = *text, true;
  fault(fmt::format("Must be a string, not {}.", name_of(value.kind())));
  return false;
}

bool Reader::time(Value value, Time& out) {
  std::string text_of_time;
  if (!text(value, text_of_time)) return false;
  if (auto const time = parse_time(text_of_time)) return out.us = *time, true;
  fault(fmt::format("{} is not a time: write 2026-11-23T12:00:00Z or 2026-11-23.", shown(text_of_time)));
  return false;
}

bool Reader::public_id(Value value, PublicId& out) {
  std::string id_text;
  if (!text(value, id_text)) return false;
  if (auto id = PublicId::parse(id_text)) return out = *std::move(id), true;
  fault(fmt::format("{} is not an id: 36 characters like 019364a2-7b1c-7def-8a01-23456789abcd.", shown(id_text)));
  return false;
}

bool Reader::bytes(Value value, Bytes& out) {
  std::string encoded;
  if (!text(value, encoded)) return false;
  if (decode_base64(encoded, out)) return true;
  fault("Must be base64 with padding (RFC 4648, section 4).");
  return false;
}

bool Reader::name(Value value, std::string_view const* names, std::size_t count, std::size_t& out) {
  std::string given;
  if (!text(value, given)) return false;
  for (std::size_t place = 0; place < count; ++place)
    if (names[place] == given) return out = place, true;
  fault(fmt::format("Must be {}, not {}.", listed(names, count), shown(given)));
  return false;
}

bool Reader::array(Value value) {
  if (value.kind() == Kind::array) return true;
  fault(fmt::format("Must be an array, not {}.", name_of(value.kind())));
  return false;
}

bool Reader::object(Value value) {
  if (value.kind() == Kind::object) return true;
  fault(fmt::format("Must be an object, not {}.", name_of(value.kind())));
  return false;
}

void Reader::refuse_unknown(Value object, std::string_view const* names, std::size_t count) {
  for (std::size_t place = 0; place < object.size(); ++place) {
    auto const key = object[place].key();
    if (std::find(names, names + count, key) != names + count) continue;
    if (faults_.size() >= kFaultsMax) {  // no suggestions for the thousandth
      ++unlisted_;
      continue;
    }
    Step const step{*this, std::string_view{key.substr(0, kShownMax)}};
    fault(fmt::format("There is no such member here.{}", suggestion(key, names, count)));
  }
}

void Reader::missing(std::string_view name) {
  Step const step{*this, name};
  fault("Is missing.");
}

void Reader::within(double value, double least, double most) {
  if (!(value >= least && value <= most))
    fault(fmt::format("Must be from {} to {}.", number_text(least), number_text(most)));
}

void Reader::within_integer(std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most) fault(fmt::format("Must be from {} to {}.", least, most));
}

void Reader::within_unsigned(std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value < least || value > most) fault(fmt::format("Must be from {} to {}.", least, most));
}

void Reader::within_length(std::string_view text, std::size_t least, std::size_t most) {
  auto const length =
      static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  if (length < least && length == 0) fault("Must not be empty.");
  else if (length < least || length > most)
    fault(fmt::format("Must have {} to {} characters, not {}.", least, most, length));
}

void Reader::within_items(std::size_t count, std::size_t least, std::size_t most) {
  if (count < least || count > most) fault(fmt::format("Must have {} to {} entries, not {}.", least, most, count));
}

std::unexpected<Error> refused(std::vector<Fault> faults) {
  auto what = faults.size() == 1
                  ? fmt::format("{}: {}", faults[0].pointer.empty() ? "The value" : faults[0].pointer, faults[0].what)
                  : fmt::format("{} things are wrong; the faults say which.", faults.size());
  return fail(Errc::invalid, "json_members", std::move(what), std::move(faults));
}

}  // namespace fabrica::json::detail
