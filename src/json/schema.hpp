#pragma once

#include "json/write.hpp"

namespace fabrica::json {

namespace detail {
// Of a member: its own keywords, and those of each string of a vector.
struct Keywords {
  std::string own = {};
  std::string element = {};
};
}  // namespace detail

// JSON Schema 2020-12 of the types as read.hpp and write.hpp treat them; OpenAPI 3.1 takes it as it is. Structs and
// enums get a name ("calls.Proposal": the C++ name below fabrica) and are referred to; the rest stands where it is
// used.
class Schemas {
 public:
  explicit Schemas(std::string ref_prefix = "#/components/schemas/") : ref_prefix_{std::move(ref_prefix)} {}

  template <class T>
  std::string of();

  // Name -> schema.
  std::map<std::string, std::string> const& named() const { return named_; }
  // The named schemas as the members of an object: "calls.Proposal":{...},...
  std::string named_members() const;

 private:
  template <class T>
  std::string define();
  template <class M>
  void add_member(std::string& properties, std::string_view name, detail::Keywords const& keywords);

  static std::string component_name(std::string_view type_name);
  std::string ref(std::string const& name) const;

  std::string ref_prefix_;
  std::map<std::string, std::string> named_;
};

namespace detail {

// A rule adds keywords to the schema of its member; `element` receives those meant for each string of a vector.
template <class T, class M, class N>
void add_keywords(Range<T, M, N> const& rule, std::string& own, std::string&) {
  own += ",\"minimum\":";
  append(own, rule.least);
  own += ",\"maximum\":";
  append(own, rule.most);
}
template <class T, class M>
void add_keywords(Length<T, M> const& rule, std::string& own, std::string& element) {
  auto& out = kIsVector<typename Unwrapped<M>::type> ? element : own;
  out += ",\"minLength\":" + std::to_string(rule.least) + ",\"maxLength\":" + std::to_string(rule.most);
}
template <class T, class M>
void add_keywords(Items<T, M> const& rule, std::string& own, std::string&) {
  std::string_view const what = kIsMap<typename Unwrapped<M>::type> ? "Properties" : "Items";
  (own += ",\"min").append(what).append("\":").append(std::to_string(rule.least));
  (own += ",\"max").append(what).append("\":").append(std::to_string(rule.most));
}
template <class T, class M>
void add_keywords(Note<T, M> const& rule, std::string& own, std::string&) {
  own += ",\"description\":";
  append_string(own, rule.text);
}

// {"a":1} and ,"b":2 make {"a":1,"b":2}.
std::string with_keywords(std::string schema, std::string_view keywords);
std::string array_schema(std::string element, Keywords const& keywords);
std::string integer_schema(bool is_signed, std::size_t bytes);

}  // namespace detail

template <class T>
std::string Schemas::of() {
  using namespace std::string_literals;
  if constexpr (std::is_same_v<T, bool>) return R"({"type":"boolean"})";
  else if constexpr (std::is_integral_v<T>) return detail::integer_schema(std::is_signed_v<T>, sizeof(T));
  else if constexpr (std::is_floating_point_v<T>) return R"({"type":"number"})";
  else if constexpr (std::is_convertible_v<T const&, std::string_view>) return R"({"type":"string"})";
  else if constexpr (detail::kIsOptional<T>) return of<typename T::value_type>();
  else if constexpr (std::is_same_v<T, Bytes>) return R"({"type":"string","contentEncoding":"base64"})";
  else if constexpr (detail::kIsVector<T>) return R"({"type":"array","items":)"s + of<typename T::value_type>() + "}";
  else if constexpr (detail::kIsMap<T>)
    return R"({"type":"object","additionalProperties":)"s + of<typename T::mapped_type>() + "}";
  else if constexpr (std::is_same_v<T, Raw>) return R"({"description":"Any JSON value."})";
  else if constexpr (std::is_same_v<T, Time>) return R"({"type":"string","format":"date-time"})";
  else if constexpr (std::is_same_v<T, PublicId>) return R"({"type":"string","format":"uuid"})";
  else {
    auto const name = component_name(detail::type_name<T>());
    if (!named_.contains(name)) {
      named_.emplace(name, "");  // before its members: a type may contain itself in a vector
      auto schema = define<T>();
      named_[name] = std::move(schema);
    }
    return ref(name);
  }
}

template <class T>
std::string Schemas::define() {
  if constexpr (DescribedEnum<T>) {
    std::vector<std::string_view> const names{detail::kEnumNames<T>.begin(), detail::kEnumNames<T>.end()};
    return R"({"type":"string","enum":)" + write(names) + "}";
  } else {
    static_assert(DescribedStruct<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
    static_assert(detail::absent_names_exist<T>(), "kMayBeAbsent names a member the struct does not have");
    std::array<detail::Keywords, detail::kMemberNames<T>.size() + 1> keywords;
    std::apply(
        [&](auto const&... rule) {
          [[maybe_unused]] auto const add = [&](auto const& one) {
            auto& of_member = keywords[detail::place_of<T>(one.member)];
            detail::add_keywords(one, of_member.own, of_member.element);
          };
          (add(rule), ...);
        },
        detail::limits_of<T>());
    std::string properties;
    [&]<template <class...> class L, class... D>(L<D...>) {
      std::size_t place = 0;
      ((add_member<std::remove_cvref_t<decltype(std::declval<T&>().*D::pointer)>>(
            properties, detail::kMemberNames<T>[place], keywords[place]),
        ++place),
       ...);
    }(detail::Members<T>{});
    std::vector<std::string_view> needed;
    for (std::size_t place = 0; place < detail::kRequired<T>.size(); ++place)
      if (detail::kRequired<T>[place]) needed.push_back(detail::kMemberNames<T>[place]);
    std::string out = R"({"type":"object","properties":{)" + properties + "}";
    if (!needed.empty()) out += R"(,"required":)" + write(needed);
    return out + R"(,"additionalProperties":false})";
  }
}

template <class M>
void Schemas::add_member(std::string& properties, std::string_view name, detail::Keywords const& keywords) {
  using Plain = typename detail::Unwrapped<M>::type;
  if (!properties.empty()) properties += ',';
  append_string(properties, name);
  properties += ':';
  if constexpr (detail::kIsVector<Plain> && !std::is_same_v<Plain, Bytes>) {
    properties += detail::array_schema(of<typename Plain::value_type>(), keywords);
  } else {
    properties += detail::with_keywords(of<Plain>(), keywords.own);
  }
}

// The schema of one type by itself, its parts under "$defs".
template <class T>
std::string schema() {
  Schemas schemas{"#/$defs/"};
  auto const root = schemas.of<T>();
  auto keywords = std::string{R"(,"$schema":"https://json-schema.org/draft/2020-12/schema")"};
  if (!schemas.named().empty()) keywords += R"(,"$defs":{)" + schemas.named_members() + "}";
  return detail::with_keywords(root, keywords);
}

}  // namespace fabrica::json
