#pragma once

#include <algorithm>

#include "awards/impl/store.hpp"
#include "awards/service.hpp"
#include "json/json.hpp"

namespace fabrica::awards {

// An award with everything that is decided about it from, as it is in this transaction.
struct Awards::Case {
  calls::Holding holding;
  store::TermsRow terms;
  AwardRules rules;
  std::vector<store::PeriodRow> periods;  // empty for an award that nobody took up yet

  PublicId const& id() const { return holding.id; }
  store::PeriodRow const* in_state(PeriodState state) const {
    auto const found = std::ranges::find(periods, state, &store::PeriodRow::state);
    return found == periods.end() ? nullptr : &*found;
  }
};

inline journal::Statement in_project(PublicId const& project, std::string_view kind, std::string_view by,
                                     std::string body, std::vector<journal::Subject> subjects = {}) {
  return {project.text(), std::string{kind}, std::string{by}, std::move(subjects), std::move(body)};
}

}  // namespace fabrica::awards
