#include "forms/impl/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "crypto/sha256.hpp"
#include "json/nearest.hpp"

namespace fabrica::forms {
namespace {

using json::Kind;
using json::Value;

std::optional<Cell> wrong_type(Place& place, Value value, std::string_view wanted, std::string remedy) {
  place.shape("type", fmt::format("Must be {}, not {}.", wanted, json::name_of(value.kind())), std::move(remedy));
  return std::nullopt;
}

Cell text_cell(std::string text) {
  Cell cell;
  json::append_string(cell.json, text);
  cell.text = std::move(text);
  return cell;
}

void check_length(Field const& field, std::string const& text, Place& place) {
  auto const& limits = field.limits_;
  auto const characters = characters_of(text);
  if (limits.characters_max && characters > *limits.characters_max)
    place.complete("too_long", fmt::format("Has {} characters; at most {} fit.", characters, *limits.characters_max),
                   fmt::format("Shorten it by {}.", characters - *limits.characters_max));
  if (limits.characters_min && characters < *limits.characters_min)
    place.complete("too_short", fmt::format("Has {} characters.", characters),
                   fmt::format("Write at least {}.", *limits.characters_min));
  if (!limits.words_max || characters <= *limits.words_max) return;
  if (auto const words = words_of(text); words > *limits.words_max)
    place.complete("too_many_words", fmt::format("Has {} words; at most {} fit.", words, *limits.words_max),
                   fmt::format("Shorten it by {}.", words - *limits.words_max));
}

// One line of text, cleaned; empty with a note when it cannot be kept.
std::optional<std::string> line(Value value, Place& place, Lines lines, std::string_view wanted) {
  auto const given = value.text();
  if (!given) return wrong_type(place, value, wanted, "Send it in quotes."), std::nullopt;
  auto cleaned = clean(*given, lines);
  if (cleaned.objection) {
    place.shape(cleaned.objection->rule, cleaned.objection->what, cleaned.objection->remedy);
    return std::nullopt;
  }
  if (characters_of(cleaned.text) > kCharactersMax) {
    place.shape("too_long", fmt::format("Has more than {} characters.", kCharactersMax), "Attach a document instead.");
    return std::nullopt;
  }
  return std::move(cleaned.text);
}

std::optional<Cell> accept_text(Field const& field, Value value, Place& place) {
  bool const several = field.type == FieldType::long_text;
  auto text = line(value, place, several ? Lines::several : Lines::one, "text");
  if (!text) return std::nullopt;
  check_length(field, *text, place);
  return text_cell(*std::move(text));
}

// Texts with a form of their own. What does not have it is a matter of the submission: half an address is kept.
std::optional<Cell> accept_formed(Field const& field, Value value, Place& place) {
  auto text = line(value, place, Lines::one, "text");
  if (!text) return std::nullopt;
  switch (field.type) {
    case FieldType::email:
      if (!is_email(*text)) place.complete("email", "Is not an e-mail address.", "Write it like name@example.eu.");
      break;
    case FieldType::url:
      if (!is_web_address(*text))
        place.complete("url", "Is not a web address.",
                       "Write the whole address, starting with https:// and without a user name in it.");
      break;
    case FieldType::orcid:
      if (auto orcid = orcid_of(*text); !orcid.empty()) text = std::move(orcid);
      else
        place.complete("orcid", "Is not an ORCID iD: its last character checks the others and does not fit.",
                       "Copy it from orcid.org; it looks like 0000-0002-1825-0097.");
      break;
    case FieldType::date:
      if (!is_date(*text))
        place.complete("date", "Is not a day of the calendar.", "Write year, month and day: 2026-11-23.");
      break;
    case FieldType::country:
      if (!is_country(*text))
        place.complete("country", "Is not a country code.",
                       *text == "GR"   ? "Write EL, as the Union does."
                       : *text == "GB" ? "Write UK, as the Union does."
                                       : "Write the two capital letters of ISO 3166: LV; EL for Greece, UK.");
      break;
    default: break;
  }
  if (characters_of(*text) > 2000) place.shape("too_long", "Has more than 2,000 characters.", "Shorten it.");
  return text_cell(*std::move(text));
}

std::optional<Cell> accept_number(Field const& field, Value value, Place& place) {
  if (value.kind() != Kind::number)
    return wrong_type(place, value, "a number",
                      field.type == FieldType::money ? "Send whole cents without quotes: 1250 for 12.50."
                                                     : "Send digits without quotes, a point for decimals.");
  auto const number = exact(value.digits());
  if (!number.fits) {
    place.shape("number", fmt::format("{} has too many digits.", shortened(value.digits())),
                "Write at most 15 digits, at most 6 of them after the point, below 1,000,000,000,000.");
    return std::nullopt;
  }
  auto const decimals = decimals_of(field);
  if (number.decimals > decimals) {
    if (decimals == 0)
      place.shape("whole", "Must be a whole number.",
                  field.type == FieldType::money ? "Send cents: 1250 for 12.50." : "Round it.");
    else
      place.shape("decimals", fmt::format("Has {} digits after the point.", number.decimals),
                  fmt::format("Round it to {}.", decimals));
    return std::nullopt;
  }
  auto const shown = [&](double limit) {
    return field.type == FieldType::money ? money_text(micros_of(limit), field.unit) : number_text(micros_of(limit));
  };
  // Nobody asks for less than nothing unless the form says so.
  double const min = field.limits_.min.value_or(field.type == FieldType::decimal ? -1e12 : 0);
  if (number.micros < micros_of(min))
    place.complete("too_small", fmt::format("Is below {}.", shown(min)), fmt::format("Give at least {}.", shown(min)));
  if (field.limits_.max && number.micros > micros_of(*field.limits_.max))
    place.complete("too_large", fmt::format("Is above {}.", shown(*field.limits_.max)),
                   fmt::format("Give at most {}.", shown(*field.limits_.max)));
  Cell cell;
  cell.micros = number.micros;
  cell.json = number_json(number.micros);
  return cell;
}

std::optional<Cell> accept_yes_no(Field const& field, Value value, Place& place) {
  auto const text = value.text();
  if (!text || (*text != "yes" && *text != "no" && *text != "unknown")) {
    place.shape("type", "Must be \"yes\", \"no\" or \"unknown\".", "Choose one of the three.");
    return std::nullopt;
  }
  if (*text == "unknown" && !field.must_be)
    place.question("unknown", "Is not known yet.", "Find it out: an open question is never taken as a yes or as a no.");
  return text_cell(std::string{*text});
}

std::optional<Cell> accept_choice(Field const& field, Value value, Place& place) {
  auto const text = value.text();
  if (!text) return wrong_type(place, value, "one of the options", "Send " + option_list(field) + ".");
  if (option_of(field, *text) == nullptr) {
    place.shape("option", fmt::format("There is no option \"{}\".", shortened(clean(*text, Lines::one).text)),
                "Choose " + option_list(field) + ".");
    return std::nullopt;
  }
  return text_cell(std::string{*text});
}

void check_items(Field const& field, std::size_t count, std::string_view what, Place& place) {
  auto const items = static_cast<std::int64_t>(count);
  if (field.limits_.items_min && items < *field.limits_.items_min)
    place.complete("too_few", fmt::format("Has {} {}.", items, what),
                   fmt::format("Give at least {}.", *field.limits_.items_min));
  if (field.limits_.items_max && items > *field.limits_.items_max)
    place.complete("too_many", fmt::format("Has {} {}.", items, what),
                   fmt::format("Give at most {}.", *field.limits_.items_max));
}

std::optional<Cell> accept_choices(Field const& field, Value value, Place& place) {
  if (value.kind() != Kind::array) return wrong_type(place, value, "a list", "Send [\"a\",\"b\"].");
  std::vector<std::string_view> given;
  for (std::size_t at = 0; at < value.size(); ++at) {
    auto here = place.in(std::to_string(at), {});
    auto const text = value[at].text();
    if (!text || option_of(field, *text) == nullptr) {
      here.shape("option", "Is not one of the options.", "Choose among " + option_list(field) + ".");
      return std::nullopt;
    }
    if (std::ranges::find(given, *text) != given.end()) {
      here.shape("twice", fmt::format("\"{}\" is there twice.", *text), "Send each once.");
      return std::nullopt;
    }
    given.push_back(*text);
  }
  check_items(field, given.size(), "options", place);
  // In the order of the form: two people who tick the same boxes give the same answer.
  Cell cell;
  for (auto const& option : field.options)
    if (std::ranges::find(given, option.key) != given.end()) cell.chosen.push_back(option.key);
  cell.json = json::write(cell.chosen);
  return cell;
}

std::optional<std::int64_t> attachment_bytes(Value value, Place& place) {
  auto const bytes = value.find("bytes").integer();
  if (bytes && *bytes >= 1 && *bytes <= 1'000'000'000) return bytes;
  place.shape("attachment", "Has no size.", "Upload the file first and send what the upload answered.");
  return std::nullopt;
}

std::optional<Cell> accept_attachment(Field const& field, Value value, Place& place) {
  if (value.kind() != Kind::object)
    return wrong_type(place, value, "an attachment", "Upload the file first and send what the upload answered.");
  static constexpr std::array<std::string_view, 4> kNames{"bytes", "digest", "media_type", "name"};
  for (std::size_t at = 0; at < value.size(); ++at)
    if (std::ranges::find(kNames, value[at].key()) == kNames.end()) {
      place.in(value[at].key().substr(0, 64), {})
          .shape("unknown_member", "An attachment has no such member.", "Send name, media_type, bytes and digest.");
      return std::nullopt;
    }
  auto name_place = place.in("name", {});
  auto const name = line(value.find("name"), name_place, Lines::one, "the file's name");
  auto const bytes = attachment_bytes(value, place);
  auto const media_type = value.find("media_type").text();
  auto const digest = value.find("digest").text();
  if (!name || !bytes) return std::nullopt;
  if (name->empty() || characters_of(*name) > 200 || name->find_first_of("/\\") != std::string::npos) {
    name_place.shape("file_name", "Is not a file name.", "Give 1 to 200 characters without slashes.");
    return std::nullopt;
  }
  bool const plain = digest && std::ranges::none_of(*digest, [](char c) { return c >= 'A' && c <= 'F'; });
  if (!plain || !crypto::Digest::from_hex(*digest)) {
    place.in("digest", {}).shape("digest", "Is not a SHA-256 digest.", "Send the 64 lower-case hex digits.");
    return std::nullopt;
  }
  auto const& limits = field.limits_;
  if (!media_type || std::ranges::find(limits.media_types, *media_type) == limits.media_types.end()) {
    place.in("media_type", {})
        .shape("media_type", "A file of this type is not taken here.",
               fmt::format("Attach {}.", fmt::join(limits.media_types, " or ")));
    return std::nullopt;
  }
  if (limits.bytes_max && *bytes > *limits.bytes_max) {
    place.in("bytes", {})
        .shape("too_large", fmt::format("The file has {} bytes.", *bytes),
               fmt::format("Attach at most {} bytes.", *limits.bytes_max));
    return std::nullopt;
  }
  auto cell = text_cell(*name);
  cell.media_type = *media_type;
  cell.bytes = *bytes;
  cell.digest = *digest;
  cell.json = fmt::format(R"({{"bytes":{},"digest":"{}","media_type":"{}","name":{}}})", *bytes, *digest, *media_type,
                          cell.json);
  return cell;
}

std::optional<Row> accept_row(Field const& table, Value value, Place& place, std::size_t number) {
  if (value.kind() != Kind::object)
    return wrong_type(place, value, "a row", "Send an object of the columns' keys."), std::nullopt;
  std::vector<std::string_view> names;
  for (auto const& column : table.columns) names.emplace_back(column.key);
  bool good = true;
  for (std::size_t at = 0; at < value.size(); ++at) {
    auto const key = value[at].key();
    if (std::ranges::find(names, key) != names.end()) continue;
    auto const meant = json::nearest(key, names);
    place.in(shortened(clean(key, Lines::one).text), {})
        .shape("unknown_member", "There is no such column.",
               meant.empty() ? "Leave it out." : fmt::format("Did you mean \"{}\"?", meant));
    good = false;
  }
  Row row;
  for (auto const& column : table.columns) {
    auto here = place.in(column.key, fmt::format("row {}, {}", number, column.label));
    auto const cell = value.find(column.key);
    if (is_empty(cell)) {
      if (column.required == Need::always) here.complete("required", "Is missing.", "Fill it in, or delete the row.");
      continue;
    }
    if (auto accepted = accept(column, cell, here)) row.cells.emplace(column.key, *std::move(accepted));
    else good = false;
  }
  if (!good) return std::nullopt;
  return row;
}

std::optional<Cell> accept_table(Field const& field, Value value, Place& place) {
  if (value.kind() != Kind::array) return wrong_type(place, value, "a list of rows", "Send [{...}].");
  if (value.size() > kRowsMax) {
    place.shape("too_many", fmt::format("Has {} rows.", value.size()), fmt::format("Give at most {}.", kRowsMax));
    return std::nullopt;
  }
  Cell cell;
  bool good = true;
  std::size_t given = 0;
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (is_empty(value[at])) continue;
    auto here = place.in(std::to_string(at), {});
    if (auto row = accept_row(field, value[at], here, ++given)) cell.rows.push_back(*std::move(row));
    else good = false;
  }
  check_items(field, given, "rows", place);
  if (!good) return std::nullopt;
  std::erase_if(cell.rows, [](Row const& row) { return row.cells.empty(); });
  cell.json = "[";
  for (auto const& row : cell.rows) {
    cell.json += cell.json.size() == 1 ? "{" : ",{";
    bool first = true;
    for (auto const& [key, inner] : row.cells) {
      cell.json += fmt::format("{}\"{}\":{}", first ? "" : ",", key, inner.json);
      first = false;
    }
    cell.json += '}';
  }
  cell.json += ']';
  return cell;
}

// "1234567" -> "1,234,567"
std::string grouped(std::uint64_t whole) {
  auto out = std::to_string(whole);
  for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3)
    out.insert(static_cast<std::size_t>(at), 1, ',');
  return out;
}

std::uint64_t magnitude(std::int64_t micros) {
  return micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
}

std::string fraction(std::uint64_t micros) {
  auto out = fmt::format("{:06}", micros % kMicros);
  out.erase(out.find_last_not_of('0') + 1);
  return out.empty() ? out : "." + out;
}

}  // namespace

