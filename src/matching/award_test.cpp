#include "matching/award.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/random.hpp"
#include "json/json.hpp"

namespace fabrica::matching {
namespace {

AwardOption option(std::string system, std::int64_t wanted, std::int64_t minimum) {
  return {std::move(system), wanted, minimum, std::nullopt};
}

AwardProposal proposal(std::int64_t rank, std::vector<AwardOption> options, std::vector<std::string> groups = {}) {
  AwardProposal out{.id = "p" + std::to_string(rank)};
  out.rank = out.band = rank;
  out.score_millionths = 1'000'000 - rank * 1000;
  out.groups = std::move(groups);
  out.options = std::move(options);
  return out;
}

GroupRule amount_rule(std::string id, std::string group, std::string system, std::int64_t amount) {
  GroupRule out{.id = std::move(id), .group = std::move(group)};
  out.system = std::move(system);
  out.amount = amount;
  return out;
}

GroupRule share_rule(std::string id, std::string group, std::int64_t share_millionths) {
  GroupRule out{.id = std::move(id), .group = std::move(group)};
  out.share_millionths = share_millionths;
  return out;
}

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::string text = result.error().what;
  for (auto const& fault : result.error().faults) text += " " + fault.pointer + ": " + fault.what;
  ADD_FAILURE() << text;
  return T{};
}

std::string faults_of(AwardInput const& input, AwardOutcome const& outcome) {
  std::string out;
  for (auto const& fault : verify(input, outcome)) out += json::write(fault) + "\n";
  return out;
}

// "p1:A:100 p2:-": who got what.
std::string told(AwardOutcome const& outcome) {
  std::string out;
  for (auto const& one : outcome.decisions) {
    if (!out.empty()) out += ' ';
    out += one.proposal + ':' + (one.system ? *one.system + ':' + std::to_string(one.amount) : "-");
  }
  return out;
}

struct Shape {
  std::int64_t systems = 3;
  std::int64_t proposals = 12;
  std::int64_t bands = 4;
  int guarantees = 2;
  int caps = 2;
};

AwardInput random_input(SeededRandom& random, AwardRule rule, Shape const& shape) {
  auto const below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound)));
  };
  std::vector<std::string> const groups{"sme", "state", "track"};
  AwardInput input{.rule = rule};
  for (std::int64_t system = 0; system < shape.systems; ++system)
    input.systems.push_back({std::string(1, static_cast<char>('A' + system)), "GPU-hours", 60 + below(200), below(30)});
  for (int number = 0; number < shape.guarantees; ++number)
    input.guarantees.push_back(
        share_rule("g" + std::to_string(number), groups[static_cast<std::size_t>(number)], below(333'000)));
  for (int number = 0; number < shape.caps; ++number)
    input.caps.push_back(share_rule("c" + std::to_string(number), groups[static_cast<std::size_t>(2 - number)],
                                    500'000 + below(500'000)));
  for (std::int64_t rank = 1; rank <= shape.proposals; ++rank) {
    auto own = proposal(rank, {});
    own.band = 1 + (rank - 1) * shape.bands / shape.proposals;
    for (auto const& group : groups)
      if (below(3) == 0) own.groups.push_back(group);
    auto const first = below(shape.systems);
    for (std::int64_t number = 0; number < 1 + below(shape.systems); ++number) {
      auto const minimum = 5 + below(50);
      own.options.push_back(option(input.systems[static_cast<std::size_t>((first + number) % shape.systems)].id,
                                   minimum + below(60), minimum));
      if (below(4) == 0) own.options.back().recommended = minimum + below(20);
    }
    input.proposals.push_back(std::move(own));
  }
  if (below(5) == 0) input.line_rank = shape.proposals * 3 / 4;
  return input;
}

AwardDecision const& decision_of(AwardOutcome const& outcome, std::string const& id) {
  return *std::ranges::find(outcome.decisions, id, &AwardDecision::proposal);
}

TEST(AwardByRank, SkipsWhoDoesNotFitAndGivesPartOfWhatIsWanted) {
  AwardInput input;
  input.systems = {{"A", "GPU-hours", 150, 20}, {"B", "node-hours", 50, 0}};
  input.proposals = {proposal(1, {option("A", 100, 80)}), proposal(2, {option("A", 60, 40)}),
                     proposal(3, {option("A", 60, 20)}), proposal(4, {option("A", 10, 10), option("B", 40, 40)})};
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:A:100 p2:- p3:A:30 p4:B:40");
  EXPECT_EQ(outcome.reserve, std::vector<std::string>{"p2"});
  EXPECT_EQ(outcome.decisions[2].reason, AwardReason::partial);
  EXPECT_EQ(outcome.decisions[3].preference, 2);
  EXPECT_EQ(faults_of(input, outcome), "");
}

TEST(AwardByRank, GivesNoMoreThanTheTechnicalReviewerRecommends) {
  AwardInput input;
  input.systems = {{"A", "GPU-hours", 150, 0}};
  input.proposals = {proposal(1, {option("A", 100, 30)})};
  input.proposals[0].options[0].recommended = 70;
  EXPECT_EQ(told(must(award(input))), "p1:A:70");
}

TEST(AwardGuarantee, HoldsRoomForItsGroupAndSaysWhoStoodBack) {
  AwardInput input;
  input.systems = {{"J", "GPU-hours", 100, 0}};
  input.proposals = {proposal(1, {option("J", 60, 60)}), proposal(2, {option("J", 60, 30)}),
                     proposal(3, {option("J", 50, 20)}, {"sme"})};
  EXPECT_EQ(told(must(award(input))), "p1:J:60 p2:J:40 p3:-");
  input.guarantees = {amount_rule("SME guarantee", "sme", "J", 30)};
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:J:60 p2:- p3:J:40");
  auto const& displaced = outcome.decisions[1];
  EXPECT_EQ(displaced.reason, AwardReason::guarantee);
  EXPECT_EQ(
      sentence(input, outcome, displaced),
      "Rank 2: not funded now; number 1 on the reserve list. J: 40 GPU-hours were left when its rank came, but 30 "
      "of them are set aside for others (guarantee \"SME guarantee\"); 10 were open to this proposal and the "
      "minimum useful amount is 30. The last award inside the guarantee has a score of 99.70 %, the last outside "
      "it 99.90 %.");
  EXPECT_EQ(faults_of(input, outcome), "");
}

TEST(AwardGuarantee, OpensToAllWhatItsGroupLeavesUnused) {
  AwardInput input;
  input.systems = {{"J", "GPU-hours", 100, 0}};
  input.guarantees = {amount_rule("g", "sme", "J", 50)};
  input.proposals = {proposal(1, {option("J", 80, 60)}), proposal(2, {option("J", 20, 20)}, {"sme"})};
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:J:80 p2:J:20");
  EXPECT_EQ(outcome.guarantees[0].promised, 50);
  EXPECT_EQ(outcome.guarantees[0].set_aside, 20);
  EXPECT_EQ(faults_of(input, outcome), "");
}

TEST(AwardGuarantee, CountsAnHourOnceSoThatOverlappingGroupsBothGetTheirs) {
  AwardInput input;
  input.systems = {{"J", "GPU-hours", 100, 0}};
  input.guarantees = {amount_rule("g", "sme", "J", 30), amount_rule("h", "state", "J", 30)};
  input.proposals = {proposal(1, {option("J", 30, 30)}, {"sme", "state"}), proposal(2, {option("J", 70, 50)}),
                     proposal(3, {option("J", 30, 30)}, {"state"})};
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:J:30 p2:- p3:J:30");
  EXPECT_EQ(faults_of(input, outcome), "");
}

TEST(AwardCap, StopsAGroupAndNamesTheCap) {
  AwardInput input;
  input.systems = {{"J", "GPU-hours", 100, 0}};
  input.caps = {amount_rule("one state", "state", "J", 50)};
  input.proposals = {proposal(1, {option("J", 40, 40)}, {"state"}), proposal(2, {option("J", 40, 20)}, {"state"}),
                     proposal(3, {option("J", 60, 30)})};
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:J:40 p2:- p3:J:60");
  EXPECT_EQ(outcome.decisions[1].reason, AwardReason::cap);
  EXPECT_NE(sentence(input, outcome, outcome.decisions[1]).find("the cap \"one state\" left its group 10"),
            std::string::npos);
}

TEST(AwardLine, LeavesOutWhoRanksBelowIt) {
  AwardInput input;
  input.systems = {{"J", "GPU-hours", 100, 0}};
  input.line_rank = 1;
  input.proposals = {proposal(1, {option("J", 40, 40)}), proposal(2, {option("J", 40, 20)}), proposal(3, {})};
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:J:40 p2:- p3:-");
  EXPECT_TRUE(outcome.reserve.empty());
  EXPECT_EQ(sentence(input, outcome, outcome.decisions[1]),
            "Rank 2: not funded, because it ranks below the funding line at rank 1.");
  EXPECT_EQ(faults_of(input, outcome), "");
}

TEST(AwardBand, FundsMoreInsideABandAndNeverTakesFromABetterOne) {
  AwardInput input{.rule = AwardRule::band};
  input.systems = {{"A", "GPU-hours", 100, 0}, {"B", "GPU-hours", 60, 0}};
  input.proposals = {proposal(1, {option("A", 100, 90), option("B", 60, 60)}), proposal(2, {option("A", 50, 50)}),
                     proposal(3, {option("A", 50, 50)}), proposal(4, {option("B", 60, 1)})};
  for (auto& one : input.proposals) one.band = one.rank == 4 ? 2 : 1;
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:B:60 p2:A:50 p3:A:50 p4:-");
  ASSERT_EQ(outcome.bands.size(), 2U);
  EXPECT_EQ(outcome.bands[0].method, BandMethod::optimised);
  EXPECT_EQ(outcome.bands[0].funded_by_rank, 1);
  EXPECT_EQ(outcome.bands[0].funded, 3);
  EXPECT_EQ(faults_of(input, outcome), "");
  auto const hurried = must(award(input, {.band_seconds = 0}));
  EXPECT_EQ(told(hurried), "p1:A:100 p2:- p3:- p4:B:60");
  EXPECT_EQ(hurried.bands[0].method, BandMethod::fell_back);
  EXPECT_EQ(faults_of(input, hurried), "");
}

TEST(AwardScale, CutsAllByOneFactorButNotBelowTheMinimum) {
  AwardInput input{.rule = AwardRule::scale};
  input.systems = {{"J", "GPU-hours", 120, 0}};
  input.proposals = {proposal(1, {option("J", 100, 10)}), proposal(2, {option("J", 100, 70)}),
                     proposal(3, {option("J", 100, 60)})};
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:J:50 p2:J:70 p3:-");
  EXPECT_EQ(outcome.systems[0].factor_millionths, 509'999);
  EXPECT_EQ(faults_of(input, outcome), "");
}

TEST(AwardInputCheck, NamesEachFault) {
  AwardInput input;
  input.systems = {{"J", "GPU-hours", 100, 0}};
  input.guarantees = {amount_rule("g", "sme", "J", 60), amount_rule("h", "state", "J", 60)};
  input.proposals = {proposal(2, {option("J", 10, 20), option("K", 10, 10)}), proposal(1, {option("J", 0, 0)})};
  auto const refused = award(input);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "award_input");
  std::string pointers;
  for (auto const& fault : refused.error().faults) pointers += fault.pointer + ' ';
  EXPECT_EQ(pointers,
            "/guarantees/1 /proposals/0/options/0/minimum /proposals/0/options/1/system /proposals/1/rank "
            "/proposals/1/band /proposals/1/options/0/wanted ");
  EXPECT_EQ(verify(input, AwardOutcome{}).at(0).kind, AwardFaultKind::input);
}

// ---- Properties over random inputs. The seed of a failure is in its message.

TEST(AwardProperty, EveryRuleGivesWhatTheVerifierAccepts) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SeededRandom random{seed};
    Shape shape;
    shape.guarantees = static_cast<int>(random.below(4));
    shape.caps = static_cast<int>(random.below(3));
    auto const rule = seed % 2 == 0 ? AwardRule::rank : AwardRule::scale;
    auto const input = random_input(random, rule, shape);
    auto const outcome = must(award(input));
    ASSERT_EQ(faults_of(input, outcome), "") << "seed " << seed << ' ' << json::write(input);
  }
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    SeededRandom random{seed};
    Shape shape{.systems = 3, .proposals = 14, .bands = 3};
    shape.guarantees = static_cast<int>(random.below(4));
    auto const input = random_input(random, AwardRule::band, shape);
    auto const outcome = must(award(input));
    ASSERT_EQ(faults_of(input, outcome), "") << "seed " << seed << ' ' << json::write(input);
  }
}

