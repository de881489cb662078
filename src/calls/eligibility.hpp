#pragma once

#include <array>
#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "json/json.hpp"

// What a call asks of applicants besides kind, country and the answers every proposal gives. A rule that is absent is not
// asked; a call without any of this behaves as calls did before there was.
namespace fabrica::calls {

// declared: the organisation's own word. checked: an officer has compared it with a document.
enum class FiguresTrust : std::uint8_t { declared, checked };
BOOST_DESCRIBE_ENUM(FiguresTrust, declared, checked)

enum class RunningOf : std::uint8_t { project, organisation, principal_investigator };
BOOST_DESCRIBE_ENUM(RunningOf, project, organisation, principal_investigator)

// How many other awards may run beside the one that is asked for.
struct RunningRule {
  RunningOf of{};
  std::int64_t others_most = 0;
  bool same_access_mode = false;  // only awards of calls that follow the same access mode count
  std::string source;

  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"same_access_mode"};
  static constexpr auto limits() {
    return std::tuple{json::range(&RunningRule::others_most, 0, 1000), json::length(&RunningRule::source, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(RunningRule, (), (of, others_most, same_access_mode, source))

struct UnitValue {
  std::string partition;
  std::int64_t eur_cents = 0;  // of one unit of its offer

  static constexpr auto limits() {
    return std::tuple{json::length(&UnitValue::partition, 1, 100), json::range(&UnitValue::eur_cents, 0, 100'000'000)};
  }
};
BOOST_DESCRIBE_STRUCT(UnitValue, (), (partition, eur_cents))

// The hours are de minimis aid of a state: what they are worth and what was received before stay under the ceiling.
struct AidRule {
  std::string granting_state;  // the ceiling is one for each state
  std::vector<UnitValue> values;
  std::string source;

  static constexpr auto limits() {
    return std::tuple{json::length(&AidRule::granting_state, 2, 2), json::items(&AidRule::values, 0, 100),
                      json::length(&AidRule::source, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(AidRule, (), (granting_state, values, source))

// A declaration that must be as the call says. It is read from the form where the form asks it, else from the proposal.
struct DeclarationRule {
  std::string fact;  // "use.restricted_party"
  std::string question;
  std::string must_be;  // "no"
  std::string source;
  std::string remedy;

  static constexpr auto limits() {
    using D = DeclarationRule;
    return std::tuple{json::length(&D::fact, 1, 80), json::length(&D::question, 1, 300),
                      json::length(&D::must_be, 1, 80), json::length(&D::source, 1, 1000),
                      json::length(&D::remedy, 1, 500)};
  }
};
BOOST_DESCRIBE_STRUCT(DeclarationRule, (), (fact, question, must_be, source, remedy))

struct Eligibility {
  std::optional<FiguresTrust> size;  // the group's figures bear out the kind the organisation is registered as
  std::optional<std::int64_t> contract_months_after_end;  // of the principal investigator
  std::vector<RunningRule> running;
  std::optional<AidRule> de_minimis;
  std::vector<DeclarationRule> declarations;

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"running", "declarations"};
  static constexpr auto limits() {
    using E = Eligibility;
    return std::tuple{json::range(&E::contract_months_after_end, 0, 60), json::items(&E::running, 0, 3),
                      json::items(&E::declarations, 0, 20)};
  }
};
BOOST_DESCRIBE_STRUCT(Eligibility, (), (size, contract_months_after_end, running, de_minimis, declarations))

}  // namespace fabrica::calls
