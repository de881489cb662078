#include <fmt/format.h>

#include <algorithm>

#include "crypto/sha256.hpp"
#include "forms/impl/conditions.hpp"

namespace fabrica::forms {
namespace {

constexpr std::size_t kFieldsMax = 400;
constexpr json::Limits kDefinitionLimits{.bytes = std::size_t{1} << 20, .depth = 24, .values = 50'000};

bool is_key(std::string_view text, std::string_view extra, std::size_t most = 64) {
  auto const lower = [](char c) { return c >= 'a' && c <= 'z'; };
  auto const digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && text.size() <= most && lower(text[0]) && std::ranges::all_of(text, [&](char c) {
    return lower(c) || digit(c) || extra.find(c) != std::string_view::npos;
  });
}

bool is_option_key(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"_-./"}.find(c) != std::string_view::npos;
  });
}

bool is_media_type(std::string_view text) {
  auto const slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  std::string_view{"/+.-"}.find(c) != std::string_view::npos;
         });
}

bool has_options(FieldType type) { return type == FieldType::choice || type == FieldType::choices; }
bool has_length(FieldType type) { return type == FieldType::text || type == FieldType::long_text; }
bool has_items(FieldType type) { return type == FieldType::table || type == FieldType::choices; }

// The definition's checks. A pointer names the field being checked while a Field check runs.
class Definition {
 public:
  explicit Definition(Form const& form) : form_{form} {}

  std::vector<Fault> faults() {
    check_names();
    for (std::size_t section = 0; section < form_.sections.size(); ++section) {
      auto const& one = form_.sections[section];
      auto const pointer = fmt::format("/sections/{}", section);
      text(pointer + "/title", one.title, Lines::one);
      text(pointer + "/help", one.help, Lines::several);
      if (one.shown_when) check_condition(*one.shown_when, pointer + "/shown_when", fields_, faults_);
      for (std::size_t field = 0; field < one.fields.size(); ++field)
        check_field(one.fields[field], fmt::format("{}/fields/{}", pointer, field));
    }
    // Only a form whose conditions stand has circles worth naming.
    if (faults_.empty()) check_circles(form_, faults_);
    return faults_.take();
  }

 private:
  void check_names() {
    if (!is_key(form_.key, "0123456789-"))
      faults_.add("/key", "Use a-z, 0-9 and -, beginning with a letter; at most 64.");
    text("/title", form_.title, Lines::one);
    text("/version", form_.version, Lines::one);
    text("/summary", form_.summary, Lines::several);
    text("/source", form_.source, Lines::several);
    for (std::size_t at = 0; at < form_.left_out.size(); ++at) {
      text(fmt::format("/left_out/{}/what", at), form_.left_out[at].what, Lines::one);
      text(fmt::format("/left_out/{}/reason", at), form_.left_out[at].reason, Lines::several);
    }
    std::set<std::string_view> sections;
    std::size_t count = 0;
    for (std::size_t section = 0; section < form_.sections.size(); ++section) {
      auto const& one = form_.sections[section];
      auto const pointer = fmt::format("/sections/{}", section);
      if (!is_key(one.key, "_"))
        faults_.add(pointer + "/key", "Use a-z, 0-9 and _, beginning with a letter; at most 64.");
      if (!sections.insert(one.key).second) faults_.add(pointer + "/key", "Another section has this key.");
      for (std::size_t field = 0; field < one.fields.size(); ++field) {
        auto const& each = one.fields[field];
        auto const at = fmt::format("{}/fields/{}/key", pointer, field);
        if (!is_key(each.key, "_")) faults_.add(at, "Use a-z, 0-9 and _, beginning with a letter; at most 64.");
        if (!fields_.emplace(each.key, &each).second) faults_.add(at, "Another field has this key.");
        ++count;
      }
    }
    if (count > kFieldsMax)
      faults_.add("/sections", fmt::format("Has {} fields; at most {} are taken.", count, kFieldsMax));
  }

  // A definition is typed and copied by people too: what no answer may hold, no label may hold.
  void text(std::string const& pointer, std::string const& given, Lines lines) {
    auto const cleaned = clean(given, lines);
    if (cleaned.objection) faults_.add(pointer, cleaned.objection->what + " " + cleaned.objection->remedy);
  }

  void check_field(Field const& field, std::string const& pointer) {
    check_texts(field, pointer);
    check_options(field, pointer);
    check_limits(field, pointer);
    check_references(field, pointer);
    check_names_for_others(field, pointer);
    check_readers(field, pointer);
    if ((field.required == Need::when) != field.required_when.has_value())
      faults_.add(pointer + "/required", "Required \"when\" goes with required_when, and only then.");
    if (field.required_when) check_condition(*field.required_when, pointer + "/required_when", fields_, faults_);
    if (field.shown_when) check_condition(*field.shown_when, pointer + "/shown_when", fields_, faults_);
    check_columns(field, pointer);
  }

