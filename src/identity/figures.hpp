#pragma once

#include <algorithm>
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.hpp"
#include "json/describe.hpp"

// How large an enterprise is: with its linked enterprises whole and its partners in proportion, as the annex of
// Recommendation 2003/361/EC counts. Pure; the limits come from the facts.
namespace fabrica::identity {

// exempt_investor: one of those of Art. 3(2), second subparagraph (venture capital, universities, regional funds, small
// towns ...), whose quarter or more makes no partner. natural_person: links nobody; other firms the same people control
// in the same market are declared by a holding that says `controls`.
enum class EnterpriseKind : std::uint8_t { enterprise, public_body, exempt_investor, natural_person };
BOOST_DESCRIBE_ENUM(EnterpriseKind, enterprise, public_body, exempt_investor, natural_person)

// Of one enterprise alone, not consolidated; absent is unknown, never zero. A work unit is a person employed full time
// for a whole year.
struct EnterpriseFigures {
  std::optional<std::int64_t> work_units_hundredths;
  std::optional<std::int64_t> turnover_eur_cents;
  std::optional<std::int64_t> balance_eur_cents;

  static constexpr auto limits() {
    using F = EnterpriseFigures;
    return std::tuple{json::range(&F::work_units_hundredths, 0, 1'000'000'000),
                      json::range(&F::turnover_eur_cents, 0, 100'000'000'000'000),
                      json::range(&F::balance_eur_cents, 0, 100'000'000'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(EnterpriseFigures, (), (work_units_hundredths, turnover_eur_cents, balance_eur_cents))

inline constexpr std::string_view kSelf = "self";  // the organisation itself, in holdings

struct Enterprise {
  std::string key;  // of this declaration: small letters, digits, - and _
  std::string name;
  EnterpriseKind kind{};
  EnterpriseFigures figures;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"figures"};
  static constexpr auto limits() {
    return std::tuple{json::length(&Enterprise::key, 1, 40), json::length(&Enterprise::name, 1, 200)};
  }
};
BOOST_DESCRIBE_STRUCT(Enterprise, (), (key, name, kind, figures))

// Shares in basis points: 10,000 is all of it. Without votes they are those of the capital.
struct Holding {
  std::string holder;
  std::string held;
  std::int64_t capital_basis_points = 0;
  std::optional<std::int64_t> votes_basis_points;
  bool controls = false;  // by contract, by appointing the board, or otherwise (Art. 3(3)(b) to (d))

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"controls"};
  static constexpr auto limits() {
    return std::tuple{json::length(&Holding::holder, 1, 40), json::length(&Holding::held, 1, 40),
                      json::range(&Holding::capital_basis_points, 0, 10'000),
                      json::range(&Holding::votes_basis_points, 0, 10'000)};
  }

  std::int64_t votes() const { return votes_basis_points.value_or(capital_basis_points); }
  std::int64_t share() const { return std::max(capital_basis_points, votes()); }
};
BOOST_DESCRIBE_STRUCT(Holding, (), (holder, held, capital_basis_points, votes_basis_points, controls))

struct GroupFacts {
  EnterpriseFigures own;
  std::vector<Enterprise> enterprises;
  std::vector<Holding> holdings;

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"enterprises", "holdings"};
  static constexpr auto limits() {
    return std::tuple{json::items(&GroupFacts::enterprises, 0, 100), json::items(&GroupFacts::holdings, 0, 400)};
  }
};
BOOST_DESCRIBE_STRUCT(GroupFacts, (), (own, enterprises, holdings))

// Errors: invalid "input" with a fault at each place below `at`.
Result<> check(GroupFacts const& group, std::string_view at);

// What the facts say of a day.
struct SizeLimits {
  struct Class {
    std::int64_t work_units_below = 0;
    std::int64_t turnover_most = 0;
    std::int64_t balance_most = 0;
  };
  Class micro, small, medium, small_mid_cap;
  std::int64_t partner_least = 0;  // basis points, as the next two
  std::int64_t linked_above = 0;
  std::int64_t public_least = 0;
  std::string source;  // of the class of medium enterprises
};

enum class SizeClass : std::uint8_t { micro, small, medium, small_mid_cap, large, unknown };
BOOST_DESCRIBE_ENUM(SizeClass, micro, small, medium, small_mid_cap, large, unknown)

enum class CountedAs : std::uint8_t { own, linked, partner };
BOOST_DESCRIBE_ENUM(CountedAs, own, linked, partner)

// One enterprise in the sum.
struct Counted {
  std::string key;
  std::string name;
  CountedAs as{};
  std::int64_t share_basis_points = 10'000;
  std::string why;
};
BOOST_DESCRIBE_STRUCT(Counted, (), (key, name, as, share_basis_points, why))

// A sum of what is known. When something is missing it is the least the sum can be.
struct Total {
  std::int64_t sum = 0;
  std::vector<std::string> missing;  // names of who has not said
};
BOOST_DESCRIBE_STRUCT(Total, (), (sum, missing))

struct GroupSize {
  std::vector<Counted> counted;  // each enterprise once
  Total work_units_hundredths;
  Total turnover_eur_cents;
  Total balance_eur_cents;
  std::int64_t public_basis_points = 0;  // controlled by public bodies
  bool public_held = false;              // enough of it that it is no SME
  SizeClass size = SizeClass::unknown;
  std::optional<bool> sme;  // may be known where the class is not
  std::string explanation;
};
BOOST_DESCRIBE_STRUCT(GroupSize, (),
                      (counted, work_units_hundredths, turnover_eur_cents, balance_eur_cents, public_basis_points, public_held,
                       size, sme, explanation))

// `name` is the organisation's. A checked group; what is linked is found along chains and circles of holdings.
GroupSize size_of(std::string_view name, GroupFacts const& group, SizeLimits const& limits);

// Figures of a group that somebody added up by hand.
GroupSize size_of_sums(std::string_view name, EnterpriseFigures const& sums, SizeLimits const& limits);

// The size that counts after several years: it changes when two years in a row say the same (Art. 4(2)).
struct YearSize {
  std::int64_t year = 0;
  GroupSize size;
};
BOOST_DESCRIBE_STRUCT(YearSize, (), (year, size))

struct Standing {
  SizeClass size = SizeClass::unknown;
  std::optional<bool> sme;
  std::int64_t year = 0;  // the last year
  std::string explanation;
};
BOOST_DESCRIBE_STRUCT(Standing, (), (size, sme, year, explanation))

// In order of the years.
Standing standing_of(std::vector<YearSize> const& years);

}  // namespace fabrica::identity
