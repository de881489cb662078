#include "compute/rules.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "compute/impl/load.hpp"
#include "json/json.hpp"

namespace fabrica::compute {
namespace {

constexpr std::int64_t kGiB = 1LL << 30;

Partition cores() {
  return {.id = {}, .system = {}, .name = "demo/cpu", .title = {}, .driver = DriverKind::local, .unit = budget::Unit::core_hour,
          .billing = Billing::allocated, .cpus = 8, .gpus = 0, .memory_bytes = 32 * kGiB, .wall_s_max = 86'400,
          .cores_per_share = {}, .memory_bytes_per_share = {}, .energy = EnergyCoefficients{5000, 40'000, "a guess"},
          .state = PartitionState::open, .demo = true};
}

JobLimits limits(std::int32_t cpus, std::int64_t memory_bytes = kGiB, std::int32_t gpus = 0) {
  return {.cpus = cpus, .gpus = gpus, .memory_bytes = memory_bytes, .wall_s = 3600, .disk_bytes = kGiB, .log_bytes = 1 << 20,
          .processes = 64, .grace_s = 10};
}

JobDraft draft() {
  JobDraft job;
  job.partition = "demo/cpu";
  job.name = "a job";
  job.argv = {"true"};
  job.resources = {.cpus = 1, .memory_bytes = kGiB, .wall_s = 60};
  return job;
}

std::string pointer_of(JobDraft const& job) {
  auto const done = check(job);
  return done ? "fine" : done.error().faults.at(0).pointer;
}

TEST(JobSteps, EveryStateIsReachedAndOnlyThreeAreFinal) {
  int final_states = 0;
  for (int state = 0; state <= static_cast<int>(JobState::cancelled); ++state) {
    auto const here = static_cast<JobState>(state);
    bool const reached =
        here == JobState::queued || std::ranges::any_of(kJobSteps, [&](Step const& step) { return step.to == here; });
    EXPECT_TRUE(reached) << json::enum_name(here);
    final_states += is_final(here) ? 1 : 0;
  }
  EXPECT_EQ(final_states, 3);
}

TEST(JobSteps, AnEventLeadsToOneStateAlone) {
  for (auto const& one : kJobSteps)
    EXPECT_EQ(std::ranges::count_if(kJobSteps, [&](Step const& step) { return step.from == one.from && step.on == one.on; }), 1);
}

TEST(Usage, CoresAreChargedByWallTimeWhateverTheyDid) {
  auto const usage = usage_of(
      cores(), limits(2), {.wall_us = 1800 * kSecond, .cpu_user_us = 5, .cpu_system_us = 6, .memory_peak_bytes = 7});
  EXPECT_EQ(usage.rate_micro_per_hour, 2'000'000);
  EXPECT_EQ(usage.amount_micro, 1'000'000) << "two cores for half an hour are one core-hour";
  EXPECT_EQ(usage.core_us, 3600 * kSecond);
  EXPECT_EQ(usage.gpu_us, 0);
}

TEST(Usage, APartOfAMicroUnitIsAWholeOne) {
  EXPECT_EQ(amount_micro(1'000'000, 1), 1);
  EXPECT_EQ(amount_micro(1'000'000, 3600), 1);
  EXPECT_EQ(amount_micro(1'000'000, 3601), 2);
  EXPECT_EQ(amount_micro(1'000'000, 0), 0);
  EXPECT_EQ(amount_micro(1'000'000'000'000, 90 * kDay), 2'160'000'000'000'000)
      << "a million cores for ninety days do not overflow";
}

TEST(Usage, TheLargestShareCounts) {
  auto partition = cores();
  partition.unit = budget::Unit::gpu_hour;
  partition.billing = Billing::max_of_shares;
  partition.cores_per_share = 8;
  partition.memory_bytes_per_share = 64 * kGiB;
  EXPECT_EQ(rate_micro_per_hour(partition, limits(1, kGiB, 2)), 2'000'000);
  EXPECT_EQ(rate_micro_per_hour(partition, limits(17, kGiB, 2)), 3'000'000);
  EXPECT_EQ(rate_micro_per_hour(partition, limits(1, 64 * 4 * kGiB, 2)), 4'000'000);
}

TEST(Usage, AWholeNodeIsOneWhateverIsAsked) {
  auto partition = cores();
  partition.unit = budget::Unit::node_hour;
  partition.billing = Billing::whole_nodes;
  EXPECT_EQ(usage_of(partition, limits(1), {.wall_us = kHour}).amount_micro, 1'000'000);
  EXPECT_EQ(usage_of(partition, limits(1), {.wall_us = kHour}).node_us, kHour);
}

TEST(Usage, TheHoldCoversTheWallLimitAndTheGrace) {
  auto const at_most = usage_of(cores(), limits(2), {.wall_us = (3600 + 10) * kSecond}).amount_micro;
  EXPECT_GT(hold_micro(cores(), limits(2)), at_most);
  EXPECT_LT(hold_micro(cores(), limits(2)), at_most + 10'000);
}

TEST(Energy, IsBusyCoresAndAShareOfIdle) {
  auto const energy = energy_of(
      cores(), limits(2), {.wall_us = 100 * kSecond, .cpu_user_us = 150 * kSecond, .cpu_system_us = 10 * kSecond});
  ASSERT_TRUE(energy);
  EXPECT_EQ(energy->joules, 160 * 5 + 100 * 40 * 2 / 8);
  EXPECT_EQ(energy->method, "estimated");
  EXPECT_EQ(energy->boundary, "node");
}

TEST(Energy, IsUnknownWithoutCoefficients) {
  auto partition = cores();
  partition.energy.reset();
  EXPECT_FALSE(energy_of(partition, limits(1), {.wall_us = kHour}));
}

TEST(JobCheck, SaysWhereItIsWrong) {
  struct Case {
    std::string_view name;
    std::function<void(JobDraft&)> spoil;
    std::string_view pointer;
  };
  std::string const digest(64, 'a');
  Case const cases[]{
      {"nothing wrong", [](JobDraft&) {}, "fine"},
      {"no program", [](JobDraft& job) { job.argv.clear(); }, "/argv"},
      {"empty command", [](JobDraft& job) { job.argv = {""}; }, "/argv/0"},
      {"recipe that leaves its folder", [](JobDraft& job) { job.recipe = "../sh"; }, "/recipe"},
      {"file that leaves its folder",
       [&](JobDraft& job) {
         job.files = {{"../x", digest}};
       },
       "/files/0/path"},
      {"absolute file",
       [&](JobDraft& job) {
         job.files = {{"/x", digest}};
       },
       "/files/0/path"},
      {"two files of one name",
       [&](JobDraft& job) {
         job.files = {{"x", digest}, {"x", digest}};
       },
       "/files/1/path"},
      {"digest in capitals",
       [](JobDraft& job) {
         job.files = {{"x", std::string(64, 'A')}};
       },
       "/files/0/sha256"},
      {"input with a slash", [](JobDraft& job) { job.inputs = {{.name = "a/b", .reference = "dataset:x"}}; },
       "/inputs/0/name"},
      {"input of nothing", [](JobDraft& job) { job.inputs = {{.name = "a"}}; }, "/inputs/0"},
      {"input of both",
       [&](JobDraft& job) {
         job.inputs = {{.name = "a", .reference = "dataset:x", .files = {{"x", digest}}}};
       },
       "/inputs/0"},
      {"variable of the contract",
       [](JobDraft& job) {
         job.environment = {{"FABRICA_JOB", "x"}};
       },
       "/environment"},
      {"variable with a sign",
       [](JobDraft& job) {
         job.environment = {{"A=B", "x"}};
       },
       "/environment"},
      {"parameters that are a list", [](JobDraft& job) { job.parameters.text = "[]"; }, "/parameters"},
  };
  for (auto const& one : cases) {
    auto job = draft();
    one.spoil(job);
    EXPECT_EQ(pointer_of(job), one.pointer) << one.name;
  }
}

TEST(JobFit, NamesEachResourceThereIsTooLittleOf) {
  auto const done = check_fit(cores(), {.cpus = 9, .gpus = 1, .memory_bytes = 64 * kGiB, .wall_s = 90'000});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "job_limits");
  EXPECT_EQ(done.error().faults.size(), 4U);
  auto closed = cores();
  closed.state = PartitionState::closed;
  EXPECT_EQ(check_fit(closed, draft().resources).error().reason, "partition_closed");
  EXPECT_TRUE(check_fit(cores(), draft().resources));
}

TEST(PartitionCheck, NodeHoursAndWholeNodesBelongTogether) {
  PartitionDraft partition{.name = "a", .title = "A", .driver = DriverKind::local, .unit = budget::Unit::node_hour,
                           .billing = Billing::allocated, .cpus = 1, .gpus = 0, .memory_bytes = kGiB, .wall_s_max = 60};
  EXPECT_EQ(check(partition).error().faults.at(0).pointer, "/billing");
  partition.billing = Billing::whole_nodes;
  EXPECT_TRUE(check(partition));
  partition.gpus = 1;
  EXPECT_EQ(check(partition).error().faults.at(0).pointer, "/gpus");
}

TEST(Metrics, OnlyWholeLinesAreTaken) {
  auto const lines = parse_metrics("{\"step\":1,\"metrics\":{\"loss\":2.5,\"acc\":1}}\n{\"step\":2,\"met", 77);
  ASSERT_EQ(lines.points.size(), 2U);
  EXPECT_EQ(lines.points[0].name, "loss");
  EXPECT_EQ(lines.points[0].value, 2.5);
  EXPECT_EQ(lines.points[1].step, 1);
  EXPECT_EQ(lines.points[1].time.us, 77);
  EXPECT_EQ(lines.bytes, 42U);
}

TEST(Metrics, WhatIsNoLineOfTheContractIsCountedAndLeftOut) {
  auto const lines = parse_metrics(
      "not json\n{}\n{\"step\":-1}\n{\"step\":1.5}\n[1]\n\n{\"step\":3,\"metrics\":{\"a\":\"x\",\"b\":null,\"c\":4}}\n", 0);
  EXPECT_EQ(lines.bad_lines, 5);
  ASSERT_EQ(lines.points.size(), 1U);
  EXPECT_EQ(lines.points[0].name, "c");
}

TEST(Metrics, ProgressIsClampedAndTheLastTextCounts) {
  auto const lines = parse_metrics("{\"step\":0,\"progress\":7,\"text\":\"one\"}\n{\"step\":1,\"text\":\"two\"}\n", 0);
  EXPECT_EQ(lines.progress, 1.0);
  EXPECT_EQ(lines.text, "two");
  std::string long_text(499, 'a');
  long_text += "\xc3\xa9";  // its second byte would be the 501st
  EXPECT_EQ(parse_metrics("{\"step\":0,\"text\":\"" + long_text + "\"}\n", 0).text, std::string(499, 'a'));
}

TEST(Text, StrangersWordsBecomeReadable) {
  EXPECT_EQ(readable_tail("a\x01" "b\xff\xc3\xa9 \n", 100), "a b?\xc3\xa9");
  EXPECT_EQ(readable_tail("\xe2\x82\xac\xe2\x82\xac", 4), "\xe2\x82\xac");
  EXPECT_EQ(readable_text(std::string("\x1b[1m\0x", 6)), "\x1b[1m?x");
  EXPECT_EQ(whole_characters("ab\xe2\x82"), 2U);
  EXPECT_EQ(whole_characters("ab\xe2\x82\xac"), 5U);
  EXPECT_EQ(whole_characters("\x82\x82\x82\x82\x82"), 5U);
}

TEST(TreeDigest, DoesNotDependOnTheOrder) {
  JobFile const a{"a", std::string(64, '1'), 1};
  JobFile const b{"b", std::string(64, '2'), 2};
  EXPECT_EQ(tree_digest({a, b}), tree_digest({b, a}));
  EXPECT_NE(tree_digest({a, b}), tree_digest({a}));
}

}  // namespace
}  // namespace fabrica::compute