Place Place::in(std::string_view step, std::string_view label) const {
  auto pointer = pointer_ + '/';
  json::append_pointer_step(pointer, step);
  return {notes_, std::move(pointer), label.empty() ? label_ : fmt::format("{}, {}", label_, label)};
}

void Place::add(std::vector<Finding>& list, std::string_view rule, std::string what, std::string remedy) {
  if (list.size() >= kFindingsMax) {
    ++notes_.unlisted;
    return;
  }
  list.push_back({pointer_, label_, std::string{rule}, std::move(what), std::move(remedy)});
}

bool is_empty(Value value) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::null: return true;
    case Kind::string: {
      auto const cleaned = clean(*value.text(), Lines::several);
      return !cleaned.objection && cleaned.text.empty();
    }
    case Kind::array:
    case Kind::object: return value.size() == 0;
    default: return false;
  }
}

std::optional<Cell> accept(Field const& field, Value value, Place& place) {
  switch (field.type) {
    case FieldType::text:
    case FieldType::long_text: return accept_text(field, value, place);
    case FieldType::integer:
    case FieldType::decimal:
    case FieldType::quantity:
    case FieldType::money: return accept_number(field, value, place);
    case FieldType::yes_no_unknown: return accept_yes_no(field, value, place);
    case FieldType::choice: return accept_choice(field, value, place);
    case FieldType::choices: return accept_choices(field, value, place);
    case FieldType::date:
    case FieldType::country:
    case FieldType::email:
    case FieldType::url:
    case FieldType::orcid: return accept_formed(field, value, place);
    case FieldType::table: return accept_table(field, value, place);
    case FieldType::attachment: return accept_attachment(field, value, place);
  }
  std::unreachable();
}

