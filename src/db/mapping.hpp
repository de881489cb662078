#pragma once

// Included by db/db.hpp; the other way round works too.
#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/check.hpp"
#include "db/db.hpp"

namespace fabrica::db::detail {

template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<Id<Tag>> = true;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_byte_array = false;
template <std::size_t size>
inline constexpr bool is_byte_array<std::array<std::uint8_t, size>> = true;

template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class T, class U>
inline constexpr bool is_tuple<std::pair<T, U>> = true;

template <class T>
concept DescribedEnum = boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept DescribedStruct = std::is_class_v<T> &&
    boost::describe::has_describe_members<T>::value;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

// One address a type: what a Row's binding is for.
template <class T>
inline constexpr char kTypeTag{};

// A name that is a keyword in C++ carries an underscore there and nowhere else.
constexpr std::string_view stored_name(std::string_view name) {
  if (name.ends_with('_')) name.remove_suffix(1);
  return name;
}

// Bugs of the program, or a database that is not ours: each names the column and ends the process.
[[noreturn]] void missing_column(std::string_view member, Row const& row);
[[noreturn]] void null_column(Row const& row, int column);
[[noreturn]] void unfit_column(Row const& row, int column, std::string_view wanted);
[[noreturn]] void unfit_parameter(std::string_view what);
int column_of(Row const& row, std::string_view member);

template <class T>
std::vector<int> const& columns_of(Row const& row) {
  auto& binding = row.binding();
  if (binding.type != &kTypeTag<T>) {
    binding.columns.clear();
    boost::mp11::mp_for_each<Members<T>>(
        [&](auto member) { binding.columns.push_back(column_of(row, stored_name(member.name))); });
    binding.type = &kTypeTag<T>;
  }
  return binding.columns;
}

}  // namespace fabrica::db::detail

namespace fabrica::db {

// The name a described enum is stored under.
template <detail::DescribedEnum E>
std::string_view enum_name(E value) {
  std::string_view found;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto one) {
    if (one.value == value) found = detail::stored_name(one.name);
  });
  if (found.empty()) detail::unfit_parameter("an enum value without a name");
  return found;
}

template <detail::DescribedEnum E>
std::optional<E> enum_from_name(std::string_view name) {
  std::optional<E> found;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto one) {
    if (detail::stored_name(one.name) == name) found = one.value;
  });
  return found;
}

template <class T>
Param to_param(T const& value) {
  if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
    return nullptr;
  } else if constexpr (detail::is_optional<T>) {
    return value ? to_param(*value) : Param{nullptr};
  } else if constexpr (detail::is_id<T>) {
    return std::int64_t{value.value};
  } else if constexpr (std::is_same_v<T, Time>) {
    return std::int64_t{value.us};
  } else if constexpr (std::is_same_v<T, PublicId>) {
    return std::string_view{value.text()};
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(detail::DescribedEnum<T>, "describe the enum (BOOST_DESCRIBE_ENUM): it is stored by name");
    return enum_name(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return std::int64_t{value};
  } else if constexpr (std::is_integral_v<T>) {
    if (!std::in_range<std::int64_t>(value)) detail::unfit_parameter("a number over 2^63-1");
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(value);
  } else if constexpr (std::is_convertible_v<T const&, std::string_view>) {
    return std::string_view{value};
  } else {
    static_assert(std::is_convertible_v<T const&, ByteView>, "no mapping of this type to a parameter");
    return ByteView{value};
  }
}

template <class T>
T from_column(Row const& row, int column) {
  if constexpr (detail::is_optional<T>) {
    if (row.null(column)) return std::nullopt;
    return from_column<typename T::value_type>(row, column);
  } else {
    if (row.null(column)) [[unlikely]] detail::null_column(row, column);
    if constexpr (detail::is_id<T>) {
      return T{row.int64(column)};
    } else if constexpr (std::is_same_v<T, Time>) {
      return Time{row.int64(column)};
    } else if constexpr (std::is_same_v<T, PublicId>) {
      auto const text = row.text(column);
      if (text.empty()) return PublicId{};
      auto id = PublicId::parse(text);
      if (!id) detail::unfit_column(row, column, "a public id");
      return *std::move(id);
    } else if constexpr (std::is_enum_v<T>) {
      static_assert(detail::DescribedEnum<T>, "describe the enum (BOOST_DESCRIBE_ENUM): it is stored by name");
      auto const value = enum_from_name<T>(row.text(column));
      if (!value) detail::unfit_column(row, column, "a name of its enum");
      return *value;
    } else if constexpr (std::is_same_v<T, bool>) {
      return row.int64(column) != 0;
    } else if constexpr (std::is_integral_v<T>) {
      auto const value = row.int64(column);
      if (!std::in_range<T>(value)) detail::unfit_column(row, column, "a number of its member's width");
      return static_cast<T>(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(row.real(column));
    } else if constexpr (std::is_same_v<T, std::string>) {
      return std::string{row.text(column)};
    } else if constexpr (std::is_same_v<T, Bytes>) {
      auto const bytes = row.bytes(column);
      return Bytes(bytes.begin(), bytes.end());
    } else {
      static_assert(detail::is_byte_array<T>, "no mapping of a column to this type");
      T out{};
      auto const bytes = row.bytes(column);
      if (bytes.size() != out.size()) detail::unfit_column(row, column, "bytes of its member's length");
      std::copy(bytes.begin(), bytes.end(), out.begin());
      return out;
    }
  }
}

// A described struct from the columns of its members' names (a trailing underscore dropped), a pair or tuple from the
// columns in order, anything else from the first column.
template <class T>
T from_row(Row const& row) {
  if constexpr (detail::DescribedStruct<T>) {
    auto const& columns = detail::columns_of<T>(row);
    T out{};
    std::size_t at = 0;
    boost::mp11::mp_for_each<detail::Members<T>>([&](auto member) {
      using M = std::remove_cvref_t<decltype(out.*member.pointer)>;
      out.*member.pointer = from_column<M>(row, columns[at++]);
    });
    return out;
  } else if constexpr (detail::is_tuple<T>) {
    return [&]<std::size_t... at>(std::index_sequence<at...>) {
      return T{from_column<std::tuple_element_t<at, T>>(row, static_cast<int>(at))...};
    }(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else {
    return from_column<T>(row, 0);
  }
}

}  // namespace fabrica::db