  void check_texts(Field const& field, std::string const& pointer) {
    text(pointer + "/label", field.label, Lines::one);
    text(pointer + "/help", field.help, Lines::several);
    text(pointer + "/unit", field.unit, Lines::one);
    bool const unit = !field.unit.empty();
    if (unit && !is_number(field.type)) faults_.add(pointer + "/unit", "Only numbers have a unit.");
    if (unit && field.unit_from) faults_.add(pointer + "/unit_from", "There is a unit already.");
    if (field.type == FieldType::quantity && !unit && !field.unit_from)
      faults_.add(pointer + "/unit", "A quantity says its unit, or unit_from.");
    if (!field.unit_from) return;
    auto const found = fields_.find(*field.unit_from);
    if (field.type != FieldType::quantity)
      faults_.add(pointer + "/unit_from", "Only a quantity takes its unit from elsewhere.");
    else if (found == fields_.end()) faults_.add(pointer + "/unit_from", no_such_field(*field.unit_from, fields_));
    else if (found->second->type != FieldType::choice) faults_.add(pointer + "/unit_from", "Must name a choice.");
  }

  void check_options(Field const& field, std::string const& pointer) {
    if (has_options(field.type) == field.options.empty())
      faults_.add(pointer + "/options",
                  field.options.empty() ? "A choice needs options." : "Only choices have options.");
    std::set<std::string_view> keys;
    for (std::size_t at = 0; at < field.options.size(); ++at) {
      auto const& option = field.options[at];
      auto const here = fmt::format("{}/options/{}", pointer, at);
      if (!is_option_key(option.key)) faults_.add(here + "/key", "Use letters without accents, digits and _ - . /");
      if (!keys.insert(option.key).second) faults_.add(here + "/key", "Another option has this key.");
      text(here + "/label", option.label, Lines::one);
      text(here + "/help", option.help, Lines::several);
    }
  }

  void check_limits(Field const& field, std::string const& pointer) {
    auto const& limits = field.limits_;
    auto const only = [&](bool given, bool may, std::string_view name, std::string_view who) {
      if (given && !may)
        faults_.add(fmt::format("{}/limits/{}", pointer, name), fmt::format("Only {} have this limit.", who));
    };
    auto const type = field.type;
    only(limits.characters_min.has_value(), has_length(type), "characters_min", "texts");
    only(limits.characters_max.has_value(), has_length(type), "characters_max", "texts");
    only(limits.words_max.has_value(), type == FieldType::long_text, "words_max", "long texts");
    only(limits.min.has_value(), is_number(type), "min", "numbers");
    only(limits.max.has_value(), is_number(type), "max", "numbers");
    only(limits.decimals.has_value(), type == FieldType::decimal || type == FieldType::quantity, "decimals",
         "decimals and quantities");
    only(limits.items_min.has_value(), has_items(type), "items_min", "tables and choices");
    only(limits.items_max.has_value(), has_items(type), "items_max", "tables and choices");
    only(limits.bytes_max.has_value(), type == FieldType::attachment, "bytes_max", "attachments");
    only(limits.pages_max.has_value(), type == FieldType::attachment, "pages_max", "attachments");
    only(!limits.media_types.empty(), type == FieldType::attachment, "media_types", "attachments");
    auto const order = [&](auto const& low, auto const& high, std::string_view name) {
      if (low && high && *low > *high)
        faults_.add(fmt::format("{}/limits/{}", pointer, name), "Is above the upper limit.");
    };
    order(limits.characters_min, limits.characters_max, "characters_min");
    order(limits.items_min, limits.items_max, "items_min");
    order(limits.min, limits.max, "min");
    if (type == FieldType::choices && limits.items_min &&
        *limits.items_min > static_cast<std::int64_t>(field.options.size()))
      faults_.add(pointer + "/limits/items_min", "There are fewer options.");
    if (has_length(type) && !limits.characters_max && !limits.words_max)
      faults_.add(pointer + "/limits", "A text says how long it may be: characters_max or words_max.");
    if (type == FieldType::attachment && (!limits.bytes_max || limits.media_types.empty()))
      faults_.add(pointer + "/limits", "An attachment says its bytes_max and media_types.");
    for (std::size_t at = 0; at < limits.media_types.size(); ++at)
      if (!is_media_type(limits.media_types[at]))
        faults_.add(fmt::format("{}/limits/media_types/{}", pointer, at), "Is not a media type: application/pdf.");
  }

  void check_references(Field const& field, std::string const& pointer) {
    for (std::size_t at = 0; at < field.sums.size(); ++at)
      check_sum(field, field.sums[at], fmt::format("{}/sums/{}", pointer, at));
    if (field.must_be) {
      bool const yes_no =
          field.type == FieldType::yes_no_unknown && (*field.must_be == "yes" || *field.must_be == "no");
      bool const option = field.type == FieldType::choice && option_of(field, *field.must_be) != nullptr;
      if (!yes_no && !option)
        faults_.add(pointer + "/must_be", "Must be one option of a choice, or \"yes\" or \"no\" of a yes-no question.");
      if (field.reuse) faults_.add(pointer + "/reuse", "A consent is given anew each time, never taken over.");
    }
    if (!field.not_above) return;
    auto const found = fields_.find(*field.not_above);
    bool const comparable = is_number(field.type) || field.type == FieldType::date;
    if (found == fields_.end()) faults_.add(pointer + "/not_above", no_such_field(*field.not_above, fields_));
    else if (!comparable || found->second->type != field.type || found->second == &field)
      faults_.add(pointer + "/not_above", "Must name another number or date of the same type.");
  }