Exact exact(std::string_view digits) {
  bool const negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  auto const mantissa = digits.substr(0, digits.find_first_of("eE"));
  int exponent = 0;
  if (mantissa.size() < digits.size()) {
    auto text = digits.substr(mantissa.size() + 1);
    bool const down = text.starts_with('-');
    if (down || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || text.size() > 3) return {};
    for (char const c : text) exponent = exponent * 10 + (c - '0');
    if (down) exponent = -exponent;
  }
  std::string all;
  int places = 0;
  for (bool after = false; char const c : mantissa) {
    if (c == '.') after = true;
    else all += c, places += after ? 1 : 0;
  }
  places -= exponent;
  while (!all.empty() && all.back() == '0') all.pop_back(), --places;
  all.erase(0, all.find_first_not_of('0'));
  if (all.empty()) return {true, 0, 0};
  auto const whole_digits = static_cast<int>(all.size()) - places;
  if (all.size() > 15 || places > 6 || whole_digits > 12) return {};
  std::int64_t micros = 0;
  for (char const c : all) micros = micros * 10 + (c - '0');
  for (int step = places; step < 6; ++step) micros *= 10;
  return {true, negative ? -micros : micros, std::max(places, 0)};
}

std::string number_json(std::int64_t micros) {
  auto const size = magnitude(micros);
  return fmt::format("{}{}{}", micros < 0 ? "-" : "", size / kMicros, fraction(size));
}

