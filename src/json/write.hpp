#pragma once

#include <charconv>

#include "json/describe.hpp"

namespace fabrica::json {

void append_base64(std::string& out, ByteView bytes);

// Appends a value as compact JSON, straight from the struct. Absent optionals are left out.
template <class T>
void append(std::string& out, T const& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  } else if constexpr (std::is_floating_point_v<T>) {
    append_number(out, static_cast<double>(value));
  } else if constexpr (std::is_convertible_v<T const&, std::string_view>) {
    append_string(out, value);
  } else if constexpr (DescribedEnum<T>) {
    append_string(out, enum_name(value));
  } else if constexpr (detail::kIsOptional<T>) {
    if (value) append(out, *value);
    else out += "null";
  } else if constexpr (std::is_same_v<T, Bytes>) {
    append_base64(out, value);
  } else if constexpr (detail::kIsVector<T>) {
    out += '[';
    for (std::size_t place = 0; place < value.size(); ++place) {
      if (place != 0) out += ',';
      append(out, static_cast<typename T::value_type const&>(value[place]));
    }
    out += ']';
  } else if constexpr (detail::kIsMap<T>) {
    out += '{';
    bool first = true;
    for (auto const& [key, element] : value) {
      if (!first) out += ',';
      first = false;
      append_string(out, key);
      out += ':';
      append(out, element);
    }
    out += '}';
  } else if constexpr (std::is_same_v<T, Raw>) {
    out += value.text.empty() ? std::string_view{"null"} : std::string_view{value.text};
  } else if constexpr (std::is_same_v<T, Time>) {
    append_string(out, format_time(value.us));
  } else if constexpr (std::is_same_v<T, PublicId>) {
    append_string(out, value.text());
  } else {
    static_assert(DescribedStruct<T>,
                  "describe the struct with BOOST_DESCRIBE_STRUCT; a row id never leaves the program");
    out += '{';
    bool first = true;
    boost::mp11::mp_for_each<detail::Members<T>>([&](auto member) {
      auto const& inner = value.*decltype(member)::pointer;
      if constexpr (detail::kIsOptional<std::remove_cvref_t<decltype(inner)>>) {
        if (!inner) return;
      }
      if (!first) out += ',';
      first = false;
      out += '"';
      out += detail::trimmed(decltype(member)::name);
      out += "\":";
      append(out, inner);
    });
    out += '}';
  }
}

template <class T>
std::string write(T const& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace fabrica::json
