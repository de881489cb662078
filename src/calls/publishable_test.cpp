#include <gtest/gtest.h>

#include "calls/reviewed.hpp"

namespace fabrica::calls {
namespace {

using matching::TieKind;

struct Case {
  char const* name;
  std::vector<matching::TieBreak> ties;
  char const* at;  // the fault's pointer below /reviewed/ranking/tie_breaks; empty: may be published
};
class Publishable : public testing::TestWithParam<Case> {};

TEST_P(Publishable, NamesWhatLeavesProposalsEqual) {
  ReviewedRules rules;
  rules.ranking.criteria = {{"excellence", 0, 5000, 500, 1, {}}};
  rules.ranking.tie_breaks = GetParam().ties;
  auto const said = publishable(rules);
  if (std::string_view{GetParam().at}.empty()) {
    EXPECT_TRUE(said);
    return;
  }
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().reason, "tie_breaks");
  EXPECT_EQ(said.error().faults.front().pointer, std::string{"/reviewed/ranking/tie_breaks"} + GetParam().at);
}
INSTANTIATE_TEST_SUITE_P(
    , Publishable,
    testing::Values(Case{"the_lottery_alone", {{TieKind::lottery, ""}}, ""},
                    Case{"a_whole_list",
                         {{TieKind::criterion, "excellence"},
                          {TieKind::group, "sme"},
                          {TieKind::earlier, ""},
                          {TieKind::lottery, ""}},
                         ""},
                    Case{"nothing", {}, "/0"}, Case{"no_lottery", {{TieKind::earlier, ""}}, "/1"},
                    Case{"a_lottery_before_the_end", {{TieKind::lottery, ""}, {TieKind::earlier, ""}}, "/0/kind"},
                    Case{"an_unknown_criterion", {{TieKind::criterion, "charm"}, {TieKind::lottery, ""}}, "/0/name"},
                    Case{"a_group_without_name", {{TieKind::group, ""}, {TieKind::lottery, ""}}, "/0/name"},
                    Case{"twice", {{TieKind::earlier, ""}, {TieKind::earlier, ""}, {TieKind::lottery, ""}}, "/0"}),
    [](auto const& it) { return std::string{it.param.name}; });

}  // namespace
}  // namespace fabrica::calls