// Envy by its definition, in the plainest case: no groups, so whoever ranks worse may be taken from.
TEST(AwardProperty, NobodyEnviesAWorseRankJustly) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SeededRandom random{seed};
    auto input = random_input(random, AwardRule::rank, {.guarantees = 0, .caps = 0});
    auto const outcome = must(award(input));
    for (std::size_t place = 0; place < input.proposals.size(); ++place) {
      auto const& own = outcome.decisions[place];
      if (own.state == AwardState::below_line) continue;
      for (std::size_t number = 0; number < input.proposals[place].options.size(); ++number) {
        if (own.preference != 0 && number + 1 >= static_cast<std::size_t>(own.preference)) break;
        auto const& wish = input.proposals[place].options[number];
        auto const& system = *std::ranges::find(input.systems, wish.system, &AwardSystem::id);
        std::int64_t left = system.capacity - system.held_back;
        for (std::size_t better = 0; better < place; ++better)
          if (outcome.decisions[better].system == wish.system) left -= outcome.decisions[better].amount;
        ASSERT_LT(left, wish.minimum) << "seed " << seed;
      }
    }
  }
}

TEST(AwardProperty, ABetterRankNeverHurts) {
  auto const worth = [](AwardDecision const& one) {
    return one.preference == 0 ? std::pair<std::int64_t, std::int64_t>{-1000, 0}
                               : std::pair{-one.preference, one.amount};
  };
  int with_guarantees = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    SeededRandom random{seed};
    Shape shape;
    shape.guarantees = seed % 2 == 0 ? 0 : 2;
    auto input = random_input(random, AwardRule::rank, shape);
    input.line_rank.reset();
    auto const before = must(award(input));
    auto const from = 1 + random.below(static_cast<std::uint64_t>(input.proposals.size()) - 1);
    auto const to = random.below(from);
    auto const id = input.proposals[from].id;
    auto better = input;
    std::rotate(better.proposals.begin() + static_cast<std::ptrdiff_t>(to),
                better.proposals.begin() + static_cast<std::ptrdiff_t>(from),
                better.proposals.begin() + static_cast<std::ptrdiff_t>(from) + 1);
    for (std::size_t place = 0; place < better.proposals.size(); ++place) {
      better.proposals[place].rank = input.proposals[place].rank;
      better.proposals[place].band = input.proposals[place].band;
    }
    auto const after = must(award(better));
    // README: exact as long as both decisions set the same amounts aside.
    bool same = true;
    for (std::size_t place = 0; place < before.guarantees.size(); ++place)
      same = same && before.guarantees[place].set_aside == after.guarantees[place].set_aside;
    if (!same) continue;
    if (!before.guarantees.empty()) ++with_guarantees;
    ASSERT_GE(worth(decision_of(after, id)), worth(decision_of(before, id))) << "seed " << seed;
  }
  EXPECT_GT(with_guarantees, 100);
}

