#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "trust/assessment.hpp"

namespace fabrica::trust {

// A truth with what decided it: the rules that led to it, or the questions whose answers are missing.
struct Verdict {
  Answer truth = Answer::unknown;
  std::vector<std::string> rules;
  std::vector<std::string> missing;

  bool yes() const { return truth == Answer::yes; }
  bool no() const { return truth == Answer::no; }
  bool possible() const { return truth != Answer::no; }
};

inline void add_new(std::vector<std::string>& to, std::vector<std::string> const& from) {
  for (auto const& item : from)
    if (std::ranges::find(to, item) == to.end()) to.push_back(item);
}

inline Verdict inverse(Verdict v) {
  if (v.truth != Answer::unknown) v.truth = v.yes() ? Answer::no : Answer::yes;
  return v;
}

// Kleene's "and" and "or". What decided is kept: all sides of a yes of "and", the sides that said no otherwise.
inline Verdict both(Verdict const& a, Verdict const& b) {
  Verdict out{.truth = std::min(a.truth, b.truth), .rules = {}, .missing = {}};
  if (out.truth == Answer::yes) {
    out.rules = a.rules;
    add_new(out.rules, b.rules);
  } else {
    for (auto const* side : {&a, &b}) {
      if (side->truth != out.truth) continue;
      add_new(out.rules, side->rules);
      add_new(out.missing, side->missing);
    }
  }
  return out;
}
inline Verdict either(Verdict const& a, Verdict const& b) { return inverse(both(inverse(a), inverse(b))); }

// The same truth under the id of the rule that concludes it.
inline Verdict named(Verdict v, std::string rule) {
  v.rules = {std::move(rule)};
  return v;
}

// Whether an amount known by its bounds is greater than a threshold known by its own.
inline Verdict exceeds(FlopBounds const& amount, FlopBounds const& threshold, std::string rule, std::string missing) {
  if (amount.lower_flop && threshold.upper_flop && *amount.lower_flop > *threshold.upper_flop)
    return {.truth = Answer::yes, .rules = {std::move(rule)}, .missing = {}};
  if (amount.upper_flop && threshold.lower_flop && *amount.upper_flop <= *threshold.lower_flop)
    return {.truth = Answer::no, .rules = {std::move(rule)}, .missing = {}};
  return {.truth = Answer::unknown, .rules = {}, .missing = {std::move(missing)}};
}

}  // namespace fabrica::trust
