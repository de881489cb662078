#pragma once

#include <array>
#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/bytes.hpp"
#include "base/id.hpp"
#include "base/time.hpp"
#include "json/document.hpp"

// How a C++ type speaks JSON, shared by read.hpp, write.hpp and schema.hpp.
//
// A struct takes part through BOOST_DESCRIBE_STRUCT, an enum through BOOST_DESCRIBE_ENUM (its values are their names).
// A name's trailing '_' is dropped (`operator_` is "operator").
//
// One rule says what may be absent: a member of type std::optional, and a member that the struct lists in
//     static constexpr std::array<std::string_view, 2> kMayBeAbsent{"precision", "utilisation"};
// which then keeps the value of its initialiser. Everything else is required, and what is not described is refused.
//
// What a value must be besides its type stands beside the member and serves reading and the schema alike:
//     static constexpr auto limits() {
//       return std::tuple{json::range(&Plan::nodes, 1, 4096), json::length(&Plan::title, 1, 200),
//                         json::items(&Plan::steps, 0, 100), json::note(&Plan::nodes, "Whole nodes.")};
//     }
// A derived struct that has its own limits() or kMayBeAbsent repeats those of its base (std::tuple_cat).
namespace fabrica::json {

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

namespace detail {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T, class A>
inline constexpr bool kIsVector<std::vector<T, A>> = true;
template <class T>
inline constexpr bool kIsMap = false;
template <class T, class C, class A>
inline constexpr bool kIsMap<std::map<std::string, T, C, A>> = true;

template <class T>
struct Unwrapped {
  using type = T;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using type = T;
};

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

constexpr std::string_view trimmed(std::string_view name) {
  if (name.ends_with('_')) name.remove_suffix(1);
  return name;
}

template <class T>
constexpr auto member_names() {
  return []<template <class...> class L, class... D>(L<D...>) {
    return std::array<std::string_view, sizeof...(D)>{trimmed(D::name)...};
  }(Members<T>{});
}
template <class T>
inline constexpr auto kMemberNames = member_names<T>();

template <class E>
constexpr auto enum_names() {
  return []<template <class...> class L, class... D>(L<D...>) {
    return std::array<std::string_view, sizeof...(D)>{trimmed(D::name)...};
  }(boost::describe::describe_enumerators<E>{});
}
template <class E>
inline constexpr auto kEnumNames = enum_names<E>();
template <class E>
constexpr auto enum_values() {
  return []<template <class...> class L, class... D>(L<D...>) {
    return std::array<E, sizeof...(D)>{D::value...};
  }(boost::describe::describe_enumerators<E>{});
}
template <class E>
inline constexpr auto kEnumValues = enum_values<E>();

template <class T, class M>
constexpr bool required(std::string_view name) {
  if constexpr (kIsOptional<M>) {
    return false;
  } else {
    if constexpr (requires { T::kMayBeAbsent; }) {
      for (std::string_view const absent : T::kMayBeAbsent)
        if (absent == name) return false;
    }
    return true;
  }
}

// A name in kMayBeAbsent that no member has would silently do nothing.
template <class T>
constexpr bool absent_names_exist() {
  if constexpr (requires { T::kMayBeAbsent; }) {
    for (std::string_view const absent : T::kMayBeAbsent) {
      bool found = false;
      for (auto const name : kMemberNames<T>) found = found || name == absent;
      if (!found) return false;
    }
  }
  return true;
}

template <class T>
constexpr auto limits_of() {
  if constexpr (requires { T::limits(); }) return T::limits();
  else return std::tuple{};
}

// Which members must be there, in the order of kMemberNames.
template <class T>
inline constexpr auto kRequired = []<template <class...> class L, class... D>(L<D...>) {
  return std::array<bool, sizeof...(D)>{
      required<T, std::remove_cvref_t<decltype(std::declval<T&>().*D::pointer)>>(trimmed(D::name))...};
}(Members<T>{});

// The place of a member among kMemberNames; their number when it is not described.
template <class T, class P>
std::size_t place_of(P pointer) {
  return [&]<template <class...> class L, class... D>(L<D...>) {
    std::size_t place = 0;
    auto const is = [&](auto candidate) {
      if constexpr (std::is_same_v<decltype(candidate), P>)
        if (candidate == pointer) return true;
      ++place;
      return false;
    };
    (void)(is(D::pointer) || ...);
    return place;
  }(Members<T>{});
}

// "fabrica::calls::Proposal" as the compiler spells it.
template <class T>
constexpr std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  return text.substr(0, text.find_first_of(";]"));
}

}  // namespace detail

// The name of an enumerator, as JSON and the database have it.
template <DescribedEnum E>
std::string_view enum_name(E value) {
  for (std::size_t place = 0; place < detail::kEnumValues<E>.size(); ++place)
    if (detail::kEnumValues<E>[place] == value) return detail::kEnumNames<E>[place];
  return {};
}
template <DescribedEnum E>
std::optional<E> enum_value(std::string_view name) {
  for (std::size_t place = 0; place < detail::kEnumNames<E>.size(); ++place)
    if (detail::kEnumNames<E>[place] == name) return detail::kEnumValues<E>[place];
  return std::nullopt;
}

// Rules for limits(). A rule on an optional member holds when it is there; length on a vector holds for each string.
template <class T, class M, class N>
struct Range {
  M T::* member;
  N least;
  N most;
};
template <class T, class M>
constexpr auto range(M T::* member, typename detail::Unwrapped<M>::type least,
                     typename detail::Unwrapped<M>::type most) {
  return Range<T, M, typename detail::Unwrapped<M>::type>{member, least, most};
}

// In Unicode code points.
template <class T, class M>
struct Length {
  M T::* member;
  std::size_t least;
  std::size_t most;
};
template <class T, class M>
constexpr auto length(M T::* member, std::size_t least, std::size_t most) {
  return Length<T, M>{member, least, most};
}

// Elements of a vector or of a map.
template <class T, class M>
struct Items {
  M T::* member;
  std::size_t least;
  std::size_t most;
};
template <class T, class M>
constexpr auto items(M T::* member, std::size_t least, std::size_t most) {
  return Items<T, M>{member, least, most};
}

// What a member means, for the schema.
template <class T, class M>
struct Note {
  M T::* member;
  std::string_view text;
};
template <class T, class M>
constexpr auto note(M T::* member, std::string_view text) {
  return Note<T, M>{member, text};
}

}  // namespace fabrica::json