// One system and one guarantee: what is missing of the floor is too little for anybody of the group who waits.
TEST(AwardProperty, AGuaranteeIsMetWhereverItsGroupCanUseIt) {
  int missed = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SeededRandom random{seed};
    auto input = random_input(random, AwardRule::rank, {.systems = 1, .guarantees = 1, .caps = 0});
    input.line_rank.reset();
    auto const outcome = must(award(input));
    auto const& use = outcome.guarantees.at(0);
    auto const missing = use.promised - use.held;
    if (missing <= 0) continue;
    ++missed;
    for (std::size_t place = 0; place < input.proposals.size(); ++place) {
      auto const& own = input.proposals[place];
      if (std::ranges::count(own.groups, use.group) == 0 || outcome.decisions[place].system) continue;
      ASSERT_GT(own.options.at(0).minimum, missing) << "seed " << seed;
    }
  }
  EXPECT_GT(missed, 50);
}

// All choices of at most one option each at minimum amounts that fit; calls visit with the preferences (0: none).
void each_choice(AwardInput const& input, std::function<void(std::vector<std::size_t> const&)> const& visit) {
  std::vector<std::size_t> chosen(input.proposals.size(), 0);
  std::vector<std::int64_t> left;
  for (auto const& system : input.systems) left.push_back(system.capacity - system.held_back);
  std::function<void(std::size_t)> const go = [&](std::size_t place) {
    if (place == chosen.size()) return visit(chosen);
    chosen[place] = 0;
    go(place + 1);
    for (std::size_t number = 0; number < input.proposals[place].options.size(); ++number) {
      auto const& wish = input.proposals[place].options[number];
      auto& room = left[static_cast<std::size_t>(wish.system[0] - 'A')];
      if (room < wish.minimum) continue;
      room -= wish.minimum;
      chosen[place] = number + 1;
      go(place + 1);
      room += wish.minimum;
    }
    chosen[place] = 0;
  };
  go(0);
}

