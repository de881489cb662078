#include <gtest/gtest.h>

#include <algorithm>

#include "compute/rules.hpp"
#include "compute/testing/world.hpp"

namespace fabrica::compute {
namespace {

class ComputeDb : public db::DbTest {};
FABRICA_ON_BOTH(ComputeDb);

TEST_P(ComputeDb, AJobGoesFromItsHoldToItsArtefacts) {
  World world{db()};
  auto const file = world.blobs.put(as_bytes("print(1)"));
  auto const data = world.blobs.put(as_bytes("a page\n"));
  ASSERT_TRUE(file && data);
  world.data.references["dataset:x"] = {std::string(64, 'd'), {{"de.jsonl", data->digest.hex(), data->size_bytes}}};
  auto draft = World::draft();
  draft.files = {{"train.py", file->digest.hex()}};
  draft.inputs = {{.name = "corpus", .reference = "dataset:x"}};
  draft.parameters.text = R"({"steps":3})";
  auto job = world.submit(draft);
  EXPECT_EQ(job.state, JobState::queued);
  auto const held = world.award().held_micro;
  EXPECT_EQ(held, job.held_micro);
  EXPECT_GT(held, 2 * budget::kMicroUnits) << "two cores for an hour and the grace";

  world.settle();
  job = world.look(job.id);
  EXPECT_EQ(job.state, JobState::running);
  EXPECT_TRUE(job.started);
  auto const& order = world.run(job).order;
  EXPECT_EQ(order.inputs.at(0).name, "corpus/de.jsonl");
  EXPECT_EQ(order.files.at(0).name, "train.py");
  EXPECT_EQ(order.parameters, R"({"steps":3})");
  EXPECT_EQ(runtime::read_file(order.inputs.at(0).source, 100).value_or("?"), "a page\n");

  world.run(job).metrics = "{\"step\":1,\"metrics\":{\"loss\":2.5},\"progress\":0.5,\"text\":\"half\"}\n{\"step\":2,";
  world.settle();
  EXPECT_EQ(world.look(job.id).progress, 0.5);
  EXPECT_EQ(world.look(job.id).message, "half");
  world.run(job).metrics += "\"metrics\":{\"loss\":2.0}}\n";
  world.run(job).out = "hello\n";
  world.run(job).outputs = {{"m/model.safetensors", "weights"}, {"card.md", "a card"}};
  world.driver.end(job.id.text(), EndReason::completed);
  world.settle();

  job = world.look(job.id);
  ASSERT_EQ(job.state, JobState::completed) << job.trouble << job.detail;
  ASSERT_EQ(world.metrics.all.size(), 2U) << "each line once";
  EXPECT_EQ(world.metrics.all[1].value, 2.0);
  ASSERT_EQ(job.artefacts.size(), 2U);
  EXPECT_EQ(job.artefacts[1].path, "m/model.safetensors");
  EXPECT_EQ(job.artefacts[1].sha256, crypto::sha256("weights").hex());
  ASSERT_TRUE(job.usage && job.energy);
  EXPECT_EQ(job.usage->amount_micro, budget::kMicroUnits) << "two cores for half an hour";
  EXPECT_EQ(job.energy->joules, 100 * 5 + 1800 * 20 * 2 / 4);
  EXPECT_EQ(world.award().held_micro, 0);
  EXPECT_EQ(world.award().balance_micro, kAwarded - budget::kMicroUnits);
  EXPECT_EQ(world.chain(), (std::vector<std::string>{"project.created", "job.submitted", "job.started", "artefact.produced",
                                                     "energy.measured", "job.ended"}));
  EXPECT_EQ(job.statements.size(), 5U);
  EXPECT_EQ(world.driver.forgotten, 1);
  EXPECT_EQ(world.compute.log(job, LogStream::out, 1, 3)->bytes, "ell") << "the log outlives the driver's folder";
  EXPECT_EQ(code_of(world.compute.log(job, LogStream::err, 0, 3)), Errc::not_found);
  world.expect_sound();
}

TEST_P(ComputeDb, ALogIsThereAlsoWhenTheDriverHasForgottenItAndNoRowSaysSoYet) {
  World world{db()};
  auto const job = world.submit();
  world.settle();
  world.run(job).out = "hello\n";
  world.driver.end(job.id.text(), EndReason::completed);
  world.settle();
  static constexpr db::Query kNotYet{"test_not_yet", "UPDATE jobs SET kept_by_driver = 1"};
  ASSERT_TRUE(db().write([&](db::Tx& tx) { return tx.run(kNotYet); }));
  auto const piece = world.compute.log(job, LogStream::out, 0, 100);
  ASSERT_TRUE(piece) << db::why(piece);
  EXPECT_EQ(piece->bytes, "hello\n");
  EXPECT_EQ(code_of(world.compute.log(job, LogStream::err, 0, 100)), Errc::not_found);
}

TEST_P(ComputeDb, WithoutAnAwardOrBeyondItNothingIsSubmitted) {
  World world{db()};
  auto draft = World::draft(4);
  draft.resources.wall_s = 86'400;
  auto const charged = world.awards.charged;
  world.awards.charged.reset();
  EXPECT_EQ(reason_of(world.try_submit(draft, world.member)), "no_award");
  world.awards.charged = charged;
  world.submit(draft);
  EXPECT_EQ(code_of(world.try_submit(draft, world.member)), Errc::over_budget) << "96 of 100 core-hours are held";
  world.awards.charged->ends.us = world.clock.now() + kHour - 1;
  EXPECT_EQ(reason_of(world.try_submit(World::draft(), world.member)), "award_ends");
  EXPECT_EQ(world.chain().size(), 2U);
  world.expect_sound();
}

TEST_P(ComputeDb, OnlyThoseOfTheProjectSeeAndRunItsJobs) {
  World world{db()};
  EXPECT_EQ(code_of(world.try_submit(World::draft(), world.stranger)), Errc::forbidden);
  auto const job = world.submit();
  EXPECT_EQ(code_of(world.cancel(job.id, world.stranger)), Errc::forbidden);
  EXPECT_EQ(code_of(db().read([&](db::Tx& tx) { return world.compute.get(tx, world.stranger, job.id); })), Errc::forbidden);
  EXPECT_EQ(
      code_of(db().read([&](db::Tx& tx) { return world.compute.list(tx, world.stranger, world.project, {}, 10); })),
      Errc::forbidden);
  auto const made = db().write([&](db::Tx& tx) {
    return world.compute.register_system(tx, world.member, {.name = "x", .title = "X", .country = ""});
  });
  EXPECT_EQ(code_of(made), Errc::forbidden);
  EXPECT_EQ(reason_of(db().read(
                [&](db::Tx& tx) { return world.compute.get(tx, world.member, PublicId::make(1, world.random)); })),
            "job");
}

TEST_P(ComputeDb, WhatIsNotThereCannotBeAskedFor) {
  World world{db()};
  auto draft = World::draft();
  draft.partition = "none";
  EXPECT_EQ(reason_of(world.try_submit(draft, world.member)), "partition");
  draft = World::draft(5);
  EXPECT_EQ(reason_of(world.try_submit(draft, world.member)), "job_limits");
  draft = World::draft();
  draft.files = {{"a", std::string(64, 'a')}};
  EXPECT_EQ(reason_of(world.try_submit(draft, world.member)), "blob");
  draft = World::draft();
  draft.inputs = {{.name = "a", .reference = "dataset:none"}};
  EXPECT_EQ(reason_of(world.try_submit(draft, world.member)), "dataset");
  EXPECT_EQ(world.award().held_micro, 0);
}

TEST_P(ComputeDb, AClosedPartitionTakesNoJobsAndNamesAreTakenOnce) {
  World world{db()};
  ASSERT_TRUE(db().write([&](db::Tx& tx) {
    return world.compute.change_partition(tx, world.admin, world.partition_id, {PartitionState::closed});
  }));
  EXPECT_EQ(reason_of(world.try_submit(World::draft(), world.member)), "partition_closed");
  auto const systems = db().read([&](db::Tx& tx) { return world.compute.systems(tx); });
  ASSERT_TRUE(systems && systems->size() == 1);
  auto const again = db().write([&](db::Tx& tx) {
    return world.compute.register_partition(tx, world.admin, systems->at(0).id, World::cores("own/cpu"));
  });
  EXPECT_EQ(reason_of(again), "name_taken");
}

TEST_P(ComputeDb, JobsWaitForRoomInTheirOrder) {
  World world{db()};
  auto const first = world.submit(World::draft(3));
  auto const large = world.submit(World::draft(4));
  auto const small = world.submit(World::draft(1));
  world.settle();
  EXPECT_EQ(world.look(first.id).state, JobState::running);
  EXPECT_EQ(world.look(large.id).state, JobState::queued);
  EXPECT_EQ(world.look(small.id).state, JobState::queued) << "one core is free, but the large one was first";
  world.driver.end(first.id.text(), EndReason::completed);
  world.settle();
  EXPECT_EQ(world.look(large.id).state, JobState::running);
  EXPECT_EQ(world.look(small.id).state, JobState::queued);
  world.driver.end(large.id.text(), EndReason::completed);
  world.settle();
  EXPECT_EQ(world.look(small.id).state, JobState::running);
}

TEST_P(ComputeDb, AWaitingJobIsCancelledAtOnceAndItsHoldGoesBack) {
  World world{db()};
  auto const job = world.submit();
  auto const cancelled = world.cancel(job.id, world.member);
  ASSERT_TRUE(cancelled) << db::why(cancelled);
  EXPECT_EQ(cancelled->state, JobState::cancelled);
  EXPECT_EQ(world.award().held_micro, 0);
  EXPECT_EQ(reason_of(world.cancel(job.id, world.member)), "job_over");
  world.settle();
  EXPECT_EQ(world.driver.begun, 0);
  EXPECT_EQ(world.chain().back(), "job.ended");
  world.expect_sound();
}

TEST_P(ComputeDb, ARunningJobIsCancelledThroughTheDriverAndPaysWhatItUsed) {
  World world{db()};
  auto const job = world.submit();
  world.settle();
  ASSERT_TRUE(world.cancel(job.id, world.admin)) << "an operator may";
  world.settle();
  auto const seen = world.look(job.id);
  EXPECT_EQ(seen.state, JobState::cancelled);
  EXPECT_EQ(seen.reason, EndReason::cancelled);
  EXPECT_EQ(world.award().balance_micro, kAwarded - budget::kMicroUnits);
  EXPECT_EQ(world.award().held_micro, 0);
}

TEST_P(ComputeDb, AFailedJobSaysWhyWithItsLastWordsAndKeepsNoArtefacts) {
  World world{db()};
  auto const job = world.submit();
  world.settle();
  world.run(job).err = "Traceback\nno such column\n";
  world.run(job).outputs = {{"half", "done"}};
  world.driver.end(job.id.text(), EndReason::failed);
  world.settle();
  auto const seen = world.look(job.id);
  EXPECT_EQ(seen.state, JobState::failed);
  EXPECT_EQ(seen.exit_status, 3);
  EXPECT_EQ(seen.detail, "Traceback\nno such column");
  EXPECT_TRUE(seen.artefacts.empty());
  EXPECT_EQ(world.compute.log(seen, LogStream::err, 0, 9)->bytes, "Traceback");
}

TEST_P(ComputeDb, ALostAttemptIsBegunAgainButNotForEver) {
  World world{db()};
  auto const job = world.submit();
  world.settle();
  for (int attempt = 1; attempt <= kAttemptsMax; ++attempt) {
    EXPECT_EQ(world.driver.begun, attempt);
    EXPECT_EQ(world.look(job.id).attempt, attempt);
    world.driver.end(job.id.text(), EndReason::lost, 0);
    world.settle();
  }
  auto const seen = world.look(job.id);
  EXPECT_EQ(seen.state, JobState::failed);
  EXPECT_EQ(seen.reason, EndReason::lost);
  EXPECT_EQ(world.award().balance_micro, kAwarded) << "what the factory lost is not charged";
  EXPECT_EQ(world.award().held_micro, 0);
}

TEST_P(ComputeDb, ALostAnswerOfTheStartDoublesNothing) {
  World world{db()};
  auto const job = world.submit();
  world.driver.lose_answer_of_start = true;
  world.settle();
  EXPECT_EQ(world.look(job.id).state, JobState::submitting);
  EXPECT_NE(world.look(job.id).trouble, "");
  world.clock.advance(2 * kSecond);
  world.settle();
  EXPECT_EQ(world.look(job.id).state, JobState::running);
  EXPECT_EQ(world.driver.begun, 1);
}

TEST_P(ComputeDb, TroubleOutsideIsTriedAgainAndEndsInARefusal) {
  World world{db()};
  auto const job = world.submit();
  world.driver.failures = 1000;
  for (int round = 0; round < kTriesMax; ++round) {
    ASSERT_EQ(world.look(job.id).state, round == 0 ? JobState::queued : JobState::staging);
    world.settle();
    world.clock.advance(kMinute);
  }
  world.settle();
  auto const seen = world.look(job.id);
  EXPECT_EQ(seen.state, JobState::failed);
  EXPECT_EQ(seen.reason, EndReason::refused);
  EXPECT_EQ(seen.detail, "The disk is full.");
  EXPECT_EQ(world.award().held_micro, 0);
  EXPECT_EQ(world.award().balance_micro, kAwarded);
  world.expect_sound();
}

TEST_P(ComputeDb, ArtefactsBeyondTheQuotaFailTheJobAndSayWhatToDo) {
  World world{db()};
  ASSERT_TRUE(db().write([&](db::Tx& tx) { return world.blobs.set_quota(tx, world.project.text(), 10); }));
  auto const job = world.submit();
  world.settle();
  world.run(job).outputs = {{"model", std::string(100, 'x')}};
  world.driver.end(job.id.text(), EndReason::completed);
  world.settle();
  auto const seen = world.look(job.id);
  EXPECT_EQ(seen.state, JobState::failed);
  EXPECT_EQ(seen.reason, EndReason::output_limit);
  EXPECT_NE(seen.detail, "");
  EXPECT_TRUE(seen.artefacts.empty());
  EXPECT_EQ(world.award().balance_micro, kAwarded - budget::kMicroUnits) << "what was used was used";
}

TEST_P(ComputeDb, AHoldThatLapsedWhileItWaitedRefusesTheJob) {
  World world{db()};
  auto const job = world.submit();
  world.clock.advance(40 * kDay);
  ASSERT_TRUE(db().write([&](db::Tx& tx) { return world.budget.expire_holds(tx); }));
  world.settle();
  EXPECT_EQ(world.look(job.id).reason, EndReason::refused);
  EXPECT_EQ(world.driver.begun, 0);
  world.expect_sound();
}

TEST_P(ComputeDb, JobsAreListedNewestFirst) {
  World world{db()};
  std::vector<PublicId> ids;
  for (int at = 0; at < 3; ++at) ids.push_back(world.submit(World::draft(1)).id);
  auto const page = [&](PublicId const& after) {
    return *db().read([&](db::Tx& tx) { return world.compute.list(tx, world.member, world.project, after, 2); });
  };
  auto const first = page({});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].id, ids[2]);
  auto const second = page(first[1].id);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].id, ids[0]);
}

