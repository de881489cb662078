#pragma once

#include "json/describe.hpp"

namespace fabrica::json {

namespace detail {

// Walks a parsed value and gathers everything that is wrong with it, each at its JSON pointer. What does not depend on
// the type being read is compiled once, in read.cpp.
class Reader {
 public:
  void fault(std::string what);
  std::vector<Fault> take_faults() { return std::move(faults_); }
  std::size_t fault_count() const { return faults_.size() + unlisted_; }

  bool boolean(Value value, bool& out);
  bool integer(Value value, std::int64_t least, std::int64_t most, std::int64_t& out);
  bool unsigned_integer(Value value, std::uint64_t most, std::uint64_t& out);
  bool number(Value value, double& out);
  bool text(Value value, std::string& out);
  bool time(Value value, Time& out);
  bool public_id(Value value, PublicId& out);
  bool bytes(Value value, Bytes& out);
  // The place of the value among the names, which the fault lists.
  bool name(Value value, std::string_view const* names, std::size_t count, std::size_t& out);
  bool array(Value value);
  bool object(Value value);
  // Each member of the object must be one of the names; the fault suggests the nearest.
  void refuse_unknown(Value object, std::string_view const* names, std::size_t count);
  void missing(std::string_view name);

  void within(double value, double least, double most);
  void within_integer(std::int64_t value, std::int64_t least, std::int64_t most);
  void within_unsigned(std::uint64_t value, std::uint64_t least, std::uint64_t most);
  void within_length(std::string_view text, std::size_t least, std::size_t most);
  void within_items(std::size_t count, std::size_t least, std::size_t most);

  // The pointer grows by one step while a Step lives.
  class Step {
   public:
    Step(Reader& reader, std::string_view name) : reader_{reader}, length_{reader.pointer_.size()} {
      reader_.pointer_ += '/';
      append_pointer_step(reader_.pointer_, name);
    }
    Step(Reader& reader, std::size_t position) : Step{reader, std::string_view{std::to_string(position)}} {}
    ~Step() { reader_.pointer_.resize(length_); }
    Step(Step const&) = delete;
    Step& operator=(Step const&) = delete;

   private:
    Reader& reader_;
    std::size_t length_;
  };

