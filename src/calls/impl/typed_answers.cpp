#include "calls/impl/typed_answers.hpp"

#include <algorithm>

namespace fabrica::calls {
namespace {

constexpr json::Limits kLimits{.bytes = std::size_t{2} << 20, .depth = 8, .values = 100'000};

std::string quoted(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

std::string list_of(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto const end = std::min(text.find(';'), text.size());
    auto one = text.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (!one.empty()) out += (out.empty() ? "" : ",") + quoted(one);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return "[" + out + "]";
}

std::string typed(forms::Field const& field, std::string_view text) {
  switch (field.type) {
    case forms::FieldType::integer:
    case forms::FieldType::decimal:
    case forms::FieldType::quantity:
    case forms::FieldType::money: {
      auto const number = json::Document::parse(text, kLimits);
      return number && number->root().kind() == json::Kind::number ? std::string{text} : quoted(text);
    }
    case forms::FieldType::choices: return list_of(text);
    case forms::FieldType::table: {
      auto const rows = json::Document::parse(text, kLimits);
      return rows && rows->root().kind() == json::Kind::array ? rows->root().write() : quoted(text);
    }
    default: return quoted(text);
  }
}

}  // namespace

std::string typed_answers(forms::Form const& form, std::string_view answers) {
  auto const document = json::Document::parse(answers, kLimits);
  if (!document || document->root().kind() != json::Kind::object) return std::string{answers};
  std::string out;
  for (std::size_t at = 0; at < document->root().size(); ++at) {
    auto const value = document->root()[at];
    auto const* field = forms::find(form, value.key());
    auto const text = field && value.text() ? typed(*field, *value.text()) : value.write();
    out += (out.empty() ? "" : ",") + quoted(value.key()) + ":" + text;
  }
  return "{" + out + "}";
}

bool has_answer(std::string_view answers, std::string_view key) {
  auto const document = json::Document::parse(answers, kLimits);
  if (!document) return false;
  auto const value = document->root().find(key);
  return value && value.kind() != json::Kind::null;
}

}  // namespace fabrica::calls