std::string number_text(std::int64_t micros) {
  auto const size = magnitude(micros);
  return fmt::format("{}{}{}", micros < 0 ? "-" : "", grouped(size / kMicros), fraction(size));
}

std::string money_text(std::int64_t micros, std::string_view currency) {
  auto const cents = magnitude(micros) / kMicros;
  return fmt::format("{} {}{}.{:02}", currency.empty() ? "EUR" : currency, micros < 0 ? "-" : "", grouped(cents / 100),
                     cents % 100);
}

std::int64_t micros_of(double value) { return std::llround(std::clamp(value, -1e12, 1e12) * 1e6); }

std::int64_t decimals_of(Field const& field) {
  if (field.type == FieldType::integer || field.type == FieldType::money) return 0;
  return field.limits_.decimals.value_or(2);
}

bool is_number(FieldType type) {
  return type == FieldType::integer || type == FieldType::decimal || type == FieldType::quantity ||
         type == FieldType::money;
}

Option const* option_of(Field const& field, std::string_view key) {
  auto const found = std::ranges::find(field.options, key, &Option::key);
  return found == field.options.end() ? nullptr : &*found;
}

std::string option_list(Field const& field) {
  std::string out;
  for (std::size_t at = 0; at < field.options.size() && at < 12; ++at)
    out += fmt::format("{}\"{}\"",
                       at == 0                          ? ""
                       : at + 1 == field.options.size() ? " or "
                                                        : ", ",
                       field.options[at].key);
  return field.options.size() > 12 ? out + " …" : out;
}

}  // namespace fabrica::forms