// The whole journey of a job with one step of the database failing, before or after it was kept, and then going on: the job
// runs once, is paid once and is recorded once.
TEST_P(ComputeDb, AFaultAnywhereLosesAndDoublesNothing) {
  int faults = 0;
  // On SQLite every step; on PostgreSQL, where a new database is dear, every fifth: the steps are the same.
  int const stride = GetParam() == db::Dialect::sqlite ? 1 : 5;
  for (bool fired = true; fired; faults += stride) {
    ASSERT_LT(faults, 500);
    auto const database = fresh();
    db::FaultyDatabase faulty{*database};
    World world{faulty};
    auto const job = world.submit();
    // Looked at past the faults, which are the worker's alone.
    auto const over = [&] { return is_final(database->read([&](db::Tx& tx) { return world.compute.find(tx, job.id); })->state); };
    faulty.fail_at(faults);
    for (int round = 0; round < 60 && !over(); ++round) {
      if (!world.compute.advance()) world.clock.advance(kMinute);
      world.clock.advance(2 * kSecond);
      auto& run = world.run(job);
      if (run.seen.phase == Phase::running) {
        run.outputs = {{"model", "weights"}};
        run.metrics = "{\"step\":1,\"metrics\":{\"loss\":1}}\n";
        world.driver.end(job.id.text(), EndReason::completed);
      }
    }
    fired = faulty.fired();
    faulty.heal();
    auto const seen = world.look(job.id);
    EXPECT_EQ(seen.state, JobState::completed) << faults << " " << seen.trouble << seen.detail;
    EXPECT_EQ(world.driver.begun, 1) << faults;
    EXPECT_EQ(seen.artefacts.size(), 1U) << faults;
    EXPECT_EQ(world.award().balance_micro, kAwarded - budget::kMicroUnits) << faults;
    EXPECT_EQ(world.award().held_micro, 0) << faults;
    auto const chain = world.chain();
    EXPECT_EQ(std::ranges::count(chain, "job.started"), 1) << faults;
    EXPECT_EQ(std::ranges::count(chain, "job.ended"), 1) << faults;
    world.expect_sound();
    if (HasFailure()) return;
  }
  EXPECT_GT(faults, 10);
}

}  // namespace
}  // namespace fabrica::compute