 private:
  std::string pointer_;
  std::vector<Fault> faults_;
  std::size_t unlisted_ = 0;  // a hostile body must not make a huge answer
};

template <class T>
void read_value(Reader& reader, Value value, T& out);

template <class T, class M, class N>
void check_rule(Reader& reader, Range<T, M, N> const& rule, M const& value) {
  if constexpr (kIsOptional<M>) {
    if (value) check_rule(reader, Range<T, N, N>{nullptr, rule.least, rule.most}, *value);
  } else if constexpr (std::is_floating_point_v<M>) {
    reader.within(value, rule.least, rule.most);
  } else if constexpr (std::is_signed_v<M>) {
    reader.within_integer(value, rule.least, rule.most);
  } else {
    reader.within_unsigned(value, rule.least, rule.most);
  }
}

template <class T, class M>
void check_rule(Reader& reader, Length<T, M> const& rule, M const& value) {
  if constexpr (kIsOptional<M>) {
    if (value) check_rule(reader, Length<T, typename M::value_type>{nullptr, rule.least, rule.most}, *value);
  } else if constexpr (kIsVector<M>) {
    for (std::size_t place = 0; place < value.size(); ++place) {
      Reader::Step const step{reader, place};
      reader.within_length(value[place], rule.least, rule.most);
    }
  } else {
    reader.within_length(value, rule.least, rule.most);
  }
}

template <class T, class M>
void check_rule(Reader& reader, Items<T, M> const& rule, M const& value) {
  if constexpr (kIsOptional<M>) {
    if (value) reader.within_items(value->size(), rule.least, rule.most);
  } else {
    reader.within_items(value.size(), rule.least, rule.most);
  }
}

template <class T, class M>
void check_rule(Reader&, Note<T, M> const&, M const&) {}

// Whether the member was there and could be read.
template <class M>
bool read_member(Reader& reader, Value object, std::string_view name, bool is_required, M& member) {
  Value const value = object.find(name);
  if (!value) {
    if (is_required) reader.missing(name);
    return false;
  }
  Reader::Step const step{reader, name};
  auto const faults = reader.fault_count();
  read_value(reader, value, member);
  return reader.fault_count() == faults;
}

template <DescribedStruct T>
void read_struct(Reader& reader, Value value, T& out) {
  static_assert(absent_names_exist<T>(), "kMayBeAbsent names a member the struct does not have");
  if (!reader.object(value)) return;
  [[maybe_unused]] auto const check = [&](std::size_t place) {
    Reader::Step const step{reader, kMemberNames<T>[place]};
    std::apply(
        [&](auto const&... rule) {
          ((place_of<T>(rule.member) == place ? check_rule(reader, rule, out.*rule.member) : void()), ...);
        },
        limits_of<T>());
  };
  [&]<template <class...> class L, class... D>(L<D...>) {
    std::size_t place = 0;
    ((read_member(reader, value, kMemberNames<T>[place], kRequired<T>[place], out.*D::pointer) ? check(place) : void(),
      ++place),
     ...);
  }(Members<T>{});
  reader.refuse_unknown(value, kMemberNames<T>.data(), kMemberNames<T>.size());
}

template <class T>
void read_value(Reader& reader, Value value, T& out) {
  if constexpr (std::is_same_v<T, bool>) {
    reader.boolean(value, out);
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    std::int64_t wide = 0;
    if (reader.integer(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), wide))
      out = static_cast<T>(wide);
  } else if constexpr (std::is_integral_v<T>) {
    std::uint64_t wide = 0;
    if (reader.unsigned_integer(value, std::numeric_limits<T>::max(), wide)) out = static_cast<T>(wide);
  } else if constexpr (std::is_floating_point_v<T>) {
    double wide = 0;
    if (reader.number(value, wide)) out = static_cast<T>(wide);
  } else if constexpr (std::is_same_v<T, std::string>) {
    reader.text(value, out);
  } else if constexpr (DescribedEnum<T>) {
    std::size_t place = 0;
    if (reader.name(value, kEnumNames<T>.data(), kEnumNames<T>.size(), place)) out = kEnumValues<T>[place];
  } else if constexpr (kIsOptional<T>) {
    if (value.kind() == Kind::null) out.reset();
    else read_value(reader, value, out.emplace());
  } else if constexpr (std::is_same_v<T, Bytes>) {
    reader.bytes(value, out);
  } else if constexpr (kIsVector<T>) {
    if (!reader.array(value)) return;
    out.clear();
    out.reserve(value.size());
    for (std::size_t place = 0; place < value.size(); ++place) {
      Reader::Step const step{reader, place};
      typename T::value_type element{};
      read_value(reader, value[place], element);
      out.push_back(std::move(element));
    }
  } else if constexpr (kIsMap<T>) {
    if (!reader.object(value)) return;
    out.clear();
    for (std::size_t place = 0; place < value.size(); ++place) {
      Value const member = value[place];
      Reader::Step const step{reader, member.key()};
      read_value(reader, member, out[std::string{member.key()}]);
    }
  } else if constexpr (std::is_same_v<T, Raw>) {
    out.text = value.write();
  } else if constexpr (std::is_same_v<T, Time>) {
    reader.time(value, out);
  } else if constexpr (std::is_same_v<T, PublicId>) {
    reader.public_id(value, out);
  } else {
    static_assert(DescribedStruct<T>,
                  "describe the struct with BOOST_DESCRIBE_STRUCT; a row id never enters the program");
    read_struct(reader, value, out);
  }
}

std::unexpected<Error> refused(std::vector<Fault> faults);

}  // namespace detail

// A parsed value as a T. Errors: invalid "json_members" with every fault in it.
template <class T>
Result<T> convert(Value value) {
  detail::Reader reader;
  T out{};
  detail::read_value(reader, value, out);
  if (auto faults = reader.take_faults(); !faults.empty()) return detail::refused(std::move(faults));
  return out;
}

// A text from outside as a T. Errors: those of Document::parse and of convert.
template <class T>
Result<T> read(std::string_view text, Limits const& limits = {}) {
  FABRICA_TRY(auto document, Document::parse(text, limits));
  return convert<T>(document.root());
}

}  // namespace fabrica::json
