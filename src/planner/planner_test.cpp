#include <gtest/gtest.h>

#include <cmath>

#include "json/json.hpp"
#include "planner/billing.hpp"
#include "planner/plan.hpp"

namespace fabrica::planner {
namespace {

constexpr std::string_view kDay1 = "2026-11-23";  // a Monday

facts::View const& view() {
  static facts::View const held = *facts::shipped_view(facts::Shipped::embedded(), kDay1);
  return held;
}
Micros noon() { return *parse_time("2026-11-23T12:00:00Z"); }

PlanRequest request_of(std::int64_t parameters, std::int64_t tokens) {
  PlanRequest request;
  request.parameters = parameters;
  request.tokens = tokens;
  return request;
}

Plan planned(PlanRequest const& request, facts::View const& held = view()) {
  auto made = plan(request, held, noon());
  EXPECT_TRUE(made) << made.error().what;
  if (!made)
    for (auto const& fault : made.error().faults) ADD_FAILURE() << fault.pointer << ' ' << fault.what;
  return *std::move(made);
}

PartitionPlan const& on(Plan const& plan, std::string_view partition) {
  for (auto const& one : plan.partitions)
    if (one.partition == partition) return one;
  ADD_FAILURE() << "no " << partition;
  return plan.partitions.front();
}
ModePlan const& mode(Plan const& plan, std::string_view key) {
  for (auto const& one : plan.modes)
    if (one.mode == key) return one;
  ADD_FAILURE() << "no " << key;
  return plan.modes.front();
}
RuleAnswer const& rule(ModePlan const& mode, std::string_view name) {
  for (auto const& one : mode.rules)
    if (one.rule == name) return one;
  ADD_FAILURE() << "no rule " << name;
  return mode.rules.front();
}
ActFlag const& flag(Plan const& plan, std::string_view name) {
  for (auto const& one : plan.flags)
    if (one.flag == name) return one;
  ADD_FAILURE() << "no flag " << name;
  return plan.flags.front();
}

PlanRequest start_up_in_latvia() {
  auto request = request_of(7'000'000'000, 1'000'000'000'000);
  request.applicant = Applicant{ApplicantKind::start_up, "LV"};
  return request;
}

// ---- the worked table: 6ND, utilisation 40 %, MI250X 30 %

TEST(WorkedCases, GpuHoursOfFourModelsOnFourAccelerators) {
  struct Case {
    double parameters, tokens, flop, a100, mi250x, h100, b200;
  };
  for (auto const& [parameters, tokens, flop, a100, mi250x, h100, b200] : {
           Case{1e9, 300e9, 1.8e21, 4'006, 4'352, 1'264, 556},
           Case{7e9, 1e12, 4.2e22, 93'483, 101'538, 29'491, 12'963},
           Case{30e9, 2e12, 3.6e23, 801'282, 870'322, 252'781, 111'111},
           Case{70e9, 2e12, 8.4e23, 1'869'658, 2'030'751, 589'821, 259'259},
       }) {
    auto request = request_of(static_cast<std::int64_t>(parameters), static_cast<std::int64_t>(tokens));
    request.partitions = {"meluxina/gpu", "lumi/lumi-g", "marenostrum5/acc", "meluxina_ai/gpu"};
    auto const plan = planned(request);
    EXPECT_DOUBLE_EQ(plan.work.flop_once, flop);
    // The table is rounded to whole hours.
    auto const near = [](double value, double wanted) { EXPECT_NEAR(value, wanted, 0.5 + wanted * 0.0002); };
    near(*on(plan, "meluxina/gpu").gpu_hours, a100);
    near(*on(plan, "lumi/lumi-g").gpu_hours, mi250x);
    near(*on(plan, "marenostrum5/acc").gpu_hours, h100);
    near(*on(plan, "meluxina_ai/gpu").gpu_hours, b200);
    EXPECT_DOUBLE_EQ(*on(plan, "marenostrum5/acc").node_hours * 4, *on(plan, "marenostrum5/acc").gpu_hours);
  }
}

TEST(WorkedCases, EnergyAndCarbonOfFiftyThousandGpuHoursOnLeonardo) {
  // 6 x 1e9 x 3.744e12 = 50,000 h x 312 TFLOP/s x 0.4 x 3600.
  auto const plan = planned(request_of(1'000'000'000, 3'744'000'000'000));
  auto const& leonardo = on(plan, "leonardo/booster");
  EXPECT_NEAR(*leonardo.gpu_hours, 50'000, 0.01);
  EXPECT_NEAR(*leonardo.node_hours, 12'500, 0.01);
  EXPECT_NEAR(*leonardo.energy.it_kwh, 27'104, 1);
  EXPECT_NEAR(*leonardo.energy.kwh, 29'814, 1);
  EXPECT_NEAR(*leonardo.energy.kgco2e, 9'860, 1);
  EXPECT_NE(leonardo.energy.carbon_basis.find("location-based"), std::string::npos);
  EXPECT_EQ(leonardo.energy.sources.size(), 3u);
}

TEST(WorkedCases, TwoMillionModuleHoursOnLumiWereThirteenPerCentOfThePeak) {
  auto request = request_of(30'000'000'000, 2'000'000'000'000);
  request.utilisation = 0.13055;
  auto const plan = planned(request);
  auto const& lumi = on(plan, "lumi/lumi-g");
  EXPECT_NEAR(*lumi.gpu_hours, 2.0e6, 2000);
  EXPECT_NEAR(*lumi.device_hours, 4.0e6, 4000);
  EXPECT_EQ(lumi.utilisation_source, "given");
}

TEST(WorkedCases, LumiBillsWholeNodesInStandardAndTheLargestShareInSmall) {
  auto const& rules = view().billing_rules;
  auto const& standard = *facts::find(rules, "lumi/standard-g");
  auto const& small = *facts::find(rules, "lumi/small-g");
  auto const shape = [](std::int64_t nodes, std::int64_t devices, std::int64_t cores, double memory_gb, double hours) {
    return JobShape{nodes, devices, cores, memory_gb, hours};
  };
  EXPECT_EQ(*billed_units(standard, shape(3, 24, 168, 1000, 10)), 120);
  EXPECT_EQ(*billed_units(standard, shape(1, 1, 1, 1, 1)), 4);  // one GCD is billed as eight
  EXPECT_EQ(*billed_units(small, shape(1, 1, 7, 60, 2)), 1);
  EXPECT_EQ(*billed_units(small, shape(1, 1, 8, 100, 1)), 1);    // 100 GB count as two GCDs
  EXPECT_EQ(*billed_units(small, shape(1, 1, 17, 60, 1)), 1.5);  // 17 cores as three
  EXPECT_EQ(*billed_units(small, shape(1, 4, 8, 64, 1)), 2);
  EXPECT_EQ(billed_units(small, shape(0, 1, 1, 1, 1)).error().reason, "job_shape");
  EXPECT_EQ(billed_units(facts::BillingRule{}, shape(1, 1, 1, 1, 1)).error().reason, "billing_unknown");
}

// ---- work, memory, time

TEST(Work, DependsOnTheMethodAndOnActiveParameters) {
  auto request = request_of(1000, 10);
  auto const flop = [&](Method method) {
    request.method = method;
    return work_of(request).flop_once;
  };
  EXPECT_EQ(flop(Method::pretrain), 60'000);
  EXPECT_EQ(flop(Method::continue_), 60'000);
  EXPECT_EQ(flop(Method::finetune), 60'000);
  EXPECT_EQ(flop(Method::lora), 40'000);
  EXPECT_EQ(flop(Method::inference), 20'000);
  request.recompute = true;
  EXPECT_EQ(flop(Method::pretrain), 80'000);
  request.active_parameters = 100;
  EXPECT_EQ(flop(Method::pretrain), 8'000);
  request.overhead_share = 0.5;
  EXPECT_EQ(work_of(request).flop_total, 12'000);
  EXPECT_EQ(work_of(request).flop_once, 8'000);
}

TEST(Memory, HoldsWeightsGradientsAndOptimizerOnTheFewestNodes) {
  // 70e9 x 16 bytes = 1120 GB; a LUMI node has 4 x 128 GB, of which 80 % are usable: 409.6 GB.
  auto const plan = planned(request_of(70'000'000'000, 1'000'000'000));
  auto const& lumi = on(plan, "lumi/lumi-g");
  EXPECT_DOUBLE_EQ(lumi.memory.model_gb, 1120);
  EXPECT_EQ(lumi.memory.nodes_least, 3);
  EXPECT_EQ(lumi.nodes, 3);
  EXPECT_EQ(lumi.memory.fits, Answer::yes);
  EXPECT_NEAR(*lumi.wall_hours, *lumi.gpu_hours / 12, 1e-9);
}

TEST(Memory, CountsAllParametersOfAMixtureAndSaysWhenTheNodesGivenAreTooFew) {
  auto request = request_of(70'000'000'000, 1'000'000'000);
  request.active_parameters = 5'000'000'000;
  request.nodes = 2;
  auto const plan = planned(request);
  auto const& lumi = on(plan, "lumi/lumi-g");
  EXPECT_DOUBLE_EQ(lumi.memory.model_gb, 1120);
  EXPECT_EQ(lumi.memory.fits, Answer::no);
  EXPECT_EQ(lumi.nodes, 2);
  EXPECT_NE(lumi.warnings.front().find("at least 3 nodes"), std::string::npos);
}

TEST(Memory, IsSmallerForAdaptersAndForInference) {
  auto request = request_of(7'000'000'000, 1'000'000'000);
  auto const model_gb = [&](Method method) {
    request.method = method;
    return planned(request).partitions.front().memory.model_gb;
  };
  EXPECT_DOUBLE_EQ(model_gb(Method::finetune), 112);
  EXPECT_DOUBLE_EQ(model_gb(Method::lora), 7 * 2.16);
  EXPECT_DOUBLE_EQ(model_gb(Method::inference), 14);
}

TEST(Time, OfADeadlineIsANumberOfNodes) {
  auto request = request_of(7'000'000'000, 1'000'000'000'000);
  request.starts_on = "2026-12-01";
  request.ends_on = "2026-12-30";  // thirty days, 720 hours
  auto const plan = planned(request);
  auto const& lumi = on(plan, "lumi/lumi-g");
  EXPECT_EQ(lumi.nodes_for_deadline, static_cast<std::int64_t>(std::ceil(101'538.0 / 4 / 720)));
}

TEST(StorageNeed, IsCheckpointsTokensAndData) {
  auto request = request_of(1'000'000'000, 10'000'000'000);
  request.data_gb = 100;
  auto const plan = planned(request);
  EXPECT_DOUBLE_EQ(plan.storage.checkpoints_gb, 48);
  EXPECT_DOUBLE_EQ(plan.storage.tokens_gb, 40);
  EXPECT_DOUBLE_EQ(plan.storage.total_gb, 188);
}

TEST(Unknown, StaysUnknownAndSaysWhat) {
  auto request = request_of(1'000'000'000, 10'000'000'000);
  request.partitions = {"alice_recoque/gpu", "daedalus/gpu", "karolina/gpu"};
  auto const plan = planned(request);
  auto const& recoque = on(plan, "alice_recoque/gpu");
  EXPECT_FALSE(recoque.gpu_hours);
  EXPECT_FALSE(recoque.amount);
  EXPECT_FALSE(recoque.energy.kwh);
  EXPECT_NE(recoque.unknown.front().find("mi430x is not known"), std::string::npos) << recoque.unknown.front();
  EXPECT_FALSE(on(plan, "daedalus/gpu").gpu_hours);
  auto const& karolina = on(plan, "karolina/gpu");
  EXPECT_TRUE(karolina.gpu_hours);
  EXPECT_FALSE(karolina.energy.it_kwh);
  EXPECT_FALSE(karolina.energy.kgco2e);
}

TEST(Unknown, AndUnsupportedAreDifferentThings) {
  auto request = request_of(1'000'000'000, 10'000'000'000);
  request.precision = Precision::fp8;
  auto const plan = planned(request);
  EXPECT_NE(on(plan, "leonardo/booster").unknown.front().find("does not compute in fp8"), std::string::npos);
  EXPECT_TRUE(on(plan, "jupiter/booster").gpu_hours);
}

TEST(PlannedSystems, AreLeftOutUnlessAskedFor) {
  auto const plan = planned(request_of(1'000'000'000, 10'000'000'000));
  for (auto const& partition : plan.partitions) EXPECT_NE(partition.partition, "lumi_ai/gpu");
  EXPECT_EQ(plan.partitions.size(), 10u);
}

TEST(Units, OfLumiAreWarnedAbout) {
  auto const plan = planned(request_of(7'000'000'000, 1'000'000'000'000));
  auto const& lumi = on(plan, "lumi/lumi-g");
  EXPECT_EQ(lumi.unit, Unit::gpu_hour);
  EXPECT_DOUBLE_EQ(*lumi.amount, *lumi.gpu_hours);
  EXPECT_NE(lumi.warnings.front().find("MI250X module, which is two GCDs: 101,538 GPU-hours are 203,075"),
            std::string::npos)
      << lumi.warnings.front();
  EXPECT_EQ(on(plan, "leonardo/booster").unit, Unit::node_hour);
  EXPECT_DOUBLE_EQ(*on(plan, "leonardo/booster").amount, *on(plan, "leonardo/booster").node_hours);
}

// ---- access modes

TEST(AccessModes, StartUpInLatviaGetsLargeScaleWithCutOffAndAnswer) {
  auto const plan = planned(start_up_in_latvia());
  auto const& large = mode(plan, "ai_large_scale");
  EXPECT_EQ(large.eligible, Answer::yes);
  EXPECT_EQ(large.fits, Answer::yes) << large.why;
  EXPECT_EQ(plan.modes.front().fits, Answer::yes);
  ASSERT_TRUE(large.next_cut_off);
  EXPECT_EQ(format_time(large.next_cut_off->us), "2026-11-30T09:00:00Z");
  EXPECT_EQ(large.answer_due_on, "2026-12-14");
  EXPECT_EQ(rule(large, "location").why, "Latvia is a Member State.");

  auto const& playground = mode(plan, "ai_playground");
  EXPECT_EQ(playground.eligible, Answer::yes);
  EXPECT_EQ(playground.fits, Answer::no);
  EXPECT_NE(playground.why.find("more than the 5,000"), std::string::npos) << playground.why;
  EXPECT_EQ(playground.answer_due_on, "2026-11-25");
  EXPECT_EQ(mode(plan, "ai_data_intensive").why, "Closed.");
}

TEST(AccessModes, SmallNeedsFitThePlaygroundAndAreTooSmallForLargeScale) {
  auto request = start_up_in_latvia();
  request.tokens = 10'000'000'000;  // 935 A100-hours
  auto const plan = planned(request);
  EXPECT_EQ(mode(plan, "ai_playground").fits, Answer::yes);
  auto const& large = mode(plan, "ai_large_scale");
  EXPECT_EQ(large.fits, Answer::no);
  EXPECT_NE(large.why.find("it starts at 50,000"), std::string::npos) << large.why;
}

TEST(AccessModes, LimitsExcludeTheirLowerEnd) {
  auto request = start_up_in_latvia();
  request.parameters = 1'000'000'000;
  request.tokens = 748'800'000'000;  // 10,000 hours of an A100 exactly
  request.partitions = {"leonardo/booster"};
  EXPECT_EQ(mode(planned(request), "ai_fast_lane").fits, Answer::no);
  request.tokens += 1'000'000'000;
  EXPECT_EQ(mode(planned(request), "ai_fast_lane").fits, Answer::yes);
  request.tokens = 3'744'000'000'000;  // 50,000
  EXPECT_EQ(mode(planned(request), "ai_fast_lane").fits, Answer::yes);
  EXPECT_EQ(mode(planned(request), "ai_large_scale").fits, Answer::no);
}

TEST(AccessModes, LargeCompaniesPayAndUniversitiesAreSentToScience) {
  auto request = start_up_in_latvia();
  request.applicant->kind = ApplicantKind::large_company;
  EXPECT_NE(mode(planned(request), "ai_large_scale").why.find("paid access"), std::string::npos);
  request.applicant->kind = ApplicantKind::university;
  auto const plan = planned(request);
  EXPECT_EQ(mode(plan, "ai_large_scale").eligible, Answer::no);
  EXPECT_EQ(mode(plan, "ai_science").eligible, Answer::yes);
  EXPECT_EQ(mode(plan, "ai_science").fits, Answer::yes) << mode(plan, "ai_science").why;
  EXPECT_EQ(mode(plan, "ai_science").answer_due_on, "2027-01-11");
  EXPECT_EQ(mode(plan, "regular").eligible, Answer::unknown);  // no rule about the country is known
}

TEST(AccessModes, AnOfferWithoutAPublishedLimitStaysUnknown) {
  auto request = start_up_in_latvia();
  request.applicant->kind = ApplicantKind::university;
  request.tokens = 4'000'000'000'000;  // 29,491 node-hours of JUPITER
  request.partitions = {"jupiter/booster"};
  auto const plan = planned(request);
  auto const& science = mode(plan, "ai_science");
  EXPECT_EQ(science.offers.size(), 1u);
  EXPECT_EQ(science.fits, Answer::unknown);
  EXPECT_NE(science.why.find("the upper limit is not known"), std::string::npos) << science.why;
}

TEST(AccessModes, IndustryInScienceNeedsAUnionProjectAndInferenceIsLimited) {
  auto request = start_up_in_latvia();
  auto const answer = [&] { return rule(mode(planned(request), "ai_science"), "organisation_kind").answer; };
  EXPECT_EQ(answer(), Answer::unknown);
  request.eu_project = true;
  EXPECT_EQ(answer(), Answer::yes);
  request.eu_project = false;
  EXPECT_EQ(answer(), Answer::no);
  request.applicant->kind = ApplicantKind::university;
  request.method = Method::inference;
  EXPECT_NE(mode(planned(request), "ai_science").why.find("10 %"), std::string::npos);
  request.civilian = false;
  EXPECT_EQ(rule(mode(planned(request), "ai_playground"), "civilian").answer, Answer::no);
}

TEST(AccessModes, CountriesAreJudgedByWhatIsKnown) {
  auto request = start_up_in_latvia();
  auto const location = [&](std::string country) {
    request.applicant->country = std::move(country);
    return rule(mode(planned(request), "ai_fast_lane"), "location").answer;
  };
  EXPECT_EQ(location("EL"), Answer::yes);
  EXPECT_EQ(location("NO"), Answer::yes);
  EXPECT_EQ(location("TR"), Answer::yes);
  EXPECT_EQ(location("UA"), Answer::yes);
  EXPECT_EQ(location("KZ"), Answer::no);
  EXPECT_EQ(location("US"), Answer::unknown);
  request.applicant.reset();
  EXPECT_EQ(mode(planned(request), "ai_fast_lane").eligible, Answer::unknown);
}

TEST(AccessModes, KnowNoCutOffAfterTheLastOneListed) {
  auto const made = plan(start_up_in_latvia(), view(), *parse_time("2027-01-04T09:00:00Z"));
  ASSERT_TRUE(made);
  auto const& large = mode(*made, "ai_large_scale");
  EXPECT_FALSE(large.next_cut_off);
  EXPECT_FALSE(large.answer_due_on);
  EXPECT_EQ(large.next_cut_off_note, "No later cut-off is known.");
  EXPECT_EQ(mode(*made, "benchmark").next_cut_off_note, "The first of each month; no later one is listed.");
}

TEST(AccessModes, AnAllocationMustBeLongEnough) {
  auto request = start_up_in_latvia();
  request.parameters = 1'000'000'000;
  request.tokens = 2'000'000'000'000;  // 26,709 hours of an A100: 6,677 node-hours
  request.partitions = {"leonardo/booster"};
  request.nodes = 1;  // three months are 2,160 hours
  auto const fast = mode(planned(request), "ai_fast_lane");
  EXPECT_EQ(fast.fits, Answer::no);
  EXPECT_NE(fast.why.find("it takes 4"), std::string::npos) << fast.why;
  request.nodes = 4;
  EXPECT_EQ(mode(planned(request), "ai_fast_lane").fits, Answer::yes);
}

TEST(Days, SkipWeekendsAndKeepMonthEnds) {
  EXPECT_EQ(add_working_days("2026-11-27", 1), "2026-11-30");  // Friday to Monday
  EXPECT_EQ(add_working_days("2026-11-28", 2), "2026-12-01");  // from a Saturday
  EXPECT_EQ(add_working_days("2026-11-23", 0), "2026-11-23");
  EXPECT_EQ(add_months("2026-08-31", 6), "2027-02-28");
  EXPECT_EQ(add_months("2026-12-11", 1), "2027-01-11");
}

// ---- AI Act

TEST(ActFlags, PretrainingIsComparedWithBothThresholds) {
  auto const states = [](std::int64_t parameters, std::int64_t tokens) {
    auto const plan = planned(request_of(parameters, tokens));
    return std::pair{flag(plan, "gpai_indication").state, flag(plan, "systemic_risk").state};
  };
  using S = FlagState;
  EXPECT_EQ(states(1'000'000'000, 300'000'000'000), (std::pair{S::not_indicated, S::not_indicated}));
  EXPECT_EQ(states(30'000'000'000, 2'000'000'000'000), (std::pair{S::indicated, S::not_indicated}));
  EXPECT_EQ(states(400'000'000'000, 15'000'000'000'000), (std::pair{S::indicated, S::indicated}));
  auto const plan = planned(request_of(1'000'000'000, 300'000'000'000));
  EXPECT_EQ(flag(plan, "gpai_modification").state, S::not_applicable);
  EXPECT_EQ(*flag(plan, "gpai_indication").threshold_flop, 1e23);
}

TEST(ActFlags, AModificationOverAThirdOfTheUpstreamComputeIsIndicated) {
  auto request = request_of(1'000'000'000, 1'000'000'000'000);  // 6e21
  request.method = Method::continue_;
  request.upstream_flop = 1.7e22;
  EXPECT_EQ(flag(planned(request), "gpai_modification").state, FlagState::indicated);
  request.upstream_flop = 1.9e22;
  auto const plan = planned(request);
  EXPECT_EQ(flag(plan, "gpai_modification").state, FlagState::not_indicated);
  EXPECT_DOUBLE_EQ(*flag(plan, "systemic_risk").flop, 2.5e22);
}

TEST(ActFlags, UnknownUpstreamComputeStaysUndetermined) {
  auto request = request_of(1'000'000'000, 1'000'000'000'000);
  request.method = Method::finetune;
  auto plan = planned(request);
  for (auto const name : {"gpai_indication", "gpai_modification", "systemic_risk"})
    EXPECT_EQ(flag(plan, name).state, FlagState::undetermined) << name;
  request.upstream_systemic_risk = false;
  plan = planned(request);
  EXPECT_EQ(flag(plan, "gpai_modification").state, FlagState::undetermined);
  EXPECT_NE(flag(plan, "gpai_modification").why.find("at or below"), std::string::npos);
  request.method = Method::inference;
  EXPECT_EQ(flag(planned(request), "systemic_risk").state, FlagState::not_applicable);
}

TEST(ActFlags, CountTheRunItselfWithoutTheOverhead) {
  auto request = request_of(1'000'000'000, 16'000'000'000'000);  // 9.6e22
  request.overhead_share = 1;
  EXPECT_EQ(flag(planned(request), "gpai_indication").state, FlagState::not_indicated);
}

TEST(ActFlags, AreUndeterminedOnADayWithoutAThreshold) {
  auto const before = *facts::shipped_view(facts::Shipped::embedded(), "2025-08-01");
  auto const plan = planned(request_of(400'000'000'000, 15'000'000'000'000), before);
  EXPECT_EQ(flag(plan, "systemic_risk").state, FlagState::undetermined);
}

// ---- what goes in and what comes out

TEST(Request, IsRefusedWithEveryFault) {
  auto request = request_of(0, -1);
  request.active_parameters = 5;
  request.utilisation = 2;
  request.applicant = Applicant{ApplicantKind::sme, "gr"};
  request.ends_on = "2026-11-31";
  request.partitions = {"moon/base"};
  auto const made = plan(request, view(), noon());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason, "plan");
  std::vector<std::string> pointers;
  for (auto const& fault : made.error().faults) pointers.push_back(fault.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/parameters", "/active_parameters", "/tokens", "/utilisation",
                                                "/applicant/country", "/ends_on", "/partitions/0"}));
}

TEST(Request, ReadsFromJsonWithDefaultsAndBounds) {
  auto const request = json::read<PlanRequest>(
      R"({"parameters":7000000000,"tokens":1000000000000,"method":"continue","applicant":{"kind":"start_up","country":"LV"}})");
  ASSERT_TRUE(request) << request.error().what;
  EXPECT_EQ(request->method, Method::continue_);
  EXPECT_EQ(request->checkpoints_kept, 3);
  auto const wrong = json::read<PlanRequest>(R"({"parameters":0,"tokens":1,"utilisation":1.5,"color":1})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().faults.size(), 3u);
}

TEST(PlanResult, WritesAsJsonAndNamesTheFactsItUsed) {
  auto const plan = planned(start_up_in_latvia());
  auto const document = json::Document::parse(json::write(plan));
  ASSERT_TRUE(document) << document.error().what;
  EXPECT_EQ(document->at("/at").text(), "2026-11-23T12:00:00Z");
  EXPECT_EQ(document->at("/request/method").text(), "pretrain");
  bool found = false;
  for (auto const& fact : plan.facts) {
    EXPECT_EQ(fact.digest.size(), 64u);
    found = found || (fact.kind == "access_modes" && fact.key == "ai_large_scale");
  }
  EXPECT_TRUE(found);
}

TEST(PlanResult, HasNoInfinityAtTheEdges) {
  auto request = request_of(1'000'000'000'000'000, 10'000'000'000'000'000);
  request.overhead_share = 10;
  request.utilisation = 0.001;
  request.ends_on = "2026-11-23";
  auto const plan = planned(request);
  for (auto const& partition : plan.partitions) {
    EXPECT_TRUE(std::isfinite(partition.gpu_hours.value_or(1)));
    EXPECT_NE(partition.memory.fits, Answer::yes);
  }
  for (auto const& one : plan.modes) EXPECT_NE(one.fits, Answer::yes);
  auto const least = planned(request_of(1, 1));
  EXPECT_GT(*on(least, "lumi/lumi-g").gpu_hours, 0);
}

}  // namespace
}  // namespace fabrica::planner
