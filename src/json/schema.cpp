#include "json/schema.hpp"

#include <fmt/format.h>

namespace fabrica::json {
namespace detail {

std::string with_keywords(std::string schema, std::string_view keywords) {
  if (keywords.empty()) return schema;
  schema.pop_back();
  if (schema == "{") keywords.remove_prefix(1);
  return schema.append(keywords) + '}';
}

std::string array_schema(std::string element, Keywords const& keywords) {
  return with_keywords(R"({"type":"array","items":)" + with_keywords(std::move(element), keywords.element) + "}",
                       keywords.own);
}

std::string integer_schema(bool is_signed, std::size_t bytes) {
  if (bytes == 8) return is_signed ? R"({"type":"integer","format":"int64"})" : R"({"type":"integer","minimum":0})";
  if (bytes == 4 && is_signed) return R"({"type":"integer","format":"int32"})";
  auto const most = (std::uint64_t{1} << (8 * bytes - (is_signed ? 1 : 0))) - 1;
  auto const least = is_signed ? -static_cast<std::int64_t>(most) - 1 : 0;
  return fmt::format(R"({{"type":"integer","minimum":{},"maximum":{}}})", least, most);
}

}  // namespace detail

std::string Schemas::named_members() const {
  std::string out;
  for (auto const& [name, schema] : named_) {
    if (!out.empty()) out += ',';
    append_string(out, name);
    (out += ':') += schema;
  }
  return out;
}

// "fabrica::calls::{anonymous}::Page<X>" -> "calls.Page_X": what OpenAPI allows as a component's key.
std::string Schemas::component_name(std::string_view type_name) {
  std::string out;
  std::string_view rest = type_name;
  if (rest.starts_with("fabrica::")) rest.remove_prefix(9);
  while (!rest.empty()) {
    if (rest.starts_with("{anonymous}::")) {
      rest.remove_prefix(13);
    } else if (rest.starts_with("(anonymous namespace)::")) {
      rest.remove_prefix(23);
    } else if (rest.starts_with("::")) {
      out += '.';
      rest.remove_prefix(2);
    } else {
      char const c = rest[0];
      bool const plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      if (plain) out += c;
      else if (!out.empty() && out.back() != '_') out += '_';
      rest.remove_prefix(1);
    }
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

std::string Schemas::ref(std::string const& name) const {
  std::string out = R"({"$ref":)";
  append_string(out, ref_prefix_ + name);
  return out + '}';
}

}  // namespace fabrica::json