TEST(AwardBruteForce, OneBandFundsAsManyAsCanBeFundedAndServesThemBest) {
  int optimised = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SeededRandom random{seed};
    auto input =
        random_input(random, AwardRule::band, {.systems = 2, .proposals = 7, .bands = 1, .guarantees = 0, .caps = 0});
    input.line_rank.reset();
    auto const outcome = must(award(input));
    std::pair<std::int64_t, std::int64_t> best{0, 0};
    each_choice(input, [&](auto const& chosen) {
      std::pair<std::int64_t, std::int64_t> now{0, 0};
      for (auto const one : chosen)
        if (one != 0) ++now.first, now.second -= static_cast<std::int64_t>(one);
      best = std::max(best, now);
    });
    std::pair<std::int64_t, std::int64_t> got{0, 0};
    for (auto const& one : outcome.decisions)
      if (one.system) ++got.first, got.second -= one.preference;
    ASSERT_GE(got, best) << "seed " << seed;
    optimised += outcome.bands.at(0).method == BandMethod::optimised ? 1 : 0;
  }
  EXPECT_GT(optimised, 10);
}

TEST(AwardBruteForce, RankIsTheLexicographicBestAndTheLinearBoundLiesAboveAll) {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SeededRandom random{seed};
    auto input =
        random_input(random, AwardRule::rank, {.systems = 2, .proposals = 7, .bands = 7, .guarantees = 0, .caps = 0});
    input.line_rank.reset();
    for (auto& one : input.proposals)
      for (auto& wish : one.options) wish.wanted = wish.minimum, wish.recommended.reset();
    auto const outcome = must(award(input));
    std::vector<std::size_t> got;
    for (auto const& one : outcome.decisions)
      got.push_back(one.preference == 0 ? 1000 : static_cast<std::size_t>(one.preference));
    double most = 0;
    std::vector<std::size_t> best(got.size(), 1000);
    each_choice(input, [&](auto chosen) {
      double value = 0;
      for (std::size_t place = 0; place < chosen.size(); ++place)
        if (chosen[place] == 0) chosen[place] = 1000;
        else value += static_cast<double>(input.proposals[place].score_millionths + 1);
      most = std::max(most, value);
      best = std::min(best, chosen);
    });
    ASSERT_EQ(got, best) << "seed " << seed;
    ASSERT_GE(must(funded_score_bound(input)), most * (1 - 1e-9)) << "seed " << seed;
  }
}

