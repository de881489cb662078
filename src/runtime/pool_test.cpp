#include "runtime/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace fabrica::runtime {
namespace {

TEST(Pool, RunsEveryTaskItTookBeforeItStops) {
  std::atomic<int> ran = 0;
  int taken = 0;
  {
    Pool pool{{.name = "test", .threads = 4, .queue_max = 1000}};
    for (int number = 0; number < 500; ++number) taken += pool.submit([&] { ++ran; });
  }
  EXPECT_EQ(taken, 500);
  EXPECT_EQ(ran, 500);
}

TEST(Pool, RefusesWhatDoesNotFitItsQueueAndKeepsWhatFollowsABegunAct) {
  Pool pool{{.name = "test", .threads = 1, .queue_max = 2}};
  std::promise<void> started;
  std::promise<void> release;
  ASSERT_TRUE(pool.submit([&, gate = release.get_future().share()] {
    started.set_value();
    gate.wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_FALSE(pool.submit([] {}));
  EXPECT_TRUE(pool.submit_next([] {}));
  EXPECT_EQ(pool.queued(), 3u);
  release.set_value();
}

TEST(Pool, TakesNothingOnceStopped) {
  Pool pool{{.name = "test", .threads = 1, .queue_max = 2}};
  pool.stop();
  EXPECT_FALSE(pool.submit([] {}));
}

}  // namespace
}  // namespace fabrica::runtime
