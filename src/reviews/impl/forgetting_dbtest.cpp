#include "reviews/forget.hpp"
#include "reviews/testing/world.hpp"

namespace fabrica::reviews {
namespace {

class ForgettingDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    world = std::make_unique<World>(db());
  }
  void TearDown() override {
    world.reset();
    DbTest::TearDown();
  }
  std::unique_ptr<World> world;
};
FABRICA_ON_BOTH(ForgettingDb);

TEST_P(ForgettingDb, OpenWorkGoesToOthersAndNothingSaysWhoItWas) {
  auto& w = *world;
  w.pool_of_four();
  w.assigned_and_sent();
  auto const pairs = w.active(w.proposals[0]);
  ASSERT_FALSE(pairs.empty());
  auto const leaving = w.who(pairs.front().reviewer);
  auto const address = std::string{"r1@example.org"};
  auto const done = w.write([&](db::Tx& tx) { return forget_person(tx, w.reviews, leaving, leaving.person, address); });
  ASSERT_TRUE(done) << db::why(done);
  for (auto const& proposal : w.proposals)
    for (auto const& pair : w.active(proposal)) EXPECT_NE(pair.reviewer, leaving.person);
  constexpr db::Query kLeft{"test_left", R"sql(
    SELECT (SELECT COUNT(*) FROM reviewer_profiles WHERE person = $1) +
           (SELECT COUNT(*) FROM reviewer_pool WHERE person = $1 AND left_us IS NULL) +
           (SELECT COUNT(*) FROM reviewer_invitations WHERE person = $1 AND email <> ''))sql"};
  auto const left = w.read([&](db::Tx& tx) { return tx.one<std::int64_t>(kLeft, leaving.person); });
  ASSERT_TRUE(left) << db::why(left);
  EXPECT_EQ(*left, 0);
  auto const again =
      w.write([&](db::Tx& tx) { return forget_person(tx, w.reviews, leaving, leaving.person, address); });
  EXPECT_TRUE(again) << "and once more is nothing";
}

}  // namespace
}  // namespace fabrica::reviews