TEST(AwardVerify, FindsEachKindOfTampering) {
  AwardInput input;
  input.systems = {{"A", "GPU-hours", 100, 0}, {"B", "GPU-hours", 50, 0}};
  input.guarantees = {amount_rule("g", "sme", "A", 20)};
  input.caps = {amount_rule("c", "state", "A", 60)};
  input.proposals = {proposal(1, {option("A", 60, 30)}, {"state"}),
                     proposal(2, {option("A", 60, 10), option("B", 50, 20)}),
                     proposal(3, {option("A", 30, 10)}, {"sme"}), proposal(4, {option("A", 30, 10)}, {"state"}),
                     proposal(5, {option("B", 60, 55)})};
  auto const good = must(award(input));
  ASSERT_EQ(faults_of(input, good), "");
  ASSERT_EQ(told(good), "p1:A:60 p2:A:20 p3:A:20 p4:- p5:-");
  struct Row {
    char const* name;
    AwardFaultKind kind;
    std::function<void(AwardOutcome&)> tamper;
  };
  std::vector<Row> const rows{
      {"a decision is gone", AwardFaultKind::decision, [](auto& o) { o.decisions.pop_back(); }},
      {"two change places", AwardFaultKind::decision, [](auto& o) { std::swap(o.decisions[0], o.decisions[1]); }},
      {"funded without hours", AwardFaultKind::decision, [](auto& o) { o.decisions[0].amount = 0; }},
      {"another system", AwardFaultKind::option, [](auto& o) { o.decisions[0].system = "B"; }},
      {"below the minimum", AwardFaultKind::amount, [](auto& o) { o.decisions[0].amount = 29; }},
      {"more than is there", AwardFaultKind::capacity, [](auto& o) { o.decisions[1].amount = 60; }},
      {"sum", AwardFaultKind::record, [](auto& o) { --o.systems[0].awarded; }},
      {"less than was open", AwardFaultKind::envy,
       [](auto& o) { o.decisions[0].amount = 50, o.systems[0].awarded -= 10, o.guarantees[0].held -= 0; }},
      {"a worse choice", AwardFaultKind::envy,
       [](auto& o) {
         auto& one = o.decisions[1];
         one.system = "B", one.preference = 2, one.amount = 50;
         o.systems[0].awarded -= 20, --o.systems[0].funded, o.systems[1].awarded += 50, ++o.systems[1].funded;
         o.guarantees[0].cutoff_open_millionths = 999'000;
       }},
      {"a cut-off", AwardFaultKind::guarantee, [](auto& o) { o.guarantees[0].cutoff_group_millionths = 5; }},
      {"less set aside", AwardFaultKind::guarantee,
       [](auto& o) { o.guarantees[0].set_aside = o.guarantees[0].counted = 19; }},
      {"a figure", AwardFaultKind::reason, [](auto& o) { ++o.decisions[3].options[0].left; }},
      {"a reason", AwardFaultKind::reason, [](auto& o) { o.decisions[3].reason = AwardReason::guarantee; }},
      {"reserve", AwardFaultKind::reserve, [](auto& o) { std::swap(o.reserve[0], o.reserve[1]); }},
  };
  for (auto const& row : rows) {
    auto bad = good;
    row.tamper(bad);
    auto const faults = verify(input, bad);
    EXPECT_TRUE(std::ranges::any_of(faults, [&](auto const& fault) { return fault.kind == row.kind; })) << row.name;
  }
}

