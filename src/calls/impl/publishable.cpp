#include <fmt/format.h>

#include <algorithm>

#include "calls/reviewed.hpp"

namespace fabrica::calls {

using matching::TieBreak;
using matching::TieKind;

Result<> publishable(ReviewedRules const& rules) {
  auto const& ties = rules.ranking.tie_breaks;
  auto const& criteria = rules.ranking.criteria;
  std::vector<Fault> faults;
  for (std::size_t at = 0; at < ties.size(); ++at) {
    auto const where = fmt::format("/reviewed/ranking/tie_breaks/{}", at);
    auto const& tie = ties[at];
    if (tie.kind == TieKind::lottery && at + 1 < ties.size())
      faults.push_back({where + "/kind", "Nothing is equal after a lottery: it comes last."});
    if (tie.kind == TieKind::criterion &&
        std::ranges::find(criteria, tie.name, &matching::RankCriterion::id) == criteria.end())
      faults.push_back({where + "/name", "The call has no such criterion."});
    if (tie.kind == TieKind::group && tie.name.empty())
      faults.push_back({where + "/name", "Name the group: a kind of organisation, or country:LV."});
    if (std::ranges::count(ties, tie) > 1) faults.push_back({where, "It is there twice."});
  }
  if (ties.empty() || ties.back().kind != TieKind::lottery)
    faults.push_back({fmt::format("/reviewed/ranking/tie_breaks/{}", ties.size()),
                      "End the list with {\"kind\": \"lottery\"}: two proposals may be equal in all the rest, and what "
                      "decides then is published before anybody applies."});
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "tie_breaks", what, std::move(faults));
}

}  // namespace fabrica::calls