  void check_sum(Field const& field, Sum const& sum, std::string const& pointer) {
    auto const found = fields_.find(sum.table);
    if (found == fields_.end()) return faults_.add(pointer + "/table", no_such_field(sum.table, fields_));
    auto const& columns = found->second->columns;
    auto const column = std::ranges::find(columns, sum.column, &Field::key);
    if (column == columns.end()) faults_.add(pointer + "/column", fmt::format("\"{}\" has no such column.", sum.table));
    else if (!is_number(field.type) || (column->type == FieldType::money) != (field.type == FieldType::money) ||
             !is_number(column->type))
      faults_.add(pointer, "Both must be numbers, or both money.");
  }

  void check_names_for_others(Field const& field, std::string const& pointer) {
    if (field.reuse && !is_key(*field.reuse, "_.", 100)) faults_.add(pointer + "/reuse", "Use a-z, 0-9, _ and points.");
    if (field.reuse && !reuses_.insert(*field.reuse).second)
      faults_.add(pointer + "/reuse", "Another field of this form has this reuse name.");
    if (field.fact && !is_key(*field.fact, "_.", 100)) faults_.add(pointer + "/fact", "Use a-z, 0-9, _ and points.");
    if (field.fact && !facts_.insert(*field.fact).second)
      faults_.add(pointer + "/fact", "Another field of this form has this fact.");
    if (!field.fills_from) return;
    if (!is_number(field.type) && !has_length(field.type) && field.type != FieldType::choice)
      faults_.add(pointer + "/fills_from", "A plan fills numbers, texts and choices.");
    if (!field.fills_from->pointer.starts_with('/'))
      faults_.add(pointer + "/fills_from/pointer", "Is not a JSON pointer: /partitions/@/amount.");
    if (!(field.fills_from->times > 0)) faults_.add(pointer + "/fills_from/times", "Must be above 0.");
  }

  void check_readers(Field const& field, std::string const& pointer) {
    auto readers = field.visible_to;
    std::ranges::sort(readers);
    if (std::ranges::adjacent_find(readers) != readers.end()) faults_.add(pointer + "/visible_to", "Name each once.");
    if (!readers.empty() && !std::ranges::binary_search(readers, Audience::applicant))
      faults_.add(pointer + "/visible_to", "The applicant gives the answer and sees it.");
    if (field.personal_data && std::ranges::binary_search(readers, Audience::public_))
      faults_.add(pointer + "/visible_to", "Personal data are not shown to the public.");
  }

  void check_columns(Field const& field, std::string const& pointer) {
    if ((field.type == FieldType::table) == field.columns.empty())
      faults_.add(pointer + "/columns", field.columns.empty() ? "A table needs columns." : "Only a table has columns.");
    std::set<std::string_view> keys;
    for (std::size_t at = 0; at < field.columns.size(); ++at) {
      auto const& column = field.columns[at];
      auto const here = fmt::format("{}/columns/{}", pointer, at);
      if (!is_key(column.key, "_"))
        faults_.add(here + "/key", "Use a-z, 0-9 and _, beginning with a letter; at most 64.");
      if (!keys.insert(column.key).second) faults_.add(here + "/key", "Another column has this key.");
      if (column.type == FieldType::table || column.type == FieldType::attachment || column.type == FieldType::choices)
        faults_.add(here + "/type", fmt::format("A column is no {}.", json::enum_name(column.type)));
      if (column.required == Need::when || column.required_when || column.shown_when || column.reuse ||
          !column.sums.empty() || column.fills_from || column.must_be || column.not_above || column.fact ||
          !column.columns.empty())
        faults_.add(
            here, "A column has a key, label, help, type, unit, options, limits and required (never or always) only.");
      check_readers(column, here);
      check_texts(column, here);
      check_options(column, here);
      check_limits(column, here);
    }
  }

  Form const& form_;
  FieldMap fields_;
  std::set<std::string_view> reuses_;
  std::set<std::string_view> facts_;
  Faults faults_;
};

}  // namespace

Result<Form> parse(std::string_view definition) {
  FABRICA_TRY(auto form, json::read<Form>(definition, kDefinitionLimits));
  auto faults = Definition{form}.faults();
  if (!faults.empty())
    return fail(Errc::invalid, "form_definition",
                fmt::format("The form \"{}\" has {} faults.", shortened(form.key), faults.size()), std::move(faults));
  return form;
}

Field const* find(Form const& form, std::string_view key) {
  for (auto const& section : form.sections)
    for (auto const& field : section.fields)
      if (field.key == key) return &field;
  return nullptr;
}

std::string digest(Form const& form) {
  // A parsed form always has a canonical text; one put together by hand with odd numbers still gets one digest.
  auto const text = json::write(form);
  auto const canonical = json::canonical(text, kDefinitionLimits);
  return crypto::sha256(canonical ? *canonical : text).hex();
}

}  // namespace fabrica::forms