TEST(AwardVerify, FindsARandomChangeOfAnAmountOrASystem) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SeededRandom random{seed};
    auto const input = random_input(random, AwardRule::rank, {});
    auto outcome = must(award(input));
    auto& one = outcome.decisions[random.below(outcome.decisions.size())];
    if (one.state == AwardState::awarded) one.amount += random.below(2) == 0 ? 1 : -1;
    else if (!one.options.empty()) one.options[0].offered += 1;
    else continue;
    ASSERT_FALSE(verify(input, outcome).empty()) << "seed " << seed;
  }
}

TEST(AwardRelease, EqualsTheRuleForWhoWaitsAndTakesFromNobody) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SeededRandom random{seed};
    auto input = random_input(random, seed % 4 == 0 ? AwardRule::scale : AwardRule::rank, {});
    input.line_rank.reset();
    auto const outcome = must(award(input));
    std::vector<AwardHolding> held;
    for (auto const& one : outcome.decisions)
      if (one.system && random.below(3) != 0)
        held.push_back({one.proposal, *one.system, one.amount - static_cast<std::int64_t>(random.below(5))});
    auto const released = must(release(input, held, outcome.reserve));
    ASSERT_EQ(json::write(released.outcome), json::write(must(award(released.input))));
    ASSERT_EQ(faults_of(released.input, released.outcome), "") << "seed " << seed;
    for (std::size_t system = 0; system < input.systems.size(); ++system) {
      std::int64_t sum = released.outcome.systems[system].awarded;
      for (auto const& one : held)
        if (one.system == input.systems[system].id) sum += one.amount;
      ASSERT_LE(sum, input.systems[system].capacity - input.systems[system].held_back) << "seed " << seed;
    }
    for (auto const& one : released.outcome.decisions)
      ASSERT_EQ(std::ranges::count(held, one.proposal, &AwardHolding::proposal), 0);
  }
}

