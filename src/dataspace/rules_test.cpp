#include "dataspace/rules.hpp"

#include <gtest/gtest.h>

#include <map>

#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::dataspace {
namespace {

Seed counting_seed() {
  Seed seed{};
  for (std::size_t at = 0; at < seed.size(); ++at) seed[at] = static_cast<std::uint8_t>(at);
  return seed;
}

// The rule of the README in the plainest arithmetic there is: long division of the digest, bit by bit.
std::int64_t fraction_by_hand(Seed const& seed, std::string const& id) {
  std::string message(reinterpret_cast<char const*>(seed.data()), seed.size());
  message += '\0';
  message += id;
  auto const digest = crypto::sha256(message);
  double fraction = 0;
  for (int at = 7; at >= 0; --at) fraction = (fraction + digest.bytes[static_cast<std::size_t>(at)]) / 256.0;
  return static_cast<std::int64_t>(fraction * 1e6);
}

DatasetDraft good() {
  return {.name = "help", .description = "Help pages", .licence = "MPL-2.0", .source_kind = SourceKind::public_dataset,
          .modality = Modality::text, .languages = {"cs", "pt-BR"}, .documents = 2, .period = {},
          .personal_data = PersonalData::no, .personal_data_reason = "Documentation", .tdm_check = "Free licence",
          .domains_digest = {}, .sources = {}, .files = {{"cs.jsonl", std::string(64, 'a'), 10}}};
}

TEST(SplitFraction, HasTheKnownAnswers) {
  // Made with an independent program (Python's hashlib and integers).
  EXPECT_EQ(fraction_ppm(counting_seed(), "a"), 316'802);
  EXPECT_EQ(fraction_ppm(counting_seed(), "text/swriter/main0000.xhp"), 108'389);
  EXPECT_EQ(fraction_ppm(Seed{}, "\xc3\xa9"), 690'070);
}

TEST(SplitFraction, IsTheLeadingFractionOfTheDigest) {
  for (int at = 0; at < 200; ++at) {
    auto const id = "document " + std::to_string(at);
    EXPECT_EQ(fraction_ppm(counting_seed(), id), fraction_by_hand(counting_seed(), id)) << id;
  }
}

TEST(SplitRule, GivesEachPartItsShare) {
  SplitRule const rule{counting_seed(), 900'000, 50'000};
  std::map<Part, int> count;
  for (int at = 0; at < 20'000; ++at) ++count[part_of(rule, std::to_string(at))];
  EXPECT_NEAR(count[Part::train], 18'000, 200);       // 200 is nearly five standard deviations
  EXPECT_NEAR(count[Part::validation], 1'000, 150);
  EXPECT_NEAR(count[Part::held_out], 1'000, 150);
}

TEST(SplitRule, DependsOnTheSeedAlone) {
  SplitRule const one{counting_seed(), 500'000, 0};
  SplitRule const other{Seed{}, 500'000, 0};
  int differ = 0;
  for (int at = 0; at < 1000; ++at) {
    auto const id = std::to_string(at);
    EXPECT_EQ(part_of(one, id), part_of(one, id));
    differ += part_of(one, id) != part_of(other, id);
  }
  EXPECT_GT(differ, 400);
}

TEST(SplitShares, AreRefusedUnlessTheyMakeAWhole) {
  EXPECT_TRUE(check(SplitDraft{900'000, 50'000, 50'000}));
  EXPECT_TRUE(check(SplitDraft{999'999, 0, 1}));
  EXPECT_EQ(check(SplitDraft{900'000, 50'000, 50'001}).error().reason, "split_shares");
  EXPECT_EQ(check(SplitDraft{1'000'000, 0, 0}).error().reason, "split_shares");
  EXPECT_EQ(check(SplitDraft{0, 500'000, 500'000}).error().reason, "split_shares");
}

struct Taken {
  std::map<Part, std::string> parts;
  JsonlSplitter splitter{{counting_seed(), 500'000, 200'000}, "cs.jsonl",
                         [this](Part part, std::string_view line) -> Result<> {
                           parts[part] += line;
                           return {};
                         }};
  Result<> feed(std::string const& text, std::size_t piece) {
    for (std::size_t at = 0; at < text.size(); at += piece) FABRICA_DO(splitter.write(std::string_view{text}.substr(at, piece)));
    return splitter.finish();
  }
};

TEST(JsonlSplit, KeepsEveryLineUnchangedHoweverThePiecesFall) {
  std::string text;
  for (int at = 0; at < 100; ++at)
    text += R"({"id": "doc)" + std::to_string(at) + R"(", "text": "Text \n )" + std::to_string(at) + "\", \"more\": [1]}\n";
  Taken whole;
  ASSERT_TRUE(whole.feed(text, text.size()));
  std::size_t bytes = 0;
  for (auto const& [part, lines] : whole.parts) bytes += lines.size();
  EXPECT_EQ(bytes, text.size());
  for (std::size_t const piece : {1u, 7u, 64u, 1000u}) {
    Taken taken;
    ASSERT_TRUE(taken.feed(text, piece));
    EXPECT_EQ(taken.parts, whole.parts) << piece;
  }
  auto const& splitter = whole.splitter;
  EXPECT_EQ(splitter.lines(Part::train) + splitter.lines(Part::validation) + splitter.lines(Part::held_out), 100);
}

TEST(JsonlSplit, AddsAMissingLastNewline) {
  Taken taken;
  ASSERT_TRUE(taken.feed(R"({"id":"a","text":""})", 5));
  ASSERT_EQ(taken.parts.size(), 1u);
  EXPECT_TRUE(taken.parts.begin()->second.ends_with("}\n"));
}

TEST(JsonlSplit, NamesFileAndLineOfWhatIsWrong) {
  std::string const fine = R"({"id":"a","text":"b"})" "\n";
  struct Case {
    std::string_view name;
    std::string text;
    std::string_view says;
  };
  for (auto const& one : std::vector<Case>{
           {"no JSON", fine + "{\"id\":\n", "cs.jsonl, line 2: it is not one JSON object"},
           {"empty line", fine + "\n" + fine, "line 2"},
           {"not an object", fine + fine + "[1]\n", "line 3: it needs a member \"id\""},
           {"no id", R"({"text":"b"})", "line 1: it needs a member \"id\""},
           {"number as id", R"({"id":1,"text":"b"})", "line 1: it needs a member \"id\""},
           {"empty id", R"({"id":"","text":"b"})", "line 1: it needs a member \"id\""},
           {"no text", R"({"id":"a","text":null})", "line 1: it needs a member \"text\""},
           {"id twice", R"({"id":"a","id":"b","text":"c"})", "line 1: it is not one JSON object"},
           {"not UTF-8", "{\"id\":\"a\xff\",\"text\":\"\"}", "line 1: it is not one JSON object"},
           {"endless line", fine + std::string(kLineBytesMax + 1, ' '), "line 2: it has more than"},
           {"nothing", "", "has no lines"},
       }) {
    Taken taken;
    auto const done = taken.feed(one.text, 4096);
    ASSERT_FALSE(done) << one.name;
    EXPECT_EQ(done.error().code, Errc::invalid) << one.name;
    EXPECT_NE(done.error().what.find(one.says), std::string::npos) << one.name << ": " << done.error().what;
  }
}

TEST(DatasetPath, IsRelativeAndPlain) {
  for (auto const* path : {"a", "a/b.jsonl", "deep/er/and.er", "..a", "a..", ".hidden", "é/ü"})
    EXPECT_TRUE(check_path(path)) << path;
  for (auto const* path : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/.", "a\\b", "a\nb"})
    EXPECT_FALSE(check_path(path)) << path;
  EXPECT_FALSE(check_path(std::string_view{"a\0b", 3}));
  EXPECT_TRUE(check_path(std::string(300, 'a')));
  EXPECT_FALSE(check_path(std::string(301, 'a')));
}

TEST(DatasetDraftCheck, PointsAtEveryFault) {
  EXPECT_TRUE(check(good()));
  auto draft = good();
  draft.licence = "  ";
  draft.languages = {"cs", "not a tag"};
  draft.source_kind = SourceKind::crawled;
  draft.period = {Time{2}, Time{1}};
  draft.files = {{"a", std::string(64, 'A'), 1}, {"../a", std::string(64, 'a'), 1}, {"a", std::string(64, 'a'), 1}};
  auto const bad = check(draft);
  ASSERT_FALSE(bad);
  std::vector<std::string> pointers;
  for (auto const& fault : bad.error().faults) pointers.push_back(fault.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/licence", "/languages/1", "/period", "/domains_digest", "/files/0/sha256",
                                                "/files/1/path", "/files/2/path"}));
}

TEST(TreeDigest, IsTheHashOfTheSortedCanonicalList) {
  std::vector<File> const files{{"b", std::string(64, '1'), 2}, {"a", std::string(64, '0'), 1}};
  auto const text = R"([{"path":"a","sha256":")" + std::string(64, '0') + R"(","size_bytes":1},{"path":"b","sha256":")" +
                    std::string(64, '1') + R"(","size_bytes":2}])";
  EXPECT_EQ(tree_digest(files), crypto::sha256(text).hex());
  EXPECT_EQ(tree_digest({files[1], files[0]}), tree_digest(files));
}

TEST(InputReference, ReadsDatasetsAndPartsAndNothingElse) {
  std::string const id = "01890a5d-ac96-774b-bcce-b302099a8057";
  auto const dataset = parse_reference("dataset:" + id);
  ASSERT_TRUE(dataset);
  EXPECT_FALSE(dataset->split);
  auto const split = parse_reference("split:" + id + "/held_out,train");
  ASSERT_TRUE(split);
  EXPECT_EQ(split->parts, (std::vector{Part::train, Part::held_out}));
  for (auto const& text : {"dataset:" + id + "/train", "split:" + id, "split:" + id + "/", "split:" + id + "/test",
                           "split:" + id + "/train,train", "split:" + id + "/train,", "model:" + id, std::string{"dataset:x"}, id,
                           std::string{}})
    EXPECT_EQ(parse_reference(text).error().reason, "input_reference") << text;
}

TEST(SplitFiles, AreOneJsonLinesFileForEachLanguage) {
  EXPECT_EQ(language_of("text/cs.jsonl"), "cs");
  EXPECT_EQ(language_of("corpus.json"), "");
  EXPECT_EQ(language_of("a b.jsonl"), "");
  auto const file = [](std::string path) { return File{std::move(path), std::string(64, 'a'), 1}; };
  EXPECT_TRUE(check_splittable({file("cs.jsonl"), file("de.jsonl"), file("corpus.json")}));
  EXPECT_EQ(check_splittable({file("corpus.json")}).error().reason, "split_files");
  EXPECT_EQ(check_splittable({file("cs.jsonl"), file("old/cs.jsonl")}).error().reason, "split_files");
  EXPECT_EQ(check_splittable({file("a b.jsonl")}).error().reason, "split_files");
  EXPECT_EQ(part_path(Part::held_out, "cs"), "held_out/cs.jsonl");
}

}  // namespace
}  // namespace fabrica::dataspace