TEST(AwardRelease, OfNothingFundsNobodyAndFreedHoursGoToTheFirstWhoFits) {
  AwardInput input;
  input.systems = {{"A", "GPU-hours", 100, 0}};
  input.proposals = {proposal(1, {option("A", 60, 60)}), proposal(2, {option("A", 40, 40)}),
                     proposal(3, {option("A", 70, 70)}), proposal(4, {option("A", 50, 30)})};
  auto const outcome = must(award(input));
  EXPECT_EQ(told(outcome), "p1:A:60 p2:A:40 p3:- p4:-");
  EXPECT_EQ(told(must(release(input, {{"p1", "A", 60}, {"p2", "A", 40}}, outcome.reserve)).outcome), "p3:- p4:-");
  EXPECT_EQ(told(must(release(input, {{"p1", "A", 60}}, outcome.reserve)).outcome), "p3:- p4:A:40");
  EXPECT_EQ(release(input, {{"p1", "A", 60}}, {"p1"}).error().reason, "award_release");
  EXPECT_EQ(release(input, {{"nobody", "A", 60}}, {}).error().faults.at(0).pointer, "/held/0/proposal");
}

TEST(AwardWhatIf, SaysWhoMoves) {
  AwardInput input;
  input.systems = {{"A", "GPU-hours", 100, 0}, {"B", "GPU-hours", 40, 0}};
  input.proposals = {proposal(1, {option("A", 60, 60)}), proposal(2, {option("A", 60, 30), option("B", 40, 40)}),
                     proposal(3, {option("B", 40, 40)})};
  auto const before = must(award(input));
  auto smaller = input;
  smaller.systems[0].capacity = 70;
  auto const after = must(award(smaller));
  auto const moved = compare(input, before, smaller, after);
  EXPECT_EQ(
      json::write(moved),
      R"({"gains":0,"loses":1,"changed":1,"changes":[{"proposal":"p2","move":"other_system","system_before":"A",)"
      R"("amount_before":40,"system_after":"B","amount_after":40},{"proposal":"p3","move":"loses","system_before":"B",)"
      R"("amount_before":40,"amount_after":0}],"systems":[{"system":"A","available_before":100,"awarded_before":100,)"
      R"("funded_before":2,"available_after":70,"awarded_after":60,"funded_after":1},{"system":"B",)"
      R"("available_before":40,"awarded_before":40,"funded_before":1,"available_after":40,"awarded_after":40,)"
      R"("funded_after":1}]})");
  EXPECT_TRUE(compare(input, before, input, before).changes.empty());
  auto const more = must(marginals(smaller));
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(more[0].added, 0);  // nobody who waits names A
  EXPECT_EQ(more[1].added, 40);
  EXPECT_EQ(more[1].funds, "p3");
}

TEST(AwardJson, ComesBackTheSameAndItsDigestChangesWithAnyFigure) {
  SeededRandom random{7};
  auto const input = random_input(random, AwardRule::rank, {});
  auto const outcome = must(award(input));
  auto const again = must(json::read<AwardInput>(json::write(input)));
  EXPECT_EQ(must(digest(again)), must(digest(input)));
  auto other = must(json::read<AwardOutcome>(json::write(outcome)));
  EXPECT_EQ(must(digest(other)), must(digest(outcome)));
  EXPECT_EQ(faults_of(again, other), "");
  ++other.decisions[0].amount;
  EXPECT_NE(must(digest(other)), must(digest(outcome)));
}

}  // namespace
}  // namespace fabrica::matching
